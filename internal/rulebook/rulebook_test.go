package rulebook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/rulebook"
	"github.com/eksposure/eksposure/internal/search"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// world holds rules and findings. Criteria compare the severity that is named first.
type world struct {
	rules    []automation.Rule
	findings []*exposure.Finding
	// again is a finding that the second page gives once more.
	again string
	gone  string
}

func wanted(c search.Filters) string { return c.CompositeFilters[0].StringFilters[0].Filter.Value }

func criteria(value string) search.Filters {
	return search.Filters{CompositeFilters: []search.Composite{{StringFilters: []search.StringFilter{{
		FieldName: "severity", Filter: search.StringIs{Value: value, Comparison: search.Equals},
	}}}}}
}

func (w *world) Objects(_ context.Context, kind string) ([][]byte, error) {
	if kind != automation.Kind {
		return nil, fmt.Errorf("kind %q", kind)
	}
	var list [][]byte
	for _, r := range w.rules {
		d, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// Search gives one finding per page.
func (w *world) Search(_ context.Context, r search.Request) (search.Page, error) {
	var ids []string
	for _, f := range w.findings {
		if f.ShownSeverity() == wanted(r.Filters) && r.Scope.Allows(f.Cluster.Ref) {
			ids = append(ids, f.ID)
		}
	}
	if w.again != "" {
		ids = append(ids, w.again)
	}
	i := slices.Index(ids, r.Token) + 1
	if r.Token == "last" || i >= len(ids) {
		return search.Page{}, nil
	}
	next := ids[i]
	if i == len(ids)-1 {
		next = "last"
	}
	return search.Page{Documents: [][]byte{fmt.Appendf(nil, `{"metadata":{"uid":%q}}`, ids[i])}, Next: next}, nil
}

func (w *world) SetOverride(_ context.Context, id string, set func(*exposure.Finding) (*exposure.Override, error)) error {
	if id == w.gone {
		return fault.ErrNotFound
	}
	for _, f := range w.findings {
		if f.ID == id {
			o, err := set(f)
			f.Override = o
			return err
		}
	}
	return fault.ErrNotFound
}

func finding(id, account string, s exposure.Severity, o *exposure.Override) *exposure.Finding {
	f := &exposure.Finding{ID: id, Severity: s, Activity: exposure.Create, Status: exposure.StatusNew, Override: o}
	f.Cluster.Ref.Account = account
	if o != nil {
		o.Facts = f.Facts()
	}
	return f
}

func suppress() automation.Rule {
	return automation.Rule{
		ID: "r", Order: 1, Status: automation.Enabled, Criteria: criteria("High"),
		Action: automation.Action{Type: automation.FieldsUpdate, Update: &automation.Update{StatusID: new(3)}},
	}
}

func document(f *exposure.Finding) ([]byte, error) {
	return json.Marshal(ocsf.Finding(f, ocsf.Options{}))
}

func newBook(w *world) *rulebook.Book {
	return rulebook.New(rulebook.Config{Objects: w, Document: document, Findings: w, Now: func() time.Time { return now }})
}

func TestStoredRulesLabelAFinding(t *testing.T) {
	ticket := suppress()
	ticket.ID, ticket.Action = "t", automation.Action{Type: automation.OpenTicket, Connector: "arn"}
	b := newBook(&world{rules: []automation.Rule{suppress(), ticket}})
	for severity, want := range map[exposure.Severity]string{exposure.High: "rule:r", exposure.Low: ""} {
		f := finding("f", "1", severity, &exposure.Override{Severity: "High", By: "rule:before"})
		o, err := b.Override(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if o == nil {
			o = &exposure.Override{}
		}
		if o.By != want {
			t.Errorf("%s: set by %q, want %q", severity, o.By, want)
		}
		tickets, err := b.Tickets(t.Context(), f)
		if err != nil || (len(tickets) == 1) != (want != "") {
			t.Errorf("%s: tickets %v, %v", severity, tickets, err)
		}
	}
}

func TestAPreviewChangesNothing(t *testing.T) {
	w := &world{findings: []*exposure.Finding{
		finding("a", "1", exposure.High, nil), finding("b", "1", exposure.Low, nil), finding("c", "1", exposure.High, nil), finding("d", "2", exposure.High, nil),
	}, again: "a"}
	p, err := newBook(w).Preview(t.Context(), criteria("High"), access.Scope{Accounts: []string{"1"}}, 1)
	if err != nil || p.Matches != 2 || len(p.Findings) != 1 {
		t.Errorf("%d matches, %d shown, %v", p.Matches, len(p.Findings), err)
	}
	for _, f := range w.findings {
		if f.Override != nil {
			t.Errorf("%s was labelled", f.ID)
		}
	}
}

func TestApplyToExisting(t *testing.T) {
	w := &world{findings: []*exposure.Finding{
		finding("a", "1", exposure.High, nil),
		finding("b", "1", exposure.High, &exposure.Override{Comment: "mine", By: "AKIB"}),
		finding("c", "2", exposure.High, nil), // outside the scope
		finding("d", "1", exposure.High, &exposure.Override{Status: exposure.StatusArchived, By: "rule:x"}),
		finding("e", "1", exposure.High, nil),
	}, gone: "e"}
	b := newBook(w)
	by := access.Principal{ID: "AKIA", Role: access.Operator, Scope: access.Scope{Accounts: []string{"1"}}}
	got, err := b.ApplyToExisting(t.Context(), suppress(), by)
	if diff := cmp.Diff(rulebook.Applied{Matches: 4, Set: 2, Kept: 1}, got); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	var shown []string
	for _, f := range w.findings {
		by := ""
		if f.Override != nil {
			by = f.Override.By
		}
		shown = append(shown, f.ID+" "+string(f.ShownStatus())+" "+by)
	}
	want := []string{"a Suppressed AKIA", "b New AKIB", "c New ", "d Suppressed AKIA", "e New "}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := b.ApplyToExisting(t.Context(), suppress(), by)
	if diff := cmp.Diff(rulebook.Applied{Matches: 4, Kept: 3}, again); err != nil || diff != "" {
		t.Errorf("the second time: %v (-want +got):\n%s", err, diff)
	}
	ticket := suppress()
	ticket.Action = automation.Action{Type: automation.OpenTicket, Connector: "arn"}
	if _, err := b.ApplyToExisting(t.Context(), ticket, by); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("a rule that opens tickets: %v", err)
	}
}
