package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

const reachableWorkload = "internet-reachable-workload"

// entrances are an Ingress with an Application Load Balancer and the Service behind it,
// beside the Service search of the street.
const entrances = `apiVersion: v1
kind: Service
metadata: {name: back, namespace: shop}
spec: {type: ClusterIP, selector: {app: search}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop, annotations: {alb.ingress.kubernetes.io/scheme: internet-facing}}
spec: {ingressClassName: alb, defaultBackend: {service: {name: back, port: {number: 80}}}}
status: {loadBalancer: {ingress: [{hostname: k8s-shop-shop-1.eu-central-1.elb.amazonaws.com}]}}
`

// gate is an alley with two ways in from the internet.
func newGate(t *testing.T) (*street, *remediation.Service) {
	t.Helper()
	x, s := newAlley(t)
	x.apply(t, entrances)
	return x, s
}

// ajar are requests for a plan that lets an office in and nobody else.
func (x *street) ajar() remediation.Request {
	return remediation.Request{Cluster: x.ref.String(), Trait: reachableWorkload, Option: "limit", CIDRs: []string{"203.0.113.0/25", "203.0.113.128/25"}}
}

// sources are who may connect now, by the object.
func (x *street) sources(t *testing.T) map[string]plan.Sources {
	t.Helper()
	now, err := x.parts.Clusters.Describe(t.Context(), x.ref)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]plan.Sources{}
	for _, ref := range []plan.WayRef{{Namespace: "shop", Kind: "Service", Name: "search"}, {Namespace: "shop", Kind: "Ingress", Name: "shop"}} {
		w, err := x.parts.Workloads.WayIn(t.Context(), now, ref)
		if err != nil {
			t.Fatal(err)
		}
		has[ref.String()] = w.Sources()
	}
	return has
}

// open lets everybody in again.
func (x *street) open(t *testing.T) {
	t.Helper()
	now, err := x.parts.Clusters.Describe(t.Context(), x.ref)
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range x.sources(t) {
		parts := strings.Split(name, "/")
		a := plan.Action{
			Kind: plan.SourceRanges, Target: x.ref.KubernetesResource(parts[0], parts[1], parts[2]),
			From: plan.Setting{Sources: &from}, To: plan.Setting{Sources: &plan.Sources{}},
		}
		if _, err := x.parts.Actor.Begin(t.Context(), a, now.Cluster.Ref, ""); err != nil {
			t.Fatal(err)
		}
	}
	x.scan(t)
}

// From the finding to the revert, with the real API server, the real authenticator and
// the roles as they are published.
func TestRemediateLimit(t *testing.T) {
	t.Parallel()
	x, s := newGate(t)
	before := x.scan(t)
	was := x.sources(t)
	q := x.ajar()
	r := started(t, s, q)
	var titles []string
	for _, a := range r.Plan.Actions {
		titles = append(titles, a.Title)
	}
	want := []string{"Let 203.0.113.0/24 connect to shop/Ingress/shop, and nobody else", "Let 203.0.113.0/24 connect to shop/Service/search, and nobody else"}
	if !slices.Equal(titles, want) || !r.Plan.Ends || r.Plan.Before != before.Severity {
		t.Errorf("plan %q, ends %t, severity %s → %s", titles, r.Plan.Ends, r.Plan.Before, r.Plan.After)
	}
	if diff := cmp.Diff([]string{"get ingresses.networking.k8s.io", "get services", "patch ingresses.networking.k8s.io", "patch services"}, r.Plan.Permissions()); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	r = x.done(t, s, r.Plan.ID, plan.Done)
	f, err := x.parts.Known.Finding(t.Context(), x.ref.String())
	if err != nil {
		t.Fatal(err)
	}
	if r.Verified.Trait != remediation.Gone || f.Severity != r.Plan.After {
		t.Errorf("the trait is %s, severity %s, planned %s", r.Verified.Trait, f.Severity, r.Plan.After)
	}
	for name, has := range x.sources(t) {
		if !slices.Equal(has.CIDRs, []string{"203.0.113.0/24"}) {
			t.Errorf("%s has %s", name, has)
		}
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
		t.Fatal(err)
	}
	r = x.done(t, s, r.Plan.ID, plan.Reverted)
	if diff := cmp.Diff(was, x.sources(t)); diff != "" {
		t.Errorf("after the revert (-before +after):\n%s", diff)
	}
	if r.Verified.Trait != remediation.Present || r.Verified.Severity != before.Severity {
		t.Errorf("after the revert the trait is %s, severity %s", r.Verified.Trait, r.Verified.Severity)
	}
}

// What a plan does not take, and what it cannot mend.
func TestLimitRefuses(t *testing.T) {
	t.Parallel()
	x, s := newGate(t)
	x.scan(t)
	for _, tt := range []struct {
		name   string
		change func(*remediation.Request)
	}{
		{"no ranges", func(q *remediation.Request) { q.CIDRs = nil }},
		{"everybody", func(q *remediation.Request) { q.CIDRs = []string{"0.0.0.0/0"} }},
		{"callers", func(q *remediation.Request) { q.Callers = 7 }},
		{"a prefix list", func(q *remediation.Request) { q.PrefixList = "pl-1" }},
		{"an option of guidance alone", func(q *remediation.Request) { q.Option, q.CIDRs = "internal", nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := x.ajar()
			tt.change(&q)
			if _, err := s.Draft(t.Context(), q, ann); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("error %v, want fault.ErrInvalid", err)
			}
		})
	}
	t.Run("a way in that stays", func(t *testing.T) {
		x.apply(t, strings.Replace(entrances, "scheme: internet-facing}", "scheme: internet-facing, alb.ingress.kubernetes.io/security-groups: sg-1}", 1))
		x.scan(t)
		r, err := s.Draft(t.Context(), x.ajar(), ann)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(r.Plan.Notes, "\n")
		if len(r.Plan.Actions) != 1 || r.Plan.Ends || !strings.Contains(said, "names the security groups (sg-1)") || !strings.Contains(said, "The trait internet-reachable-workload stays: Ingress shop/shop") {
			t.Errorf("%d actions, ends %t, notes:\n%s", len(r.Plan.Actions), r.Plan.Ends, said)
		}
		if r, err = s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		if r = x.done(t, s, r.Plan.ID, plan.Done); r.Verified.Trait != remediation.Present {
			t.Errorf("the trait is %s", r.Verified.Trait)
		}
	})
}

// limitsOf counts the changes of source ranges that an actor made, by object.
type limitsOf struct {
	remediation.Actor

	begun map[string]int
}

func (c limitsOf) Begin(ctx context.Context, a plan.Action, ref inventory.ClusterRef, token string) (string, error) {
	id, err := c.Actor.Begin(ctx, a, ref, token)
	if err == nil {
		c.begun[a.Target.Name+" "+id]++
	}
	return id, err
}

// What can go wrong while source ranges are changed: nothing is lost, and the state says
// the truth.
func TestLimitInBadWeather(t *testing.T) {
	t.Parallel()
	x, plain := newGate(t)
	x.scan(t)
	hooked := func(h *hooks, begun map[string]int) *remediation.Service {
		c := x.parts
		h.Actor, h.Clusters = limitsOf{c.Actor, begun}, c.Clusters
		c.Actor, c.Clusters = h, h
		return remediation.New(c)
	}
	elsewhere := strings.Replace(rolled, "spec: {type: LoadBalancer,", "spec: {type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24],", 1)
	t.Run("something moved after the approval", func(t *testing.T) {
		r := approved(t, plain, x.ajar())
		x.apply(t, elsewhere)
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, plain, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "something moved") || !strings.Contains(r.Problem, "198.51.100.0/24") {
			t.Errorf("problem %q", r.Problem)
		}
		if got := x.sources(t)["shop/Service/search"]; !slices.Equal(got.CIDRs, []string{"198.51.100.0/24"}) {
			t.Errorf("the Service has %s", got)
		}
		x.open(t)
	})
	t.Run("it is as wished already", func(t *testing.T) {
		r := approved(t, plain, x.ajar())
		x.apply(t, strings.Replace(elsewhere, "198.51.100.0/24", "203.0.113.0/24", 1))
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, plain, r.Plan.ID, plan.Done)
		if !r.Steps[1].Begun.IsZero() || r.Steps[0].Begun.IsZero() {
			t.Errorf("steps %+v", r.Steps)
		}
		x.open(t)
	})
	t.Run("the answer is lost, then throttled, then changed meanwhile", func(t *testing.T) {
		begun := map[string]int{}
		s := hooked(&hooks{begin: func(try int, ask func() (string, error)) (string, error) {
			switch try {
			case 1:
				return "", fmt.Errorf("the object has been modified: %w", fault.ErrConflict)
			case 2:
				return "", fault.ErrThrottled
			}
			id, err := ask()
			if try == 3 && err == nil {
				return "", fmt.Errorf("no answer within the time limit: %w", fault.ErrUnavailable)
			}
			return id, err
		}}, begun)
		x.done(t, s, started(t, s, x.ajar()).Plan.ID, plan.Done)
		if len(begun) != 2 {
			t.Errorf("changes %v, want one of each object", begun)
		}
		x.open(t)
	})
	t.Run("denied", func(t *testing.T) {
		was := x.sources(t)
		x.apply(t, strings.Replace(kube.ChangeManifest(), "name: "+kube.ChangeGroup, "name: somebody-else", 1))
		r := x.done(t, plain, started(t, plain, x.ajar()).Plan.ID, plan.Paused)
		if !strings.Contains(r.Problem, "cannot get resource") || !strings.Contains(r.Problem, "eksposure permissions remediation-kubernetes") {
			t.Errorf("problem %q", r.Problem)
		}
		if diff := cmp.Diff(was, x.sources(t)); diff != "" {
			t.Errorf("changed (-before +after):\n%s", diff)
		}
		x.apply(t, kube.ChangeManifest())
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		x.done(t, plain, r.Plan.ID, plan.Done)
		x.open(t)
	})
	t.Run("the object is gone", func(t *testing.T) {
		r := approved(t, plain, x.ajar())
		if err := x.lab.Delete(t.Context(), "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/shop"); err != nil {
			t.Fatal(err)
		}
		if _, err := plain.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		if r = x.done(t, plain, r.Plan.ID, plan.Stopped); !strings.Contains(r.Problem, "is not there") {
			t.Errorf("problem %q", r.Problem)
		}
	})
}

// The process is killed wherever it makes a difference while it applies a plan, and while
// it takes it back. Another goes on: the plan is done, or taken back, and each object was
// changed once.
func TestLimitOnceWhoeverIsKilledWhen(t *testing.T) {
	t.Parallel()
	x, living := newGate(t)
	x.scan(t)
	was := x.sources(t)
	begun := map[string]int{}
	x.parts.Actor = limitsOf{x.parts.Actor, begun}
	immortal := &process{Config: x.parts}
	x.done(t, immortal.service(), started(t, living, x.ajar()).Plan.ID, plan.Done)
	x.open(t)
	again := deaths(x.parts, immortal.writes)
	for i, p := range deaths(x.parts, immortal.writes) {
		t.Run(p.String(), func(t *testing.T) {
			clear(begun)
			id := started(t, living, x.ajar()).Plan.ID
			if _, err := x.carry(t, p.service(), id); !errors.Is(err, errKilled) {
				t.Fatalf("it was not killed: %v", err)
			}
			r := x.done(t, x.heir(), id, plan.Done)
			if len(begun) != 2 || r.Verified.Trait != remediation.Gone {
				t.Errorf("changes %v, want one of each object; the trait is %s", begun, r.Verified.Trait)
			}
			back := func(s *remediation.Service) (remediation.Run, error) {
				if r, err := s.Revert(t.Context(), id, bob); err != nil {
					return r, err
				}
				return x.carry(t, s, id)
			}
			if _, err := back(again[i].service()); err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			heir := x.heir()
			r, err := heir.Run(t.Context(), id)
			if err == nil && r.State != plan.Reverted { // else it was killed when all was done
				r, err = back(heir)
			}
			if err != nil || r.State != plan.Reverted || r.Verified.Trait != remediation.Present || len(begun) != 4 {
				t.Errorf("plan is %s: %s, %v; changes %v", r.State, r.Problem, err, begun)
			}
			if diff := cmp.Diff(was, x.sources(t)); diff != "" {
				t.Errorf("after the revert (-before +after):\n%s", diff)
			}
		})
	}
}

// The command line on the demo's estate: the Service and the Ingress of shop-production
// that let the internet in let an office in.
func TestRemediateLimitOnTheDemo(t *testing.T) {
	t.Parallel()
	want := demoCommands(t, "shop-production")
	r := demoPlan(t, want, "plan-limit.golden", "--cluster", "shop-production", "--topic", reachableWorkload, "--option", "limit", "--cidr", "203.0.113.0/24", "--operator", "203.0.113.7")
	want("is approved", "remediate", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "callers", "--accept", "controllers")
	want("is done", "remediate", "apply", r.Plan.ID)
	want("is reverted", "remediate", "revert", r.Plan.ID)
}
