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
	ready, err := sideBySide(ctx, list, db.ready)
	if err != nil {
		return err
	}
	return db.inOrder(ctx, func(t tx) error {
		x := db.indexer(t)
		changes, err := db.before(ctx, x, ready)
		if err != nil {
			return err
		}
		for i, o := range list {
			err := db.see(ctx, t, o, ready[i].picture)
			if err == nil {
				err = db.leave(ctx, t, o)
			}
			if err == nil && o.Finding != nil {
				err = db.put(ctx, x, ready[i].entry, changes[i])
			}
			if err != nil {
				return fmt.Errorf("record the outcome of %q: %w", o.Cluster, err)
			}
		}
		if err := x.flush(ctx); err != nil { // the inventory asks for it
			return err
		}
		for _, o := range list {
			if err := x.inventory(ctx, o); err != nil {
				return fmt.Errorf("record the resources of %q: %w", o.Cluster, err)
			}
		}
		return x.flush(ctx)
	})
}

// ready is an outcome made ready for its tables.
type ready struct {
	entry   entry
	picture picture
}

// ready makes an outcome ready.
func (db *DB) ready(_ context.Context, o exposure.Outcome) (r ready, err error) {
	if o.Finding != nil {
		if r.entry, err = db.encode(o); err != nil {
			return r, fmt.Errorf("encode the outcome of %q: %w", o.Cluster, err)
		}
	}
	if o.Snapshot != nil {
		if r.picture, err = depict(o); err != nil {
			return r, fmt.Errorf("encode the snapshot of %q: %w", o.Cluster, err)
		}
	}
	return r, nil
}

// before does at once what comes before each outcome: it reads what is there, and
// gives the changes their numbers, in order; 0 for an outcome with none.
func (db *DB) before(ctx context.Context, x *indexer, list []ready) ([]int64, error) {
	var found []*indexed
	var changed []int
	var rows [][]any
	for i, r := range list {
		e := r.entry
		if e.index == nil {
			continue
		}
		found, changed = append(found, e.index), append(changed, i)
		rows = append(rows, changeRow(e.finding, e.kind, e.finding.ModifiedAt))
	}
	if err := x.readAhead(ctx, found); err != nil {
		return nil, err
	}
	given, err := db.logChanges(ctx, x.t, rows)
	if err != nil {
		return nil, err
	}
	numbers := make([]int64, len(list))
	for n, i := range changed {
		numbers[i], x.change = given[n], given[n]
	}
	return numbers, nil
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
		INSERT INTO findings (id, uid, cluster, account, region, name, severity, status, activity, first_seen, last_seen, modified_at, fingerprint, seen)`

	putDocument = `INSERT INTO documents (finding, document)`

	dropTraits = `DELETE FROM finding_traits WHERE finding = ?`

	putTrait = `INSERT INTO finding_traits (finding, trait, standing)`

	putEvent = `
		INSERT INTO events (finding, sequence, at, kind, severity, details)
		VALUES (?, (SELECT coalesce(max(sequence), 0) + 1 FROM events WHERE finding = ?), ?, ?, ?, ?)`

	putFirstEvent = `INSERT INTO events (finding, sequence, at, kind, severity, details)`
)

// put writes a finding; change is the number of its change.
func (db *DB) put(ctx context.Context, x *indexer, e entry, change int64) error {
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
	_, known, err := x.earlier(ctx, f.ID)
	if err != nil {
		return err
	}
	known = known || x.ahead.bare[f.ID]
	if err := putWhole(ctx, x, e, known); err != nil {
		return err
	}
	switch {
	case e.kind == exposure.Unchanged:
	case known:
		err = addEvent(ctx, t, e, f.ModifiedAt)
	default:
		x.row(putFirstEvent, f.ID, 1, millis(f.ModifiedAt), string(e.kind), f.Severity.Rank(), e.details)
	}
	if err != nil {
		return err
	}
	return x.put(ctx, e.index, change, f.ModifiedAt)
}

// putEvent writes an event of the history and gives its number in the change log.
func (db *DB) putEvent(ctx context.Context, t tx, e entry, at time.Time) (int64, error) {
	if err := addEvent(ctx, t, e, at); err != nil {
		return 0, err
	}
	numbers, err := db.logChanges(ctx, t, [][]any{changeRow(e.finding, e.kind, at)})
	if err != nil {
		return 0, err
	}
	return numbers[0], nil
}

func addEvent(ctx context.Context, t tx, e entry, at time.Time) error {
	f := e.finding
	_, err := t.exec(ctx, putEvent, f.ID, f.ID, millis(at), string(e.kind), f.Severity.Rank(), e.details)
	return err
}

func putWhole(ctx context.Context, x *indexer, e entry, known bool) error {
	f := e.finding
	ref := f.Cluster.Ref
	x.row(putFinding, f.ID, f.UID, ref.String(), ref.Account, ref.Region, ref.Name, f.Severity.Rank(),
		string(f.Status), string(f.Activity), millis(f.FirstSeen), millis(f.LastSeen), millis(f.ModifiedAt), e.fingerprint, e.seen)
	x.row(putDocument, f.ID, e.compressed)
	if known {
		if _, err := x.t.exec(ctx, dropTraits, f.ID); err != nil {
			return err
		}
	}
	for _, state := range f.Traits {
		x.row(putTrait, f.ID, state.ID, string(state.Standing))
	}
	return nil
}
