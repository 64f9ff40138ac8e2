package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// FindingTrends counts open findings by the severity that is shown, at the points
// of search.Points. It sums what recording keeps for each day, account, region,
// types, status, severity and activity, so nothing is sampled; what was recorded
// before there was an index counts from its last change on.
//
// By CVE nothing is kept for days, and a filter by it is fault.ErrInvalid; nor is it
// by cluster, and a scope of clusters is fault.ErrDenied.
func (db *DB) FindingTrends(ctx context.Context, r search.TrendRequest) ([]search.FindingTrend, error) {
	points := search.Points(r.Start, r.End)
	list := make([]search.FindingTrend, len(points))
	for i, at := range points {
		list[i] = search.FindingTrend{At: at, Severities: map[string]int{}}
	}
	schema := search.FindingTrendSchema()
	err := db.trend(ctx, r, schema, findingSeries, func(document any, from int, n int) {
		severity := slices.Concat(search.Texts(document, "severity"), []string{""})[0]
		for i := from; i < len(list); i++ {
			list[i].Severities[severity] += n
		}
	})
	return list, err
}

// ResourceTrends counts resources at the points of search.Points.
func (db *DB) ResourceTrends(ctx context.Context, r search.TrendRequest) ([]search.ResourceTrend, error) {
	points := search.Points(r.Start, r.End)
	list := make([]search.ResourceTrend, len(points))
	for i, at := range points {
		list[i].At = at
	}
	err := db.trend(ctx, r, search.ResourceTrendSchema(), resourceSeries, func(_ any, from int, n int) {
		for i := from; i < len(list); i++ {
			list[i].Count += n
		}
	})
	return list, err
}

// trend gives every difference of a series that the request selects, and the first
// point that it counts for.
func (db *DB) trend(ctx context.Context, r search.TrendRequest, schema *search.Schema, field int64, add func(document any, from, n int)) error {
	if err := r.Validate(schema); err != nil {
		return err
	}
	if len(r.Scope.Clusters) > 0 {
		return fmt.Errorf("trends are kept by account and region and not by cluster, so a key that is confined to clusters sees none; "+
			"ask for statistics, which count what there is now, or use a key that is confined to accounts or regions: %w", fault.ErrDenied)
	}
	tree := r.Filters.Tree(r.End)
	if asks(tree, "finding_cve_ids") {
		return fmt.Errorf("finding_cve_ids: which vulnerabilities a finding had is not kept for earlier days; leave the filter out, "+
			"or ask for findings, which are of now, by vulnerabilities.cve.uid: %w", fault.ErrInvalid)
	}
	points := search.Points(r.Start, r.End)
	lo, hi := span(field)
	series, selected := int64(-1), false
	var document any
	text := `SELECT t.series, coalesce(w.value, w.key), t.day, t.difference FROM trend_days t JOIN words w ON w.id = t.series WHERE t.series BETWEEN ? AND ? AND t.day <= ? ORDER BY t.series, t.day`
	for rows, err := range db.rows(ctx, text, lo, hi, dayOf(r.End)) {
		var id, day, n int64
		var about string
		if err == nil {
			err = rows.Scan(&id, &about, &day, &n)
		}
		if err != nil {
			return db.engine.translate(err)
		}
		if id != series {
			series = id
			if document, err = search.Decode([]byte(about)); err != nil {
				return db.damaged(err)
			}
			selected = tree.Match(schema, document) && inTrendScope(r.Scope, schema, document)
		}
		if !selected {
			continue
		}
		from := 0
		for from < len(points) && dayOf(points[from]) < day {
			from++
		}
		add(document, from, int(n))
	}
	return nil
}

func inTrendScope(s access.Scope, schema *search.Schema, document any) bool {
	in := func(list []string, field string) bool {
		return len(list) == 0 || slices.ContainsFunc(search.Texts(document, schema.Path(field)), func(v string) bool { return slices.Contains(list, v) })
	}
	return in(s.Accounts, "account_id") && in(s.Regions, "region")
}

// asks reports whether a filter is about a field.
func asks(n search.Node, field string) bool {
	if n.Test != nil {
		return n.Test.Field == field
	}
	return slices.ContainsFunc(n.Terms, func(t search.Node) bool { return asks(t, field) })
}
