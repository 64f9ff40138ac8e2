package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// look is what changes a run without a line in the audit log.
const look = ""

// writes is how often a change is tried when others change the run at the same time.
const writes = 5

// errNothing ends a change that has nothing to write.
var errNothing = errors.New("nothing to change")

// change reads a run, lets a function change it, and writes it. When somebody else
// wrote meanwhile, the function decides again. An operation with a name is in the
// audit log.
func (s *Service) change(ctx context.Context, id string, by access.Principal, operation string, f func(*Run) error) (Run, error) {
	for try := 1; ; try++ {
		r, old, err := s.read(ctx, id)
		if err != nil {
			return Run{}, err
		}
		before := r.State
		if err := f(&r); errors.Is(err, errNothing) {
			return r, nil
		} else if err != nil {
			return r, err
		}
		err = s.write(ctx, r, old)
		if errors.Is(err, fault.ErrConflict) && try < writes {
			continue
		}
		if err != nil || operation == look {
			return r, err
		}
		return r, s.audit(ctx, by, operation, r, before)
	}
}

func (s *Service) write(ctx context.Context, r Run, old []byte) error {
	document, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("plan %q: %w", r.Plan.ID, err)
	}
	if old == nil {
		return s.cfg.Documents.AddObject(ctx, kind, r.Plan.ID, document)
	}
	return s.cfg.Documents.ReplaceObject(ctx, kind, r.Plan.ID, old, document)
}

func (s *Service) audit(ctx context.Context, by access.Principal, operation string, r Run, before plan.State) error {
	details, err := json.Marshal(map[string]any{"before": before, "after": r.State, "hash": r.Hash, "problem": r.Problem})
	if err != nil {
		return err
	}
	action := access.Approve
	if operation == "plan" {
		action = access.Operate
	}
	return s.cfg.Log.Audit(ctx, access.Entry{
		At: s.now(), Principal: by.ID, Name: by.Name, Operation: "remediate " + operation, Action: action, Target: r.Plan.ID,
		Outcome: access.OutcomeDone, Details: details,
	})
}

// save changes the run as it is in the database, unless somebody paused or ended it
// meanwhile: then that stands. The audit log has what began, what holds and what
// state follows, and not each look.
func (s *Service) save(ctx context.Context, r Run, operation string, f func(*Run)) (Run, error) {
	return s.change(ctx, r.Plan.ID, itself, operation, func(now *Run) error {
		if now.State != r.State {
			return fmt.Errorf("plan %q became %s meanwhile: %w", r.Plan.ID, now.State, fault.ErrConflict)
		}
		f(now)
		return nil
	})
}

// note writes down the update that EKS works on, whatever became of the run
// meanwhile: what was begun has to be known.
func (s *Service) note(ctx context.Context, r Run, st *Step, update string) (Run, error) {
	return s.change(context.WithoutCancel(ctx), r.Plan.ID, itself, look, func(now *Run) error {
		now.same(st).Update = update
		now.Problem, now.Look = "", s.later(*st)
		return nil
	})
}

// fail ends the work. What was done stays, and can be taken back.
func (s *Service) fail(ctx context.Context, r Run, problem string) (Run, error) {
	return s.save(ctx, r, "fail", func(now *Run) {
		now.State, now.Problem, now.Look = plan.Stopped, problem, time.Time{}
	})
}

// wait says what is waited for, and when to look again.
func (s *Service) wait(ctx context.Context, r Run, st Step, what string) (Run, error) {
	return s.save(ctx, r, look, func(now *Run) { now.Problem, now.Look = what, s.later(st) })
}
