package remediation

import (
	"context"
	"errors"
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

const noteRewrite = "Existing secrets are given an annotation, so that the API server writes them again and encrypts them with the key. Their values are not read. " +
	"The role that plans are applied with needs `eksposure permissions secrets-kubernetes` in the cluster for that; without it the plan pauses there, and goes on when it is applied again."

// rewrite has the API server write secrets again, a bounded number at each look. What is
// done is seen on the secrets themselves, so that nothing is lost with a process. The step
// pauses where the role lacks the right, or when secrets could not be written: both are for
// a person to mend, and the encryption before it cannot be undone.
func (s *Service) rewrite(ctx context.Context, r Run, st *Step, action plan.Action) (Run, error) {
	if st.Begun.IsZero() {
		return s.begins(ctx, r, st, func() (string, error) { return "", nil })
	}
	now, err := s.describe(ctx, r.Plan.Cluster, action.Sections()...)
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	is, err := s.cfg.Secrets.Rewrite(ctx, now, action.To.SecretMark)
	switch {
	case ctx.Err() != nil:
		return r, err
	case errors.Is(err, fault.ErrDenied):
		return s.rest(ctx, r, fault.Message(err)+"; give the role its right (eksposure permissions secrets-kubernetes | kubectl apply -f -) and apply the plan again")
	case err != nil:
		return s.delay(ctx, r, *st, err)
	case is.Complete && len(is.Failed) > 0:
		return s.rest(ctx, r, fmt.Sprintf("%d secrets could not be written again: %s; mend that and apply the plan again", len(is.Failed), plan.Named(is.Failed)))
	}
	written := st.Count + is.Written
	if is.Complete {
		return s.holds(ctx, r, st, func(step *Step) { step.Count = written })
	}
	return s.save(ctx, r, look, func(run *Run) {
		run.same(st).Count = written
		run.Problem = fmt.Sprintf("%d secrets are written again, at least %d are left", written, is.Left)
	})
}

// rest pauses a run for a reason.
func (s *Service) rest(ctx context.Context, r Run, why string) (Run, error) {
	return s.save(ctx, r, "pause", func(now *Run) { now.State, now.Problem = plan.Paused, why })
}
