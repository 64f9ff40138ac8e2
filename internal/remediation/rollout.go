package remediation

import (
	"context"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/plan"
)

// standstill is how long a rollout may get no further before it has failed: the
// deadline that Kubernetes itself has for Deployments (progressDeadlineSeconds).
const standstill = 10 * time.Minute

// roll takes a step one look or one call further that gives a workload other images.
// It holds when all pods are new and serve.
func (s *Service) roll(ctx context.Context, r Run, st *Step, action plan.Action) (Run, error) {
	now, err := s.describe(ctx, r.Plan.Cluster, action.Sections()...)
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	is, err := s.cfg.Workloads.Rollout(ctx, now, action.To.Images.Workload)
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	has := plan.Setting{Images: new(is.Images.Only(*action.To.Images))}
	switch {
	case has.Equal(action.To) && is.Done:
		return s.holds(ctx, r, st)
	case has.Equal(action.To) && is.Failed != "":
		return s.giveUp(ctx, r, st, is.Failed)
	case has.Equal(action.To) && st.Seen == is.Progress && s.now().Sub(st.Moved) > standstill:
		return s.giveUp(ctx, r, st, fmt.Sprintf("it got no further for %s: %s", standstill, is.Progress))
	case has.Equal(action.To):
		return s.watch(ctx, r, st, is.Progress)
	case !has.Equal(action.From) || st.Update != "":
		return s.fail(ctx, r, fmt.Sprintf("something moved: %q was planned for %q, and the workload has %q; draft a new plan", action.Title, action.From, has))
	}
	return s.begin(ctx, r, st)
}

// watch writes down how far a rollout is, and since when.
func (s *Service) watch(ctx context.Context, r Run, st *Step, progress string) (Run, error) {
	return s.save(ctx, r, look, func(now *Run) {
		if step := now.same(st); step.Seen != progress {
			step.Seen, step.Moved = progress, s.now()
		}
		now.Problem, now.Look = progress, s.later(*st)
	})
}

// giveUp undoes an action whose rollout has failed, when it was ours. The plan fails
// once the workload has its old images again.
func (s *Service) giveUp(ctx context.Context, r Run, st *Step, why string) (Run, error) {
	problem := fmt.Sprintf("%s: %s", r.Do(*st).Title, why)
	if st.Undo || st.Begun.IsZero() {
		return s.fail(ctx, r, problem)
	}
	return s.undo(ctx, r, []Step{{Action: st.Action, Undo: true, Token: token()}}, problem)
}

// undo begins to take back some steps without anybody asking, for a cause.
func (s *Service) undo(ctx context.Context, r Run, back []Step, cause string) (Run, error) {
	return s.save(ctx, r, "undo", func(now *Run) {
		now.Back, now.State, now.Cause, now.Problem, now.Look = back, plan.Reverting, cause, cause, time.Time{}
	})
}
