package vulndb_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

var update = flag.Bool("update", false, "write the test data of package ingest again")

// known is what decides about a vulnerability of a package.
type known struct {
	ID, Package, Version, Severity, Vector string
	EPSS                                   float64
	KEV, Exploit                           bool
}

func knownOf(matches []vuln.Match) map[known]bool {
	out := map[known]bool{}
	for _, m := range matches {
		k := known{ID: m.ID, Package: m.Package.Name, Version: m.Package.Version, Severity: m.Severity, Vector: m.CVSS.Vector, KEV: m.KEV, Exploit: m.Exploit, EPSS: -1}
		if m.EPSS != nil {
			k.EPSS = m.EPSS.Score
		}
		out[k] = true
	}
	return out
}

// A report that Grype itself wrote, read and completed, says what our own matching
// says: the same vulnerabilities with the same severity inputs. The bill of
// materials that syft wrote, matched here, finds the same vulnerabilities.
func TestReportsSayWhatWeSay(t *testing.T) {
	db := open(t, vulndb.Config{})
	plain, err := vulndbtest.OpenPlain(sampleDir(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	for _, im := range sampleImages(t) {
		if !slices.Contains([]string{"shop-payments", "shop-search", "debian-11"}, im.Name) {
			continue
		}
		t.Run(im.Name, func(t *testing.T) {
			reports, err := plain.Reports(t.Context(), im.SBOM.Document)
			if err != nil {
				t.Fatal(err)
			}
			write(t, im.Name, reports)
			ours, err := db.Match(t.Context(), im.SBOM)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ingest.Parse(reports.Grype, ingest.Grype)
			if err != nil {
				t.Fatal(err)
			}
			full, err := db.Complete(t.Context(), r.Ingested)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(knownOf(ours.Matches), knownOf(full.Matches)); diff != "" {
				t.Errorf("Grype's report (-ours +report):\n%s", diff)
			}
			if !full.OS.EndOfLife.Equal(ours.OS.EndOfLife) {
				t.Errorf("end of life of %s: %s, ours %s", full.OS, full.OS.EndOfLife, ours.OS.EndOfLife)
			}
			again, err := db.Match(t.Context(), vuln.SBOM{ImageDigest: im.SBOM.ImageDigest, Format: vuln.FormatCycloneDX, Document: reports.SBOM})
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(knownOf(ours.Matches), knownOf(again.Matches)); diff != "" {
				t.Errorf("syft's CycloneDX (-ours +matched here):\n%s", diff)
			}
		})
	}
}

// write keeps the reports of one image as package ingest's test data, with -update.
func write(t *testing.T, image string, r vulndbtest.Reports) {
	t.Helper()
	if !*update || image != "shop-payments" {
		return
	}
	for name, data := range map[string][]byte{"grype": r.Grype, "cyclonedx-grype": r.CycloneDX, "cyclonedx-sbom": r.SBOM} {
		if err := os.WriteFile(filepath.Join("..", "ingest", "testdata", name+".json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// What a report states itself stays; what it lacks comes from the database; what
// nobody knows stays unknown.
func TestComplete(t *testing.T) {
	db := open(t, vulndb.Config{})
	own := &vuln.EPSS{Score: 0.01}
	in := vuln.Ingested{OS: vuln.OS{ID: "debian", Version: "11"}, Matches: []vuln.Match{
		{ID: "CVE-2024-45491", Package: vuln.Package{Name: "bare"}},
		{ID: "CVE-2021-44228", Package: vuln.Package{Name: "own"}, EPSS: own, CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}, Severity: "Low"},
		{ID: "DSA-1", Aliases: []string{"GHSA-jfh8-c2jp-5v3q"}, Package: vuln.Package{Name: "alias"}},
		{ID: "CVE-2099-99999", Package: vuln.Package{Name: "nobody knows"}},
	}}
	out, err := db.Complete(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]vuln.Match{}
	for _, m := range out.Matches {
		by[m.Package.Name] = m
	}
	if m := by["bare"]; !m.CVSS.NetworkExploitable() || m.EPSS == nil || m.KEV {
		t.Errorf("bare: %+v", m)
	}
	if m := by["alias"]; !m.CVSS.NetworkExploitable() || m.EPSS == nil || m.EPSS.Score < 0.5 || !m.KEV || !m.Exploit {
		t.Errorf("alias: %+v", m)
	}
	if m := by["own"]; m.EPSS.Score != own.Score || m.CVSS.NetworkExploitable() || m.Severity != "Low" || !m.KEV {
		t.Errorf("own: %+v", m)
	}
	if m := by["nobody knows"]; m.EPSS != nil || !m.CVSS.IsZero() || m.KEV || m.Exploit {
		t.Errorf("nobody knows: %+v", m)
	}
	if out.OS.EndOfLife.IsZero() || out.OS.EndOfLife.After(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("end of life %s", out.OS.EndOfLife)
	}
	if in.Matches[0].EPSS != nil {
		t.Error("the report given was changed")
	}
}
