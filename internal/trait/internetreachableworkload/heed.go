package internetreachableworkload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Settings that decide whether source ranges count, and which. AWS Load Balancer
// Controller guide, "Service annotations", "Ingress annotations" and "IngressClass".
const (
	// AnnotationInboundCIDRs has the source ranges of an ingress.
	AnnotationInboundCIDRs = albRanges

	annotationPathMTU = "service.beta.kubernetes.io/aws-load-balancer-enable-icmp-for-path-mtu-discovery"
	annotationNoGroup = "service.beta.kubernetes.io/aws-load-balancer-disable-nlb-sg"
	annotationFamily  = "service.beta.kubernetes.io/aws-load-balancer-ip-address-type"
	albFamily         = albPrefix + "ip-address-type"
	albGroup          = albPrefix + "group.name"
	albPorts          = albPrefix + "listen-ports"
	albCertificates   = albPrefix + "certificate-arn"
	dualstack         = "dualstack"
	portHTTP          = 80
	portHTTPS         = 443
)

// ServiceHeeds reports whether the load balancer of a service lets in the source ranges
// that spec.loadBalancerSourceRanges names and nobody else. Where it does not, why says
// the reason and what to do.
func ServiceHeeds(svc *inventory.Service) (heeds bool, why string) {
	groups, lists := svc.Annotations[annotationGroups], svc.Annotations[annotationPrefixes]
	switch class := svc.LoadBalancerClass; {
	case svc.Type != typeLoadBalancer:
		return false, "it has no load balancer any more; scan again"
	case class != "" && class != classController && class != classAutoMode:
		return false, fmt.Sprintf("whether the controller of the load balancer class %s heeds spec.loadBalancerSourceRanges is not known; look into its documentation", class)
	case groups != "":
		return false, fmt.Sprintf("its annotation aws-load-balancer-security-groups names the security groups (%s), and source ranges count for nothing then; narrow the rules of those groups, or take the annotation away", groups)
	case svc.Annotations[annotationNoGroup] == "true":
		return false, "its annotation aws-load-balancer-disable-nlb-sg leaves its load balancer without a security group, and AWS adds none later; make the Service again without the annotation"
	case lists != "":
		return false, fmt.Sprintf("its annotation aws-load-balancer-security-group-prefix-lists lets in managed prefix lists (%s), and source ranges would be let in beside them; narrow those lists, or take the annotation away", lists)
	}
	return true, ""
}

// IngressHeeds is ServiceHeeds of an ingress and its annotation inbound-cidrs.
func IngressHeeds(in *inventory.Ingress) (heeds bool, why string) {
	groups, lists := in.Annotations[albGroups], in.Annotations[albPrefixes]
	switch {
	case !application(in):
		return false, "it belongs to a controller that is not AWS's, whose load balancer is not an object of the cluster with source ranges; limit it where that controller is set up"
	case groups != "":
		return false, fmt.Sprintf("its annotation security-groups names the security groups (%s), and inbound-cidrs counts for nothing then; narrow the rules of those groups, or take the annotation away", groups)
	case lists != "":
		return false, fmt.Sprintf("its annotation security-group-prefix-lists lets in managed prefix lists (%s), and source ranges would be let in beside them; narrow those lists, or take the annotation away", lists)
	}
	return true, ""
}

// InboundCIDRs are the source ranges that an ingress names.
func InboundCIDRs(in *inventory.Ingress) []string { return split(in.Annotations[albRanges]) }

// AnnotatedRanges are the source ranges of a service's annotation, which count where
// spec.loadBalancerSourceRanges has none.
func AnnotatedRanges(svc *inventory.Service) []string {
	return split(svc.Annotations[annotationRanges])
}

// ServiceIPv6 reports whether the load balancer of a service takes IPv6 ranges: the AWS
// Load Balancer Controller refuses a Service with one whose load balancer is not
// dual-stack, and passes over those of an Ingress.
func ServiceIPv6(svc *inventory.Service) bool { return svc.Annotations[annotationFamily] == dualstack }

// IngressIPv6 is ServiceIPv6 of an ingress.
func IngressIPv6(in *inventory.Ingress) bool {
	return strings.HasPrefix(in.Annotations[albFamily], dualstack)
}

// IngressGroup is the name of the group of ingresses that share one load balancer; empty
// for an ingress that has its own.
func IngressGroup(in *inventory.Ingress) string { return in.Annotations[albGroup] }

// ServiceRules counts the security group rules that a controller writes for each source
// range of a service: one for each port, and the in-tree controller one more for ICMP.
func ServiceRules(svc *inventory.Service) int {
	ports := len(svc.Ports)
	external := svc.Annotations[annotationType] == "external" || svc.Annotations[annotationType] == "nlb-ip"
	if svc.LoadBalancerClass == "" && !external {
		return ports + 1
	}
	if svc.Annotations[annotationPathMTU] == "on" {
		return ports + 1
	}
	return ports
}

// IngressPorts are the ports that an ingress listens on.
func IngressPorts(in *inventory.Ingress) []int {
	text := in.Annotations[albPorts]
	if text == "" {
		if in.Annotations[albCertificates] != "" {
			return []int{portHTTPS}
		}
		return []int{portHTTP}
	}
	var listeners []map[string]int
	if err := json.Unmarshal([]byte(text), &listeners); err != nil {
		return []int{portHTTP} // the controller takes none of it
	}
	var ports []int
	for _, l := range listeners {
		for _, port := range l {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// Balanced reports whether evidence of the trait is of a way in through a load balancer.
func Balanced(e exposure.Evidence) bool {
	return e.Variant == variantLoadBalancer || e.Variant == variantIngress || e.Variant == variantGateway
}
