// Command kube measures collecting a cluster of 5,000 pods from a real
// kube-apiserver, against listing the same objects the plain way, with the
// Kubernetes client's defaults: JSON, everything in one answer.
//
//	test/ekslab/build.sh && go run ./bench/kube
//
// Each side runs in a process of its own, several times in turn; the table shows
// the medians of the time, of the processor time of the reading process, of its
// largest resident memory (VmHWM, so Linux only), and of the memory above that of
// a process that only starts.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/eksposure/eksposure/internal/kube/kubetest"
)

// rounds is odd, for a median that was measured.
const rounds = 5

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/kube:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer) error {
	pods := flag.Int("pods", 5000, "pods in the cluster, two containers each")
	side := flag.String("side", "", "be the process that is measured: "+strings.Join(sides(), ", "))
	kubeconfig := flag.String("kubeconfig", "", "cluster that the measured process reads")
	flag.Parse()
	if *side != "" {
		return measured(ctx, *side, *kubeconfig, stdout)
	}

	lab, err := kubetest.Launch(ctx, kubetest.Options{})
	if err != nil {
		return err
	}
	defer lab.Close()
	start := time.Now()
	if err := load(ctx, lab, *pods); err != nil {
		return fmt.Errorf("load %d pods: %w", *pods, err)
	}
	fmt.Fprintf(stdout, "%d pods loaded in %.1f s\n\n", *pods, time.Since(start).Seconds())

	results := map[string][]sample{}
	for range rounds {
		for _, side := range sides() {
			s, err := measure(ctx, side, lab.Kubeconfig)
			if err != nil {
				return fmt.Errorf("measure %s: %w", side, err)
			}
			if side != sideNothing && s.Pods != *pods {
				return fmt.Errorf("%s saw %d pods, want %d", side, s.Pods, *pods)
			}
			results[side] = append(results[side], s)
		}
	}
	return table(stdout, results)
}

// sample is what one process measured of itself.
type sample struct {
	Pods    int           `json:"pods"`
	Elapsed time.Duration `json:"elapsed"`
	CPU     time.Duration `json:"-"`
	Peak    int64         `json:"peak"` // bytes
}

func measure(ctx context.Context, side, kubeconfig string) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, self, "-side="+side, "-kubeconfig="+kubeconfig)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return sample{}, err
	}
	var s sample
	if err := json.Unmarshal(out, &s); err != nil {
		return sample{}, err
	}
	s.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return s, nil
}

func measured(ctx context.Context, side, kubeconfig string, stdout io.Writer) error {
	start := time.Now()
	pods, err := read(ctx, side, kubeconfig)
	if err != nil {
		return err
	}
	elapsed := time.Since(start)
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(sample{Pods: pods, Elapsed: elapsed, Peak: peak})
}

// peakMemory reads the process's high-water mark. Unlike getrusage's, it does
// not begin with that of the parent.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmHWM in /proc/self/status")
}

func table(stdout io.Writer, results map[string][]sample) error {
	const mib = 1 << 20
	elapsed := func(side string) float64 {
		return median(results[side], func(s sample) float64 { return float64(s.Elapsed.Milliseconds()) })
	}
	cpu := func(side string) float64 {
		return median(results[side], func(s sample) float64 { return float64(s.CPU.Milliseconds()) })
	}
	peak := func(side string) float64 {
		return median(results[side], func(s sample) float64 { return float64(s.Peak) / mib })
	}
	base := peak(sideNothing)
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\ttime\tCPU\tpeak memory\tabove start\t")
	for _, side := range sides() {
		fmt.Fprintf(w, "%s\t%.0f ms\t%.0f ms\t%.1f MiB\t%.1f MiB\t\n", side, elapsed(side), cpu(side), peak(side), peak(side)-base)
	}
	fmt.Fprintf(w, "%s : %s\t%.2f\t%.2f\t%.2f\t%.2f\t\n", sidePlain, sideOurs,
		elapsed(sidePlain)/elapsed(sideOurs), cpu(sidePlain)/cpu(sideOurs), peak(sidePlain)/peak(sideOurs), (peak(sidePlain)-base)/(peak(sideOurs)-base))
	return w.Flush()
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
