package app_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// The versions of CoreDNS of the estate: what runs, one without the fix, one with it.
const (
	oldDNS   = "v1.10.1-eksbuild.6"
	lackDNS  = "v1.11.4-eksbuild.2"
	fixedDNS = "v1.12.4-eksbuild.1"
)

// addons makes a site of clusters like ledger, which run CoreDNS as an EKS add-on and
// nothing else, and have their images read.
func addons(t *testing.T, n int) *site {
	t.Helper()
	x := startSite(t, "ledger", n, func(_ int, c *estate.Cluster) {
		c.Addons = slices.DeleteFunc(c.Addons, func(a estate.Addon) bool { return a.Name != "coredns" })
		c.Addons[0].Role = "dns"
		all := c.Objects
		c.Objects = nil
		for _, o := range all {
			m, ok := o.(interface {
				GetName() string
				GetNamespace() string
			})
			if ok && (m.GetNamespace() == "" || strings.HasPrefix(m.GetName(), "coredns")) {
				c.Objects = append(c.Objects, o)
			}
		}
	})
	x.images = true
	x.scan(t, n, filepath.Join(t.TempDir(), "eksposure.db"))
	return x
}

func (x *site) addon(i int) remediation.Request {
	return remediation.Request{Cluster: x.ref(i).String(), Trait: highPriority, Option: "add-on"}
}

// dns is what runs as CoreDNS in a cluster now, as a scan sees it.
func (x *site) dns(t *testing.T, i int) []string {
	t.Helper()
	s, err := x.parts.Known.Snapshot(t.Context(), x.ref(i))
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, w := range s.Workloads {
		for _, c := range w.Containers {
			if tag := plan.TagOf(c.Reference); c.Running > 0 && !slices.Contains(tags, tag) {
				tags = append(tags, tag)
			}
		}
	}
	return tags
}

// From the finding to the revert: the first version that has the fix is found by reading
// what each ships, EKS updates the add-on, which keeps its role, and a new scan sees less.
func TestRemediateAddons(t *testing.T) {
	t.Parallel()
	x := addons(t, 1)
	s := remediation.New(x.parts)
	before := x.finding(t, 0)
	r := started(t, s, x.addon(0))
	want := map[string]plan.Verdict{"images": plan.Passed, "add-ons": plan.Passed, "behaviour": plan.Unknown}
	if diff := cmp.Diff(want, verdicts(&r.Plan)); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if len(r.Plan.Actions) != 1 || r.Plan.Actions[0].To.Addon.Version != fixedDNS || !r.Plan.Reversible() || !r.Plan.Ends || r.Plan.After.Rank() >= before.Severity.Rank() {
		t.Fatalf("plan %+v", r.Plan)
	}
	if diff := cmp.Diff([]string{"eks:DescribeUpdate", "eks:UpdateAddon", "iam:PassRole"}, r.Plan.Permissions()); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	r = x.done(t, s, r.Plan.ID, plan.Done)
	after := x.finding(t, 0)
	if c := x.cluster(0); len(c.Updates) != 1 || c.Addons[0].Version != fixedDNS || c.Addons[0].Role != "dns" || c.Updates[0].Params["ResolveConflicts"] != "PRESERVE" {
		t.Errorf("%d updates, add-on %+v", len(c.Updates), c.Addons[0])
	}
	if r.Verified.Trait != remediation.Gone || after.Trait(highPriority) != nil || after.Severity != r.Plan.After || !slices.Equal(x.dns(t, 0), []string{fixedDNS}) {
		t.Errorf("the trait is %s, severity %s, planned %s, runs %s", r.Verified.Trait, after.Severity, r.Plan.After, x.dns(t, 0))
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
		t.Fatal(err)
	}
	r = x.done(t, s, r.Plan.ID, plan.Reverted)
	if c := x.cluster(0); len(c.Updates) != 2 || c.Addons[0].Version != oldDNS || c.Addons[0].Role != "dns" || r.Verified.Trait != remediation.Present || r.Verified.Severity != before.Severity {
		t.Errorf("%d updates, add-on %+v, trait %s, severity %s", len(c.Updates), c.Addons[0], r.Verified.Trait, r.Verified.Severity)
	}
}

// A fleet plan updates the add-on in one cluster after the other; one whose versions do not
// mend it is left out, and it is said why.
func TestFleetPlansOfAddons(t *testing.T) {
	t.Parallel()
	x := addons(t, 3)
	x.cluster(2).Version = "1.31" // whose newest version lacks the fix
	s := remediation.New(x.parts)
	f, err := s.DraftFleet(t.Context(), remediation.FleetRequest{Request: remediation.Request{Trait: highPriority, Option: "add-on"}, Batch: 1}, ann, nobodySees)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Members()) != 2 || len(f.Omitted) != 1 || f.Omitted[0].Cluster.Name != "cluster-2" || !strings.Contains(f.Omitted[0].Reason, "failed checks: images") {
		t.Fatalf("fleet plan %+v", f)
	}
	if _, err := s.ApproveFleet(t.Context(), f.ID, f.Hash, bob, []string{plan.AcceptAll}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartFleet(t.Context(), f.ID, bob); err != nil {
		t.Fatal(err)
	}
	if f, _ = x.waved(t, s, f.ID); f.State != plan.Done || len(x.cluster(0).Updates) != 1 || len(x.cluster(1).Updates) != 1 || len(x.cluster(2).Updates) != 0 {
		t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
	}
	if f, _ = x.taken(t, s, f.ID); f.State != plan.Reverted || x.cluster(0).Addons[0].Version != oldDNS || x.cluster(1).Addons[0].Version != oldDNS {
		t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
	}
}

// offer has EKS offer only some versions.
func (x *site) offer(releases ...estate.AddonRelease) { x.estate.Scenario().Addons = releases }

func release(version string, kubernetes ...string) estate.AddonRelease {
	return estate.AddonRelease{Name: "coredns", Version: version, Fits: kubernetes}
}

// What no version mends, and what could not be read, is told: nothing that is not known is
// fine.
func TestAddonsThatAreNotProved(t *testing.T) {
	t.Parallel()
	x := addons(t, 4)
	s := remediation.New(x.parts)
	draft := func(t *testing.T, cluster int) remediation.Run {
		t.Helper()
		r, err := s.Draft(t.Context(), x.addon(cluster), ann)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// notes is a plan that nobody can approve.
	notes := func(t *testing.T, says string) {
		t.Helper()
		r := draft(t, 0)
		if said := strings.Join(r.Plan.Notes, "\n"); len(r.Plan.Actions) > 0 || !slices.Equal(r.Plan.With(plan.Failed), []string{"images"}) || !strings.Contains(said, says) {
			t.Errorf("actions %+v, checks %+v, notes:\n%s", r.Plan.Actions, r.Plan.Checks, said)
		}
		if r.Plan.Before != r.Plan.After || r.Plan.Ends {
			t.Errorf("severity %s → %s", r.Plan.Before, r.Plan.After)
		}
		if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); !isConflict(err) {
			t.Errorf("a plan of notes is approved: %v", err)
		}
	}
	t.Run("no version is newer", func(t *testing.T) {
		x.offer(release(oldDNS, "1.32"), release(fixedDNS, "1.34"))
		notes(t, "EKS offers no newer version of the add-on coredns than v1.10.1-eksbuild.6 for Kubernetes 1.32.")
	})
	t.Run("no version has the fix", func(t *testing.T) {
		x.offer(release(lackDNS, "1.32"), release(oldDNS, "1.32"))
		notes(t, "No newer version of the add-on coredns for Kubernetes 1.32 mends it. Read and matched: v1.11.4-eksbuild.2: CVE-2023-45288 is left, which has a fix.")
	})
	t.Run("it is being updated", func(t *testing.T) {
		x.offer(release(fixedDNS, "1.32"))
		x.cluster(0).Addons[0].Status = "UPDATING"
		defer func() { x.cluster(0).Addons[0].Status = "" }()
		notes(t, "The add-on coredns is UPDATING")
	})
	// unknown is a plan whose version is not published, so that EKS does what it can.
	unknown := func(t *testing.T, cluster int) remediation.Run {
		t.Helper()
		x.offer(release("v1.12.9-eksbuild.1", "1.32"), release(lackDNS, "1.32"), release(oldDNS, "1.32"))
		r := draft(t, cluster)
		if diff := cmp.Diff([]string{"images", "behaviour"}, r.Plan.Demands()); diff != "" || r.Plan.Before != r.Plan.After || r.Plan.Ends {
			t.Errorf("severity %s → %s, demands (-want +got):\n%s", r.Plan.Before, r.Plan.After, diff)
		}
		if c := r.Plan.Checks[0]; !strings.Contains(c.Detail, "eks/coredns:v1.12.9-eksbuild.1 could not be read") {
			t.Errorf("check %+v", c)
		}
		if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, []string{"behaviour"}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("approved without a word for the images: %v", err)
		}
		return started(t, s, x.addon(cluster))
	}
	t.Run("not read, accepted, and not fixed", func(t *testing.T) {
		r := x.done(t, s, unknown(t, 1).Plan.ID, plan.Done)
		if r.Verified.Trait != remediation.Present || len(r.Verified.Evidence) == 0 || x.cluster(1).Addons[0].Version != "v1.12.9-eksbuild.1" {
			t.Errorf("verified %+v", r.Verified)
		}
	})
	t.Run("it cannot be taken back", func(t *testing.T) {
		x.offer(release(fixedDNS, "1.32"))
		r := draft(t, 3)
		if r.Plan.Reversible() || !strings.Contains(r.Plan.Actions[0].Irreversible, "does not offer v1.10.1-eksbuild.6") || !slices.Contains(r.Plan.Demands(), plan.AcceptIrreversible) {
			t.Errorf("plan %+v", r.Plan)
		}
	})
}

// systemDNS is CoreDNS as the add-on's own manifest has it.
const systemDNS = `apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  replicas: 2
  selector: {matchLabels: {k8s-app: kube-dns}}
  template:
    metadata: {labels: {k8s-app: kube-dns}}
    spec: {containers: [{name: coredns, image: "%s"}]}
`

// The same with a real API server, whose controllers give it what EKS's manifest of the
// add-on's version says, a real registry, and exactly the rights that are published.
func TestRemediateAddonsOfARealCluster(t *testing.T) {
	t.Parallel()
	x := newStreet(t, func(s *estate.Scenario) { plansOfAddons(s, "") })
	x.remove(t, "deployments/search", "statefulsets/index", "daemonsets/agent")
	published := shared(t).images.Image("eks-coredns")
	name, _, _ := strings.Cut(x.reference(published), ":")
	x.system = func() {
		x.estate.Finish()
		on := place(x.estate.Scenario(), x.ref.Name).Addons[0]
		if err := x.lab.Apply(t.Context(), fmt.Sprintf(systemDNS, name+":"+on.Version)); err != nil {
			t.Fatal(err)
		}
		if err := x.controllers.Reconcile(t.Context(), "kube-system"); err != nil {
			t.Fatal(err)
		}
	}
	before := x.scan(t)
	s := remediation.New(x.parts)
	q := x.request(highPriority)
	q.Option = "add-on"
	r := started(t, s, q)
	if !r.Plan.Ends || len(r.Plan.Actions) != 1 || r.Plan.Actions[0].To.Addon.Version != fixedDNS {
		t.Fatalf("plan %+v", r.Plan)
	}
	r = x.done(t, s, r.Plan.ID, plan.Done)
	if r.Verified.Trait != remediation.Gone || r.Verified.Severity != r.Plan.After || r.Plan.After.Rank() >= before.Severity.Rank() {
		t.Errorf("the trait is %s, severity %s → %s, planned %s", r.Verified.Trait, before.Severity, r.Verified.Severity, r.Plan.After)
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
		t.Fatal(err)
	}
	if r = x.done(t, s, r.Plan.ID, plan.Reverted); r.Verified.Trait != remediation.Present || r.Verified.Severity != before.Severity {
		t.Errorf("after the revert the trait is %s, severity %s", r.Verified.Trait, r.Verified.Severity)
	}
	t.Run("an operating system past its end", func(t *testing.T) {
		const past = "v1.9.3-eksbuild.29"
		x.estate.Scenario().Addons = append(x.estate.Scenario().Addons, release(past, "1.34"))
		place(x.estate.Scenario(), x.ref.Name).Addons[0].Version = past
		if f := x.scan(t); f.Trait(pastItsEnd) == nil {
			t.Fatal("the trait is not there")
		}
		q.Trait = pastItsEnd
		r := started(t, s, q)
		if !r.Plan.Ends || !strings.Contains(r.Plan.Checks[0].Detail, "its operating system is supported") || len(r.Plan.Actions) != 1 || r.Plan.Actions[0].From.Addon.Version != past {
			t.Fatalf("plan %+v", r.Plan)
		}
		if r = x.done(t, s, r.Plan.ID, plan.Done); r.Verified.Trait != remediation.Gone {
			t.Errorf("verified %+v", r.Verified)
		}
	})
}

// plansOfAddons has the add-on's versions for the cluster's Kubernetes, and gives the roles
// of a scenario what is published for scanning, without one action, and for applying.
func plansOfAddons(s *estate.Scenario, without string) {
	allow(s, without)
	for i := range s.Addons {
		if s.Addons[i].Name == "coredns" {
			s.Addons[i].Fits = append(s.Addons[i].Fits, "1.34")
		}
	}
	var change []string
	for _, p := range cloud.ChangePermissions() {
		change = append(change, p.Action)
	}
	for i := range s.Accounts {
		for j := range s.Accounts[i].Roles {
			if r := &s.Accounts[i].Roles[j]; r.Name == estate.RemediationRole {
				r.Allow = change
			}
		}
	}
}

// Without the right to read which versions there are, nothing is drafted, and it is said
// which right it is.
func TestWhatPlansOfAddonsNeed(t *testing.T) {
	t.Parallel()
	x := newStreet(t, func(s *estate.Scenario) { plansOfAddons(s, "eks:DescribeAddonVersions") })
	x.remove(t, "deployments/search", "statefulsets/index", "daemonsets/agent")
	x.apply(t, fmt.Sprintf(strings.ReplaceAll(systemDNS, "kube-system", "shop"), x.reference(shared(t).images.Image("eks-coredns"))))
	x.scan(t)
	q := x.request(highPriority)
	q.Option = "add-on"
	if _, err := remediation.New(x.parts).Draft(t.Context(), q, ann); !errors.Is(err, fault.ErrDenied) || !strings.Contains(err.Error(), "eks:DescribeAddonVersions") {
		t.Errorf("drafted: %v", err)
	}
}
