package search

import (
	"fmt"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// TargetRequest asks for a page of remediation targets, the most urgent first: by
// priority, then by how many exposures they resolve and reduce, then by their IDs.
type TargetRequest struct {
	Scope access.Scope
	// Target and Finding narrow to one target, or to those of one finding.
	Target, Finding string
	Filters         []TargetFilter
	// Limit is the page's size, 1 to MaxPage.
	Limit int
	Token string
}

// TargetFilter wants one value in a field of targets.
type TargetFilter struct {
	Field TargetField
	Value string
}

// TargetField is what targets can be filtered by.
type TargetField string

// The fields (API Reference, RemediationStringFilter).
const (
	TargetResourceType  TargetField = "Resource.Type"
	TargetPriority      TargetField = "Priority"
	TargetStatusField   TargetField = "Status"
	TargetResourceID    TargetField = "Resource.Id"
	TargetOwner         TargetField = "Resource.ResourceOwnerAccountId"
	TargetCloudProvider TargetField = "Resource.CloudProvider"
)

// TargetStatus is whether a remediation target changed since it was first seen.
type TargetStatus string

// The statuses. A target that nothing has any more is gone, and not found.
const (
	TargetNew     TargetStatus = "New"
	TargetUpdated TargetStatus = "Updated"
)

// TargetPage is a page of targets.
type TargetPage struct {
	Items []TargetTotal
	// Next is the token of the next page; empty when there is none.
	Next string
}

// TargetTotal is a target with what fixing it does to all findings that have it.
type TargetTotal struct {
	ID, Trait string
	Type      exposure.Type
	// Title is the trait's heading.
	Title    string
	Resource inventory.ResourceRef
	// Account and Region are the resource's: those of the registry for an image of
	// Amazon ECR, else those of the first cluster that had it.
	Account, Region string
	// Priority is the highest severity among the exposures that the target would
	// resolve or reduce; Low when it would change none.
	Priority exposure.Severity
	Status   TargetStatus
	// UpdatedAt is when a finding that has the target changed last.
	UpdatedAt time.Time
	// Resolves, Reduces and Leaves count the exposures by what would become of them.
	Resolves, Reduces, Leaves int
	// Finding is the most severe one that has it, Cluster that finding's.
	Finding string
	Cluster inventory.ClusterRef
}

// Exposures counts the findings that have the target.
func (t *TargetTotal) Exposures() int { return t.Resolves + t.Reduces + t.Leaves }

// ExposedRequest asks for a page of the findings that have a target, the most severe
// first.
type ExposedRequest struct {
	Scope  access.Scope
	Target string
	Limit  int
	Token  string
}

// ExposedPage is a page of findings that have a target.
type ExposedPage struct {
	Items []Exposed
	Next  string
}

// Exposed is what fixing a target does to one finding.
type Exposed struct {
	Finding string // ID
	Title   string
	// Before is the finding's computed severity, After the one that would be left.
	Before, After exposure.Severity
	Effect        exposure.Effect
}

// Validate checks the page that is asked for and its filters.
func (r TargetRequest) Validate() error {
	if r.Limit < 1 || r.Limit > MaxPage {
		return invalid("MaxResults", "%d: want 1 to %d", r.Limit, MaxPage)
	}
	for i, f := range r.Filters {
		switch f.Field {
		case TargetResourceType, TargetPriority, TargetStatusField, TargetResourceID, TargetOwner, TargetCloudProvider:
		default:
			return invalid(fmt.Sprintf("Filters[%d].FieldName", i), "%q is no field of remediations", f.Field)
		}
		if strings.TrimSpace(f.Value) == "" {
			return invalid(fmt.Sprintf("Filters[%d].Filter.Value", i), "want a value")
		}
	}
	return nil
}
