// Package telemetry makes metrics for Prometheus and traces for OpenTelemetry.
//
// It is told what happened and asks for what is; it decides nothing. No label has
// values that grow with the fleet: accounts, clusters and findings are counted, not
// named. This is the only package that knows Prometheus and OpenTelemetry.
package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// stateAge is how long the counts of the database serve scrapes before they are
	// made again.
	stateAge = 15 * time.Second
	// stateTime bounds making them.
	stateTime = 10 * time.Second
	// maxScrapes bounds scrapes at the same time.
	maxScrapes = 4
)

// Build tells which program this is.
type Build struct{ Version, Commit, Go string }

// State is what the database and the parts say now.
type State struct {
	// OpenFindings are counted by severity.
	OpenFindings map[string]int
	Clusters     int
	// Gaps counts the clusters with a part that could not be read, by section.
	Gaps map[string]int
	// SinkLag is how many changes a sink has still to be given, by sink.
	SinkLag map[string]int64
	// ScansRunning are those of this process.
	ScansRunning int
	// Discovered is when clusters were last discovered, by any process.
	Discovered time.Time
	// DatabaseBuilt is when the vulnerability database in use was built.
	DatabaseBuilt time.Time
}

// MetricsConfig joins Metrics with what they tell of.
type MetricsConfig struct {
	Build Build
	// State is asked at a scrape; it may be nil.
	State func(context.Context) (State, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// Metrics are the program's.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	scans     *prometheus.CounterVec
	scanTimes prometheus.Histogram
}

// NewMetrics makes the metrics, all at zero.
func NewMetrics(c MetricsConfig) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: requests.Name, Help: requests.Help}, requests.Labels),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: durations.Name, Help: durations.Help, Buckets: []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 10, 30},
		}, durations.Labels),
		scans:     prometheus.NewCounterVec(prometheus.CounterOpts{Name: scans.Name, Help: scans.Help}, scans.Labels),
		scanTimes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: scanTimes.Name, Help: scanTimes.Help, Buckets: []float64{1, 2, 5, 10, 30, 60, 120, 300, 900}}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: buildInfo.Name, Help: buildInfo.Help}, buildInfo.Labels)
	build.WithLabelValues(c.Build.Version, c.Build.Commit, c.Build.Go).Set(1)
	m.registry.MustRegister(m.requests, m.durations, m.scans, m.scanTimes, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if c.State != nil {
		m.registry.MustRegister(&stateCollector{cfg: c})
	}
	return m
}

// Request counts a request. The operation is a route's name, empty when the
// request met none.
func (m *Metrics) Request(operation string, status int, took time.Duration) {
	if operation == "" {
		operation = "none"
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.durations.WithLabelValues(operation).Observe(took.Seconds())
}

// Scan counts a scan of one cluster by its result.
func (m *Metrics) Scan(result string, took time.Duration) {
	m.scans.WithLabelValues(result).Inc()
	m.scanTimes.Observe(took.Seconds())
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, EnableOpenMetrics: true})
}

// stateCollector turns a State into metrics. One that cannot be had is told by
// eksposure_state_up, and the other metrics are answered all the same.
type stateCollector struct {
	cfg MetricsConfig

	mu    sync.Mutex
	at    time.Time
	state State
	up    bool
}

// Describe implements prometheus.Collector.
func (s *stateCollector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range stateMetrics() {
		out <- m.desc()
	}
}

// Collect implements prometheus.Collector.
func (s *stateCollector) Collect(out chan<- prometheus.Metric) {
	state, up := s.current()
	gauge := func(m Metric, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(m.desc(), prometheus.GaugeValue, v, labels...)
	}
	if !up {
		gauge(stateUp, 0)
		return
	}
	gauge(stateUp, 1)
	for _, severity := range sorted(state.OpenFindings) {
		gauge(openFindings, float64(state.OpenFindings[severity]), severity)
	}
	gauge(clusters, float64(state.Clusters))
	for _, section := range sorted(state.Gaps) {
		gauge(gaps, float64(state.Gaps[section]), section)
	}
	for _, sink := range sorted(state.SinkLag) {
		gauge(sinkLag, float64(state.SinkLag[sink]), sink)
	}
	gauge(scansRunning, float64(state.ScansRunning))
	if !state.Discovered.IsZero() {
		gauge(discovered, float64(state.Discovered.Unix()))
	}
	if !state.DatabaseBuilt.IsZero() {
		gauge(databaseBuilt, float64(state.DatabaseBuilt.Unix()))
	}
}

// current gives the state, made again when it is old.
func (s *stateCollector) current() (State, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	if !s.at.IsZero() && now.Sub(s.at) < stateAge {
		return s.state, s.up
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateTime) //nolint:forbidigo // Prometheus collects without a context
	defer cancel()
	state, err := s.cfg.State(ctx)
	if err != nil && s.up && s.cfg.Log != nil {
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "metrics of the database not made", slog.String("error", err.Error()))
	}
	s.at, s.state, s.up = now, state, err == nil
	return s.state, s.up
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
