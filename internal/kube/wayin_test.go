package kube_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/plan"
)

// limitables has a Service and an Ingress whose load balancers take source ranges, and one
// of each that a tool applies.
const limitables = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default, annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}}
spec: {type: LoadBalancer, loadBalancerClass: service.k8s.aws/nlb, selector: {app: a}, ports: [{port: 443}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: default, annotations: {alb.ingress.kubernetes.io/scheme: internet-facing, example.com/other: kept}}
spec: {ingressClassName: alb, defaultBackend: {service: {name: web, port: {number: 443}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: made
  namespace: default
  labels: {app.kubernetes.io/managed-by: Helm}
  annotations: {meta.helm.sh/release-name: shop}
  ownerReferences: [{apiVersion: shops.example/v1, kind: Shop, name: main, uid: 6f6a3c5e-0000-4000-8000-000000000001, controller: true}]
spec: {type: LoadBalancer, selector: {app: a}, ports: [{port: 443}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: argo
  namespace: default
  annotations: {"argocd.argoproj.io/tracking-id": "shop:networking.k8s.io/Ingress:default/argo", alb.ingress.kubernetes.io/inbound-cidrs: "203.0.113.0/24,  198.51.100.0/24"}
spec: {ingressClassName: alb, defaultBackend: {service: {name: web, port: {number: 443}}}}
`

func wayOf(kind, name string) plan.WayRef {
	return plan.WayRef{Namespace: "default", Kind: kind, Name: name}
}

// What SetSources does on a real server: it names the ranges once, as eksposure, only
// where what is there is as it was found, and a revert leaves the object as it was.
func TestSetSources(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	apply(t, lab, kube.Manifest())
	apply(t, lab, limitables)
	reads, changes := readerTarget(t, lab), remediatorTarget(t, lab)
	client := kube.New(kube.Config{})
	look := func(t *testing.T, ref plan.WayRef) plan.WayIn {
		t.Helper()
		w, err := client.WayIn(t.Context(), reads, ref)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for _, ref := range []plan.WayRef{wayOf("Service", "web"), wayOf("Ingress", "web"), wayOf("Ingress", "argo")} {
		t.Run(ref.String(), func(t *testing.T) {
			before := look(t, ref)
			from, to := before.Sources(), plan.SourcesOf(ref.Kind, []string{"10.0.0.0/8", "192.0.2.0/24"})
			first, err := client.SetSources(t.Context(), changes, ref, from, to)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(to, look(t, ref).Sources()); diff != "" {
				t.Errorf("the ranges (-want +got):\n%s", diff)
			}
			if again, err := client.SetSources(t.Context(), changes, ref, from, to); err != nil || again != first {
				t.Errorf("once more: %s, %v; want %s as before", again, err, first)
			}
			other := plan.SourcesOf(ref.Kind, []string{"198.51.100.7/32"})
			if _, err := client.SetSources(t.Context(), changes, ref, other, from); !errors.Is(err, fault.ErrConflict) {
				t.Errorf("other ranges are there: %v, want fault.ErrConflict", err)
			}
			if _, err := client.SetSources(t.Context(), changes, ref, to, from); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, look(t, ref)); diff != "" {
				t.Errorf("after the revert (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("who sets it back", func(t *testing.T) {
		if w := look(t, wayOf("Service", "made")); w.Owner != "Shop/main" || w.Manager != "Helm (release shop)" {
			t.Errorf("made by %q, applied by %q", w.Owner, w.Manager)
		}
		if w := look(t, wayOf("Ingress", "argo")); w.Owner != "" || !strings.HasPrefix(w.Manager, "Argo CD (shop:") {
			t.Errorf("made by %q, applied by %q", w.Owner, w.Manager)
		}
	})
	t.Run("not there", func(t *testing.T) {
		if _, err := client.WayIn(t.Context(), reads, wayOf("Service", "gone")); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%v, want fault.ErrNotFound", err)
		}
		if _, err := client.SetSources(t.Context(), changes, wayOf("Ingress", "gone"), plan.Sources{}, plan.Sources{}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%v, want fault.ErrNotFound", err)
		}
		if _, err := client.WayIn(t.Context(), reads, wayOf("Gateway", "web")); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("a Gateway: %v, want fault.ErrInvalid", err)
		}
	})
	t.Run("somebody changes it between the dry run and the patch", func(t *testing.T) {
		rec := &verbs{seen: map[string]int{}, before: func(verb, dryRun string) {
			if verb == "patch" && dryRun == "" {
				apply(t, lab, strings.Replace(limitables, "example.com/other: kept", "example.com/other: new", 1))
			}
		}}
		ref := wayOf("Ingress", "web")
		_, err := kube.New(kube.Config{Wrap: rec.wrap}).SetSources(t.Context(), changes, ref, plan.Sources{}, plan.SourcesOf("Ingress", []string{"192.0.2.0/24"}))
		if got := look(t, ref).Sources(); !errors.Is(err, fault.ErrConflict) || len(got.CIDRs) > 0 {
			t.Errorf("the ranges are %v, error %v; want fault.ErrConflict", got, err)
		}
	})
	t.Run("the server says no", func(t *testing.T) {
		ref := wayOf("Service", "web")
		_, err := client.SetSources(t.Context(), changes, ref, plan.Sources{}, plan.Sources{CIDRs: []string{"no range"}})
		if err == nil || !strings.Contains(err.Error(), "dry run") || fault.Of(err).Retry {
			t.Errorf("error %v", err)
		}
	})
}
