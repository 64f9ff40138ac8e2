package plan

import (
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Left says which nodes some actions leave behind a version, each with the reason and what
// to do about it.
func Left(s *inventory.Snapshot, actions []Action, version string) []string {
	for _, a := range actions {
		s = a.Then(s)
	}
	list := slices.Concat(leftGroups(s, version), leftNodes(s, version))
	for i := range list {
		list[i] = "Not brought along: " + list[i]
	}
	return list
}

// leftGroups names the managed node groups that no plan brings to a version. EKS refuses a
// version for an image of one's own, and has none of Amazon Linux 2 for some (EKS API
// Reference, UpdateNodegroupVersion); making another node group is no part of a plan:
// docs/remediation.md.
func leftGroups(s *inventory.Snapshot, version string) []string {
	var list []string
	for _, g := range s.NodeGroups {
		switch {
		case g.Version == version:
		case g.AMIType == ownImage:
			list = append(list, fmt.Sprintf("node group %s: it has an image of its own, so name one of Kubernetes %s in a new version of its launch template, and update it to that", g.Name, version))
		case !g.HasImage(version):
			list = append(list, withoutImage(g, version))
		}
	}
	return list
}

func withoutImage(g inventory.NodeGroup, version string) string {
	return fmt.Sprintf("node group %s: EKS has no image of Amazon Linux 2 for Kubernetes %s, so make another of the AMI type %s, drain this one and delete it", g.Name, version, g.Successor())
}

// leftNodes tells of the nodes of no managed node group.
func leftNodes(s *inventory.Snapshot, version string) []string {
	if len(s.GapsOf(inventory.SectionNodes)) > 0 || s.Nodes == nil && s.Workloads == nil {
		return []string{"nodes of no managed node group, if there are any: the nodes are not known, so look at them with kubectl get nodes"}
	}
	var pools, apart []string
	fargate, auto := 0, 0
	for _, n := range s.Nodes {
		switch {
		case !older(n.KubeletVersion, version), n.NodeGroup != "":
		case n.Fargate:
			fargate++
		case s.Cluster.AutoMode:
			auto++
		case n.NodePool == "":
			apart = append(apart, n.Name)
		case !slices.Contains(pools, n.NodePool):
			pools = append(pools, n.NodePool)
		}
	}
	var list []string
	if len(pools) > 0 {
		slices.Sort(pools)
		list = append(list, fmt.Sprintf("nodes of Karpenter's node pools (%s): Karpenter replaces them by itself where their EC2NodeClass selects images by an alias, and where it names an image, name one of Kubernetes %s", few(pools), version))
	}
	if len(apart) > 0 {
		list = append(list, fmt.Sprintf("self-managed nodes (%s): name an image of Kubernetes %s in their launch template, and drain these when new ones are ready", few(apart), version))
	}
	if auto > 0 {
		list = append(list, "nodes of EKS Auto Mode: EKS replaces them by itself after the control plane, as pod disruption budgets let it, which can take days")
	}
	if fargate > 0 {
		list = append(list, fmt.Sprintf("pods on Fargate (%d): they have the version that the control plane had when they started, so make them anew, as by kubectl -n NAMESPACE rollout restart deployment", fargate))
	}
	return list
}

// older reports whether a kubelet is of a version before another; one that cannot be read is.
func older(kubelet, version string) bool {
	is, err := inventory.ParseKubernetesVersion(kubelet)
	want, errWant := inventory.ParseKubernetesVersion(version)
	return err != nil || errWant != nil || is.Compare(want) < 0
}
