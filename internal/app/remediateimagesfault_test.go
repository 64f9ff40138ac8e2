package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

const highPriority = "high-priority-vulnerability"

// changesOf counts the changes of workloads that an actor made, by workload.
type changesOf struct {
	remediation.Actor

	begun map[string]int
}

func (c changesOf) Begin(ctx context.Context, a plan.Action, ref inventory.ClusterRef, token string) (string, error) {
	id, err := c.Actor.Begin(ctx, a, ref, token)
	if err == nil {
		c.begun[a.To.Images.Workload.Name+" "+id]++
	}
	return id, err
}

// restore gives all workloads their vulnerable images again, and scans.
func (x *street) restore(t *testing.T) *exposure.Finding {
	t.Helper()
	x.controllers.Broken = nil
	x.apply(t, x.manifest)
	return x.scan(t)
}

// The process is killed wherever it makes a difference while it applies a plan. Another
// goes on: each workload was rolled out once, the plan is done, and the severity fell.
func TestImagesAppliedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x, living := newAlley(t)
	x.restore(t)
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), started(t, living, x.request(highPriority)).Plan.ID, plan.Done)
	if immortal.writes < 7 {
		t.Fatalf("a plan makes %d calls that leave something", immortal.writes)
	}
	for _, p := range deaths(x.parts, immortal.writes) {
		t.Run(p.String(), func(t *testing.T) {
			before := x.restore(t).Severity
			generation := x.generation(t)
			id := started(t, living, x.request(highPriority)).Plan.ID
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			r := x.done(t, x.heir(), id, plan.Done)
			if got := x.generation(t); got != generation+1 {
				t.Errorf("the workload was changed %d times, want once", got-generation)
			}
			if r.Verified.Trait != remediation.Gone || r.Verified.Severity.Rank() >= before.Rank() {
				t.Errorf("the trait is %s, severity %s → %s", r.Verified.Trait, before, r.Verified.Severity)
			}
		})
	}
}

// The same while a rollout that never gets ready is undone: the workload has its old
// images again, the plan has failed, and says why.
func TestImagesUndoneWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x, living := newAlley(t)
	fixed := shared(t).images.Image("shop-search-v3.0.2")
	begin := func() string {
		x.restore(t)
		x.controllers.Broken = func(reference string) bool { return strings.HasSuffix(reference, fixed.Digest) }
		return started(t, living, x.request(highPriority)).Plan.ID
	}
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), begin(), plan.Stopped)
	was := x.images(t)
	// From the rollout that stands still on: what is before is the same as above.
	for _, p := range deaths(x.parts, immortal.writes)[immortal.writes*3/5:] {
		t.Run(p.String(), func(t *testing.T) {
			id := begin()
			generation := x.generation(t)
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			r := x.done(t, x.heir(), id, plan.Stopped)
			if got := x.images(t); !maps.Equal(got, was) || x.generation(t) != generation+2 || !strings.Contains(r.Problem, "it was undone") {
				t.Errorf("changed %d times, the images are %v, problem %q", x.generation(t)-generation, got, r.Problem)
			}
		})
	}
}

// The same while somebody takes back a plan that is done: the workload has its old images
// again, by one change.
func TestImagesTakenBackOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x, living := newAlley(t)
	before := x.restore(t).Severity
	was := x.images(t)
	applied := func() string {
		return x.done(t, living, started(t, living, x.request(highPriority)).Plan.ID, plan.Done).Plan.ID
	}
	back := func(s *remediation.Service, id string) (remediation.Run, error) {
		if r, err := s.Revert(t.Context(), id, bob); err != nil {
			return r, err
		}
		return x.carry(t, s, id)
	}
	immortal := &process{Config: x.parts}
	if r, err := back(immortal.service(), applied()); err != nil || r.State != plan.Reverted || immortal.writes < 7 {
		t.Fatalf("plan is %s after %d calls that leave something: %s, %v", r.State, immortal.writes, r.Problem, err)
	}
	for _, p := range deaths(x.parts, immortal.writes) {
		t.Run(p.String(), func(t *testing.T) {
			id := applied()
			generation := x.generation(t)
			if _, err := back(p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			heir := x.heir()
			r, err := heir.Run(t.Context(), id)
			if err == nil && r.State != plan.Reverted { // else it was killed when all was done
				r, err = back(heir, id)
			}
			if err != nil || r.State != plan.Reverted || r.Verified.Trait != remediation.Present || r.Verified.Severity != before {
				t.Fatalf("plan is %s: %s, verified %+v, %v", r.State, r.Problem, r.Verified, err)
			}
			if got := x.images(t); !maps.Equal(got, was) || x.generation(t) != generation+1 {
				t.Errorf("changed %d times, the images are %v", x.generation(t)-generation, got)
			}
		})
	}
}

// newAlley is a street with one workload of two containers: the calls of an action are the
// same for each.
func newAlley(t *testing.T) (*street, *remediation.Service) {
	t.Helper()
	x := newStreet(t)
	x.manifest, _, _ = strings.Cut(x.manifest, "---")
	x.remove(t, "statefulsets/index", "daemonsets/agent")
	return x, remediation.New(x.parts)
}

// heir is another process that comes after a killed one, whose lease has ended.
func (x *street) heir() *remediation.Service {
	x.later(2 * time.Minute)
	c := x.parts
	c.Holder = "heir"
	return remediation.New(c)
}

// What can go wrong while images are changed: nothing is lost, what fails is undone,
// and the state says the truth.
func TestImagesInBadWeather(t *testing.T) {
	t.Parallel()
	x := newStreet(t)
	w := shared(t)
	plain := remediation.New(x.parts)
	fixed := w.images.Image("shop-search-v3.0.2")
	t.Run("a rollout that never gets ready is undone", func(t *testing.T) {
		before := x.restore(t)
		was := x.images(t)
		x.controllers.Broken = func(reference string) bool { return strings.HasSuffix(reference, fixed.Digest) }
		r := started(t, plain, x.request(highPriority))
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "it got no further for 10m0s") || !strings.Contains(r.Problem, "it was undone") || !strings.Contains(r.Problem, "shop/Deployment/search") {
			t.Errorf("problem %q", r.Problem)
		}
		now := x.images(t)
		if now["search/search"] != was["search/search"] || now["search/agent"] != was["search/agent"] || now["agent/agent"] == was["agent/agent"] || now["index/agent"] != was["index/agent"] {
			t.Errorf("the images are %v; want those of search back, those of agent new, and those of index never changed", now)
		}
		if r.Verified == nil || r.Verified.Trait != remediation.Present || r.Verified.Severity != before.Severity {
			t.Errorf("verified %+v", r.Verified)
		}
		// What held before stays, until somebody wants it back.
		x.controllers.Broken = nil
		if _, err := plain.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, r.Plan.ID, plan.Reverted)
		for name, reference := range x.images(t) {
			if reference != was[name] {
				t.Errorf("%s has %s, and had %s", name, reference, was[name])
			}
		}
	})
	t.Run("the undoing fails too", func(t *testing.T) {
		x.restore(t)
		x.controllers.Broken = func(reference string) bool { return strings.Contains(reference, "shop/search") }
		r := started(t, plain, x.request(highPriority))
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "Take back") {
			t.Errorf("problem %q", r.Problem)
		}
	})
	t.Run("something moved after the approval", func(t *testing.T) {
		x.restore(t)
		r := approved(t, plain, x.request(highPriority))
		other := x.reference(w.images.Image("shop-search-v3.0.3"))
		x.apply(t, strings.ReplaceAll(x.manifest, x.reference(w.images.Image("shop-search")), other))
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "something moved") || !strings.Contains(r.Problem, other) {
			t.Errorf("problem %q", r.Problem)
		}
		if got := x.images(t)["search/search"]; got != other {
			t.Errorf("the template has %s", got)
		}
	})
	t.Run("somebody takes it back while it is rolled out", func(t *testing.T) {
		x.restore(t)
		r := started(t, plain, x.request(highPriority))
		for range maxAdvances {
			var err error
			if r, err = plain.Advance(t.Context(), r.Plan.ID); err != nil {
				t.Fatal(err)
			}
			if r.Steps[0].Update != "" {
				break
			}
			x.later(time.Minute)
		}
		x.apply(t, x.manifest)
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "something moved") {
			t.Errorf("problem %q", r.Problem)
		}
	})
	t.Run("the answer is lost", func(t *testing.T) {
		x.restore(t)
		begun := map[string]int{}
		s := x.hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			id, err := ask()
			if try == 1 && err == nil {
				return "", fmt.Errorf("no answer within the time limit: %w", fault.ErrUnavailable)
			}
			return id, err
		}}, begun)
		x.done(t, s, started(t, s, x.request(highPriority)).Plan.ID, plan.Done)
		for change, times := range begun {
			if times != 1 {
				t.Errorf("%s: %d times", change, times)
			}
		}
	})
	t.Run("changed between the dry run and the patch, and throttled", func(t *testing.T) {
		x.restore(t)
		s := x.hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			switch try {
			case 1:
				return "", fmt.Errorf("the object has been modified: %w", fault.ErrConflict)
			case 2:
				return "", fault.ErrThrottled
			}
			return ask()
		}}, map[string]int{})
		x.done(t, s, started(t, s, x.request(highPriority)).Plan.ID, plan.Done)
	})
	t.Run("denied", func(t *testing.T) {
		x.restore(t)
		was := x.images(t)
		x.apply(t, strings.Replace(kube.ChangeManifest(), "name: "+kube.ChangeGroup, "name: somebody-else", 1))
		r := started(t, plain, x.request(highPriority))
		r = x.done(t, plain, r.Plan.ID, plan.Paused)
		if !strings.Contains(r.Problem, "cannot get resource") || !strings.Contains(r.Problem, "eksposure permissions remediation-kubernetes") {
			t.Errorf("problem %q", r.Problem)
		}
		for name, reference := range x.images(t) {
			if reference != was[name] {
				t.Errorf("%s has %s, and had %s", name, reference, was[name])
			}
		}
		x.apply(t, kube.ChangeManifest())
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, r.Plan.ID, plan.Done)
	})
	t.Run("the workload is gone", func(t *testing.T) {
		x.restore(t)
		r := approved(t, plain, x.request(highPriority))
		x.remove(t, "daemonsets/agent")
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "is not there") {
			t.Errorf("problem %q", r.Problem)
		}
	})
}

// hooked puts hooks between a service and its actor, and counts what the actor does.
func (x *street) hooked(h *hooks, begun map[string]int) *remediation.Service {
	c := x.parts
	h.Actor, h.Clusters = changesOf{c.Actor, begun}, c.Clusters
	c.Actor, c.Clusters = h, h
	return remediation.New(c)
}
