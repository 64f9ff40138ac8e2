package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const putChanges = `INSERT INTO changes (at, finding, cluster, kind) VALUES `

// changeRow is a change as the change log has it.
func changeRow(f *exposure.Finding, kind exposure.ChangeKind, at time.Time) []any {
	return []any{millis(at), f.ID, f.Cluster.Ref.String(), string(kind)}
}

// logChanges writes rows of changeRow to the change log and gives their numbers,
// which are in the order of the rows. The transaction must be one of inOrder.
func (db *DB) logChanges(ctx context.Context, t tx, rows [][]any) ([]int64, error) {
	var numbers []int64
	for part := range slices.Chunk(rows, maxRows) {
		text := putChanges + repeated("(?, ?, ?, ?)", len(part)) + " RETURNING number"
		var given []int64
		rows, err := t.query(ctx, text, slices.Concat(part...)...)
		err = each(rows, err, func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			given = append(given, n)
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(given) // they are given in the order of the rows, but may be told in another
		numbers = append(numbers, given...)
	}
	return numbers, nil
}

// Changes gives the changes after a number, in order.
func (db *DB) Changes(ctx context.Context, after int64, limit int) ([]exposure.LoggedChange, error) {
	var list []exposure.LoggedChange
	for rows, err := range db.rows(ctx, `SELECT number, at, finding, cluster, kind FROM changes WHERE number > ? ORDER BY number LIMIT ?`, after, limit) {
		if err != nil {
			return nil, err
		}
		var c exposure.LoggedChange
		var at int64
		var cluster, kind string
		if err := rows.Scan(&c.Number, &at, &c.Finding, &cluster, &kind); err != nil {
			return nil, db.engine.translate(err)
		}
		c.At, c.Kind = moment(at), exposure.ChangeKind(kind)
		if c.Cluster, err = inventory.ParseClusterRef(cluster); err != nil {
			return nil, db.damaged(err)
		}
		list = append(list, c)
	}
	return list, nil
}

// LastChange is the number of the latest change; 0 when there is none.
func (db *DB) LastChange(ctx context.Context) (number int64, err error) {
	err = db.row(ctx, `SELECT coalesce(max(number), 0) FROM changes`, nil, &number)
	return number, err
}

// Cursor is the number that a follower of the change log has come to;
// fault.ErrNotFound for one that is new.
func (db *DB) Cursor(ctx context.Context, name string) (number int64, err error) {
	err = db.row(ctx, `SELECT number FROM cursors WHERE name = ?`, []any{name}, &number)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("no cursor %q: %w", name, fault.ErrNotFound)
	}
	return number, err
}

// MoveCursor keeps the number that a follower has come to.
func (db *DB) MoveCursor(ctx context.Context, name string, number int64) error {
	_, err := db.exec(ctx, `INSERT INTO cursors (name, number) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number`, name, number)
	return err
}

// KeepCursors forgets every follower but the named ones, and gives the names of those
// that were forgotten, ordered.
func (db *DB) KeepCursors(ctx context.Context, names []string) ([]string, error) {
	dropped, err := db.texts(ctx, `SELECT name FROM cursors ORDER BY name`)
	if err != nil {
		return nil, err
	}
	dropped = slices.DeleteFunc(dropped, func(name string) bool { return slices.Contains(names, name) })
	for _, name := range dropped {
		if _, err := db.exec(ctx, `DELETE FROM cursors WHERE name = ?`, name); err != nil {
			return nil, err
		}
	}
	return dropped, nil
}

// PruneChanges removes changes from before a time that every follower has had, and
// gives their number. The latest change stays, so that numbers go on.
func (db *DB) PruneChanges(ctx context.Context, before time.Time) (int64, error) {
	n, err := db.exec(ctx, `DELETE FROM changes WHERE at < ? AND number < (SELECT max(number) FROM changes)
		AND number <= (SELECT coalesce(min(number), (SELECT max(number) FROM changes)) FROM cursors)`, millis(before))
	if err != nil {
		return 0, err
	}
	_, err = db.exec(ctx, `DELETE FROM moves WHERE change < (SELECT min(number) FROM changes)`)
	return n, err
}
