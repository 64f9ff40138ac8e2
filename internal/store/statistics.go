package store

import (
	"context"
	"fmt"
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
// of what has a value; any other looks at all findings that match.
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
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, rule := range r.Rules {
		group.Go(func() error {
			g := grouper{k: k, rule: rule, request: r}
			values, err := g.values(ctx)
			list[i] = search.Groups{Field: rule.Field, Values: values}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return list, nil
}

// grouper answers one rule.
type grouper struct {
	k       compiler
	rule    search.GroupRule
	request search.GroupRequest
}

func (g grouper) values(ctx context.Context) ([]search.GroupValue, error) {
	filters := search.Filters{}
	if g.rule.Filters != nil {
		filters = *g.rule.Filters
	}
	tree := filters.Tree(g.request.Now)
	if g.request.Scope.Everything() && aboutLabels(tree) {
		return g.fromCounts(ctx, tree)
	}
	where, err := g.k.where(ctx, filters, g.request.Scope, g.request.Now)
	if err != nil || where.fixed && !where.holds {
		return []search.GroupValue{}, err
	}
	if p, ok := g.k.c.columns[g.rule.Field]; ok && where.exact && len(where.values) == 1 && g.k.c.counted[where.values[0]>>fieldBits] {
		return g.read(ctx, `SELECT c.`+p.name+`, sum(c.number) AS n FROM counts c WHERE c.value = ? GROUP BY c.`+p.name, where.values[0])
	}
	return g.fromItems(ctx, where)
}

// aboutLabels reports whether a filter asks for severity and status alone.
func aboutLabels(n search.Node) bool {
	if n.Test != nil {
		return slices.Contains([]string{"severity", "severity_id", "status", "status_id"}, n.Test.Field)
	}
	return !slices.ContainsFunc(n.Terms, func(t search.Node) bool { return !aboutLabels(t) })
}

// labels gives the pairs of severity and status that satisfy a filter about them,
// as a condition on counts; the numbers are those of OCSF.
func (g grouper) labels(tree search.Node) string {
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

func (g grouper) fromCounts(ctx context.Context, tree search.Node) ([]search.GroupValue, error) {
	labels := g.labels(tree)
	field := g.k.c.number(g.rule.Field)
	lo, hi := span(field)
	switch p, isColumn := g.k.c.columns[g.rule.Field]; {
	case isColumn:
		return g.read(ctx, `SELECT c.`+p.name+`, sum(c.number) AS n FROM counts c WHERE c.value = ? AND `+labels+` GROUP BY c.`+p.name, g.k.c.all())
	case g.k.c.constants[g.rule.Field] != "":
		return g.read(ctx, `SELECT 0, sum(c.number) AS n FROM counts c WHERE c.value = ? AND `+labels, g.k.c.all())
	case g.k.c.counted[field]:
		return g.readWords(ctx, `SELECT c.value AS value, sum(c.number) AS n FROM counts c WHERE c.value BETWEEN ? AND ? AND `+labels+` GROUP BY c.value`, lo, hi)
	case labels == "TRUE":
		return g.readWords(ctx, `SELECT p.value AS value, count(*) AS n FROM postings p WHERE p.value BETWEEN ? AND ? GROUP BY p.value`, lo, hi)
	}
	return g.readWords(ctx, `SELECT p.value AS value, count(*) AS n FROM postings p CROSS JOIN `+g.k.c.table+` c WHERE c.number = p.item AND p.value BETWEEN ? AND ? AND `+labels+` GROUP BY p.value`, lo, hi)
}

func (g grouper) fromItems(ctx context.Context, where clause) ([]search.GroupValue, error) {
	if where.fixed {
		where.text = "TRUE"
	}
	from, args := g.k.c.table+` e`, []any{}
	with := ``
	if where.source != "" && where.candidates < g.k.total/4 {
		with, args = where.with()+` `, append(args, where.sourceArgs...)
		from, where.text = `c CROSS JOIN `+g.k.c.table+` e`, `e.number = c.number AND `+where.text
	}
	matching := `SELECT e.number FROM ` + from + ` WHERE ` + where.text
	if with != "" && where.exact {
		matching, where.args, where.text = `SELECT number FROM c`, nil, `e.number = c.number`
	}
	p, isColumn := g.k.c.columns[g.rule.Field]
	switch {
	case isColumn:
		return g.read(ctx, with+`SELECT e.`+p.name+`, count(*) AS n FROM `+from+` WHERE `+where.text+` GROUP BY e.`+p.name, append(args, where.args...)...)
	case g.k.c.constants[g.rule.Field] != "":
		return g.read(ctx, with+`SELECT 0, count(*) AS n FROM `+from+` WHERE `+where.text, append(args, where.args...)...)
	}
	lo, hi := span(g.k.c.number(g.rule.Field))
	args = append(append(args, where.args...), lo, hi)
	return g.readWords(ctx, with+`SELECT q.value AS value, count(*) AS n FROM (`+matching+`) m CROSS JOIN postings q WHERE q.item = m.number AND q.value BETWEEN ? AND ? GROUP BY q.value`, args...)
}

// readWords sorts groups of words by their count, and gives the first.
func (g grouper) readWords(ctx context.Context, groups string, args ...any) ([]search.GroupValue, error) {
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
func (g grouper) read(ctx context.Context, text string, args ...any) ([]search.GroupValue, error) {
	names := map[int64]string{0: g.k.c.constants[g.rule.Field]}
	if p, ok := g.k.c.columns[g.rule.Field]; ok {
		for name, id := range p.names() {
			names[int64(id)] = name
		}
	}
	values := []search.GroupValue{}
	for rows, err := range g.k.db.rows(ctx, `SELECT x.*  FROM (`+text+`) x WHERE x.n > 0`, args...) {
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
		if a.Count != b.Count && g.request.Order == search.Ascending {
			return a.Count - b.Count
		}
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Value, b.Value)
	})
	return values[:min(len(values), g.request.Limit)], nil
}
