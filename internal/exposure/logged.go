package exposure

import (
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// LoggedChange is one change of a finding in the change log.
type LoggedChange struct {
	// Number orders all changes; a change that becomes visible later has a higher one.
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
	// Finding is the finding's ID.
	Finding string               `json:"finding"`
	Cluster inventory.ClusterRef `json:"cluster"`
	Kind    ChangeKind           `json:"kind"`
}
