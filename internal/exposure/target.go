package exposure

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Target is a remediation target: one root cause of exposures, which is a trait on a
// resource. An image is a target of its own, because rebuilding it helps every
// cluster that runs it; everything else is remedied at the cluster.
type Target struct {
	// ID is 64 hexadecimal digits, the same for the same trait and resource in every
	// finding and at any time.
	ID    string `json:"id"`
	Trait string `json:"trait"`
	Type  Type   `json:"type"`
	// Title is the trait's heading.
	Title    string                `json:"title"`
	Resource inventory.ResourceRef `json:"resource"`
	// After is the severity that the finding would have without the target; empty
	// means that nothing contributing would be left.
	After Severity `json:"severity_after"`
	// FirstSeen is when the trait was first seen on the cluster.
	FirstSeen time.Time `json:"first_seen"`
}

// Exposed is a target in one finding.
type Exposed struct {
	Target

	Finding string               `json:"finding"` // ID
	Heading string               `json:"heading"` // the finding's title
	Cluster inventory.ClusterRef `json:"cluster"`
	// Before is the finding's computed severity.
	Before     Severity  `json:"severity_before"`
	ModifiedAt time.Time `json:"modified_at"`
}

// TargetID names the target of a trait on a resource.
func TargetID(trait, resource string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{"target", trait, resource}, "\n")))
	return hex.EncodeToString(sum[:])
}

// Targets lists the remediation targets of a finding: for each contributing trait
// the images that carry it, and the cluster when anything else does. A finding that
// is closed, or that people have put aside, has none.
func Targets(f *Finding) []Exposed {
	if s := f.ShownStatus(); !f.Open() || s != StatusNew && s != StatusInProgress {
		return nil
	}
	cluster := inventory.ResourceRef{Type: inventory.TypeCluster, UID: f.Cluster.Ref.String(), Name: f.Cluster.Ref.Name}
	var list []Exposed
	for i, t := range f.Traits {
		if t.Standing != Contributing {
			continue
		}
		var seen []string
		for _, e := range t.Evidence {
			at := cluster
			if e.Image != nil {
				at = e.Resource
			}
			if e.Standing != Contributing || slices.Contains(seen, at.UID) {
				continue
			}
			seen = append(seen, at.UID)
			list = append(list, Exposed{
				Target: Target{
					ID: TargetID(t.ID, at.UID), Trait: t.ID, Type: t.Type, Title: t.Title, Resource: at,
					After: withoutTarget(f, i, at.UID, cluster.UID), FirstSeen: t.FirstSeen,
				},
				Finding: f.ID, Heading: f.Title, Cluster: f.Cluster.Ref, Before: f.Severity, ModifiedAt: f.ModifiedAt,
			})
		}
	}
	return list
}

// withoutTarget scores the finding without what one of its traits has at a resource.
func withoutTarget(f *Finding, trait int, resource, cluster string) Severity {
	left := slices.Clone(f.Traits)
	left[trait].Evidence = slices.DeleteFunc(slices.Clone(left[trait].Evidence), func(e Evidence) bool {
		if e.Image != nil {
			return e.Resource.UID == resource
		}
		return resource == cluster
	})
	if !slices.ContainsFunc(left[trait].Evidence, func(e Evidence) bool { return e.Standing == Contributing }) {
		left = slices.Delete(left, trait, trait+1)
	}
	return Score(left, f.Arithmetic.Impact).Severity
}

// Outcome is what fixing a target does to one finding.
func (e *Exposed) Outcome() Effect {
	switch {
	case e.After == Resolved:
		return Resolves
	case e.After.Rank() < e.Before.Rank():
		return Reduces
	}
	return Leaves
}

// Effect is what fixing a target does to a finding.
type Effect string

// The effects, in Security Hub's words.
const (
	Resolves Effect = "Resolves"
	Reduces  Effect = "Reduces"
	Leaves   Effect = "Unchanged"
)
