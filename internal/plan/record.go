package plan

import "github.com/eksposure/eksposure/internal/inventory"

// Record is how a plan, or a fleet plan, is kept: its document, and what it is found by.
type Record struct {
	Kind, ID string
	State    State
	// Cluster is that of a plan; a fleet plan has none.
	Cluster  inventory.ClusterRef
	Document []byte
}

// Query chooses records of a kind. A list that is empty chooses all.
type Query struct {
	Kind     string
	IDs      []string
	States   []State
	Clusters []inventory.ClusterRef
}
