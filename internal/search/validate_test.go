package search_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

func TestValidate(t *testing.T) {
	many := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	filter := func(kind, field, filter string) string {
		return `{"CompositeFilters":[{"` + kind + `":[{"FieldName":"` + field + `","Filter":` + filter + `}]}]}`
	}
	for _, test := range []struct {
		why, filters string
		use          search.Use
		place        string // empty: valid
	}{
		{why: "ten composites", filters: `{"CompositeFilters":[` + many(10, `{}`) + `]}`},
		{why: "eleven composites", filters: `{"CompositeFilters":[` + many(11, `{}`) + `]}`, place: "Filters.CompositeFilters"},
		{why: "three layers", filters: `{"CompositeFilters":[{"NestedCompositeFilters":[{` + texts("status EQUALS New") + `}]}]}`},
		{why: "four layers", filters: `{"CompositeFilters":[{"NestedCompositeFilters":[{"NestedCompositeFilters":[{}]}]}]}`, place: "Filters.CompositeFilters[0].NestedCompositeFilters[0].NestedCompositeFilters"},
		{why: "twenty of a kind", filters: one(strings.TrimSuffix(strings.Repeat("status EQUALS New; ", 20), "; "))},
		{why: "twenty-one of a kind", filters: one(strings.TrimSuffix(strings.Repeat("status EQUALS New; ", 21), "; ")), place: "Filters.CompositeFilters[0].StringFilters"},
		{why: "another operator", filters: `{"CompositeOperator":"XOR"}`, place: "Filters.CompositeOperator"},
		{why: "another operator inside", filters: `{"CompositeFilters":[{"Operator":"and"}]}`, place: "Filters.CompositeFilters[0].Operator"},
		{why: "unknown field", filters: one("no.such EQUALS x"), place: "Filters.CompositeFilters[0].StringFilters[0].FieldName"},
		{why: "documented elsewhere", filters: one("metadata.product.feature.uid EQUALS security-hub/Exposure")},
		{why: "field of another kind", filters: one("severity_id EQUALS 5"), place: "Filters.CompositeFilters[0].StringFilters[0].FieldName"},
		{why: "blank value", filters: one("status EQUALS  "), place: "Filters.CompositeFilters[0].StringFilters[0].Filter.Value"},
		{why: "NUL", filters: one(`status EQUALS a\u0000`), place: "Filters.CompositeFilters[0].StringFilters[0].Filter.Value"},
		{why: "no comparison", filters: filter("StringFilters", "status", `{"Value":"New"}`), place: "Filters.CompositeFilters[0].StringFilters[0].Filter.Comparison"},
		{why: "CONTAINS with NOT_CONTAINS", filters: one("status CONTAINS a; status NOT_CONTAINS b"), place: "Filters.CompositeFilters[0].StringFilters[1].Filter.Comparison"},
		{why: "CONTAINS with EQUALS", filters: one("status EQUALS a; status CONTAINS b"), place: "Filters.CompositeFilters[0].StringFilters[1].Filter.Comparison"},
		{why: "CONTAINS with CONTAINS", filters: one("status CONTAINS a; status CONTAINS b")},
		{why: "on two fields", filters: one("status CONTAINS a; severity NOT_CONTAINS b")},
		{why: "EQUALS with NOT_EQUALS", filters: one("status EQUALS a; status NOT_EQUALS b"), place: "Filters.CompositeFilters[0].StringFilters[1].Filter.Comparison"},
		{why: "PREFIX_NOT_EQUALS with EQUALS", filters: one("status PREFIX_NOT_EQUALS a; status EQUALS b"), place: "Filters.CompositeFilters[0].StringFilters[1].Filter.Comparison"},
		{why: "PREFIX with exclusions", filters: one("status PREFIX a; status NOT_EQUALS ab; status PREFIX_NOT_EQUALS ac")},
		{why: "a word in a search", filters: one("status CONTAINS_WORD a")},
		{why: "a word in a rule", filters: one("status CONTAINS_WORD a"), use: search.Ruling, place: "Filters.CompositeFilters[0].StringFilters[0].Filter.Comparison"},
		{why: "a map by prefix", filters: filter("MapFilters", "resources.tags", `{"Key":"a","Value":"b","Comparison":"PREFIX"}`), place: "Filters.CompositeFilters[0].MapFilters[0].Filter.Comparison"},
		{why: "a map with no key", filters: filter("MapFilters", "resources.tags", `{"Value":"b","Comparison":"EQUALS"}`), place: "Filters.CompositeFilters[0].MapFilters[0].Filter.Key"},
		{why: "EQUALS with NOT_EQUALS on one key", filters: `{"CompositeFilters":[{"MapFilters":[
			{"FieldName":"resources.tags","Filter":{"Key":"a","Value":"b","Comparison":"EQUALS"}},
			{"FieldName":"resources.tags","Filter":{"Key":"a","Value":"c","Comparison":"NOT_EQUALS"}}]}]}`, place: "Filters.CompositeFilters[0].MapFilters[1].Filter.Comparison"},
		{why: "EQUALS and NOT_EQUALS on two keys", filters: `{"CompositeFilters":[{"MapFilters":[
			{"FieldName":"resources.tags","Filter":{"Key":"a","Value":"b","Comparison":"EQUALS"}},
			{"FieldName":"resources.tags","Filter":{"Key":"b","Value":"c","Comparison":"NOT_EQUALS"}}]}]}`},
		{why: "a number with no bound", filters: filter("NumberFilters", "severity_id", `{}`), place: "Filters.CompositeFilters[0].NumberFilters[0].Filter"},
		{why: "a date with nothing", filters: filter("DateFilters", "finding_info.created_time_dt", `{}`), place: "Filters.CompositeFilters[0].DateFilters[0].Filter"},
		{why: "no date", filters: filter("DateFilters", "finding_info.created_time_dt", `{"Start":"yesterday"}`), place: "Filters.CompositeFilters[0].DateFilters[0].Filter.Start"},
		{why: "window and range", filters: filter("DateFilters", "finding_info.created_time_dt", `{"Start":"2026-01-01","DateRange":{"Value":1,"Unit":"DAYS"}}`), place: "Filters.CompositeFilters[0].DateFilters[0].Filter"},
		{why: "weeks", filters: filter("DateFilters", "finding_info.created_time_dt", `{"DateRange":{"Value":1,"Unit":"WEEKS"}}`), place: "Filters.CompositeFilters[0].DateFilters[0].Filter.DateRange.Unit"},
		{why: "a negative age", filters: filter("DateFilters", "finding_info.created_time_dt", `{"DateRange":{"Value":-1,"Unit":"DAYS"}}`), place: "Filters.CompositeFilters[0].DateFilters[0].Filter.DateRange.Value"},
		{why: "no block", filters: filter("IpFilters", "evidences.src_endpoint.ip", `{"Cidr":"10.0.0.0/99"}`), place: "Filters.CompositeFilters[0].IpFilters[0].Filter.Cidr"},
	} {
		use := test.use
		if use == "" {
			use = search.Searching
		}
		f := parse(t, test.filters)
		err := f.Validate(search.FindingSchema(), use)
		switch {
		case test.place == "" && err != nil:
			t.Errorf("%s: %v", test.why, err)
		case test.place != "" && !errors.Is(err, fault.ErrInvalid):
			t.Errorf("%s: %v, want fault.ErrInvalid", test.why, err)
		case test.place != "" && !strings.HasPrefix(err.Error(), test.place+": "):
			t.Errorf("%s: %q does not name %s", test.why, err, test.place)
		}
	}
}

func TestValidateRequests(t *testing.T) {
	s := search.FindingSchema()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for why, err := range map[string]error{
		"page of 0":         search.Request{}.Validate(s, search.Searching),
		"page of 101":       search.Request{Limit: 101}.Validate(s, search.Searching),
		"order by nothing":  search.ValidateSort(s, []search.Sort{{Field: "no.such"}}),
		"order by a map":    search.ValidateSort(s, []search.Sort{{Field: "resources.tags"}}),
		"order given twice": search.ValidateSort(s, []search.Sort{{Field: "status"}, {Field: "status", Order: "desc"}}),
		"another order":     search.ValidateSort(s, []search.Sort{{Field: "status", Order: "DESC"}}),
		"no rule":           search.GroupRequest{Limit: 1}.Validate(s),
		"six rules":         search.GroupRequest{Limit: 1, Rules: make([]search.GroupRule, 6)}.Validate(s),
		"no group":          search.GroupRequest{Limit: 1, Rules: []search.GroupRule{{Field: "comment"}}}.Validate(s),
		"401 groups":        search.GroupRequest{Limit: 401, Rules: []search.GroupRule{{Field: "status"}}}.Validate(s),
		"no span":           search.TrendRequest{}.Validate(search.FindingTrendSchema()),
		"a span backwards":  search.TrendRequest{Start: at, End: at.Add(-1)}.Validate(search.FindingTrendSchema()),
		"ten years":         search.TrendRequest{Start: at, End: at.AddDate(10, 0, 0)}.Validate(search.FindingTrendSchema()),
	} {
		if !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v, want fault.ErrInvalid", why, err)
		}
	}
	if err := search.ValidateSort(s, []search.Sort{{Field: "severity_id", Order: "desc"}, {Field: "resources.uid"}}); err != nil {
		t.Error(err)
	}
}

// FuzzFilters looks for filters that are valid and cannot be answered.
func FuzzFilters(f *testing.F) {
	f.Add(one("status EQUALS New; cloud.region CONTAINS_WORD eu"))
	f.Add(`{"CompositeFilters":[{"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"DateRange":{"Value":1,"Unit":"DAYS"}}}],"NestedCompositeFilters":[{}]}]}`)
	f.Add(`{"CompositeFilters":[{"IpFilters":[{"FieldName":"evidences.src_endpoint.ip","Filter":{"Cidr":"fe80::1%eth0/64"}}],"NumberFilters":[{"FieldName":"severity_id","Filter":{"Eq":1e300}}]}]}`)
	doc, err := search.Decode([]byte(document))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var filters search.Filters
		if json.Unmarshal([]byte(text), &filters) != nil {
			return
		}
		if err := filters.Validate(search.FindingSchema(), search.Searching); err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%v is not fault.ErrInvalid", err)
			}
			return
		}
		all := search.Filters{CompositeFilters: filters.CompositeFilters}
		if all.Match(search.FindingSchema(), doc, now) && len(filters.CompositeFilters) > 0 {
			all.CompositeOperator = search.Or
			if !all.Match(search.FindingSchema(), doc, now) {
				t.Errorf("all composites hold, and not one of them: %s", text)
			}
		}
	})
}
