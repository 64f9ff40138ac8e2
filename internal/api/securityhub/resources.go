package securityhub

func (s *routes) getResources(c *call) (any, error) {
	r, err := findingsRequest(c)
	if err != nil {
		return nil, err
	}
	page, err := s.hub.SearchResources(c.Context(), c.caller.Principal, r)
	if err != nil {
		return nil, err
	}
	return listing("Resources", page.Documents, page.Next)
}

func (s *routes) getResourcesStatistics(c *call) (any, error) {
	r, err := statistics(c)
	if err != nil {
		return nil, err
	}
	groups, err := s.hub.GroupResources(c.Context(), c.caller.Principal, r)
	return statisticsAnswer{notNil(groups)}, err
}
