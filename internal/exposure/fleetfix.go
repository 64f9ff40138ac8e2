package exposure

import (
	"cmp"
	"fmt"
	"slices"
)

// FleetFixSet is a list of topics that brings a fleet to a severity.
type FleetFixSet struct {
	Wish     Severity     `json:"wish" doc:"Severity that was asked for; empty means resolved."`
	Findings int          `json:"findings" doc:"Open findings that were looked at."`
	Above    int          `json:"above" doc:"Those of them that are above the wish now."`
	Steps    []FleetStep  `json:"steps" doc:"Topics to fix everywhere, in order; after the last, every finding is at the wish."`
	Topics   []FleetTopic `json:"topics" doc:"Every topic alone, fixed wherever it is: those that bring most findings to the wish come first."`
	Greedy   int          `json:"greedy" doc:"Topics times clusters of this list."`
	Least    int          `json:"least" doc:"Topics times clusters when each finding takes its own smallest set: no list can have fewer."`
	Text     string       `json:"text" doc:"The answer in one sentence."`
}

// FleetStep is one topic, fixed in every cluster that has it and still needs it.
type FleetStep struct {
	Topic    string `json:"topic" doc:"ID of the topic."`
	Title    string `json:"title" doc:"Its title."`
	Effort   Effort `json:"effort" doc:"How much work it usually is in one cluster."`
	Clusters int    `json:"clusters" doc:"Clusters in which it is to be fixed."`
	Reached  int    `json:"reached" doc:"Findings that this step brings to the wish."`
	Left     int    `json:"left" doc:"Findings that are still above it afterwards."`
}

// FleetTopic is what one topic would do by itself.
type FleetTopic struct {
	Topic    string `json:"topic" doc:"ID of the topic."`
	Title    string `json:"title" doc:"Its title."`
	Effort   Effort `json:"effort" doc:"How much work it usually is in one cluster."`
	Findings int    `json:"findings" doc:"Findings above the wish that have it."`
	Lowered  int    `json:"lowered" doc:"Those of them whose severity it would lower."`
	Reached  int    `json:"reached" doc:"Those of them that it would bring to the wish."`
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

// need are the findings of one profile that are above the wish, with what is left of
// the profile after the topics fixed so far.
type need struct {
	ProfileCount

	// smallest is the smallest set for what is left.
	smallest []string
}

// FixFleet chooses topics greedily for open findings, counted by profile, that are to come
// to a severity or below. Every finding has a set that brings it there, so that the choice
// ends when all are there.
func FixFleet(found []ProfileCount, wish Severity) FleetFixSet {
	a := FleetFixSet{Wish: wish, Steps: []FleetStep{}}
	var needs []need
	for _, p := range found {
		a.Findings += p.Findings
		if p.Severity.Rank() <= wish.Rank() {
			continue
		}
		n := need{ProfileCount: p, smallest: p.SmallestFix(wish)}
		needs = append(needs, n)
		a.Above += n.Findings
		a.Least += n.Findings * len(n.smallest)
	}
	candidates := weighTopics(needs, wish)
	a.Topics = alone(candidates)
	for len(needs) > 0 {
		step := bestTopic(candidates)
		if step.Topic == "" {
			break // cannot be: what contributes has a topic
		}
		var left []need
		for _, n := range needs {
			if n.Has(step.Topic) {
				n.Profile = n.Fix(step.Topic)
				n.smallest = n.SmallestFix(wish)
				a.Greedy += n.Findings
			}
			if n.Severity.Rank() > wish.Rank() {
				left = append(left, n)
				step.Left += n.Findings
			}
		}
		a.Steps = append(a.Steps, step)
		needs, candidates = left, weighTopics(left, wish)
	}
	a.Text = a.sentence()
	return a
}

// candidate is a topic that may be fixed next.
type candidate struct {
	FleetStep

	// lowered adds up by how much severities fall, lower counts the findings whose
	// severity does; needed counts the smallest sets that have the topic.
	lowered, lower, needed int
}

// weighTopics works out what each topic that is not fixed would do.
func weighTopics(needs []need, wish Severity) map[string]*candidate {
	by := map[string]*candidate{}
	for _, n := range needs {
		for _, t := range n.Topics {
			c := by[t.ID]
			if c == nil {
				c = &candidate{FleetStep: FleetStep{Topic: t.ID, Title: t.Title, Effort: t.Effort}}
				by[t.ID] = c
			}
			after := n.Project(t.ID)
			c.Clusters += n.Findings
			fall := n.Severity.Rank() - after.Rank()
			c.lowered += fall * n.Findings
			if fall > 0 {
				c.lower += n.Findings
			}
			if after.Rank() <= wish.Rank() {
				c.Reached += n.Findings
			}
			if slices.Contains(n.smallest, t.ID) {
				c.needed += n.Findings
			}
		}
	}
	return by
}

// bestTopic chooses the topic that brings most findings to the wish; of equals the one
// that lowers the severities most, then the one that most smallest sets need, then
// the least effort, then the first by name.
func bestTopic(by map[string]*candidate) FleetStep {
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

func (a FleetFixSet) sentence() string {
	to := "to " + string(a.Wish) + " or below"
	if a.Wish == Resolved {
		to = "to resolved"
	}
	if a.Above == 0 {
		return fmt.Sprintf("None of the %d findings needs anything to come %s.", a.Findings, to)
	}
	return fmt.Sprintf("%d topics, fixed in %d places, bring all %d findings above it %s.", len(a.Steps), a.Greedy, a.Above, to)
}
