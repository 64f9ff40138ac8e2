// Package scan is the pipeline: discover → describe → collect → catalog → match →
// evaluate → correlate → record, for one cluster or for all.
//
// A part that cannot be read costs only itself: it becomes a gap in the snapshot
// of its cluster, or a skipped place in the discovery, and the rest goes on.
// Nothing is recorded for a cluster whose scan was interrupted.
package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Defaults of Config.
const (
	// DefaultClusters is how many clusters are scanned at the same time.
	DefaultClusters = 8
	// DefaultImages is how many images are read at the same time; an image costs
	// a core and some hundred megabytes while it is read.
	DefaultImages = 4
	// DefaultClusterTimeout ends a cluster that hangs somewhere; what was not read
	// by then is a gap.
	DefaultClusterTimeout = 15 * time.Minute
	// DefaultMaxReportAge is a month: by then so many vulnerabilities were published
	// that an old report would say too little.
	DefaultMaxReportAge = 30 * 24 * time.Hour
)

// Config joins a Scanner with its parts.
type Config struct {
	Cloud    Cloud
	Kube     Kube
	Catalog  Cataloger // nil: images are not read, which is a gap
	Tags     Tags      // nil: tags are not read, which no scan does
	Matcher  Matcher   // nil: no vulnerability database, which is a gap
	Images   Images
	Findings Findings
	Reports  Reports      // nil: no other scanner's reports are used
	Source   ReportSource // nil: no other service is asked
	Traits   []exposure.Trait
	Policy   exposure.Policy
	Rules    Rules // nil: no automation rules
	// NoMatcher says why Matcher is nil and what to do.
	NoMatcher string

	Clusters       int
	ImageReads     int
	ClusterTimeout time.Duration
	// MaxReportAge is how old another scanner's report may be to stand in for an
	// image that cannot be read.
	MaxReportAge time.Duration
	Now          func() time.Time
	Log          *slog.Logger
}

// WithDefaults fills the limits that are not set.
func (c Config) WithDefaults() Config {
	if c.Clusters == 0 {
		c.Clusters = DefaultClusters
	}
	if c.ImageReads == 0 {
		c.ImageReads = DefaultImages
	}
	if c.MaxReportAge == 0 {
		c.MaxReportAge = DefaultMaxReportAge
	}
	if c.ClusterTimeout == 0 {
		c.ClusterTimeout = DefaultClusterTimeout
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Scanner runs the pipeline.
type Scanner struct {
	cfg    Config
	images *images
}

// New makes a Scanner.
func New(cfg Config) *Scanner {
	cfg = cfg.WithDefaults()
	return &Scanner{cfg: cfg, images: newImages(cfg)}
}

// Request says what to scan. Without clusters, all discovered ones are scanned.
type Request struct {
	// Clusters are ARNs, or names to pick from the discovered ones.
	Clusters []string
}

// Progress is one step of a scan that a person may want to see.
type Progress struct {
	Step    Step
	Cluster inventory.ClusterRef
	// Done and Total count clusters; Total is 0 before discovery ended.
	Done, Total int
	// Outcome is set when Step is StepRecorded.
	Outcome *exposure.Outcome
}

// Step is where a scan is.
type Step string

// The steps that are reported.
const (
	StepDiscovering Step = "discovering"
	StepDescribing  Step = "describing"
	StepCollecting  Step = "collecting"
	StepImages      Step = "reading images"
	StepRecorded    Step = "recorded"
)

// Summary is what a scan produced.
type Summary struct {
	StartedAt  time.Time           `json:"started_at"`
	FinishedAt time.Time           `json:"finished_at"`
	Discovery  inventory.Discovery `json:"discovery"`
	// Outcomes are one per cluster that was scanned, in the order of the clusters,
	// then those whose cluster is gone.
	Outcomes []exposure.Outcome `json:"outcomes"`
	// Failed are clusters of which nothing could be read.
	Failed []Failure `json:"failed,omitempty"`
}

// Failure is a cluster that could not be scanned at all.
type Failure struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	Reason  string               `json:"reason"`
	Detail  string               `json:"detail"`
}

// Incomplete reports whether anything that could hold an exposure was not read.
func (s Summary) Incomplete() bool {
	return s.Discovery.Incomplete() || len(s.Failed) > 0 ||
		slices.ContainsFunc(s.Outcomes, func(o exposure.Outcome) bool { return len(o.Gaps) > 0 })
}

// Discover lists all clusters.
func (s *Scanner) Discover(ctx context.Context) (inventory.Discovery, error) {
	return s.cfg.Cloud.Clusters(ctx)
}

// Scan discovers clusters, scans each and records what it finds. The error is
// for what stops everything: no credentials, an unknown cluster, a store that
// cannot be written, an interrupt. The summary holds what was done until then.
func (s *Scanner) Scan(ctx context.Context, r Request, progress func(Progress)) (Summary, error) {
	sum := Summary{StartedAt: s.cfg.Now()}
	progress(Progress{Step: StepDiscovering})
	refs, err := s.choose(ctx, r, &sum)
	if err != nil {
		return sum, err
	}
	err = s.scanAll(ctx, refs, &sum, progress)
	if err == nil && len(r.Clusters) == 0 {
		var closed []exposure.Outcome
		closed, err = s.CloseGone(ctx, sum.Discovery)
		sum.Outcomes = append(sum.Outcomes, closed...)
	}
	if err == nil && len(r.Clusters) > 0 {
		err = noneFound(sum)
	}
	if err == nil && len(r.Clusters) == 0 && !sum.Incomplete() {
		s.Prune(ctx)
	}
	sum.FinishedAt = s.cfg.Now()
	return sum, err
}

// choose finds the clusters that the request names. When all are ARNs no
// discovery is needed.
func (s *Scanner) choose(ctx context.Context, r Request, sum *Summary) ([]inventory.ClusterRef, error) {
	var refs []inventory.ClusterRef
	var names []string
	for _, c := range r.Clusters {
		if !strings.HasPrefix(c, "arn:") {
			names = append(names, c)
			continue
		}
		ref, err := inventory.ParseClusterRef(c)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	if len(r.Clusters) > 0 && len(names) == 0 {
		sum.Discovery.Clusters = refs
		return refs, nil
	}
	d, err := s.cfg.Cloud.Clusters(ctx)
	if err != nil {
		return nil, fmt.Errorf("discover clusters: %w", err)
	}
	sum.Discovery = d
	if len(r.Clusters) == 0 {
		return d.Clusters, nil
	}
	for _, name := range names {
		found := false
		for _, ref := range d.Clusters {
			if ref.Name == name {
				refs, found = append(refs, ref), true
			}
		}
		if !found {
			return nil, fmt.Errorf("cluster %q is in none of the %d accounts and %d regions that were listed; `eksposure clusters` shows what is: %w",
				name, len(d.Accounts), len(d.Regions), fault.ErrNotFound)
		}
	}
	slices.SortFunc(refs, inventory.ClusterRef.Compare)
	return slices.Compact(refs), nil
}

// noneFound tells a request that names only clusters that do not exist from a
// scan that could not read everything.
func noneFound(sum Summary) error {
	known := func(f Failure) bool { return f.Reason != fault.Of(fault.ErrNotFound).Name }
	if len(sum.Outcomes) > 0 || len(sum.Failed) == 0 || slices.ContainsFunc(sum.Failed, known) {
		return nil
	}
	return fmt.Errorf("%s; `eksposure clusters` shows what there is: %w", sum.Failed[0].Detail, fault.ErrNotFound)
}

func (s *Scanner) scanAll(ctx context.Context, refs []inventory.ClusterRef, sum *Summary, progress func(Progress)) error {
	var mu sync.Mutex
	done := 0
	outcomes := make([]*exposure.Outcome, len(refs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.cfg.Clusters)
	for i, ref := range refs {
		group.Go(func() error {
			report := func(p Progress) {
				mu.Lock()
				defer mu.Unlock()
				p.Cluster, p.Done, p.Total = ref, done, len(refs)
				progress(p)
			}
			o, err := s.ScanCluster(ctx, ref, report)
			if o == nil && ctx.Err() != nil {
				return ctx.Err() // an outcome that is there was recorded just before the end
			}
			mu.Lock()
			done++
			if err != nil && !errors.Is(err, errRecord) {
				sum.Failed = append(sum.Failed, Failure{Cluster: ref, Reason: fault.Of(err).Name, Detail: err.Error()})
				err = nil
			}
			outcomes[i] = o
			mu.Unlock()
			if o != nil {
				report(Progress{Step: StepRecorded, Outcome: o})
			}
			return err
		})
	}
	err := group.Wait()
	for _, o := range outcomes {
		if o != nil {
			sum.Outcomes = append(sum.Outcomes, *o)
		}
	}
	slices.SortFunc(sum.Failed, func(a, b Failure) int { return a.Cluster.Compare(b.Cluster) })
	return err
}

// errRecord marks failures of our own store, which end the whole scan.
var errRecord = errors.New("record")

// ScanCluster runs the pipeline on one cluster.
func (s *Scanner) ScanCluster(ctx context.Context, ref inventory.ClusterRef, progress func(Progress)) (*exposure.Outcome, error) {
	snapshot, err := s.Collect(ctx, ref, progress)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return s.Record(ctx, snapshot)
}

// Collect makes the snapshot of one cluster: everything but the verdict.
func (s *Scanner) Collect(ctx context.Context, ref inventory.ClusterRef, progress func(Progress)) (*inventory.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ClusterTimeout)
	defer cancel()
	progress(Progress{Step: StepDescribing})
	snapshot, err := s.cfg.Cloud.Describe(ctx, ref)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil {
		return nil, fmt.Errorf("%w; the limit for one cluster is %s (setting scan.cluster_timeout)", err, s.cfg.ClusterTimeout)
	}
	if err != nil {
		return nil, err
	}
	snapshot.Version, snapshot.CollectedAt = inventory.SnapshotVersion, s.cfg.Now().UTC()
	progress(Progress{Step: StepCollecting})
	s.cfg.Kube.Collect(ctx, snapshot)
	progress(Progress{Step: StepImages})
	s.images.fill(ctx, snapshot)
	snapshot.Normalize()
	return snapshot, nil
}

// Record evaluates a snapshot and records the outcome.
func (s *Scanner) Record(ctx context.Context, snapshot *inventory.Snapshot) (*exposure.Outcome, error) {
	earlier, err := s.cfg.Findings.Earlier(ctx, snapshot.Cluster.Ref)
	if err != nil {
		return nil, errors.Join(errRecord, err)
	}
	o := s.Evaluate(snapshot, earlier)
	if err := s.label(ctx, &o); err != nil {
		return nil, errors.Join(errRecord, err)
	}
	if err := s.cfg.Findings.Record(ctx, o); err != nil {
		return nil, errors.Join(errRecord, err)
	}
	if o.Change.Kind != exposure.Unchanged && o.Change.Kind != exposure.NoFinding {
		s.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "finding changed", slog.String("cluster", o.Cluster.String()),
			slog.String("change", string(o.Change.Kind)), slog.String("severity", string(o.Finding.Severity)))
	}
	return &o, nil
}

// label runs the automation rules over a finding that the scan changed, so that
// what they set is part of the same change. A finding that went away, or that is as
// it was, is left alone.
func (s *Scanner) label(ctx context.Context, o *exposure.Outcome) error {
	switch o.Change.Kind {
	case exposure.Created, exposure.Updated, exposure.Reopened:
	default:
		return nil
	}
	if s.cfg.Rules == nil {
		return nil
	}
	set, err := s.cfg.Rules.Override(ctx, o.Finding)
	if err != nil {
		return fmt.Errorf("run the automation rules on the finding of %q: %w", o.Cluster, err)
	}
	o.Finding.Override = set
	return nil
}

// Evaluate gives the outcome of a snapshot and records nothing.
func (s *Scanner) Evaluate(snapshot *inventory.Snapshot, earlier *exposure.Finding) exposure.Outcome {
	e := exposure.Evaluate(snapshot, s.cfg.Traits, s.cfg.Policy)
	f, change := exposure.Correlate(earlier, e, snapshot, s.cfg.Traits)
	return exposure.Outcome{Cluster: snapshot.Cluster.Ref, Evaluation: e, Finding: f, Change: change, Gaps: snapshot.Gaps, Snapshot: snapshot}
}

// CloseGone closes the findings of clusters that a complete listing of their
// account and region no longer shows, forgets what they left undecided, and notes
// that they are gone. It gives what it closed.
func (s *Scanner) CloseGone(ctx context.Context, d inventory.Discovery) ([]exposure.Outcome, error) {
	recorded, err := s.cfg.Findings.OpenClusters(ctx)
	if err != nil {
		return nil, err
	}
	var closed []exposure.Outcome
	for _, ref := range d.Gone(recorded) {
		o, err := s.Close(ctx, ref)
		if err != nil {
			return closed, err
		}
		if o.Finding != nil {
			closed = append(closed, o)
		}
	}
	return closed, nil
}

// Close closes the finding of a cluster that is known to be gone, as CloseGone does.
func (s *Scanner) Close(ctx context.Context, ref inventory.ClusterRef) (exposure.Outcome, error) {
	o := exposure.Outcome{Cluster: ref, Change: exposure.Change{Kind: exposure.NoFinding}}
	earlier, err := s.cfg.Findings.Earlier(ctx, ref)
	if err != nil {
		return o, err
	}
	if earlier != nil && earlier.Open() {
		o.Finding, o.Change = exposure.CloseGone(earlier, s.cfg.Now().UTC())
	}
	return o, s.cfg.Findings.Record(ctx, o)
}

// Prune forgets what is kept of images that no scan met for long.
func (s *Scanner) Prune(ctx context.Context) { s.images.prune(ctx) }
