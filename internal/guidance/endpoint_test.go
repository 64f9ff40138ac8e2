package guidance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/guidance/guidancetest"
	"github.com/eksposure/eksposure/internal/inventory"
)

// endpointOptions gives the guidance for a cluster with an endpoint.
func endpointOptions(t *testing.T, topic string, e inventory.Endpoint, family string, ids ...string) []guidance.Option {
	t.Helper()
	f := &exposure.Finding{
		Topics: []exposure.TopicState{{ID: topic}},
		Cluster: exposure.Cluster{
			Ref: inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}, Endpoint: &e,
			Network: inventory.Network{IPFamily: family},
		},
	}
	for _, id := range ids {
		f.Topics[0].Options = append(f.Topics[0].Options, exposure.OptionState{ID: id})
	}
	options, err := guidance.Write(f, topic)
	if err != nil || len(options) != len(ids) {
		t.Fatal(options, err)
	}
	return options
}

// asked is an endpoint after what a command asks EKS for.
func asked(e inventory.Endpoint, config string) inventory.Endpoint {
	parts := strings.Split(config, ",")
	for i, part := range parts {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "endpointPublicAccess":
			e.Public = value == "true"
		case "endpointPrivateAccess":
			e.Private = value == "true"
		case "publicAccessCidrs":
			e.PublicCIDRs = append([]string{value}, parts[i+1:]...) // the last member
			return e
		}
	}
	return e
}

// Whoever runs the commands of an option one after the other, and then those that take it back,
// has the endpoint of before, and nodes find the API at each moment: by the private
// endpoint, or by a public one that lets in whom it let in before.
func TestWayBackFromAnEndpoint(t *testing.T) {
	tests := []struct {
		name, topic, family string
		before              inventory.Endpoint
		want                []string // ranges
		options             []string
	}{
		{"EKS's default", "internet-reachable", "ipv4", inventory.Endpoint{Public: true}, []string{"0.0.0.0/0"}, []string{"private", "public-and-private", "public", "prefix-list"}},
		{"the default of IPv6", "internet-reachable", "ipv6", inventory.Endpoint{Public: true}, []string{"0.0.0.0/0", "::/0"}, []string{"private", "public-and-private"}},
		{"everybody by name", "internet-reachable", "ipv4", inventory.Endpoint{Public: true, PublicCIDRs: []string{"0.0.0.0/0"}}, []string{"0.0.0.0/0"}, []string{"private", "public"}},
		{"some ranges", "potentially-internet-reachable", "ipv4", inventory.Endpoint{Public: true, PublicCIDRs: []string{"203.0.113.0/24", "192.0.2.7/32"}}, []string{"203.0.113.0/24", "192.0.2.7/32"}, []string{"private", "narrower", "prefix-list"}},
		{"a private endpoint beside it", "internet-reachable", "ipv4", inventory.Endpoint{Public: true, Private: true}, []string{"0.0.0.0/0"}, []string{"private", "public-and-private", "public", "prefix-list"}},
	}
	for _, tt := range tests {
		for _, o := range endpointOptions(t, tt.topic, tt.before, tt.family, tt.options...) {
			t.Run(tt.name+", "+o.ID, func(t *testing.T) {
				now := tt.before
				now.PublicCIDRs = tt.want
				for _, config := range configs(t, o) {
					now = asked(now, config)
					open := now.Public && !slices.ContainsFunc(tt.want, func(r string) bool { return !slices.Contains(now.PublicCIDRs, r) })
					if o.ID != "public" && !now.Private && !open {
						t.Errorf("after %s nodes are cut off: %+v", config, now)
					}
				}
				before := tt.before
				before.PublicCIDRs = tt.want
				if diff := cmp.Diff(before, now); diff != "" {
					t.Errorf("the way back leads elsewhere (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// configs are what the commands of the AWS CLI ask for, in their order.
func configs(t *testing.T, o guidance.Option) []string {
	t.Helper()
	var codes []guidancetest.Code
	for _, s := range formOf(o, guidance.AWSCLI).Steps {
		codes = append(codes, guidancetest.Code{Name: o.ID, Language: s.Language, Text: guidancetest.Chosen(s.Code)})
	}
	var list []string
	for _, c := range calls(t, codes) {
		if i := slices.Index(c.Args, "--resources-vpc-config"); i > 0 {
			list = append(list, c.Args[i+1])
		}
	}
	return list
}

func formOf(o guidance.Option, form guidance.Form) guidance.Guide {
	return o.Forms[slices.IndexFunc(o.Forms, func(g guidance.Guide) bool { return g.Form == form })]
}

// Each form that narrows the endpoint says how everybody of before gets in again, and only then
// turns the private endpoint off, where it was off.
func TestEveryFormHasTheWayBack(t *testing.T) {
	for _, private := range []bool{false, true} {
		e := inventory.Endpoint{Public: true, Private: private}
		for _, o := range endpointOptions(t, "internet-reachable", e, "ipv4", "private", "public-and-private", "public", "prefix-list") {
			for _, g := range o.Forms {
				var back []string
				for _, s := range g.Steps {
					if s.Back {
						back = append(back, s.Code)
					}
				}
				want := 2
				if private || o.ID == "public" {
					want = 1
				}
				switch {
				case g.Cannot != "":
				case len(back) != want:
					t.Errorf("%s as %s, private %t: %d steps back, want %d", o.ID, g.Form, private, len(back), want)
				case !strings.Contains(back[0], "0.0.0.0/0"):
					t.Errorf("%s as %s lets nobody of before in:\n%s", o.ID, g.Form, back[0])
				}
			}
		}
	}
}

// The construct of the CDK cannot limit a public endpoint alone: what can is written out.
func TestCDKLimitsPublicEndpoint(t *testing.T) {
	for _, o := range endpointOptions(t, "internet-reachable", inventory.Endpoint{Public: true}, "ipv4", "public", "private") {
		text, code := "", ""
		g := formOf(o, guidance.CDK)
		for _, s := range g.Steps {
			text, code = text+s.Text, code+s.Code
		}
		limits := strings.Contains(text, "PUBLIC.onlyFrom(…) throws") && strings.Contains(code, "Config.resourcesVpcConfig.publicAccessCidrs', [\"<EGRESS_CIDR>\", \"<ALLOWED_CIDR>\"]")
		if limits != (o.ID == "public") {
			t.Errorf("%s: %s\n%s", o.ID, text, code)
		}
		if notes := strings.Join(g.Notes, " "); strings.Contains(notes, "endpointAccess: eks.EndpointAccess.PUBLIC.") {
			t.Errorf("%s: %s", o.ID, notes)
		}
	}
}

// What is off before and after is not turned on first.
func TestPrivateEndpointFirst(t *testing.T) {
	for _, o := range endpointOptions(t, "internet-reachable", inventory.Endpoint{Public: true}, "ipv4", "public", "public-and-private") {
		for _, g := range o.Forms {
			said := slices.Clone(g.Notes)
			for _, s := range g.Steps {
				said = append(said, s.Text)
			}
			text := strings.Join(said, " ")
			first := strings.Contains(text, "first by itself") || strings.Contains(text, "by itself first") || strings.Contains(text, "the private endpoint on first")
			if g.Cannot == "" && first != (o.ID != "public") {
				t.Errorf("%s as %s: %s", o.ID, g.Form, text)
			}
		}
	}
}
