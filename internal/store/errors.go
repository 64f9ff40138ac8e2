package store

import (
	"context"
	"errors"
	"fmt"
	"os"

	sqlite "github.com/glebarez/go-sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/eksposure/eksposure/internal/fault"
)

// translate gives an SQLite error its category and, where there is one, its remedy.
func (db *DB) translate(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	const primary = 0xff // extended result codes keep the primary one in the low byte
	switch e.Code() & primary {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("database %q is in use by another eksposure: %w: %w", db.path, err, fault.ErrConflict)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("disk full: database %q cannot grow; make room and run the command again, what was recorded is kept: %w: %w", db.path, err, fault.ErrUnavailable)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("database %q is damaged; move it away or restore a copy, the next scan finds the exposures again: %w: %w", db.path, err, fault.ErrInvalid)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("database %q cannot be written; make it and its directory writable or name another file with --db: %w: %w", db.path, err, fault.ErrDenied)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("database %q could not be read or written; see to its disk and run the command again, what was recorded is kept: %w: %w", db.path, err, fault.ErrUnavailable)
	case sqlite3.SQLITE_INTERRUPT:
		return fmt.Errorf("database %q: %w: %w", db.path, err, context.Canceled)
	}
	return fmt.Errorf("database %q: %w", db.path, err)
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
