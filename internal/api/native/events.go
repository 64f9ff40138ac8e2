package native

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/fault"
)

// mediaEvents is the media type of server-sent events.
const mediaEvents = "text/event-stream"

// eventTimeout ends a stream whose reader does not take an event.
const eventTimeout = 30 * time.Second

func (s *service) eventOperations() []operation {
	return []operation{{
		name: "FollowEvents", method: http.MethodGet, path: "/events", action: access.Read, group: "events",
		summary: "Follow the changes of findings as server-sent events.",
		description: "Each event is a `Findings Imported V2` event with one finding. Its ID is the number of the change: a client that comes back with Last-Event-ID (or `after`) gets what it missed. " +
			"Without either, the stream begins with what changes from now on. A comment is sent every few seconds, so that a dead connection is noticed; a reader that is too slow is dropped and may come back.",
		params:   []param{{name: "after", doc: "Number of the last change that was seen; 0 begins with the oldest that is kept.", shape: `^[0-9]{1,18}$`}},
		stream:   s.follow,
		answered: mediaEvents,
	}}
}

// lastSeen is where the stream begins; -1 is now. The header, which browsers send
// when they come back, goes before the parameter of the first request.
func lastSeen(q *request) (int64, error) {
	for _, text := range []string{q.http.Header.Get("Last-Event-ID"), q.text("after")} {
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("last event ID %q is no event's of this stream: %w", bound(text), fault.ErrInvalid)
		}
		return n, nil
	}
	return -1, nil
}

func (s *service) follow(w http.ResponseWriter, q *request) error {
	after, err := lastSeen(q)
	if err != nil {
		return err
	}
	control := http.NewResponseController(w)
	begun := false
	begin := func() {
		h := w.Header()
		h.Set("Content-Type", mediaEvents)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // nginx would hold events back
		w.WriteHeader(http.StatusOK)
		begun = true
	}
	err = s.cfg.Events.Follow(q.http.Context(), q.caller.Scope, after, func(e *deliver.Message) error {
		if !begun {
			begin()
		}
		if err := control.SetWriteDeadline(s.cfg.Now().Add(eventTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := w.Write(frame(e)); err != nil {
			return err
		}
		return control.Flush()
	})
	if begun || q.http.Context().Err() != nil {
		return nil //nolint:nilerr // the stream has begun, and ends as streams do
	}
	return err
}

// frame writes an event as the HTML standard says (9.2, "Server-sent events"); no
// event is a comment.
func frame(e *deliver.Message) []byte {
	if e == nil {
		return []byte(": alive\n\n")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "id: %d\nevent: %s\n", e.Number, e.Name)
	for line := range bytes.Lines(e.Data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}
