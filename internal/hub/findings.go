package hub

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// OrganizationScope is one entry of a request's scopes.
type OrganizationScope struct {
	OrganizationID       string `json:"OrganizationId,omitempty"`
	OrganizationalUnitID string `json:"OrganizationalUnitId,omitempty"`
}

// The errors of scopes, which AWS gives names of their own.
var (
	ErrOrganizationNotFound = fmt.Errorf("organization: %w", fault.ErrNotFound)
	ErrUnitNotFound         = fmt.Errorf("organizational unit: %w", fault.ErrNotFound)
)

// maxScopes is how many organizations a request may name (API Reference).
const maxScopes = 10

// CheckScopes refuses a request that is confined to parts of an AWS organization:
// eksposure knows accounts and not the organization's tree. As in AWS, a caller who
// does not see everything may not name an organization at all.
func CheckScopes(p access.Principal, scopes []OrganizationScope) error {
	if len(scopes) == 0 {
		return nil
	}
	if len(scopes) > maxScopes {
		return invalid("Scopes.AwsOrganizations", "%d entries, want at most %d", len(scopes), maxScopes)
	}
	for i, o := range scopes {
		if o.OrganizationID == "" {
			return invalid(fmt.Sprintf("Scopes.AwsOrganizations[%d].OrganizationId", i), "is missing")
		}
	}
	if !p.Scope.Everything() {
		return fmt.Errorf("Scopes.AwsOrganizations: %s is confined to some accounts, regions or clusters: %w", p.Name, fault.ErrDenied)
	}
	if unit := scopes[0].OrganizationalUnitID; unit != "" {
		return fmt.Errorf("organizational unit %q is not known: eksposure keeps no organization tree; filter by cloud.account.uid: %w", unit, ErrUnitNotFound)
	}
	return fmt.Errorf("organization %q is not known: eksposure keeps no organization tree; leave Scopes out to see all accounts, or filter by cloud.account.uid: %w", scopes[0].OrganizationID, ErrOrganizationNotFound)
}

// FindingsRequest asks for a page of findings.
type FindingsRequest struct {
	Filters search.Filters
	Scopes  []OrganizationScope
	Sort    []search.Sort
	Limit   int
	Token   string
}

// SearchFindings gives one page of findings that the caller may see.
func (s *Service) SearchFindings(ctx context.Context, p access.Principal, r FindingsRequest) (search.Page, error) {
	if err := CheckScopes(p, r.Scopes); err != nil {
		return search.Page{}, err
	}
	q := s.request(p, r)
	if err := q.Validate(search.FindingSchema(), search.Searching); err != nil {
		return search.Page{}, err
	}
	return s.Findings.Search(ctx, q)
}

// GroupsRequest asks for statistics.
type GroupsRequest struct {
	Rules  []search.GroupRule
	Scopes []OrganizationScope
	Order  search.Order
	Limit  int
}

// GroupFindings counts the findings that the caller may see.
func (s *Service) GroupFindings(ctx context.Context, p access.Principal, r GroupsRequest) ([]search.Groups, error) {
	if err := CheckScopes(p, r.Scopes); err != nil {
		return nil, err
	}
	q := s.groups(p, r)
	if err := q.Validate(search.FindingSchema()); err != nil {
		return nil, err
	}
	return s.Findings.Statistics(ctx, q)
}

// SearchResources gives one page of resources that the caller may see.
func (s *Service) SearchResources(ctx context.Context, p access.Principal, r FindingsRequest) (search.Page, error) {
	if err := CheckScopes(p, r.Scopes); err != nil {
		return search.Page{}, err
	}
	q := s.request(p, r)
	if err := q.Validate(search.ResourceSchema(), search.Searching); err != nil {
		return search.Page{}, err
	}
	return s.Resources.SearchResources(ctx, q)
}

// GroupResources counts the resources that the caller may see.
func (s *Service) GroupResources(ctx context.Context, p access.Principal, r GroupsRequest) ([]search.Groups, error) {
	if err := CheckScopes(p, r.Scopes); err != nil {
		return nil, err
	}
	q := s.groups(p, r)
	if err := q.Validate(search.ResourceSchema()); err != nil {
		return nil, err
	}
	return s.Resources.ResourceStatistics(ctx, q)
}

// FindingTrends counts findings by severity over time.
func (s *Service) FindingTrends(ctx context.Context, p access.Principal, r search.TrendRequest) ([]search.FindingTrend, error) {
	if err := r.Validate(search.FindingTrendSchema()); err != nil {
		return nil, err
	}
	r.Scope = p.Scope
	return s.Trends.FindingTrends(ctx, r)
}

// ResourceTrends counts resources over time.
func (s *Service) ResourceTrends(ctx context.Context, p access.Principal, r search.TrendRequest) ([]search.ResourceTrend, error) {
	if err := r.Validate(search.ResourceTrendSchema()); err != nil {
		return nil, err
	}
	r.Scope = p.Scope
	return s.Trends.ResourceTrends(ctx, r)
}

func (s *Service) request(p access.Principal, r FindingsRequest) search.Request {
	return search.Request{Filters: r.Filters, Scope: p.Scope, Sort: r.Sort, Limit: r.Limit, Token: r.Token, Now: s.cfg.Now()}
}

func (s *Service) groups(p access.Principal, r GroupsRequest) search.GroupRequest {
	return search.GroupRequest{Rules: r.Rules, Scope: p.Scope, Order: r.Order, Limit: r.Limit, Now: s.cfg.Now()}
}
