package ingest

import (
	"context"

	"github.com/eksposure/eksposure/internal/vuln"
)

// Reports keeps one report per image digest and source.
type Reports interface {
	PutImageReport(ctx context.Context, r vuln.Ingested) error
	// ImageReports gives all reports of an image, newest facts first.
	ImageReports(ctx context.Context, digest string) ([]vuln.Ingested, error)
	// DeleteImageReport is fault.ErrNotFound when there is none.
	DeleteImageReport(ctx context.Context, digest, source string) error
}
