package telemetry_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/eksposure/eksposure/internal/telemetry"
)

// scrape asks the metrics' handler as Prometheus does.
func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %v\n%s", w.Code, err, body)
	}
	return string(body)
}

func state(context.Context) (telemetry.State, error) {
	return telemetry.State{
		OpenFindings: map[string]int{"Critical": 2, "Low": 0}, Clusters: 7, Gaps: map[string]int{"workloads": 3},
		SinkLag: map[string]int64{"eventbridge": 12}, ScansRunning: 1, Discovered: time.Unix(1700000000, 0), DatabaseBuilt: time.Unix(1600000000, 0),
	}, nil
}

func TestMetrics(t *testing.T) {
	now := time.Unix(1700000100, 0)
	m := telemetry.NewMetrics(telemetry.MetricsConfig{
		Build: telemetry.Build{Version: "v1", Commit: "abc", Go: "go1.26"}, State: state, Now: func() time.Time { return now },
	})
	m.Request("GetFindingsV2", http.StatusOK, 3*time.Millisecond)
	m.Request("", http.StatusForbidden, time.Millisecond)
	m.Scan("complete", 90*time.Second)
	text := scrape(t, m)
	for _, want := range []string{
		`eksposure_http_requests_total{operation="GetFindingsV2",status="200"} 1`,
		`eksposure_http_requests_total{operation="none",status="403"} 1`,
		`eksposure_http_request_duration_seconds_bucket{operation="GetFindingsV2",le="0.005"} 1`,
		`eksposure_scans_total{result="complete"} 1`,
		`eksposure_scan_duration_seconds_sum 90`,
		`eksposure_open_findings{severity="Critical"} 2`,
		`eksposure_open_findings{severity="Low"} 0`,
		`eksposure_coverage_gaps{section="workloads"} 3`,
		`eksposure_sink_lag_changes{sink="eventbridge"} 12`,
		`eksposure_clusters 7`,
		`eksposure_state_up 1`,
		`eksposure_vulnerability_database_timestamp_seconds 1.6e+09`,
		`eksposure_build_info{commit="abc",go="go1.26",version="v1"} 1`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
	for _, d := range telemetry.List() {
		if !strings.Contains(text, "# HELP "+d.Name+" "+d.Help+"\n") || !strings.Contains(text, "# TYPE "+d.Name+" "+d.Kind+"\n") {
			t.Errorf("%s is not as documented", d.Name)
		}
	}
}

// The database is asked once in a while, and one that is away costs its own
// metrics only.
func TestState(t *testing.T) {
	now, asked := time.Unix(1700000100, 0), 0
	var down error
	m := telemetry.NewMetrics(telemetry.MetricsConfig{
		Now: func() time.Time { return now },
		State: func(context.Context) (telemetry.State, error) {
			asked++
			return telemetry.State{Clusters: asked}, down
		},
	})
	scrape(t, m)
	if text := scrape(t, m); asked != 1 || !strings.Contains(text, "eksposure_clusters 1\n") {
		t.Errorf("asked %d times for two scrapes", asked)
	}
	now = now.Add(20 * time.Second)
	down = errors.New("down")
	text := scrape(t, m)
	if asked != 2 || !strings.Contains(text, "eksposure_state_up 0\n") || strings.Contains(text, "eksposure_clusters") || !strings.Contains(text, "go_goroutines") {
		t.Errorf("asked %d times\n%s", asked, text)
	}
}
