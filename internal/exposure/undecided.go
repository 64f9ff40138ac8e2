package exposure

import (
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Undecided is a cluster without an open finding of which some traits could not be
// decided: it may be exposed.
type Undecided struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	// At is when the snapshot was collected.
	At     time.Time      `json:"at"`
	Traits []UnknownTrait `json:"traits"`
}

// UnknownTrait is a trait that could not be decided, in whole or in part.
type UnknownTrait struct {
	Trait   string   `json:"trait"`
	Reasons []string `json:"reasons"`
}

// Unknown lists the traits that could not be decided, in the order of the traits.
func (e Evaluation) Unknown() []UnknownTrait {
	var list []UnknownTrait
	for _, r := range e.Results {
		if r.Verdict == VerdictUnknown || len(r.Unknowns) > 0 {
			list = append(list, UnknownTrait{Trait: r.Trait, Reasons: append([]string{}, r.Unknowns...)})
		}
	}
	return list
}

// Undecided gives what the outcome leaves undecided; nil when the cluster has an
// open finding, which carries its unknown traits itself, or nothing is unknown.
func (o Outcome) Undecided() *Undecided {
	unknown := o.Evaluation.Unknown()
	if len(unknown) == 0 || o.Finding != nil && o.Finding.Open() {
		return nil
	}
	return &Undecided{Cluster: o.Cluster, At: o.Evaluation.At, Traits: unknown}
}

// SelectsUndecided reports whether the query's place, cluster and traits fit. An
// undecided cluster has no severity and no status, so that those exclude nothing.
func (q Query) SelectsUndecided(u Undecided) bool {
	fits := func(wanted []string, values ...string) bool {
		return len(wanted) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, v) })
	}
	var traits []string
	for _, t := range u.Traits {
		traits = append(traits, t.Trait)
	}
	return fits(q.Accounts, u.Cluster.Account) && fits(q.Regions, u.Cluster.Region) &&
		fits(q.Clusters, u.Cluster.String(), u.Cluster.Name) && fits(q.Traits, traits...)
}
