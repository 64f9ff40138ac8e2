package app_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// deletion asks to delete a cluster, which has a Fargate profile too.
func (x *site) deletion(i int) remediation.Request {
	c := x.cluster(i)
	c.DeletionProtection = false
	c.FargateProfiles = []estate.FargateProfile{{Name: "site", Role: "pods", CreatedAt: c.CreatedAt}}
	return remediation.Request{Cluster: x.ref(i).String(), Trait: exposure.DeleteTopic, Option: "delete"}
}

// gone checks that a cluster is deleted and its finding closed.
func (x *site) gone(t *testing.T, i int) {
	t.Helper()
	if f := x.finding(t, i); f.Open() {
		t.Errorf("the finding of a cluster that is gone is %s", f.Status)
	}
	if _, err := x.parts.Clusters.Describe(t.Context(), x.ref(i)); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the cluster: %v", err)
	}
}

// A cluster is deleted from its finding on: nothing is deleted before somebody typed
// its name, and the finding is closed when EKS knows it no more.
func TestDeletion(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, place string) {
		x := newSite(t, 4, place)
		s := remediation.New(x.parts)
		t.Run("its name is typed", func(t *testing.T) {
			r, err := s.Draft(t.Context(), x.deletion(0), ann)
			if err != nil {
				t.Fatal(err)
			}
			if r.Plan.After != "" || !r.Plan.Ends || r.Plan.Reversible() {
				t.Errorf("plan %+v", r.Plan)
			}
			for _, accept := range [][]string{nil, {plan.AcceptAll}, {plan.AcceptAll, "delete cluster-1"}, {plan.AcceptAll, plan.AcceptIrreversible}} {
				if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, accept); !errors.Is(err, fault.ErrInvalid) {
					t.Errorf("accepting %q: %v", accept, err)
				}
			}
			if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, []string{plan.AcceptAll, "delete cluster-0"}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
				t.Fatal(err)
			}
			r = x.done(t, s, r.Plan.ID, plan.Done)
			if r.Verified.Trait != remediation.Gone || len(r.Steps) != len(r.Plan.Actions) || slices.ContainsFunc(r.Steps, func(st remediation.Step) bool { return st.Held.IsZero() }) {
				t.Errorf("%+v", r)
			}
			x.gone(t, 0)
			if _, err := s.Revert(t.Context(), r.Plan.ID, bob); !isConflict(err) {
				t.Errorf("revert: %v", err)
			}
		})
		t.Run("protected", func(t *testing.T) {
			q := x.deletion(1)
			x.cluster(1).DeletionProtection = true
			r, err := s.Draft(t.Context(), q, ann)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); !isConflict(err) || !strings.Contains(err.Error(), "deletion protection") {
				t.Errorf("approved: %v", err)
			}
		})
		t.Run("protected after the approval", func(t *testing.T) {
			r := started(t, s, x.deletion(1))
			x.cluster(1).DeletionProtection = true
			r = x.done(t, s, r.Plan.ID, plan.Stopped)
			if !strings.Contains(r.Problem, "deletion protection") || !x.finding(t, 1).Open() {
				t.Errorf("problem %q", r.Problem)
			}
		})
		t.Run("a part cannot be deleted, and then can", func(t *testing.T) {
			x.cluster(2).Failing = []string{"its security group is in use"}
			r := x.done(t, s, started(t, s, x.deletion(2)).Plan.ID, plan.Stopped)
			if !strings.Contains(r.Problem, "DELETE_FAILED") || !x.finding(t, 2).Open() {
				t.Errorf("problem %q", r.Problem)
			}
			x.done(t, s, started(t, s, x.deletion(2)).Plan.ID, plan.Done)
			x.gone(t, 2)
		})
		t.Run("another node group came meanwhile", func(t *testing.T) {
			r := started(t, s, x.deletion(3))
			c := x.cluster(3)
			more := c.NodeGroups[0]
			more.Name = "more"
			c.NodeGroups = append(slices.Clone(c.NodeGroups), more)
			for range maxAdvances {
				var err error
				if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
					t.Fatal(err)
				}
				x.estate.Finish()
			}
			if r.State != plan.Applying || !strings.Contains(r.Problem, "nodegroups attached") || len(x.cluster(3).NodeGroups) != 1 {
				t.Errorf("plan is %s: %s", r.State, r.Problem)
			}
		})
	})
}

// The process is killed before and after every single call while it deletes a cluster:
// another goes on, and everything is deleted by one call each that EKS took.
func TestDeletedOnceWhoeverIsKilledWhen(t *testing.T) {
	const clusters = 200
	x := newSite(t, clusters, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), started(t, living, x.deletion(0)).Plan.ID, plan.Done)
	calls := immortal.calls
	if calls < 20 || 2*calls >= clusters {
		t.Fatalf("a plan makes %d calls, and there are %d clusters", calls, clusters)
	}
	for i := range 2 * calls {
		cluster, p := i+1, &process{Config: x.parts, at: i/2 + 1, after: i%2 == 1}
		t.Run(fmt.Sprintf("call %d, after %t", p.at, p.after), func(t *testing.T) {
			r := started(t, living, x.deletion(cluster))
			before := x.deleted()
			if _, err := x.carry(t, p.service(), r.Plan.ID); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			heir := x.parts
			heir.Holder = "heir"
			x.later(2 * time.Minute) // the lease of the killed one ends
			x.done(t, remediation.New(heir), r.Plan.ID, plan.Done)
			if got := x.deleted() - before; got != len(r.Plan.Actions) {
				t.Errorf("%d deletions, want one for each of %d actions", got, len(r.Plan.Actions))
			}
			x.gone(t, cluster)
		})
	}
}

// deleted counts the deletions that EKS took.
func (x *site) deleted() int {
	n := 0
	for _, c := range x.estate.Calls() {
		if c.Error == "" && strings.HasPrefix(c.Action, "eks:Delete") {
			n++
		}
	}
	return n
}
