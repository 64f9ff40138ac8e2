package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// Return is a plan of a fleet plan that is taken back with it.
type Return struct {
	Plan string `json:"plan"`
	// Was is the token of an earlier revert's first step, by which this one is told from
	// it; empty when there was none.
	Was string `json:"was,omitempty"`
}

// begun reports whether the plan's revert was begun.
func (b Return) begun(r *Run) bool { return len(r.Back) > 0 && r.Back[0].Token != b.Was }

// RevertFleet begins to take back a fleet plan, the last wave first, as far as its plans
// can be taken back; Kept says of which that is not all, and why. Plans that did not
// begin are cancelled. When none can be taken back it is fault.ErrConflict.
// AdvanceFleet does the work.
func (s *Service) RevertFleet(ctx context.Context, id string, by access.Principal) (Fleet, error) {
	if err := s.ready(); err != nil {
		return Fleet{}, err
	}
	f, err := s.changeFleet(ctx, id, by, "revert fleet", func(f *Fleet) error {
		if f.State == plan.Reverting {
			return errNothing // killed and started again
		}
		if f.State == plan.Applying {
			return fmt.Errorf("fleet plan %q is at work; pause it first: %w", id, fault.ErrConflict)
		}
		if err := plan.Move(f.State, plan.Reverting); err != nil {
			return fmt.Errorf("fleet plan %q: %w", id, err)
		}
		members, err := s.members(ctx, *f)
		if err != nil {
			return err
		}
		f.Back, f.Kept = nil, nil
		for i := range slices.Backward(members) {
			if err := s.giveBack(f, &members[i]); err != nil {
				return err
			}
		}
		if len(f.Back) == 0 {
			return fmt.Errorf("fleet plan %q: %s: %w", id, nothingBack(f.Kept), fault.ErrConflict)
		}
		f.State, f.Problem = plan.Reverting, ""
		return nil
	})
	if err != nil {
		return f, err
	}
	return f, s.each(ctx, f, plan.Approved, func(id string) error {
		_, err := s.Cancel(ctx, id, by)
		return err
	})
}

// giveBack notes whether a plan is taken back with its fleet plan, and what of it stays.
func (s *Service) giveBack(f *Fleet, r *Run) error {
	if r.State.Working() {
		return fmt.Errorf("plan %s of cluster %q is at work; wait for its end, or pause it: %w", r.Plan.ID, r.Plan.Cluster.Name, fault.ErrConflict)
	}
	if movable := plan.Move(r.State, plan.Reverting) == nil; !movable || len(r.begun()) == 0 {
		return nil
	}
	steps, err := r.inverses(s.now())
	var stays string
	switch {
	case errors.Is(err, fault.ErrConflict):
		stays = fault.Message(err)
	case err != nil:
		return err
	default:
		_, stays = r.Undoes()
		b := Return{Plan: r.Plan.ID}
		if len(r.Back) > 0 {
			b.Was = r.Back[0].Token
		}
		f.Back = append(f.Back, b)
		if stays == "" && len(steps) < len(r.begun()) {
			stays = "part of it can be undone no longer"
		}
	}
	if stays != "" {
		f.Kept = append(f.Kept, Omission{r.Plan.Cluster, stays})
	}
	return nil
}

func nothingBack(kept []Omission) string {
	if len(kept) == 0 {
		return "nothing was changed that could be undone"
	}
	texts := make([]string, len(kept))
	for i, o := range kept {
		texts[i] = o.Cluster.Name + ": " + o.Reason
	}
	return "none of its plans can be undone: " + strings.Join(texts, "; ")
}

// advanceBack begins to take back the next wave when its time has come, and ends a fleet
// plan that is taken back or of which a plan could not be.
func (s *Service) advanceBack(ctx context.Context, f Fleet, members []Run) (Fleet, []Run, error) {
	back := func(r *Run) (Return, bool) {
		i := slices.IndexFunc(f.Back, func(b Return) bool { return b.Plan == r.Plan.ID })
		if i < 0 {
			return Return{}, false
		}
		return f.Back[i], true
	}
	for i := range members {
		r := &members[i]
		if b, ok := back(r); ok && b.begun(r) && r.State == plan.Stopped {
			f, err := s.endFleet(ctx, f, plan.Stopped, fmt.Sprintf("plan %s of cluster %q was not taken back: %s", r.Plan.ID, r.Plan.Cluster.Name, r.Problem))
			return f, members, err
		}
	}
	end := len(members)
	for _, wave := range slices.Backward(f.Waves) {
		at, done := end-len(wave), true
		for i := at; i < end; i++ {
			r := &members[i]
			b, ok := back(r)
			if !ok {
				continue
			}
			if !b.begun(r) {
				now, err := s.Revert(ctx, r.Plan.ID, itself)
				if errors.Is(err, fault.ErrConflict) {
					f, err := s.endFleet(ctx, f, plan.Stopped, fault.Message(err))
					return f, members, err
				}
				if err != nil {
					return f, members, err
				}
				*r = now
			}
			done = done && r.State == plan.Reverted
		}
		if !done {
			return f, members, nil
		}
		end = at
	}
	f, err := s.endFleet(ctx, f, plan.Reverted, "")
	return f, members, err
}
