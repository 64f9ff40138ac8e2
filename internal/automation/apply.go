package automation

import (
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/search"
)

// RulePrefix begins Override.By of what a rule set; the rule's ID follows.
const RulePrefix = "rule:"

// ByRule reports whether an override was set by a rule run, and not by a person.
func ByRule(o *exposure.Override) bool { return o != nil && strings.HasPrefix(o.By, RulePrefix) }

// Match tells whether one finding, as a scan left it and without an override, meets
// some criteria.
type Match func(criteria search.Filters) bool

// Apply gives the override that a finding has after the rules ran over it. What a
// person set and what is in force stays; what a rule set before is decided anew. A
// later rule replaces only the fields that it names.
func Apply(rules []Rule, match Match, f *exposure.Finding, now time.Time) *exposure.Override {
	if f.Override.InForce(f) && !ByRule(f.Override) {
		return f.Override
	}
	var set *exposure.Override
	for _, r := range InOrder(rules) {
		if r.Action.Type == FieldsUpdate && match(r.Criteria) {
			set = r.Action.Update.on(set, RulePrefix+r.ID, f, now)
		}
	}
	return set
}

// Tickets gives the rules that ask for a ticket for a finding, in order.
func Tickets(rules []Rule, match Match) []Rule {
	var asked []Rule
	for _, r := range InOrder(rules) {
		if r.Action.Type == OpenTicket && match(r.Criteria) {
			asked = append(asked, r)
		}
	}
	return asked
}

// Set gives the override of one rule that a person applies to a finding: the
// person's own, which stays as what they set by hand does. Nil means that there is
// nothing to do: another person's word is in force, or the finding is labelled so
// already.
func (r *Rule) Set(f *exposure.Finding, by string, now time.Time) *exposure.Override {
	earlier := f.Override
	if r.Action.Type != FieldsUpdate || earlier.InForce(f) && !ByRule(earlier) {
		return nil
	}
	set := r.Action.Update.on(nil, by, f, now)
	if earlier.InForce(f) {
		set = r.Action.Update.on(earlier, by, f, now)
		if set.Severity == earlier.Severity && set.Status == earlier.Status && set.Comment == earlier.Comment {
			return nil
		}
	}
	return set
}

// on lays the update over an earlier override, which is not changed.
func (u *Update) on(earlier *exposure.Override, by string, f *exposure.Finding, now time.Time) *exposure.Override {
	o := &exposure.Override{}
	if earlier != nil {
		*o = *earlier
	}
	o.By, o.At, o.Facts = by, now.UTC(), f.Facts()
	if u.SeverityID != nil {
		o.Severity, _ = severityName(*u.SeverityID)
	}
	if u.StatusID != nil {
		o.Status, _ = statusOf(*u.StatusID)
	}
	if u.Comment != "" {
		o.Comment = u.Comment
	}
	return o
}

// severityName is OCSF's name of a severity_id.
func severityName(id int) (string, bool) {
	name, ok := map[int]string{
		0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal", 99: "Other",
	}[id]
	return name, ok
}

// statusOf is the status of an OCSF status_id.
func statusOf(id int) (exposure.Status, bool) {
	s, ok := map[int]exposure.Status{
		0: exposure.StatusUnknown, 1: exposure.StatusNew, 2: exposure.StatusInProgress, 3: exposure.StatusSuppressed,
		4: exposure.StatusResolved, 5: exposure.StatusArchived, 99: exposure.StatusOther,
	}[id]
	return s, ok
}
