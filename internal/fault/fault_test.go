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

func TestMessage(t *testing.T) {
	for text, err := range map[string]error{
		`setting "a"`:                  fmt.Errorf("setting %q: %w", "a", fault.ErrInvalid),
		"no key":                       fmt.Errorf("no key: %w: %w", fault.ErrNotFound, fault.ErrNotFound),
		"not found":                    fault.ErrNotFound,
		"a\nb":                         errors.Join(fmt.Errorf("a: %w", fault.ErrDenied), fmt.Errorf("b: %w", fault.ErrConflict)),
		"a; b":                         fmt.Errorf("a: %w; b: %w", fault.ErrDenied, context.Canceled),
		"access denied: by the policy": fmt.Errorf("%w: by the policy", fault.ErrDenied),
	} {
		if got := fault.Message(err); got != text {
			t.Errorf("Message(%q) = %q, want %q", err, got, text)
		}
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

// The mark changes neither the category nor the text.
func TestLocal(t *testing.T) {
	denied := fmt.Errorf("file %q: %w", "f", fault.ErrDenied)
	marked := fmt.Errorf("setting: %w", fault.Local(denied))
	if !fault.IsLocal(marked) || fault.Of(marked).Name != "denied" || marked.Error() != "setting: "+denied.Error() {
		t.Errorf("marked: %v, local %t, category %q", marked, fault.IsLocal(marked), fault.Of(marked).Name)
	}
	if fault.IsLocal(denied) || fault.IsLocal(nil) || fault.Local(nil) != nil {
		t.Error("an error that nobody marked counts as local")
	}
}
