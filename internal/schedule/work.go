package schedule

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// leaseKind names the leases on clusters.
const leaseKind = "scan"

// fill starts scans of due clusters until no slot is free.
func (s *Service) fill(ctx context.Context) error {
	free := s.free()
	if free == 0 {
		return nil
	}
	due, err := s.cfg.Queue.Due(ctx, s.cfg.Now(), s.cfg.Parallel+lookAhead)
	if err != nil {
		return err
	}
	for _, c := range due {
		if free == 0 {
			break
		}
		started, err := s.take(ctx, c.Ref)
		if err != nil {
			return err
		}
		if started {
			free--
		}
	}
	return nil
}

func (s *Service) free() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	for ref, until := range s.elsewhere {
		if !now.Before(until) {
			delete(s.elsewhere, ref)
		}
	}
	return s.cfg.Parallel - len(s.running)
}

// take claims a cluster and starts its scan, and reports whether it did.
func (s *Service) take(ctx context.Context, ref inventory.ClusterRef) (bool, error) {
	if s.isTaken(ref) {
		return false, nil
	}
	began := s.cfg.Now()
	got, err := s.cfg.Leases.Claim(ctx, leaseKind, ref.String(), s.cfg.Holder, began.Add(lease))
	if err != nil {
		return false, err
	}
	if !got {
		s.mu.Lock()
		s.elsewhere[ref] = began.Add(lease / 4)
		s.mu.Unlock()
		return false, nil
	}
	// Whoever held it before may have scanned it since the queue was read.
	place, err := s.cfg.Queue.Scheduled(ctx, ref)
	if err != nil || place.Next.After(began) {
		s.release(ctx, ref)
		if errors.Is(err, fault.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	s.mu.Lock()
	s.running[ref] = &Running{Cluster: ref, Since: began, Step: "starting"}
	s.mu.Unlock()
	s.scans.Go(func() {
		s.scan(ctx, place, began)
		s.release(ctx, ref)
		s.mu.Lock()
		delete(s.running, ref)
		s.mu.Unlock()
		signal(s.wake)
	})
	return true, nil
}

func (s *Service) isTaken(ref inventory.ClusterRef) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, elsewhere := s.elsewhere[ref]
	return elsewhere || s.running[ref] != nil
}

// scan scans a cluster under its lease and notes how that ended.
func (s *Service) scan(ctx context.Context, place inventory.Scheduled, began time.Time) {
	ref := place.Ref
	held, cancel := context.WithCancel(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		s.keep(held, cancel, ref)
	}()
	o, err := s.cfg.Scanner.ScanCluster(held, ref, func(step string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running[ref].Step = step
	})
	lost := err != nil && held.Err() != nil
	cancel()
	<-renewed
	now := s.cfg.Now()
	result := resultOf(o, err)
	if lost {
		result = HandedBack
	}
	s.cfg.Observe(result, now.Sub(began))
	if lost {
		return
	}
	problem, failures := "", 0
	if err != nil {
		problem, failures = fault.Message(err), place.Failures+1
	}
	if failures == 1 { // the later ones are in the schedule
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "cluster not scanned", slog.String("cluster", ref.String()), slog.String("error", problem))
	}
	ctx, done := afterwards(ctx)
	defer done()
	if err := s.cfg.Queue.Scanned(ctx, ref, began, s.next(now, failures), problem); err != nil {
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "scan not noted", slog.String("cluster", ref.String()), slog.String("error", err.Error()))
	}
}

func resultOf(o *exposure.Outcome, err error) Result {
	switch {
	case err != nil:
		return Failed
	case len(o.Gaps) > 0:
		return Incomplete
	}
	return Complete
}

// keep renews the lease until the context ends; a lost one ends the scan. The
// database may be away for a while: the lease holds until its time.
func (s *Service) keep(ctx context.Context, cancel context.CancelFunc, ref inventory.ClusterRef) {
	until, wait := s.cfg.Now().Add(lease), lease/3
	for {
		pause(ctx, wait, nil)
		if ctx.Err() != nil {
			return
		}
		now := s.cfg.Now()
		err := s.cfg.Leases.Renew(ctx, leaseKind, ref.String(), s.cfg.Holder, now.Add(lease))
		if err == nil {
			until, wait = now.Add(lease), lease/3
			continue
		}
		wait = renewAgain
		if errors.Is(err, fault.ErrConflict) || !now.Add(wait).Before(until) {
			cancel()
			return
		}
	}
}

func (s *Service) release(ctx context.Context, ref inventory.ClusterRef) {
	ctx, done := afterwards(ctx)
	defer done()
	if err := s.cfg.Leases.Release(ctx, leaseKind, ref.String(), s.cfg.Holder); err != nil {
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "lease not given back; it ends by itself", slog.String("cluster", ref.String()), slog.String("error", err.Error()))
	}
}

// afterwards is a context for what has to be written also when the process ends.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), parting)
}
