package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// maxSkew is how many minor versions a kubelet may be older than the API server,
	// since 1.28 (Kubernetes, "Version Skew Policy"); before it was skewBefore.
	maxSkew    = 3
	skewBefore = 2
	// freeAddresses is how many EKS may take of the cluster's subnets for a new control
	// plane (Amazon EKS User Guide, "Update existing cluster to new Kubernetes version").
	freeAddresses = 5
	// maxListed bounds what a check names; the count is of all.
	maxListed = 5
)

// The names of the checks of an upgrade, which approvers accept unknown ones by.
const (
	checkInsights  = "insights"
	checkAPIs      = "removed APIs"
	checkAddons    = "add-ons"
	checkNodes     = "nodes by hand"
	checkSkew      = "kubelets"
	checkAddresses = "addresses"
	checkBudgets   = "disruption budgets"
)

func (u *upgrade) checks() []Check {
	return []Check{u.insights(), u.apis(), u.addonCheck(), u.skew(), u.byHand(), u.addresses(), u.budgets()}
}

// to is the version at the path's end.
func (u *upgrade) to() string { return u.path[len(u.path)-1] }

// upTo reports whether a version is one that the path goes to or has passed; an empty
// one may be.
func (u *upgrade) upTo(version string) bool {
	v, err := inventory.ParseKubernetesVersion(version)
	last, errLast := inventory.ParseKubernetesVersion(u.to())
	return err != nil || errLast != nil || v.Compare(last) <= 0
}

func (u *upgrade) insights() Check {
	if why := u.read.Insights.Unread; why != "" {
		return Check{checkInsights, Unknown, "EKS's upgrade insights: " + why}
	}
	if len(u.read.Insights.Items) == 0 {
		return Check{checkInsights, Unknown, "EKS has no upgrade insights of this cluster"}
	}
	var wrong, unclear []string
	for _, i := range u.read.Insights.Items {
		if !u.upTo(i.Version) {
			continue
		}
		text := strings.TrimSpace(fmt.Sprintf("%s (%s): %s", i.Name, i.Status, i.Reason))
		switch i.Status {
		case "PASSING":
		case "ERROR":
			wrong = append(wrong, text)
		default:
			unclear = append(unclear, text)
		}
	}
	switch {
	case len(wrong) > 0:
		return Check{checkInsights, Failed, Named(wrong)}
	case len(unclear) > 0:
		return Check{checkInsights, Unknown, Named(unclear)}
	}
	return Check{checkInsights, Passed, fmt.Sprintf("all %d upgrade insights up to %s pass", len(u.read.Insights.Items), u.to())}
}

// apis looks for uses of APIs that the path's versions have no more: in what the API
// server counts, and in what live objects were last written by.
func (u *upgrade) apis() Check {
	var gone, unread []string
	for _, r := range u.read.Requests.Items {
		if r.RemovedIn != "" && u.upTo(r.RemovedIn) {
			gone = append(gone, fmt.Sprintf("%s, which %s has no more, was asked for since the API server started", r.API, r.RemovedIn))
		}
	}
	for _, o := range u.read.Objects.Items {
		if u.upTo(o.RemovedIn) {
			gone = append(gone, fmt.Sprintf("%s was written by %s, which %s has no more", o.Name, o.API, o.RemovedIn))
		}
	}
	for _, why := range []string{u.read.Requests.Unread, u.read.Objects.Unread} {
		if why != "" && !slices.Contains(unread, why) {
			unread = append(unread, why)
		}
	}
	switch {
	case len(gone) > 0:
		return Check{checkAPIs, Failed, Named(gone)}
	case len(unread) > 0:
		return Check{checkAPIs, Unknown, strings.Join(unread, "; ")}
	}
	return Check{checkAPIs, Passed, fmt.Sprintf("no API that is gone by %s was asked for since the API server started, or wrote a live object that can be seen", u.to())}
}

func (u *upgrade) addonCheck() Check {
	switch {
	case len(u.s.GapsOf(inventory.SectionAddons)) > 0:
		return Check{checkAddons, Unknown, "the cluster's add-ons could not be read, and none is updated by this plan"}
	case u.read.Addons.Unread != "":
		return Check{checkAddons, Unknown, "the add-ons' versions: " + u.read.Addons.Unread + "; none is updated by this plan"}
	case len(u.misfits) > 0:
		return Check{checkAddons, Failed, Named(u.misfits)}
	case len(u.s.Addons) == 0:
		return Check{checkAddons, Passed, "there is no EKS add-on"}
	}
	return Check{checkAddons, Passed, fmt.Sprintf("each of the %d EKS add-ons has a version for each Kubernetes version on the way", len(u.s.Addons))}
}

// skew looks for kubelets that would be too old for the API server. Nodes of managed
// node groups come along with the plan.
func (u *upgrade) skew() Check {
	switch {
	case len(u.s.GapsOf(inventory.SectionNodes)) > 0:
		return Check{checkSkew, Unknown, "the nodes could not be read, and with them the versions of their kubelets"}
	case u.s.Nodes == nil && u.s.Workloads == nil:
		return Check{checkSkew, Unknown, "the cluster's nodes are not known; scan it first"}
	}
	last, err := inventory.ParseKubernetesVersion(u.to())
	if err != nil {
		return Check{checkSkew, Unknown, err.Error()}
	}
	allowed := maxSkew
	if last.Minor < 28 {
		allowed = skewBefore
	}
	var old []string
	for _, n := range u.s.Nodes {
		v, err := inventory.ParseKubernetesVersion(n.KubeletVersion)
		if u.comesAlong(n) || err == nil && last.Minor-v.Minor <= allowed {
			continue
		}
		old = append(old, fmt.Sprintf("%s has %s", n.Name, n.KubeletVersion))
	}
	if len(old) > 0 {
		return Check{checkSkew, Failed, fmt.Sprintf("kubelets may be %d minor versions older than %s; replace these nodes first: %s", allowed, u.to(), Named(old))}
	}
	return Check{checkSkew, Passed, fmt.Sprintf("no kubelet would be more than %d minor versions older than %s", allowed, u.to())}
}

// comesAlong reports whether a node is replaced by the plan, or by EKS Auto Mode.
func (u *upgrade) comesAlong(n inventory.Node) bool {
	if u.s.Cluster.AutoMode && !n.Fargate && n.NodeGroup == "" {
		return true
	}
	return slices.ContainsFunc(u.groups, func(g inventory.NodeGroup) bool { return g.Name == n.NodeGroup && g.AMIType != ownImage })
}

// byHand names the nodes that the plan does not bring along. EKS refuses the next
// version while a managed node group or a Fargate pod has not the control plane's.
func (u *upgrade) byHand() Check {
	if len(u.s.GapsOf(inventory.SectionNodeGroups)) > 0 || len(u.s.GapsOf(inventory.SectionNodes)) > 0 {
		return Check{checkNodes, Unknown, "not all node groups and nodes could be read; those that are not are not brought along"}
	}
	var stops, others []string
	for _, g := range u.groups {
		if g.AMIType != ownImage {
			continue
		}
		if g.Version != u.s.Cluster.Version || len(u.path) > 1 {
			stops = append(stops, fmt.Sprintf("node group %s has an image of its own, which comes with a new version of its launch template", g.Name))
			continue
		}
		others = append(others, "node group "+g.Name)
	}
	// The last version on the way at which EKS wants all node groups.
	before := u.s.Cluster.Version
	if n := len(u.path); n > 1 {
		before = u.path[n-2]
	}
	if stops = append(stops, u.withoutImage(before)...); len(stops) == 0 {
		others = append(others, u.withoutImage(u.to())...)
	}
	fargate, self := 0, 0
	for _, n := range u.s.Nodes {
		switch {
		case n.Fargate:
			fargate++
		case !u.comesAlong(n) && n.NodeGroup == "":
			self++
		}
	}
	switch {
	case fargate > 0 && len(u.path) > 1:
		stops = append(stops, fmt.Sprintf("%d pods run on Fargate, and must be made anew at each version", fargate))
	case fargate > 0:
		others = append(others, fmt.Sprintf("%d pods on Fargate", fargate))
	}
	if self > 0 {
		others = append(others, fmt.Sprintf("%d self-managed nodes", self))
	}
	switch {
	case len(stops) > 0 && len(u.path) > 1:
		return Check{checkNodes, Failed, "EKS refuses the version after the next until they are brought along by hand, so take one version at a time (--to " + u.path[0] + "): " + Named(stops)}
	case len(stops) > 0:
		return Check{checkNodes, Failed, "EKS refuses the upgrade until they have the control plane's version: " + Named(stops)}
	case len(others) > 0:
		return Check{checkNodes, Unknown, "this plan does not bring along " + Named(others) + "; they stay behind until you do"}
	}
	return Check{checkNodes, Passed, "no node has to be brought along by hand"}
}

func (u *upgrade) addresses() Check {
	if why := u.read.Subnets.Unread; why != "" {
		return Check{checkAddresses, Unknown, "the subnets' free addresses: " + why}
	}
	all, few := 0, []string(nil)
	for _, n := range u.read.Subnets.Items {
		all += n.Free
		if n.Free < freeAddresses {
			few = append(few, fmt.Sprintf("%s has %d", n.ID, n.Free))
		}
	}
	switch {
	case all < freeAddresses:
		return Check{checkAddresses, Failed, fmt.Sprintf("EKS may need %d free addresses in the cluster's subnets, which have %d", freeAddresses, all)}
	case len(few) > 0:
		return Check{checkAddresses, Unknown, fmt.Sprintf("EKS may need %d free addresses in one subnet: %s", freeAddresses, Named(few))}
	}
	return Check{checkAddresses, Passed, fmt.Sprintf("each of the cluster's %d subnets has %d free addresses or more", len(u.read.Subnets.Items), freeAddresses)}
}

// budgets looks for what keeps nodes from being emptied.
func (u *upgrade) budgets() Check {
	if !slices.ContainsFunc(u.actions, func(a Action) bool { return a.Kind == NodeGroupVersion }) {
		return Check{checkBudgets, Passed, "no node group is updated"}
	}
	switch {
	case u.read.Budgets.Unread != "":
		return Check{checkBudgets, Unknown, "pod disruption budgets: " + u.read.Budgets.Unread}
	case len(u.read.Budgets.Items) > 0:
		return Check{checkBudgets, Failed, "let no pod go now, so that nodes cannot be emptied: " + Named(u.read.Budgets.Items)}
	}
	return Check{checkBudgets, Passed, "each pod disruption budget lets at least one pod go now"}
}

// Named writes the first few of a list, and how many there are more.
func Named(items []string) string {
	if more := len(items) - maxListed; more > 0 {
		return fmt.Sprintf("%s; and %d more", strings.Join(items[:maxListed], "; "), more)
	}
	return strings.Join(items, "; ")
}
