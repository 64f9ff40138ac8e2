package vulndb_test

import (
	"cmp"
	"context"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

// now is shortly after the sample database was built.
func now() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }

// shared is what every test may read and none may change.
var shared = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vulndb-test-")
	if err != nil {
		return "", err
	}
	return dir, vulndb.Import(context.Background(), vulndb.Config{Dir: dir, Now: now}, vulndbtest.Sample())
})

var sboms = sync.OnceValues(func() ([]vulndbtest.Image, error) { return vulndbtest.Images(context.Background()) })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := shared(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

func sampleDir(tb testing.TB) string {
	tb.Helper()
	dir, err := shared()
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

func sampleImages(tb testing.TB) []vulndbtest.Image {
	tb.Helper()
	images, err := sboms()
	if err != nil {
		tb.Fatal(err)
	}
	return images
}

func open(tb testing.TB, cfg vulndb.Config) *vulndb.DB {
	tb.Helper()
	cfg.Dir = cmp.Or(cfg.Dir, sampleDir(tb))
	if cfg.Now == nil {
		cfg.Now = now
	}
	db, err := vulndb.Open(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func matchAll(tb testing.TB, db *vulndb.DB) map[string]vuln.Report {
	tb.Helper()
	out := map[string]vuln.Report{}
	for _, im := range sampleImages(tb) {
		report, err := db.Match(tb.Context(), im.SBOM)
		if err != nil {
			tb.Fatal(err)
		}
		out[im.Name] = report
	}
	return out
}

func TestRememberingChangesNothing(t *testing.T) {
	plain := matchAll(t, open(t, vulndb.Config{Forget: true}))
	db := open(t, vulndb.Config{})
	first, again := matchAll(t, db), matchAll(t, db)
	if diff := gocmp.Diff(plain, first); diff != "" {
		t.Errorf("plain and remembered differ (-plain +remembered):\n%s", diff)
	}
	if diff := gocmp.Diff(first, again); diff != "" {
		t.Errorf("first and second answer differ (-first +second):\n%s", diff)
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		t.Logf("%-24s %-34s %4d matches", name, plain[name].OS, len(plain[name].Matches))
		total += len(plain[name].Matches)
	}
	if total == 0 {
		t.Error("the sample images match nothing")
	}
}

func TestManyAtOnceAnswerAsOne(t *testing.T) {
	db := open(t, vulndb.Config{})
	want := matchAll(t, open(t, vulndb.Config{Forget: true}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, im := range sampleImages(t) {
				got, err := db.Match(t.Context(), im.SBOM)
				if err != nil {
					t.Error(err)
					return
				}
				if diff := gocmp.Diff(want[im.Name], got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", im.Name, diff)
				}
			}
		})
	}
	wg.Wait()
}
