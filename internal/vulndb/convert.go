package vulndb

import (
	"cmp"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/match"
	"github.com/anchore/grype/grype/pkg"
	"github.com/anchore/grype/grype/vulnerability"
	syftpkg "github.com/anchore/syft/syft/pkg"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// convert gives Grype's match in our terms, without its package.
func (d *DB) convert(m match.Match) (vuln.Match, error) {
	f, err := d.facts(m)
	if err != nil {
		return vuln.Match{}, fmt.Errorf("read vulnerability %q: %w: %w", m.Vulnerability.ID, err, fault.ErrUnavailable)
	}
	v := m.Vulnerability
	out := vuln.Match{
		ID:          v.ID,
		Aliases:     f.aliases,
		Severity:    f.severity,
		CVSS:        f.cvss,
		EPSS:        f.epss,
		KEV:         f.kev,
		Exploit:     f.exploit,
		Fix:         fixState(v.Fix.State),
		Description: f.description,
		URL:         f.url,
		Source:      v.Namespace,
	}
	if len(v.Fix.Versions) > 0 {
		out.FixedIn = slices.Compact(slices.Sorted(slices.Values(v.Fix.Versions)))
	}
	return out, nil
}

func fixState(s vulnerability.FixState) vuln.Fix {
	switch s {
	case vulnerability.FixStateFixed:
		return vuln.FixKnown
	case vulnerability.FixStateNotFixed:
		return vuln.FixNone
	case vulnerability.FixStateWontFix:
		return vuln.FixDeclined
	case vulnerability.FixStateUnknown:
		return vuln.FixUnknown
	default:
		return vuln.FixUnknown
	}
}

// facts are what is known about a vulnerability whatever package has it.
type facts struct {
	aliases     []string
	severity    string
	cvss        vuln.CVSS
	epss        *vuln.EPSS
	kev         bool
	exploit     bool
	description string
	url         string
}

// factKey names the facts. Merged records of one vulnerability may relate to
// different CVEs, so those belong to the key.
type factKey struct{ id, namespace, related string }

// facts joins a vulnerability's record with those of the CVEs it is an alias
// of: distributions and GitHub leave scores to them.
func (d *DB) facts(m match.Match) (facts, error) {
	v := m.Vulnerability
	key := factKey{id: v.ID, namespace: v.Namespace}
	var aliases []string
	for _, r := range v.RelatedVulnerabilities {
		key.related += " " + r.ID
		if r.ID != v.ID {
			aliases = append(aliases, r.ID)
		}
	}
	if known, ok := d.memory.facts.get(key); ok {
		return known, nil
	}
	if h, ok := v.Internal.(*v6.VulnerabilityHandle); ok && h.BlobValue != nil {
		for _, a := range h.BlobValue.Aliases {
			if a != v.ID {
				aliases = append(aliases, a)
			}
		}
	}
	slices.Sort(aliases)
	f := facts{aliases: slices.Compact(aliases), severity: "Unknown"}
	if err := d.describe(&f, v); err != nil {
		return facts{}, err
	}
	if err := d.readable(); err != nil {
		return facts{}, err
	}
	if !d.cfg.Forget {
		d.memory.facts.put(key, f, 1)
	}
	return f, nil
}

func (d *DB) describe(f *facts, v vulnerability.Vulnerability) error {
	records, err := d.records(v)
	if err != nil {
		return err
	}
	var cves []string
	for _, id := range append([]string{v.ID}, f.aliases...) {
		if isCVE(id) && !slices.Contains(cves, id) {
			cves = append(cves, id)
		}
	}
	if len(records) > 0 && records[0].Severity != "" {
		f.severity = records[0].Severity
	}
	for _, r := range records {
		f.take(r)
	}
	exploit, err := d.exploitKnown(cves)
	f.exploit = f.kev || exploit
	return err
}

// take adds what one record tells; the records before it go first.
func (f *facts) take(r *vulnerability.Metadata) {
	f.description = cmp.Or(f.description, strings.TrimSpace(r.Description))
	f.url = cmp.Or(f.url, r.DataSource)
	if f.cvss.IsZero() || f.cvss.Version < "3" {
		f.cvss = better(f.cvss, bestCVSS(r.Cvss))
	}
	f.kev = f.kev || len(r.KnownExploited) > 0
	for _, e := range r.EPSS {
		if f.epss == nil || e.EPSS > f.epss.Score {
			f.epss = &vuln.EPSS{Score: e.EPSS, Percentile: e.Percentile, Date: e.Date.UTC()}
		}
	}
}

// records gives the metadata of the vulnerability, then of the CVEs related to it.
func (d *DB) records(v vulnerability.Vulnerability) ([]*vulnerability.Metadata, error) {
	var out []*vulnerability.Metadata
	refs := append([]vulnerability.Reference{v.Reference}, v.RelatedVulnerabilities...)
	for i, r := range refs {
		if i == 0 && v.Metadata != nil {
			out = append(out, v.Metadata)
			continue
		}
		if i > 0 && !isCVE(r.ID) {
			continue
		}
		meta, err := d.provider.VulnerabilityMetadata(r) //nolint:staticcheck // the way to a related record's metadata
		if err != nil {
			return nil, fmt.Errorf("metadata of %q: %w", r.ID, err)
		}
		if meta != nil {
			out = append(out, meta)
		}
	}
	return out, nil
}

// exploitKnown reports whether a public exploit is known for one of the CVEs.
// The source is the SSVC decision point "Exploitation" in CISA's vulnrichment
// data, which the database stores beside NVD's: "poc" means that a public proof
// of concept exists, "active" that it is used
// (https://www.cisa.gov/stakeholder-specific-vulnerability-categorization-ssvc).
// A CVE may have been assessed several times; a public exploit stays public, so
// any such assessment counts. The caller adds CISA's KEV list, which implies it.
func (d *DB) exploitKnown(cves []string) (bool, error) {
	for _, cve := range cves {
		assessments, err := d.reader.GetSsvcs(cve) // none in a database made before 6.1.10
		if err != nil {
			return false, fmt.Errorf("SSVC assessments of %q: %w", cve, err)
		}
		for _, a := range assessments {
			if strings.EqualFold(a.Exploitation, "poc") || strings.EqualFold(a.Exploitation, "active") {
				return true, nil
			}
		}
	}
	return false, nil
}

func isCVE(id string) bool { return strings.HasPrefix(id, "CVE-") }

// bestCVSS picks the scoring that decides: the newest version; of those the one
// marked primary, then NVD's, then the higher score, then the first by text.
func bestCVSS(scores []vulnerability.Cvss) vuln.CVSS {
	candidates := slices.DeleteFunc(slices.Clone(scores), func(c vulnerability.Cvss) bool { return c.Vector == "" })
	if len(candidates) == 0 {
		return vuln.CVSS{}
	}
	best := slices.MinFunc(candidates, func(a, b vulnerability.Cvss) int {
		return cmp.Or(
			cmp.Compare(b.Version, a.Version), // "2.0" … "4.0": one digit each
			cmp.Compare(rank(a), rank(b)),
			cmp.Compare(b.Metrics.BaseScore, a.Metrics.BaseScore),
			cmp.Compare(a.Vector, b.Vector),
		)
	})
	return vuln.CVSS{Vector: best.Vector, Score: best.Metrics.BaseScore, Version: best.Version}
}

func rank(c vulnerability.Cvss) int {
	if strings.EqualFold(c.Type, "primary") {
		return 0
	}
	if c.Source == "nvd@nist.gov" {
		return 1
	}
	return 2
}

// better prefers what is there unless the other is of a newer version.
func better(have, other vuln.CVSS) vuln.CVSS {
	if have.IsZero() || other.Version > have.Version {
		return other
	}
	return have
}

// describePackage gives the package in our terms, with the place it was found.
func describePackage(p pkg.Package) vuln.Package {
	out := vuln.Package{Name: p.Name, Version: p.Version, Type: string(p.Type), PURL: p.PURL}
	locations := p.Locations.ToSlice()
	if len(locations) == 0 {
		return out
	}
	out.Path = locations[0].RealPath
	out.Layer = locations[0].FileSystemID
	if p.Type != syftpkg.DebPkg {
		return out
	}
	// dpkg's status file is one for all packages and belongs to the last layer
	// that installed any; the file list is written with the package itself.
	for _, l := range locations {
		if strings.HasSuffix(path.Dir(l.RealPath), "/dpkg/info") && strings.HasSuffix(l.RealPath, ".list") {
			out.Layer = l.FileSystemID
			break
		}
		if strings.Contains(l.RealPath, "/dpkg/info/") {
			out.Layer = l.FileSystemID
		}
	}
	return out
}

// endOfLife names the operating system and when it stops getting fixes, by the
// database, or else by the release file's own SUPPORT_END.
func (d *DB) endOfLife(r *distro.Distro) vuln.OS {
	if r == nil {
		return vuln.OS{}
	}
	out := vuln.OS{ID: r.ID(), Version: cmp.Or(r.Version, r.Codename)}
	if r.SupportEnd != nil {
		out.EndOfLife = r.SupportEnd.UTC()
	}
	eol, err := d.endOfLifeDate(r)
	if err != nil {
		d.cfg.Log.Warn("end of life cannot be read", slog.String("os", out.String()), slog.Any("error", err))
		return out
	}
	if eol != nil {
		out.EndOfLife = eol.UTC()
	}
	return out
}

// endOfLifeDate asks for the release as it calls itself, then for its major
// version when the database has that as a release: Debian's point releases
// (12.13, from /etc/debian_version) end with their major one, while Alpine's and
// Ubuntu's minor versions are releases of their own and never listed by the
// major one alone. Grype itself stops after the first question.
func (d *DB) endOfLifeDate(r *distro.Distro) (*time.Time, error) {
	checker, ok := d.provider.(vulnerability.EOLChecker)
	if !ok {
		return nil, nil //nolint:nilnil // unknown is a value here
	}
	eol, _, err := checker.GetOperatingSystemEOL(r)
	if err != nil || eol != nil || r.MinorVersion() == "" {
		return eol, err
	}
	releases, err := d.reader.GetOperatingSystems(v6.OSSpecifier{
		Name: r.Name(), MajorVersion: r.MajorVersion(), DisableAliasing: true, DisableFallback: true,
	})
	if err != nil || len(releases) == 0 {
		return nil, err
	}
	return releases[0].EOLDate, nil
}
