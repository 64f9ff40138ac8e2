package store_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
	"github.com/eksposure/eksposure/internal/vuln"
)

// clusterSnapshot is a cluster with one image that was read, one that was not, and
// one that only an add-on names.
func clusterSnapshot(r inventory.ClusterRef, at time.Time) *inventory.Snapshot {
	container := func(digest, repository string, running int) inventory.Container {
		return inventory.Container{Name: "c", Kind: inventory.ContainerRegular, Reference: repository + ":1", Digest: digest, Repository: repository, Running: running}
	}
	return &inventory.Snapshot{
		Version: 1, CollectedAt: at,
		Cluster: inventory.Cluster{Ref: r, Version: "1.33", Status: "ACTIVE"},
		Workloads: []inventory.Workload{
			{Namespace: "shop", Kind: "Deployment", Name: "old", Containers: []inventory.Container{container("sha256:web", "registry/web", 0)}},
			{Namespace: "shop", Kind: "Deployment", Name: "web", Running: 2, Containers: []inventory.Container{
				container("sha256:web", "registry/web", 2), container("sha256:web", "registry/web", 1), container("sha256:secret", "registry/secret", 2),
			}},
		},
		Images: []inventory.Image{{
			Digest: "sha256:web", Repository: "registry/web", OS: vuln.OS{ID: "debian", Version: "11"}, Packages: 9, Database: "build 1",
			Matches: []vuln.Match{
				{ID: "CVE-1", Aliases: []string{"GHSA-1"}, Severity: "Critical", KEV: true, Fix: vuln.FixKnown},
				{ID: "CVE-1", Severity: "Critical", Package: vuln.Package{Name: "other"}},
				{ID: "CVE-2", Severity: "High", EPSS: &vuln.EPSS{Score: 0.5}},
			},
		}},
		Gaps: []inventory.Gap{{Section: inventory.SectionImages, Subject: "sha256:secret", Reason: "denied", Detail: "the registry refused"}},
	}
}

func TestSnapshots(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Snapshot(t.Context(), shop); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("before the first scan: %v", err)
		}
		for i, change := range []func(*inventory.Snapshot){
			func(*inventory.Snapshot) {},
			func(*inventory.Snapshot) {}, // only the time
			func(s *inventory.Snapshot) { s.Cluster.Version = "1.34" },
			func(s *inventory.Snapshot) {
				s.Images[0].Database, s.Images[0].Matches = "build 2", s.Images[0].Matches[:1]
			},
			func(s *inventory.Snapshot) { s.Images[0].Database, s.Images[0].Matches = "", nil },
			func(s *inventory.Snapshot) { s.Workloads, s.Images = nil, nil },
		} {
			s := clusterSnapshot(shop, day(i).Add(123456789))
			change(s)
			record(t, db, evaluate(nil, s))
			got, err := db.Snapshot(t.Context(), shop)
			if diff := cmp.Diff(s, got); err != nil || diff != "" {
				t.Errorf("snapshot %d: %v (-want +got):\n%s", i, err, diff)
			}
		}
	})
}

// A snapshot that differs in its time alone moves one row of each thing it is about.
func TestUnchangedSnapshotWritesLittle(t *testing.T) {
	db := open(t, temp(t))
	earlier := recordScan(t, db, clusterSnapshot(shop, day(0)))
	before := changes(t, db)
	if again := recordScan(t, db, clusterSnapshot(shop, day(1))); earlier != nil || again != nil {
		t.Fatalf("a cluster with no traits has a finding: %v, %v", earlier, again)
	}
	if n := changes(t, db) - before; n != 3 {
		t.Errorf("an unchanged scan changed %d rows, want the cluster's and its two resources'", n)
	}
}

func recordScan(t *testing.T, db *store.DB, s *inventory.Snapshot) *exposure.Finding {
	t.Helper()
	earlier, err := db.Earlier(t.Context(), s.Cluster.Ref)
	if err != nil {
		t.Fatal(err)
	}
	o := evaluate(earlier, s)
	record(t, db, o)
	return o.Finding
}

func TestClusterRecords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bank := ref("444455556666", "us-east-1", "bank")
		gone := ref("111122223333", "eu-central-1", "gone")
		exposed := clusterSnapshot(shop, day(1))
		exposed.Gaps, exposed.Cluster.Tags = nil, map[string]string{"internet-reachable": "contributing a"}
		found := recordScan(t, db, exposed)
		recordScan(t, db, clusterSnapshot(bank, day(2)))
		recordScan(t, db, clusterSnapshot(gone, day(2)))
		record(t, db, exposure.Outcome{Cluster: gone, Change: exposure.Change{Kind: exposure.NoFinding}})

		list := func(scope access.Scope, q exposure.ClusterQuery) []exposure.ClusterRecord {
			t.Helper()
			if q.Limit == 0 {
				q.Limit = 10
			}
			got, err := db.ClusterRecords(t.Context(), scope, q)
			if err != nil {
				t.Fatal(err)
			}
			return got.Records
		}
		for _, test := range []struct {
			name  string
			scope access.Scope
			q     exposure.ClusterQuery
			want  []inventory.ClusterRef
		}{
			{"those that exist", access.Scope{}, exposure.ClusterQuery{}, []inventory.ClusterRef{shop, bank}},
			{"all", access.Scope{}, exposure.ClusterQuery{Gone: true}, []inventory.ClusterRef{gone, shop, bank}},
			{"the first", access.Scope{}, exposure.ClusterQuery{Gone: true, Limit: 1}, []inventory.ClusterRef{gone}},
			{"those after it", access.Scope{}, exposure.ClusterQuery{Gone: true, After: &exposure.ClusterPosition{Ref: gone}}, []inventory.ClusterRef{shop, bank}},
			{"none after the last", access.Scope{}, exposure.ClusterQuery{After: &exposure.ClusterPosition{Ref: bank}}, nil},
			{"an account's", access.Scope{}, exposure.ClusterQuery{Accounts: []string{"444455556666"}}, []inventory.ClusterRef{bank}},
			{"a region's", access.Scope{}, exposure.ClusterQuery{Regions: []string{"eu-central-1"}}, []inventory.ClusterRef{shop}},
			{"part of a name", access.Scope{}, exposure.ClusterQuery{Name: "an"}, []inventory.ClusterRef{bank}},
			{"nothing is special in a name", access.Scope{}, exposure.ClusterQuery{Name: "%"}, nil},
			{"not all could be read", access.Scope{}, exposure.ClusterQuery{Incomplete: true}, []inventory.ClusterRef{bank}},
			{"the scope narrows", access.Scope{Accounts: []string{"111122223333"}}, exposure.ClusterQuery{Accounts: []string{"444455556666"}}, nil},
			{"a scope of one cluster", access.Scope{Clusters: []string{shop.String()}}, exposure.ClusterQuery{}, []inventory.ClusterRef{shop}},
		} {
			var got []inventory.ClusterRef
			for _, r := range list(test.scope, test.q) {
				got = append(got, r.Cluster.Ref)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
		want := exposure.ClusterRecord{
			Overview: *evaluate(nil, exposed).Overview(), ScannedAt: storetest.Now(),
			Finding: &exposure.FindingBrief{ID: found.ID, Severity: string(found.Severity), Status: exposure.StatusNew, Open: true},
		}
		if diff := cmp.Diff(want, list(access.Scope{}, exposure.ClusterQuery{})[0]); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		if at := list(access.Scope{}, exposure.ClusterQuery{Gone: true})[0].GoneAt; !at.Equal(storetest.Now()) {
			t.Errorf("the cluster is gone since %s", at)
		}
		if open, err := db.OpenClusters(t.Context()); err != nil || cmp.Diff([]inventory.ClusterRef{shop, bank}, open) != "" {
			t.Errorf("open clusters: %v, %v", open, err)
		}
		recordScan(t, db, clusterSnapshot(gone, day(3)))
		if got := list(access.Scope{}, exposure.ClusterQuery{Name: "gone"}); len(got) != 1 || !got[0].GoneAt.IsZero() {
			t.Errorf("a cluster that is back: %v", got)
		}
	})
}

func TestImageRecords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bank := ref("444455556666", "us-east-1", "bank")
		recordScan(t, db, clusterSnapshot(shop, day(1)))
		recordScan(t, db, clusterSnapshot(bank, day(1)))
		gone := ref("111122223333", "eu-central-1", "gone")
		recordScan(t, db, clusterSnapshot(gone, day(1)))
		record(t, db, exposure.Outcome{Cluster: gone, Change: exposure.Change{Kind: exposure.NoFinding}})
		secret := inventory.ImageRecord{Digest: "sha256:secret", Repository: "registry/secret", Unread: "the registry refused", Clusters: 2, Running: 4}
		web := inventory.ImageRecord{
			Digest: "sha256:web", Repository: "registry/web", Read: true, OS: "debian 11", Packages: 9, Database: "build 1", Clusters: 2, Running: 4,
			Counts: &inventory.ImageCounts{Vulnerabilities: 2, Critical: 1, High: 1, Fixable: 1, KEV: 1},
		}
		inShop := web
		inShop.Clusters, inShop.Running = 1, 2
		for _, test := range []struct {
			name  string
			scope access.Scope
			q     inventory.ImageQuery
			want  []inventory.ImageRecord
		}{
			{"all", access.Scope{}, inventory.ImageQuery{Limit: 10}, []inventory.ImageRecord{secret, web}},
			{"the first", access.Scope{}, inventory.ImageQuery{Limit: 1}, []inventory.ImageRecord{secret}},
			{"those after it", access.Scope{}, inventory.ImageQuery{Limit: 10, After: &inventory.ImagePosition{Digest: "sha256:secret"}}, []inventory.ImageRecord{web}},
			{"unread", access.Scope{}, inventory.ImageQuery{Limit: 10, Unread: true}, []inventory.ImageRecord{secret}},
			{"part of the repository, in a scope", access.Scope{Regions: []string{"eu-central-1"}}, inventory.ImageQuery{Limit: 10, Repository: "/w"}, []inventory.ImageRecord{inShop}},
			{"nothing in the scope", access.Scope{Accounts: []string{"999999999999"}}, inventory.ImageQuery{Limit: 10}, nil},
		} {
			got, err := db.ImageRecords(t.Context(), test.scope, test.q)
			if diff := cmp.Diff(test.want, got.Records); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
			}
		}
		if got, err := db.ImageRecord(t.Context(), access.Scope{}, "sha256:web"); err != nil || cmp.Diff(web, got) != "" {
			t.Errorf("ImageRecord: %v\n%s", err, cmp.Diff(web, got))
		}
		if _, err := db.ImageRecord(t.Context(), access.Scope{Accounts: []string{"999999999999"}}, "sha256:web"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("ImageRecord outside the scope: %v", err)
		}
		use := inventory.ImageUse{Cluster: shop, Reference: "registry/web:1", Running: 2, Workloads: []inventory.WorkloadRef{{Namespace: "shop", Kind: "Deployment", Name: "web"}}}
		other := use
		other.Cluster = bank
		if got, err := db.ImageUses(t.Context(), access.Scope{}, "sha256:web", inventory.ClusterRef{}, 10); err != nil || cmp.Diff([]inventory.ImageUse{use, other}, got) != "" {
			t.Errorf("ImageUses: %v\n%s", err, cmp.Diff([]inventory.ImageUse{use, other}, got))
		}
		if got, err := db.ImageUses(t.Context(), access.Scope{}, "sha256:web", shop, 10); err != nil || cmp.Diff([]inventory.ImageUse{other}, got) != "" {
			t.Errorf("ImageUses after the first: %v\n%s", err, cmp.Diff([]inventory.ImageUse{other}, got))
		}
		for _, id := range []string{"CVE-1", "GHSA-1"} {
			want := []inventory.VulnerableImage{{
				Digest: "sha256:web", Repository: "registry/web", Clusters: 2, Running: 4, Uses: []inventory.ImageUse{use, other},
				Match: clusterSnapshot(shop, day(1)).Images[0].Matches[0],
			}}
			if got, err := db.VulnerableImages(t.Context(), access.Scope{}, id, "", 10); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("images with %s: %v\n%s", id, err, cmp.Diff(want, got))
			}
		}
		for _, q := range []struct{ id, after string }{{"CVE-3", ""}, {"CVE-1", "sha256:web"}} {
			if got, err := db.VulnerableImages(t.Context(), access.Scope{}, q.id, q.after, 10); err != nil || len(got) != 0 {
				t.Errorf("images with %+v: %v, %v", q, got, err)
			}
		}
	})
}

// A scan lists an image that it could not read or match by its name alone, beside
// the gap: nothing is known of it, and nothing is counted.
func TestImagesThatNoScanCouldRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, section := range []inventory.Section{inventory.SectionImages, inventory.SectionMatches} {
			s := clusterSnapshot(shop, day(1))
			s.Images[0] = inventory.Image{Digest: "sha256:web", Repository: "registry/web", Platform: "linux/amd64", References: []string{"registry/web:1"}}
			s.Gaps = append(s.Gaps, inventory.Gap{Section: section, Subject: "sha256:web", Reason: "invalid", Detail: "a layer is " + string(section)})
			recordScan(t, db, s)
			want := inventory.ImageRecord{Digest: "sha256:web", Repository: "registry/web", Unread: "a layer is " + string(section), Clusters: 1, Running: 2}
			got, err := db.ImageRecords(t.Context(), access.Scope{}, inventory.ImageQuery{Limit: 10, Repository: "/web", Unread: true})
			if diff := cmp.Diff([]inventory.ImageRecord{want}, got.Records); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", section, err, diff)
			}
		}
	})
}

// The newest build tells; what no cluster names any more is forgotten by a prune.
func TestImagesFollowTheDatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := clusterSnapshot(shop, day(0))
		recordScan(t, db, s)
		unread := clusterSnapshot(ref("111122223333", "eu-central-1", "other"), day(1))
		unread.Images = nil // another cluster's role may not pull it
		recordScan(t, db, unread)
		if got, err := db.ImageRecord(t.Context(), access.Scope{}, "sha256:web"); err != nil || !got.Read || got.Clusters != 2 {
			t.Errorf("an image that one cluster could read: %+v, %v", got, err)
		}
		s.Images[0].Database, s.Images[0].Matches = "build 2", []vuln.Match{{ID: "CVE-3"}}
		recordScan(t, db, s)
		for id, want := range map[string]int{"CVE-1": 0, "GHSA-1": 0, "CVE-3": 1} {
			if got, err := db.VulnerableImages(t.Context(), access.Scope{}, id, "", 10); err != nil || len(got) != want {
				t.Errorf("images with %s: %v, %v", id, got, err)
			}
		}
		if _, err := db.PruneImages(t.Context(), "build 2", day(-1)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Snapshot(t.Context(), shop); err != nil || cmp.Diff(s, got) != "" {
			t.Errorf("after a prune: %v\n%s", err, cmp.Diff(s, got))
		}
		s.Workloads, s.Images = nil, nil
		recordScan(t, db, s)
		unread.Workloads = nil
		recordScan(t, db, unread)
		if _, err := db.PruneImages(t.Context(), "build 2", day(-1)); err != nil {
			t.Fatal(err)
		}
		if got, err := db.ImageRecords(t.Context(), access.Scope{}, inventory.ImageQuery{Limit: 10, Total: true}); err != nil || len(got.Records) != 0 || got.Total != 0 {
			t.Errorf("images that nothing names: %v, %v", got, err)
		}
	})
}

func TestImageReports(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		report := func(source string, at int) vuln.Ingested {
			return vuln.Ingested{
				ImageDigest: "sha256:1", Source: source, Tool: source + " " + strconv.Itoa(at), IngestedAt: day(at), By: "ci", Matches: []vuln.Match{{ID: "CVE-1"}},
				SBOM: &vuln.SBOM{ImageDigest: "sha256:1", Tool: "x", Format: "cyclonedx-json", Document: []byte(`{"bomFormat":"CycloneDX"}`)},
			}
		}
		for _, r := range []vuln.Ingested{report("trivy", 1), report("grype", 2), report("trivy", 3)} {
			if err := db.PutImageReport(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		want := []vuln.Ingested{report("trivy", 3), report("grype", 2)}
		if got, err := db.ImageReports(t.Context(), "sha256:1"); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("ImageReports: %v\n%s", err, cmp.Diff(want, got))
		}
		if err := db.DeleteImageReport(t.Context(), "sha256:1", "trivy"); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteImageReport(t.Context(), "sha256:1", "trivy"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("a report that is not there: %v", err)
		}
		if got, err := db.ImageReports(t.Context(), "sha256:1"); err != nil || cmp.Diff(want[1:], got) != "" {
			t.Errorf("ImageReports: %v\n%s", err, cmp.Diff(want[1:], got))
		}
	})
}
