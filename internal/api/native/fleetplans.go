package native

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
)

// fleetTime is for fleet plans about images, of which each cluster has a time of its own.
const fleetTime = 4 * time.Hour

func (s *service) fleetPlanOperations() []operation {
	id := param{name: "id", inPath: true, doc: "ID of the fleet plan.", shape: `^[0-9a-z]{1,64}$`}
	move := func(name, path, summary, description string, do func(context.Context, string, access.Principal) (remediation.Fleet, error)) operation {
		return operation{
			name: name, method: http.MethodPost, path: "/fleet-plans/{id}/" + path, action: access.Approve, group: "plans", summary: summary, description: description,
			params: []param{id}, answer: FleetPlan{}, handle: s.moveFleetPlan(do),
		}
	}
	return []operation{
		{
			name: "DraftFleetPlan", method: http.MethodPost, path: "/fleet-plans", action: access.Operate, group: "plans",
			summary:     "Draft a plan for every cluster of your scope that has a topic. Changes nothing.",
			description: "The plans are applied in waves; a wave begins when all of the one before is done. Each cluster is looked at, which takes a second or so for each; for images it takes minutes, and 15 minutes at most for each. Meanwhile ListFleetPlans tells how far it is. A cluster that cannot be planned, or not in its time, is left out, and it is said why.",
			body:        FleetPlanRequest{}, status: http.StatusCreated, answer: FleetPlan{}, handle: s.draftFleetPlan, timeout: fleetTime,
		},
		{
			name: "ListFleetPlans", method: http.MethodGet, path: "/fleet-plans", action: access.Read, group: "plans",
			summary: "List the fleet plans whose clusters are all in your scope, the newest first, without their plans.", answer: FleetPlanList{}, handle: s.listFleetPlans,
		},
		{
			name: "GetFleetPlan", method: http.MethodGet, path: "/fleet-plans/{id}", action: access.Read, group: "plans",
			summary: "Get a fleet plan, its plans and how far they are.", params: []param{id}, answer: FleetPlan{}, handle: s.getFleetPlan,
		},
		{
			name: "ApproveFleetPlan", method: http.MethodPost, path: "/fleet-plans/{id}/approve", action: access.Approve, group: "plans",
			summary:     "Approve exactly the fleet plan with a hash, and with it every plan in it.",
			description: "What is accepted is accepted for each plan that asks for it.",
			params:      []param{id}, body: PlanApproval{}, answer: FleetPlan{}, handle: s.approveFleetPlan,
		},
		move("ApplyFleetPlan", "apply", "Apply an approved fleet plan, or go on with a paused one.", "Answers at once; the server does the work, and GetFleetPlan tells how far it is.", s.cfg.Plans.StartFleet),
		move("PauseFleetPlan", "pause", "Let no further plan begin, and pause those at work.", "What EKS works on goes on there.", s.cfg.Plans.PauseFleet),
		move("CancelFleetPlan", "cancel", "End a fleet plan that is not at work, and its plans that did not begin.", "What was done stays; RevertPlan takes back one plan, RevertFleetPlan all of them.", s.cfg.Plans.CancelFleet),
		move("RevertFleetPlan", "revert", "Take back what a fleet plan changed.",
			"Answers at once; the server does the work: the last wave first, each when the one after it is taken back, as far as each plan can be undone; kept tells what stays. It ends when a plan cannot be taken back. Plans that did not begin are cancelled. Where nothing can be undone it is refused.",
			s.cfg.Plans.RevertFleet),
	}
}

// FleetPlanRequest says what to remedy, and where.
type FleetPlanRequest struct {
	PlanChoice

	Accounts   []string            `json:"accounts,omitempty" doc:"Accounts of the clusters; all when left out."`
	Regions    []string            `json:"regions,omitempty" doc:"Regions of the clusters; all when left out."`
	Clusters   []string            `json:"clusters,omitempty" doc:"Clusters by name or ARN; all that have the topic when left out. Clusters to delete are always named."`
	Severities []exposure.Severity `json:"severities,omitempty" doc:"Severities of the findings; all when left out."`
	Canaries   []string            `json:"canaries,omitempty" doc:"Clusters of the first wave, by name or ARN; the one with the lowest severity when left out."`
	Batch      int                 `json:"batch,omitempty" doc:"Clusters of each further wave; 5 when left out."`
	Wish       string              `json:"wish,omitempty" doc:"Severity that the findings are to reach, or to be below: high, medium, low or resolved. It is kept with the plan, and says what GetFleetFixSet was asked."`
}

// FleetPlan is a fleet plan with its plans, and what can be done with it.
type FleetPlan struct {
	FleetPlanBrief

	Moves []remediation.Move `json:"moves" doc:"What can be done with it now, what helps most first."`
	Plans []Plan             `json:"plans" doc:"The plans, wave after wave."`
}

// FleetPlanBrief is a fleet plan without its plans.
type FleetPlanBrief struct {
	remediation.Fleet

	Working bool `json:"working" doc:"Whether the server is at work on it, or on one of its plans where these are given, so that it changes by itself."`
}

// FleetPlanList are fleet plans.
type FleetPlanList struct {
	Items    []FleetPlanBrief       `json:"items" doc:"The fleet plans, the newest first."`
	Drafting []remediation.Drafting `json:"drafting,omitempty" doc:"Those that this server drafts now, and how far each is; with its ID it is a fleet plan in the end."`
}

func (s *service) draftFleetPlan(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*FleetPlanRequest)
	asked, err := body.request()
	if err != nil {
		return nil, err
	}
	goal, err := body.goal()
	if err != nil {
		return nil, err
	}
	f, err := s.cfg.Plans.DraftFleet(ctx, remediation.FleetRequest{
		Request: asked, Canaries: body.Canaries, Batch: cmp.Or(body.Batch, remediation.DefaultBatch), Goal: goal,
		Query: exposure.Query{
			Accounts: body.Accounts, Regions: body.Regions, Clusters: body.Clusters, Severities: body.Severities, Scope: q.caller.Scope,
		},
	}, q.caller.Principal, func(remediation.Drafting) {})
	if err != nil {
		return nil, err
	}
	if err := q.caller.Note(f.ID, nil, body); err != nil {
		return nil, err
	}
	return s.fleetPlan(ctx, q, f.ID)
}

// goal is nil when there is no wish.
func (b *FleetPlanRequest) goal() (*remediation.Goal, error) {
	if b.Wish == "" {
		return nil, nil
	}
	if !slices.Contains(wishes(), b.Wish) {
		return nil, fmt.Errorf("wish %q: want one of %s: %w", bound(b.Wish), strings.Join(wishes(), ", "), fault.ErrInvalid)
	}
	return &remediation.Goal{Wish: wished(b.Wish), Severities: b.Severities, Accounts: b.Accounts, Regions: b.Regions}, nil
}

func (s *service) listFleetPlans(ctx context.Context, q *request) (any, error) {
	fleets, err := s.cfg.Plans.Fleets(ctx)
	if err != nil {
		return nil, err
	}
	list := FleetPlanList{Items: []FleetPlanBrief{}}
	for _, f := range fleets {
		if seesFleet(q, f) {
			list.Items = append(list.Items, FleetPlanBrief{f, f.State.Working()})
		}
	}
	for _, d := range s.cfg.Plans.Drafting() {
		if !slices.ContainsFunc(d.Clusters, func(ref inventory.ClusterRef) bool { return !q.caller.Scope.Allows(ref) }) {
			list.Drafting = append(list.Drafting, d)
		}
	}
	return list, nil
}

func seesFleet(q *request, f remediation.Fleet) bool {
	return !slices.ContainsFunc(f.Members(), func(m remediation.Member) bool { return !q.caller.Scope.Allows(m.Cluster) })
}

func (s *service) getFleetPlan(ctx context.Context, q *request) (any, error) {
	return s.fleetPlan(ctx, q, q.text("id"))
}

// fleetPlan gives a fleet plan; one with a cluster outside of the caller's scope is not
// there.
func (s *service) fleetPlan(ctx context.Context, q *request, id string) (FleetPlan, error) {
	f, runs, err := s.cfg.Plans.Fleet(ctx, id)
	if err == nil && !seesFleet(q, f) {
		err = fmt.Errorf("no fleet plan %q: %w", id, fault.ErrNotFound)
	}
	told := FleetPlan{FleetPlanBrief: FleetPlanBrief{f, f.State.Working()}, Moves: append([]remediation.Move{}, f.Moves()...), Plans: []Plan{}}
	for _, r := range runs {
		told.Plans = append(told.Plans, planOf(r))
		told.Working = told.Working || r.State.Working()
	}
	return told, err
}

func (s *service) approveFleetPlan(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*PlanApproval)
	return s.moveFleetPlan(func(ctx context.Context, id string, by access.Principal) (remediation.Fleet, error) {
		return s.cfg.Plans.ApproveFleet(ctx, id, body.Hash, by, body.Accept)
	})(ctx, q)
}

func (s *service) moveFleetPlan(do func(context.Context, string, access.Principal) (remediation.Fleet, error)) func(context.Context, *request) (any, error) {
	return func(ctx context.Context, q *request) (any, error) {
		id := q.text("id")
		if _, err := s.fleetPlan(ctx, q, id); err != nil {
			return nil, err
		}
		if err := q.caller.Note(id, nil, q.body); err != nil {
			return nil, err
		}
		if _, err := do(ctx, id, q.caller.Principal); err != nil {
			return nil, err
		}
		return s.fleetPlan(ctx, q, id)
	}
}
