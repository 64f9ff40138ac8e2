package scan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/vuln"
)

// told are the reports of other scanners: those that were brought in, by digest,
// and what another service answers.
type told struct {
	kept    map[string][]vuln.Ingested
	service map[string]vuln.Ingested
	err     error
}

func (t told) ImageReports(_ context.Context, digest string) ([]vuln.Ingested, error) {
	return t.kept[digest], nil
}

func (t told) ImageReport(_ context.Context, im scan.ImageRequest) (vuln.Ingested, bool, error) {
	r, ok := t.service[im.Digest]
	return r, ok, t.err
}

func trivyReport(age time.Duration) vuln.Ingested {
	return vuln.Ingested{
		ImageDigest: "sha256:bad", Source: "trivy", Tool: "trivy 0.58.1", MadeAt: now.Add(-age), IngestedAt: now.Add(-age / 2),
		OS: vuln.OS{ID: "debian", Version: "11"}, Matches: []vuln.Match{{ID: "CVE-9"}},
	}
}

func TestReportStandsInForAnUnreadImage(t *testing.T) {
	const day = 24 * time.Hour
	unread := fmt.Errorf("pull: %w", fault.ErrDenied)
	sbom := vuln.Ingested{Source: "cyclonedx", IngestedAt: now, SBOM: &vuln.SBOM{ImageDigest: "sha256:bad", Format: vuln.FormatCycloneDX}}
	inspector := vuln.Ingested{Source: "inspector", IngestedAt: now, Matches: []vuln.Match{{ID: "CVE-7"}}, Clusters: []vuln.SeenOn{
		{ClusterARN: cluster("other").String(), LastInUse: now}, {ClusterARN: cluster("a").String(), LastInUse: now.Add(-day), Running: 2},
	}}
	score := &vuln.EPSS{Score: 0.5}
	tests := []struct {
		name   string
		broken error
		told   told
		want   inventory.Image
		gap    string // in the gap's detail; empty: there is none
	}{
		{
			name: "a report that was brought in", broken: unread, told: told{kept: map[string][]vuln.Ingested{"sha256:bad": {trivyReport(5 * day)}}},
			want: inventory.Image{
				OS: vuln.OS{ID: "debian", Version: "11"}, Matches: []vuln.Match{{ID: "CVE-9", EPSS: score}}, Database: "report of trivy 0.58.1 2026-11-19T12:00:00Z",
				Report: &inventory.ImageReport{Source: "trivy", Tool: "trivy 0.58.1", At: now.Add(-5 * day), Unread: "pull"},
			},
		},
		{
			name: "a bill of materials is matched here", broken: unread, told: told{kept: map[string][]vuln.Ingested{"sha256:bad": {sbom}}},
			want: inventory.Image{Matches: []vuln.Match{{ID: "CVE-1"}}, Database: "db1", Report: &inventory.ImageReport{Source: "cyclonedx", At: now, Unread: "pull"}},
		},
		{
			name: "another service's word, with when it saw the image here", broken: unread, told: told{service: map[string]vuln.Ingested{"sha256:bad": inspector}},
			want: inventory.Image{
				Matches: []vuln.Match{{ID: "CVE-7", EPSS: score}}, Database: "report of inspector 2026-11-24T12:00:00Z",
				Report: &inventory.ImageReport{Source: "inspector", At: now, Unread: "pull", LastInUse: now.Add(-day)},
			},
		},
		{
			name: "an old report gives way to the service", broken: unread,
			told: told{kept: map[string][]vuln.Ingested{"sha256:bad": {trivyReport(31 * day)}}, service: map[string]vuln.Ingested{"sha256:bad": inspector}},
			want: inventory.Image{
				Matches: []vuln.Match{{ID: "CVE-7", EPSS: score}}, Database: "report of inspector 2026-11-24T12:00:00Z",
				Report: &inventory.ImageReport{Source: "inspector", At: now, Unread: "pull", LastInUse: now.Add(-day)},
			},
		},
		{
			name: "an old report alone is none", broken: unread, told: told{kept: map[string][]vuln.Ingested{"sha256:bad": {trivyReport(31 * day)}}},
			gap: "older than",
		},
		{name: "nobody knows", broken: unread, gap: "pull"},
		{name: "the service fails", broken: unread, told: told{err: fault.ErrThrottled}, gap: "throttled"},
		{
			name: "an image that can be read is read", told: told{kept: map[string][]vuln.Ingested{"sha256:bad": {trivyReport(day)}}},
			want: inventory.Image{Packages: 3, Matches: []vuln.Match{{ID: "CVE-1"}}, Database: "db1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld("a")
			w.images["a"] = []string{"sha256:bad"}
			if test.broken != nil {
				w.broken["sha256:bad"] = test.broken
			}
			c := w.config()
			c.Reports, c.Source = test.told, test.told
			s, err := scan.New(c).Collect(t.Context(), cluster("a"), quiet)
			if err != nil {
				t.Fatal(err)
			}
			if test.gap != "" {
				if len(s.Gaps) != 1 || s.Gaps[0].Reason != "denied" || !strings.Contains(s.Gaps[0].Detail, test.gap) {
					t.Errorf("gaps %+v, want one with %q", s.Gaps, test.gap)
				}
				return
			}
			test.want.Digest, test.want.Repository, test.want.References, test.want.Platform = "sha256:bad", "registry/sha256:bad", []string{"registry/sha256:bad:1"}, "linux/amd64"
			if diff := cmp.Diff(&test.want, s.Image("sha256:bad")); diff != "" || len(s.Gaps) != 0 {
				t.Errorf("image (-want +got):\n%s\ngaps %+v", diff, s.Gaps)
			}
		})
	}
}

// What a report stood in for is asked for again at the next scan, and our own
// answer then takes its place: nothing of the report is kept as if it were ours.
func TestReportIsNotKeptAsOurOwn(t *testing.T) {
	w := newWorld("a")
	w.images["a"] = []string{"sha256:bad"}
	w.broken["sha256:bad"] = fault.ErrUnavailable
	c := w.config()
	c.Reports = told{kept: map[string][]vuln.Ingested{"sha256:bad": {trivyReport(time.Hour)}}}
	if _, err := scan.New(c).Collect(t.Context(), cluster("a"), quiet); err != nil || w.completed != 1 || len(w.reports) != 0 || len(w.sboms) != 0 {
		t.Fatalf("%v: %d completed, kept %v and %v", err, w.completed, w.reports, w.sboms)
	}
	delete(w.broken, "sha256:bad")
	s, err := scan.New(c).Collect(t.Context(), cluster("a"), quiet)
	if err != nil || s.Image("sha256:bad").Report != nil || s.Image("sha256:bad").Database != "db1" {
		t.Errorf("%v, image %+v", err, s.Image("sha256:bad"))
	}
}
