package store

import (
	"context"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// Claim takes a name until a time when nobody holds it, and reports whether it did.
// A holder that claims its own again prolongs it.
func (db *DB) Claim(ctx context.Context, kind, id, holder string, until time.Time) (bool, error) {
	n, err := db.exec(ctx, `INSERT INTO leases (kind, id, holder, until_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (kind, id) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at
		WHERE leases.holder = excluded.holder OR leases.until_at <= ?`, kind, id, holder, millis(until), millis(db.now()))
	return n > 0, err
}

// Renew prolongs what the holder still holds; fault.ErrConflict means that another
// has it, or nobody.
func (db *DB) Renew(ctx context.Context, kind, id, holder string, until time.Time) error {
	n, err := db.exec(ctx, `UPDATE leases SET until_at = ? WHERE kind = ? AND id = ? AND holder = ?`, millis(until), kind, id, holder)
	if err == nil && n == 0 {
		err = fmt.Errorf("lease of %s %q was lost: %w", kind, id, fault.ErrConflict)
	}
	return err
}

// Release gives back what the holder holds; what it does not hold stays.
func (db *DB) Release(ctx context.Context, kind, id, holder string) error {
	_, err := db.exec(ctx, `DELETE FROM leases WHERE kind = ? AND id = ? AND holder = ?`, kind, id, holder)
	return err
}
