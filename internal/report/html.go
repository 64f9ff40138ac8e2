package report

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/eksposure/eksposure/internal/exposure"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// htmlPage is what the page's template reads.
type htmlPage struct {
	Report

	CSS      template.CSS
	Summary  Summary
	Findings []htmlFinding
}

// htmlFinding is a finding with what the template cannot work out by itself.
type htmlFinding struct {
	*exposure.Finding

	Guides []htmlGuide
	Path   pathDrawing
}

// htmlGuide is a remediation topic with its text as HTML.
type htmlGuide struct {
	State      exposure.TopicState
	Intro      template.HTML
	Options    []htmlOption
	References []exposure.Reference
}

type htmlOption struct {
	Title string
	// After is the severity this option leaves; Known tells whether it was computed.
	After exposure.Severity
	Known bool
	Steps template.HTML
}

// writeHTML writes one page that needs nothing else: no script, no font, no image
// from anywhere.
func writeHTML(w io.Writer, r Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"after": after, "class": severityClass, "date": date, "fact": factWords, "firstFix": firstFix, "fewest": fewest, "fix": fixWords,
		"impact": impactWords, "join": strings.Join, "likelihood": likelihoodWords, "match": matchWords, "missing": mergeGaps, "name": nameOf,
		"scanned": func(u exposure.Undecided) string { return date(u.At) }, "same": byReason, "shortly": brief, "standing": standing, "titles": titles, "traitList": traitList, "unneeded": unneededWords,
		"isUnknown": func(s exposure.Standing) bool { return s == exposure.Unknown },
		"percent":   func(n, of int) int { return n * 100 / max(of, 1) },
		"maxFactor": func() int { return exposure.MaxFactor },
		"add":       func(a, b int) int { return a + b },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	page := htmlPage{Report: r, CSS: template.CSS(pageCSS), Summary: Summarize(r.Findings)} //nolint:gosec // our own embedded file
	for _, f := range r.Findings {
		h := htmlFinding{Finding: f, Path: drawPath(f)}
		for _, t := range f.Topics {
			g, err := htmlTopic(r, f, t)
			if err != nil {
				return err
			}
			h.Guides = append(h.Guides, g)
		}
		page.Findings = append(page.Findings, h)
	}
	var b strings.Builder
	if err := t.Execute(&b, page); err != nil {
		return err
	}
	_, err = io.WriteString(w, strip(b.String()))
	return err
}

func severityClass(s exposure.Severity) string {
	if s == exposure.Resolved {
		return "resolved"
	}
	return strings.ToLower(string(s))
}

func htmlTopic(r Report, f *exposure.Finding, state exposure.TopicState) (htmlGuide, error) {
	topic, err := r.guide(f, state)
	if err != nil {
		return htmlGuide{}, err
	}
	g := htmlGuide{State: state, References: topic.References}
	if g.Intro, err = markdownHTML(topic.Intro); err != nil {
		return g, err
	}
	for _, o := range topic.Options {
		option := htmlOption{Title: o.Title}
		option.After, option.Known = optionAfter(state, o.Title)
		if option.Steps, err = markdownHTML(o.Steps); err != nil {
			return g, err
		}
		g.Options = append(g.Options, option)
	}
	return g, nil
}

// markdownHTML renders Markdown. Raw HTML in it is left out and links of unsafe
// kinds are emptied, which are goldmark's defaults.
func markdownHTML(text string) (template.HTML, error) {
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.Table)).Convert([]byte(text), &b); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // goldmark's safe output
}
