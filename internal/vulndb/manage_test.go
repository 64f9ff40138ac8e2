package vulndb_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

// copyDatabase gives a test a database of its own to damage.
func copyDatabase(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(sampleDir(t))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func databaseFile(dir string) string { return filepath.Join(dir, "6", "vulnerability.db") }

func archive(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(vulndbtest.Sample())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpenWithoutDatabase(t *testing.T) {
	_, err := vulndb.Open(vulndb.Config{Dir: t.TempDir(), Now: now})
	if !errors.Is(err, fault.ErrNotFound) {
		t.Fatalf("got %v, want ErrNotFound", err)
	}
	for _, remedy := range []string{"eksposure db update", "eksposure db import FILE"} {
		if !strings.Contains(err.Error(), remedy) {
			t.Errorf("%q does not name %q", err, remedy)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for name, cfg := range map[string]vulndb.Config{
		"no directory":  {Now: now},
		"no clock":      {Dir: t.TempDir()},
		"negative age":  {Dir: t.TempDir(), Now: now, MaxAge: -time.Hour},
		"empty setting": {},
	} {
		t.Run(name, func(t *testing.T) {
			_, opened := vulndb.Open(cfg)
			_, inspected := vulndb.Inspect(cfg)
			_, checked := vulndb.Check(t.Context(), cfg)
			_, updated := vulndb.Update(t.Context(), cfg, nil)
			imported := vulndb.Import(t.Context(), cfg, vulndbtest.Sample())
			for _, err := range []error{opened, inspected, checked, updated, imported} {
				if !errors.Is(err, fault.ErrInvalid) {
					t.Errorf("got %v, want ErrInvalid", err)
				}
			}
		})
	}
}

func TestDamagedDatabaseIsFound(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"one byte in the middle": func(t *testing.T, dir string) {
			t.Helper()
			f, err := os.OpenFile(databaseFile(dir), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte{0xff}, 40_000_000); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		},
		"truncated": func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Truncate(databaseFile(dir), 1_000_000); err != nil {
				t.Fatal(err)
			}
		},
		"not a database": func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(databaseFile(dir), bytes.Repeat([]byte("x"), 10_000), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"empty file": func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Truncate(databaseFile(dir), 0); err != nil {
				t.Fatal(err)
			}
		},
		"no record of the import": func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, "6", "import.json")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDatabase(t)
			damage(t, dir)
			cfg := vulndb.Config{Dir: dir, Now: now}
			if _, err := vulndb.Open(cfg); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("Open: got %v, want ErrInvalid", err)
			}
			st, err := vulndb.Inspect(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if st.Valid || st.Checksum || !errors.Is(st.Problem, fault.ErrInvalid) {
				t.Errorf("Inspect: got %+v, want invalid", st)
			}
			if err := vulndb.Import(t.Context(), cfg, vulndbtest.Sample()); err != nil {
				t.Errorf("Import over it: %v", err)
			}
			if st, err := vulndb.Inspect(cfg); err != nil || !st.Valid {
				t.Errorf("after import: %+v, %v", st, err)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	built := time.Date(2026, 11, 24, 1, 42, 37, 0, time.UTC)
	for name, tc := range map[string]struct {
		age   time.Duration
		stale bool
	}{
		"fresh":                       {24 * time.Hour, false},
		"as old as allowed":           {5 * 24 * time.Hour, false},
		"a second older than allowed": {5*24*time.Hour + time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			st, err := vulndb.Inspect(vulndb.Config{Dir: sampleDir(t), Now: func() time.Time { return built.Add(tc.age) }})
			if err != nil {
				t.Fatal(err)
			}
			if !st.Valid || st.Problem != nil || !st.Checksum || st.Schema != "v6.1.10" || !st.Built.Equal(built) || st.Age != tc.age || st.Stale != tc.stale {
				t.Errorf("got %+v, want age %s and stale %t", st, tc.age, tc.stale)
			}
		})
	}
}

func TestImportKeepsTheOldDatabase(t *testing.T) {
	cut := filepath.Join(t.TempDir(), "cut.tar.zst")
	if err := os.WriteFile(cut, archive(t)[:5_000_000], 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("not an archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path string
		want error
	}{
		"truncated archive":        {cut, fault.ErrInvalid},
		"not an archive":           {text, fault.ErrInvalid},
		"a directory":              {t.TempDir(), fault.ErrInvalid},
		"no such file":             {filepath.Join(t.TempDir(), "none.tar.zst"), fault.ErrNotFound},
		"archive of another thing": {otherArchive(t), fault.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDatabase(t)
			cfg := vulndb.Config{Dir: dir, Now: now}
			err := vulndb.Import(t.Context(), cfg, tc.path)
			if !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if !strings.Contains(err.Error(), filepath.Base(tc.path)) {
				t.Errorf("%q does not name the file", err)
			}
			if st, err := vulndb.Inspect(cfg); err != nil || !st.Valid {
				t.Errorf("old database is gone: %+v, %v", st, err)
			}
			noStages(t, dir)
		})
	}
}

// otherArchive is a good archive whose database is another program's.
func otherArchive(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.tar.gz")
	if err := os.WriteFile(path, tarGz(t, map[string]string{"README": "hello"}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func noStages(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "6" {
			t.Errorf("%q is left behind", e.Name())
		}
	}
}

func TestImportFromReader(t *testing.T) {
	cfg := vulndb.Config{Dir: t.TempDir(), Now: now}
	if err := vulndb.ImportFrom(t.Context(), cfg, bytes.NewReader(archive(t)), "sample.tar.zst"); err != nil {
		t.Fatal(err)
	}
	db := open(t, cfg)
	if want := "v6.1.10 2026-11-24T01:42:37Z"; db.Build() != want {
		t.Errorf("got build %q, want %q", db.Build(), want)
	}
}

func TestAbandonedStagesAreCleared(t *testing.T) {
	dir := copyDatabase(t)
	for name, age := range map[string]time.Duration{"stage-old": 48 * time.Hour, "stage-new": time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now().Add(-age), now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := vulndb.Import(t.Context(), vulndb.Config{Dir: dir, Now: now}, vulndbtest.Sample()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "stage-old")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stage of a killed run is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "stage-new")); err != nil {
		t.Errorf("stage of another running update is gone: %v", err)
	}
}

// distribution serves a listing and an archive, as Grype's does.
type distribution struct {
	built    string
	checksum string // empty: the right one
	archive  []byte
	status   int // of the listing; 0 is OK
	fetched  int
}

func (d *distribution) start(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /databases/v6/latest.json", func(w http.ResponseWriter, _ *http.Request) {
		if d.status != 0 {
			w.WriteHeader(d.status)
			return
		}
		sum := sha256.Sum256(d.archive)
		checksum := d.checksum
		if checksum == "" {
			checksum = "sha256:" + hex.EncodeToString(sum[:])
		}
		fmt.Fprintf(w, `{"status":"active","schemaVersion":"v6.1.10","built":%q,"path":"db.tar.zst","checksum":%q}`, d.built, checksum)
	})
	mux.HandleFunc("GET /databases/v6/db.tar.zst", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			d.fetched++ // not the HEAD that comes first
		}
		http.ServeContent(w, r, "db.tar.zst", time.Time{}, bytes.NewReader(d.archive))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/databases"
}

const (
	sampleBuilt = "2026-11-24T01:42:37Z"
	newerBuilt  = "2026-11-24T09:00:00Z"
)

func TestUpdate(t *testing.T) {
	d := &distribution{built: sampleBuilt, archive: archive(t)}
	dir := t.TempDir()
	cfg := vulndb.Config{Dir: dir, Now: now, ListingURL: d.start(t)}

	if got, err := vulndb.Check(t.Context(), cfg); err != nil || !got.Newer || !got.Current.IsZero() {
		t.Errorf("Check with no database: %+v, %v", got, err)
	}
	var seen []vulndb.Progress
	updated, err := vulndb.Update(t.Context(), cfg, func(p vulndb.Progress) { seen = append(seen, p) })
	if err != nil || !updated {
		t.Fatalf("first update: %t, %v", updated, err)
	}
	if len(seen) == 0 || seen[len(seen)-1].Done != int64(len(d.archive)) {
		t.Errorf("progress %+v does not end at %d bytes", seen, len(d.archive))
	}
	if got, err := vulndb.Check(t.Context(), cfg); err != nil || got.Newer {
		t.Errorf("Check with the newest: %+v, %v", got, err)
	}
	if updated, err := vulndb.Update(t.Context(), cfg, nil); err != nil || updated || d.fetched != 1 {
		t.Errorf("second update: %t, %v, fetched %d times", updated, err, d.fetched)
	}
	d.built = newerBuilt
	if updated, err := vulndb.Update(t.Context(), cfg, nil); err != nil || !updated || d.fetched != 2 {
		t.Errorf("update to a newer build: %t, %v, fetched %d times", updated, err, d.fetched)
	}
	st, err := vulndb.Inspect(cfg)
	if err != nil || !st.Valid || !strings.HasPrefix(st.Source, cfg.ListingURL) {
		t.Errorf("after update: %+v, %v", st, err)
	}
	noStages(t, dir)
}

func TestFailedUpdateKeepsTheOldDatabase(t *testing.T) {
	good := archive(t)
	for name, tc := range map[string]struct {
		d    distribution
		want error
	}{
		"wrong checksum":     {distribution{built: newerBuilt, archive: good, checksum: "sha256:" + strings.Repeat("0", 64)}, fault.ErrInvalid},
		"truncated archive":  {distribution{built: newerBuilt, archive: good[:1_000_000]}, fault.ErrUnavailable},
		"listing is missing": {distribution{built: newerBuilt, archive: good, status: http.StatusNotFound}, fault.ErrUnavailable},
		"listing fails":      {distribution{built: newerBuilt, archive: good, status: http.StatusInternalServerError}, fault.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copyDatabase(t)
			cfg := vulndb.Config{Dir: dir, Now: now, ListingURL: tc.d.start(t)}
			if _, err := vulndb.Update(t.Context(), cfg, nil); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if st, err := vulndb.Inspect(cfg); err != nil || !st.Valid {
				t.Errorf("old database is gone: %+v, %v", st, err)
			}
			noStages(t, dir)
		})
	}
}

func TestUpdateStopsWithItsContext(t *testing.T) {
	d := &distribution{built: sampleBuilt, archive: archive(t)}
	cfg := vulndb.Config{Dir: t.TempDir(), Now: now, ListingURL: d.start(t)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := vulndb.Update(ctx, cfg, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
}

func TestOpenRefreshes(t *testing.T) {
	built := time.Date(2026, 11, 24, 1, 42, 37, 0, time.UTC)
	at := func(age time.Duration) func() time.Time { return func() time.Time { return built.Add(age) } }
	for name, tc := range map[string]struct {
		empty   bool
		age     time.Duration
		broken  bool
		fetched int
		want    error
	}{
		"fresh: nobody is asked":                {age: time.Hour},
		"old: fetched":                          {age: 6 * 24 * time.Hour, fetched: 1},
		"old and no network: used all the same": {age: 6 * 24 * time.Hour, broken: true},
		"missing: fetched":                      {empty: true, fetched: 1},
		"missing and no network: an error":      {empty: true, broken: true, want: fault.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			d := &distribution{built: newerBuilt, archive: archive(t)}
			if tc.broken {
				d.status = http.StatusServiceUnavailable
			}
			dir := t.TempDir()
			if !tc.empty {
				dir = copyDatabase(t)
			}
			db, err := vulndb.Open(vulndb.Config{Dir: dir, Now: at(tc.age), ListingURL: d.start(t), AutoUpdate: true})
			if !errors.Is(err, tc.want) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if d.fetched != tc.fetched {
				t.Errorf("fetched %d times, want %d", d.fetched, tc.fetched)
			}
			if err != nil {
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMatchAfterCloseFails(t *testing.T) {
	db, err := vulndb.Open(vulndb.Config{Dir: sampleDir(t), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Match(t.Context(), vuln.SBOM{Document: sampleImages(t)[0].SBOM.Document}); err == nil {
		t.Error("a closed database answers")
	}
}
