package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/report"
	"github.com/eksposure/eksposure/internal/scan"
)

func (r *runner) clustersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "clusters",
		Short: "List every EKS cluster of the accounts and regions",
		Long: `Lists the clusters that a scan would look at, over all accounts and regions. A place that cannot be listed is named
on standard error, and the exit code is then 11 unless --allow-gaps is given.`,
		Example: `  eksposure clusters
  eksposure clusters --organization --role-name eksposure-scan -o json
  eksposure clusters --account 111122223333 --region eu-central-1`,
		Args: noArgs,
	}
	out, gate := outputFlags(c, "text", "json"), &gate{}
	gate.gapFlag(c)
	settings(c, "log_level", "aws.")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := out.check(); err != nil {
			return err
		}
		b, err := r.open(c)
		if err != nil {
			return err
		}
		defer r.close(b)
		p := r.progress()
		p.show(scan.Progress{Step: scan.StepDiscovering})
		d, err := b.Discover(c.Context())
		p.clear()
		if err != nil {
			return err
		}
		if err := r.write(out, func(w io.Writer) error { return writeClusters(w, d, out.format) }); err != nil {
			return err
		}
		for _, s := range d.Skipped {
			if !s.Disabled {
				r.say("account %s%s was not listed (%s): %s", s.Account, regionSuffix(s.Region), s.Reason, s.Detail)
			}
		}
		if d.Incomplete() && !gate.allowGaps {
			return &exitError{code: fault.ExitIncomplete, message: "not every place could be listed (exit code 11; --allow-gaps accepts it)"}
		}
		return nil
	}
	return c
}

func regionSuffix(region string) string {
	if region == "" {
		return ""
	}
	return ", region " + region + ","
}

func writeClusters(w io.Writer, d inventory.Discovery, format string) error {
	if format == "json" {
		return writeJSON(w, d)
	}
	t := report.Table{Columns: []string{"ACCOUNT", "REGION", "CLUSTER", "ARN"}}
	for _, ref := range d.Clusters {
		account := ref.Account
		if name := d.AccountNames[account]; name != "" {
			account += " (" + name + ")"
		}
		t.Rows = append(t.Rows, []string{account, ref.Region, ref.Name, ref.String()})
	}
	return errors.Join(t.Write(w, report.Options{}), line(w, "\n%s in %s and %s.", plural(len(d.Clusters), "cluster", "clusters"),
		plural(len(d.Accounts), "account", "accounts"), plural(len(d.Regions), "region", "regions")))
}
