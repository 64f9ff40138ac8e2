package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/eksposure/eksposure/internal/fault"
)

//go:embed schema/*.sql
var schema embed.FS

// createMigrations makes the table that tells which files of schema/ were applied.
const createMigrations = `CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`

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

// migrate brings the database to the newest of the listed migrations, all in one transaction: it is of one
// version or of the other, never between. One that is up to date is only read,
// so that a listing never waits for a scan.
func (db *DB) migrate(ctx context.Context, list []migration) error {
	applied, err := db.applied(ctx, db.read)
	if err != nil {
		return db.engine.translate(err)
	}
	if len(applied) == len(list) {
		return db.checkApplied(applied, list)
	}
	if len(applied) == 0 && db.existing {
		return errMissing(db.name)
	}
	return db.inOrder(ctx, func(t tx) error {
		applied, err := db.applied(ctx, t.inner) // another process may have been faster
		if err != nil {
			return err
		}
		if err := db.checkApplied(applied, list); err != nil {
			return err
		}
		if len(applied) == 0 {
			if err := db.engine.create(ctx, t); err != nil {
				return err
			}
		}
		for _, m := range list[len(applied):] {
			if _, err := t.inner.ExecContext(ctx, db.dialect.definition(m.text)); err != nil {
				return fmt.Errorf("bring database %q to schema %d: %w", db.name, m.version, err)
			}
			if _, err := t.exec(ctx, `INSERT INTO migrations (version, checksum, applied_at) VALUES (?, ?, ?)`, m.version, m.checksum, millis(db.now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkApplied compares the migrations in the database with this program's.
func (db *DB) checkApplied(applied []appliedMigration, list []migration) error {
	if n := len(applied); n > 0 && applied[n-1].version > len(list) {
		return fmt.Errorf("database %q was written by a newer eksposure (schema %d, this program knows %d); use the newer program, or another database with --db: %w",
			db.name, applied[n-1].version, len(list), fault.ErrInvalid)
	}
	for i, a := range applied {
		if a.version != i+1 || a.checksum != list[i].checksum {
			return fmt.Errorf("database %q has another schema %d than this program; name another database with --db: %w", db.name, i+1, fault.ErrInvalid)
		}
	}
	return nil
}

// appliedMigration is one that the database says it has had.
type appliedMigration struct {
	version  int
	checksum string
}

// querier is a transaction or a pool of connections.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

// applied gives the migrations in the database, in order; a fresh one has none.
func (db *DB) applied(ctx context.Context, q querier) ([]appliedMigration, error) {
	if ours, err := db.engine.found(ctx, q); err != nil || !ours {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT version, checksum FROM migrations ORDER BY version`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // nothing was written
	var list []appliedMigration
	for rows.Next() {
		var a appliedMigration
		if err := rows.Scan(&a.version, &a.checksum); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, rows.Err()
}
