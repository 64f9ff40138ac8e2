package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Sight is what was known of a cluster before its endpoint is changed.
type Sight struct {
	// Read tells that the Kubernetes API could be read; Ready are the nodes that were ready.
	Read  bool     `json:"read,omitempty"`
	Ready []string `json:"ready,omitempty"`
	// Issues are what EKS said was wrong.
	Issues []string `json:"issues,omitempty"`
}

// SightOf is what a snapshot tells.
func SightOf(s *inventory.Snapshot) Sight {
	is := Sight{Read: s.Gap(inventory.SectionNodes) == nil, Issues: cutOff(s)}
	for _, n := range s.Nodes {
		if n.Ready {
			is.Ready = append(is.Ready, n.Name)
		}
	}
	return is
}

// Changes reports whether the plan has an action of a kind.
func (p *Plan) Changes(k Kind) bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Kind == k })
}

// Harm says what went wrong on a cluster whose endpoint was changed as planned; empty
// when nothing did. With a private endpoint eksposure itself may be outside, and then
// sees no nodes: that is no harm.
func (p *Plan) Harm(before Sight, now *inventory.Snapshot) string {
	var lost []string
	for _, n := range now.Nodes {
		if !n.Ready && slices.Contains(before.Ready, n.Name) {
			lost = append(lost, n.Name)
		}
	}
	if len(lost) > 0 {
		return "nodes that were ready are not ready since the endpoint was changed: " + few(lost)
	}
	for _, issue := range cutOff(now) {
		if !slices.Contains(before.Issues, issue) {
			return "EKS says since the endpoint was changed: " + issue
		}
	}
	gap := now.Gap(inventory.SectionNodes)
	if before.Read && p.keeps() && gap != nil && gap.Reason == fault.Of(fault.ErrUnavailable).Name {
		return "the Kubernetes API cannot be reached by the ranges that were to stay let in: " + gap.Detail
	}
	return ""
}

// keeps reports whether the address of those who work with eksposure was to stay let in.
func (p *Plan) keeps() bool {
	last := p.Actions[len(p.Actions)-1].To.Endpoint
	return last != nil && last.Public && slices.ContainsFunc(p.Checks, func(c Check) bool { return c.Name == checkOperator && c.Verdict == Passed })
}

// cutOff are EKS's words for a cluster, or a node group, that does not reach the Kubernetes
// API (EKS API Reference, ClusterIssue and Issue).
func cutOff(s *inventory.Snapshot) []string {
	var list []string
	add := func(what string, issues []inventory.Issue) {
		for _, i := range issues {
			if i.Code == "ClusterUnreachable" {
				list = append(list, strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", what, i.Code, i.Message), ": "))
			}
		}
	}
	add("cluster "+s.Cluster.Ref.Name, s.Cluster.Issues)
	for _, g := range s.NodeGroups {
		add("node group "+g.Name, g.Issues)
	}
	return list
}
