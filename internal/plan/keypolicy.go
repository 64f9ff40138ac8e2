package plan

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// checkKeyPolicy is the name of the check whether a key's policy lets EKS use the key.
const checkKeyPolicy = "key policy"

// createGrant is what EKS does in the name of who associates a key (Amazon EKS User Guide,
// "Encrypt Kubernetes secrets with KMS on existing clusters").
const createGrant = "kms:CreateGrant"

// KeyPolicyCheck looks whether a key's policy lets principals of the cluster's account make
// grants. It knows who may by IAM no more than the policy does, so that a statement which
// names somebody, or has a condition, is for a person to judge.
func KeyPolicyCheck(ref inventory.ClusterRef, key KeyState) Check {
	const must = "the role of the setting remediation.role must be let make grants (kms:CreateGrant), and nobody but a few delete the key"
	unclear := func(why string) Check { return Check{checkKeyPolicy, Unknown, must + "; " + why} }
	if key.PolicyUnread != "" {
		return unclear("the key's policy could not be read: " + key.PolicyUnread)
	}
	var policy struct {
		Statement texts[keyStatement] `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(key.Policy), &policy); err != nil {
		return unclear("the key's policy is not understood")
	}
	var named []string
	delegated := false
	for i, s := range policy.Statement {
		name := s.Sid
		if name == "" {
			name = fmt.Sprintf("statement %d", i+1)
		}
		switch covers, plain := s.covers(createGrant), len(s.Condition) == 0 && s.NotPrincipal == nil; {
		case !covers:
		case s.Effect == "Deny" && plain && s.everybody():
			return Check{checkKeyPolicy, Failed, fmt.Sprintf("the key's policy denies kms:CreateGrant to everybody (%s), without which EKS cannot use the key; change it, or take another key", name)}
		case s.Effect == "Deny":
			return unclear(fmt.Sprintf("the key's policy denies kms:CreateGrant to some (%s)", name))
		case plain && s.account(ref):
			delegated = true
		case !plain || s.within(ref):
			named = append(named, name)
		}
	}
	switch {
	case delegated:
		return Check{checkKeyPolicy, Passed, fmt.Sprintf("the key's policy leaves kms:CreateGrant to the IAM policies of account %s; who may delete the key is up to them, too", ref.Account)}
	case len(named) > 0:
		return unclear("the key's policy lets some make grants, and whether that role is among them is not read: " + list(named))
	}
	return Check{checkKeyPolicy, Failed, fmt.Sprintf("no statement of the key's policy lets anybody in account %s make grants (kms:CreateGrant), without which EKS cannot use the key; add one, or take another key", ref.Account)}
}

// keyStatement is one statement of a key policy (IAM User Guide, "IAM JSON policy elements
// reference").
type keyStatement struct {
	Sid          string                     `json:"Sid"`
	Effect       string                     `json:"Effect"`
	Principal    json.RawMessage            `json:"Principal"`
	NotPrincipal json.RawMessage            `json:"NotPrincipal"`
	Action       texts[string]              `json:"Action"`
	NotAction    texts[string]              `json:"NotAction"`
	Condition    map[string]json.RawMessage `json:"Condition"`
}

// covers reports whether a statement is about an action.
func (s keyStatement) covers(action string) bool {
	like := func(pattern string) bool {
		ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(action))
		return err == nil && ok
	}
	if s.NotAction != nil {
		return !slices.ContainsFunc(s.NotAction, like)
	}
	return slices.ContainsFunc(s.Action, like)
}

// principals are the AWS principals that a statement names.
func (s keyStatement) principals() []string {
	var one texts[string]
	if json.Unmarshal(s.Principal, &one) == nil {
		return one
	}
	var by struct {
		AWS texts[string] `json:"AWS"`
	}
	if json.Unmarshal(s.Principal, &by) != nil {
		return nil
	}
	return by.AWS
}

func (s keyStatement) everybody() bool { return slices.Contains(s.principals(), "*") }

// account reports whether a statement is for a whole account: its IAM policies decide.
func (s keyStatement) account(ref inventory.ClusterRef) bool {
	return slices.ContainsFunc(s.principals(), func(p string) bool {
		return p == ref.Account || p == "arn:"+ref.Partition+":iam::"+ref.Account+":root"
	})
}

// within reports whether a statement may be for somebody of an account: by name, by a name
// that is not known, or as everybody.
func (s keyStatement) within(ref inventory.ClusterRef) bool {
	return slices.ContainsFunc(s.principals(), func(p string) bool {
		return !strings.HasPrefix(p, "arn:") || strings.Contains(p, "::"+ref.Account+":")
	})
}

// texts are a list that may be written as its one member.
type texts[T any] []T

// UnmarshalJSON reads both ways of writing a list.
func (t *texts[T]) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]T)(t))
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*t = []T{one}
	return nil
}
