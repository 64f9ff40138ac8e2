package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// optionLimit is the option of workloads that are reached from the internet which can be
// applied.
const optionLimit = "limit"

const noteLimit = "The objects are changed at once; their controllers then change the security groups of the load balancers, which no scan sees. Try it from an address outside of the ranges. Connections that are open may stay. " +
	"What Helm, Kustomize or a GitOps controller manages has to be changed there, too."

// limit drafts a plan that lets the named ranges connect to load balancers, and nobody
// else.
func (s *Service) limit(ctx context.Context, f *exposure.Finding, now *inventory.Snapshot, q Request) (proposal, error) {
	cidrs, err := plan.LimitRanges(q.CIDRs, s.cfg.Policy)
	if err != nil {
		return proposal{}, err
	}
	work := plan.LimitWork{Snapshot: now, CIDRs: cidrs, Operator: q.Operator, Ways: map[plan.WayRef]plan.WayIn{}}
	work.Evidence = s.evidence(f, now, q.Trait)
	for _, ref := range plan.Fronts(work.Evidence) {
		is, err := s.cfg.Workloads.WayIn(ctx, now, ref)
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			return proposal{}, err
		}
		work.Ways[ref] = is
	}
	d := proposal{notes: []string{noteLimit}}
	var more []string
	d.actions, d.checks, more = plan.DraftLimit(work)
	d.notes = append(d.notes, more...)
	return d, nil
}

// evidence is the trait's contributing evidence as the snapshot shows it.
func (s *Service) evidence(f *exposure.Finding, now *inventory.Snapshot, trait string) []exposure.Evidence {
	o := s.cfg.Clusters.Evaluate(now, f)
	r := o.Evaluation.Result(trait)
	if r == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.Evidence), func(e exposure.Evidence) bool { return e.Standing != exposure.Contributing })
}

// narrow takes a step one look or one call further that gives a Service or an Ingress
// other source ranges.
func (s *Service) narrow(ctx context.Context, r Run, st *Step, action plan.Action) (Run, error) {
	now, err := s.describe(ctx, r.Plan.Cluster, action.Sections()...)
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	is, err := s.cfg.Workloads.WayIn(ctx, now, plan.WayOf(action.Target))
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	has := plan.Setting{Sources: new(is.Sources())}
	switch {
	case has.Equal(action.To):
		return s.holds(ctx, r, st)
	case !has.Equal(action.From) || st.Update != "":
		return s.fail(ctx, r, fmt.Sprintf("something moved: %q was planned for %q, and the object has %q; draft a new plan", action.Title, action.From, has))
	}
	return s.begin(ctx, r, st)
}
