package securityhub

type enableHubRequest struct {
	Tags map[string]string
}

type enableHubAnswer struct {
	HubV2Arn string `json:"HubV2Arn"`
}

func (s *routes) enableHub(c *call) (any, error) {
	var in enableHubRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	arn, err := s.hub.Enable(c.Context(), in.Tags)
	if err != nil {
		return nil, err
	}
	return enableHubAnswer{arn}, c.caller.Note(arn, nil, in.Tags)
}

type describeHubAnswer struct {
	HubV2Arn     string                   `json:"HubV2Arn"`
	SubscribedAt timestamp                `json:"SubscribedAt"`
	Features     map[string]featureDetail `json:"Features,omitempty"`
}

type featureDetail struct {
	FeatureStatus string    `json:"FeatureStatus"`
	UpdatedAt     timestamp `json:"UpdatedAt"`
}

func (s *routes) describeHub(c *call) (any, error) {
	arn, st, err := s.hub.Describe(c.Context())
	if err != nil {
		return nil, err
	}
	out := describeHubAnswer{HubV2Arn: arn, SubscribedAt: timestamp(st.SubscribedAt), Features: map[string]featureDetail{}}
	for name, f := range st.Features {
		status := "DISABLED"
		if f.Enabled {
			status = "ENABLED"
		}
		out.Features[name] = featureDetail{status, timestamp(f.UpdatedAt)}
	}
	return out, nil
}

func (s *routes) disableHub(c *call) (any, error) {
	return empty{}, s.hub.Disable(c.Context())
}

func (s *routes) enableFeature(c *call) (any, error) { return s.setFeature(c, true) }

func (s *routes) disableFeature(c *call) (any, error) { return s.setFeature(c, false) }

func (s *routes) setFeature(c *call, enabled bool) (any, error) {
	name, err := c.label("FeatureName")
	if err != nil {
		return nil, err
	}
	return empty{}, s.hub.SetFeature(c.Context(), name, enabled)
}
