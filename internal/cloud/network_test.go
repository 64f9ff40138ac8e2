package cloud_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// networked gives a client that scans the estate with the rights of scanning and of
// drafting a change of the endpoint but one, and ledger as it is described.
func networked(t *testing.T, without string, change func(*estate.Account, *estate.Cluster)) (*estate.Estate, *cloud.Client, *inventory.Snapshot) {
	t.Helper()
	return networkOf(t, ledger, without, change)
}

// networkOf does the same for another cluster.
func networkOf(t *testing.T, ref inventory.ClusterRef, without string, change func(*estate.Account, *estate.Cluster)) (*estate.Estate, *cloud.Client, *inventory.Snapshot) {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for j := range a.Roles {
			a.Roles[j].Allow = slices.DeleteFunc(exactly(cloud.ScopeAccount, cloud.ScopeEndpoint), func(action string) bool { return action == without })
		}
		for j := range a.Clusters {
			if a.Clusters[j].Name == ref.Name && change != nil {
				change(a, &a.Clusters[j])
			}
		}
	}
	e := enter(t, estate.Config{Scenario: s, Images: published, Now: time.Now})
	c, err := cloud.New(t.Context(), cloud.Config{RoleName: estate.ScanRole, Attempts: 1, Now: estate.AsOf})
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.Describe(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return e, c, now
}

// TestNetwork reads what is around a cluster whose nodes have the cluster security group,
// or others.
func TestNetwork(t *testing.T) {
	const office, ours, theirs = "pl-1", "sg-ours", "sg-theirs"
	everywhere := []string{"0.0.0.0/0"}
	tests := []struct {
		name string
		net  estate.Network
		// groups are those of the managed nodes.
		groups []string
		in     []string // of the cluster security group
		listed bool     // in has the prefix list, which is read
		out    map[string][]string
		off    []string
	}{
		{name: "as EKS makes it", net: estate.Network{NAT: []string{"203.0.113.80", "203.0.113.81"}}, in: []string{"own"}, out: map[string][]string{"own": everywhere}},
		{
			name: "closed", net: estate.Network{
				DNSOff: []string{"enableDnsHostnames"}, Ways: []string{"igw-1", estate.NoWay, "tgw-1"},
				Rules: []estate.Rule{{Protocol: "tcp", Low: 10250, High: 10250, From: "10.0.0.0/8"}, {Protocol: "udp", Low: 1, High: 65535, From: "10.0.0.0/8"}},
			},
			out: map[string][]string{"own": everywhere}, off: []string{"enableDnsHostnames"},
		},
		{name: "let in by all kinds of rules", net: estate.Network{Ways: []string{estate.NoWay}, Rules: []estate.Rule{
			{Protocol: "tcp", Low: 443, High: 443, From: "10.1.0.0/16"},
			{Protocol: "6", Low: 1, High: 65535, From: "2001:db8::/56"},
			{Protocol: "-1", From: "sg-1"},
			{Protocol: "tcp", Low: 400, High: 500, From: office},
		}}, in: []string{"10.1.0.0/16", "2001:db8::/56", office, "sg-1"}, listed: true, out: map[string][]string{"own": everywhere}},
		{name: "groups of the nodes", net: estate.Network{Groups: []estate.SecurityGroup{
			{ID: ours, Out: []estate.Rule{{Protocol: "tcp", Low: 443, High: 443, From: "10.0.0.0/16"}, {Protocol: "tcp", Low: 80, High: 80, From: "0.0.0.0/0"}}},
			{ID: theirs, In: []estate.Rule{{Protocol: "-1", From: ours}}, Out: []estate.Rule{}},
		}}, groups: []string{theirs, ours}, in: []string{"own"}, out: map[string][]string{"own": everywhere, ours: {"10.0.0.0/16"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var subnets []string
			_, c, now := networked(t, "", func(a *estate.Account, cl *estate.Cluster) {
				cl.Network, subnets = tt.net, cl.Subnets
				cl.NodeGroups[0].SecurityGroups = tt.groups
				a.PrefixLists = []estate.PrefixList{{Region: cl.Region, ID: office, Version: 2, CIDRs: []string{"10.7.0.0/16"}}}
			})
			housing(t, c, now)
			got := c.Network(t.Context(), now)
			own, extra := now.Cluster.Network.ClusterSecurityGroup, now.Cluster.Network.SecurityGroups[0]
			tt.out[extra] = everywhere
			named := func(id string) string {
				if id == "own" {
					return own
				}
				return id
			}
			var want plan.Network
			want.DNSOff.Items = tt.off
			for _, peer := range tt.in {
				r := plan.Rule{Group: own, Peer: named(peer)}
				if tt.listed && peer == office {
					r.CIDRs = []string{"10.7.0.0/16"}
				}
				want.Sources.Items = append(want.Sources.Items, r)
			}
			for _, group := range slices.Sorted(maps.Keys(tt.out)) {
				for _, peer := range tt.out[group] {
					want.Outlets.Items = append(want.Outlets.Items, plan.Rule{Group: named(group), Peer: peer})
				}
			}
			groups := slices.Sorted(slices.Values(tt.groups))
			if groups == nil {
				groups = []string{own}
			}
			for _, node := range now.Nodes[:len(now.Nodes)-2] {
				want.Machines.Items = append(want.Machines.Items, plan.Machine{ID: plan.InstanceID(node), Groups: groups, Addresses: node.InternalIPs, Subnet: subnets[0]})
			}
			for i := range subnets {
				want.Subnets.Items = append(want.Subnets.Items, fmt.Sprintf("10.0.%d.0/24", i))
			}
			for i, id := range plan.NodeSubnets(now, nil) {
				way := got.Exits.Items[i].Via
				if ways := tt.net.Ways; ways == nil {
					if !strings.HasPrefix(way, "nat-") {
						t.Errorf("%s leaves by %q", id, way)
					}
				} else if w := ways[min(slices.Index(subnets, id), len(ways)-1)]; way != w && (w != estate.NoWay || way != "") {
					t.Errorf("%s leaves by %q, want %q", id, way, w)
				}
				got.Exits.Items[i].Via = ""
				exit := plan.Exit{Subnet: id, Addresses: got.Exits.Items[i].Addresses}
				if tt.net.NAT != nil {
					exit.Addresses = tt.net.NAT
				}
				want.Exits.Items = append(want.Exits.Items, exit)
			}
			byID := cmpopts.SortSlices(func(a, b plan.Machine) bool { return a.ID < b.ID })
			byGroup := cmpopts.SortSlices(func(a, b plan.Rule) bool { return a.Group+a.Peer < b.Group+b.Peer })
			if diff := cmp.Diff(want, got, byID, byGroup); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Where the Kubernetes API was not read, EC2 tells of nodes that nobody manages, too, with
// their security groups, the way out of their subnet, and their own addresses.
func TestNetworkWithoutKubernetes(t *testing.T) {
	const theirs, away = "sg-theirs", "198.51.100."
	build := inventory.ClusterRef{Partition: "aws", Account: toolsAccount, Region: "us-east-1", Name: "platform-build"}
	var subnet string
	_, c, now := networkOf(t, build, "", func(_ *estate.Account, cl *estate.Cluster) {
		cl.Network, subnet = estate.Network{Apart: []string{theirs}, Groups: []estate.SecurityGroup{{ID: theirs, Out: []estate.Rule{}}}}, cl.Subnets[0]
	})
	now.Gaps = []inventory.Gap{{Section: inventory.SectionNodes, Reason: "unavailable"}}
	n := c.Network(t.Context(), now)
	if len(n.Machines.Items) != 2 || n.Machines.Unread != "" {
		t.Fatalf("%+v, want two instances", n.Machines)
	}
	for _, m := range n.Machines.Items {
		if !slices.Equal(m.Groups, []string{theirs}) || !strings.HasPrefix(m.Public, away) || m.Subnet != subnet {
			t.Errorf("%+v", m)
		}
	}
	if len(n.Exits.Items) != 1 || n.Exits.Items[0].Subnet != subnet || !slices.ContainsFunc(n.Outlets.Items, func(r plan.Rule) bool { return r.Group != theirs }) {
		t.Errorf("ways out %+v, rules %+v", n.Exits.Items, n.Outlets.Items)
	}
}

// housing gives a snapshot the nodes of its cluster. Where the Kubernetes API was not read,
// EC2 tells of them by their tags, page by page.
func housing(t *testing.T, c *cloud.Client, now *inventory.Snapshot) {
	t.Helper()
	now.Gaps = []inventory.Gap{{Section: inventory.SectionNodes, Reason: "unavailable"}}
	found := c.Network(t.Context(), now).Machines
	if len(found.Items) < 2 {
		t.Fatalf("%+v are no two pages", found)
	}
	now.Gaps = nil
	for _, m := range found.Items {
		now.Nodes = append(now.Nodes, inventory.Node{Name: m.ID, ProviderID: "aws:///eu-west-1a/" + m.ID, InternalIPs: m.Addresses})
	}
	now.Nodes = append(now.Nodes,
		inventory.Node{Name: "gone", ProviderID: "aws:///eu-west-1a/i-0123456789abcdef0"}, inventory.Node{Name: "fargate", Fargate: true, ProviderID: "aws:///eu-west-1a/0123/fargate-ip"})
}

func TestPrefixList(t *testing.T) {
	var many []string
	for i := range 130 {
		many = append(many, "203.0."+string(rune('0'+i%10))+".0/24")
	}
	_, c, now := networked(t, "", func(a *estate.Account, cl *estate.Cluster) {
		a.PrefixLists = []estate.PrefixList{
			{Region: cl.Region, ID: "pl-1", Name: "offices", Version: 7, CIDRs: many},
			{Region: cl.Region, ID: "pl-2", State: "modify-in-progress", Version: 1},
			{Region: "us-west-2", ID: "pl-3", Version: 1},
		}
	})
	got, err := c.PrefixList(t.Context(), now.Cluster.Ref, "pl-1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.PrefixList{ID: "pl-1", Name: "offices", Version: 7, CIDRs: many}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for id, want := range map[string]error{"pl-2": fault.ErrConflict, "pl-3": fault.ErrNotFound, "offices": fault.ErrInvalid} {
		if _, err := c.PrefixList(t.Context(), now.Cluster.Ref, id); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
}

// Without one of the rights the part that it is for is not known, or the prefix list cannot
// be taken, and it is said which right is missing.
func TestNetworkWithoutARight(t *testing.T) {
	for _, p := range cloud.Permissions() {
		if p.Scope != cloud.ScopeEndpoint {
			continue
		}
		t.Run(p.Action, func(t *testing.T) {
			e, c, now := networked(t, p.Action, func(a *estate.Account, cl *estate.Cluster) {
				a.PrefixLists = []estate.PrefixList{{Region: cl.Region, ID: "pl-1", Version: 1, CIDRs: []string{"203.0.113.0/24"}}}
			})
			if p.Action != "ec2:DescribeInstances" {
				housing(t, c, now)
			}
			now.Nodes = append(now.Nodes, inventory.Node{ProviderID: "aws:///eu-west-1a/i-0123456789abcdef0"})
			n := c.Network(t.Context(), now)
			_, err := c.PrefixList(t.Context(), now.Cluster.Ref, "pl-1")
			var missing []string
			if p.Action == "ec2:DescribeSecurityGroups" && n.Outlets.Unread != n.Sources.Unread {
				t.Errorf("what is let out: %q, what is let in: %q", n.Outlets.Unread, n.Sources.Unread)
			}
			for _, text := range []string{n.DNSOff.Unread, n.Sources.Unread, n.Machines.Unread, n.Subnets.Unread, n.Exits.Unread} {
				if text != "" {
					missing = append(missing, text)
				}
			}
			if err != nil {
				missing = append(missing, err.Error())
			}
			if len(missing) != 1 || !strings.Contains(missing[0], "Allow "+p.Action) {
				t.Errorf("missing %q, want one that names %s", missing, p.Action)
			}
			if !slices.Contains(e.Actions(), p.Action) {
				t.Error("it was never asked for")
			}
		})
	}
}

// What EKS says is wrong with a cluster and its node groups is in its snapshot.
func TestIssues(t *testing.T) {
	_, _, now := networked(t, "", func(_ *estate.Account, cl *estate.Cluster) {
		cl.Issues = []estate.Issue{{Code: "Ec2SecurityGroupNotFound", Message: "it is gone"}}
		cl.NodeGroups[0].LaunchTemplate = "lt-0123456789abcdef0"
		cl.NodeGroups[0].Issues = []estate.Issue{{Code: "ClusterUnreachable", Message: "no way"}}
	})
	if diff := cmp.Diff([]inventory.Issue{{Code: "Ec2SecurityGroupNotFound", Message: "it is gone"}}, now.Cluster.Issues); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]inventory.Issue{{Code: "ClusterUnreachable", Message: "no way"}}, now.NodeGroups[0].Issues); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := now.NodeGroups[0].LaunchTemplate; got != "lt-0123456789abcdef0" {
		t.Errorf("launch template %q", got)
	}
}
