package securityhub

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/search"
)

// Plans are those that were drafted.
type Plans interface {
	// RunsOf gives the plans of some clusters, the newest first.
	RunsOf(ctx context.Context, clusters []inventory.ClusterRef) ([]remediation.Run, error)
}

// maxPlans bounds the plans that a target's guidance names, the newest first.
const maxPlans = 5

// applied says how eksposure itself applies a target's remedy, and which plans there
// are for its finding.
type applied struct {
	commands []string
	// looks tells that each of them drafts a plan only where what it looks for is found.
	looks bool
	asks  []guidanceParameter
	runs  []remediation.Run
}

// runs gives the plans of the targets' clusters, once for all targets of a page.
func (s *routes) runs(ctx context.Context, targets []search.TargetTotal) ([]remediation.Run, error) {
	if s.plans == nil {
		return nil, nil
	}
	var clusters []inventory.ClusterRef
	for _, t := range targets {
		if !slices.Contains(clusters, t.Cluster) {
			clusters = append(clusters, t.Cluster)
		}
	}
	return s.plans.RunsOf(ctx, clusters)
}

// appliedTo gives what of a target can be applied: the options that the finding has,
// the best first.
func (s *routes) appliedTo(t search.TargetTotal, g *hub.Guidance, all []remediation.Run) *applied {
	a := &applied{}
	if s.plans == nil {
		return a
	}
	offers := slices.DeleteFunc(remediation.Offers(t.Trait), func(o remediation.Offer) bool { return !slices.Contains(g.Options, o.Option) })
	slices.SortStableFunc(offers, func(x, y remediation.Offer) int {
		return cmp.Compare(slices.Index(g.Options, x.Option), slices.Index(g.Options, y.Option))
	})
	for _, o := range offers {
		a.offer(t, o)
	}
	for _, r := range all {
		if r.Plan.Cluster == t.Cluster && r.Plan.Finding == t.Finding && r.Plan.Trait == t.Trait && len(a.runs) < maxPlans {
			a.runs = append(a.runs, r)
		}
	}
	return a
}

// offer writes the command that drafts a plan, with a placeholder for what it must be given.
func (a *applied) offer(t search.TargetTotal, o remediation.Offer) {
	words := []string{"eksposure remediate plan --cluster", t.Cluster.String(), "--topic", t.Trait, "--option", o.Option}
	for _, ask := range o.Asks {
		if !ask.Required {
			continue
		}
		flag, name := placeholder(ask.Name)
		words = append(words, flag, "'<"+name+">'")
		if !slices.ContainsFunc(a.asks, func(p guidanceParameter) bool { return p.Name == name }) {
			a.asks = append(a.asks, guidanceParameter{name, "String", ask.Title, false})
		}
	}
	a.looks = (a.looks || len(a.commands) == 0) && (o.Option == "newest-tag" || o.Option == "add-on")
	a.commands = append(a.commands, strings.Join(words, " "))
}

// placeholder is how the command line takes a value, and how guidance writes it.
func placeholder(ask string) (flag, name string) {
	switch ask {
	case "cidrs":
		return "--cidr", "ALLOWED_CIDR"
	case "key_arn":
		return "--key", "KMS_KEY_ARN"
	case "prefix_list":
		return "--prefix-list", "PREFIX_LIST_ID"
	}
	return "--" + strings.ReplaceAll(ask, "_", "-"), strings.ToUpper(ask)
}

// level is the word for how much of it is done by itself once a person approved it.
func (a *applied) level() string {
	switch {
	case len(a.commands) == 0:
		return "None"
	case a.looks:
		return "Partial"
	}
	return "Full"
}

// steps are those of eksposure, before the steps by hand.
func (a *applied) steps() []guidanceStep {
	if len(a.commands) == 0 {
		return nil
	}
	does := "eksposure can do this: one of these commands drafts a plan, which changes nothing until it is approved and applied"
	if a.looks {
		does = "eksposure looks for a published version that has the fix: one of these commands drafts a plan with what it finds, which changes nothing until it is approved and applied, and says what has to be rebuilt, or waited for, where it finds none"
	}
	list := []guidanceStep{{
		Phase: "FIX", Service: "eksposure", Action: "remediate plan", Logic: strings.Join(a.commands, "\n"),
		Description: does + "; with --iac DIR it writes a patch of infrastructure code. The steps after this do it by hand.",
		Inverse:     "eksposure remediate revert PLAN takes back what can be undone.",
		VerifyAfter: "The cluster is scanned again when the plan was applied.",
	}}
	for _, r := range a.runs {
		list = append(list, guidanceStep{
			Phase: "FIX", Service: "eksposure", Action: "remediate status", Logic: "eksposure remediate status " + r.Plan.ID,
			Description: fmt.Sprintf("Plan %s for this is %s: option %s, drafted %s.", r.Plan.ID, r.State, r.Plan.Option, r.Plan.Drafted.UTC().Format(time.RFC3339)),
		})
	}
	return list
}

// code is what the example of other programs' commands begins with.
func (a *applied) code() string {
	if len(a.commands) == 0 {
		return ""
	}
	return "# Draft a plan, which changes nothing yet. One of:\n" + strings.Join(a.commands, "\n")
}
