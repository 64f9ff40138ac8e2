package hub

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

// RecommendedPolicy answers for the policies that AWS recommends on findings with
// unused permissions. eksposure analyses no IAM policies, so no finding has such a
// trait: a finding that there is, is refused, and another one is not found.
func (s *Service) RecommendedPolicy(ctx context.Context, p access.Principal, uid string) error {
	f, err := s.Overrides.Finding(ctx, uid)
	if err != nil {
		return err
	}
	if f.ID != uid || !p.Scope.Allows(f.Cluster.Ref) {
		return errNoFinding(uid)
	}
	return fmt.Errorf("finding %q has no unused permissions; policies are recommended for those only: %w", uid, fault.ErrInvalid)
}
