package store_test

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// documents are decoded documents, by their bytes.
type documents map[string]any

func (d documents) list() []any {
	var list []any
	for _, text := range slices.Sorted(maps.Keys(d)) {
		list = append(list, d[text])
	}
	return list
}

// filled records a corpus, and gives the documents of all of it.
func filled(t *testing.T, db *store.DB, random *rand.Rand, n int) documents {
	t.Helper()
	list := corpus(random, n)
	for part := range slices.Chunk(list, 50) {
		if err := db.RecordAll(t.Context(), part); err != nil {
			t.Fatal(err)
		}
	}
	docs := documents{}
	for _, o := range list {
		text, err := db.Document(t.Context(), o.Finding.ID)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(ocsf.Finding(o.Finding, ocsf.Options{ProcessedAt: storetest.Now()}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(text)); diff != "" {
			t.Fatalf("the document is not the finding's (-want +got):\n%s", diff)
		}
		docs[string(text)] = decode(t, text)
	}
	return docs
}

// walk gives all documents of a search, page by page.
func walk(ctx context.Context, t *testing.T, ask func(context.Context, search.Request) (search.Page, error), r search.Request) []string {
	t.Helper()
	var list []string
	for {
		p, err := ask(ctx, r)
		if err != nil {
			text, _ := json.Marshal([]any{r.Filters, r.Sort})
			t.Fatalf("%v\n%s", err, text)
		}
		for _, d := range p.Documents {
			list = append(list, string(d))
		}
		if len(p.Documents) > r.Limit {
			t.Fatalf("a page of %d documents, at most %d", len(p.Documents), r.Limit)
		}
		if p.Next == "" {
			return list
		}
		r.Token = p.Next
	}
}

// TestSearchConforms asks generated filters, and compares the answers of each
// engine with those of the plain evaluator: what matches, its order, and counts.
func TestSearchConforms(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(1, 2))
		docs := filled(t, db, random, 60)
		a := newAsker(random, search.FindingSchema(), docs.list())
		matched := 0
		for range 60 {
			matched += conforms(t, db, docs, search.Request{Filters: a.filters(), Sort: a.sort(), Limit: 1 + random.IntN(100), Now: storetest.Now()})
			countsConform(t, db.Statistics, a)
		}
		t.Logf("%d documents, %d hits", len(docs), matched)
	})
}

func conforms(t *testing.T, db *store.DB, docs documents, r search.Request) int {
	t.Helper()
	if err := r.Validate(search.FindingSchema(), search.Searching); err != nil {
		return 0 // comparisons that cannot stand together
	}
	text, _ := json.Marshal([]any{r.Filters, r.Sort})
	var want []string
	for _, d := range docs {
		if r.Filters.Match(search.FindingSchema(), d, r.Now) {
			want = append(want, id(d))
		}
	}
	found := walk(t.Context(), t, db.Search, r)
	for i := 1; i < len(found); i++ {
		if compareBy(search.FindingSchema(), r.Sort, docs[found[i-1]], docs[found[i]]) > 0 {
			t.Fatalf("%s comes before %s\n%s", id(docs[found[i-1]]), id(docs[found[i]]), text)
		}
	}
	var got []string
	for _, d := range found {
		got = append(got, id(docs[d]))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s\n(-evaluator +SQL):\n%s", text, diff)
	}
	return len(got)
}

// statistics is what counts one collection.
type statistics func(context.Context, search.GroupRequest) ([]search.Groups, error)

// countsConform asks for several groups, of which some have the same filters, of all
// that there is or of a scope.
func countsConform(t *testing.T, ask statistics, a asker) {
	t.Helper()
	groups := a.schema.Groups()
	list := []*search.Filters{nil, new(a.filters()), new(a.filters())}
	if slices.Contains(groups, "status") { // what is answered from the counts
		list = append(list, &search.Filters{CompositeFilters: []search.Composite{{StringFilters: []search.StringFilter{{FieldName: "status", Filter: search.StringIs{Value: "N", Comparison: search.Prefix}}}}}})
	}
	r := search.GroupRequest{Now: storetest.Now(), Order: []search.Order{"", search.Ascending, search.Descending}[a.random.IntN(3)], Limit: 1 + a.random.IntN(30)}
	if a.random.IntN(3) == 0 {
		r.Scope.Accounts = []string{"111122223333"}
	}
	for range 1 + a.random.IntN(search.MaxRules) {
		r.Rules = append(r.Rules, search.GroupRule{Field: groups[a.random.IntN(len(groups))], Filters: list[a.random.IntN(len(list))]})
	}
	if r.Validate(a.schema) != nil {
		return // comparisons that cannot stand together
	}
	counted(t, ask, a.schema, a.docs, r)
}

func counted(t *testing.T, ask statistics, schema *search.Schema, docs []any, r search.GroupRequest) {
	t.Helper()
	got, err := ask(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(recount(schema, docs, r), got); diff != "" {
		text, _ := json.Marshal([]any{r.Rules, r.Scope})
		t.Fatalf("%s\n(-evaluator +SQL):\n%s", text, diff)
	}
}

// TestStatisticsOfTraits counts what has a trait, with and without a condition on
// severity and status, as the counts have it; and with more, as the findings do.
func TestStatisticsOfTraits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		docs := filled(t, db, rand.New(rand.NewPCG(3, 5)), 80)
		is := func(field, value string) search.StringFilter {
			return search.StringFilter{FieldName: field, Filter: search.StringIs{Value: value, Comparison: search.Equals}}
		}
		met := map[search.Pair]bool{}
		for _, d := range docs.list() {
			for _, p := range search.Pairs(d, "finding_info.tags") {
				met[p] = true
			}
		}
		if len(met) < 3 {
			t.Fatalf("%d traits", len(met))
		}
		for p := range met {
			tag := []search.MapFilter{{FieldName: "finding_info.tags", Filter: search.MapIs{Key: p.Key, Value: p.Value, Comparison: search.Equals}}}
			for _, f := range []search.Filters{
				{CompositeFilters: []search.Composite{{MapFilters: tag}}},
				{CompositeFilters: []search.Composite{{MapFilters: tag, StringFilters: []search.StringFilter{is("status", "New"), is("status", "In Progress")}, Operator: search.And}}},
				{CompositeFilters: []search.Composite{{MapFilters: tag, StringFilters: []search.StringFilter{is("status", "New")}, Operator: search.Or}}},
				{CompositeFilters: []search.Composite{{MapFilters: tag}, {StringFilters: []search.StringFilter{is("severity", "Critical"), is("status", "New")}, Operator: search.Or}}, CompositeOperator: search.And},
				{CompositeFilters: []search.Composite{{MapFilters: tag}, {StringFilters: []search.StringFilter{is("cloud.region", "us-east-1")}}}, CompositeOperator: search.And},
			} {
				rules := []search.GroupRule{{Field: "severity", Filters: &f}, {Field: "status", Filters: &f}, {Field: "cloud.account.uid", Filters: &f}}
				for _, scope := range []access.Scope{{}, {Accounts: []string{"111122223333"}}} {
					counted(t, db.Statistics, search.FindingSchema(), docs.list(), search.GroupRequest{Rules: rules, Scope: scope, Now: storetest.Now(), Limit: 30})
				}
			}
		}
	})
}

// TestSearchOfValues asks for what has a value, as people do most: most or least
// severe first, in short pages, alone or with one more condition.
func TestSearchOfValues(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		docs := filled(t, db, rand.New(rand.NewPCG(3, 4)), 120)
		is := func(field, value string) search.StringFilter {
			return search.StringFilter{FieldName: field, Filter: search.StringIs{Value: value, Comparison: search.Equals}}
		}
		for _, field := range []string{"cloud.account.uid", "cloud.region", "finding_info.related_events.traits.category"} {
			var values []search.StringFilter
			for _, d := range docs.list() {
				for _, v := range search.Texts(d, field) {
					if !slices.Contains(values, is(field, v)) && len(values) < 5 {
						values = append(values, is(field, v))
					}
				}
			}
			if len(values) < 2 {
				t.Fatalf("%d values of %s", len(values), field)
			}
			for _, f := range []search.Filters{
				{CompositeFilters: []search.Composite{{StringFilters: values[:1]}}},
				{CompositeFilters: []search.Composite{{StringFilters: values, Operator: search.Or}}},
				{CompositeFilters: []search.Composite{{StringFilters: append([]search.StringFilter{is("status", "New")}, values[0]), Operator: search.And}}},
				{CompositeFilters: []search.Composite{{StringFilters: []search.StringFilter{is("status", "New")}}, {StringFilters: values[:2], Operator: search.Or}}, CompositeOperator: search.And},
			} {
				for _, order := range []search.Order{search.Ascending, search.Descending} {
					conforms(t, db, docs, search.Request{Filters: f, Sort: []search.Sort{{Field: "severity_id", Order: order}}, Limit: 3, Now: storetest.Now()})
				}
				counted(t, db.Statistics, search.FindingSchema(), docs.list(), search.GroupRequest{Rules: []search.GroupRule{{Field: "severity", Filters: &f}, {Field: "status", Filters: &f}}, Now: storetest.Now(), Limit: 30})
			}
		}
	})
}

func recount(schema *search.Schema, docs []any, r search.GroupRequest) []search.Groups {
	account := "cloud.account.uid"
	if schema == search.ResourceSchema() {
		account = "AccountId"
	}
	docs = slices.DeleteFunc(slices.Clone(docs), func(d any) bool {
		return len(r.Scope.Accounts) > 0 && !slices.Contains(r.Scope.Accounts, search.Texts(d, account)[0])
	})
	var list []search.Groups
	for _, rule := range r.Rules {
		counts := map[string]int{}
		for _, d := range docs {
			if rule.Filters != nil && !rule.Filters.Match(schema, d, r.Now) {
				continue
			}
			for _, v := range search.Texts(d, schema.Path(rule.Field)) {
				counts[v]++
			}
		}
		values := []search.GroupValue{}
		for v, n := range counts {
			values = append(values, search.GroupValue{Value: v, Count: n})
		}
		slices.SortFunc(values, func(a, b search.GroupValue) int {
			if a.Count != b.Count && r.Order == search.Ascending {
				return a.Count - b.Count
			}
			if a.Count != b.Count {
				return b.Count - a.Count
			}
			return strings.Compare(search.SortKey(a.Value), search.SortKey(b.Value))
		})
		list = append(list, search.Groups{Field: rule.Field, Values: values[:min(len(values), r.Limit)]})
	}
	return list
}

// TestSeenMovesWithoutWriting scans again with nothing new.
func TestSeenMovesWithoutWriting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(5, 5))
		o := corpus(random, 40)[0]
		for o.Finding == nil || !o.Finding.Open() || o.Finding.Override != nil {
			o = corpus(random, 40)[0]
		}
		if err := db.Record(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o.Snapshot.CollectedAt = o.Snapshot.CollectedAt.Add(36 * time.Hour)
		again := scan(o.Finding, o.Snapshot)
		if again.Change.Kind != exposure.Unchanged {
			t.Fatalf("the second scan is %s", again.Change.Kind)
		}
		if err := db.Record(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		got, err := db.Document(t.Context(), o.Finding.ID)
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := db.Finding(t.Context(), o.Finding.ID)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(ocsf.Finding(recorded, ocsf.Options{ProcessedAt: storetest.Now()}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("(-finding +document):\n%s", diff)
		}
		r := search.Request{Limit: 10, Now: storetest.Now(), Filters: search.Filters{CompositeFilters: []search.Composite{{DateFilters: []search.DateFilter{{
			FieldName: "finding_info.last_seen_time_dt", Filter: search.DateIs{Start: again.Finding.LastSeen.Format(time.RFC3339Nano)},
		}}}}}}
		if p, err := db.Search(t.Context(), r); err != nil || len(p.Documents) != 1 {
			t.Errorf("%d findings were seen by the second scan, %v", len(p.Documents), err)
		}
	})
}

// FuzzSearch compares searches of filters in the API's JSON with the plain evaluator.
func FuzzSearch(f *testing.F) {
	f.Add(`{"CompositeFilters":[{"StringFilters":[{"FieldName":"finding_info.title","Filter":{"Value":"EKS","Comparison":"CONTAINS_WORD"}}]}]}`)
	f.Add(`{"CompositeOperator":"OR","CompositeFilters":[{"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"team","Value":"50%_","Comparison":"CONTAINS"}}]},
		{"NestedCompositeFilters":[{"Operator":"OR","StringFilters":[{"FieldName":"resources.uid","Filter":{"Value":"arn:","Comparison":"PREFIX"}},{"FieldName":"resources.uid","Filter":{"Value":"'","Comparison":"NOT_EQUALS"}}]}]}]}`)
	f.Add(`{"CompositeFilters":[{"NumberFilters":[{"FieldName":"severity_id","Filter":{"Gte":-1e300,"Lt":4.5}}],"DateFilters":[{"FieldName":"finding_info.last_seen_time_dt","Filter":{"End":"9999-12-31T23:59:59Z"}}]}]}`)
	f.Add(`{"CompositeFilters":[{"StringFilters":[{"FieldName":"comment","Filter":{"Value":"\udbff\udfff","Comparison":"PREFIX"}},{"FieldName":"metadata.uid","Filter":{"Value":"\u00e4\\","Comparison":"CONTAINS_WORD"}}],"Operator":"OR"}]}`)
	db := storetest.Open(f, storetest.SQLiteFile(f))
	list := corpus(rand.New(rand.NewPCG(4, 4)), 25)
	if err := db.RecordAll(f.Context(), list); err != nil {
		f.Fatal(err)
	}
	docs := map[string]any{}
	for _, o := range list {
		text, err := db.Document(f.Context(), o.Finding.ID)
		if err != nil {
			f.Fatal(err)
		}
		if docs[o.Finding.ID], err = search.Decode(text); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := search.Request{Limit: 100, Now: storetest.Now()}
		if json.Unmarshal([]byte(text), &r.Filters) != nil || r.Validate(search.FindingSchema(), search.Searching) != nil {
			return
		}
		p, err := db.Search(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want := 0
		for _, d := range docs {
			if r.Filters.Match(search.FindingSchema(), d, r.Now) {
				want++
			}
		}
		if len(p.Documents) != want {
			t.Errorf("%s: %d findings, the evaluator has %d", text, len(p.Documents), want)
		}
	})
}
