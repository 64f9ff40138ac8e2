package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// statusFailed is EKS's word for a cluster that is good for nothing but deletion,
	// deleteFailed for a part that could not be deleted.
	statusFailed = "FAILED"
	deleteFailed = "DELETE_FAILED"
)

// The names of the checks of a deletion.
const (
	checkProtection = "deletion protection"
	checkWorkloads  = "workloads"
	checkBalancers  = "load balancers"
	checkVolumes    = "volumes"
	checkMachines   = "other nodes"
	checkParts      = "parts"
)

// lostNodes says what goes with a node group.
func lostNodes(n int) string {
	switch n {
	case 0:
		return "it has no nodes, and its settings go"
	case 1:
		return "its node goes, and the pods on it with what they keep on local disks"
	}
	return fmt.Sprintf("its %d nodes go, and the pods on them with what they keep on local disks", n)
}

// Typed is the text by which an approver confirms that a cluster is deleted: it has
// the cluster's name.
func Typed(ref inventory.ClusterRef) string { return "delete " + ref.Name }

// DraftDeletion gives the actions that delete a cluster: what EKS wants gone first is
// (Amazon EKS User Guide, "Delete a cluster"), then its add-ons, then itself. Its
// checks say what is lost and what stays behind.
func DraftDeletion(s *inventory.Snapshot) ([]Action, []Check, error) {
	for _, section := range append(partSections(), inventory.SectionCluster) {
		if gaps := s.GapsOf(section); len(gaps) > 0 {
			return nil, nil, fmt.Errorf("what cluster %q has is not known (%s: %s); nothing is deleted that was not seen: %w", s.Cluster.Ref, section, gaps[0].Detail, fault.ErrUnavailable)
		}
	}
	var actions []Action
	remove := func(kind, arn, name, lost string, permission string) {
		a := Action{
			Kind: Deletion, Target: inventory.ResourceRef{Type: kind, UID: arn, Name: name}, Title: "Delete " + partName(kind) + " " + name,
			Permissions: []string{permission}, Risk: RiskHigh, Effect: Deferred, Irreversible: lost,
		}
		a.From = a.Now(s)
		actions = append(actions, a)
	}
	for _, g := range s.NodeGroups {
		remove(inventory.TypeNodegroup, g.ARN, g.Name, lostNodes(g.Desired), "eks:DeleteNodegroup")
	}
	for _, f := range s.FargateProfiles {
		remove(inventory.TypeFargateProfile, f.ARN, f.Name, "the pods that run by it go", "eks:DeleteFargateProfile")
	}
	for _, a := range s.Addons {
		remove(inventory.TypeAddon, a.ARN, a.Name, "its configuration goes with it", "eks:DeleteAddon")
	}
	c := s.Cluster.Ref.Resource()
	remove(c.Type, c.UID, s.Cluster.Ref.Name, "everything that the Kubernetes API holds goes, secrets among it, and EKS keeps no copy", "eks:DeleteCluster")
	whole := &actions[len(actions)-1]
	whole.Effect, whole.From.Holds = Immediate, parts(s)
	return actions, []Check{protectionCheck(s), workloadsCheck(s), balancersCheck(s), volumesCheck(), machinesCheck(s)}, nil
}

func partName(kind string) string {
	switch kind {
	case inventory.TypeNodegroup:
		return "the node group"
	case inventory.TypeAddon:
		return "the add-on"
	case inventory.TypeFargateProfile:
		return "the Fargate profile"
	}
	return "the cluster"
}

// protectionCheck fails where somebody switched the protection on: a plan does not
// overrule that.
func protectionCheck(s *inventory.Snapshot) Check {
	if s.Cluster.DeletionProtection {
		return Check{checkProtection, Failed, "it is on, so somebody wants the cluster kept; when that is settled: aws eks update-cluster-config --region " +
			s.Cluster.Ref.Region + " --name " + s.Cluster.Ref.Name + " --no-deletion-protection"}
	}
	return Check{checkProtection, Passed, "it is off"}
}

func workloadsCheck(s *inventory.Snapshot) Check {
	if gaps := s.GapsOf(inventory.SectionWorkloads); len(gaps) > 0 {
		return Check{checkWorkloads, Unknown, "what runs there could not be read: " + gaps[0].Detail}
	}
	var names []string
	for _, w := range s.Workloads {
		if !inventory.SystemNamespace(w.Namespace) && (w.Running > 0 || w.Desired > 0) {
			names = append(names, w.Ref().String())
		}
	}
	if len(names) == 0 {
		return Check{checkWorkloads, Passed, "nothing runs there but what belongs to Kubernetes and EKS, as of the last scan"}
	}
	return Check{checkWorkloads, Unknown, fmt.Sprintf("%d run there, as of the last scan, and are lost: %s", len(names), Named(names))}
}

// balancersCheck looks for load balancers, which stay when the cluster goes before
// its services (EKS API Reference, DeleteCluster).
func balancersCheck(s *inventory.Snapshot) Check {
	if gaps := s.GapsOf(inventory.SectionNetwork); len(gaps) > 0 {
		return Check{checkBalancers, Unknown, "the services could not be read: " + gaps[0].Detail}
	}
	var names []string
	for _, v := range s.Services {
		if v.Type == "LoadBalancer" {
			names = append(names, v.Namespace+"/"+v.Name)
		}
	}
	for _, i := range s.Ingresses {
		names = append(names, i.Namespace+"/"+i.Name+" (ingress)")
	}
	if len(names) == 0 {
		return Check{checkBalancers, Passed, "no service and no ingress has one, as of the last scan"}
	}
	return Check{checkBalancers, Unknown, "what these made stays, costs money and keeps the VPC from being deleted, unless they are deleted first (kubectl delete service, ingress): " + Named(names)}
}

func volumesCheck() Check {
	return Check{checkVolumes, Unknown, "persistent volumes are not read; those that their claims do not delete first stay and cost money"}
}

// machinesCheck looks for nodes of no managed node group: their machines stay.
func machinesCheck(s *inventory.Snapshot) Check {
	if gaps := s.GapsOf(inventory.SectionNodes); len(gaps) > 0 {
		return Check{checkMachines, Unknown, "the nodes could not be read: " + gaps[0].Detail}
	}
	var names []string
	for _, n := range s.Nodes {
		if n.NodeGroup == "" && !n.Fargate && !s.Cluster.AutoMode {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		return Check{checkMachines, Passed, "all nodes go with their node groups, as of the last scan"}
	}
	return Check{checkMachines, Unknown, "these are of no managed node group; what made them (an Auto Scaling group, Karpenter) keeps them, and they cost money: " + Named(names)}
}

// exists says which thing of its name the action's target is, so that another one of
// the same name is not taken for it; empty when there is none.
func (a Action) exists(s *inventory.Snapshot) string {
	switch a.Target.Type {
	case inventory.TypeNodegroup:
		for _, g := range s.NodeGroups {
			if g.Name == a.Target.Name {
				return g.ARN
			}
		}
	case inventory.TypeFargateProfile:
		for _, f := range s.FargateProfiles {
			if f.Name == a.Target.Name {
				return f.ARN
			}
		}
	case inventory.TypeAddon:
		for _, on := range s.Addons {
			if on.Name == a.Target.Name {
				return on.ARN
			}
		}
	default:
		return fmt.Sprintf("%s, created %s", s.Cluster.Ref, s.Cluster.CreatedAt.UTC().Format(time.RFC3339))
	}
	return ""
}

// without gives the snapshot without the action's target.
func (a Action) without(now *inventory.Snapshot) *inventory.Snapshot {
	then := *now
	switch a.Target.Type {
	case inventory.TypeNodegroup:
		then.NodeGroups = slices.DeleteFunc(slices.Clone(now.NodeGroups), func(g inventory.NodeGroup) bool { return g.Name == a.Target.Name })
	case inventory.TypeFargateProfile:
		then.FargateProfiles = slices.DeleteFunc(slices.Clone(now.FargateProfiles), func(f inventory.FargateProfile) bool { return f.Name == a.Target.Name })
	case inventory.TypeAddon:
		then.Addons = slices.DeleteFunc(slices.Clone(now.Addons), func(on inventory.Addon) bool { return on.Name == a.Target.Name })
	}
	return &then
}

// Deletes reports whether the plan deletes its cluster.
func (p *Plan) Deletes() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Kind == Deletion && strings.EqualFold(a.Target.UID, p.Cluster.String()) })
}
