package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

func (r *runner) inventoryCommand() *cobra.Command {
	var cluster, file string
	c := &cobra.Command{
		Use:   "inventory --cluster ARN|NAME",
		Short: "Print everything collected from one cluster as a snapshot",
		Long: `Collects one cluster and prints the snapshot as JSON, without a verdict and without recording anything. The snapshot
holds no Secret and no credential. ` + "`eksposure evaluate`" + ` gives the same verdict on it again, with no cloud at hand.`,
		Example: `  eksposure inventory --cluster arn:aws:eks:eu-central-1:111122223333:cluster/checkout > checkout.json
  eksposure inventory --cluster checkout --output-file checkout.json
  eksposure inventory --cluster checkout --context checkout-admin | eksposure evaluate -`,
		Args: noArgs,
	}
	gate := &gate{}
	gate.gapFlag(c)
	c.Flags().StringVar(&cluster, "cluster", "", "`cluster` to collect, by ARN or name (required)")
	c.Flags().StringVar(&file, "output-file", "", "write the snapshot to this `file` instead of standard output")
	settings(c, "database", "cache_dir", "log_level", "aws.", "kubernetes.", "scan.cluster_timeout", "images.", "vulnerability_database.")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if cluster == "" {
			return fmt.Errorf("`%s` needs --cluster: %w", c.CommandPath(), errUsage)
		}
		if file != "" {
			if err := checkFile(file); err != nil {
				return err
			}
		}
		b, err := r.open(c)
		if err != nil {
			return err
		}
		defer r.close(b)
		ref, err := resolve(c.Context(), b, cluster)
		if err != nil {
			return err
		}
		scanner, err := b.Scanner(c.Context())
		if err != nil {
			return err
		}
		p := r.progress()
		s, err := scanner.Collect(c.Context(), ref, p.show)
		p.clear()
		if err != nil {
			return err
		}
		if err := r.write(&output{file: file}, func(w io.Writer) error { return writeJSON(w, s) }); err != nil {
			return err
		}
		for _, g := range s.Gaps {
			r.say("%s not read (%s): %s", strings.TrimSpace(string(g.Section)+" "+g.Subject), g.Reason, g.Detail)
		}
		if len(s.Gaps) > 0 && !gate.allowGaps {
			return &exitError{code: fault.ExitIncomplete, message: "the snapshot has gaps (exit code 11; --allow-gaps accepts it)"}
		}
		return nil
	}
	return c
}

// resolve finds a cluster by its ARN, or by its name among the discovered ones.
func resolve(ctx context.Context, b Backend, cluster string) (inventory.ClusterRef, error) {
	if strings.HasPrefix(cluster, "arn:") {
		return inventory.ParseClusterRef(cluster)
	}
	d, err := b.Discover(ctx)
	if err != nil {
		return inventory.ClusterRef{}, err
	}
	var found []inventory.ClusterRef
	var arns []string
	for _, ref := range d.Clusters {
		if ref.Name == cluster {
			found, arns = append(found, ref), append(arns, ref.String())
		}
	}
	switch len(found) {
	case 0:
		return inventory.ClusterRef{}, fmt.Errorf("no cluster %q in the accounts and regions that were listed; `eksposure clusters` shows what is: %w", cluster, fault.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return inventory.ClusterRef{}, fmt.Errorf("several clusters have the name %q; name one by its ARN: %s: %w", cluster, strings.Join(arns, ", "), errUsage)
}
