package securityhub

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/search"
)

// scopes confine a request to parts of an AWS organization.
type scopes struct {
	AwsOrganizations []hub.OrganizationScope `json:"AwsOrganizations"`
}

type getFindingsRequest struct {
	Filters      search.Filters
	Scopes       scopes
	SortCriteria []search.Sort
	NextToken    string
	MaxResults   *int
}

func (s *routes) getFindings(c *call) (any, error) {
	r, err := findingsRequest(c)
	if err != nil {
		return nil, err
	}
	page, err := s.hub.SearchFindings(c.Context(), c.caller.Principal, r)
	if err != nil {
		return nil, err
	}
	return listing("Findings", page.Documents, page.Next)
}

// findingsRequest reads the request of both searches.
func findingsRequest(c *call) (hub.FindingsRequest, error) {
	var in getFindingsRequest
	if err := decode(c, &in); err != nil {
		return hub.FindingsRequest{}, err
	}
	size, err := limit("MaxResults", in.MaxResults, search.MaxPage, search.MaxPage)
	if err != nil {
		return hub.FindingsRequest{}, err
	}
	sort, err := sortCriteria(in.SortCriteria)
	return hub.FindingsRequest{
		Filters: in.Filters, Scopes: in.Scopes.AwsOrganizations, Sort: sort, Limit: size, Token: in.NextToken,
	}, err
}

// sortCriteria checks what a page is sorted by; an order that is left out is
// ascending.
func sortCriteria(list []search.Sort) ([]search.Sort, error) {
	for i := range list {
		at := fmt.Sprintf("SortCriteria[%d]", i)
		if err := filled(at+".Field", list[i].Field); err != nil {
			return nil, err
		}
		order, err := sortOrder(at+".SortOrder", list[i].Order, search.Ascending)
		if err != nil {
			return nil, err
		}
		list[i].Order = order
	}
	return list, nil
}

func sortOrder(member string, o, otherwise search.Order) (search.Order, error) {
	switch o {
	case "":
		return otherwise, nil
	case search.Ascending, search.Descending:
		return o, nil
	}
	return "", invalid(member, "%q: want asc or desc", o)
}
