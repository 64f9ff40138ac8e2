package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/search"
)

// Statistics counts findings by the values of fields, one answer for each rule.
// What several values share is counted for each. Values of the same count are in
// the order of their texts.
//
// A rule whose filters ask for severity and status alone, or for nothing, is
// answered from the counts that recording keeps, and so is one by severity or status
// whose filters ask for one value besides, as for a trait; any other looks at all
// findings that match, once for all rules that have the same filters.
func (db *DB) Statistics(ctx context.Context, r search.GroupRequest) ([]search.Groups, error) {
	return db.statistics(ctx, db.findings, r)
}

func (db *DB) statistics(ctx context.Context, c *collection, r search.GroupRequest) ([]search.Groups, error) {
	if err := r.Validate(c.schema); err != nil {
		return nil, err
	}
	k, err := db.compiler(ctx, c)
	if err != nil {
		return nil, err
	}
	list := make([]search.Groups, len(r.Rules))
	for i, rule := range r.Rules {
		list[i] = search.Groups{Field: rule.Field, Values: []search.GroupValue{}}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, g := range groupers(k, r) {
		group.Go(func() error { return g.answer(ctx, list) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return list, nil
}

// grouper answers the rules that have the same filters.
type grouper struct {
	k       compiler
	request search.GroupRequest
	filters search.Filters
	// rules are their places in the request.
	rules []int
	where clause
}

func groupers(k compiler, r search.GroupRequest) []*grouper {
	var list []*grouper
	for i, rule := range r.Rules {
		filters := search.Filters{}
		if rule.Filters != nil {
			filters = *rule.Filters
		}
		at := slices.IndexFunc(list, func(g *grouper) bool { return reflect.DeepEqual(g.filters, filters) })
		if at < 0 {
			at, list = len(list), append(list, &grouper{k: k, request: r, filters: filters})
		}
		list[at].rules = append(list[at].rules, i)
	}
	return list
}

// answer fills in the values of the rules.
func (g *grouper) answer(ctx context.Context, list []search.Groups) error {
	tree := g.filters.Tree(g.request.Now)
	kept := g.request.Scope.Everything() && aboutLabels(tree)
	if !kept {
		var err error
		if g.where, err = g.k.where(ctx, g.filters, g.request.Scope, g.request.Now); err != nil || g.where.fixed && !g.where.holds {
			return err
		}
	}
	if g.where.fixed { // by what all have alike
		tree, kept = search.Node{}, true
	}
	labels, value := g.besides(tree)
	var shared []int
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, i := range g.rules {
		field := list[i].Field
		_, isColumn := g.k.c.columns[field]
		switch {
		case kept:
			group.Go(func() (err error) {
				list[i].Values, err = g.fromCounts(ctx, field, g.k.c.all(), tree)
				return err
			})
		case isColumn && value != 0:
			group.Go(func() (err error) {
				list[i].Values, err = g.fromCounts(ctx, field, value, labels)
				return err
			})
		case g.k.c.grouped[g.k.c.number(field)]:
			shared = append(shared, i)
		default:
			group.Go(func() (err error) {
				list[i].Values, err = g.fromItems(ctx, field)
				return err
			})
		}
	}
	if len(shared) > 0 {
		group.Go(func() error { return g.fromFacets(ctx, shared, list) })
	}
	return group.Wait()
}

// aboutLabels reports whether a filter asks for severity and status alone.
func aboutLabels(n search.Node) bool {
	if n.Test != nil {
		return slices.Contains([]string{"severity", "severity_id", "status", "status_id"}, n.Test.Field)
	}
	return !slices.ContainsFunc(n.Terms, func(t search.Node) bool { return !aboutLabels(t) })
}

// besides splits a filter of everything that asks for one counted value, and for nothing
// else but severity and status: into what it asks of those, and the value. Any other has 0.
func (g *grouper) besides(tree search.Node) (labels search.Node, value int64) {
	if !g.request.Scope.Everything() || len(g.where.values) != 1 || !g.k.c.counted[g.where.values[0]>>fieldBits] {
		return labels, 0
	}
	var tests []*search.Test
	for _, t := range conjuncts(tree) {
		switch {
		case aboutLabels(t):
			labels.Terms = append(labels.Terms, t)
		case t.Test != nil:
			tests = append(tests, t.Test)
		default:
			return labels, 0
		}
	}
	if len(tests) != 1 || len(tests[0].None) > 0 {
		return labels, 0
	}
	return labels, g.where.values[0]
}

// conjuncts are what a filter asks for all at once.
func conjuncts(n search.Node) []search.Node {
	if n.Test != nil || n.Operator == search.Or {
		return []search.Node{n}
	}
	var all []search.Node
	for _, t := range n.Terms {
		all = append(all, conjuncts(t)...)
	}
	return all
}

// labels gives the pairs of severity and status that satisfy a filter about them,
// as a condition on counts; the numbers are those of OCSF.
func (g *grouper) labels(tree search.Node) string {
	var pairs []string
	for severity, s := range severityNames() {
		for status, t := range statusNames() {
			document := map[string]any{"severity": severity, "severity_id": float64(s), "status": status, "status_id": float64(t)}
			if tree.Match(g.k.c.schema, document) {
				pairs = append(pairs, fmt.Sprintf("(c.severity = %d AND c.status = %d)", s, t))
			}
		}
	}
	slices.Sort(pairs)
	switch len(pairs) {
	case 0:
		return "FALSE"
	case len(severityNames()) * len(statusNames()):
		return "TRUE"
	}
	return "(" + strings.Join(pairs, " OR ") + ")"
}

// fromCounts answers a rule from the counts of a value; fields that are no column
// have those of all alone.
func (g *grouper) fromCounts(ctx context.Context, name string, value int64, tree search.Node) ([]search.GroupValue, error) {
	labels := g.labels(tree)
	field := g.k.c.number(name)
	lo, hi := span(field)
	switch p, isColumn := g.k.c.columns[name]; {
	case isColumn:
		return g.read(ctx, name, `SELECT c.`+p.name+`, sum(c.number) AS n FROM counts c WHERE c.value = ? AND `+labels+` GROUP BY c.`+p.name, value)
	case g.k.c.constants[name] != "":
		return g.read(ctx, name, `SELECT 0, sum(c.number) AS n FROM counts c WHERE c.value = ? AND `+labels, g.k.c.all())
	case g.k.c.counted[field]:
		return g.readWords(ctx, `SELECT c.value AS value, sum(c.number) AS n FROM counts c WHERE c.value BETWEEN ? AND ? AND `+labels+` GROUP BY c.value`, lo, hi)
	case labels == "TRUE":
		return g.readWords(ctx, `SELECT p.value AS value, count(*) AS n FROM postings p WHERE p.value BETWEEN ? AND ? GROUP BY p.value`, lo, hi)
	}
	return g.readWords(ctx, `SELECT p.value AS value, count(*) AS n FROM postings p CROSS JOIN `+g.k.c.table+` c WHERE c.number = p.item AND p.value BETWEEN ? AND ? AND `+labels+` GROUP BY p.value`, lo, hi)
}

// matching is a query for items: what a statement begins with, where the items are
// from, and what they satisfy.
type matching struct {
	with, from, text string
	args             []any
	// numbers selects the numbers of the items.
	numbers string
}

func (g *grouper) matching() matching {
	w := g.where
	m := matching{from: g.k.c.table + ` e`, text: w.text, args: w.args}
	if w.source == "" || w.candidates >= g.k.total/4 {
		m.numbers = `SELECT e.number FROM ` + m.from + ` WHERE ` + m.text
		return m
	}
	m.with, m.from = w.with()+` `, `c CROSS JOIN `+g.k.c.table+` e`
	if w.exact {
		m.text, m.args, m.numbers = `e.number = c.number`, w.sourceArgs, `SELECT number FROM c`
		return m
	}
	m.text, m.args = `e.number = c.number AND `+w.text, append(slices.Clone(w.sourceArgs), w.args...)
	m.numbers = `SELECT e.number FROM ` + m.from + ` WHERE ` + m.text
	return m
}

func (g *grouper) fromItems(ctx context.Context, name string) ([]search.GroupValue, error) {
	p, isColumn := g.k.c.columns[name]
	m := g.matching()
	switch {
	case isColumn:
		return g.read(ctx, name, m.with+`SELECT e.`+p.name+`, count(*) AS n FROM `+m.from+` WHERE `+m.text+` GROUP BY e.`+p.name, m.args...)
	case g.k.c.constants[name] != "":
		return g.read(ctx, name, m.with+`SELECT 0, count(*) AS n FROM `+m.from+` WHERE `+m.text, m.args...)
	}
	lo, hi := span(g.k.c.number(name))
	return g.readWords(ctx, m.with+`SELECT q.value AS value, count(*) AS n FROM (`+m.numbers+`) m CROSS JOIN postings q WHERE q.item = m.number AND q.value BETWEEN ? AND ? GROUP BY q.value`,
		append(slices.Clone(m.args), lo, hi)...)
}

// fromFacets answers the rules at some places of the request, by one look at each item.
func (g *grouper) fromFacets(ctx context.Context, rules []int, list []search.Groups) error {
	fields := make([]int64, len(rules))
	for n, i := range rules {
		fields[n] = g.k.c.number(list[i].Field)
	}
	m := g.matching()
	t, err := g.k.db.tally(ctx, fields, m.with+`SELECT f.words FROM (`+m.numbers+`) m CROSS JOIN `+g.k.c.facets+` f WHERE f.number = m.number`, m.args...)
	if err != nil {
		return err
	}
	ids := map[int64]bool{}
	for _, counts := range t {
		for _, id := range g.foremost(counts) {
			ids[id] = true
		}
	}
	texts, err := g.k.db.wordTexts(ctx, ids)
	if err != nil {
		return err
	}
	for n, i := range rules {
		list[i].Values = g.ordered(t[fields[n]], texts)
	}
	return nil
}

// foremost gives the words that may be among the first: those of the same count as
// the last of them too, as their texts decide.
func (g *grouper) foremost(counts map[int64]int) []int64 {
	ids := slices.SortedFunc(maps.Keys(counts), func(a, b int64) int { return g.compare(counts[a], counts[b]) })
	n := min(len(ids), g.request.Limit)
	for n > 0 && n < len(ids) && counts[ids[n]] == counts[ids[n-1]] {
		n++
	}
	return ids[:n]
}

// ordered gives the first groups of those whose words' texts are known.
func (g *grouper) ordered(counts map[int64]int, texts map[int64]wordText) []search.GroupValue {
	var ids []int64
	for id := range counts {
		if _, ok := texts[id]; ok {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b int64) int {
		return cmp.Or(g.compare(counts[a], counts[b]), strings.Compare(texts[a].key, texts[b].key))
	})
	values := []search.GroupValue{}
	for _, id := range ids[:min(len(ids), g.request.Limit)] {
		values = append(values, search.GroupValue{Value: texts[id].text, Count: counts[id]})
	}
	return values
}

// compare orders counts as the request asks.
func (g *grouper) compare(a, b int) int {
	if g.request.Order == search.Ascending {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(b, a)
}

// readWords sorts groups of words by their count, and gives the first.
func (g *grouper) readWords(ctx context.Context, groups string, args ...any) ([]search.GroupValue, error) {
	values := []search.GroupValue{}
	text := `SELECT coalesce(w.value, w.key), CAST(g.n AS BIGINT) FROM (` + groups + `) g JOIN words w ON w.id = g.value WHERE g.n > 0 ORDER BY g.n` +
		direction(g.request.Order != search.Ascending) + fmt.Sprintf(`, w.key LIMIT %d`, g.request.Limit)
	for rows, err := range g.k.db.rows(ctx, text, args...) {
		var v search.GroupValue
		if err == nil {
			err = rows.Scan(&v.Value, &v.Count)
		}
		if err != nil {
			return nil, g.k.db.engine.translate(err)
		}
		values = append(values, v)
	}
	return values, nil
}

// read sorts groups of a column's numbers, or of everything.
func (g *grouper) read(ctx context.Context, name, text string, args ...any) ([]search.GroupValue, error) {
	names := map[int64]string{0: g.k.c.constants[name]}
	if p, ok := g.k.c.columns[name]; ok {
		for name, id := range p.names() {
			names[int64(id)] = name
		}
	}
	values := []search.GroupValue{}
	for rows, err := range g.k.db.rows(ctx, `SELECT x.* FROM (`+text+`) x WHERE x.n > 0`, args...) {
		var id int64
		var v search.GroupValue
		if err == nil {
			err = rows.Scan(&id, &v.Count)
		}
		if err != nil {
			return nil, g.k.db.engine.translate(err)
		}
		v.Value = names[id]
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b search.GroupValue) int {
		return cmp.Or(g.compare(a.Count, b.Count), strings.Compare(a.Value, b.Value))
	})
	return values[:min(len(values), g.request.Limit)], nil
}
