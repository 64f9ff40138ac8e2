package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// undoDays is how long EKS rolls a control plane back (Amazon EKS User Guide,
	// "Roll back a cluster to a previous Kubernetes version").
	undoDays = 7
	// ownImage is the AMI type of node groups whose image is in their launch template:
	// EKS refuses a version for them (EKS API Reference, UpdateNodegroupVersion).
	ownImage = "CUSTOM"

	supportStandard = "STANDARD"
	supportExtended = "EXTENDED"

	statusStandard    = "STANDARD_SUPPORT"
	statusUnsupported = "UNSUPPORTED"
)

// describeUpdate is what following any update takes.
const describeUpdate = "eks:DescribeUpdate"

// Path lists the versions that an upgrade goes through, without the one that is there: to a
// version, or when that is empty to the oldest in standard support that lasts for 90 days
// from a time on.
func Path(s *inventory.Snapshot, to string, at time.Time) ([]string, error) {
	if s.Gap(inventory.SectionCluster) != nil {
		return nil, fmt.Errorf("version of cluster %q is not known; scan it first: %w", s.Cluster.Ref, fault.ErrUnavailable)
	}
	now, err := inventory.ParseKubernetesVersion(s.Cluster.Version)
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", s.Cluster.Ref, err)
	}
	wish, err := destination(s, to, at)
	if err != nil {
		return nil, err
	}
	if wish.Compare(now) <= 0 || wish.Major != now.Major {
		return nil, fmt.Errorf("control plane of cluster %q has Kubernetes %s, and %s is no upgrade of it: %w", s.Cluster.Ref, now, wish, fault.ErrConflict)
	}
	var path []string
	for now != wish {
		now.Minor++
		path = append(path, now.String())
	}
	return path, nil
}

// DraftUpgrade gives the actions and checks that bring a cluster along a path of
// versions: for each the control plane, then its add-ons, then its managed node
// groups. EKS upgrades a control plane only when all managed node groups have its
// version, so that those behind come first, and each comes along at each version (EKS
// API Reference, UpdateClusterVersion).
func DraftUpgrade(s *inventory.Snapshot, path []string, read Readiness) ([]Action, []Check) {
	s = read.seen(s)
	u := upgrade{s: s, path: path, read: read, addons: slices.Clone(s.Addons), groups: slices.Clone(s.NodeGroups)}
	from := s.Cluster.Version
	u.nodes(from)
	for _, v := range path {
		u.controlPlane(from, v)
		u.addOns(v)
		u.nodes(v)
		from = v
	}
	return u.actions, u.checks()
}

// DraftNodes gives the actions and checks that bring the managed node groups to the
// control plane's version. Where none is behind it is fault.ErrConflict.
func DraftNodes(s *inventory.Snapshot, read Readiness) ([]Action, []Check, error) {
	if s.Gap(inventory.SectionCluster) != nil || len(s.GapsOf(inventory.SectionNodeGroups)) > 0 {
		return nil, nil, fmt.Errorf("node groups of cluster %q are not known; scan it first: %w", s.Cluster.Ref, fault.ErrUnavailable)
	}
	s = read.seen(s)
	u := upgrade{s: s, read: read, groups: slices.Clone(s.NodeGroups)}
	u.nodes(s.Cluster.Version)
	if left := leftGroups(s, s.Cluster.Version); len(u.actions) == 0 && len(left) > 0 {
		return nil, nil, fmt.Errorf("node groups of cluster %q cannot follow to Kubernetes %s: %s: %w", s.Cluster.Ref, s.Cluster.Version, Named(left), fault.ErrConflict)
	}
	if len(u.actions) == 0 {
		return nil, nil, fmt.Errorf("no managed node group of cluster %q is behind; other nodes take an image of the new version: %w", s.Cluster.Ref, fault.ErrConflict)
	}
	return u.actions, []Check{u.budgets()}, nil
}

// upgrade is one draft, with what the parts have after the actions so far.
type upgrade struct {
	s       *inventory.Snapshot
	path    []string
	read    Readiness
	addons  []inventory.Addon
	groups  []inventory.NodeGroup
	actions []Action
	// misfits are the add-ons that no version was found for, as people read them.
	misfits []string
}

func (u *upgrade) controlPlane(from, to string) {
	a := Action{
		Kind: ControlPlaneVersion, Target: u.s.Cluster.Ref.Resource(), Title: "Upgrade the control plane to Kubernetes " + to,
		From: Setting{Version: from}, To: Setting{Version: to},
		Permissions: []string{describeUpdate, "eks:UpdateClusterVersion"}, Risk: RiskHigh, Effect: Deferred,
	}
	a.Irreversible = exposure.NoRollback(from, u.s.Calendar.Versions, u.s.Cluster.SupportType)
	if a.Irreversible == "" {
		a.UndoDays = undoDays
		a.UndoLimit = fmt.Sprintf("EKS rolls back to %s, one minor version, within %d days, once no node has %s and no insight of ROLLBACK_READINESS is an error; data and workloads stay as they are", from, undoDays, to)
	}
	u.actions = append(u.actions, a)
}

// status is a version's support by the calendar; a version that it does not have is
// past it.
func (u *upgrade) status(version string) string {
	if row := support(u.s, version); row != nil {
		return row.Status
	}
	return statusUnsupported
}

// addOns updates the add-ons that do not work with a version, or are behind its
// default.
func (u *upgrade) addOns(version string) {
	if u.read.Addons.Unread != "" {
		return
	}
	for i := range u.addons {
		on := &u.addons[i]
		next := u.read.release(on.Name, on.Version, version)
		if next == "" {
			u.misfits = append(u.misfits, fmt.Sprintf("%s has no version for %s", on.Name, version))
			continue
		}
		if next == on.Version {
			continue
		}
		a := updateAddon(*on, next)
		a.Title = fmt.Sprintf("Update the add-on %s to %s, for Kubernetes %s", on.Name, next, version)
		u.actions = append(u.actions, a)
		on.Version = next
	}
}

// updateAddon is the action that brings an add-on to a version, without a title. EKS keeps
// the settings of yours, and the role when it is named again.
func updateAddon(on inventory.Addon, to string) Action {
	permissions := []string{describeUpdate, "eks:UpdateAddon"}
	if on.RoleARN != "" {
		permissions = append(permissions, "iam:PassRole")
	}
	return Action{
		Kind: AddonVersion, Target: inventory.ResourceRef{Type: inventory.TypeAddon, UID: on.ARN, Name: on.Name},
		From: Setting{Addon: &Addon{Version: on.Version, RoleARN: on.RoleARN}}, To: Setting{Addon: &Addon{Version: to, RoleARN: on.RoleARN}},
		Permissions: permissions, Risk: RiskMedium, Effect: Deferred,
	}
}

// nodes updates the managed node groups that do not have a version.
func (u *upgrade) nodes(version string) {
	for i := range u.groups {
		g := &u.groups[i]
		if g.Version == version || g.AMIType == ownImage || !g.HasImage(version) {
			continue
		}
		u.actions = append(u.actions, Action{
			Kind: NodeGroupVersion, Target: inventory.ResourceRef{Type: inventory.TypeNodegroup, UID: g.ARN, Name: g.Name},
			Title: fmt.Sprintf("Replace the nodes of the node group %s by nodes of Kubernetes %s", g.Name, version),
			From:  Setting{Version: g.Version}, To: Setting{Version: version},
			Permissions: []string{describeUpdate, "eks:UpdateNodegroupVersion"}, Risk: RiskHigh, Effect: Deferred,
			Irreversible: "EKS does not roll a node group back to an earlier version; nodes of one take a new node group",
		})
		g.Version = version
	}
}

// withoutImage says which node groups cannot follow to a version, as EKS makes no images of
// theirs any more.
func (u *upgrade) withoutImage(version string) []string {
	var list []string
	for _, g := range u.groups {
		if !g.HasImage(version) {
			list = append(list, withoutImage(g, version))
		}
	}
	return list
}

// DraftPolicy gives the action that changes what EKS does at the end of standard
// support. It can be chosen only before that end (Amazon EKS User Guide, "Kubernetes
// version lifecycle").
func DraftPolicy(s *inventory.Snapshot, to string) ([]Action, error) {
	if s.Gap(inventory.SectionCluster) != nil {
		return nil, fmt.Errorf("upgrade policy of cluster %q is not known; scan it first: %w", s.Cluster.Ref, fault.ErrUnavailable)
	}
	if to != supportStandard && to != supportExtended {
		return nil, fmt.Errorf("upgrade policy %q: want %s or %s: %w", to, supportStandard, supportExtended, fault.ErrInvalid)
	}
	now := Of(UpgradePolicy, s)
	if now.SupportType == to {
		return nil, fmt.Errorf("upgrade policy of cluster %q is %s already: %w", s.Cluster.Ref, to, fault.ErrConflict)
	}
	u := upgrade{s: s}
	if status := u.status(s.Cluster.Version); status != statusStandard {
		return nil, fmt.Errorf("cluster %q has Kubernetes %s, whose standard support has ended; the upgrade policy can be changed only before that: %w", s.Cluster.Ref, s.Cluster.Version, fault.ErrConflict)
	}
	return []Action{{
		Kind: UpgradePolicy, Target: s.Cluster.Ref.Resource(), Title: "Set the upgrade policy to " + to,
		From: now, To: Setting{SupportType: to},
		Permissions: []string{describeUpdate, "eks:UpdateClusterConfig"}, Risk: RiskLow, Effect: Deferred,
	}}, nil
}
