package exposure

import (
	"cmp"
	"slices"
)

// DeleteTopic is the topic of a cluster that looks unneeded.
const DeleteTopic = "delete-cluster"

// TopicState is a remediation topic of one finding, with what it would achieve.
type TopicState struct {
	// ID is the trait's, or DeleteTopic.
	ID     string `json:"id"`
	Title  string `json:"title"`
	Effort Effort `json:"effort"`
	// After is the severity that would be left; empty means resolved.
	After Severity `json:"severity_after"`
	// Resolves tells that nothing contributing would be left.
	Resolves bool          `json:"resolves"`
	Options  []OptionState `json:"options,omitempty"`
}

// OptionState is one way to remedy the topic, with what it would achieve.
type OptionState struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	After    Severity `json:"severity_after"`
	Resolves bool     `json:"resolves"`
}

// FixSet is the smallest set of topics that brings a finding to a severity.
type FixSet struct {
	// Wish is the severity asked for; empty means resolved.
	Wish   Severity `json:"wish"`
	Topics []string `json:"topics"`
	// After is the severity that is really left, at most Wish.
	After Severity `json:"severity_after"`
}

// Project gives the severity that would be left after the topics were fixed in full.
func Project(f *Finding, topics ...string) Arithmetic {
	return newScorer(f.Traits, f.Arithmetic.Impact).without(topics)
}

func (s scorer) without(topics []string) Arithmetic {
	if slices.Contains(topics, DeleteTopic) {
		return Arithmetic{Impact: s.impact}
	}
	return s.score(func(trait string) bool { return !slices.Contains(topics, trait) })
}

// applies reports whether an option is one for what was seen of its trait.
func applies(o Option, t *TraitState) bool {
	return len(o.When) == 0 || slices.ContainsFunc(t.Evidence, func(e Evidence) bool {
		return e.Standing == Contributing && slices.Contains(o.When, e.Variant)
	})
}

// remains gives the evidence that an option does not take away; nil when nothing
// contributing is left.
func remains(o Option, t *TraitState) []Evidence {
	mends := o.Mends
	if len(mends) == 0 {
		mends = o.When
	}
	if len(mends) == 0 {
		return nil
	}
	left := slices.DeleteFunc(slices.Clone(t.Evidence), func(e Evidence) bool { return slices.Contains(mends, e.Variant) })
	if !slices.ContainsFunc(left, func(e Evidence) bool { return e.Standing == Contributing }) {
		return nil
	}
	return left
}

// projectOption gives the severity after one option of a trait's topic, which
// may leave some of the evidence, or a weaker trait in its place.
func projectOption(f *Finding, trait string, o Option) Severity {
	left := slices.Clone(f.Traits)
	for i, t := range left {
		if t.ID != trait {
			continue
		}
		if o.Leaves == "" {
			rest := remains(o, &t)
			if rest == nil {
				return Project(f, trait).Severity
			}
			left[i].Evidence = rest
			continue
		}
		left[i] = TraitState{ID: o.Leaves, Standing: Contributing}
		for _, e := range t.Evidence {
			left[i].Evidence = append(left[i].Evidence, Evidence{Standing: e.Standing, Resource: e.Resource})
		}
	}
	return Score(left, f.Arithmetic.Impact).Severity
}

// topics lists the remediation topics of a finding in recommended order:
// deletion when the cluster looks unneeded, then the one that leaves the lowest
// severity; of those that leave the same, the ones of the smallest set for the
// next lower severity, then the least effort, then the order of the traits.
func topics(f *Finding, traits []Trait) []TopicState {
	var list []TopicState
	all := newScorer(f.Traits, f.Arithmetic.Impact)
	for _, t := range traits {
		state := f.Trait(t.ID)
		if state == nil || state.Standing != Contributing {
			continue
		}
		after := all.without([]string{t.ID}).Severity
		topic := TopicState{ID: t.ID, Title: t.Short, Effort: t.Effort, After: after, Resolves: after == Resolved}
		for _, o := range t.Options {
			if !applies(o, state) {
				continue
			}
			left := projectOption(f, t.ID, o)
			topic.Options = append(topic.Options, OptionState{ID: o.ID, Title: o.Title, After: left, Resolves: left == Resolved})
		}
		list = append(list, topic)
	}
	next := smallestSet(all, list, f.Severity.Rank()-1)
	slices.SortStableFunc(list, func(a, b TopicState) int {
		return cmp.Or(
			cmp.Compare(a.After.Rank(), b.After.Rank()),
			compareBool(slices.Contains(next, b.ID), slices.Contains(next, a.ID)),
			cmp.Compare(a.Effort, b.Effort))
	})
	if f.Unneeded != nil {
		list = slices.Insert(list, 0, TopicState{ID: DeleteTopic, Title: "Delete the cluster", Effort: EffortHours, Resolves: true})
	}
	return list
}

// fixSets gives, for every severity below the present one, the smallest set.
func fixSets(f *Finding) []FixSet {
	var sets []FixSet
	for _, wish := range append(Severities(), Resolved) {
		if wish.Rank() >= f.Severity.Rank() {
			continue
		}
		if set := SmallestFix(f, wish); set != nil {
			sets = append(sets, *set)
		}
	}
	return sets
}

// SmallestFix finds the fewest topics that bring a finding to the wished
// severity or below; of equally many, those of the least effort, then the
// recommended order. Deleting the cluster is not considered. It returns nil when
// the finding is there already.
func SmallestFix(f *Finding, wish Severity) *FixSet {
	if f.Severity.Rank() <= wish.Rank() {
		return nil
	}
	all := newScorer(f.Traits, f.Arithmetic.Impact)
	set := smallestSet(all, f.Topics, wish.Rank())
	if set == nil {
		return nil
	}
	return &FixSet{Wish: wish, Topics: set, After: all.without(set).Severity}
}

// smallestSet gives the IDs of the fewest topics that leave a severity of at most
// the rank, in the order of the topics. A finding has at most as many topics as
// there are traits, so all subsets are tried, from small to large: the answer is
// exact.
func smallestSet(all scorer, topics []TopicState, rank int) []string {
	var ids []string
	effort := map[string]Effort{}
	for _, t := range topics {
		if t.ID != DeleteTopic {
			ids = append(ids, t.ID)
			effort[t.ID] = t.Effort
		}
	}
	for size := 1; size <= len(ids); size++ {
		var best []string
		least := 0
		for subset := range subsets(ids, size) {
			if all.without(subset).Severity.Rank() > rank {
				continue
			}
			sum := 0
			for _, id := range subset {
				sum += int(effort[id])
			}
			if best == nil || sum < least {
				best, least = subset, sum
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// subsets yields every subset of the size, in the order of ids.
func subsets(ids []string, size int) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		var walk func(from int, chosen []string) bool
		walk = func(from int, chosen []string) bool {
			if len(chosen) == size {
				return yield(slices.Clone(chosen))
			}
			for i := from; i <= len(ids)-(size-len(chosen)); i++ {
				if !walk(i+1, append(chosen, ids[i])) {
					return false
				}
			}
			return true
		}
		walk(0, nil)
	}
}
