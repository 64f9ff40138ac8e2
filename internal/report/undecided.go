package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
)

// undecidedLine names the undecided clusters after a list of findings.
func undecidedLine(list []exposure.Undecided) string {
	var names []string
	for _, u := range list {
		names = append(names, u.Cluster.Name+" ("+traitNames(u.Traits)+")")
	}
	return count(len(list), "cluster", "clusters") + " undecided: " + some(names, ", ") + "."
}

func traitNames(list []exposure.UnknownTrait) string {
	var names []string
	for _, t := range list {
		names = append(names, t.Trait)
	}
	return strings.Join(names, ", ")
}

// undecidedWords explain an undecided cluster in one sentence.
func undecidedWords(u exposure.Undecided) string {
	return fmt.Sprintf("The cluster has no exposure finding, but %s could not be decided when it was scanned on %s: it may be exposed.",
		count(len(u.Traits), "trait", "traits"), date(u.At))
}

// sameReason are traits that could not be decided for the same reasons.
type sameReason struct {
	Traits  string
	Reasons []string
}

// byReason joins the traits that have the same reasons: one refused connection
// leaves many undecided.
func byReason(list []exposure.UnknownTrait) []sameReason {
	var out []sameReason
	for _, t := range list {
		i := slices.IndexFunc(out, func(s sameReason) bool { return slices.Equal(s.Reasons, t.Reasons) })
		if i < 0 {
			out = append(out, sameReason{Traits: t.Trait, Reasons: t.Reasons})
			continue
		}
		out[i].Traits += ", " + t.Trait
	}
	return out
}

// undecided writes everything about an undecided cluster.
func undecided(p *printer, u exposure.Undecided) {
	p.line("%s", p.bold("Undecided"))
	p.wrapped("", "", undecidedWords(u))
	p.line("")
	p.line("Cluster    %s", u.Cluster.Name)
	p.line("ARN        %s", u.Cluster)
	p.line("Account    %s", u.Cluster.Account)
	p.line("Region     %s", u.Cluster.Region)
	p.heading("What could not be decided")
	for _, s := range byReason(u.Traits) {
		p.wrapped("  ? ", "    ", s.Traits)
		for _, r := range s.Reasons {
			p.wrapped("      ", "      ", brief(r))
		}
	}
}

func undecidedMarkdown(b *strings.Builder, list []exposure.Undecided) {
	if len(list) == 0 {
		return
	}
	b.WriteString("# Undecided clusters\n\nThey have no finding, but may be exposed.\n\n| Cluster | Account | Region | Scanned | Traits | Why |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, u := range list {
		for _, s := range byReason(u.Traits) {
			row(b, u.Cluster.Name, u.Cluster.Account, u.Cluster.Region, date(u.At), s.Traits, brief(strings.Join(s.Reasons, "; ")))
		}
	}
	b.WriteString("\n")
}

// undecidedRow is the CSV row of an undecided cluster: what is not known is empty.
func undecidedRow(u exposure.Undecided) []string {
	var reasons []string
	for _, s := range byReason(u.Traits) {
		reasons = append(reasons, s.Reasons...)
	}
	slices.Sort(reasons)
	values := map[string]string{
		"severity": "Undecided", "account": u.Cluster.Account, "region": u.Cluster.Region, "cluster": u.Cluster.Name, "cluster_arn": u.Cluster.String(),
		"title": undecidedWords(u), "unknown_traits": strings.ReplaceAll(traitNames(u.Traits), ", ", "; "),
		"gaps": strings.Join(slices.Compact(reasons), "; "), "last_seen": stamp(u.At),
	}
	var out []string
	for _, column := range csvHeader() {
		out = append(out, values[column])
	}
	return out
}
