// Package schedule decides when which cluster is scanned: periodically with jitter,
// and when somebody asks.
//
// The schedule itself is rows in the database, so that it outlives the process and
// several servers share it. A cluster is scanned by the process that holds its
// lease, so never twice at once. Times are compared by the clock on the wall: after
// a machine slept, what became due meanwhile is scanned, so many at a time as
// always. The package opens nothing and knows no HTTP.
package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// poll is how often the queue is looked at; a scan that this process is asked for
	// does not wait for it.
	poll = 15 * time.Second
	// lease is how long a cluster stays with a process that was killed; it is renewed
	// in thirds.
	lease = 2 * time.Minute
	// renewAgain is the pause before a renewal that failed is tried again.
	renewAgain = 5 * time.Second
	// retryFirst is the pause after the first failure; each further one doubles it, up
	// to the interval.
	retryFirst = 5 * time.Minute
	// retryLongest bounds the pause when there is no interval.
	retryLongest = 6 * time.Hour
	// jitter is the part of the interval by which scans are moved at most, either way,
	// so that clusters that were found together do not stay together.
	jitter = 0.1
	// never is when a cluster is scanned that is scanned only on demand.
	never = 100 * 365 * 24 * time.Hour
	// lookAhead is how many due clusters may be in other processes' hands before this
	// one sees none to take.
	lookAhead = 256
	// parting is the time for the last words to the database when the process ends.
	parting = 5 * time.Second
)

// Config joins a Service with its parts.
type Config struct {
	Scanner  Scanner
	Clusters Clusters
	Queue    Queue
	Leases   Leases
	Objects  Objects
	// Holder names this process among all that share the database.
	Holder string
	// Interval is the time between two scans of a cluster, and between two
	// discoveries; 0 means on demand only.
	Interval time.Duration
	// Parallel is how many clusters this process scans at the same time.
	Parallel int
	// Observe is told of every scan that ended; it may be nil.
	Observe func(Result, time.Duration)
	Now     func() time.Time
	Log     *slog.Logger
}

// WithDefaults fills what was left out.
func (c Config) WithDefaults() Config {
	if c.Observe == nil {
		c.Observe = func(Result, time.Duration) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Validate reports what is missing or cannot be.
func (c Config) Validate() error {
	switch {
	case c.Scanner == nil || c.Clusters == nil || c.Queue == nil || c.Leases == nil || c.Objects == nil || c.Now == nil || c.Holder == "":
		return fmt.Errorf("schedule: a part is missing: %w", fault.ErrInvalid)
	case c.Parallel < 1:
		return fmt.Errorf("schedule: %d clusters at the same time: want 1 or more: %w", c.Parallel, fault.ErrInvalid)
	case c.Interval < 0:
		return fmt.Errorf("schedule: interval %s: want 0 or more: %w", c.Interval, fault.ErrInvalid)
	}
	return nil
}

// Result is how a scan ended.
type Result string

// The results.
const (
	// Complete means that everything was read.
	Complete Result = "complete"
	// Incomplete means that the outcome has gaps.
	Incomplete Result = "incomplete"
	// Failed means that nothing could be read.
	Failed Result = "failed"
	// HandedBack means that the process ended first, or lost its lease.
	HandedBack Result = "handed_back"
)

// Results lists them.
func Results() []Result { return []Result{Complete, Incomplete, Failed, HandedBack} }

// Service runs the schedule.
type Service struct {
	cfg        Config
	wake       chan struct{}
	rediscover chan struct{}

	mu      sync.Mutex
	running map[inventory.ClusterRef]*Running
	// elsewhere are clusters that another process holds, and until when they are not
	// asked for again.
	elsewhere map[inventory.ClusterRef]time.Time
	scans     sync.WaitGroup
}

// Running is a cluster that this process scans now.
type Running struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	Since   time.Time            `json:"since"`
	Step    string               `json:"step"`
}

// New makes a Service; Run starts it.
func New(cfg Config) (*Service, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Service{
		cfg: cfg, wake: make(chan struct{}, 1), rediscover: make(chan struct{}, 1),
		running: map[inventory.ClusterRef]*Running{}, elsewhere: map[inventory.ClusterRef]time.Time{},
	}, nil
}

// Run keeps the schedule until the context ends. The scans that are under way then
// are handed back: they record nothing, and stay due.
func (s *Service) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { s.discoveries(ctx) })
	loops.Go(func() { s.refreshes(ctx) })
	if s.cfg.Interval > 0 {
		// The interval may have been longer, or none, when the next scans were set.
		if err := s.cfg.Clusters.ScheduleBy(ctx, s.cfg.Now().Add(s.longest())); err != nil && ctx.Err() == nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "schedule not adapted to the interval", slog.String("error", err.Error()))
		}
	}
	for ctx.Err() == nil {
		if err := s.fill(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "schedule not read", slog.String("error", err.Error()))
		}
		if err := s.settle(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "end of scan jobs not kept", slog.String("error", err.Error()))
		}
		pause(ctx, poll, s.wake)
	}
	s.scans.Wait()
	loops.Wait()
}

// Running lists the clusters that this process scans now, ordered.
func (s *Service) Running() []Running {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Running, 0, len(s.running))
	for _, r := range s.running {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Running) int { return a.Cluster.Compare(b.Cluster) })
	return list
}

// next is when a cluster is scanned again after a scan that ended now.
func (s *Service) next(now time.Time, failures int) time.Time {
	if failures > 0 {
		return now.Add(s.retry(failures))
	}
	if s.cfg.Interval == 0 {
		return now.Add(never)
	}
	return now.Add(spread(s.cfg.Interval))
}

// retry is the pause after so many failures in a row.
func (s *Service) retry(failures int) time.Duration {
	longest := s.cfg.Interval
	if longest == 0 {
		longest = retryLongest
	}
	d := retryFirst
	for range failures - 1 {
		if d >= longest {
			break
		}
		d *= 2
	}
	return spread(min(d, longest))
}

// longest is the interval with the whole jitter.
func (s *Service) longest() time.Duration {
	return time.Duration(float64(s.cfg.Interval) * (1 + jitter))
}

func spread(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (1 - jitter + 2*jitter*rand.Float64())) //nolint:gosec // moves work in time, and hides nothing
}

// pause waits for a time, a wake-up or the end.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// signal wakes a loop; one wake-up that waits is enough.
func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
