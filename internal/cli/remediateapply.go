package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

func (r *runner) remediateApplyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Apply an approved plan, or go on with one that was interrupted or paused",
		Long: `Applies an approved plan: one action after the other, each when the one before holds, and then a new scan of the cluster,
which says whether the trait is gone. A cluster that is not as the plan found it is refused, and it is said what moved.

An interrupt leaves EKS at what it works on. The same command goes on with it, and asks EKS for nothing twice; so does a
running ` + "`eksposure serve`" + ` with the same database and setting remediation.role.`,
		Example: `  eksposure remediate apply k3v9q2m7x1ab
  eksposure remediate apply k3v9q2m7x1ab --no-wait`,
		Args: args("a plan's ID"),
	}
	r.working(c, (*remediation.Service).Start)
	return c
}

func (r *runner) remediateRevertCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "revert PLAN",
		Short: "Take back what a plan changed",
		Long: `Takes back the actions of a plan that were begun, the last one first, in the same way as they were applied, and scans the
cluster again. It goes back as far as can be undone, and says what stays; where not even the last action can be undone, it
is refused.`,
		Example: `  eksposure remediate revert k3v9q2m7x1ab`,
		Args:    args("a plan's ID"),
	}
	r.working(c, (*remediation.Service).Revert)
	return c
}

// working makes c begin some work on a plan and follow it.
func (r *runner) working(c *cobra.Command, begin func(*remediation.Service, context.Context, string, access.Principal) (remediation.Run, error)) {
	var noWait bool
	c.Flags().BoolVar(&noWait, "no-wait", false, "leave the work to a running eksposure serve, or to the next call")
	settings(c, scanSettings...)
	c.RunE = func(c *cobra.Command, given []string) error {
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error {
			run, err := begin(s, c.Context(), given[0], by)
			if err != nil {
				return err
			}
			if noWait {
				return line(r.Out, "Plan %s is %s. A running `eksposure serve` goes on with it, and so does: %s", run.Plan.ID, run.State, onward(run))
			}
			return r.follow(c.Context(), s, run)
		})
	}
}

// follow shows the work on a plan until its end.
func (r *runner) follow(ctx context.Context, s *remediation.Service, run remediation.Run) error {
	p := r.progress()
	tell := p.changes()
	run, err := s.Follow(ctx, run.Plan.ID, func(now remediation.Run) {
		run = now
		tell(progressText(now))
	})
	p.clear()
	if err != nil {
		if ctx.Err() != nil && run.Plan.ID != "" {
			r.say("%s: %s", interrupted([]remediation.Run{run}), onward(run))
		}
		return err
	}
	if err := r.writeStatus(&output{format: "text"}, run); err != nil {
		return err
	}
	if run.State == plan.Reverted && run.Cause != "" {
		return fmt.Errorf("plan %q was taken back: %s: %w", run.Plan.ID, run.Cause, fault.ErrConflict)
	}
	if run.State == plan.Stopped {
		return fmt.Errorf("plan %q failed: %s: %w", run.Plan.ID, run.Problem, fault.ErrConflict)
	}
	if run.State == plan.Paused && run.Problem != "" { // else somebody paused it
		return fmt.Errorf("plan %q is paused: %s: %w", run.Plan.ID, run.Problem, fault.ErrDenied)
	}
	return nil
}

// interrupted says what goes on without the one who was interrupted.
func interrupted(runs []remediation.Run) string {
	for _, run := range runs {
		for _, st := range slices.Concat(run.Steps, run.Back) {
			if !st.Begun.IsZero() && st.Held.IsZero() {
				return "What was asked for goes on; take it up with"
			}
		}
	}
	return "Nothing is under way; go on with"
}

// progressText says in one line where the work is; empty when there is none.
func progressText(run remediation.Run) string {
	what := "scanning the cluster again"
	steps := run.Steps
	if run.State == plan.Reverting {
		steps = run.Back
	}
	for i, st := range steps {
		if run.State != plan.Verifying && st.Held.IsZero() {
			what = fmt.Sprintf("[%d/%d] %s", i+1, len(steps), run.Do(st).Title)
			break
		}
	}
	if !run.State.Working() {
		return ""
	}
	if run.Problem != "" {
		what += ": " + run.Problem
	}
	return strings.Join(strings.Fields(what), " ")
}

// onward is the command that goes on with a plan.
func onward(run remediation.Run) string {
	if run.State == plan.Reverting {
		return "eksposure remediate revert " + run.Plan.ID
	}
	return "eksposure remediate apply " + run.Plan.ID
}
