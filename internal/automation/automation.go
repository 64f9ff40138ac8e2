// Package automation is what automation rules are and what they do to a finding:
// Security Hub's rules V2, with their order, their criteria and their one action.
//
// It decides and does nothing else. Rules run on findings that a scan created,
// updated or reopened, before the change is recorded, against what the scan said;
// what they set is an exposure.Override. Tickets that a rule asks for are opened
// later, by package deliver.
package automation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// Kind is what rules are stored as.
const Kind = "automation-rule"

// MaxRules is how many rules there may be (Security Hub User Guide, quotas of
// automation rules).
const MaxRules = 100

// The bounds of a rule: CloudFormation's AWS::SecurityHub::AutomationRuleV2 and
// the API Reference.
const (
	MaxName    = 256
	MaxComment = 512
	MinOrder   = 1
	MaxOrder   = 1000
)

// Rule labels the findings that its criteria match.
type Rule struct {
	ID          string         `json:"id"`
	ARN         string         `json:"arn"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Order       float64        `json:"order"`
	Status      Status         `json:"status"`
	Criteria    search.Filters `json:"criteria"`
	Action      Action         `json:"action"`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
}

// Status tells whether a rule runs.
type Status string

// The statuses.
const (
	Enabled  Status = "ENABLED"
	Disabled Status = "DISABLED"
)

// Action is the one thing that a rule does.
type Action struct {
	Type ActionType `json:"type"`
	// Update is set for FieldsUpdate.
	Update *Update `json:"update,omitempty"`
	// Connector is the ARN of the connector that OpenTicket uses.
	Connector string `json:"connector,omitempty"`
}

// ActionType is the sort of an action.
type ActionType string

// The action types.
const (
	// FieldsUpdate sets severity, status or comment.
	FieldsUpdate ActionType = "FINDING_FIELDS_UPDATE"
	// OpenTicket opens a ticket at a connector, once per finding.
	OpenTicket ActionType = "EXTERNAL_INTEGRATION"
)

// Update is what FieldsUpdate sets; nil and empty fields are left as they are.
type Update struct {
	SeverityID *int   `json:"severity_id,omitempty"`
	StatusID   *int   `json:"status_id,omitempty"`
	Comment    string `json:"comment,omitempty"`
}

// Validate reports the first thing that is wrong with a rule, as fault.ErrInvalid.
func (r *Rule) Validate() error {
	for _, text := range []struct{ name, value string }{{"RuleName", r.Name}, {"Description", r.Description}} {
		if n := len([]rune(text.value)); n < 1 || n > MaxName || strings.TrimSpace(text.value) == "" {
			return fmt.Errorf("%s has %d characters: want 1 to %d, not all blank: %w", text.name, n, MaxName, fault.ErrInvalid)
		}
	}
	if !(r.Order >= MinOrder && r.Order <= MaxOrder) { // not-a-number is refused too
		return fmt.Errorf("RuleOrder is %v: want %d to %d: %w", r.Order, MinOrder, MaxOrder, fault.ErrInvalid)
	}
	switch r.Status {
	case Enabled, Disabled:
	default:
		return fmt.Errorf("RuleStatus is %q: want ENABLED or DISABLED: %w", r.Status, fault.ErrInvalid)
	}
	if len(r.Criteria.CompositeFilters) == 0 {
		return fmt.Errorf("Criteria.OcsfFindingCriteria has no CompositeFilters: a rule that matches every finding says so with a filter that does: %w", fault.ErrInvalid)
	}
	if err := r.Criteria.Validate(search.FindingSchema(), search.Ruling); err != nil {
		return err
	}
	return r.Action.validate()
}

func (a Action) validate() error {
	switch a.Type {
	case FieldsUpdate:
		if a.Connector != "" {
			return fmt.Errorf("action %s takes no ConnectorArn: %w", a.Type, fault.ErrInvalid)
		}
		return a.Update.validate()
	case OpenTicket:
		if a.Update != nil {
			return fmt.Errorf("action %s takes no FindingFieldsUpdate: %w", a.Type, fault.ErrInvalid)
		}
		if strings.TrimSpace(a.Connector) == "" {
			return fmt.Errorf("action %s needs ExternalIntegrationConfiguration.ConnectorArn: %w", a.Type, fault.ErrInvalid)
		}
		return nil
	}
	return fmt.Errorf("Actions.Type is %q: want %s or %s: %w", a.Type, FieldsUpdate, OpenTicket, fault.ErrInvalid)
}

func (u *Update) validate() error {
	if u == nil || u.SeverityID == nil && u.StatusID == nil && u.Comment == "" {
		return fmt.Errorf("action FINDING_FIELDS_UPDATE sets nothing; give SeverityId, StatusId or Comment: %w", fault.ErrInvalid)
	}
	if u.SeverityID != nil {
		if _, ok := severityName(*u.SeverityID); !ok {
			return fmt.Errorf("SeverityId is %d: want 0 to 6 or 99: %w", *u.SeverityID, fault.ErrInvalid)
		}
	}
	if u.StatusID != nil {
		if _, ok := statusOf(*u.StatusID); !ok {
			return fmt.Errorf("StatusId is %d: want 0 to 5 or 99: %w", *u.StatusID, fault.ErrInvalid)
		}
	}
	if n := len([]rune(u.Comment)); n > MaxComment {
		return fmt.Errorf("the Comment has %d characters: want 1 to %d: %w", n, MaxComment, fault.ErrInvalid)
	}
	return nil
}

// Parse reads rules from their stored form.
func Parse(documents [][]byte) ([]Rule, error) {
	rules := make([]Rule, 0, len(documents))
	for _, d := range documents {
		var r Rule
		if err := json.Unmarshal(d, &r); err != nil {
			return nil, fmt.Errorf("stored automation rule: %w", err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// InOrder gives the enabled rules in the order in which they run: ascending order,
// then the one whose last edit is older. What runs later wins.
func InOrder(rules []Rule) []Rule {
	list := slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return r.Status != Enabled })
	slices.SortStableFunc(list, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), a.UpdatedAt.Compare(b.UpdatedAt), strings.Compare(a.ID, b.ID))
	})
	return list
}
