package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

func day(n int) time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func open(tb testing.TB, path string) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), store.Config{Place: path, Now: func() time.Time { return day(0) }})
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

func temp(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "data", "eksposure.db")
}

func ref(account, region, name string) inventory.ClusterRef {
	return inventory.ClusterRef{Partition: "aws", Account: account, Region: region, Name: name}
}

func outcome(r inventory.ClusterRef, severity exposure.Severity, kind exposure.ChangeKind, traits ...string) exposure.Outcome {
	f := &exposure.Finding{
		Title: "Potential Initial Access: " + r.Name, Status: exposure.StatusNew, Activity: exposure.Create, Severity: severity,
		Cluster: exposure.Cluster{Ref: r, Tags: map[string]string{"team": "shop"}}, FirstSeen: day(0), LastSeen: day(1), CreatedAt: day(0), ModifiedAt: day(1),
	}
	f.ID, f.UID = exposure.Identity(r)
	for _, id := range traits {
		id, standing, _ := strings.Cut(id, "=")
		if standing == "" {
			standing = string(exposure.Contributing)
		}
		f.Traits = append(f.Traits, exposure.TraitState{ID: id, Standing: exposure.Standing(standing), Evidence: []exposure.Evidence{{Summary: "because", Image: &exposure.ImageEvidence{MaxEPSS: new(0.5)}}}})
	}
	if kind == exposure.Closed {
		f.Activity, f.Status = exposure.Close, exposure.StatusResolved
	}
	return exposure.Outcome{Cluster: r, Finding: f, Change: exposure.Change{Kind: kind, Details: []string{"severity " + string(severity)}}}
}

func record(tb testing.TB, db *store.DB, outcomes ...exposure.Outcome) {
	tb.Helper()
	for _, o := range outcomes {
		if err := db.Record(tb.Context(), o); err != nil {
			tb.Fatal(err)
		}
	}
}

var shop = ref("111122223333", "eu-central-1", "shop")

func TestFindingRoundTrip(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, path string) {
		db := open(t, path)
		o := outcome(shop, exposure.High, exposure.Created, "internet-reachable", "high-priority-vulnerability=unknown")
		record(t, db, o, exposure.Outcome{Cluster: ref("111122223333", "eu-central-1", "clean"), Change: exposure.Change{Kind: exposure.NoFinding}})
		again := open(t, path)
		for _, key := range []string{o.Finding.ID, o.Finding.UID, shop.String(), "shop"} {
			got, err := again.Finding(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(o.Finding, got); diff != "" {
				t.Errorf("by %q (-want +got):\n%s", key, diff)
			}
		}
		if got, err := again.Earlier(t.Context(), shop); err != nil || cmp.Diff(o.Finding, got) != "" {
			t.Errorf("Earlier = %v, %v", got, err)
		}
		if got, err := again.Earlier(t.Context(), ref("111122223333", "eu-central-1", "clean")); err != nil || got != nil {
			t.Errorf("Earlier of a clean cluster = %v, %v", got, err)
		}
	})
}

func TestFindingByNameOfSeveral(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		other := ref("444455556666", "eu-central-1", "shop")
		record(t, db, outcome(shop, exposure.High, exposure.Created), outcome(other, exposure.Low, exposure.Created))
		if _, err := db.Finding(t.Context(), "shop"); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), other.String()) {
			t.Errorf("an ambiguous name: %v", err)
		}
		if _, err := db.Finding(t.Context(), "nosuch"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("an unknown name: %v", err)
		}
	})
}

// A second scan updates the one record; only changes make history.
func TestHistory(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		created := outcome(shop, exposure.High, exposure.Created, "internet-reachable")
		unchanged := outcome(shop, exposure.High, exposure.Unchanged, "internet-reachable")
		unchanged.Finding.LastSeen = day(5)
		updated := outcome(shop, exposure.Medium, exposure.Updated)
		updated.Finding.ModifiedAt = day(6)
		closed := outcome(shop, exposure.Medium, exposure.Closed)
		closed.Finding.ModifiedAt = day(7)
		record(t, db, created, unchanged)
		if f, err := db.Finding(t.Context(), "shop"); err != nil || !f.LastSeen.Equal(day(5)) {
			t.Fatalf("after an unchanged scan: %v, %v", f, err)
		}
		record(t, db, updated, closed)
		events, err := db.History(t.Context(), created.Finding.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := []exposure.Event{
			{At: day(1), Severity: exposure.High, Change: created.Change},
			{At: day(6), Severity: exposure.Medium, Change: updated.Change},
			{At: day(7), Severity: exposure.Medium, Change: closed.Change},
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		if refs, err := db.OpenClusters(t.Context()); err != nil || len(refs) != 0 {
			t.Errorf("open clusters %v, %v", refs, err)
		}
	})
}
