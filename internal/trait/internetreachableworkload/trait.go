// Package internetreachableworkload is the trait of a cluster in which a load
// balancer, ingress, gateway, node port or external IP leads from the internet
// to a running pod.
//
// It judges by what the cluster's API tells: type, class, annotations, published
// addresses and source ranges, by the rules of the controllers that read them.
// Security groups, network ACLs and routes are not looked at, and evidence that
// depends on them says so.
package internetreachableworkload

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

//go:embed trait.md
var text string

const (
	id = "internet-reachable-workload"
	// The ways in, for contributing evidence.
	variantLoadBalancer = "load-balancer"
	variantIngress      = "ingress"
	variantGateway      = "gateway"
	variantNodePort     = "node-port"
	variantExternalIP   = "external-ip"
	// The reasons why a way in is context only.
	variantLimited    = "source-ranges"
	variantNoAddress  = "no-address"
	variantNotRunning = "not-running"
	// variantNotKnown marks a way in whose scheme cannot be told.
	variantNotKnown = "scheme-not-known"
)

// Trait gives the trait.
func Trait() exposure.Trait {
	return exposure.Trait{
		ID:     id,
		Type:   exposure.Reachability,
		Title:  "The Amazon EKS cluster has a workload that is reachable from the internet",
		Short:  "Internet reachable workload",
		Phrase: "has a workload that is reachable from the internet",
		Needs:  []inventory.Section{inventory.SectionWorkloads, inventory.SectionNetwork},
		Detect: detect,
		Effort: exposure.EffortHours,
		Options: []exposure.Option{
			{ID: "internal", Title: "Make the load balancer internal", Remedy: exposure.Remedy{Reversibility: exposure.Partly, Limit: "the new load balancer has another address, and the old one does not come back", Immediate: true, Risk: exposure.RiskHigh, Source: "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/"}, When: []string{variantLoadBalancer, variantIngress, variantGateway}},
			{ID: "limit", Title: "Limit who may connect", Remedy: exposure.Remedy{Reversibility: exposure.Reversible, Immediate: true, Risk: exposure.RiskMedium, Source: "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/"}, When: []string{variantLoadBalancer, variantIngress, variantGateway}},
			{ID: "close", Title: "Close node ports and external IPs", Remedy: exposure.Remedy{Reversibility: exposure.Reversible, Immediate: true, Risk: exposure.RiskMedium, Source: "https://kubernetes.io/docs/concepts/services-networking/service/"}, When: []string{variantNodePort, variantExternalIP}},
		},
		Text: text,
	}
}

func detect(s *inventory.Snapshot, p exposure.Policy) []exposure.Evidence {
	d := newDetection(s, p)
	var found []exposure.Evidence
	for _, g := range s.GapsOf(inventory.SectionNetwork) {
		found = append(found, exposure.Evidence{
			Standing: exposure.Unknown, Variant: variantNotKnown, Resource: s.Cluster.Ref.Resource(),
			Summary: fmt.Sprintf("Ways in of the kind %s could not be read: %s", g.Subject, g.Detail),
		})
	}
	for i := range s.Services {
		found = append(found, d.service(&s.Services[i])...)
	}
	for i := range s.Ingresses {
		found = append(found, d.ingress(&s.Ingresses[i])...)
	}
	for i := range s.Gateways {
		found = append(found, d.gateway(&s.Gateways[i])...)
	}
	return found
}

// detection is one snapshot with the indexes that all ways in need.
type detection struct {
	s *inventory.Snapshot
	p exposure.Policy
	// fronts maps the published address of a load balancer service to it.
	fronts  map[string]*inventory.Service
	nodeIPs map[string]bool // external IPs of nodes
	// services (by NAMESPACE/NAME) and running are made when a way in needs them.
	services map[string]*inventory.Service
	running  map[inventory.WorkloadRef]bool
}

func newDetection(s *inventory.Snapshot, p exposure.Policy) *detection {
	d := &detection{s: s, p: p, fronts: map[string]*inventory.Service{}, nodeIPs: map[string]bool{}}
	for i := range s.Services {
		if svc := &s.Services[i]; svc.Type == typeLoadBalancer {
			for _, a := range svc.Addresses {
				d.fronts[a] = svc
			}
		}
	}
	for i := range s.Nodes {
		for _, ip := range s.Nodes[i].ExternalIPs {
			d.nodeIPs[ip] = true
		}
	}
	return d
}

// serviceOf finds a service by name, or gives nil.
func (d *detection) serviceOf(namespace, name string) *inventory.Service {
	if d.services == nil {
		d.services = make(map[string]*inventory.Service, len(d.s.Services))
		for i := range d.s.Services {
			svc := &d.s.Services[i]
			d.services[svc.Namespace+"/"+svc.Name] = svc
		}
	}
	return d.services[namespace+"/"+name]
}

// runs reports whether a workload has a running pod.
func (d *detection) runs(ref inventory.WorkloadRef) bool {
	if d.running == nil {
		d.running = make(map[inventory.WorkloadRef]bool, len(d.s.Workloads))
		for i := range d.s.Workloads {
			d.running[d.s.Workloads[i].Ref()] = d.s.Workloads[i].Running > 0
		}
	}
	return d.running[ref]
}

// reached gives the running workloads behind services.
func (d *detection) reached(services ...*inventory.Service) []inventory.WorkloadRef {
	var refs []inventory.WorkloadRef
	for _, svc := range services {
		if svc == nil {
			continue
		}
		for _, w := range svc.Workloads {
			if d.runs(w) && !slices.Contains(refs, w) {
				refs = append(refs, w)
			}
		}
	}
	slices.SortFunc(refs, inventory.WorkloadRef.Compare)
	return refs
}

// way is one way in, before it is known whether it counts.
type way struct {
	variant  string
	resource inventory.ResourceRef
	via      []inventory.ResourceRef
	services []*inventory.Service
	verdict  scheme
	// ranges limit who may connect; empty means everybody.
	ranges []string
	// rangesFrom names the setting that they come from.
	rangesFrom string
	addresses  []string
	unchecked  string // what was not looked at and may still close the way
}

// evidence turns a way in into evidence, or nothing when it is not from the internet.
func (d *detection) evidence(w way) []exposure.Evidence {
	e := exposure.Evidence{
		Standing: exposure.Contributing, Variant: w.variant, Resource: w.resource, Via: w.via, Workloads: d.reached(w.services...),
		Facts: []exposure.Fact{
			{Name: "scheme", Value: string(w.verdict.kind), Limit: "fires when " + string(internetFacing)},
			{Name: "decided by", Value: w.verdict.why},
			{Name: "addresses", Value: listed(w.addresses)},
		},
	}
	limited, ranges := limits(w.ranges, d.p)
	if len(w.ranges) > 0 {
		e.Facts = append(e.Facts, exposure.Fact{Name: w.rangesFrom, Value: listed(w.ranges)})
	}
	if limited == open && ranges != "" || limited == narrow {
		e.Facts = append(e.Facts, exposure.Fact{Name: "let in", Value: ranges, Limit: endpoint.Fires(d.p)})
	}
	if w.unchecked != "" {
		e.Facts = append(e.Facts, exposure.Fact{Name: "not checked", Value: w.unchecked})
	}
	subject := kindOf(w.resource) + " " + w.resource.Name
	switch {
	case w.verdict.kind == internal || limited == unreachable:
		return nil
	case len(e.Workloads) == 0:
		e.Standing, e.Variant = exposure.Contextual, variantNotRunning
		e.Summary = fmt.Sprintf("%s leads to no running pod (%s)", subject, w.verdict.why)
	case w.verdict.kind == notKnown:
		e.Standing, e.Variant = exposure.Unknown, variantNotKnown
		e.Summary = fmt.Sprintf("%s leads to %s, and whether from the internet is not known: %s", subject, workloads(e.Workloads), w.verdict.why)
	case limited == garbled:
		e.Standing, e.Variant = exposure.Unknown, variantNotKnown
		e.Summary = fmt.Sprintf("%s leads to %s, and from where is not known: %s %s", subject, workloads(e.Workloads), w.rangesFrom, ranges)
	case len(w.addresses) == 0:
		e.Standing, e.Variant = exposure.Contextual, variantNoAddress
		e.Summary = fmt.Sprintf("%s asks for an internet-facing way to %s and has no address yet (%s)", subject, workloads(e.Workloads), w.verdict.why)
	case limited == narrow:
		e.Standing, e.Variant = exposure.Contextual, variantLimited
		e.Summary = fmt.Sprintf("%s leads to %s only from %s (%s: %s; open %s)", subject, workloads(e.Workloads), listed(w.ranges), w.rangesFrom, ranges, endpoint.OpenFrom(d.p))
	default:
		e.Summary = fmt.Sprintf("%s leads from the internet to %s at %s (%s)", subject, workloads(e.Workloads), listed(w.addresses), w.verdict.why)
		if w.unchecked != "" {
			e.Summary += "; not checked: " + w.unchecked
		}
	}
	return []exposure.Evidence{e}
}

func kindOf(r inventory.ResourceRef) string { return strings.TrimPrefix(r.Type, "Kubernetes::") }

// maxListed bounds what a sentence lists.
const maxListed = 5

func listed(values []string) string {
	shown := values[:min(len(values), maxListed)]
	text := strings.Join(shown, ", ")
	if more := len(values) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if text == "" {
		return "none"
	}
	return text
}

func workloads(refs []inventory.WorkloadRef) string {
	names := make([]string, 0, len(refs))
	for _, r := range refs {
		names = append(names, r.String())
	}
	return listed(names)
}
