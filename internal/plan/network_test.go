package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

const group, other = "sg-cluster", "sg-other"

// housed is a cluster with a node group in two subnets, whose nodes were read.
func housed(change ...func(*inventory.Snapshot)) *inventory.Snapshot {
	s := open(func(s *inventory.Snapshot) {
		s.Cluster.Network.ClusterSecurityGroup = group
		s.NodeGroups = []inventory.NodeGroup{{Name: "general", Subnets: []string{"subnet-b", "subnet-a"}}}
		s.Nodes = []inventory.Node{{Name: "n1", NodeGroup: "general", ProviderID: "aws:///eu-central-1a/i-1", InternalIPs: []string{"10.0.1.7"}, Ready: true}}
	})
	for _, f := range change {
		f(s)
	}
	return s
}

// network is one that is as it should be.
func network(change ...func(*plan.Network)) plan.Network {
	n := plan.Network{
		Sources:  plan.Reading[plan.Rule]{Items: []plan.Rule{{Group: group, Peer: group}}},
		Machines: plan.Reading[plan.Machine]{Items: []plan.Machine{{ID: "i-1", Groups: []string{group}, Addresses: []string{"10.0.1.7"}}}},
		Outlets:  plan.Reading[plan.Rule]{Items: []plan.Rule{{Group: group, Peer: "0.0.0.0/0"}}},
		Subnets:  plan.Reading[string]{Items: []string{"10.0.8.0/24", "10.0.9.0/24"}},
		Exits: plan.Reading[plan.Exit]{Items: []plan.Exit{
			{Subnet: "subnet-a", Via: "nat-1", Addresses: []string{"203.0.113.80"}}, {Subnet: "subnet-b", Via: "nat-1", Addresses: []string{"203.0.113.80"}},
		}},
	}
	for _, f := range change {
		f(&n)
	}
	return n
}

func from(sources ...string) func(*plan.Network) {
	return func(n *plan.Network) {
		n.Sources.Items = nil
		for _, s := range sources {
			n.Sources.Items = append(n.Sources.Items, plan.Rule{Group: group, Peer: s})
		}
	}
}

func exit(via string, addresses ...string) func(*plan.Network) {
	return func(n *plan.Network) { n.Exits.Items[0].Via, n.Exits.Items[0].Addresses = via, addresses }
}

func machine(m plan.Machine) func(*plan.Network) {
	return func(n *plan.Network) { n.Machines.Items = append(n.Machines.Items, m) }
}

func node(n inventory.Node) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) { s.Nodes = append(s.Nodes, n) }
}

// checked gives one check of a plan.
func checked(t *testing.T, s *inventory.Snapshot, option string, n plan.Network, name string) plan.Check {
	t.Helper()
	c := plan.EndpointChoice{Option: option}
	if option != "private" {
		c.CIDRs = []string{"203.0.113.0/24"}
	}
	_, checks, err := plan.DraftEndpoint(s, c, n)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		if c.Name == name {
			return c
		}
	}
	return plan.Check{}
}

// From which addresses nodes and Fargate pods come without the private endpoint.
func TestNodesOfAPublicEndpoint(t *testing.T) {
	external := func(ip string) func(*inventory.Snapshot) {
		return node(inventory.Node{Name: "n2", NodeGroup: "general", ExternalIPs: []string{ip}})
	}
	tests := []struct {
		name string
		is   *inventory.Snapshot
		n    plan.Network
		want plan.Verdict
		says string
	}{
		{"a NAT gateway inside", housed(), network(), plan.Passed, "203.0.113.80 (nat-1)"},
		{"one of two is outside", housed(), network(exit("nat-2", "203.0.113.81", "198.51.100.4")), plan.Failed, "add 198.51.100.4/32"},
		{"a node's own address is outside", housed(external("198.51.100.5")), network(), plan.Failed, "add 198.51.100.5/32"},
		{"outside, and routes are not read", housed(external("198.51.100.5")), unread, plan.Failed, "198.51.100.5/32"},
		{"a node's own address is inside", housed(external("203.0.113.9")), network(), plan.Passed, ""},
		{"an internet gateway", housed(external("203.0.113.9")), network(exit("igw-1")), plan.Unknown, "new nodes have others"},
		{"a transit gateway", housed(), network(exit("tgw-1")), plan.Unknown, "subnet-a leave by tgw-1"},
		{"no way out", housed(), network(exit("")), plan.Failed, "subnet-a"},
		{"routes are not read", housed(), unread, plan.Unknown, "could not be read: denied"},
		{"nodes of one's own", housed(node(inventory.Node{Name: "n2"})), network(), plan.Unknown, "no node group"},
		{"nodes of one's own, and an instance's address is outside", housed(node(inventory.Node{Name: "n2"})), network(machine(plan.Machine{ID: "i-2", Public: "198.51.100.6"})), plan.Failed, "add 198.51.100.6/32"},
		{"and one inside", housed(node(inventory.Node{Name: "n2"})), network(machine(plan.Machine{ID: "i-2", Public: "203.0.113.9"})), plan.Unknown, "no node group"},
		{"Auto Mode", housed(func(s *inventory.Snapshot) { s.Cluster.AutoMode = true }), network(), plan.Unknown, "no node group"},
		{"node groups are not read", housed(func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: inventory.SectionNodeGroups}} }), network(), plan.Unknown, "could be read"},
		{"an IPv6 cluster", housed(func(s *inventory.Snapshot) { s.Cluster.Network.IPFamily = "ipv6" }), network(), plan.Unknown, "IPv6"},
		{"no nodes", open(), plan.Network{}, plan.Passed, "no nodes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := checked(t, tt.is, "public", tt.n, "nodes")
			if got.Verdict != tt.want || !strings.Contains(got.Detail, tt.says) {
				t.Errorf("%+v, want %s that says %q", got, tt.want, tt.says)
			}
		})
	}
}

func TestNodeSubnets(t *testing.T) {
	s := housed(func(s *inventory.Snapshot) {
		s.FargateProfiles = []inventory.FargateProfile{{Subnets: []string{"subnet-c", "subnet-a"}}}
	})
	machines := []plan.Machine{{ID: "i-1", Subnet: "subnet-b"}, {ID: "i-2", Subnet: "subnet-d"}, {ID: "i-3"}}
	if diff := cmp.Diff([]string{"subnet-a", "subnet-b", "subnet-c", "subnet-d"}, plan.NodeSubnets(s, machines)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What went wrong since the endpoint was changed, and what only looks so.
func TestHarm(t *testing.T) {
	unreachable := func(s *inventory.Snapshot) {
		s.Nodes = nil
		s.Gaps = []inventory.Gap{{Section: inventory.SectionNodes, Reason: "unavailable", Detail: "no answer"}}
	}
	denied := func(s *inventory.Snapshot) {
		s.Nodes = nil
		s.Gaps = []inventory.Gap{{Section: inventory.SectionNodes, Reason: "denied", Detail: "forbidden"}}
	}
	notReady := func(s *inventory.Snapshot) { s.Nodes[0].Ready = false }
	issue := func(code string) func(*inventory.Snapshot) {
		return func(s *inventory.Snapshot) {
			s.NodeGroups[0].Issues = []inventory.Issue{{Code: code, Message: "no way"}}
		}
	}
	cluster := func(s *inventory.Snapshot) { s.Cluster.Issues = []inventory.Issue{{Code: "ClusterUnreachable"}} }
	none := func(*inventory.Snapshot) {}
	operator := plan.Check{Name: "operator", Verdict: plan.Passed}
	tests := []struct {
		name        string
		before, now func(*inventory.Snapshot)
		public      bool
		checks      []plan.Check
		says        string
	}{
		{"nothing", none, none, true, nil, ""},
		{"a node is cut off", none, notReady, true, nil, "n1"},
		{"a node is cut off from a private endpoint", none, notReady, false, nil, "n1"},
		{"a node was not ready before", notReady, notReady, true, nil, ""},
		{"a node is gone", none, func(s *inventory.Snapshot) { s.Nodes = nil }, true, nil, ""},
		{"a node group is cut off", none, issue("ClusterUnreachable"), false, nil, "node group general: ClusterUnreachable: no way"},
		{"it was so before", issue("ClusterUnreachable"), issue("ClusterUnreachable"), false, nil, ""},
		{"another issue", none, issue("AsgInstanceLaunchFailures"), false, nil, ""},
		{"the cluster is cut off", none, cluster, false, nil, "cluster shop: ClusterUnreachable"},
		{"the API is lost where it was to be kept", none, unreachable, true, []plan.Check{operator}, "no answer"},
		{"the API is refused", none, denied, true, []plan.Check{operator}, ""},
		{"it was lost before", unreachable, unreachable, true, []plan.Check{operator}, ""},
		{"nobody said that it was to be kept", none, unreachable, true, []plan.Check{{Name: "operator", Verdict: plan.Unknown}}, ""},
		{"the endpoint is private, and eksposure outside", none, unreachable, false, []plan.Check{operator}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := plan.Plan{Checks: tt.checks, Actions: []plan.Action{{Kind: plan.EndpointAccess, To: plan.Setting{Endpoint: &plan.Endpoint{Public: tt.public, Private: !tt.public}}}}}
			got := p.Harm(plan.SightOf(housed(tt.before)), housed(tt.now))
			if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
				t.Errorf("%q, want one that says %q", got, tt.says)
			}
		})
	}
}
