package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// ClusterRecords gives a page of the clusters in a scope, in the order asked for.
func (db *DB) ClusterRecords(ctx context.Context, scope access.Scope, q exposure.ClusterQuery) (exposure.ClusterPage, error) {
	var page exposure.ClusterPage
	s := selectClusters(scope, q)
	if q.Total {
		if err := db.row(ctx, `SELECT count(*) FROM clusters c`+s.where(), s.args, &page.Total); err != nil {
			return page, err
		}
	}
	order := clusterKeyset(q)
	var after *listPlace
	if q.After != nil {
		ref := q.After.Ref
		after = &listPlace{key: q.After.Key, ties: []any{ref.Name, ref.String()}}
		if q.Order == exposure.ClustersByPlace {
			after.ties = []any{ref.Account, ref.Region, ref.Name, ref.String()}
		}
	}
	list, last, more, err := readPage(ctx, db, order, s, after, q.Limit, func(within selectionOf, by string) string {
		return `SELECT c.cluster, c.scanned_at, c.collected_at, c.gone_at, o.overview, o.finding, p.sorted
			FROM (SELECT c.cluster, ` + order.value() + ` AS sorted FROM clusters c` + within.where() + ` ORDER BY ` + by + ` LIMIT ?) p
			JOIN clusters c ON c.cluster = p.cluster JOIN overviews o ON o.cluster = p.cluster
			ORDER BY ` + order.by(append([]string{"p.sorted"}, order.ties...)...)
	}, db.clusterRecord)
	if page.Records = list; more {
		page.Next = &exposure.ClusterPosition{Key: last, Ref: list[q.Limit-1].Cluster.Ref}
	}
	return page, err
}

// selectClusters selects what a query asks for in a scope.
func selectClusters(scope access.Scope, q exposure.ClusterQuery) selectionOf {
	s := inScope(scope, true)
	switch {
	case q.Gone:
	case q.Name != "" || len(q.Words) > 0:
		s.and("c.gone_at + 0 = 0") // of no index: a search is quicker in the table's own order
	default:
		s.and("c.gone_at = 0")
	}
	s.in("c.account", q.Accounts)
	s.in("c.region", q.Regions)
	if q.Name != "" {
		s.and("instr(c.name, ?) > 0", q.Name)
	}
	for _, word := range q.Words {
		s.and("instr(c.words, ?) > 0", word)
	}
	if q.Incomplete {
		s.and("c.missing > 0")
	}
	return s
}

// clusterKeyset gives the order of a query. Each has an index: schema/0019_lists.sql.
func clusterKeyset(q exposure.ClusterQuery) keyset {
	k := keyset{ties: []string{"c.name", "c.cluster"}, down: q.Descending}
	switch q.Order {
	case exposure.ClustersByPlace:
		k.ties = []string{"c.account", "c.region", "c.name", "c.cluster"}
	case exposure.ClustersByName:
	case exposure.ClustersByVersion:
		k.key, k.text = "c.version", true
	case exposure.ClustersByEndpoint:
		k.key = "c.open_endpoint"
	case exposure.ClustersByEncryption:
		k.key, k.text = "c.encryption", true
	case exposure.ClustersByNodes:
		k.key = "c.nodes"
	case exposure.ClustersByExposure:
		k.key = "c.severity"
	case exposure.ClustersByScan:
		k.key = "c.scanned_at"
	case exposure.ClustersByCoverage:
		k.key = "c.missing"
	}
	return k
}

func (db *DB) clusterRecord(rows *sql.Rows, order keyset) (exposure.ClusterRecord, inventory.SortKey, error) {
	var r exposure.ClusterRecord
	var sorted inventory.SortKey
	var cluster, overview, finding string
	var scanned, collected, gone int64
	if err := rows.Scan(&cluster, &scanned, &collected, &gone, &overview, &finding, order.into(&sorted)); err != nil {
		return r, sorted, db.engine.translate(err)
	}
	if err := errors.Join(json.Unmarshal([]byte(overview), &r.Overview), json.Unmarshal([]byte(finding), &r.Finding)); err != nil {
		return r, sorted, fmt.Errorf("overview of %q: %w", cluster, db.damaged(err))
	}
	r.CollectedAt, r.ScannedAt, r.GoneAt = time.Unix(0, collected).UTC(), moment(scanned), moment(gone)
	return r, sorted, nil
}

// Places gives the accounts and regions of a scope that have clusters, in their order.
func (db *DB) Places(ctx context.Context, scope access.Scope) ([]exposure.Place, error) {
	s := selectClusters(scope, exposure.ClusterQuery{})
	var list []exposure.Place
	text := `SELECT c.account, max(c.account_name), c.region, count(*) FROM clusters c` + s.where() + ` GROUP BY c.account, c.region ORDER BY c.account, c.region`
	for rows, err := range db.rows(ctx, text, s.args...) {
		if err != nil {
			return nil, err
		}
		var p exposure.Place
		if err := rows.Scan(&p.Account, &p.AccountName, &p.Region, &p.Clusters); err != nil {
			return nil, db.engine.translate(err)
		}
		list = append(list, p)
	}
	return list, nil
}

// selectionOf collects the conditions of a query.
type selectionOf struct {
	conditions []string
	args       []any
}

func (s *selectionOf) and(condition string, args ...any) {
	s.conditions, s.args = append(s.conditions, condition), append(s.args, args...)
}

// also adds a stretch of a list, and leaves the selection as it is.
func (s *selectionOf) also(part stretch) selectionOf {
	if part.condition == "" {
		return selectionOf{conditions: s.conditions, args: slices.Clone(s.args)}
	}
	return selectionOf{conditions: append(slices.Clone(s.conditions), part.condition), args: append(slices.Clone(s.args), part.args...)}
}

// in selects the rows with one of some values; no values select all.
func (s *selectionOf) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	s.and(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

func (s *selectionOf) where() string {
	if len(s.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(s.conditions, " AND ")
}
