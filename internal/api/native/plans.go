package native

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/remediation"
)

func (s *service) planOperations() []operation {
	id := param{name: "id", inPath: true, doc: "ID of the plan.", shape: `^[0-9a-z]{1,64}$`}
	move := func(name, path, summary, description string, do func(context.Context, string, access.Principal) (remediation.Run, error)) operation {
		return operation{
			name: name, method: http.MethodPost, path: "/plans/{id}/" + path, action: access.Approve, group: "plans", summary: summary, description: description,
			params: []param{id}, answer: Plan{}, handle: s.movePlan(do),
		}
	}
	return []operation{
		{
			name: "ListPlanTopics", method: http.MethodGet, path: "/plan-topics", action: access.Read, group: "plans",
			summary: "List what can be planned: topics, their options, and the values that each asks for.", answer: PlanTopics{}, handle: s.planTopics,
		},
		{
			name: "DraftPlan", method: http.MethodPost, path: "/plans", action: access.Operate, group: "plans",
			summary:     "Draft a plan that remedies a topic of a finding. Changes nothing.",
			description: "The cluster is looked at as it is now. What can be applied, and with which options: docs/remediation.md. A plan about images reads those that may stand in for them, which takes minutes the first time.",
			body:        PlanRequest{}, status: http.StatusCreated, answer: Plan{}, handle: s.draftPlan, timeout: remediation.DraftTime,
		},
		{
			name: "ListPlans", method: http.MethodGet, path: "/plans", action: access.Read, group: "plans",
			summary: "List the plans for clusters of your scope, the newest first.", answer: PlanList{}, handle: s.listPlans,
		},
		{
			name: "GetPlan", method: http.MethodGet, path: "/plans/{id}", action: access.Read, group: "plans",
			summary: "Get a plan and how far it is.", params: []param{id}, answer: Plan{}, handle: s.getPlan,
		},
		{
			name: "ApprovePlan", method: http.MethodPost, path: "/plans/{id}/approve", action: access.Approve, group: "plans",
			summary:     "Approve exactly the plan with a hash.",
			description: "Checks whose verdict is unknown are accepted by name, or by \"all\"; what cannot be undone by the word in `final` alone. With the setting remediation.four_eyes the author cannot approve.",
			params:      []param{id}, body: PlanApproval{}, answer: Plan{}, handle: s.approvePlan,
		},
		move("ApplyPlan", "apply", "Apply an approved plan, or go on with a paused one.", "Answers at once; the server does the work, and GetPlan tells how far it is.", s.cfg.Plans.Start),
		move("PausePlan", "pause", "Stop a plan between two actions.", "What EKS works on goes on there.", s.cfg.Plans.Pause),
		move("CancelPlan", "cancel", "End a plan that is not at work.", "What was done stays.", s.cfg.Plans.Cancel),
		move("RevertPlan", "revert", "Take back what a plan changed.", "Answers at once; the server does the work: the last action first, as far back as can be undone. Where not even the last one can, it is refused.", s.cfg.Plans.Revert),
	}
}

// PlanRequest says what to remedy.
type PlanRequest struct {
	PlanChoice

	Finding string `json:"finding" doc:"ID of the finding."`
}

// PlanChoice says what to change.
type PlanChoice struct {
	Topic      string   `json:"topic" doc:"Trait to remedy."`
	Option     string   `json:"option" doc:"Option of the topic."`
	CIDRs      []string `json:"cidrs,omitempty" doc:"Ranges that the public endpoint lets in."`
	Callers    int      `json:"from_callers,omitempty" doc:"Let in who called from a public address in so many days, 1 to 90, beside cidrs. The cluster's audit log in CloudWatch Logs is read, which CloudWatch bills by what is scanned."`
	PrefixList string   `json:"prefix_list,omitempty" doc:"ID of the managed prefix list whose ranges the public endpoint lets in."`
	Operator   string   `json:"operator,omitempty" doc:"Address that operators' requests come from, to check that it stays let in."`
	KeyARN     string   `json:"key_arn,omitempty" doc:"ARN of the KMS key to encrypt secrets with."`
	NewKey     bool     `json:"create_key,omitempty" doc:"Make a KMS key for the cluster, alias/eksposure/CLUSTER, in place of key_arn."`
	Rewrite    bool     `json:"rewrite_secrets,omitempty" doc:"Have existing secrets written again once they are to be encrypted, on Kubernetes 1.27 and older. Takes a Kubernetes role of its own."`
	To         string   `json:"to,omitempty" doc:"Kubernetes version of an upgrade, the oldest in standard support that lasts for 90 days when left out; or the wished upgrade policy, STANDARD or EXTENDED."`
}

func (c PlanChoice) request() (remediation.Request, error) {
	asked := remediation.Request{Trait: c.Topic, Option: c.Option, CIDRs: c.CIDRs, PrefixList: c.PrefixList, Callers: c.Callers, KeyARN: c.KeyARN, NewKey: c.NewKey, Rewrite: c.Rewrite, To: c.To}
	if c.Operator == "" {
		return asked, nil
	}
	var err error
	if asked.Operator, err = netip.ParseAddr(c.Operator); err != nil {
		return asked, fmt.Errorf("operator %q: want an IP address: %w", bound(c.Operator), fault.ErrInvalid)
	}
	return asked, nil
}

// PlanTopics is what can be planned.
type PlanTopics struct {
	Items []PlanTopic `json:"items" doc:"The topics."`
	Batch int         `json:"fleet_batch" doc:"Clusters of each further wave of a fleet plan, where its request does not say."`
}

// PlanTopic is a topic that can be applied.
type PlanTopic struct {
	ID     string              `json:"id" doc:"ID of the topic."`
	Title  string              `json:"title" doc:"Its title."`
	Offers []remediation.Offer `json:"offers" doc:"Its options. A finding may have fewer."`
	Named  bool                `json:"clusters_named,omitempty" doc:"Whether the clusters of a fleet plan are always named one by one."`
}

func (s *service) planTopics(context.Context, *request) (any, error) {
	out := PlanTopics{Items: []PlanTopic{}, Batch: remediation.DefaultBatch}
	for _, id := range remediation.Topics() {
		topic := PlanTopic{ID: id, Title: exposure.DeleteOption().Title, Offers: s.titled(id, remediation.Offers(id)), Named: remediation.NamesClusters(id)}
		topic.Title = cmp.Or(s.short(id), topic.Title)
		out.Items = append(out.Items, topic)
	}
	return out, nil
}

// Plan is a plan, how far it is, and what can be done with it.
type Plan struct {
	remediation.Run

	Moves      []remediation.Move `json:"moves" doc:"What can be done with it now, what helps most first. A plan with a failed check cannot be approved."`
	Working    bool               `json:"working" doc:"Whether the server is at work on it, so that it changes by itself."`
	Reversible bool               `json:"reversible" doc:"Whether all of it can be undone."`
	Stays      string             `json:"stays,omitempty" doc:"Why a revert would leave some of what was begun."`
	Final      string             `json:"final,omitempty" doc:"What an approver types and accepts where not all of it can be undone: irreversible, or delete and the cluster's name."`
}

func planOf(r remediation.Run) Plan {
	_, stays := r.Undoes()
	return Plan{Run: r, Moves: append([]remediation.Move{}, r.Moves()...), Working: r.State.Working(), Reversible: r.Plan.Reversible(), Stays: stays, Final: r.Plan.Final()}
}

// PlanApproval is a word for one plan.
type PlanApproval struct {
	Hash   string   `json:"hash" doc:"Hash of the plan as it was looked at."`
	Accept []string `json:"accept,omitempty" doc:"Names of checks without an answer, or all; and the word in final."`
}

// PlanList are plans.
type PlanList struct {
	Items []Plan `json:"items" doc:"The plans, the newest first."`
}

func (s *service) draftPlan(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*PlanRequest)
	f, err := s.findingOf(ctx, q, body.Finding)
	if err != nil {
		return nil, err
	}
	asked, err := body.request()
	if err != nil {
		return nil, err
	}
	asked.Cluster = f.Cluster.Ref.String()
	r, err := s.cfg.Plans.Draft(ctx, asked, q.caller.Principal)
	if err != nil {
		return nil, err
	}
	return planOf(r), q.caller.Note(r.Plan.ID, nil, body)
}

func (s *service) listPlans(ctx context.Context, q *request) (any, error) {
	runs, err := s.cfg.Plans.Runs(ctx)
	if err != nil {
		return nil, err
	}
	list := PlanList{Items: []Plan{}}
	for _, r := range runs {
		if q.caller.Scope.Allows(r.Plan.Cluster) {
			list.Items = append(list.Items, planOf(r))
		}
	}
	return list, nil
}

func (s *service) getPlan(ctx context.Context, q *request) (any, error) {
	r, err := s.plan(ctx, q)
	return planOf(r), err
}

// plan gives the plan of the path; one outside of the caller's scope is not there.
func (s *service) plan(ctx context.Context, q *request) (remediation.Run, error) {
	r, err := s.cfg.Plans.Run(ctx, q.text("id"))
	if err == nil && !q.caller.Scope.Allows(r.Plan.Cluster) {
		err = fmt.Errorf("no plan %q: %w", q.text("id"), fault.ErrNotFound)
	}
	return r, err
}

func (s *service) approvePlan(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*PlanApproval)
	if _, err := s.plan(ctx, q); err != nil {
		return nil, err
	}
	if err := q.caller.Note(q.text("id"), nil, body); err != nil {
		return nil, err
	}
	r, err := s.cfg.Plans.Approve(ctx, q.text("id"), body.Hash, q.caller.Principal, body.Accept)
	return planOf(r), err
}

func (s *service) movePlan(do func(context.Context, string, access.Principal) (remediation.Run, error)) func(context.Context, *request) (any, error) {
	return func(ctx context.Context, q *request) (any, error) {
		if _, err := s.plan(ctx, q); err != nil {
			return nil, err
		}
		if err := q.caller.Note(q.text("id"), nil, nil); err != nil {
			return nil, err
		}
		r, err := do(ctx, q.text("id"), q.caller.Principal)
		return planOf(r), err
	}
}
