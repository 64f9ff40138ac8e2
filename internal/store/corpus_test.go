package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/trait"
)

// scan evaluates a snapshot with the real traits.
func scan(earlier *exposure.Finding, s *inventory.Snapshot) exposure.Outcome {
	traits := trait.All()
	e := exposure.Evaluate(s, traits, exposure.DefaultPolicy())
	f, change := exposure.Correlate(earlier, e, s, traits)
	return exposure.Outcome{Cluster: s.Cluster.Ref, Evaluation: e, Finding: f, Change: change, Gaps: s.Gaps, Snapshot: s}
}

// corpus makes the outcomes of n clusters: of few accounts and regions, some with odd
// tags, some closed, some with what a person set.
func corpus(random *rand.Rand, n int) []exposure.Outcome {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	var list []exposure.Outcome
	for s := range estate.Fleet(random.Uint64(), n, 3) {
		s.Cluster.Ref.Account = pick("111122223333", "444455556666", "777788889999")
		s.Cluster.Ref.Region = pick("eu-central-1", "eu-west-1", "us-east-1")
		s.Cluster.AccountName = pick("shop", "shop-test", "Größe", "")
		s.CollectedAt = at.Add(time.Duration(random.Int64N(int64(50 * 24 * time.Hour)))).Truncate(time.Millisecond)
		s.Cluster.Tags = map[string]string{}
		for range random.IntN(4) {
			s.Cluster.Tags[pick("team", "env", "a:b", "ключ", "long")] = pick("shop", "shop floor", "50%_off", "", "\U0010FFFF", "x\x00y", strings.Repeat("ä", 700)+strconv.Itoa(random.IntN(3)), "9998-07-06T05:04:03.011Z")
		}
		if random.IntN(3) == 0 {
			s.Cluster.Version = pick("1.28", "1.30")
		}
		o := scan(nil, s)
		if o.Finding == nil {
			continue
		}
		if random.IntN(5) == 0 {
			o.Finding, o.Change = exposure.CloseGone(o.Finding, s.CollectedAt.Add(time.Hour))
		}
		if random.IntN(4) == 0 {
			o.Finding.Override = override(random, o.Finding)
		}
		list = append(list, o)
	}
	return list
}

func override(random *rand.Rand, f *exposure.Finding) *exposure.Override {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	return &exposure.Override{
		Severity: pick("", "Informational", "Fatal", "Other", "Low"), Status: exposure.Status(pick("", "Suppressed", "In Progress", "Archived", "Other")),
		Comment: pick("", "accepted", "accepted for now", "später"), By: "key", At: f.ModifiedAt, Facts: f.Facts(),
	}
}

// asker makes filters about values that documents have, and about others.
type asker struct {
	random *rand.Rand
	schema *search.Schema
	fields map[search.Kind][]string
	docs   []any
}

func newAsker(random *rand.Rand, schema *search.Schema, docs []any) asker {
	a := asker{random: random, schema: schema, docs: docs, fields: map[search.Kind][]string{}}
	for _, f := range schema.Fields() {
		kind, _ := schema.Kind(f)
		n := 1
		if slices.ContainsFunc(docs[:min(len(docs), 20)], func(d any) bool {
			return len(search.Values(d, schema.Path(f))) > 0 || len(search.Pairs(d, schema.Path(f))) > 0
		}) {
			n = 8 // fields with values are asked for more often
		}
		for range n {
			a.fields[kind] = append(a.fields[kind], f)
		}
	}
	return a
}

func (a asker) filters() search.Filters {
	f := search.Filters{CompositeOperator: a.operator()}
	for range a.random.IntN(4) {
		f.CompositeFilters = append(f.CompositeFilters, a.composite(2))
	}
	return f
}

func (a asker) operator() search.Operator {
	return []search.Operator{"", search.And, search.Or}[a.random.IntN(3)]
}

func (a asker) composite(depth int) search.Composite {
	c := search.Composite{Operator: a.operator()}
	for range 1 + a.random.IntN(3) {
		a.add(&c)
	}
	if depth > 1 && a.random.IntN(2) == 0 {
		for range 1 + a.random.IntN(2) {
			c.NestedCompositeFilters = append(c.NestedCompositeFilters, a.composite(depth-1))
		}
	}
	return c
}

func (a asker) field(k search.Kind) (string, bool) {
	list := a.fields[k]
	if len(list) == 0 {
		return "", false
	}
	return list[a.random.IntN(len(list))], true
}

func (a asker) doc() any { return a.docs[a.random.IntN(len(a.docs))] }

func (a asker) add(c *search.Composite) {
	kinds := []search.Kind{search.Text, search.Text, search.Text, search.Text, search.Map, search.Map, search.Number, search.Date, search.Boolean, search.Address}
	kind := kinds[a.random.IntN(len(kinds))]
	field, ok := a.field(kind)
	if !ok {
		return
	}
	path := a.schema.Path(field)
	switch kind {
	case search.Text:
		a.addTexts(c, field, path)
	case search.Map:
		key, value := "team", "shop"
		if pairs := search.Pairs(a.doc(), path); len(pairs) > 0 {
			p := pairs[a.random.IntN(len(pairs))]
			key, value = p.Key, a.part(p.Value)
		}
		is := []search.Comparison{search.Equals, search.NotEquals, search.Contains, search.NotContains}[a.random.IntN(4)]
		c.MapFilters = append(c.MapFilters, search.MapFilter{FieldName: field, Filter: search.MapIs{Key: key, Value: value, Comparison: is}})
	case search.Number:
		n := float64(a.random.IntN(6))
		if list := search.Numbers(a.doc(), path); len(list) > 0 {
			n = list[a.random.IntN(len(list))]
		}
		f := search.NumberFilter{FieldName: field}
		for _, to := range []**float64{&f.Filter.Gte, &f.Filter.Lte, &f.Filter.Eq, &f.Filter.Gt, &f.Filter.Lt} {
			if a.random.IntN(4) == 0 {
				*to = new(n + float64(a.random.IntN(3)-1)/2)
			}
		}
		if f.Filter == (search.NumberIs{}) {
			f.Filter.Eq = &n
		}
		c.NumberFilters = append(c.NumberFilters, f)
	case search.Date:
		c.DateFilters = append(c.DateFilters, search.DateFilter{FieldName: field, Filter: a.date(path)})
	case search.Boolean:
		f := search.BooleanFilter{FieldName: field}
		f.Filter.Value = a.random.IntN(2) == 0
		c.BooleanFilters = append(c.BooleanFilters, f)
	case search.Address:
		f := search.IPFilter{FieldName: field}
		f.Filter.Cidr = "10.0.0.0/8"
		c.IPFilters = append(c.IPFilters, f)
	}
}

func (a asker) addTexts(c *search.Composite, field, path string) {
	groups := [][]search.Comparison{
		{search.Equals},
		{search.Prefix},
		{search.Equals, search.Prefix},
		{search.NotEquals},
		{search.NotEquals, search.PrefixNotEquals},
		{search.Prefix, search.NotEquals},
		{search.Contains},
		{search.NotContains},
		{search.ContainsWord},
		{search.ContainsWord, search.NotEquals},
	}
	group := groups[a.random.IntN(len(groups))]
	for range 1 + a.random.IntN(3) {
		value := []string{"shop", "x", "Exposure", "New"}[a.random.IntN(4)]
		if list := search.Texts(a.doc(), path); len(list) > 0 {
			value = list[a.random.IntN(len(list))]
		}
		is := group[a.random.IntN(len(group))]
		if is != search.Equals && is != search.NotEquals || a.random.IntN(8) == 0 {
			value = a.part(value)
		}
		if strings.TrimSpace(value) == "" {
			value = "shop"
		}
		c.StringFilters = append(c.StringFilters, search.StringFilter{FieldName: field, Filter: search.StringIs{Value: value, Comparison: is}})
	}
}

// part cuts a value, at runes.
func (a asker) part(value string) string {
	runes := []rune(value)
	if len(runes) < 2 || a.random.IntN(4) == 0 {
		return value + strings.Repeat("x", a.random.IntN(2)*len(strings.Trim(value, " "))*0) + map[bool]string{true: "x"}[value == ""]
	}
	from := a.random.IntN(2) * a.random.IntN(len(runes)/2)
	part := string(runes[from : from+1+a.random.IntN(len(runes)-from)])
	if strings.TrimSpace(part) == "" {
		return "x"
	}
	return part
}

func (a asker) date(path string) search.DateIs {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if list := search.Times(a.doc(), path); len(list) > 0 {
		at = list[0]
	}
	switch a.random.IntN(4) {
	case 0:
		return search.DateIs{Start: at.Format(time.RFC3339Nano)}
	case 1:
		return search.DateIs{End: at.Add(time.Nanosecond).Format(time.RFC3339Nano)}
	case 2:
		return search.DateIs{Start: at.Add(-72 * time.Hour).Format(time.RFC3339), End: at.Format(time.RFC3339Nano)}
	}
	return search.DateIs{DateRange: &search.DateRange{Value: a.random.IntN(60), Unit: search.Days, Comparison: []string{"", search.Within, search.OlderThan}[a.random.IntN(3)]}}
}

func (a asker) sort() []search.Sort {
	if a.random.IntN(4) == 0 { // has a way of its own
		return []search.Sort{{Field: "severity_id", Order: []search.Order{search.Ascending, search.Descending}[a.random.IntN(2)]}}
	}
	var list []search.Sort
	for range a.random.IntN(3) {
		kind := []search.Kind{search.Text, search.Number, search.Date, search.Boolean}[a.random.IntN(4)]
		field, ok := a.field(kind)
		if !ok || slices.ContainsFunc(list, func(s search.Sort) bool { return s.Field == field }) {
			continue
		}
		list = append(list, search.Sort{Field: field, Order: []search.Order{"", search.Ascending, search.Descending}[a.random.IntN(3)]})
	}
	return list
}

// compare orders two documents as a request asks.
func compareBy(schema *search.Schema, by []search.Sort, a, b any) int {
	for _, s := range by {
		if c := s.Order.Compare(search.SortBy(schema, a, s.Field), search.SortBy(schema, b, s.Field)); c != 0 {
			return c
		}
	}
	return 0
}

func decode(t *testing.T, document []byte) any {
	t.Helper()
	d, err := search.Decode(document)
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return d
}

func id(document any) string { return fmt.Sprint(search.Values(document, "metadata.uid")...) }
