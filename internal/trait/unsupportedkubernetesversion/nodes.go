package unsupportedkubernetesversion

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// maxNamed bounds the nodes that evidence names; the count is of all.
const maxNamed = 10

// nodeGroups judges each managed node group's own version.
func (d *detection) nodeGroups() []exposure.Evidence {
	var found []exposure.Evidence
	for _, g := range d.s.GapsOf(inventory.SectionNodeGroups) {
		found = append(found, d.unread("node groups", g))
	}
	for _, g := range d.s.NodeGroups {
		r := inventory.ResourceRef{Type: inventory.TypeNodegroup, UID: g.ARN, Name: g.Name}
		v, err := inventory.ParseKubernetesVersion(g.Version)
		if err != nil {
			found = append(found, unknown(r, fmt.Sprintf("Node group %s (status %s) has the version %q, which is not MAJOR.MINOR.", g.Name, g.Status, g.Version)))
			continue
		}
		if e, ok := d.behind(r, "Node group "+g.Name+" runs", v); ok {
			e.Facts = append(e.Facts, exposure.Fact{Name: "release version", Value: g.ReleaseVersion}, exposure.Fact{Name: "nodes wanted", Value: strconv.Itoa(g.Desired)})
			found = append(found, e)
		}
	}
	return found
}

// kubelets judges what nodes really run, except for nodes that run their managed
// node group's version: the node group speaks for them. Nodes of one version are
// one piece of evidence, so that replacing a node is no news.
func (d *detection) kubelets() []exposure.Evidence {
	var found []exposure.Evidence
	for _, g := range d.s.GapsOf(inventory.SectionNodes) {
		found = append(found, d.unread("nodes", g))
	}
	byVersion := map[inventory.KubernetesVersion][]*inventory.Node{}
	for i := range d.s.Nodes {
		n := &d.s.Nodes[i]
		v, err := inventory.ParseKubernetesVersion(n.KubeletVersion)
		if err != nil {
			r := d.s.Cluster.Ref.KubernetesResource("", "Node", n.Name)
			found = append(found, unknown(r, fmt.Sprintf("Node %s has the kubelet version %q, which is not MAJOR.MINOR.", n.Name, n.KubeletVersion)))
			continue
		}
		if !d.spokenFor(n, v) {
			byVersion[v] = append(byVersion[v], n)
		}
	}
	versions := make([]inventory.KubernetesVersion, 0, len(byVersion))
	for v := range byVersion {
		versions = append(versions, v)
	}
	slices.SortFunc(versions, inventory.KubernetesVersion.Compare)
	for _, v := range versions {
		nodes := byVersion[v]
		first, what := oldest(nodes), "node runs"
		if len(nodes) > 1 {
			what = "nodes run"
		}
		e, ok := d.behind(d.s.Cluster.Ref.KubernetesResource("", "Node", first.Name), strconv.Itoa(len(nodes))+" "+what+" the kubelet of", v)
		if !ok {
			continue
		}
		names := make([]string, 0, maxNamed)
		for _, n := range nodes[:min(len(nodes), maxNamed)] {
			names = append(names, n.Name)
		}
		e.Facts = append(e.Facts, exposure.Fact{Name: "nodes", Value: strconv.Itoa(len(nodes))}, exposure.Fact{Name: "node names", Value: strings.Join(names, ", ")})
		found = append(found, e)
	}
	return found
}

// spokenFor reports whether the node's managed node group has the same version.
func (d *detection) spokenFor(n *inventory.Node, v inventory.KubernetesVersion) bool {
	for _, g := range d.s.NodeGroups {
		if g.Name != n.NodeGroup {
			continue
		}
		gv, err := inventory.ParseKubernetesVersion(g.Version)
		return err == nil && gv == v
	}
	return false
}

// oldest gives the node that has lived longest, which stands for its version.
func oldest(nodes []*inventory.Node) *inventory.Node {
	return slices.MinFunc(nodes, func(a, b *inventory.Node) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.Name, b.Name))
	})
}

// behind judges the version of nodes; false when there is nothing to say.
func (d *detection) behind(r inventory.ResourceRef, subject string, v inventory.KubernetesVersion) (exposure.Evidence, bool) {
	a := d.calendar.support(v)
	e := exposure.Evidence{
		Standing: exposure.Contributing, Resource: r,
		Facts: []exposure.Fact{
			{Name: "version", Value: v.String(), Limit: "fires before " + d.version.String()},
			{Name: "control plane version", Value: d.version.String()},
			{Name: "support state", Value: a.state.String(), Limit: "fires unless " + standard.String()},
			{Name: "calendar", Value: d.calendar.source},
		},
	}
	older := v.Compare(d.version) < 0
	switch {
	case a.state == past:
		e.Variant = exposure.VariantNodesUnsupported
		e.Summary = fmt.Sprintf("%s Kubernetes %s, past the end of extended support%s", subject, v, ended(a.row.EndOfExtended, d.calendar.today))
	case a.state == extended:
		e.Variant = exposure.VariantNodesExtended
		e.Summary = fmt.Sprintf("%s Kubernetes %s, which is in extended support%s", subject, v, left(a.row.EndOfExtended, d.calendar.today))
	case older:
		e.Variant = exposure.VariantNodesBehind
		e.Summary = fmt.Sprintf("%s Kubernetes %s", subject, v)
	case a.state == notKnown && v != d.version: // the control plane's own evidence tells of an unknown version
		return unknown(r, fmt.Sprintf("%s Kubernetes %s: %s (%s).", subject, v, a.why, d.calendar.source)), true
	default:
		return e, false
	}
	if older {
		e.Summary += fmt.Sprintf("; the control plane has %s", d.version)
	}
	e.Summary += d.calendar.note()
	return e, true
}

func (d *detection) unread(what string, g inventory.Gap) exposure.Evidence {
	if g.Subject != "" {
		what += " (" + g.Subject + ")"
	}
	return unknown(d.s.Cluster.Ref.Resource(), fmt.Sprintf("The version of %s could not be read: %s", what, g.Detail))
}
