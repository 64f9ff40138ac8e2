package plan

import (
	"fmt"
	"net/netip"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// checkOperator is the name of the check whether operators stay let in.
const checkOperator = "operator"

// operatorCheck looks whether requests from the operator's address reach the endpoint
// afterwards, the public one or the private one.
func operatorCheck(s *inventory.Snapshot, c EndpointChoice, n Network, wish Endpoint) Check {
	const name = checkOperator
	a := c.Operator.Unmap()
	switch {
	case !a.IsValid() && !wish.Public:
		return Check{name, Unknown, "operators, pipelines and eksposure itself must be in the VPC, or in a network that is connected to it"}
	case !a.IsValid():
		return Check{name, Unknown, "the address that your requests come from was not given (--operator ADDRESS)"}
	case wish.Public && holds(wish.CIDRs, a):
		return Check{name, Passed, fmt.Sprintf("requests from %s stay let in", a)}
	case wish.Private && (holds(n.Subnets.Items, a) || unrouted(a)):
		return insideCheck(a, n)
	case wish.Private && !wish.Public && a.Is6() && s.Cluster.Network.IPFamily == familyIPv6:
		return Check{name, Unknown, fmt.Sprintf("whether %s is in the VPC, or in a network that is connected to it, is not read; from elsewhere requests would be shut out", a)}
	case !wish.Public:
		return Check{name, Failed, fmt.Sprintf("requests from %s would be shut out: it is an address of the internet, from which nobody reaches a private endpoint; "+
			"name the address that you have inside of the network (by VPN or from a machine in the VPC), or keep the public endpoint", a)}
	case unrouted(a):
		return Check{name, Failed, fmt.Sprintf("%s is no address of the internet: requests reach the public endpoint from a public one, such as a NAT gateway's; name that", a)}
	}
	return Check{name, Failed, fmt.Sprintf("requests from %s would be shut out; add %s/%d, or name another address", a, a, a.BitLen())}
}

// unrouted reports whether the internet does not route an address.
func unrouted(a netip.Addr) bool {
	return endpoint.PrivateRange(netip.PrefixFrom(a, a.BitLen()).String())
}

// insideCheck looks whether an address inside of the network reaches the private endpoint:
// whether it is in the VPC by the ranges of the cluster's subnets, and let in by the rules of
// the cluster's security groups.
func insideCheck(a netip.Addr, n Network) Check {
	const name = checkOperator
	enters, _ := gateOf(n.Sources.Items).enters(walker{addresses: []string{a.String()}}, a.BitLen())
	switch {
	case n.Subnets.Unread != "":
		return Check{name, Unknown, fmt.Sprintf("whether %s is in the VPC is not known, as the ranges of the cluster's subnets could not be read: %s", a, n.Subnets.Unread)}
	case !holds(n.Subnets.Items, a):
		return Check{name, Unknown, fmt.Sprintf("%s is in none of the cluster's subnets: it must be in the VPC, or in a network that is connected to it, and let in on port 443", a)}
	case n.Sources.Unread != "":
		return Check{name, Unknown, fmt.Sprintf("%s is in a subnet of the cluster; what may reach port 443 inside the network could not be read: %s", a, n.Sources.Unread)}
	case enters != yes:
		return Check{name, Unknown, fmt.Sprintf("%s is in a subnet of the cluster, and no range of a rule lets it in on port 443; whether its security group does is not read", a)}
	}
	return Check{name, Passed, fmt.Sprintf("requests from %s reach the private endpoint: it is in a subnet of the cluster, and let in on port 443", a)}
}
