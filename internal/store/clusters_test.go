package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
)

func TestCoverage(t *testing.T) {
	db := open(t, temp(t))
	clean, listed := ref("111122223333", "eu-central-1", "clean"), ref("111122223333", "us-east-1", "listed")
	s := &inventory.Snapshot{CollectedAt: day(1), Cluster: inventory.Cluster{Ref: clean}, Gaps: []inventory.Gap{{Section: inventory.SectionNodes, Reason: "denied", Detail: "no"}}}
	o := evaluate(nil, s)
	o.Evaluation.Results[1].Verdict = exposure.VerdictUnknown
	record(t, db, o)
	list(t, db, "us-east-1", listed)
	want := []store.Coverage{
		{Cluster: clean, ScannedAt: day(1), Evaluated: []string{"internet-reachable", "high-priority-vulnerability"}, Unknown: []string{"unsupported-kubernetes-version"}, Gaps: s.Gaps},
		{Cluster: listed, ListedAt: day(0)},
	}
	if got, err := db.Coverage(t.Context()); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("coverage: %v\n%s", err, cmp.Diff(want, got))
	}
}

// A cluster that a complete listing no longer shows is gone until it is back;
// its finding is asked for until it is closed.
func TestListed(t *testing.T) {
	db := open(t, temp(t))
	a, b, elsewhere := ref("111122223333", "eu-central-1", "a"), ref("111122223333", "eu-central-1", "b"), ref("111122223333", "us-east-1", "a")
	for _, r := range []inventory.ClusterRef{a, b, elsewhere} {
		record(t, db, outcome(r, exposure.Low, exposure.Created))
	}
	if gone := list(t, db, "eu-central-1", a, b); len(gone) != 0 {
		t.Errorf("all there: %v", gone)
	}
	for range 2 {
		if diff := cmp.Diff([]inventory.ClusterRef{b}, list(t, db, "eu-central-1", a)); diff != "" {
			t.Errorf("b is gone:\n%s", diff)
		}
	}
	earlier, err := db.Earlier(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	f, change := exposure.CloseGone(earlier, day(3))
	record(t, db, exposure.Outcome{Cluster: b, Finding: f, Change: change})
	if gone := list(t, db, "eu-central-1", a); len(gone) != 0 {
		t.Errorf("b is closed: %v", gone)
	}
	known, err := db.Coverage(t.Context())
	if err != nil || len(known) != 2 || !known[0].GoneAt.IsZero() || known[1].GoneAt.IsZero() {
		t.Errorf("known: %+v, %v", known, err)
	}
	list(t, db, "eu-central-1", a, b)
	if known, err := db.Coverage(t.Context()); err != nil || !known[1].GoneAt.IsZero() {
		t.Errorf("b is back: %+v, %v", known, err)
	}
}

// The closing of a gone cluster's finding tells by itself that it is gone.
func TestCloseGoneMarksGone(t *testing.T) {
	db := open(t, temp(t))
	s := &inventory.Snapshot{CollectedAt: day(1), Cluster: inventory.Cluster{Ref: shop, Tags: map[string]string{"internet-reachable": "contributing a"}}}
	o := evaluate(nil, s)
	record(t, db, o)
	f, change := exposure.CloseGone(o.Finding, day(2))
	record(t, db, exposure.Outcome{Cluster: shop, Finding: f, Change: change})
	if known, err := db.Coverage(t.Context()); err != nil || !known[0].GoneAt.Equal(day(2)) {
		t.Errorf("after the closing: %+v, %v", known, err)
	}
	s.CollectedAt = day(4)
	record(t, db, evaluate(f, s))
	if known, err := db.Coverage(t.Context()); err != nil || !known[0].GoneAt.IsZero() {
		t.Errorf("scanned again: %+v, %v", known, err)
	}
}

func list(t *testing.T, db *store.DB, region string, refs ...inventory.ClusterRef) []inventory.ClusterRef {
	t.Helper()
	gone, err := db.Listed(t.Context(), "111122223333", region, refs)
	if err != nil {
		t.Fatal(err)
	}
	return gone
}

func TestForget(t *testing.T) {
	db := open(t, temp(t))
	o := outcome(shop, exposure.Low, exposure.Created, "internet-reachable")
	record(t, db, o)
	for _, want := range []bool{true, false} {
		if got, err := db.Forget(t.Context(), shop); err != nil || got != want {
			t.Errorf("Forget = %v, %v; want %v", got, err, want)
		}
	}
	if _, err := db.Finding(t.Context(), "shop"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the finding: %v", err)
	}
	if events, err := db.History(t.Context(), o.Finding.ID); err != nil || len(events) != 0 {
		t.Errorf("the history: %v, %v", events, err)
	}
	if says, err := db.Check(t.Context()); err != nil || says != "[ok]" {
		t.Errorf("something is left alone: %s, %v", says, err)
	}
}

func TestCalendar(t *testing.T) {
	db := open(t, temp(t))
	c := inventory.Calendar{Source: "DescribeClusterVersions", ReadAt: day(0), Versions: []inventory.VersionSupport{{Version: "1.33", Status: "STANDARD_SUPPORT", EndOfStandard: day(90)}}}
	if _, ok, err := db.Calendar(t.Context(), "eu-central-1"); ok || err != nil {
		t.Errorf("before: %v, %v", ok, err)
	}
	builtIn := inventory.Calendar{Source: "a table", BuiltIn: true}
	for _, put := range []inventory.Calendar{builtIn, c, builtIn} {
		if err := db.PutCalendar(t.Context(), "eu-central-1", put); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok, err := db.Calendar(t.Context(), "eu-central-1"); !ok || err != nil || cmp.Diff(c, got) != "" {
		t.Errorf("Calendar = %v, %v\n%s", ok, err, cmp.Diff(c, got))
	}
}
