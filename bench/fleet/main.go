// Command fleet measures evaluate + correlate + record over a generated fleet:
// how many clusters a second, in how much memory.
//
//	go run ./bench/fleet [-clusters 10000] [-workloads 100]
//
// Snapshots come from the estate's generator, as a stream; their making is timed
// by itself in a first pass and is not part of the figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

func main() {
	clusters := flag.Int("clusters", 10000, "clusters in the fleet")
	workloads := flag.Int("workloads", 100, "workloads of each cluster")
	flag.Parse()
	if err := run(context.Background(), *clusters, *workloads); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

const seed = 1

func run(ctx context.Context, clusters, workloads int) error {
	dir, err := os.MkdirTemp("", "eksposure-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := store.Open(ctx, store.Config{Place: filepath.Join(dir, "fleet.db"), Now: time.Now})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()

	generate, _, err := pass(clusters, workloads, func(*inventory.Snapshot) error { return nil })
	if err != nil {
		return err
	}
	evaluate, _, err := pass(clusters, workloads, func(s *inventory.Snapshot) error {
		_ = outcome(nil, s)
		return nil
	})
	if err != nil {
		return err
	}
	first, findings, err := pass(clusters, workloads, func(s *inventory.Snapshot) error { return db.Record(ctx, outcome(nil, s)) })
	if err != nil {
		return err
	}
	second, _, err := pass(clusters, workloads, func(s *inventory.Snapshot) error {
		earlier, err := db.Earlier(ctx, s.Cluster.Ref)
		if err != nil {
			return err
		}
		return db.Record(ctx, outcome(earlier, s))
	})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%d clusters × %d workloads, %d cores\ttime\tclusters/s\n", clusters, workloads, runtime.GOMAXPROCS(0))
	for _, row := range []struct {
		name string
		took time.Duration
	}{
		{"evaluate + correlate", evaluate - generate},
		{"evaluate + correlate + record, first scan", first - generate},
		{"read earlier + evaluate + correlate + record, second scan", second - generate},
	} {
		fmt.Fprintf(w, "%s\t%s\t%.0f\n", row.name, row.took.Round(time.Millisecond), float64(clusters)/row.took.Seconds())
	}
	fmt.Fprintf(w, "peak memory of the process\t%d MiB\t\n", peakMiB())
	if info, err := os.Stat(filepath.Join(dir, "fleet.db")); err == nil {
		fmt.Fprintf(w, "database\t%d MiB\t\n", info.Size()>>20)
	}
	fmt.Fprintf(w, "snapshots\t%d\t\n", findings)
	return w.Flush()
}

func outcome(earlier *exposure.Finding, s *inventory.Snapshot) exposure.Outcome {
	traits := trait.All()
	e := exposure.Evaluate(s, traits, exposure.DefaultPolicy())
	f, change := exposure.Correlate(earlier, e, s, traits)
	return exposure.Outcome{Cluster: s.Cluster.Ref, Evaluation: e, Finding: f, Change: change, Gaps: s.Gaps, Snapshot: s}
}

// pass streams the fleet through work on all cores and gives the wall time.
func pass(clusters, workloads int, work func(*inventory.Snapshot) error) (time.Duration, int, error) {
	runtime.GC()
	queue := make(chan *inventory.Snapshot, 2*runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	var once sync.Once
	var failed error
	started := time.Now()
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for s := range queue {
				if err := work(s); err != nil {
					once.Do(func() { failed = err })
				}
			}
		})
	}
	n := 0
	for s := range estate.Fleet(seed, clusters, workloads) {
		queue <- s
		n++
	}
	close(queue)
	wg.Wait()
	return time.Since(started), n, failed
}

// peakMiB reads the process's highest resident size from Linux.
func peakMiB() int {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(value)[0])
			return kb >> 10
		}
	}
	return 0
}
