package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// outcomes name what an attacker could reach, most severe first, with the
// contributing traits that lead there. The pattern of titles and types is that of
// Security Hub's findings: "Potential OUTCOME: RESOURCE TRAITS".
var outcomes = []struct {
	title string
	typ   string
	any   []string
}{
	{"Potential Remote Execution", "Exposure/Potential Initial Access/Exploit Public-Facing Application", []string{highPriority}},
	{"Potential Unauthorized Access", "Exposure/Potential Initial Access/External Remote Services", []string{internetReachable}},
	{"Potential Credential Access", "Exposure/Potential Credential Access/Unsecured Credentials", []string{unencryptedSecrets}},
	{"Potential Resource Hijacking", "Exposure/Potential Impact/Resource Hijacking", []string{lowPriority, endOfLifeOS}},
	{"Potential Initial Access", "Exposure/Potential Initial Access/External Remote Services", []string{potentiallyInternetReachable, reachableWorkload}},
	{"Potential Privilege Escalation", "Exposure/Potential Privilege Escalation/Exploitation for Privilege Escalation", []string{unsupportedVersion}},
}

// titlePhrases is how many traits a title names; Security Hub's own name up to
// three. titleOrder says which: the others are in the finding.
const titlePhrases = 3

var titleOrder = []string{highPriority, internetReachable, unsupportedVersion, unencryptedSecrets, endOfLifeOS, reachableWorkload, lowPriority}

// titleRank is a trait's place in titleOrder; one that is not there comes last.
func titleRank(trait string) int {
	if i := slices.Index(titleOrder, trait); i >= 0 {
		return i
	}
	return len(titleOrder)
}

// headline makes the title and the OCSF types of the contributing traits.
func headline(states []TraitState, traits []Trait) (title string, types []string) {
	var adjectives, phrases []string
	contributing := map[string]bool{}
	ordered := slices.Clone(traits)
	slices.SortStableFunc(ordered, func(a, b Trait) int { return cmp.Compare(titleRank(a.ID), titleRank(b.ID)) })
	for _, t := range ordered {
		i := slices.IndexFunc(states, func(s TraitState) bool { return s.ID == t.ID && s.Standing == Contributing })
		if i < 0 {
			continue
		}
		contributing[t.ID] = true
		if t.Adjective != "" {
			adjectives = append(adjectives, t.Adjective)
		}
		if t.Phrase != "" && len(phrases) < titlePhrases {
			phrases = append(phrases, phraseOf(t, states[i]))
		}
	}
	outcome := ""
	for _, o := range outcomes {
		if !slices.ContainsFunc(o.any, func(id string) bool { return contributing[id] }) {
			continue
		}
		if outcome == "" {
			outcome = o.title
		}
		types = append(types, o.typ)
	}
	if outcome == "" {
		outcome, types = "Potential Initial Access", []string{"Exposure/Potential Initial Access"}
	}
	subject := "EKS cluster"
	if len(adjectives) > 0 {
		subject = adjectives[0] + " EKS cluster"
	}
	return strings.TrimSpace(outcome + ": " + subject + " " + enumerate(phrases)), types
}

// phraseOf is the trait's phrase, or the one of its nodes when the control plane
// itself is on a supported version.
func phraseOf(t Trait, s TraitState) string {
	controlPlane := slices.ContainsFunc(s.Evidence, func(e Evidence) bool {
		return e.Standing == Contributing && !strings.HasPrefix(e.Variant, "nodes-")
	})
	if t.ID == unsupportedVersion && !controlPlane {
		return "has nodes with an outdated Kubernetes version"
	}
	return t.Phrase
}

// enumerate joins phrases with commas and a final "and".
func enumerate(phrases []string) string {
	if len(phrases) < 2 {
		return strings.Join(phrases, "")
	}
	last := len(phrases) - 1
	return strings.Join(phrases[:last], ", ") + " and " + phrases[last]
}

// describe says in a few sentences what was found and what to do first.
func describe(f *Finding) string {
	var b strings.Builder
	ref := f.Cluster.Ref
	fmt.Fprintf(&b, "The EKS cluster %s in account %s, Region %s has %s.", ref.Name, ref.Account, ref.Region,
		count(len(f.Topics)-deletions(f), "contributing trait", "contributing traits"))
	states := slices.Clone(f.Traits)
	slices.SortStableFunc(states, func(a, b TraitState) int { return cmp.Compare(titleRank(a.ID), titleRank(b.ID)) })
	said := 0
	for _, t := range states {
		i := slices.IndexFunc(t.Evidence, func(e Evidence) bool { return e.Standing == Contributing })
		if t.Standing != Contributing || i < 0 || said == titlePhrases {
			continue
		}
		fmt.Fprintf(&b, " %s", sentence(t.Evidence[i].Summary))
		said++
	}
	if f.Unneeded != nil {
		fmt.Fprintf(&b, " The cluster looks unneeded: %s.", enumerate(f.Unneeded.Reasons))
	}
	for _, t := range f.Topics {
		if t.ID == DeleteTopic {
			continue
		}
		if t.Resolves {
			fmt.Fprintf(&b, " Remediating %q resolves the finding.", t.Title)
			break
		}
		if t.After.Rank() < f.Severity.Rank() {
			fmt.Fprintf(&b, " Remediating %q alone lowers the severity to %s.", t.Title, t.After)
			break
		}
	}
	return b.String()
}

func deletions(f *Finding) int {
	if f.Unneeded != nil {
		return 1
	}
	return 0
}

// sentence ends a summary with one full stop.
func sentence(s string) string { return strings.TrimRight(s, ".") + "." }
