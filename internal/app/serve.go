package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/server"
	"github.com/eksposure/eksposure/internal/telemetry"
	"github.com/eksposure/eksposure/internal/web"
)

// flushTime bounds sending the last traces.
const flushTime = 5 * time.Second

// Serve serves what was recorded, and scans, until the context ends. It calls ready
// once, when it answers; health is answered before, while the database is opened.
func (a *App) Serve(ctx context.Context, ready func(cli.Serving) error) error {
	c := a.o.Config
	front, err := server.Listen(ctx, server.Config{
		Address: c.Serve.Listen, Flag: "--listen", CertFile: c.Serve.TLSCert, KeyFile: c.Serve.TLSKey, Grace: c.Serve.Grace, Now: a.o.Clock, Log: a.o.Log,
	})
	if err != nil {
		return err
	}
	metrics, err := a.listenMetrics(ctx)
	if err != nil {
		return closing(err, front)
	}
	tracer, err := telemetry.StartTraces(ctx, telemetry.TraceConfig{Endpoint: c.Telemetry.TracesEndpoint, Version: buildInfo().Version, Log: a.o.Log})
	if err != nil {
		if metrics != nil {
			err = closing(err, metrics)
		}
		return closing(err, front)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		_ = tracer.Close(ctx) // what was not delivered was logged
	}()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return front.Run(ctx) })
	if metrics != nil {
		group.Go(func() error { return metrics.Run(ctx) })
	}
	group.Go(func() error { return a.serve(ctx, front, metrics, tracer, ready) })
	return group.Wait()
}

// serve opens the parts behind the listeners and runs them.
func (a *App) serve(ctx context.Context, front *server.Server, metrics *metricsServer, tracer *telemetry.Tracer, ready func(cli.Serving) error) error {
	db, err := a.Store(ctx)
	if err != nil {
		return err
	}
	name, p := holder(), newPipeline(a, tracer)
	a.closers = append(a.closers, p.Close)
	m := &meters{db: db, pipeline: p, now: a.o.Clock}
	counts := telemetry.NewMetrics(telemetry.MetricsConfig{Build: telemetryBuild(), State: m.state, Now: a.o.Clock, Log: a.o.Log})
	scans, err := schedule.New(schedule.Config{
		Scanner: p, Clusters: db, Queue: db, Leases: db, Objects: db, Holder: name, Interval: a.o.Config.Schedule.Interval,
		Parallel: a.o.Config.Scan.Clusters, Observe: func(r schedule.Result, took time.Duration) { counts.Scan(string(r), took) }, Now: a.o.Clock, Log: a.o.Log,
	})
	if err != nil {
		return err
	}
	m.scans = scans
	d, err := a.doors(ctx, db, front.URL())
	if err != nil {
		return err
	}
	service, err := a.hub(db)
	if err != nil {
		return err
	}
	events, err := a.deliverer(db, db, a.rules(db), service, name)
	if err != nil {
		return err
	}
	m.events = events
	if err := a.forgetSinks(ctx, db, events); err != nil {
		return err
	}
	exports := a.exports(db, db, name)
	parts, err := a.plans(ctx, &clusters{app: a, running: p})
	if err != nil {
		return err
	}
	plans := remediation.New(parts)
	routes, err := a.routes(ctx, services{db: db, hub: service, events: events, exports: exports, scans: scans, keys: d.ring, plans: plans})
	if err != nil {
		return err
	}
	console, err := web.New()
	if err != nil {
		return err
	}
	handler, err := a.handler(db, d, routes, console, counts)
	if err != nil {
		return err
	}
	front.Handle(tracer.Handler(handler))
	front.Health().Check("database", func(ctx context.Context) string { return unready(db.Ping(ctx)) })
	front.Health().Check("search index", func(ctx context.Context) string {
		indexed, err := db.Indexed(ctx)
		if err == nil && !indexed {
			return "being made"
		}
		return unready(err)
	})
	front.Health().Check("vulnerability database", func(context.Context) string { return p.problem() })
	front.Health().Started()
	at := cli.Serving{URL: front.URL(), Console: console.Built(), Keys: d.keys}
	if metrics != nil {
		metrics.Handle(metrics.guard(counts.Handler()))
		metrics.Health().Started()
		at.MetricsURL = metrics.URL() + metricsPath
	}
	if err := ready(at); err != nil {
		return err
	}
	return work(ctx, events.Run, exports.Run, func(ctx context.Context) error { return a.tidyAudit(ctx, db) }, func(ctx context.Context) error { return db.Reindex(ctx, func(int) {}) }, func(ctx context.Context) error {
		scans.Run(ctx)
		return nil
	}, func(ctx context.Context) error {
		plans.Carry(ctx)
		return nil
	})
}

// work runs what goes on beside the requests until the context ends, or one fails.
// What was interrupted goes on at the next start.
func work(ctx context.Context, loops ...func(context.Context) error) error {
	group, inner := errgroup.WithContext(ctx)
	for _, loop := range loops {
		group.Go(func() error { return loop(inner) })
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // see above
	}
	return err
}

// holder names this process among all that share a database.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s %d %s", host, os.Getpid(), rand.Text()[:8])
}
