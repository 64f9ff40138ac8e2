package plan_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// Every pair of states: what is not listed is refused.
func TestMove(t *testing.T) {
	allowed := map[plan.State][]plan.State{
		plan.Drafted:   {plan.Approved, plan.Cancelled},
		plan.Approved:  {plan.Applying, plan.Cancelled},
		plan.Applying:  {plan.Paused, plan.Verifying, plan.Reverting, plan.Stopped},
		plan.Paused:    {plan.Applying, plan.Reverting, plan.Cancelled},
		plan.Verifying: {plan.Done, plan.Reverting, plan.Stopped},
		plan.Done:      {plan.Reverting},
		plan.Stopped:   {plan.Reverting},
		plan.Reverting: {plan.Reverted, plan.Stopped},
	}
	for _, from := range plan.States() {
		for _, to := range plan.States() {
			err := plan.Move(from, to)
			if want := slices.Contains(allowed[from], to); want != (err == nil) {
				t.Errorf("%s → %s: %v, allowed %t", from, to, err, want)
			}
			if err != nil && !errors.Is(err, fault.ErrConflict) {
				t.Errorf("%s → %s: %v, want fault.ErrConflict", from, to, err)
			}
		}
		working := from == plan.Applying || from == plan.Verifying || from == plan.Reverting
		if from.Working() != working {
			t.Errorf("%s is at work: %t", from, from.Working())
		}
	}
}

// A refusal names the commands that a plan takes, and not the states that it may reach.
func TestMoveSaysWhatItTakes(t *testing.T) {
	for from, want := range map[plan.State]string{
		plan.Drafted:   "it is drafted and cannot be reverted; what it takes now: approve or cancel",
		plan.Approved:  "it is approved and cannot be reverted; what it takes now: apply or cancel",
		plan.Paused:    "it is paused and cannot be paused; what it takes now: apply or revert or cancel",
		plan.Applying:  "it is applying and cannot be cancelled; what it takes now: pause",
		plan.Verifying: "it is verifying and cannot be cancelled; wait until that is done",
		plan.Done:      "it is done and cannot be cancelled; what it takes now: revert",
		plan.Cancelled: "it is cancelled, which is its end",
	} {
		to := plan.Cancelled
		switch from { //nolint:exhaustive // the rest cannot be cancelled
		case plan.Drafted, plan.Approved:
			to = plan.Reverting
		case plan.Paused:
			to = plan.Paused
		}
		if got := fault.Message(plan.Move(from, to)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
