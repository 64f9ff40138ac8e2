package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Record keeps the outcome of one scan of one cluster: the finding as it is now
// and, when it changed, an event in its history. All of it or nothing.
func (db *DB) Record(ctx context.Context, o exposure.Outcome) error {
	if o.Finding == nil {
		return nil
	}
	document, err := json.Marshal(o.Finding)
	if err != nil {
		return fmt.Errorf("encode the finding of %q: %w", o.Cluster, err)
	}
	compressed := db.compress(document)
	return db.change(ctx, func(tx *sql.Tx) error {
		if err := putFinding(ctx, tx, o.Finding, compressed); err != nil {
			return fmt.Errorf("record the finding of %q: %w", o.Cluster, err)
		}
		if o.Change.Kind == exposure.Unchanged || o.Change.Kind == exposure.NoFinding {
			return nil
		}
		if err := putTraits(ctx, tx, o.Finding); err != nil {
			return fmt.Errorf("record the traits of %q: %w", o.Cluster, err)
		}
		if err := putEvent(ctx, tx, o); err != nil {
			return fmt.Errorf("record the history of %q: %w", o.Cluster, err)
		}
		return nil
	})
}

func putFinding(ctx context.Context, tx *sql.Tx, f *exposure.Finding, document []byte) error {
	ref := f.Cluster.Ref
	_, err := tx.ExecContext(ctx, `
		INSERT INTO findings (id, uid, cluster, account, region, name, severity, status, activity, first_seen, last_seen, modified_at, document)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, status = excluded.status, activity = excluded.activity,
			first_seen = excluded.first_seen, last_seen = excluded.last_seen, modified_at = excluded.modified_at, document = excluded.document`,
		f.ID, f.UID, ref.String(), ref.Account, ref.Region, ref.Name, f.Severity.Rank(), string(f.Status), string(f.Activity),
		millis(f.FirstSeen), millis(f.LastSeen), millis(f.ModifiedAt), document)
	return err
}

func putTraits(ctx context.Context, tx *sql.Tx, f *exposure.Finding) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM finding_traits WHERE finding = ?`, f.ID); err != nil {
		return err
	}
	for _, t := range f.Traits {
		if _, err := tx.ExecContext(ctx, `INSERT INTO finding_traits (finding, trait, standing) VALUES (?, ?, ?)`, f.ID, t.ID, string(t.Standing)); err != nil {
			return err
		}
	}
	return nil
}

func putEvent(ctx context.Context, tx *sql.Tx, o exposure.Outcome) error {
	details, err := json.Marshal(o.Change.Details)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO events (finding, sequence, at, kind, severity, details)
		VALUES (?, (SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE finding = ?), ?, ?, ?, ?)`,
		o.Finding.ID, o.Finding.ID, millis(o.Finding.ModifiedAt), string(o.Change.Kind), o.Finding.Severity.Rank(), string(details))
	return err
}

// Earlier returns the recorded finding of a cluster, or nil when there is none.
func (db *DB) Earlier(ctx context.Context, ref inventory.ClusterRef) (*exposure.Finding, error) {
	id, _ := exposure.Identity(ref)
	found, err := db.findings(ctx, `WHERE id = ?`, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// Finding returns one finding by its ID, its UID, or its cluster's ARN or name.
// An unknown key is fault.ErrNotFound; a name that several clusters have is
// fault.ErrInvalid and the error lists their ARNs.
func (db *DB) Finding(ctx context.Context, key string) (*exposure.Finding, error) {
	found, err := db.findings(ctx, `WHERE id = ? OR uid = ? OR cluster = ? OR name = ? ORDER BY account, region`, key, key, key, key)
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no finding with ID, cluster ARN or cluster name %q; `eksposure findings list` shows all: %w", key, fault.ErrNotFound)
	case 1:
		return found[0], nil
	}
	var arns []string
	for _, f := range found {
		arns = append(arns, f.Cluster.Ref.String())
	}
	return nil, fmt.Errorf("several clusters have the name %q; name one by its ARN: %s: %w", key, strings.Join(arns, ", "), fault.ErrInvalid)
}

// Findings returns those that the query selects, most severe first, then by
// account, region and cluster name.
func (db *DB) Findings(ctx context.Context, q exposure.Query) ([]*exposure.Finding, error) {
	var where []string
	var args []any
	in := func(condition string, values []string) {
		if len(values) == 0 {
			return
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", ")
		for range strings.Count(condition, "%s") {
			for _, v := range values {
				args = append(args, v)
			}
		}
		where = append(where, strings.ReplaceAll(condition, "%s", marks))
	}
	if len(q.Severities) > 0 {
		var ranks []string
		for _, s := range q.Severities {
			ranks = append(ranks, strconv.Itoa(s.Rank()))
		}
		where = append(where, "severity IN ("+strings.Join(ranks, ", ")+")")
	}
	in("status IN (%s)", texts(q.Statuses))
	in("account IN (%s)", q.Accounts)
	in("region IN (%s)", q.Regions)
	in("(cluster IN (%s) OR name IN (%s))", q.Clusters)
	in("EXISTS (SELECT 1 FROM finding_traits t WHERE t.finding = findings.id AND t.standing = 'contributing' AND t.trait IN (%s))", q.Traits)
	if !q.Closed {
		where = append(where, "activity <> 'Close'")
	}
	tail := ""
	if len(where) > 0 {
		tail = "WHERE " + strings.Join(where, " AND ")
	}
	tail += " ORDER BY severity DESC, account, region, name, id"
	if q.Limit > 0 {
		tail += fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	return db.findings(ctx, tail, args...)
}

func texts[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// findings reads documents; tail is everything after FROM findings.
func (db *DB) findings(ctx context.Context, tail string, args ...any) ([]*exposure.Finding, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT cluster, document FROM findings `+tail, args...) //nolint:gosec // tail is made of this package's own words; values are arguments
	if err != nil {
		return nil, db.translate(err)
	}
	defer func() { _ = rows.Close() }()
	var list []*exposure.Finding
	for rows.Next() {
		var cluster string
		var document []byte
		if err := rows.Scan(&cluster, &document); err != nil {
			return nil, db.translate(err)
		}
		data, err := db.expand(document)
		if err != nil {
			return nil, fmt.Errorf("finding of %q: %w", cluster, err)
		}
		var f exposure.Finding
		if err := json.Unmarshal(data, &f); err != nil {
			return nil, fmt.Errorf("finding of %q in database %q is damaged: %w: %w", cluster, db.path, err, fault.ErrInvalid)
		}
		list = append(list, &f)
	}
	return list, db.translate(rows.Err())
}

// OpenClusters lists the clusters that have an open finding, ordered.
func (db *DB) OpenClusters(ctx context.Context) ([]inventory.ClusterRef, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT cluster FROM findings WHERE activity <> 'Close' ORDER BY account, region, name`)
	if err != nil {
		return nil, db.translate(err)
	}
	defer func() { _ = rows.Close() }()
	var refs []inventory.ClusterRef
	for rows.Next() {
		var arn string
		if err := rows.Scan(&arn); err != nil {
			return nil, db.translate(err)
		}
		ref, err := inventory.ParseClusterRef(arn)
		if err != nil {
			return nil, fmt.Errorf("database %q: %w", db.path, err)
		}
		refs = append(refs, ref)
	}
	return refs, db.translate(rows.Err())
}

// History returns the events of a finding, oldest first. A finding with no
// events, or none of that ID, gives an empty list.
func (db *DB) History(ctx context.Context, id string) ([]exposure.Event, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT at, kind, severity, details FROM events WHERE finding = ? ORDER BY sequence`, id)
	if err != nil {
		return nil, db.translate(err)
	}
	defer func() { _ = rows.Close() }()
	var events []exposure.Event
	for rows.Next() {
		var at int64
		var rank int
		var kind, details string
		if err := rows.Scan(&at, &kind, &rank, &details); err != nil {
			return nil, db.translate(err)
		}
		e := exposure.Event{At: time.UnixMilli(at).UTC(), Severity: severityOf(rank), Change: exposure.Change{Kind: exposure.ChangeKind(kind)}}
		if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
			return nil, errors.Join(fmt.Errorf("history of %q in database %q is damaged: %w", id, db.path, fault.ErrInvalid), err)
		}
		events = append(events, e)
	}
	return events, db.translate(rows.Err())
}

func severityOf(rank int) exposure.Severity {
	for _, s := range exposure.Severities() {
		if s.Rank() == rank {
			return s
		}
	}
	return exposure.Resolved
}
