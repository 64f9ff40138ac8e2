package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Schedule adds clusters to the schedule, to be scanned at a time. Those that are
// there stay as they are.
func (db *DB) Schedule(ctx context.Context, refs []inventory.ClusterRef, at time.Time) error {
	return db.change(ctx, func(t tx) error {
		for _, ref := range refs {
			if _, err := t.exec(ctx, `INSERT INTO schedule (cluster, account, region, next_at) VALUES (?, ?, ?, ?) ON CONFLICT (cluster) DO NOTHING`,
				ref.String(), ref.Account, ref.Region, millis(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ScheduleBy moves the next scans that lie after a time to that time.
func (db *DB) ScheduleBy(ctx context.Context, latest time.Time) error {
	_, err := db.exec(ctx, `UPDATE schedule SET next_at = ? WHERE next_at > ?`, millis(latest), millis(latest))
	return err
}

// Unschedule removes clusters from the schedule.
func (db *DB) Unschedule(ctx context.Context, refs []inventory.ClusterRef) error {
	return db.change(ctx, func(t tx) error {
		for _, ref := range refs {
			if _, err := t.exec(ctx, `DELETE FROM schedule WHERE cluster = ?`, ref.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// ScheduledClusters lists all clusters of the schedule, ordered.
func (db *DB) ScheduledClusters(ctx context.Context) ([]inventory.ClusterRef, error) {
	var refs []inventory.ClusterRef
	for rows, err := range db.rows(ctx, `SELECT cluster FROM schedule`) {
		if err != nil {
			return nil, err
		}
		var arn string
		if err := rows.Scan(&arn); err != nil {
			return nil, db.engine.translate(err)
		}
		ref, err := inventory.ParseClusterRef(arn)
		if err != nil {
			return nil, db.damaged(err)
		}
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, inventory.ClusterRef.Compare)
	return refs, nil
}

const scheduledColumns = `SELECT cluster, next_at, last_at, failures, problem FROM schedule `

// Due lists the clusters whose next scan is not after now, the longest overdue first.
func (db *DB) Due(ctx context.Context, now time.Time, limit int) ([]inventory.Scheduled, error) {
	return db.scheduled(ctx, scheduledColumns+`WHERE next_at <= ? ORDER BY next_at, cluster LIMIT ?`, millis(now), limit)
}

// Scheduled gives one cluster's place in the schedule; fault.ErrNotFound when it
// has none.
func (db *DB) Scheduled(ctx context.Context, ref inventory.ClusterRef) (inventory.Scheduled, error) {
	list, err := db.scheduled(ctx, scheduledColumns+`WHERE cluster = ?`, ref.String())
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("cluster %q is not scheduled: %w", ref, fault.ErrNotFound)
	}
	if err != nil {
		return inventory.Scheduled{}, err
	}
	return list[0], nil
}

func (db *DB) scheduled(ctx context.Context, query string, args ...any) ([]inventory.Scheduled, error) {
	var list []inventory.Scheduled
	for rows, err := range db.rows(ctx, query, args...) {
		if err != nil {
			return nil, err
		}
		var arn string
		var next, last int64
		var s inventory.Scheduled
		if err := rows.Scan(&arn, &next, &last, &s.Failures, &s.Problem); err != nil {
			return nil, db.engine.translate(err)
		}
		if s.Ref, err = inventory.ParseClusterRef(arn); err != nil {
			return nil, db.damaged(err)
		}
		s.Next, s.Last = moment(next), moment(last)
		list = append(list, s)
	}
	return list, nil
}

// Scanned notes a scan that began at a time: an empty problem ends the count of
// failures, another adds to it. The next scan is set to next, unless Hasten asked
// for an earlier one after this one began.
func (db *DB) Scanned(ctx context.Context, ref inventory.ClusterRef, began, next time.Time, problem string) error {
	failed := 0
	if problem != "" {
		failed = 1
	}
	_, err := db.exec(ctx, `UPDATE schedule SET last_at = ?, problem = ?, failures = (failures + 1) * ?,
		next_at = CASE WHEN asked_at > ? AND asked_at < ? THEN asked_at ELSE ? END WHERE cluster = ?`,
		millis(began), problem, failed, millis(began), millis(next), millis(next), ref.String())
	return err
}

// Hasten asks for a scan of every cluster in the scope at a time, unless it would
// be scanned earlier anyway.
func (db *DB) Hasten(ctx context.Context, scope access.Scope, at time.Time) error {
	where, args := within(scope)
	_, err := db.exec(ctx, `UPDATE schedule SET asked_at = ?, next_at = CASE WHEN next_at > ? THEN ? ELSE next_at END`+where,
		append([]any{millis(at), millis(at), millis(at)}, args...)...)
	return err
}

// ScanProgress counts the clusters in the scope, and those with a scan that began
// at since or later: it read the cluster, or failed.
func (db *DB) ScanProgress(ctx context.Context, scope access.Scope, since time.Time) (inventory.ScanProgress, error) {
	where, args := within(scope)
	var p inventory.ScanProgress
	for rows, err := range db.rows(ctx, `SELECT COUNT(*), COALESCE(SUM(CASE WHEN last_at >= ? AND problem = '' THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN last_at >= ? AND problem <> '' THEN 1 ELSE 0 END), 0) FROM schedule`+where,
		append([]any{millis(since), millis(since)}, args...)...) {
		if err != nil {
			return inventory.ScanProgress{}, err
		}
		if err := rows.Scan(&p.Clusters, &p.Scanned, &p.Failed); err != nil {
			return inventory.ScanProgress{}, db.engine.translate(err)
		}
	}
	return p, nil
}

// ScanFailures lists the clusters in the scope whose last scan began at since or
// later and failed, in the order of their ARNs.
func (db *DB) ScanFailures(ctx context.Context, scope access.Scope, since time.Time, limit int) ([]inventory.Scheduled, error) {
	where, args := within(scope)
	if where == "" {
		where = " WHERE TRUE"
	}
	return db.scheduled(ctx, scheduledColumns+where+` AND last_at >= ? AND problem <> '' ORDER BY cluster LIMIT ?`, append(args, millis(since), limit)...)
}

// within is the condition of a scope.
func within(scope access.Scope) (where string, args []any) {
	var conditions []string
	for _, list := range []struct {
		column string
		values []string
	}{{"account", scope.Accounts}, {"region", scope.Regions}, {"cluster", scope.Clusters}} {
		if len(list.values) == 0 {
			continue
		}
		conditions = append(conditions, list.column+" IN (?"+strings.Repeat(", ?", len(list.values)-1)+")")
		for _, v := range list.values {
			args = append(args, v)
		}
	}
	if len(conditions) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}
