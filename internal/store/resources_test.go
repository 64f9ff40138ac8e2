package store_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// TestResourcesConform compares searches of the inventory with the plain evaluator.
func TestResourcesConform(t *testing.T) {
	schema := search.ResourceSchema()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		random := rand.New(rand.NewPCG(21, 1))
		filled(t, db, random, 25)
		docs := documents{}
		for _, text := range walk(t.Context(), t, db.SearchResources, search.Request{Limit: 100}) {
			docs[text] = decode(t, []byte(text))
		}
		if len(docs) < 100 {
			t.Fatalf("only %d resources", len(docs))
		}
		a := newAsker(random, schema, docs.list())
		for range 80 {
			r := search.Request{Filters: a.filters(), Sort: a.sort(), Limit: 100, Now: storetest.Now()}
			if r.Validate(schema, search.Searching) != nil {
				continue
			}
			var want []string
			for text, d := range docs {
				if r.Filters.Match(schema, d, r.Now) {
					want = append(want, text)
				}
			}
			got := walk(t.Context(), t, db.SearchResources, r)
			for i := 1; i < len(got); i++ {
				if compareBy(schema, r.Sort, docs[got[i-1]], docs[got[i]]) > 0 {
					t.Fatalf("wrong order by %v", r.Sort)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				text, _ := json.Marshal(r.Filters)
				t.Fatalf("%s\n(-evaluator +SQL):\n%s", text, diff)
			}
		}
		for range 40 {
			countsConform(t, db.ResourceStatistics, a)
		}
	})
}

// TestResourcesFollowTheirFinding sets, and closes, and looks at the summaries.
func TestResourcesFollowTheirFinding(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		o := corpus(rand.New(rand.NewPCG(5, 5)), 1)[0]
		o.Finding.Override = nil
		if err := db.Record(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		fatal := func(want int) {
			t.Helper()
			var f search.Filters
			filters := `{"CompositeFilters":[{"NumberFilters":[{"FieldName":"FindingsSummary.Severities.Fatal","Filter":{"Eq":1}}],
				"StringFilters":[{"FieldName":"ResourceType","Filter":{"Value":"AWS::EKS::Cluster","Comparison":"EQUALS"}}]}]}`
			if err := json.Unmarshal([]byte(filters), &f); err != nil {
				t.Fatal(err)
			}
			if p, err := db.SearchResources(t.Context(), search.Request{Filters: f, Limit: 10}); err != nil || len(p.Documents) != want {
				t.Errorf("%d clusters are in a fatal finding, want %d: %v", len(p.Documents), want, err)
			}
		}
		fatal(0)
		err := db.SetOverride(t.Context(), o.Finding.ID, func(f *exposure.Finding) (*exposure.Override, error) {
			return &exposure.Override{Severity: "Fatal", By: "key", At: storetest.Now(), Facts: f.Facts()}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		fatal(1)
		trend := search.TrendRequest{Start: storetest.Now().AddDate(0, 0, -90), End: storetest.Now()}
		before, err := db.ResourceTrends(t.Context(), trend)
		if err != nil {
			t.Fatal(err)
		}
		if n := before[len(before)-1].Count; n < 3 {
			t.Errorf("%d resources are counted", n)
		}
		f, change := exposure.CloseGone(o.Finding, storetest.Now())
		if err := db.Record(t.Context(), exposure.Outcome{Cluster: o.Cluster, Finding: f, Change: change}); err != nil {
			t.Fatal(err)
		}
		if p, err := db.SearchResources(t.Context(), search.Request{Limit: 10}); err != nil || len(p.Documents) != 0 {
			t.Errorf("a cluster that is gone has %d resources: %v", len(p.Documents), err)
		}
		after, err := db.ResourceTrends(t.Context(), search.TrendRequest{Start: storetest.Now(), End: storetest.Now().Add(time.Hour)})
		if err != nil || after[0].Count != 0 {
			t.Errorf("trend: %v, %v", after, err)
		}
	})
}

// TestFindingTrends counts open findings by day, severity and account.
func TestFindingTrends(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		list := corpus(rand.New(rand.NewPCG(8, 3)), 40)
		for i := range list {
			list[i].Finding.Override = nil
		}
		if err := db.RecordAll(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		r := search.TrendRequest{Start: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
		if err := json.Unmarshal([]byte(`{"CompositeFilters":[{"StringFilters":[{"FieldName":"account_id","Filter":{"Value":"1","Comparison":"PREFIX"}}]}]}`), &r.Filters); err != nil {
			t.Fatal(err)
		}
		got, err := db.FindingTrends(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, point := range got {
			want := map[string]int{}
			for _, o := range list {
				end := point.At.AddDate(0, 0, 1)
				if f := o.Finding; f.Open() && f.ModifiedAt.Before(end) && o.Cluster.Account == "111122223333" {
					want[string(f.Severity)]++
				}
			}
			if diff := cmp.Diff(want, point.Severities); diff != "" {
				t.Errorf("%s (-want +got):\n%s", point.At, diff)
			}
		}
	})
}
