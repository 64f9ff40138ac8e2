package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/vuln"
)

var update = flag.Bool("update", false, "write golden files again")

const (
	digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	other  = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

func read(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// TestParse compares what is read of real reports with golden files. grype.json and
// cyclonedx-grype.json were made by Grype 0.121.2 from the SBOM of an image of the
// demo estate and the sample database; the others follow Trivy's and CycloneDX's
// documented formats.
func TestParse(t *testing.T) {
	for _, name := range []string{"grype", "trivy", "cyclonedx-grype", "cyclonedx-trivy", "cyclonedx-sbom"} {
		t.Run(name, func(t *testing.T) {
			r, err := ingest.Parse(read(t, name+".json"), "")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden")
			got, err := json.MarshalIndent(r.Ingested, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func find(t *testing.T, r ingest.Report, id, name string) vuln.Match {
	t.Helper()
	i := slices.IndexFunc(r.Matches, func(m vuln.Match) bool { return m.ID == id && m.Package.Name == name })
	if i < 0 {
		t.Fatalf("no match %s of %s among %d", id, name, len(r.Matches))
	}
	return r.Matches[i]
}

func TestTrivySays(t *testing.T) {
	r, err := ingest.Parse(read(t, "trivy.json"), ingest.Trivy)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Matches) != 3 {
		t.Errorf("%d matches, want 3: what Trivy says is not affected does not count", len(r.Matches))
	}
	expat := find(t, r, "CVE-2024-45491", "libexpat1")
	if expat.CVSS.Score != 9.8 || !expat.CVSS.NetworkExploitable() || expat.Package.Type != "deb" || expat.Fix != vuln.FixKnown {
		t.Errorf("NVD's newest scoring decides: %+v", expat)
	}
	if glob := find(t, r, "CVE-2010-4756", "libc6"); !glob.CVSS.IsZero() || glob.EPSS != nil || glob.Fix != vuln.FixNone || glob.Package.Type != "deb" {
		t.Errorf("what the report lacks stays unknown: %+v", glob)
	}
	log4j := find(t, r, "CVE-2021-44228", "org.apache.logging.log4j:log4j-core")
	if diff := cmp.Diff([]string{"2.12.2", "2.15.0", "2.3.1"}, log4j.FixedIn); diff != "" || log4j.Package.Type != "java-archive" || log4j.Package.Path != "app/app.jar" {
		t.Errorf("%+v\n%s", log4j, diff)
	}
}

func TestCycloneDXSays(t *testing.T) {
	r, err := ingest.Parse(read(t, "cyclonedx-trivy.json"), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Matches) != 3 {
		t.Errorf("%d matches, want 3: what the document says is not affected does not count", len(r.Matches))
	}
	log4j := find(t, r, "CVE-2021-44228", "org.apache.logging.log4j:log4j-core")
	if log4j.EPSS == nil || log4j.EPSS.Score != 0.97 || !log4j.KEV || !log4j.Exploit || log4j.CVSS.Version != "4.0" || !cmp.Equal(log4j.FixedIn, []string{"2.15.0"}) {
		t.Errorf("got %+v", log4j)
	}
	if shaded := find(t, r, "CVE-2021-44228", "shaded"); shaded.Package.Version != "1.0" || shaded.Package.Type != "java-archive" {
		t.Errorf("a component that is not listed is told by its package URL: %+v", shaded.Package)
	}
	if diff := cmp.Diff([]string{digest}, r.Digests); diff != "" {
		t.Errorf("digests (-want +got):\n%s", diff)
	}
}

func TestSBOMAlone(t *testing.T) {
	data := read(t, "cyclonedx-sbom.json")
	r, err := ingest.Parse(data, "")
	if err != nil {
		t.Fatal(err)
	}
	if r.SBOM == nil || r.SBOM.Format != vuln.FormatCycloneDX || string(r.SBOM.Document) != string(data) || r.SBOM.Packages == 0 || len(r.Matches) != 0 {
		t.Errorf("got %+v", r)
	}
}

// Hostile and broken input is fault.ErrInvalid, whatever is wrong with it.
func TestParseRefuses(t *testing.T) {
	grype := func(matches string) string {
		return `{"descriptor":{"name":"grype"},"matches":[` + matches + `]}`
	}
	tests := []struct {
		name, data string
		format     ingest.Format
	}{
		{"nothing", "", ""},
		{"no JSON", "CVE-2021-44228", ""},
		{"no object", "[]", ""},
		{"an empty object", "{}", ""},
		{"another format than asked for", string(read(t, "trivy.json")), ingest.Grype},
		{"deep nesting", strings.Repeat("[", 1_000_000), ""},
		{"deep nesting inside", grype(strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)), ""},
		{"a type that is wrong", grype(`{"vulnerability":{"id":7}}`), ""},
		{"no vulnerability ID", grype(`{"artifact":{"name":"a"}}`), ""},
		{"no package name", grype(`{"vulnerability":{"id":"CVE-1"}}`), ""},
		{"a score that cannot be", grype(`{"vulnerability":{"id":"CVE-1","epss":[{"epss":1.5}]},"artifact":{"name":"a"}}`), ""},
		{"another schema of Trivy", `{"SchemaVersion":3}`, ""},
		{"a report about files", `{"SchemaVersion":2,"ArtifactType":"filesystem"}`, ""},
		{"an empty bill of materials", `{"bomFormat":"CycloneDX","components":[]}`, ""},
		{"too large", `{"bomFormat":"CycloneDX"}` + strings.Repeat(" ", ingest.MaxReport), ""},
		{"too many matches", grype(strings.TrimSuffix(strings.Repeat(`{"vulnerability":{"id":"C"},"artifact":{"name":"a"}},`, 100_001), ",")), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if r, err := ingest.Parse([]byte(test.data), test.format); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
}

// What a report says goes into terminals and pages, so it stays one line of text.
func TestTextIsCleaned(t *testing.T) {
	r, err := ingest.Parse([]byte(`{"descriptor":{"name":"grype"},"matches":[{"vulnerability":{"id":"CVE-1\u001b[31m","dataSource":"javascript:alert(1)",
		"cvss":[{"vector":"CVSS:3.1/AV:N\n","metrics":{"baseScore":9}}]},"artifact":{"name":"a\u0000b\n`+strings.Repeat("x", 5000)+`"}}]}`), "")
	if err != nil {
		t.Fatal(err)
	}
	m := r.Matches[0]
	if m.ID != "CVE-1[31m" || m.URL != "" || !m.CVSS.IsZero() || !strings.HasPrefix(m.Package.Name, "abxx") || len(m.Package.Name) > 1030 {
		t.Errorf("got %+v", m)
	}
}

// kept is the port in memory.
type kept map[string]vuln.Ingested

func (k kept) PutImageReport(_ context.Context, r vuln.Ingested) error {
	k[r.ImageDigest+" "+r.Source] = r
	return nil
}

func (k kept) ImageReports(_ context.Context, digest string) ([]vuln.Ingested, error) {
	var list []vuln.Ingested
	for _, r := range k {
		if r.ImageDigest == digest {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, vuln.CompareIngested)
	return list, nil
}

func (k kept) DeleteImageReport(_ context.Context, digest, source string) error {
	if _, ok := k[digest+" "+source]; !ok {
		return fmt.Errorf("report %q of %q: %w", source, digest, fault.ErrNotFound)
	}
	delete(k, digest+" "+source)
	return nil
}

func TestIngest(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name, file, asked, want string
		err                     error
	}{
		{"the report names its image", "trivy.json", "", digest, nil},
		{"the image that was asked for", "trivy.json", digest, digest, nil},
		{"another image than asked for", "trivy.json", other, "", fault.ErrInvalid},
		{"a report that names none, for a named image", "cyclonedx-sbom.json", other, other, nil},
		{"a report that names none, for no image", "cyclonedx-sbom.json", "", "", fault.ErrInvalid},
		{"no digest", "trivy.json", "shop:1", "", fault.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			k := kept{}
			s := ingest.New(k, func() time.Time { return now })
			r, err := s.Ingest(t.Context(), ingest.Request{Digest: test.asked, Data: read(t, test.file), By: "me"})
			if !errors.Is(err, test.err) || r.ImageDigest != test.want {
				t.Fatalf("got %q, %v", r.ImageDigest, err)
			}
			if test.err != nil {
				if len(k) != 0 {
					t.Errorf("kept %v", k)
				}
				return
			}
			list, err := s.Reports(t.Context(), test.want)
			if err != nil || len(list) != 1 {
				t.Fatalf("%v, %v", list, err)
			}
			if diff := cmp.Diff(r, list[0], cmpopts.EquateEmpty()); diff != "" || !r.IngestedAt.Equal(now) || r.By != "me" {
				t.Errorf("%+v (-want +got):\n%s", r, diff)
			}
			if err := s.Delete(t.Context(), test.want, r.Source); err != nil || len(k) != 0 {
				t.Errorf("delete: %v, %v", err, k)
			}
			if err := s.Delete(t.Context(), test.want, r.Source); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("delete again: %v", err)
			}
		})
	}
}

func fuzz(f *testing.F, format ingest.Format, files ...string) {
	f.Helper()
	for _, name := range files {
		f.Add(read(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ingest.Parse(data, format)
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%v is not fault.ErrInvalid", err)
			}
			return
		}
		for _, m := range r.Matches {
			if m.ID == "" || m.Package.Name == "" || strings.ContainsAny(m.ID+m.Package.Name+m.Package.Version, "\n\x00\x1b") || m.EPSS != nil && (m.EPSS.Score < 0 || m.EPSS.Score > 1) {
				t.Errorf("match %+v", m)
			}
		}
		if _, err := json.Marshal(r.Ingested); err != nil {
			t.Error(err)
		}
	})
}

func FuzzGrype(f *testing.F) { fuzz(f, ingest.Grype, "grype.json") }

func FuzzTrivy(f *testing.F) { fuzz(f, ingest.Trivy, "trivy.json") }

func FuzzCycloneDX(f *testing.F) {
	fuzz(f, ingest.CycloneDX, "cyclonedx-trivy.json", "cyclonedx-grype.json", "cyclonedx-sbom.json")
}
