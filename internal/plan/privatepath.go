package plan

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Rule is what a security group lets through on port 443: into it, or out of it.
type Rule struct {
	Group string
	// Peer is the other side: a range, another security group or a prefix list.
	Peer string
	// CIDRs are the ranges of a prefix list, and Unread is why they are not known.
	CIDRs  []string
	Unread string
}

// Machine is an EC2 instance that is a node, with its security groups, its private
// addresses, its subnet and its public address.
type Machine struct {
	ID        string
	Groups    []string
	Addresses []string
	Subnet    string
	// Public is empty where it has none.
	Public string
}

// NodeTag is the tag of a cluster's instances: EKS and Karpenter give it to those that they
// start, and whoever starts nodes by hand is told to (Amazon EKS User Guide, "Maintain nodes
// yourself with self-managed nodes").
func NodeTag(cluster string) string { return "kubernetes.io/cluster/" + cluster }

// InstanceID is the EC2 instance of a node; empty for one that is none: Fargate's, or a
// machine on premises.
func InstanceID(node inventory.Node) string {
	id := node.ProviderID[strings.LastIndexByte(node.ProviderID, '/')+1:]
	if node.Fargate || !strings.HasPrefix(id, "i-") {
		return ""
	}
	return id
}

// ControlGroups are the security groups of the control plane's network interfaces, in
// order (EKS API Reference, VpcConfigResponse).
func ControlGroups(n inventory.Network) []string {
	list := slices.Clone(n.SecurityGroups)
	if n.ClusterSecurityGroup != "" {
		list = append(list, n.ClusterSecurityGroup)
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
	var shut, unknown []string
	if n.Sources.Unread == "" {
		if shut, unknown = barred(s, n); len(shut) > 0 {
			return Check{name, Failed, strings.Join(shut, "; ")}
		}
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
	if len(unknown) > 0 {
		return Check{name, Unknown, text + "; " + strings.Join(unknown, "; ")}
	}
	return Check{name, Passed, text}
}

// barred says which nodes cannot reach the control plane on port 443, and of which that is
// not known.
func barred(s *inventory.Snapshot, n Network) (shut, unknown []string) {
	w := wall{
		control: ControlGroups(s.Cluster.Network), outlets: n.Outlets, subnets: parsed(n.Subnets.Items), subnetsUnread: n.Subnets.Unread,
		in: gateOf(n.Sources.Items), families: []int{ipv4Bits},
	}
	if s.Cluster.Network.IPFamily == familyIPv6 {
		w.families = append(w.families, ipv6Bits)
	}
	var in, out, unsure tally
	for _, o := range walkers(s, n) {
		groups := list(o.groups)
		if o.unread != "" {
			unsure.add(o.unread, o.name)
			continue
		}
		switch way, obstacle, why := w.lets(o); {
		case way == maybe:
			unsure.add(why, o.name)
		case way == no && obstacle == inward:
			in.add(groups, o.name)
		case way == no:
			out.add(groups, o.name)
		}
	}
	for _, groups := range in.keys {
		shut = append(shut, fmt.Sprintf("nothing is let in from %s on port 443 of the control plane, which cuts off %s (aws ec2 authorize-security-group-ingress adds a rule)", groups, few(in.names[groups])))
	}
	for _, groups := range out.keys {
		shut = append(shut, fmt.Sprintf("nothing is let out of %s to port 443 of the control plane, which cuts off %s (aws ec2 authorize-security-group-egress adds a rule)", groups, few(out.names[groups])))
	}
	for _, why := range unsure.keys {
		unknown = append(unknown, fmt.Sprintf("whether %s may reach it is not known: %s", few(unsure.names[why]), why))
	}
	return shut, unknown
}

// tally keeps names by what they have in common, in the order in which that came.
type tally struct {
	keys  []string
	names map[string][]string
}

func (t *tally) add(key, name string) {
	if t.names == nil {
		t.names = map[string][]string{}
	}
	if !slices.Contains(t.keys, key) {
		t.keys = append(t.keys, key)
	}
	t.names[key] = append(t.names[key], name)
}

// walker is a node on its way to the private endpoint, or why its security groups are not
// known.
type walker struct {
	name, unread      string
	groups, addresses []string
}

// walkers are the nodes; where none runs, those that EKS would start. EKS gives those of a
// launch template of its own, and Fargate's, the cluster security group (Amazon EKS User
// Guide, "View Amazon EKS security group requirements for clusters"). Where the Kubernetes API
// was not read, instances tell of nodes, and that there are no others is never known.
func walkers(s *inventory.Snapshot, n Network) []walker {
	own := []string{s.Cluster.Network.ClusterSecurityGroup}
	var all []walker
	unseen := s.Gap(inventory.SectionNodes) != nil
	for _, m := range n.Machines.Items {
		if unseen {
			all = append(all, walker{name: m.ID, groups: m.Groups, addresses: m.Addresses})
		}
	}
	for _, node := range s.Nodes {
		all = append(all, walkerOf(node, n.Machines, own))
	}
	if len(all) == 0 {
		all = awaited(s, own)
	}
	if unseen {
		if len(n.Machines.Items) > 0 {
			all = append(all, fargate(s, own)...)
		}
		why := "the Kubernetes API was not read, so that nodes are not known that are no EC2 instances, or whose instances lack the tag " + NodeTag(s.Cluster.Ref.Name)
		all = append(all, walker{name: "all nodes", unread: cmp.Or(n.Machines.Unread, why)})
	}
	return all
}

// awaited are the nodes that EKS would start.
func awaited(s *inventory.Snapshot, own []string) []walker {
	var all []walker
	for _, g := range s.NodeGroups {
		o := walker{name: "new nodes of " + g.Name, groups: own}
		if g.LaunchTemplate != "" {
			o.unread = "security groups of launch template " + g.LaunchTemplate + " are not read, and no node has them"
		}
		all = append(all, o)
	}
	return append(all, fargate(s, own)...)
}

func fargate(s *inventory.Snapshot, own []string) []walker {
	var all []walker
	for _, f := range s.FargateProfiles {
		all = append(all, walker{name: "pods of Fargate profile " + f.Name, groups: own})
	}
	return all
}

func walkerOf(node inventory.Node, machines Reading[Machine], own []string) walker {
	o := walker{name: node.Name, addresses: node.InternalIPs}
	id := InstanceID(node)
	i := slices.IndexFunc(machines.Items, func(m Machine) bool { return m.ID == id })
	switch {
	case node.Fargate:
		o.groups = own
	case id == "":
		o.unread = "these are no EC2 instances"
	case machines.Unread != "":
		o.unread = machines.Unread
	case i < 0:
		o.unread = "EC2 has no such instances in the cluster's VPC"
	default:
		m := machines.Items[i]
		o.groups, o.addresses = m.Groups, slices.Concat(o.addresses, m.Addresses)
	}
	return o
}

// way is whether something is let through.
type way int

const (
	no way = iota
	maybe
	yes
)

// Which side of the wall stops a node.
type side int

const (
	inward side = iota
	outward
)

// How many bits the addresses of a family have.
const (
	ipv4Bits = 32
	ipv6Bits = 128
)

// wall is what is between nodes and the control plane: a connection needs a rule that lets
// it out of a group of the node, and one that lets it into a group of the control plane.
type wall struct {
	control       []string
	in            gate
	outlets       Reading[Rule]
	subnets       []netip.Prefix
	subnetsUnread string
	families      []int
}

// lets tells whether a node reaches the control plane by addresses of one family; when it
// does not, which side stops it; when that is not known, why.
func (w wall) lets(o walker) (best way, obstacle side, why string) {
	out := gateOf(slices.DeleteFunc(slices.Clone(w.outlets.Items), func(r Rule) bool { return !slices.Contains(o.groups, r.Group) }))
	for _, bits := range w.families {
		enters, whyIn := w.in.enters(o, bits)
		leaves, whyOut := w.leaves(out, bits)
		if now := min(enters, leaves); now > best {
			best, why = now, cmp.Or(whyIn, whyOut)
		}
		if enters > no {
			obstacle = outward
		}
	}
	return best, obstacle, why
}

// leaves tells whether rules let a node out to the subnets of the control plane. It may
// have its interfaces anywhere in them.
func (w wall) leaves(out gate, bits int) (way, string) {
	if w.outlets.Unread != "" {
		return maybe, w.outlets.Unread
	}
	if slices.ContainsFunc(out.groups, func(g string) bool { return slices.Contains(w.control, g) }) {
		return yes, ""
	}
	ranges := slices.DeleteFunc(slices.Clone(out.ranges), func(p netip.Prefix) bool { return p.Addr().BitLen() != bits })
	if slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
		return yes, ""
	}
	if len(ranges) > 0 && w.subnetsUnread != "" {
		return maybe, w.subnetsUnread
	}
	var held, met, all int
	for _, subnet := range w.subnets {
		if subnet.Addr().BitLen() != bits {
			continue
		}
		all++
		if slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return covers(p, subnet) }) {
			held++
		}
		if slices.ContainsFunc(ranges, subnet.Overlaps) {
			met++
		}
	}
	switch {
	case all > 0 && held == all:
		return yes, ""
	case met > 0:
		return maybe, "some addresses of the control plane's subnets are let out to, and not all"
	case out.unread != "":
		return maybe, out.unread
	}
	return no, ""
}

// gate is what rules let through: groups and ranges, merged. unread is why one of them is
// not known.
type gate struct {
	groups []string
	ranges []netip.Prefix
	unread string
}

func gateOf(rules []Rule) gate {
	var g gate
	var cidrs []string
	for _, r := range rules {
		switch {
		case strings.Contains(r.Peer, "/"):
			cidrs = append(cidrs, r.Peer)
		case r.Unread != "":
			g.unread = "the ranges of " + r.Peer + " could not be read: " + r.Unread
		case r.CIDRs != nil:
			cidrs = append(cidrs, r.CIDRs...)
		default:
			g.groups = append(g.groups, r.Peer)
		}
	}
	g.ranges = merge(parsed(cidrs))
	return g
}

// enters tells whether rules let a node in, by one of its groups or an address of a family.
func (g gate) enters(o walker, bits int) (way, string) {
	if slices.ContainsFunc(o.groups, func(group string) bool { return slices.Contains(g.groups, group) }) {
		return yes, ""
	}
	for _, text := range o.addresses {
		a, err := netip.ParseAddr(text)
		if err == nil && a.BitLen() == bits && slices.ContainsFunc(g.ranges, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return yes, ""
		}
	}
	if g.unread != "" {
		return maybe, g.unread
	}
	return no, ""
}
