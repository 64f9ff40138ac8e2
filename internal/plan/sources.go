package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
	workload "github.com/eksposure/eksposure/internal/trait/internetreachableworkload"
)

// The kinds of objects whose load balancers take source ranges.
const (
	KindService = "Service"
	KindIngress = "Ingress"
)

// WayRef names a Service or an Ingress.
type WayRef struct{ Namespace, Kind, Name string }

// String is NAMESPACE/KIND/NAME, as of a workload.
func (r WayRef) String() string { return r.Namespace + "/" + r.Kind + "/" + r.Name }

// WayOf reads the name of a Service or an Ingress off a resource.
func WayOf(r inventory.ResourceRef) WayRef {
	namespace, name, _ := strings.Cut(r.Name, "/")
	return WayRef{namespace, strings.TrimPrefix(r.Type, "Kubernetes::"), name}
}

// Sources are who may connect to a load balancer.
type Sources struct {
	// CIDRs are the ranges that the object names, in its order; without any everybody may
	// connect.
	CIDRs []string `json:"cidrs,omitempty"`
	// Written is an Ingress' annotation as it is written, which a revert restores; nil where
	// it has none, and for a Service, whose field has CIDRs.
	Written *string `json:"written,omitempty"`
}

// equal compares who is let in.
func (s Sources) equal(o Sources) bool {
	return slices.Equal(slices.Sorted(slices.Values(s.CIDRs)), slices.Sorted(slices.Values(o.CIDRs)))
}

// String writes the ranges for a person.
func (s Sources) String() string {
	if len(s.CIDRs) == 0 {
		return "no source ranges, everybody may connect"
	}
	return "source ranges " + list(s.CIDRs)
}

// SourcesOf gives ranges the form that an object of a kind has for them.
func SourcesOf(kind string, cidrs []string) Sources {
	s := Sources{CIDRs: cidrs}
	if kind == KindIngress {
		s.Written = new(strings.Join(cidrs, ","))
	}
	return s
}

// WayIn is a Service or an Ingress as it is now.
type WayIn struct {
	// Service or Ingress is the object, the other is nil.
	Service *inventory.Service
	Ingress *inventory.Ingress
	// Owner is what made the object and sets it back; empty when nothing did.
	Owner string
	// Manager is the tool that applies the object, by what that leaves on it; empty when
	// there is no trace of one.
	Manager string
}

// Sources are who may connect now.
func (w WayIn) Sources() Sources {
	if w.Service != nil {
		return Sources{CIDRs: slices.Clone(w.Service.SourceRanges)}
	}
	s := Sources{CIDRs: workload.InboundCIDRs(w.Ingress)}
	if text, ok := w.Ingress.Annotations[workload.AnnotationInboundCIDRs]; ok {
		s.Written = &text
	}
	return s
}

// heeds reports whether source ranges count for the object, and else why not.
func (w WayIn) heeds() (bool, string) {
	if w.Service != nil {
		return workload.ServiceHeeds(w.Service)
	}
	return workload.IngressHeeds(w.Ingress)
}

// takes gives those of the ranges that the load balancer takes.
func (w WayIn) takes(cidrs []string) []string {
	dual := w.Service != nil && workload.ServiceIPv6(w.Service) || w.Ingress != nil && workload.IngressIPv6(w.Ingress)
	return slices.DeleteFunc(slices.Clone(cidrs), func(c string) bool { return !dual && strings.Contains(c, ":") })
}

// rules counts the security group rules that a controller writes for each range.
func (w WayIn) rules() int {
	if w.Service != nil {
		return workload.ServiceRules(w.Service)
	}
	return len(workload.IngressPorts(w.Ingress))
}

// limited gives the snapshot as it is when the target has the action's source ranges.
func (a Action) limited(now *inventory.Snapshot) *inventory.Snapshot {
	then, ref := *now, WayOf(a.Target)
	switch ref.Kind {
	case KindService:
		then.Services = slices.Clone(now.Services)
		for i := range then.Services {
			if s := &then.Services[i]; s.Namespace == ref.Namespace && s.Name == ref.Name {
				s.SourceRanges = slices.Clone(a.To.Sources.CIDRs)
			}
		}
	case KindIngress:
		then.Ingresses = slices.Clone(now.Ingresses)
		for i := range then.Ingresses {
			in := &then.Ingresses[i]
			if in.Namespace != ref.Namespace || in.Name != ref.Name {
				continue
			}
			in.Annotations = maps.Clone(in.Annotations)
			delete(in.Annotations, workload.AnnotationInboundCIDRs)
			if a.To.Sources.Written != nil {
				if in.Annotations == nil {
					in.Annotations = map[string]string{}
				}
				in.Annotations[workload.AnnotationInboundCIDRs] = *a.To.Sources.Written
			}
		}
	}
	return &then
}

// permissionsOfWay are the RBAC verbs that changing a kind takes.
func permissionsOfWay(kind string) []string {
	resource := "services"
	if kind == KindIngress {
		resource = "ingresses.networking.k8s.io"
	}
	return []string{"get " + resource, "patch " + resource}
}

// limit writes the action that lets ranges in and nobody else.
func (w WayIn) limit(cluster inventory.ClusterRef, ref WayRef, cidrs []string) Action {
	shown := list(cidrs)
	if len(cidrs) > maxTold {
		shown = fmt.Sprintf("%d ranges", len(cidrs))
	}
	return Action{
		Kind: SourceRanges, Target: cluster.KubernetesResource(ref.Namespace, ref.Kind, ref.Name),
		Title: fmt.Sprintf("Let %s connect to %s, and nobody else", shown, ref),
		From:  Setting{Sources: new(w.Sources())}, To: Setting{Sources: new(SourcesOf(ref.Kind, cidrs))},
		Permissions: permissionsOfWay(ref.Kind), Risk: RiskMedium, Effect: Immediate,
	}
}

// maxTold is how many ranges a title names.
const maxTold = 5
