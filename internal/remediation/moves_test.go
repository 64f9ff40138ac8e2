package remediation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

func TestMoves(t *testing.T) {
	reversible := plan.Action{Kind: plan.EndpointAccess}
	final := plan.Action{Kind: plan.SecretsEncryption, Irreversible: "EKS takes no encryption away"}
	tests := []struct {
		name   string
		state  plan.State
		action plan.Action
		begun  bool
		held   bool
		fleet  string
		checks []plan.Check
		want   []remediation.Move
	}{
		{name: "drafted", state: plan.Drafted, want: []remediation.Move{remediation.MoveApprove, remediation.MoveCancel}},
		{name: "drafted, with a failed check", state: plan.Drafted, checks: []plan.Check{{Name: "operator", Verdict: plan.Failed}}, want: []remediation.Move{remediation.MoveCancel}},
		{name: "approved", state: plan.Approved, want: []remediation.Move{remediation.MoveApply, remediation.MoveCancel}},
		{name: "applying", state: plan.Applying, begun: true, want: []remediation.Move{remediation.MovePause}},
		{name: "paused before anything", state: plan.Paused, want: []remediation.Move{remediation.MoveApply, remediation.MoveCancel}},
		{name: "paused", state: plan.Paused, begun: true, held: true, want: []remediation.Move{remediation.MoveApply, remediation.MoveRevert, remediation.MoveCancel}},
		{name: "paused while an action is under way", state: plan.Paused, begun: true, want: []remediation.Move{remediation.MoveApply, remediation.MoveRevert}},
		{name: "drafted with a fleet plan", state: plan.Drafted, fleet: "f", want: []remediation.Move{remediation.MoveCancel}},
		{name: "approved with a fleet plan", state: plan.Approved, fleet: "f", want: []remediation.Move{remediation.MoveCancel}},
		{name: "paused in a wave", state: plan.Paused, fleet: "f", begun: true, held: true, want: []remediation.Move{remediation.MoveApply, remediation.MoveRevert, remediation.MoveCancel}},
		{name: "verifying", state: plan.Verifying, begun: true},
		{name: "done", state: plan.Done, begun: true, want: []remediation.Move{remediation.MoveRevert}},
		{name: "done, what cannot be undone", state: plan.Done, begun: true, action: final},
		{name: "failed", state: plan.Stopped, begun: true, want: []remediation.Move{remediation.MoveRevert}},
		{name: "reverting", state: plan.Reverting, begun: true},
		{name: "reverted", state: plan.Reverted, begun: true},
		{name: "cancelled", state: plan.Cancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.action
			if a.Kind == "" {
				a = reversible
			}
			r := remediation.Run{State: tt.state, Fleet: tt.fleet, Plan: plan.Plan{Actions: []plan.Action{a}, Checks: tt.checks}, Steps: []remediation.Step{{}}}
			if tt.begun {
				r.Steps[0].Begun = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
			}
			if tt.held {
				r.Steps[0].Held = time.Date(2026, 11, 26, 9, 1, 0, 0, time.UTC)
			}
			if diff := cmp.Diff(tt.want, r.Moves()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
