package hub

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// Remediations gives a page of targets, the most urgent first. A target or a finding
// that is named and that the caller may not see is fault.ErrNotFound.
func (s *Service) Remediations(ctx context.Context, p access.Principal, r search.TargetRequest) (search.TargetPage, error) {
	r.Scope = p.Scope
	page, err := s.Targets.Targets(ctx, r)
	if err != nil {
		return search.TargetPage{}, err
	}
	if r.Target != "" && len(page.Items) == 0 {
		return search.TargetPage{}, errNoTarget(r.Target)
	}
	if r.Finding != "" {
		if err := s.visible(ctx, p, r.Finding); err != nil {
			return search.TargetPage{}, err
		}
	}
	return page, nil
}

// Exposures gives a page of what one target would help, with the target itself.
func (s *Service) Exposures(ctx context.Context, p access.Principal, r search.ExposedRequest) (search.TargetTotal, search.ExposedPage, error) {
	r.Scope = p.Scope
	of, err := s.Targets.Targets(ctx, search.TargetRequest{Scope: p.Scope, Target: r.Target, Limit: 1})
	if err != nil {
		return search.TargetTotal{}, search.ExposedPage{}, err
	}
	if len(of.Items) == 0 {
		return search.TargetTotal{}, search.ExposedPage{}, errNoTarget(r.Target)
	}
	page, err := s.Targets.Exposed(ctx, r)
	return of.Items[0], page, err
}

func errNoTarget(id string) error {
	return fmt.Errorf("no open exposure has the remediation target %q: %w", id, fault.ErrNotFound)
}

// visible reports a finding that there is not, or that the caller may not see.
func (s *Service) visible(ctx context.Context, p access.Principal, id string) error {
	f, err := s.Overrides.Finding(ctx, id)
	if err == nil && (f.ID != id || !p.Scope.Allows(f.Cluster.Ref)) {
		err = errNoFinding(id)
	}
	return err
}
