package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
)

// Record keeps the outcome of one scan of one cluster: the finding as it is now,
// an event in its history when it changed, what was left undecided, the snapshot,
// and what they are searched by. All of it or nothing.
func (db *DB) Record(ctx context.Context, o exposure.Outcome) error {
	return db.RecordAll(ctx, []exposure.Outcome{o})
}

// RecordAll keeps several outcomes, each of another cluster, in one transaction:
// all of them or nothing.
func (db *DB) RecordAll(ctx context.Context, list []exposure.Outcome) error {
	entries, pictures := make([]entry, len(list)), make([]picture, len(list))
	for i, o := range list {
		var err error
		if o.Finding != nil {
			if entries[i], err = db.encode(o); err != nil {
				return fmt.Errorf("encode the outcome of %q: %w", o.Cluster, err)
			}
		}
		if o.Snapshot != nil {
			if pictures[i], err = depict(o); err != nil {
				return fmt.Errorf("encode the snapshot of %q: %w", o.Cluster, err)
			}
		}
	}
	return db.inOrder(ctx, func(t tx) error {
		x := db.indexer(t)
		for i, o := range list {
			err := db.see(ctx, t, o, pictures[i])
			if err == nil {
				err = db.leave(ctx, t, o)
			}
			if err == nil && o.Finding != nil {
				err = db.put(ctx, x, entries[i])
			}
			if err == nil {
				err = x.inventory(ctx, o)
			}
			if err != nil {
				return fmt.Errorf("record the outcome of %q: %w", o.Cluster, err)
			}
		}
		return x.flush(ctx)
	})
}

// entry is an outcome made ready for its tables.
type entry struct {
	sealed

	finding    *exposure.Finding
	kind       exposure.ChangeKind
	details    string
	compressed []byte // empty when the document may be there already
	index      *indexed
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
		err = db.complete(&e)
	}
	return e, err
}

// complete makes ready what is written when the document is another one.
func (db *DB) complete(e *entry) error {
	e.compressed = db.compress(e.document)
	var err error
	e.index, err = db.indexOf(e.finding, e.document)
	return err
}

// The statements of Record.
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

	putTrait = `INSERT INTO finding_traits (finding, trait, standing)`

	putEvent = `
		INSERT INTO events (finding, sequence, at, kind, severity, details)
		VALUES (?, (SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE finding = ?), ?, ?, ?, ?)`
)

func (db *DB) put(ctx context.Context, x *indexer, e entry) error {
	f, t := e.finding, x.t
	if e.kind == exposure.Unchanged {
		moved, err := t.exec(ctx, putSeen, millis(f.LastSeen), e.seen, f.ID, e.fingerprint)
		if err == nil && moved == 1 {
			_, err = t.exec(ctx, moveSeen, millis(f.LastSeen), f.ID)
			return err
		}
		if err != nil {
			return err
		}
		if err := db.complete(&e); err != nil {
			return err
		}
	}
	if err := db.putWhole(ctx, t, e); err != nil {
		return err
	}
	var change int64
	if e.kind != exposure.Unchanged {
		var err error
		if change, err = db.putEvent(ctx, t, e, f.ModifiedAt); err != nil {
			return err
		}
	}
	return x.put(ctx, e.index, change, f.ModifiedAt)
}

// putEvent writes an event of the history and gives its number in the change log.
func (db *DB) putEvent(ctx context.Context, t tx, e entry, at time.Time) (int64, error) {
	f := e.finding
	if _, err := t.exec(ctx, putEvent, f.ID, f.ID, millis(at), string(e.kind), f.Severity.Rank(), e.details); err != nil {
		return 0, err
	}
	return db.logChange(ctx, t, f, e.kind, at)
}

func (db *DB) putWhole(ctx context.Context, t tx, e entry) error {
	f := e.finding
	ref := f.Cluster.Ref
	_, err := t.exec(ctx, putFinding, f.ID, f.UID, ref.String(), ref.Account, ref.Region, ref.Name, f.Severity.Rank(),
		string(f.Status), string(f.Activity), millis(f.FirstSeen), millis(f.LastSeen), millis(f.ModifiedAt), e.fingerprint, e.seen)
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, putDocument, f.ID, e.compressed); err != nil {
		return err
	}
	if _, err := t.exec(ctx, dropTraits, f.ID); err != nil {
		return err
	}
	rows := make([][]any, len(f.Traits))
	for i, state := range f.Traits {
		rows[i] = []any{f.ID, state.ID, string(state.Standing)}
	}
	return t.insert(ctx, putTrait, "", rows)
}
