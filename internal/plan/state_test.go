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
