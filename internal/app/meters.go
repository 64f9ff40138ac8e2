package app

import (
	"context"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/telemetry"
)

const (
	// fleetAge is how long the counts over all clusters serve scrapes: making them
	// reads a row of every cluster.
	fleetAge = time.Minute
	// fleetPage is how many of them are read at once.
	fleetPage = 1000
)

// meters asks the parts for what the metrics tell.
type meters struct {
	db       *store.DB
	pipeline *pipeline
	scans    *schedule.Service
	events   *deliver.Deliverer
	now      func() time.Time

	mu     sync.Mutex
	at     time.Time
	counts fleetCounts
}

// fleetCounts are made of the clusters' records.
type fleetCounts struct {
	clusters       int
	findings, gaps map[string]int
}

func (m *meters) state(ctx context.Context) (telemetry.State, error) {
	discovered, err := m.scans.Discovered(ctx)
	if err != nil {
		return telemetry.State{}, err
	}
	fleet, err := m.fleet(ctx)
	if err != nil {
		return telemetry.State{}, err
	}
	s := telemetry.State{
		OpenFindings: fleet.findings, Clusters: fleet.clusters, Gaps: fleet.gaps, SinkLag: map[string]int64{},
		ScansRunning: len(m.scans.Running()), Discovered: discovered.At, DatabaseBuilt: m.pipeline.built(),
	}
	sinks, err := m.events.Statuses(ctx)
	if err != nil {
		return telemetry.State{}, err
	}
	for _, sink := range sinks {
		s.SinkLag[sink.Sink] = sink.Waiting
	}
	return s, nil
}

// fleet counts the clusters, made again when it is old.
func (m *meters) fleet(ctx context.Context) (fleetCounts, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if !m.at.IsZero() && now.Sub(m.at) < fleetAge {
		return m.counts, nil
	}
	c := fleetCounts{findings: map[string]int{}, gaps: map[string]int{}}
	for _, name := range ocsf.Severities() {
		c.findings[name] = 0
	}
	q := exposure.ClusterQuery{Limit: fleetPage}
	for {
		page, err := m.db.ClusterRecords(ctx, access.Scope{}, q)
		if err != nil {
			return c, err
		}
		for _, r := range page.Records {
			c.add(r)
		}
		if q.After = page.Next; q.After == nil {
			break
		}
	}
	m.at, m.counts = now, c
	return c, nil
}

func (c *fleetCounts) add(r exposure.ClusterRecord) {
	c.clusters++
	if r.Finding != nil && r.Finding.Open {
		c.findings[r.Finding.Severity]++
	}
	seen := map[inventory.Section]bool{}
	for _, g := range r.Gaps {
		if !seen[g.Section] {
			seen[g.Section] = true
			c.gaps[string(g.Section)]++
		}
	}
}
