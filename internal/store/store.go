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
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// busyTimeout is how long a writer waits for another process's transaction.
	busyTimeout = 10 * time.Second
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
	path    string
	read    *sql.DB
	write   *sql.DB
	now     func() time.Time
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	close   sync.Once
}

// Open opens the database, makes it when there is none, and brings its tables to
// this program's version. fault.ErrInvalid means that the file is damaged, is
// something else, or was written by a newer program; it stays as it is.
func Open(ctx context.Context, c Config) (*DB, error) {
	if err := prepare(c.Path); err != nil {
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
	db := &DB{path: c.Path, now: c.Now, encoder: encoder, decoder: decoder}
	if db.write, err = sql.Open("sqlite", dsn(c.Path, "immediate")); err != nil {
		return nil, db.translate(err)
	}
	if db.read, err = sql.Open("sqlite", dsn(c.Path, "deferred")); err != nil {
		return nil, errors.Join(db.translate(err), db.Close())
	}
	db.write.SetMaxOpenConns(1)
	db.read.SetMaxOpenConns(readers)
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
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

// prepare makes the directory and the file, for their owner alone, and refuses a
// file that is something else before anything can change it.
func prepare(path string) error {
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

func errForeign(path string) error {
	return fmt.Errorf("database %q belongs to another program; name another file with --db: %w", path, fault.ErrInvalid)
}

func osFault(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w; make it writable or name another file with --db: %w", err, fault.ErrDenied)
	}
	return fmt.Errorf("%w: %w", err, fault.ErrUnavailable)
}

func dsn(path, lock string) string {
	q := url.Values{"_txlock": {lock}}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	} {
		q.Add("_pragma", pragma)
	}
	return (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: q.Encode()}).String()
}

// change runs a function in one write transaction.
func (db *DB) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.translate(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(tx); err != nil {
		return db.translate(err)
	}
	return db.translate(tx.Commit())
}

func (db *DB) compress(data []byte) []byte { return db.encoder.EncodeAll(data, nil) }

func (db *DB) expand(data []byte) ([]byte, error) {
	out, err := db.decoder.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("database %q holds a damaged document: %w: %w", db.path, err, fault.ErrInvalid)
	}
	return out, nil
}

func millis(t time.Time) int64 { return t.UnixMilli() }
