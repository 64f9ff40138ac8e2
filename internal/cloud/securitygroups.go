package cloud

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// httpsPort is the port of the private endpoint.
const httpsPort = 443

// maxFilterValues is how many values EC2 takes in one filter (EC2 API Reference, Filter).
const maxFilterValues = 200

// machines gives the instances of the cluster's nodes.
func (c *Client) machines(ctx context.Context, client *ec2.Client, s *inventory.Snapshot) ([]plan.Machine, error) {
	if s.Gap(inventory.SectionNodes) != nil {
		return c.tagged(ctx, client, s.Cluster)
	}
	var ids []string
	for _, node := range s.Nodes {
		if id := plan.InstanceID(node); id != "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var all []plan.Machine
	for part := range slices.Chunk(slices.Compact(ids), maxFilterValues) {
		list, err := c.instances(ctx, client, s.Cluster.Network.VPC, "instance-id", part)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// tagged gives the instances that have a cluster's tags, for where the Kubernetes API could not
// be read: those of managed node groups and of EKS Auto Mode have EKS's own, all others the
// one of Kubernetes.
func (c *Client) tagged(ctx context.Context, client *ec2.Client, cluster inventory.Cluster) ([]plan.Machine, error) {
	name := cluster.Ref.Name
	var all []plan.Machine
	for _, by := range [][2]string{{"tag-key", plan.NodeTag(name)}, {"tag:eks:cluster-name", name}, {"tag:eks:eks-cluster-name", name}} {
		list, err := c.instances(ctx, client, cluster.Network.VPC, by[0], []string{by[1]})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b plan.Machine) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b plan.Machine) bool { return a.ID == b.ID }), nil
}

// instances gives the instances of a VPC that a filter finds and that run, in order. One
// that is gone is not found, where a list of IDs would be refused for it.
func (c *Client) instances(ctx context.Context, client *ec2.Client, vpc, filter string, values []string) ([]plan.Machine, error) {
	in := &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("vpc-id"), Values: []string{vpc}},
		{Name: aws.String("instance-state-name"), Values: []string{string(ec2types.InstanceStateNamePending), string(ec2types.InstanceStateNameRunning)}},
		{Name: aws.String(filter), Values: values},
	}}
	var list []plan.Machine
	err := c.pages(ctx, ec2DescribeInstances, func(ctx context.Context, token *string) (*string, error) {
		in.NextToken = token
		out, err := client.DescribeInstances(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				list = append(list, machineOf(i))
			}
		}
		return out.NextToken, nil
	})
	slices.SortFunc(list, func(a, b plan.Machine) int { return cmp.Compare(a.ID, b.ID) })
	return list, err
}

// machineOf reads an instance. Its groups are those of its primary network interface, by
// which the kubelet leaves.
func machineOf(i ec2types.Instance) plan.Machine {
	m := plan.Machine{ID: aws.ToString(i.InstanceId), Subnet: aws.ToString(i.SubnetId), Public: aws.ToString(i.PublicIpAddress)}
	for _, g := range i.SecurityGroups {
		m.Groups = append(m.Groups, aws.ToString(g.GroupId))
	}
	slices.Sort(m.Groups)
	for _, a := range []*string{i.PrivateIpAddress, i.Ipv6Address} {
		if a != nil {
			m.Addresses = append(m.Addresses, *a)
		}
	}
	return m
}

// rules gives what the security groups of the control plane let in on port 443, and what
// those of nodes let out to it. Nodes may have the control plane's own.
func (c *Client) rules(ctx context.Context, client *ec2.Client, n inventory.Network, nodes []plan.Machine) (in, out []plan.Rule, err error) {
	control := plan.ControlGroups(n)
	if len(control) == 0 {
		return nil, nil, malformed(eksDescribeCluster, "the cluster has no security group")
	}
	ids := slices.Clone(control)
	for _, m := range nodes {
		ids = append(ids, m.Groups...)
	}
	slices.Sort(ids)
	answer, err := call(ctx, c, ec2DescribeSecurityGroups, func(ctx context.Context) (*ec2.DescribeSecurityGroupsOutput, error) {
		return client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: slices.Compact(ids)})
	})
	if err != nil {
		return nil, nil, err
	}
	for _, g := range answer.SecurityGroups {
		if slices.Contains(control, aws.ToString(g.GroupId)) {
			in = append(in, rulesOf(g, g.IpPermissions)...)
		}
		out = append(out, rulesOf(g, g.IpPermissionsEgress)...)
	}
	c.expand(ctx, client, in, out)
	return in, out, nil
}

// rulesOf gives the rules about port 443 of one direction of a security group, in order.
func rulesOf(g ec2types.SecurityGroup, permissions []ec2types.IpPermission) []plan.Rule {
	var peers []string
	for _, p := range permissions {
		if opens(p) {
			peers = append(peers, peersOf(p)...)
		}
	}
	slices.Sort(peers)
	var list []plan.Rule
	for _, peer := range slices.Compact(peers) {
		list = append(list, plan.Rule{Group: aws.ToString(g.GroupId), Peer: peer})
	}
	return list
}

// expand gives rules with prefix lists the ranges of these, or why they are not known.
func (c *Client) expand(ctx context.Context, client *ec2.Client, all ...[]plan.Rule) {
	known := map[string]plan.Rule{}
	for _, list := range all {
		for i := range list {
			r := &list[i]
			if !isPrefixList(r.Peer) {
				continue
			}
			found, ok := known[r.Peer]
			if !ok {
				var err error
				if found.CIDRs, err = c.entries(ctx, client, r.Peer, nil); err != nil {
					found.Unread = unread(err)
				}
				known[r.Peer] = found
			}
			r.CIDRs, r.Unread = found.CIDRs, found.Unread
		}
	}
}

// opens reports whether a rule is about port 443 of TCP; protocol -1 is all, with all
// ports (EC2 API Reference, IpPermission).
func opens(p ec2types.IpPermission) bool {
	switch aws.ToString(p.IpProtocol) {
	case "-1":
		return true
	case "tcp", "6":
		return aws.ToInt32(p.FromPort) <= httpsPort && httpsPort <= aws.ToInt32(p.ToPort)
	}
	return false
}

// peersOf are the other side of a rule.
func peersOf(p ec2types.IpPermission) []string {
	var list []string
	for _, o := range p.IpRanges {
		list = append(list, aws.ToString(o.CidrIp))
	}
	for _, o := range p.Ipv6Ranges {
		list = append(list, aws.ToString(o.CidrIpv6))
	}
	for _, o := range p.UserIdGroupPairs {
		list = append(list, aws.ToString(o.GroupId))
	}
	for _, o := range p.PrefixListIds {
		list = append(list, aws.ToString(o.PrefixListId))
	}
	return list
}

// subnetRanges gives the ranges of subnets, IPv4 and IPv6, in order.
func (c *Client) subnetRanges(ctx context.Context, client *ec2.Client, ids []string) ([]string, error) {
	if len(ids) == 0 {
		return nil, malformed(eksDescribeCluster, "the cluster has no subnets")
	}
	out, err := call(ctx, c, ec2DescribeSubnets, func(ctx context.Context) (*ec2.DescribeSubnetsOutput, error) {
		return client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: ids})
	})
	if err != nil {
		return nil, err
	}
	var list []string
	for _, n := range out.Subnets {
		list = append(list, aws.ToString(n.CidrBlock))
		for _, a := range n.Ipv6CidrBlockAssociationSet {
			list = append(list, aws.ToString(a.Ipv6CidrBlock))
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}
