package app_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
)

// TestLife follows findings through five days: what is fixed is closed, what comes
// back is reopened under the same ID, what cannot be read stays as last known.
func TestLife(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "eksposure.db")
	// day starts the estate of a day after the demo's and scans it.
	day := func(n int, change func(*estate.Scenario), faults ...estate.Fault) map[string]exposure.Outcome {
		e := other(t, func(s *estate.Scenario) {
			only(s, fewClusters...)
			s.AsOf = s.AsOf.AddDate(0, 0, n)
			change(s)
		}, faults...)
		outcomes := map[string]exposure.Outcome{}
		for _, o := range scanAll(t, e, db).Outcomes {
			outcomes[o.Cluster.Name] = o
		}
		return outcomes
	}
	keys := func(s *estate.Scenario, state string) {
		for i := range s.Accounts {
			for j := range s.Accounts[i].Keys {
				if k := &s.Accounts[i].Keys[j]; k.State == "PendingDeletion" {
					k.State, k.DeletionDate = state, time.Time{}
				}
			}
		}
	}
	without := func(s *estate.Scenario, name string) {
		var rest []string
		for _, c := range fewClusters {
			if c != name {
				rest = append(rest, c)
			}
		}
		only(s, rest...)
		for i := range s.Accounts { // the regions stay on
			s.Accounts[i].Regions = estate.Demo(shared(t).images).Accounts[i].Regions
		}
	}
	kinds := func(outcomes map[string]exposure.Outcome) map[string]exposure.ChangeKind {
		m := map[string]exposure.ChangeKind{}
		for name, o := range outcomes {
			m[name] = o.Change.Kind
		}
		return m
	}
	check := func(n int, outcomes map[string]exposure.Outcome, want map[string]exposure.ChangeKind) {
		t.Helper()
		if diff := cmp.Diff(want, kinds(outcomes)); diff != "" {
			t.Errorf("day %d (-want +got):\n%s", n, diff)
		}
	}
	type changes = map[string]exposure.ChangeKind

	first := day(0, func(*estate.Scenario) {})
	check(0, first, changes{
		"shop-preview": exposure.Created, "payments-dr": exposure.Created, "platform-build": exposure.Created, "ledger": exposure.Created,
	})

	second := day(1, func(s *estate.Scenario) {
		without(s, "shop-preview")
		keys(s, "Enabled")
		endpoint := place(s, "platform-build")
		endpoint.Public, endpoint.Private = false, true
		place(s, "ledger").Grants = []estate.Grant{}
	})
	check(1, second, changes{
		"shop-preview": exposure.Closed, "payments-dr": exposure.Closed, "platform-build": exposure.Updated, "ledger": exposure.Updated,
	})
	ledger := second["ledger"].Finding
	vulnerable, before := ledger.Trait("high-priority-vulnerability"), first["ledger"].Finding.Trait("high-priority-vulnerability")
	if !vulnerable.Stale || vulnerable.Standing != exposure.Contributing || !vulnerable.LastSeen.Equal(before.LastSeen) || ledger.Severity != first["ledger"].Finding.Severity {
		t.Errorf("a denied read changed what was known: %+v, severity %s", vulnerable, ledger.Severity)
	}
	if diff := cmp.Diff(before.Evidence, vulnerable.Evidence); diff != "" {
		t.Errorf("stale evidence (-before +after):\n%s", diff)
	}
	for _, name := range []string{"shop-preview", "payments-dr"} {
		if f := second[name].Finding; f.Open() || f.Status != exposure.StatusResolved || !f.ClosedAt.Equal(estate.AsOf().AddDate(0, 0, 1)) {
			t.Errorf("%s: %s %s, closed at %s", name, f.Activity, f.Status, f.ClosedAt)
		}
	}

	third := day(2, func(*estate.Scenario) {})
	check(2, third, changes{
		"shop-preview": exposure.Reopened, "payments-dr": exposure.Reopened, "platform-build": exposure.Updated, "ledger": exposure.Updated,
	})
	for name, o := range third {
		f, was := o.Finding, first[name].Finding
		if f.ID != was.ID || f.UID != was.UID || !f.FirstSeen.Equal(was.FirstSeen) || !f.CreatedAt.Equal(was.CreatedAt) || f.Status != exposure.StatusNew {
			t.Errorf("%s is another finding than on the first day: %+v", name, f)
		}
		if want := o.Change.Kind == exposure.Reopened; (f.Reopened == 1) != want {
			t.Errorf("%s was reopened %d times", name, f.Reopened)
		}
		for _, s := range f.Traits {
			if s.Stale {
				t.Errorf("%s: %s is still stale", name, s.ID)
			}
		}
	}

	// A cluster that an incomplete listing does not show may still be there.
	refused := estate.Fault{Service: "eks", Operation: "ListClusters", Region: "eu-west-1", Kind: estate.FaultDeny}
	fourth := day(3, func(s *estate.Scenario) { without(s, "shop-preview") }, refused)
	check(3, fourth, changes{"platform-build": exposure.Unchanged})
	fifth := day(4, func(s *estate.Scenario) { without(s, "shop-preview"); s.Accounts[0].Roles = nil })
	if _, ok := fifth["shop-preview"]; ok {
		t.Error("the finding of a cluster in an account that cannot be entered was closed")
	}
	last := day(5, func(s *estate.Scenario) { without(s, "shop-preview") })
	if last["shop-preview"].Change.Kind != exposure.Closed {
		t.Errorf("%+v", last["shop-preview"].Change)
	}

	// All of it is in the history.
	var got []exposure.ChangeKind
	for _, event := range history(t, shared(t), db)["shop-preview"] {
		got = append(got, event.Kind)
	}
	if diff := cmp.Diff([]exposure.ChangeKind{exposure.Created, exposure.Closed, exposure.Reopened, exposure.Closed}, got); diff != "" {
		t.Errorf("history of shop-preview (-want +got):\n%s", diff)
	}
}
