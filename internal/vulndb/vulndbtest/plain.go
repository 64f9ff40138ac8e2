package vulndbtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/anchore/grype/grype"
	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/matcher"
	"github.com/anchore/grype/grype/matcher/dpkg"
	"github.com/anchore/grype/grype/matcher/rpm"
	"github.com/anchore/grype/grype/matcher/stock"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/grype/grype/version"
	"github.com/anchore/grype/grype/vulnerability"

	"github.com/eksposure/eksposure/internal/vuln"
)

// Finding is what the peers and our reports are compared by.
type Finding struct {
	ID, Source, Severity      string
	Name, Version, Type, Path string
	Fix                       string
	FixedIn                   string // sorted, separated by blanks
}

// Findings gives a report's matches, sorted.
func Findings(r vuln.Report) []Finding {
	var out []Finding
	for _, m := range r.Matches {
		out = append(out, Finding{
			ID: m.ID, Source: m.Source, Severity: m.Severity,
			Name: m.Package.Name, Version: m.Package.Version, Type: m.Package.Type, Path: m.Package.Path,
			Fix: string(m.Fix), FixedIn: strings.Join(m.FixedIn, " "),
		})
	}
	return sorted(out)
}

// Plain is the grype library, used as its README says and with the settings of
// its command line; none of our code is between.
type Plain struct {
	reader   v6.Reader
	provider vulnerability.Provider
}

// OpenPlain opens the database whose directory Config.Dir of vulndb names.
func OpenPlain(dir string) (*Plain, error) {
	reader, err := v6.NewReader(v6.Config{DBDirPath: dir + "/6"})
	if err != nil {
		return nil, err
	}
	return &Plain{reader: reader, provider: v6.NewVulnerabilityProvider(reader)}, nil
}

// Close releases the database.
func (p *Plain) Close() error { return p.reader.Close() }

// Match decodes and matches one document, and gives grype's own matches.
func (p *Plain) Match(ctx context.Context, document []byte) ([]match.Match, error) {
	packages, about, _, err := pkg.ProvideFromReader(bytes.NewReader(document), pkg.ProviderConfig{
		SynthesisConfig: pkg.SynthesisConfig{Distro: pkg.DistroConfig{FixChannels: distro.DefaultFixChannels()}},
	})
	if err != nil {
		return nil, err
	}
	m := grype.VulnerabilityMatcher{
		VulnerabilityProvider: p.provider,
		Matchers: matcher.NewDefaultMatchers(matcher.Config{
			Stock: stock.MatcherConfig{UseCPEs: true},
			Dpkg:  dpkg.MatcherConfig{MissingEpochStrategy: version.MissingEpochStrategyZero},
			Rpm:   rpm.MatcherConfig{MissingEpochStrategy: version.MissingEpochStrategyAuto},
		}),
	}
	found, _, err := m.FindMatchesContext(ctx, packages, about)
	if err != nil {
		return nil, err
	}
	return found.Sorted(), nil
}

// Findings matches one document in comparable form.
func (p *Plain) Findings(ctx context.Context, document []byte) ([]Finding, error) {
	found, err := p.Match(ctx, document)
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, m := range found {
		f := Finding{
			ID: m.Vulnerability.ID, Source: m.Vulnerability.Namespace, Severity: m.Vulnerability.Metadata.Severity,
			Name: m.Package.Name, Version: m.Package.Version, Type: string(m.Package.Type),
			Fix: string(m.Vulnerability.Fix.State), FixedIn: joined(m.Vulnerability.Fix.Versions),
		}
		if l := m.Package.Locations.ToSlice(); len(l) > 0 {
			f.Path = l[0].RealPath
		}
		out = append(out, normal(f))
	}
	return sorted(out), nil
}

// Program runs the grype program on one document with the database in dir.
func Program(ctx context.Context, program, dir string, document []byte) ([]Finding, error) {
	cmd := exec.CommandContext(ctx, program, "-o", "json", "-q")
	cmd.Stdin = bytes.NewReader(document)
	cmd.Env = append(os.Environ(), "GRYPE_DB_CACHE_DIR="+dir, "GRYPE_DB_AUTO_UPDATE=false",
		"GRYPE_DB_VALIDATE_AGE=false", "GRYPE_CHECK_FOR_APP_UPDATE=false")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	var report struct {
		Matches []struct {
			Vulnerability struct {
				ID        string `json:"id"`
				Namespace string `json:"namespace"`
				Severity  string `json:"severity"`
				Fix       struct {
					Versions []string `json:"versions"`
					State    string   `json:"state"`
				} `json:"fix"`
			} `json:"vulnerability"`
			Artifact struct {
				Name      string `json:"name"`
				Version   string `json:"version"`
				Type      string `json:"type"`
				Locations []struct {
					Path string `json:"path"`
				} `json:"locations"`
			} `json:"artifact"`
		} `json:"matches"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		return nil, err
	}
	var out []Finding
	for _, m := range report.Matches {
		f := Finding{
			ID: m.Vulnerability.ID, Source: m.Vulnerability.Namespace, Severity: m.Vulnerability.Severity,
			Name: m.Artifact.Name, Version: m.Artifact.Version, Type: m.Artifact.Type,
			Fix: m.Vulnerability.Fix.State, FixedIn: joined(m.Vulnerability.Fix.Versions),
		}
		if len(m.Artifact.Locations) > 0 {
			f.Path = m.Artifact.Locations[0].Path
		}
		out = append(out, normal(f))
	}
	return sorted(out), nil
}

// normal writes "no fix state" as the command line does.
func normal(f Finding) Finding {
	f.Fix = cmp.Or(f.Fix, string(vuln.FixUnknown))
	return f
}

func joined(versions []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(versions))), " ")
}

func sorted(fs []Finding) []Finding {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Version, b.Version), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Type, b.Type))
	})
	return fs
}
