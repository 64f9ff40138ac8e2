package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Service keeps reports.
type Service struct {
	reports Reports
	now     func() time.Time
}

// New makes a Service.
func New(reports Reports, now func() time.Time) *Service { return &Service{reports: reports, now: now} }

// Request brings in one report.
type Request struct {
	// Digest is the image that the report is about; empty takes the one that the
	// report itself names.
	Digest string
	// Format is empty when the report itself tells.
	Format Format
	Data   []byte
	// By is who brings it in.
	By string
}

// Ingest parses a report and keeps it in place of an earlier one of its kind. A
// report that names other registry digests than the one asked for is
// fault.ErrInvalid: it is about another image.
func (s *Service) Ingest(ctx context.Context, q Request) (vuln.Ingested, error) {
	if q.Digest != "" {
		if err := CheckDigest(q.Digest); err != nil {
			return vuln.Ingested{}, err
		}
	}
	r, err := Parse(q.Data, q.Format)
	if err != nil {
		return vuln.Ingested{}, err
	}
	digest, err := subject(q.Digest, r.Digests)
	if err != nil {
		return vuln.Ingested{}, err
	}
	kept := r.Ingested
	kept.ImageDigest, kept.IngestedAt, kept.By = digest, s.now().UTC(), q.By
	if kept.SBOM != nil {
		kept.SBOM.ImageDigest = digest
	}
	if err := s.reports.PutImageReport(ctx, kept); err != nil {
		return vuln.Ingested{}, err
	}
	return kept, nil
}

// subject decides which image a report is about.
func subject(asked string, named []string) (string, error) {
	switch {
	case asked == "" && len(named) == 1:
		return named[0], nil
	case asked == "" && len(named) == 0:
		return "", fmt.Errorf("the report does not name the digest of its image in a registry; name it (--image): %w", fault.ErrInvalid)
	case asked == "":
		return "", fmt.Errorf("the report names %d digests, %s; name one (--image): %w", len(named), strings.Join(named[:min(len(named), maxList)], ", "), fault.ErrInvalid)
	case len(named) > 0 && !slices.Contains(named, asked):
		return "", fmt.Errorf("the report is about %s, not about %s: %w", strings.Join(named[:min(len(named), maxList)], ", "), asked, fault.ErrInvalid)
	}
	return asked, nil
}

// Reports gives what was brought in for an image, newest facts first.
func (s *Service) Reports(ctx context.Context, digest string) ([]vuln.Ingested, error) {
	if err := CheckDigest(digest); err != nil {
		return nil, err
	}
	return s.reports.ImageReports(ctx, digest)
}

// Delete forgets a report.
func (s *Service) Delete(ctx context.Context, digest, source string) error {
	if err := CheckDigest(digest); err != nil {
		return err
	}
	return s.reports.DeleteImageReport(ctx, digest, source)
}
