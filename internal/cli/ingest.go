package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/vuln"
)

func (r *runner) ingestCommand() *cobra.Command {
	var image, format string
	c := &cobra.Command{
		Use:   "ingest FILE|-...",
		Short: "Bring in other scanners' reports about images that cannot be pulled",
		Long: `Reads reports of Grype (JSON), Trivy (JSON) or any tool that writes CycloneDX JSON, with vulnerabilities or as a bill of
materials alone, and keeps them by image digest and kind of report. A scan that cannot read an image uses the newest
report about it, marks what it finds with the report's tool and day, and completes CVSS vectors, EPSS and KEV from the
vulnerability database. An image that can be read never uses a report. Needs no AWS credentials.`,
		Example: `  eksposure ingest report.json --image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  trivy image -f json registry.example.com/shop/web:1 | eksposure ingest -
  grype registry.example.com/shop/web:1 -o json | eksposure ingest - --format grype`,
		Args: atLeastOne("a report file, or - for standard input"),
	}
	c.Flags().StringVar(&image, "image", "", "`digest` of the image that the report is about; default: the one that the report names")
	c.Flags().StringVar(&format, "format", "", "`format`: grype, trivy or cyclonedx; default: what the report looks like")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"grype", "trivy", "cyclonedx"}, cobra.ShellCompDirectiveNoFileComp))
	settings(c, "database", "log_level")
	c.RunE = func(c *cobra.Command, files []string) error {
		kind, err := ingest.ParseFormat(format)
		if err != nil {
			return fmt.Errorf("--format: %w", err)
		}
		s, err := r.setup(c)
		if err != nil {
			return err
		}
		reports := r.OpenReports(s)
		defer r.close(reports)
		for _, name := range files {
			data, err := r.readReport(name)
			if err != nil {
				return err
			}
			kept, err := reports.Ingest(c.Context(), ingest.Request{Digest: image, Format: kind, Data: data, By: "command line"})
			if err != nil {
				return fmt.Errorf("report %q: %w", name, err)
			}
			if err := line(r.Out, "%s", told(kept)); err != nil {
				return err
			}
		}
		return nil
	}
	return c
}

// told says in a line what was kept.
func told(r vuln.Ingested) string {
	what := plural(len(r.Matches), "vulnerable package", "vulnerable packages")
	if r.SBOM != nil {
		what = plural(r.Packages, "package", "packages") + " to match"
	}
	return fmt.Sprintf("Kept the report of %s about %s: %s. A scan uses it when it cannot read the image.", r.Name(), r.ImageDigest, what)
}

// readReport reads a report from a file, or from standard input for "-".
func (r *runner) readReport(name string) ([]byte, error) {
	in := r.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read report: %w", fileError(err))
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, ingest.MaxReport+1))
	if err != nil {
		return nil, fmt.Errorf("read report %q: %w", name, fileError(err))
	}
	if len(data) > ingest.MaxReport {
		return nil, fmt.Errorf("report %q is larger than %d MiB: %w", name, ingest.MaxReport>>20, fault.ErrInvalid)
	}
	return data, nil
}

// atLeastOne wants one argument or more.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		if len(given) == 0 {
			return fmt.Errorf("`%s` needs %s: %w", c.CommandPath(), what, errUsage)
		}
		return nil
	}
}
