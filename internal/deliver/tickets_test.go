package deliver_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// desk opens tickets, one per token.
type desk struct {
	finding *exposure.Finding
	opened  []string
	err     error
}

func (d *desk) Finding(context.Context, string) (*exposure.Finding, error) { return d.finding, nil }

func (d *desk) Tickets(_ context.Context, f *exposure.Finding) ([]automation.Rule, error) {
	if f.Severity != exposure.High {
		return nil, nil
	}
	return []automation.Rule{{ID: "r", Action: automation.Action{Type: automation.OpenTicket, Connector: "arn"}}}, nil
}

func (d *desk) OpenTicket(_ context.Context, connector string, t automation.Ticket) (automation.Opened, error) {
	if slices.Contains(d.opened, t.Token) {
		return automation.Opened{ID: "1", Known: true}, nil
	}
	if d.err != nil {
		return automation.Opened{}, d.err
	}
	d.opened = append(d.opened, t.Token)
	return automation.Opened{ID: connector}, nil
}

func TestTicketsAreOpenedOncePerFinding(t *testing.T) {
	k := &desk{finding: &exposure.Finding{ID: "x", Severity: exposure.High, Activity: exposure.Create}, err: fault.ErrUnavailable}
	w := newWorld()
	w.cursors["tickets"] = 0
	s := &deliver.TicketSink{Rules: k, Findings: k, Connectors: k, Link: func(id string) string { return "https://eksposure.example/" + id }}
	w.change("x")
	w.change("x")
	d, stop := run(t, w.config(s))
	problem := func() string {
		statuses, err := d.Statuses(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return statuses[0].Problem
	}
	for problem() == "" {
		runtime.Gosched()
	}
	stop()
	k.err = nil
	after := newSink("after")
	w.cursors["after"] = 0
	d, stop = run(t, w.config(s, after))
	for w.placeOf("tickets") != 2 {
		runtime.Gosched()
	}
	k.finding.Reopened = 1
	w.change("x")
	for w.placeOf("tickets") != 3 {
		runtime.Gosched()
	}
	k.finding.Severity = exposure.Low
	w.change("x")
	for w.placeOf("tickets") != 4 {
		runtime.Gosched()
	}
	stop()
	if diff := cmp.Diff([]string{"arn x 0", "arn x 1"}, k.opened); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if problem() != "" || errors.Is(k.err, fault.ErrUnavailable) {
		t.Errorf("problem %q", problem())
	}
}
