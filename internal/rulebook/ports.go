package rulebook

import (
	"context"

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
