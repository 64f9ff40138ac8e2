package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	sqlite "github.com/glebarez/go-sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// The busy timeouts are how long SQLite waits by itself, which nothing interrupts. A
	// reader waits only while another process mends the log of a killed one.
	readBusyTimeout  = patience
	writeBusyTimeout = 200 * time.Millisecond
	// sqliteReaders bounds the connections that read while one writes.
	sqliteReaders = 8
	// The caches are in KiB for each connection. A batch of a scan touches pages all
	// over the indexes, which SQLite's own 2 MiB would write several times.
	readCache  = 16 << 10
	writeCache = 64 << 10
)

// sqliteDialect: the SQL is SQLite's own. What reads JSON that is kept as bytes is told
// that it is text.
func sqliteDialect() dialect {
	return dialect{types: map[string]string{
		"document_json": "CAST(document AS TEXT)", "overview_json": "overview", "facts_json": "facts",
		"in_row_pages": "", "in_row_documents": "", "in_row_resource_pages": "",
	}}
}

// sqliteEngine is one file, which one connection writes, as SQLite has one writer at a time.
type sqliteEngine struct {
	path     string
	existing bool
}

func (e *sqliteEngine) connect(ctx context.Context) (read, write *sql.DB, err error) {
	if err := checkFile(e.path, e.existing); err != nil {
		return nil, nil, err
	}
	if write, err = sql.Open("sqlite", dsn(e.path, "immediate", writeBusyTimeout, writeCache)); err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if read, err = sql.Open("sqlite", dsn(e.path, "deferred", readBusyTimeout, readCache)); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(sqliteReaders)
	if err := e.useLog(ctx, write); err != nil {
		return nil, nil, errors.Join(err, read.Close(), write.Close())
	}
	return read, write, nil
}

// useLog switches the file to write-ahead logging, once in its life. SQLite does
// not wait by itself when another process does the same at the same time
// (sqlite.org/wal.html, section 8).
func (e *sqliteEngine) useLog(ctx context.Context, write *sql.DB) error {
	var mode string
	err := patiently(ctx, patience, func() error {
		return e.translate(write.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode))
	})
	if err == nil && mode != "wal" {
		return fmt.Errorf("database %q is on a file system with no shared memory (journal mode %q); name a file on a local disk with --db: %w", e.path, mode, fault.ErrInvalid)
	}
	return err
}

// Facts of the SQLite file format, section 1.3: how a file begins, where the
// number of pages and the application ID stand, and how long the header is.
const (
	magic         = "SQLite format 3\x00"
	pagesAt       = 28
	applicationAt = 68
	headerSize    = 100
)

// applicationID marks our files (SQLite file format, offset 68): "eksp".
const applicationID = 0x656b7370

// checkFile makes the directory and the file, for their owner alone, unless they
// must exist, and refuses a file that is something else before anything can change it.
func checkFile(path string, existing bool) error {
	if _, err := os.Stat(path); existing && errors.Is(err, fs.ErrNotExist) {
		return errMissing(path)
	}
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
		return nil // what the header will say may still be in the log; found looks there
	}
	return errForeign(path)
}

func dsn(path, lock string, busy time.Duration, cache int) string {
	q := url.Values{"_txlock": {lock}}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()),
		"synchronous(NORMAL)", "foreign_keys(1)", fmt.Sprintf("cache_size(-%d)", cache),
		"temp_store(MEMORY)", "wal_autocheckpoint(8192)", // a statement's journal needs no file; 32 MiB of log
	} {
		q.Add("_pragma", pragma)
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: q.Encode()}).String()
}

func (e *sqliteEngine) found(ctx context.Context, q querier) (bool, error) {
	var id, tables int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return false, err
	}
	if tables == 0 {
		return false, nil
	}
	if err := q.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return false, err
	}
	if id != applicationID {
		return false, errForeign(e.path)
	}
	return true, nil
}

func (e *sqliteEngine) create(ctx context.Context, t tx) error {
	if _, err := t.inner.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, applicationID)); err != nil {
		return err
	}
	_, err := t.inner.ExecContext(ctx, createMigrations)
	return err
}

// queue has nothing to do: a transaction that writes is alone from its beginning.
func (e *sqliteEngine) queue(context.Context, tx) error { return nil }

func (e *sqliteEngine) translate(err error) error {
	se, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	const primary = 0xff // extended result codes keep the primary one in the low byte
	switch se.Code() & primary {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("database %q is in use by another eksposure: %w: %w", e.path, err, fault.ErrConflict)
	case sqlite3.SQLITE_FULL:
		return fault.Local(fmt.Errorf("disk full: database %q cannot grow; make room and run the command again, what was recorded is kept: %w: %w", e.path, err, fault.ErrUnavailable))
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("database %q is damaged; %s: %w: %w", e.path, e.advice(), err, fault.ErrInvalid)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fault.Local(fmt.Errorf("database %q cannot be written; make it and its directory writable or name another file with --db: %w: %w", e.path, err, fault.ErrDenied))
	case sqlite3.SQLITE_IOERR:
		return fault.Local(fmt.Errorf("database %q could not be read or written; see to its disk and run the command again, what was recorded is kept: %w: %w", e.path, err, fault.ErrUnavailable))
	case sqlite3.SQLITE_INTERRUPT:
		return fmt.Errorf("database %q: %w: %w", e.path, err, context.Canceled)
	}
	return fmt.Errorf("database %q: %w", e.path, err)
}

func (e *sqliteEngine) advice() string {
	return "move it away or restore a copy, the next scan finds the exposures again"
}

func osFault(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fault.Local(fmt.Errorf("%w; make it writable or name another file with --db: %w", err, fault.ErrDenied))
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w; name a file with --db: %w", err, fault.ErrInvalid)
	}
	return fault.Local(fmt.Errorf("%w; see to its disk or name another file with --db: %w", err, fault.ErrUnavailable))
}
