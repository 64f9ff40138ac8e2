package store_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
)

// A scan that goes on for long is running as long as its process is alive.
func TestScans(t *testing.T) {
	path := temp(t)
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(t.Context(), store.Config{Path: path, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now().UTC()
		first := begin(t, db, store.ScanScope{Accounts: []string{"111122223333"}})
		second := begin(t, db, store.ScanScope{})
		time.Sleep(time.Hour) // of the bubble's clock
		counts := store.ScanCounts{Clusters: 3, Recorded: 2, Failed: 1, Incomplete: true}
		if err := db.FinishScan(t.Context(), first, store.ScanFinished, counts); err != nil {
			t.Fatal(err)
		}
		want := []store.Scan{
			{ID: second, State: store.ScanRunning, StartedAt: began, AliveAt: began.Add(time.Hour)},
			{ID: first, State: store.ScanFinished, Scope: store.ScanScope{Accounts: []string{"111122223333"}}, StartedAt: began, AliveAt: began.Add(time.Hour), FinishedAt: began.Add(time.Hour), Counts: counts},
		}
		scans, err := db.Scans(t.Context(), 0)
		near := cmp.Comparer(func(a, b time.Time) bool { return a.Sub(b).Abs() <= 10*time.Second })
		if diff := cmp.Diff(want, scans, near); err != nil || diff != "" {
			t.Errorf("scans: %v\n%s", err, diff)
		}
		if latest, err := db.Scans(t.Context(), 1); err != nil || len(latest) != 1 || latest[0].ID != second {
			t.Errorf("the latest scan: %v, %v", latest, err)
		}
		// The process ends with no word about the second scan.
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		db, err = store.Open(t.Context(), store.Config{Path: path, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		scans, err = db.Scans(t.Context(), 0)
		if err != nil || scans[0].State != store.ScanInterrupted || !scans[0].FinishedAt.IsZero() || scans[1].State != store.ScanFinished {
			t.Errorf("after the process ended: %v, %v", scans, err)
		}
	})
}

func begin(t *testing.T, db *store.DB, scope store.ScanScope) int64 {
	t.Helper()
	id, err := db.BeginScan(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestFinishScanRefuses(t *testing.T) {
	db := open(t, temp(t))
	id := begin(t, db, store.ScanScope{})
	for _, state := range []store.ScanState{store.ScanRunning, "odd"} {
		if err := db.FinishScan(t.Context(), id, state, store.ScanCounts{}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("state %q: %v", state, err)
		}
	}
	if err := db.FinishScan(t.Context(), id, store.ScanInterrupted, store.ScanCounts{}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{id, 99} {
		if err := db.FinishScan(t.Context(), id, store.ScanFinished, store.ScanCounts{}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("scan %d: %v", id, err)
		}
	}
}
