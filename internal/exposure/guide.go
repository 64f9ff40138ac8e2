package exposure

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Page is a trait's written page, split into its sections.
type Page struct {
	Title     string
	Meaning   string
	Detection string
	// Remediation is a template over TopicData: an introduction, then one
	// section per Option, headed "### TITLE".
	Remediation string
	References  []Reference
}

// Reference is a source that a page names.
type Reference struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Topic is a remediation topic written out for one finding, in Markdown.
type Topic struct {
	ID         string      `json:"id"`
	Title      string      `json:"title"`
	Intro      string      `json:"intro"`
	Options    []Guidance  `json:"options"`
	References []Reference `json:"references,omitempty"`
}

// Guidance is one way to remedy a topic, as numbered steps.
type Guidance struct {
	Title string `json:"title"`
	Steps string `json:"steps"`
}

// TopicData is what a remediation template may use.
type TopicData struct {
	Cluster  Cluster
	ARN      string
	Name     string
	Region   string
	Account  string
	Evidence []Evidence
	Unneeded *Unneeded
	// Options are the titles of the options that fit the evidence; empty means all.
	Options []string
}

// Offers reports whether the option of a title fits the evidence.
func (d TopicData) Offers(title string) bool {
	return len(d.Options) == 0 || slices.Contains(d.Options, title)
}

// NoRollback says why EKS does not roll the control plane back to the version that it has, once it
// has a newer one; empty when it does, or when the calendar is not known.
func (d TopicData) NoRollback() string {
	if len(d.Cluster.Calendar) == 0 {
		return ""
	}
	return NoRollback(d.Cluster.Version, d.Cluster.Calendar, d.Cluster.SupportType)
}

// Unfixed lists the workloads, each once, that run an image with a vulnerability
// for which no fix is known and that may be stopped: those of add-ons and of
// system namespaces keep the cluster itself going and are left out.
func (d TopicData) Unfixed() []inventory.WorkloadRef {
	var refs []inventory.WorkloadRef
	for _, e := range d.Evidence {
		if im := e.Image; e.Standing != Contributing || im == nil || im.Addon != "" || im.Fixable >= im.Vulnerabilities {
			continue
		}
		for _, w := range e.Workloads {
			if !inventory.SystemNamespace(w.Namespace) && !slices.Contains(refs, w) {
				refs = append(refs, w)
			}
		}
	}
	slices.SortFunc(refs, inventory.WorkloadRef.Compare)
	return refs
}

// The headings of a page, in their order.
const (
	headingMeaning     = "What it means"
	headingDetection   = "How it is detected"
	headingRemediation = "Remediation topic"
	headingReferences  = "References"
)

var referenceLine = regexp.MustCompile(`^[-*] \[([^\]]+)\]\((https://[^)]+)\)`)

// ParsePage splits a page's Markdown. A missing heading is fault.ErrInvalid.
func ParsePage(text string) (Page, error) {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	title, ok := strings.CutPrefix(first, "# ")
	if !ok {
		return Page{}, fmt.Errorf("page begins with %q: want a line \"# Title\": %w", first, fault.ErrInvalid)
	}
	sections := map[string]string{}
	for chunk := range strings.SplitSeq("\n"+rest, "\n## ") {
		heading, body, _ := strings.Cut(chunk, "\n")
		sections[strings.TrimSpace(heading)] = strings.TrimSpace(body)
	}
	for _, h := range []string{headingMeaning, headingDetection, headingRemediation, headingReferences} {
		if sections[h] == "" {
			return Page{}, fmt.Errorf("page %q has no section %q: %w", title, h, fault.ErrInvalid)
		}
	}
	p := Page{Title: title, Meaning: sections[headingMeaning], Detection: sections[headingDetection], Remediation: sections[headingRemediation]}
	for line := range strings.SplitSeq(sections[headingReferences], "\n") {
		if m := referenceLine.FindStringSubmatch(line); m != nil {
			p.References = append(p.References, Reference{Title: m[1], URL: m[2]})
		}
	}
	return p, nil
}

// Guide writes a page's remediation topic out for one cluster, with the options
// that the data offers.
func (p Page) Guide(id string, d TopicData) (Topic, error) {
	t, err := template.New(id).Funcs(functions()).Option("missingkey=error").Parse(p.Remediation)
	if err != nil {
		return Topic{}, fmt.Errorf("remediation topic of %q: %w", id, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, d); err != nil {
		return Topic{}, fmt.Errorf("remediation topic of %q: %w", id, err)
	}
	topic := Topic{ID: id, Title: p.Title, References: p.References}
	for i, chunk := range strings.Split("\n"+b.String(), "\n### ") {
		if i == 0 {
			topic.Intro = strings.TrimSpace(chunk)
			continue
		}
		heading, body, _ := strings.Cut(chunk, "\n")
		if !d.Offers(strings.TrimSpace(heading)) {
			continue
		}
		topic.Options = append(topic.Options, Guidance{Title: strings.TrimSpace(heading), Steps: strings.TrimSpace(body)})
	}
	return topic, nil
}

// functions are what a remediation template may call besides the built-in ones.
func functions() template.FuncMap {
	return template.FuncMap{"join": strings.Join, "split": strings.Split, "lower": strings.ToLower, "cell": cell}
}

// cell makes text that came out of a cluster or an image safe in a line or table
// cell of Markdown: one line, no code fence, no new column, no markup.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "`", "'", "<", "&lt;", "\x00", "").Replace(strings.Join(strings.Fields(text), " "))
}

// TopicData gives the data for one topic of a finding.
func (f *Finding) TopicData(topic string) TopicData {
	d := TopicData{
		Cluster: f.Cluster, ARN: f.Cluster.Ref.String(), Name: f.Cluster.Ref.Name,
		Region: f.Cluster.Ref.Region, Account: f.Cluster.Ref.Account, Unneeded: f.Unneeded,
	}
	if t := f.Trait(topic); t != nil {
		d.Evidence = t.Evidence
	}
	for _, t := range f.Topics {
		if t.ID != topic {
			continue
		}
		for _, o := range t.Options {
			d.Options = append(d.Options, o.Title)
		}
	}
	return d
}

// ExampleTopicData stands in for a finding where a page is shown without one: a
// placeholder for each value that only a finding has.
func ExampleTopicData() TopicData {
	ref := inventory.ClusterRef{Partition: "aws", Account: "ACCOUNT", Region: "REGION", Name: "CLUSTER"}
	return TopicData{
		Cluster: Cluster{Ref: ref, Version: "VERSION", Endpoint: &inventory.Endpoint{Public: true}},
		ARN:     ref.String(), Name: ref.Name, Region: ref.Region, Account: ref.Account,
	}
}
