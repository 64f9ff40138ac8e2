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

// workloadsOf counts what a service asks of Kubernetes as calls of its process.
type workloadsOf struct {
	remediation.Workloads

	p *process
}

func (w workloadsOf) Rollout(ctx context.Context, now *inventory.Snapshot, ref inventory.WorkloadRef) (r plan.Rollout, err error) {
	err = w.p.call(func() error {
		r, err = w.Workloads.Rollout(ctx, now, ref)
		return err
	})
	return r, err
}

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

// The process is killed before and after every single call that it makes while it
// applies a plan. Another goes on: each workload was rolled out once, the plan is
// done, and the severity fell.
func TestImagesAppliedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x := newStreet(t)
	// One workload of two containers: the calls of an action are the same for each.
	x.manifest, _, _ = strings.Cut(x.manifest, "---")
	x.remove(t, "statefulsets/index", "daemonsets/agent")
	living := remediation.New(x.parts)
	x.restore(t)
	immortal := &process{Config: x.parts}
	x.done(t, serviceOf(immortal), started(t, living, x.request(highPriority)).Plan.ID, plan.Done)
	calls := immortal.calls
	if calls < 10 {
		t.Fatalf("a plan makes %d calls", calls)
	}
	for i := range 2 * calls {
		p := &process{Config: x.parts, at: i/2 + 1, after: i%2 == 1}
		t.Run(fmt.Sprintf("call %d, after %t", p.at, p.after), func(t *testing.T) {
			before := x.restore(t).Severity
			generation := x.generation(t)
			id := started(t, living, x.request(highPriority)).Plan.ID
			if _, err := x.carry(t, serviceOf(p), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			heir := x.parts
			heir.Holder = "heir"
			x.later(2 * time.Minute) // the lease of the killed one ends
			r := x.done(t, remediation.New(heir), id, plan.Done)
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
	x := newStreet(t)
	x.manifest, _, _ = strings.Cut(x.manifest, "---")
	x.remove(t, "statefulsets/index", "daemonsets/agent")
	living := remediation.New(x.parts)
	fixed := shared(t).images.Image("shop-search-v3.0.2")
	begin := func() string {
		x.restore(t)
		x.controllers.Broken = func(reference string) bool { return strings.HasSuffix(reference, fixed.Digest) }
		return started(t, living, x.request(highPriority)).Plan.ID
	}
	immortal := &process{Config: x.parts}
	x.done(t, serviceOf(immortal), begin(), plan.Stopped)
	was := x.images(t)
	// From the rollout that stands still on: what is before is the same as above.
	for at := immortal.calls * 3 / 5; at <= immortal.calls; at++ {
		p := &process{Config: x.parts, at: at, after: at%2 == 1}
		t.Run(fmt.Sprintf("call %d, after %t", p.at, p.after), func(t *testing.T) {
			id := begin()
			generation := x.generation(t)
			if _, err := x.carry(t, serviceOf(p), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			heir := x.parts
			heir.Holder = "heir"
			x.later(2 * time.Minute)
			r := x.done(t, remediation.New(heir), id, plan.Stopped)
			if got := x.images(t); !maps.Equal(got, was) || x.generation(t) != generation+2 || !strings.Contains(r.Problem, "it was undone") {
				t.Errorf("changed %d times, the images are %v, problem %q", x.generation(t)-generation, got, r.Problem)
			}
		})
	}
}

// serviceOf is a service in a process whose looks at workloads count, too.
func serviceOf(p *process) *remediation.Service {
	p.Workloads = workloadsOf{p.Workloads, p}
	return p.service()
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
		defer x.apply(t, kube.ChangeManifest())
		r := started(t, plain, x.request(highPriority))
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "cannot get resource") {
			t.Errorf("problem %q", r.Problem)
		}
		for name, reference := range x.images(t) {
			if reference != was[name] {
				t.Errorf("%s has %s, and had %s", name, reference, was[name])
			}
		}
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
