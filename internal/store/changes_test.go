package store_test

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

func TestChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if n, err := db.LastChange(t.Context()); err != nil || n != 0 {
			t.Errorf("before the first change: %d, %v", n, err)
		}
		id, _ := exposure.Identity(shop)
		var want []exposure.LoggedChange
		for i, kind := range []exposure.ChangeKind{exposure.Created, exposure.Unchanged, exposure.Updated, exposure.Closed, exposure.Reopened} {
			o := outcome(shop, exposure.High, kind, "internet-reachable")
			o.Finding.ModifiedAt = day(i)
			record(t, db, o)
			if kind != exposure.Unchanged {
				want = append(want, exposure.LoggedChange{Number: int64(len(want) + 1), At: day(i), Finding: id, Cluster: shop, Kind: kind})
			}
		}
		record(t, db, exposure.Outcome{Cluster: ref("111122223333", "eu-central-1", "clean"), Change: exposure.Change{Kind: exposure.NoFinding}})
		for _, page := range []struct {
			after int64
			limit int
			want  []exposure.LoggedChange
		}{{0, 10, want}, {0, 2, want[:2]}, {2, 10, want[2:]}, {4, 10, nil}} {
			got, err := db.Changes(t.Context(), page.after, page.limit)
			if diff := cmp.Diff(page.want, got); err != nil || diff != "" {
				t.Errorf("after %d: %v (-want +got):\n%s", page.after, err, diff)
			}
		}
		if n, err := db.LastChange(t.Context()); err != nil || n != 4 {
			t.Errorf("LastChange = %d, %v", n, err)
		}
	})
}

// A reader that follows the log while others write misses no change: a number that
// becomes visible later is a higher one.
func TestFollowingChangesMissesNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const writers, each = 4, 25
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if err := db.Record(t.Context(), outcome(ref("111122223333", "eu-central-1", "w"+strconv.Itoa(w)+"-"+strconv.Itoa(i)), exposure.Low, exposure.Created)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		var seen []string
		after := int64(0)
		for len(seen) < writers*each && !t.Failed() {
			list, err := db.Changes(t.Context(), after, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range list {
				seen, after = append(seen, c.Finding), c.Number
			}
		}
		wg.Wait()
		slices.Sort(seen)
		if n := len(slices.Compact(seen)); n != writers*each {
			t.Errorf("%d of %d changes were seen", n, writers*each)
		}
	})
}

func TestPruneChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for i := range 6 {
			o := outcome(ref("111122223333", "eu-central-1", "c"+strconv.Itoa(i)), exposure.High, exposure.Created)
			o.Finding.ModifiedAt = day(i)
			record(t, db, o)
		}
		if _, err := db.Cursor(t.Context(), "webhook"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("a new cursor: %v", err)
		}
		for _, step := range []struct {
			name   string
			cursor int64 // of the sink "webhook"; 0: none yet
			days   int
			first  int64
		}{
			{"nobody follows, two are old", 0, 2, 3},
			{"the sink has had one of the old ones", 3, 5, 4},
			{"the sink has had all", 6, 5, 6},
			{"all are old, the latest stays", 6, 99, 6},
		} {
			if step.cursor > 0 {
				if err := db.MoveCursor(t.Context(), "webhook", step.cursor); err != nil {
					t.Fatal(err)
				}
				if n, err := db.Cursor(t.Context(), "webhook"); err != nil || n != step.cursor {
					t.Errorf("Cursor = %d, %v", n, err)
				}
			}
			if _, err := db.PruneChanges(t.Context(), day(step.days)); err != nil {
				t.Fatal(err)
			}
			left, err := db.Changes(t.Context(), 0, 100)
			if err != nil || len(left) == 0 || left[0].Number != step.first || left[len(left)-1].Number != 6 {
				t.Errorf("%s: %v are left, %v", step.name, left, err)
			}
		}
		record(t, db, outcome(shop, exposure.High, exposure.Created))
		if n, err := db.LastChange(t.Context()); err != nil || n != 7 {
			t.Errorf("after pruning, the next change has number %d, %v", n, err)
		}
	})
}

// A follower that is no longer named holds nothing back.
func TestForgottenFollowers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, name := range []string{"webhook:b", "tickets", "webhook:a"} {
			if err := db.MoveCursor(t.Context(), name, 1); err != nil {
				t.Fatal(err)
			}
		}
		dropped, err := db.KeepCursors(t.Context(), []string{"tickets", "eventbridge:new"})
		if diff := cmp.Diff([]string{"webhook:a", "webhook:b"}, dropped); err != nil || diff != "" {
			t.Errorf("%v, dropped (-want +got):\n%s", err, diff)
		}
		if _, err := db.Cursor(t.Context(), "webhook:a"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("Cursor of a forgotten follower = %v, want fault.ErrNotFound", err)
		}
		if n, err := db.Cursor(t.Context(), "tickets"); err != nil || n != 1 {
			t.Errorf("Cursor = %d, %v", n, err)
		}
	})
}
