package vulndb

import (
	"context"
	"fmt"
	"slices"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/distro"
	"github.com/anchore/grype/grype/vulnerability"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// nvd is the database's name for NVD's records.
const nvd = "nvd"

// Complete fills in what another scanner's report lacks and the database knows: of
// its matches the CVSS vector, the EPSS score, the KEV listing and public exploits,
// and the end of life of its operating system. What the report states itself stays;
// what nobody knows stays unknown. The report given is not changed.
func (d *DB) Complete(ctx context.Context, r vuln.Ingested) (vuln.Ingested, error) {
	if err := d.readable(); err != nil {
		return r, err
	}
	r.Matches = slices.Clone(r.Matches)
	known := map[string]facts{}
	for i := range r.Matches {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		m := &r.Matches[i]
		for _, id := range append([]string{m.ID}, m.Aliases...) {
			f, ok := known[id]
			if !ok {
				var err error
				if f, err = d.about(id); err != nil {
					return r, fmt.Errorf("read vulnerability %q: %w: %w", id, err, fault.ErrUnavailable)
				}
				known[id] = f
			}
			f.complete(m)
		}
	}
	vuln.Sort(r.Matches)
	if !r.OS.IsZero() && r.OS.EndOfLife.IsZero() {
		r.OS.EndOfLife = d.endOfLife(distro.NewFromNameVersion(r.OS.ID, r.OS.Version)).EndOfLife
	}
	return r, d.readable()
}

// complete fills in what the match lacks.
func (f *facts) complete(m *vuln.Match) {
	if m.CVSS.Vector == "" {
		m.CVSS = f.cvss
	}
	if m.EPSS == nil {
		m.EPSS = f.epss
	}
	m.KEV = m.KEV || f.kev
	m.Exploit = m.Exploit || f.exploit
	if m.Severity == "" || m.Severity == "Unknown" {
		m.Severity = f.severity
	}
	if m.Description == "" {
		m.Description = f.description
	}
}

// about gives what the database knows of a vulnerability by its ID, whatever package
// has it: NVD's word first, then that of the other sources. One that it does not know
// gives nothing. Records that only have the ID as an alias are not looked for: the
// database has no index of those, and the report names the aliases itself.
func (d *DB) about(id string) (facts, error) {
	f := facts{severity: "Unknown"}
	records, err := d.reader.GetVulnerabilities(&v6.VulnerabilitySpecifier{Name: id}, &v6.GetVulnerabilityOptions{Preload: true})
	if err != nil {
		return f, err
	}
	slices.SortStableFunc(records, func(a, b v6.VulnerabilityHandle) int { return sourceRank(a) - sourceRank(b) })
	for i := range records {
		ref := vulnerability.Reference{ID: records[i].Name, Namespace: records[i].ProviderID, Internal: &records[i]}
		meta, err := d.provider.VulnerabilityMetadata(ref) //nolint:staticcheck // the way to one record's metadata
		if err != nil {
			return f, err
		}
		if meta == nil {
			continue
		}
		f.take(meta)
		if f.severity == "Unknown" && meta.Severity != "" {
			f.severity = meta.Severity
		}
	}
	return f, d.lists(id, &f)
}

func sourceRank(v v6.VulnerabilityHandle) int {
	if v.ProviderID == nvd {
		return 0
	}
	return 1
}

// lists adds what goes by a CVE's number alone, also where no record is: scores,
// the KEV list and known exploits.
func (d *DB) lists(cve string, f *facts) error {
	scores, err := d.reader.GetEpss(cve)
	if err != nil {
		return err
	}
	for _, e := range scores {
		if f.epss == nil {
			f.epss = &vuln.EPSS{Score: e.Epss, Percentile: e.Percentile, Date: e.Date.UTC()}
		}
	}
	listed, err := d.reader.GetKnownExploitedVulnerabilities(cve)
	if err != nil {
		return err
	}
	f.kev = f.kev || len(listed) > 0
	exploit, err := d.exploitKnown([]string{cve})
	f.exploit = f.kev || exploit
	return err
}
