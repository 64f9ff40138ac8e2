package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/scan"
)

func (r *runner) demoCommand() *cobra.Command {
	var hold, serve bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Scan a simulated AWS estate: no account, no network",
		Long: `Starts a simulated estate on this machine (AWS endpoints, Kubernetes APIs, an image registry) and scans it through the
code path of a real scan. Nothing leaves the machine, nothing is kept, and AWS credentials are not used.

The estate's clock stands still, so that the result is the same every day: ages, support dates and relative dates count
from the day that is printed.

The estate has gaps on purpose, to show how they look: the exit code is 0 all the same, and only --fail-on changes it.

With --hold the estate stays up, and the environment that points any AWS client, kubectl and eksposure itself at it is
printed, until the command is interrupted. With --serve the findings are served as ` + "`eksposure serve`" + ` does, and a shell's
lines are printed that ask for them with the AWS CLI.`,
		Example: `  eksposure demo
  eksposure demo -o ocsf
  eksposure demo -o html --output-file demo.html
  eksposure demo --hold
  eksposure demo --serve`,
		Args: noArgs,
	}
	out, gate := outputFlags(c, reportFormats()...), failOnFlag(c, r.Traits)
	c.Flags().BoolVar(&hold, "hold", false, "keep the estate up and print the environment that points clients at it")
	c.Flags().BoolVar(&serve, "serve", false, "serve the findings until interrupted, and print how to ask for them")
	settings(c, "log_level", "scan.", "policy.", "serve.listen", "serve.tls_")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := errors.Join(out.check(), gate.check(r.Traits)); err != nil {
			return err
		}
		if hold && serve {
			return fmt.Errorf("--hold and --serve exclude each other: %w", errUsage)
		}
		for _, name := range []string{"output", "output-file"} {
			if c.Flags().Changed(name) && serve {
				return fmt.Errorf("--serve takes no --%s; ask the server for the findings: %w", name, errUsage)
			}
		}
		for _, name := range []string{"listen", "tls-cert", "tls-key"} {
			if c.Flags().Changed(name) && !serve {
				return fmt.Errorf("--%s needs --serve: %w", name, errUsage)
			}
		}
		s, err := r.setup(c)
		if err != nil {
			return err
		}
		p := r.progress()
		p.line("starting the simulated estate …")
		e, err := r.StartDemo(c.Context(), s)
		p.clear()
		if err != nil {
			return err
		}
		defer r.close(e)
		if hold {
			return r.hold(c, e)
		}
		if serve {
			return r.serveDemo(c.Context(), e)
		}
		// The estate has gaps on purpose, to show how they look.
		gate.allowGaps = true
		if err := r.scan(c.Context(), e.Backend(), scan.Request{}, out, gate); err != nil {
			return err
		}
		if out.format == "text" && out.file == "" {
			_, _ = fmt.Fprintf(r.Err, "\nThis was a simulated estate, whose clock stands at %s. More of it: eksposure demo -o html --output-file demo.html; your own clusters: eksposure scan.\n", asOf(e))
		}
		return nil
	}
	return c
}

// hold prints the environment and waits. Being interrupted is how it ends.
func (r *runner) hold(c *cobra.Command, e Estate) error {
	for _, v := range e.Env() {
		name, value, _ := strings.Cut(v, "=")
		if err := line(r.Out, "export %s=%s", name, quote(value)); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(r.Err, "\nThe estate is up. Paste the lines above into another shell, then for example: eksposure scan; aws eks list-clusters.\n"+
		"Its facts are as of %s; your own scan judges them by today's date.\nInterrupt (ctrl-C) to end it.\n", asOf(e))
	<-c.Context().Done()
	r.say("the estate was ended")
	return nil
}

// asOf is the day at which the estate's clock stands.
func asOf(e Estate) string { return e.AsOf().Format(time.DateOnly) }

// quote makes a word that any POSIX shell reads as it is.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
