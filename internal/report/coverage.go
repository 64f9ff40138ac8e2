package report

import (
	"fmt"
	"io"
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
	// Scanned counts clusters that were evaluated, Clean those without an exposure.
	Scanned int `json:"scanned"`
	Clean   int `json:"clean"`
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
		if o.Finding == nil || !o.Finding.Open() {
			c.Clean++
		}
		p := PartialCluster{Cluster: o.Cluster, Gaps: notNil(o.Gaps), Unknown: []UnknownTrait{}}
		for _, r := range o.Evaluation.Results {
			if r.Verdict == exposure.VerdictUnknown || len(r.Unknowns) > 0 {
				p.Unknown = append(p.Unknown, UnknownTrait{Trait: r.Trait, Reasons: notNil(r.Unknowns)})
			}
		}
		if len(p.Gaps) > 0 || len(p.Unknown) > 0 {
			c.Partial = append(c.Partial, p)
		}
	}
	return c
}

// String states the coverage in one line.
func (c *Coverage) String() string {
	text := fmt.Sprintf("%s in %s and %s scanned, %d without an exposure", count(c.Scanned, "cluster", "clusters"),
		count(len(c.Accounts), "account", "accounts"), count(len(c.Regions), "region", "regions"), c.Clean)
	if len(c.Accounts) == 0 {
		text = fmt.Sprintf("%s scanned, %d without an exposure", count(c.Scanned, "cluster", "clusters"), c.Clean)
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
	var lines []string
	for _, s := range c.Skipped {
		place := "account " + s.Account
		if s.Region != "" {
			place += ", region " + s.Region
		}
		if s.Disabled {
			lines = append(lines, place+": not enabled, nothing can run there")
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: not listed (%s): %s", place, s.Reason, s.Detail))
	}
	for _, f := range c.Failed {
		lines = append(lines, fmt.Sprintf("%s: not scanned (%s): %s", f.Cluster, f.Reason, f.Detail))
	}
	for _, pc := range c.Partial {
		for _, g := range pc.Gaps {
			lines = append(lines, fmt.Sprintf("%s: %s not read (%s): %s", pc.Cluster.Name, gapSubject(g), g.Reason, g.Detail))
		}
		var unknown []string
		for _, u := range pc.Unknown {
			unknown = append(unknown, u.Trait)
		}
		if len(unknown) > 0 {
			lines = append(lines, fmt.Sprintf("%s: unknown, in whole or in part: %s", pc.Cluster.Name, strings.Join(unknown, ", ")))
		}
	}
	for i, l := range lines {
		if i == maxCoverageLines {
			p.line("  … and %d more; -o json has all", len(lines)-i)
			break
		}
		p.wrapped("  - ", "    ", l)
	}
	return p.flush(w)
}

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
