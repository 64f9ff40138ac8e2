package deliver

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// Sinks names the sinks that changes are offered to.
func (d *Deliverer) Sinks() []string {
	names := make([]string, len(d.cfg.Sinks))
	for i, s := range d.cfg.Sinks {
		names[i] = s.Name()
	}
	return names
}

// Status is how a sink is doing. Problems are those of this process; where another
// server delivers, it knows of none.
type Status struct {
	Sink string `json:"sink"`
	// Delivered is the number of the last change that the sink has.
	Delivered int64 `json:"delivered"`
	// Waiting is how many numbers of the change log lie before it.
	Waiting int64 `json:"waiting"`
	// Events counts the changes that this process is done with.
	Events int64 `json:"events"`
	// Problem is why the sink is not getting on; empty when it is.
	Problem string    `json:"problem,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// Attempts counts the tries so far, NextTry is when the next one is due.
	Attempts int       `json:"attempts,omitempty"`
	NextTry  time.Time `json:"next_try,omitzero"`
	// DeadLetters counts the events that were given up.
	DeadLetters int `json:"dead_letters,omitempty"`
}

// Statuses tells how every sink is doing, in order of their names.
func (d *Deliverer) Statuses(ctx context.Context) ([]Status, error) {
	last, err := d.cfg.Changes.LastChange(ctx)
	if err != nil {
		return nil, err
	}
	letters, err := d.Letters(ctx)
	if err != nil {
		return nil, err
	}
	list := d.copies()
	for i := range list {
		s := &list[i]
		// Another server may be the one that delivers, so the database tells how far it is.
		s.Delivered, err = d.cfg.Cursors.Cursor(ctx, s.Sink)
		if errors.Is(err, fault.ErrNotFound) {
			s.Delivered, err = last, nil
		}
		if err != nil {
			return nil, err
		}
		s.Waiting = max(0, last-s.Delivered)
		for _, l := range letters {
			if l.Sink == s.Sink {
				s.DeadLetters++
			}
		}
	}
	return list, nil
}

// copies gives what the workers have noted, in order of the sinks' names.
func (d *Deliverer) copies() []Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Status, 0, len(d.status))
	for _, s := range d.status {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Status) int { return cmp.Compare(a.Sink, b.Sink) })
	return list
}

func (w *worker) update(change func(s *Status)) {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	change(w.d.status[w.sink.Name()])
}

// fine notes that the sink is getting on.
func (w *worker) fine(events int) {
	w.failing, w.attempts = 0, 0
	w.update(func(s *Status) {
		s.Problem, s.Since, s.Attempts, s.NextTry = "", time.Time{}, 0, time.Time{}
		s.Events += int64(events)
	})
}

// trouble notes why it is not, and says so once.
func (w *worker) trouble(ctx context.Context, err error, pause time.Duration) {
	now := w.d.cfg.Now().UTC()
	first := false
	w.update(func(s *Status) {
		first = s.Problem == ""
		if first {
			s.Since = now
		}
		s.Problem, s.Attempts, s.NextTry = fault.Message(err), w.attempts, now.Add(pause)
	})
	if first {
		w.d.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "events wait", slog.String("sink", w.sink.Name()), slog.String("error", err.Error()))
	}
}
