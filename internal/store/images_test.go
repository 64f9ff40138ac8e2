package store_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
	"github.com/eksposure/eksposure/internal/vuln"
)

func TestImages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		im := inventory.Image{Digest: "sha256:1", Repository: "registry/shop", Platform: "linux/amd64", Layers: []inventory.Layer{{DiffID: "sha256:a", Size: 5}}, Packages: 2}
		sbom := vuln.SBOM{ImageDigest: "sha256:1", Tool: "syft 1", Format: "syft-json", OS: vuln.OS{ID: "debian", Version: "11"}, Packages: 2, Document: bytes.Repeat([]byte(`{"a":1}`), 10000)}
		if _, _, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 1"); ok || err != nil {
			t.Fatalf("before: %v, %v", ok, err)
		}
		if err := db.PutSBOM(t.Context(), im, sbom); err != nil {
			t.Fatal(err)
		}
		gotImage, gotSBOM, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 1")
		if !ok || err != nil || cmp.Diff(im, gotImage) != "" || cmp.Diff(sbom, gotSBOM) != "" {
			t.Errorf("SBOM = %v, %v\n%s%s", ok, err, cmp.Diff(im, gotImage), cmp.Diff(sbom, gotSBOM))
		}
		if _, _, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 2"); ok || err != nil {
			t.Errorf("an SBOM of another tool version must not be used: %v, %v", ok, err)
		}
		report := vuln.Report{Database: "b1", OS: sbom.OS, Matches: []vuln.Match{{ID: "CVE-1", EPSS: &vuln.EPSS{Score: 0.3}}, {ID: "CVE-2"}}}
		if err := db.PutMatches(t.Context(), "sha256:1", report); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := db.Matches(t.Context(), "sha256:1", "b1"); !ok || err != nil || cmp.Diff(report, got) != "" {
			t.Errorf("Matches = %v, %v\n%s", ok, err, cmp.Diff(report, got))
		}
		report.Database = "b2"
		if err := db.PutMatches(t.Context(), "sha256:1", report); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := db.Matches(t.Context(), "sha256:1", "b1"); ok || err != nil {
			t.Errorf("matches of an earlier build must not be kept: %v, %v", ok, err)
		}
	})
}

// What no scan asks for any more goes; what one asked for since stays.
func TestPruneImages(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, path string) {
		now := day(0)
		db, err := store.Open(t.Context(), store.Config{Place: path, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		put := func(digest, build string) {
			t.Helper()
			if err := db.PutSBOM(t.Context(), inventory.Image{Digest: digest}, vuln.SBOM{ImageDigest: digest, Tool: "syft 1"}); err != nil {
				t.Fatal(err)
			}
			if err := db.PutMatches(t.Context(), digest, vuln.Report{Database: build}); err != nil {
				t.Fatal(err)
			}
		}
		kept := func(digest, build string) (sbom, matches bool) {
			t.Helper()
			_, _, sbom, errSBOM := db.SBOM(t.Context(), digest, "syft 1")
			_, matches, errMatches := db.Matches(t.Context(), digest, build)
			if err := errors.Join(errSBOM, errMatches); err != nil {
				t.Fatal(err)
			}
			return sbom, matches
		}
		put("sha256:unused", "b2")
		put("sha256:used", "b2")
		put("sha256:old-build", "b1")
		now = day(20)
		kept("sha256:used", "b2")
		if _, _, ok, err := db.SBOM(t.Context(), "sha256:old-build", "syft 1"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if n, err := db.PruneImages(t.Context(), "b2", day(10)); err != nil || n != 2 {
			t.Errorf("pruned %d, %v", n, err)
		}
		for _, test := range []struct {
			digest, build string
			sbom, matches bool
		}{{"sha256:unused", "b2", false, false}, {"sha256:used", "b2", true, true}, {"sha256:old-build", "b1", true, false}} {
			if sbom, matches := kept(test.digest, test.build); sbom != test.sbom || matches != test.matches {
				t.Errorf("%s: SBOM %v, matches %v", test.digest, sbom, matches)
			}
		}
	})
}
