package cloud

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// Network reads what a change of a cluster's endpoint has to know of its network. What
// cannot be read says why.
func (c *Client) Network(ctx context.Context, s *inventory.Snapshot) plan.Network {
	var n plan.Network
	ref := s.Cluster.Ref
	cfg, err := c.in(ctx, place{ref.Account, ref.Region})
	if err != nil {
		why := explain(err)
		n.DNSOff.Unread, n.Sources.Unread, n.Exits.Unread = why, why, why
		n.Machines.Unread, n.Outlets.Unread, n.Subnets.Unread = why, why, why
		return n
	}
	client := ec2.NewFromConfig(cfg)
	if n.DNSOff.Items, err = c.dnsOff(ctx, client, s.Cluster.Network.VPC); err != nil {
		n.DNSOff = plan.Reading[string]{Unread: unread(err)}
	}
	if n.Machines.Items, err = c.machines(ctx, client, s); err != nil {
		n.Machines = plan.Reading[plan.Machine]{Unread: unread(err)}
	}
	if n.Sources.Items, n.Outlets.Items, err = c.rules(ctx, client, s.Cluster.Network, n.Machines.Items); err != nil {
		n.Sources, n.Outlets = plan.Reading[plan.Rule]{Unread: unread(err)}, plan.Reading[plan.Rule]{Unread: unread(err)}
	}
	if n.Subnets.Items, err = c.subnetRanges(ctx, client, s.Cluster.Network.Subnets); err != nil {
		n.Subnets = plan.Reading[string]{Unread: unread(err)}
	}
	if n.Exits.Items, err = c.exits(ctx, client, s.Cluster.Network.VPC, plan.NodeSubnets(s, n.Machines.Items)); err != nil {
		n.Exits = plan.Reading[plan.Exit]{Unread: unread(err)}
	}
	return n
}

// dnsOff gives those of the two DNS attributes that the VPC has switched off.
func (c *Client) dnsOff(ctx context.Context, client *ec2.Client, vpc string) ([]string, error) {
	var off []string
	for _, name := range []ec2types.VpcAttributeName{ec2types.VpcAttributeNameEnableDnsSupport, ec2types.VpcAttributeNameEnableDnsHostnames} {
		out, err := call(ctx, c, ec2DescribeVPCAttribute, func(ctx context.Context) (*ec2.DescribeVpcAttributeOutput, error) {
			return client.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: aws.String(vpc), Attribute: name})
		})
		if err != nil {
			return nil, err
		}
		value := cmp.Or(out.EnableDnsSupport, out.EnableDnsHostnames)
		if value == nil || value.Value == nil {
			return nil, malformed(ec2DescribeVPCAttribute, "it lacks "+string(name))
		}
		if !*value.Value {
			off = append(off, string(name))
		}
	}
	return off, nil
}

// exits gives the ways by which subnets leave their VPC.
func (c *Client) exits(ctx context.Context, client *ec2.Client, vpc string, subnets []string) ([]plan.Exit, error) {
	if len(subnets) == 0 {
		return nil, nil
	}
	tables, err := c.routeTables(ctx, client, vpc)
	if err != nil {
		return nil, err
	}
	var list []plan.Exit
	var gateways []string
	for _, subnet := range subnets {
		via := wayOut(tableOf(tables, subnet))
		list = append(list, plan.Exit{Subnet: subnet, Via: via})
		if strings.HasPrefix(via, "nat-") {
			gateways = append(gateways, via)
		}
	}
	if len(gateways) == 0 {
		return list, nil
	}
	slices.Sort(gateways)
	addresses, err := c.gatewayAddresses(ctx, client, slices.Compact(gateways))
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Addresses = addresses[list[i].Via]
	}
	return list, nil
}

func (c *Client) routeTables(ctx context.Context, client *ec2.Client, vpc string) ([]ec2types.RouteTable, error) {
	var all []ec2types.RouteTable
	err := c.pages(ctx, ec2DescribeRouteTables, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{
			Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{vpc}}}, NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, out.RouteTables...)
		return out.NextToken, nil
	})
	return all, err
}

// tableOf is the subnet's own route table, else the VPC's main one (VPC User Guide,
// "Subnet route tables").
func tableOf(tables []ec2types.RouteTable, subnet string) ec2types.RouteTable {
	var main ec2types.RouteTable
	for _, t := range tables {
		for _, a := range t.Associations {
			if aws.ToString(a.SubnetId) == subnet {
				return t
			}
			if aws.ToBool(a.Main) {
				main = t
			}
		}
	}
	return main
}

// wayOut is what a table's IPv4 default route leads to; without one, what any other route
// leads to that leaves the VPC; empty when none does. Routes to prefix lists are those of
// gateway endpoints, or lead to networks of one's own.
func wayOut(t ec2types.RouteTable) string {
	var other string
	for _, r := range t.Routes {
		to := target(r)
		switch {
		case r.State == ec2types.RouteStateBlackhole, to == "local", r.DestinationCidrBlock == nil:
		case aws.ToString(r.DestinationCidrBlock) == "0.0.0.0/0":
			return to
		default:
			other = to
		}
	}
	return other
}

func target(r ec2types.Route) string {
	return cmpOr(r.NatGatewayId, r.GatewayId, r.TransitGatewayId, r.NetworkInterfaceId, r.InstanceId, r.VpcPeeringConnectionId,
		r.LocalGatewayId, r.CarrierGatewayId, r.CoreNetworkArn)
}

// gatewayAddresses gives the public addresses of NAT gateways; a private gateway has none.
func (c *Client) gatewayAddresses(ctx context.Context, client *ec2.Client, ids []string) (map[string][]string, error) {
	all := map[string][]string{}
	err := c.pages(ctx, ec2DescribeNATGateways, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: ids, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, g := range out.NatGateways {
			for _, a := range g.NatGatewayAddresses {
				if a.PublicIp != nil {
					all[aws.ToString(g.NatGatewayId)] = append(all[aws.ToString(g.NatGatewayId)], *a.PublicIp)
				}
			}
		}
		return out.NextToken, nil
	})
	return all, err
}

func isPrefixList(id string) bool { return strings.HasPrefix(id, "pl-") }

// PrefixList reads a managed prefix list for a cluster, all entries of one version. One
// that does not exist is fault.ErrNotFound.
func (c *Client) PrefixList(ctx context.Context, ref inventory.ClusterRef, id string) (plan.PrefixList, error) {
	if !isPrefixList(id) {
		return plan.PrefixList{}, fmt.Errorf("prefix list %q: want the ID of one, such as pl-0123456789abcdef0: %w", id, fault.ErrInvalid)
	}
	cfg, err := c.in(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return plan.PrefixList{}, err
	}
	client := ec2.NewFromConfig(cfg)
	found, err := call(ctx, c, ec2DescribeManagedPrefixLists, func(ctx context.Context) (*ec2.DescribeManagedPrefixListsOutput, error) {
		return client.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{PrefixListIds: []string{id}})
	})
	if err != nil {
		return plan.PrefixList{}, advised(err)
	}
	if len(found.PrefixLists) != 1 {
		return plan.PrefixList{}, malformed(ec2DescribeManagedPrefixLists, fmt.Sprintf("it tells of %d lists", len(found.PrefixLists)))
	}
	is := found.PrefixLists[0]
	if strings.HasSuffix(string(is.State), "-in-progress") {
		return plan.PrefixList{}, fmt.Errorf("prefix list %q is being changed (%s); draft the plan when that is done: %w", id, is.State, fault.ErrConflict)
	}
	list := plan.PrefixList{ID: id, Name: aws.ToString(is.PrefixListName), Version: aws.ToInt64(is.Version)}
	if list.CIDRs, err = c.entries(ctx, client, id, is.Version); err != nil {
		return plan.PrefixList{}, advised(err)
	}
	return list, nil
}

// entries reads the ranges of a prefix list: of its newest version where none is named.
func (c *Client) entries(ctx context.Context, client *ec2.Client, id string, version *int64) ([]string, error) {
	var list []string
	err := c.pages(ctx, ec2GetManagedPrefixListEntries, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.GetManagedPrefixListEntries(ctx, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: aws.String(id), TargetVersion: version, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, e := range out.Entries {
			list = append(list, aws.ToString(e.Cidr))
		}
		return out.NextToken, nil
	})
	return list, err
}

// advised adds the remedy to an error, where there is one.
func advised(err error) error {
	if text := remedy(err); text != "" {
		return fmt.Errorf("%s: %w", text, err)
	}
	return err
}
