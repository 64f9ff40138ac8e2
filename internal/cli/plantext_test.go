package cli_test

import (
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// Who interrupts a plan is told whether anything goes on: while it waits for a window
// nothing does.
func TestInterrupted(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	const idle, busy = "Nothing is under way; go on with", "What was asked for goes on; take it up with"
	for name, tt := range map[string]struct {
		run  remediation.Run
		want string
	}{
		"nothing began":          {remediation.Run{Steps: []remediation.Step{{}}}, idle},
		"between two actions":    {remediation.Run{Steps: []remediation.Step{{Begun: at, Held: at}, {}}}, idle},
		"an action is under way": {remediation.Run{Steps: []remediation.Step{{Begun: at, Held: at}, {Begun: at}}}, busy},
		"one is taken back":      {remediation.Run{Steps: []remediation.Step{{Begun: at, Held: at}}, Back: []remediation.Step{{Undo: true, Begun: at}}}, busy},
	} {
		if got := cli.Interrupted([]remediation.Run{{}, tt.run}); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A fleet plan that is taken back, or was, counts what is.
func TestFleetProgress(t *testing.T) {
	back := remediation.Run{State: plan.Reverted}
	for _, tt := range []struct {
		state plan.State
		back  []remediation.Return
		runs  []remediation.Run
		want  string
	}{
		{plan.Done, nil, []remediation.Run{{State: plan.Done}, {State: plan.Done}}, "[2/2] clusters done"},
		{plan.Reverting, make([]remediation.Return, 2), []remediation.Run{back, {State: plan.Done}}, "[1/2] clusters taken back"},
		{plan.Reverted, make([]remediation.Return, 2), []remediation.Run{back, back}, "[2/2] clusters taken back"},
	} {
		if got := cli.FleetProgress(remediation.Fleet{State: tt.state, Back: tt.back}, tt.runs); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.state, got, tt.want)
		}
	}
}
