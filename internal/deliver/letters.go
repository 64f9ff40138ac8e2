package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

const (
	// letterKind is the kind of dead letters in the store.
	letterKind = "dead-letter"
	// maxLetters bounds the dead letters of all sinks; the oldest make room.
	maxLetters = 1000
	// maxLetterReason bounds the reason that is kept.
	maxLetterReason = 1000
)

// Letter is an event that a sink did not get.
type Letter struct {
	Sink      string                `json:"sink"`
	Number    int64                 `json:"number"`
	Event     string                `json:"event"`
	Change    exposure.LoggedChange `json:"change"`
	GivenUpAt time.Time             `json:"given_up_at"`
	Attempts  int                   `json:"attempts"`
	Reason    string                `json:"reason"`
}

// id orders letters by their number.
func (l Letter) id() string { return letterID(l.Sink, l.Number) }

func letterID(sink string, number int64) string { return fmt.Sprintf("%019d %s", number, sink) }

// keep stores a letter, and makes room for it.
func (d *Deliverer) keep(ctx context.Context, l Letter) error {
	if len(l.Reason) > maxLetterReason {
		l.Reason = l.Reason[:maxLetterReason] + "…"
	}
	document, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("dead letter %q: %w", l.Event, err)
	}
	if err := d.cfg.Objects.PutObject(ctx, letterKind, l.id(), document); err != nil {
		return fmt.Errorf("dead letter %q: %w", l.Event, err)
	}
	all, err := d.Letters(ctx)
	if err != nil {
		return err
	}
	for len(all) > maxLetters {
		oldest := all[len(all)-1]
		if err := d.Drop(ctx, oldest.Sink, oldest.Number); err != nil {
			return err
		}
		all = all[:len(all)-1]
	}
	return nil
}

// Letters lists the dead letters of all sinks, the newest first.
func (d *Deliverer) Letters(ctx context.Context) ([]Letter, error) {
	documents, err := d.cfg.Objects.Objects(ctx, letterKind)
	if err != nil {
		return nil, fmt.Errorf("dead letters: %w", err)
	}
	list := make([]Letter, 0, len(documents))
	for _, document := range slices.Backward(documents) {
		var l Letter
		if err := json.Unmarshal(document, &l); err != nil {
			return nil, fmt.Errorf("stored dead letter: %w", err)
		}
		list = append(list, l)
	}
	return list, nil
}

// Resend offers a dead letter once more, with the finding as it is now, and drops
// it when the sink took it.
func (d *Deliverer) Resend(ctx context.Context, sink string, number int64) error {
	document, err := d.cfg.Objects.Object(ctx, letterKind, letterID(sink, number))
	if err != nil {
		return aboutLetter(sink, number, err)
	}
	var l Letter
	if err := json.Unmarshal(document, &l); err != nil {
		return fmt.Errorf("stored dead letter: %w", err)
	}
	i := slices.IndexFunc(d.cfg.Sinks, func(s Sink) bool { return s.Name() == sink })
	if i < 0 {
		return fmt.Errorf("the settings name no sink %q: %w", sink, fault.ErrNotFound)
	}
	e, err := d.event(ctx, l.Change, d.cfg.Sinks[i].MaxEvent())
	if err != nil {
		return err
	}
	if _, err := d.cfg.Sinks[i].Deliver(ctx, []ocsf.Event{e}); err != nil {
		return err
	}
	return d.Drop(ctx, sink, number)
}

// Drop forgets a dead letter.
func (d *Deliverer) Drop(ctx context.Context, sink string, number int64) error {
	if err := d.cfg.Objects.DeleteObject(ctx, letterKind, letterID(sink, number)); err != nil {
		return aboutLetter(sink, number, err)
	}
	return nil
}

// aboutLetter names the letter in an error of the database.
func aboutLetter(sink string, number int64, err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("sink %q has no dead letter %d: %w", sink, number, fault.ErrNotFound)
	}
	return fmt.Errorf("dead letter %d of sink %q: %w", number, sink, err)
}
