// Package pause waits for a time that may be cut short.
package pause

import (
	"context"
	"time"
)

// For waits until the time has passed, and gives nil; or until the context has ended, and
// gives its error. It waits for no time that is not above zero.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
