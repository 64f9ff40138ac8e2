package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Network is what was read of a cluster's network for a change of its endpoint, beside
// its snapshot.
type Network struct {
	// DNSOff are the attributes of the VPC that the endpoint's private name needs, and
	// that are off.
	DNSOff Reading[string]
	// Sources are what may reach port 443 of the control plane inside its network.
	Sources Reading[Rule]
	// Machines are the instances of the cluster's nodes, and Outlets what their security
	// groups let out to port 443.
	Machines Reading[Machine]
	Outlets  Reading[Rule]
	// Subnets are the ranges of the cluster's subnets, in which the control plane has its
	// network interfaces.
	Subnets Reading[string]
	// Exits are the ways by which the subnets of NodeSubnets leave the VPC.
	Exits Reading[Exit]
}

// Exit is the way by which a subnet leaves its VPC.
type Exit struct {
	Subnet string
	// Via is what its default route leads to; empty when nothing leads out.
	Via string
	// Addresses are the public ones that the way has. An internet gateway has none: each
	// node leaves by its own.
	Addresses []string
}

// internetGateway is how the ID of an internet gateway begins.
const internetGateway = "igw-"

// NodeSubnets are the subnets in which EKS starts nodes and Fargate pods of a cluster, and
// those that its instances are in, in order.
func NodeSubnets(s *inventory.Snapshot, machines []Machine) []string {
	var list []string
	for _, m := range machines {
		if m.Subnet != "" {
			list = append(list, m.Subnet)
		}
	}
	for _, g := range s.NodeGroups {
		list = append(list, g.Subnets...)
	}
	for _, f := range s.FargateProfiles {
		list = append(list, f.Subnets...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// nodesCheck looks how nodes and Fargate pods reach the API afterwards.
func nodesCheck(s *inventory.Snapshot, n Network, wish Endpoint) Check {
	const name = "nodes"
	if wish.Private {
		return Check{name, Passed, "nodes and Fargate pods reach the API by the private endpoint, where the private path holds"}
	}
	var ways, outside, shut []string
	for _, e := range n.Exits.Items {
		if e.Via == "" {
			shut = append(shut, e.Subnet)
		}
		for _, a := range e.Addresses {
			ways = append(ways, a+" ("+e.Via+")")
			outside = append(outside, beyondAddress(wish.CIDRs, a)...)
		}
	}
	for _, node := range s.Nodes {
		for _, a := range node.ExternalIPs {
			outside = append(outside, beyondAddress(wish.CIDRs, a)...)
		}
	}
	for _, m := range n.Machines.Items {
		if m.Public != "" {
			outside = append(outside, beyondAddress(wish.CIDRs, m.Public)...)
		}
	}
	slices.Sort(outside)
	slices.Sort(ways)
	switch outside, ways = slices.Compact(outside), slices.Compact(ways); {
	case len(outside) > 0:
		return Check{name, Failed, fmt.Sprintf("without the private endpoint, nodes or Fargate pods reach the API from addresses that would be shut out: add %s, or keep the private endpoint", list(outside))}
	case len(shut) > 0:
		return Check{name, Failed, "without the private endpoint, nodes and Fargate pods in " + few(shut) + " reach the API no more: no route leads out of the VPC"}
	case n.Exits.Unread != "":
		return Check{name, Unknown, "without the private endpoint, nodes and Fargate pods reach the API from their public or NAT addresses, which could not be read: " + n.Exits.Unread}
	}
	if why := unsure(s, n.Exits.Items); why != "" {
		return Check{name, Unknown, why + "; their addresses must be in the ranges"}
	}
	if len(ways) == 0 {
		return Check{name, Passed, "there are no nodes and no Fargate profiles"}
	}
	return Check{name, Passed, "nodes and Fargate pods reach the API from " + list(ways) + ", which stay let in; that is to be looked at again when the NAT gateways change"}
}

// unsure says which nodes may leave by addresses that are not known.
func unsure(s *inventory.Snapshot, exits []Exit) string {
	for _, e := range exits {
		switch {
		case strings.HasPrefix(e.Via, internetGateway):
			return "nodes in " + e.Subnet + " leave by addresses of their own (" + e.Via + "), and new nodes have others"
		case len(e.Addresses) == 0:
			return "nodes in " + e.Subnet + " leave by " + e.Via + ", whose public addresses are not read"
		}
	}
	apart := func(node inventory.Node) bool { return node.NodeGroup == "" && !node.Fargate }
	switch {
	case s.Gap(inventory.SectionNodeGroups) != nil || s.Gap(inventory.SectionNodes) != nil:
		return "not all nodes and node groups could be read"
	case s.Cluster.AutoMode || slices.ContainsFunc(s.Nodes, apart):
		return "there are nodes of no node group, and others may start in subnets that are not known"
	case s.Cluster.Network.IPFamily == familyIPv6:
		return "nodes of an IPv6 cluster may reach the API by IPv6 addresses, which are not read"
	}
	return ""
}

// beyondAddress gives an address as a range unless the ranges hold it.
func beyondAddress(cidrs []string, address string) []string {
	a, err := netip.ParseAddr(address)
	if err != nil || holds(cidrs, a) {
		return nil
	}
	return []string{fmt.Sprintf("%s/%d", a, a.BitLen())}
}

// sources writes what is let in, each once.
func sources(all []Rule) string {
	var from []string
	for _, o := range all {
		word := o.Peer
		if o.Peer == o.Group {
			word = "itself (" + o.Peer + ")"
		}
		from = append(from, word)
	}
	slices.Sort(from)
	return few(slices.Compact(from))
}

// atMost is how many things of one kind a check names.
const atMost = 5

// few writes some of the values for a sentence.
func few(values []string) string {
	if len(values) <= atMost {
		return list(values)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(values[:atMost], ", "), len(values)-atMost)
}

// are writes values with their verb.
func are(values []string) string {
	if len(values) == 1 {
		return values[0] + " is"
	}
	return list(values) + " are"
}
