package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// AddPlan adds a plan or a fleet plan; one that is there already is
// fault.ErrConflict.
func (db *DB) AddPlan(ctx context.Context, r plan.Record) error {
	n, err := db.exec(ctx, `INSERT INTO plans (kind, id, state, cluster, document) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO NOTHING`,
		r.Kind, r.ID, string(r.State), clusterOf(r), r.Document)
	return added(n, err, r.Kind, r.ID)
}

// ReplacePlan replaces one whose document still is the old one, else it is
// fault.ErrConflict.
func (db *DB) ReplacePlan(ctx context.Context, r plan.Record, old []byte) error {
	n, err := db.exec(ctx, `UPDATE plans SET state = ?, cluster = ?, document = ? WHERE kind = ? AND id = ? AND document = ?`,
		string(r.State), clusterOf(r), r.Document, r.Kind, r.ID, old)
	return replaced(n, err, r.Kind, r.ID)
}

func clusterOf(r plan.Record) string {
	if r.Cluster == (inventory.ClusterRef{}) {
		return ""
	}
	return r.Cluster.String()
}

// Plan returns the document of one; fault.ErrNotFound when there is none.
func (db *DB) Plan(ctx context.Context, kind, id string) ([]byte, error) {
	var document []byte
	err := db.row(ctx, `SELECT document FROM plans WHERE kind = ? AND id = ?`, []any{kind, id}, &document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoObject(kind, id)
	}
	return document, err
}

// Plans returns the documents that a query chooses, in order of their IDs.
func (db *DB) Plans(ctx context.Context, q plan.Query) ([][]byte, error) {
	var s selectionOf
	s.and("kind = ?", q.Kind)
	s.in("id", q.IDs)
	states, clusters := make([]string, len(q.States)), make([]string, len(q.Clusters))
	for i, state := range q.States {
		states[i] = string(state)
	}
	for i, ref := range q.Clusters {
		clusters[i] = ref.String()
	}
	s.in("state", states)
	s.in("cluster", clusters)
	return db.documentsOf(ctx, `SELECT document FROM plans`+s.where()+` ORDER BY id`, s.args...)
}

// documentsOf reads the documents that a statement selects.
func (db *DB) documentsOf(ctx context.Context, text string, args ...any) ([][]byte, error) {
	var list [][]byte
	for rows, err := range db.rows(ctx, text, args...) {
		if err != nil {
			return nil, err
		}
		var document []byte
		if err := rows.Scan(&document); err != nil {
			return nil, db.engine.translate(err)
		}
		list = append(list, document)
	}
	return list, nil
}
