package estate

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// readinessOperations are what is asked before an upgrade.
func (e *Estate) readinessOperations() []operation {
	post := func(name, path string, handle func(context.Context, *call) (any, error)) operation {
		return operation{service: "eks", name: name, method: http.MethodPost, path: path, action: "eks:" + name, resource: (*call).clusterARN, handle: handle}
	}
	refresh := post("StartInsightsRefresh", "/clusters/{name}/insights-refresh", e.startInsightsRefresh)
	refresh.changes = true
	return []operation{
		post("ListInsights", "/clusters/{name}/insights", listInsights),
		refresh,
		{service: "eks", name: "DescribeAddonVersions", method: http.MethodGet, path: "/addons/supported-versions", action: "eks:DescribeAddonVersions", handle: e.describeAddonVersions},
		{service: "ec2", name: "DescribeSubnets", action: "ec2:DescribeSubnets", handle: describeSubnets},
	}
}

func listInsights(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	var in struct {
		Filter struct {
			Categories []string `json:"categories"`
			Versions   []string `json:"kubernetesVersions"`
			Statuses   []string `json:"statuses"`
		} `json:"filter"`
		Token string `json:"nextToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	wanted := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	var list []map[string]any
	for _, i := range cl.Insights {
		category := cmp.Or(i.Category, "UPGRADE_READINESS")
		if !wanted(in.Filter.Categories, category) || !wanted(in.Filter.Versions, i.Version) || !wanted(in.Filter.Statuses, i.Status) {
			continue
		}
		list = append(list, map[string]any{
			"id": stableUUID(c.clusterARN() + i.Name + i.Version), "name": i.Name, "category": category, "kubernetesVersion": i.Version, "description": i.Name,
			"lastRefreshTime": i.Refreshed.Unix(), "lastTransitionTime": i.Refreshed.Unix(), "insightStatus": map[string]any{"status": i.Status, "reason": i.Reason},
		})
	}
	part, next, err := page(list, "", in.Token, pageEKS)
	if err != nil {
		return nil, err
	}
	return withToken(map[string]any{"insights": orEmpty(part)}, "nextToken", next), nil
}

// startInsightsRefresh looks at once, and finds what it found before.
func (e *Estate) startInsightsRefresh(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	cl.Insights = slices.Clone(cl.Insights)
	for i := range cl.Insights {
		cl.Insights[i].Refreshed = e.now()
	}
	return map[string]any{"message": "Insights refresh is in progress", "status": "IN_PROGRESS"}, nil
}

func (e *Estate) describeAddonVersions(_ context.Context, c *call) (any, error) {
	if name := c.query.Get("addonName"); name != "" && !slices.ContainsFunc(e.scenario.Addons, func(r AddonRelease) bool { return r.Name == name }) {
		return nil, &apiError{Code: "ResourceNotFoundException", Status: http.StatusNotFound, Message: "The addon " + name + " could not be found."}
	}
	var names []string
	releases := map[string][]map[string]any{}
	for _, r := range e.scenario.Addons {
		version := c.query.Get("kubernetesVersion")
		if name := c.query.Get("addonName"); name != "" && name != r.Name || version != "" && !slices.Contains(r.Fits, version) {
			continue
		}
		var fits []map[string]any
		for _, v := range r.Fits {
			if version == "" || v == version {
				fits = append(fits, map[string]any{"clusterVersion": v, "platformVersions": []string{"*"}, "defaultVersion": slices.Contains(r.DefaultOf, v)})
			}
		}
		if releases[r.Name] == nil {
			names = append(names, r.Name)
		}
		releases[r.Name] = append(releases[r.Name], map[string]any{
			"addonVersion": r.Version, "architecture": []string{"amd64", "arm64"}, "compatibilities": fits, "requiresConfiguration": false,
		})
	}
	slices.Sort(names)
	var list []map[string]any
	for _, name := range names {
		list = append(list, map[string]any{"addonName": name, "type": "networking", "addonVersions": releases[name], "publisher": "eks", "owner": "aws"})
	}
	part, next, err := page(list, c.query.Get("maxResults"), c.query.Get("nextToken"), pageEKS)
	if err != nil {
		return nil, err
	}
	return withToken(map[string]any{"addons": orEmpty(part)}, "nextToken", next), nil
}

// roomy is how many addresses a subnet has free of which the scenario says nothing.
const roomy = 4000

type ec2Subnet struct {
	ID     string          `xml:"subnetId"`
	VPC    string          `xml:"vpcId"`
	Range  string          `xml:"cidrBlock"`
	Range6 []ec2IPv6Subnet `xml:"ipv6CidrBlockAssociationSet>item"`
	Free   int             `xml:"availableIpAddressCount"`
}

type ec2IPv6Subnet struct {
	Range string `xml:"ipv6CidrBlock"`
}

type describeSubnetsResult struct {
	Subnets []ec2Subnet `xml:"subnetSet>item"`
}

// describeSubnets tells of the subnets of the account's clusters.
func describeSubnets(_ context.Context, c *call) (any, error) {
	var wanted []string
	for key, values := range c.query {
		switch {
		case strings.HasPrefix(key, "SubnetId."):
			wanted = append(wanted, values[0])
		case strings.HasPrefix(key, "Filter."):
			return nil, &apiError{Code: "InvalidParameterValue", Status: http.StatusBadRequest, Message: "The estate knows no filters of DescribeSubnets."}
		}
	}
	slices.Sort(wanted)
	out, found := describeSubnetsResult{}, map[string]bool{}
	for cl := range c.clusters() {
		for i, id := range cl.Subnets {
			if found[id] || len(wanted) > 0 && !slices.Contains(wanted, id) {
				continue
			}
			found[id] = true
			free := roomy
			for _, n := range c.account.Subnets {
				if n.Region == c.region && n.ID == id {
					free = n.Free
				}
			}
			subnet := ec2Subnet{ID: id, VPC: cl.VPC, Free: free, Range: fmt.Sprintf("10.0.%d.0/24", i)}
			if cl.IPv6 {
				subnet.Range6 = []ec2IPv6Subnet{{fmt.Sprintf("2001:db8:0:%x::/64", i)}}
			}
			out.Subnets = append(out.Subnets, subnet)
		}
	}
	for _, id := range wanted {
		if !found[id] {
			return nil, &apiError{Code: "InvalidSubnetID.NotFound", Status: http.StatusBadRequest, Message: "The subnet ID '" + id + "' does not exist"}
		}
	}
	return out, nil
}
