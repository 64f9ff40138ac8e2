package app_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

const traitVersion = "unsupported-kubernetes-version"

// versions makes a site of clusters like ledger: Kubernetes 1.32, with a node group, its
// nodes and three add-ons.
func versions(t *testing.T, n int, change func(i int, c *estate.Cluster)) *site {
	t.Helper()
	return newSiteOf(t, "ledger", n, filepath.Join(t.TempDir(), "eksposure.db"), func(i int, c *estate.Cluster) {
		if change != nil {
			change(i, c)
		}
	})
}

// upgrade asks to upgrade a cluster; to no version in particular when it is empty.
func (x *site) upgrade(i int, to string) remediation.Request {
	return remediation.Request{Cluster: x.ref(i).String(), Trait: traitVersion, Option: "upgrade", To: to}
}

// proxyAlone leaves a cluster one add-on and nothing in its API, so that an upgrade by
// one version has one action of each kind.
func proxyAlone(c *estate.Cluster) {
	c.Addons = slices.DeleteFunc(c.Addons, func(a estate.Addon) bool { return a.Name != "kube-proxy" })
	c.Addons[0].Role, c.Objects = "proxy", nil
}

// withoutNodes leaves a cluster without node groups too.
func withoutNodes(c *estate.Cluster) {
	proxyAlone(c)
	c.NodeGroups = nil
}

func verdicts(p *plan.Plan) map[string]plan.Verdict {
	all := map[string]plan.Verdict{}
	for _, c := range p.Checks {
		all[c.Name] = c.Verdict
	}
	return all
}

// The whole way to a version whose standard support lasts, as that of 1.34 does not: finding, plan, approval, each version
// with its control plane, add-ons and nodes, a new scan, less severity. It cannot be
// taken back, and says so.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	x := versions(t, 1, nil)
	s := remediation.New(x.parts)
	before := x.finding(t, 0)
	if before.Trait(traitVersion) == nil {
		t.Fatal("the trait is not there")
	}
	r := started(t, s, x.upgrade(0, ""))
	want := map[string]plan.Verdict{
		"insights": plan.Passed, "removed APIs": plan.Passed, "add-ons": plan.Passed, "kubelets": plan.Passed, "nodes by hand": plan.Passed,
		"addresses": plan.Passed, "disruption budgets": plan.Passed,
	}
	if diff := cmp.Diff(want, verdicts(&r.Plan)); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{plan.AcceptIrreversible}, r.Plan.Demands()); diff != "" {
		t.Errorf("demands (-want +got):\n%s", diff)
	}
	if !r.Plan.Ends || len(r.Plan.Actions) < 6 || r.Plan.Title != "cluster-0: Upgrade the cluster to Kubernetes 1.35" || !slices.ContainsFunc(r.Plan.Notes, func(n string) bool { return strings.Contains(n, "in standard support until 2027-03-27") }) {
		t.Errorf("plan %+v", r.Plan)
	}
	r = x.done(t, s, r.Plan.ID, plan.Done)
	c := x.cluster(0)
	if c.Version != "1.35" || c.NodeGroups[0].Version != "1.35" || len(c.Updates) != len(r.Plan.Actions) {
		t.Errorf("the cluster has %s, its nodes %s, after %d updates for %d actions", c.Version, c.NodeGroups[0].Version, len(c.Updates), len(r.Plan.Actions))
	}
	var addons []string
	for _, a := range c.Addons {
		addons = append(addons, a.Name+" "+a.Version)
	}
	if diff := cmp.Diff([]string{"coredns v1.12.4-eksbuild.1", "kube-proxy v1.35.2-eksbuild.3", "vpc-cni v1.20.4-eksbuild.1"}, addons); diff != "" {
		t.Errorf("add-ons (-want +got):\n%s", diff)
	}
	after := x.finding(t, 0)
	if r.Verified.Trait != remediation.Gone || r.Verified.Severity != r.Plan.After || after.Severity.Rank() > before.Severity.Rank() {
		t.Errorf("the trait is %s, severity %s, planned %s", r.Verified.Trait, r.Verified.Severity, r.Plan.After)
	}
	if now := after.Trait(traitVersion); now != nil && slices.ContainsFunc(now.Evidence, func(e exposure.Evidence) bool { return e.Standing == exposure.Contributing }) {
		t.Errorf("evidence %+v", now.Evidence)
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); !isConflict(err) || !strings.Contains(err.Error(), "does not roll a node group back") {
		t.Errorf("revert: %v", err)
	}
}

// The way from a version that is long past its support is longer, and at its end the
// cluster is less exposed.
func TestUpgradeLowersTheSeverity(t *testing.T) {
	t.Parallel()
	x := newSite(t, 1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	before := x.finding(t, 0).Arithmetic
	r := x.done(t, s, started(t, s, x.upgrade(0, "1.35")).Plan.ID, plan.Done)
	after := x.finding(t, 0).Arithmetic
	if len(r.Plan.Actions) != 16 || x.cluster(0).Version != "1.35" || after.Severity != r.Plan.After {
		t.Errorf("%d actions, control plane %s, severity %s, planned %s", len(r.Plan.Actions), x.cluster(0).Version, after.Severity, r.Plan.After)
	}
	if after.Severity.Rank() >= before.Severity.Rank() {
		t.Errorf("severity %s → %s", before.Severity, after.Severity)
	}
}

// From 1.28 on EKS encrypts secrets by itself, so that an upgrade remedies that trait
// too.
func TestUpgradeForSecrets(t *testing.T) {
	t.Parallel()
	x := newSite(t, 1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	q := x.upgrade(0, "1.28")
	q.Trait = "unencrypted-kubernetes-secrets"
	r := x.done(t, s, started(t, s, q).Plan.ID, plan.Done)
	if r.Verified.Trait != remediation.Gone || x.cluster(0).Version != "1.28" || len(r.Plan.Actions) != 2 {
		t.Errorf("the trait is %s, control plane %s", r.Verified.Trait, x.cluster(0).Version)
	}
	if _, err := s.Draft(t.Context(), q, ann); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("what is not there is remedied: %v", err)
	}
}

// machine is a node of the node group general in a real cluster.
const machine = `apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {eks.amazonaws.com/nodegroup: general}}
status:
  nodeInfo: {architecture: amd64, operatingSystem: linux, osImage: Amazon Linux 2023, kubeletVersion: v%s.2-eks-0000000, bootID: "", containerRuntimeVersion: containerd://2.1.5, kernelVersion: "6.12", kubeProxyVersion: "", machineID: "", systemUUID: ""}
`

const lettingGo = `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: erp, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: erp}}}
status: {disruptionsAllowed: %d, expectedPods: 2, currentHealthy: 2, desiredHealthy: 1}
`

// The Kubernetes side is read from a real API server with exactly the published roles:
// what is in the way there keeps the plan from being approved, and the new scan sees
// the new nodes.
func TestUpgradeOfARealCluster(t *testing.T) {
	t.Parallel()
	account := reference(shared(t).estate, "ledger").Account
	sts, direct := front(t)
	lab := kubetest.StartEKS(t, kubetest.EKS{
		Cluster: "cluster-0", STS: sts,
		Entries: []kubetest.Entry{{ARN: "arn:aws:iam::" + account + ":role/" + estate.ScanRole, Username: "eksposure", Groups: []string{kube.Group}}},
	})
	apply := func(manifest string) {
		t.Helper()
		if err := lab.Apply(t.Context(), manifest); err != nil {
			t.Fatal(err)
		}
	}
	for _, manifest := range []string{kube.Manifest(), kube.UpgradeManifest(), fmt.Sprintf(machine, "1.32"), fmt.Sprintf(lettingGo, 0)} {
		apply(manifest)
	}
	x := startSite(t, "ledger", 1, func(_ int, c *estate.Cluster) { c.Server, c.CA = lab.Server, lab.CA })
	direct(x.estate.URL())
	x.scan(t, 1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := x.hooked(&hooks{describe: func(s *inventory.Snapshot) { apply(fmt.Sprintf(machine, s.NodeGroups[0].Version)) }})
	r, err := s.Draft(t.Context(), x.upgrade(0, "1.34"), ann)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"disruption budgets"}, r.Plan.With(plan.Failed)); diff != "" || len(r.Plan.With(plan.Unknown)) > 0 {
		t.Fatalf("%+v (-want +got):\n%s", r.Plan.Checks, diff)
	}
	if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); !isConflict(err) {
		t.Errorf("approved with a failed check: %v", err)
	}
	apply(fmt.Sprintf(lettingGo, 1))
	r = x.done(t, s, started(t, s, x.upgrade(0, "1.34")).Plan.ID, plan.Done)
	if r.Verified.Trait != remediation.Gone || x.cluster(0).Version != "1.34" {
		t.Errorf("the trait is %s, control plane %s", r.Verified.Trait, x.cluster(0).Version)
	}
}

// The other options of the topic.
func TestVersionOptions(t *testing.T) {
	t.Parallel()
	x := versions(t, 4, func(i int, c *estate.Cluster) {
		proxyAlone(c)
		switch i {
		case 3:
			c.Version, c.NodeGroups[0].Version, c.PublicCIDRs = "1.36", "1.36", []string{"0.0.0.0/0"}
		case 0:
			c.Version, c.NodeGroups[0].Version = "1.35", "1.34"
		case 1:
			c.Version, c.NodeGroups[0].Version, c.PublicCIDRs = "1.34", "1.34", []string{"0.0.0.0/0"}
		case 2:
			c.NodeGroups[0].Version = "1.31"
			c.NodeGroups = append(c.NodeGroups, estate.NodeGroup{Name: "own", AMIType: "CUSTOM", Version: "1.31", Role: "eks-node-ledger", LaunchTemplate: "lt-1", CreatedAt: c.CreatedAt})
		}
	})
	s := remediation.New(x.parts)
	t.Run("nodes that are left", func(t *testing.T) {
		r, err := s.Draft(t.Context(), remediation.Request{Cluster: x.ref(2).String(), Trait: traitVersion, Option: "nodes"}, ann)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Plan.Actions) != 1 || !slices.ContainsFunc(r.Plan.Notes, func(n string) bool { return strings.HasPrefix(n, "Not brought along: node group own: ") }) {
			t.Errorf("actions %+v, notes %q", r.Plan.Actions, r.Plan.Notes)
		}
	})
	t.Run("nodes", func(t *testing.T) {
		r := x.done(t, s, started(t, s, remediation.Request{Cluster: x.ref(0).String(), Trait: traitVersion, Option: "nodes"}).Plan.ID, plan.Done)
		if got := x.cluster(0).NodeGroups[0].Version; got != "1.35" || r.Verified.Trait != remediation.Gone {
			t.Errorf("node group %s, trait %s", got, r.Verified.Trait)
		}
	})
	t.Run("policy", func(t *testing.T) {
		r := started(t, s, remediation.Request{Cluster: x.ref(1).String(), Trait: traitVersion, Option: "policy", To: "STANDARD"})
		if !r.Plan.Reversible() || r.Plan.Before != r.Plan.After {
			t.Errorf("plan %+v", r.Plan)
		}
		x.done(t, s, r.Plan.ID, plan.Done)
		if got := x.cluster(1).SupportType; got != "STANDARD" {
			t.Errorf("policy %s", got)
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
		if got := x.cluster(1).SupportType; got != "EXTENDED" {
			t.Errorf("policy %s after the revert", got)
		}
	})
	t.Run("the policy of a cluster whose version is no trait", func(t *testing.T) {
		q := remediation.Request{Cluster: x.ref(3).String(), Trait: traitVersion, Option: "policy", To: "STANDARD"}
		if state := x.finding(t, 3).Trait(traitVersion); state != nil && state.Standing == exposure.Contributing {
			t.Fatalf("the trait contributes: %+v", state)
		}
		if r, err := s.Draft(t.Context(), q, ann); err != nil || len(r.Plan.Actions) != 1 || r.Plan.Ends {
			t.Errorf("plan %+v, %v", r.Plan, err)
		}
		q.Option, q.To = "upgrade", ""
		if _, err := s.Draft(t.Context(), q, ann); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "nothing to remedy") {
			t.Errorf("an upgrade: %v", err)
		}
	})
	t.Run("a version that has ended", func(t *testing.T) {
		r, err := s.Draft(t.Context(), x.upgrade(2, "1.33"), ann)
		if err != nil {
			t.Fatal(err)
		}
		if r.Plan.Ends || !strings.HasPrefix(r.Plan.Notes[0], "The trait unsupported-kubernetes-version stays: Kubernetes 1.33 is in extended support") {
			t.Errorf("ends %t, notes %q", r.Plan.Ends, r.Plan.Notes)
		}
	})
	for name, q := range map[string]remediation.Request{
		"a version that is not offered": x.upgrade(2, "1.40"),
		"ranges for versions":           {Cluster: x.ref(2).Name, Trait: traitVersion, Option: "upgrade", CIDRs: []string{"203.0.113.0/24"}},
		"a key for versions":            {Cluster: x.ref(2).Name, Trait: traitVersion, Option: "upgrade", KeyARN: x.key},
		"guidance alone":                {Cluster: x.ref(2).Name, Trait: traitVersion, Option: "replace"},
		"a version for nodes":           {Cluster: x.ref(0).Name, Trait: traitVersion, Option: "nodes", To: "1.35"},
		"a version for endpoints":       {Cluster: x.ref(1).Name, Trait: "internet-reachable", Option: "private", To: "1.35"},
		"a policy that there is not":    {Cluster: x.ref(2).Name, Trait: traitVersion, Option: "policy", To: "NEVER"},
	} {
		if _, err := s.Draft(t.Context(), q, ann); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v, want fault.ErrInvalid", name, err)
		}
	}
	if _, err := s.Draft(t.Context(), remediation.Request{Cluster: x.ref(2).Name, Trait: traitVersion, Option: "policy", To: "STANDARD"}, ann); !isConflict(err) {
		t.Errorf("a policy in extended support: %v", err)
	}
}

// What speaks against an upgrade keeps its plan from being approved, and what cannot be
// read is for the approver to accept.
func TestUpgradesAreChecked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*estate.Cluster)
		want   map[string]plan.Verdict
	}{
		{"a budget that blocks", func(c *estate.Cluster) { c.Objects = append(slices.Clone(c.Objects), estate.Budget("erp", "erp", 0)) }, map[string]plan.Verdict{"disruption budgets": plan.Failed}},
		{"a removed API", func(c *estate.Cluster) {
			c.Deprecated = []estate.DeprecatedAPI{{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3", Resource: "flowschemas", RemovedIn: "1.32"}}
		}, map[string]plan.Verdict{"removed APIs": plan.Failed}},
		{"an insight", func(c *estate.Cluster) { c.Insights[0].Status = "ERROR"; c.Insights[0].Version = "1.34" }, map[string]plan.Verdict{"insights": plan.Failed}},
		{"old insights", func(c *estate.Cluster) { c.Insights[0].Refreshed = estate.AsOf().AddDate(0, 0, -3) }, map[string]plan.Verdict{"insights": plan.Unknown}},
		{"a self-managed node", func(c *estate.Cluster) { c.Objects = append(slices.Clone(c.Objects), estate.Node("self", "v1.32.1")) }, map[string]plan.Verdict{"nodes by hand": plan.Unknown}},
		{"an old one", func(c *estate.Cluster) { c.Objects = append(slices.Clone(c.Objects), estate.Node("self", "v1.30.1")) }, map[string]plan.Verdict{"nodes by hand": plan.Unknown, "kubelets": plan.Failed}},
		{"an unreadable API", func(c *estate.Cluster) { c.Grants = []estate.Grant{} }, map[string]plan.Verdict{
			"nodes by hand": plan.Unknown, "kubelets": plan.Unknown, "removed APIs": plan.Unknown, "disruption budgets": plan.Unknown,
		}},
	}
	x := versions(t, len(tests), func(i int, c *estate.Cluster) { tests[i].change(c) })
	s := remediation.New(x.parts)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := s.Draft(t.Context(), x.upgrade(i, ""), ann)
			if err != nil {
				t.Fatal(err)
			}
			got := verdicts(&r.Plan)
			for name, v := range got {
				if want := tt.want[name]; v != want && (want != "" || v != plan.Passed) {
					t.Errorf("%s is %s, want %s", name, v, want)
				}
			}
			_, err = s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands())
			if failed := len(r.Plan.With(plan.Failed)) > 0; (err != nil) != failed {
				t.Errorf("approved: %v", err)
			}
		})
	}
}
