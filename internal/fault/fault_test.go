package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
)

func TestOf(t *testing.T) {
	if got := fault.Of(nil); got != (fault.Category{}) {
		t.Errorf("Of(nil) = %+v", got)
	}
	if got := fault.Of(errors.New("unforeseen")); got.Name != "internal" || got.ExitCode != fault.ExitInternal {
		t.Errorf("an error of no category: %+v", got)
	}
	wrapped := fmt.Errorf("list nodes: %w: %w", errors.New("HTTP 429"), fault.ErrThrottled)
	if got := fault.Of(wrapped); got.Name != "throttled" || !got.Retry {
		t.Errorf("a wrapped error: %+v", got)
	}
	if got := fault.Of(fmt.Errorf("scan: %w", context.Canceled)); got.ExitCode != fault.ExitInterrupted {
		t.Errorf("an interrupt: %+v", got)
	}
}

// Exit codes tell categories apart; only the two kinds of "unavailable" share one.
func TestExitCodesAreDistinct(t *testing.T) {
	seen := map[int]string{fault.ExitOK: "", fault.ExitInternal: "", fault.ExitFailOn: "", fault.ExitIncomplete: ""}
	for _, c := range fault.Categories() {
		if name, taken := seen[c.ExitCode]; taken && name != c.Name {
			t.Errorf("exit code %d means %q and %q", c.ExitCode, name, c.Name)
		}
		seen[c.ExitCode] = c.Name
	}
}
