package inventory

import "time"

// Scheduled is a cluster's place in the schedule of periodic scans.
type Scheduled struct {
	Ref ClusterRef `json:"ref"`
	// Next is when it is scanned next.
	Next time.Time `json:"next"`
	// Last is when its last finished scan began; zero when there was none.
	Last time.Time `json:"last,omitzero"`
	// Failures counts the scans since the last one that read the cluster, and
	// Problem says why the last of them did not.
	Failures int    `json:"failures,omitempty"`
	Problem  string `json:"problem,omitempty"`
}

// ScanProgress counts the scheduled clusters of a scope: all of them, and those
// whose last scan began at a time or later.
type ScanProgress struct {
	Clusters int `json:"clusters" doc:"All of them."`
	Scanned  int `json:"scanned" doc:"Those that were read, in part at least."`
	Failed   int `json:"failed" doc:"Those of which nothing could be read."`
}

// Done reports whether no cluster waits any more.
func (p ScanProgress) Done() bool { return p.Scanned+p.Failed >= p.Clusters }
