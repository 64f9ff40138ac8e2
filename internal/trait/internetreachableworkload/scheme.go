package internetreachableworkload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// reach is where a load balancer's address can be reached from.
type reach string

const (
	internetFacing reach = "internet-facing"
	internal       reach = "internal"
	notKnown       reach = "unknown"
)

// scheme is a load balancer's reach and the rule that decided it.
type scheme struct {
	kind reach
	why  string
}

// Settings that controllers read. AWS Load Balancer Controller guide,
// "Service annotations" and "Ingress annotations"; Kubernetes cloud provider AWS,
// "Service annotations"; EKS User Guide, "Auto Mode load balancing".
const (
	typeLoadBalancer = "LoadBalancer"
	typeNodePort     = "NodePort"

	classController = "service.k8s.aws/nlb"
	classAutoMode   = "eks.amazonaws.com/nlb"

	annotationType     = "service.beta.kubernetes.io/aws-load-balancer-type"
	annotationScheme   = "service.beta.kubernetes.io/aws-load-balancer-scheme"
	annotationInternal = "service.beta.kubernetes.io/aws-load-balancer-internal"
	annotationGroups   = "service.beta.kubernetes.io/aws-load-balancer-security-groups"
	annotationPrefixes = "service.beta.kubernetes.io/aws-load-balancer-security-group-prefix-lists"
	annotationRanges   = "service.beta.kubernetes.io/load-balancer-source-ranges"

	albPrefix   = "alb.ingress.kubernetes.io/"
	albScheme   = albPrefix + "scheme"
	albRanges   = albPrefix + "inbound-cidrs"
	albGroups   = albPrefix + "security-groups"
	albPrefixes = albPrefix + "security-group-prefix-lists"
)

// balancerOf decides the reach of a LoadBalancer service.
func balancerOf(svc *inventory.Service) scheme {
	if w, ok := witness(svc.Addresses); ok {
		return w
	}
	switch svc.LoadBalancerClass {
	case classController, classAutoMode:
		return byController(svc.Annotations, "load balancer class "+svc.LoadBalancerClass)
	case "":
	default:
		return byAddress(svc.Addresses, "load balancer class "+svc.LoadBalancerClass+" is of a controller whose rules are not known")
	}
	switch kind := svc.Annotations[annotationType]; {
	case kind == "external", kind == "nlb-ip":
		return byController(svc.Annotations, "load balancer type "+kind)
	case kind == "" && slices.ContainsFunc(svc.Addresses, networkBalancer):
		// The in-tree controller makes a Network Load Balancer only when asked to.
		return byController(svc.Annotations, "a Network Load Balancer that was not asked for by type")
	}
	return inTree(svc.Annotations)
}

// byController applies the AWS Load Balancer Controller's rules, which EKS Auto
// Mode shares: internal unless a scheme is set, or the older annotation says false.
func byController(annotations map[string]string, what string) scheme {
	if v := annotations[annotationScheme]; v != "" {
		return named(v, "scheme annotation", what)
	}
	switch annotations[annotationInternal] {
	case "true":
		return scheme{internal, what + ", annotation aws-load-balancer-internal is true"}
	case "false":
		return scheme{internetFacing, what + ", annotation aws-load-balancer-internal is false"}
	}
	return scheme{internal, what + ", internal by default"}
}

// inTree applies the in-tree controller's rules: internet-facing unless the
// annotation has a value other than "false". It does not read the scheme annotation.
func inTree(annotations map[string]string) scheme {
	v := annotations[annotationInternal]
	switch {
	case v != "" && v != "false":
		return scheme{internal, fmt.Sprintf("in-tree controller, annotation aws-load-balancer-internal is %q", v)}
	case annotations[annotationScheme] != "":
		return scheme{internetFacing, "in-tree controller, internet-facing by default: it does not read the scheme annotation"}
	}
	return scheme{internetFacing, "in-tree controller, internet-facing by default"}
}

func named(value, setting, what string) scheme {
	switch value {
	case string(internetFacing), string(internal):
		return scheme{reach(value), what + ", " + setting + " is " + value}
	}
	return scheme{notKnown, fmt.Sprintf("%s, %s has the value %q", what, setting, value)}
}

// applicationOf decides the reach of an Application Load Balancer of an ingress.
func applicationOf(in *inventory.Ingress) scheme {
	if w, ok := witness(in.Addresses); ok {
		return w
	}
	if v := in.Annotations[albScheme]; v != "" {
		return named(v, "scheme annotation", "ingress class "+in.Class)
	}
	return scheme{internal, "ingress class " + in.Class + ", internal by default"}
}

// witness reads the reach off the published addresses, when they tell it for
// sure: Elastic Load Balancing puts "internal-" before the names of internal
// Classic and Application Load Balancers, whatever the annotations say by now.
func witness(addresses []string) (scheme, bool) {
	if len(addresses) == 0 {
		return scheme{}, false
	}
	inside := 0
	for _, a := range addresses {
		switch {
		case endpoint.PublicAddress(a):
			return scheme{internetFacing, "public address " + a}, true
		case strings.HasPrefix(a, "internal-") && elastic(a), endpoint.PrivateAddress(a), strings.Contains(a, ".vpc-lattice-svcs."):
			inside++
		case elastic(a) && !networkBalancer(a):
			return scheme{internetFacing, "the load balancer's name " + a + " is that of an internet-facing one"}, true
		}
	}
	if inside < len(addresses) {
		return scheme{}, false
	}
	return scheme{internal, "address " + addresses[0] + " is internal"}, true
}

// byAddress decides where only the address can tell.
func byAddress(addresses []string, otherwise string) scheme {
	if w, ok := witness(addresses); ok {
		return w
	}
	if len(addresses) == 0 {
		return scheme{notKnown, otherwise + ", and there is no address yet"}
	}
	return scheme{notKnown, otherwise + ", and the address " + addresses[0] + " does not tell"}
}

// elastic reports whether a host name is one of Elastic Load Balancing's.
func elastic(host string) bool {
	host = strings.TrimSuffix(host, ".cn")
	return strings.HasSuffix(host, ".elb.amazonaws.com") || networkBalancer(host)
}

// networkBalancer reports whether a host name is a Network Load Balancer's,
// NAME.elb.REGION.amazonaws.com; the others are NAME.REGION.elb.amazonaws.com.
func networkBalancer(host string) bool {
	host = strings.TrimSuffix(host, ".cn")
	return strings.HasSuffix(host, ".amazonaws.com") && strings.Contains(host, ".elb.") && !strings.HasSuffix(host, ".elb.amazonaws.com")
}

// limit is what a list of source ranges does.
type limit int

const (
	open limit = iota
	narrow
	unreachable // nobody on the internet
	garbled     // a range cannot be read
)

// limits judges source ranges as the endpoint's are judged, and names the values.
func limits(ranges []string, p exposure.Policy) (limit, string) {
	if len(ranges) == 0 {
		return open, ""
	}
	public := slices.DeleteFunc(slices.Clone(ranges), endpoint.PrivateRange)
	if len(public) == 0 {
		return unreachable, "private ranges only"
	}
	set, malformed := endpoint.Parse(public)
	values := endpoint.Grouped(set.IPv4()) + " IPv4 addresses"
	if set.IPv4() == 1 {
		values = "1 IPv4 address"
	}
	if widest, ok := set.WidestIPv6(); ok {
		values += fmt.Sprintf(", IPv6 /%d", widest)
	}
	switch {
	case set.Open(p):
		return open, values
	case len(malformed) > 0:
		return garbled, fmt.Sprintf("has %q, which is not a CIDR range", malformed[0])
	}
	return narrow, values
}

// split reads a comma-separated annotation.
func split(list string) []string {
	var values []string
	for v := range strings.SplitSeq(list, ",") {
		if v = strings.TrimSpace(v); v != "" {
			values = append(values, v)
		}
	}
	return values
}
