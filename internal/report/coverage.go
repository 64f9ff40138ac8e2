package report

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/scan"
)

// Coverage tells what a scan looked at, and what it could not see. What was not
// seen is unknown, never fine.
type Coverage struct {
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Complete tells that everything that could hold an exposure was read.
	Complete bool     `json:"complete"`
	Accounts []string `json:"accounts"`
	Regions  []string `json:"regions"`
	// Scanned counts clusters that were evaluated. Of those without a finding, Clean
	// counts the ones where every trait was decided, Undecided the others: they may
	// be exposed.
	Scanned   int `json:"scanned"`
	Clean     int `json:"clean"`
	Undecided int `json:"undecided"`
	// Skipped are places that were not listed, Failed clusters of which nothing could be read.
	Skipped []inventory.Skip `json:"skipped"`
	Failed  []scan.Failure   `json:"failed"`
	// Partial are the clusters that were read in part.
	Partial []PartialCluster `json:"partial"`
}

// PartialCluster is a cluster with gaps or undecided traits.
type PartialCluster struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	Gaps    []inventory.Gap      `json:"gaps"`
	Unknown []UnknownTrait       `json:"unknown"`
}

// UnknownTrait is a trait that could not be decided, in whole or in part.
type UnknownTrait struct {
	Trait   string   `json:"trait"`
	Reasons []string `json:"reasons"`
}

// CoverageOf reads the coverage from the summary of a scan.
func CoverageOf(s scan.Summary) *Coverage {
	c := &Coverage{
		StartedAt: s.StartedAt, FinishedAt: s.FinishedAt, Complete: !s.Incomplete(),
		Accounts: notNil(s.Discovery.Accounts), Regions: notNil(s.Discovery.Regions),
		Skipped: notNil(s.Discovery.Skipped), Failed: notNil(s.Failed), Partial: []PartialCluster{},
	}
	for _, o := range s.Outcomes {
		if o.Evaluation.At.IsZero() {
			continue // the cluster is gone: nothing was scanned
		}
		c.Scanned++
		p := PartialCluster{Cluster: o.Cluster, Gaps: notNil(o.Gaps), Unknown: []UnknownTrait{}}
		for _, r := range o.Evaluation.Results {
			if r.Verdict == exposure.VerdictUnknown || len(r.Unknowns) > 0 {
				p.Unknown = append(p.Unknown, UnknownTrait{Trait: r.Trait, Reasons: notNil(r.Unknowns)})
			}
		}
		if len(p.Gaps) > 0 || len(p.Unknown) > 0 {
			c.Partial = append(c.Partial, p)
		}
		exposed := o.Finding != nil && o.Finding.Open()
		switch {
		case !exposed && len(p.Unknown) > 0:
			c.Undecided++
		case !exposed:
			c.Clean++
		}
	}
	return c
}

// String states the coverage in one line.
func (c *Coverage) String() string {
	text := count(c.Scanned, "cluster", "clusters")
	if len(c.Accounts) > 0 {
		text += " in " + count(len(c.Accounts), "account", "accounts") + " and " + count(len(c.Regions), "region", "regions")
	}
	text += fmt.Sprintf(" scanned, %d without an exposure", c.Clean)
	if c.Undecided > 0 {
		text += fmt.Sprintf(", %d undecided", c.Undecided)
	}
	if c.Complete {
		return text + "; everything was read"
	}
	return text + "; not everything could be read"
}

// maxCoverageLines bounds the coverage in text; all of it is in the JSON report.
const maxCoverageLines = 40

// WriteCoverage writes the coverage as text.
func WriteCoverage(w io.Writer, c *Coverage, o Options) error {
	p := newPrinter(o)
	p.line("Coverage: %s.", c.String())
	missing := c.Missing()
	for i, m := range missing {
		if i == maxCoverageLines {
			p.line("  … and %d more; -o json has all", len(missing)-i)
			break
		}
		p.wrapped("  - ", "    ", m.String())
	}
	for _, pc := range c.Partial {
		var unknown []string
		for _, u := range pc.Unknown {
			unknown = append(unknown, u.Trait)
		}
		if len(unknown) > 0 {
			p.wrapped("  - ", "    ", pc.Cluster.Name+": unknown, in whole or in part: "+strings.Join(unknown, ", "))
		}
	}
	return p.flush(w)
}

// Missing is one thing that was not read, for a reader.
type Missing struct {
	Where, What, Reason, Why string
}

// String states it in one line.
func (m Missing) String() string {
	text := m.Where + ": " + m.What
	if m.Reason != "" {
		text += " (" + m.Reason + ")"
	}
	return text + ": " + m.Why
}

// Missing lists what was not read: places, clusters, then parts of clusters.
func (c *Coverage) Missing() []Missing {
	var list []Missing
	var disabled []string
	for _, s := range c.Skipped {
		if s.Disabled {
			disabled = append(disabled, s.Account+" "+s.Region)
			continue
		}
		place := "account " + s.Account
		if s.Region != "" {
			place += ", region " + s.Region
		}
		list = append(list, Missing{place, "not listed", s.Reason, s.Detail})
	}
	if len(disabled) > 0 {
		list = append(list, Missing{Where: strings.Join(disabled, ", "), What: "left out", Why: "the account has not enabled the region, so nothing can run there"})
	}
	for _, f := range c.Failed {
		list = append(list, Missing{f.Cluster.String(), "not scanned", f.Reason, f.Detail})
	}
	for _, p := range c.Partial {
		for _, g := range mergeGaps(p.Gaps) {
			g.Where = p.Cluster.Name
			list = append(list, g)
		}
	}
	return list
}

// mergeGaps joins gaps of the same cause: one refused connection makes four
// sections unreadable.
func mergeGaps(gaps []inventory.Gap) []Missing {
	var list []Missing
	for _, g := range gaps {
		i := slices.IndexFunc(list, func(m Missing) bool { return m.Reason == g.Reason && m.Why == brief(g.Detail) })
		if i < 0 {
			list = append(list, Missing{What: brief(gapSubject(g)), Reason: g.Reason, Why: brief(g.Detail)})
			continue
		}
		list[i].What += ", " + brief(gapSubject(g))
	}
	for i := range list {
		list[i].What += " not read"
	}
	return list
}

var fullDigest = regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}`)

// brief shortens digests to what tells them apart.
func brief(s string) string { return fullDigest.ReplaceAllString(s, "$1…") }

func gapSubject(g inventory.Gap) string {
	if g.Subject == "" {
		return string(g.Section)
	}
	return string(g.Section) + " " + g.Subject
}

// notNil makes an absent list an empty one, which is [] in JSON.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
