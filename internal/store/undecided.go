package store

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Undecided lists the clusters without an open finding of which the latest scan
// could not decide every trait, ordered.
func (db *DB) Undecided(ctx context.Context) ([]exposure.Undecided, error) {
	var list []exposure.Undecided
	for rows, err := range db.rows(ctx, `SELECT cluster, at, traits FROM undecided`) {
		if err != nil {
			return nil, err
		}
		var cluster, traits string
		var at int64
		if err := rows.Scan(&cluster, &at, &traits); err != nil {
			return nil, db.engine.translate(err)
		}
		u := exposure.Undecided{At: moment(at)}
		if u.Cluster, err = inventory.ParseClusterRef(cluster); err != nil {
			return nil, db.damaged(err)
		}
		if err := json.Unmarshal([]byte(traits), &u.Traits); err != nil {
			return nil, db.damaged(err)
		}
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b exposure.Undecided) int { return a.Cluster.Compare(b.Cluster) })
	return list, nil
}

const (
	putUndecided  = `INSERT INTO undecided (cluster, at, traits) VALUES (?, ?, ?) ON CONFLICT (cluster) DO UPDATE SET at = excluded.at, traits = excluded.traits`
	dropUndecided = `DELETE FROM undecided WHERE cluster = ?`
)

// leave keeps what an outcome leaves undecided, or forgets what an earlier one did.
func (db *DB) leave(ctx context.Context, t tx, o exposure.Outcome) error {
	u := o.Undecided()
	if u == nil {
		_, err := t.exec(ctx, dropUndecided, o.Cluster.String())
		return err
	}
	traits, err := json.Marshal(u.Traits)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, putUndecided, o.Cluster.String(), millis(u.At), string(traits))
	return err
}
