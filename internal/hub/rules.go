package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

const arnRule = "automationrulev2"

// CreateRule adds a rule, of which the caller gives name, description, order,
// status, criteria and action.
func (s *Service) CreateRule(ctx context.Context, p access.Principal, r automation.Rule, tags map[string]string, token string) (automation.Rule, error) {
	if r.Status == "" {
		r.Status = automation.Enabled
	}
	if err := s.checkRule(ctx, r); err != nil {
		return automation.Rule{}, err
	}
	if err := checkTags(tags); err != nil {
		return automation.Rule{}, err
	}
	return once(ctx, s, p, "CreateAutomationRuleV2", token, []any{r, tags}, func() (automation.Rule, error) {
		all, err := s.Objects.Objects(ctx, automation.Kind)
		if err != nil {
			return automation.Rule{}, err
		}
		if len(all) >= automation.MaxRules {
			return automation.Rule{}, fmt.Errorf("there are %d automation rules already; delete one first: %w", len(all), fault.ErrQuota)
		}
		r.ID = s.cfg.NewID()
		r.ARN = s.arn(arnRule, r.ID)
		r.CreatedAt = s.cfg.Now().UTC().Truncate(time.Millisecond)
		r.UpdatedAt = r.CreatedAt
		document, err := json.Marshal(r)
		if err != nil {
			return automation.Rule{}, fmt.Errorf("encode automation rule: %w", err)
		}
		if err := s.Objects.AddObject(ctx, automation.Kind, r.ID, document); err != nil {
			return automation.Rule{}, err
		}
		return r, s.addTags(ctx, r.ARN, tags)
	})
}

// checkRule reports the first thing that is wrong with a rule.
func (s *Service) checkRule(ctx context.Context, r automation.Rule) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := r.Criteria.Validate(search.FindingSchema(), search.Ruling); err != nil {
		return fmt.Errorf("Criteria.OcsfFindingCriteria: %w", err)
	}
	if r.Action.Type != automation.OpenTicket {
		return nil
	}
	if _, _, err := s.connector(ctx, r.Action.Connector); err != nil {
		return invalid("Actions[0].ExternalIntegrationConfiguration.ConnectorArn", "%q names no connector", r.Action.Connector)
	}
	return nil
}

// Rule gives a rule by its ARN or ID.
func (s *Service) Rule(ctx context.Context, identifier string) (automation.Rule, error) {
	r, _, err := s.rule(ctx, identifier)
	return r, err
}

// rule also gives the stored form.
func (s *Service) rule(ctx context.Context, identifier string) (r automation.Rule, document []byte, err error) {
	document, err = s.Objects.Object(ctx, automation.Kind, s.resourceID(arnRule, identifier))
	if err != nil {
		return r, nil, unknown("automation rule", identifier, err)
	}
	return r, document, decodeObject(document, &r)
}

// Rules gives a page of the rules, in order of their IDs.
func (s *Service) Rules(ctx context.Context, size int, token string) ([]automation.Rule, string, error) {
	documents, err := s.Objects.Objects(ctx, automation.Kind)
	if err != nil {
		return nil, "", err
	}
	list, err := automation.Parse(documents)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, func(r automation.Rule) string { return r.ID }, size, token)
	return list, next, nil
}

// UpdateRule changes a rule by the function, which gets the rule as it is.
func (s *Service) UpdateRule(ctx context.Context, identifier string, change func(*automation.Rule)) (before, after automation.Rule, err error) {
	before, old, err := s.rule(ctx, identifier)
	if err != nil {
		return before, after, err
	}
	if err := decodeObject(old, &after); err != nil { // a copy that shares nothing with before
		return before, after, err
	}
	change(&after)
	if err := s.checkRule(ctx, after); err != nil {
		return before, after, err
	}
	after.UpdatedAt = s.cfg.Now().UTC().Truncate(time.Millisecond)
	document, err := json.Marshal(after)
	if err != nil {
		return before, after, fmt.Errorf("encode automation rule: %w", err)
	}
	return before, after, s.Objects.ReplaceObject(ctx, automation.Kind, after.ID, old, document)
}

// DeleteRule removes a rule with its tags, and gives what it was.
func (s *Service) DeleteRule(ctx context.Context, identifier string) (automation.Rule, error) {
	r, _, err := s.rule(ctx, identifier)
	if err != nil {
		return r, err
	}
	if err := s.Objects.DeleteObject(ctx, automation.Kind, r.ID); err != nil {
		return r, err
	}
	return r, s.dropTags(ctx, r.ARN)
}
