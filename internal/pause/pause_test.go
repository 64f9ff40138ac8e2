package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eksposure/eksposure/internal/pause"
)

func TestFor(t *testing.T) {
	tests := []struct {
		name         string
		wait, end    time.Duration
		want         error
		wantDuration time.Duration
	}{
		{"the time passes", time.Minute, time.Hour, nil, time.Minute},
		{"the context ends", time.Hour, time.Minute, context.DeadlineExceeded, time.Minute},
		{"no time", 0, time.Hour, nil, 0},
		{"less than none", -time.Second, time.Hour, nil, 0},
		{"no time, and the context has ended", 0, 0, context.DeadlineExceeded, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.end)
				defer cancel()
				began := time.Now()
				err := pause.For(ctx, tt.wait)
				if waited := time.Since(began); !errors.Is(err, tt.want) || waited != tt.wantDuration {
					t.Errorf("%v after %s, want %v after %s", err, waited, tt.want, tt.wantDuration)
				}
			})
		})
	}
}
