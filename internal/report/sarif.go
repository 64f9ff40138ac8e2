package report

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// The version of the Static Analysis Results Interchange Format (OASIS, SARIF
// 2.1.0 plus errata 01) and its published schema.
const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homepage     = "https://github.com/eksposure/eksposure"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
	ColumnKind  string            `json:"columnKind"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID               string          `json:"id"`
	Name             string          `json:"name"`
	ShortDescription sarifText       `json:"shortDescription"`
	FullDescription  sarifText       `json:"fullDescription"`
	Help             *sarifText      `json:"help,omitempty"`
	HelpURI          string          `json:"helpUri,omitempty"`
	Properties       sarifProperties `json:"properties"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifInvocation struct {
	ExecutionSuccessful        bool                `json:"executionSuccessful"`
	EndTimeUTC                 string              `json:"endTimeUtc,omitempty"`
	ToolExecutionNotifications []sarifNotification `json:"toolExecutionNotifications"`
}

type sarifNotification struct {
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifResult struct {
	RuleID              string             `json:"ruleId"`
	RuleIndex           int                `json:"ruleIndex"`
	Kind                string             `json:"kind"`
	Level               string             `json:"level"`
	Message             sarifText          `json:"message"`
	Locations           []sarifLocation    `json:"locations"`
	RelatedLocations    []sarifLocation    `json:"relatedLocations,omitempty"`
	PartialFingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions        []sarifSuppression `json:"suppressions,omitempty"`
	Properties          sarifProperties    `json:"properties"`
}

type sarifLocation struct {
	// PhysicalLocation is that of results alone: code scanning refuses a result without one.
	PhysicalLocation *sarifPhysical `json:"physicalLocation,omitempty"`
	LogicalLocations []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

type sarifLogical struct {
	Name               string `json:"name"`
	FullyQualifiedName string `json:"fullyQualifiedName"`
	Kind               string `json:"kind"`
}

type sarifSuppression struct {
	Kind   string `json:"kind"`
	Status string `json:"status"`
}

// sarifProperties is a property bag; tags are SARIF's own, the rest is ours.
type sarifProperties struct {
	Tags       []string `json:"tags,omitempty"`
	Severity   string   `json:"severity,omitempty"`
	Finding    string   `json:"finding,omitempty"`
	Status     string   `json:"status,omitempty"`
	Stale      bool     `json:"stale,omitempty"`
	Arithmetic string   `json:"arithmetic,omitempty"`
}

// writeSARIF writes the traits as rules and, per finding, each trait as a result:
// contributing ones fail at the level of their own weight, contextual ones
// inform, unknown ones are open. What could not be read is a notification.
func writeSARIF(w io.Writer, r Report) error {
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "eksposure", Version: r.Version, InformationURI: homepage, Rules: sarifRules(r)}},
		Invocations: []sarifInvocation{{ExecutionSuccessful: true, EndTimeUTC: stamp(r.GeneratedAt), ToolExecutionNotifications: sarifNotes(r)}},
		Results:     []sarifResult{}, ColumnKind: "utf16CodeUnits",
	}
	for _, f := range r.Findings {
		if !f.Open() {
			continue
		}
		for _, t := range f.Traits {
			i := slices.IndexFunc(run.Tool.Driver.Rules, func(rule sarifRule) bool { return rule.ID == t.ID })
			run.Results = append(run.Results, result(f, t, i))
		}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{Schema: sarifSchema, Version: sarifVersion, Runs: []sarifRun{run}})
}

func sarifRules(r Report) []sarifRule {
	rules := []sarifRule{}
	for _, f := range r.Findings {
		for _, t := range f.Traits {
			if slices.ContainsFunc(rules, func(rule sarifRule) bool { return rule.ID == t.ID }) {
				continue
			}
			rule := sarifRule{
				ID: t.ID, Name: pascal(t.Short), ShortDescription: sarifText{Text: t.Short}, FullDescription: sarifText{Text: t.Title},
				Properties: sarifProperties{Tags: []string{"security", "exposure", string(t.Type)}},
			}
			if page, ok := r.Pages[t.ID]; ok {
				rule.Help = &sarifText{Text: page.Meaning, Markdown: page.Meaning + "\n\n" + page.Detection}
				if len(page.References) > 0 {
					rule.HelpURI = page.References[0].URL
				}
			}
			rules = append(rules, rule)
		}
	}
	slices.SortFunc(rules, func(a, b sarifRule) int { return cmp.Compare(a.ID, b.ID) })
	return rules
}

// pascal gives SARIF's recommended form of a rule's name.
func pascal(s string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == '-' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func result(f *exposure.Finding, t exposure.TraitState, rule int) sarifResult {
	out := sarifResult{
		RuleID: t.ID, RuleIndex: rule, Kind: "fail", Level: sarifLevel(alone(f, t)),
		Locations:           []sarifLocation{place(f.Cluster.Ref)},
		PartialFingerprints: map[string]string{"eksposure/v1": f.ID + "/" + t.ID},
		Properties: sarifProperties{
			Severity: string(f.Severity), Finding: f.UID, Status: string(f.Status), Stale: t.Stale, Arithmetic: f.Arithmetic.String(),
		},
	}
	switch t.Standing {
	case exposure.Contributing:
	case exposure.Contextual:
		out.Kind, out.Level = "informational", "none"
	case exposure.Unknown:
		out.Kind, out.Level = "open", "none"
	}
	var sentences []string
	for _, e := range t.Evidence {
		if e.Standing == exposure.Unknown {
			continue
		}
		sentences = append(sentences, e.Summary)
		at := logical(e.Resource.Name, e.Resource.UID)
		known := slices.ContainsFunc(out.RelatedLocations, func(l sarifLocation) bool { return l.LogicalLocations[0] == at.LogicalLocations[0] })
		if e.Resource.UID != f.Cluster.Ref.String() && !known {
			out.RelatedLocations = append(out.RelatedLocations, at)
		}
	}
	for _, u := range t.Unknowns {
		sentences = append(sentences, "Unknown: "+u)
	}
	out.Message.Text = strings.Join(append([]string{f.Cluster.Ref.Name + ": " + t.Short + "."}, sentences...), " ")
	if f.Status == exposure.StatusSuppressed {
		out.Suppressions = []sarifSuppression{{Kind: "external", Status: "accepted"}}
	}
	return out
}

// alone is the severity of the trait by its own factors: a low-priority
// vulnerability is no error because its cluster is critical for other reasons.
func alone(f *exposure.Finding, t exposure.TraitState) exposure.Severity {
	own := exposure.Score([]exposure.TraitState{t}, f.Arithmetic.Impact).Severity
	if own.Rank() > f.Severity.Rank() {
		return f.Severity
	}
	return own
}

// place gives a cluster a path, as if it were a file: GitHub's code scanning takes
// no result without a physical location ("SARIF support for code scanning").
func place(ref inventory.ClusterRef) sarifLocation {
	l := logical(ref.Name, ref.String())
	l.PhysicalLocation = &sarifPhysical{
		ArtifactLocation: sarifArtifact{URI: strings.Join([]string{"eks", ref.Region, ref.Account, ref.Name}, "/")}, Region: sarifRegion{StartLine: 1},
	}
	return l
}

func sarifLevel(s exposure.Severity) string {
	switch s {
	case exposure.Critical, exposure.High:
		return "error"
	case exposure.Medium:
		return "warning"
	case exposure.Low, exposure.Resolved:
	}
	return "note"
}

func logical(name, qualified string) sarifLocation {
	return sarifLocation{LogicalLocations: []sarifLogical{{Name: name, FullyQualifiedName: qualified, Kind: "resource"}}}
}

// sarifNotes says what could not be read.
func sarifNotes(r Report) []sarifNotification {
	notes := []sarifNotification{}
	if r.Coverage == nil {
		for _, f := range r.Findings {
			for _, g := range f.Gaps {
				notes = append(notes, gapNote(f.Cluster.Ref.Name, f.Cluster.Ref.String(), gapSubject(g), g.Detail))
			}
		}
		for _, u := range r.Undecided {
			notes = append(notes, sarifNotification{Level: "warning", Message: sarifText{Text: undecidedLine([]exposure.Undecided{u})}, Locations: []sarifLocation{logical(u.Cluster.Name, u.Cluster.String())}})
		}
		return notes
	}
	for _, s := range r.Coverage.Skipped {
		if !s.Disabled {
			notes = append(notes, sarifNotification{Level: "warning", Message: sarifText{Text: strings.TrimSpace("account "+s.Account+" "+s.Region) + " was not listed: " + s.Detail}})
		}
	}
	for _, f := range r.Coverage.Failed {
		notes = append(notes, gapNote(f.Cluster.Name, f.Cluster.String(), "the cluster", f.Detail))
	}
	for _, p := range r.Coverage.Partial {
		for _, g := range p.Gaps {
			notes = append(notes, gapNote(p.Cluster.Name, p.Cluster.String(), gapSubject(g), g.Detail))
		}
	}
	return notes
}

func gapNote(name, arn, subject, detail string) sarifNotification {
	return sarifNotification{
		Level: "warning", Message: sarifText{Text: name + ": " + subject + " was not read: " + detail}, Locations: []sarifLocation{logical(name, arn)},
	}
}
