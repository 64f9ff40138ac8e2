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

// deleteFailed is EKS's word for what a deletion left where it was.
const deleteFailed = "DELETE_FAILED"

// parts are those of one kind that a cluster has.
type parts[T any] struct {
	kind   string
	of     func(*Cluster) *[]T
	name   func(T) string
	status func(*T) *string
	// busy refuses to delete one while another, or it itself, is being deleted.
	busy func(cl *Cluster, name, other string) error
}

// once lets parts go side by side, each once; label is what EKS's message calls them.
func once(label string) func(cl *Cluster, name, other string) error {
	return func(cl *Cluster, name, other string) error {
		if name != other {
			return nil
		}
		return inUse(cl, label+" "+name+" is already being deleted")
	}
}

// deletePart deletes the part that a call names.
func deletePart[T any](e *Estate, c *call, p parts[T]) error {
	cl, err := c.cluster()
	if err != nil {
		return err
	}
	name := c.path["part"]
	if _, err := find(*p.of(cl), name, p.kind, p.name); err != nil {
		return err
	}
	if err := cl.idle(); err != nil {
		return err
	}
	list := slices.Clone(*p.of(cl))
	here := slices.IndexFunc(list, func(one T) bool { return p.name(one) == name })
	for i := range list {
		if *p.status(&list[i]) != deleting {
			continue
		}
		if err := p.busy(cl, name, p.name(list[i])); err != nil {
			return err
		}
	}
	*p.status(&list[here]) = deleting
	*p.of(cl) = list
	e.remove(cl, func() {
		*p.of(cl) = slices.DeleteFunc(slices.Clone(*p.of(cl)), func(one T) bool { return p.name(one) == name })
	}, func() {
		for i := range *p.of(cl) {
			if one := &(*p.of(cl))[i]; p.name(*one) == name {
				*p.status(one) = deleteFailed
			}
		}
	})
	return nil
}

func (e *Estate) deleteNodegroup(ctx context.Context, c *call) (any, error) {
	err := deletePart(e, c, parts[NodeGroup]{
		kind: "node group", of: func(cl *Cluster) *[]NodeGroup { return &cl.NodeGroups }, name: NodeGroup.name, status: func(n *NodeGroup) *string { return &n.Status },
		busy: once("Nodegroup"),
	})
	if err != nil {
		return nil, err
	}
	c.path["nodegroup"] = c.path["part"]
	return describeNodegroup(ctx, c)
}

// deleteFargateProfile takes one profile of a cluster at a time, as EKS does.
func (e *Estate) deleteFargateProfile(ctx context.Context, c *call) (any, error) {
	err := deletePart(e, c, parts[FargateProfile]{
		kind: "Fargate Profile", of: func(cl *Cluster) *[]FargateProfile { return &cl.FargateProfiles }, name: FargateProfile.name,
		status: func(f *FargateProfile) *string { return &f.Status },
		busy: func(cl *Cluster, name, other string) error {
			return &apiError{ // EKS's model knows no ResourceInUseException of this operation
				Code: "ClientException", Status: http.StatusBadRequest, Fields: map[string]any{"clusterName": cl.Name},
				Message: "Cannot delete Fargate Profile " + name + " because cluster " + cl.Name + " currently has Fargate profile " + other + " in status DELETING",
			}
		},
	})
	if err != nil {
		return nil, err
	}
	c.path["profile"] = c.path["part"]
	return describeFargateProfile(ctx, c)
}

func (e *Estate) deleteAddon(ctx context.Context, c *call) (any, error) {
	err := deletePart(e, c, parts[Addon]{
		kind: "addon", of: func(cl *Cluster) *[]Addon { return &cl.Addons }, name: Addon.name, status: func(a *Addon) *string { return &a.Status },
		busy: once("Addon"),
	})
	if err != nil {
		return nil, err
	}
	c.path["addon"] = c.path["part"]
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
