package plan_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

var shop = inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "shop"}

const key = "arn:aws:kms:eu-central-1:111122223333:key/1"

// open is a cluster that everybody reaches, and that an administrator may mend.
func open(change ...func(*inventory.Snapshot)) *inventory.Snapshot {
	s := &inventory.Snapshot{
		Cluster: inventory.Cluster{
			Ref: shop, Status: "ACTIVE", Version: "1.34", AuthenticationMode: "API", Network: inventory.Network{IPFamily: "ipv4"},
			Endpoint: &inventory.Endpoint{Public: true, PublicCIDRs: []string{"0.0.0.0/0"}},
		},
		AccessEntries: []inventory.AccessEntry{{
			PrincipalARN: "arn:aws:iam::111122223333:role/admin", Type: "STANDARD",
			Policies: []inventory.AccessPolicy{{ARN: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"}},
		}},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func endpoint(public, private bool, cidrs ...string) func(*inventory.Snapshot) {
	return func(s *inventory.Snapshot) {
		s.Cluster.Endpoint = &inventory.Endpoint{Public: public, Private: private, PublicCIDRs: cidrs}
	}
}

// unread is a network of which nothing could be read.
var unread = plan.Network{
	DNSOff: plan.Reading[string]{Unread: "denied"}, Sources: plan.Reading[plan.Rule]{Unread: "denied"}, Exits: plan.Reading[plan.Exit]{Unread: "denied"},
}

func offices(cidrs ...string) *plan.PrefixList {
	return &plan.PrefixList{ID: "pl-1", Name: "offices", Version: 3, CIDRs: cidrs}
}

// many gives ranges that do not touch.
func many(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("198.18.%d.0/24", 2*i))
	}
	return list
}

// The actions of each option, as people read them. Every action begins where the one
// before ended, and the private endpoint is on before nobody comes in by the public one.
func TestDraftEndpoint(t *testing.T) {
	const office = "203.0.113.0/24"
	tests := []struct {
		name   string
		is     func(*inventory.Snapshot)
		choice plan.EndpointChoice
		want   []string
	}{
		{
			"private", endpoint(true, false, "0.0.0.0/0"),
			plan.EndpointChoice{Option: "private"},
			[]string{
				"Switch the private endpoint on: private on, public on for 0.0.0.0/0",
				"Switch the public endpoint off: private on, public off",
			},
		},
		{
			"private, which is on", endpoint(true, true, "0.0.0.0/0"),
			plan.EndpointChoice{Option: "private"},
			[]string{"Switch the public endpoint off: private on, public off"},
		},
		{
			"both", endpoint(true, false, "0.0.0.0/0"),
			plan.EndpointChoice{Option: "public-and-private", CIDRs: []string{office}},
			[]string{
				"Switch the private endpoint on: private on, public on for 0.0.0.0/0",
				"Let 203.0.113.0/24 reach the public endpoint, and nobody else: private on, public on for 203.0.113.0/24",
			},
		},
		{
			"public", endpoint(true, false),
			plan.EndpointChoice{Option: "public", CIDRs: []string{office, "198.51.100.7/32"}},
			[]string{"Let 198.51.100.7/32 and 203.0.113.0/24 reach the public endpoint, and nobody else: private off, public on for 198.51.100.7/32 and 203.0.113.0/24"},
		},
		{
			"public, and private was on", endpoint(true, true, "0.0.0.0/0"),
			plan.EndpointChoice{Option: "public", CIDRs: []string{office}},
			[]string{
				"Let 203.0.113.0/24 reach the public endpoint, and nobody else: private on, public on for 203.0.113.0/24",
				"Switch the private endpoint off: private off, public on for 203.0.113.0/24",
			},
		},
		{
			"a prefix list, merged", endpoint(true, false, "0.0.0.0/0"),
			plan.EndpointChoice{Option: "prefix-list", List: offices("203.0.113.128/25", "203.0.113.0/25", "203.0.113.7/32")},
			[]string{
				"Switch the private endpoint on: private on, public on for 0.0.0.0/0",
				"Let 203.0.113.0/24 reach the public endpoint, and nobody else: private on, public on for 203.0.113.0/24",
			},
		},
		{
			"a prefix list that is narrower", endpoint(true, true, office),
			plan.EndpointChoice{Option: "prefix-list", List: offices("203.0.113.0/26"), Narrow: true},
			[]string{"Let 203.0.113.0/26 reach the public endpoint, and nobody else: private on, public on for 203.0.113.0/26"},
		},
		{
			"narrower", endpoint(true, true, office),
			plan.EndpointChoice{Option: "narrower", CIDRs: []string{"203.0.113.0/26"}},
			[]string{"Let 203.0.113.0/26 reach the public endpoint, and nobody else: private on, public on for 203.0.113.0/26"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(tt.is)
			actions, _, err := plan.DraftEndpoint(s, tt.choice, unread)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			now := plan.Of(plan.EndpointAccess, s)
			for _, a := range actions {
				got = append(got, a.Title+": "+a.To.String())
				if !a.From.Equal(now) {
					t.Errorf("%q begins at %s, and there is %s", a.Title, a.From, now)
				}
				if inside := strings.Contains(a.Title, "private endpoint"); inside != (a.Effect == plan.Deferred) {
					t.Errorf("the effect of %q is %s", a.Title, a.Effect)
				}
				if a.Target != shop.Resource() || len(a.Permissions) == 0 || a.Risk == "" || a.Effect == "" || a.Irreversible != "" {
					t.Errorf("action %+v", a)
				}
				back, ok := a.Inverse()
				if !ok || !back.From.Equal(a.To) || !back.To.Equal(a.From) || back.Title == a.Title {
					t.Errorf("inverse %+v, %t", back, ok)
				}
				now = plan.Of(plan.EndpointAccess, a.To.Put(s))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDraftEndpointRefuses(t *testing.T) {
	tests := []struct {
		name   string
		is     func(*inventory.Snapshot)
		choice plan.EndpointChoice
		want   error
		says   string
	}{
		{"ranges for private", nil, plan.EndpointChoice{Option: "private", CIDRs: []string{"203.0.113.0/24"}}, fault.ErrInvalid, "leave them out"},
		{"no ranges", nil, plan.EndpointChoice{Option: "public"}, fault.ErrInvalid, "needs the CIDR ranges"},
		{"no such option", nil, plan.EndpointChoice{Option: "off"}, fault.ErrInvalid, "want private"},
		{"no prefix list", nil, plan.EndpointChoice{Option: "prefix-list"}, fault.ErrInvalid, "needs the ID"},
		{"ranges beside a prefix list", nil, plan.EndpointChoice{Option: "prefix-list", List: offices("203.0.113.0/24"), CIDRs: []string{"198.51.100.0/24"}}, fault.ErrInvalid, "put them into the list"},
		{"an empty prefix list", nil, plan.EndpointChoice{Option: "prefix-list", List: offices()}, fault.ErrInvalid, "pl-1 (offices), version 3 is empty"},
		{"a prefix list of IPv6 on IPv4", nil, plan.EndpointChoice{Option: "prefix-list", List: offices("2001:db8::/32")}, fault.ErrInvalid, "IPv6 family alone"},
		{"a prefix list of the VPC", nil, plan.EndpointChoice{Option: "prefix-list", List: offices("10.0.0.0/8")}, fault.ErrInvalid, "pl-1"},
		{"a prefix list of too many", nil, plan.EndpointChoice{Option: "prefix-list", List: offices(many(41)...)}, fault.ErrInvalid, "41 CIDR ranges"},
		{
			"a prefix list that is wider", endpoint(true, true, "203.0.113.0/24"),
			plan.EndpointChoice{Option: "prefix-list", List: offices("203.0.112.0/23"), Narrow: true},
			fault.ErrInvalid, "would not be narrower",
		},
		{"IPv6 on IPv4", nil, plan.EndpointChoice{Option: "public", CIDRs: []string{"2001:db8::/32"}}, fault.ErrInvalid, "IPv6 family alone"},
		{"host bits", nil, plan.EndpointChoice{Option: "public", CIDRs: []string{"203.0.113.7/24"}}, fault.ErrInvalid, "203.0.113.7/32"},
		{
			"wider is not narrower", endpoint(true, true, "203.0.113.0/24"),
			plan.EndpointChoice{Option: "narrower", CIDRs: []string{"203.0.113.0/25", "198.51.100.0/24"}},
			fault.ErrInvalid, "198.51.100.0/24 is not let in now",
		},
		{"already so", endpoint(false, true, "0.0.0.0/0"), plan.EndpointChoice{Option: "private"}, fault.ErrConflict, "so already"},
		{
			"already so, in halves", endpoint(true, true, "203.0.113.128/25", "203.0.113.0/25"),
			plan.EndpointChoice{Option: "public-and-private", CIDRs: []string{"203.0.113.0/24"}},
			fault.ErrConflict, "so already",
		},
		{
			"not known", func(s *inventory.Snapshot) { s.Cluster.Endpoint = nil },
			plan.EndpointChoice{Option: "private"},
			fault.ErrUnavailable, "scan it first",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			is := tt.is
			if is == nil {
				is = func(*inventory.Snapshot) {}
			}
			_, _, err := plan.DraftEndpoint(open(is), tt.choice, unread)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %v that says %q", err, tt.want, tt.says)
			}
		})
	}
}

// Who would be locked out, or let in.
func TestEndpointChecks(t *testing.T) {
	inside, outside := netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("198.51.100.1")
	both := plan.EndpointChoice{Option: "public-and-private", CIDRs: []string{"203.0.113.0/24"}}
	with := func(c plan.EndpointChoice, a netip.Addr) plan.EndpointChoice { c.Operator = a; return c }
	entries := func(mode string, list ...inventory.AccessEntry) func(*inventory.Snapshot) {
		return func(s *inventory.Snapshot) { s.Cluster.AuthenticationMode, s.AccessEntries = mode, list }
	}
	node := inventory.AccessEntry{PrincipalARN: "arn:node", Type: "EC2_LINUX"}
	tests := []struct {
		name   string
		is     func(*inventory.Snapshot)
		choice plan.EndpointChoice
		check  string
		want   plan.Verdict
	}{
		{"operator is let in", nil, with(both, inside), "operator", plan.Passed},
		{"operator is shut out", nil, with(both, outside), "operator", plan.Failed},
		{"operator is not known", nil, both, "operator", plan.Unknown},
		{"operator of a private endpoint, who is not known", nil, plan.EndpointChoice{Option: "private"}, "operator", plan.Unknown},
		{"nodes with the private endpoint", nil, both, "nodes", plan.Passed},
		{"nodes without", nil, plan.EndpointChoice{Option: "public", CIDRs: both.CIDRs}, "nodes", plan.Unknown},
		{"the VPC is not read", nil, both, "private path", plan.Unknown},
		{"somebody may administer", nil, both, "access entries", plan.Passed},
		{"nobody but nodes", entries("API", node), both, "access entries", plan.Failed},
		{"nobody but nodes, and a ConfigMap", entries("API_AND_CONFIG_MAP", node), both, "access entries", plan.Unknown},
		{"a ConfigMap alone", entries("CONFIG_MAP"), both, "access entries", plan.Unknown},
		{"somebody, by groups", entries("API", inventory.AccessEntry{PrincipalARN: "arn:a", Type: "STANDARD", Groups: []string{"g"}}), both, "access entries", plan.Unknown},
		{
			"entries were not read",
			func(s *inventory.Snapshot) {
				s.Gaps = append(s.Gaps, inventory.Gap{Section: inventory.SectionAccess})
			},
			both, "access entries", plan.Unknown,
		},
		{"others are let in", endpoint(true, true, "198.51.100.0/24"), both, "new addresses", plan.Unknown},
		{"no others are let in", endpoint(true, true, "203.0.0.0/16"), both, "new addresses", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open()
			if tt.is != nil {
				tt.is(s)
			}
			_, checks, err := plan.DraftEndpoint(s, tt.choice, unread)
			if err != nil {
				t.Fatal(err)
			}
			var got plan.Verdict
			for _, c := range checks {
				if c.Name == tt.check {
					got = c.Verdict
				}
			}
			if got != tt.want {
				t.Errorf("%s is %q, want %q: %+v", tt.check, got, tt.want, checks)
			}
		})
	}
}

// Who reaches an endpoint is told by the operator's address: nobody comes to a private one
// from the internet, and who is inside of the network needs a rule.
func TestOperatorCheck(t *testing.T) {
	vpc := func(peers ...string) plan.Network {
		n := plan.Network{Subnets: plan.Reading[string]{Items: []string{"10.0.0.0/24", "10.0.1.0/24", "2001:db8:1::/64"}}}
		for _, peer := range peers {
			n.Sources.Items = append(n.Sources.Items, plan.Rule{Group: "sg-1", Peer: peer})
		}
		return n
	}
	six := func(s *inventory.Snapshot) { s.Cluster.Network.IPFamily = "ipv6" }
	private, both, public := plan.EndpointChoice{Option: "private"}, plan.EndpointChoice{Option: "public-and-private"}, plan.EndpointChoice{Option: "public"}
	tests := []struct {
		name     string
		is       func(*inventory.Snapshot)
		choice   plan.EndpointChoice
		network  plan.Network
		operator string
		want     plan.Verdict
		says     string
	}{
		{"from the internet to a private endpoint", nil, private, vpc("10.0.0.0/8"), "203.0.113.7", plan.Failed, "an address of the internet"},
		{"the same, and nothing was read", nil, private, unread, "203.0.113.7", plan.Failed, "an address of the internet"},
		{"the same, written as IPv6", nil, private, unread, "::ffff:203.0.113.7", plan.Failed, "requests from 203.0.113.7"},
		{"by IPv6 to a cluster of IPv4", nil, private, vpc(), "2001:db8:9::1", plan.Failed, "an address of the internet"},
		{"by IPv6 to a cluster of IPv6", six, private, vpc(), "2001:db8:9::1", plan.Unknown, "is not read"},
		{"by IPv6 from a subnet", six, private, vpc("2001:db8:1::/64"), "2001:db8:1::1", plan.Passed, "let in on port 443"},
		{"from a subnet, let in", nil, private, vpc("10.0.0.0/8"), "10.0.1.9", plan.Passed, "let in on port 443"},
		{"from a subnet, by groups", nil, private, vpc("sg-2"), "10.0.1.9", plan.Unknown, "its security group"},
		{"from elsewhere inside", nil, private, vpc("10.0.0.0/8"), "10.9.0.9", plan.Unknown, "none of the cluster's subnets"},
		{"from a carrier's network", nil, private, vpc("10.0.0.0/8"), "100.64.0.9", plan.Unknown, "none of the cluster's subnets"},
		{"from inside, and subnets were not read", nil, private, plan.Network{Subnets: plan.Reading[string]{Unread: "no right"}}, "10.0.1.9", plan.Unknown, "no right"},
		{"from inside, and rules were not read", nil, private, plan.Network{Subnets: vpc().Subnets, Sources: unread.Sources}, "10.0.1.9", plan.Unknown, "denied"},
		{"from inside, with both", nil, both, vpc("10.0.0.0/8"), "10.0.1.9", plan.Passed, "the private endpoint"},
		{"from inside to a public endpoint", nil, public, vpc("10.0.0.0/8"), "10.0.1.9", plan.Failed, "no address of the internet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open()
			if tt.is != nil {
				tt.is(s)
			}
			if tt.choice.Option != "private" {
				tt.choice.CIDRs = []string{"198.51.100.0/24"}
			}
			tt.choice.Operator = netip.MustParseAddr(tt.operator)
			_, checks, err := plan.DraftEndpoint(s, tt.choice, tt.network)
			if err != nil {
				t.Fatal(err)
			}
			if got := checks[0]; got.Name != "operator" || got.Verdict != tt.want || !strings.Contains(got.Detail, tt.says) {
				t.Errorf("%+v, want %s that says %q", got, tt.want, tt.says)
			}
		})
	}
}

// What EKS leaves out of its answer is told as what it stands for: else it could not
// be restored.
func TestOfTellsTheDefault(t *testing.T) {
	for family, want := range map[string][]string{"ipv4": {"0.0.0.0/0"}, "ipv6": {"0.0.0.0/0", "::/0"}} {
		s := open(endpoint(true, false), func(s *inventory.Snapshot) { s.Cluster.Network.IPFamily = family })
		if diff := cmp.Diff(want, plan.Of(plan.EndpointAccess, s).Endpoint.CIDRs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", family, diff)
		}
	}
}

func TestSettingEqual(t *testing.T) {
	at := func(public, private bool, cidrs ...string) plan.Setting {
		return plan.Setting{Endpoint: &plan.Endpoint{Public: public, Private: private, CIDRs: cidrs}}
	}
	with := func(arn string) plan.Setting { return plan.Setting{Encryption: &plan.Encryption{KeyARN: arn}} }
	tests := []struct {
		name string
		a, b plan.Setting
		want bool
	}{
		{"the order of ranges", at(true, true, "198.51.100.0/24", "203.0.113.0/24"), at(true, true, "203.0.113.0/24", "198.51.100.0/24"), true},
		{"halves", at(true, true, "203.0.113.0/25", "203.0.113.128/25"), at(true, true, "203.0.113.0/24"), true},
		{"other ranges", at(true, true, "203.0.113.0/25"), at(true, true, "203.0.113.0/24"), false},
		{"ranges of a public endpoint that is off", at(false, true, "203.0.113.0/24"), at(false, true), true},
		{"private or not", at(true, true), at(true, false), false},
		{"public or not", at(true, true), at(false, true), false},
		{"what cannot be read is compared as it is", at(true, true, "x", "y"), at(true, true, "y", "x"), true},
		{"one key and another", with(key), with(key + "1"), false},
		{"one key", with(key), with(key), true},
		{"a key and an endpoint", with(key), at(true, true), false},
	}
	for _, tt := range tests {
		if got := tt.a.Equal(tt.b); got != tt.want || tt.b.Equal(tt.a) != got {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestDraftSecrets(t *testing.T) {
	good := plan.KeyState{ARN: key, State: "Enabled", Spec: "SYMMETRIC_DEFAULT", Usage: "ENCRYPT_DECRYPT", Manager: "CUSTOMER"}
	actions, checks, err := plan.DraftSecrets(open(), good)
	if err != nil || len(actions) != 1 || len(checks) != 2 {
		t.Fatalf("%+v, %+v, %v", actions, checks, err)
	}
	if _, ok := actions[0].Inverse(); ok || actions[0].Irreversible == "" || actions[0].Risk != plan.RiskHigh {
		t.Errorf("it can be undone, or is no risk: %+v", actions[0])
	}
	if got := plan.Of(plan.SecretsEncryption, actions[0].To.Put(open())); !got.Equal(actions[0].To) {
		t.Errorf("what is put is %s, want %s", got, actions[0].To)
	}
	tests := []struct {
		name   string
		is     func(*inventory.Snapshot)
		change func(*plan.KeyState)
		want   error
	}{
		{"an alias", nil, func(k *plan.KeyState) { k.ARN = "arn:aws:kms:eu-central-1:111122223333:alias/x" }, fault.ErrInvalid},
		{"no ARN", nil, func(k *plan.KeyState) { k.ARN = "1" }, fault.ErrInvalid},
		{"another region", nil, func(k *plan.KeyState) { k.ARN = strings.Replace(key, "central", "west", 1) }, fault.ErrInvalid},
		{"asymmetric", nil, func(k *plan.KeyState) { k.Spec = "RSA_2048" }, fault.ErrInvalid},
		{"for signatures", nil, func(k *plan.KeyState) { k.Usage = "SIGN_VERIFY" }, fault.ErrInvalid},
		{"disabled", nil, func(k *plan.KeyState) { k.State = "Disabled" }, fault.ErrInvalid},
		{"going to be deleted", nil, func(k *plan.KeyState) { k.State = "PendingDeletion" }, fault.ErrInvalid},
		{"of AWS", nil, func(k *plan.KeyState) { k.Manager = "AWS" }, fault.ErrInvalid},
		{
			"a cluster that has a key",
			func(s *inventory.Snapshot) {
				s.Cluster.Encryption = []inventory.Encryption{{Resources: []string{"secrets"}, KeyARN: key + "2"}}
			},
			func(*plan.KeyState) {}, fault.ErrConflict,
		},
		{
			"a cluster that was not read",
			func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: inventory.SectionCluster}} },
			func(*plan.KeyState) {}, fault.ErrUnavailable,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, k := open(), good
			if tt.is != nil {
				tt.is(s)
			}
			tt.change(&k)
			if _, _, err := plan.DraftSecrets(s, k); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}
