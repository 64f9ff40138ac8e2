package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/report"
)

// wishNames are the severities that can be wished for.
func wishNames() []string { return []string{"high", "medium", "low", "resolved"} }

func parseWish(name string) (exposure.Severity, error) {
	if !slices.Contains(wishNames(), strings.ToLower(name)) {
		return "", fmt.Errorf("--wish %q: want %s: %w", name, strings.Join(wishNames(), ", "), errUsage)
	}
	if strings.EqualFold(name, "resolved") {
		return exposure.Resolved, nil
	}
	return exposure.ParseSeverity(name)
}

func (r *runner) fixSetCommand() *cobra.Command {
	var wished string
	var q exposure.Query
	var severities []string
	c := &cobra.Command{
		Use:   "fix-set [CLUSTER|ID]",
		Short: "Show the fewest topics whose fix brings findings to a severity",
		Long: `For one finding: the fewest topics, of equally few those of least effort; every subset is tried. For all open findings, or those
that the flags choose: a short list of topics to fix everywhere, the one that brings most findings to the wish first, with how
much work each is in one cluster. ` + "`eksposure remediate fleet plan`" + ` plans one of them for many clusters.`,
		Example: `  eksposure findings fix-set
  eksposure findings fix-set --severity critical --wish high
  eksposure findings fix-set checkout --wish low
  eksposure findings fix-set --account 111122223333 -o json`,
		Args:              atMost("a cluster's name or ARN, or a finding's ID"),
		ValidArgsFunction: r.completeClusters,
	}
	out := outputFlags(c, "text", "json")
	f := c.Flags()
	f.StringVar(&wished, "wish", "medium", "`severity` to reach, or to be below: "+strings.Join(wishNames(), ", "))
	f.StringArrayVar(&severities, "severity", nil, "only findings of this `severity` now: critical, high, medium, low; may be repeated")
	f.StringArrayVar(&q.Accounts, "account", nil, "only this `account`; may be repeated")
	f.StringArrayVar(&q.Regions, "region", nil, "only this `region`; may be repeated")
	_ = c.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions(severityNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("wish", cobra.FixedCompletions(wishNames(), cobra.ShellCompDirectiveNoFileComp))
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, given []string) error {
		wish, err := parseWish(wished)
		if err = errors.Join(err, out.check(), checkAccounts(q.Accounts), checkRegions(q.Regions)); err != nil {
			return err
		}
		if err := r.fill(&q, severities, nil); err != nil {
			return err
		}
		if len(given) == 1 && len(q.Severities)+len(q.Accounts)+len(q.Regions) > 0 {
			return fmt.Errorf("%q is one finding, and --severity, --account and --region choose among many: %w", given[0], errUsage)
		}
		return r.withFindings(c, func(store Findings) error {
			if len(given) == 1 {
				return r.fixSet(c.Context(), store, out, given[0], wish)
			}
			found, err := store.Profiles(c.Context(), access.Scope{}, q.Accounts, q.Regions)
			if err != nil {
				return err
			}
			if len(q.Severities) > 0 {
				found = slices.DeleteFunc(found, func(p exposure.ProfileCount) bool { return !slices.Contains(q.Severities, p.Severity) })
			}
			set := exposure.FixFleet(found, wish)
			return r.write(out, func(w io.Writer) error {
				if out.format == "json" {
					return writeJSON(w, set)
				}
				return fleetFixText(w, set)
			})
		})
	}
	return c
}

// fixSetAnswer is the smallest set for one finding, as JSON.
type fixSetAnswer struct {
	Wish   exposure.Severity `json:"wish"`
	Before exposure.Severity `json:"before"`
	After  exposure.Severity `json:"after"`
	Topics []string          `json:"topics"`
}

func (r *runner) fixSet(ctx context.Context, store Findings, out *output, key string, wish exposure.Severity) error {
	f, err := store.Finding(ctx, key)
	if err != nil {
		return err
	}
	a := fixSetAnswer{Wish: wish, Before: f.Severity, After: f.Severity, Topics: []string{}}
	if set := exposure.SmallestFix(f, wish); set != nil && f.Open() {
		a.Topics, a.After = set.Topics, set.After
	}
	return r.write(out, func(w io.Writer) error {
		if out.format == "json" {
			return writeJSON(w, a)
		}
		name := f.Cluster.Ref.Name
		if len(a.Topics) == 0 {
			return line(w, "%s is %s: nothing is needed to come to %s.", name, severityWord(f.Severity), severityWord(wish))
		}
		if err := line(w, "%s comes from %s to %s by:", name, severityWord(f.Severity), severityWord(a.After)); err != nil {
			return err
		}
		t := report.Table{Columns: []string{"TOPIC", "EFFORT", "ID"}}
		for _, id := range a.Topics {
			for _, topic := range f.Topics {
				if topic.ID == id {
					t.Rows = append(t.Rows, []string{topic.Title, topic.Effort.String(), id})
				}
			}
		}
		return t.Write(w, report.Options{})
	})
}

func fleetFixText(w io.Writer, set exposure.FleetFixSet) error {
	if err := line(w, "%s", set.Text); err != nil || len(set.Steps) == 0 {
		return err
	}
	places := map[exposure.Effort]int{}
	t := report.Table{Columns: []string{"TOPIC", "EFFORT IN ONE", "CLUSTERS", "BRINGS THERE", "STILL ABOVE", "ID"}}
	for _, s := range set.Steps {
		places[s.Effort] += s.Clusters
		t.Rows = append(t.Rows, []string{s.Title, s.Effort.String(), strconv.Itoa(s.Clusters), strconv.Itoa(s.Reached), strconv.Itoa(s.Left), s.Topic})
	}
	if err := line(w, ""); err != nil {
		return err
	}
	if err := t.Write(w, report.Options{}); err != nil {
		return err
	}
	var cost []string
	for e := exposure.EffortMinutes; e <= exposure.EffortDays; e++ {
		if n := places[e]; n > 0 {
			cost = append(cost, fmt.Sprintf("%d × %s", n, e))
		}
	}
	return line(w, "\nEffort in all: %s.\nTo plan one of them everywhere: eksposure remediate fleet plan --topic ID --option OPTION", strings.Join(cost, ", "))
}
