package native

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// findingShape is a finding's ID.
const findingShape = `^[0-9a-f]{64}$`

func ofFinding(more ...param) []param {
	return append([]param{{name: "id", inPath: true, doc: "ID of the finding (metadata.uid in the OCSF document).", shape: findingShape}}, more...)
}

func (s *service) findingOperations() []operation {
	return []operation{
		{
			name: "GetFinding", method: http.MethodGet, path: "/findings/{id}", action: access.Read, group: "findings",
			summary: "Get a finding in full: arithmetic, evidence with the values that were compared, attack path, topics and fix sets.",
			params:  ofFinding(), answer: exposure.Finding{},
			handle: func(ctx context.Context, q *request) (any, error) { return s.finding(ctx, q) },
		},
		{
			name: "GetFindingHistory", method: http.MethodGet, path: "/findings/{id}/history", action: access.Read, group: "findings",
			summary: "Get every change of a finding, oldest first.", params: ofFinding(), answer: History{}, handle: s.history,
		},
		{
			name: "GetFindingSeverity", method: http.MethodGet, path: "/findings/{id}/severity", action: access.Read, group: "findings",
			summary: "Get the arithmetic of a finding's severity.", params: ofFinding(), answer: SeverityAnswer{}, handle: s.severity,
		},
		{
			name: "ProjectFinding", method: http.MethodPost, path: "/findings/{id}/projection", action: access.Read, group: "findings",
			summary:     "Compute the severity that would be left after some topics were fixed.",
			description: "Changes nothing. The topics are those of the finding; each counts as fixed in full.",
			params:      ofFinding(), body: ProjectionRequest{}, answer: Projection{}, handle: s.project,
		},
		{
			name: "GetFixSet", method: http.MethodGet, path: "/findings/{id}/fix-set", action: access.Read, group: "findings",
			summary:     "Get the fewest topics that bring a finding to a severity.",
			description: "The answer is exact: every subset is tried. Of equally small sets it is the one of least effort. It is empty when the finding is there already.",
			params:      ofFinding(param{name: "wish", doc: "Severity to reach, or below.", words: wishes(), repeated: false}),
			answer:      FixSetAnswer{}, handle: s.fixSet,
		},
		{
			name: "GetFleetFixSet", method: http.MethodGet, path: "/fix-set", action: access.Read, group: "findings",
			summary: "Get a short list of topics that, fixed everywhere, bring all findings to a severity.",
			description: "For each finding alone the smallest set is exact; over the fleet the list is greedy: the topic that brings most findings to the wish comes first, then the next for those that are left. " +
				"A shorter list may exist. Every open finding in the caller's scope is looked at.",
			params: []param{
				{name: "wish", doc: "Severity to reach, or below.", words: wishes()},
				{name: "severity", doc: "Only findings of this severity now.", repeated: true, words: []string{"critical", "high", "medium", "low"}},
				{name: "account", doc: "Only this account.", repeated: true, shape: accountShape},
				{name: "region", doc: "Only this region.", repeated: true, shape: regionShape},
			},
			answer: exposure.FleetFixSet{}, handle: s.fleetFixSet,
		},
	}
}

// wishes are the severities that can be wished for.
func wishes() []string { return []string{"high", "medium", "low", "resolved"} }

// wish reads the parameter; Medium when it is left out.
func wish(q *request) exposure.Severity { return wished(q.text("wish")) }

func wished(name string) exposure.Severity {
	switch name {
	case "high":
		return exposure.High
	case "low":
		return exposure.Low
	case "resolved":
		return exposure.Resolved
	}
	return exposure.Medium
}

// finding finds the finding that the path names. One outside the caller's scope
// does not exist for them.
func (s *service) finding(ctx context.Context, q *request) (*exposure.Finding, error) {
	return s.findingOf(ctx, q, q.text("id"))
}

func (s *service) findingOf(ctx context.Context, q *request, id string) (*exposure.Finding, error) {
	f, err := s.cfg.Findings.Finding(ctx, id)
	if err != nil {
		return nil, err
	}
	if !q.caller.Scope.Allows(f.Cluster.Ref) {
		return nil, fmt.Errorf("no finding with ID %q: %w", bound(id), fault.ErrNotFound)
	}
	return f, nil
}

// History is what changed in a finding.
type History struct {
	Items []exposure.Event `json:"items" doc:"The changes, oldest first."`
}

func (s *service) history(ctx context.Context, q *request) (any, error) {
	f, err := s.finding(ctx, q)
	if err != nil {
		return nil, err
	}
	events, err := s.cfg.Findings.History(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	return History{Items: append([]exposure.Event{}, events...)}, nil
}

// SeverityAnswer is a severity with what it was computed from.
type SeverityAnswer struct {
	exposure.Arithmetic

	Text     string             `json:"text" doc:"The arithmetic in one line."`
	Shown    string             `json:"shown" doc:"The severity that people see: the one that was set by hand or by a rule, else the computed one."`
	Override *exposure.Override `json:"override,omitempty" doc:"What was set, and by whom."`
}

func (s *service) severity(ctx context.Context, q *request) (any, error) {
	f, err := s.finding(ctx, q)
	if err != nil {
		return nil, err
	}
	return SeverityAnswer{Arithmetic: f.Arithmetic, Text: f.Arithmetic.String(), Shown: f.ShownSeverity(), Override: f.Override}, nil
}

// ProjectionRequest names the topics to fix.
type ProjectionRequest struct {
	Topics []string `json:"topics" doc:"IDs of topics of the finding; delete-cluster is one too."`
}

// Projection is the severity that would be left.
type Projection struct {
	Before   exposure.Severity   `json:"before" doc:"Computed severity now."`
	After    exposure.Severity   `json:"after" doc:"Severity that would be left; empty when nothing would be."`
	Resolves bool                `json:"resolves" doc:"Whether nothing contributing would be left."`
	Left     exposure.Arithmetic `json:"left" doc:"Arithmetic of what would be left."`
}

func (s *service) project(ctx context.Context, q *request) (any, error) {
	f, err := s.finding(ctx, q)
	if err != nil {
		return nil, err
	}
	body, _ := q.body.(*ProjectionRequest)
	for _, id := range body.Topics {
		if id != exposure.DeleteTopic && !slices.ContainsFunc(f.Topics, func(t exposure.TopicState) bool { return t.ID == id }) {
			return nil, fmt.Errorf("topic %q is none of this finding's, which are %s and %s: %w", bound(id), topicIDs(f), exposure.DeleteTopic, fault.ErrInvalid)
		}
	}
	left := exposure.Project(f, body.Topics...)
	return Projection{Before: f.Severity, After: left.Severity, Resolves: left.Severity == exposure.Resolved, Left: left}, nil
}

func topicIDs(f *exposure.Finding) string {
	var ids []string
	for _, t := range f.Topics {
		if t.ID != exposure.DeleteTopic {
			ids = append(ids, t.ID)
		}
	}
	return strings.Join(ids, ", ")
}

// FixSetAnswer is the smallest set of topics for one finding.
type FixSetAnswer struct {
	Wish   exposure.Severity `json:"wish" doc:"Severity that was asked for; empty means resolved."`
	Before exposure.Severity `json:"before" doc:"Computed severity now."`
	After  exposure.Severity `json:"after" doc:"Severity that would be left."`
	Topics []string          `json:"topics" doc:"IDs of the topics to fix, in recommended order."`
}

func (s *service) fixSet(ctx context.Context, q *request) (any, error) {
	f, err := s.finding(ctx, q)
	if err != nil {
		return nil, err
	}
	a := FixSetAnswer{Wish: wish(q), Before: f.Severity, After: f.Severity, Topics: []string{}}
	if set := exposure.SmallestFix(f, a.Wish); set != nil && f.Open() {
		a.Topics, a.After = set.Topics, set.After
	}
	return a, nil
}

func (s *service) fleetFixSet(ctx context.Context, q *request) (any, error) {
	found, err := s.cfg.Findings.Profiles(ctx, q.caller.Scope, q.texts("account"), q.texts("region"))
	if err != nil {
		return nil, err
	}
	if names := q.texts("severity"); len(names) > 0 {
		var severities []exposure.Severity
		for _, name := range names {
			severity, err := exposure.ParseSeverity(name)
			if err != nil {
				return nil, err
			}
			severities = append(severities, severity)
		}
		found = slices.DeleteFunc(found, func(p exposure.ProfileCount) bool { return !slices.Contains(severities, p.Severity) })
	}
	return exposure.FixFleet(found, wish(q)), nil
}
