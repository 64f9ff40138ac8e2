package store_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

// Each migration is applied to a database that the version before has filled:
// testdata/filled/NNNN.sql is what the program of schema N wrote.
func TestMigrateFilled(t *testing.T) {
	versions, err := store.Versions()
	if err != nil {
		t.Fatal(err)
	}
	var rows []byte
	for version := 1; version < versions; version++ {
		// A migration that adds tables alone leaves what the one before it wrote.
		newer, err := os.ReadFile(filepath.Join("testdata", "filled", fmt.Sprintf("%04d.sql", version)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err == nil {
			rows = newer
		}
		storetest.EachPlace(t, func(t *testing.T, path string) {
			if err := store.MakeAt(t.Context(), path, version); err != nil {
				t.Fatal(err)
			}
			execute(t, path, string(rows))
			db := open(t, path)
			checkFilled(t, db)
			if says, err := db.Check(t.Context()); err != nil || says != "[ok]" {
				t.Errorf("after the migration: %s, %v", says, err)
			}
		})
	}
}

// checkFilled expects what every file of testdata/filled holds.
func checkFilled(t *testing.T, db *store.DB) {
	t.Helper()
	created := outcome(shop, exposure.High, exposure.Created, "internet-reachable", "high-priority-vulnerability=unknown")
	closed := outcome(ref("444455556666", "us-east-1", "bank"), exposure.Low, exposure.Closed)
	closed.Finding.ModifiedAt, closed.Finding.ClosedAt = day(3), day(3)
	for _, o := range []exposure.Outcome{created, closed} {
		c := &o.Finding.Cluster
		c.Nodes, c.Workloads, c.Images = new(0), new(0), new(0) // they could not be absent then
	}
	found, err := db.Findings(t.Context(), exposure.Query{Closed: true})
	if diff := cmp.Diff([]*exposure.Finding{created.Finding, closed.Finding}, found); err != nil || diff != "" {
		t.Errorf("findings: %v\n%s", err, diff)
	}
	if found, err := db.Findings(t.Context(), exposure.Query{Traits: []string{"internet-reachable"}}); err != nil || len(found) != 1 {
		t.Errorf("by trait: %v, %v", clusters(found), err)
	}
	if events, err := db.History(t.Context(), closed.Finding.ID); err != nil || len(events) != 2 || events[1].Kind != exposure.Closed {
		t.Errorf("history: %v, %v", events, err)
	}
	if _, _, ok, err := db.SBOM(t.Context(), "sha256:1", "syft 1"); err != nil || !ok {
		t.Errorf("SBOM: %v, %v", ok, err)
	}
	want := vuln.Report{Database: "b1", Matches: []vuln.Match{{ID: "CVE-1"}}}
	if got, ok, err := db.Matches(t.Context(), "sha256:1", "b1"); err != nil || !ok || cmp.Diff(want, got) != "" {
		t.Errorf("matches: %v, %v, %v", got, ok, err)
	}
	// Life goes on: a scan that changes nothing.
	unchanged := outcome(shop, exposure.High, exposure.Unchanged, "internet-reachable", "high-priority-vulnerability=unknown")
	unchanged.Finding.LastSeen = day(9)
	record(t, db, unchanged)
	if got, err := db.Earlier(t.Context(), shop); err != nil || cmp.Diff(unchanged.Finding, got) != "" {
		t.Errorf("after an unchanged scan: %v\n%s", err, cmp.Diff(unchanged.Finding, got))
	}
}

// A database that was indexed before there were facets gets them from its postings.
func TestMigrateFacets(t *testing.T) {
	text, err := os.ReadFile("schema/0015_facets.sql")
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachPlace(t, func(t *testing.T, path string) {
		db := open(t, path)
		filled(t, db, rand.New(rand.NewPCG(14, 14)), 20)
		want, err := db.CheckFacets(t.Context())
		if err != nil || want < 20 {
			t.Fatalf("facets of %d items: %v", want, err)
		}
		migration := string(text)
		if store.IsURL(path) {
			migration = store.Define(migration)
		}
		execute(t, path, `DROP TABLE facets; DROP TABLE resource_facets; `+migration)
		if got, err := db.CheckFacets(t.Context()); err != nil || got != want {
			t.Errorf("facets of %d items, want %d: %v", got, want, err)
		}
	})
}

// A database of before traits were counted gets the counts from its postings.
func TestMigrateTraitCounts(t *testing.T) {
	text, err := os.ReadFile("schema/0018_trait_counts.sql")
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachPlace(t, func(t *testing.T, path string) {
		db := open(t, path)
		filled(t, db, rand.New(rand.NewPCG(15, 15)), 20)
		want, err := db.IndexRows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		traits := func(row string) bool { return strings.HasPrefix(row, "count 109 ") }
		if !slices.ContainsFunc(want, traits) {
			t.Fatal("no trait is counted")
		}
		execute(t, path, `DELETE FROM counts WHERE value IN (SELECT id FROM words WHERE field = 109)`)
		if without, err := db.IndexRows(t.Context()); err != nil || slices.ContainsFunc(without, traits) {
			t.Fatalf("traits are counted still: %v", err)
		}
		execute(t, path, string(text))
		if got, err := db.IndexRows(t.Context()); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%v (-kept +migrated):\n%s", err, cmp.Diff(want, got))
		}
	})
}

// Lists of a database from before they were sorted by the server are as those of a new one.
func TestMigrateLists(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, path string) {
		if err := store.MakeAt(t.Context(), path, 18); err != nil {
			t.Fatal(err)
		}
		rows, err := os.ReadFile(filepath.Join("testdata", "filled", "0003.sql"))
		if err != nil {
			t.Fatal(err)
		}
		s := clusterSnapshot(shop, day(1))
		s.Cluster.Endpoint, s.Cluster.Tags = &inventory.Endpoint{Public: true}, map[string]string{"Team": "Shop"}
		s.Nodes, s.Images[0].CreatedAt = []inventory.Node{{Name: "n"}}, day(0)
		overview, err := json.Marshal(evaluate(nil, s).Overview())
		if err != nil {
			t.Fatal(err)
		}
		finding := outcome(shop, exposure.High, exposure.Created).Finding.ID
		execute(t, path, string(rows)+`;
			INSERT INTO entries VALUES (1, '`+finding+`', 'u', '`+shop.String()+`', '', '', 6, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0);
			INSERT INTO clusters VALUES ('`+shop.String()+`', '`+shop.Account+`', '`+shop.Region+`', '`+shop.Name+`', 1, 1, 0, 1, '', '`+string(overview)+`');
			INSERT INTO clusters SELECT cluster || '2', account, region, name || '2', 1, 1, 5, 1, '', overview FROM clusters;
			INSERT INTO images (digest, build, latest, repository, unread, facts, matches) VALUES
				('sha256:web', 'build 1', 1, 'Registry/Web', 0, '{"digest":"sha256:web","os":"debian 11","created_at":"2026-11-01T00:00:00.5Z","counts":{"critical":1,"high":2,"kev":3}}', x''),
				('sha256:secret', '', 1, 'registry/secret', 1, '{"digest":"sha256:secret","os":"odd\u0000"}', x'');
			INSERT INTO cluster_images SELECT cluster, 'sha256:web', 'build 1', 2, '{}' FROM clusters;
			INSERT INTO cluster_images SELECT cluster, 'sha256:secret', '', 1, '{}' FROM clusters WHERE gone_at <> 0;`)
		db := open(t, path)
		page, err := db.ClusterRecords(t.Context(), access.Scope{}, exposure.ClusterQuery{Limit: 2, Total: true, Words: []string{"shop", "team", "1.33"}})
		if err != nil || page.Total != 1 {
			t.Fatalf("%d clusters: %v", page.Total, err)
		}
		want := &exposure.FindingBrief{ID: finding, Severity: "Fatal", Status: exposure.StatusInProgress, Open: true}
		if diff := cmp.Diff(want, page.Records[0].Finding); diff != "" {
			t.Errorf("finding in short (-want +got):\n%s", diff)
		}
		if got, err := db.ListRow(t.Context(), "clusters"); err != nil || got != "|1.33|1|aws-owned-key|1|6|1" {
			t.Errorf("what a cluster is sorted by: %s, %v", got, err)
		}
		if got, err := db.ListRow(t.Context(), "listed_images"); err != nil || got != "Registry/Web|debian 11|2026-11-01T00:00:00Z|1|2|3|0|registry/web sha256:web debian 11|1|2" {
			t.Errorf("what an image is sorted by: %s, %v", got, err)
		}
		images, err := db.ImageRecords(t.Context(), access.Scope{}, inventory.ImageQuery{Limit: 2, Total: true})
		if err != nil || images.Total != 1 {
			t.Errorf("%d images, want that of the cluster that exists: %v", images.Total, err)
		}
	})
}

// execute runs SQL on a database behind the store's back. Bytes are written as
// SQLite writes them.
func execute(t *testing.T, place, text string) {
	t.Helper()
	driver := "sqlite"
	if store.IsURL(place) {
		driver, place = "pgx", place+"&search_path=eksposure"
		text = regexp.MustCompile(`\bx'([0-9a-f]*)'`).ReplaceAllString(text, `'\x$1'`)
	}
	db, err := sql.Open(driver, place)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// A migration that fails leaves the file as the version before it made it.
func TestMigrationThatFails(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, path string) {
		if err := store.MakeAt(t.Context(), path, 1); err != nil {
			t.Fatal(err)
		}
		execute(t, path, `ALTER TABLE matches ADD COLUMN used_at TEXT`) // in the way of the last statement
		for range 2 {
			if _, err := store.Open(t.Context(), store.Config{Place: path, Now: time.Now}); err == nil || !strings.Contains(err.Error(), "schema 2") {
				t.Fatalf("Open = %v", err)
			}
		}
		execute(t, path, `ALTER TABLE matches DROP COLUMN used_at`)
		open(t, path)
	})
}

func TestOtherSchema(t *testing.T) {
	for _, text := range map[string]string{
		"changed": `UPDATE migrations SET checksum = 'other' WHERE version = 1`,
		"missing": `DELETE FROM migrations WHERE version = 1`,
		"newer":   `INSERT INTO migrations VALUES (99, 'x', 0)`,
	} {
		storetest.EachPlace(t, func(t *testing.T, path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			execute(t, path, text)
			if _, err := store.Open(t.Context(), store.Config{Place: path, Now: time.Now}); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("Open = %v", err)
			}
		})
	}
}
