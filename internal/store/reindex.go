package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/eksposure/eksposure/internal/exposure"
)

// reindexed is how many findings one transaction of Reindex indexes.
const reindexed = 200

const (
	indexedTo = `SELECT version, finding FROM indexing WHERE collection = 'findings'`

	putIndexed = `
		INSERT INTO indexing (collection, version, finding) VALUES ('findings', ?, ?)
		ON CONFLICT (collection) DO UPDATE SET version = excluded.version, finding = excluded.finding`

	unindexed = `SELECT f.id, f.seen, d.document FROM findings f JOIN documents d ON d.finding = f.id WHERE f.id > ? ORDER BY f.id LIMIT ?`

	// done is after every ID, which are hexadecimal digits.
	done = "~"
)

// beginIndex notes in a database with no findings that all of them are indexed.
func (db *DB) beginIndex(ctx context.Context) error {
	var begun, found int
	err := db.row(ctx, `SELECT (SELECT count(*) FROM indexing), (SELECT count(*) FROM (SELECT 1 FROM findings LIMIT 1) f)`, nil, &begun, &found)
	if err != nil || begun > 0 || found > 0 {
		return err
	}
	return db.inOrder(ctx, func(t tx) error {
		var found int
		if err := t.row(ctx, `SELECT count(*) FROM findings`, nil, &found); err != nil || found > 0 {
			return err // another process was faster
		}
		_, err := t.exec(ctx, putIndexed, db.findings.version(), done)
		return err
	})
}

// Indexed reports whether all that was recorded is indexed as this program
// searches it.
func (db *DB) Indexed(ctx context.Context) (bool, error) {
	if ok, err := db.searchable(ctx); !ok || err != nil {
		return false, err
	}
	return db.profiled(ctx)
}

func (db *DB) searchable(ctx context.Context) (bool, error) {
	version, finding, err := readIndexed(db.read.QueryRowContext(ctx, db.dialect.statement(indexedTo)))
	return version == db.findings.version() && finding == done, db.engine.translate(err)
}

func readIndexed(row *sql.Row) (version, finding string, err error) {
	if err = row.Scan(&version, &finding); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return version, finding, err
}

// Reindex indexes what was recorded before there was an index, or for an index of
// another form, which is removed first. It goes on where it was ended, and calls
// progress with the number of findings that it has indexed. What is recorded
// meanwhile is indexed by itself. Findings that lack only their profiles get those.
func (db *DB) Reindex(ctx context.Context, progress func(n int)) error {
	n := 0
	for {
		batch, err := db.reindexBatch(ctx)
		if err != nil {
			return fmt.Errorf("index the findings: %w", err)
		}
		if batch == 0 {
			return nil
		}
		n += batch
		if progress != nil {
			progress(n)
		}
	}
}

func (db *DB) reindexBatch(ctx context.Context) (int, error) {
	if ok, err := db.searchable(ctx); err != nil {
		return 0, err
	} else if ok {
		return db.profileBatch(ctx)
	}
	n := 0
	err := db.inOrder(ctx, func(t tx) error {
		version, last, err := readIndexed(t.inner.QueryRowContext(ctx, db.dialect.statement(indexedTo)))
		if err != nil {
			return err
		}
		if version != db.findings.version() {
			last = ""
			if err := db.clearIndex(ctx, t); err != nil {
				return err
			}
		}
		batch, err := db.whole(ctx, t, unindexed, last, reindexed)
		if err != nil {
			return err
		}
		x := db.indexer(t)
		for _, f := range batch {
			if err := db.reindexOne(ctx, x, f); err != nil {
				return err
			}
			last = f.ID
		}
		if err := x.flush(ctx); err != nil {
			return err
		}
		if n = len(batch); n < reindexed {
			last = done
		}
		_, err = t.exec(ctx, putIndexed, db.findings.version(), last)
		return err
	})
	return n, err
}

// clearIndex removes what an index of another form holds. The words go too, and
// their numbers with them. Resources come back with the next scans.
func (db *DB) clearIndex(ctx context.Context, t tx) error {
	db.words.forget()
	for _, table := range []string{
		"words", "postings", "amounts", "counts", "entries", "pages", "moves", "trend_days", "resources", "resource_pages", "holders", "targets", "target_totals", "facets", "resource_facets",
	} {
		if _, err := t.exec(ctx, `DELETE FROM `+table); err != nil {
			return err
		}
	}
	return nil
}

// whole reads findings by a query for their IDs, when they were seen, and documents.
func (db *DB) whole(ctx context.Context, t tx, text string, args ...any) ([]*exposure.Finding, error) {
	var list []*exposure.Finding
	for rows, err := range t.each(ctx, text, args...) {
		var id, seen string
		var document []byte
		if err == nil {
			err = rows.Scan(&id, &seen, &document)
		}
		if err != nil {
			return nil, err
		}
		f, err := db.unseal(document, seen)
		if err != nil {
			return nil, fmt.Errorf("finding %q: %w", id, err)
		}
		list = append(list, f)
	}
	return list, nil
}

// reindexOne indexes a finding as of its last change: trends begin there.
func (db *DB) reindexOne(ctx context.Context, x *indexer, f *exposure.Finding) error {
	s, err := seal(f)
	if err != nil {
		return err
	}
	ready, err := db.indexOf(f, s.document)
	if err != nil {
		return err
	}
	return x.put(ctx, ready, 0, f.ModifiedAt)
}
