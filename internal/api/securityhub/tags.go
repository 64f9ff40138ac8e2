package securityhub

type tagsAnswer struct {
	Tags map[string]string `json:"Tags,omitempty"`
}

type tagRequest struct {
	Tags map[string]string
}

func (s *routes) tagResource(c *call) (any, error) {
	var in tagRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	arn, err := c.label("ResourceArn")
	if err != nil {
		return nil, err
	}
	return empty{}, s.hub.Tag(c.Context(), arn, in.Tags)
}

func (s *routes) untagResource(c *call) (any, error) {
	arn, err := c.label("ResourceArn")
	if err != nil {
		return nil, err
	}
	return empty{}, s.hub.Untag(c.Context(), arn, c.URL.Query()["tagKeys"])
}

func (s *routes) listTags(c *call) (any, error) {
	arn, err := c.label("ResourceArn")
	if err != nil {
		return nil, err
	}
	tags, err := s.hub.Tags(c.Context(), arn)
	return tagsAnswer{tags}, err
}
