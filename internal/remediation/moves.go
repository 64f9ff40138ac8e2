package remediation

import "github.com/eksposure/eksposure/internal/plan"

// Move is what somebody can do with a plan or a fleet plan.
type Move string

// The moves, named as the commands and the paths of the API.
const (
	MoveApprove Move = "approve"
	MoveApply   Move = "apply"
	MovePause   Move = "pause"
	MoveCancel  Move = "cancel"
	MoveRevert  Move = "revert"
)

// Moves are what can be done with the plan as it is, what helps most first.
func (r *Run) Moves() []Move {
	some, _ := r.Undoes()
	var list []Move
	for _, m := range moves(r.State) {
		blocked := false
		switch m {
		case MoveApprove:
			blocked = r.Fleet != "" || len(r.Plan.With(plan.Failed)) > 0
		case MoveApply:
			blocked = r.Fleet != "" && r.State == plan.Approved
		case MoveCancel:
			blocked = r.cancellable() != nil
		case MoveRevert:
			blocked = !some
		case MovePause:
		}
		if !blocked {
			list = append(list, m)
		}
	}
	return list
}

// Moves are what can be done with the fleet plan as it is, what helps most first.
func (f *Fleet) Moves() []Move { return moves(f.State) }

// moves are what a state lets somebody do.
func moves(s plan.State) []Move {
	to := map[Move]plan.State{MoveApprove: plan.Approved, MoveApply: plan.Applying, MovePause: plan.Paused, MoveRevert: plan.Reverting, MoveCancel: plan.Cancelled}
	var list []Move
	for _, m := range []Move{MoveApprove, MoveApply, MovePause, MoveRevert, MoveCancel} {
		asked := m == MoveRevert && s.Working() // of itself alone: who wants it pauses first
		if plan.Move(s, to[m]) == nil && !asked {
			list = append(list, m)
		}
	}
	return list
}
