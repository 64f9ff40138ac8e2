package vulndata_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate/vulndata"
	"github.com/eksposure/eksposure/internal/vulndb"
	"github.com/eksposure/eksposure/internal/vulndb/vulndbtest"
)

func now() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }

func open(t *testing.T, archive func(cfg vulndb.Config) error) *vulndb.DB {
	t.Helper()
	cfg := vulndb.Config{Dir: t.TempDir(), Now: now}
	if err := archive(cfg); err != nil {
		t.Fatal(err)
	}
	db, err := vulndb.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestAnswersLikeTheWholeDatabase(t *testing.T) {
	small := open(t, func(cfg vulndb.Config) error {
		return vulndb.ImportFrom(t.Context(), cfg, bytes.NewReader(vulndata.Archive()), vulndata.Name)
	})
	whole := open(t, func(cfg vulndb.Config) error { return vulndb.Import(t.Context(), cfg, vulndbtest.Sample()) })
	images, err := vulndbtest.Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, im := range images {
		want, err := whole.Match(t.Context(), im.SBOM)
		if err != nil {
			t.Fatal(err)
		}
		got, err := small.Match(t.Context(), im.SBOM)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-whole +small):\n%s", im.Name, diff)
		}
	}
}

func TestArchiveIsSmall(t *testing.T) {
	const limit = 1_500_000 // it is part of the program
	if n := len(vulndata.Archive()); n > limit {
		t.Errorf("the archive has %d bytes, more than %d", n, limit)
	}
}
