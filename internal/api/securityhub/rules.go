package securityhub

import (
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/search"
)

// ruleParts are the members that creating, changing and reading a rule share.
type ruleParts struct {
	RuleName    *string       `json:"RuleName,omitempty"`
	RuleStatus  *string       `json:"RuleStatus,omitempty"`
	Description *string       `json:"Description,omitempty"`
	RuleOrder   *float64      `json:"RuleOrder,omitempty"`
	Criteria    *ruleCriteria `json:"Criteria,omitempty"`
	Actions     []ruleAction  `json:"Actions,omitempty"`
}

type ruleCriteria struct {
	OcsfFindingCriteria *search.Filters `json:"OcsfFindingCriteria,omitempty"`
	ResourceCriteria    *struct{}       `json:"ResourceCriteria,omitempty"`
}

type ruleAction struct {
	Type                             automation.ActionType `json:"Type"`
	FindingFieldsUpdate              *fieldsUpdate         `json:"FindingFieldsUpdate,omitempty"`
	ExternalIntegrationConfiguration *integration          `json:"ExternalIntegrationConfiguration,omitempty"`
}

type fieldsUpdate struct {
	SeverityID *int   `json:"SeverityId,omitempty"`
	StatusID   *int   `json:"StatusId,omitempty"`
	Comment    string `json:"Comment,omitempty"`
}

type integration struct {
	ConnectorArn string `json:"ConnectorArn,omitempty"`
}

// on lays what a request names over a rule.
func (p ruleParts) on(r *automation.Rule) {
	if p.RuleName != nil {
		r.Name = *p.RuleName
	}
	if p.RuleStatus != nil {
		r.Status = automation.Status(*p.RuleStatus)
	}
	if p.Description != nil {
		r.Description = *p.Description
	}
	if p.RuleOrder != nil {
		r.Order = *p.RuleOrder
	}
	if p.Criteria != nil && p.Criteria.OcsfFindingCriteria != nil {
		r.Criteria = *p.Criteria.OcsfFindingCriteria
	}
	if len(p.Actions) == 1 {
		r.Action = p.Actions[0].action()
	}
}

// check reports what cannot be said of a rule at all.
func (p ruleParts) check() error {
	if p.Criteria != nil && (p.Criteria.OcsfFindingCriteria == nil || p.Criteria.ResourceCriteria != nil) {
		return invalid("Criteria", "want OcsfFindingCriteria alone, rules here are about findings")
	}
	if p.Actions != nil && len(p.Actions) != 1 {
		return invalid("Actions", "%d actions, want 1", len(p.Actions))
	}
	return nil
}

func (a ruleAction) action() automation.Action {
	out := automation.Action{Type: a.Type}
	if u := a.FindingFieldsUpdate; u != nil {
		out.Update = &automation.Update{SeverityID: u.SeverityID, StatusID: u.StatusID, Comment: u.Comment}
	}
	if c := a.ExternalIntegrationConfiguration; c != nil {
		out.Connector = c.ConnectorArn
	}
	return out
}

func actionOf(a automation.Action) ruleAction {
	out := ruleAction{Type: a.Type}
	if u := a.Update; u != nil {
		out.FindingFieldsUpdate = &fieldsUpdate{u.SeverityID, u.StatusID, u.Comment}
	}
	if a.Connector != "" {
		out.ExternalIntegrationConfiguration = &integration{a.Connector}
	}
	return out
}

type createRuleRequest struct {
	ruleParts

	Tags        map[string]string
	ClientToken string
}

type createRuleAnswer struct {
	RuleArn string `json:"RuleArn"`
	RuleID  string `json:"RuleId"`
}

func (s *routes) createRule(c *call) (any, error) {
	var in createRuleRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	for _, m := range []struct {
		name  string
		there bool
	}{
		{"RuleName", in.RuleName != nil},
		{"Description", in.Description != nil},
		{"RuleOrder", in.RuleOrder != nil},
		{"Criteria", in.Criteria != nil},
		{"Actions", in.Actions != nil},
	} {
		if !m.there {
			return nil, invalid(m.name, "is missing")
		}
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var r automation.Rule
	in.on(&r)
	r, err := s.hub.CreateRule(c.Context(), c.caller.Principal, r, in.Tags, in.ClientToken)
	if err != nil {
		return nil, err
	}
	return createRuleAnswer{r.ARN, r.ID}, c.caller.Note(r.ARN, nil, r)
}

type ruleAnswer struct {
	ruleParts

	RuleArn   string    `json:"RuleArn"`
	RuleID    string    `json:"RuleId"`
	CreatedAt timestamp `json:"CreatedAt"`
	UpdatedAt timestamp `json:"UpdatedAt"`
}

func (s *routes) getRule(c *call) (any, error) {
	id, err := c.label("Identifier")
	if err != nil {
		return nil, err
	}
	r, err := s.hub.Rule(c.Context(), id)
	if err != nil {
		return nil, err
	}
	return ruleAnswer{
		RuleArn: r.ARN, RuleID: r.ID, CreatedAt: timestamp(r.CreatedAt), UpdatedAt: timestamp(r.UpdatedAt),
		ruleParts: ruleParts{
			RuleName: &r.Name, RuleStatus: new(string(r.Status)), Description: &r.Description, RuleOrder: &r.Order,
			Criteria: &ruleCriteria{OcsfFindingCriteria: &r.Criteria}, Actions: []ruleAction{actionOf(r.Action)},
		},
	}, nil
}

type ruleMetadata struct {
	RuleArn     string            `json:"RuleArn"`
	RuleID      string            `json:"RuleId"`
	RuleOrder   float64           `json:"RuleOrder"`
	RuleName    string            `json:"RuleName"`
	RuleStatus  automation.Status `json:"RuleStatus"`
	Description string            `json:"Description"`
	Actions     []ruleActionType  `json:"Actions"`
	CreatedAt   timestamp         `json:"CreatedAt"`
	UpdatedAt   timestamp         `json:"UpdatedAt"`
}

type ruleActionType struct {
	Type automation.ActionType `json:"Type"`
}

type listRulesAnswer struct {
	Rules     []ruleMetadata `json:"Rules"`
	NextToken string         `json:"NextToken,omitempty"`
}

func (s *routes) listRules(c *call) (any, error) {
	size, token, err := c.page(maxList)
	if err != nil {
		return nil, err
	}
	rules, next, err := s.hub.Rules(c.Context(), size, token)
	if err != nil {
		return nil, err
	}
	out := listRulesAnswer{Rules: []ruleMetadata{}, NextToken: next}
	for _, r := range rules {
		out.Rules = append(out.Rules, ruleMetadata{
			RuleArn: r.ARN, RuleID: r.ID, RuleOrder: r.Order, RuleName: r.Name, RuleStatus: r.Status, Description: r.Description,
			Actions: []ruleActionType{{r.Action.Type}}, CreatedAt: timestamp(r.CreatedAt), UpdatedAt: timestamp(r.UpdatedAt),
		})
	}
	return out, nil
}

func (s *routes) updateRule(c *call) (any, error) {
	var in ruleParts
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	id, err := c.label("Identifier")
	if err != nil {
		return nil, err
	}
	before, after, err := s.hub.UpdateRule(c.Context(), id, in.on)
	if err != nil {
		return nil, err
	}
	return empty{}, c.caller.Note(after.ARN, before, after)
}

func (s *routes) deleteRule(c *call) (any, error) {
	id, err := c.label("Identifier")
	if err != nil {
		return nil, err
	}
	r, err := s.hub.DeleteRule(c.Context(), id)
	if err != nil {
		return nil, err
	}
	return empty{}, c.caller.Note(r.ARN, r, nil)
}
