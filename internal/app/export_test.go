package app

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/remediation"
)

// ProgramAsOf is the Program with another clock for the facts that it judges, so
// that a scan of the estate sees the estate's day as the demo does.
func ProgramAsOf(now func() time.Time) cli.Program {
	p := Program()
	asOf := func(s cli.Setup) Options {
		o := options(s)
		o.Now = now
		return o
	}
	p.Open = func(s cli.Setup) cli.Backend { return backend{New(asOf(s))} }
	p.OpenServer = func(s cli.Setup) cli.Server { return served{New(asOf(s))} }
	p.OpenRemediation = func(s cli.Setup) cli.Remediation { return planner{New(asOf(s))} }
	return p
}

// EventSinks gives the sinks of an App's settings.
func EventSinks(a *App) ([]deliver.Sink, error) { return a.eventSinks() }

// ExportTarget gives where an export to S3 goes by an App's settings.
func ExportTarget(ctx context.Context, a *App, to export.S3, object string) (export.Target, error) {
	return buckets{endpoint: a.o.Config.Exports.S3Endpoint, aws: &entrance{app: a}}.Bucket(ctx, to, object)
}

// PlanParts gives what an App's plans are made of, so that something can be put
// between the parts.
func PlanParts(ctx context.Context, a *App) (remediation.Config, error) {
	return a.plans(ctx, &clusters{app: a})
}
