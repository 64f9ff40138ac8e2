// Package report writes findings: as text for a terminal, and as JSON, OCSF,
// SARIF, CSV, Markdown and HTML for other programs and other people. One file per
// format.
//
// It takes findings, the coverage of the scan that made them, and the traits'
// pages, and writes to an io.Writer. The same input gives the same bytes. Text
// that comes from clusters and accounts is never trusted: each format escapes it
// for whoever reads it, be it a terminal, a browser or a spreadsheet.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// Report is what is written.
type Report struct {
	// GeneratedAt is when the report is written.
	GeneratedAt time.Time
	// Version is that of the program.
	Version string
	// Findings are written in the order given; see exposure.Compare.
	Findings []*exposure.Finding
	// Coverage is that of the scan that made the findings; nil when they were only
	// read from the store.
	Coverage *Coverage
	// Undecided are the clusters that may be exposed and have no finding. With a
	// coverage they are those of the coverage.
	Undecided []exposure.Undecided
	// Pages are the pages of the remediation topics, by topic ID.
	Pages map[string]exposure.Page
}

// Format is an output format.
type Format string

// The formats.
const (
	Text     Format = "text"
	JSON     Format = "json"
	OCSF     Format = "ocsf"
	SARIF    Format = "sarif"
	CSV      Format = "csv"
	Markdown Format = "markdown"
	HTML     Format = "html"
)

// Formats lists the formats in the order in which help names them.
func Formats() []Format { return []Format{Text, JSON, OCSF, SARIF, CSV, Markdown, HTML} }

// ParseFormat reads a format's name.
func ParseFormat(name string) (Format, error) {
	f := Format(strings.ToLower(name))
	if slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("output format %q: want %s: %w", name, formatNames(), fault.ErrInvalid)
}

func formatNames() string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// Layout says how much of a finding the text format shows.
type Layout int

// The layouts.
const (
	// List is one line per finding.
	List Layout = iota
	// Full is everything about each finding, without the steps of its topics.
	Full
	// FullWithSteps is everything, the steps included.
	FullWithSteps
)

// Options say how a report is written.
type Options struct {
	Format Format
	// Layout is for Text; the other formats have one layout.
	Layout Layout
	// Color allows terminal colours in Text.
	Color bool
	// Width is the number of columns of the terminal; 0 means no limit.
	Width int
}

// Write writes the report in the format that the options name.
func Write(w io.Writer, r Report, o Options) error {
	if r.Coverage != nil {
		r.Undecided = r.Coverage.Left
	}
	var err error
	switch o.Format {
	case Text:
		err = writeText(w, r, o)
	case JSON:
		err = writeJSON(w, r)
	case OCSF:
		err = writeOCSF(w, r)
	case SARIF:
		err = writeSARIF(w, r)
	case CSV:
		err = writeCSV(w, r)
	case Markdown:
		err = writeMarkdown(w, r)
	case HTML:
		err = writeHTML(w, r)
	default:
		return fmt.Errorf("output format %q: want %s: %w", o.Format, formatNames(), fault.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("write %s report: %w", o.Format, err)
	}
	return nil
}

// Summary counts findings.
type Summary struct {
	Findings   int `json:"findings"`
	Open       int `json:"open"`
	Critical   int `json:"critical"`
	High       int `json:"high"`
	Medium     int `json:"medium"`
	Low        int `json:"low"`
	Suppressed int `json:"suppressed"`
	Closed     int `json:"closed"`
}

// Summarize counts the findings. The severities count open findings that are not
// suppressed.
func Summarize(findings []*exposure.Finding) Summary {
	s := Summary{Findings: len(findings)}
	for _, f := range findings {
		if !f.Open() {
			s.Closed++
			continue
		}
		s.Open++
		if f.Status == exposure.StatusSuppressed {
			s.Suppressed++
			continue
		}
		switch f.Severity {
		case exposure.Critical:
			s.Critical++
		case exposure.High:
			s.High++
		case exposure.Medium:
			s.Medium++
		case exposure.Low:
			s.Low++
		case exposure.Resolved:
		}
	}
	return s
}

// String states the summary in one line.
func (s Summary) String() string {
	if s.Findings == 0 {
		return "no findings"
	}
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{
		{s.Critical, "critical"}, {s.High, "high"}, {s.Medium, "medium"}, {s.Low, "low"}, {s.Suppressed, "suppressed"}, {s.Closed, "closed"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.name))
		}
	}
	return count(s.Findings, "finding", "findings") + ": " + strings.Join(parts, ", ")
}

// guide writes out one topic of a finding; a topic without a page has only a title.
func (r Report) guide(f *exposure.Finding, t exposure.TopicState) (exposure.Topic, error) {
	page, ok := r.Pages[t.ID]
	if !ok {
		return exposure.Topic{ID: t.ID, Title: t.Title}, nil
	}
	return page.Guide(t.ID, f.TopicData(t.ID))
}

// optionAfter gives the severity that the option of a title leaves, when it was
// computed: a page and its trait name the same options.
func optionAfter(t exposure.TopicState, title string) (exposure.Severity, bool) {
	i := slices.IndexFunc(t.Options, func(o exposure.OptionState) bool { return o.Title == title })
	if i < 0 {
		return exposure.Resolved, false
	}
	return t.Options[i].After, true
}

// after names the severity that a topic leaves.
func after(s exposure.Severity) string {
	if s == exposure.Resolved {
		return "resolved"
	}
	return string(s)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// date is a day, or a dash for no time.
func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04") + " UTC"
}

// standing names a trait's standing for a reader.
func standing(t exposure.TraitState) string {
	if t.Stale {
		return string(t.Standing) + ", stale: last seen " + date(t.LastSeen)
	}
	return string(t.Standing)
}
