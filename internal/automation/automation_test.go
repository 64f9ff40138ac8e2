package automation_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func criteria(value string) search.Filters {
	return search.Filters{CompositeFilters: []search.Composite{{StringFilters: []search.StringFilter{{
		FieldName: "severity", Filter: search.StringIs{Value: value, Comparison: search.Equals},
	}}}}}
}

// rule is a valid one that sets a status.
func rule(id string, order float64, update automation.Update) automation.Rule {
	return automation.Rule{
		ID: id, Name: "name", Description: "description", Order: order, Status: automation.Enabled, Criteria: criteria("High"),
		Action: automation.Action{Type: automation.FieldsUpdate, Update: &update}, UpdatedAt: now,
	}
}

func high(c search.Filters) bool {
	return c.CompositeFilters[0].StringFilters[0].Filter.Value == "High"
}

func finding() *exposure.Finding {
	return &exposure.Finding{ID: "f", Severity: exposure.High, Status: exposure.StatusNew, Activity: exposure.Create}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*automation.Rule)
		valid bool
	}{
		{"as it should be", func(*automation.Rule) {}, true},
		{"no name", func(r *automation.Rule) { r.Name = "" }, false},
		{"blank name", func(r *automation.Rule) { r.Name = "  " }, false},
		{"longest name", func(r *automation.Rule) { r.Name = strings.Repeat("ü", automation.MaxName) }, true},
		{"name too long", func(r *automation.Rule) { r.Name = strings.Repeat("ü", automation.MaxName+1) }, false},
		{"no description", func(r *automation.Rule) { r.Description = "" }, false},
		{"least order", func(r *automation.Rule) { r.Order = 1 }, true},
		{"order below", func(r *automation.Rule) { r.Order = 0.9 }, false},
		{"order above", func(r *automation.Rule) { r.Order = 1000.5 }, false},
		{"order is no number", func(r *automation.Rule) { r.Order = math.NaN() }, false},
		{"status", func(r *automation.Rule) { r.Status = "ON" }, false},
		{"criteria on no field", func(r *automation.Rule) { r.Criteria.CompositeFilters[0].StringFilters[0].FieldName = "color" }, false},
		{"no criteria", func(r *automation.Rule) { r.Criteria = search.Filters{} }, false},
		{"sets nothing", func(r *automation.Rule) { r.Action.Update = &automation.Update{} }, false},
		{"no update", func(r *automation.Rule) { r.Action.Update = nil }, false},
		{"severity", func(r *automation.Rule) { r.Action.Update.SeverityID = new(7) }, false},
		{"status id", func(r *automation.Rule) { r.Action.Update.StatusID = new(6) }, false},
		{"comment too long", func(r *automation.Rule) { r.Action.Update.Comment = strings.Repeat("x", 513) }, false},
		{"update with connector", func(r *automation.Rule) { r.Action.Connector = "arn" }, false},
		{"ticket", func(r *automation.Rule) {
			r.Action = automation.Action{Type: automation.OpenTicket, Connector: "arn"}
		}, true},
		{"ticket without connector", func(r *automation.Rule) { r.Action = automation.Action{Type: automation.OpenTicket} }, false},
		{"ticket with update", func(r *automation.Rule) { r.Action.Type, r.Action.Connector = automation.OpenTicket, "arn" }, false},
		{"no type", func(r *automation.Rule) { r.Action.Type = "" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rule("r", 5, automation.Update{StatusID: new(3)})
			tt.spoil(&r)
			err := r.Validate()
			if tt.valid && err != nil || !tt.valid && !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("valid %v: %v", tt.valid, err)
			}
		})
	}
}

func TestApply(t *testing.T) {
	suppress := rule("suppress", 5, automation.Update{StatusID: new(3), Comment: "known"})
	progress := rule("progress", 7, automation.Update{StatusID: new(2)})
	critical := rule("critical", 5, automation.Update{SeverityID: new(5)})
	older := suppress
	older.ID, older.UpdatedAt, older.Action.Update = "older", now.Add(-time.Hour), &automation.Update{StatusID: new(5)}
	off := progress
	off.Status = automation.Disabled
	other := progress
	other.Criteria = criteria("Low")
	person := &exposure.Override{Comment: "mine", By: "AKIA", Facts: finding().Facts()}
	byRule := &exposure.Override{Status: exposure.StatusArchived, By: "rule:gone", Facts: finding().Facts()}
	outdated := &exposure.Override{Comment: "mine", By: "AKIA", Facts: "others"}
	facts := finding().Facts()
	tests := []struct {
		name  string
		rules []automation.Rule
		set   *exposure.Override
		want  *exposure.Override
	}{
		{"no rule", nil, nil, nil},
		{
			"one",
			[]automation.Rule{suppress},
			nil,
			&exposure.Override{Status: exposure.StatusSuppressed, Comment: "known", By: "rule:suppress", At: now, Facts: facts},
		},
		{
			"the highest order wins the field that both set",
			[]automation.Rule{progress, suppress},
			nil,
			&exposure.Override{Status: exposure.StatusInProgress, Comment: "known", By: "rule:progress", At: now, Facts: facts},
		},
		{
			"of two of one order, the last edited wins",
			[]automation.Rule{suppress, older},
			nil,
			&exposure.Override{Status: exposure.StatusSuppressed, Comment: "known", By: "rule:suppress", At: now, Facts: facts},
		},
		{"rules match what the scan said, not what an earlier rule set", []automation.Rule{critical, progress}, nil, &exposure.Override{
			Severity: "Critical", Status: exposure.StatusInProgress, By: "rule:progress", At: now, Facts: facts,
		}},
		{"disabled, or about something else", []automation.Rule{off, other}, nil, nil},
		{"a person's word stays", []automation.Rule{suppress}, person, person},
		{"a person's word about other facts does not", []automation.Rule{progress}, outdated, &exposure.Override{
			Status: exposure.StatusInProgress, By: "rule:progress", At: now, Facts: facts,
		}},
		{"what a rule set is decided anew", nil, byRule, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := finding()
			f.Override = tt.set
			if diff := cmp.Diff(tt.want, automation.Apply(tt.rules, high, f, now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSet(t *testing.T) {
	facts := finding().Facts()
	suppress := rule("r", 5, automation.Update{StatusID: new(3)})
	tests := []struct {
		name string
		set  *exposure.Override
		want *exposure.Override
	}{
		{"nothing set", nil, &exposure.Override{Status: exposure.StatusSuppressed, By: "AKIA", At: now, Facts: facts}},
		{
			"a rule's other fields stay", &exposure.Override{Comment: "c", By: "rule:x", Facts: facts},
			&exposure.Override{Status: exposure.StatusSuppressed, Comment: "c", By: "AKIA", At: now, Facts: facts},
		},
		{"so already", &exposure.Override{Status: exposure.StatusSuppressed, By: "rule:x", Facts: facts}, nil},
		{"a person's word", &exposure.Override{Comment: "c", By: "AKIB", Facts: facts}, nil},
		{
			"a person's word about other facts", &exposure.Override{Comment: "c", By: "AKIB", Facts: "others"},
			&exposure.Override{Status: exposure.StatusSuppressed, By: "AKIA", At: now, Facts: facts},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := finding()
			f.Override = tt.set
			if diff := cmp.Diff(tt.want, suppress.Set(f, "AKIA", now)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTickets(t *testing.T) {
	ask := func(id string, order float64, value string) automation.Rule {
		r := rule(id, order, automation.Update{})
		r.Criteria, r.Action = criteria(value), automation.Action{Type: automation.OpenTicket, Connector: "arn"}
		return r
	}
	got := automation.Tickets([]automation.Rule{
		ask("b", 9, "High"), rule("x", 1, automation.Update{StatusID: new(3)}), ask("c", 3, "Low"), ask("a", 2, "High"),
	}, high)
	if len(got) != 2 || got[0].ID != "a" || got[1].ID != "b" {
		t.Errorf("got %v", got)
	}
}

func TestARuleIsReadBackAsItWasStored(t *testing.T) {
	want := []automation.Rule{rule("r", 1.5, automation.Update{SeverityID: new(0), Comment: "c"})}
	document, err := json.Marshal(want[0])
	if err != nil {
		t.Fatal(err)
	}
	got, err := automation.Parse([][]byte{document})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestATicketTellsWhatToDo(t *testing.T) {
	f := finding()
	f.Title, f.Topics = "Potential Remote Execution", []exposure.TopicState{{Title: "Close the endpoint", Resolves: true}}
	got := automation.TicketFor(f, "token", "https://eksposure.example/findings/f")
	for _, part := range []string{"High", "1. Close the endpoint (resolves the finding)", "https://eksposure.example/findings/f"} {
		if !strings.Contains(got.Text, part) {
			t.Errorf("%q is not in:\n%s", part, got.Text)
		}
	}
	if got.Token != "token" || got.Title != f.Title {
		t.Errorf("got %+v", got)
	}
}

func TestADeskIsComplete(t *testing.T) {
	for _, tt := range []struct {
		desk  automation.Desk
		valid bool
	}{
		{automation.Desk{Provider: automation.JiraCloud, ProjectKey: "SEC"}, true},
		{automation.Desk{Provider: automation.JiraCloud}, false},
		{automation.Desk{Provider: automation.ServiceNow, Instance: "dev1", Secret: "s"}, true},
		{automation.Desk{Provider: automation.ServiceNow, Instance: "dev1"}, false},
		{automation.Desk{Provider: "AZURE"}, false},
	} {
		if err := tt.desk.Validate(); (err == nil) != tt.valid || err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%+v: %v", tt.desk, err)
		}
	}
}
