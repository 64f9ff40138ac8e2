package hub

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// Limits of BatchUpdateFindingsV2 (API Reference).
const (
	// MaxUpdates is how many findings one request may label.
	MaxUpdates = 100
	// MaxComment is the longest comment, in characters.
	MaxComment = 512
)

// FindingIdentifier names a finding as its product does.
type FindingIdentifier struct {
	CloudAccountUID    string `json:"CloudAccountUid"`
	FindingInfoUID     string `json:"FindingInfoUid"`
	MetadataProductUID string `json:"MetadataProductUid"`
}

// Label is what a person sets on findings; nil or empty members stay as they are.
type Label struct {
	SeverityID *int
	StatusID   *int
	Comment    string
}

// UpdateRequest labels findings, named in one of two ways.
type UpdateRequest struct {
	MetadataUIDs []string
	Identifiers  []FindingIdentifier
	Label        Label
}

// Updated is what became of one finding of an update; Err is nil when it was labelled.
type Updated struct {
	MetadataUID string
	Identifier  *FindingIdentifier
	Err         error
}

// UpdateFindings sets severity, status or comment of findings, each on its own: one
// that cannot be labelled does not hold the others.
func (s *Service) UpdateFindings(ctx context.Context, p access.Principal, r UpdateRequest) ([]Updated, error) {
	set, err := r.Label.override()
	if err != nil {
		return nil, err
	}
	switch n, m := len(r.MetadataUIDs), len(r.Identifiers); {
	case n > 0 && m > 0:
		return nil, invalid("MetadataUids and FindingIdentifiers", "want one of the two")
	case n+m == 0:
		return nil, invalid("MetadataUids or FindingIdentifiers", "want at least one finding")
	case n > MaxUpdates:
		return nil, invalid("MetadataUids", "%d entries, want at most %d", n, MaxUpdates)
	case m > MaxUpdates:
		return nil, invalid("FindingIdentifiers", "%d entries, want at most %d", m, MaxUpdates)
	}
	var done []Updated
	for _, uid := range r.MetadataUIDs {
		u := Updated{MetadataUID: uid}
		u.Identifier, u.Err = s.label(ctx, p, uid, set)
		done = append(done, u)
	}
	for _, id := range r.Identifiers {
		u := Updated{Identifier: &id}
		if u.MetadataUID, u.Err = s.resolve(ctx, id); u.Err == nil {
			_, u.Err = s.label(ctx, p, u.MetadataUID, set)
		}
		done = append(done, u)
	}
	return done, ctx.Err()
}

// override checks a label and gives it as an override without its circumstances.
func (l Label) override() (exposure.Override, error) {
	var o exposure.Override
	if l.SeverityID == nil && l.StatusID == nil && l.Comment == "" {
		return o, fmt.Errorf("one of SeverityId, StatusId and Comment is needed: %w", fault.ErrInvalid)
	}
	if l.SeverityID != nil {
		name, ok := ocsf.SeverityName(*l.SeverityID)
		if !ok {
			return o, invalid("SeverityId", "%d: want 0 to 6, or 99", *l.SeverityID)
		}
		o.Severity = name
	}
	if l.StatusID != nil {
		status, ok := ocsf.StatusName(*l.StatusID)
		if !ok {
			return o, invalid("StatusId", "%d: want 0 to 5, or 99", *l.StatusID)
		}
		o.Status = status
	}
	if n := utf8.RuneCountInString(l.Comment); n > MaxComment {
		return o, invalid("Comment", "%d characters, want at most %d", n, MaxComment)
	}
	o.Comment = l.Comment
	return o, nil
}

// label sets an override on one finding, over what is in force already.
func (s *Service) label(ctx context.Context, p access.Principal, id string, set exposure.Override) (*FindingIdentifier, error) {
	var identifier *FindingIdentifier
	err := s.Overrides.SetOverride(ctx, id, func(f *exposure.Finding) (*exposure.Override, error) {
		if !p.Scope.Allows(f.Cluster.Ref) {
			return nil, errNoFinding(id)
		}
		identifier = identify(f)
		return merge(f, set, p.ID, s.cfg.Now()), nil
	})
	return identifier, err
}

// merge lays what is set now over what was set before and is still in force.
func merge(f *exposure.Finding, set exposure.Override, by string, at time.Time) *exposure.Override {
	o := exposure.Override{}
	if f.Override.InForce(f) {
		o = *f.Override
	}
	if set.Severity != "" {
		o.Severity = set.Severity
	}
	if set.Status != "" {
		o.Status = set.Status
	}
	if set.Comment != "" {
		o.Comment = set.Comment
	}
	o.By, o.At, o.Facts = by, at, f.Facts()
	return &o
}

// identify names a finding as its product does.
func identify(f *exposure.Finding) *FindingIdentifier {
	ref := f.Cluster.Ref
	return &FindingIdentifier{CloudAccountUID: ref.Account, FindingInfoUID: f.UID, MetadataProductUID: ocsf.ProductUID(ref.Partition, ref.Region)}
}

// resolve gives the ID of the finding that an identifier names.
func (s *Service) resolve(ctx context.Context, id FindingIdentifier) (string, error) {
	f, err := s.Overrides.Finding(ctx, id.FindingInfoUID)
	if err != nil {
		return "", err
	}
	if *identify(f) != id {
		return "", errNoFinding(id.FindingInfoUID)
	}
	return f.ID, nil
}

// errNoFinding also stands for a finding outside of the caller's scope.
func errNoFinding(id string) error { return fmt.Errorf("no finding %q: %w", id, fault.ErrNotFound) }
