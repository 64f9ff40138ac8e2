package estate

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
)

// pageEKS is the largest page of the EKS lists (maxResults).
const pageEKS = 100

// eksOperations are the reading half of EKS; eksUpdates are what changes clusters.
func (e *Estate) eksOperations() []operation {
	cluster := (*call).clusterARN
	sub := func(kind, part string) func(*call) string {
		return func(c *call) string { return c.eksARN(kind, c.path["name"], c.path[part]) }
	}
	get := func(name, path string, resource func(*call) string, handle func(context.Context, *call) (any, error)) operation {
		return operation{
			service: "eks", name: name, method: http.MethodGet, path: path, action: "eks:" + name, resource: resource, handle: handle,
		}
	}
	return []operation{
		get("ListClusters", "/clusters", func(c *call) string { return c.eksARN("cluster", "*") }, listClusters),
		get("DescribeCluster", "/clusters/{name}", cluster, e.describeCluster),
		get("DescribeClusterVersions", "/cluster-versions", nil, e.describeClusterVersions),
		get("ListNodegroups", "/clusters/{name}/node-groups", cluster, listNodegroups),
		get("DescribeNodegroup", "/clusters/{name}/node-groups/{nodegroup}", sub("nodegroup", "nodegroup"), describeNodegroup),
		get("ListFargateProfiles", "/clusters/{name}/fargate-profiles", cluster, listFargateProfiles),
		get("DescribeFargateProfile", "/clusters/{name}/fargate-profiles/{profile}", sub("fargateprofile", "profile"), describeFargateProfile),
		get("ListAddons", "/clusters/{name}/addons", cluster, listAddons),
		get("DescribeAddon", "/clusters/{name}/addons/{addon}", sub("addon", "addon"), describeAddon),
		get("ListAccessEntries", "/clusters/{name}/access-entries", cluster, listAccessEntries),
		get("DescribeAccessEntry", "/clusters/{name}/access-entries/{principal}", sub("access-entry", "principal"), describeAccessEntry),
		get("ListAssociatedAccessPolicies", "/clusters/{name}/access-entries/{principal}/access-policies", sub("access-entry", "principal"), listAssociatedAccessPolicies),
		get("ListPodIdentityAssociations", "/clusters/{name}/pod-identity-associations", cluster, listPodIdentities),
		get("DescribePodIdentityAssociation", "/clusters/{name}/pod-identity-associations/{association}", sub("podidentityassociation", "association"), describePodIdentity),
		get("ListUpdates", "/clusters/{name}/updates", cluster, listUpdates),
		get("DescribeUpdate", "/clusters/{name}/updates/{update}", cluster, describeUpdate),
	}
}

// listPage answers a list of names under key.
func (c *call) listPage(key string, names []string) (any, error) {
	part, next, err := page(names, c.query.Get("maxResults"), c.query.Get("nextToken"), pageEKS)
	if err != nil {
		return nil, err
	}
	return withToken(map[string]any{key: orEmpty(part)}, "nextToken", next), nil
}

func listClusters(_ context.Context, c *call) (any, error) {
	var names []string
	for cl := range c.clusters() {
		if !cl.gone {
			names = append(names, cl.Name)
		}
	}
	slices.Sort(names)
	return c.listPage("clusters", names)
}

func (e *Estate) describeCluster(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	return map[string]any{"cluster": cl.describe(c.account.ID, e.kube[c.clusterARN()])}, nil
}

// describe is the cluster as EKS shows it.
func (cl *Cluster) describe(account string, k *kubeServer) map[string]any {
	arn := cl.arn(account)
	vpc := map[string]any{
		"subnetIds": orEmpty(cl.Subnets), "securityGroupIds": orEmpty(cl.SecurityGroups), "vpcId": cl.VPC,
		"endpointPublicAccess": cl.Public, "endpointPrivateAccess": cl.Private,
	}
	if cl.ClusterSecurityGroup != "" {
		vpc["clusterSecurityGroupId"] = cl.ClusterSecurityGroup
	}
	if cl.PublicCIDRs != nil {
		vpc["publicAccessCidrs"] = cl.PublicCIDRs
	}
	out := map[string]any{
		"name": cl.Name, "arn": arn, "createdAt": cl.CreatedAt.Unix(), "version": cl.Version, "platformVersion": cl.Platform,
		"status": cmp.Or(cl.Status, "ACTIVE"), "roleArn": roleARN(account, cl.Role), "resourcesVpcConfig": vpc,
		"kubernetesNetworkConfig": cl.network(), "logging": cl.logging(), "tags": tags(cl.Tags), "health": health(cl.Issues),
		"accessConfig":       map[string]any{"authenticationMode": cmp.Or(cl.AuthenticationMode, "API")},
		"upgradePolicy":      map[string]any{"supportType": cmp.Or(cl.SupportType, "EXTENDED")},
		"deletionProtection": cl.DeletionProtection,
		"computeConfig":      map[string]any{"enabled": cl.AutoMode},
		"identity": map[string]any{"oidc": map[string]any{
			"issuer": "https://oidc.eks." + cl.Region + ".amazonaws.com/id/" + strings.ToUpper(stableHex(arn, 32)),
		}},
	}
	if k != nil {
		out["endpoint"] = k.endpoint
		out["certificateAuthority"] = map[string]any{"data": k.caData()}
	}
	if cl.Encryption != nil {
		var entries []map[string]any
		for _, en := range cl.Encryption {
			entries = append(entries, map[string]any{"resources": orEmpty(en.Resources), "provider": map[string]any{"keyArn": en.KeyARN}})
		}
		out["encryptionConfig"] = orEmpty(entries)
	}
	return out
}

func (cl *Cluster) network() map[string]any {
	if cl.IPv6 {
		return map[string]any{"ipFamily": "ipv6", "serviceIpv6Cidr": "fd" + stableHex(cl.Name, 2) + ":" + stableHex(cl.Name+"6", 4) + "::/108"}
	}
	return map[string]any{"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"}
}

// logging answers the two entries that EKS makes: what is on, and the rest.
func (cl *Cluster) logging() map[string]any {
	var on, off []string
	for _, t := range []string{"api", "audit", "authenticator", "controllerManager", "scheduler"} {
		if slices.Contains(cl.LogTypes, t) {
			on = append(on, t)
			continue
		}
		off = append(off, t)
	}
	var entries []map[string]any
	if len(on) > 0 {
		entries = append(entries, map[string]any{"types": on, "enabled": true})
	}
	if len(off) > 0 {
		entries = append(entries, map[string]any{"types": off, "enabled": false})
	}
	return map[string]any{"clusterLogging": entries}
}

func (cl *Cluster) arn(account string) string {
	return "arn:aws:eks:" + cl.Region + ":" + account + ":cluster/" + cl.Name
}

// describeClusterVersions answers versions of standard and extended support,
// and with includeAll or by name also the ones past it.
func (e *Estate) describeClusterVersions(_ context.Context, c *call) (any, error) {
	var list []map[string]any
	wanted := c.query["clusterVersions"]
	for _, v := range e.scenario.Versions {
		status, old := v.status(e.scenario.AsOf)
		named := slices.Contains(wanted, v.Version)
		if len(wanted) > 0 && !named || c.query.Get("defaultOnly") == "true" && !v.Default ||
			status == "UNSUPPORTED" && !named && c.query.Get("includeAll") != "true" && c.query.Get("versionStatus") != status {
			continue
		}
		if s := c.query.Get("versionStatus"); s != "" && s != status {
			continue
		}
		if s := c.query.Get("status"); s != "" && s != old {
			continue
		}
		list = append(list, map[string]any{
			"clusterVersion": v.Version, "clusterType": "eks", "defaultPlatformVersion": v.Platform, "defaultVersion": v.Default,
			"releaseDate": v.Released.Unix(), "endOfStandardSupportDate": v.EndOfStandard.Unix(),
			"endOfExtendedSupportDate": v.EndOfExtended.Unix(), "status": old, "versionStatus": status, "kubernetesPatchVersion": v.Patch,
		})
	}
	part, next, err := page(list, c.query.Get("maxResults"), c.query.Get("nextToken"), pageEKS)
	if err != nil {
		return nil, err
	}
	return withToken(map[string]any{"clusterVersions": orEmpty(part)}, "nextToken", next), nil
}

// orEmpty makes a missing list an empty one, which JSON shows as [].
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// health is what EKS says is wrong.
func health(issues []Issue) map[string]any {
	list := []map[string]any{}
	for _, i := range issues {
		list = append(list, map[string]any{"code": i.Code, "message": i.Message, "resourceIds": []string{}})
	}
	return map[string]any{"issues": list}
}

func roleARN(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }

// tags makes missing tags an empty map, which JSON shows as {}.
func tags(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
