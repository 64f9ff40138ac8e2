package native

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/rulebook"
	"github.com/eksposure/eksposure/internal/search"
)

func (s *service) ruleOperations() []operation {
	return []operation{
		{
			name: "PreviewAutomationRule", method: http.MethodPost, path: "/automation-rules/preview", action: access.Read, group: "automation",
			summary:     "Find which findings a rule's criteria meet now. Changes nothing.",
			description: "The criteria are what CreateAutomationRuleV2 has within Criteria.OcsfFindingCriteria, such as {\"CompositeFilters\": […]}; at least one composite filter. Unlike a rule that runs in a scan, a preview sees what people and rules have set.",
			body:        PreviewRequest{}, answer: Preview{}, handle: s.previewRule,
		},
		{
			name: "ApplyAutomationRule", method: http.MethodPost, path: "/automation-rules/{id}/apply", action: access.Operate, group: "automation",
			summary:     "Do what a stored rule says to the findings that meet it now.",
			description: "Within your scope, and as you: what is set counts as set by hand. Findings that somebody else labelled stay as they are.",
			params:      []param{{name: "id", inPath: true, doc: "ID of the rule.", shape: `^[0-9A-Za-z-]{1,64}$`}}, answer: rulebook.Applied{}, handle: s.applyRule,
		},
	}
}

// maxShown bounds the documents of a preview.
const maxShown = 100

// PreviewRequest has the criteria to try out.
type PreviewRequest struct {
	Criteria search.Filters `json:"criteria" doc:"What CreateAutomationRuleV2 has within Criteria.OcsfFindingCriteria; at least one of CompositeFilters."`
	Shown    int            `json:"shown,omitempty" doc:"How many of the findings to give, at most 100; 20 when left out."`
}

// Preview is what criteria meet.
type Preview struct {
	Matches  int               `json:"matches" doc:"Findings that meet the criteria now."`
	Findings []json.RawMessage `json:"findings" doc:"OCSF documents of the first of them."`
}

func (s *service) previewRule(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*PreviewRequest)
	if body.Shown < 0 || body.Shown > maxShown {
		return nil, fmt.Errorf("shown is %d: want 1 to %d: %w", body.Shown, maxShown, fault.ErrInvalid)
	}
	if len(body.Criteria.CompositeFilters) == 0 {
		return nil, fmt.Errorf("criteria has no CompositeFilters: a rule that matches every finding says so with a filter that does: %w", fault.ErrInvalid)
	}
	found, err := s.cfg.Rules.Preview(ctx, body.Criteria, q.caller.Scope, body.Shown)
	if err != nil {
		return nil, err
	}
	p := Preview{Matches: found.Matches, Findings: []json.RawMessage{}}
	for _, d := range found.Findings {
		p.Findings = append(p.Findings, d)
	}
	return p, nil
}

func (s *service) applyRule(ctx context.Context, q *request) (any, error) {
	rules, err := s.cfg.Rules.Rules(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(rules, func(r automation.Rule) bool { return r.ID == q.text("id") })
	if i < 0 {
		return nil, fmt.Errorf("no automation rule with ID %q: %w", q.text("id"), fault.ErrNotFound)
	}
	done, err := s.cfg.Rules.ApplyToExisting(ctx, rules[i], q.caller.Principal)
	if err != nil {
		return nil, err
	}
	return done, q.caller.Note(q.text("id"), nil, done)
}
