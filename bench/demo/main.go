// Command demo measures `eksposure demo` as a person sees it: the whole process,
// from its start to its end, in wall time and peak memory.
//
//	go run ./bench/demo [-rounds 5]
//
// It builds the program once and runs pairs: a cold run, with new and empty
// temporary, home and cache directories, and a repeated one right after it with
// the same directories. The operating system's page cache is left as it is, so a
// cold run does not read the program from the disk. Peak memory is the maximum
// resident size that Linux counts (ru_maxrss).
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	rounds := flag.Int("rounds", 5, "pairs of a cold and a repeated run")
	flag.Parse()
	err := run(ctx, os.Stdout, *rounds)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/demo:", err)
		os.Exit(1)
	}
}

// sample is one process.
type sample struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

func run(ctx context.Context, out io.Writer, rounds int) error {
	if rounds < 1 {
		return errors.New("want at least one round")
	}
	dir, err := os.MkdirTemp("", "bench-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "eksposure")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/eksposure")
	if problem, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", build, err, problem)
	}
	var cold, repeated []sample
	for i := range rounds {
		place := filepath.Join(dir, fmt.Sprintf("round%d", i))
		if err := os.Mkdir(place, 0o700); err != nil {
			return err
		}
		for _, side := range []*[]sample{&cold, &repeated} {
			s, err := measure(ctx, program, place)
			if err != nil {
				return err
			}
			*side = append(*side, s)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "eksposure demo, %d runs each, %d CPUs\twall, median\trange\tprocessor\tpeak memory, median\trange\n", rounds, runtime.NumCPU())
	row(w, "cold: empty directories, page cache as it is", cold)
	row(w, "repeated: the same directories", repeated)
	return w.Flush()
}

// measure runs the demo once, with all its directories under place.
func measure(ctx context.Context, program, place string) (sample, error) {
	c := exec.CommandContext(ctx, program, "demo")
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + place, "HOME=" + place}
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	start := time.Now()
	err := c.Run()
	wall := time.Since(start)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w: %s", c, err, stderr.String())
	}
	if !strings.Contains(stdout.String(), "Critical") {
		return sample{}, fmt.Errorf("%s printed no critical finding", c)
	}
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return sample{}, errors.New("this system does not count a process's memory")
	}
	return sample{wall: wall, cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), peak: usage.Maxrss << 10}, nil
}

func row(w io.Writer, name string, samples []sample) {
	wallLow, wall, wallHigh := spread(samples, func(s sample) time.Duration { return s.wall })
	peakLow, peak, peakHigh := spread(samples, func(s sample) int64 { return s.peak >> 20 })
	_, cpu, _ := spread(samples, func(s sample) time.Duration { return s.cpu })
	fmt.Fprintf(w, "%s\t%.2f s\t%.2f–%.2f s\t%.2f s\t%d MiB\t%d–%d MiB\n",
		name, wall.Seconds(), wallLow.Seconds(), wallHigh.Seconds(), cpu.Seconds(), peak, peakLow, peakHigh)
}

// spread gives the lowest, the middle and the highest value.
func spread[T cmp.Ordered](samples []sample, value func(sample) T) (low, middle, high T) {
	var values []T
	for _, s := range samples {
		values = append(values, value(s))
	}
	slices.Sort(values)
	return values[0], values[len(values)/2], values[len(values)-1]
}
