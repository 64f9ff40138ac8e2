package estate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/eksposure/eksposure/internal/inventory"
)

// rollbackTime is how long a control plane can go back to the version before (Amazon
// EKS User Guide, "Roll back a cluster to a previous Kubernetes version").
const rollbackTime = 7 * 24 * time.Hour

// refused is the error of EKS for what cannot be done as things are.
func refused(format string, args ...any) error {
	return &apiError{Code: "InvalidRequestException", Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

// support is where a version stands on the scenario's day; a version that it does not
// have is past it.
func (e *Estate) support(version string) string {
	for _, v := range e.scenario.Versions {
		if v.Version == version {
			status, _ := v.status(e.scenario.AsOf)
			return status
		}
	}
	return "UNSUPPORTED"
}

// updateClusterVersion takes the control plane one minor version up, or within a week
// of that back again.
func (e *Estate) updateClusterVersion(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	var in struct {
		Version string `json:"version"`
		Force   bool   `json:"force"`
		Token   string `json:"clientRequestToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if update, ok := cl.begun(in.Token); ok {
		return update, nil
	}
	from, _ := inventory.ParseKubernetesVersion(cl.Version)
	to, err := inventory.ParseKubernetesVersion(in.Version)
	switch {
	case err != nil || e.support(in.Version) == "UNSUPPORTED" && to.Compare(from) < 0 || !e.known(in.Version):
		return nil, invalid("unsupported Kubernetes version " + in.Version)
	case to == from:
		return nil, invalid("Cluster is already at version " + in.Version)
	case to.Minor == from.Minor-1:
		return e.rollBack(cl, in.Version, in.Token)
	case to.Minor != from.Minor+1:
		return nil, invalid(fmt.Sprintf("Unsupported Kubernetes minor version update from %s to %s", from, to))
	}
	if behind := cl.nodesBeside(cl.Version); len(behind) > 0 {
		return nil, invalid(fmt.Sprintf("Nodegroups %s must be updated to match cluster version %s before updating cluster version", strings.Join(behind, ", "), cl.Version))
	}
	return e.start(cl, in.Token, Update{
		Type: "VersionUpdate", Params: map[string]string{"Version": in.Version, "PlatformVersion": e.platform(in.Version)}, apply: e.setVersion(in.Version),
	})
}

func (e *Estate) known(version string) bool {
	return slices.ContainsFunc(e.scenario.Versions, func(v Version) bool { return v.Version == version })
}

func (e *Estate) setVersion(version string) func(*Cluster) {
	return func(cl *Cluster) { cl.Version, cl.Platform = version, e.platform(version) }
}

func (e *Estate) platform(version string) string {
	for _, v := range e.scenario.Versions {
		if v.Version == version {
			return v.Platform
		}
	}
	return ""
}

// rollBack takes a control plane back to the version before its last upgrade.
func (e *Estate) rollBack(cl *Cluster, to, token string) (any, error) {
	last := Update{}
	for _, u := range cl.Updates {
		if strings.HasPrefix(u.Type, "Version") && u.Status == "Successful" {
			last = u
		}
	}
	switch {
	case last.Type != "VersionUpdate" || last.Params["Version"] != cl.Version || e.now().Sub(last.CreatedAt) > rollbackTime:
		return nil, refused("Cluster %s was not upgraded to version %s within the last 7 days and cannot be rolled back to version %s", cl.Name, cl.Version, to)
	case e.support(to) == "EXTENDED_SUPPORT" && cl.SupportType == "STANDARD":
		return nil, refused("Cluster %s cannot be rolled back to version %s, which is in extended support, with the upgrade policy STANDARD", cl.Name, to)
	case len(cl.nodesBeside(to)) > 0:
		return nil, refused("Nodegroups %s must be rolled back to version %s before the cluster", strings.Join(cl.nodesBeside(to), ", "), to)
	}
	for _, i := range cl.Insights {
		if i.Category == "ROLLBACK_READINESS" && i.Status != "PASSING" && i.Status != "WARNING" {
			return nil, refused("Cluster %s cannot be rolled back: insight %s is %s", cl.Name, i.Name, i.Status)
		}
	}
	return e.start(cl, token, Update{
		Type: "VersionRollback", Params: map[string]string{"Version": to, "PlatformVersion": e.platform(to)}, apply: e.setVersion(to),
	})
}

// nodesBeside names the node groups that do not have a version.
func (cl *Cluster) nodesBeside(version string) []string {
	var list []string
	for _, g := range cl.NodeGroups {
		if g.Version != version {
			list = append(list, g.Name)
		}
	}
	return list
}

// updateNodegroupVersion replaces the nodes of a node group by those of a version, and
// never of an older one.
func (e *Estate) updateNodegroupVersion(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	g, err := find(cl.NodeGroups, c.path["part"], "node group", NodeGroup.name)
	if err != nil {
		return nil, err
	}
	var in struct {
		Version string `json:"version"`
		Token   string `json:"clientRequestToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if update, ok := cl.begun(in.Token); ok {
		return update, nil
	}
	to, err := inventory.ParseKubernetesVersion(in.Version)
	from, _ := inventory.ParseKubernetesVersion(g.Version)
	above, _ := inventory.ParseKubernetesVersion(cl.Version)
	switch {
	case err != nil || !e.known(in.Version):
		return nil, invalid("Requested Nodegroup Kubernetes version " + in.Version + " is not valid")
	case g.AMIType == "CUSTOM":
		return nil, invalid("You cannot specify the field version when using custom AMIs.")
	case to.Compare(above) > 0 || above.Minor-to.Minor > 3:
		return nil, invalid(fmt.Sprintf("Nodegroup Kubernetes version %s is not compatible with cluster version %s", to, above))
	case !inventory.NodeGroup{AMIType: g.AMIType}.HasImage(in.Version):
		return nil, invalid("Requested AMI for this version " + in.Version + " is not supported")
	case to.Compare(from) < 0:
		return nil, invalid(fmt.Sprintf("Requested Nodegroup version %s is older than %s", to, from))
	}
	k, release := e.kube[c.clusterARN()], in.Version+".0-"+e.scenario.AsOf.Format("20060102")
	return e.start(cl, in.Token, Update{
		Type: "VersionUpdate", NodeGroup: g.Name, Params: map[string]string{"Version": in.Version, "ReleaseVersion": release},
		apply: func(cl *Cluster) {
			for i := range cl.NodeGroups {
				if cl.NodeGroups[i].Name == g.Name {
					cl.NodeGroups[i].Version, cl.NodeGroups[i].Release = in.Version, release
				}
			}
			k.renew(g.Name, in.Version)
		},
	})
}

// renew gives the nodes of a node group the kubelet of a version.
func (k *kubeServer) renew(group, version string) {
	for r, objects := range k.store.objects {
		if r.plural != "nodes" || r.group != "" {
			continue
		}
		for i, o := range objects {
			node, ok := o.(*corev1.Node)
			if !ok || node.Labels[labelNodeGroup] != group {
				continue
			}
			fresh := node.DeepCopy()
			fresh.Status.NodeInfo.KubeletVersion = kubelet(version)
			objects[i] = fresh
		}
	}
}

// updateAddon brings an add-on to a version that works with the cluster's.
func (e *Estate) updateAddon(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	a, err := find(cl.Addons, c.path["part"], "addon", Addon.name)
	if err != nil {
		return nil, err
	}
	var in struct {
		Version string `json:"addonVersion"`
		RoleARN string `json:"serviceAccountRoleArn"`
		Resolve string `json:"resolveConflicts"`
		Token   string `json:"clientRequestToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if update, ok := cl.begun(in.Token); ok {
		return update, nil
	}
	if in.RoleARN != "" {
		op := operation{action: "iam:PassRole", resource: func(*call) string { return in.RoleARN }}
		if err := op.denied(e.services["eks"], c); err != nil {
			return nil, err
		}
	}
	fits := slices.ContainsFunc(e.scenario.Addons, func(r AddonRelease) bool {
		return r.Name == a.Name && r.Version == in.Version && slices.Contains(r.Fits, cl.Version)
	})
	if !fits {
		return nil, invalid("Addon version specified is not supported")
	}
	k := e.kube[c.clusterARN()]
	return e.start(cl, in.Token, Update{
		Type: "AddonUpdate", Addon: a.Name, Params: map[string]string{"AddonVersion": in.Version, "ResolveConflicts": in.Resolve},
		apply: func(cl *Cluster) {
			for i := range cl.Addons {
				if cl.Addons[i].Name == a.Name {
					cl.Addons[i].Version, cl.Addons[i].Role = in.Version, in.RoleARN[strings.LastIndexByte(in.RoleARN, '/')+1:]
				}
			}
			k.ship(a.Name, in.Version)
		},
	})
}
