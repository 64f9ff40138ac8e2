package app

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/telemetry"
	"github.com/eksposure/eksposure/internal/trait"
	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
)

// Program joins the command line with the parts that do its work.
func Program() cli.Program {
	return cli.Program{
		Open:            func(s cli.Setup) cli.Backend { return backend{New(options(s))} },
		OpenServer:      func(s cli.Setup) cli.Server { return served{New(options(s))} },
		OpenReports:     func(s cli.Setup) cli.Reports { return reports{New(options(s))} },
		OpenRemediation: func(s cli.Setup) cli.Remediation { return planner{New(options(s))} },
		StartDemo: func(ctx context.Context, s cli.Setup) (cli.Estate, error) {
			d, err := StartDemo(ctx, options(s))
			if err != nil {
				return nil, err
			}
			return demoEstate{d}, nil
		},
		Traits:      trait.All(),
		Page:        trait.Page,
		Build:       buildInfo(),
		Permissions: permissions(),
		Metrics:     metricList(),
		Now:         time.Now,
	}
}

func options(s cli.Setup) Options {
	return Options{Config: s.Config, Now: time.Now, Clock: time.Now, Log: s.Log}
}

// buildInfo is what the Go toolchain wrote into the program.
func buildInfo() cli.Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cli.Build{Version: "unknown"}
	}
	b := cli.Build{Version: info.Main.Version, Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time, _ = time.Parse(time.RFC3339, s.Value) // a time that cannot be read is left out
		}
	}
	return b
}

// backend gives an App the shape that the commands ask for.
type backend struct{ app *App }

func (b backend) Discover(ctx context.Context) (inventory.Discovery, error) {
	return b.app.Discover(ctx)
}

func (b backend) Scanner(ctx context.Context) (cli.Scanner, error) {
	s, err := b.app.Scanner(ctx)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (b backend) Evaluator(ctx context.Context, r cli.Recording) (cli.Evaluator, error) {
	e, err := b.app.Evaluator(ctx, r == cli.Record)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func (b backend) Findings(ctx context.Context) (cli.Findings, error) {
	db, err := b.app.Recorded(ctx)
	if err != nil {
		return nil, err
	}
	return db, nil
}

func (b backend) Database() cli.Database { return database{b.app.VulnDB()} }

func (b backend) Close() error { return b.app.Close() }

// reports keeps other scanners' reports in the database, which it makes when there
// is none.
type reports struct{ app *App }

func (r reports) Ingest(ctx context.Context, q ingest.Request) (vuln.Ingested, error) {
	db, err := r.app.Store(ctx)
	if err != nil {
		return vuln.Ingested{}, err
	}
	return ingest.New(db, r.app.o.Clock).Ingest(ctx, q)
}

func (r reports) Close() error { return r.app.Close() }

// database manages the vulnerability database of some settings.
type database struct{ cfg vulndb.Config }

func (d database) Status() (cli.DatabaseStatus, error) {
	s, err := vulndb.Inspect(d.cfg)
	if err != nil {
		return cli.DatabaseStatus{}, err
	}
	out := cli.DatabaseStatus{Path: s.Path, Schema: s.Schema, Built: s.Built, Source: s.Source, Valid: s.Valid, Stale: s.Stale, Err: s.Problem}
	if s.Problem != nil {
		out.Problem = s.Problem.Error()
	}
	return out, nil
}

func (d database) Check(ctx context.Context) (cli.DatabaseCheck, error) {
	a, err := vulndb.Check(ctx, d.cfg)
	if err != nil {
		return cli.DatabaseCheck{}, err
	}
	return cli.DatabaseCheck{Newer: a.Newer, Current: a.Current, Listed: a.Listed}, nil
}

func (d database) Update(ctx context.Context, progress func(done, total int64)) (bool, error) {
	return vulndb.Update(ctx, d.cfg, func(p vulndb.Progress) { progress(p.Done, p.Total) })
}

func (d database) Import(ctx context.Context, path string) error {
	return vulndb.Import(ctx, d.cfg, path)
}

// demoEstate gives a Demo the shape that the demo command asks for.
type demoEstate struct{ *Demo }

func (d demoEstate) Backend() cli.Backend { return backend{d.App} }

func (d demoEstate) Server() cli.Server { return served{d.App} }

// served gives an App the shape that the commands that serve ask for.
type served struct{ *App }

// Keys implements cli.Server.
func (s served) Keys(ctx context.Context) (cli.Keys, error) {
	ring, err := s.keyring(ctx)
	if err != nil {
		return nil, err
	}
	db, err := s.Store(ctx)
	if err != nil {
		return nil, err
	}
	return localKeys{Ring: ring, log: db, now: s.o.Clock}, nil
}

func telemetryBuild() telemetry.Build {
	b := buildInfo()
	return telemetry.Build{Version: b.Version, Commit: b.Commit, Go: b.Go}
}
