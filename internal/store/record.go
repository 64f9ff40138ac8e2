package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
)

// Record keeps the outcome of one scan of one cluster: the finding as it is now,
// an event in its history when it changed, and what the scan could and could not
// evaluate. All of it or nothing.
//
// An outcome that closes a finding without an evaluation tells that the cluster
// is gone (exposure.CloseGone).
func (db *DB) Record(ctx context.Context, o exposure.Outcome) error {
	return db.RecordBatch(ctx, []exposure.Outcome{o})
}

// RecordBatch keeps several outcomes in one transaction: all of them or none. It
// costs less per outcome than Record; readers go on meanwhile, other writers wait.
func (db *DB) RecordBatch(ctx context.Context, outcomes []exposure.Outcome) error {
	entries := make([]entry, 0, len(outcomes))
	for _, o := range outcomes {
		e, err := db.encode(o)
		if err != nil {
			return fmt.Errorf("encode the outcome of %q: %w", o.Cluster, err)
		}
		entries = append(entries, e)
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		for _, e := range entries {
			if err := db.put(ctx, tx, e); err != nil {
				return fmt.Errorf("record the outcome of %q: %w", e.Cluster, err)
			}
		}
		return nil
	})
}

// entry is an outcome made ready for its tables.
type entry struct {
	exposure.Outcome
	sealed

	compressed []byte // empty when the document may be there already
	details    string
	coverage   []byte
}

func (db *DB) encode(o exposure.Outcome) (entry, error) {
	e := entry{Outcome: o}
	var err error
	if !o.Evaluation.At.IsZero() {
		if e.coverage, err = db.encodeCoverage(o); err != nil {
			return e, err
		}
	}
	if o.Finding == nil {
		return e, nil
	}
	if e.sealed, err = seal(o.Finding); err != nil {
		return e, err
	}
	details, err := json.Marshal(o.Change.Details)
	if err != nil {
		return e, err
	}
	e.details = string(details)
	if o.Change.Kind != exposure.Unchanged {
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
		INSERT INTO events (finding, sequence, at, kind, severity, details, seen, document)
		VALUES (?, (SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE finding = ?), ?, ?, ?, ?, ?, ?)`

	putCoverage = `
		INSERT INTO clusters (arn, account, region, name, scanned_at, coverage) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (arn) DO UPDATE SET scanned_at = excluded.scanned_at, coverage = excluded.coverage, gone_at = 0`

	putGone = `UPDATE clusters SET gone_at = ? WHERE arn = ? AND gone_at = 0`
)

func (db *DB) put(ctx context.Context, tx *sql.Tx, e entry) error {
	ref, kind := e.Cluster, e.Change.Kind
	if e.coverage != nil {
		at := millis(e.Evaluation.At)
		if _, err := db.exec(ctx, tx, putCoverage, ref.String(), ref.Account, ref.Region, ref.Name, at, e.coverage); err != nil {
			return err
		}
	}
	f := e.Finding
	if f == nil {
		return nil
	}
	if kind == exposure.Closed && e.coverage == nil {
		if _, err := db.exec(ctx, tx, putGone, millis(f.ClosedAt), ref.String()); err != nil {
			return err
		}
	}
	if kind == exposure.Unchanged {
		moved, err := db.exec(ctx, tx, putSeen, millis(f.LastSeen), e.seen, f.ID, e.fingerprint)
		if err != nil || moved == 1 {
			return err
		}
		e.compressed = db.compress(e.document)
	}
	if err := db.putWhole(ctx, tx, e); err != nil {
		return err
	}
	if kind == exposure.Unchanged || kind == exposure.NoFinding {
		return nil
	}
	_, err := db.exec(ctx, tx, putEvent, f.ID, f.ID, millis(f.ModifiedAt), string(kind), f.Severity.Rank(), e.details, e.seen, e.compressed)
	return err
}

func (db *DB) putWhole(ctx context.Context, tx *sql.Tx, e entry) error {
	f := e.Finding
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
	for _, text := range []string{putSeen, putFinding, putDocument, dropTraits, putTrait, putEvent, putCoverage, putGone} {
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
