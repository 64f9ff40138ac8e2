package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// State is how far a plan is.
type State string

// The states.
const (
	Drafted   State = "drafted"
	Approved  State = "approved"
	Applying  State = "applying"
	Paused    State = "paused"
	Verifying State = "verifying"
	Done      State = "done"
	Stopped   State = "failed" // Failed is a check's verdict
	Reverting State = "reverting"
	Reverted  State = "reverted"
	Cancelled State = "cancelled"
)

// next are the states that may follow each.
func next(s State) []State {
	switch s {
	case Drafted:
		return []State{Approved, Cancelled}
	case Approved:
		return []State{Applying, Cancelled}
	case Applying:
		return []State{Paused, Verifying, Reverting, Stopped} // reverting: a rollout failed and is undone
	case Paused:
		return []State{Applying, Reverting, Cancelled}
	case Verifying:
		return []State{Done, Reverting, Stopped} // reverting: nodes were cut off
	case Done, Stopped:
		return []State{Reverting}
	case Reverting:
		return []State{Reverted, Stopped}
	case Reverted, Cancelled:
	}
	return nil
}

// Move checks that one state may follow another: fault.ErrConflict when it may not.
func Move(from, to State) error {
	if slices.Contains(next(from), to) {
		return nil
	}
	switch moves := asked(from); {
	case len(next(from)) == 0:
		return fmt.Errorf("it is %s, which is its end: %w", from, fault.ErrConflict)
	case len(moves) == 0:
		return fmt.Errorf("it is %s and cannot be %s; wait until that is done: %w", from, to.past(), fault.ErrConflict)
	default:
		return fmt.Errorf("it is %s and cannot be %s; what it takes now: %s: %w", from, to.past(), strings.Join(moves, " or "), fault.ErrConflict)
	}
}

// asked are the commands that somebody may give in a state; to take back is one where
// nothing is being done.
func asked(s State) []string {
	var list []string
	for _, to := range next(s) {
		switch to { //nolint:exhaustive // the rest comes by itself
		case Approved:
			list = append(list, "approve")
		case Applying:
			list = append(list, "apply")
		case Paused:
			list = append(list, "pause")
		case Cancelled:
			list = append(list, "cancel")
		case Reverting:
			if !s.Working() {
				list = append(list, "revert")
			}
		}
	}
	return list
}

// past is the word for what was brought to a state.
func (s State) past() string {
	switch s { //nolint:exhaustive // the rest are such words
	case Applying:
		return "applied"
	case Reverting:
		return "reverted"
	}
	return string(s)
}

// States lists all states, from the first to the ends.
func States() []State {
	return []State{Drafted, Approved, Applying, Paused, Verifying, Done, Stopped, Reverting, Reverted, Cancelled}
}

// Working lists the states in which something is being done, and so is to be carried on.
func Working() []State { return []State{Applying, Verifying, Reverting} }

// Working reports whether something is being done.
func (s State) Working() bool { return slices.Contains(Working(), s) }
