package estate

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// beat makes a cluster's nodes ready or not, by whether they reach the endpoint as it is
// now. The world is locked.
func (k *kubeServer) beat() {
	nodes := resource{version: "v1", plural: "nodes", kind: "Node"}
	list := slices.Clone(k.store.objects[nodes])
	for i, o := range list {
		node, ok := o.DeepCopyObject().(*corev1.Node)
		if !ok {
			continue
		}
		status, reason := corev1.ConditionTrue, "KubeletReady"
		if !k.cluster.reaches(node) {
			status, reason = corev1.ConditionUnknown, "NodeStatusUnknown"
		}
		for j := range node.Status.Conditions {
			if c := &node.Status.Conditions[j]; c.Type == corev1.NodeReady && c.Status != status {
				c.Status, c.Reason = status, reason
			}
		}
		list[i] = runtime.Object(node)
	}
	k.store.objects[nodes] = list
	k.store.changes++
}

// reaches tells whether a node reaches the endpoint: by the private one where the VPC
// resolves its name, else by the public one, from the NAT gateway.
func (cl *Cluster) reaches(node *corev1.Node) bool {
	n := cl.Network
	if cl.Private && len(n.DNSOff) == 0 {
		return cl.admits(node)
	}
	return cl.Public && !slices.Contains(n.Ways, NoWay) && (len(cl.PublicCIDRs) == 0 || !slices.ContainsFunc(cl.addresses(), func(text string) bool {
		a, err := netip.ParseAddr(text)
		return err != nil || !slices.ContainsFunc(cl.PublicCIDRs, func(cidr string) bool {
			p, err := netip.ParsePrefix(cidr)
			return err == nil && p.Contains(a)
		})
	}))
}
