package exposure

import (
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Overview is what lists and coverage tell of a cluster, without its snapshot.
type Overview struct {
	Cluster Cluster `json:"cluster"`
	// CollectedAt is when the snapshot was collected.
	CollectedAt time.Time `json:"collected_at"`
	// Support is the row of the calendar for the cluster's version; nil when the
	// calendar has none.
	Support    *inventory.VersionSupport `json:"support,omitempty"`
	Encryption Encryption                `json:"encryption"`
	Gaps       []inventory.Gap           `json:"gaps,omitempty"`
	// Unknown are the traits that could not be decided, in whole or in part.
	Unknown []UnknownTrait `json:"unknown,omitempty"`
	// Unneeded is set when the cluster looks as if nobody needs it.
	Unneeded *Unneeded `json:"unneeded,omitempty"`
}

// Encryption says whose key Kubernetes secrets are encrypted with.
type Encryption string

// The kinds of encryption.
const (
	// CustomerKey is a KMS key that the cluster names.
	CustomerKey Encryption = "customer-key"
	// DefaultKey is the key that AWS owns, since 1.28.
	DefaultKey Encryption = "aws-owned-key"
	// NoEncryption is a version before 1.28 that names no key.
	NoEncryption Encryption = "none"
	// UnknownEncryption is a cluster whose version or configuration is not known.
	UnknownEncryption Encryption = "unknown"
)

// firstEncrypted is the first version in which EKS encrypts all API data with a key
// of its own (EKS User Guide, "Default envelope encryption for all Kubernetes API data").
var firstEncrypted = inventory.KubernetesVersion{Major: 1, Minor: 28}

// Overview gives the overview of an outcome; nil when it has no snapshot.
func (o Outcome) Overview() *Overview {
	s := o.Snapshot
	if s == nil {
		return nil
	}
	v := &Overview{Cluster: clusterOf(s), CollectedAt: s.CollectedAt, Encryption: encryptionOf(s.Cluster), Gaps: s.Gaps, Unknown: o.Evaluation.Unknown()}
	if o.Evaluation.Policy.UnneededAfterDays > 0 {
		v.Unneeded = LooksUnneeded(s, o.Evaluation.Policy)
	}
	for i := range s.Calendar.Versions {
		if s.Calendar.Versions[i].Version == s.Cluster.Version {
			v.Support = &s.Calendar.Versions[i]
		}
	}
	return v
}

func encryptionOf(c inventory.Cluster) Encryption {
	for _, e := range c.Encryption {
		if e.KeyARN != "" && slices.Contains(e.Resources, "secrets") {
			return CustomerKey
		}
	}
	v, err := inventory.ParseKubernetesVersion(c.Version)
	switch {
	case err != nil || c.Connector != "":
		return UnknownEncryption
	case v.Compare(firstEncrypted) >= 0:
		return DefaultKey
	}
	return NoEncryption
}

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

// ClusterQuery selects clusters; empty fields select all that exist.
type ClusterQuery struct {
	Accounts []string
	Regions  []string
	// Name is part of the cluster's name.
	Name string
	// Incomplete selects only clusters of which something could not be read or decided.
	Incomplete bool
	// Gone also selects clusters that no longer exist.
	Gone bool
	// After is the cluster after which the page begins; the zero value begins it.
	After inventory.ClusterRef
	Limit int
}
