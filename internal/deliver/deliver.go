// Package deliver follows the change log and offers every change to the sinks:
// EventBridge, webhooks, tickets that rules ask for, and readers of the event stream.
//
// Each sink has its own place in the log and its own worker: one that is stuck holds
// no other. Delivery is at least once and, per finding, in order: the place moves
// after the sink took the events, so that a crash in between repeats them, with the
// same IDs. An event carries the finding as it is when it is sent. What a sink
// refuses for good, or does not take for days, becomes a dead letter that people can
// see and send again.
package deliver

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
)

// Defaults of Config.
const (
	// DefaultSource is the source that events state. EventBridge refuses sources that
	// begin with "aws." from everybody but AWS, on every bus.
	DefaultSource = "eksposure"
	// defaultPoll is how often the log is looked at: other processes write it too.
	defaultPoll = time.Second
	// defaultRetry is the first wait after a failure, maxRetry the longest.
	defaultRetry = time.Second
	maxRetry     = 5 * time.Minute
	// maxRetryAfter bounds the wait that a receiver may ask for.
	maxRetryAfter = time.Hour
	// defaultGiveUp is the age at which an event that nobody takes becomes a dead letter:
	// a long weekend.
	defaultGiveUp = 72 * time.Hour
	// refusals is how often an event is offered that the sink says it will never take.
	refusals = 3
	// attemptTimeout ends one offer; it is longer than the sinks' own limits.
	attemptTimeout = 2 * time.Minute
	// leaseTime is how long a server that died holds its sinks.
	leaseTime = 5 * time.Minute
	// keepLog is how long the change log reaches back, for readers that come back, and
	// tidyEvery how often it is cut.
	keepLog   = 30 * 24 * time.Hour
	tidyEvery = time.Hour
	// heartbeat is how often a reader without news hears that the stream lives.
	heartbeat = 15 * time.Second
)

// Config joins a Deliverer with its parts.
type Config struct {
	Changes   Log
	Cursors   Cursors
	Documents Documents
	Objects   Objects
	// Leases may be nil where only one server uses the database.
	Leases Leases
	Sinks  []Sink
	// Source is what events state as their source.
	Source string
	// Holder names this process in leases.
	Holder string
	// Poll, Retry and GiveUp replace the defaults when they are not zero.
	Poll, Retry, GiveUp time.Duration
	Now                 func() time.Time
	Log                 *slog.Logger
}

// WithDefaults fills what was left empty.
func (c Config) WithDefaults() Config {
	if c.Source == "" {
		c.Source = DefaultSource
	}
	if c.Poll == 0 {
		c.Poll = defaultPoll
	}
	if c.Retry == 0 {
		c.Retry = defaultRetry
	}
	if c.GiveUp == 0 {
		c.GiveUp = defaultGiveUp
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Deliverer offers changes to sinks and readers.
type Deliverer struct {
	cfg  Config
	bell *bell

	mu     sync.Mutex
	status map[string]*Status
}

// New makes a Deliverer; Run starts it.
func New(cfg Config) *Deliverer {
	d := &Deliverer{cfg: cfg.WithDefaults(), bell: newBell(), status: map[string]*Status{}}
	for _, s := range cfg.Sinks {
		d.status[s.Name()] = &Status{Sink: s.Name()}
	}
	return d
}

// Run offers changes until the context ends. Nothing that a sink or the store does
// ends it; Status tells what is wrong.
func (d *Deliverer) Run(ctx context.Context) error {
	var group errgroup.Group
	group.Go(func() error { d.watch(ctx); return nil })
	group.Go(func() error { d.tidy(ctx); return nil })
	for _, s := range d.cfg.Sinks {
		w := &worker{d: d, sink: s}
		group.Go(func() error { w.run(ctx); return nil })
	}
	return group.Wait()
}

// watch rings the bell when the log has grown.
func (d *Deliverer) watch(ctx context.Context) {
	var known int64 = -1
	for d.wait(ctx, d.cfg.Poll, nil) {
		last, err := d.cfg.Changes.LastChange(ctx)
		if err != nil || last == known { // a store that is away is reported by the workers
			continue
		}
		known = last
		d.bell.ring()
	}
}

// tidy cuts the change log, now and then.
func (d *Deliverer) tidy(ctx context.Context) {
	for d.wait(ctx, tidyEvery, nil) {
		if _, err := d.cfg.Changes.PruneChanges(ctx, d.cfg.Now().Add(-keepLog)); err != nil && ctx.Err() == nil {
			d.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "change log not cut", slog.String("error", err.Error()))
		}
	}
}

// wait sleeps until the time has passed or the bell rings; false means that the
// context ended.
func (d *Deliverer) wait(ctx context.Context, t time.Duration, rung <-chan struct{}) bool {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-rung:
	}
	return ctx.Err() == nil
}

// bell tells everybody who listens that the log has grown.
type bell struct {
	mu   sync.Mutex
	next chan struct{}
}

func newBell() *bell { return &bell{next: make(chan struct{})} }

// listen gives a channel that is closed at the next ring.
func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.next)
	b.next = make(chan struct{})
}

// retryAfter is the wait that an error asks for.
func retryAfter(err error) time.Duration {
	var asks interface{ RetryAfter() time.Duration }
	if errors.As(err, &asks) {
		return min(asks.RetryAfter(), maxRetryAfter)
	}
	return 0
}

// refused reports whether the sink will never take the event.
func refused(err error) bool { return errors.Is(err, fault.ErrInvalid) }
