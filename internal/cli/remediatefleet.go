package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/report"
)

func (r *runner) remediateFleetCommand() *cobra.Command {
	c := group("fleet", "One remedy for many clusters, in waves",
		`Drafts a plan for every cluster that has a topic, and applies them in waves: the canaries first, then batches. A wave begins
when all of the one before is done, verified by a new scan; when a plan fails, no other begins. The plans are plans as any
others: `+"`eksposure remediate show PLAN`"+` shows one, and `+"`eksposure remediate revert PLAN`"+` takes it back;
`+"`eksposure remediate fleet revert FLEET`"+` takes back all of them.`,
		r.fleetPlanCommand(), r.fleetShowCommand(), r.fleetApproveCommand(), r.fleetApplyCommand(), r.fleetRevertCommand(),
		r.fleetMoveCommand("pause", "Let no further plan begin, and pause those at work", "paused", (*remediation.Service).PauseFleet),
		r.fleetMoveCommand("cancel", "End a fleet plan that is not at work; what was done stays", "cancelled", (*remediation.Service).CancelFleet))
	c.Example = `  eksposure remediate fleet plan --topic internet-reachable --option private --severity Critical --canary staging
  eksposure remediate fleet approve k3v9q2m7x1ab --hash HASH --accept all
  eksposure remediate fleet apply k3v9q2m7x1ab`
	return c
}

func (r *runner) fleetPlanCommand() *cobra.Command {
	var q remediation.FleetRequest
	var severities []string
	c := &cobra.Command{
		Use:   "plan --topic TRAIT --option OPTION",
		Short: "Draft a plan for every cluster that has a topic; nothing is changed",
		Long: `Drafts a plan for every cluster with an open finding that has the topic; --account, --region, --severity and --cluster narrow
them. A cluster that cannot be planned, or would fail a check, is left out, and it is said why. The first wave are the
canaries, or the cluster with the lowest severity.`,
		Example: `  eksposure remediate fleet plan --topic internet-reachable --option private
  eksposure remediate fleet plan --topic unsupported-kubernetes-version --option upgrade --severity Critical --canary staging --batch 10`,
		Args: noArgs,
	}
	out := outputFlags(c, "text", "json")
	remedy := remedyFlags(c)
	c.Flags().StringArrayVar(&q.Query.Clusters, "cluster", nil, "`cluster` by name or ARN; may be repeated; default: all that have the topic")
	c.Flags().StringArrayVar(&severities, "severity", nil, "`severity` of the findings; may be repeated; default: any")
	c.Flags().StringArrayVar(&q.Canaries, "canary", nil, "`cluster` of the first wave; may be repeated")
	c.Flags().IntVar(&q.Batch, "batch", remediation.DefaultBatch, "`clusters` of each further wave")
	settings(c, "database", "log_level", "aws.", "kubernetes.", "policy.")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		var err error
		if q.Request, err = remedy(); err != nil {
			return err
		}
		for _, name := range severities {
			severity, err := exposure.ParseSeverity(name)
			if err != nil {
				return err
			}
			q.Query.Severities = append(q.Query.Severities, severity)
		}
		s, err := r.setup(c)
		if err != nil {
			return err
		}
		q.Query.Accounts, q.Query.Regions = s.Config.AWS.Accounts, s.Config.AWS.Regions
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error {
			p := r.progress()
			f, err := s.DraftFleet(c.Context(), q, by, func(d remediation.Drafting) {
				p.line(fmt.Sprintf("[%d/%d] drafting plans: %s", d.Done+1, d.All, d.Cluster.Name))
			})
			p.clear()
			if err != nil {
				return err
			}
			return r.writeFleet(c.Context(), out, s, f.ID)
		})
	}
	return c
}

func (r *runner) fleetShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "show [FLEET]",
		Short:   "Show a fleet plan and how far it is, or list all",
		Example: "  eksposure remediate fleet show\n  eksposure remediate fleet show k3v9q2m7x1ab",
		Args:    atMost("a fleet plan's ID"),
	}
	out := outputFlags(c, "text", "json")
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withPlans(c, func(s *remediation.Service, _ access.Principal) error {
			if len(given) == 1 {
				return r.writeFleet(c.Context(), out, s, given[0])
			}
			fleets, err := s.Fleets(c.Context())
			if err != nil {
				return err
			}
			return r.writeFleets(out, fleets)
		})
	}
	return c
}

func (r *runner) fleetApproveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "approve FLEET --hash HASH",
		Short: "Approve exactly the fleet plan with this hash, and every plan in it",
		Long: `Takes your word for the fleet plan with this hash, and so for every plan in it. What is accepted is accepted for each plan that
asks for it, as with ` + "`eksposure remediate approve`" + `.`,
		Example: `  eksposure remediate fleet approve k3v9q2m7x1ab --hash HASH --accept all`,
		Args:    args("a fleet plan's ID"),
	}
	r.approving(c, "fleet plan", "eksposure remediate fleet show", func(s *remediation.Service, id, hash string, by access.Principal, accept []string) error {
		f, err := s.ApproveFleet(c.Context(), id, hash, by, accept)
		if err != nil {
			return err
		}
		return line(r.Out, "Fleet plan %s is approved, and its %d plans. Apply it: eksposure remediate fleet apply %s", f.ID, len(f.Members()), f.ID)
	})
	return c
}

func (r *runner) fleetApplyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "apply FLEET",
		Short: "Apply an approved fleet plan, or go on with one that was interrupted or paused",
		Long: `Applies the plans wave by wave. An interrupt leaves EKS at what it works on; the same command goes on, and so does a running
` + "`eksposure serve`" + ` with the same database and setting remediation.role.`,
		Example: "  eksposure remediate fleet apply k3v9q2m7x1ab\n  eksposure remediate fleet apply k3v9q2m7x1ab --no-wait",
		Args:    args("a fleet plan's ID"),
	}
	r.fleetWorking(c, (*remediation.Service).StartFleet)
	return c
}

func (r *runner) fleetRevertCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "revert FLEET",
		Short: "Take back what a fleet plan changed, the last wave first",
		Long: `Takes back the plans of a fleet plan as ` + "`eksposure remediate revert`" + ` does one: the last wave first, and each wave when the one after
it is taken back. It goes back as far as each plan can be undone, and says which cluster keeps what, and why; where none can,
it is refused. When a plan cannot be taken back, no other begins. Plans that did not begin are cancelled.`,
		Example: "  eksposure remediate fleet revert k3v9q2m7x1ab",
		Args:    args("a fleet plan's ID"),
	}
	r.fleetWorking(c, (*remediation.Service).RevertFleet)
	return c
}

// fleetWorking makes c begin some work on a fleet plan and follow it.
func (r *runner) fleetWorking(c *cobra.Command, begin func(*remediation.Service, context.Context, string, access.Principal) (remediation.Fleet, error)) {
	var noWait bool
	c.Flags().BoolVar(&noWait, "no-wait", false, "leave the work to a running eksposure serve, or to the next call")
	settings(c, scanSettings...)
	c.RunE = func(c *cobra.Command, given []string) error {
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error {
			f, err := begin(s, c.Context(), given[0], by)
			if err != nil {
				return err
			}
			onward := "eksposure remediate fleet apply " + f.ID
			if f.State == plan.Reverting {
				onward = "eksposure remediate fleet revert " + f.ID
			}
			if noWait {
				return line(r.Out, "Fleet plan %s is %s. A running `eksposure serve` goes on with it, and so does: %s", f.ID, f.State, onward)
			}
			return r.followFleet(c.Context(), s, f.ID, onward)
		})
	}
}

func (r *runner) followFleet(ctx context.Context, s *remediation.Service, id, onward string) error {
	p := r.progress()
	tell := p.changes()
	f, members, err := s.FollowFleet(ctx, id, func(f remediation.Fleet, members []remediation.Run) { tell(fleetProgress(f, members)) })
	p.clear()
	if err != nil {
		if ctx.Err() != nil {
			r.say("%s: %s", interrupted(members), onward)
		}
		return err
	}
	if err := block(r.Out, fleetText(f, members)); err != nil {
		return err
	}
	if f.State == plan.Stopped {
		return fmt.Errorf("fleet plan %q failed: %s: %w", f.ID, f.Problem, fault.ErrConflict)
	}
	if f.State == plan.Paused && f.Problem != "" { // else somebody paused it
		return fmt.Errorf("fleet plan %q is paused: %s: %w", f.ID, f.Problem, fault.ErrDenied)
	}
	return nil
}

// fleetProgress says in one line where the work is.
func fleetProgress(f remediation.Fleet, members []remediation.Run) string {
	done, all, at := 0, len(members), []string{}
	end, word := plan.Done, "done"
	if len(f.Back) > 0 {
		end, word, all = plan.Reverted, "taken back", len(f.Back)
	}
	for i, r := range members {
		switch {
		case r.State == end:
			done++
		case r.State.Working():
			at = append(at, f.Members()[i].Cluster.Name+": "+strings.TrimSpace(progressText(r)))
		}
	}
	text := fmt.Sprintf("[%d/%d] clusters %s", done, all, word)
	if len(at) > 0 {
		text += "; " + at[0]
	}
	if len(at) > 1 {
		text += fmt.Sprintf("; and %d more at work", len(at)-1)
	}
	return text
}

func (r *runner) fleetMoveCommand(use, short, became string,
	move func(*remediation.Service, context.Context, string, access.Principal) (remediation.Fleet, error),
) *cobra.Command {
	c := &cobra.Command{
		Use: use + " FLEET", Short: short, Example: "  eksposure remediate fleet " + use + " k3v9q2m7x1ab", Args: args("a fleet plan's ID"),
	}
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		return r.withPlans(c, func(s *remediation.Service, by access.Principal) error {
			f, err := move(s, c.Context(), given[0], by)
			if err != nil {
				return err
			}
			return line(r.Out, "Fleet plan %s is %s.", f.ID, became)
		})
	}
	return c
}

func (r *runner) writeFleets(out *output, fleets []remediation.Fleet) error {
	return r.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return writeJSON(w, append([]remediation.Fleet{}, fleets...))
		}
		if len(fleets) == 0 {
			return line(w, "There is no fleet plan; `eksposure remediate fleet plan` drafts one.")
		}
		t := report.Table{Columns: []string{"FLEET PLAN", "STATE", "WHAT", "WAVES", "DRAFTED", "BY"}}
		for _, f := range fleets {
			t.Rows = append(t.Rows, []string{f.ID, string(f.State), f.Title, strconv.Itoa(len(f.Waves)), day(f.Drafted), cmp.Or(f.AuthorName, f.Author)})
		}
		return t.Write(w, report.Options{})
	})
}

// fleetAnswer is a fleet plan with its plans, as JSON.
type fleetAnswer struct {
	remediation.Fleet

	Plans []remediation.Run `json:"plans"`
}

func (r *runner) writeFleet(ctx context.Context, out *output, s *remediation.Service, id string) error {
	f, members, err := s.Fleet(ctx, id)
	if err != nil {
		return err
	}
	return r.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return writeJSON(w, fleetAnswer{f, members})
		}
		return block(w, fleetText(f, members)+fleetNext(f, members))
	})
}

func fleetText(f remediation.Fleet, members []remediation.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n  fleet plan %s, %s, drafted by %s\n  hash %s\n", f.Title, f.ID, f.State, cmp.Or(f.AuthorName, f.Author), f.Hash)
	if f.Problem != "" {
		fmt.Fprintf(&b, "  %s\n", f.Problem)
	}
	at := 0
	for i, wave := range f.Waves {
		fmt.Fprintf(&b, "\nWave %d\n", i+1)
		for _, m := range wave {
			run := members[at]
			at++
			fmt.Fprintf(&b, "  %s  plan %s, %s, %s", m.Cluster.Name, m.Plan, run.State, severities(&run.Plan))
			if run.Problem != "" {
				fmt.Fprintf(&b, ": %s", run.Problem)
			}
			b.WriteString("\n")
		}
	}
	omissions(&b, "Left out", f.Omitted)
	omissions(&b, "Not taken back, or not all of it", f.Kept)
	if demands := remediation.Demands(members); f.State == plan.Drafted && len(demands) > 0 {
		b.WriteString("\nTo be accepted, where a plan asks for it\n")
		for _, name := range demands {
			n := 0
			for _, run := range members {
				if slices.Contains(run.Plan.Demands(), name) {
					n++
				}
			}
			fmt.Fprintf(&b, "  %s (%s)\n", name, plural(n, "plan", "plans"))
		}
	}
	return b.String()
}

// omissions writes clusters with a reason for each.
func omissions(b *strings.Builder, title string, list []remediation.Omission) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, o := range list {
		fmt.Fprintf(b, "  %s: %s\n", o.Cluster.Name, o.Reason)
	}
}

func fleetNext(f remediation.Fleet, members []remediation.Run) string {
	switch f.State { //nolint:exhaustive // the rest has nothing to go on with
	case plan.Drafted:
		text := "\nTo approve it: eksposure remediate fleet approve " + f.ID + " --hash " + f.Hash
		demands := remediation.Demands(members)
		if len(demands) > 0 {
			text += " --accept all"
		}
		if slices.Contains(demands, plan.AcceptIrreversible) {
			text += " --accept irreversible"
		}
		return text + "\n"
	case plan.Approved, plan.Paused, plan.Applying:
		return "\nTo apply it: eksposure remediate fleet apply " + f.ID + "\n"
	case plan.Done, plan.Stopped, plan.Reverting:
		return "\nTo take it back: eksposure remediate fleet revert " + f.ID + "\n"
	}
	return ""
}
