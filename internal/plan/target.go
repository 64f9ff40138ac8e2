package plan

import (
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Sections are the parts of a snapshot that tell how far the action is.
func (a Action) Sections() []inventory.Section {
	list := []inventory.Section{inventory.SectionCluster, inventory.SectionUpdates}
	switch a.Target.Type {
	case inventory.TypeAddon:
		list = append(list, inventory.SectionAddons)
	case inventory.TypeNodegroup, inventory.TypeFargateProfile:
		list = append(list, inventory.SectionNodeGroups)
	}
	return list
}

// Now reads what the action's target has. A target that is not there has nothing.
func (a Action) Now(s *inventory.Snapshot) Setting {
	if a.Kind == Deletion {
		return Setting{Exists: a.exists(s)}
	}
	switch a.Target.Type {
	case inventory.TypeAddon:
		for _, on := range s.Addons {
			if on.Name == a.Target.Name {
				return Setting{Addon: &Addon{Version: on.Version, RoleARN: on.RoleARN}}
			}
		}
		return Setting{}
	case inventory.TypeNodegroup:
		for _, g := range s.NodeGroups {
			if g.Name == a.Target.Name {
				return Setting{Version: g.Version}
			}
		}
		return Setting{}
	}
	return Of(a.Kind, s)
}

// Busy says what EKS does with the action's target, or with its cluster; empty when
// nothing.
func (a Action) Busy(s *inventory.Snapshot) string {
	if s.Cluster.Status != active && (a.Kind != Deletion || s.Cluster.Status != statusFailed) {
		return "the cluster is " + s.Cluster.Status
	}
	for _, u := range s.Cluster.Updates {
		if u.Status == "InProgress" {
			return fmt.Sprintf("EKS works on update %s (%s)", u.ID, u.Type)
		}
	}
	if part, status := a.status(s); slices.Contains([]string{"CREATING", "UPDATING", "DELETING"}, status) {
		return fmt.Sprintf("the %s %s is %s", part, a.Target.Name, status)
	}
	return ""
}

// Ails says what is wrong with an add-on, or with what should be deleted, that nothing
// works on; empty when nothing is.
// A node group says by its version what became of it.
func (a Action) Ails(s *inventory.Snapshot) string {
	part, status := a.status(s)
	if a.Kind == Deletion {
		if status == deleteFailed || status == statusFailed {
			return fmt.Sprintf("the %s %s is %s", part, a.Target.Name, status)
		}
		return ""
	}
	if a.Target.Type == inventory.TypeAddon && status != "" && status != active {
		return fmt.Sprintf("the %s %s is %s", part, a.Target.Name, status)
	}
	return ""
}

// status is EKS's word for the part of the cluster that the action is about, or for the
// cluster that it deletes.
func (a Action) status(s *inventory.Snapshot) (part, status string) {
	for _, on := range s.Addons {
		if a.Target.Type == inventory.TypeAddon && on.Name == a.Target.Name {
			return "add-on", on.Status
		}
	}
	for _, g := range s.NodeGroups {
		if a.Target.Type == inventory.TypeNodegroup && g.Name == a.Target.Name {
			return "node group", g.Status
		}
	}
	for _, f := range s.FargateProfiles {
		if a.Target.Type == inventory.TypeFargateProfile && f.Name == a.Target.Name {
			return "Fargate profile", f.Status
		}
	}
	if a.Kind == Deletion && a.Target.Type == inventory.TypeCluster {
		return "cluster", s.Cluster.Status
	}
	return "", ""
}

// active is EKS's word for a cluster, a node group or an add-on that nothing works on.
const active = "ACTIVE"

// Then gives the snapshot as it would be when the action is done. The nodes of a node
// group have its version then.
func (a Action) Then(now *inventory.Snapshot) *inventory.Snapshot {
	then := *now
	switch a.Kind {
	case EndpointAccess, SecretsEncryption, WorkloadImage:
		return a.To.Put(now)
	case SourceRanges:
		return a.limited(now)
	case KeyCreation, SecretsRewrite: // no scan sees them
	case Deletion:
		return a.without(now)
	case ControlPlaneVersion:
		then.Cluster.Version = a.To.Version
	case UpgradePolicy:
		then.Cluster.SupportType = a.To.SupportType
	case AddonVersion:
		then.Addons = slices.Clone(now.Addons)
		for i := range then.Addons {
			if then.Addons[i].Name == a.Target.Name && a.To.Addon != nil {
				then.Addons[i].Version, then.Addons[i].RoleARN = a.To.Addon.Version, a.To.Addon.RoleARN
			}
		}
		if a.From.Addon != nil && a.To.Addon != nil && len(a.To.Addon.Images) > 0 {
			then.Workloads = a.To.Addon.put(now, a.From.Addon.Images)
		}
	case NodeGroupVersion:
		then.NodeGroups, then.Nodes = slices.Clone(now.NodeGroups), slices.Clone(now.Nodes)
		for i := range then.NodeGroups {
			if then.NodeGroups[i].Name == a.Target.Name {
				then.NodeGroups[i].Version = a.To.Version
			}
		}
		for i := range then.Nodes {
			if then.Nodes[i].NodeGroup == a.Target.Name {
				then.Nodes[i].KubeletVersion = "v" + a.To.Version + ".0"
			}
		}
	}
	return &then
}
