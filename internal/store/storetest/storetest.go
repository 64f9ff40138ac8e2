// Package storetest gives tests a real database: a SQLite file, and a PostgreSQL
// server that lives as long as the test process.
//
// It takes a test and gives an open store or the place of one. The server is
// Debian's package postgresql, on a socket in a directory of its own; it ends and
// its directory goes when the process ends, however that comes. Without that
// package the tests of PostgreSQL are skipped, and with CI=true they fail.
package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/store"
)

// Now is the time at which stores of this package are, unless Open is told another.
func Now() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// Each runs a test on a fresh database of each engine, as the subtests "sqlite"
// and "postgres".
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachPlace(t, func(t *testing.T, place string) {
		t.Helper()
		test(t, Open(t, place))
	})
}

// EachPlace is Each for a test that opens the database itself, at a place where
// nothing is yet.
func EachPlace(t *testing.T, test func(t *testing.T, place string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLiteFile(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgresURL(t)) })
}

// Open opens the database of a place until the test ends. Its clock stands at Now.
func Open(tb testing.TB, place string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), store.Config{Place: place, Now: Now})
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

// SQLiteFile gives the path of a file that is not there yet.
func SQLiteFile(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "data", "eksposure.db")
}
