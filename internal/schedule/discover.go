package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// The discovery is one object, and its lease has the same name.
	stateKind, stateID = "schedule", "discovery"
	// latestID is the object of the latest discovery that succeeded.
	latestID = "latest-discovery"
	// discoveryTime bounds a discovery over some thousand accounts.
	discoveryTime = 30 * time.Minute
	// discoveryPoll is how often the clock is compared with the next discovery; the
	// pause is short while somebody waits for one.
	discoveryPoll        = time.Minute
	discoveryPollAwaited = 5 * time.Second
	// refreshPoll is how often the age of the vulnerability database is looked at.
	refreshPoll = time.Hour
)

// Discovered is how the last discovery went.
type Discovered struct {
	At       time.Time `json:"at,omitzero"`
	Next     time.Time `json:"next"`
	Clusters int       `json:"clusters"`
	// Incomplete means that a place that may hold clusters could not be listed.
	Incomplete bool   `json:"incomplete,omitempty"`
	Failures   int    `json:"failures,omitempty"`
	Problem    string `json:"problem,omitempty"`
}

// Discovered tells how the last discovery went, by whichever process.
func (s *Service) Discovered(ctx context.Context) (Discovered, error) {
	document, err := s.cfg.Objects.Object(ctx, stateKind, stateID)
	if errors.Is(err, fault.ErrNotFound) {
		return Discovered{}, nil
	}
	if err != nil {
		return Discovered{}, err
	}
	var d Discovered
	if err := json.Unmarshal(document, &d); err != nil {
		return Discovered{}, fmt.Errorf("discovery state: %w", err)
	}
	return d, nil
}

// Latest gives the latest discovery that succeeded, without its clusters, and when
// it was made; fault.ErrNotFound when there was none.
func (s *Service) Latest(ctx context.Context) (inventory.Discovery, time.Time, error) {
	document, err := s.cfg.Objects.Object(ctx, stateKind, latestID)
	if err != nil {
		return inventory.Discovery{}, time.Time{}, err
	}
	var l latest
	if err := json.Unmarshal(document, &l); err != nil {
		return inventory.Discovery{}, time.Time{}, fmt.Errorf("latest discovery: %w", err)
	}
	return l.Discovery, l.At, nil
}

// latest is the document of the latest discovery.
type latest struct {
	At        time.Time           `json:"at"`
	Discovery inventory.Discovery `json:"discovery"`
}

// keepLatest keeps where was looked; the clusters are in the schedule.
func (s *Service) keepLatest(ctx context.Context, d inventory.Discovery) error {
	d.Clusters = nil
	document, err := json.Marshal(latest{s.cfg.Now().UTC(), d})
	if err != nil {
		return fmt.Errorf("latest discovery: %w", err)
	}
	return s.cfg.Objects.PutObject(ctx, stateKind, latestID, document)
}

// discoveries discovers when it is time or a job waits for it.
func (s *Service) discoveries(ctx context.Context) {
	for ctx.Err() == nil {
		waiting, err := s.discoverWhenDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "discovery state not kept", slog.String("error", err.Error()))
		}
		wait := discoveryPoll
		if waiting {
			wait = discoveryPollAwaited
		}
		pause(ctx, wait, s.rediscover)
	}
}

// discoverWhenDue reports whether jobs still wait for a discovery, because another
// process is at it.
func (s *Service) discoverWhenDue(ctx context.Context) (bool, error) {
	jobs, err := s.waiting(ctx)
	if err != nil {
		return false, err
	}
	due, err := s.discoveryIsDue(ctx, jobs)
	if err != nil || !due {
		return false, err
	}
	got, err := s.cfg.Leases.Claim(ctx, stateKind, stateID, s.cfg.Holder, s.cfg.Now().Add(discoveryTime))
	if err != nil || !got {
		return len(jobs) > 0, err
	}
	defer func() {
		ctx, done := afterwards(ctx)
		defer done()
		_ = s.cfg.Leases.Release(ctx, stateKind, stateID, s.cfg.Holder) // else it ends by itself
	}()
	// Whoever held it before may have discovered since.
	if jobs, err = s.waiting(ctx); err != nil {
		return false, err
	}
	if due, err = s.discoveryIsDue(ctx, jobs); err != nil || !due {
		return false, err
	}
	return false, s.discover(ctx, jobs)
}

func (s *Service) discoveryIsDue(ctx context.Context, jobs []Job) (bool, error) {
	if len(jobs) > 0 {
		return true, nil
	}
	if s.cfg.Interval == 0 {
		return false, nil
	}
	d, err := s.Discovered(ctx)
	now := s.cfg.Now()
	return !now.Before(d.Next) || d.Next.Sub(now) > s.longest(), err
}

// discover brings the list of clusters up to date, and lets the jobs begin.
func (s *Service) discover(ctx context.Context, jobs []Job) error {
	before, err := s.Discovered(ctx)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, discoveryTime)
	defer cancel()
	found, err := s.cfg.Scanner.Discover(limited)
	if err == nil {
		err = s.apply(limited, found)
	}
	if ctx.Err() != nil {
		return nil
	}
	now := s.cfg.Now()
	state := Discovered{At: now, Clusters: len(found.Clusters), Incomplete: found.Incomplete()}
	if err != nil {
		state = Discovered{At: before.At, Clusters: before.Clusters, Incomplete: before.Incomplete, Failures: before.Failures + 1, Problem: fault.Message(err)}
	}
	state.Next = s.next(now, state.Failures)
	if state.Problem != "" && state.Problem != before.Problem {
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "clusters not discovered", slog.String("error", state.Problem))
	}
	document, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("discovery state: %w", err)
	}
	if err := s.cfg.Objects.PutObject(ctx, stateKind, stateID, document); err != nil {
		return err
	}
	for _, j := range jobs {
		j.Problem, j.Skipped = state.Problem, skippedOf(j.Scope, found)
		if err := s.begin(ctx, j); err != nil {
			return err
		}
	}
	signal(s.wake)
	return nil
}

// skippedOf gives the places of a scope that could not be listed.
func skippedOf(scope access.Scope, d inventory.Discovery) []inventory.Skip {
	var skipped []inventory.Skip
	for _, k := range d.Skipped {
		in := len(scope.Accounts) == 0 || slices.Contains(scope.Accounts, k.Account)
		in = in && (k.Region == "" || len(scope.Regions) == 0 || slices.Contains(scope.Regions, k.Region))
		if in && !k.Disabled && len(skipped) < maxFailures {
			skipped = append(skipped, k)
		}
	}
	return skipped
}

// apply schedules what is new and forgets what is gone.
func (s *Service) apply(ctx context.Context, found inventory.Discovery) error {
	now := s.cfg.Now()
	if err := s.cfg.Clusters.Schedule(ctx, found.Clusters, s.firstScan(now)); err != nil {
		return err
	}
	known, err := s.cfg.Clusters.ScheduledClusters(ctx)
	if err != nil {
		return err
	}
	if err := s.cfg.Clusters.Unschedule(ctx, found.Gone(known)); err != nil {
		return err
	}
	if err := s.keepLatest(ctx, found); err != nil {
		return err
	}
	return s.cfg.Scanner.Tidy(ctx, found)
}

// firstScan is when a cluster is scanned that was not known: at once, or when
// somebody asks.
func (s *Service) firstScan(now time.Time) time.Time {
	if s.cfg.Interval == 0 {
		return now.Add(never)
	}
	return now
}

// refreshes keeps the vulnerability database fresh.
func (s *Service) refreshes(ctx context.Context) {
	failed := false
	for ctx.Err() == nil {
		err := s.cfg.Scanner.Refresh(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "vulnerability database not refreshed", slog.String("error", err.Error()))
		}
		failed = err != nil
		pause(ctx, spread(refreshPoll), nil)
	}
}
