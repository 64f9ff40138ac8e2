package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	sqlite "github.com/glebarez/go-sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/eksposure/eksposure/internal/fault"
)

//go:embed schema/*.sql
var schema embed.FS

// applicationID marks our files (SQLite file format, offset 68): "eksp".
const applicationID = 0x656b7370

// migration is one file of schema/; its version is its place in the folder.
type migration struct {
	version  int
	text     string
	checksum string
}

func migrations() ([]migration, error) {
	entries, err := fs.ReadDir(schema, "schema")
	if err != nil {
		return nil, fmt.Errorf("database schema: %w", err)
	}
	var list []migration
	for i, e := range entries {
		text, err := fs.ReadFile(schema, "schema/"+e.Name())
		if err != nil {
			return nil, fmt.Errorf("database schema: %w", err)
		}
		sum := sha256.Sum256(text)
		list = append(list, migration{version: i + 1, text: string(text), checksum: hex.EncodeToString(sum[:])})
	}
	return list, nil
}

// migrate applies what is missing, all in one transaction: the file is of one
// version or of the other, never between.
func (db *DB) migrate(ctx context.Context) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		applied, err := db.applied(ctx, tx)
		if err != nil {
			return err
		}
		if len(applied) > len(list) {
			return fmt.Errorf("database %q was written by a newer eksposure (schema %d, this program knows %d); use the newer program, or another file with --db: %w",
				db.path, len(applied), len(list), fault.ErrInvalid)
		}
		for i, m := range list {
			if i < len(applied) {
				if applied[i] != m.checksum {
					return fmt.Errorf("database %q has another schema %d than this program; name another file with --db: %w", db.path, m.version, fault.ErrInvalid)
				}
				continue
			}
			if _, err := tx.ExecContext(ctx, m.text); err != nil {
				return fmt.Errorf("bring database %q to schema %d: %w", db.path, m.version, err)
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO migrations (version, checksum, applied_at) VALUES (?, ?, ?)`, m.version, m.checksum, millis(db.now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// applied gives the checksums of the migrations in the file, in order. A fresh
// file gets the table of migrations; a SQLite file of another program is refused.
func (db *DB) applied(ctx context.Context, tx *sql.Tx) ([]string, error) {
	var id, tables int
	if err := tx.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&id); err != nil {
		return nil, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return nil, err
	}
	if tables == 0 {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d;
			CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`, applicationID))
		return nil, err
	}
	if id != applicationID {
		return nil, errForeign(db.path)
	}
	rows, err := tx.QueryContext(ctx, `SELECT checksum FROM migrations ORDER BY version`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var sums []string
	for rows.Next() {
		var sum string
		if err := rows.Scan(&sum); err != nil {
			return nil, err
		}
		sums = append(sums, sum)
	}
	return sums, rows.Err()
}

// translate gives an SQLite error its category and, where there is one, its remedy.
func (db *DB) translate(err error) error {
	var e *sqlite.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	const primary = 0xff // extended result codes keep the primary one in the low byte
	switch e.Code() & primary {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("database %q is in use by another eksposure: %w: %w", db.path, err, fault.ErrConflict)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("disk of database %q is full; make room and run the command again, what was recorded is kept: %w: %w", db.path, err, fault.ErrUnavailable)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("database %q is damaged; move it away or restore a copy, the next scan finds the exposures again: %w: %w", db.path, err, fault.ErrInvalid)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("database %q cannot be written; make it and its directory writable or name another file with --db: %w: %w", db.path, err, fault.ErrDenied)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("database %q: %w: %w", db.path, err, fault.ErrUnavailable)
	case sqlite3.SQLITE_INTERRUPT:
		return fmt.Errorf("database %q: %w: %w", db.path, err, context.Canceled)
	}
	return fmt.Errorf("database %q: %w", db.path, err)
}
