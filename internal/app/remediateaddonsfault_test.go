package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// The process is killed wherever it makes a difference while it updates an add-on, and while
// that is taken back. Another goes on, and EKS was asked for one update each.
func TestAddonsUpdatedOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	const clusters = 26
	x := addons(t, clusters)
	living := remediation.New(x.parts)
	immortal := &process{Config: x.parts}
	id := x.done(t, immortal.service(), started(t, living, x.addon(0)).Plan.ID, plan.Done).Plan.ID
	forth := immortal.writes
	returning := &process{Config: x.parts}
	if r, err := x.back(t, returning.service(), id); err != nil || r.State != plan.Reverted {
		t.Fatalf("plan is %s: %s, %v", r.State, r.Problem, err)
	}
	if need := forth + returning.writes + 3; forth < 5 || need > clusters {
		t.Fatalf("%d and %d calls leave something, and there are %d clusters", forth, returning.writes, clusters)
	}
	as := func(t *testing.T, cluster, updates int, version string) {
		t.Helper()
		c := x.cluster(cluster)
		if len(c.Updates) != updates || c.Addons[0].Version != version || c.Addons[0].Role != "dns" {
			t.Errorf("%d updates, add-on %+v", len(c.Updates), c.Addons[0])
		}
	}
	cluster := 0
	for _, p := range deaths(x.parts, forth) {
		cluster++
		t.Run(fmt.Sprintf("forth %s", p), func(t *testing.T) {
			id := started(t, living, x.addon(cluster)).Plan.ID
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			x.done(t, x.heir(), id, plan.Done)
			as(t, cluster, 1, fixedDNS)
		})
	}
	for _, p := range deaths(x.parts, returning.writes) {
		cluster++
		t.Run(fmt.Sprintf("back %s", p), func(t *testing.T) {
			id := x.done(t, living, started(t, living, x.addon(cluster)).Plan.ID, plan.Done).Plan.ID
			x.inherited(t, p, id)
			as(t, cluster, 2, oldDNS)
		})
	}
}

// What can go wrong while an add-on is updated.
func TestUpdatingAddonsInBadWeather(t *testing.T) {
	t.Parallel()
	x := addons(t, 7)
	s := remediation.New(x.parts)
	t.Run("EKS gives the update up", func(t *testing.T) {
		before := x.finding(t, 0).Severity
		r := started(t, s, x.addon(0))
		x.cluster(0).Failing = []string{"ConfigurationConflict: Conflicts found when trying to apply"}
		r = x.done(t, s, r.Plan.ID, plan.Stopped)
		if c := x.cluster(0); !strings.Contains(r.Problem, "ConfigurationConflict") || c.Addons[0].Version != oldDNS || c.Addons[0].Status != "UPDATE_FAILED" || x.finding(t, 0).Severity != before {
			t.Errorf("problem %q, add-on %+v", r.Problem, c.Addons[0])
		}
		if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, s, r.Plan.ID, plan.Reverted)
		if a := x.cluster(0).Addons[0]; a.Status != "ACTIVE" || a.Version != oldDNS {
			t.Errorf("add-on %+v", a)
		}
	})
	t.Run("EKS refuses it", func(t *testing.T) {
		s := x.hooked(&hooks{begin: func(int, func() (string, error)) (string, error) {
			return "", fmt.Errorf("InvalidParameterException: Addon version specified is not supported: %w", fault.ErrInvalid)
		}})
		r := x.done(t, s, started(t, s, x.addon(1)).Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "not supported") || len(x.cluster(1).Updates) != 0 {
			t.Errorf("problem %q", r.Problem)
		}
	})
	t.Run("somebody updated it meanwhile", func(t *testing.T) {
		r := approved(t, s, x.addon(2))
		x.cluster(2).Addons[0].Version = lackDNS
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, s, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "something moved") || !strings.Contains(r.Problem, lackDNS) || len(x.cluster(2).Updates) != 0 {
			t.Errorf("problem %q", r.Problem)
		}
	})
	t.Run("somebody's update is under way", func(t *testing.T) {
		r := approved(t, s, x.addon(3))
		x.cluster(3).Addons[0].Status = "UPDATING"
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r, err := s.Advance(t.Context(), r.Plan.ID)
		if err != nil || r.State != plan.Applying || !strings.Contains(r.Problem, "the add-on coredns is UPDATING") || len(x.cluster(3).Updates) != 0 {
			t.Errorf("%s: %s, %v", r.State, r.Problem, err)
		}
		x.cluster(3).Addons[0].Status = ""
		x.done(t, s, r.Plan.ID, plan.Done)
	})
	t.Run("the answer is lost", func(t *testing.T) {
		s := x.hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			id, err := ask()
			if try == 1 && err == nil {
				return "", fmt.Errorf("no answer within the time limit: %w", fault.ErrUnavailable)
			}
			return id, err
		}})
		x.done(t, s, started(t, s, x.addon(4)).Plan.ID, plan.Done)
		if got := len(x.cluster(4).Updates); got != 1 {
			t.Errorf("%d updates", got)
		}
	})
	t.Run("pods of the old version take their time", func(t *testing.T) {
		late, before := 3, x.finding(t, 5)
		s := x.hooked(&hooks{rescan: func(o *exposure.Outcome, err error) (*exposure.Outcome, error) {
			if late--; err == nil && late > 0 {
				return &exposure.Outcome{Finding: before}, nil
			}
			return o, err
		}})
		r := started(t, s, x.addon(5))
		r = x.done(t, s, r.Plan.ID, plan.Done)
		if late > 0 || r.Verified.Trait != remediation.Gone {
			t.Errorf("%d more scans, verified %+v", late, r.Verified)
		}
	})
	t.Run("pods of the old version stay", func(t *testing.T) {
		before := x.finding(t, 6)
		s := x.hooked(&hooks{rescan: func(_ *exposure.Outcome, err error) (*exposure.Outcome, error) {
			x.later(10 * time.Minute)
			return &exposure.Outcome{Finding: before}, err
		}})
		r := x.done(t, s, started(t, s, x.addon(6)).Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "pods run what the add-on shipped before: eks/coredns:"+oldDNS) {
			t.Errorf("problem %q", r.Problem)
		}
	})
}

// The checks of a plan are asked again before its action.
func TestAddonsAreCheckedAgain(t *testing.T) {
	t.Parallel()
	ask := func(x *site, i int) remediation.Request {
		x.offer(estate.AddonReleases()...)
		return x.addon(i)
	}
	versions := &unoffered{}
	tests := []recheck{
		{"the version is taken back", ask, func(x *site, _ int) { x.offer(release(oldDNS, "1.32")) }, "add-ons: EKS does not offer v1.12.4-eksbuild.1 of coredns for Kubernetes 1.32", false},
		{"it could not be deleted", ask, func(x *site, i int) { x.cluster(i).Addons[0].Status = "DELETE_FAILED" }, "add-ons: The add-on coredns is DELETE_FAILED", false},
		{"the versions cannot be read", ask, func(*site, int) { versions.err = fmt.Errorf("no answer: %w", fault.ErrUnavailable) }, "add-ons: the add-ons' versions: no answer", true},
	}
	x := addons(t, len(tests)+2)
	versions.Addons = x.parts.Addons
	c := x.parts
	c.Addons = versions
	x.stops(t, remediation.New(c), tests)
	fixed := shared(t).images.Image("eks-coredns-v1.12.4")
	for i, tt := range []struct {
		name       string
		registries remediation.Registries
		says       string
	}{
		{"something new is found in the image", worse{x.parts.Registries, fixed.Digest, nil}, "is no better than"},
		{"the tag names another image", retagged{x.parts.Registries}, "names another image than when the plan was drafted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cluster := len(tests) + i
			r := approved(t, remediation.New(x.parts), ask(x, cluster))
			c := x.parts
			c.Registries = tt.registries
			s := remediation.New(c)
			if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
				t.Fatal(err)
			}
			r = x.done(t, s, r.Plan.ID, plan.Stopped)
			if !strings.Contains(r.Problem, "images: ") || !strings.Contains(r.Problem, tt.says) || len(x.cluster(cluster).Updates) != 0 {
				t.Errorf("problem %q", r.Problem)
			}
		})
	}
}

// unoffered does not tell what EKS offers, once there is an error.
type unoffered struct {
	remediation.Addons

	err error
}

func (u *unoffered) AddonReleases(ctx context.Context, now *inventory.Snapshot, kubernetes string) ([]plan.AddonRelease, error) {
	if u.err != nil {
		return nil, u.err
	}
	return u.Addons.AddonReleases(ctx, now, kubernetes)
}

// retagged is a registry whose tags name other images than before.
type retagged struct{ remediation.Registries }

func (retagged) Digest(context.Context, string, string, []string) (string, error) {
	return "sha256:another", nil
}
