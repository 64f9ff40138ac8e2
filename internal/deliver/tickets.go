package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// TicketSink opens the tickets that automation rules ask for: one per finding and
// connector, when a scan created, updated or reopened the finding.
type TicketSink struct {
	Rules      Rules
	Findings   Findings
	Connectors Connectors
	// Link gives where a finding can be read; nil leaves it out.
	Link func(id string) string
	Log  *slog.Logger
}

// Name is that of the sink.
func (s *TicketSink) Name() string { return "tickets" }

// Batch is how many changes are looked at at once.
func (s *TicketSink) Batch() int { return 1 }

// MaxEvent is large: of the event only the change is used.
func (s *TicketSink) MaxEvent() int { return maxStreamEvent }

// Deliver opens what the rules ask for.
func (s *TicketSink) Deliver(ctx context.Context, events []ocsf.Event) (int, error) {
	for i, e := range events {
		switch e.Detail.Change.Kind {
		case exposure.Created, exposure.Updated, exposure.Reopened:
		default:
			continue
		}
		if err := s.open(ctx, e); err != nil {
			return i, err
		}
	}
	return len(events), nil
}

func (s *TicketSink) open(ctx context.Context, e ocsf.Event) error {
	var about struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(e.Detail.Findings[0], &about); err != nil {
		return fmt.Errorf("event %q: %w", e.ID, err)
	}
	f, err := s.Findings.Finding(ctx, about.Metadata.UID)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if !f.Open() {
		return nil
	}
	rules, err := s.Rules.Tickets(ctx, f)
	if err != nil {
		return err
	}
	link := ""
	if s.Link != nil {
		link = s.Link(f.ID)
	}
	for _, r := range rules {
		token := fmt.Sprintf("%s %s %d", r.Action.Connector, f.ID, f.Reopened)
		opened, err := s.Connectors.OpenTicket(ctx, r.Action.Connector, automation.TicketFor(f, token, link))
		if err != nil {
			return fmt.Errorf("ticket of rule %q for finding %q: %w", r.ID, f.ID, err)
		}
		if !opened.Known && s.Log != nil {
			s.Log.LogAttrs(ctx, slog.LevelInfo, "ticket opened", slog.String("finding", f.ID), slog.String("rule", r.ID), slog.String("ticket", opened.ID))
		}
	}
	return nil
}
