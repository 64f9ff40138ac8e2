package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// leaseKind is the kind of the leases on sinks.
const leaseKind = "sink"

// worker offers the changes to one sink.
type worker struct {
	d    *Deliverer
	sink Sink
	// heldUntil is when our lease on the sink ends.
	heldUntil time.Time
	// failing is the change that the sink did not take, attempts how often it did not.
	failing  int64
	attempts int
}

func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		rung := w.d.bell.listen()
		more, err := w.step(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			w.attempts++
			pause := w.pause(err)
			w.trouble(ctx, err, pause)
			if !w.d.wait(ctx, pause, nil) {
				break
			}
			continue
		}
		if !more && !w.d.wait(ctx, w.d.cfg.Poll, rung) {
			break
		}
	}
	w.release(context.WithoutCancel(ctx))
}

// step delivers one batch; more says that another may be waiting. An error is about
// the first event that was not taken, or about the store.
func (w *worker) step(ctx context.Context) (more bool, err error) {
	held, err := w.hold(ctx)
	if err != nil || !held {
		return false, err
	}
	after, err := w.place(ctx)
	if err != nil {
		return false, err
	}
	size := w.sink.Batch()
	changes, err := w.d.cfg.Changes.Changes(ctx, after, size)
	if err != nil || len(changes) == 0 {
		if err == nil {
			w.fine(0)
		}
		return false, err
	}
	passed, err := w.offer(ctx, changes)
	if passed > 0 {
		// What was taken counts, also when the rest or the context failed.
		keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
		defer cancel()
		after = changes[passed-1].Number
		if errMove := w.d.cfg.Cursors.MoveCursor(keep, w.sink.Name(), after); errMove != nil {
			return false, errMove
		}
		w.fine(passed)
	}
	if err != nil {
		return false, err
	}
	return len(changes) == size, nil
}

// place is how far the sink is; a new one begins with what changes from now on.
func (w *worker) place(ctx context.Context) (int64, error) {
	after, err := w.d.cfg.Cursors.Cursor(ctx, w.sink.Name())
	if !errors.Is(err, fault.ErrNotFound) {
		return after, err
	}
	if after, err = w.d.cfg.Changes.LastChange(ctx); err != nil {
		return 0, err
	}
	return after, w.d.cfg.Cursors.MoveCursor(ctx, w.sink.Name(), after)
}

// offer sends changes and gives how many of them are done with: taken, made a dead
// letter, or about findings that are gone.
func (w *worker) offer(ctx context.Context, changes []exposure.LoggedChange) (int, error) {
	var events []ocsf.Event
	at := make([]int, 0, len(changes)) // of each event, its place in changes
	for i, c := range changes {
		e, err := w.d.event(ctx, c, w.sink.MaxEvent())
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if refused(err) {
			if len(events) > 0 { // those before it first
				changes = changes[:i]
				break
			}
			return 1, w.bury(ctx, c, err)
		}
		if err != nil {
			return 0, err
		}
		events, at = append(events, e), append(at, i)
	}
	if len(events) == 0 {
		return len(changes), nil
	}
	attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	taken, err := w.sink.Deliver(attempt, events)
	if err == nil {
		return len(changes), nil
	}
	if taken >= len(events) {
		return len(changes), nil
	}
	failed := changes[at[taken]]
	if w.failing != failed.Number {
		w.failing, w.attempts = failed.Number, 0
	}
	if w.hopeless(failed, err) {
		return at[taken] + 1, w.bury(ctx, failed, err)
	}
	return at[taken], err
}

// hopeless reports whether an event is given up.
func (w *worker) hopeless(c exposure.LoggedChange, err error) bool {
	if refused(err) {
		return w.attempts+1 >= refusals
	}
	return w.attempts > 0 && w.d.cfg.Now().Sub(c.At) > w.d.cfg.GiveUp
}

func (w *worker) bury(ctx context.Context, c exposure.LoggedChange, reason error) error {
	l := Letter{
		Sink: w.sink.Name(), Number: c.Number, Event: ocsf.EventID(c.Finding, c.Number), Change: c,
		GivenUpAt: w.d.cfg.Now().UTC(), Attempts: w.attempts + 1, Reason: reason.Error(),
	}
	if err := w.d.keep(ctx, l); err != nil {
		return err
	}
	w.failing, w.attempts = 0, 0
	w.d.cfg.Log.LogAttrs(ctx, slog.LevelError, "event given up", slog.String("sink", l.Sink), slog.String("event", l.Event), slog.String("reason", l.Reason))
	return nil
}

// pause doubles with every attempt, with jitter, and heeds what the receiver asked for.
func (w *worker) pause(err error) time.Duration {
	wait := maxRetry
	if doublings := w.attempts - 1; doublings < 20 { // beyond, the longest wait is reached
		wait = min(w.d.cfg.Retry<<doublings, maxRetry)
	}
	wait = wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter
	return max(wait, retryAfter(err))
}

// hold makes sure that this process is the one that delivers to the sink. What it asks
// of the leases runs to its end, also when the process stops: a claim that was cut off
// may have been taken.
func (w *worker) hold(ctx context.Context) (bool, error) {
	if w.d.cfg.Leases == nil {
		return true, nil
	}
	now := w.d.cfg.Now()
	if w.heldUntil.Sub(now) > leaseTime/2 {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), attemptTimeout)
	defer cancel()
	until := now.Add(leaseTime)
	if w.heldUntil.After(now) {
		err := w.d.cfg.Leases.Renew(ctx, leaseKind, w.sink.Name(), w.d.cfg.Holder, until)
		if err == nil {
			w.heldUntil = until
			return true, nil
		}
		w.heldUntil = time.Time{}
		if !errors.Is(err, fault.ErrConflict) {
			return false, err
		}
	}
	held, err := w.d.cfg.Leases.Claim(ctx, leaseKind, w.sink.Name(), w.d.cfg.Holder, until)
	if err != nil {
		return false, fmt.Errorf("lease on sink %q: %w", w.sink.Name(), err)
	}
	if held {
		w.heldUntil = until
	}
	return held, nil
}

// release lets another server take the sink at once. It asks whatever is remembered:
// a lease whose renewal failed may be ours still.
func (w *worker) release(ctx context.Context) {
	if w.d.cfg.Leases == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	if err := w.d.cfg.Leases.Release(ctx, leaseKind, w.sink.Name(), w.d.cfg.Holder); err != nil {
		w.d.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "lease kept", slog.String("sink", w.sink.Name()), slog.String("error", err.Error()))
	}
}
