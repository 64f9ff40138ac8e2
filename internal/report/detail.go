package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
)

// full writes everything about one finding.
func full(p *printer, r Report, f *exposure.Finding, layout Layout) error {
	c := f.Cluster
	p.line("%s", p.severity(f.Severity, 0))
	p.wrapped("", "", f.Title)
	p.line("")
	p.line("Cluster    %s", c.Ref.Name)
	p.line("ARN        %s", c.Ref)
	p.line("Account    %s", nameOf(c.Ref.Account, c.AccountName))
	p.line("Region     %s", c.Ref.Region)
	p.line("Version    %s", c.Version)
	p.line("Status     %s, last activity %s", string(f.Status), string(f.Activity))
	p.line("Seen       %s to %s", date(f.FirstSeen), date(f.LastSeen))
	if !f.ClosedAt.IsZero() {
		p.line("Closed     %s", date(f.ClosedAt))
	}
	p.line("Runs       %s, %s, %s", counted(c.Nodes, "node", "nodes"), counted(c.Workloads, "workload", "workloads"), counted(c.Images, "image", "images"))
	p.line("Finding    %s", f.UID)

	p.heading("Why " + string(f.Severity))
	arithmetic(p, f.Arithmetic)

	p.heading("Traits")
	for _, t := range f.Traits {
		trait(p, t)
	}
	if len(f.Path.Edges) > 0 {
		p.heading("Attack path")
		for _, l := range pathLines(f) {
			p.line("  %s", l)
		}
		if f.Path.Left > 0 {
			p.line("  … and %s", count(f.Path.Left, "more image", "more images"))
		}
	}
	if err := topics(p, r, f, layout); err != nil {
		return err
	}
	p.heading("Resources")
	for _, res := range f.Resources {
		p.line("  %s  %s", pad(res.Type, 28), res.UID)
	}
	if len(f.Gaps) > 0 {
		p.heading("Not read")
		for _, m := range mergeGaps(f.Gaps) {
			p.wrapped("  - ", "    ", fmt.Sprintf("%s (%s): %s", m.What, m.Reason, m.Why))
		}
	}
	return nil
}

func nameOf(id, name string) string {
	if name == "" {
		return id
	}
	return id + " (" + name + ")"
}

// arithmetic says in words how the severity came about.
func arithmetic(p *printer, a exposure.Arithmetic) {
	for _, t := range a.Terms {
		from := ""
		if t.Trait != "" {
			from = " [" + t.Trait + "]"
		}
		p.wrapped(fmt.Sprintf("  %s  %d of %d  ", pad(t.Factor, 21), t.Value, exposure.MaxFactor), strings.Repeat(" ", 33), t.Why+from)
	}
	p.line("  %s  %d of %d  %s", pad("sum", 21), a.Sum, 4*exposure.MaxFactor, likelihoodWords(a))
	p.wrapped("  ", "  ", impactWords(a))
}

func likelihoodWords(a exposure.Arithmetic) string {
	return "makes the likelihood " + string(a.Likelihood)
}

func impactWords(a exposure.Arithmetic) string {
	if a.Impact == exposure.ImpactUnknown {
		return fmt.Sprintf("The impact was not analysed, so the severity is that of the likelihood alone: %s.", a.Severity)
	}
	return fmt.Sprintf("Likelihood %s and impact %s give %s.", a.Likelihood, a.Impact, a.Severity)
}

func trait(p *printer, t exposure.TraitState) {
	marks := map[exposure.Standing]string{exposure.Contributing: "●", exposure.Contextual: "○", exposure.Unknown: "?"}
	p.line("  %s %s %s", marks[t.Standing], p.bold(t.Short), p.dim("("+string(t.Type)+", "+standing(t)+")"))
	shown := 0
	for _, e := range t.Evidence {
		if e.Standing == exposure.Unknown {
			continue
		}
		note := ""
		if e.Standing != t.Standing {
			note = " (" + string(e.Standing) + ")"
		}
		p.wrapped("    ", "    ", e.Summary+note)
		if shown++; e.Image != nil && shown > maxShownImages {
			continue
		}
		evidence(p, e)
	}
	for _, u := range t.Unknowns {
		p.wrapped("    ? ", "      ", brief(u))
	}
}

// What a terminal shows of one trait before only the summaries go on: JSON,
// Markdown and HTML have everything.
const (
	maxShownImages  = 3
	maxShownMatches = 4
	maxShownFixes   = 4
)

func evidence(p *printer, e exposure.Evidence) {
	var facts, workloads []string
	for _, f := range e.Facts {
		facts = append(facts, factWords(f))
	}
	if len(facts) > 0 {
		p.wrapped("      ", "      ", strings.Join(facts, " · "))
	}
	for _, w := range e.Workloads {
		workloads = append(workloads, w.String())
	}
	if len(workloads) > 0 {
		p.wrapped("      in ", "      ", strings.Join(workloads, ", "))
	}
	if e.Image != nil {
		image(p, e.Image)
	}
}

func factWords(f exposure.Fact) string {
	if f.Limit == "" {
		return f.Name + ": " + f.Value
	}
	return f.Name + ": " + f.Value + " (" + f.Limit + ")"
}

func image(p *printer, im *exposure.ImageEvidence) {
	for i, m := range im.Worst {
		if i < maxShownMatches {
			p.wrapped("      - ", "        ", matchWords(m))
		}
	}
	for i, f := range im.Fixes {
		if i < maxShownFixes {
			p.wrapped("      fix: ", "        ", fixWords(f))
		}
	}
	if more := im.MoreFixes + max(0, len(im.Fixes)-maxShownFixes); more > 0 {
		p.line("      … and %s", count(more, "more fix", "more fixes"))
	}
	if im.Addon != "" {
		p.line("      belongs to the EKS add-on %s: update the add-on", im.Addon)
	}
}

// matchWords states one vulnerability in one line.
func matchWords(m exposure.Match) string {
	parts := []string{m.ID, m.Package + " " + m.Version}
	if m.Severity != "" {
		parts = append(parts, m.Severity)
	}
	if m.EPSS != nil {
		parts = append(parts, fmt.Sprintf("EPSS %.3f", *m.EPSS))
	}
	if m.EPSS == nil {
		parts = append(parts, "EPSS unknown")
	}
	if m.KEV {
		parts = append(parts, "known exploited (KEV)")
	}
	if m.Exploit && !m.KEV {
		parts = append(parts, "public exploit")
	}
	if m.FixedIn != "" {
		parts = append(parts, "fixed in "+m.FixedIn)
	}
	return strings.Join(parts, ", ")
}

// fixWords states one fix in one line.
func fixWords(f exposure.Fix) string {
	text := fmt.Sprintf("%s %s → %s mends %s", f.Package, f.Version, f.FixedIn, count(f.Vulnerabilities, "vulnerability", "vulnerabilities"))
	if f.CreatedBy != "" {
		text += fmt.Sprintf(" (layer %d: %s)", f.LayerIndex, f.CreatedBy)
	}
	return text
}

// topics lists what to do, in recommended order.
func topics(p *printer, r Report, f *exposure.Finding, layout Layout) error {
	if len(f.Topics) == 0 {
		return nil
	}
	p.heading("What to do, in this order")
	if f.Unneeded != nil {
		p.wrapped("  ", "  ", unneededWords(f.Unneeded))
	}
	for i, t := range f.Topics {
		p.line("  %d. %s %s → %s", i+1, p.bold(t.Title), p.dim("("+t.Effort.String()+")"), p.severity(t.After, 0))
		for _, o := range t.Options {
			p.line("     - %s → %s", o.Title, p.severity(o.After, 0))
		}
		if layout != FullWithSteps {
			continue
		}
		g, err := r.guide(f, t)
		if err != nil {
			return err
		}
		steps(p, g)
	}
	if len(f.FixSets) > 0 {
		p.heading("Fewest topics for each lower severity")
		for _, s := range fewest(f.FixSets) {
			p.line("  %s  %s", p.severity(s.After, 8), strings.Join(titles(f, s.Topics), " + "))
		}
	}
	return nil
}

func steps(p *printer, g exposure.Topic) {
	const lead = "     "
	if g.Intro != "" {
		p.line("")
		p.markdown(lead, g.Intro)
	}
	for _, o := range g.Options {
		p.line("\n     %s", p.bold(o.Title))
		p.markdown(lead, o.Steps)
	}
	p.line("")
}

func unneededWords(u *exposure.Unneeded) string {
	return fmt.Sprintf("The cluster looks unneeded since %s: %s. Its control plane costs %.0f USD a month.",
		u.Since.UTC().Format("2006-01-02"), strings.Join(u.Reasons, "; "), u.MonthlyUSD)
}

// fewest leaves out a set that does more than was wished and so comes again for
// the lower wish.
func fewest(sets []exposure.FixSet) []exposure.FixSet {
	return slices.CompactFunc(slices.Clone(sets), func(a, b exposure.FixSet) bool { return slices.Equal(a.Topics, b.Topics) })
}

// titles gives the topics' titles in place of their IDs.
func titles(f *exposure.Finding, ids []string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id
		for _, t := range f.Topics {
			if t.ID == id {
				names[i] = t.Title
			}
		}
	}
	return names
}

// pathLines draws the attack path as a tree. A node that was drawn already is
// named again without what follows it.
func pathLines(f *exposure.Finding) []string {
	nodes := map[string]exposure.PathNode{}
	entered := map[string]bool{}
	for _, n := range f.Path.Nodes {
		nodes[n.ID] = n
	}
	for _, e := range f.Path.Edges {
		entered[e.To] = true
	}
	var lines []string
	drawn := map[string]bool{}
	var draw func(id, lead, branch, relation string)
	draw = func(id, lead, branch, relation string) {
		n := nodes[id]
		text := n.Name
		if n.Type != exposure.NodeInternet && n.Type != exposure.NodeNetworkPath {
			text += " (" + strings.TrimPrefix(strings.TrimPrefix(n.Type, "AWS::"), "Kubernetes::") + ")"
		}
		if relation != "" {
			text = strings.ToLower(relation) + " " + text
		}
		if len(n.Traits) > 0 {
			text += "  ⚠ " + strings.Join(shorts(f, n.Traits), ", ")
		}
		var next []exposure.PathEdge
		for _, e := range f.Path.Edges {
			if e.From == id {
				next = append(next, e)
			}
		}
		again := drawn[id] && len(next) > 0
		if again {
			text += "  (see above)"
		}
		lines = append(lines, lead+branch+text)
		if again {
			return
		}
		drawn[id] = true
		switch branch {
		case "├─ ":
			lead += "│  "
		case "└─ ":
			lead += "   "
		}
		for i, e := range next {
			branch := "├─ "
			if i == len(next)-1 {
				branch = "└─ "
			}
			draw(e.To, lead, branch, e.Relation)
		}
	}
	for _, n := range f.Path.Nodes {
		if !entered[n.ID] {
			draw(n.ID, "", "", "")
		}
	}
	return lines
}

// shorts gives traits' short titles in place of their IDs.
func shorts(f *exposure.Finding, ids []string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id
		if t := f.Trait(id); t != nil {
			names[i] = t.Short
		}
	}
	return names
}

// counted says how many there are, or that nobody could look.
func counted(n *int, one, many string) string {
	if n == nil {
		return many + " not read"
	}
	return count(*n, one, many)
}
