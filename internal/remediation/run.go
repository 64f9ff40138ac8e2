package remediation

import (
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/plan"
)

// Run is a plan and how far it is. What it says is what was written down before
// and after each call.
type Run struct {
	Plan plan.Plan `json:"plan"`
	// Hash is that of the plan, which an approval names.
	Hash  string     `json:"hash"`
	State plan.State `json:"state"`
	// Fleet is the fleet plan that it belongs to, which approves and begins it; empty for
	// one that stands alone.
	Fleet string `json:"fleet,omitempty"`
	// Approval is nil until there is one.
	Approval *Approval `json:"approval,omitempty"`
	// Steps are one for each action, in order; Back are those that undo them.
	Steps []Step `json:"steps"`
	Back  []Step `json:"back,omitempty"`
	// Problem says why the run is in state failed, or what it waits for.
	Problem string `json:"problem,omitempty"`
	// Before is what was known of the cluster when a change of its endpoint was begun; nil
	// for other plans. Alarm is when something was seen to be wrong since.
	Before *plan.Sight `json:"before,omitempty"`
	Alarm  time.Time   `json:"alarm_at,omitzero"`
	// Cause is why an action is being undone, or was, without anybody asking.
	Cause string `json:"cause,omitempty"`
	// Verified is what the last scan said; nil before.
	Verified *Verified `json:"verified,omitempty"`
	// Look is when there is something to look at again.
	Look time.Time `json:"look_at,omitzero"`
}

// Approval is somebody's word for exactly one plan.
type Approval struct {
	By   string    `json:"by"`
	Name string    `json:"name,omitempty"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash"`
	// Accepted are the checks without an answer, and plan.AcceptIrreversible, that
	// the approver took upon himself.
	Accepted []string `json:"accepted,omitempty"`
}

// Step is how far one action is.
type Step struct {
	// Action is the place of the action in the plan; Undo tells that the step does
	// its inverse.
	Action int  `json:"action"`
	Undo   bool `json:"undo,omitempty"`
	// Token makes EKS do the action once, however often it is asked.
	Token string `json:"token"`
	// Begun is written before the call, Update after it: the ID of EKS's update, the
	// generation of the workload, or the ARN of the key.
	Begun  time.Time `json:"begun_at,omitzero"`
	Update string    `json:"update,omitempty"`
	// Seen is what was last seen of a rollout, or which checks the step waits for, and Moved
	// since when.
	Seen  string    `json:"seen,omitempty"`
	Moved time.Time `json:"moved_at,omitzero"`
	// Count is how many secrets were written again.
	Count int `json:"count,omitempty"`
	// Held is when the end state was seen.
	Held time.Time `json:"held_at,omitzero"`
}

// Do is what a step does. Of the plan that was approved, and nothing else.
func (r *Run) Do(st Step) plan.Action {
	a := r.Plan.Actions[st.Action]
	if st.Undo {
		a, _ = a.Inverse() // a step that undoes is made of an action that can be
	}
	return a
}

// Outcome is what a scan said about the plan's trait.
type Outcome string

// The outcomes.
const (
	Gone    Outcome = "gone"
	Present Outcome = "present"
	Unclear Outcome = "unknown"
)

// Verified is what a new scan said.
type Verified struct {
	At time.Time `json:"at"`
	// Severity is empty when the finding is resolved.
	Severity exposure.Severity `json:"severity"`
	Trait    Outcome           `json:"trait"`
	// Evidence is what was seen of the trait, why it is not known, or what is left to do by
	// hand.
	Evidence []string `json:"evidence,omitempty"`
}

// next gives the first step that does not hold yet; nil when all do.
func next(list []Step) *Step {
	for i := range list {
		if list[i].Held.IsZero() {
			return &list[i]
		}
	}
	return nil
}

// same finds a step of one reading in another, by its token.
func (r *Run) same(st *Step) *Step {
	for _, list := range [][]Step{r.Steps, r.Back} {
		for i := range list {
			if list[i].Token == st.Token {
				return &list[i]
			}
		}
	}
	return st
}

// settled is when the last step held.
func (r *Run) settled() time.Time {
	var last time.Time
	for _, list := range [][]Step{r.Steps, r.Back} {
		for _, st := range list {
			if st.Held.After(last) {
				last = st.Held
			}
		}
	}
	return last
}
