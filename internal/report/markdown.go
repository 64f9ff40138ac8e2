package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
)

// writeMarkdown writes a ticket per finding, in GitHub's dialect.
func writeMarkdown(w io.Writer, r Report) error {
	var b strings.Builder
	if len(r.Findings)+len(r.Undecided) != 1 {
		b.WriteString("# Exposure of EKS clusters\n\n" + md(Summarize(r.Findings).String()) + ".\n\n")
	}
	if len(r.Findings) > 1 {
		b.WriteString("| Severity | Cluster | Account | Region | Version | Status | Fix first | Traits |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
		for _, f := range r.Findings {
			ref := f.Cluster.Ref
			row(&b, string(f.Severity), ref.Name, ref.Account, ref.Region, f.Cluster.Version, string(f.Status), firstFix(f), traitList(f))
		}
		b.WriteString("\n")
	}
	for _, f := range r.Findings {
		if err := ticket(&b, r, f); err != nil {
			return err
		}
	}
	undecidedMarkdown(&b, r.Undecided)
	if r.Coverage != nil {
		coverageMarkdown(&b, r.Coverage)
	}
	fmt.Fprintf(&b, "_Written by eksposure %s on %s._\n", md(r.Version), date(r.GeneratedAt))
	_, err := io.WriteString(w, strip(b.String()))
	return err
}

func ticket(b *strings.Builder, r Report, f *exposure.Finding) error {
	c := f.Cluster
	fmt.Fprintf(b, "# %s: %s\n\n%s\n\n", f.Severity, md(f.Title), md(f.Description))
	b.WriteString("| | |\n| --- | --- |\n")
	row(b, "Cluster", c.Ref.String())
	row(b, "Account", nameOf(c.Ref.Account, c.AccountName))
	row(b, "Region", c.Ref.Region)
	row(b, "Kubernetes version", c.Version)
	row(b, "Status", string(f.Status)+", last activity "+string(f.Activity))
	row(b, "First and last seen", date(f.FirstSeen)+" to "+date(f.LastSeen))
	row(b, "Finding", f.UID)

	fmt.Fprintf(b, "\n## Why %s\n\n| Factor | Value | Because | Trait |\n| --- | --- | --- | --- |\n", f.Severity)
	for _, t := range f.Arithmetic.Terms {
		row(b, t.Factor, fmt.Sprintf("%d of %d", t.Value, exposure.MaxFactor), t.Why, t.Trait)
	}
	row(b, "sum", fmt.Sprintf("%d of %d", f.Arithmetic.Sum, 4*exposure.MaxFactor), likelihoodWords(f.Arithmetic), "")
	fmt.Fprintf(b, "\n%s\n\n## Traits\n\n", md(impactWords(f.Arithmetic)))
	for _, t := range f.Traits {
		traitMarkdown(b, t)
	}
	if len(f.Path.Edges) > 0 {
		b.WriteString("## Attack path\n\n```text\n")
		for _, l := range pathLines(f) {
			b.WriteString(fenced(l) + "\n")
		}
		b.WriteString("```\n\n")
	}
	if err := remediationMarkdown(b, r, f); err != nil {
		return err
	}
	b.WriteString("## Resources\n\n| Type | Name | Identifier |\n| --- | --- | --- |\n")
	for _, res := range f.Resources {
		row(b, res.Type, res.Name, res.UID)
	}
	b.WriteString("\n")
	if len(f.Gaps) > 0 {
		b.WriteString("## Not read\n\nWhat could not be read is unknown, not fine.\n\n")
		for _, m := range mergeGaps(f.Gaps) {
			fmt.Fprintf(b, "- %s (%s): %s\n", md(m.What), md(m.Reason), md(m.Why))
		}
		b.WriteString("\n")
	}
	return nil
}

func traitMarkdown(b *strings.Builder, t exposure.TraitState) {
	fmt.Fprintf(b, "### %s\n\n%s. _%s, %s_\n\n", md(t.Short), md(strings.TrimRight(t.Title, ".")), md(string(t.Type)), md(standing(t)))
	for _, e := range t.Evidence {
		if e.Standing == exposure.Unknown {
			continue
		}
		fmt.Fprintf(b, "- %s\n", md(e.Summary))
		for _, f := range e.Facts {
			fmt.Fprintf(b, "  - %s\n", md(factWords(f)))
		}
		for _, w := range e.Workloads {
			fmt.Fprintf(b, "  - in %s\n", md(w.String()))
		}
		if e.Image == nil {
			continue
		}
		for _, m := range e.Image.Worst {
			fmt.Fprintf(b, "  - %s\n", md(matchWords(m)))
		}
		for _, x := range e.Image.Fixes {
			fmt.Fprintf(b, "  - fix: %s\n", md(fixWords(x)))
		}
	}
	for _, u := range t.Unknowns {
		fmt.Fprintf(b, "- Unknown: %s\n", md(u))
	}
	b.WriteString("\n")
}

func remediationMarkdown(b *strings.Builder, r Report, f *exposure.Finding) error {
	if len(f.Topics) == 0 {
		return nil
	}
	b.WriteString("## Remediation\n\nIn this order; each line says what is left when that topic alone is done.\n\n")
	if f.Unneeded != nil {
		b.WriteString(md(unneededWords(f.Unneeded)) + "\n\n")
	}
	for _, t := range f.Topics {
		fmt.Fprintf(b, "- [ ] %s (%s) → %s\n", md(t.Title), t.Effort, after(t.After))
	}
	b.WriteString("\n")
	for _, s := range fewest(f.FixSets) {
		fmt.Fprintf(b, "Fewest topics for **%s**: %s.\n\n", after(s.After), md(strings.Join(titles(f, s.Topics), " + ")))
	}
	for _, t := range f.Topics {
		g, err := r.guide(f, t)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "### %s\n\n", md(t.Title))
		if g.Intro != "" {
			b.WriteString(g.Intro + "\n\n")
		}
		for _, o := range g.Options {
			left := ""
			if s, ok := optionAfter(t, o.Title); ok {
				left = " → " + after(s)
			}
			fmt.Fprintf(b, "#### %s%s\n\n%s\n\n", md(o.Title), left, o.Steps)
		}
		for _, ref := range g.References {
			fmt.Fprintf(b, "- [%s](%s)\n", md(ref.Title), ref.URL)
		}
		if len(g.References) > 0 {
			b.WriteString("\n")
		}
	}
	return nil
}

func coverageMarkdown(b *strings.Builder, c *Coverage) {
	fmt.Fprintf(b, "# Coverage\n\n%s.\n\n", md(c.String()))
	for _, m := range c.Missing() {
		fmt.Fprintf(b, "- %s\n", md(m.String()))
	}
	if d := c.Disabled(); d != "" {
		fmt.Fprintf(b, "\n%s\n", md(d))
	}
	b.WriteString("\n")
}

func row(b *strings.Builder, cells ...string) {
	for _, c := range cells {
		b.WriteString("| " + md(c) + " ")
	}
	b.WriteString("|\n")
}

// md makes outside text inert in Markdown: no markup, no HTML, no mention, one line.
func md(s string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '|', '#', '~', '!':
			b.WriteByte('\\')
		case '&':
			b.WriteString("&amp;")
			continue
		case '@':
			b.WriteString("&#64;")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fenced keeps text from ending the code block that it is in.
func fenced(s string) string { return strings.ReplaceAll(clean(s), "```", "'''") }
