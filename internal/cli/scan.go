package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/report"
	"github.com/eksposure/eksposure/internal/scan"
)

func (r *runner) scanCommand() *cobra.Command {
	var clusters, from []string
	c := &cobra.Command{
		Use:   "scan",
		Short: "Scan clusters and record their exposure findings",
		Long: `Discovers the clusters, describes and collects each one, reads its images, matches their packages, evaluates the
traits, and records one finding per cluster. Needs read-only rights; see ` + "`eksposure permissions`" + `.

What could not be read is unknown, never fine: it is listed on standard error, marked in the findings, and the exit
code is 11 unless --allow-gaps is given. A scan that is interrupted keeps what was recorded and can be run again.`,
		Example: `  eksposure scan
  eksposure scan --region eu-central-1 --region eu-west-1
  eksposure scan --organization --role-name eksposure-scan
  eksposure scan --cluster arn:aws:eks:eu-central-1:111122223333:cluster/checkout
  eksposure scan --cluster checkout --context checkout-admin
  eksposure scan --fail-on critical --fail-on trait=internet-reachable
  eksposure scan -o html --output-file exposure.html
  eksposure scan --from snapshot.json`,
		Args: noArgs,
	}
	out, gate := outputFlags(c, reportFormats()...), gateFlags(c, r.Traits)
	c.Flags().StringArrayVar(&clusters, "cluster", nil, "`cluster` to scan, by ARN or name; may be repeated; default: all that are discovered")
	c.Flags().StringArrayVar(&from, "from", nil, "record the findings of this snapshot `file`, made by eksposure inventory, instead of asking AWS; may be repeated")
	settings(c, "database", "cache_dir", "log_level", "aws.", "kubernetes.", "scan.", "images.", "vulnerability_database.", "policy.")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := errors.Join(out.check(), gate.check(r.Traits), checkARNs(clusters)); err != nil {
			return err
		}
		s, err := r.setup(c)
		if err != nil {
			return err
		}
		if s.Config.Kube.Context != "" && len(clusters) != 1 {
			return fmt.Errorf("--context reaches one cluster: name it with --cluster: %w", errUsage)
		}
		if len(from) > 0 && len(clusters) > 0 {
			return fmt.Errorf("--from and --cluster exclude each other: %w", errUsage)
		}
		b := r.Open(s)
		defer r.close(b)
		if len(from) > 0 {
			return r.scanSaved(c.Context(), b, from, out, gate)
		}
		return r.scan(c.Context(), b, scan.Request{Clusters: clusters}, out, gate)
	}
	return c
}

// checkARNs refuses a malformed ARN before any work is done.
func checkARNs(clusters []string) error {
	for _, c := range clusters {
		if !strings.HasPrefix(c, "arn:") {
			continue
		}
		if _, err := inventory.ParseClusterRef(c); err != nil {
			return fmt.Errorf("--cluster: %w", err)
		}
	}
	return nil
}

// scan runs the pipeline and reports. Also a scan that failed on its way reports
// what it recorded.
func (r *runner) scan(ctx context.Context, b Backend, request scan.Request, out *output, gate *gate) error {
	scanner, err := b.Scanner(ctx)
	if err != nil {
		return err
	}
	p := r.progress()
	summary, err := scanner.Scan(ctx, request, p.show)
	p.clear()
	if err != nil && len(summary.Outcomes) == 0 {
		return err
	}
	if err != nil && len(findingsOf(summary)) == 0 {
		r.say("stopped early: %d of %s recorded, and no finding among them", len(summary.Outcomes), plural(len(summary.Discovery.Clusters), "cluster", "clusters"))
		return err
	}
	coverage := report.CoverageOf(summary)
	coverage.Read, coverage.Complete = coverage.Read && err == nil, coverage.Complete && err == nil
	concluded := r.conclude(findingsOf(summary), coverage, out, gate)
	if err == nil {
		return concluded
	}
	r.say("stopped early: %d of %s recorded", len(summary.Outcomes), plural(len(summary.Discovery.Clusters), "cluster", "clusters"))
	return err
}

// scanSaved records the findings of saved snapshots. All are read before anything
// is written.
func (r *runner) scanSaved(ctx context.Context, b Backend, files []string, out *output, gate *gate) error {
	var snapshots []*inventory.Snapshot
	for _, name := range files {
		s, err := r.readSnapshot(name)
		if err != nil {
			return err
		}
		snapshots = append(snapshots, s)
	}
	e, err := b.Evaluator(ctx, Record)
	if err != nil {
		return err
	}
	summary := scan.Summary{StartedAt: r.Now().UTC()}
	for _, s := range snapshots {
		o, err := e.Record(ctx, s)
		if err != nil {
			return err
		}
		summary.Discovery.Clusters = append(summary.Discovery.Clusters, o.Cluster)
		summary.Outcomes = append(summary.Outcomes, *o)
	}
	summary.FinishedAt = r.Now().UTC()
	return r.conclude(findingsOf(summary), report.CoverageOf(summary), out, gate)
}

// conclude writes findings to standard output, coverage to standard error, and
// gives the exit code.
func (r *runner) conclude(findings []*exposure.Finding, coverage *report.Coverage, out *output, gate *gate) error {
	if err := r.report(out, report.Report{Findings: findings, Coverage: coverage}, report.List); err != nil {
		return err
	}
	color, width := r.terminal(r.Err)
	if err := report.WriteCoverage(r.Err, coverage, report.Options{Color: color, Width: width}); err != nil {
		return err
	}
	return gate.verdict(findings, coverage)
}

// findingsOf gives the findings of a scan, most severe first, those that it
// closed at the end.
func findingsOf(s scan.Summary) []*exposure.Finding {
	var findings []*exposure.Finding
	for _, o := range s.Outcomes {
		closedBefore := o.Finding != nil && !o.Finding.Open() && o.Change.Kind == exposure.Unchanged
		if o.Finding != nil && !closedBefore {
			findings = append(findings, o.Finding)
		}
	}
	slices.SortFunc(findings, func(a, b *exposure.Finding) int {
		if a.Open() != b.Open() {
			if a.Open() {
				return -1
			}
			return 1
		}
		return exposure.Compare(a, b)
	})
	return findings
}

// maxSnapshot bounds a snapshot file: some hundred times a large cluster's.
const maxSnapshot = 1 << 30

// readSnapshot reads a snapshot from a file, or from standard input for "-".
func (r *runner) readSnapshot(name string) (*inventory.Snapshot, error) {
	in := r.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read snapshot: %w", fileError(err))
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSnapshot+1))
	if err != nil {
		return nil, fmt.Errorf("read snapshot %q: %w", name, fileError(err))
	}
	if len(data) > maxSnapshot {
		return nil, fmt.Errorf("snapshot %q is larger than %d MiB: %w", name, maxSnapshot>>20, fault.ErrInvalid)
	}
	s, err := inventory.ParseSnapshot(data)
	if err != nil {
		return nil, fmt.Errorf("snapshot %q: %w", strings.TrimPrefix(name, "./"), err)
	}
	return s, nil
}

// close closes a backend; what fails then is told and changes nothing.
func (r *runner) close(b interface{ Close() error }) {
	if err := b.Close(); err != nil {
		r.say("close: %s", message(err))
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
