package exposure

import "slices"

// Profile is all of a finding that its severity is worked out from, and what fixing
// topics would leave: Project and SmallestFix give the same for every finding of the
// same profile. A fleet has few different ones, so what concerns all of it is worked
// out once for each.
type Profile struct {
	Severity Severity    `json:"severity"`
	Impact   ImpactLevel `json:"impact"`
	// Traits are those that contribute.
	Traits []TraitProfile `json:"traits"`
	// Topics are in recommended order. Deleting the cluster is not among them.
	Topics []TopicProfile `json:"topics"`
}

// TraitProfile is what a contributing trait adds to the severity.
type TraitProfile struct {
	ID string `json:"id"`
	// Factors are the highest that its evidence gives each.
	Factors Factors `json:"factors"`
	// Reached tells that the ease of exploit is the highest as long as the trait that
	// leads from the internet to the vulnerable workload is there too.
	Reached bool `json:"reached,omitempty"`
}

// TopicProfile is a remediation topic.
type TopicProfile struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Effort Effort `json:"effort"`
}

// ProfileCount is a profile and how many findings have it.
type ProfileCount struct {
	Profile

	Findings int
}

// ProfileOf gives the profile of a finding.
func ProfileOf(f *Finding) Profile {
	p := Profile{Severity: f.Severity, Impact: f.Arithmetic.Impact, Traits: []TraitProfile{}, Topics: []TopicProfile{}}
	for _, w := range newScorer(f.Traits, p.Impact).weights {
		p.Traits = append(p.Traits, TraitProfile{ID: w.trait, Factors: factorsOf(w.terms), Reached: w.reached != nil})
	}
	for _, t := range f.Topics {
		if t.ID != DeleteTopic {
			p.Topics = append(p.Topics, TopicProfile{ID: t.ID, Title: t.Title, Effort: t.Effort})
		}
	}
	return p
}

// Has reports whether the topic can be fixed.
func (p Profile) Has(topic string) bool {
	return slices.ContainsFunc(p.Topics, func(t TopicProfile) bool { return t.ID == topic })
}

// Project gives the severity that is left when a topic is fixed in full.
func (p Profile) Project(topic string) Severity {
	return p.scorer().without([]string{topic}).Severity
}

// Fix gives the profile that is left when a topic is fixed in full.
func (p Profile) Fix(topic string) Profile {
	p.Severity = p.Project(topic)
	p.Traits = slices.DeleteFunc(slices.Clone(p.Traits), func(t TraitProfile) bool { return t.ID == topic })
	p.Topics = slices.DeleteFunc(slices.Clone(p.Topics), func(t TopicProfile) bool { return t.ID == topic })
	return p
}

// SmallestFix gives the topics that the function of that name does; none when the
// severity is low enough already.
func (p Profile) SmallestFix(wish Severity) []string {
	if p.Severity.Rank() <= wish.Rank() {
		return nil
	}
	topics := make([]TopicState, len(p.Topics))
	for i, t := range p.Topics {
		topics[i] = TopicState{ID: t.ID, Effort: t.Effort}
	}
	return smallestSet(p.scorer(), topics, wish.Rank())
}

func (p Profile) scorer() scorer {
	s := scorer{impact: p.Impact}
	for _, t := range p.Traits {
		w := traitWeight{trait: t.ID}
		for i, v := range t.Factors.list() {
			w.terms[i].Value = v
		}
		if t.Reached {
			w.reached = &Term{Value: MaxFactor}
		}
		s.weights = append(s.weights, w)
	}
	return s
}
