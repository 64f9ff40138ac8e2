package store

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
)

func errForeign(name string) error {
	return fmt.Errorf("database %q belongs to another program; name another one with --db: %w", name, fault.ErrInvalid)
}

func errMissing(name string) error {
	return fmt.Errorf("there is no database %q; run `eksposure scan` first, or name another one with --db: %w", name, fault.ErrNotFound)
}
