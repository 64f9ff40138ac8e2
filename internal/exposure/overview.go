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
