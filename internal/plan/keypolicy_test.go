package plan_test

import (
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/plan"
)

// What a key's policy says of grants, and what it leaves open.
func TestKeyPolicyCheck(t *testing.T) {
	const (
		root   = `{"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}`
		others = `{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root"]},"Action":["kms:*"],"Resource":"*"}`
		role   = `{"Sid":"Role","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/x"]},"Action":["kms:CreateGrant"],"Resource":"*"}`
		reads  = `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["kms:Describe*","kms:Get*"],"Resource":"*"}`
	)
	tests := []struct {
		name       string
		statements []string
		want       plan.Verdict
		says       string
	}{
		{"KMS's default", []string{root}, plan.Passed, "account 111122223333"},
		{"the account by its number", []string{`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:create*","Resource":"*"}`}, plan.Passed, "IAM policies"},
		{"a role", []string{reads, role}, plan.Unknown, "not read: Role"},
		{"everybody, with a condition", []string{`{"Effect":"Allow","Principal":"*","Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`}, plan.Unknown, "statement 1"},
		{"reading alone", []string{`{"Effect":"Allow","Principal":{"Service":"logs.amazonaws.com"},"Action":"kms:Encrypt","Resource":"*"}`, reads}, plan.Failed, "no statement"},
		{"others, who are not of the account", []string{others}, plan.Failed, "no statement"},
		{"all but grants", []string{`{"Effect":"Allow","Principal":{"AWS":"111122223333"},"NotAction":["kms:CreateGrant"],"Resource":"*"}`}, plan.Failed, "no statement"},
		{"denied to everybody", []string{root, `{"Sid":"Never","Effect":"Deny","Principal":"*","Action":"kms:*Grant","Resource":"*"}`}, plan.Failed, "(Never)"},
		{"denied to some", []string{root, `{"Sid":"Some","Effect":"Deny","NotPrincipal":{"AWS":"arn:aws:iam::111122223333:role/x"},"Action":"kms:CreateGrant","Resource":"*"}`}, plan.Unknown, "(Some)"},
		{"nothing", nil, plan.Failed, "no statement"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := plan.KeyState{ARN: key, Policy: `{"Version":"2012-10-17","Statement":[` + strings.Join(tt.statements, ",") + `]}`}
			if got := plan.KeyPolicyCheck(shop, k); got.Name != "key policy" || got.Verdict != tt.want || !strings.Contains(got.Detail, tt.says) {
				t.Errorf("%+v, want %s that says %q", got, tt.want, tt.says)
			}
		})
	}
	for name, k := range map[string]plan.KeyState{"denied": {PolicyUnread: "no right"}, "no policy": {Policy: "x"}} {
		if got := plan.KeyPolicyCheck(shop, k); got.Verdict != plan.Unknown || !strings.Contains(got.Detail, k.PolicyUnread) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	one := plan.KeyState{Policy: `{"Statement":` + root + `}`}
	if got := plan.KeyPolicyCheck(shop, one); got.Verdict != plan.Passed {
		t.Errorf("one statement without a list: %+v", got)
	}
}
