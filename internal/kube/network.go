package kube

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/eksposure/eksposure/internal/inventory"
)

// selection is a service and the workloads that its selector has matched so far.
type selection struct {
	service   inventory.Service
	selector  map[string]string
	workloads map[inventory.WorkloadRef]bool
}

// selections finds the services of a pod by one label of each selector, so that
// thousands of services times thousands of pods stay affordable.
type selections struct {
	all     []*selection
	byLabel map[labelKey][]*selection
}

type labelKey struct{ namespace, name, value string }

func newSelections(all []*selection) *selections {
	s := &selections{all: all, byLabel: map[labelKey][]*selection{}}
	for _, one := range all {
		if key, ok := one.key(); ok {
			s.byLabel[key] = append(s.byLabel[key], one)
		}
	}
	return s
}

// key is one label of the selector; any would do, it is the last by name. An
// empty selector has none and matches nothing: such a service's endpoints are
// set by hand.
func (s *selection) key() (labelKey, bool) {
	if len(s.selector) == 0 {
		return labelKey{}, false
	}
	name := slices.Max(slices.Collect(maps.Keys(s.selector)))
	return labelKey{namespace: s.service.Namespace, name: name, value: s.selector[name]}, true
}

func (s *selection) matches(labels map[string]string) bool {
	for k, v := range s.selector {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// match notes the workload of a running pod with every service that selects it.
func (s *selections) match(p *corev1.Pod, workload inventory.WorkloadRef) {
	for name, value := range p.Labels {
		for _, one := range s.byLabel[labelKey{namespace: p.Namespace, name: name, value: value}] {
			if one.matches(p.Labels) {
				one.workloads[workload] = true
			}
		}
	}
}

func (s *selections) reset() {
	for _, one := range s.all {
		clear(one.workloads)
	}
}

func (s *selections) inventory() []inventory.Service {
	out := make([]inventory.Service, 0, len(s.all))
	for _, one := range s.all {
		one.service.Workloads = slices.SortedFunc(maps.Keys(one.workloads), inventory.WorkloadRef.Compare)
		out = append(out, one.service)
	}
	return out
}

func (c *collector) services(ctx context.Context) *selections {
	var found []*selection
	c.try(inventory.SectionNetwork, "", func() error {
		return each(ctx, c.conn, services(), func() func(*corev1.ServiceList) {
			found = nil
			return func(page *corev1.ServiceList) {
				for i := range page.Items {
					found = append(found, service(&page.Items[i]))
				}
			}
		})
	})
	return newSelections(found)
}

func service(s *corev1.Service) *selection {
	out := inventory.Service{
		Namespace: s.Namespace, Name: s.Name, Type: string(s.Spec.Type),
		Annotations: balancerAnnotations(s.Annotations),
		ExternalIPs: s.Spec.ExternalIPs, SourceRanges: s.Spec.LoadBalancerSourceRanges,
	}
	if s.Spec.LoadBalancerClass != nil {
		out.LoadBalancerClass = *s.Spec.LoadBalancerClass
	}
	for _, in := range s.Status.LoadBalancer.Ingress {
		out.Addresses = appendSet(out.Addresses, in.Hostname, in.IP)
	}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, inventory.Port{Port: int(p.Port), NodePort: int(p.NodePort), Protocol: string(p.Protocol)})
	}
	return &selection{service: out, selector: s.Spec.Selector, workloads: map[inventory.WorkloadRef]bool{}}
}

func (c *collector) ingresses(ctx context.Context) {
	var found []inventory.Ingress
	c.try(inventory.SectionNetwork, "", func() error {
		return each(ctx, c.conn, ingresses(), func() func(*networkingv1.IngressList) {
			found = nil
			return func(page *networkingv1.IngressList) {
				for i := range page.Items {
					found = append(found, ingress(&page.Items[i]))
				}
			}
		})
	})
	c.snapshot.Ingresses = found
}

// classAnnotation was the way to choose an ingress class before spec.ingressClassName.
const classAnnotation = "kubernetes.io/ingress.class"

func ingress(in *networkingv1.Ingress) inventory.Ingress {
	out := inventory.Ingress{
		Namespace: in.Namespace, Name: in.Name, Class: in.Annotations[classAnnotation],
		Annotations: balancerAnnotations(in.Annotations),
	}
	if in.Spec.IngressClassName != nil {
		out.Class = *in.Spec.IngressClassName
	}
	for _, a := range in.Status.LoadBalancer.Ingress {
		out.Addresses = appendSet(out.Addresses, a.Hostname, a.IP)
	}
	backends := []networkingv1.IngressBackend{}
	if in.Spec.DefaultBackend != nil {
		backends = append(backends, *in.Spec.DefaultBackend)
	}
	for _, rule := range in.Spec.Rules {
		out.Hosts = append(out.Hosts, rule.Host)
		if rule.HTTP == nil {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			backends = append(backends, p.Backend)
		}
	}
	for _, b := range backends {
		if b.Service != nil {
			out.Services = append(out.Services, backendServices(b.Service, in.Annotations)...)
		}
	}
	out.Hosts, out.Services = set(out.Hosts), set(out.Services)
	return out
}

// The AWS Load Balancer Controller lets a backend whose port is named
// use-annotation stand for an action written in an annotation, which may
// forward to several services.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
const (
	useAnnotation    = "use-annotation"
	actionAnnotation = "alb.ingress.kubernetes.io/actions."
)

func backendServices(b *networkingv1.IngressServiceBackend, annotations map[string]string) []string {
	if b.Port.Name != useAnnotation {
		return []string{b.Name}
	}
	var action struct {
		ForwardConfig struct {
			TargetGroups []struct {
				ServiceName string `json:"serviceName"`
			} `json:"targetGroups"`
		} `json:"forwardConfig"`
	}
	if err := json.Unmarshal([]byte(annotations[actionAnnotation+b.Name]), &action); err != nil {
		return nil // the controller does not take it either
	}
	var names []string
	for _, g := range action.ForwardConfig.TargetGroups {
		names = append(names, g.ServiceName)
	}
	return names
}

// balancerAnnotations keeps the annotations by which load balancer controllers
// decide who can reach what, and leaves out those about sign-in.
func balancerAnnotations(all map[string]string) map[string]string {
	var kept map[string]string
	for k, v := range all {
		if !balancerAnnotation(k) {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[k] = v
	}
	return kept
}

func balancerAnnotation(key string) bool {
	if strings.HasPrefix(key, "alb.ingress.kubernetes.io/auth-") {
		return false
	}
	for _, prefix := range []string{
		"service.beta.kubernetes.io/", // in-tree controller, AWS Load Balancer Controller, EKS Auto Mode
		"service.kubernetes.io/",
		"alb.ingress.kubernetes.io/",
		"gateway.k8s.aws/",
		"eks.amazonaws.com/",
		"external-dns.alpha.kubernetes.io/",
	} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	switch key {
	case classAnnotation,
		"nginx.ingress.kubernetes.io/whitelist-source-range", "nginx.ingress.kubernetes.io/allowlist-source-range",
		"nginx.ingress.kubernetes.io/denylist-source-range":
		return true
	}
	return false
}

// appendSet adds the values that are not empty.
func appendSet(to []string, values ...string) []string {
	for _, v := range values {
		if v != "" {
			to = append(to, v)
		}
	}
	return to
}

// set orders values, without repetition and without the empty one.
func set(values []string) []string {
	slices.Sort(values)
	values = slices.Compact(values)
	if len(values) > 0 && values[0] == "" {
		values = values[1:]
	}
	if len(values) == 0 {
		return nil
	}
	return values
}
