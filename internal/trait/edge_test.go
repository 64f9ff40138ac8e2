package trait_test

import (
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait"
)

// Edge cases 7 to 10, 24 and 36: what a person is told before a change, and in
// which order.
func TestTopicsKnowTheLimitsOfEKS(t *testing.T) {
	const privateOn = "--resources-vpc-config endpointPrivateAccess=true\n"
	tests := []struct {
		why     string
		trait   string
		change  func(s *inventory.Snapshot)
		option  string
		inOrder []string
		never   string
	}{
		{
			why: "7: the private endpoint comes on before ranges are taken away", trait: "internet-reachable",
			change: func(s *inventory.Snapshot) { s.Cluster.Endpoint.Private = false },
			option: "Use the private endpoint and limit the public one", inOrder: []string{privateOn, "publicAccessCidrs="},
		},
		{
			why: "7: without the private endpoint the nodes' own addresses are in the list", trait: "internet-reachable",
			change: func(s *inventory.Snapshot) { s.Cluster.Endpoint.Private = false },
			option: "Keep only the public endpoint and limit it", inOrder: []string{"describe-nat-gateways", "Fargate pods", "publicAccessCidrs=NAT_ADDRESS/32"},
		},
		{
			why: "8: the ranges are merged and counted before the call", trait: "internet-reachable",
			option: "Limit the public endpoint to a managed prefix list", inOrder: []string{"at most 40", "collapse_addresses", "wc -l < merged.txt", "publicAccessCidrs="},
		},
		{
			why: "9: a prefix list is expanded, and watched", trait: "internet-reachable",
			option: "Limit the public endpoint to a managed prefix list", inOrder: []string{"no prefix list", "get-managed-prefix-list-entries", "EKS does not follow the prefix list"},
		},
		{
			why: "9: for the private endpoint it goes in the security group", trait: "internet-reachable",
			option: "Make the endpoint private", inOrder: []string{"authorize-security-group-ingress", "PrefixListIds"},
		},
		{
			why: "10: no IPv6 range on an IPv4 cluster", trait: "internet-reachable",
			change: func(s *inventory.Snapshot) { s.Cluster.Network.IPFamily = "ipv4" },
			option: "Limit the public endpoint to a managed prefix list", inOrder: []string{"This is no IPv6 cluster", "publicAccessCidrs="},
		},
		{
			why: "10: an IPv6 cluster may be too old for them", trait: "internet-reachable",
			change: func(s *inventory.Snapshot) { s.Cluster.Network.IPFamily = "ipv6" },
			option: "Limit the public endpoint to a managed prefix list", inOrder: []string{"October 2024", "publicAccessCidrs="},
		},
		{
			why: "24: old secrets are rewritten once the update is Successful", trait: "unencrypted-kubernetes-secrets",
			change: func(s *inventory.Snapshot) { s.Cluster.Version, s.Cluster.Encryption = "1.27", nil },
			option: "Encrypt secrets under a KMS key of yours", inOrder: []string{"`Successful`", "associate-encryption-config", "Rewrite them all", "kubectl annotate"},
		},
		{
			why: "36: what is so already is not asked for", trait: "internet-reachable",
			change: func(s *inventory.Snapshot) { s.Cluster.Endpoint.Private = true },
			option: "Use the private endpoint and limit the public one", inOrder: []string{"The private endpoint is on already"}, never: privateOn,
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s := richSnapshot()
			if tt.change != nil {
				tt.change(s)
			}
			page, _ := trait.Page(tt.trait)
			topic, err := page.Guide(tt.trait, correlate(s).TopicData(tt.trait))
			if err != nil {
				t.Fatal(err)
			}
			steps := ""
			for _, o := range topic.Options {
				if o.Title == tt.option {
					steps = o.Steps
				}
			}
			rest := steps
			for _, want := range tt.inOrder {
				_, after, ok := strings.Cut(rest, want)
				if !ok {
					t.Fatalf("%q is missing, or too early, in %q:\n%s", want, tt.option, steps)
				}
				rest = after
			}
			if tt.never != "" && strings.Contains(steps, tt.never) {
				t.Errorf("%q does what is done already:\n%s", tt.option, steps)
			}
		})
	}
}
