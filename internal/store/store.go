// Package store keeps findings with their history, SBOMs and matches. All the SQL
// is here.
//
// The database is one SQLite file in WAL mode: one writer and many readers at the
// same time, and a killed process loses nothing that a method reported as done.
// Errors are translated to the categories of package fault; the file is never
// deleted or repaired behind the user's back.
package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// patience is how long a writer waits for another process's transaction.
	patience = 10 * time.Second
	// The busy timeouts are how long SQLite waits by itself, which nothing interrupts. A
	// reader waits only while another process mends the log of a killed one.
	readBusyTimeout  = patience
	writeBusyTimeout = 200 * time.Millisecond
	// busyRetry is the pause before a writer tries again.
	busyRetry = 20 * time.Millisecond
	// readers bounds the connections that read while one writes.
	readers = 8
	// maxDocument bounds a document that is read back: no finding comes near it,
	// and a damaged frame cannot claim more.
	maxDocument = 256 << 20
)

// Config says where the database is.
type Config struct {
	// Path is the SQLite file; it and its directory are made when missing.
	Path string
	// Now is the clock.
	Now func() time.Time
}

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	path     string
	read     *sql.DB
	write    *sql.DB
	now      func() time.Time
	patience time.Duration
	encoder  *zstd.Encoder
	decoder  *zstd.Decoder
	close    sync.Once
	// prepared maps the statements of Record; only Open writes it.
	prepared map[string]*sql.Stmt
}

// Open opens the database, makes it when there is none, and brings its tables to
// this program's version. fault.ErrInvalid means that the file is damaged, is
// something else, or was written by a newer program; it stays as it is.
func Open(ctx context.Context, c Config) (*DB, error) {
	if err := checkFile(c.Path); err != nil {
		return nil, err
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("database compression: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxDocument))
	if err != nil {
		return nil, fmt.Errorf("database compression: %w", err)
	}
	db := &DB{path: c.Path, now: c.Now, patience: patience, encoder: encoder, decoder: decoder}
	if err := db.connect(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.useLog(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	list, err := migrations()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.migrate(ctx, list); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connect makes the two pools: one connection that writes, as SQLite has one
// writer at a time, and several that read.
func (db *DB) connect() error {
	var err error
	if db.write, err = sql.Open("sqlite", dsn(db.path, "immediate", writeBusyTimeout)); err != nil {
		return db.translate(err)
	}
	if db.read, err = sql.Open("sqlite", dsn(db.path, "deferred", readBusyTimeout)); err != nil {
		return db.translate(err)
	}
	db.write.SetMaxOpenConns(1)
	db.read.SetMaxOpenConns(readers)
	return nil
}

// useLog switches the file to write-ahead logging, once in its life. SQLite does
// not wait by itself when another process does the same at the same time
// (sqlite.org/wal.html, section 8).
func (db *DB) useLog(ctx context.Context) error {
	var mode string
	err := db.patiently(ctx, func() error { return db.write.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode) })
	if err == nil && mode != "wal" {
		return fmt.Errorf("database %q is on a file system with no shared memory (journal mode %q); name a file on a local disk with --db: %w", db.path, mode, fault.ErrInvalid)
	}
	return err
}

// patiently tries again while another process is in the way, until it has waited
// for long enough or the context ends.
func (db *DB) patiently(ctx context.Context, f func() error) error {
	wait, cancel := context.WithTimeout(ctx, db.patience)
	defer cancel()
	for {
		err := db.translate(f())
		if !errors.Is(err, fault.ErrConflict) {
			return err
		}
		select {
		case <-wait.Done():
		case <-time.After(busyRetry):
		}
		if ctx.Err() != nil {
			return fmt.Errorf("database %q: %w", db.path, ctx.Err())
		}
		if wait.Err() != nil {
			return err
		}
	}
}

// Close ends all connections.
func (db *DB) Close() error {
	var errs []error
	db.close.Do(func() {
		for _, pool := range []*sql.DB{db.read, db.write} {
			if pool != nil {
				errs = append(errs, pool.Close())
			}
		}
		db.decoder.Close()
	})
	return errors.Join(errs...)
}

// Facts of the SQLite file format, section 1.3: how a file begins, where the
// number of pages and the application ID stand, and how long the header is.
const (
	magic         = "SQLite format 3\x00"
	pagesAt       = 28
	applicationAt = 68
	headerSize    = 100
)

// checkFile makes the directory and the file, for their owner alone, and refuses a
// file that is something else before anything can change it.
func checkFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("directory of database %q: %w", path, osFault(err))
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("database %q: %w", path, osFault(err))
	}
	defer func() { _ = f.Close() }()
	header := make([]byte, headerSize)
	n, err := io.ReadFull(f, header)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil || string(header[:len(magic)]) != magic {
		return fmt.Errorf("database %q is no SQLite file; move it away or name another with --db: %w", path, fault.ErrInvalid)
	}
	if binary.BigEndian.Uint32(header[applicationAt:]) == applicationID || binary.BigEndian.Uint32(header[pagesAt:]) <= 1 {
		return nil
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return nil // what the header will say may still be in the log; migrate looks there
	}
	return errForeign(path)
}

func dsn(path, lock string, busy time.Duration) string {
	q := url.Values{"_txlock": {lock}}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()),
		"synchronous(NORMAL)", "foreign_keys(1)",
	} {
		q.Add("_pragma", pragma)
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: q.Encode()}).String()
}

// change runs a function in one write transaction.
func (db *DB) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	var tx *sql.Tx
	err := db.patiently(ctx, func() (err error) {
		tx, err = db.write.BeginTx(ctx, nil)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	err = f(tx)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("database %q: %w: %w", db.path, err, ctx.Err()) // rolled back while f was at work
	}
	return db.translate(err)
}

// rows gives the rows of a query, each to be read by Scan alone. An error is the
// last thing it gives.
func (db *DB) rows(ctx context.Context, text string, args ...any) iter.Seq2[*sql.Rows, error] {
	return func(yield func(*sql.Rows, error) bool) {
		rows, err := db.read.QueryContext(ctx, text, args...)
		if err != nil {
			yield(nil, db.translate(err))
			return
		}
		defer func() { _ = rows.Close() }() // nothing was written
		for rows.Next() {
			if !yield(rows, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, db.translate(err))
		}
	}
}

// texts gives the first column of a query.
func (db *DB) texts(ctx context.Context, text string, args ...any) ([]string, error) {
	list, err := column(db.read.QueryContext(ctx, text, args...))
	return list, db.translate(err)
}

// column reads the one column of a query's answer.
func column(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // nothing was written
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
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
