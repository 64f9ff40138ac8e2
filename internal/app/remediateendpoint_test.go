package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

const (
	office = "203.0.113.0/24"
	away   = "198.51.100.200" // in no range that a plan here lets in
)

// networks makes a site of clusters that everybody reaches, each with nodes in a VPC of
// its own.
func networks(t *testing.T, n int, place string) *site {
	t.Helper()
	return newSiteOf(t, "payments-legacy", n, place, func(i int, c *estate.Cluster) {
		number := fmt.Sprintf("%017d", i)
		c.VPC, c.ClusterSecurityGroup, c.SecurityGroups = "vpc-"+number, "sg-"+number, nil
		c.Subnets = []string{"subnet-" + number, "subnet-a" + number[1:]}
		c.Network.NAT = []string{"203.0.113.80"}
	})
}

// public asks to keep the public endpoint alone, for the office.
func (x *site) public(i int) remediation.Request {
	return remediation.Request{Cluster: x.ref(i).String(), Trait: "internet-reachable", Option: "public", CIDRs: []string{office}}
}

func (x *site) offices() string {
	for _, a := range x.estate.Scenario().Accounts {
		for _, l := range a.PrefixLists {
			if l.Region == x.ref(0).Region {
				return l.ID
			}
		}
	}
	return ""
}

// What is around a cluster decides its checks; a plan whose nodes would be cut off cannot
// be approved.
func TestEndpointsAreChecked(t *testing.T) {
	t.Parallel()
	// grouped gives the nodes a security group of their own, which lets out by some rules and
	// may be let in.
	grouped := func(out []estate.Rule, letIn bool) func(*estate.Cluster) {
		return func(c *estate.Cluster) {
			group := "sg-nodes-" + c.Name
			c.NodeGroups[0].SecurityGroups = []string{group}
			c.Network.Groups = []estate.SecurityGroup{{ID: group, Out: out}}
			if letIn {
				c.Network.Rules = []estate.Rule{{Protocol: "tcp", Low: 443, High: 443, From: group}}
			}
		}
	}
	tests := []struct {
		name   string
		option string
		net    func(*estate.Cluster)
		want   map[string]plan.Verdict
	}{
		{"private", "private", func(*estate.Cluster) {}, map[string]plan.Verdict{"private path": plan.Passed, "nodes": plan.Passed}},
		{"no DNS", "private", func(c *estate.Cluster) { c.Network.DNSOff = []string{"enableDnsSupport"} }, map[string]plan.Verdict{"private path": plan.Failed}},
		{"closed", "private", func(c *estate.Cluster) { c.Network.Rules = []estate.Rule{} }, map[string]plan.Verdict{"private path": plan.Failed}},
		{"a group of the nodes that is let in", "private", grouped(nil, true), map[string]plan.Verdict{"private path": plan.Passed}},
		{"a group of the nodes that is not", "private", grouped(nil, false), map[string]plan.Verdict{"private path": plan.Failed}},
		{"a group of the nodes that lets nothing out", "private", grouped([]estate.Rule{}, true), map[string]plan.Verdict{"private path": plan.Failed}},
		{"public", "public", func(*estate.Cluster) {}, map[string]plan.Verdict{"nodes": plan.Passed}},
		{"another NAT gateway", "public", func(c *estate.Cluster) { c.Network.NAT = []string{away} }, map[string]plan.Verdict{"nodes": plan.Failed}},
		{"no way out", "public", func(c *estate.Cluster) { c.Network.Ways = []string{estate.NoWay} }, map[string]plan.Verdict{"nodes": plan.Failed}},
		{"a transit gateway", "public", func(c *estate.Cluster) { c.Network.Ways = []string{"tgw-1"} }, map[string]plan.Verdict{"nodes": plan.Unknown}},
	}
	x := networks(t, len(tests), filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.net(x.cluster(i))
			q := x.public(i)
			if q.Option = tt.option; tt.option == "private" {
				q.CIDRs = nil
			}
			r, err := s.Draft(t.Context(), q, ann)
			if err != nil {
				t.Fatal(err)
			}
			got := verdicts(&r.Plan)
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s is %s, want %s: %+v", name, got[name], want, r.Plan.Checks)
				}
			}
			_, err = s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands())
			if failed := len(r.Plan.With(plan.Failed)) > 0; (err != nil) != failed {
				t.Errorf("approved: %v", err)
			}
		})
	}
}

// Ranges of a prefix list: applied, taken back, and told to be a copy.
func TestPrefixListsAreApplied(t *testing.T) {
	t.Parallel()
	x := networks(t, 2, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	q := x.public(0)
	q.Option, q.CIDRs, q.PrefixList = "prefix-list", nil, x.offices()
	r := started(t, s, q)
	if !slices.ContainsFunc(r.Plan.Notes, func(n string) bool {
		return strings.Contains(n, x.offices()+" (offices), version 3") && strings.Contains(n, "does not follow")
	}) {
		t.Errorf("notes %q", r.Plan.Notes)
	}
	x.done(t, s, r.Plan.ID, plan.Done)
	c := x.cluster(0)
	if diff := cmp.Diff([]string{"198.51.100.7/32", office}, c.PublicCIDRs); diff != "" || !c.Public || !c.Private {
		t.Errorf("public %t, private %t (-want +got):\n%s", c.Public, c.Private, diff)
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
		t.Fatal(err)
	}
	x.done(t, s, r.Plan.ID, plan.Reverted)

	// Where few come in already, it has to be narrower.
	first := x.public(1)
	first.Option = "public-and-private"
	x.done(t, s, started(t, s, first).Plan.ID, plan.Done)
	second := remediation.Request{Cluster: x.ref(1).String(), Trait: "potentially-internet-reachable", Option: "prefix-list", PrefixList: x.offices()}
	if _, err := s.Draft(t.Context(), second, ann); err == nil || !strings.Contains(err.Error(), "would not be narrower") {
		t.Errorf("wider: %v", err)
	}
	second.PrefixList = "pl-none"
	if _, err := s.Draft(t.Context(), second, ann); err == nil || !strings.Contains(err.Error(), "pl-none") {
		t.Errorf("no such list: %v", err)
	}
}

// A change of the endpoint that cuts nodes off is taken back by itself, and nothing else
// is.
func TestEndpointsAreTakenBack(t *testing.T) {
	t.Parallel()
	type harm struct {
		name    string
		private bool
		// during is what becomes of the cluster when its last change was begun, after when
		// that holds.
		during, after func(*site, int)
		want          plan.State
		says          string
	}
	unanswered := func(x *site, i int) {
		x.estate.Inject(estate.Fault{Service: "kubernetes", Cluster: x.cluster(i).Name, Kind: estate.FaultBreak})
	}
	tests := []harm{
		{"nothing goes wrong", false, nil, nil, plan.Done, ""},
		{"nodes leave by another address by now", false, func(x *site, i int) { x.cluster(i).Network.NAT = []string{away} }, nil, plan.Reverted, "not ready"},
		{"the VPC's names are off by now", true, func(x *site, i int) { x.cluster(i).Network.DNSOff = []string{"enableDnsSupport"} }, nil, plan.Reverted, "not ready"},
		{"the nodes' security group lets nothing out by now", true, func(x *site, i int) {
			x.cluster(i).NodeGroups[0].SecurityGroups = []string{"sg-nodes"}
			x.cluster(i).Network.Groups = []estate.SecurityGroup{{ID: "sg-nodes", Out: []estate.Rule{}}}
		}, nil, plan.Reverted, "not ready"},
		{"a node group is cut off", true, nil, func(x *site, i int) {
			x.cluster(i).NodeGroups[0].Issues = []estate.Issue{{Code: "ClusterUnreachable", Message: "no heartbeat"}}
		}, plan.Reverted, "no heartbeat"},
		{"the API is lost that was to be kept", false, nil, unanswered, plan.Reverted, "cannot be reached"},
		{"eksposure is outside of a private endpoint", true, nil, unanswered, plan.Done, ""},
	}
	x := networks(t, len(tests), filepath.Join(t.TempDir(), "eksposure.db"))
	x.parts.Watch = 90 * time.Second
	s := remediation.New(x.parts)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := x.public(i)
			q.Operator = netip.MustParseAddr("203.0.113.7")
			if tt.private {
				q = x.private(i)
			}
			r := x.changed(t, s, started(t, s, q), func() {
				if tt.during != nil {
					tt.during(x, i)
				}
			})
			if r.State != plan.Verifying || r.Look.Sub(x.clock()) < time.Minute {
				t.Fatalf("it is %s, and is looked at %s", r.State, r.Look)
			}
			if again, err := s.Advance(t.Context(), r.Plan.ID); err != nil || again.State != plan.Verifying || again.Verified != nil {
				t.Fatalf("looked at before its time: %+v, %v", again, err)
			}
			if tt.after != nil {
				tt.after(x, i)
			}
			x.later(2 * time.Minute)
			if r, _ = s.Advance(t.Context(), r.Plan.ID); tt.want == plan.Reverted && (r.State != plan.Verifying || r.Alarm.IsZero()) {
				t.Errorf("after one look it is %s: %s", r.State, r.Problem)
			}
			x.later(time.Minute)
			r = x.done(t, s, r.Plan.ID, tt.want)
			c := x.cluster(i)
			if back := c.Public && !c.Private && slices.Equal(c.PublicCIDRs, []string{"0.0.0.0/0"}); back != (tt.want == plan.Reverted) {
				t.Errorf("public %t for %v, private %t", c.Public, c.PublicCIDRs, c.Private)
			}
			if !strings.Contains(r.Problem, tt.says) || (r.Problem == "") != (tt.says == "") {
				t.Errorf("problem %q, want one that says %q", r.Problem, tt.says)
			}
			if tt.want == plan.Reverted {
				x.audited(t, r.Plan.ID, "remediate undo", "eksposure")
			}
		})
	}
}

// changed carries a plan until its actions hold; during is called when the last of them
// was begun.
func (x *site) changed(t *testing.T, s *remediation.Service, r remediation.Run, during func()) remediation.Run {
	t.Helper()
	last := len(r.Steps) - 1
	for r.State == plan.Applying {
		before := r.Steps[last].Begun
		var err error
		if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
			t.Fatal(err)
		}
		if before.IsZero() && !r.Steps[last].Begun.IsZero() {
			during()
		}
		x.estate.Finish()
		x.later(time.Second)
	}
	return r
}

// The process is killed wherever it makes a difference while a plan is taken back by
// itself: another goes on, and everything is as it was, by one update for each action.
func TestTakenBackOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 40
	x := networks(t, clusters, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	alarmed := func(i int) string {
		return x.changed(t, living, started(t, living, x.public(i)), func() { x.cluster(i).Network.NAT = []string{away} }).Plan.ID
	}
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), alarmed(0), plan.Reverted)
	if w := immortal.writes; w < 8 || w+2 > clusters {
		t.Fatalf("a plan makes %d calls that leave something, and there are %d clusters", w, clusters)
	}
	for i, p := range deaths(x.parts, immortal.writes) {
		cluster := i + 1
		t.Run(p.String(), func(t *testing.T) {
			id := alarmed(cluster)
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			r := x.done(t, x.heir(), id, plan.Reverted)
			if c := x.cluster(cluster); len(c.Updates) != 2 || !slices.Equal(c.PublicCIDRs, []string{"0.0.0.0/0"}) || r.Cause == "" {
				t.Errorf("%d updates, public for %v, cause %q", len(c.Updates), c.PublicCIDRs, r.Cause)
			}
		})
	}
}

// The process is killed wherever it makes a difference while somebody takes a plan of two
// actions back that is done: another goes on, and everything is as it was, by one update for
// each action.
func TestEndpointTakenBackOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x := newSite(t, 1, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	before := x.finding(t, 0).Severity
	applied := func() string { return x.done(t, living, started(t, living, x.private(0)).Plan.ID, plan.Done).Plan.ID }
	immortal := &process{Config: x.parts}
	if r, err := x.back(t, immortal.service(), applied()); err != nil || r.State != plan.Reverted || immortal.writes < 10 {
		t.Fatalf("plan is %s after %d calls that leave something: %s, %v", r.State, immortal.writes, r.Problem, err)
	}
	for _, p := range deaths(x.parts, immortal.writes) {
		t.Run(p.String(), func(t *testing.T) {
			updates := len(x.cluster(0).Updates)
			x.inherited(t, p, applied())
			c := x.cluster(0)
			if got := len(c.Updates) - updates; got != 4 || !c.Public || c.Private || x.finding(t, 0).Severity != before {
				t.Errorf("%d updates, want two there and two back; public %t, private %t, severity %s", got, c.Public, c.Private, x.finding(t, 0).Severity)
			}
		})
	}
}

// audited wants a line of the audit log about a plan.
func (x *site) audited(t *testing.T, id, operation, by string) {
	t.Helper()
	reader, ok := x.parts.Log.(interface {
		AuditLog(ctx context.Context, q access.AuditQuery) ([]access.AuditLine, error)
	})
	if !ok {
		t.Fatal("the audit log cannot be read")
	}
	lines, err := reader.AuditLog(t.Context(), access.AuditQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(lines, func(l access.AuditLine) bool { return l.Target == id && l.Operation == operation && l.Principal == by }) {
		t.Errorf("the audit log has no %q of plan %s by %s", operation, id, by)
	}
}
