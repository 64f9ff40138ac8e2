// Package store keeps findings with their history, SBOMs and matches. All the SQL
// is here.
//
// The database is one SQLite file in WAL mode, or a schema of a PostgreSQL database;
// the SQL is written once. There is one transaction that records at a time and many
// readers, and a killed process loses nothing that a method reported as done.
// Errors are translated to the categories of package fault; a database is never
// deleted or repaired behind the user's back.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

const (
	// patience is how long a writer waits for another process's transaction.
	patience = 10 * time.Second
	// busyRetry is the pause before a writer tries again.
	busyRetry = 20 * time.Millisecond
	// maxDocument bounds a document that is read back: no finding comes near it,
	// and a damaged frame cannot claim more.
	maxDocument = 256 << 20
)

// Config says where the database is.
type Config struct {
	// Place is a SQLite file or a postgres:// URL. A file and its directory are made
	// when missing, and so is the schema in a PostgreSQL database, but not the database.
	Place string
	// Existing refuses a place where nothing was recorded yet, as fault.ErrNotFound.
	Existing bool
	// Now is the clock.
	Now func() time.Time
	// OCSF is what the documents of findings tell beyond the findings.
	OCSF ocsf.Options
}

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	engine   engine
	dialect  dialect
	name     string // of the place, for people: with no password
	existing bool
	read     *sql.DB
	write    *sql.DB
	now      func() time.Time
	patience time.Duration
	encoder  *zstd.Encoder
	decoder  *zstd.Decoder
	buffers  sync.Pool // of documents that are filled in
	close    sync.Once
	prepared statements
	matched  matched

	ocsf      ocsf.Options
	findings  *collection
	resources *collection
	words     dictionary
}

// Open opens the database, makes it when there is none, and brings its tables to
// this program's version. fault.ErrInvalid means that it is damaged, is something
// else, or was written by a newer program; it stays as it is.
func Open(ctx context.Context, c Config) (*DB, error) {
	list, err := migrations()
	if err != nil {
		return nil, err
	}
	db, err := connect(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx, list); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.beginIndex(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect opens the database as it is.
func connect(ctx context.Context, c Config) (*DB, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("database compression: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxDocument))
	if err != nil {
		return nil, fmt.Errorf("database compression: %w", err)
	}
	db := &DB{
		existing: c.Existing, now: c.Now, patience: patience, encoder: encoder, decoder: decoder,
		ocsf: c.OCSF, findings: findingCollection(), resources: resourceCollection(),
	}
	db.engine, db.dialect, db.name, err = choose(c)
	if err == nil {
		db.read, db.write, err = db.engine.connect(ctx)
	}
	if err != nil {
		decoder.Close()
		return nil, err
	}
	db.prepared.kept, db.prepared.wanted = map[string]*sql.Stmt{}, map[string]bool{}
	if !db.dialect.numbered {
		db.prepared.pool = db.write
	}
	return db, nil
}

// Ping asks the database for nothing; an error tells why it does not answer.
func (db *DB) Ping(ctx context.Context) error { return db.engine.translate(db.read.PingContext(ctx)) }

// Close ends all connections.
func (db *DB) Close() error {
	var errs []error
	db.close.Do(func() {
		errs = append(errs, db.prepared.close(), db.read.Close(), db.write.Close())
		db.decoder.Close()
	})
	return errors.Join(errs...)
}

// patiently tries again while another process is in the way, until it has waited
// for long enough or the context ends.
func patiently(ctx context.Context, patience time.Duration, f func() error) error {
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := f()
		if !errors.Is(err, fault.ErrConflict) {
			return err
		}
		select {
		case <-wait.Done():
		case <-time.After(busyRetry):
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", err, ctx.Err())
		}
		if wait.Err() != nil {
			return err
		}
	}
}

// rows gives the rows of a query, each to be read by Scan alone. An error is the
// last thing it gives.
func (db *DB) rows(ctx context.Context, text string, args ...any) iter.Seq2[*sql.Rows, error] {
	return func(yield func(*sql.Rows, error) bool) {
		rows, err := db.read.QueryContext(ctx, db.dialect.statement(text), args...)
		if err != nil {
			yield(nil, db.engine.translate(err))
			return
		}
		defer func() { _ = rows.Close() }() // nothing was written
		for rows.Next() {
			if !yield(rows, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, db.engine.translate(err))
		}
	}
}

// row reads the one row of a query; sql.ErrNoRows when there is none.
func (db *DB) row(ctx context.Context, text string, args []any, into ...any) error {
	return db.engine.translate(db.read.QueryRowContext(ctx, db.dialect.statement(text), args...).Scan(into...))
}

// texts gives the first column of a query.
func (db *DB) texts(ctx context.Context, text string, args ...any) ([]string, error) {
	list, err := column(db.read.QueryContext(ctx, db.dialect.statement(text), args...))
	return list, db.engine.translate(err)
}

// column reads the one column of a query's answer.
func column(rows *sql.Rows, err error) ([]string, error) {
	var list []string
	err = each(rows, err, func(scan func(...any) error) error {
		var s string
		err := scan(&s)
		list = append(list, s)
		return err
	})
	return list, err
}

// each calls a function for each row of a query's answer, and closes it.
func each(rows *sql.Rows, err error, f func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // nothing was written
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sideBySide makes something of each of a list, as many at a time as there are cores, in
// their order. An error is the first that there was.
func sideBySide[T, R any](ctx context.Context, list []T, from func(context.Context, T) (R, error)) ([]R, error) {
	made := make([]R, len(list))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, of := range list {
		group.Go(func() (err error) {
			made[i], err = from(ctx, of)
			return err
		})
	}
	return made, group.Wait()
}

// millis gives what a column of times holds; the zero time is 0, which is never.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the time of a column.
func moment(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}
