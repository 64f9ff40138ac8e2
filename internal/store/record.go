package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
)

// Record keeps the outcome of one scan of one cluster: the finding as it is now,
// an event in its history when it changed, and what was left undecided. All of it
// or nothing.
func (db *DB) Record(ctx context.Context, o exposure.Outcome) error {
	var e entry
	if o.Finding != nil {
		var err error
		if e, err = db.encode(o); err != nil {
			return fmt.Errorf("encode the outcome of %q: %w", o.Cluster, err)
		}
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		err := db.leave(ctx, tx, o)
		if err == nil && e.finding != nil {
			err = db.put(ctx, tx, e)
		}
		if err != nil {
			return fmt.Errorf("record the outcome of %q: %w", o.Cluster, err)
		}
		return nil
	})
}

// entry is an outcome made ready for its tables.
type entry struct {
	sealed

	finding    *exposure.Finding
	kind       exposure.ChangeKind
	details    string
	compressed []byte // empty when the document may be there already
}

func (db *DB) encode(o exposure.Outcome) (entry, error) {
	e := entry{finding: o.Finding, kind: o.Change.Kind}
	var err error
	if e.sealed, err = seal(o.Finding); err != nil {
		return e, err
	}
	details, err := json.Marshal(o.Change.Details)
	if err != nil {
		return e, err
	}
	e.details = string(details)
	if e.kind != exposure.Unchanged {
		e.compressed = db.compress(e.document)
	}
	return e, nil
}

// The statements of Record, prepared once on the writing connection.
const (
	putSeen = `UPDATE findings SET last_seen = ?, seen = ? WHERE id = ? AND fingerprint = ?`

	putFinding = `
		INSERT INTO findings (id, uid, cluster, account, region, name, severity, status, activity, first_seen, last_seen, modified_at, fingerprint, seen)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, status = excluded.status, activity = excluded.activity,
			first_seen = excluded.first_seen, last_seen = excluded.last_seen, modified_at = excluded.modified_at,
			fingerprint = excluded.fingerprint, seen = excluded.seen`

	putDocument = `INSERT INTO documents (finding, document) VALUES (?, ?) ON CONFLICT (finding) DO UPDATE SET document = excluded.document`

	dropTraits = `DELETE FROM finding_traits WHERE finding = ?`

	putTrait = `INSERT INTO finding_traits (finding, trait, standing) VALUES (?, ?, ?)`

	putEvent = `
		INSERT INTO events (finding, sequence, at, kind, severity, details)
		VALUES (?, (SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE finding = ?), ?, ?, ?, ?)`
)

func (db *DB) put(ctx context.Context, tx *sql.Tx, e entry) error {
	f := e.finding
	if e.kind == exposure.Unchanged {
		moved, err := db.exec(ctx, tx, putSeen, millis(f.LastSeen), e.seen, f.ID, e.fingerprint)
		if err != nil || moved == 1 {
			return err
		}
		e.compressed = db.compress(e.document)
	}
	if err := db.putWhole(ctx, tx, e); err != nil {
		return err
	}
	if e.kind == exposure.Unchanged {
		return nil
	}
	_, err := db.exec(ctx, tx, putEvent, f.ID, f.ID, millis(f.ModifiedAt), string(e.kind), f.Severity.Rank(), e.details)
	return err
}

func (db *DB) putWhole(ctx context.Context, tx *sql.Tx, e entry) error {
	f := e.finding
	ref := f.Cluster.Ref
	_, err := db.exec(ctx, tx, putFinding, f.ID, f.UID, ref.String(), ref.Account, ref.Region, ref.Name, f.Severity.Rank(),
		string(f.Status), string(f.Activity), millis(f.FirstSeen), millis(f.LastSeen), millis(f.ModifiedAt), e.fingerprint, e.seen)
	if err != nil {
		return err
	}
	if _, err := db.exec(ctx, tx, putDocument, f.ID, e.compressed); err != nil {
		return err
	}
	if _, err := db.exec(ctx, tx, dropTraits, f.ID); err != nil {
		return err
	}
	for _, t := range f.Traits {
		if _, err := db.exec(ctx, tx, putTrait, f.ID, t.ID, string(t.Standing)); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the statements of Record ready.
func (db *DB) prepare(ctx context.Context) error {
	db.prepared = map[string]*sql.Stmt{}
	for _, text := range []string{putSeen, putFinding, putDocument, dropTraits, putTrait, putEvent, putUndecided, dropUndecided} {
		s, err := db.write.PrepareContext(ctx, text) //nolint:sqlclosecheck // it lives as long as its pool, whose Close closes it
		if err != nil {
			return db.translate(err)
		}
		db.prepared[text] = s
	}
	return nil
}

// exec runs a prepared statement in a transaction and gives the number of rows it changed.
func (db *DB) exec(ctx context.Context, tx *sql.Tx, text string, args ...any) (int64, error) {
	result, err := tx.StmtContext(ctx, db.prepared[text]).ExecContext(ctx, args...) //nolint:sqlclosecheck // the end of the transaction closes it
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
