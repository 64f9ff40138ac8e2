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
	if err := s.hub.Tag(c.Context(), arn, in.Tags); err != nil {
		return nil, err
	}
	return empty{}, c.caller.Note(arn, nil, in.Tags)
}

func (s *routes) untagResource(c *call) (any, error) {
	arn, err := c.label("ResourceArn")
	if err != nil {
		return nil, err
	}
	keys := c.URL.Query()["tagKeys"]
	if err := s.hub.Untag(c.Context(), arn, keys); err != nil {
		return nil, err
	}
	return empty{}, c.caller.Note(arn, keys, nil)
}

func (s *routes) listTags(c *call) (any, error) {
	arn, err := c.label("ResourceArn")
	if err != nil {
		return nil, err
	}
	tags, err := s.hub.Tags(c.Context(), arn)
	return tagsAnswer{tags}, err
}
