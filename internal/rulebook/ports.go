package rulebook

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/search"
)

// Objects keeps small documents.
type Objects interface {
	// Objects gives the documents of a kind in order of their IDs.
	Objects(ctx context.Context, kind string) ([][]byte, error)
}

// Findings are the recorded findings.
type Findings interface {
	Search(ctx context.Context, r search.Request) (search.Page, error)
	// SetOverride lets set decide the override of a finding. When set gives the one
	// that the finding has, nothing is written.
	SetOverride(ctx context.Context, id string, set func(*exposure.Finding) (*exposure.Override, error)) error
}

// Judge tells whether a finding meets criteria.
type Judge interface {
	// Judge gives the plain evaluator of one finding as a scan left it, without an
	// override.
	Judge(f *exposure.Finding, now time.Time) (func(criteria search.Filters) (bool, error), error)
}
