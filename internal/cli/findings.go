package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/report"
)

func (r *runner) findingsCommand() *cobra.Command {
	return group("findings", "Read the recorded findings", "Reads the findings that scans recorded. Needs no AWS credentials.",
		r.findingsListCommand(), r.findingsShowCommand(), r.findingsHistoryCommand(), r.fixSetCommand())
}

func (r *runner) findingsListCommand() *cobra.Command {
	var q exposure.Query
	var severities, statuses []string
	c := &cobra.Command{
		Use:   "list",
		Short: "List findings, most severe first",
		Example: `  eksposure findings list
  eksposure findings list --severity critical --severity high
  eksposure findings list --trait internet-reachable -o csv
  eksposure findings list --closed -o json`,
		Args: noArgs,
	}
	out := outputFlags(c, reportFormats()...)
	f := c.Flags()
	f.StringArrayVar(&severities, "severity", nil, "only this `severity`: critical, high, medium, low; may be repeated")
	f.StringArrayVar(&statuses, "status", nil, "only this `status`: new, \"in progress\", suppressed, resolved; may be repeated")
	f.StringArrayVar(&q.Accounts, "account", nil, "only this `account`; may be repeated")
	f.StringArrayVar(&q.Regions, "region", nil, "only this `region`; may be repeated")
	f.StringArrayVar(&q.Clusters, "cluster", nil, "only this `cluster`, by ARN or name; may be repeated")
	f.StringArrayVar(&q.Traits, "trait", nil, "only findings that this `trait` contributes to; may be repeated")
	f.BoolVar(&q.Closed, "closed", false, "also findings that are closed")
	f.IntVar(&q.Limit, "limit", 0, "at most this `number`; 0 means all")
	_ = c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions(severityNames(), cobra.ShellCompDirectiveNoFileComp))
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		if err := errors.Join(checkAccounts(q.Accounts), checkRegions(q.Regions), checkARNs(q.Clusters)); err != nil {
			return err
		}
		if err := r.fill(&q, severities, statuses); err != nil {
			return err
		}
		return r.withFindings(c, func(store Findings) error {
			findings, err := store.Findings(c.Context(), q)
			if err != nil {
				return err
			}
			undecided, err := store.Undecided(c.Context())
			if err != nil {
				return err
			}
			undecided = slices.DeleteFunc(undecided, func(u exposure.Undecided) bool { return !q.SelectsUndecided(u) })
			return r.report(out, report.Report{Findings: findings, Undecided: undecided}, report.List)
		})
	}
	return c
}

// fill reads the query's words.
func (r *runner) fill(q *exposure.Query, severities, statuses []string) error {
	for _, name := range severities {
		s, err := exposure.ParseSeverity(name)
		if err != nil {
			return fmt.Errorf("--%w", err)
		}
		q.Severities = append(q.Severities, s)
	}
	for _, name := range statuses {
		s, err := exposure.ParseStatus(name)
		if err != nil {
			return fmt.Errorf("--%w", err)
		}
		q.Statuses = append(q.Statuses, s)
	}
	for _, id := range q.Traits {
		if _, err := r.trait(id); err != nil {
			return fmt.Errorf("--%w", err)
		}
	}
	if q.Limit < 0 {
		return fmt.Errorf("--limit %d: want 0 or more: %w", q.Limit, errUsage)
	}
	if slices.Contains(q.Statuses, exposure.StatusResolved) {
		q.Closed = true
	}
	return nil
}

func (r *runner) findingsShowCommand() *cobra.Command {
	var steps bool
	c := &cobra.Command{
		Use:   "show CLUSTER|ID",
		Short: "Show everything about one finding",
		Long: `Shows one finding in full: its severity with the arithmetic in words, the traits with the values that were compared,
the attack path, what to do in which order and what each step leaves, and what could not be read.`,
		Example: `  eksposure findings show checkout
  eksposure findings show arn:aws:eks:eu-central-1:111122223333:cluster/checkout --steps
  eksposure findings show checkout -o markdown`,
		Args:              args("a cluster's name or ARN, or a finding's ID"),
		ValidArgsFunction: r.completeClusters,
	}
	out := outputFlags(c, reportFormats()...)
	c.Flags().BoolVar(&steps, "steps", false, "also print the steps of every remediation option")
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		if err := out.check(); err != nil {
			return err
		}
		layout := report.Full
		if steps {
			layout = report.FullWithSteps
		}
		return r.withFindings(c, func(store Findings) error {
			f, err := store.Finding(c.Context(), given[0])
			if errors.Is(err, fault.ErrNotFound) {
				return r.showUndecided(c.Context(), store, given[0], out, err)
			}
			if err != nil {
				return err
			}
			if err := r.report(out, report.Report{Findings: []*exposure.Finding{f}}, layout); err != nil {
				return err
			}
			if out.format == "text" && out.file == "" && !steps && len(f.Topics) > 0 {
				_, err = fmt.Fprintln(r.Err, "\nThe steps of each option: add --steps, or -o markdown for a ticket.")
			}
			return err
		})
	}
	return c
}

// showUndecided explains a cluster that has no finding because something could not
// be decided; missing is the error for all other clusters.
func (r *runner) showUndecided(ctx context.Context, store Findings, key string, out *output, missing error) error {
	undecided, err := store.Undecided(ctx)
	if err != nil {
		return err
	}
	undecided = slices.DeleteFunc(undecided, func(u exposure.Undecided) bool { return u.Cluster.Name != key && u.Cluster.String() != key })
	if len(undecided) == 0 {
		return missing
	}
	return r.report(out, report.Report{Undecided: undecided}, report.Full)
}

// completeClusters completes the names of the clusters that have a finding or are
// undecided.
func (r *runner) completeClusters(c *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if len(given) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	_ = r.withFindings(c, func(store Findings) error { // completion has nobody to tell an error to
		findings, err := store.Findings(c.Context(), exposure.Query{Closed: true})
		if err != nil {
			return err
		}
		for _, f := range findings {
			names = append(names, f.Cluster.Ref.Name)
		}
		undecided, err := store.Undecided(c.Context())
		for _, u := range undecided {
			names = append(names, u.Cluster.Name)
		}
		return err
	})
	slices.Sort(names)
	return slices.Compact(names), cobra.ShellCompDirectiveNoFileComp
}

func (r *runner) findingsHistoryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "history CLUSTER|ID",
		Short: "Show what changed in a finding, oldest first",
		Example: `  eksposure findings history checkout
  eksposure findings history checkout -o json`,
		Args:              args("a cluster's name or ARN, or a finding's ID"),
		ValidArgsFunction: r.completeClusters,
	}
	out := outputFlags(c, "text", "json")
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		if err := out.check(); err != nil {
			return err
		}
		return r.withFindings(c, func(store Findings) error {
			f, err := store.Finding(c.Context(), given[0])
			if err != nil {
				return err
			}
			events, err := store.History(c.Context(), f.ID)
			if err != nil {
				return err
			}
			return r.write(out, func(w io.Writer) error { return writeHistory(w, events, out.format) })
		})
	}
	return c
}

func writeHistory(w io.Writer, events []exposure.Event, format string) error {
	if format == "json" {
		if events == nil {
			events = []exposure.Event{}
		}
		return writeJSON(w, events)
	}
	t := report.Table{Columns: []string{"WHEN", "CHANGE", "SEVERITY", "WHAT"}}
	for _, e := range events {
		t.Rows = append(t.Rows, []string{e.At.UTC().Format(time.RFC3339), string(e.Kind), string(e.Severity), strings.Join(e.Details, "; ")})
	}
	return t.Write(w, report.Options{})
}

// withFindings opens the store of findings for one use.
func (r *runner) withFindings(c *cobra.Command, use func(Findings) error) error {
	b, err := r.open(c)
	if err != nil {
		return err
	}
	defer r.close(b)
	store, err := b.Findings(c.Context())
	if err != nil {
		return err
	}
	return use(store)
}
