package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Metric describes one metric, for its registration and the documentation.
type Metric struct {
	Name, Kind, Help string
	Labels           []string
}

func (m Metric) desc() *prometheus.Desc { return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil) }

// The program's own metrics.
var (
	requests = Metric{
		Name: "eksposure_http_requests_total", Kind: "counter", Labels: []string{"operation", "status"},
		Help: "Requests answered, by operation (none: no such route, or not authenticated) and HTTP status.",
	}
	durations = Metric{
		Name: "eksposure_http_request_duration_seconds", Kind: "histogram", Labels: []string{"operation"},
		Help: "Time from a request's head to the end of its answer.",
	}
	scans = Metric{
		Name: "eksposure_scans_total", Kind: "counter", Labels: []string{"result"},
		Help: "Scans of one cluster that ended in this process, by result: complete, incomplete, failed, handed_back.",
	}
	scanTimes     = Metric{Name: "eksposure_scan_duration_seconds", Kind: "histogram", Help: "Time of one cluster's scan."}
	scansRunning  = Metric{Name: "eksposure_scans_running", Kind: "gauge", Help: "Clusters that this process scans now."}
	openFindings  = Metric{Name: "eksposure_open_findings", Kind: "gauge", Labels: []string{"severity"}, Help: "Open findings, by the severity that people see."}
	clusters      = Metric{Name: "eksposure_clusters", Kind: "gauge", Help: "Clusters that are known."}
	gaps          = Metric{Name: "eksposure_coverage_gaps", Kind: "gauge", Labels: []string{"section"}, Help: "Clusters of which a section could not be read in their last scan."}
	sinkLag       = Metric{Name: "eksposure_sink_lag_changes", Kind: "gauge", Labels: []string{"sink"}, Help: "Changes of findings that a sink has still to be given."}
	discovered    = Metric{Name: "eksposure_discovery_timestamp_seconds", Kind: "gauge", Help: "When clusters were last discovered, by any process on this database."}
	databaseBuilt = Metric{Name: "eksposure_vulnerability_database_timestamp_seconds", Kind: "gauge", Help: "When the vulnerability database in use was built."}
	stateUp       = Metric{Name: "eksposure_state_up", Kind: "gauge", Help: "1 when the metrics that the database knows could be made, else 0."}
	buildInfo     = Metric{Name: "eksposure_build_info", Kind: "gauge", Labels: []string{"version", "commit", "go"}, Help: "Which program this is; always 1."}
)

// List gives the program's own metrics, in the order of the documentation. Beside
// them are Go's (go_*) and the process's (process_*).
func List() []Metric {
	return append([]Metric{requests, durations, scans, scanTimes}, append(stateMetrics(), buildInfo)...)
}

// stateMetrics are those made from a State.
func stateMetrics() []Metric {
	return []Metric{scansRunning, openFindings, clusters, gaps, sinkLag, discovered, databaseBuilt, stateUp}
}
