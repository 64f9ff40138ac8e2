package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

func TestSchedule(t *testing.T) {
	one := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "one"}
	two := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "us-east-1", Name: "two"}
	three := inventory.ClusterRef{Partition: "aws", Account: "444455556666", Region: "eu-central-1", Name: "three"}
	at := func(minutes int) time.Time { return storetest.Now().Add(time.Duration(minutes) * time.Minute) }
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		check := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		want := func(now time.Time, want ...inventory.Scheduled) {
			t.Helper()
			got, err := db.Due(t.Context(), now, 10)
			check(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("due (-want +got):\n%s", diff)
			}
		}
		check(db.Schedule(t.Context(), []inventory.ClusterRef{two, one}, at(0)))
		check(db.Schedule(t.Context(), []inventory.ClusterRef{three, one}, at(-5))) // one stays
		want(at(-10))
		want(at(0), inventory.Scheduled{Ref: three, Next: at(-5)}, inventory.Scheduled{Ref: one, Next: at(0)}, inventory.Scheduled{Ref: two, Next: at(0)})
		refs, err := db.ScheduledClusters(t.Context())
		check(err)
		if diff := cmp.Diff([]inventory.ClusterRef{one, two, three}, refs); diff != "" {
			t.Errorf("clusters (-want +got):\n%s", diff)
		}

		check(db.Scanned(t.Context(), one, at(1), at(60), ""))
		check(db.Scanned(t.Context(), two, at(1), at(10), "denied"))
		check(db.Scanned(t.Context(), two, at(10), at(20), "denied"))
		check(db.Scanned(t.Context(), three, at(2), at(90), ""))
		want(at(30), inventory.Scheduled{Ref: two, Next: at(20), Last: at(10), Failures: 2, Problem: "denied"})

		// On demand: sooner, never later; asked for during a scan, it is scanned again.
		check(db.Hasten(t.Context(), access.Scope{Accounts: []string{one.Account}}, at(30)))
		want(at(30), inventory.Scheduled{Ref: two, Next: at(20), Last: at(10), Failures: 2, Problem: "denied"}, inventory.Scheduled{Ref: one, Next: at(30), Last: at(1)})
		progress := func(scope access.Scope, since time.Time, want inventory.ScanProgress) {
			t.Helper()
			got, err := db.ScanProgress(t.Context(), scope, since)
			check(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("progress (-want +got):\n%s", diff)
			}
		}
		check(db.Scanned(t.Context(), two, at(29), at(100), ""))
		check(db.Scanned(t.Context(), one, at(30), at(100), ""))
		want(at(99), inventory.Scheduled{Ref: two, Next: at(30), Last: at(29)}, inventory.Scheduled{Ref: three, Next: at(90), Last: at(2)})
		progress(access.Scope{Accounts: []string{one.Account}}, at(30), inventory.ScanProgress{Clusters: 2, Scanned: 1})
		check(db.Scanned(t.Context(), two, at(31), at(100), "denied"))
		progress(access.Scope{Accounts: []string{one.Account}}, at(30), inventory.ScanProgress{Clusters: 2, Scanned: 1, Failed: 1})
		progress(access.Scope{Regions: []string{"eu-central-1"}, Clusters: []string{one.String(), two.String()}}, at(0), inventory.ScanProgress{Clusters: 1, Scanned: 1})
		progress(access.Scope{Accounts: []string{"999999999999"}}, at(0), inventory.ScanProgress{})
		progress(access.Scope{}, at(0), inventory.ScanProgress{Clusters: 3, Scanned: 2, Failed: 1})
		failures := func(scope access.Scope, since time.Time, limit int, want ...inventory.Scheduled) {
			t.Helper()
			got, err := db.ScanFailures(t.Context(), scope, since, limit)
			check(err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		}
		failed := inventory.Scheduled{Ref: two, Next: at(100), Last: at(31), Failures: 1, Problem: "denied"}
		failures(access.Scope{}, at(31), 10, failed)
		failures(access.Scope{Accounts: []string{one.Account}, Regions: []string{two.Region}}, at(0), 1, failed)
		failures(access.Scope{}, at(32), 10)
		failures(access.Scope{Clusters: []string{one.String()}}, at(0), 10)

		check(db.ScheduleBy(t.Context(), at(95)))
		check(db.Unschedule(t.Context(), []inventory.ClusterRef{two}))
		place, err := db.Scheduled(t.Context(), one)
		if diff := cmp.Diff(inventory.Scheduled{Ref: one, Next: at(95), Last: at(30)}, place); err != nil || diff != "" {
			t.Errorf("%v, place (-want +got):\n%s", err, diff)
		}
		if _, err := db.Scheduled(t.Context(), two); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("Scheduled of a removed cluster = %v, want fault.ErrNotFound", err)
		}
	})
}

func TestLeases(t *testing.T) {
	now := storetest.Now()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		claim := func(holder string, until time.Time, want bool) {
			t.Helper()
			got, err := db.Claim(t.Context(), "scan", "a", holder, until)
			if err != nil || got != want {
				t.Errorf("Claim by %s = %t, %v; want %t", holder, got, err, want)
			}
		}
		claim("one", now.Add(time.Minute), true)
		claim("two", now.Add(time.Minute), false)
		claim("one", now.Add(2*time.Minute), true)
		if got, err := db.Claim(t.Context(), "export", "a", "two", now.Add(time.Minute)); err != nil || !got {
			t.Errorf("a name of another kind: %t, %v", got, err)
		}
		if err := db.Renew(t.Context(), "scan", "a", "two", now.Add(time.Hour)); !errors.Is(err, fault.ErrConflict) {
			t.Errorf("Renew by another = %v, want fault.ErrConflict", err)
		}
		if err := db.Release(t.Context(), "scan", "a", "two"); err != nil {
			t.Error(err)
		}
		claim("two", now.Add(time.Minute), false)
		if err := db.Renew(t.Context(), "scan", "a", "one", now.Add(-time.Second)); err != nil {
			t.Error(err)
		}
		claim("two", now.Add(time.Minute), true) // the time of the first is over
		if err := db.Renew(t.Context(), "scan", "a", "one", now.Add(time.Hour)); !errors.Is(err, fault.ErrConflict) {
			t.Errorf("Renew of a lost lease = %v, want fault.ErrConflict", err)
		}
		if err := db.Release(t.Context(), "scan", "a", "two"); err != nil {
			t.Error(err)
		}
		claim("one", now.Add(time.Minute), true)
	})
}
