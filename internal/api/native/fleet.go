package native

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
)

// FleetFixSet is a list of topics that brings a fleet to a severity.
type FleetFixSet struct {
	Wish      exposure.Severity `json:"wish" doc:"Severity that was asked for; empty means resolved."`
	Findings  int               `json:"findings" doc:"Open findings that were looked at."`
	Above     int               `json:"above" doc:"Those of them that are above the wish now."`
	Steps     []FleetStep       `json:"steps" doc:"Topics to fix everywhere, in order; after the last, every finding is at the wish."`
	Topics    []FleetTopic      `json:"topics" doc:"Every topic alone, fixed wherever it is: those that bring most findings to the wish come first."`
	Greedy    int               `json:"greedy" doc:"Topics times clusters of this list."`
	Least     int               `json:"least" doc:"Topics times clusters when each finding takes its own smallest set: no list can have fewer."`
	Truncated bool              `json:"truncated" doc:"Whether there are more findings than were looked at."`
	Text      string            `json:"text" doc:"The answer in one sentence."`
}

// FleetStep is one topic, fixed in every cluster that has it and still needs it.
type FleetStep struct {
	Topic    string          `json:"topic" doc:"ID of the topic."`
	Title    string          `json:"title" doc:"Its title."`
	Effort   exposure.Effort `json:"effort" doc:"How much work it usually is in one cluster."`
	Clusters int             `json:"clusters" doc:"Clusters in which it is to be fixed."`
	Reached  int             `json:"reached" doc:"Findings that this step brings to the wish."`
	Left     int             `json:"left" doc:"Findings that are still above it afterwards."`
}

// FleetTopic is what one topic would do by itself.
type FleetTopic struct {
	Topic    string          `json:"topic" doc:"ID of the topic."`
	Title    string          `json:"title" doc:"Its title."`
	Effort   exposure.Effort `json:"effort" doc:"How much work it usually is in one cluster."`
	Findings int             `json:"findings" doc:"Findings above the wish that have it."`
	Lowered  int             `json:"lowered" doc:"Those of them whose severity it would lower."`
	Reached  int             `json:"reached" doc:"Those of them that it would bring to the wish."`
}

// alone tells of every topic what it would do by itself, as nothing is fixed yet.
func alone(first map[string]*candidate) []FleetTopic {
	list := make([]FleetTopic, 0, len(first))
	for _, c := range first {
		list = append(list, FleetTopic{Topic: c.Topic, Title: c.Title, Effort: c.Effort, Findings: c.Clusters, Lowered: c.lower, Reached: c.Reached})
	}
	slices.SortFunc(list, func(a, b FleetTopic) int {
		return cmp.Or(cmp.Compare(b.Reached, a.Reached), cmp.Compare(b.Lowered, a.Lowered), cmp.Compare(b.Findings, a.Findings), cmp.Compare(a.Topic, b.Topic))
	})
	return list
}

// maxFleet bounds the findings of one calculation: each is read in full.
const maxFleet = 20_000

func (s *service) fleetFixSet(ctx context.Context, q *request) (any, error) {
	query := exposure.Query{
		Accounts: narrower(q.texts("account"), q.caller.Scope.Accounts), Regions: narrower(q.texts("region"), q.caller.Scope.Regions), Limit: maxFleet + 1,
	}
	for _, name := range q.texts("severity") {
		severity, err := exposure.ParseSeverity(name)
		if err != nil {
			return nil, err
		}
		query.Severities = append(query.Severities, severity)
	}
	found, err := s.cfg.Findings.Findings(ctx, query)
	if err != nil {
		return nil, err
	}
	truncated := len(found) > maxFleet
	found = found[:min(len(found), maxFleet)]
	found = slices.DeleteFunc(found, func(f *exposure.Finding) bool { return !q.caller.Scope.Allows(f.Cluster.Ref) })
	a := fleet(found, wish(q))
	a.Truncated = truncated
	return a, nil
}

// narrower gives what was asked for, or what the caller is confined to; the scope
// itself is asked afterwards.
func narrower(asked, own []string) []string {
	if len(asked) > 0 {
		return asked
	}
	return own
}

// need is a finding that is above the wish, with the topics fixed so far.
type need struct {
	finding *exposure.Finding
	fixed   []string
	after   exposure.Severity
}

// without gives the severity that one topic more would leave.
func (n *need) without(topic string) exposure.Severity {
	return exposure.Project(n.finding, append(slices.Clone(n.fixed), topic)...).Severity
}

// fleet chooses topics greedily. Every finding has a set that brings it to the
// wish, so that the choice ends when all are there.
func fleet(found []*exposure.Finding, wish exposure.Severity) FleetFixSet {
	a := FleetFixSet{Wish: wish, Findings: len(found), Steps: []FleetStep{}}
	var needs []*need
	for _, f := range found {
		if f.Severity.Rank() <= wish.Rank() || !f.Open() {
			continue
		}
		needs = append(needs, &need{finding: f, after: f.Severity})
		if set := exposure.SmallestFix(f, wish); set != nil {
			a.Least += len(set.Topics)
		}
	}
	candidates := weigh(needs, wish)
	a.Above, a.Topics = len(needs), alone(candidates)
	for len(needs) > 0 {
		step := best(candidates)
		if step.Topic == "" {
			break // cannot be: what contributes has a topic
		}
		var left []*need
		for _, n := range needs {
			if has(n, step.Topic) {
				n.after = n.without(step.Topic)
				n.fixed = append(n.fixed, step.Topic)
				a.Greedy++
			}
			if n.after.Rank() > wish.Rank() {
				left = append(left, n)
			}
		}
		step.Left = len(left)
		a.Steps = append(a.Steps, step)
		needs, candidates = left, weigh(left, wish)
	}
	a.Text = a.sentence()
	return a
}

func has(n *need, topic string) bool {
	return topic != exposure.DeleteTopic && !slices.Contains(n.fixed, topic) &&
		slices.ContainsFunc(n.finding.Topics, func(t exposure.TopicState) bool { return t.ID == topic })
}

// candidate is a topic that may be fixed next.
type candidate struct {
	FleetStep

	// lowered adds up by how much severities fall, lower counts the findings whose
	// severity does; needed counts the smallest sets that have the topic.
	lowered, lower, needed int
}

// weigh works out what each topic that is not fixed would do.
func weigh(needs []*need, wish exposure.Severity) map[string]*candidate {
	by := map[string]*candidate{}
	for _, n := range needs {
		smallest := remaining(n, wish)
		for _, t := range n.finding.Topics {
			if !has(n, t.ID) {
				continue
			}
			c := by[t.ID]
			if c == nil {
				c = &candidate{FleetStep: FleetStep{Topic: t.ID, Title: t.Title, Effort: t.Effort}}
				by[t.ID] = c
			}
			after := n.without(t.ID)
			c.Clusters++
			fall := n.after.Rank() - after.Rank()
			c.lowered += fall
			if fall > 0 {
				c.lower++
			}
			if after.Rank() <= wish.Rank() {
				c.Reached++
			}
			if slices.Contains(smallest, t.ID) {
				c.needed++
			}
		}
	}
	return by
}

// best chooses the topic that brings most findings to the wish; of equals the one
// that lowers the severities most, then the one that most smallest sets need, then
// the least effort, then the first by name.
func best(by map[string]*candidate) FleetStep {
	var chosen *candidate
	for _, c := range by {
		if chosen == nil || cmp.Or(cmp.Compare(c.Reached, chosen.Reached), cmp.Compare(c.lowered, chosen.lowered), cmp.Compare(c.needed, chosen.needed),
			cmp.Compare(chosen.Effort, c.Effort), cmp.Compare(chosen.Topic, c.Topic)) > 0 {
			chosen = c
		}
	}
	if chosen == nil {
		return FleetStep{}
	}
	return chosen.FleetStep
}

// remaining gives the smallest set of what is not fixed yet.
func remaining(n *need, wish exposure.Severity) []string {
	f := *n.finding
	f.Severity = n.after
	f.Traits = slices.DeleteFunc(slices.Clone(f.Traits), func(t exposure.TraitState) bool { return slices.Contains(n.fixed, t.ID) })
	f.Topics = slices.DeleteFunc(slices.Clone(f.Topics), func(t exposure.TopicState) bool { return slices.Contains(n.fixed, t.ID) })
	if set := exposure.SmallestFix(&f, wish); set != nil {
		return set.Topics
	}
	return nil
}

func (a FleetFixSet) sentence() string {
	to := "to " + string(a.Wish) + " or below"
	if a.Wish == exposure.Resolved {
		to = "to resolved"
	}
	if a.Above == 0 {
		return fmt.Sprintf("None of the %d findings needs anything to come %s.", a.Findings, to)
	}
	return fmt.Sprintf("%d topics, fixed in %d places, bring all %d findings above it %s.", len(a.Steps), a.Greedy, a.Above, to)
}
