package exposure

import (
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// AttackPath is a directed graph from the internet, or from inside the cluster,
// through resources to what is weak.
type AttackPath struct {
	Nodes []PathNode `json:"nodes"`
	Edges []PathEdge `json:"edges"`
	// Left counts images that the graph leaves out, see maxPathImages.
	Left int `json:"left_out,omitempty"`
}

// PathNode is one resource on the path.
type PathNode struct {
	ID   string `json:"id"` // "Node0", stable within the finding
	Type string `json:"type"`
	UID  string `json:"uid"`
	Name string `json:"name"`
	// Traits are the contributing traits seen on the resource.
	Traits []string `json:"traits,omitempty"`
	// Blast tells that the resource is not weak itself: whoever has what leads to it
	// has it too.
	Blast bool `json:"blast_radius,omitempty"`
}

// PathEdge leads from one node to the next.
type PathEdge struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Relation string `json:"relation"`
}

// Node types that are no resource, named as Security Hub names them.
const (
	NodeInternet    = "PublicInternet"
	NodeNetworkPath = "CollapsedNetworkPath"
)

// maxPathImages bounds the graph to what a person can read; the rest is counted.
const maxPathImages = 12

// pathBuilder numbers nodes in the order in which they are met.
type pathBuilder struct {
	path  AttackPath
	index map[string]int
}

func (b *pathBuilder) node(ref inventory.ResourceRef, trait string) string {
	key := ref.Type + "\x00" + ref.UID
	i, ok := b.index[key]
	if !ok {
		i = len(b.path.Nodes)
		b.index[key] = i
		b.path.Nodes = append(b.path.Nodes, PathNode{ID: "Node" + strconv.Itoa(i), Type: ref.Type, UID: ref.UID, Name: ref.Name})
	}
	n := &b.path.Nodes[i]
	if trait != "" && !slices.Contains(n.Traits, trait) {
		n.Traits = append(n.Traits, trait)
	}
	return n.ID
}

func (b *pathBuilder) edge(from, to, relation string) {
	e := PathEdge{From: from, To: to, Relation: relation}
	if !slices.Contains(b.path.Edges, e) {
		b.path.Edges = append(b.path.Edges, e)
	}
}

// attackPath draws the contributing evidence: internet → endpoint → cluster,
// internet → load balancer → workload, cluster → workload → image. Behind the
// workloads are the IAM roles that they may assume; what a role may do is not known.
func attackPath(s *inventory.Snapshot, states []TraitState) AttackPath {
	b := &pathBuilder{index: map[string]int{}}
	ref := s.Cluster.Ref
	internet := inventory.ResourceRef{Type: NodeInternet, UID: "internet", Name: "Internet"}
	cluster := b.node(ref.Resource(), "")
	images := 0
	for _, t := range states {
		if t.Standing != Contributing {
			continue
		}
		for _, e := range t.Evidence {
			if e.Standing != Contributing {
				continue
			}
			switch {
			case e.Image != nil:
				key := e.Resource.Type + "\x00" + e.Resource.UID
				if _, drawn := b.index[key]; !drawn && images == maxPathImages {
					b.path.Left++
					continue
				} else if !drawn {
					images++
				}
				image := b.node(e.Resource, t.ID)
				for _, w := range e.Workloads {
					workload := b.node(ref.KubernetesResource(w.Namespace, w.Kind, w.Name), "")
					b.edge(cluster, workload, "Runs")
					b.edge(workload, image, "Runs image")
				}
			case len(e.Via) > 0:
				from := b.node(internet, "")
				for i, hop := range e.Via {
					trait := ""
					if i == len(e.Via)-1 {
						trait = t.ID
					}
					to := b.node(hop, trait)
					b.edge(from, to, "Reaches")
					from = to
				}
				for _, w := range e.Workloads {
					b.edge(from, b.node(ref.KubernetesResource(w.Namespace, w.Kind, w.Name), ""), "Leads to")
				}
			case t.Type == Reachability:
				network := inventory.ResourceRef{Type: NodeNetworkPath, UID: ref.String() + "/endpoint", Name: "Public API endpoint"}
				hop := b.node(network, "")
				b.edge(b.node(internet, ""), hop, "Reaches")
				b.edge(hop, cluster, "Leads to")
				b.node(ref.Resource(), t.ID)
			default:
				at := b.node(e.Resource, t.ID)
				if at != cluster {
					b.edge(cluster, at, "Has")
				}
			}
		}
	}
	b.roles(s)
	return b.path
}

// roles adds the IAM roles of the workloads that are drawn.
func (b *pathBuilder) roles(s *inventory.Snapshot) {
	for _, w := range s.Workloads {
		ref := s.Cluster.Ref.KubernetesResource(w.Namespace, w.Kind, w.Name)
		if _, drawn := b.index[ref.Type+"\x00"+ref.UID]; !drawn {
			continue
		}
		for _, arn := range rolesOf(s, w.Namespace, w.ServiceAccount) {
			role := b.node(inventory.ResourceRef{Type: inventory.TypeRole, UID: arn, Name: arn[strings.LastIndexByte(arn, '/')+1:]}, "")
			b.path.Nodes[b.index[inventory.TypeRole+"\x00"+arn]].Blast = true
			b.edge(b.node(ref, ""), role, "May assume")
		}
	}
}

// rolesOf gives the roles of a service account: by IRSA, and by EKS Pod Identity.
func rolesOf(s *inventory.Snapshot, namespace, account string) []string {
	var roles []string
	for _, a := range s.ServiceAccounts {
		if a.Namespace == namespace && a.Name == account && a.RoleARN != "" {
			roles = append(roles, a.RoleARN)
		}
	}
	for _, p := range s.PodIdentities {
		if p.Namespace == namespace && p.ServiceAccount == account && !slices.Contains(roles, p.RoleARN) {
			roles = append(roles, p.RoleARN)
		}
	}
	return roles
}
