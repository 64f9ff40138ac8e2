package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// ClusterRecords gives a page of the clusters in a scope, in their order.
func (db *DB) ClusterRecords(ctx context.Context, scope access.Scope, q exposure.ClusterQuery) ([]exposure.ClusterRecord, error) {
	var s selectionOf
	s.in("c.account", scope.Accounts)
	s.in("c.region", scope.Regions)
	s.in("c.cluster", scope.Clusters)
	s.in("c.account", q.Accounts)
	s.in("c.region", q.Regions)
	if q.Name != "" {
		s.and("instr(c.name, ?) > 0", q.Name)
	}
	if q.Incomplete {
		s.and("c.incomplete = 1")
	}
	if !q.Gone {
		s.and("c.gone_at = 0")
	}
	if q.After != (inventory.ClusterRef{}) {
		s.after(q.After)
	}
	text := `SELECT c.cluster, c.scanned_at, c.collected_at, c.gone_at, c.overview, f.seen, d.document
		FROM clusters c LEFT JOIN findings f ON f.cluster = c.cluster LEFT JOIN documents d ON d.finding = f.id` +
		s.where() + ` ORDER BY c.account, c.region, c.name, c.cluster LIMIT ?`
	var list []exposure.ClusterRecord
	for rows, err := range db.rows(ctx, text, append(s.args, q.Limit)...) {
		if err != nil {
			return nil, err
		}
		r, err := db.clusterRecord(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (db *DB) clusterRecord(rows *sql.Rows) (exposure.ClusterRecord, error) {
	var r exposure.ClusterRecord
	var cluster, overview string
	var scanned, collected, gone int64
	var seen sql.NullString
	var document []byte
	if err := rows.Scan(&cluster, &scanned, &collected, &gone, &overview, &seen, &document); err != nil {
		return r, db.engine.translate(err)
	}
	if err := json.Unmarshal([]byte(overview), &r.Overview); err != nil {
		return r, fmt.Errorf("overview of %q: %w", cluster, db.damaged(err))
	}
	r.CollectedAt, r.ScannedAt, r.GoneAt = time.Unix(0, collected).UTC(), moment(scanned), moment(gone)
	if document == nil {
		return r, nil
	}
	f, err := db.unseal(document, seen.String)
	if err != nil {
		return r, fmt.Errorf("finding of %q: %w", cluster, err)
	}
	r.Finding = &exposure.FindingBrief{ID: f.ID, Severity: f.ShownSeverity(), Status: f.ShownStatus(), Open: f.Open()}
	return r, nil
}

// selectionOf collects the conditions of a query.
type selectionOf struct {
	conditions []string
	args       []any
}

func (s *selectionOf) and(condition string, args ...any) {
	s.conditions, s.args = append(s.conditions, condition), append(s.args, args...)
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

// after selects the clusters that come after one.
func (s *selectionOf) after(ref inventory.ClusterRef) {
	s.and("(c.account, c.region, c.name, c.cluster) > (?, ?, ?, ?)", ref.Account, ref.Region, ref.Name, ref.String())
}

func (s *selectionOf) where() string {
	if len(s.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(s.conditions, " AND ")
}
