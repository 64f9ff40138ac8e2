package estate

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// find returns the one of a cluster's parts that has the name, or the error that
// EKS gives for a missing one.
func find[T any](parts []T, name, kind string, nameOf func(T) string) (T, error) {
	i := slices.IndexFunc(parts, func(p T) bool { return nameOf(p) == name })
	if i < 0 {
		var none T
		return none, &apiError{
			Code: "ResourceNotFoundException", Status: http.StatusNotFound, Message: "No " + kind + " found for name: " + name + ".",
		}
	}
	return parts[i], nil
}

// names lists the names of a cluster's parts, sorted.
func names[T any](parts []T, nameOf func(T) string) []string {
	out := make([]string, 0, len(parts))
	for _, p := range parts {
		out = append(out, nameOf(p))
	}
	slices.Sort(out)
	return out
}

func (n NodeGroup) name() string      { return n.Name }
func (f FargateProfile) name() string { return f.Name }
func (a Addon) name() string          { return a.Name }
func (a AccessEntry) name() string    { return a.Principal }
func (p PodIdentity) name() string    { return p.ID }
func (u Update) name() string         { return u.ID }

// partARN is the ARN of a part of a cluster, which ends in an ID of its own.
func (c *call) partARN(kind, name string) string {
	return c.eksARN(kind, c.path["name"], name, stableUUID(c.clusterARN()+kind+name))
}

func listNodegroups(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	return c.listPage("nodegroups", names(cl.NodeGroups, NodeGroup.name))
}

func describeNodegroup(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	n, err := find(cl.NodeGroups, c.path["nodegroup"], "node group", NodeGroup.name)
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"nodegroupName": n.Name, "nodegroupArn": c.partARN("nodegroup", n.Name), "clusterName": cl.Name, "version": n.Version,
		"releaseVersion": n.Release, "createdAt": n.CreatedAt.Unix(), "modifiedAt": n.CreatedAt.Unix(), "status": cmp.Or(n.Status, "ACTIVE"),
		"capacityType": cmp.Or(n.Capacity, "ON_DEMAND"), "instanceTypes": orEmpty(n.InstanceTypes), "amiType": n.AMIType,
		"scalingConfig": map[string]any{"minSize": n.Min, "maxSize": cmp.Or(n.Max, max(1, n.Desired*2)), "desiredSize": n.Desired},
		"subnets":       orEmpty(cl.Subnets), "nodeRole": roleARN(c.account.ID, n.Role), "labels": tags(n.Labels), "tags": tags(n.Tags),
		"updateConfig": map[string]any{"maxUnavailable": 1}, "health": health(n.Issues),
	}
	if len(n.Taints) > 0 {
		out["taints"] = n.taints()
	}
	switch {
	case n.LaunchTemplate != "": // which has the disk size and the SSH key
		out["launchTemplate"] = map[string]any{"id": n.LaunchTemplate, "name": n.Name, "version": "1"}
	default:
		out["diskSize"] = cmp.Or(n.DiskSize, defaultDiskSize)
		if n.RemoteAccess != "" {
			out["remoteAccess"] = map[string]any{"ec2SshKey": n.RemoteAccess}
		}
	}
	return map[string]any{"nodegroup": out}, nil
}

// defaultDiskSize is what EKS gives a node of Linux, in GiB (EKS API Reference,
// CreateNodegroup).
const defaultDiskSize = 20

func (n NodeGroup) taints() []map[string]string {
	var list []map[string]string
	for _, t := range n.Taints {
		taint := map[string]string{"key": t.Key, "effect": t.Effect}
		if t.Value != "" {
			taint["value"] = t.Value
		}
		list = append(list, taint)
	}
	return list
}

func listFargateProfiles(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	return c.listPage("fargateProfileNames", names(cl.FargateProfiles, FargateProfile.name))
}

func describeFargateProfile(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	f, err := find(cl.FargateProfiles, c.path["profile"], "Fargate Profile", FargateProfile.name)
	if err != nil {
		return nil, err
	}
	var selectors []map[string]any
	for _, ns := range f.Namespaces {
		selectors = append(selectors, map[string]any{"namespace": ns})
	}
	return map[string]any{"fargateProfile": map[string]any{
		"fargateProfileName": f.Name, "fargateProfileArn": c.partARN("fargateprofile", f.Name), "clusterName": cl.Name,
		"createdAt": f.CreatedAt.Unix(), "podExecutionRoleArn": roleARN(c.account.ID, f.Role), "subnets": orEmpty(cl.Subnets),
		"selectors": orEmpty(selectors), "status": cmp.Or(f.Status, "ACTIVE"),
	}}, nil
}

func listAddons(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	return c.listPage("addons", names(cl.Addons, Addon.name))
}

func describeAddon(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	a, err := find(cl.Addons, c.path["addon"], "addon", Addon.name)
	if err != nil {
		return nil, err
	}
	addon := map[string]any{
		"addonName": a.Name, "clusterName": cl.Name, "status": cmp.Or(a.Status, "ACTIVE"), "addonVersion": a.Version,
		"addonArn": c.partARN("addon", a.Name), "createdAt": a.CreatedAt.Unix(), "modifiedAt": a.CreatedAt.Unix(),
		"health": map[string]any{"issues": []any{}}, "publisher": "eks", "owner": "aws",
	}
	if a.Role != "" {
		addon["serviceAccountRoleArn"] = roleARN(c.account.ID, a.Role)
	}
	return map[string]any{"addon": addon}, nil
}

func listAccessEntries(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	entries := cl.AccessEntries
	if policy := c.query.Get("associatedPolicyArn"); policy != "" {
		entries = slices.DeleteFunc(slices.Clone(entries), func(a AccessEntry) bool {
			return !slices.ContainsFunc(a.Policies, func(p AccessPolicy) bool { return p.arn() == policy })
		})
	}
	return c.listPage("accessEntries", names(entries, AccessEntry.name))
}

func (c *call) accessEntry() (*Cluster, AccessEntry, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, AccessEntry{}, err
	}
	i := slices.IndexFunc(cl.AccessEntries, func(a AccessEntry) bool { return a.Principal == c.path["principal"] })
	if i < 0 {
		return nil, AccessEntry{}, &apiError{
			Code: "ResourceNotFoundException", Status: http.StatusNotFound,
			Message: "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
		}
	}
	return cl, cl.AccessEntries[i], nil
}

func describeAccessEntry(_ context.Context, c *call) (any, error) {
	cl, a, err := c.accessEntry()
	if err != nil {
		return nil, err
	}
	// An entry's ARN ends in TYPE/ACCOUNT/NAME/UUID of its principal.
	kind, name, _ := strings.Cut(a.Principal[strings.LastIndex(a.Principal, ":")+1:], "/")
	return map[string]any{"accessEntry": map[string]any{
		"clusterName": cl.Name, "principalArn": a.Principal, "kubernetesGroups": orEmpty(a.Groups), "type": cmp.Or(a.Type, "STANDARD"),
		"accessEntryArn": c.eksARN("access-entry", cl.Name, kind, c.account.ID, name, stableUUID(c.clusterARN()+a.Principal)),
		"createdAt":      a.CreatedAt.Unix(), "modifiedAt": a.CreatedAt.Unix(), "username": username(a.Principal, "{{SessionName}}"),
	}}, nil
}

func (p AccessPolicy) arn() string { return "arn:aws:eks::aws:cluster-access-policy/" + p.Name }

func listAssociatedAccessPolicies(_ context.Context, c *call) (any, error) {
	cl, a, err := c.accessEntry()
	if err != nil {
		return nil, err
	}
	policies, next, err := page(a.Policies, c.query.Get("maxResults"), c.query.Get("nextToken"), pageEKS)
	if err != nil {
		return nil, err
	}
	list := make([]map[string]any, 0, len(policies))
	for _, p := range policies {
		scope := map[string]any{"type": "cluster", "namespaces": []string{}}
		if len(p.Namespaces) > 0 {
			scope = map[string]any{"type": "namespace", "namespaces": p.Namespaces}
		}
		list = append(list, map[string]any{
			"policyArn": p.arn(), "accessScope": scope, "associatedAt": a.CreatedAt.Unix(), "modifiedAt": a.CreatedAt.Unix(),
		})
	}
	return withToken(map[string]any{
		"clusterName": cl.Name, "principalArn": a.Principal, "associatedAccessPolicies": list,
	}, "nextToken", next), nil
}

func listPodIdentities(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	var all []map[string]any
	for _, p := range cl.PodIdentities {
		if ns := c.query.Get("namespace"); ns != "" && ns != p.Namespace {
			continue
		}
		if sa := c.query.Get("serviceAccount"); sa != "" && sa != p.ServiceAccount {
			continue
		}
		all = append(all, c.podIdentity(p))
	}
	part, next, err := page(all, c.query.Get("maxResults"), c.query.Get("nextToken"), pageEKS)
	if err != nil {
		return nil, err
	}
	return withToken(map[string]any{"associations": orEmpty(part)}, "nextToken", next), nil
}

// podIdentity is the summary of an association, which names no role.
func (c *call) podIdentity(p PodIdentity) map[string]any {
	return map[string]any{
		"clusterName": c.path["name"], "namespace": p.Namespace, "serviceAccount": p.ServiceAccount,
		"associationArn": c.eksARN("podidentityassociation", c.path["name"], p.ID), "associationId": p.ID,
	}
}

func describePodIdentity(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	p, err := find(cl.PodIdentities, c.path["association"], "pod identity association", PodIdentity.name)
	if err != nil {
		return nil, err
	}
	a := c.podIdentity(p)
	a["roleArn"], a["createdAt"], a["modifiedAt"] = roleARN(c.account.ID, p.Role), p.CreatedAt.Unix(), p.CreatedAt.Unix()
	return map[string]any{"association": a}, nil
}

func listUpdates(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	updates := slices.SortedStableFunc(slices.Values(c.updatesOf(cl)), func(a, b Update) int { return b.CreatedAt.Compare(a.CreatedAt) })
	ids := make([]string, 0, len(updates))
	for _, u := range updates {
		ids = append(ids, u.ID)
	}
	return c.listPage("updateIds", ids)
}

func describeUpdate(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	u, err := find(c.updatesOf(cl), c.path["update"], "update", Update.name)
	if err != nil {
		return nil, err
	}
	return map[string]any{"update": u.show()}, nil
}

// updatesOf are those of the node group or add-on that the call names, else those of
// the cluster itself.
func (c *call) updatesOf(cl *Cluster) []Update {
	return slices.DeleteFunc(slices.Clone(cl.Updates), func(u Update) bool {
		return u.NodeGroup != c.query.Get("nodegroupName") || u.Addon != c.query.Get("addonName")
	})
}

// show is the update as EKS shows it. What will fail is told when it has.
func (u Update) show() map[string]any {
	params, failures := []map[string]any{}, []map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(u.Params)) {
		params = append(params, map[string]any{"type": key, "value": u.Params[key]})
	}
	for _, text := range u.Errors {
		if u.Status == "InProgress" {
			break
		}
		failures = append(failures, map[string]any{"errorCode": "OperationNotPermitted", "errorMessage": text})
	}
	return map[string]any{
		"id": u.ID, "status": u.Status, "type": u.Type, "createdAt": u.CreatedAt.Unix(), "params": params, "errors": failures,
	}
}

// status is where a version stands on a day, in the API's new and old words.
func (v Version) status(day time.Time) (status, old string) {
	switch {
	case day.Before(v.EndOfStandard):
		return "STANDARD_SUPPORT", "standard-support"
	case day.Before(v.EndOfExtended):
		return "EXTENDED_SUPPORT", "extended-support"
	}
	return "UNSUPPORTED", "unsupported"
}
