package app_test

import (
	"errors"
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
	t.Parallel()
	storetest.EachPlace(t, func(t *testing.T, place string) {
		x := newSite(t, 3, place)
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
	})
}

// What comes to a cluster while it is being deleted is not deleted with it: the plan
// fails and names it, and so does the fleet plan that it is one of.
func TestDeletionStopsAtWhatIsNew(t *testing.T) {
	t.Parallel()
	moreNodes := func(c *estate.Cluster) {
		c.NodeGroups = append(slices.Clone(c.NodeGroups), estate.NodeGroup{Name: "more", Role: "pods", Version: c.Version, CreatedAt: c.CreatedAt})
	}
	tests := []struct {
		name string
		come func(*estate.Cluster)
		says string
	}{
		{"a node group", moreNodes, "nodegroup/cluster-0/more/"},
		{"a Fargate profile", func(c *estate.Cluster) {
			c.FargateProfiles = append(slices.Clone(c.FargateProfiles), estate.FargateProfile{Name: "more", Role: "pods", CreatedAt: c.CreatedAt})
		}, "fargateprofile/cluster-1/more/"},
		{"an add-on", func(c *estate.Cluster) {
			c.Addons = append(slices.Clone(c.Addons), estate.Addon{Name: "more", Version: "v1", CreatedAt: c.CreatedAt})
		}, "addon/cluster-2/more/"},
		{"a pod identity association", func(c *estate.Cluster) {
			c.PodIdentities = append(slices.Clone(c.PodIdentities), estate.PodIdentity{ID: "a-more", Namespace: "more", ServiceAccount: "more", Role: "pods"})
		}, "podidentityassociation/cluster-3/"},
		{"a node group, when everything else is gone", moreNodes, "nodegroup/cluster-4/more/"},
	}
	x := newSite(t, len(tests)+1, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := started(t, s, x.deletion(i))
			at := 0
			if i == len(tests)-1 {
				at = len(r.Steps) - 2
			}
			for r.Steps[at].Held.IsZero() {
				var err error
				if r, err = s.Advance(t.Context(), r.Plan.ID); err != nil {
					t.Fatal(err)
				}
				x.estate.Finish()
				x.later(time.Second)
			}
			tt.come(x.cluster(i))
			deleted := x.deleted()
			r = x.done(t, s, r.Plan.ID, plan.Stopped)
			if !strings.Contains(r.Problem, tt.says) || !strings.Contains(r.Problem, "draft a new plan") || x.deleted() != deleted {
				t.Errorf("%d deletions more, problem %q", x.deleted()-deleted, r.Problem)
			}
			x.done(t, s, started(t, s, x.deletion(i)).Plan.ID, plan.Done) // the way on
			x.gone(t, i)
		})
	}
	t.Run("in a fleet plan", func(t *testing.T) {
		q := remediation.FleetRequest{Request: x.deletion(len(tests)), Batch: 1}
		q.Query.Clusters = []string{x.ref(len(tests)).String()}
		f := fleet(t, s, q)
		tests[0].come(x.cluster(len(tests)))
		f, _ = x.waved(t, s, f.ID)
		if f.State != plan.Stopped || !strings.Contains(f.Problem, "nodegroup/cluster-5/more/") {
			t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
		}
	})
}

// The process is killed wherever it makes a difference while it deletes a cluster:
// another goes on, and everything is deleted by one call each that EKS took.
func TestDeletedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 60
	x := newSite(t, clusters, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), started(t, living, x.deletion(0)).Plan.ID, plan.Done)
	if w := immortal.writes; w < 10 || w+2 > clusters {
		t.Fatalf("a plan makes %d calls that leave something, and there are %d clusters", w, clusters)
	}
	for i, p := range deaths(x.parts, immortal.writes) {
		cluster := i + 1
		t.Run(p.String(), func(t *testing.T) {
			r := started(t, living, x.deletion(cluster))
			before := x.deleted()
			if _, err := x.carry(t, p.service(), r.Plan.ID); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			x.done(t, x.heir(), r.Plan.ID, plan.Done)
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
