package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

// streamBatch is how many changes a reader is given between two looks at the log.
const streamBatch = 100

// maxStreamEvent bounds an event of the stream; it is that of the other sinks.
const maxStreamEvent = 1_000_000

// Message is one event of the stream.
type Message struct {
	// Number resumes the stream after this event.
	Number int64
	ID     string
	Name   string
	// Data is the event's JSON.
	Data json.RawMessage
}

// Follow calls send for every change in the scope after a number, oldest first, and
// then for each new one, until the context ends or send fails. A number below 0
// begins with what changes from now on. Between changes it calls send with nil, so
// that a dead connection is noticed.
//
// A reader takes from the log at its own pace: a slow one holds nobody, and nothing
// is kept for it.
func (d *Deliverer) Follow(ctx context.Context, scope access.Scope, after int64, send func(*Message) error) error {
	if after < 0 {
		var err error
		if after, err = d.cfg.Changes.LastChange(ctx); err != nil {
			return err
		}
	}
	if err := send(nil); err != nil { // the stream is open
		return err
	}
	quiet := time.NewTimer(heartbeat)
	defer quiet.Stop()
	for {
		rung := d.bell.listen()
		changes, err := d.cfg.Changes.Changes(ctx, after, streamBatch)
		if err != nil {
			return err
		}
		for _, c := range changes {
			after = c.Number
			if !scope.Allows(c.Cluster) {
				continue
			}
			e, err := d.event(ctx, c, maxStreamEvent)
			if errors.Is(err, fault.ErrNotFound) || refused(err) {
				continue
			}
			if err != nil {
				return err
			}
			data, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("event %q: %w", e.ID, err)
			}
			if err := send(&Message{Number: c.Number, ID: e.ID, Name: e.DetailType, Data: data}); err != nil {
				return err
			}
			quiet.Reset(heartbeat)
		}
		if len(changes) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rung:
		case <-quiet.C:
			if err := send(nil); err != nil {
				return err
			}
			quiet.Reset(heartbeat)
		}
	}
}
