package app

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/telemetry"
	"github.com/eksposure/eksposure/internal/vulndb"
)

// pipeline is the scanner of a process that runs for long: AWS is entered at the
// first scan and again when that failed, and the vulnerability database is replaced
// by a newer one between scans.
type pipeline struct {
	app    *App
	tracer *telemetry.Tracer

	// updating lets one update of the vulnerability database run at a time.
	updating sync.Mutex

	mu      sync.Mutex
	base    *scan.Config // nil until AWS could be entered
	current *generation  // nil until Refresh was called
	// unfetched is why the last attempt to fetch a newer database failed.
	unfetched error
}

// generation is one build of the vulnerability database, in use by the scans that
// began with it.
type generation struct {
	matcher scan.Matcher // nil: there is no usable database, for the reason
	reason  string
	closer  io.Closer
	built   time.Time
	scanner *scan.Scanner // nil until a scan asks
	users   sync.WaitGroup
}

func newPipeline(a *App, tracer *telemetry.Tracer) *pipeline {
	return &pipeline{app: a, tracer: tracer}
}

// Discover implements schedule.Scanner.
func (p *pipeline) Discover(ctx context.Context) (inventory.Discovery, error) {
	ctx, end := p.tracer.Span(ctx, "discover")
	var d inventory.Discovery
	err := p.use(ctx, func(s *scan.Scanner) error {
		var err error
		d, err = s.Discover(ctx)
		return err
	})
	end(err)
	return d, err
}

// ScanCluster implements schedule.Scanner.
func (p *pipeline) ScanCluster(ctx context.Context, ref inventory.ClusterRef, step func(string)) (*exposure.Outcome, error) {
	ctx, end := p.tracer.Span(ctx, "scan", "aws.eks.cluster.arn", ref.String())
	var o *exposure.Outcome
	endStep := func(error) {}
	err := p.use(ctx, func(s *scan.Scanner) error {
		var err error
		o, err = s.ScanCluster(ctx, ref, func(at scan.Progress) {
			endStep(nil)
			_, endStep = p.tracer.Span(ctx, string(at.Step))
			step(string(at.Step))
		})
		return err
	})
	endStep(err)
	end(err)
	return o, err
}

// Tidy implements schedule.Scanner.
func (p *pipeline) Tidy(ctx context.Context, d inventory.Discovery) error {
	return p.use(ctx, func(s *scan.Scanner) error {
		if _, err := s.CloseGone(ctx, d); err != nil {
			return err
		}
		if !d.Incomplete() {
			s.Prune(ctx)
		}
		return nil
	})
}

// Refresh implements schedule.Scanner: it fetches a newer vulnerability database
// when the one on disk is too old, and takes up whatever is newer on disk than the
// one in use.
func (p *pipeline) Refresh(ctx context.Context) error {
	if !p.app.o.Config.Images.Read {
		return nil
	}
	cfg := p.app.VulnDB()
	failed := p.update(ctx, cfg)
	status, err := vulndb.Inspect(cfg)
	if err != nil {
		return err
	}
	p.mu.Lock()
	inUse := p.current
	p.unfetched = failed
	p.mu.Unlock()
	if inUse != nil && (!status.Valid || inUse.matcher != nil && inUse.built.Equal(status.Built)) {
		return failed
	}
	p.replace(openMatcher(cfg, status))
	if !status.Valid {
		failed = errors.Join(failed, status.Problem)
	}
	return failed
}

// update fetches a database when there is none or an old one.
func (p *pipeline) update(ctx context.Context, cfg vulndb.Config) error {
	p.updating.Lock()
	defer p.updating.Unlock()
	if !cfg.AutoUpdate {
		return nil
	}
	status, err := vulndb.Inspect(cfg)
	if err != nil || status.Valid && !status.Stale {
		return err
	}
	_, err = vulndb.Update(ctx, cfg, nil)
	return err
}

// openMatcher opens the database on disk as it is.
func openMatcher(cfg vulndb.Config, status vulndb.Status) *generation {
	cfg.AutoUpdate = false
	db, err := vulndb.Open(cfg)
	if err != nil {
		return &generation{reason: fault.Message(err)}
	}
	return &generation{matcher: db, closer: db, built: status.Built}
}

// replace puts a generation in use; the one before is closed when its last scan
// ends.
func (p *pipeline) replace(next *generation) {
	p.mu.Lock()
	before := p.current
	p.current = next
	p.mu.Unlock()
	if before == nil || before.closer == nil {
		return
	}
	go func() {
		before.users.Wait()
		_ = before.closer.Close() // nothing is written to it
	}()
}

// use lends the scanner of the current generation.
func (p *pipeline) use(ctx context.Context, work func(*scan.Scanner) error) error {
	g, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer g.users.Done()
	return work(g.scanner)
}

func (p *pipeline) enter(ctx context.Context) (*generation, error) {
	if err := p.opened(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.base == nil {
		c, err := p.app.scanParts(ctx)
		if err != nil {
			return nil, err
		}
		c.Findings = tracedFindings{c.Findings, p.tracer}
		p.base = &c
	}
	g := p.current
	if g.scanner == nil {
		c := *p.base
		c.Matcher, c.NoMatcher = g.matcher, g.reason
		g.scanner = scan.New(c)
	}
	g.users.Add(1)
	return g, nil
}

// opened waits for the first generation: a scan that did not would find every image
// undecided. Why there is no usable database is in the generation.
func (p *pipeline) opened(ctx context.Context) error {
	p.mu.Lock()
	is := p.current != nil
	if !is && !p.app.o.Config.Images.Read {
		p.current, is = &generation{}, true
	}
	p.mu.Unlock()
	if is {
		return nil
	}
	err := p.Refresh(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return err
	}
	return nil
}

// problem says why images cannot be matched now; empty when they can.
func (p *pipeline) problem() string {
	if !p.app.o.Config.Images.Read {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.current == nil:
		return "being opened"
	case p.current.matcher == nil && p.unfetched != nil:
		// The reason may hold addresses, which are not anybody's business.
		return p.current.reason + "; fetching one failed (" + fault.Of(p.unfetched).Name + "), the server's log says why"
	case p.current.matcher == nil:
		return p.current.reason
	}
	return ""
}

// built is when the vulnerability database in use was built.
func (p *pipeline) built() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return time.Time{}
	}
	return p.current.built
}

// Close closes the database in use, after the scans ended.
func (p *pipeline) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil || p.current.closer == nil {
		return nil
	}
	return p.current.closer.Close()
}

// tracedFindings makes spans of what a scan asks of the store.
type tracedFindings struct {
	scan.Findings

	tracer *telemetry.Tracer
}

// Earlier implements scan.Findings.
func (t tracedFindings) Earlier(ctx context.Context, ref inventory.ClusterRef) (*exposure.Finding, error) {
	ctx, end := t.tracer.Span(ctx, "store.earlier")
	f, err := t.Findings.Earlier(ctx, ref)
	end(err)
	return f, err
}

// Record implements scan.Findings.
func (t tracedFindings) Record(ctx context.Context, o exposure.Outcome) error {
	ctx, end := t.tracer.Span(ctx, "store.record")
	err := t.Findings.Record(ctx, o)
	end(err)
	return err
}
