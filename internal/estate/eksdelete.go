package estate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// deleting is EKS's word for what is on its way out.
const deleting = "DELETING"

// eksDeletions are what removes clusters and their parts.
func (e *Estate) eksDeletions() []operation {
	remove := func(name, kind, path string, handle func(context.Context, *call) (any, error)) operation {
		return operation{
			service: "eks", name: name, method: http.MethodDelete, path: path, action: "eks:" + name, handle: handle, changes: true,
			resource: func(c *call) string {
				if kind == "cluster" {
					return c.clusterARN()
				}
				return c.eksARN(kind, c.path["name"], c.path["part"])
			},
		}
	}
	return []operation{
		remove("DeleteNodegroup", "nodegroup", "/clusters/{name}/node-groups/{part}", e.deleteNodegroup),
		remove("DeleteFargateProfile", "fargateprofile", "/clusters/{name}/fargate-profiles/{part}", e.deleteFargateProfile),
		remove("DeleteAddon", "addon", "/clusters/{name}/addons/{part}", e.deleteAddon),
		remove("DeleteCluster", "cluster", "/clusters/{name}", e.deleteCluster),
	}
}

// removal is something that is deleted.
type removal struct {
	done  time.Time
	apply func()
	// fail leaves the thing where it is; nil when it goes.
	fail func()
}

// remove begins a deletion. The next of the cluster's failures becomes of it.
func (e *Estate) remove(cl *Cluster, apply, fail func()) {
	r := removal{done: e.now().Add(e.updateTime), apply: apply}
	if len(cl.Failing) > 0 {
		cl.Failing = cl.Failing[1:]
		r.fail = fail
	}
	e.removing = append(e.removing, r)
}

// bury ends the deletions whose time has come.
func (e *Estate) bury(now time.Time) {
	e.removing = slices.DeleteFunc(e.removing, func(r removal) bool {
		switch {
		case now.Before(r.done):
			return false
		case r.fail != nil:
			r.fail()
		default:
			r.apply()
		}
		return true
	})
}

func inUse(cl *Cluster, text string) error {
	return &apiError{Code: "ResourceInUseException", Status: http.StatusConflict, Message: text, Fields: map[string]any{"clusterName": cl.Name}}
}

// idle refuses a deletion in a cluster that something else works on.
func (cl *Cluster) idle() error {
	if cl.Status == deleting {
		return inUse(cl, "Cluster "+cl.Name+" is being deleted")
	}
	for _, u := range cl.Updates {
		if u.Status == inProgress {
			return inUse(cl, fmt.Sprintf("Cluster %s currently has update %s in progress", cl.Name, u.ID))
		}
	}
	return nil
}

// part gives the cluster of a call and the place of the part that it names.
func part[T any](c *call, kind string, parts func(*Cluster) []T, nameOf func(T) string) (*Cluster, int, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, 0, err
	}
	if _, err := find(parts(cl), c.path["part"], kind, nameOf); err != nil {
		return nil, 0, err
	}
	return cl, slices.IndexFunc(parts(cl), func(p T) bool { return nameOf(p) == c.path["part"] }), cl.idle()
}

func (e *Estate) deleteNodegroup(ctx context.Context, c *call) (any, error) {
	cl, i, err := part(c, "node group", func(cl *Cluster) []NodeGroup { return cl.NodeGroups }, NodeGroup.name)
	if err != nil {
		return nil, err
	}
	name := c.path["part"]
	if cl.NodeGroups[i].Status == deleting {
		return nil, inUse(cl, "Nodegroup "+name+" is already being deleted")
	}
	cl.NodeGroups = slices.Clone(cl.NodeGroups)
	cl.NodeGroups[i].Status = deleting
	e.remove(cl, func() {
		cl.NodeGroups = slices.DeleteFunc(slices.Clone(cl.NodeGroups), func(n NodeGroup) bool { return n.Name == name })
	}, func() {
		for i := range cl.NodeGroups {
			if cl.NodeGroups[i].Name == name {
				cl.NodeGroups[i].Status = deleteFailed
			}
		}
	})
	c.path["nodegroup"] = name
	return describeNodegroup(ctx, c)
}

// deleteFailed is EKS's word for what a deletion left where it was.
const deleteFailed = "DELETE_FAILED"

// deleteFargateProfile takes one profile of a cluster at a time, as EKS does.
func (e *Estate) deleteFargateProfile(ctx context.Context, c *call) (any, error) {
	cl, i, err := part(c, "Fargate Profile", func(cl *Cluster) []FargateProfile { return cl.FargateProfiles }, FargateProfile.name)
	if err != nil {
		return nil, err
	}
	for _, f := range cl.FargateProfiles {
		if f.Status == deleting {
			return nil, &apiError{ // EKS's model knows no ResourceInUseException of this operation
				Code: "ClientException", Status: http.StatusBadRequest, Fields: map[string]any{"clusterName": cl.Name},
				Message: "Cannot delete Fargate Profile " + c.path["part"] + " because cluster " + cl.Name + " currently has Fargate profile " + f.Name + " in status DELETING",
			}
		}
	}
	name := c.path["part"]
	cl.FargateProfiles = slices.Clone(cl.FargateProfiles)
	cl.FargateProfiles[i].Status = deleting
	e.remove(cl, func() {
		cl.FargateProfiles = slices.DeleteFunc(slices.Clone(cl.FargateProfiles), func(f FargateProfile) bool { return f.Name == name })
	}, func() {
		for i := range cl.FargateProfiles {
			if cl.FargateProfiles[i].Name == name {
				cl.FargateProfiles[i].Status = deleteFailed
			}
		}
	})
	c.path["profile"] = name
	return describeFargateProfile(ctx, c)
}

func (e *Estate) deleteAddon(ctx context.Context, c *call) (any, error) {
	cl, i, err := part(c, "addon", func(cl *Cluster) []Addon { return cl.Addons }, Addon.name)
	if err != nil {
		return nil, err
	}
	name := c.path["part"]
	if cl.Addons[i].Status == deleting {
		return nil, inUse(cl, "Addon "+name+" is already being deleted")
	}
	cl.Addons = slices.Clone(cl.Addons)
	cl.Addons[i].Status = deleting
	e.remove(cl, func() {
		cl.Addons = slices.DeleteFunc(slices.Clone(cl.Addons), func(a Addon) bool { return a.Name == name })
	}, func() {
		for i := range cl.Addons {
			if cl.Addons[i].Name == name {
				cl.Addons[i].Status = deleteFailed
			}
		}
	})
	c.path["addon"] = name
	return describeAddon(ctx, c)
}

// deleteCluster wants node groups and Fargate profiles gone first, and an active
// cluster unprotected.
func (e *Estate) deleteCluster(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	switch {
	case cl.DeletionProtection && (cl.Status == "" || cl.Status == "ACTIVE"):
		return nil, &apiError{
			Code: "InvalidRequestException", Status: http.StatusBadRequest, Fields: map[string]any{"clusterName": cl.Name},
			Message: "Cannot delete cluster " + cl.Name + " because deletion protection is enabled",
		}
	case len(cl.NodeGroups) > 0:
		return nil, inUse(cl, "Cluster has nodegroups attached")
	case len(cl.FargateProfiles) > 0:
		return nil, inUse(cl, "Cluster has fargate profiles attached")
	}
	if err := cl.idle(); err != nil {
		return nil, err
	}
	cl.Status = deleting
	e.remove(cl, func() { cl.gone = true }, func() { cl.Status = "FAILED" })
	return map[string]any{"cluster": cl.describe(c.account.ID, e.kube[c.clusterARN()])}, nil
}
