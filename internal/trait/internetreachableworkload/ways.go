package internetreachableworkload

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// What is not looked at and may still close a way in.
const (
	uncheckedNodes    = "security groups of the nodes, network ACLs and subnet routes, which may still block it"
	uncheckedGroups   = "the security groups that an annotation sets, which may still block it"
	uncheckedPrefixes = "the managed prefix lists that an annotation sets, which may still limit it"
	uncheckedRouting  = "whether the VPC routes the address to the nodes"
)

func (d *detection) resource(namespace, kind, name string) inventory.ResourceRef {
	return d.s.Cluster.Ref.KubernetesResource(namespace, kind, name)
}

// service gives the ways in that a service opens by itself.
func (d *detection) service(svc *inventory.Service) []exposure.Evidence {
	if svc.Type != typeLoadBalancer && svc.Type != typeNodePort && len(svc.ExternalIPs) == 0 {
		return nil
	}
	r := d.resource(svc.Namespace, "Service", svc.Name)
	w := way{resource: r, via: []inventory.ResourceRef{r}, services: []*inventory.Service{svc}}
	var found []exposure.Evidence
	switch svc.Type {
	case typeLoadBalancer:
		found = d.evidence(d.balancer(w, svc))
	case typeNodePort:
		found = d.nodePort(w, svc)
	}
	if public := slices.DeleteFunc(slices.Clone(svc.ExternalIPs), func(a string) bool { return !endpoint.PublicAddress(a) }); len(public) > 0 {
		w.variant, w.addresses, w.unchecked = variantExternalIP, public, uncheckedRouting
		w.verdict = scheme{internetFacing, "public address in spec.externalIPs"}
		found = append(found, d.evidence(w)...)
	}
	return found
}

func (d *detection) balancer(w way, svc *inventory.Service) way {
	w.variant, w.addresses, w.verdict = variantLoadBalancer, svc.Addresses, balancerOf(svc)
	w.ranges, w.rangesFrom = svc.SourceRanges, "loadBalancerSourceRanges"
	if len(w.ranges) == 0 {
		w.ranges, w.rangesFrom = split(svc.Annotations[annotationRanges]), "annotation load-balancer-source-ranges"
	}
	w.unchecked = unchecked(svc.Annotations, annotationGroups, annotationPrefixes)
	return w
}

func unchecked(annotations map[string]string, groups, prefixes string) string {
	switch {
	case annotations[groups] != "":
		return uncheckedGroups
	case annotations[prefixes] != "":
		return uncheckedPrefixes
	}
	return ""
}

// nodePort judges a NodePort service: every node opens its ports, so nodes with
// an external IP open them to the internet unless something in front blocks it.
func (d *detection) nodePort(w way, svc *inventory.Service) []exposure.Evidence {
	w.variant, w.unchecked = variantNodePort, uncheckedNodes
	var ports []string
	for _, p := range svc.Ports {
		if p.NodePort > 0 {
			ports = append(ports, strconv.Itoa(p.NodePort)+"/"+p.Protocol)
		}
	}
	if len(ports) == 0 {
		return nil
	}
	open := strings.Join(ports, ", ")
	if len(d.nodeIPs) == 0 {
		if g := d.s.Gap(inventory.SectionNodes); g != nil {
			w.verdict = scheme{notKnown, "node port " + open + "; whether nodes have external IPs could not be read: " + g.Detail}
			return d.evidence(w)
		}
		return nil
	}
	nodes := 0
	for i := range d.s.Nodes {
		if ips := d.s.Nodes[i].ExternalIPs; len(ips) > 0 {
			nodes++
			w.addresses = append(w.addresses, ips...)
		}
	}
	w.verdict = scheme{internetFacing, fmt.Sprintf("node port %s on %d of %d nodes with external IPs", open, nodes, len(d.s.Nodes))}
	return d.evidence(w)
}

// ingress gives the way in through an ingress: its own Application Load Balancer,
// or the load balancer service of the controller that its address names.
func (d *detection) ingress(in *inventory.Ingress) []exposure.Evidence {
	r := d.resource(in.Namespace, "Ingress", in.Name)
	w := way{variant: variantIngress, resource: r, via: []inventory.ResourceRef{r}, addresses: in.Addresses}
	for _, name := range in.Services {
		w.services = append(w.services, d.serviceOf(in.Namespace, name))
	}
	if application(in) {
		w.verdict = applicationOf(in)
		w.ranges, w.rangesFrom = split(in.Annotations[albRanges]), "annotation inbound-cidrs"
		w.unchecked = unchecked(in.Annotations, albGroups, albPrefixes)
		return d.evidence(w)
	}
	for _, key := range []string{"nginx.ingress.kubernetes.io/allowlist-source-range", "nginx.ingress.kubernetes.io/whitelist-source-range"} {
		if list := split(in.Annotations[key]); len(list) > 0 {
			w.ranges, w.rangesFrom = list, "annotation "+key[strings.IndexByte(key, '/')+1:]
			break
		}
	}
	return d.evidence(d.behind(w, "ingress class "+cmp.Or(in.Class, "(none)")))
}

// application reports whether an ingress is the AWS Load Balancer Controller's,
// or EKS Auto Mode's: by its class, or by settings that no other reads.
func application(in *inventory.Ingress) bool {
	if in.Class == "alb" || in.Class == "eks-alb" {
		return true
	}
	for key := range in.Annotations {
		if strings.HasPrefix(key, albPrefix) {
			return true
		}
	}
	return false
}

// gateway gives the way in through a Gateway API gateway.
func (d *detection) gateway(g *inventory.Gateway) []exposure.Evidence {
	r := d.resource(g.Namespace, "Gateway", g.Name)
	w := way{variant: variantGateway, resource: r, via: []inventory.ResourceRef{r}, addresses: g.Addresses}
	for _, full := range g.Services {
		namespace, name, _ := strings.Cut(full, "/")
		w.services = append(w.services, d.serviceOf(namespace, name))
	}
	return d.evidence(d.behind(w, "gateway class "+g.Class))
}

// behind finds what leads to an ingress or gateway whose controller runs in the
// cluster: the load balancer service, or the nodes, with the same address.
func (d *detection) behind(w way, what string) way {
	for _, a := range w.addresses {
		if front := d.fronts[a]; front != nil {
			through := d.balancer(way{}, front)
			w.verdict = through.verdict
			w.verdict.why = what + ", through service " + front.Namespace + "/" + front.Name + ": " + through.verdict.why
			w.unchecked = through.unchecked
			if len(w.ranges) == 0 {
				w.ranges, w.rangesFrom = through.ranges, through.rangesFrom
			}
			w.via = append([]inventory.ResourceRef{d.resource(front.Namespace, "Service", front.Name)}, w.via...)
			return w
		}
		if d.nodeIPs[a] {
			w.verdict = scheme{internetFacing, what + ", at the external IP of a node"}
			w.unchecked = uncheckedNodes
			return w
		}
	}
	if len(w.addresses) == 0 {
		w.verdict = scheme{internetFacing, what + " has published no address"}
		return w
	}
	w.verdict = byAddress(w.addresses, what)
	return w
}
