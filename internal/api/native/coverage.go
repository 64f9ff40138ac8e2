package native

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Coverage sums up what was read and what was not.
type Coverage struct {
	Clusters   int `json:"clusters" doc:"Clusters that exist and were scanned."`
	Complete   int `json:"complete" doc:"Those of which everything was read and decided."`
	Incomplete int `json:"incomplete" doc:"Those with a gap or an undecided trait."`
	// DiscoveredAt is left out when no discovery was recorded.
	DiscoveredAt time.Time         `json:"discovered_at,omitzero" doc:"When clusters were last listed."`
	Accounts     int               `json:"accounts" doc:"Accounts that the latest discovery looked at."`
	Regions      int               `json:"regions" doc:"Regions that it looked at."`
	Places       []inventory.Skip  `json:"places" doc:"Accounts and regions that could not be listed, or are off."`
	Sections     []CoverageSection `json:"sections" doc:"What could not be read, by section and reason."`
	Traits       []CoverageTrait   `json:"traits" doc:"What could not be decided, by trait."`
}

// CoverageSection counts the clusters in which a part could not be read.
type CoverageSection struct {
	Section  inventory.Section `json:"section" doc:"Part of the snapshot."`
	Reason   string            `json:"reason" doc:"Category of the failure: denied, throttled, unavailable, not_found, invalid, internal."`
	Clusters int               `json:"clusters" doc:"Clusters that it concerns."`
	Example  string            `json:"example" doc:"What happened in the first of them, and what to do."`
}

// CoverageTrait counts the clusters in which a trait could not be decided.
type CoverageTrait struct {
	Trait    string `json:"trait" doc:"ID of the trait."`
	Short    string `json:"short,omitempty" doc:"A few words for it."`
	Clusters int    `json:"clusters" doc:"Clusters in which it is undecided, in whole or in part."`
	Example  string `json:"example" doc:"Why, in the first of them."`
}

// walkPage is how many clusters are read at a time where all are looked at.
const walkPage = 1000

// eachCluster walks the clusters that exist, within the caller's scope.
func (s *service) eachCluster(ctx context.Context, q *request, visit func(exposure.ClusterRecord)) error {
	query := exposure.ClusterQuery{Limit: walkPage}
	for {
		page, err := s.cfg.Clusters.ClusterRecords(ctx, q.caller.Scope, query)
		if err != nil {
			return err
		}
		for _, r := range page.Records {
			visit(r)
		}
		if query.After = page.Next; query.After == nil {
			return nil
		}
	}
}

func (s *service) coverage(ctx context.Context, q *request) (any, error) {
	c := Coverage{Places: []inventory.Skip{}, Sections: []CoverageSection{}, Traits: []CoverageTrait{}}
	if err := s.eachCluster(ctx, q, c.add); err != nil {
		return nil, err
	}
	slices.SortFunc(c.Sections, func(a, b CoverageSection) int {
		return cmp.Or(cmp.Compare(b.Clusters, a.Clusters), cmp.Compare(a.Section, b.Section), cmp.Compare(a.Reason, b.Reason))
	})
	slices.SortFunc(c.Traits, func(a, b CoverageTrait) int {
		return cmp.Or(cmp.Compare(b.Clusters, a.Clusters), cmp.Compare(a.Trait, b.Trait))
	})
	for i := range c.Traits {
		c.Traits[i].Short = s.short(c.Traits[i].Trait)
	}
	if s.cfg.Discoveries == nil {
		return c, nil
	}
	d, at, err := s.cfg.Discoveries.Latest(ctx)
	if errors.Is(err, fault.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	c.DiscoveredAt, c.Regions = at, len(d.Regions)
	for _, a := range d.Accounts {
		if mayHold(q, a, "") {
			c.Accounts++
		}
	}
	for _, skip := range d.Skipped {
		if mayHold(q, skip.Account, skip.Region) {
			c.Places = append(c.Places, skip)
		}
	}
	return c, nil
}

// short gives a few words for a trait.
func (s *service) short(id string) string {
	for _, t := range s.cfg.Traits {
		if t.ID == id {
			return t.Short
		}
	}
	return ""
}

// mayHold reports whether a place may hold clusters of the caller's scope.
func mayHold(q *request, account, region string) bool {
	in := func(list []string, v string) bool { return v == "" || len(list) == 0 || slices.Contains(list, v) }
	scope := q.caller.Scope
	if !in(scope.Accounts, account) || !in(scope.Regions, region) {
		return false
	}
	return len(scope.Clusters) == 0 || slices.ContainsFunc(scope.Clusters, func(arn string) bool {
		ref, err := inventory.ParseClusterRef(arn)
		return err == nil && ref.Account == account && (region == "" || ref.Region == region)
	})
}

// add counts one cluster. A section counts once per reason, however many things in
// it could not be read.
func (c *Coverage) add(r exposure.ClusterRecord) {
	c.Clusters++
	if len(r.Gaps) == 0 && len(r.Unknown) == 0 {
		c.Complete++
		return
	}
	c.Incomplete++
	type kind struct {
		section inventory.Section
		reason  string
	}
	counted := map[kind]bool{}
	for _, g := range r.Gaps {
		k := kind{g.Section, g.Reason}
		if counted[k] {
			continue
		}
		counted[k] = true
		i := slices.IndexFunc(c.Sections, func(s CoverageSection) bool { return s.Section == g.Section && s.Reason == g.Reason })
		if i < 0 {
			i = len(c.Sections)
			c.Sections = append(c.Sections, CoverageSection{Section: g.Section, Reason: g.Reason, Example: r.Cluster.Ref.Name + ": " + g.Detail})
		}
		c.Sections[i].Clusters++
	}
	for _, u := range r.Unknown {
		i := slices.IndexFunc(c.Traits, func(t CoverageTrait) bool { return t.Trait == u.Trait })
		if i < 0 {
			i = len(c.Traits)
			example := r.Cluster.Ref.Name
			if len(u.Reasons) > 0 {
				example += ": " + u.Reasons[0]
			}
			c.Traits = append(c.Traits, CoverageTrait{Trait: u.Trait, Example: example})
		}
		c.Traits[i].Clusters++
	}
}
