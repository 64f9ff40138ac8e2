// Package rulebook runs the automation rules: on what a scan changed, on what is
// there already when a person asks for it, and in a preview that changes nothing.
//
// What a rule is and what it decides is in package automation.
package rulebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// DefaultShown is how many matches a preview names when it is not told.
const DefaultShown = 20

// Config joins a Book with its parts.
type Config struct {
	Objects Objects
	// Document writes a finding as the OCSF document that criteria are about.
	Document func(*exposure.Finding) ([]byte, error)
	// Findings may be nil where only scans run the rules.
	Findings Findings
	Now      func() time.Time
}

// Book runs the rules that are stored.
type Book struct{ cfg Config }

// New makes a Book.
func New(cfg Config) *Book { return &Book{cfg} }

// Rules gives all stored rules, in the order of their IDs.
func (b *Book) Rules(ctx context.Context) ([]automation.Rule, error) {
	documents, err := b.cfg.Objects.Objects(ctx, automation.Kind)
	if err != nil {
		return nil, fmt.Errorf("automation rules: %w", err)
	}
	return automation.Parse(documents)
}

// Override gives the override that the rules leave on a finding.
func (b *Book) Override(ctx context.Context, f *exposure.Finding) (*exposure.Override, error) {
	rules, err := b.Rules(ctx)
	if err != nil {
		return nil, err
	}
	now := b.cfg.Now()
	match, err := b.judge(f, now)
	if err != nil {
		return nil, err
	}
	return automation.Apply(rules, match, f, now), nil
}

// Tickets gives the rules that ask for a ticket for a finding.
func (b *Book) Tickets(ctx context.Context, f *exposure.Finding) ([]automation.Rule, error) {
	rules, err := b.Rules(ctx)
	if err != nil {
		return nil, err
	}
	match, err := b.judge(f, b.cfg.Now())
	if err != nil {
		return nil, err
	}
	return automation.Tickets(rules, match), nil
}

// judge evaluates criteria on a finding as a scan left it.
func (b *Book) judge(f *exposure.Finding, now time.Time) (automation.Match, error) {
	scanned := *f
	scanned.Override = nil
	document, err := b.cfg.Document(&scanned)
	if err != nil {
		return nil, fmt.Errorf("finding %q: %w", f.ID, err)
	}
	decoded, err := search.Decode(document)
	if err != nil {
		return nil, fmt.Errorf("finding %q: %w", f.ID, err)
	}
	return func(criteria search.Filters) bool { return criteria.Match(search.FindingSchema(), decoded, now) }, nil
}

// Preview is what a rule would meet.
type Preview struct {
	// Matches counts the findings that meet the criteria as they are shown now;
	// Findings are the OCSF documents of the first of them.
	Matches  int
	Findings [][]byte
}

// Preview finds what meets a rule's criteria among the findings of a scope, and
// changes nothing. Unlike a rule that runs, it sees what people and rules have set.
func (b *Book) Preview(ctx context.Context, criteria search.Filters, scope access.Scope, shown int) (Preview, error) {
	if shown == 0 {
		shown = DefaultShown
	}
	p := Preview{Findings: [][]byte{}}
	err := b.each(ctx, criteria, scope, func(document []byte) error {
		p.Matches++
		if len(p.Findings) < shown {
			p.Findings = append(p.Findings, document)
		}
		return nil
	})
	return p, err
}

// Applied is what applying a rule to existing findings did.
type Applied struct {
	// Matches counts the findings that meet the criteria.
	Matches int `json:"matches"`
	// Set counts those that were labelled.
	Set int `json:"set"`
	// Kept counts those that a person had labelled, or that were labelled so already.
	Kept int `json:"kept"`
}

// ApplyToExisting does what a rule says to the findings of the caller's scope that
// meet its criteria now. The caller answers for it: what is set counts as set by
// hand. A rule that opens tickets has nothing to do here.
func (b *Book) ApplyToExisting(ctx context.Context, r automation.Rule, by access.Principal) (Applied, error) {
	var a Applied
	if r.Action.Type != automation.FieldsUpdate {
		return a, fmt.Errorf("automation rule %q opens tickets, which is done once per finding when it changes; only rules that update fields can be applied to existing findings: %w", r.ID, fault.ErrInvalid)
	}
	// All matches are known before the first is labelled: a label may change what matches.
	var ids []string
	err := b.each(ctx, r.Criteria, by.Scope, func(document []byte) error {
		id, err := uid(document)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return a, err
	}
	a.Matches = len(ids)
	for _, id := range ids {
		set := false
		err := b.cfg.Findings.SetOverride(ctx, id, func(f *exposure.Finding) (*exposure.Override, error) {
			o := r.Set(f, by.ID, b.cfg.Now())
			if o == nil {
				return f.Override, nil
			}
			set = true
			return o, nil
		})
		if errors.Is(err, fault.ErrNotFound) { // it went away since
			continue
		}
		if err != nil {
			return a, fmt.Errorf("apply automation rule %q to finding %q: %w", r.ID, id, err)
		}
		if !set {
			a.Kept++
			continue
		}
		a.Set++
	}
	return a, nil
}

// each walks the documents that meet the criteria, every one once.
func (b *Book) each(ctx context.Context, criteria search.Filters, scope access.Scope, visit func(document []byte) error) error {
	request := search.Request{
		Filters: criteria, Scope: scope, Limit: search.MaxPage, Now: b.cfg.Now(),
		Sort: []search.Sort{{Field: "metadata.uid", Order: search.Ascending}},
	}
	seen := map[string]bool{}
	for {
		page, err := b.cfg.Findings.Search(ctx, request)
		if err != nil {
			return err
		}
		for _, d := range page.Documents {
			id, err := uid(d)
			if err != nil {
				return err
			}
			if seen[id] { // a finding that changes during the walk may come again
				continue
			}
			seen[id] = true
			if err := visit(d); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		request.Token = page.Next
	}
}

// uid is metadata.uid of an OCSF document.
func uid(document []byte) (string, error) {
	var d struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return "", fmt.Errorf("stored finding: %w", err)
	}
	return d.Metadata.UID, nil
}
