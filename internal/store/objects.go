package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// AddObject adds a small document of configuration; one that is there already is
// fault.ErrConflict.
func (db *DB) AddObject(ctx context.Context, kind, id string, document []byte) error {
	n, err := db.exec(ctx, `INSERT INTO objects (kind, id, document) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO NOTHING`, kind, id, document)
	return added(n, err, kind, id)
}

// PutObject adds or replaces a document.
func (db *DB) PutObject(ctx context.Context, kind, id string, document []byte) error {
	_, err := db.exec(ctx, `INSERT INTO objects (kind, id, document) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document`, kind, id, document)
	return err
}

// ReplaceObject replaces a document if it still is the old one, else it is
// fault.ErrConflict.
func (db *DB) ReplaceObject(ctx context.Context, kind, id string, old, document []byte) error {
	n, err := db.exec(ctx, `UPDATE objects SET document = ? WHERE kind = ? AND id = ? AND document = ?`, document, kind, id, old)
	return replaced(n, err, kind, id)
}

// Object returns one document; fault.ErrNotFound when there is none.
func (db *DB) Object(ctx context.Context, kind, id string) ([]byte, error) {
	var document []byte
	err := db.row(ctx, `SELECT document FROM objects WHERE kind = ? AND id = ?`, []any{kind, id}, &document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoObject(kind, id)
	}
	return document, err
}

// Objects returns all documents of a kind, in order of their IDs.
func (db *DB) Objects(ctx context.Context, kind string) ([][]byte, error) {
	return db.documentsOf(ctx, `SELECT document FROM objects WHERE kind = ? ORDER BY id`, kind)
}

// DeleteObject removes a document; fault.ErrNotFound when there is none.
func (db *DB) DeleteObject(ctx context.Context, kind, id string) error {
	n, err := db.exec(ctx, `DELETE FROM objects WHERE kind = ? AND id = ?`, kind, id)
	if err == nil && n == 0 {
		err = errNoObject(kind, id)
	}
	return err
}

// added is what adding one document came to: n is 0 when it was there.
func added(n int64, err error, kind, id string) error {
	if err == nil && n == 0 {
		err = fmt.Errorf("there is a %s %q already: %w", named(kind), id, fault.ErrConflict)
	}
	return err
}

// replaced is what replacing one document came to: n is 0 when it was another.
func replaced(n int64, err error, kind, id string) error {
	if err == nil && n == 0 {
		err = fmt.Errorf("%s %q was changed or removed meanwhile; read it and try again: %w", named(kind), id, fault.ErrConflict)
	}
	return err
}

func errNoObject(kind, id string) error {
	return fmt.Errorf("no %s %q: %w", named(kind), id, fault.ErrNotFound)
}

// named is a kind as people say it.
func named(kind string) string { return strings.ReplaceAll(kind, "-", " ") }
