package estate

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/eksposure/eksposure/internal/inventory"
)

type ec2Instance struct {
	ID      string        `xml:"instanceId"`
	State   ec2State      `xml:"instanceState"`
	VPC     string        `xml:"vpcId"`
	Subnet  string        `xml:"subnetId"`
	Address string        `xml:"privateIpAddress"`
	Public  string        `xml:"ipAddress,omitempty"`
	Groups  []ec2GroupRef `xml:"groupSet>item"`
	Tags    []ec2Tag      `xml:"tagSet>item"`
}

type (
	ec2State struct {
		Code int    `xml:"code"`
		Name string `xml:"name"`
	}
	ec2GroupRef struct {
		ID   string `xml:"groupId"`
		Name string `xml:"groupName"`
	}
	ec2Tag struct {
		Key   string `xml:"key"`
		Value string `xml:"value"`
	}
	ec2Reservation struct {
		ID        string        `xml:"reservationId"`
		Owner     string        `xml:"ownerId"`
		Instances []ec2Instance `xml:"instancesSet>item"`
	}
)

// pageInstances is a small page, so that those who ask have to ask again.
const pageInstances = 1

type instancesResult struct {
	Reservations []ec2Reservation `xml:"reservationSet>item"`
	Next         string           `xml:"nextToken,omitempty"`
}

// describeInstances tells of the nodes of the account's clusters as the instances that they
// are, one reservation each.
func (e *Estate) describeInstances(_ context.Context, c *call) (any, error) {
	filters, err := c.filters()
	if err != nil {
		return nil, err
	}
	var all []ec2Reservation
	for cl := range c.clusters() {
		if cl.gone {
			continue
		}
		for _, node := range e.nodes(c.account.ID, cl) {
			instance, ok := cl.instance(node)
			if !ok || !instance.passes(filters) {
				continue
			}
			all = append(all, ec2Reservation{ID: "r-0" + stableHex(instance.ID, 16), Owner: c.account.ID, Instances: []ec2Instance{instance}})
		}
	}
	part, next, err := page(all, "", c.query.Get("NextToken"), pageInstances)
	if err != nil {
		return nil, err
	}
	return instancesResult{Reservations: part, Next: next}, nil
}

// filters gives the values of each filter of the request. One whose name the estate does
// not know is refused, as it would find too much.
func (c *call) filters() (map[string][]string, error) {
	all := map[string][]string{}
	for i := 1; c.query.Has("Filter." + strconv.Itoa(i) + ".Name"); i++ {
		name := c.query.Get("Filter." + strconv.Itoa(i) + ".Name")
		if !slices.Contains([]string{"vpc-id", "instance-id", "instance-state-name", "tag-key"}, name) && !strings.HasPrefix(name, "tag:") {
			return nil, &apiError{Code: "InvalidParameterValue", Status: http.StatusBadRequest, Message: "The filter '" + name + "' is invalid"}
		}
		all[name] = numbered(c.query, "Filter."+strconv.Itoa(i)+".Value")
	}
	return all, nil
}

func (i ec2Instance) passes(filters map[string][]string) bool {
	for name, values := range filters {
		if name == "tag-key" {
			if !slices.ContainsFunc(i.Tags, func(t ec2Tag) bool { return slices.Contains(values, t.Key) }) {
				return false
			}
			continue
		}
		var is string
		switch name {
		case "vpc-id":
			is = i.VPC
		case "instance-id":
			is = i.ID
		case "instance-state-name":
			is = i.State.Name
		default:
			for _, t := range i.Tags {
				if "tag:"+t.Key == name {
					is = t.Value
				}
			}
		}
		if !slices.Contains(values, is) {
			return false
		}
	}
	return true
}

// nodes are those that the cluster's Kubernetes API has now.
func (e *Estate) nodes(account string, cl *Cluster) []*corev1.Node {
	k := e.kube[inventory.ClusterRef{Partition: "aws", Account: account, Region: cl.Region, Name: cl.Name}.String()]
	if k == nil {
		return nil
	}
	var list []*corev1.Node
	for _, o := range k.store.objects[resource{version: "v1", plural: "nodes", kind: "Node"}] {
		if node, ok := o.(*corev1.Node); ok {
			list = append(list, node)
		}
	}
	return list
}

// instance is what a node runs on; a Fargate pod's node is no instance. All have the tag
// that Kubernetes wants, and those of managed node groups EKS's own.
func (cl *Cluster) instance(node *corev1.Node) (ec2Instance, bool) {
	id := node.Spec.ProviderID[strings.LastIndexByte(node.Spec.ProviderID, '/')+1:]
	if !strings.HasPrefix(id, "i-") || node.Labels[labelCompute] == "fargate" {
		return ec2Instance{}, false
	}
	i := ec2Instance{ID: id, State: ec2State{16, "running"}, VPC: cl.VPC, Address: addressOf(node, corev1.NodeInternalIP), Public: addressOf(node, corev1.NodeExternalIP)}
	if len(cl.Subnets) > 0 {
		i.Subnet = cl.Subnets[0]
	}
	for _, g := range cl.groupsOf(node) {
		i.Groups = append(i.Groups, ec2GroupRef{g, "group-" + g})
	}
	i.Tags = []ec2Tag{{"kubernetes.io/cluster/" + cl.Name, "owned"}}
	if group := node.Labels[labelNodeGroup]; group != "" {
		i.Tags = append(i.Tags, ec2Tag{"eks:cluster-name", cl.Name}, ec2Tag{"eks:nodegroup-name", group})
	}
	return i, true
}

// Labels of nodes.
const (
	labelNodeGroup = "eks.amazonaws.com/nodegroup"
	labelCompute   = "eks.amazonaws.com/compute-type"
)

// groupsOf are the security groups of a node.
func (cl *Cluster) groupsOf(node *corev1.Node) []string {
	group, own := node.Labels[labelNodeGroup], []string{cl.ClusterSecurityGroup}
	for _, g := range cl.NodeGroups {
		if g.Name == group && len(g.SecurityGroups) > 0 {
			return g.SecurityGroups
		}
	}
	if group == "" && node.Labels[labelCompute] == "" && cl.Network.Apart != nil {
		return cl.Network.Apart
	}
	return own
}

func addressOf(node *corev1.Node, kind corev1.NodeAddressType) string {
	for _, a := range node.Status.Addresses {
		if a.Type == kind {
			return a.Address
		}
	}
	return ""
}

// admits tells whether the security groups of a node and of the control plane let it reach
// port 443 there.
func (cl *Cluster) admits(node *corev1.Node) bool {
	groups, control := cl.groupsOf(node), append([]string{cl.ClusterSecurityGroup}, cl.SecurityGroups...)
	var in, out bool
	address, _ := netip.ParseAddr(addressOf(node, corev1.NodeInternalIP))
	for _, g := range cl.securityGroups() {
		in = in || slices.Contains(control, g.ID) && slices.ContainsFunc(g.In, func(r Rule) bool { return r.admits(groups, address) })
		out = out || slices.Contains(groups, g.ID) && slices.ContainsFunc(g.Out, func(r Rule) bool { return r.admits(control, controlAddress) })
	}
	return in && out
}

// controlAddress is one of the control plane's, in the first subnet.
var controlAddress = netip.MustParseAddr("10.0.0.5")

// admits tells whether the rule is for port 443 and one of the groups, or the address.
func (r Rule) admits(groups []string, a netip.Addr) bool {
	if r.Protocol != "-1" && (r.Protocol != "tcp" && r.Protocol != "6" || r.Low > 443 || r.High < 443) {
		return false
	}
	p, err := netip.ParsePrefix(r.From)
	return slices.Contains(groups, r.From) || err == nil && p.Contains(a)
}
