package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// JSONVersion is the version of the JSON report. A field is never reused.
const JSONVersion = 1

type jsonReport struct {
	Version     int           `json:"version"`
	GeneratedAt time.Time     `json:"generated_at"`
	Program     jsonProgram   `json:"program"`
	Summary     Summary       `json:"summary"`
	Findings    []jsonFinding `json:"findings"`
	// Undecided are clusters without an open finding that may be exposed.
	Undecided []exposure.Undecided `json:"undecided"`
	Coverage  *Coverage            `json:"coverage,omitempty"`
}

type jsonProgram struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// jsonFinding is a finding with its remediation topics written out.
type jsonFinding struct {
	*exposure.Finding

	Remediation []exposure.Topic `json:"remediation"`
}

func writeJSON(w io.Writer, r Report) error {
	out := jsonReport{
		Version: JSONVersion, GeneratedAt: r.GeneratedAt.UTC(), Program: jsonProgram{Name: "eksposure", Version: r.Version},
		Summary: Summarize(r.Findings), Findings: []jsonFinding{}, Undecided: notNil(r.Undecided), Coverage: r.Coverage,
	}
	for _, f := range r.Findings {
		j := jsonFinding{Finding: f, Remediation: []exposure.Topic{}}
		for _, t := range f.Topics {
			g, err := r.guide(f, t)
			if err != nil {
				return err
			}
			j.Remediation = append(j.Remediation, g)
		}
		out.Findings = append(out.Findings, j)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// writeOCSF writes one document a line and nothing else.
func writeOCSF(w io.Writer, r Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, f := range r.Findings {
		if err := e.Encode(ocsf.Finding(f, ocsf.Options{ProductVersion: r.Version, ProcessedAt: r.GeneratedAt, Pages: r.Pages})); err != nil {
			return err
		}
	}
	return nil
}
