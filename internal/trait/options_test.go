package trait_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// TestOptionsFitTheEvidence: an option that cannot help is not offered, and one
// that helps only in part does not claim to resolve.
func TestOptionsFitTheEvidence(t *testing.T) {
	node := inventory.Service{Namespace: "shop", Name: "node", Type: "NodePort", Ports: []inventory.Port{{NodePort: 30080, Protocol: "TCP"}}, Workloads: []inventory.WorkloadRef{{Namespace: "shop", Kind: "Deployment", Name: "web"}}}
	tests := []struct {
		why, trait string
		change     func(s *inventory.Snapshot)
		want       []string
	}{
		{"an unusable key can only be made usable", "unencrypted-kubernetes-secrets", nil, []string{"key"}},
		{"without a key and without another encryption", "unencrypted-kubernetes-secrets", func(s *inventory.Snapshot) { s.Cluster.Version, s.Cluster.Encryption = "1.27", nil }, []string{"associate", "upgrade"}},
		{"own images and add-ons", "high-priority-vulnerability", nil, []string{"rebuild", "newest-tag", "add-on", "stop"}},
		{"no add-on", "high-priority-vulnerability", func(s *inventory.Snapshot) { s.Images[1].Addon, s.Images[0].Addon = "", "" }, []string{"rebuild", "newest-tag", "stop"}},
		{"an operating system past its end", "end-of-life-operating-system", func(s *inventory.Snapshot) { s.Images[1].Addon, s.Images[0].Addon = "", "" }, []string{"new-base", "newest-tag", "no-os"}},
		{"a load balancer", "internet-reachable-workload", nil, []string{"internal", "limit"}},
		{"node ports", "internet-reachable-workload", func(s *inventory.Snapshot) {
			s.Services = []inventory.Service{node}
			s.Nodes[0].ExternalIPs = []string{"198.51.100.9"}
		}, []string{"close"}},
		{"no node is behind", "unsupported-kubernetes-version", func(s *inventory.Snapshot) { s.NodeGroups, s.Nodes = nil, nil }, []string{"upgrade", "replace"}},
		{"one address cannot be fewer", "potentially-internet-reachable", func(s *inventory.Snapshot) { s.Cluster.Endpoint.PublicCIDRs = []string{"198.51.100.7/32"} }, []string{"private", "prefix-list"}},
		{"more than one", "potentially-internet-reachable", func(s *inventory.Snapshot) { s.Cluster.Endpoint.PublicCIDRs = []string{"198.51.100.0/24"} }, []string{"private", "narrower", "prefix-list"}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			s := richSnapshot()
			if tt.change != nil {
				tt.change(s)
			}
			var got []string
			for _, topic := range correlate(s).Topics {
				if topic.ID != tt.trait {
					continue
				}
				for _, o := range topic.Options {
					got = append(got, o.ID)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOptionsLeaveWhatTheyDoNotMend: the nodes' versions alone do not resolve a
// control plane without support.
func TestOptionsLeaveWhatTheyDoNotMend(t *testing.T) {
	s := richSnapshot()
	s.Cluster.Endpoint, s.Images, s.Workloads, s.Services, s.Cluster.Encryption = &inventory.Endpoint{Private: true}, nil, nil, nil, nil
	f := correlate(s)
	resolves := map[string]bool{}
	for _, o := range f.Topics[0].Options {
		resolves[o.ID] = o.After == exposure.Resolved
	}
	if diff := cmp.Diff(map[string]bool{"upgrade": true, "nodes": false, "replace": true}, resolves); diff != "" {
		t.Errorf("resolves (-want +got):\n%s", diff)
	}
}
