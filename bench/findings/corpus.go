package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

const (
	seed = 1
	// templates is how many different clusters the estate's generator makes; the
	// others have their content under other names.
	templates = 200
	workloads = 2
	// batch is how many findings one transaction records.
	batch = 1000
)

// maker makes outcomes by their number, always the same.
type maker struct {
	snapshots []*inventory.Snapshot
	traits    []exposure.Trait
	end       time.Time
	accounts  int
}

func newMaker(accounts int) *maker {
	m := &maker{accounts: accounts, traits: trait.All(), end: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	for s := range estate.Fleet(seed, templates, workloads) {
		m.snapshots = append(m.snapshots, s)
	}
	return m
}

// outcome makes one of n.
func (m *maker) outcome(i, n int, o options) exposure.Outcome {
	s := *m.snapshots[i%len(m.snapshots)]
	regions := []string{"us-east-1", "eu-central-1", "eu-west-1", "ap-southeast-2"}
	s.Cluster.Ref = inventory.ClusterRef{
		Partition: "aws", Account: fmt.Sprintf("%012d", 100000000000+i%m.accounts), Region: regions[i/m.accounts%len(regions)], Name: fmt.Sprintf("cluster-%07d", i),
	}
	s.Cluster.AccountName = fmt.Sprintf("account %d", i%m.accounts)
	s.Cluster.Tags = map[string]string{"team": fmt.Sprintf("team-%d", i%97), "env": []string{"production", "staging", "test"}[i%3]}
	s.CollectedAt = m.end.Add(-time.Duration(n-i) * (365 * 24 * time.Hour / time.Duration(n))) // over a year
	e := exposure.Evaluate(&s, m.traits, exposure.DefaultPolicy())
	f, change := exposure.Correlate(nil, e, &s, m.traits)
	if f != nil && i%o.history != 0 {
		f, change = exposure.CloseGone(f, s.CollectedAt.Add(30*24*time.Hour))
	}
	made := exposure.Outcome{Cluster: s.Cluster.Ref, Finding: f, Change: change}
	if o.inventory && i%o.history == 0 {
		made.Evaluation, made.Gaps, made.Snapshot = e, s.Gaps, &s
	}
	return made
}

// fill makes the corpus and records it. As in a server that scans, one batch is made
// ready while another is written.
func fill(ctx context.Context, db *store.DB, o options) error {
	m := newMaker(o.accounts)
	n := o.clusters * o.history
	started := time.Now()
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += batch {
		group.Go(func() error {
			list := make([]exposure.Outcome, min(batch, n-from))
			for i := range list {
				list[i] = m.outcome(from+i, n, o)
			}
			if err := db.RecordAll(ctx, list); err != nil {
				return err
			}
			if now := done.Add(int64(len(list))); now%(50*batch) == 0 {
				fmt.Fprintf(os.Stderr, "%d of %d findings, %s\n", now, n, time.Since(started).Round(time.Second))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	took := time.Since(started)
	fmt.Printf("made and recorded %d findings in %s, %.0f/s\n", n, took.Round(time.Second), float64(n)/took.Seconds())
	return nil
}
