package ingest

import (
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/vuln"
)

// grypeReport is the part of Grype's JSON document that is read
// (github.com/anchore/grype, grype/presenter/models).
type grypeReport struct {
	Matches []struct {
		Vulnerability struct {
			grypeVulnerability

			Fix struct {
				Versions []string `json:"versions"`
				State    string   `json:"state"`
			} `json:"fix"`
		} `json:"vulnerability"`
		Related  []grypeVulnerability `json:"relatedVulnerabilities"`
		Artifact struct {
			Name      string `json:"name"`
			Version   string `json:"version"`
			Type      string `json:"type"`
			PURL      string `json:"purl"`
			Locations []struct {
				Path  string `json:"path"`
				Layer string `json:"layerID"`
			} `json:"locations"`
		} `json:"artifact"`
	} `json:"matches"`
	Source struct {
		Type   string      `json:"type"`
		Target grypeTarget `json:"target"`
	} `json:"source"`
	Distro struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"distro"`
	Descriptor struct {
		Version   string `json:"version"`
		Timestamp string `json:"timestamp"`
	} `json:"descriptor"`
}

// grypeVulnerability is what Grype tells of a vulnerability and of those related to it.
type grypeVulnerability struct {
	ID          string      `json:"id"`
	DataSource  string      `json:"dataSource"`
	Namespace   string      `json:"namespace"`
	Severity    string      `json:"severity"`
	Description string      `json:"description"`
	CVSS        []grypeCVSS `json:"cvss"`
	EPSS        []struct {
		EPSS       float64 `json:"epss"`
		Percentile float64 `json:"percentile"`
		Date       string  `json:"date"`
	} `json:"epss"`
	KnownExploited []struct {
		CVE string `json:"cve"`
	} `json:"knownExploited"`
}

// grypeCVSS is one scoring.
type grypeCVSS struct {
	Type    string `json:"type"`
	Vector  string `json:"vector"`
	Metrics struct {
		BaseScore float64 `json:"baseScore"`
	} `json:"metrics"`
}

// grypeTarget is what was scanned: an image is an object, all else a text.
type grypeTarget struct {
	RepoDigests []string
}

// UnmarshalJSON takes an image's object and passes over everything else.
func (t *grypeTarget) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	var image struct {
		RepoDigests []string `json:"repoDigests"`
	}
	if err := decode(data, &image); err != nil {
		return err
	}
	t.RepoDigests = image.RepoDigests
	return nil
}

func parseGrype(data []byte) (Report, error) {
	var in grypeReport
	if err := decode(data, &in); err != nil {
		return Report{}, err
	}
	r := Report{Digests: registryDigests(in.Source.Target.RepoDigests)}
	r.Tool = strings.TrimSpace("grype " + clean(in.Descriptor.Version))
	r.MadeAt = moment(in.Descriptor.Timestamp)
	r.OS = vuln.OS{ID: clean(in.Distro.Name), Version: clean(in.Distro.Version)}
	for _, m := range in.Matches {
		v := m.Vulnerability
		match := vuln.Match{
			ID: v.ID, Severity: v.Severity, Description: v.Description, URL: v.DataSource, Source: v.Namespace,
			Fix: grypeFix(v.Fix.State), FixedIn: v.Fix.Versions,
			Package: vuln.Package{Name: m.Artifact.Name, Version: m.Artifact.Version, Type: m.Artifact.Type, PURL: m.Artifact.PURL},
		}
		if len(m.Artifact.Locations) > 0 {
			match.Package.Path, match.Package.Layer = m.Artifact.Locations[0].Path, m.Artifact.Locations[0].Layer
		}
		v.fill(&match)
		for _, related := range m.Related {
			match.Aliases = append(match.Aliases, related.ID)
			related.fill(&match)
		}
		if err := r.add(match); err != nil {
			return Report{}, err
		}
	}
	return r, nil
}

// fill adds what one record tells: the first vector of the newest CVSS version,
// the highest EPSS score, and whether the vulnerability is in KEV.
func (v grypeVulnerability) fill(m *vuln.Match) {
	scores := slices.Clone(v.CVSS)
	slices.SortStableFunc(scores, func(a, b grypeCVSS) int {
		return compareChoice(strings.EqualFold(a.Type, "primary"), strings.EqualFold(b.Type, "primary"))
	})
	for _, c := range scores {
		m.CVSS = newer(m.CVSS, scoring(c.Vector, c.Metrics.BaseScore))
	}
	for _, e := range v.EPSS {
		if m.EPSS == nil || e.EPSS > m.EPSS.Score {
			m.EPSS = &vuln.EPSS{Score: e.EPSS, Percentile: e.Percentile, Date: moment(e.Date)}
		}
	}
	m.KEV = m.KEV || len(v.KnownExploited) > 0
	if m.Description == "" {
		m.Description = v.Description
	}
}

// compareChoice puts the chosen first.
func compareChoice(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func grypeFix(state string) vuln.Fix {
	switch state {
	case "fixed":
		return vuln.FixKnown
	case "not-fixed":
		return vuln.FixNone
	case "wont-fix":
		return vuln.FixDeclined
	}
	return vuln.FixUnknown
}
