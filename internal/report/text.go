package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
)

func writeText(w io.Writer, r Report, o Options) error {
	p := newPrinter(o)
	if o.Layout == List {
		list(p, r)
		return p.flush(w)
	}
	rule := func(i int) {
		if i > 0 {
			p.line("\n%s\n", strings.Repeat("─", 72))
		}
	}
	for i, f := range r.Findings {
		rule(i)
		if err := full(p, r, f, o.Layout); err != nil {
			return err
		}
	}
	for i, u := range r.Undecided {
		rule(len(r.Findings) + i)
		undecided(p, u)
	}
	return p.flush(w)
}

// list writes one line per finding.
func list(p *printer, r Report) {
	if len(r.Findings) == 0 {
		p.line("No findings.")
		undecidedList(p, r)
		return
	}
	var rows [][]cell
	for _, f := range r.Findings {
		severity := f.Severity
		rows = append(rows, []cell{
			{text: string(severity), paint: func(_ string, width int) painted { return p.severity(severity, width) }},
			{text: f.Cluster.Ref.Name},
			{text: f.Cluster.Ref.Account},
			{text: f.Cluster.Ref.Region},
			{text: f.Cluster.Version},
			{text: string(f.Status)},
			{text: firstFix(f)},
			{text: traitList(f)},
		})
	}
	p.table([]string{"SEVERITY", "CLUSTER", "ACCOUNT", "REGION", "VERSION", "STATUS", "FIX FIRST", "TRAITS"}, rows, narrowing()...)
	p.line("\n%s.", Summarize(r.Findings).String())
	undecidedList(p, r)
}

func undecidedList(p *printer, r Report) {
	if len(r.Undecided) > 0 {
		p.wrapped("", "  ", undecidedLine(r.Undecided))
	}
}

// narrowing makes the list fit: what is in the detail view anyway goes first, what
// names the cluster last.
func narrowing() []shrink {
	const cluster, account, region, version, status, fix, traits = 1, 2, 3, 4, 5, 6, 7
	return []shrink{
		{traits, 28}, {traits, 0}, {fix, 30}, {status, 0}, {version, 0}, {region, 0}, {fix, 16}, {account, 0}, {cluster, 16},
	}
}

// firstFix names the topic to begin with and what it achieves. When no single
// topic lowers the severity, it counts the others that have to go with it.
func firstFix(f *exposure.Finding) string {
	if len(f.Topics) == 0 {
		return "–"
	}
	first := f.Topics[0]
	if first.After.Rank() < f.Severity.Rank() || len(f.FixSets) == 0 {
		return first.Title + " → " + after(first.After)
	}
	set := f.FixSets[0]
	for _, t := range f.Topics {
		if slices.Contains(set.Topics, t.ID) {
			return fmt.Sprintf("%s + %d more → %s", t.Title, len(set.Topics)-1, after(set.After))
		}
	}
	return "–"
}

// traitList names the contributing traits, and counts those nobody could decide.
func traitList(f *exposure.Finding) string {
	var names []string
	unknown := 0
	for _, t := range f.Traits {
		switch {
		case t.Standing == exposure.Contributing && t.Stale:
			names = append(names, t.Short+" (stale)")
		case t.Standing == exposure.Contributing:
			names = append(names, t.Short)
		case t.Standing == exposure.Unknown:
			unknown++
		}
	}
	if unknown > 0 {
		names = append(names, strconv.Itoa(unknown)+" unknown")
	}
	return strings.Join(names, ", ")
}
