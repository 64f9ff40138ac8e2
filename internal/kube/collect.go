package kube

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// maxUnanswered is how many lists in a row may go unanswered before the rest is
// given up: one hanging list costs one timeout, a dead server not fifteen.
const maxUnanswered = 2

// collector reads one cluster into one snapshot.
type collector struct {
	conn     *conn
	target   Target
	snapshot *inventory.Snapshot

	answered   bool  // something was read or refused: there is a server
	unanswered int   // lists in a row with no answer
	down       error // why the rest is not tried
}

// run reads in the order in which things need each other: services before pods,
// so that of a pod's labels nothing needs to be kept; owners before pods too.
func (c *collector) run(ctx context.Context) {
	c.namespaces(ctx)
	services, owners := c.services(ctx), c.owners(ctx)
	c.pods(ctx, owners, services)
	c.ingresses(ctx)
	c.gateways(ctx)
	c.serviceAccounts(ctx)
	c.nodes(ctx)
	c.joinGaps()
}

// try runs one list, unless the server has turned out to be out of reach, and
// keeps a failure as a gap of a section or of one subject of it.
func (c *collector) try(section inventory.Section, subject string, list func() error) bool {
	err := c.down
	if err == nil {
		err = list()
		c.judge(err)
	}
	if err != nil {
		c.gap(section, subject, err)
	}
	return err == nil
}

func (c *collector) judge(err error) {
	if err == nil || !errors.Is(err, fault.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		c.answered, c.unanswered = c.answered || !isUnauthorized(err), 0
	}
	switch {
	case err == nil:
	case isUnauthorized(err), errors.Is(err, errToken), errors.Is(err, context.Canceled):
		c.down = err
	case errors.Is(err, fault.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		c.unanswered++
		if !c.answered || c.unanswered >= maxUnanswered {
			c.down = err
		}
	}
}

// gap records a failure. A section has one gap for itself, however many of its
// lists failed; the first failure names it and the others are added.
func (c *collector) gap(section inventory.Section, subject string, err error) {
	g := inventory.NewGap(section, subject, err, remedy(err, c.target, c.snapshot))
	old := c.snapshot.SubjectGap(section, subject)
	if old == nil {
		c.snapshot.Gaps = append(c.snapshot.Gaps, g)
		return
	}
	if old.Detail != g.Detail && c.down == nil {
		old.Detail = err.Error() + "; " + old.Detail
	}
}

// joinGaps drops the gaps of single subjects of a section that has a gap as a whole.
func (c *collector) joinGaps() {
	if c.snapshot.Gap(inventory.SectionWorkloads) == nil {
		return
	}
	c.snapshot.Gaps = slices.DeleteFunc(c.snapshot.Gaps, func(g inventory.Gap) bool {
		return g.Section == inventory.SectionWorkloads && g.Subject != ""
	})
}

func isUnauthorized(err error) bool { return apierrors.IsUnauthorized(err) }

func isForbidden(err error) bool { return apierrors.IsForbidden(err) }

// remedy says what to do about an error, for the person who reads the gap.
func remedy(err error, t Target, s *inventory.Snapshot) string {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, errToken):
		return ""
	case isUnauthorized(err):
		return fmt.Sprintf("The cluster does not know this identity: give its IAM role an access entry with the Kubernetes group %q "+
			"(aws eks create-access-entry --cluster-name %s --region %s --kubernetes-groups %s --principal-arn ROLE-ARN) and apply the ClusterRole %q",
			Group, t.Ref.Name, t.Ref.Region, Group, ClusterRole)
	case isForbidden(err):
		return fmt.Sprintf("Apply the ClusterRole %q and put this identity into the group %q that it is bound to", ClusterRole, Group)
	case errors.Is(err, context.DeadlineExceeded), isNetwork(err):
		return unreachable(t, s.Cluster.Endpoint)
	case errors.Is(err, fault.ErrUnavailable) && isStatus(err):
		return "The API server has a fault of its own: scan again later"
	case errors.Is(err, fault.ErrUnavailable):
		return "What answers at the endpoint does not speak the Kubernetes API: look for a proxy in between"
	}
	return ""
}

func isNetwork(err error) bool {
	_, ok := errors.AsType[*url.Error](err)
	return ok
}

func isStatus(err error) bool {
	_, ok := errors.AsType[*apierrors.StatusError](err)
	return ok
}

func unreachable(t Target, e *inventory.Endpoint) string {
	switch {
	case t.Kubeconfig != "" || t.Context != "":
		return "Check that this machine reaches the server that the kubeconfig context names"
	case e == nil || t.Server == "":
		return "The cluster has no endpoint that AWS tells of: give a kubeconfig context that reaches it with --context"
	case !e.Public:
		return "The cluster's endpoint is private: run eksposure inside its VPC or in a network connected to it, " +
			"or give a kubeconfig context that reaches it with --context"
	case len(e.PublicCIDRs) > 0:
		return "The public endpoint admits only " + strings.Join(e.PublicCIDRs, ", ") +
			": run eksposure from an address in there, or inside the VPC if the private endpoint is on, or give a kubeconfig context with --context"
	}
	return "Check that this machine, or the proxy it uses, reaches the endpoint"
}

func (c *collector) namespaces(ctx context.Context) {
	var found []inventory.Namespace
	c.try(inventory.SectionWorkloads, "", func() error {
		return each(ctx, c.conn, namespaces(), func() func(*corev1.NamespaceList) {
			found = nil
			return func(page *corev1.NamespaceList) {
				for _, n := range page.Items {
					found = append(found, inventory.Namespace{Name: n.Name, CreatedAt: n.CreationTimestamp.UTC()})
				}
			}
		})
	})
	c.snapshot.Namespaces = found
}

// roleAnnotation names the IAM role of a service account (IRSA).
const roleAnnotation = "eks.amazonaws.com/role-arn"

func (c *collector) serviceAccounts(ctx context.Context) {
	var found []inventory.ServiceAccount
	c.try(inventory.SectionServiceAccounts, "", func() error {
		return each(ctx, c.conn, serviceAccounts(), func() func(*corev1.ServiceAccountList) {
			found = nil
			return func(page *corev1.ServiceAccountList) {
				for _, a := range page.Items {
					found = append(found, inventory.ServiceAccount{
						Namespace: a.Namespace, Name: a.Name, RoleARN: a.Annotations[roleAnnotation],
					})
				}
			}
		})
	})
	c.snapshot.ServiceAccounts = found
}

// Labels that EKS, and Karpenter, put on nodes.
const (
	nodePoolLabel    = "karpenter.sh/nodepool"
	nodeGroupLabel   = "eks.amazonaws.com/nodegroup"
	computeTypeLabel = "eks.amazonaws.com/compute-type"
)

func (c *collector) nodes(ctx context.Context) {
	var found []inventory.Node
	c.try(inventory.SectionNodes, "", func() error {
		var err error
		found, err = c.conn.listNodes(ctx)
		return err
	})
	c.snapshot.Nodes = found
}

// listNodes gives the nodes of all pages; with an error, those of the pages before it.
func (cn *conn) listNodes(ctx context.Context) (found []inventory.Node, err error) {
	err = each(ctx, cn, nodes(), func() func(*corev1.NodeList) {
		found = nil
		return func(page *corev1.NodeList) {
			for i := range page.Items {
				found = append(found, node(&page.Items[i]))
			}
		}
	})
	return found, err
}

func node(n *corev1.Node) inventory.Node {
	info := n.Status.NodeInfo
	out := inventory.Node{
		Name: n.Name, KubeletVersion: info.KubeletVersion, OSImage: info.OSImage,
		Architecture: info.Architecture, OS: info.OperatingSystem,
		NodeGroup: n.Labels[nodeGroupLabel], NodePool: n.Labels[nodePoolLabel], Fargate: n.Labels[computeTypeLabel] == "fargate",
		ProviderID: n.Spec.ProviderID, CreatedAt: n.CreationTimestamp.UTC(),
	}
	for _, cond := range n.Status.Conditions {
		if cond.Type == corev1.NodeReady {
			out.Ready = cond.Status == corev1.ConditionTrue
		}
	}
	for _, a := range n.Status.Addresses {
		switch a.Type {
		case corev1.NodeInternalIP:
			out.InternalIPs = append(out.InternalIPs, a.Address)
		case corev1.NodeExternalIP:
			out.ExternalIPs = append(out.ExternalIPs, a.Address)
		case corev1.NodeHostName, corev1.NodeInternalDNS, corev1.NodeExternalDNS:
		}
	}
	return out
}

// controller returns the owner that manages an object, or nil.
func controller(o metav1.Object) *metav1.OwnerReference { return metav1.GetControllerOfNoCopy(o) }
