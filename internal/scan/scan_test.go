package scan_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/vuln"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func cluster(name string) inventory.ClusterRef {
	return inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: name}
}

// world is a small stand-in for every port of the pipeline.
type world struct {
	mu        sync.Mutex
	discovery inventory.Discovery
	describe  map[string]error // by cluster name
	onKube    func(ctx context.Context, s *inventory.Snapshot)
	images    map[string][]string // cluster name → digests it runs
	broken    map[string]error    // digest → error of reading it
	cataloged []string
	matched   []string
	sboms     map[string]vuln.SBOM
	reports   map[string]vuln.Report
	findings  map[string]*exposure.Finding
	recorded  []exposure.Outcome
	recordErr error
	build     string
	pruned    []pruning
	pruneErr  error
	completed int
}

// pruning is one call of PruneImages.
type pruning struct {
	Build  string
	Before time.Time
}

func newWorld(names ...string) *world {
	w := &world{
		describe: map[string]error{}, images: map[string][]string{}, broken: map[string]error{},
		sboms: map[string]vuln.SBOM{}, reports: map[string]vuln.Report{}, findings: map[string]*exposure.Finding{}, build: "db1",
		discovery: inventory.Discovery{Accounts: []string{"111122223333"}, Regions: []string{"eu-central-1"}},
	}
	for _, n := range names {
		w.discovery.Clusters = append(w.discovery.Clusters, cluster(n))
	}
	return w
}

func (w *world) Clusters(context.Context) (inventory.Discovery, error) { return w.discovery, nil }

func (w *world) Describe(_ context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	if err := w.describe[ref.Name]; err != nil {
		return nil, err
	}
	return &inventory.Snapshot{Cluster: inventory.Cluster{Ref: ref, Status: "ACTIVE", Endpoint: &inventory.Endpoint{Public: true}}}, nil
}

func (w *world) Collect(ctx context.Context, s *inventory.Snapshot) {
	if w.onKube != nil {
		w.onKube(ctx, s)
	}
	load := inventory.Workload{Namespace: "shop", Kind: "Deployment", Name: "web", Running: 1}
	for _, d := range w.images[s.Cluster.Ref.Name] {
		load.Containers = append(load.Containers, inventory.Container{Name: d, Digest: d, Repository: "registry/" + d, Reference: "registry/" + d + ":1", Running: 1})
	}
	s.Workloads = append(s.Workloads, load)
}

func (w *world) Tool() string { return "syft 1" }

func (w *world) Catalog(_ context.Context, r scan.ImageRequest) (inventory.Image, vuln.SBOM, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cataloged = append(w.cataloged, r.Digest)
	if err := w.broken[r.Digest]; err != nil {
		return inventory.Image{}, vuln.SBOM{}, err
	}
	return inventory.Image{Digest: r.Digest, Platform: r.OS + "/" + r.Architecture, Packages: 3}, vuln.SBOM{ImageDigest: r.Digest, Tool: "syft 1"}, nil
}

func (w *world) Build() string { return w.build }

func (w *world) Match(_ context.Context, s vuln.SBOM) (vuln.Report, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.matched = append(w.matched, s.ImageDigest)
	return vuln.Report{Database: w.build, Matches: []vuln.Match{{ID: "CVE-1"}}}, nil
}

// Complete gives every match without one an EPSS score.
func (w *world) Complete(_ context.Context, r vuln.Ingested) (vuln.Ingested, error) {
	w.completed++
	r.Matches = slices.Clone(r.Matches)
	for i := range r.Matches {
		if r.Matches[i].EPSS == nil {
			r.Matches[i].EPSS = &vuln.EPSS{Score: 0.5}
		}
	}
	return r, nil
}

func (w *world) SBOM(_ context.Context, digest, _ string) (inventory.Image, vuln.SBOM, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sboms[digest]
	return inventory.Image{Digest: digest, Platform: "linux/amd64", Packages: 3}, s, ok, nil
}

func (w *world) PutSBOM(_ context.Context, im inventory.Image, s vuln.SBOM) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sboms[im.Digest] = s
	return nil
}

func (w *world) Matches(_ context.Context, digest, build string) (vuln.Report, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, ok := w.reports[digest+build]
	return r, ok, nil
}

func (w *world) PutMatches(_ context.Context, digest string, r vuln.Report) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports[digest+r.Database] = r
	return nil
}

func (w *world) PruneImages(_ context.Context, build string, before time.Time) (int, error) {
	w.pruned = append(w.pruned, pruning{build, before})
	return 0, w.pruneErr
}

func (w *world) Earlier(_ context.Context, ref inventory.ClusterRef) (*exposure.Finding, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.findings[ref.Name], nil
}

func (w *world) Record(_ context.Context, o exposure.Outcome) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.recordErr != nil {
		return w.recordErr
	}
	w.recorded = append(w.recorded, o)
	w.findings[o.Cluster.Name] = o.Finding
	return nil
}

func (w *world) OpenClusters(context.Context) ([]inventory.ClusterRef, error) {
	var refs []inventory.ClusterRef
	for _, f := range w.findings {
		if f != nil && f.Open() {
			refs = append(refs, f.Cluster.Ref)
		}
	}
	slices.SortFunc(refs, inventory.ClusterRef.Compare)
	return refs, nil
}

// openEndpoint contributes on every cluster that could be described.
var openEndpoint = exposure.Trait{
	ID: "internet-reachable", Type: exposure.Reachability, Needs: []inventory.Section{inventory.SectionCluster},
	Detect: func(s *inventory.Snapshot, _ exposure.Policy) []exposure.Evidence {
		return []exposure.Evidence{{Standing: exposure.Contributing, Resource: s.Cluster.Ref.Resource()}}
	},
}

func (w *world) config() scan.Config {
	return scan.Config{
		Cloud: w, Kube: w, Catalog: w, Matcher: w, Images: w, Findings: w,
		Traits: []exposure.Trait{openEndpoint}, Policy: exposure.DefaultPolicy(), Now: func() time.Time { return now },
	}
}

func (w *world) scanner() *scan.Scanner { return scan.New(w.config()) }

func quiet(scan.Progress) {}

func names(outcomes []exposure.Outcome) []string {
	var list []string
	for _, o := range outcomes {
		list = append(list, o.Cluster.Name)
	}
	return list
}

// Edge case 33: a cluster that cannot be described ends nothing but itself.
func TestOneBrokenClusterCostsOnlyItself(t *testing.T) {
	w := newWorld("a", "b", "c")
	w.describe["b"] = fmt.Errorf("describe %q: %w", "b", fault.ErrThrottled)
	sum, err := w.scanner().Scan(t.Context(), scan.Request{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "c"}, names(sum.Outcomes)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if len(sum.Failed) != 1 || sum.Failed[0].Cluster != cluster("b") || sum.Failed[0].Reason != "throttled" || !sum.Incomplete() {
		t.Errorf("failed: %+v, incomplete %v", sum.Failed, sum.Incomplete())
	}
}

// Edge case 27: one image in many workloads and clusters is read and matched once.
func TestImageIsReadOnce(t *testing.T) {
	w := newWorld("a", "b", "c", "d")
	for _, ref := range w.discovery.Clusters {
		w.images[ref.Name] = []string{"sha256:shared", "sha256:" + ref.Name}
	}
	sum, err := w.scanner().Scan(t.Context(), scan.Request{}, quiet)
	if err != nil || sum.Incomplete() {
		t.Fatalf("%v, %+v", err, sum)
	}
	want := []string{"sha256:a", "sha256:b", "sha256:c", "sha256:d", "sha256:shared"}
	for what, got := range map[string][]string{"catalogued": w.cataloged, "matched": w.matched} {
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	// Another process finds SBOMs and matches in the store; a new database build
	// matches again and catalogues nothing.
	if _, err := w.scanner().Scan(t.Context(), scan.Request{}, quiet); err != nil || len(w.cataloged) != 5 || len(w.matched) != 5 {
		t.Errorf("second scan: %v, %d catalogued, %d matched", err, len(w.cataloged), len(w.matched))
	}
	w.build = "db2"
	if _, err := w.scanner().Scan(t.Context(), scan.Request{}, quiet); err != nil || len(w.cataloged) != 5 || len(w.matched) != 10 {
		t.Errorf("after a database update: %v, %d catalogued, %d matched", err, len(w.cataloged), len(w.matched))
	}
}

func TestBrokenImageIsAGap(t *testing.T) {
	w := newWorld("a")
	w.images["a"] = []string{"sha256:bad", "sha256:good"}
	w.broken["sha256:bad"] = fmt.Errorf("layer 2: %w", fault.ErrInvalid)
	s, err := w.scanner().Collect(t.Context(), cluster("a"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Gaps) != 1 || s.Gaps[0].Section != inventory.SectionImages || s.Gaps[0].Subject != "sha256:bad" || s.Gaps[0].Reason != "invalid" {
		t.Errorf("gaps %+v", s.Gaps)
	}
	if bad := s.Image("sha256:bad"); bad == nil || bad.Database != "" || bad.Repository != "registry/sha256:bad" {
		t.Errorf("the unread image: %+v", bad)
	}
	if good := s.Image("sha256:good"); good == nil || len(good.Matches) != 1 || good.Database != "db1" {
		t.Errorf("the other image: %+v", good)
	}
}

func TestUnreadWorkloadsLeaveImagesUnknown(t *testing.T) {
	w := newWorld("a")
	w.onKube = func(_ context.Context, s *inventory.Snapshot) {
		s.Gaps = append(s.Gaps, inventory.Gap{Section: inventory.SectionWorkloads, Reason: "unavailable", Detail: "private endpoint"})
	}
	s, err := w.scanner().Collect(t.Context(), cluster("a"), quiet)
	if err != nil || s.Gap(inventory.SectionImages) == nil || s.Gap(inventory.SectionMatches) == nil {
		t.Errorf("%v, gaps %+v", err, s.Gaps)
	}
}

// Nothing is recorded for a cluster whose scan was interrupted, because the gaps
// would be the interrupt's own.
func TestInterruptRecordsNothingFalse(t *testing.T) {
	w := newWorld("a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	w.onKube = func(_ context.Context, s *inventory.Snapshot) {
		if s.Cluster.Ref.Name == "b" {
			cancel()
		}
	}
	sc := scan.New(scan.Config{
		Cloud: w, Kube: w, Catalog: w, Matcher: w, Images: w, Findings: w, Clusters: 1,
		Traits: []exposure.Trait{openEndpoint}, Policy: exposure.DefaultPolicy(), Now: func() time.Time { return now },
	})
	sum, err := sc.Scan(ctx, scan.Request{}, quiet)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Scan = %v", err)
	}
	if diff := cmp.Diff([]string{"a"}, names(w.recorded)); diff != "" {
		t.Errorf("recorded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a"}, names(sum.Outcomes)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestStoreFailureEndsTheScan(t *testing.T) {
	w := newWorld("a", "b")
	w.recordErr = fmt.Errorf("disk full: %w", fault.ErrUnavailable)
	if _, err := w.scanner().Scan(t.Context(), scan.Request{}, quiet); !errors.Is(err, fault.ErrUnavailable) || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("Scan = %v", err)
	}
}

func TestChosenClusters(t *testing.T) {
	w := newWorld("a", "b", "c")
	sum, err := w.scanner().Scan(t.Context(), scan.Request{Clusters: []string{"b", cluster("a").String()}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names(sum.Outcomes)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if _, err := w.scanner().Scan(t.Context(), scan.Request{Clusters: []string{"nosuch"}}, quiet); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := w.scanner().Scan(t.Context(), scan.Request{Clusters: []string{"arn:aws:eks:x"}}, quiet); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("a malformed ARN: %v", err)
	}
}

// A finding is closed when its cluster is gone, and only when the listing that
// no longer shows it was complete for its account and region.
func TestGoneClusters(t *testing.T) {
	w := newWorld("a", "b")
	sc := w.scanner()
	if _, err := sc.Scan(t.Context(), scan.Request{}, quiet); err != nil {
		t.Fatal(err)
	}
	w.discovery.Clusters = w.discovery.Clusters[:1]
	for _, skip := range []inventory.Skip{{Account: "111122223333", Reason: "denied"}, {Account: "111122223333", Region: "eu-central-1", Reason: "throttled"}} {
		w.discovery.Skipped = []inventory.Skip{skip}
		if _, err := sc.Scan(t.Context(), scan.Request{}, quiet); err != nil || !w.findings["b"].Open() {
			t.Fatalf("with %+v: %v, b is %s", skip, err, w.findings["b"].Activity)
		}
	}
	w.discovery.Skipped = []inventory.Skip{{Account: "111122223333", Region: "me-south-1", Disabled: true}}
	if _, err := sc.Scan(t.Context(), scan.Request{Clusters: []string{"a"}}, quiet); err != nil || !w.findings["b"].Open() {
		t.Fatalf("a scan of one cluster says nothing about others: %v", err)
	}
	sum, err := sc.Scan(t.Context(), scan.Request{}, quiet)
	if err != nil || w.findings["b"].Open() {
		t.Fatalf("after a complete listing: %v, b is %s", err, w.findings["b"].Activity)
	}
	last := sum.Outcomes[len(sum.Outcomes)-1]
	if diff := cmp.Diff(exposure.Change{Kind: exposure.Closed, Details: []string{"the cluster no longer exists"}}, last.Change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
}

func TestProgressCounts(t *testing.T) {
	w := newWorld("a", "b", "c")
	var last scan.Progress
	recorded := 0
	if _, err := w.scanner().Scan(t.Context(), scan.Request{}, func(p scan.Progress) {
		if p.Done < last.Done {
			t.Errorf("done went from %d to %d", last.Done, p.Done)
		}
		if p.Step == scan.StepRecorded {
			recorded++
		}
		last = p
	}); err != nil {
		t.Fatal(err)
	}
	if recorded != 3 || last.Done != 3 || last.Total != 3 {
		t.Errorf("%d recorded, last %+v", recorded, last)
	}
}

// Images are forgotten only after a scan that met every image that runs, and a
// failure to do so is no failure of the scan.
func TestPruneImages(t *testing.T) {
	everything := []pruning{{Build: "db1", Before: now.AddDate(0, 0, -90)}}
	tests := []struct {
		name    string
		change  func(w *world, c *scan.Config)
		request scan.Request
		want    []pruning
	}{
		{name: "everything was read", want: everything},
		{name: "a failure", change: func(w *world, _ *scan.Config) { w.pruneErr = fault.ErrConflict }, want: everything},
		{name: "one cluster says nothing about the others", request: scan.Request{Clusters: []string{"a"}}},
		{name: "an unread cluster", change: func(w *world, _ *scan.Config) { w.describe["b"] = fault.ErrThrottled }},
		{name: "an unread image", change: func(w *world, _ *scan.Config) { w.broken["sha256:1"] = fault.ErrInvalid }},
		{name: "an unlisted region", change: func(w *world, _ *scan.Config) {
			w.discovery.Skipped = []inventory.Skip{{Account: "111122223333", Region: "us-east-1", Reason: "denied"}}
		}},
		{name: "no vulnerability database", change: func(w *world, c *scan.Config) { c.Matcher, w.images = nil, nil }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("a", "b")
			w.images["a"] = []string{"sha256:1"}
			c := w.config()
			if test.change != nil {
				test.change(w, &c)
			}
			if _, err := scan.New(c).Scan(t.Context(), test.request, quiet); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, w.pruned); diff != "" {
				t.Errorf("pruned (-want +got):\n%s", diff)
			}
		})
	}
}
