package remediation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// keySettles is how long KMS may not show a key that was made: its API is eventually
// consistent, "in most cases within a few seconds, sometimes several minutes" (KMS
// Developer Guide, "AWS KMS eventual consistency"). CreateKey has no token that would make
// it happen once, so that a call whose answer is not known is not made again before that.
const keySettles = 5 * time.Minute

// makeKey takes a step one look or one call further that makes a KMS key, or takes it
// back. What there is of the key is read before each call.
func (s *Service) makeKey(ctx context.Context, r Run, st *Step, action plan.Action) (Run, error) {
	is, err := s.cfg.Keys.Key(ctx, action, r.Plan.Cluster, r.keyARN())
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	if action.Made(is) {
		return s.holds(ctx, r, st, func(step *Step) { step.Update = is.ARN })
	}
	if why := action.Strange(is); why != "" {
		return s.fail(ctx, r, fmt.Sprintf("something moved: %q: %s", action.Title, why))
	}
	if st.Undo {
		now, err := s.describe(ctx, r.Plan.Cluster, action.Sections()...)
		if err != nil {
			return s.delay(ctx, r, *st, err)
		}
		if plan.Encrypts(now, is.ARN) {
			return s.fail(ctx, r, fmt.Sprintf("%q cannot be undone: the key %s encrypts the cluster", action.Title, is.ARN))
		}
	}
	if !st.Begun.IsZero() && is.ARN == "" {
		if until := st.Begun.Add(keySettles); s.now().Before(until) {
			return s.save(ctx, r, look, func(now *Run) {
				now.Problem, now.Look = "KMS was asked for a key and shows none; it is looked for until "+until.Format(time.RFC3339), earlier(until, s.later(*st))
			})
		}
		if r, err = s.save(ctx, r, "begin", func(now *Run) { now.same(st).Begun = s.now() }); err != nil {
			return r, err
		}
		st = r.same(st)
	}
	return s.begins(ctx, r, st, func() (string, error) {
		arn, err := s.cfg.Keys.Make(ctx, action, r.Plan.Cluster, is)
		if errors.Is(err, fault.ErrConflict) {
			err = fmt.Errorf("%s: %w", fault.Message(err), fault.ErrUnavailable) // the next look tells what came first
		}
		return arn, err
	})
}

// keyARN is the key that the plan made, as far as that was written down.
func (r *Run) keyARN() string {
	for _, st := range r.Steps {
		if r.Plan.Actions[st.Action].Kind == plan.KeyCreation {
			return st.Update
		}
	}
	return ""
}

// named gives a setting that has the plan's own key by its alias, as the plan has it: EKS
// takes an alias, and tells of the key behind it.
func (r *Run) named(has plan.Setting) plan.Setting {
	if has.Encryption == nil || has.Encryption.KeyARN == "" || has.Encryption.KeyARN != r.keyARN() {
		return has
	}
	return plan.Setting{Encryption: &plan.Encryption{KeyARN: plan.AliasARN(r.Plan.Cluster)}}
}
