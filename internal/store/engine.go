package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// engine is what SQLite and PostgreSQL do in different ways, beside their dialect.
type engine interface {
	// connect makes the pool that reads and the pool that writes, or none.
	connect(ctx context.Context) (read, write *sql.DB, err error)
	// found reports whether our tables are there, whatever their version. Tables of
	// another program are fault.ErrInvalid.
	found(ctx context.Context, q querier) (bool, error)
	// create makes the table of migrations, and marks the database as ours.
	create(ctx context.Context, t tx) error
	// queue makes a transaction wait until no other one is queued.
	queue(ctx context.Context, t tx) error
	// translate gives an error of the engine its category and its remedy.
	translate(err error) error
	// advice says what to do about a document that cannot be read back.
	advice() string
}

// IsURL reports whether a place is a PostgreSQL URL and not a file.
func IsURL(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// choose gives the engine of a place, its dialect, and the place's name for
// people, which holds no password.
func choose(c Config) (e engine, d dialect, name string, err error) {
	if IsURL(c.Place) {
		p, err := newPostgres(c.Place)
		if err != nil {
			return nil, dialect{}, "", err
		}
		return p, postgresDialect(), p.name, nil
	}
	if scheme, _, ok := strings.Cut(c.Place, "://"); ok {
		return nil, dialect{}, "", fmt.Errorf("database of the kind %q is not known; name a file or postgres://USER@HOST/DATABASE with --db: %w", scheme, fault.ErrInvalid)
	}
	return &sqliteEngine{path: c.Place, existing: c.Existing}, sqliteDialect(), c.Place, nil
}
