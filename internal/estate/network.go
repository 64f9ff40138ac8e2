package estate

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// networkOperations are what EC2 is asked about the network of a cluster.
func (e *Estate) networkOperations() []operation {
	read := func(name string, handle func(context.Context, *call) (any, error)) operation {
		return operation{service: "ec2", name: name, action: "ec2:" + name, handle: handle}
	}
	return []operation{
		read("DescribeVpcAttribute", describeVPCAttribute),
		read("DescribeInstances", e.describeInstances),
		read("DescribeSecurityGroups", describeSecurityGroups),
		read("DescribeRouteTables", describeRouteTables),
		read("DescribeNatGateways", describeNATGateways),
		read("DescribeManagedPrefixLists", describePrefixLists),
		read("GetManagedPrefixListEntries", prefixListEntries),
	}
}

// numbered gives the values of NAME.1, NAME.2 … in order.
func numbered(form url.Values, name string) []string {
	var list []string
	for i := 1; form.Has(name + "." + strconv.Itoa(i)); i++ {
		list = append(list, form.Get(name+"."+strconv.Itoa(i)))
	}
	return list
}

// filter gives the values of the one filter that the estate knows of an operation.
func (c *call) filter(known string) ([]string, error) {
	switch name := c.query.Get("Filter.1.Name"); {
	case name == "":
		return nil, nil
	case name != known || c.query.Has("Filter.2.Name"):
		return nil, &apiError{Code: "InvalidParameterValue", Status: http.StatusBadRequest, Message: "The estate knows no filter but " + known + "."}
	}
	return numbered(c.query, "Filter.1.Value"), nil
}

func unknownID(code, message string) error {
	return &apiError{Code: code, Status: http.StatusBadRequest, Message: message}
}

// networks gives the account's clusters of the region, one for each VPC.
func (c *call) networks() []*Cluster {
	var list []*Cluster
	for cl := range c.clusters() {
		if !slices.ContainsFunc(list, func(o *Cluster) bool { return o.VPC == cl.VPC }) {
			list = append(list, cl)
		}
	}
	return list
}

type ec2Flag struct {
	Value bool `xml:"value"`
}

type vpcAttributeResult struct {
	VPC       string   `xml:"vpcId"`
	Support   *ec2Flag `xml:"enableDnsSupport"`
	Hostnames *ec2Flag `xml:"enableDnsHostnames"`
}

func describeVPCAttribute(_ context.Context, c *call) (any, error) {
	id, attribute := c.query.Get("VpcId"), c.query.Get("Attribute")
	for _, cl := range c.networks() {
		if cl.VPC != id {
			continue
		}
		on := &ec2Flag{!slices.Contains(cl.Network.DNSOff, attribute)}
		switch attribute {
		case "enableDnsSupport":
			return vpcAttributeResult{VPC: id, Support: on}, nil
		case "enableDnsHostnames":
			return vpcAttributeResult{VPC: id, Hostnames: on}, nil
		}
		return nil, unknownID("InvalidParameterValue", "Value ("+attribute+") for parameter attribute is invalid. Unknown attribute.")
	}
	return nil, unknownID("InvalidVpcID.NotFound", "The vpc ID '"+id+"' does not exist")
}

type ec2RouteTable struct {
	ID           string           `xml:"routeTableId"`
	VPC          string           `xml:"vpcId"`
	Owner        string           `xml:"ownerId"`
	Routes       []ec2Route       `xml:"routeSet>item"`
	Associations []ec2Association `xml:"associationSet>item"`
}

type ec2Route struct {
	Destination string `xml:"destinationCidrBlock"`
	Gateway     string `xml:"gatewayId,omitempty"`
	NAT         string `xml:"natGatewayId,omitempty"`
	Transit     string `xml:"transitGatewayId,omitempty"`
	State       string `xml:"state"`
	Origin      string `xml:"origin"`
}

type ec2Association struct {
	ID     string `xml:"routeTableAssociationId"`
	Table  string `xml:"routeTableId"`
	Subnet string `xml:"subnetId,omitempty"`
	Main   bool   `xml:"main"`
}

type routeTablesResult struct {
	Tables []ec2RouteTable `xml:"routeTableSet>item"`
	Next   string          `xml:"nextToken,omitempty"`
}

// pageTables is a small page, so that those who ask have to ask again.
const pageTables = 2

// describeRouteTables gives each VPC a main table that the first subnet is left to, and
// one table for each of the others.
func describeRouteTables(_ context.Context, c *call) (any, error) {
	vpcs, err := c.filter("vpc-id")
	if err != nil {
		return nil, err
	}
	var all []ec2RouteTable
	for _, cl := range c.networks() {
		if len(vpcs) > 0 && !slices.Contains(vpcs, cl.VPC) {
			continue
		}
		for i, subnet := range cl.Subnets {
			id := "rtb-0" + stableHex(cl.VPC+subnet, 16)
			a := ec2Association{ID: "rtbassoc-0" + stableHex(id, 16), Table: id, Subnet: subnet}
			if i == 0 {
				a.Subnet, a.Main = "", true
			}
			all = append(all, ec2RouteTable{ID: id, VPC: cl.VPC, Owner: c.account.ID, Routes: cl.routes(i), Associations: []ec2Association{a}})
		}
	}
	part, next, err := page(all, "", c.query.Get("NextToken"), pageTables)
	if err != nil {
		return nil, err
	}
	return routeTablesResult{Tables: part, Next: next}, nil
}

// routes are those of one of the cluster's subnets.
func (cl *Cluster) routes(subnet int) []ec2Route {
	list := []ec2Route{{Destination: "10.0.0.0/8", Gateway: "local", State: "active", Origin: "CreateRouteTable"}}
	way := cl.nat()
	if n := len(cl.Network.Ways); n > 0 {
		way = cl.Network.Ways[min(subnet, n-1)]
	}
	route := ec2Route{Destination: "0.0.0.0/0", State: "active", Origin: "CreateRoute"}
	switch {
	case way == NoWay:
		return list
	case strings.HasPrefix(way, "nat-"):
		route.NAT = way
	case strings.HasPrefix(way, "tgw-"):
		route.Transit = way
	default:
		route.Gateway = way
	}
	return append(list, route)
}

// nat is the ID of the VPC's NAT gateway.
func (cl *Cluster) nat() string { return "nat-0" + stableHex(cl.VPC, 16) }

type ec2NAT struct {
	ID           string          `xml:"natGatewayId"`
	VPC          string          `xml:"vpcId"`
	Subnet       string          `xml:"subnetId"`
	State        string          `xml:"state"`
	Connectivity string          `xml:"connectivityType"`
	Addresses    []ec2NATAddress `xml:"natGatewayAddressSet>item"`
}

type ec2NATAddress struct {
	Public  string `xml:"publicIp"`
	Private string `xml:"privateIp"`
	Primary bool   `xml:"isPrimary"`
	Status  string `xml:"status"`
}

type natGatewaysResult struct {
	Gateways []ec2NAT `xml:"natGatewaySet>item"`
}

func describeNATGateways(_ context.Context, c *call) (any, error) {
	wanted := numbered(c.query, "NatGatewayId")
	var out natGatewaysResult
	for _, cl := range c.networks() {
		if len(wanted) > 0 && !slices.Contains(wanted, cl.nat()) {
			continue
		}
		g := ec2NAT{ID: cl.nat(), VPC: cl.VPC, Subnet: cl.Subnets[0], State: "available", Connectivity: "public"}
		for i, a := range cl.addresses() {
			g.Addresses = append(g.Addresses, ec2NATAddress{Public: a, Private: "10.0.0." + strconv.Itoa(10+i), Primary: i == 0, Status: "succeeded"})
		}
		out.Gateways = append(out.Gateways, g)
	}
	for _, id := range wanted {
		if !slices.ContainsFunc(out.Gateways, func(g ec2NAT) bool { return g.ID == id }) {
			return nil, unknownID("NatGatewayNotFound", "The Nat Gateway "+id+" was not found")
		}
	}
	return out, nil
}

// addresses are those of the VPC's NAT gateway.
func (cl *Cluster) addresses() []string {
	if cl.Network.NAT != nil {
		return cl.Network.NAT
	}
	n, _ := strconv.ParseUint(stableHex(cl.VPC+"nat", 2), 16, 8)
	return []string{"203.0.113." + strconv.Itoa(64+int(n)%64)}
}

type ec2PrefixList struct {
	ID         string `xml:"prefixListId"`
	Family     string `xml:"addressFamily"`
	State      string `xml:"state"`
	ARN        string `xml:"prefixListArn"`
	Name       string `xml:"prefixListName"`
	MaxEntries int    `xml:"maxEntries"`
	Version    int    `xml:"version"`
	Owner      string `xml:"ownerId"`
}

type prefixListsResult struct {
	Lists []ec2PrefixList `xml:"prefixListSet>item"`
}

func (c *call) prefixList(id string) (PrefixList, error) {
	for _, l := range c.account.PrefixLists {
		if l.Region == c.region && l.ID == id {
			return l, nil
		}
	}
	return PrefixList{}, unknownID("InvalidPrefixListID.NotFound", "The prefix list ID '"+id+"' does not exist")
}

func describePrefixLists(_ context.Context, c *call) (any, error) {
	wanted := numbered(c.query, "PrefixListId")
	var out prefixListsResult
	for _, l := range c.account.PrefixLists {
		if l.Region != c.region || len(wanted) > 0 && !slices.Contains(wanted, l.ID) {
			continue
		}
		family := "IPv4"
		if slices.ContainsFunc(l.CIDRs, func(cidr string) bool { return strings.Contains(cidr, ":") }) {
			family = "IPv6"
		}
		out.Lists = append(out.Lists, ec2PrefixList{
			ID: l.ID, Family: family, State: cmp.Or(l.State, "create-complete"), Name: l.Name, MaxEntries: max(len(l.CIDRs), 60), Version: l.Version,
			ARN: "arn:aws:ec2:" + c.region + ":" + c.account.ID + ":prefix-list/" + l.ID, Owner: c.account.ID,
		})
	}
	for _, id := range wanted {
		if _, err := c.prefixList(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type ec2Entry struct {
	CIDR string `xml:"cidr"`
}

type prefixListEntriesResult struct {
	Entries []ec2Entry `xml:"entrySet>item"`
	Next    string     `xml:"nextToken,omitempty"`
}

// pageEntries is EC2's page of entries (GetManagedPrefixListEntries, MaxResults).
const pageEntries = 100

func prefixListEntries(_ context.Context, c *call) (any, error) {
	l, err := c.prefixList(c.query.Get("PrefixListId"))
	if err != nil {
		return nil, err
	}
	if v := c.query.Get("TargetVersion"); v != "" && v != strconv.Itoa(l.Version) {
		return nil, unknownID("InvalidPrefixListVersion.NotFound", "The prefix list has no version "+v)
	}
	part, next, err := page(l.CIDRs, c.query.Get("MaxResults"), c.query.Get("NextToken"), pageEntries)
	if err != nil {
		return nil, err
	}
	out := prefixListEntriesResult{Next: next}
	for _, cidr := range part {
		out.Entries = append(out.Entries, ec2Entry{cidr})
	}
	return out, nil
}
