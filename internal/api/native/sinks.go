package native

import (
	"context"
	"net/http"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/deliver"
)

// Sinks tells where events go, and what did not get there; *deliver.Deliverer is one.
type Sinks interface {
	Statuses(ctx context.Context) ([]deliver.Status, error)
	Letters(ctx context.Context) ([]deliver.Letter, error)
	Resend(ctx context.Context, sink string, number int64) error
	Drop(ctx context.Context, sink string, number int64) error
}

func (s *service) sinkOperations() []operation {
	letter := []param{
		{name: "number", inPath: true, doc: "Number of the change that the event tells of.", shape: `^[0-9]{1,18}$`},
		{name: "sink", doc: "Name of the sink.", shape: `^.{1,400}$`},
	}
	return []operation{
		{
			name: "ListSinks", method: http.MethodGet, path: "/sinks", action: access.Administer, group: "events",
			summary: "Tell how every sink of events is doing.", answer: SinkList{}, handle: s.listSinks,
		},
		{
			name: "ListDeadLetters", method: http.MethodGet, path: "/dead-letters", action: access.Administer, group: "events",
			summary: "List the events that were given up, the newest first.", answer: LetterList{}, handle: s.listLetters,
		},
		{
			name: "ResendDeadLetter", method: http.MethodPost, path: "/dead-letters/{number}/resend", action: access.Administer, group: "events",
			summary:     "Offer an event that was given up once more, with the finding as it is now.",
			description: "When the sink takes it, it is a dead letter no more.",
			params:      letter, handle: s.resendLetter,
		},
		{
			name: "DropDeadLetter", method: http.MethodDelete, path: "/dead-letters/{number}", action: access.Administer, group: "events",
			summary: "Forget an event that was given up.", params: letter, handle: s.dropLetter,
		},
	}
}

// SinkList has the sinks.
type SinkList struct {
	Sinks []deliver.Status `json:"sinks" doc:"Sinks in order of their names."`
}

// LetterList has the dead letters.
type LetterList struct {
	Letters []deliver.Letter `json:"dead_letters" doc:"Events that were given up; at most 1,000 are kept."`
}

func (s *service) listSinks(ctx context.Context, _ *request) (any, error) {
	list, err := s.cfg.Sinks.Statuses(ctx)
	return SinkList{list}, err
}

func (s *service) listLetters(ctx context.Context, _ *request) (any, error) {
	list, err := s.cfg.Sinks.Letters(ctx)
	return LetterList{list}, err
}

func (s *service) resendLetter(ctx context.Context, q *request) (any, error) {
	if err := q.caller.Note(q.text("sink")+" "+q.text("number"), nil, nil); err != nil {
		return nil, err
	}
	return nil, s.cfg.Sinks.Resend(ctx, q.text("sink"), int64(q.number("number", 0)))
}

func (s *service) dropLetter(ctx context.Context, q *request) (any, error) {
	if err := q.caller.Note(q.text("sink")+" "+q.text("number"), nil, nil); err != nil {
		return nil, err
	}
	return nil, s.cfg.Sinks.Drop(ctx, q.text("sink"), int64(q.number("number", 0)))
}
