package cloud_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

const (
	paymentsAccount = "444455556666"
	toolsAccount    = "777788889999"
	secretsKey      = "arn:aws:kms:us-east-1:" + paymentsAccount + ":key/k"
)

var (
	legacy = inventory.ClusterRef{Partition: "aws", Account: paymentsAccount, Region: "us-east-1", Name: "payments-legacy"}
	ledger = inventory.ClusterRef{Partition: "aws", Account: paymentsAccount, Region: "eu-west-1", Name: "ledger"}
	own    = inventory.ClusterRef{Partition: "aws", Account: toolsAccount, Region: "eu-central-1", Name: "platform-tools"}
)

// changing gives the two sides of changing the estate's clusters: who looks, with the
// rights of scanning, and who changes, with the published rights for that but one.
func changing(t *testing.T, without string) (*estate.Estate, *cloud.Client, *cloud.Changer) {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, p := range slices.Concat(cloud.ChangePermissions(), cloud.DeletionPermissions(), cloud.KeyPermissions()) {
		if p.Action != without {
			allowed = append(allowed, p.Action)
		}
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for j := range a.Roles {
			if a.Roles[j].Name == estate.RemediationRole {
				a.Roles[j].Allow = allowed
			}
		}
		for j := range a.Clusters {
			if c := &a.Clusters[j]; c.Name == ledger.Name {
				c.Addons[1].Role = "proxy"
				c.FargateProfiles = []estate.FargateProfile{{Name: "site", Role: "pods"}}
			}
		}
		if a.ID == paymentsAccount {
			a.Keys = []estate.Key{{Region: "us-east-1", ID: "k", State: "Enabled", CreatedAt: estate.AsOf()}}
		}
	}
	e := enter(t, estate.Config{Scenario: s, Images: published, Now: time.Now, UpdateTime: time.Nanosecond})
	looks, err := cloud.New(t.Context(), cloud.Config{RoleName: estate.ScanRole, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := cloud.NewChanger(t.Context(), cloud.Config{RoleName: estate.RemediationRole, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	return e, looks, changes
}

func endpointTo(to plan.Endpoint) plan.Action {
	return plan.Action{Kind: plan.EndpointAccess, To: plan.Setting{Endpoint: &to}}
}

func keyTo(arn string) plan.Action {
	return plan.Action{Kind: plan.SecretsEncryption, To: plan.Setting{Encryption: &plan.Encryption{KeyARN: arn}}}
}

// upgrades are the actions of one version's upgrade of the cluster ledger.
func upgrades() []plan.Action {
	part := func(kind, name string) inventory.ResourceRef { return inventory.ResourceRef{Type: kind, Name: name} }
	proxy := plan.Addon{Version: "v1.33.2-eksbuild.3", RoleARN: "arn:aws:iam::" + paymentsAccount + ":role/proxy"}
	return []plan.Action{
		{Kind: plan.ControlPlaneVersion, Target: ledger.Resource(), To: plan.Setting{Version: "1.33"}},
		{Kind: plan.AddonVersion, Target: part(inventory.TypeAddon, "kube-proxy"), To: plan.Setting{Addon: &proxy}},
		{Kind: plan.NodeGroupVersion, Title: "nodes", Target: part(inventory.TypeNodegroup, "general"), To: plan.Setting{Version: "1.33"}},
	}
}

// deletions are the actions that delete the cluster ledger.
func deletions() []plan.Action {
	var list []plan.Action
	for _, target := range []inventory.ResourceRef{
		{Type: inventory.TypeNodegroup, Name: "general"}, {Type: inventory.TypeFargateProfile, Name: "site"}, {Type: inventory.TypeAddon, Name: "kube-proxy"}, ledger.Resource(),
	} {
		list = append(list, plan.Action{Kind: plan.Deletion, Target: target})
	}
	return list
}

// What is deleted is gone, and a cluster that is protected stays.
func TestChangerDeletes(t *testing.T) {
	e, looks, changes := changing(t, "")
	for _, a := range deletions() {
		if a.Target.Type == inventory.TypeCluster {
			e.Scenario().Cluster(ledger.Name).DeletionProtection = true
			if _, err := changes.Begin(t.Context(), a, ledger, ""); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "protection") {
				t.Errorf("a protected cluster: %v", err)
			}
			e.Scenario().Cluster(ledger.Name).DeletionProtection = false
		}
		if id, err := changes.Begin(t.Context(), a, ledger, ""); err != nil || id != "" {
			t.Fatalf("%s: update %q, %v", a.Target.Type, id, err)
		}
		e.Finish()
		s, err := looks.Describe(t.Context(), ledger)
		if a.Target.Type == inventory.TypeCluster {
			if !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("the cluster that was deleted: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Now(s); !got.Equal(a.To) {
			t.Errorf("%s: there is %q", a.Target.Type, got)
		}
	}
}

// Each kind of action: begun, followed, and there, in the caller's own account and in
// another, in the role for changes alone.
func TestChanger(t *testing.T) {
	e, looks, changes := changing(t, "")
	type one struct {
		ref    inventory.ClusterRef
		action plan.Action
	}
	tests := []one{
		{legacy, endpointTo(plan.Endpoint{Public: true, Private: true, CIDRs: []string{"203.0.113.0/24"}})},
		{own, endpointTo(plan.Endpoint{Private: true})},
		{legacy, keyTo(secretsKey)},
		{own, plan.Action{Kind: plan.UpgradePolicy, Target: own.Resource(), To: plan.Setting{SupportType: "STANDARD"}}},
	}
	for _, a := range upgrades() {
		tests = append(tests, one{ledger, a})
	}
	for _, tt := range tests {
		id, err := changes.Begin(t.Context(), tt.action, tt.ref, "token "+tt.action.Title+tt.action.To.String())
		if err != nil {
			t.Fatal(err)
		}
		again, err := changes.Begin(t.Context(), tt.action, tt.ref, "token "+tt.action.Title+tt.action.To.String())
		if err != nil || again != id {
			t.Errorf("the same token gives update %q and %q, %v", id, again, err)
		}
		u, err := changes.Progress(t.Context(), tt.action, tt.ref, id)
		if err != nil || u.Status != "Successful" || u.ID != id {
			t.Errorf("progress %+v, %v", u, err)
		}
		s, err := looks.Describe(t.Context(), tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.action.Now(s); !got.Equal(tt.action.To) {
			t.Errorf("the cluster has %q, want %q", got, tt.action.To)
		}
	}
	for _, c := range e.Calls() {
		if strings.HasPrefix(c.Operation, "Update") || strings.HasPrefix(c.Operation, "Associate") {
			if !strings.Contains(c.Caller, "assumed-role/"+estate.RemediationRole+"/") {
				t.Errorf("%s was asked for by %s", c.Operation, c.Caller)
			}
		}
	}
}

func TestChangerRefusals(t *testing.T) {
	e, _, changes := changing(t, "")
	private := endpointTo(plan.Endpoint{Private: true})
	if _, err := changes.Begin(t.Context(), private, inventory.ClusterRef{Partition: "aws", Account: paymentsAccount, Region: "us-east-1", Name: "none"}, "t"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a cluster that is not there: %v", err)
	}
	if _, err := changes.Begin(t.Context(), endpointTo(plan.Endpoint{}), legacy, "t"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("both endpoints off: %v", err)
	}
	if _, err := changes.Begin(t.Context(), plan.Action{Kind: "reboot"}, legacy, "t"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("a kind that there is not: %v", err)
	}
	if _, err := changes.Begin(t.Context(), private, inventory.ClusterRef{Partition: "aws-cn", Account: paymentsAccount, Region: "cn-north-1", Name: "c"}, "t"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("another partition: %v", err)
	}
	if _, err := changes.Progress(t.Context(), private, legacy, "none"); !errors.Is(err, fault.ErrNotFound) && !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("an update that is not there: %v", err)
	}
	e.Inject(estate.Fault{Operation: "UpdateClusterConfig", Kind: estate.FaultThrottle, Times: 1})
	if _, err := changes.Begin(t.Context(), private, legacy, "t"); !errors.Is(err, fault.ErrThrottled) {
		t.Errorf("throttled: %v", err)
	}
	e.Inject(estate.Fault{Operation: "UpdateClusterConfig", Kind: estate.FaultLose, Times: 1})
	if _, err := changes.Begin(t.Context(), private, legacy, "t"); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("a lost answer: %v", err)
	}
	if _, err := cloud.NewChanger(t.Context(), cloud.Config{}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("without a role: %v", err)
	}
}

func TestKey(t *testing.T) {
	e, looks, _ := changing(t, "")
	got, err := looks.Key(t.Context(), legacy, secretsKey)
	if check := plan.KeyPolicyCheck(legacy, got); check.Verdict != plan.Passed {
		t.Errorf("its policy: %+v", check)
	}
	got.Policy = ""
	want := plan.KeyState{ARN: secretsKey, State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Manager: "CUSTOMER"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	e.Inject(estate.Fault{Operation: "GetKeyPolicy", Kind: estate.FaultDeny, Times: 1})
	unread, err := looks.Key(t.Context(), legacy, secretsKey)
	if check := plan.KeyPolicyCheck(legacy, unread); err != nil || check.Verdict != plan.Unknown || !strings.Contains(check.Detail, "kms:GetKeyPolicy") {
		t.Errorf("without the right: %+v, %v", check, err)
	}
	if _, err := looks.Key(t.Context(), legacy, secretsKey+"x"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
	if _, err := looks.Key(t.Context(), legacy, "alias/x"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("no ARN: %v", err)
	}
}

// Every right of the role that changes is needed: without it one of its works is
// denied, with an error that names it.
func TestEachRightToChangeIsNeeded(t *testing.T) {
	for _, p := range slices.Concat(cloud.ChangePermissions(), cloud.DeletionPermissions()) {
		t.Run(p.Action, func(t *testing.T) {
			_, _, changes := changing(t, p.Action)
			var denied []string
			note := func(err error) {
				if errors.Is(err, fault.ErrDenied) {
					denied = append(denied, err.Error())
				}
			}
			id, err := changes.Begin(t.Context(), endpointTo(plan.Endpoint{Private: true}), legacy, "one")
			note(err)
			_, err = changes.Progress(t.Context(), plan.Action{}, legacy, id)
			note(err)
			_, err = changes.Begin(t.Context(), keyTo(secretsKey), legacy, "two")
			note(err)
			for i, a := range upgrades() {
				_, err = changes.Begin(t.Context(), a, ledger, fmt.Sprint("three", i))
				note(err)
			}
			for _, a := range deletions() {
				_, err = changes.Begin(t.Context(), a, ledger, "four")
				note(err)
			}
			if !slices.ContainsFunc(denied, func(text string) bool { return strings.Contains(text, p.Action) }) {
				t.Errorf("nothing names it: %q", denied)
			}
		})
	}
}

func TestRemediationPolicy(t *testing.T) {
	var doc struct {
		Statement []struct {
			Action []string `json:"Action"`
		} `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(cloud.RemediationPolicy()), &doc); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, s := range doc.Statement {
		got = append(got, s.Action...)
	}
	for _, p := range cloud.DeletionPermissions() {
		if p.Why == "" || p.Scope != cloud.ScopeDeletion || !strings.Contains(cloud.DeletionPolicy(), p.Action) || strings.Contains(cloud.RemediationPolicy(), p.Action) {
			t.Errorf("%+v is for deletions alone", p)
		}
	}
	for _, p := range cloud.ChangePermissions() {
		want = append(want, p.Action)
		if p.Why == "" || p.Scope != cloud.ScopeRemediation {
			t.Errorf("%+v", p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || !slices.IsSorted(want) {
		t.Errorf("(-table +policy):\n%s", diff)
	}
}
