package estate_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
)

// venv is the virtual environment with the AWS CLI and boto3. Where Python is
// missing the test is left out, but never in CI.
func venv(t *testing.T) string {
	t.Helper()
	script, err := filepath.Abs("../../test/python/setup.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", script)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s: %v\n%s", script, err, &problems)
		}
		t.Skipf("no foreign clients: %v\n%s", err, &problems)
	}
	return strings.TrimSpace(string(out))
}

// environment is the process's own without its AWS settings, and the estate's.
func environment(e *estate.Estate, more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "AWS_") })
	return append(append(env, e.Env()...), more...)
}

// run gives the output of a program and whether it succeeded.
func run(t *testing.T, env []string, program string, args ...string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = env
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func TestTheAWSCommandLineWorksOnTheEstate(t *testing.T) {
	e := start(t, estate.Config{})
	aws := filepath.Join(venv(t), "bin", "aws")
	tests := []struct {
		name  string
		args  string
		more  []string
		fails bool
		want  string // JSON, or a part of the message
	}{
		{
			name: "who am I", args: "sts get-caller-identity --query [Account,Arn]",
			want: `["777788889999","arn:aws:iam::777788889999:user/security-audit"]`,
		},
		{name: "clusters", args: "eks list-clusters --region eu-west-1", want: `{"clusters":["platform-sandbox"]}`},
		{
			name: "cluster", args: "eks describe-cluster --region us-east-1 --name platform-build --query cluster.[version,resourcesVpcConfig.publicAccessCidrs,tags]",
			want: `["1.35",["203.0.113.9/32"],{"team":"platform"}]`,
		},
		{
			name: "accounts, in pages", args: "organizations list-accounts --page-size 1 --query Accounts[].Name",
			want: `["Nordhafen Shop","Nordhafen Payments","Nordhafen Platform"]`,
		},
		{
			name: "role", args: "sts assume-role --role-arn arn:aws:iam::111122223333:role/eksposure-scan --role-session-name cli --query AssumedRoleUser.Arn",
			want: `"arn:aws:sts::111122223333:assumed-role/eksposure-scan/cli"`,
		},
		{name: "regions", args: "ec2 describe-regions --query length(Regions)", want: "12"},
		{name: "wrong secret", args: "eks list-clusters", more: []string{"AWS_SECRET_ACCESS_KEY=wrong"}, fails: true, want: "InvalidSignatureException"},
		{name: "wrong secret, STS", args: "sts get-caller-identity", more: []string{"AWS_SECRET_ACCESS_KEY=wrong"}, fails: true, want: "SignatureDoesNotMatch"},
		{name: "no such cluster", args: "eks describe-cluster --name none", fails: true, want: "ResourceNotFoundException"},
		{name: "no such role", args: "sts assume-role --role-arn arn:aws:iam::111122223333:role/none --role-session-name cli", fails: true, want: "AccessDenied"},
		{name: "nothing is written", args: "eks tag-resource --resource-arn arn:aws:eks:eu-central-1:444455556666:cluster/platform-tools --tags a=b", fails: true, want: "UnknownOperationException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, ok := run(t, environment(e, tt.more...), aws, append(strings.Fields(tt.args), "--output", "json")...)
			if ok == tt.fails {
				t.Fatalf("succeeded %v:\n%s", ok, out)
			}
			if tt.fails {
				if !strings.Contains(out, tt.want) {
					t.Errorf("want %s in:\n%s", tt.want, out)
				}
				return
			}
			var got, want any
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The token of `aws eks get-token` opens the cluster that it was made for, with
// AWS_ENDPOINT_URL set and without.
func TestTheTokenOfTheAWSCommandLineIsTaken(t *testing.T) {
	e := start(t, estate.Config{})
	aws := filepath.Join(venv(t), "bin", "aws")
	for name, endpoint := range map[string]string{"estate": e.URL(), "AWS": ""} {
		env := slices.DeleteFunc(environment(e), func(kv string) bool { return strings.HasPrefix(kv, "AWS_ENDPOINT_URL=") })
		if endpoint != "" {
			env = append(env, "AWS_ENDPOINT_URL="+endpoint)
		}
		out, ok := run(t, env, aws, "eks", "get-token", "--cluster-name", "platform-tools", "--region", "eu-central-1", "--output", "json")
		var answer struct {
			Status struct {
				Token string `json:"token"`
			} `json:"status"`
		}
		if err := json.Unmarshal([]byte(out), &answer); !ok || err != nil {
			t.Fatalf("%s: %v:\n%s", name, err, out)
		}
		a := connect(t, demoUser(e, "eu-central-1"), "platform-tools")
		a.bearer = answer.Status.Token
		if status, body := a.get("/api/v1/pods"); status != 200 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestBoto3WorksOnTheEstate(t *testing.T) {
	e := start(t, estate.Config{})
	python := filepath.Join(venv(t), "bin", "python")
	out, ok := run(t, environment(e), python, "testdata/boto3_estate.py")
	if !ok {
		t.Fatal(out)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	want := map[string]any{
		"accounts": []any{shop, payments, platform},
		"clusters": map[string]any{
			shop + " eu-central-1": []any{"shop-production", "shop-staging"}, shop + " eu-west-1": []any{"shop-preview"}, shop + " us-east-1": []any{"shop-us"},
			payments + " eu-central-1": []any{"payments-production", "payments-vault"}, payments + " eu-west-1": []any{"ledger", "payments-dr"},
			payments + " us-east-1":    []any{"payments-legacy"},
			platform + " eu-central-1": []any{"platform-tools"}, platform + " eu-west-1": []any{"platform-sandbox"}, platform + " us-east-1": []any{"platform-build"},
		},
		"denied":       []any{payments + " us-west-2 AccessDeniedException"},
		"key":          "PendingDeletion",
		"wrong secret": "SignatureDoesNotMatch",
		"registry":     "AWS",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
