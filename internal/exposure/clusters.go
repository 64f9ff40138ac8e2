package exposure

import (
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// ClusterRecord is a cluster as scans recorded it.
type ClusterRecord struct {
	Overview

	// ScannedAt is when the latest scan that read it ended.
	ScannedAt time.Time `json:"scanned_at"`
	// GoneAt is when a complete discovery no longer showed it; zero while it exists.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// Finding is nil when the cluster has none.
	Finding *FindingBrief `json:"finding,omitempty"`
}

// FindingBrief is what a list of clusters tells of a finding.
type FindingBrief struct {
	ID string `json:"id"`
	// Severity and Status are those that people see, with what was set by hand.
	Severity string `json:"severity"`
	Status   Status `json:"status"`
	Open     bool   `json:"open"`
}

// Brief gives the finding in short; nil for none.
func (f *Finding) Brief() *FindingBrief {
	if f == nil {
		return nil
	}
	return &FindingBrief{ID: f.ID, Severity: f.ShownSeverity(), Status: f.ShownStatus(), Open: f.Open()}
}

// ClusterQuery selects clusters; empty fields select all that exist.
type ClusterQuery struct {
	Accounts []string
	Regions  []string
	// Name is part of the cluster's name.
	Name string
	// Words are texts in lower case that are all found in the cluster's name, account,
	// account's name, region, version or tags.
	Words []string
	// Incomplete selects only clusters of which something could not be read or decided.
	Incomplete bool
	// Gone also selects clusters that no longer exist.
	Gone bool
	// Order is what the clusters are sorted by, Descending from the greatest to the least.
	Order      ClusterOrder
	Descending bool
	// After is where in the order the page before ended; nil begins with the first.
	After *ClusterPosition
	Limit int
	// Total asks for the number of clusters on all pages, too.
	Total bool
}

// ClusterOrder is what clusters are sorted by. Equals are sorted by name.
type ClusterOrder string

// The orders.
const (
	// ClustersByPlace is the order of account, region and name.
	ClustersByPlace   ClusterOrder = ""
	ClustersByName    ClusterOrder = "name"
	ClustersByVersion ClusterOrder = "version"
	// ClustersByEndpoint puts those that the internet reaches after the others.
	ClustersByEndpoint   ClusterOrder = "endpoint"
	ClustersByEncryption ClusterOrder = "encryption"
	ClustersByNodes      ClusterOrder = "nodes"
	// ClustersByExposure is the order of the severity of their open findings.
	ClustersByExposure ClusterOrder = "exposure"
	ClustersByScan     ClusterOrder = "scanned"
	// ClustersByCoverage is the order of how much could not be read or decided.
	ClustersByCoverage ClusterOrder = "coverage"
)

// ClusterOrders lists all orders but that of the place.
func ClusterOrders() []ClusterOrder {
	return []ClusterOrder{
		ClustersByName, ClustersByVersion, ClustersByEndpoint, ClustersByEncryption, ClustersByNodes, ClustersByExposure, ClustersByScan, ClustersByCoverage,
	}
}

// ClusterPosition is where a cluster is in an order.
type ClusterPosition struct {
	Key inventory.SortKey    `json:"key,omitzero"`
	Ref inventory.ClusterRef `json:"ref"`
}

// ClusterPage is one page of clusters.
type ClusterPage struct {
	Records []ClusterRecord
	// Next is where the next page begins; nil on the last one.
	Next *ClusterPosition
	// Total is how many clusters the query selects on all pages, when it was asked for.
	Total int
}

// Place is an account and region that has clusters.
type Place struct {
	Account     string `json:"account"`
	AccountName string `json:"account_name,omitempty"`
	Region      string `json:"region"`
	Clusters    int    `json:"clusters"`
}
