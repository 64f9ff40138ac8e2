package app_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// The process is killed wherever it makes a difference while it applies an upgrade by one version, with an action of each kind. Another goes on, and
// EKS was asked for one update per action.
func TestUpgradedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 45
	x := versions(t, clusters, func(_ int, c *estate.Cluster) { proxyAlone(c) })
	living := remediation.New(x.parts)
	immortal := &process{Config: x.parts}
	first := x.done(t, immortal.service(), started(t, living, x.upgrade(0, "1.33")).Plan.ID, plan.Done)
	if w := immortal.writes; w < 15 || w+2 > clusters || len(first.Plan.Actions) != 3 {
		t.Fatalf("a plan of %d actions makes %d calls that leave something, and there are %d clusters", len(first.Plan.Actions), w, clusters)
	}
	for i, p := range deaths(x.parts, immortal.writes) {
		cluster := i + 1
		t.Run(p.String(), func(t *testing.T) {
			id := started(t, living, x.upgrade(cluster, "1.33")).Plan.ID
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			x.done(t, x.heir(), id, plan.Done)
			c := x.cluster(cluster)
			if len(c.Updates) != 3 || c.Version != "1.33" || c.NodeGroups[0].Version != "1.33" || c.Addons[0].Version != "v1.33.2-eksbuild.3" || c.Addons[0].Role != "proxy" {
				t.Errorf("%d updates, control plane %s, nodes %s, add-on %+v", len(c.Updates), c.Version, c.NodeGroups[0].Version, c.Addons[0])
			}
		})
	}
}

// pausedBeforeNodes upgrades a cluster, and pauses when only the last node groups are left to
// be upgraded.
func (x *site) pausedBeforeNodes(t *testing.T, s *remediation.Service, cluster int, to string) remediation.Run {
	t.Helper()
	r := started(t, s, x.upgrade(cluster, to))
	for r.Steps[len(r.Steps)-2].Held.IsZero() {
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

// back takes a plan back, from when that is asked for to its end.
func (x *site) back(t *testing.T, s *remediation.Service, id string) (remediation.Run, error) {
	t.Helper()
	if r, err := s.Revert(t.Context(), id, bob); err != nil {
		return r, err
	}
	return x.carry(t, s, id)
}

// inherited is a plan that one process takes back until it is killed, and another to its
// end.
func (x *site) inherited(t *testing.T, p *process, id string) remediation.Run {
	t.Helper()
	if _, err := x.back(t, p.service(), id); !errors.Is(err, errKilled) {
		t.Fatalf("it was not killed: %v", err)
	}
	heir := x.heir()
	r, err := heir.Run(t.Context(), id)
	if err == nil && r.State != plan.Reverted { // else it was killed when all was done
		r, err = x.back(t, heir, id)
	}
	if err != nil || r.State != plan.Reverted || r.Verified.Trait != remediation.Present {
		t.Fatalf("plan is %s: %s, %v", r.State, r.Problem, err)
	}
	return r
}

// The process is killed wherever it makes a difference while an upgrade by two versions is
// taken back, of which only the last nodes were left: the add-on, and then the control plane,
// which EKS rolls back as long as no node has the newer version. Another goes on, and EKS was
// asked for one update each. What was done before the nodes of the first version stays, with
// them.
func TestUpgradeTakenBackOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 30
	x := versions(t, clusters, func(_ int, c *estate.Cluster) { proxyAlone(c) })
	living := remediation.New(x.parts)
	as := func(t *testing.T, r remediation.Run, cluster int) {
		t.Helper()
		c := x.cluster(cluster)
		if len(c.Updates) != 7 || c.Version != "1.33" || c.NodeGroups[0].Version != "1.33" || c.Addons[0].Version != "v1.33.2-eksbuild.3" || c.Addons[0].Role != "proxy" {
			t.Errorf("%d updates, control plane %s, nodes %s, add-on %+v", len(c.Updates), c.Version, c.NodeGroups[0].Version, c.Addons[0])
		}
		if _, stays := r.Undoes(); len(r.Back) != 2 || !strings.Contains(stays, "does not roll a node group back") {
			t.Errorf("%d steps back; stays: %s", len(r.Back), stays)
		}
	}
	immortal := &process{Config: x.parts}
	r, err := x.back(t, immortal.service(), x.pausedBeforeNodes(t, living, 0, "1.34").Plan.ID)
	if err != nil || r.State != plan.Reverted {
		t.Fatalf("plan is %s: %s, %v", r.State, r.Problem, err)
	}
	as(t, r, 0)
	if w := immortal.writes; w < 10 || w+2 > clusters {
		t.Fatalf("a revert makes %d calls that leave something, and there are %d clusters", w, clusters)
	}
	for i, p := range deaths(x.parts, immortal.writes) {
		t.Run(p.String(), func(t *testing.T) {
			as(t, x.inherited(t, p, x.pausedBeforeNodes(t, living, i+1, "1.34").Plan.ID), i+1)
		})
	}
}

// What can go wrong while a cluster is upgraded.
func TestUpgradingInBadWeather(t *testing.T) {
	t.Parallel()
	x := versions(t, 9, func(i int, c *estate.Cluster) {
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
	t.Run("all of it is done, nodes too", func(t *testing.T) {
		r := x.done(t, s, started(t, s, x.upgrade(8, "1.33")).Plan.ID, plan.Done)
		_, err := s.Revert(t.Context(), r.Plan.ID, bob)
		if !isConflict(err) || !strings.Contains(err.Error(), "does not roll a node group back") {
			t.Errorf("revert: %v", err)
		}
		if r, err = s.Run(t.Context(), r.Plan.ID); err != nil || r.State != plan.Done || slices.Contains(r.Moves(), remediation.MoveRevert) || len(x.cluster(8).Updates) != 3 {
			t.Errorf("plan is %s, can be moved by %v, after %d updates, %v", r.State, r.Moves(), len(x.cluster(8).Updates), err)
		}
	})
	t.Run("paused before the nodes", func(t *testing.T) {
		r := x.pausedBeforeNodes(t, s, 7, "1.33")
		if _, err := s.Revert(t.Context(), r.Plan.ID, ann); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
		if c := x.cluster(7); c.Version != "1.32" || c.NodeGroups[0].Version != "1.32" {
			t.Errorf("control plane %s, nodes %s", c.Version, c.NodeGroups[0].Version)
		}
	})
}
