package cloud_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
			if a.Clusters[j].Name == ledger.Name && change != nil {
				change(a, &a.Clusters[j])
			}
		}
	}
	e := enter(t, estate.Config{Scenario: s, Images: published, Now: time.Now})
	c, err := cloud.New(t.Context(), cloud.Config{RoleName: estate.ScanRole, Attempts: 1, Now: estate.AsOf})
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.Describe(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	return e, c, now
}

func TestNetwork(t *testing.T) {
	tests := []struct {
		name string
		net  estate.Network
		want func(s *inventory.Snapshot) plan.Network
	}{
		{"as EKS makes it", estate.Network{NAT: []string{"203.0.113.80", "203.0.113.81"}}, func(s *inventory.Snapshot) plan.Network {
			var n plan.Network
			own := s.Cluster.Network.ClusterSecurityGroup
			n.Sources.Items = []plan.Source{{Into: own, From: own}}
			for _, id := range plan.NodeSubnets(s) {
				n.Exits.Items = append(n.Exits.Items, plan.Exit{Subnet: id, Addresses: []string{"203.0.113.80", "203.0.113.81"}})
			}
			return n
		}},
		{"closed", estate.Network{
			DNSOff: []string{"enableDnsHostnames"}, Ways: []string{"igw-1", estate.NoWay, "tgw-1"},
			Rules: []estate.Rule{{Protocol: "tcp", Low: 10250, High: 10250, From: "10.0.0.0/8"}, {Protocol: "udp", Low: 1, High: 65535, From: "10.0.0.0/8"}},
		}, func(s *inventory.Snapshot) plan.Network {
			var n plan.Network
			n.DNSOff.Items = []string{"enableDnsHostnames"}
			for _, id := range plan.NodeSubnets(s) {
				n.Exits.Items = append(n.Exits.Items, plan.Exit{Subnet: id})
			}
			return n
		}},
		{"let in by all kinds of rules", estate.Network{Ways: []string{estate.NoWay}, Rules: []estate.Rule{
			{Protocol: "tcp", Low: 443, High: 443, From: "10.1.0.0/16"},
			{Protocol: "6", Low: 1, High: 65535, From: "2001:db8::/56"},
			{Protocol: "-1", From: "sg-1"},
			{Protocol: "tcp", Low: 400, High: 500, From: "pl-1"},
		}}, func(s *inventory.Snapshot) plan.Network {
			var n plan.Network
			for _, from := range []string{"10.1.0.0/16", "2001:db8::/56", "pl-1", "sg-1"} {
				n.Sources.Items = append(n.Sources.Items, plan.Source{Into: s.Cluster.Network.ClusterSecurityGroup, From: from})
			}
			for _, id := range plan.NodeSubnets(s) {
				n.Exits.Items = append(n.Exits.Items, plan.Exit{Subnet: id})
			}
			return n
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var subnets []string
			_, c, now := networked(t, "", func(_ *estate.Account, cl *estate.Cluster) { cl.Network, subnets = tt.net, cl.Subnets })
			got, want := c.Network(t.Context(), now), tt.want(now)
			for i, id := range plan.NodeSubnets(now) {
				way := got.Exits.Items[i].Via
				if ways := tt.net.Ways; ways == nil {
					if !strings.HasPrefix(way, "nat-") {
						t.Errorf("%s leaves by %q", id, way)
					}
				} else if w := ways[min(slices.Index(subnets, id), len(ways)-1)]; way != w && (w != estate.NoWay || way != "") {
					t.Errorf("%s leaves by %q, want %q", id, way, w)
				}
				got.Exits.Items[i].Via = ""
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
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
			n := c.Network(t.Context(), now)
			_, err := c.PrefixList(t.Context(), now.Cluster.Ref, "pl-1")
			var missing []string
			for _, text := range []string{n.DNSOff.Unread, n.Sources.Unread, n.Exits.Unread} {
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
