package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

const (
	findingNow = `SELECT f.seen, d.document FROM findings f JOIN documents d ON d.finding = f.id WHERE f.id = ?`

	putSet = `UPDATE findings SET fingerprint = ?, seen = ? WHERE id = ?`
)

// SetOverride replaces what is set on a finding by what set gives for the finding
// as it is now: nil lifts it, the same again changes nothing. An error of set ends
// it. All of it or nothing: the finding, what it is searched by, an event in its
// history, and a number in the change log.
func (db *DB) SetOverride(ctx context.Context, id string, set func(*exposure.Finding) (*exposure.Override, error)) error {
	return db.inOrder(ctx, func(t tx) error {
		var seen string
		var document []byte
		err := t.row(ctx, findingNow, []any{id}, &seen, &document)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("no finding with ID %q: %w", id, fault.ErrNotFound)
		}
		if err != nil {
			return err
		}
		f, err := db.unseal(document, seen)
		if err != nil {
			return fmt.Errorf("finding %q: %w", id, err)
		}
		before := f.Override
		after, err := set(f)
		if err != nil {
			return err
		}
		f.Override = after
		details := overrideChanges(before, after)
		if len(details) == 0 {
			return nil
		}
		if err := db.putOverride(ctx, t, f, details); err != nil {
			return fmt.Errorf("record what was set on %q: %w", f.Cluster.Ref, err)
		}
		return nil
	})
}

func (db *DB) putOverride(ctx context.Context, t tx, f *exposure.Finding, details []string) error {
	e, err := db.encode(exposure.Outcome{Finding: f, Change: exposure.Change{Kind: exposure.Overridden, Details: details}})
	if err != nil {
		return err
	}
	if _, err := t.exec(ctx, putSet, e.fingerprint, e.seen, f.ID); err != nil {
		return err
	}
	if err := putFindingBrief(ctx, t, f); err != nil {
		return err
	}
	at := db.now()
	change, err := db.putEvent(ctx, t, e, at)
	if err != nil {
		return err
	}
	x := db.indexer(t)
	x.change = change
	x.row(putDocument, f.ID, e.compressed)
	if err := x.put(ctx, e.index, change, at); err != nil {
		return err
	}
	if err := x.flush(ctx); err != nil { // the summaries ask for it
		return err
	}
	if err := x.summarize(ctx, f); err != nil {
		return err
	}
	return x.flush(ctx)
}

// overrideChanges says what was set or lifted, and by whom.
func overrideChanges(before, after *exposure.Override) []string {
	var was, is exposure.Override
	if before != nil {
		was = *before
	}
	if after != nil {
		is = *after
	}
	if before != nil && after != nil && was == is || before == nil && after == nil {
		return nil
	}
	var list []string
	for _, part := range []struct{ name, was, is string }{
		{"severity", was.Severity, is.Severity}, {"status", string(was.Status), string(is.Status)}, {"comment", was.Comment, is.Comment},
	} {
		switch {
		case part.was == part.is:
		case part.is == "":
			list = append(list, part.name+": no longer set")
		default:
			list = append(list, fmt.Sprintf("%s set to %q by %s", part.name, part.is, is.By))
		}
	}
	if len(list) == 0 {
		list = append(list, "set again by "+is.By)
	}
	return list
}
