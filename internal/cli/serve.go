package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/scan"
)

// servingSettings are the settings that serving adds to those of a scan.
var servingSettings = []string{"serve.", keyFile, "schedule.", "telemetry."}

func (r *runner) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve findings through the AWS Security Hub V2 API, and scan periodically",
		Long: `Serves the findings until it is interrupted: through the API of AWS Security Hub V2, so that unmodified AWS clients
work, and through an API of its own under /api/v1. Browsers are shown the console. Clusters are discovered and scanned
periodically (--scan-interval) and on demand.

Every request is signed with an access key that ` + "`eksposure keys create`" + ` makes. On loopback plain HTTP is spoken; any
other address demands a certificate. /healthz and /readyz answer anybody. Metrics are served on an address of their own.

An interrupt ends it: requests in flight are finished, scans under way are handed back. A second one ends it at once.`,
		Example: `  eksposure keys create --name me --role admin
  eksposure serve
  eksposure serve --organization --role-name eksposure-scan --scan-interval 12h
  eksposure serve --listen 0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key --db postgres://eksposure@db.internal/eksposure
  aws securityhub get-findings-v2 --endpoint-url http://127.0.0.1:8443`,
		Args: noArgs,
	}
	settings(c, append([]string{"database", "cache_dir", "log_level", "aws.", "scan.", "images.", "vulnerability_database.", "policy.", "remediation."}, servingSettings...)...)
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := r.setup(c)
		if err != nil {
			return err
		}
		server := r.OpenServer(s)
		defer r.close(server)
		return server.Serve(c.Context(), func(at Serving) error {
			if err := line(r.Out, "Serving on %s", at.URL); err != nil {
				return err
			}
			if at.Console {
				if err := line(r.Out, "Console on %s", at.URL); err != nil {
					return err
				}
			}
			if at.MetricsURL != "" {
				if err := line(r.Out, "Metrics on %s", at.MetricsURL); err != nil {
					return err
				}
			}
			if at.Keys == 0 {
				_, _ = fmt.Fprintln(r.Err, "There is no access key yet. In another shell, with the same --db: eksposure keys create --name me --role admin")
			}
			return nil
		})
	}
	return c
}

// serveDemo scans the estate, makes a key and serves until it is interrupted.
func (r *runner) serveDemo(ctx context.Context, e Estate) error {
	scanner, err := e.Backend().Scanner(ctx)
	if err != nil {
		return err
	}
	p := r.progress()
	summary, err := scanner.Scan(ctx, scan.Request{}, p.show)
	p.clear()
	if err != nil {
		return err
	}
	keys, err := e.Server().Keys(ctx)
	if err != nil {
		return err
	}
	key, secret, err := keys.CreateKey(ctx, "demo", access.Admin, access.Scope{})
	if err != nil {
		return err
	}
	err = e.Server().Serve(ctx, func(at Serving) error {
		for _, text := range []string{
			"unset AWS_PROFILE AWS_SESSION_TOKEN",
			"export AWS_ACCESS_KEY_ID=" + quote(key.ID),
			"export AWS_SECRET_ACCESS_KEY=" + quote(secret),
			"export AWS_DEFAULT_REGION=us-east-1",
			"aws securityhub get-findings-v2 --endpoint-url " + at.URL,
		} {
			if err := line(r.Out, "%s", text); err != nil {
				return err
			}
		}
		_, _ = fmt.Fprintf(r.Err, "\nServing %s of the simulated estate on %s.\nIts clock stands at %s: ages and relative dates count from that day.\n"+
			"Paste the lines above into another shell. Interrupt (ctrl-C) to end it.\n",
			plural(len(findingsOf(summary)), "finding", "findings"), at.URL, asOf(e))
		if at.Console {
			_, _ = fmt.Fprintf(r.Err, "The console is at %s; sign in with the access key and the secret above.\n", at.URL)
		}
		return nil
	})
	if err == nil {
		r.say("the server and the estate were ended")
	}
	return err
}
