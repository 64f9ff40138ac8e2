package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Moved compares checks as they come out now with the plan's own, which were approved:
// broken do not hold any more, of unsure it is not known any more whether they do, and
// nobody accepted that.
func (p *Plan) Moved(now []Check) (broken, unsure []Check) {
	for _, c := range now {
		i := slices.IndexFunc(p.Checks, func(o Check) bool { return o.Name == c.Name })
		switch {
		case c.Verdict == Failed:
			broken = append(broken, c)
		case c.Verdict == Unknown && (i < 0 || p.Checks[i].Verdict != Unknown):
			unsure = append(unsure, c)
		}
	}
	return broken, unsure
}

// Told writes checks for a sentence: their names, and what each came to.
func Told(checks []Check) string {
	texts := make([]string, len(checks))
	for i, c := range checks {
		texts[i] = c.Name + ": " + c.Detail
	}
	return strings.Join(texts, "; ")
}

// EndpointChecks are the checks of a plan that changes the endpoint, as they come out
// now.
func (p *Plan) EndpointChecks(s *inventory.Snapshot, n Network) []Check {
	first, last := p.Actions[0].From.Endpoint, p.Actions[len(p.Actions)-1].To.Endpoint
	if first == nil || last == nil {
		return nil
	}
	c := EndpointChoice{}
	if a, err := netip.ParseAddr(p.Operator); err == nil {
		c.Operator = a
	}
	return endpointChecks(s, c, n, *first, *last)
}

// DeletionChecks are the checks of a plan that deletes its cluster, as they come out now,
// before one of its actions. What runs there, and what stays behind, is asked for before
// anything is deleted: then it is what the approver accepted, to the letter.
func (p *Plan) DeletionChecks(s *inventory.Snapshot, begun bool) []Check {
	list := []Check{protectionCheck(s), p.partsCheck(s)}
	if begun {
		return list
	}
	for _, c := range []Check{workloadsCheck(s), balancersCheck(s), machinesCheck(s)} {
		if c.Verdict == Unknown && !slices.Contains(p.Checks, c) {
			c.Verdict = Failed
		}
		list = append(list, c)
	}
	return list
}

// partsCheck looks for parts of the cluster that came after the plan was drafted, and
// that nobody agreed to lose.
func (p *Plan) partsCheck(s *inventory.Snapshot) Check {
	holds := p.Actions[len(p.Actions)-1].From.Holds
	more := slices.DeleteFunc(parts(s), func(part string) bool { return slices.Contains(holds, part) })
	if len(more) > 0 {
		return Check{checkParts, Failed, "these came after the plan was drafted, and nobody agreed to lose them: " + Named(more)}
	}
	for _, section := range partSections() {
		if gaps := s.GapsOf(section); len(gaps) > 0 {
			return Check{checkParts, Unknown, fmt.Sprintf("%s could not be read: %s", section, gaps[0].Detail)}
		}
	}
	return Check{checkParts, Passed, "the cluster has no node group, Fargate profile, add-on or pod identity association that this plan does not name"}
}

// partSections are the parts of a snapshot that tell what goes with a cluster.
func partSections() []inventory.Section {
	return []inventory.Section{inventory.SectionNodeGroups, inventory.SectionAddons, inventory.SectionPodIdentities}
}

// parts are the ARNs of what goes with a cluster at EKS, in order.
func parts(s *inventory.Snapshot) []string {
	var list []string
	for _, g := range s.NodeGroups {
		list = append(list, g.ARN)
	}
	for _, f := range s.FargateProfiles {
		list = append(list, f.ARN)
	}
	for _, a := range s.Addons {
		list = append(list, a.ARN)
	}
	for _, i := range s.PodIdentities {
		list = append(list, i.ARN)
	}
	slices.Sort(list)
	return list
}

// Ahead lists the versions that the plan has the control plane go to from an action on.
func (p *Plan) Ahead(action int) []string {
	var path []string
	for _, a := range p.Actions[action:] {
		if a.Kind == ControlPlaneVersion {
			path = append(path, a.To.Version)
		}
	}
	return path
}
