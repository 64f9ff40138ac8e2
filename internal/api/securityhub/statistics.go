package securityhub

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/search"
)

type statisticsRequest struct {
	GroupByRules        []search.GroupRule
	Scopes              scopes
	SortOrder           search.Order
	MaxStatisticResults *int
}

type statisticsAnswer struct {
	GroupByResults []search.Groups `json:"GroupByResults"`
}

func (s *routes) getFindingStatistics(c *call) (any, error) {
	r, err := statistics(c)
	if err != nil {
		return nil, err
	}
	groups, err := s.hub.GroupFindings(c.Context(), c.caller.Principal, r)
	return statisticsAnswer{notNil(groups)}, err
}

// statistics reads the request of both statistics operations.
func statistics(c *call) (hub.GroupsRequest, error) {
	var in statisticsRequest
	if err := decode(c, &in); err != nil {
		return hub.GroupsRequest{}, err
	}
	if n := len(in.GroupByRules); n < 1 || n > search.MaxRules {
		return hub.GroupsRequest{}, invalid("GroupByRules", "%d rules, want 1 to %d", n, search.MaxRules)
	}
	for i, r := range in.GroupByRules {
		if err := filled(fmt.Sprintf("GroupByRules[%d].GroupByField", i), r.Field); err != nil {
			return hub.GroupsRequest{}, err
		}
	}
	order, err := sortOrder("SortOrder", in.SortOrder, search.Descending)
	if err != nil {
		return hub.GroupsRequest{}, err
	}
	size, err := limit("MaxStatisticResults", in.MaxStatisticResults, search.MaxGroups, search.MaxGroups)
	return hub.GroupsRequest{Rules: in.GroupByRules, Scopes: in.Scopes.AwsOrganizations, Order: order, Limit: size}, err
}
