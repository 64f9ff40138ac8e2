package cloud_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// creation is the action that makes a key for the cluster legacy.
func creation(t *testing.T) plan.Action {
	t.Helper()
	s := &inventory.Snapshot{Cluster: inventory.Cluster{Ref: legacy, RoleARN: "arn:aws:iam::" + paymentsAccount + ":role/eks-cluster-payments-legacy"}}
	actions, _, err := plan.DraftNewKey(s, "plan1")
	if err != nil {
		t.Fatal(err)
	}
	return actions[0]
}

// walk makes the calls of an action, each after a look that knows nothing, until it holds.
func walk(t *testing.T, c *cloud.Changer, a plan.Action) (is plan.MadeKey, calls int, err error) {
	t.Helper()
	for calls = range 10 {
		if is, err = c.Key(t.Context(), a, legacy, ""); err != nil || a.Made(is) {
			return is, calls, err
		}
		if why := a.Strange(is); why != "" {
			t.Fatal(why)
		}
		if _, err = c.Make(t.Context(), a, legacy, is); err != nil {
			return is, calls, err
		}
	}
	t.Fatal("it has no end")
	return is, calls, nil
}

func TestMakeKey(t *testing.T) {
	e, _, changes := changing(t, "")
	var keys *[]estate.Key
	for i := range e.Scenario().Accounts {
		if a := &e.Scenario().Accounts[i]; a.ID == paymentsAccount {
			keys = &a.Keys
		}
	}
	*keys = append(*keys, estate.Key{Region: "us-east-1", ID: "closed", State: "Enabled", Closed: true}, estate.Key{Region: "us-east-1", ID: "other", State: "Enabled", Tags: map[string]string{plan.KeyTag: "plan2"}})
	before := len(*keys)
	is, calls, err := walk(t, changes, creation(t))
	if err != nil || calls != 3 || is.Aliased != is.ARN || !is.Rotation || len(*keys) != before+1 {
		t.Errorf("%+v by %d calls, %d keys more, %v", is, calls, len(*keys)-before, err)
	}
	if again, err := changes.Key(t.Context(), creation(t), legacy, is.ARN); err != nil || again != is {
		t.Errorf("by its ARN it is %+v, %v", again, err)
	}
	back, _ := creation(t).Inverse()
	if is, calls, err = walk(t, changes, back); err != nil || calls != 2 || is.State != "PendingDeletion" || is.Aliased != "" {
		t.Errorf("taken back %+v by %d calls, %v", is, calls, err)
	}
}

// Every right to make keys is needed: without it one of the calls is denied, with an error
// that names it.
func TestEachRightToMakeKeysIsNeeded(t *testing.T) {
	for _, p := range cloud.KeyPermissions() {
		t.Run(p.Action, func(t *testing.T) {
			_, _, changes := changing(t, p.Action)
			if p.Why == "" || p.Scope != cloud.ScopeKeys || !strings.Contains(cloud.KeyCreationPolicy(), p.Action) || strings.Contains(cloud.RemediationPolicy(), p.Action) {
				t.Errorf("%+v is for keys alone", p)
			}
			_, _, err := walk(t, changes, creation(t))
			if err == nil {
				back, _ := creation(t).Inverse()
				_, _, err = walk(t, changes, back)
			}
			if err == nil || !strings.Contains(err.Error(), p.Action) {
				t.Errorf("%v does not name it", err)
			}
		})
	}
	if !slices.IsSortedFunc(cloud.KeyPermissions(), func(a, b cloud.Permission) int { return strings.Compare(a.Action, b.Action) }) {
		t.Error("they are not sorted")
	}
	if !strings.Contains(cloud.KeyCreationPolicy(), `"aws:ResourceTag/eksposure-plan": "false"`) {
		t.Errorf("keys without the tag may be deleted:\n%s", cloud.KeyCreationPolicy())
	}
}
