package store_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// TestCountsNeverDrift records, closes, reopens and overrides at random, and
// compares the counts and the index with one that is made afresh.
func TestCountsNeverDrift(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(7, 7))
		list := corpus(random, 30)
		for range 80 {
			o := list[random.IntN(len(list))]
			earlier, err := db.Earlier(t.Context(), o.Cluster)
			if err != nil {
				t.Fatal(err)
			}
			step(t, db, random, o, earlier)
		}
		if n, err := db.CheckFacets(t.Context()); err != nil || n < 30 {
			t.Errorf("facets of %d items: %v", n, err)
		}
		got, err := db.IndexRows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := db.ForgetIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Reindex(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		want, err := db.IndexRows(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-made afresh +kept):\n%s", diff)
		}
	})
}

func step(t *testing.T, db *store.DB, random *rand.Rand, o exposure.Outcome, earlier *exposure.Finding) {
	t.Helper()
	var err error
	what := random.IntN(5)
	switch {
	case earlier == nil:
		err = db.Record(t.Context(), o)
	case what < 2:
		err = db.SetOverride(t.Context(), earlier.ID, func(f *exposure.Finding) (*exposure.Override, error) {
			if random.IntN(3) == 0 {
				return nil, nil
			}
			return override(random, f), nil
		})
	case what == 2:
		f, change := exposure.CloseGone(earlier, storetest.Now())
		err = db.Record(t.Context(), exposure.Outcome{Cluster: o.Cluster, Finding: f, Change: change})
	default:
		s := *o.Snapshot
		s.CollectedAt = storetest.Now().Add(time.Duration(random.IntN(1000)) * time.Second)
		s.Cluster.Tags = map[string]string{"team": string(rune('a' + random.IntN(4)))}
		err = db.Record(t.Context(), scan(earlier, &s))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestReindex goes on where it was ended.
func TestReindex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		docs := filled(t, db, rand.New(rand.NewPCG(3, 1)), 20)
		if ok, err := db.Indexed(t.Context()); !ok || err != nil {
			t.Errorf("what is recorded is indexed at once: %v, %v", ok, err)
		}
		if err := db.ForgetIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ok, err := db.Indexed(t.Context()); ok || err != nil {
			t.Errorf("an index of another form is none: %v, %v", ok, err)
		}
		n := 0
		if err := db.Reindex(t.Context(), func(done int) { n = done }); err != nil || n != len(docs) {
			t.Fatalf("%d of %d findings: %v", n, len(docs), err)
		}
		if found := walk(t.Context(), t, db.Search, search.Request{Limit: 100}); len(found) != len(docs) {
			t.Errorf("%d findings are found again of %d", len(found), len(docs))
		}
	})
}

func TestSetOverride(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(9, 1))
		list := corpus(random, 20)
		f := list[0].Finding
		f.Override = nil
		if err := db.Record(t.Context(), list[0]); err != nil {
			t.Fatal(err)
		}
		set := &exposure.Override{Severity: "Fatal", Status: exposure.StatusSuppressed, Comment: "accepted", By: "AK1", At: storetest.Now(), Facts: f.Facts()}
		give := func(o *exposure.Override, err error) func(*exposure.Finding) (*exposure.Override, error) {
			return func(*exposure.Finding) (*exposure.Override, error) { return o, err }
		}
		if err := db.SetOverride(t.Context(), f.ID, give(nil, fault.ErrDenied)); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("an error ends it: %v", err)
		}
		if err := db.SetOverride(t.Context(), "0000", give(set, nil)); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("no finding: %v", err)
		}
		for range 2 { // the second time changes nothing
			if err := db.SetOverride(t.Context(), f.ID, give(set, nil)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.Finding(t.Context(), f.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(set, got.Override); diff != "" {
			t.Errorf("(-set +recorded):\n%s", diff)
		}
		events, err := db.History(t.Context(), f.ID)
		if err != nil || len(events) != 2 || events[1].Kind != exposure.Overridden {
			t.Errorf("history: %v, %v", events, err)
		}
		changes, err := db.Changes(t.Context(), 0, 10)
		if err != nil || len(changes) != 2 || changes[1].Kind != exposure.Overridden {
			t.Errorf("change log: %v, %v", changes, err)
		}
		asked := search.Filters{CompositeFilters: []search.Composite{{StringFilters: []search.StringFilter{
			{FieldName: "severity", Filter: search.StringIs{Value: "Fatal", Comparison: search.Equals}},
			{FieldName: "status", Filter: search.StringIs{Value: "Suppressed", Comparison: search.Equals}},
			{FieldName: "comment", Filter: search.StringIs{Value: "accepted", Comparison: search.Equals}},
			{FieldName: "vendor_attributes.severity", Filter: search.StringIs{Value: string(f.Severity), Comparison: search.Equals}},
		}}}}
		if p, err := db.Search(t.Context(), search.Request{Filters: asked, Limit: 10}); err != nil || len(p.Documents) != 1 {
			t.Errorf("%d findings show what was set: %v", len(p.Documents), err)
		}
	})
}

// TestWalkWhileFindingsChange walks a search page by page while findings change in
// between: what matches all the while is given, and once if its place stayed.
func TestWalkWhileFindingsChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(11, 4))
		docs := filled(t, db, random, 60)
		var ids []string
		for _, d := range docs {
			ids = append(ids, id(d))
		}
		slices.Sort(ids)
		for round, by := range [][]search.Sort{
			nil,
			{{Field: "severity", Order: search.Descending}},
			{{Field: "severity_id"}, {Field: "finding_info.modified_time_dt", Order: search.Descending}},
			{{Field: "comment", Order: search.Descending}},
			{{Field: "finding_info.title"}},
			{{Field: "severity_id", Order: search.Descending}, {Field: "finding_info.modified_time_dt", Order: search.Descending}},
		} {
			moved := map[string]bool{}
			given := map[string]int{}
			r := search.Request{Sort: by, Limit: 7, Now: storetest.Now()}
			for {
				p, err := db.Search(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range p.Documents {
					given[id(decode(t, d))]++
				}
				if p.Next == "" {
					break
				}
				r.Token = p.Next
				if len(moved) < 12 {
					changed := ids[random.IntN(len(ids))]
					moved[changed] = true
					err = db.SetOverride(t.Context(), changed, func(f *exposure.Finding) (*exposure.Override, error) { return override(random, f), nil })
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, i := range ids {
				if given[i] == 0 || given[i] > 1 && (!moved[i] || len(by) == 0) {
					t.Errorf("walk %d: %s was given %d times (it changed: %v)", round, i, given[i], moved[i])
				}
			}
		}
	})
}

func TestTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		filled(t, db, rand.New(rand.NewPCG(2, 2)), 12)
		r := search.Request{Limit: 2, Sort: []search.Sort{{Field: "severity"}}}
		first, err := db.Search(t.Context(), r)
		if err != nil || first.Next == "" {
			t.Fatalf("%v, %v", first, err)
		}
		refused := func(why string, r search.Request) {
			t.Helper()
			if _, err := db.Search(t.Context(), r); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%s: %v, want fault.ErrInvalid", why, err)
			}
		}
		for why, token := range map[string]string{"no token": "x", "not of base64": "=", "cut off": first.Next[:len(first.Next)-3], "changed": "A" + first.Next[1:]} {
			r := r
			r.Token = token
			refused(why, r)
		}
		r.Token = first.Next
		r.Limit = 5
		if _, err := db.Search(t.Context(), r); err != nil {
			t.Errorf("another size of page: %v", err)
		}
		other := r
		other.Sort = []search.Sort{{Field: "severity", Order: search.Descending}}
		refused("another order", other)
		other = r
		if err := json.Unmarshal([]byte(one), &other.Filters); err != nil {
			t.Fatal(err)
		}
		refused("other filters", other)
		other = r
		other.Scope.Accounts = []string{"111122223333"}
		refused("another scope", other)
	})
}

const one = `{"CompositeFilters":[{"StringFilters":[{"FieldName":"status","Filter":{"Value":"New","Comparison":"EQUALS"}}]}]}`

func TestScopeNarrows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		docs := filled(t, db, rand.New(rand.NewPCG(6, 2)), 30)
		text := func(d any, path string) string { return search.Texts(d, path)[0] }
		var r search.Request
		r.Limit, r.Scope.Accounts, r.Scope.Regions = 10, []string{"111122223333"}, []string{"eu-west-1", "us-east-1"}
		want := map[string]int{}
		n := 0
		for _, d := range docs {
			if text(d, "cloud.account.uid") == "111122223333" && text(d, "cloud.region") != "eu-central-1" {
				n++
				want[text(d, "severity")]++
			}
		}
		if found := walk(t.Context(), t, db.Search, r); len(found) != n || n == 0 {
			t.Errorf("%d findings, want %d", len(found), n)
		}
		groups, err := db.Statistics(t.Context(), search.GroupRequest{Rules: []search.GroupRule{{Field: "severity"}}, Scope: r.Scope, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range groups[0].Values {
			if want[v.Value] != v.Count {
				t.Errorf("%s: %d, want %d", v.Value, v.Count, want[v.Value])
			}
		}
	})
}
