package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// What a plan does not bring along is named, each with the reason and what to do.
func TestLeft(t *testing.T) {
	type snapshot = func(*inventory.Snapshot)
	group := func(g inventory.NodeGroup) snapshot {
		return func(s *inventory.Snapshot) { s.NodeGroups = append(s.NodeGroups, g) }
	}
	node := func(n inventory.Node) snapshot {
		return func(s *inventory.Snapshot) { s.Nodes = append(s.Nodes, n) }
	}
	tests := []struct {
		name string
		is   []snapshot
		says []string // of each note; none when nothing is left
	}{
		{"all come along", nil, nil},
		{"an image of its own", []snapshot{group(inventory.NodeGroup{Name: "own", AMIType: "CUSTOM", Version: "1.32"})}, []string{"node group own: it has an image of its own, so name one of Kubernetes 1.33"}},
		{"an image of its own that is of the version", []snapshot{group(inventory.NodeGroup{Name: "own", AMIType: "CUSTOM", Version: "1.33"})}, nil},
		{"Amazon Linux 2", []snapshot{group(inventory.NodeGroup{Name: "old", AMIType: "AL2_x86_64", Version: "1.32"})}, []string{"node group old: EKS has no image of Amazon Linux 2 for Kubernetes 1.33, so make another of the AMI type AL2023_x86_64_STANDARD"}},
		{
			"both",
			[]snapshot{group(inventory.NodeGroup{Name: "own", AMIType: "CUSTOM", Version: "1.32"}), group(inventory.NodeGroup{Name: "old", AMIType: "AL2_ARM_64", Version: "1.31"})},
			[]string{"node group own", "node group old"},
		},
		{"a self-managed node", []snapshot{node(inventory.Node{Name: "self", KubeletVersion: "v1.32.1"})}, []string{"self-managed nodes (self): name an image of Kubernetes 1.33"}},
		{"a self-managed node of the version", []snapshot{node(inventory.Node{Name: "self", KubeletVersion: "v1.33.1"})}, nil},
		{"a node of no known version", []snapshot{node(inventory.Node{Name: "self"})}, []string{"self-managed nodes (self)"}},
		{
			"Karpenter's",
			[]snapshot{node(inventory.Node{Name: "a", NodePool: "spot", KubeletVersion: "v1.32.1"}), node(inventory.Node{Name: "b", NodePool: "spot", KubeletVersion: "v1.32.1"}), node(inventory.Node{Name: "c", NodePool: "base", KubeletVersion: "v1.32.1"})},
			[]string{"node pools (base and spot): Karpenter replaces them by itself"},
		},
		{
			"Auto Mode",
			[]snapshot{func(s *inventory.Snapshot) { s.Cluster.AutoMode = true }, node(inventory.Node{Name: "a", NodePool: "general-purpose", KubeletVersion: "v1.32.1"})},
			[]string{"nodes of EKS Auto Mode: EKS replaces them by itself"},
		},
		{
			"Fargate",
			[]snapshot{node(inventory.Node{Fargate: true, KubeletVersion: "v1.32.1"}), node(inventory.Node{Fargate: true, KubeletVersion: "v1.32.1"})},
			[]string{"pods on Fargate (2): they have the version that the control plane had"},
		},
		{"nodes not read", []snapshot{func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: inventory.SectionNodes}} }}, []string{"the nodes are not known"}},
		{"never scanned", []snapshot{func(s *inventory.Snapshot) { s.Nodes = nil }}, []string{"the nodes are not known"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := behind(func(s *inventory.Snapshot) { s.Cluster.Version, s.NodeGroups[0].Version = "1.33", "1.32" })
			for _, is := range tt.is {
				is(s)
			}
			actions, _, err := plan.DraftNodes(s, good())
			if err != nil {
				t.Fatal(err)
			}
			got := plan.Left(s, actions, "1.33")
			if len(got) != len(tt.says) {
				t.Fatalf("%q, want %q", got, tt.says)
			}
			for i, says := range tt.says {
				if !strings.HasPrefix(got[i], "Not brought along: ") || !strings.Contains(got[i], says) {
					t.Errorf("%q, want %q", got[i], says)
				}
			}
		})
	}
}

// An upgrade leaves what it leaves at the end of its way.
func TestLeftByAnUpgrade(t *testing.T) {
	s := behind(func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "AL2_x86_64" })
	for to, want := range map[string]int{"1.32": 0, "1.33": 1} {
		path, err := plan.Path(s, to, day)
		if err != nil {
			t.Fatal(err)
		}
		actions, _ := plan.DraftUpgrade(s, path, good())
		if got := plan.Left(s, actions, to); len(got) != want {
			t.Errorf("to %s: %q", to, got)
		}
	}
}

// Where nothing can be brought along, the refusal names what to do.
func TestNodesThatCannotFollow(t *testing.T) {
	own := behind(func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType, s.NodeGroups[0].Version = "CUSTOM", "1.30" })
	if _, _, err := plan.DraftNodes(own, good()); !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "launch template") {
		t.Error(err)
	}
}
