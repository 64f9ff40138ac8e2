package app_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// privateEverywhere asks to make the endpoints of some clusters private.
func (x *site) privateEverywhere(clusters ...int) remediation.FleetRequest {
	q := remediation.FleetRequest{Request: remediation.Request{Trait: "internet-reachable", Option: "private"}, Batch: 2}
	for _, i := range clusters {
		q.Query.Clusters = append(q.Query.Clusters, x.ref(i).String())
	}
	return q
}

func nobodySees(remediation.Drafting) {}

// fleet drafts a fleet plan and approves all of it.
func fleet(t *testing.T, s *remediation.Service, q remediation.FleetRequest) remediation.Fleet {
	t.Helper()
	f, err := s.DraftFleet(t.Context(), q, ann, nobodySees)
	if err != nil {
		t.Fatal(err)
	}
	_, members, err := s.Fleet(t.Context(), f.ID)
	if err != nil {
		t.Fatal(err)
	}
	if f, err = s.ApproveFleet(t.Context(), f.ID, f.Hash, bob, remediation.Demands(members)); err != nil {
		t.Fatal(err)
	}
	if f, err = s.StartFleet(t.Context(), f.ID, bob); err != nil {
		t.Fatal(err)
	}
	return f
}

// waved carries a fleet plan until it is not at work any more, and gives which clusters
// were at work or done when each wave began.
func (x *site) waved(t *testing.T, s *remediation.Service, id string) (remediation.Fleet, []remediation.Run) {
	t.Helper()
	for i := range maxAdvances {
		f, members, err := s.AdvanceFleet(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !f.State.Working() {
			return f, members
		}
		at := 0
		for w, wave := range f.Waves {
			if f.State != plan.Applying {
				break
			}
			for range wave {
				if began := members[at].State != plan.Approved; began && w > 0 {
					for _, r := range members[:at-slices.Index(wave, f.Members()[at])] {
						if r.State != plan.Done {
							t.Fatalf("%s began while %s is %s", f.Members()[at].Cluster.Name, r.Plan.Cluster.Name, r.State)
						}
					}
				}
				at++
			}
		}
		for _, r := range members {
			if r.State.Working() {
				if _, err := s.Advance(t.Context(), r.Plan.ID); err != nil && !isConflict(err) {
					t.Fatal(err)
				}
			}
		}
		x.later(time.Second)
		if i%2 == 1 {
			x.estate.Finish()
		}
	}
	t.Fatal("the fleet plan does not end")
	return remediation.Fleet{}, nil
}

func TestFleetPlans(t *testing.T) {
	t.Parallel()
	storetest.EachPlace(t, func(t *testing.T, place string) {
		x := newSite(t, 14, place)
		s := remediation.New(x.parts)
		t.Run("canaries, then batches", func(t *testing.T) {
			q := x.privateEverywhere(0, 1, 2, 3, 4)
			q.Canaries = []string{"cluster-3"}
			f := fleet(t, s, q)
			var got [][]string
			for _, w := range f.Waves {
				var names []string
				for _, m := range w {
					names = append(names, m.Cluster.Name)
				}
				got = append(got, names)
			}
			if diff := cmp.Diff([][]string{{"cluster-3"}, {"cluster-0", "cluster-1"}, {"cluster-2", "cluster-4"}}, got); diff != "" {
				t.Errorf("waves (-want +got):\n%s", diff)
			}
			f, members := x.waved(t, s, f.ID)
			if f.State != plan.Done || slices.ContainsFunc(members, func(r remediation.Run) bool { return r.State != plan.Done }) {
				t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
			}
			for i := range 5 {
				if x.cluster(i).Public || x.finding(t, i).Trait("internet-reachable") != nil {
					t.Errorf("cluster %d is as before", i)
				}
			}
		})
		t.Run("a failure stops it", func(t *testing.T) {
			q := x.privateEverywhere(5, 6, 7)
			q.Batch = 1
			f := fleet(t, s, q)
			x.cluster(6).Failing = []string{"the subnets have no free addresses"}
			f, members := x.waved(t, s, f.ID)
			if f.State != plan.Stopped || !strings.Contains(f.Problem, "cluster-6") || !strings.Contains(f.Problem, "no free addresses") {
				t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
			}
			if _, err := s.Start(t.Context(), members[2].Plan.ID, bob); !isConflict(err) {
				t.Errorf("a plan of a wave that never came was applied: %v", err)
			}
			if f, members, err := s.Fleet(t.Context(), f.ID); err != nil || members[0].State != plan.Done || members[2].State != plan.Cancelled || len(x.cluster(7).Updates) != 0 {
				t.Errorf("fleet plan is %s, plans are %s, %s, %s", f.State, members[0].State, members[1].State, members[2].State)
			}
		})
		t.Run("a role without the right stops it for a while", func(t *testing.T) {
			q := x.privateEverywhere(7, 8)
			q.Batch = 1
			denied := x.hooked(&hooks{begin: onlyFirst(fmt.Errorf("eks:UpdateClusterConfig: %w", fault.ErrDenied))})
			f := fleet(t, denied, q)
			f, members := x.waved(t, denied, f.ID)
			if f.State != plan.Paused || !strings.Contains(f.Problem, "cluster-7") || !strings.Contains(f.Problem, "eks:UpdateClusterConfig") || members[1].State != plan.Approved {
				t.Fatalf("fleet plan is %s: %s; plans are %s, %s", f.State, f.Problem, members[0].State, members[1].State)
			}
			if _, err := denied.StartFleet(t.Context(), f.ID, bob); err != nil {
				t.Fatal(err)
			}
			if f, _ = x.waved(t, denied, f.ID); f.State != plan.Done || x.cluster(7).Public || x.cluster(8).Public {
				t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
			}
			x.taken(t, denied, f.ID)
		})
		t.Run("paused, resumed and cancelled", func(t *testing.T) {
			f := fleet(t, s, x.privateEverywhere(7, 8, 9))
			if _, _, err := s.AdvanceFleet(t.Context(), f.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := s.PauseFleet(t.Context(), f.ID, ann); err != nil {
				t.Fatal(err)
			}
			_, members, err := s.AdvanceFleet(t.Context(), f.ID)
			if err != nil || members[0].State != plan.Paused || members[1].State != plan.Approved {
				t.Fatalf("plans are %s, %s; %v", members[0].State, members[1].State, err)
			}
			if _, err := s.StartFleet(t.Context(), f.ID, ann); err != nil {
				t.Fatal(err)
			}
			if _, members, err = s.Fleet(t.Context(), f.ID); err != nil || members[0].State != plan.Applying {
				t.Fatalf("the first plan is %s, %v", members[0].State, err)
			}
			x.done(t, s, members[0].Plan.ID, plan.Done)
			if _, err := s.CancelFleet(t.Context(), f.ID, ann); !isConflict(err) {
				t.Errorf("cancelled at work: %v", err)
			}
			if _, err := s.PauseFleet(t.Context(), f.ID, ann); err != nil {
				t.Fatal(err)
			}
			if f, err = s.CancelFleet(t.Context(), f.ID, ann); err != nil || f.State != plan.Cancelled {
				t.Fatal(f.State, err)
			}
			if _, members, err = s.Fleet(t.Context(), f.ID); err != nil || members[0].State != plan.Done || members[1].State != plan.Cancelled {
				t.Errorf("plans are %s, %s; %v", members[0].State, members[1].State, err)
			}
		})
		t.Run("what cannot be planned is left out", func(t *testing.T) {
			q := x.privateEverywhere(10, 11)
			q.Request.Option, q.Request.CIDRs = "public", []string{"203.0.113.0/24"}
			x.cluster(11).Name = "renamed"
			q.Canaries = []string{"cluster-11"}
			if _, err := s.DraftFleet(t.Context(), q, ann, nobodySees); !isConflict(err) || !strings.Contains(err.Error(), `canary "cluster-11" cannot be planned: `) {
				t.Errorf("without the canary that was named: %v", err)
			}
			q.Canaries = nil
			f, err := s.DraftFleet(t.Context(), q, ann, nobodySees)
			if err != nil || len(f.Members()) != 1 || len(f.Omitted) != 1 || f.Omitted[0].Cluster.Name != "cluster-11" || !strings.Contains(f.Omitted[0].Reason, "No cluster found") {
				t.Errorf("%+v, %v", f, err)
			}
		})
		t.Run("approval", func(t *testing.T) {
			f, err := s.DraftFleet(t.Context(), x.privateEverywhere(12, 13), ann, nobodySees)
			if err != nil {
				t.Fatal(err)
			}
			for name, try := range map[string]struct {
				hash   string
				accept []string
				want   error
			}{
				"another hash": {f.Hash[1:] + "0", []string{plan.AcceptAll}, fault.ErrConflict}, "nothing accepted": {f.Hash, nil, fault.ErrInvalid}, "something else accepted": {f.Hash, []string{"moon"}, fault.ErrInvalid},
			} {
				if _, err := s.ApproveFleet(t.Context(), f.ID, try.hash, bob, try.accept); !errors.Is(err, try.want) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if _, err := s.StartFleet(t.Context(), f.ID, bob); !isConflict(err) {
				t.Errorf("started before its approval: %v", err)
			}
			second := f.Waves[1][0]
			if _, err := s.Approve(t.Context(), second.Plan, second.Hash, bob, []string{plan.AcceptAll}); !isConflict(err) || !strings.Contains(err.Error(), "remediate fleet approve "+f.ID) {
				t.Errorf("a plan was approved without its fleet plan: %v", err)
			}
			if f, err = s.ApproveFleet(t.Context(), f.ID, f.Hash, bob, []string{plan.AcceptAll}); err != nil || f.State != plan.Approved {
				t.Errorf("approved: %s, %v", f.State, err)
			}
			if _, err := s.Start(t.Context(), second.Plan, bob); !isConflict(err) || !strings.Contains(err.Error(), "remediate fleet apply "+f.ID) {
				t.Errorf("a plan of the second wave was applied before the first: %v", err)
			}
		})
		t.Run("all of it is approved, or nothing", func(t *testing.T) {
			f, err := s.DraftFleet(t.Context(), x.privateEverywhere(12, 13), ann, nobodySees)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Cancel(t.Context(), f.Waves[1][0].Plan, ann); err != nil {
				t.Fatal(err)
			}
			if _, err := s.ApproveFleet(t.Context(), f.ID, f.Hash, bob, []string{plan.AcceptAll}); !isConflict(err) || !strings.Contains(err.Error(), "draft another") {
				t.Errorf("approved with a plan that is cancelled: %v", err)
			}
			if f, members, err := s.Fleet(t.Context(), f.ID); err != nil || f.State != plan.Drafted || members[0].State != plan.Drafted {
				t.Errorf("fleet plan is %s, its first plan %s, %v", f.State, members[0].State, err)
			}
			if f, err = s.CancelFleet(t.Context(), f.ID, ann); err != nil || f.State != plan.Cancelled {
				t.Errorf("fleet plan is %s, %v", f.State, err)
			}
		})
	})
}

// taken carries a fleet plan back to its end, and gives in which order its plans were
// taken back.
func (x *site) taken(t *testing.T, s *remediation.Service, id string) (f remediation.Fleet, order []string) {
	t.Helper()
	if f, err := s.RevertFleet(t.Context(), id, bob); err != nil && f.State != plan.Reverted {
		t.Fatal(err)
	}
	for range maxAdvances {
		f, members, err := s.AdvanceFleet(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range members {
			if name := r.Plan.Cluster.Name; r.State == plan.Reverting && !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
		if !f.State.Working() {
			return f, order
		}
		for _, r := range members {
			if r.State.Working() {
				if _, err := x.carry(t, s, r.Plan.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	t.Fatal("the fleet plan is not taken back")
	return remediation.Fleet{}, nil
}

// A fleet plan is taken back as a whole, the last wave first, as far as its plans can be.
func TestFleetPlansAreTakenBack(t *testing.T) {
	t.Parallel()
	storetest.EachPlace(t, func(t *testing.T, place string) {
		x := newSite(t, 8, place)
		s := remediation.New(x.parts)
		t.Run("all of it", func(t *testing.T) {
			q := x.privateEverywhere(0, 1, 2)
			q.Batch = 1
			f := fleet(t, s, q)
			if _, err := s.RevertFleet(t.Context(), f.ID, bob); !isConflict(err) {
				t.Errorf("taken back at work: %v", err)
			}
			x.waved(t, s, f.ID)
			f, order := x.taken(t, s, f.ID)
			if diff := cmp.Diff([]string{"cluster-2", "cluster-1", "cluster-0"}, order); diff != "" || f.State != plan.Reverted || len(f.Kept) > 0 {
				t.Errorf("fleet plan is %s: %s, kept %v, taken back (-want +got):\n%s", f.State, f.Problem, f.Kept, diff)
			}
			for i := range 3 {
				if c := x.cluster(i); !c.Public || c.Private || len(c.Updates) != 4 {
					t.Errorf("cluster %d: public %t, private %t, %d updates", i, c.Public, c.Private, len(c.Updates))
				}
			}
			if _, err := s.RevertFleet(t.Context(), f.ID, bob); !isConflict(err) {
				t.Errorf("taken back twice: %v", err)
			}
		})
		t.Run("one that failed, and what did not begin is cancelled", func(t *testing.T) {
			q := x.privateEverywhere(3, 4, 5)
			q.Batch = 1
			f := fleet(t, s, q)
			x.cluster(4).Failing = []string{"the subnets have no free addresses"}
			if f, _ = x.waved(t, s, f.ID); f.State != plan.Stopped {
				t.Fatalf("fleet plan is %s", f.State)
			}
			x.cluster(3).Failing = []string{"EKS has a bad day"}
			f, order := x.taken(t, s, f.ID)
			if f.State != plan.Stopped || !strings.Contains(f.Problem, "EKS has a bad day") {
				t.Errorf("fleet plan is %s: %s", f.State, f.Problem)
			}
			x.cluster(3).Failing = nil
			f, again := x.taken(t, s, f.ID)
			if diff := cmp.Diff([]string{"cluster-4", "cluster-3", "cluster-3"}, append(order, again...)); diff != "" || f.State != plan.Reverted {
				t.Errorf("fleet plan is %s: %s, taken back (-want +got):\n%s", f.State, f.Problem, diff)
			}
			_, members, err := s.Fleet(t.Context(), f.ID)
			if err != nil || members[2].State != plan.Cancelled || !x.cluster(3).Public || !x.cluster(4).Public {
				t.Errorf("the plan that did not begin is %s, %v", members[2].State, err)
			}
		})
		t.Run("what cannot be undone", func(t *testing.T) {
			q := x.privateEverywhere(6)
			q.Request = remediation.Request{Trait: "unencrypted-kubernetes-secrets", Option: "associate", KeyARN: x.key}
			f := fleet(t, s, q)
			x.waved(t, s, f.ID)
			if _, err := s.RevertFleet(t.Context(), f.ID, bob); !isConflict(err) || !strings.Contains(err.Error(), "cluster-6") || !strings.Contains(err.Error(), "cannot be undone") {
				t.Errorf("taken back: %v", err)
			}
		})
	})
}

// The process that takes a fleet plan back is killed wherever it makes a difference, while
// others do the work of its plans: another goes on, and everything is as it was, by
// one update for each action.
func TestFleetTakenBackOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x := newSite(t, 2, filepath.Join(t.TempDir(), "eksposure.db"))
	living := remediation.New(x.parts)
	f := fleet(t, living, x.privateEverywhere(0, 1))
	x.waved(t, living, f.ID)
	immortal := &process{Config: x.parts}
	takenBack := func(p *process) {
		dying := p.service()
		if _, err := dying.RevertFleet(t.Context(), f.ID, bob); err == nil {
			x.fleetAsFar(t, dying, living, f.ID)
		}
	}
	takenBack(immortal)
	if immortal.writes < 8 {
		t.Errorf("taking back makes %d calls that leave something", immortal.writes)
	}
	for _, p := range deaths(x.parts, immortal.writes) {
		f = fleet(t, living, x.privateEverywhere(0, 1))
		x.waved(t, living, f.ID)
		before := len(x.cluster(0).Updates) + len(x.cluster(1).Updates)
		if takenBack(p); !p.dead {
			t.Fatalf("%s: it was not killed", p)
		}
		now, _ := x.taken(t, x.heir(), f.ID)
		if got := len(x.cluster(0).Updates) + len(x.cluster(1).Updates) - before; now.State != plan.Reverted || got != 4 || !x.cluster(0).Public || !x.cluster(1).Public {
			t.Fatalf("%s: fleet plan is %s: %s, by %d updates", p, now.State, now.Problem, got)
		}
	}
}

// fleetAsFar carries a fleet plan until its process is killed; another does the work of its
// plans.
func (x *site) fleetAsFar(t *testing.T, s, other *remediation.Service, id string) {
	t.Helper()
	for range maxAdvances {
		f, members, err := s.AdvanceFleet(t.Context(), id)
		if err != nil || !f.State.Working() {
			return
		}
		for _, r := range members {
			if r.State.Working() {
				if _, err := x.carry(t, other, r.Plan.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestFleetPlansAreGuarded(t *testing.T) {
	t.Parallel()
	x := newSite(t, 2, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	for name, change := range map[string]func(*remediation.FleetRequest) error{
		"no wave": func(q *remediation.FleetRequest) error { q.Batch = 0; return fault.ErrInvalid },
		"nobody has it": func(q *remediation.FleetRequest) error {
			q.Request.Trait = "end-of-life-operating-system"
			return fault.ErrNotFound
		},
		"another account": func(q *remediation.FleetRequest) error {
			q.Query.Accounts = []string{"000000000000"}
			return fault.ErrNotFound
		},
		"out of scope": func(q *remediation.FleetRequest) error {
			q.Query.Scope.Clusters = []string{x.ref(0).String() + "-of-others"}
			return fault.ErrNotFound
		},
		"no such canary":   func(q *remediation.FleetRequest) error { q.Canaries = []string{"cluster-9"}; return fault.ErrNotFound },
		"all are left out": func(q *remediation.FleetRequest) error { q.Request.Option = "moon"; return fault.ErrConflict },
		"delete just any one": func(q *remediation.FleetRequest) error {
			q.Request = remediation.Request{Trait: exposure.DeleteTopic, Option: "delete"}
			q.Query.Clusters = nil
			return fault.ErrInvalid
		},
	} {
		q := x.privateEverywhere(0, 1)
		want := change(&q)
		if _, err := s.DraftFleet(t.Context(), q, ann, nobodySees); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, _, err := s.Fleet(t.Context(), "none"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("no such fleet plan: %v", err)
	}
	f := fleet(t, s, x.privateEverywhere(0, 1))
	db, ok := x.parts.Log.(*store.DB)
	if !ok {
		t.Fatalf("the audit log is a %T", x.parts.Log)
	}
	lines, err := db.AuditLog(t.Context(), access.AuditQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, operation := range []string{"remediate plan fleet", "remediate approve fleet", "remediate apply fleet"} {
		if !slices.ContainsFunc(lines, func(l access.AuditLine) bool { return l.Operation == operation && l.Target == f.ID }) {
			t.Errorf("the audit log has no %q of %s", operation, f.ID)
		}
	}
}
