package native_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
	"github.com/eksposure/eksposure/internal/trait"
)

// The answers over the real store, on both engines, are those of what was recorded.
func TestOverTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		w := newWorld()
		for _, o := range w.outcomes {
			if err := db.Record(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		s := serve(t, native.Config{
			Findings: db, Clusters: db, Images: db, Audit: db, Preferences: db, Reports: ingest.New(db, storetest.Now),
			Traits: trait.All(), Page: trait.Page, Now: storetest.Now,
		})
		var clusters struct {
			Items []exposure.ClusterRecord `json:"items"`
			Next  string                   `json:"next_cursor"`
		}
		s.call("GET", "/clusters?limit=2", "").into(t, &clusters)
		var names []string
		for _, c := range clusters.Items {
			names = append(names, c.Cluster.Ref.Name)
		}
		if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" || clusters.Next == "" {
			t.Errorf("clusters, next %q (-want +got):\n%s", clusters.Next, diff)
		}
		if f := clusters.Items[0].Finding; f == nil || f.ID != w.outcomes[0].Finding.ID || !f.Open {
			t.Errorf("finding in short: %+v", f)
		}
		var saved inventory.Snapshot
		s.call("GET", "/clusters/"+account+"/eu-central-1/a/snapshot", "").into(t, &saved)
		if diff := cmp.Diff(*w.outcomes[0].Snapshot, saved); diff != "" {
			t.Errorf("snapshot (-recorded +served):\n%s", diff)
		}
		var coverage native.Coverage
		s.call("GET", "/coverage", "").into(t, &coverage)
		if coverage.Clusters != 3 || !slices.ContainsFunc(coverage.Sections, func(c native.CoverageSection) bool { return c.Section == inventory.SectionKeys }) {
			t.Errorf("coverage %+v", coverage)
		}
		var image inventory.ImageRecord
		s.call("GET", "/images/"+digest, "").into(t, &image)
		if image.Clusters != 3 || image.Running != 6 || image.Counts == nil || image.Counts.Vulnerabilities != 1 || image.Counts.KEV != 1 {
			t.Errorf("image %+v", image)
		}
		var where struct {
			Items []inventory.VulnerableImage `json:"items"`
		}
		s.call("GET", "/vulnerabilities/CVE-2021-44228/images", "").into(t, &where)
		if len(where.Items) != 1 || len(where.Items[0].Uses) != 3 || where.Items[0].Match.Package.Name != "log4j-core" {
			t.Errorf("where the vulnerability runs: %+v", where.Items)
		}
		var ranked native.VulnerabilityList
		s.call("GET", "/vulnerabilities", "").into(t, &ranked)
		if len(ranked.Items) != 1 || ranked.Items[0].Clusters != 3 || ranked.Items[0].Running != 6 || ranked.Items[0].Images != 1 || !ranked.Items[0].KEV {
			t.Errorf("ranked vulnerabilities %+v", ranked)
		}
		s.call("PUT", "/preferences", `{"values":{"filters":[1]}}`)
		var preferred native.PreferenceSet
		s.call("GET", "/preferences", "").into(t, &preferred)
		if string(preferred.Values["filters"]) != "[1]" {
			t.Errorf("preferences %s", preferred.Values)
		}
		var uses struct {
			Items []inventory.ImageUse `json:"items"`
		}
		s.call("GET", "/images/"+digest+"/uses?limit=1", "").into(t, &uses)
		if len(uses.Items) != 1 || uses.Items[0].Cluster != cluster("a") || uses.Items[0].Running != 2 {
			t.Errorf("uses %+v", uses.Items)
		}
		sbom := `{"bomFormat":"CycloneDX","components":[{"bom-ref":"a","type":"library","name":"a","purl":"pkg:npm/a@1"}]}`
		if a := s.call("POST", "/images/"+digest+"/reports", sbom); a.status != 201 {
			t.Errorf("ingest: %d %s", a.status, a.body)
		}
		var reports native.ImageReports
		s.call("GET", "/images/"+digest+"/reports", "").into(t, &reports)
		if len(reports.Items) != 1 || !reports.Items[0].SBOM || reports.Items[0].By != caller.ID {
			t.Errorf("reports %+v", reports.Items)
		}
		kept, err := db.ImageReports(t.Context(), digest)
		if err != nil || len(kept) != 1 || string(kept[0].SBOM.Document) != sbom {
			t.Errorf("the document is kept whole: %v, %+v", err, kept)
		}
		s.call("GET", "/findings/"+w.outcomes[0].Finding.ID, "")
		s.call("GET", "/findings/"+w.outcomes[0].Finding.ID+"/history", "")
		s.call("GET", "/fix-set?wish=high", "")
		s.call("GET", "/versions", "")
		s.call("GET", "/audit-log", "")
	})
}
