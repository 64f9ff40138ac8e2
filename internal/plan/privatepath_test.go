package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// second gives a network another instance, i-2, with security groups and addresses.
func second(groups string, addresses ...string) func(*plan.Network) {
	return func(n *plan.Network) {
		n.Machines.Items = append(n.Machines.Items, plan.Machine{ID: "i-2", Groups: strings.Fields(groups), Addresses: addresses})
	}
}

// lets makes the rules by which a security group of nodes lets out to port 443.
func lets(group string, peers ...string) func(*plan.Network) {
	return func(n *plan.Network) {
		for _, p := range peers {
			n.Outlets.Items = append(n.Outlets.Items, plan.Rule{Group: group, Peer: p})
		}
	}
}

// also adds a source to those that are let in.
func also(r plan.Rule) func(*plan.Network) {
	return func(n *plan.Network) { n.Sources.Items = append(n.Sources.Items, r) }
}

// Whether those inside the network find the private endpoint, and may reach it.
func TestPrivatePath(t *testing.T) {
	const listed = "pl-1"
	alone := inventory.Node{Name: "alone", ProviderID: "aws:///eu-central-1a/i-2", InternalIPs: []string{"10.0.2.9"}}
	six := inventory.Node{Name: "six", ProviderID: "aws:///eu-central-1a/i-2", InternalIPs: []string{"2001:db8::9"}}
	ipv6 := func(s *inventory.Snapshot) { s.Cluster.Network.IPFamily = "ipv6" }
	none := func(s *inventory.Snapshot) { s.Nodes = nil }
	template := func(s *inventory.Snapshot) { s.NodeGroups[0].LaunchTemplate = "lt-1" }
	unseen := func(s *inventory.Snapshot) {
		s.Nodes, s.Gaps = nil, []inventory.Gap{{Section: inventory.SectionNodes, Reason: "unavailable", Detail: "no answer"}}
	}
	list := func(change func(*plan.Rule)) plan.Rule {
		r := plan.Rule{Group: group, Peer: listed}
		change(&r)
		return r
	}
	tests := []struct {
		name string
		is   *inventory.Snapshot
		n    plan.Network
		want plan.Verdict
		says string
	}{
		{"the group lets itself in", housed(), network(), plan.Passed, "open to itself (sg-cluster)"},
		{"an attribute is off", housed(), network(func(n *plan.Network) { n.DNSOff.Items = []string{"enableDnsHostnames"} }), plan.Failed, "enableDnsHostnames is off"},
		{"both are off", housed(), network(func(n *plan.Network) { n.DNSOff.Items = []string{"enableDnsSupport", "enableDnsHostnames"} }), plan.Failed, "are off"},
		{"off, and the rest is not read", housed(), plan.Network{DNSOff: plan.Reading[string]{Items: []string{"enableDnsSupport"}}, Sources: unread.Sources}, plan.Failed, "enableDnsSupport"},
		{"nothing is let in", housed(), network(from()), plan.Failed, "port 443"},
		{"nothing, and DNS is not read", housed(), plan.Network{DNSOff: unread.DNSOff}, plan.Failed, "port 443"},
		{"nothing is read", housed(), unread, plan.Unknown, "enableDnsSupport and enableDnsHostnames could not be read: denied"},
		{"the cluster's groups are not read", housed(), network(func(n *plan.Network) { n.Sources = unread.Sources }), plan.Unknown, "port 443 inside the network could not be read: denied"},
		{"instances are not read", housed(), network(func(n *plan.Network) { n.Machines = plan.Reading[plan.Machine]{Unread: "denied"} }), plan.Unknown, "n1 may reach it is not known: denied"},
		{"what nodes let out is not read", housed(), network(func(n *plan.Network) { n.Outlets = plan.Reading[plan.Rule]{Unread: "denied"} }), plan.Unknown, "denied"},
		{"an instance is gone", housed(), network(func(n *plan.Network) { n.Machines.Items = nil }), plan.Unknown, "no such instances"},
		{"a machine on premises", housed(node(inventory.Node{Name: "hall", ProviderID: "eks-hybrid:///eu-central-1/shop/mi-1"})), network(), plan.Unknown, "hall"},

		{"a range holds the nodes", housed(node(alone)), network(from("10.0.0.0/16"), second(other), lets(other, "0.0.0.0/0")), plan.Passed, "10.0.0.0/16"},
		{"a range holds some nodes", housed(node(alone)), network(from("10.0.1.0/24"), second(other), lets(other, "0.0.0.0/0")), plan.Failed, "from sg-other on port 443 of the control plane, which cuts off alone"},
		{"an address that EC2 alone knows", housed(node(alone)), network(from(group, "10.0.7.0/24"), second(other, "10.0.7.7"), lets(other, "0.0.0.0/0")), plan.Passed, ""},
		{"a group of its own that is let in", housed(node(alone)), network(from(group, other), second(other), lets(other, "0.0.0.0/0")), plan.Passed, ""},
		{"a group of its own that is not", housed(node(alone)), network(second(other), lets(other, "0.0.0.0/0")), plan.Failed, "authorize-security-group-ingress"},
		{"one of two groups is let in, the other lets out", housed(node(alone)), network(from(group, other), second("sg-a sg-other"), lets("sg-a", "0.0.0.0/0")), plan.Passed, ""},
		{"the cluster's group beside its own", housed(node(alone)), network(second("sg-cluster sg-other")), plan.Passed, ""},
		{"another group alone is let in", housed(), network(from(other)), plan.Failed, "from sg-cluster"},

		{"let out to the group", housed(node(alone)), network(from(group, other), second(other), lets(other, group)), plan.Passed, ""},
		{"let out to the subnets", housed(node(alone)), network(from(group, other), second(other), lets(other, "10.0.8.0/24", "10.0.9.0/25", "10.0.9.128/25")), plan.Passed, ""},
		{"let out to a part of them", housed(node(alone)), network(from(group, other), second(other), lets(other, "10.0.8.0/24")), plan.Unknown, "and not all"},
		{"let out elsewhere", housed(node(alone)), network(from(group, other), second(other), lets(other, "10.9.0.0/16", "sg-third")), plan.Failed, "out of sg-other to port 443 of the control plane, which cuts off alone"},
		{"let out nowhere", housed(node(alone)), network(from(group, other), second(other)), plan.Failed, "authorize-security-group-egress"},
		{"let out to ranges, and subnets are not read", housed(node(alone)), network(from(group, other), second(other), lets(other, "10.0.8.0/24"), func(n *plan.Network) { n.Subnets = plan.Reading[string]{Unread: "denied"} }), plan.Unknown, "denied"},
		{"let out everywhere, and subnets are not read", housed(), network(func(n *plan.Network) { n.Subnets = plan.Reading[string]{Unread: "denied"} }), plan.Passed, ""},
		{"the cluster's group lets nothing out", housed(), network(func(n *plan.Network) { n.Outlets.Items = nil }), plan.Failed, "out of sg-cluster"},

		{"a prefix list holds it", housed(node(alone)), network(also(list(func(r *plan.Rule) { r.CIDRs = []string{"10.0.2.0/24"} })), second(other), lets(other, "0.0.0.0/0")), plan.Passed, listed},
		{"a prefix list does not", housed(node(alone)), network(also(list(func(r *plan.Rule) { r.CIDRs = []string{"10.0.3.0/24"} })), second(other), lets(other, "0.0.0.0/0")), plan.Failed, "alone"},
		{"a prefix list is not read", housed(node(alone)), network(also(list(func(r *plan.Rule) { r.Unread = "denied" })), second(other), lets(other, "0.0.0.0/0")), plan.Unknown, "pl-1 could not be read: denied"},
		{"a prefix list is not read, and not needed", housed(), network(also(list(func(r *plan.Rule) { r.Unread = "denied" }))), plan.Passed, ""},
		{"let out to a prefix list", housed(node(alone)), network(from(group, other), second(other), func(n *plan.Network) {
			n.Outlets.Items = append(n.Outlets.Items, plan.Rule{Group: other, Peer: listed, CIDRs: []string{"10.0.8.0/23"}})
		}), plan.Passed, ""},

		{"IPv6 in an IPv4 cluster", housed(node(six)), network(from(group, "2001:db8::/64"), second(other), lets(other, "::/0")), plan.Failed, "six"},
		{"IPv6 in an IPv6 cluster", housed(ipv6, node(six)), network(from(group, "2001:db8::/64"), second(other), lets(other, "::/0")), plan.Passed, ""},
		{"in by IPv6, and out by IPv4", housed(ipv6, node(six)), network(from(group, "2001:db8::/64"), second(other), lets(other, "0.0.0.0/0")), plan.Failed, "six"},

		{"a Fargate pod's node", housed(node(inventory.Node{Name: "f", Fargate: true})), network(), plan.Passed, ""},
		{"a Fargate pod's node, and another group", housed(none, node(inventory.Node{Name: "f", Fargate: true})), network(from(other)), plan.Failed, "f"},
		{"no node, and a launch template", housed(none, template), network(), plan.Unknown, "new nodes of general"},
		{"no node, and another group", housed(none), network(from(other)), plan.Failed, "new nodes of general"},
		{"no node, and a Fargate profile", housed(none, func(s *inventory.Snapshot) {
			s.NodeGroups, s.FargateProfiles = nil, []inventory.FargateProfile{{Name: "site"}}
		}), network(from(other)), plan.Failed, "site"},
		{"the Kubernetes API is not read", housed(unseen), network(), plan.Unknown, "lack the tag kubernetes.io/cluster/" + open().Cluster.Ref.Name},
		{"not read, and an instance is cut off", housed(unseen), network(second(other)), plan.Failed, "i-2"},
		{"neither it nor instances are read", housed(unseen), network(func(n *plan.Network) { n.Machines = plan.Reading[plan.Machine]{Unread: "denied"} }), plan.Unknown, "all nodes may reach it is not known: denied"},
		{"not read, and there is no instance", housed(unseen), network(from(other), func(n *plan.Network) { n.Machines.Items = nil }), plan.Failed, "new nodes of general"},
		{"not read, and a Fargate profile is cut off", housed(unseen, func(s *inventory.Snapshot) { s.FargateProfiles = []inventory.FargateProfile{{Name: "site"}} }), network(from("10.0.1.0/24")), plan.Failed, "cuts off pods of Fargate profile site"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := checked(t, tt.is, "private", tt.n, "private path")
			if got.Verdict != tt.want || !strings.Contains(got.Detail, tt.says) {
				t.Errorf("%+v, want %s that says %q", got, tt.want, tt.says)
			}
		})
	}
}

func TestControlGroups(t *testing.T) {
	got := plan.ControlGroups(inventory.Network{ClusterSecurityGroup: "sg-b", SecurityGroups: []string{"sg-c", "sg-b", "sg-a"}})
	if diff := cmp.Diff([]string{"sg-a", "sg-b", "sg-c"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
