package hub

import (
	"context"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/search"
)

// Ports are what the service works on.
type Ports struct {
	Findings  Findings
	Resources Resources
	Trends    Trends
	Overrides Overrides
	Objects   Objects
	Desks     Desks
	Targets   Targets
}

// Findings asks for findings as OCSF documents.
type Findings interface {
	Search(ctx context.Context, r search.Request) (search.Page, error)
	Statistics(ctx context.Context, r search.GroupRequest) ([]search.Groups, error)
}

// Resources asks for the resources that findings are about and that scans saw, as
// documents of GetResourcesV2.
type Resources interface {
	SearchResources(ctx context.Context, r search.Request) (search.Page, error)
	ResourceStatistics(ctx context.Context, r search.GroupRequest) ([]search.Groups, error)
}

// Trends asks how many there were over time.
type Trends interface {
	FindingTrends(ctx context.Context, r search.TrendRequest) ([]search.FindingTrend, error)
	ResourceTrends(ctx context.Context, r search.TrendRequest) ([]search.ResourceTrend, error)
}

// Desks opens tickets, and tells why it cannot.
type Desks interface {
	Open(ctx context.Context, to automation.Desk, t automation.Ticket) (automation.Opened, error)
	Check(ctx context.Context, to automation.Desk) error
}

// Targets asks for the remediation targets of open findings.
type Targets interface {
	// Targets gives a page of targets, counted over the findings of the scope.
	Targets(ctx context.Context, r search.TargetRequest) (search.TargetPage, error)
	// Exposed gives a page of the findings that have a target.
	Exposed(ctx context.Context, r search.ExposedRequest) (search.ExposedPage, error)
}

// Overrides reads findings and keeps what was set on them.
type Overrides interface {
	// Finding returns a finding by its ID or UID, else fault.ErrNotFound.
	Finding(ctx context.Context, key string) (*exposure.Finding, error)
	// SetOverride replaces a finding's override by what the function gives for the
	// finding as it is now, in one transaction. The function's error ends it.
	SetOverride(ctx context.Context, id string, set func(*exposure.Finding) (*exposure.Override, error)) error
}

// Objects keeps small documents of configuration, by kind and ID.
type Objects interface {
	ObjectReader
	ObjectWriter
}

// ObjectReader reads documents.
type ObjectReader interface {
	// Object returns one document, else fault.ErrNotFound.
	Object(ctx context.Context, kind, id string) ([]byte, error)
	// Objects returns all documents of a kind, in order of their IDs.
	Objects(ctx context.Context, kind string) ([][]byte, error)
}

// ObjectWriter changes documents.
type ObjectWriter interface {
	// AddObject adds a document; one that is there already is fault.ErrConflict.
	AddObject(ctx context.Context, kind, id string, document []byte) error
	// ReplaceObject replaces a document if it still is the old one, else fault.ErrConflict.
	ReplaceObject(ctx context.Context, kind, id string, old, document []byte) error
	// DeleteObject removes a document, else fault.ErrNotFound.
	DeleteObject(ctx context.Context, kind, id string) error
}
