package app_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/vuln"
)

// recheck is something that happens between the approval of a plan and its first action.
type recheck struct {
	name string
	ask  func(x *site, i int) remediation.Request
	// happens is what changes; empty says of none that the plan stops.
	happens func(x *site, i int)
	says    string
	// waits tells that the check has no answer, which is waited for.
	waits bool
}

// stops applies plans of which something moved since the approval: nothing is begun, and
// the plan says which check it was.
func (x *site) stops(t *testing.T, s *remediation.Service, tests []recheck) {
	t.Helper()
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := approved(t, s, tt.ask(x, i))
			tt.happens(x, i)
			updates := len(x.cluster(i).Updates)
			if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
				t.Fatal(err)
			}
			if tt.waits {
				var err error
				if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil || r.State != plan.Applying || !strings.Contains(r.Problem, tt.says) || r.Look.IsZero() {
					t.Fatalf("plan is %s: %s, %v", r.State, r.Problem, err)
				}
				x.later(31 * time.Minute)
			}
			r = x.done(t, s, r.Plan.ID, plan.Stopped)
			if !strings.Contains(r.Problem, tt.says) || !r.Steps[0].Begun.IsZero() || len(x.cluster(i).Updates) != updates {
				t.Errorf("%d updates, problem %q, want one that says %q", len(x.cluster(i).Updates)-updates, r.Problem, tt.says)
			}
			if _, err := s.Revert(t.Context(), r.Plan.ID, bob); !isConflict(err) {
				t.Errorf("revert of nothing: %v", err)
			}
		})
	}
}

// The checks of a plan are asked again before its first action.
func TestEndpointsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	private, public := (*site).private, (*site).public
	tests := []recheck{
		{"no DNS", private, func(x *site, i int) { x.cluster(i).Network.DNSOff = []string{"enableDnsSupport"} }, "private path: the VPC does not resolve", false},
		{"closed", private, func(x *site, i int) { x.cluster(i).Network.Rules = []estate.Rule{} }, "private path: no security group", false},
		{"another NAT gateway", public, func(x *site, i int) { x.cluster(i).Network.NAT = []string{away} }, "nodes: without the private endpoint", false},
		{"no way out", public, func(x *site, i int) { x.cluster(i).Network.Ways = []string{estate.NoWay} }, "nodes: without the private endpoint", false},
		{"a transit gateway", public, func(x *site, i int) { x.cluster(i).Network.Ways = []string{"tgw-1"} }, "nodes: ", true},
	}
	x := networks(t, len(tests)+1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	x.stops(t, s, tests)
	t.Run("between two actions", func(t *testing.T) {
		i := len(tests)
		r := started(t, s, x.private(i))
		for r.Steps[0].Held.IsZero() {
			var err error
			if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
				t.Fatal(err)
			}
			x.estate.Finish()
			x.later(time.Second)
		}
		x.cluster(i).Network.DNSOff = []string{"enableDnsSupport"}
		r = x.done(t, s, r.Plan.ID, plan.Stopped)
		if c := x.cluster(i); !c.Public || !c.Private || len(c.Updates) != 1 || !strings.Contains(r.Problem, "private path") {
			t.Errorf("public %t, private %t, problem %q", c.Public, c.Private, r.Problem)
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
	})
}

func TestSecretsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	ask := func(x *site, i int) remediation.Request {
		return remediation.Request{Cluster: x.ref(i).String(), Trait: "unencrypted-kubernetes-secrets", Option: "associate", KeyARN: x.key}
	}
	state := func(state string) func(x *site, _ int) {
		return func(x *site, _ int) {
			for i := range x.estate.Scenario().Accounts {
				for j := range x.estate.Scenario().Accounts[i].Keys {
					if k := &x.estate.Scenario().Accounts[i].Keys[j]; k.ID == legacyKey {
						k.State = state
					}
				}
			}
		}
	}
	x := newSite(t, 1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	for _, tt := range []struct{ state, says string }{{"Disabled", "is Disabled; it must be enabled"}, {"PendingDeletion", "is PendingDeletion"}} {
		x.stops(t, s, []recheck{{tt.state, ask, state(tt.state), "key: ", false}})
		state("Enabled")(x, 0)
	}
	x.done(t, s, started(t, s, ask(x, 0)).Plan.ID, plan.Done)
}

func TestUpgradesAreCheckedAgain(t *testing.T) {
	t.Parallel()
	ask := func(x *site, i int) remediation.Request { return x.upgrade(i, "1.33") }
	with := func(f func(*estate.Cluster)) func(*site, int) { return func(x *site, i int) { f(x.cluster(i)) } }
	// In the API of a cluster of the estate nothing changes, so that it is changed on the way.
	inside := map[inventory.ClusterRef]func(*plan.Readiness){}
	in := func(f func(*plan.Readiness)) func(*site, int) { return func(x *site, i int) { inside[x.ref(i)] = f } }
	node := func(name, kubelet string) func(*site, int) {
		return in(func(r *plan.Readiness) {
			r.Nodes.Items = append(r.Nodes.Items, inventory.Node{Name: name, KubeletVersion: kubelet})
		})
	}
	tests := []recheck{
		{"a budget that blocks", ask, in(func(r *plan.Readiness) { r.Budgets.Items = []string{"erp/erp"} }), "disruption budgets: ", false},
		{"an old node", ask, node("self", "v1.29.1"), "kubelets: ", false},
		{"a self-managed node", ask, node("self", "v1.32.1"), "nodes by hand: ", true},
		{"a removed API", ask, with(func(c *estate.Cluster) {
			c.Deprecated = []estate.DeprecatedAPI{{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3", Resource: "flowschemas", RemovedIn: "1.32"}}
		}), "removed APIs: ", false},
		{"an insight", ask, with(func(c *estate.Cluster) { c.Insights[0].Status, c.Insights[0].Version = "ERROR", "1.33" }), "insights: ", false},
		{"an insight that warns", ask, with(func(c *estate.Cluster) { c.Insights[0].Status, c.Insights[0].Version = "WARNING", "1.33" }), "insights: ", true},
		{"an add-on without a version", ask, with(func(c *estate.Cluster) {
			c.Addons = append(slices.Clone(c.Addons), estate.Addon{Name: "nobody-knows", Version: "v1", CreatedAt: c.CreatedAt})
		}), "add-ons: ", false},
		{"no addresses", ask, func(x *site, i int) {
			c := x.cluster(i)
			for j := range x.estate.Scenario().Accounts {
				if a := &x.estate.Scenario().Accounts[j]; len(a.Clusters) > 0 {
					c.Subnets = []string{"subnet-full"}
					a.Subnets = append(a.Subnets, estate.Subnet{ID: "subnet-full", Region: c.Region, Free: 1})
				}
			}
		}, "addresses: ", false},
	}
	x := versions(t, len(tests)+1, func(_ int, c *estate.Cluster) { c.Insights = slices.Clone(c.Insights) })
	s := x.hooked(&hooks{ready: func(ref inventory.ClusterRef, r *plan.Readiness) {
		if f := inside[ref]; f != nil {
			f(r)
		}
	}})
	x.stops(t, s, tests)
	t.Run("before a later version", func(t *testing.T) {
		i := len(tests)
		r := started(t, s, x.upgrade(i, "1.34"))
		second := slices.IndexFunc(r.Plan.Actions, func(a plan.Action) bool { return a.Kind == plan.ControlPlaneVersion && a.To.Version == "1.34" })
		for r.Steps[second-1].Held.IsZero() {
			var err error
			if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
				t.Fatal(err)
			}
			x.estate.Finish()
			x.later(time.Second)
		}
		c := x.cluster(i)
		c.Insights[0].Status, c.Insights[0].Version = "WARNING", "1.34"
		r, err := s.Advance(t.Context(), r.Plan.ID)
		if err != nil || r.State != plan.Applying || !strings.Contains(r.Problem, "insights: ") {
			t.Fatalf("plan is %s: %s, %v", r.State, r.Problem, err)
		}
		c.Insights[0].Status = "PASSING" // and so it goes on
		x.later(time.Minute)
		x.done(t, s, r.Plan.ID, plan.Done)
		if x.cluster(i).Version != "1.34" {
			t.Errorf("the control plane has %s", x.cluster(i).Version)
		}
	})
}

func TestDeletionsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	ask := (*site).deletion
	later := &laterScan{}
	tests := []recheck{
		{"protected", ask, func(x *site, i int) { x.cluster(i).DeletionProtection = true }, "deletion protection: ", false},
		{"machines of its own", ask, func(*site, int) { later.nodes = []inventory.Node{{Name: "self", KubeletVersion: "v1.27.1"}} }, "other nodes: ", false},
	}
	x := newSite(t, len(tests), filepath.Join(t.TempDir(), "eksposure.db"))
	later.Known = x.parts.Known
	x.parts.Known = later
	x.stops(t, remediation.New(x.parts), tests)
}

// laterScan is of clusters of which a later scan saw more nodes.
type laterScan struct {
	remediation.Known

	nodes []inventory.Node
}

func (s *laterScan) Snapshot(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	last, err := s.Known.Snapshot(ctx, ref)
	if err == nil {
		last.Nodes = append(last.Nodes, s.nodes...)
	}
	return last, err
}

// worse finds something new in an image.
type worse struct {
	remediation.Registries

	digest string
	err    error
}

func (w worse) Image(ctx context.Context, repository, digest, platform string) (inventory.Image, error) {
	im, err := w.Registries.Image(ctx, repository, digest, platform)
	if err != nil || digest != w.digest {
		return im, err
	}
	im.Matches = append(slices.Clone(im.Matches), vuln.Match{ID: "CVE-2026-99999", KEV: true, CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}})
	return im, w.err
}

// A new image that is not better any more, by the vulnerability database of the day on
// which the plan is applied, is not rolled out; one that cannot be read is waited for.
func TestImagesAreCheckedAgain(t *testing.T) {
	t.Parallel()
	x := newStreet(t)
	x.scan(t)
	was := x.images(t)
	first := approved(t, remediation.New(x.parts), x.request(highPriority)).Plan.Actions
	with := func(err error) *remediation.Service {
		c := x.parts
		c.Registries = worse{x.parts.Registries, first[len(first)-1].To.Images.Containers[0].Digest, err}
		return remediation.New(c)
	}
	s := with(nil)
	r := x.done(t, s, approvedThen(t, x, s), plan.Stopped)
	if !strings.Contains(r.Problem, "is no better than") || !r.Steps[0].Begun.IsZero() {
		t.Errorf("problem %q", r.Problem)
	}
	if now := x.images(t); fmt.Sprint(now) != fmt.Sprint(was) {
		t.Errorf("the workloads have %v, and had %v", now, was)
	}
	s = with(fmt.Errorf("no answer: %w", fault.ErrUnavailable))
	id := approvedThen(t, x, s)
	if r, err := s.Advance(t.Context(), id); err != nil || r.State != plan.Applying || !strings.Contains(r.Problem, "no answer") {
		t.Errorf("plan is %s: %s, %v", r.State, r.Problem, err)
	}
	x.done(t, remediation.New(x.parts), id, plan.Done)
}

// approvedThen drafts and approves a plan about images as all is well, and has a service
// start it.
func approvedThen(t *testing.T, x *street, s *remediation.Service) string {
	t.Helper()
	r := approved(t, remediation.New(x.parts), x.request(highPriority))
	if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
		t.Fatal(err)
	}
	return r.Plan.ID
}

// What was accepted without an answer is not asked for again.
func TestWhatWasAcceptedGoesOn(t *testing.T) {
	t.Parallel()
	x := newSite(t, 1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	r := started(t, s, x.private(0))
	if !slices.Contains(r.Approval.Accepted, "operator") {
		t.Fatalf("accepted %v", r.Approval.Accepted)
	}
	if r = x.done(t, s, r.Plan.ID, plan.Done); r.Verified.Trait != remediation.Gone || r.Verified.Severity == exposure.Critical {
		t.Errorf("%+v", r.Verified)
	}
}
