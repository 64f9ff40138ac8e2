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
	// Sources are what may reach port 443 of the cluster inside its network.
	Sources Reading[Source]
	// Exits are the ways by which the subnets of NodeSubnets leave the VPC.
	Exits Reading[Exit]
}

// Source is what a security group of the cluster lets in on port 443: a range, another
// security group or a prefix list.
type Source struct{ Into, From string }

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

// NodeSubnets are the subnets in which EKS starts nodes and Fargate pods of a cluster, in
// order.
func NodeSubnets(s *inventory.Snapshot) []string {
	var list []string
	for _, g := range s.NodeGroups {
		list = append(list, g.Subnets...)
	}
	for _, f := range s.FargateProfiles {
		list = append(list, f.Subnets...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// privatePathCheck looks whether those inside the network find the private endpoint,
// and may reach it.
func privatePathCheck(s *inventory.Snapshot, n Network) Check {
	const name = "private path"
	if n.DNSOff.Unread == "" && len(n.DNSOff.Items) > 0 {
		return Check{name, Failed, fmt.Sprintf("the VPC does not resolve the private name: %s off (aws ec2 modify-vpc-attribute switches %s on)",
			are(n.DNSOff.Items), list(n.DNSOff.Items))}
	}
	if n.Sources.Unread == "" && len(n.Sources.Items) == 0 {
		return Check{name, Failed, "no security group of the cluster lets anything in on port 443; add a rule for nodes and operators (aws ec2 authorize-security-group-ingress)"}
	}
	for _, part := range []struct{ what, unread string }{
		{"the VPC's attributes enableDnsSupport and enableDnsHostnames", n.DNSOff.Unread},
		{"what may reach port 443 inside the network", n.Sources.Unread},
	} {
		if part.unread != "" {
			return Check{name, Unknown, part.what + " could not be read: " + part.unread}
		}
	}
	text := "the VPC resolves the private name, and port 443 is open to " + sources(n.Sources.Items)
	if out := stray(s, n.Sources.Items); len(out) > 0 {
		return Check{name, Unknown, fmt.Sprintf("%s; whether that lets in %s is not known, as security groups of nodes are not read", text, few(out))}
	}
	return Check{name, Passed, text}
}

// stray are the nodes that no source is known to let in: their address is in no range, and
// EKS did not give them the cluster security group, which lets itself in. A launch template
// may name other groups (Amazon EKS User Guide, "Customize managed nodes with launch
// templates").
func stray(s *inventory.Snapshot, all []Source) []string {
	own := s.Cluster.Network.ClusterSecurityGroup
	itself := slices.ContainsFunc(all, func(o Source) bool { return o.From == own })
	var ranges, templated, out []string
	for _, g := range s.NodeGroups {
		if g.LaunchTemplate != "" {
			templated = append(templated, g.Name)
		}
	}
	for _, o := range all {
		if strings.Contains(o.From, "/") {
			ranges = append(ranges, o.From)
		}
	}
	for _, node := range s.Nodes {
		managed := node.NodeGroup != "" && !slices.Contains(templated, node.NodeGroup) || node.Fargate || s.Cluster.AutoMode
		if itself && managed || slices.ContainsFunc(node.InternalIPs, func(ip string) bool {
			a, err := netip.ParseAddr(ip)
			return err == nil && holds(ranges, a)
		}) {
			continue
		}
		out = append(out, node.Name)
	}
	if len(s.Nodes) == 0 && len(NodeSubnets(s)) > 0 && len(ranges) == 0 && (!itself || len(templated) > 0) {
		out = append(out, "the nodes")
	}
	return out
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
		return "there are nodes of no node group, whose subnets are not read"
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
func sources(all []Source) string {
	var from []string
	for _, o := range all {
		word := o.From
		if o.From == o.Into {
			word = "itself (" + o.From + ")"
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
