package remediation

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/pause"
	"github.com/eksposure/eksposure/internal/plan"
)

// Follow does the work of a run until it is not at work any more, and gives it as it
// is then. It shows the run after each look. While another process works on the
// plan, it only looks. What was begun goes on at EKS when the context ends, and is
// taken up by the next Follow.
func (s *Service) Follow(ctx context.Context, id string, show func(Run)) (Run, error) {
	for {
		r, err := s.Advance(ctx, id)
		elsewhere := errors.Is(err, fault.ErrConflict)
		if elsewhere {
			r, err = s.Run(ctx, id) // another process has it, or somebody paused it
		}
		if err != nil {
			return r, err
		}
		show(r)
		if !r.State.Working() {
			return r, nil
		}
		rest := r.Look.Sub(s.cfg.Now())
		if elsewhere {
			rest = max(rest, soonest)
		}
		if err := pause.For(ctx, rest); err != nil {
			return r, err
		}
	}
}

const (
	// rounds is the time between two looks for work.
	rounds = 5 * time.Second
	// atOnce bounds the plans that one process works on side by side.
	atOnce = 4
	// pace is the least time between two looks at a fleet plan.
	pace = 500 * time.Millisecond
)

// Carry goes on with the runs at work as their time comes, until the context ends:
// those that another process left, too. Without an Actor it does nothing.
func (s *Service) Carry(ctx context.Context) {
	if s.cfg.Actor == nil {
		return
	}
	var mu sync.Mutex
	busy := map[string]bool{}
	var group sync.WaitGroup
	defer group.Wait()
	for {
		s.carryFleets(ctx)
		due, err := s.due(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "plans not read", slog.String("error", err.Error()))
		}
		for _, id := range due {
			mu.Lock()
			start := !busy[id] && len(busy) < atOnce
			if start {
				busy[id] = true
			}
			mu.Unlock()
			if !start {
				continue
			}
			group.Go(func() {
				s.carry(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				delete(busy, id)
			})
		}
		if pause.For(ctx, rounds) != nil {
			return
		}
	}
}

// carryFleets advances the fleet plans at work.
func (s *Service) carryFleets(ctx context.Context) {
	fleets, err := s.fleets(ctx, plan.Working()...)
	for _, f := range fleets {
		if err == nil {
			_, _, err = s.AdvanceFleet(ctx, f.ID)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "fleet plans not advanced", slog.String("error", err.Error()))
	}
}

// FollowFleet does the work of a fleet plan until it is not at work any more, as
// Follow does that of one plan.
func (s *Service) FollowFleet(ctx context.Context, id string, show func(Fleet, []Run)) (Fleet, []Run, error) {
	for {
		f, members, err := s.AdvanceFleet(ctx, id)
		if err != nil {
			return f, members, err
		}
		show(f, members)
		if !f.State.Working() {
			return f, members, nil
		}
		var group errgroup.Group
		group.SetLimit(atOnce)
		next := s.cfg.Now().Add(latest)
		for _, r := range members {
			if !r.State.Working() {
				continue
			}
			if s.cfg.Now().Before(r.Look) {
				next = earlier(next, r.Look)
				continue
			}
			next = s.cfg.Now()
			group.Go(func() error {
				s.carry(ctx, r.Plan.ID)
				return nil
			})
		}
		_ = group.Wait() // carry tells its errors itself
		if err := pause.For(ctx, max(next.Sub(s.cfg.Now()), pace)); err != nil {
			return f, members, err
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// carry advances a run until there is something to wait for.
func (s *Service) carry(ctx context.Context, id string) {
	for {
		r, err := s.Advance(ctx, id)
		switch {
		case errors.Is(err, fault.ErrConflict) || ctx.Err() != nil:
			return // another process has it, somebody paused it, or the end has come
		case err != nil:
			s.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "plan not advanced", slog.String("plan", id), slog.String("error", err.Error()))
			return
		case !r.State.Working():
			s.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "plan ended", slog.String("plan", id), slog.String("state", string(r.State)), slog.String("problem", r.Problem))
			return
		case s.cfg.Now().Before(r.Look):
			return
		}
	}
}

// due gives the IDs of the runs at work whose time to look has come.
func (s *Service) due(ctx context.Context) ([]string, error) {
	runs, err := s.runs(ctx, plan.Query{States: plan.Working()})
	if err != nil {
		return nil, err
	}
	var due []string
	for _, r := range runs {
		if !s.cfg.Now().Before(r.Look) {
			due = append(due, r.Plan.ID)
		}
	}
	return due, nil
}
