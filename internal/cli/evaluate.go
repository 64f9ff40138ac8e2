package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/report"
	"github.com/eksposure/eksposure/internal/scan"
)

func (r *runner) evaluateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "evaluate FILE|-",
		Short: "Give the verdict on a saved snapshot, with no cloud at hand",
		Long: `Evaluates a snapshot that ` + "`eksposure inventory`" + ` made, as of the day it was made, and prints the finding. Records
nothing; ` + "`eksposure scan --from`" + ` does.`,
		Example: `  eksposure evaluate checkout.json
  eksposure inventory --cluster checkout | eksposure evaluate - -o ocsf
  eksposure evaluate checkout.json --fail-on high`,
		Args: args("a snapshot file, or - for standard input"),
	}
	out, gate := outputFlags(c, reportFormats()...), gateFlags(c, r.Traits)
	settings(c, "log_level", "policy.")
	c.RunE = func(c *cobra.Command, given []string) error {
		if err := errors.Join(out.check(), gate.check(r.Traits)); err != nil {
			return err
		}
		b, err := r.open(c)
		if err != nil {
			return err
		}
		defer r.close(b)
		s, err := r.readSnapshot(given[0])
		if err != nil {
			return err
		}
		e, err := b.Evaluator(c.Context(), DoNotStore)
		if err != nil {
			return err
		}
		o := e.Evaluate(s, nil)
		summary := scan.Summary{StartedAt: s.CollectedAt, FinishedAt: r.Now().UTC(), Discovery: inventory.Discovery{Clusters: []inventory.ClusterRef{o.Cluster}}}
		summary.Outcomes = append(summary.Outcomes, o)
		return r.conclude(findingsOf(summary), report.CoverageOf(summary), out, gate)
	}
	return c
}
