package securityhub

import (
	"github.com/eksposure/eksposure/internal/hub"
)

type aggregatorRequest struct {
	RegionLinkingMode string
	LinkedRegions     []string
	Tags              map[string]string
	ClientToken       string
}

type aggregatorAnswer struct {
	AggregatorV2Arn   string   `json:"AggregatorV2Arn"`
	AggregationRegion string   `json:"AggregationRegion"`
	RegionLinkingMode string   `json:"RegionLinkingMode"`
	LinkedRegions     []string `json:"LinkedRegions"`
}

func aggregatorOf(a hub.Aggregator) aggregatorAnswer {
	return aggregatorAnswer{a.ARN, a.Region, a.LinkingMode, a.LinkedRegions}
}

func (s *routes) createAggregator(c *call) (any, error) {
	var in aggregatorRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	a, err := s.hub.CreateAggregator(c.Context(), c.caller.Principal,
		hub.Aggregator{LinkingMode: in.RegionLinkingMode, LinkedRegions: in.LinkedRegions}, in.Tags, in.ClientToken)
	if err != nil {
		return nil, err
	}
	return aggregatorOf(a), c.caller.Note(a.ARN, nil, a)
}

func (s *routes) getAggregator(c *call) (any, error) {
	arn, err := c.label("AggregatorV2Arn")
	if err != nil {
		return nil, err
	}
	a, err := s.hub.Aggregator(c.Context(), arn)
	if err != nil {
		return nil, err
	}
	return aggregatorOf(a), nil
}

type listAggregatorsAnswer struct {
	AggregatorsV2 []aggregatorName `json:"AggregatorsV2"`
	NextToken     string           `json:"NextToken,omitempty"`
}

type aggregatorName struct {
	AggregatorV2Arn string `json:"AggregatorV2Arn"`
}

func (s *routes) listAggregators(c *call) (any, error) {
	size, token, err := c.page(maxList)
	if err != nil {
		return nil, err
	}
	list, next, err := s.hub.Aggregators(c.Context(), size, token)
	if err != nil {
		return nil, err
	}
	out := listAggregatorsAnswer{AggregatorsV2: []aggregatorName{}, NextToken: next}
	for _, a := range list {
		out.AggregatorsV2 = append(out.AggregatorsV2, aggregatorName{a.ARN})
	}
	return out, nil
}

func (s *routes) updateAggregator(c *call) (any, error) {
	var in aggregatorRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	arn, err := c.label("AggregatorV2Arn")
	if err != nil {
		return nil, err
	}
	before, after, err := s.hub.UpdateAggregator(c.Context(), arn, in.RegionLinkingMode, in.LinkedRegions)
	if err != nil {
		return nil, err
	}
	return aggregatorOf(after), c.caller.Note(arn, before, after)
}

func (s *routes) deleteAggregator(c *call) (any, error) {
	arn, err := c.label("AggregatorV2Arn")
	if err != nil {
		return nil, err
	}
	return empty{}, s.hub.DeleteAggregator(c.Context(), arn)
}
