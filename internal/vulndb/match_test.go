package vulndb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
)

func find(t *testing.T, r vuln.Report, pkg, cve string) vuln.Match {
	t.Helper()
	for _, m := range r.Matches {
		if m.Package.Name == pkg && m.CVE() == cve {
			return m
		}
	}
	t.Fatalf("%s of %s is not among %d matches", cve, pkg, len(r.Matches))
	return vuln.Match{}
}

func TestMatchSaysWhatIsKnown(t *testing.T) {
	reports := matchAll(t, open(t, vulndb.Config{}))
	t.Run("Log4Shell by its GitHub advisory", func(t *testing.T) {
		m := find(t, reports["shop-search"], "log4j-core", "CVE-2021-44228")
		if !strings.HasPrefix(m.ID, "GHSA-") || !m.KEV || !m.Exploit || m.EPSS == nil || m.EPSS.Score < 0.9 || !m.CVSS.NetworkExploitable() {
			t.Errorf("got %+v", m)
		}
		if m.Fix != vuln.FixKnown || len(m.FixedIn) == 0 || m.Description == "" || m.URL == "" || m.Source == "" {
			t.Errorf("fix or text is missing: %+v", m)
		}
		p := m.Package
		if p.Type != "java-archive" || !strings.HasPrefix(p.Layer, "sha256:") || p.Path == "" || !strings.HasPrefix(p.PURL, "pkg:maven/") {
			t.Errorf("package: %+v", p)
		}
	})
	t.Run("Debian leaves the scores to the CVE", func(t *testing.T) {
		m := find(t, reports["debian-11"], "libexpat1", "CVE-2024-45491")
		if m.CVSS.IsZero() || m.EPSS == nil || m.Description == "" || m.Source != "debian:distro:debian:11" || m.Fix != vuln.FixKnown {
			t.Errorf("got %+v", m)
		}
		m = find(t, reports["debian-11"], "libc6", "CVE-2023-4911")
		if !m.KEV || m.EPSS == nil || m.Fix != vuln.FixKnown {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("KEV implies a public exploit", func(t *testing.T) {
		for name, r := range reports {
			for _, m := range r.Matches {
				if m.KEV && !m.Exploit {
					t.Errorf("%s: %s is in KEV and has no exploit", name, m.ID)
				}
			}
		}
	})
	t.Run("a missing score is unknown", func(t *testing.T) {
		missing := 0
		for _, r := range reports {
			for _, m := range r.Matches {
				if m.EPSS == nil {
					missing++
					continue
				}
				if m.EPSS.Score <= 0 || m.EPSS.Score > 1 || m.EPSS.Date.IsZero() {
					t.Errorf("%s has the score %+v", m.ID, *m.EPSS)
				}
			}
		}
		if missing == 0 {
			t.Error("no sample match is without a score, so nothing was tested")
		}
	})
	t.Run("worst first", func(t *testing.T) {
		for name, r := range reports {
			for i := 1; i < len(r.Matches); i++ {
				if vuln.Compare(r.Matches[i-1], r.Matches[i]) > 0 {
					t.Fatalf("%s: match %d is worse than the one before", name, i)
				}
			}
		}
	})
}

func TestEndOfLife(t *testing.T) {
	reports := matchAll(t, open(t, vulndb.Config{}))
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for image, want := range map[string]time.Time{
		"legacy-erp":  day(2024, 6, 30),
		"debian-11":   day(2026, 8, 31),
		"debian-12":   day(2028, 6, 30),
		"eks-coredns": day(2029, 6, 30),
		"alpine-3.12": {}, // the sample database does not know
	} {
		if got := reports[image].OS.EndOfLife; !got.Equal(want) {
			t.Errorf("%s (%s): got %s, want %s", image, reports[image].OS, got, want)
		}
	}
	t.Run("keeps the name that the SBOM gives", func(t *testing.T) {
		s := vuln.SBOM{Document: document(t, "debian-11"), OS: vuln.OS{ID: "debian", Version: "11", Name: "Debian GNU/Linux 11 (bullseye)"}}
		r, err := open(t, vulndb.Config{}).Match(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		want := s.OS
		want.EndOfLife = day(2026, 8, 31)
		if diff := gocmp.Diff(want, r.OS); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestMatchStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := open(t, vulndb.Config{}).Match(ctx, vuln.SBOM{Document: document(t, "debian-11")})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
}

func TestBadDocuments(t *testing.T) {
	db := open(t, vulndb.Config{})
	good := string(document(t, "shop-web"))
	for name, doc := range map[string]string{
		"empty":                   "",
		"not JSON":                "hello",
		"another document":        `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}`,
		"packages as text":        "pkg:deb/debian/openssl@1.1.1k-1?distro=debian-11\n",
		"truncated":               good[:len(good)/2],
		"no schema":               `{"artifacts":[]}`,
		"artifacts is not a list": `{"artifacts":{"id":"1"},"schema":` + schema + `}`,
		"a package is a number":   `{"artifacts":[1],"schema":` + schema + `}`,
		"version is a number":     `{"artifacts":[{"id":"1","name":"a","version":1}],"schema":` + schema + `}`,
		"brackets do not match":   `{"artifacts":[{"id":"1"]},"schema":` + schema + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, forget := range []bool{false, true} {
				_, err := open(t, vulndb.Config{Forget: forget}).Match(t.Context(), vuln.SBOM{Document: []byte(doc)})
				if !errors.Is(err, fault.ErrInvalid) {
					t.Errorf("forget %t: got %v, want ErrInvalid", forget, err)
				}
			}
		})
	}
	if _, err := db.Match(t.Context(), vuln.SBOM{Document: []byte(good)}); err != nil {
		t.Errorf("the good document after the bad ones: %v", err)
	}
}

const schema = `{"version":"16.1.0","url":"https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-16.1.0.json"}`

// unusual documents are ones that the quick way hands to Grype whole, or that
// try to make it answer otherwise than Grype.
func unusual() map[string]string {
	npm := func(id, name, version, path string) string {
		return fmt.Sprintf(`{"id":%q,"name":%q,"version":%q,"type":"npm","language":"javascript","locations":[{"path":%q,"accessPath":%q,"layerID":"sha256:aa"}],"purl":"pkg:npm/%s@%s","cpes":[],"licenses":[]}`,
			id, name, version, path, path, name, version)
	}
	deb := func(id, name, version string, files ...string) string {
		var list []string
		for _, f := range files {
			list = append(list, fmt.Sprintf(`{"path":%q}`, f))
		}
		return fmt.Sprintf(`{"id":%q,"name":%q,"version":%q,"type":"deb","locations":[{"path":"/var/lib/dpkg/status","layerID":"sha256:bb"}],"purl":"pkg:deb/debian/%s@%s","cpes":[],"licenses":[],"metadataType":"dpkg-db-entry","metadata":{"package":%q,"version":%q,"files":[%s]}}`,
			id, name, version, name, version, name, version, strings.Join(list, ","))
	}
	debian := `"distro":{"id":"debian","versionID":"11","prettyName":"Debian GNU/Linux 11 (bullseye)"}`
	amazon := `"distro":{"id":"amzn","versionID":"2023","idLike":["fedora"]}`
	lodash := npm("1", "lodash", "4.17.15", "/app/lodash/package.json")
	return map[string]string{
		"two of one ID":            `{"artifacts":[` + lodash + "," + npm("1", "minimist", "1.2.0", "/b") + `],` + debian + `,"schema":` + schema + `}`,
		"two alike":                `{"artifacts":[` + lodash + "," + npm("2", "lodash", "4.17.15", "/b") + `],` + debian + `,"schema":` + schema + `}`,
		"no ID":                    `{"artifacts":[` + npm("", "lodash", "4.17.15", "/b") + `],` + debian + `,"schema":` + schema + `}`,
		"key in another case":      `{"Artifacts":[` + lodash + `],` + debian + `,"schema":` + schema + `}`,
		"repeated key":             `{"artifacts":[],"artifacts":[` + lodash + `],` + debian + `,"schema":` + schema + `}`,
		"escaped key":              `{"\u0061rtifacts":[` + lodash + `],` + debian + `,"schema":` + schema + `}`,
		"null lists":               `{"artifacts":null,"artifactRelationships":null,` + debian + `,"schema":` + schema + `}`,
		"spread over lines":        "{ \"artifacts\" : [\n" + lodash + "\n ,\t" + npm("2", "minimist", "1.2.0", "/b") + "\n] ,\r\n" + debian + " , \"schema\" :\n" + schema + "\n}\n",
		"brackets in a text":       `{"artifacts":[` + npm("1", "lo}]\\\"dash", "1", "/x") + "," + npm("2", "minimist", "1.2.0", "/b") + `],` + debian + `,"schema":` + schema + `}`,
		"owned by path, Debian":    `{"artifacts":[` + lodash + "," + deb("2", "node-lodash", "4.17.15+dfsg", "/app/lodash/package.json") + "," + npm("3", "minimist", "1.2.0", "/b") + `],` + debian + `,"schema":` + schema + `}`,
		"owned by path, Amazon":    `{"artifacts":[` + lodash + "," + deb("2", "node-lodash", "4.17.15+dfsg", "/app/lodash/package.json") + `],` + amazon + `,"schema":` + schema + `}`,
		"owned by word":            `{"artifacts":[` + lodash + "," + deb("2", "node-lodash", "4.17.15+dfsg") + `],"artifactRelationships":[{"parent":"2","child":"1","type":"ownership-by-file-overlap"}],` + debian + `,"schema":` + schema + `}`,
		"owned by an escaped word": `{"artifacts":[` + lodash + "," + deb("2", "node-lodash", "4.17.15+dfsg") + `],"artifactRelationships":[{"parent":"2","child":"1","type":"ownership\u002dby-file-overlap"}],` + debian + `,"schema":` + schema + `}`,
		"owned by word, and another by path only": `{"artifacts":[` + lodash + "," + deb("2", "node-lodash", "4.17.15+dfsg") + "," + npm("3", "minimist", "1.2.0", "/m/package.json") + "," + deb("4", "node-minimist", "1.2.0", "/m/package.json") +
			`],"artifactRelationships":[{"parent":"2","child":"1","type":"ownership-by-file-overlap"}],` + debian + `,"schema":` + schema + `}`,
		"owned by nobody here":  `{"artifacts":[` + lodash + `],"artifactRelationships":[{"parent":"9","child":"1","type":"ownership-by-file-overlap"}],` + debian + `,"schema":` + schema + `}`,
		"no operating system":   `{"artifacts":[` + lodash + "," + deb("2", "openssl", "1.1.1k-1") + `],"schema":` + schema + `}`,
		"unknown distribution":  `{"artifacts":[` + lodash + `],"distro":{"id":"plan9"},"schema":` + schema + `}`,
		"more after the object": `{"artifacts":[` + lodash + `],` + debian + `,"schema":` + schema + `}{}`,
	}
}

func TestUnusualDocumentsAreAnsweredAsGrypeDoes(t *testing.T) {
	plain, quick := open(t, vulndb.Config{Forget: true}), open(t, vulndb.Config{})
	found := 0
	for name, doc := range unusual() {
		t.Run(name, func(t *testing.T) {
			want, wantErr := plain.Match(t.Context(), vuln.SBOM{Document: []byte(doc)})
			for range 2 {
				got, err := quick.Match(t.Context(), vuln.SBOM{Document: []byte(doc)})
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("got %v, want %v", err, wantErr)
				}
				if diff := gocmp.Diff(want, got); diff != "" {
					t.Errorf("-plain +quick:\n%s", diff)
				}
			}
			found += len(want.Matches)
			t.Logf("%d matches", len(want.Matches))
		})
	}
	if found == 0 {
		t.Error("none of them matches anything")
	}
}

// FuzzMatch: no document makes Match panic, and whatever the quick way answers
// is what Grype answers, or Grype refuses the document for a part that matching
// does not depend on.
func FuzzMatch(f *testing.F) {
	for _, doc := range unusual() {
		f.Add([]byte(doc))
	}
	dir := sampleDir(f)
	plain, err := vulndb.Open(vulndb.Config{Dir: dir, Now: now, Forget: true})
	if err != nil {
		f.Fatal(err)
	}
	quick, err := vulndb.Open(vulndb.Config{Dir: dir, Now: now})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _, _ = plain.Close(), quick.Close() })
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := quick.Match(t.Context(), vuln.SBOM{Document: doc})
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			return
		}
		want, err := plain.Match(t.Context(), vuln.SBOM{Document: doc})
		if err != nil {
			return
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("-plain +quick:\n%s", diff)
		}
	})
}
