package estate

import (
	"context"
	"slices"
	"strings"
)

type ec2Group struct {
	Owner       string    `xml:"ownerId"`
	ID          string    `xml:"groupId"`
	Name        string    `xml:"groupName"`
	Description string    `xml:"groupDescription"`
	VPC         string    `xml:"vpcId"`
	Ingress     []ec2Rule `xml:"ipPermissions>item"`
	Egress      []ec2Rule `xml:"ipPermissionsEgress>item"`
}

type ec2Rule struct {
	Protocol string      `xml:"ipProtocol"`
	From     *int        `xml:"fromPort"`
	To       *int        `xml:"toPort"`
	Groups   []ec2Pair   `xml:"groups>item"`
	Ranges   []ec2Range  `xml:"ipRanges>item"`
	Ranges6  []ec2Range6 `xml:"ipv6Ranges>item"`
	Lists    []ec2ListID `xml:"prefixListIds>item"`
}

type (
	ec2Pair struct {
		ID    string `xml:"groupId"`
		Owner string `xml:"userId"`
	}
	ec2Range struct {
		CIDR string `xml:"cidrIp"`
	}
	ec2Range6 struct {
		CIDR string `xml:"cidrIpv6"`
	}
	ec2ListID struct {
		ID string `xml:"prefixListId"`
	}
)

type securityGroupsResult struct {
	Groups []ec2Group `xml:"securityGroupInfo>item"`
}

// describeSecurityGroups tells of the groups of the clusters and of their nodes.
func describeSecurityGroups(_ context.Context, c *call) (any, error) {
	wanted := numbered(c.query, "GroupId")
	var out securityGroupsResult
	for cl := range c.clusters() {
		for _, g := range cl.securityGroups() {
			if len(wanted) > 0 && !slices.Contains(wanted, g.ID) || slices.ContainsFunc(out.Groups, func(o ec2Group) bool { return o.ID == g.ID }) {
				continue
			}
			told := ec2Group{Owner: c.account.ID, ID: g.ID, Name: "group-" + g.ID, Description: "of " + cl.Name, VPC: cl.VPC}
			for _, r := range g.In {
				told.Ingress = append(told.Ingress, r.of(c.account.ID))
			}
			for _, r := range g.Out {
				told.Egress = append(told.Egress, r.of(c.account.ID))
			}
			out.Groups = append(out.Groups, told)
		}
	}
	for _, id := range wanted {
		if !slices.ContainsFunc(out.Groups, func(g ec2Group) bool { return g.ID == id }) {
			return nil, unknownID("InvalidGroup.NotFound", "The security group '"+id+"' does not exist")
		}
	}
	return out, nil
}

// everywhere are the egress rules that EC2 gives a group.
func everywhere() []Rule { return []Rule{{Protocol: "-1", From: "0.0.0.0/0"}} }

// securityGroups are those of the cluster and of its nodes. EKS makes the cluster security
// group let itself in.
func (cl *Cluster) securityGroups() []SecurityGroup {
	own := SecurityGroup{ID: cl.ClusterSecurityGroup, In: cl.Network.Rules}
	if own.In == nil {
		own.In = []Rule{{Protocol: "-1", From: own.ID}}
	}
	list := append([]SecurityGroup{own}, cl.Network.Groups...)
	for _, id := range cl.SecurityGroups {
		if !slices.ContainsFunc(list, func(g SecurityGroup) bool { return g.ID == id }) {
			list = append(list, SecurityGroup{ID: id})
		}
	}
	for i := range list {
		if list[i].Out == nil {
			list[i].Out = everywhere()
		}
	}
	return list
}

func (r Rule) of(account string) ec2Rule {
	rule := ec2Rule{Protocol: r.Protocol}
	if r.Protocol != "-1" {
		rule.From, rule.To = &r.Low, &r.High
	}
	switch {
	case strings.HasPrefix(r.From, "sg-"):
		rule.Groups = []ec2Pair{{ID: r.From, Owner: account}}
	case strings.HasPrefix(r.From, "pl-"):
		rule.Lists = []ec2ListID{{ID: r.From}}
	case strings.Contains(r.From, ":"):
		rule.Ranges6 = []ec2Range6{{CIDR: r.From}}
	default:
		rule.Ranges = []ec2Range{{CIDR: r.From}}
	}
	return rule
}
