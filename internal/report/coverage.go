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
	// Read tells that everything that could hold an exposure was read; Complete that
	// also every trait was decided.
	Read     bool     `json:"read"`
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
	// Left are the undecided clusters; a JSON report has them beside its findings.
	Left []exposure.Undecided `json:"-"`
}

// PartialCluster is a cluster with gaps or undecided traits.
type PartialCluster struct {
	Cluster inventory.ClusterRef    `json:"cluster"`
	Gaps    []inventory.Gap         `json:"gaps"`
	Unknown []exposure.UnknownTrait `json:"unknown"`
}

// CoverageOf reads the coverage from the summary of a scan.
func CoverageOf(s scan.Summary) *Coverage {
	c := &Coverage{
		StartedAt: s.StartedAt, FinishedAt: s.FinishedAt, Read: !s.Incomplete(),
		Accounts: notNil(s.Discovery.Accounts), Regions: notNil(s.Discovery.Regions),
		Skipped: notNil(s.Discovery.Skipped), Failed: notNil(s.Failed), Partial: []PartialCluster{},
	}
	for _, o := range s.Outcomes {
		if o.Evaluation.At.IsZero() {
			continue // the cluster is gone: nothing was scanned
		}
		c.Scanned++
		p := PartialCluster{Cluster: o.Cluster, Gaps: notNil(o.Gaps), Unknown: notNil(o.Evaluation.Unknown())}
		if len(p.Gaps) > 0 || len(p.Unknown) > 0 {
			c.Partial = append(c.Partial, p)
		}
		left := o.Undecided()
		switch {
		case left != nil:
			c.Left = append(c.Left, *left)
		case o.Finding == nil || !o.Finding.Open():
			c.Clean++
		}
	}
	c.Undecided = len(c.Left)
	c.Complete = c.Read && c.unknown() == 0
	return c
}

// unknown counts the traits that could not be decided, over all clusters.
func (c *Coverage) unknown() int {
	n := 0
	for _, p := range c.Partial {
		n += len(p.Unknown)
	}
	return n
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
	return text + "; " + c.Reading()
}

// Reading says whether everything was read and decided.
func (c *Coverage) Reading() string {
	switch {
	case !c.Read:
		return "not everything could be read"
	case !c.Complete:
		return "read in full, but " + count(c.unknown(), "trait", "traits") + " could not be decided"
	}
	return "everything was read"
}

// maxCoverageLines bounds the coverage in text; all of it is in the JSON report.
const maxCoverageLines = 40

// WriteCoverage writes the coverage as text.
func WriteCoverage(w io.Writer, c *Coverage, o Options) error {
	p := newPrinter(o)
	p.wrapped("", "  ", "Coverage: "+c.String()+".")
	missing := c.Missing()
	for i, m := range missing {
		if i == maxCoverageLines {
			p.line("  … and %d more; -o json has all", len(missing)-i)
			break
		}
		p.wrapped("  - ", "    ", m.String())
	}
	if len(c.Left) > 0 {
		var names []string
		for _, u := range c.Left {
			names = append(names, u.Cluster.Name)
		}
		p.wrapped("  ", "    ", "Undecided, so they may be exposed: "+some(names, ", ")+".")
	}
	if d := c.Disabled(); d != "" {
		p.wrapped("  ", "    ", d)
	}
	return p.flush(w)
}

// Missing is one thing that was not read or not decided, for a reader.
type Missing struct {
	Where, What, Reason, Why string
}

// String states it in one line.
func (m Missing) String() string {
	text := m.Where + ": " + m.What
	if m.Reason != "" {
		text += " (" + m.Reason + ")"
	}
	if m.Why == "" {
		return text
	}
	return text + ": " + m.Why
}

// Missing lists what was not read: places, clusters, then parts of clusters with
// the traits that this left undecided.
func (c *Coverage) Missing() []Missing {
	var list []Missing
	for _, s := range c.Skipped {
		if s.Disabled {
			continue
		}
		place := "account " + s.Account
		if s.Region != "" {
			place += ", region " + s.Region
		}
		list = append(list, Missing{place, "not listed", s.Reason, s.Detail})
	}
	for _, f := range c.Failed {
		list = append(list, Missing{f.Cluster.String(), "not scanned", f.Reason, f.Detail})
	}
	for _, p := range c.Partial {
		list = append(list, c.missingOf(p)...)
	}
	return list
}

// missingOf gives one line for each cause. One cause alone carries the traits too.
func (c *Coverage) missingOf(p PartialCluster) []Missing {
	list := mergeGaps(behind(p.Gaps))
	for i := range list {
		list[i].Where = p.Cluster.Name
	}
	if len(p.Unknown) == 0 {
		return list
	}
	word := "unknown, in whole or in part: "
	if slices.ContainsFunc(c.Left, func(u exposure.Undecided) bool { return u.Cluster == p.Cluster }) {
		word = "undecided: "
	}
	var names, reasons []string
	for _, u := range p.Unknown {
		names = append(names, u.Trait)
		for _, r := range u.Reasons {
			if !slices.Contains(reasons, brief(r)) {
				reasons = append(reasons, brief(r))
			}
		}
	}
	traits := word + strings.Join(names, ", ")
	switch len(list) {
	case 0:
		return []Missing{{Where: p.Cluster.Name, What: traits, Why: foremost(reasons)}}
	case 1:
		list[0].What += "; " + traits
		return list
	}
	return append(list, Missing{Where: p.Cluster.Name, What: traits})
}

// Disabled names, in one sentence, the places that were left out because nothing
// can run there; "" when there are none.
func (c *Coverage) Disabled() string {
	var places []string
	for _, s := range c.Skipped {
		if s.Disabled {
			places = append(places, s.Region+" of "+s.Account)
		}
	}
	if len(places) == 0 {
		return ""
	}
	return "Left out, as the account has not enabled the region: " + some(places, ", ") + "."
}

// maxNamed is how many of a list a sentence names.
const maxNamed = 5

// some joins a list, and counts what is too much for a sentence.
func some(list []string, separator string) string {
	if more := len(list) - maxNamed; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNamed], separator), more)
	}
	return strings.Join(list, separator)
}

// foremost gives the first reason and counts the others: the finding has them all.
func foremost(reasons []string) string {
	if more := len(reasons) - 1; more > 0 {
		return fmt.Sprintf("%s; and %d more", reasons[0], more)
	}
	return strings.Join(reasons, "")
}

// behind gives the gaps that are only there because the workloads were not read,
// which name the running images, the cause of that.
func behind(gaps []inventory.Gap) []inventory.Gap {
	whole := func(s inventory.Section) int {
		return slices.IndexFunc(gaps, func(g inventory.Gap) bool { return g.Section == s && g.Subject == "" })
	}
	cause := whole(inventory.SectionWorkloads)
	if cause < 0 {
		return gaps
	}
	gaps = slices.Clone(gaps)
	for _, s := range []inventory.Section{inventory.SectionImages, inventory.SectionMatches} {
		if i := whole(s); i >= 0 {
			gaps[i].Reason, gaps[i].Detail = gaps[cause].Reason, gaps[cause].Detail
		}
	}
	return gaps
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
