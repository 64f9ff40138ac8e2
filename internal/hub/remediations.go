package hub

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// TargetStatus is whether a remediation target changed since it was first seen.
type TargetStatus string

// The statuses. A target that nothing has any more is gone, and not found.
const (
	TargetNew     TargetStatus = "New"
	TargetUpdated TargetStatus = "Updated"
)

// Remediation is a target with all the exposures that it would help.
type Remediation struct {
	exposure.Target

	// Priority is the highest severity among the exposures that the target would
	// resolve or reduce; Low when it would change none.
	Priority exposure.Severity
	Status   TargetStatus
	// Account and Region are the resource's: those of the registry for an image of
	// Amazon ECR, else those of the first cluster.
	Account, Region string
	UpdatedAt       time.Time
	// Resolves, Reduces and Leaves count the exposures by what would become of them.
	Resolves, Reduces, Leaves int
	// Exposures are the most severe first.
	Exposures []exposure.Exposed
}

// RemediationRequest asks for a page of targets, selected in one way at most.
type RemediationRequest struct {
	// Target and Finding name one.
	Target, Finding string
	Filters         []RemediationFilter
	Limit           int
	Token           string
}

// RemediationFilter wants one value in a field of targets.
type RemediationFilter struct {
	Field RemediationField
	Value string
}

// RemediationField is what targets can be filtered by.
type RemediationField string

// The fields (API Reference, RemediationStringFilter).
const (
	ByResourceType  RemediationField = "Resource.Type"
	ByPriority      RemediationField = "Priority"
	ByStatus        RemediationField = "Status"
	ByResourceID    RemediationField = "Resource.Id"
	ByOwnerAccount  RemediationField = "Resource.ResourceOwnerAccountId"
	ByCloudProvider RemediationField = "Resource.CloudProvider"
)

// ecrImage is an image of Amazon ECR: the account and region of its registry.
var ecrImage = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com`)

// Remediations gives a page of targets, the most urgent first: by priority, then by
// how many exposures they resolve and reduce.
func (s *Service) Remediations(ctx context.Context, p access.Principal, r RemediationRequest) ([]Remediation, string, error) {
	rows, err := s.Targets.Targets(ctx, p.Scope, r.Target, r.Finding)
	if err != nil {
		return nil, "", err
	}
	if r.Target != "" && len(rows) == 0 {
		return nil, "", errNoTarget(r.Target)
	}
	if r.Finding != "" && len(rows) == 0 {
		if err := s.visible(ctx, p, r.Finding); err != nil {
			return nil, "", err
		}
	}
	if r.Finding != "" {
		if rows, err = s.whole(ctx, p, rows); err != nil {
			return nil, "", err
		}
	}
	list := slices.DeleteFunc(gather(rows), func(t Remediation) bool { return !t.matches(r.Filters) })
	page, next := cut(list, func(t Remediation) string { return t.place() }, r.Limit, r.Token)
	return page, next, nil
}

// Exposures gives a page of what one target would help, with the target itself.
func (s *Service) Exposures(ctx context.Context, p access.Principal, target string, size int, token string) (Remediation, []exposure.Exposed, string, error) {
	rows, err := s.Targets.Targets(ctx, p.Scope, target, "")
	if err != nil {
		return Remediation{}, nil, "", err
	}
	if len(rows) == 0 {
		return Remediation{}, nil, "", errNoTarget(target)
	}
	t := gather(rows)[0]
	page, next := cut(t.Exposures, placeOf, size, token)
	return t, page, next, nil
}

func errNoTarget(id string) error {
	return fmt.Errorf("no open exposure has the remediation target %q: %w", id, fault.ErrNotFound)
}

// visible reports a finding that there is not, or that the caller may not see.
func (s *Service) visible(ctx context.Context, p access.Principal, id string) error {
	f, err := s.Overrides.Finding(ctx, id)
	if err == nil && (f.ID != id || !p.Scope.Allows(f.Cluster.Ref)) {
		err = errNoFinding(id)
	}
	return err
}

// whole replaces the targets of one finding by what they are in all findings.
func (s *Service) whole(ctx context.Context, p access.Principal, rows []exposure.Exposed) ([]exposure.Exposed, error) {
	var all []exposure.Exposed
	for _, r := range rows {
		more, err := s.Targets.Targets(ctx, p.Scope, r.ID, "")
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// gather puts the rows of each target together, in order of their places.
func gather(rows []exposure.Exposed) []Remediation {
	byID := map[string]*Remediation{}
	for _, row := range rows {
		t := byID[row.ID]
		if t == nil {
			t = &Remediation{Target: row.Target, Priority: exposure.Low, Status: TargetNew}
			byID[row.ID] = t
		}
		t.add(row)
	}
	list := make([]Remediation, 0, len(byID))
	for _, t := range byID {
		slices.SortFunc(t.Exposures, func(a, b exposure.Exposed) int { return cmp.Compare(placeOf(a), placeOf(b)) })
		t.locate()
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b Remediation) int { return cmp.Compare(a.place(), b.place()) })
	return list
}

func (t *Remediation) add(row exposure.Exposed) {
	switch row.Outcome() {
	case exposure.Resolves:
		t.Resolves++
	case exposure.Reduces:
		t.Reduces++
	case exposure.Leaves:
		t.Leaves++
	}
	if row.Outcome() != exposure.Leaves && row.Before.Rank() > t.Priority.Rank() {
		t.Priority = row.Before
	}
	if row.ModifiedAt.After(row.FirstSeen) {
		t.Status = TargetUpdated
	}
	if row.FirstSeen.Before(t.FirstSeen) {
		t.FirstSeen = row.FirstSeen
	}
	if row.ModifiedAt.After(t.UpdatedAt) {
		t.UpdatedAt = row.ModifiedAt
	}
	t.Exposures = append(t.Exposures, row)
}

func (t *Remediation) locate() {
	ref := t.Exposures[0].Cluster
	t.Account, t.Region = ref.Account, ref.Region
	if m := ecrImage.FindStringSubmatch(t.Resource.UID); m != nil {
		t.Account, t.Region = m[1], m[2]
	}
}

func (t *Remediation) matches(filters []RemediationFilter) bool {
	for _, f := range filters {
		value := ""
		switch f.Field {
		case ByResourceType:
			value = t.Resource.Type
		case ByPriority:
			value = string(t.Priority)
		case ByStatus:
			value = string(t.Status)
		case ByResourceID:
			value = t.Resource.UID
		case ByOwnerAccount:
			value = t.Account
		case ByCloudProvider:
			value = "AWS"
		}
		if value != f.Value {
			return false
		}
	}
	return true
}

// turned makes what is most come first in the order of texts.
const turned = 1_000_000_000

// place orders targets.
func (t *Remediation) place() string {
	return fmt.Sprintf("%d %09d %09d %s", 9-t.Priority.Rank(), turned-t.Resolves, turned-t.Reduces, t.ID)
}

// placeOf orders the exposures of a target.
func placeOf(e exposure.Exposed) string {
	return fmt.Sprintf("%d %s", 9-e.Before.Rank(), e.Finding)
}
