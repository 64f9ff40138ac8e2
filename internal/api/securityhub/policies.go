package securityhub

func (s *routes) recommendedPolicy(c *call) (any, error) {
	uid, err := c.label("MetadataUid")
	if err != nil {
		return nil, err
	}
	if _, _, err := c.page(maxList); err != nil {
		return nil, err
	}
	return nil, s.hub.RecommendedPolicy(c.Context(), c.caller.Principal, uid)
}
