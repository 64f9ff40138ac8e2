package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// tx is a transaction that writes.
type tx struct {
	inner *sql.Tx
	db    *DB
}

// exec runs a statement and gives the number of rows it changed. Texts should be
// few: each is prepared once.
func (t tx) exec(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := t.run(ctx, text, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t tx) run(ctx context.Context, text string, args []any) (sql.Result, error) {
	if s := t.db.prepared.get(text); s != nil {
		return t.inner.StmtContext(ctx, s).ExecContext(ctx, args...) //nolint:sqlclosecheck // the end of the transaction closes it
	}
	return t.inner.ExecContext(ctx, t.db.dialect.statement(text), args...)
}

// maxRows bounds the rows that one statement inserts.
const maxRows = 64

// insert puts rows, several with each statement: parsing one takes SQLite longer
// than a row. The text begins with INSERT and ends before VALUES; what follows the
// rows is after.
func (t tx) insert(ctx context.Context, text, after string, rows [][]any) error {
	for part := range slices.Chunk(rows, maxRows) {
		full := text + " VALUES " + repeated("("+marks(len(part[0]))+")", len(part)) + " " + after
		if _, err := t.inner.ExecContext(ctx, t.db.dialect.statement(full), slices.Concat(part...)...); err != nil {
			return err
		}
	}
	return nil
}

// query gives the rows of a query, for the caller to close.
func (t tx) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return t.inner.QueryContext(ctx, t.db.dialect.statement(text), args...)
}

// row reads the one row of a statement that gives one; sql.ErrNoRows when there is
// none. Texts should be few: each is prepared once.
func (t tx) row(ctx context.Context, text string, args []any, into ...any) error {
	if s := t.db.prepared.get(text); s != nil {
		return t.inner.StmtContext(ctx, s).QueryRowContext(ctx, args...).Scan(into...) //nolint:sqlclosecheck // the end of the transaction closes it
	}
	return t.inner.QueryRowContext(ctx, t.db.dialect.statement(text), args...).Scan(into...)
}

// change runs a function in one write transaction.
func (db *DB) change(ctx context.Context, f func(t tx) error) error {
	var inner *sql.Tx
	err := patiently(ctx, db.patience, func() (err error) {
		if err := db.prepared.prepare(ctx); err != nil {
			return db.engine.translate(err)
		}
		inner, err = db.write.BeginTx(ctx, nil)
		return db.engine.translate(err)
	})
	if err != nil {
		return err
	}
	defer func() { _ = inner.Rollback() }() // after a commit it does nothing
	err = f(tx{inner: inner, db: db})
	if err == nil {
		err = inner.Commit()
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("database %q: %w: %w", db.name, err, ctx.Err()) // rolled back while f was at work
	}
	return db.engine.translate(err)
}

// exec runs one statement in a transaction of its own and gives the number of rows
// that it changed.
func (db *DB) exec(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = db.change(ctx, func(t tx) (err error) {
		n, err = t.exec(ctx, text, args...)
		return err
	})
	return n, err
}

// inOrder is change for what records: one transaction after the other, so that
// numbers are given in the order in which they become visible.
func (db *DB) inOrder(ctx context.Context, f func(t tx) error) error {
	return db.change(ctx, func(t tx) error {
		if err := db.engine.queue(ctx, t); err != nil {
			return err
		}
		return f(t)
	})
}

// maxPrepared bounds the statements that are kept ready.
const maxPrepared = 128

// statements are kept ready for the one connection that writes SQLite. A text that
// was met is prepared before the next transaction, as the connection is busy until
// then. A PostgreSQL driver does this by itself.
type statements struct {
	pool   *sql.DB // nil: nothing is kept
	mu     sync.Mutex
	kept   map[string]*sql.Stmt
	wanted map[string]bool
}

// get gives the prepared statement of a text, or nil.
func (s *statements) get(text string) *sql.Stmt {
	if s.pool == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.kept[text]
	if kept == nil && len(s.kept)+len(s.wanted) < maxPrepared {
		s.wanted[text] = true
	}
	return kept
}

// prepare makes ready what get had not. The lock is not held meanwhile: a
// transaction that is under way needs it, and has the connection.
func (s *statements) prepare(ctx context.Context) error {
	s.mu.Lock()
	texts := slices.Sorted(maps.Keys(s.wanted))
	clear(s.wanted)
	s.mu.Unlock()
	for _, text := range texts {
		ready, err := s.pool.PrepareContext(ctx, text) //nolint:sqlclosecheck // it lives as long as the pool; close closes it
		if err != nil {
			return err
		}
		s.mu.Lock()
		s.kept[text] = ready
		s.mu.Unlock()
	}
	return nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, ready := range s.kept {
		errs = append(errs, ready.Close())
	}
	clear(s.kept)
	return errors.Join(errs...)
}
