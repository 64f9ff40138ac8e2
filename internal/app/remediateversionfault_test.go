package app_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// The process is killed before and after every single call that it makes while it
// applies an upgrade by one version, with an action of each kind. Another goes on, and
// EKS was asked for one update per action.
func TestUpgradedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 100 // more than twice the calls of a plan
	x := versions(t, clusters, func(_ int, c *estate.Cluster) { proxyAlone(c) })
	living := remediation.New(x.parts)
	immortal := &process{Config: x.parts}
	first := x.done(t, immortal.service(), started(t, living, x.upgrade(0, "1.33")).Plan.ID, plan.Done)
	calls := immortal.calls
	if calls < 25 || 2*calls >= clusters || len(first.Plan.Actions) != 3 {
		t.Fatalf("a plan of %d actions makes %d calls, and there are %d clusters", len(first.Plan.Actions), calls, clusters)
	}
	for i := range 2 * calls {
		cluster, p := i+1, &process{Config: x.parts, at: i/2 + 1, after: i%2 == 1}
		t.Run(fmt.Sprintf("call %d, after %t", p.at, p.after), func(t *testing.T) {
			id := started(t, living, x.upgrade(cluster, "1.33")).Plan.ID
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			x.later(2 * time.Minute) // the lease of the killed one ends
			heir := x.parts
			heir.Holder = "heir"
			x.done(t, remediation.New(heir), id, plan.Done)
			c := x.cluster(cluster)
			if len(c.Updates) != 3 || c.Version != "1.33" || c.NodeGroups[0].Version != "1.33" || c.Addons[0].Version != "v1.33.2-eksbuild.3" || c.Addons[0].Role != "proxy" {
				t.Errorf("%d updates, control plane %s, nodes %s, add-on %+v", len(c.Updates), c.Version, c.NodeGroups[0].Version, c.Addons[0])
			}
		})
	}
}

// pausedBeforeNodes upgrades a cluster by one version, and pauses when its control plane and
// its add-on are done.
func (x *site) pausedBeforeNodes(t *testing.T, s *remediation.Service, cluster int) remediation.Run {
	t.Helper()
	r := started(t, s, x.upgrade(cluster, "1.33"))
	for r.Steps[1].Held.IsZero() {
		x.estate.Finish()
		var err error
		if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
			t.Fatal(err)
		}
		x.later(time.Second)
	}
	r, err := s.Pause(t.Context(), r.Plan.ID, ann)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The process is killed before and after every single call that it makes while an upgrade is
// taken back, from when that is asked for: the add-on, and then the control plane, which EKS
// rolls back as long as no node has the newer version. Another goes on, and EKS was asked for
// one update each.
func TestUpgradeTakenBackOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 70 // more than twice the calls of a revert
	x := versions(t, clusters, func(_ int, c *estate.Cluster) { proxyAlone(c) })
	living := remediation.New(x.parts)
	before := *x.cluster(0)
	addon := before.Addons[0].Version
	immortal := &process{Config: x.parts}
	back := func(t *testing.T, s *remediation.Service, id string) (remediation.Run, error) {
		t.Helper()
		if r, err := s.Revert(t.Context(), id, bob); err != nil {
			return r, err
		}
		return x.carry(t, s, id)
	}
	r, err := back(t, immortal.service(), x.pausedBeforeNodes(t, living, 0).Plan.ID)
	calls := immortal.calls
	if err != nil || r.State != plan.Reverted || len(r.Back) != 2 {
		t.Fatalf("plan is %s after %d steps back: %s, %v", r.State, len(r.Back), r.Problem, err)
	}
	if calls < 15 || 2*calls >= clusters {
		t.Fatalf("a revert makes %d calls, and there are %d clusters", calls, clusters)
	}
	for i := range 2 * calls {
		cluster, p := i+1, &process{Config: x.parts, at: i/2 + 1, after: i%2 == 1}
		t.Run(fmt.Sprintf("call %d, after %t", p.at, p.after), func(t *testing.T) {
			id := x.pausedBeforeNodes(t, living, cluster).Plan.ID
			if _, err := back(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			x.later(2 * time.Minute) // the lease of the killed one ends
			parts := x.parts
			parts.Holder = "heir"
			heir := remediation.New(parts)
			r, err := heir.Run(t.Context(), id)
			if err == nil && r.State != plan.Reverted { // else it was killed when all was done
				r, err = back(t, heir, id)
			}
			if err != nil || r.State != plan.Reverted || r.Verified.Trait != remediation.Present {
				t.Fatalf("plan is %s: %s, %v", r.State, r.Problem, err)
			}
			c := x.cluster(cluster)
			if len(c.Updates) != 4 || c.Version != before.Version || c.NodeGroups[0].Version != before.Version || c.Addons[0].Version != addon || c.Addons[0].Role != "proxy" {
				t.Errorf("%d updates, control plane %s, nodes %s, add-on %+v", len(c.Updates), c.Version, c.NodeGroups[0].Version, c.Addons[0])
			}
		})
	}
}

// What can go wrong while a cluster is upgraded.
func TestUpgradingInBadWeather(t *testing.T) {
	t.Parallel()
	x := versions(t, 8, func(i int, c *estate.Cluster) {
		if i == 5 || i == 6 {
			withoutNodes(c)
			return
		}
		proxyAlone(c)
	})
	s := remediation.New(x.parts)
	failing := func(cluster, try int) *remediation.Service {
		return x.hooked(&hooks{begin: func(now int, ask func() (string, error)) (string, error) {
			if now == try {
				x.cluster(cluster).Failing = []string{"the subnets have no free addresses"}
			}
			return ask()
		}})
	}
	t.Run("the add-on's update fails, and the control plane is rolled back", func(t *testing.T) {
		s := failing(0, 2)
		r := x.done(t, s, started(t, s, x.upgrade(0, "1.33")).Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "no free addresses") || x.cluster(0).Version != "1.33" {
			t.Errorf("problem %q, control plane %s", r.Problem, x.cluster(0).Version)
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, s, r.Plan.ID, plan.Reverted)
		if c := x.cluster(0); c.Version != "1.32" || c.Addons[0].Version != "v1.31.2-eksbuild.3" || c.Addons[0].Status != "ACTIVE" || r.Verified.Trait != remediation.Present {
			t.Errorf("control plane %s, add-on %+v, trait %s", c.Version, c.Addons[0], r.Verified.Trait)
		}
	})
	t.Run("the nodes' update fails", func(t *testing.T) {
		s := failing(1, 3)
		r := x.done(t, s, started(t, s, x.upgrade(1, "1.33")).Plan.ID, plan.Stopped)
		if c := x.cluster(1); c.Version != "1.33" || c.NodeGroups[0].Version != "1.32" || !strings.Contains(r.Problem, "node group general") {
			t.Errorf("problem %q, control plane %s, nodes %s", r.Problem, c.Version, c.NodeGroups[0].Version)
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); !isConflict(err) {
			t.Errorf("revert after nodes were begun: %v", err)
		}
	})
	moved := func(t *testing.T, cluster int, says string, move func(*estate.Cluster)) {
		t.Helper()
		r := approved(t, s, x.upgrade(cluster, "1.33"))
		move(x.cluster(cluster))
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, s, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "something moved") || !strings.Contains(r.Problem, says) {
			t.Errorf("problem %q", r.Problem)
		}
	}
	t.Run("somebody upgraded further", func(t *testing.T) {
		moved(t, 2, "Kubernetes 1.34", func(c *estate.Cluster) { c.Version = "1.34" })
	})
	t.Run("the add-on is gone", func(t *testing.T) {
		moved(t, 3, `there is "nothing"`, func(c *estate.Cluster) { c.Addons = nil })
	})
	t.Run("somebody's update of the node group is under way", func(t *testing.T) {
		r := approved(t, s, x.upgrade(4, "1.33"))
		theirs := plan.Action{
			Kind: plan.NodeGroupVersion, Target: inventory.ResourceRef{Type: inventory.TypeNodegroup, Name: x.cluster(4).NodeGroups[0].Name}, To: plan.Setting{Version: "1.32"},
		}
		if _, err := x.parts.Actor.Begin(t.Context(), theirs, x.ref(4), "theirs"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r, err := s.Advance(t.Context(), r.Plan.ID)
		if err != nil || r.State != plan.Applying || !strings.Contains(r.Problem, "EKS is busy") {
			t.Errorf("%s: %s, %v", r.State, r.Problem, err)
		}
		x.done(t, s, r.Plan.ID, plan.Done)
		if got := len(x.cluster(4).Updates); got != 4 {
			t.Errorf("%d updates, want theirs and three", got)
		}
	})
	t.Run("a roll-back within the week", func(t *testing.T) {
		r := x.done(t, s, started(t, s, x.upgrade(5, "1.34")).Plan.ID, plan.Done)
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, s, r.Plan.ID, plan.Reverted)
		if _, stays := r.Undoes(); x.cluster(5).Version != "1.33" || !strings.Contains(stays, "by one minor version") {
			t.Errorf("control plane %s; stays: %s", x.cluster(5).Version, stays)
		}
	})
	t.Run("and after it", func(t *testing.T) {
		r := x.done(t, s, started(t, s, x.upgrade(6, "1.33")).Plan.ID, plan.Done)
		x.later(8 * 24 * time.Hour)
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal("the add-on can be taken back still", err)
		}
		r = x.done(t, s, r.Plan.ID, plan.Reverted)
		if x.cluster(6).Version != "1.33" || len(r.Back) != 1 {
			t.Errorf("control plane %s after %d steps back", x.cluster(6).Version, len(r.Back))
		}
	})
	t.Run("paused before the nodes", func(t *testing.T) {
		r := x.pausedBeforeNodes(t, s, 7)
		if _, err := s.Revert(t.Context(), r.Plan.ID, ann); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
		if c := x.cluster(7); c.Version != "1.32" || c.NodeGroups[0].Version != "1.32" {
			t.Errorf("control plane %s, nodes %s", c.Version, c.NodeGroups[0].Version)
		}
	})
}
