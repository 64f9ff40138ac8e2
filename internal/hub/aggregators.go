package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

const arnAggregator = "aggregatorv2"

// maxRegions is how many regions may be linked (CloudFormation,
// AWS::SecurityHub::AggregatorV2).
const maxRegions = 50

// LinkingMode is the one way to link regions (CloudFormation,
// AWS::SecurityHub::AggregatorV2).
const LinkingMode = "SPECIFIED_REGIONS"

var regionCode = regexp.MustCompile(`^[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+$`)

// Aggregator says which regions send their findings to the home region. In
// eksposure they are all in one place without it; it is kept and told again, so that
// tools that set a hub up find what they made.
type Aggregator struct {
	ID            string   `json:"id"`
	ARN           string   `json:"arn"`
	Region        string   `json:"region"`
	LinkingMode   string   `json:"linking_mode"`
	LinkedRegions []string `json:"linked_regions"`
}

func (a Aggregator) check(home string) error {
	if a.LinkingMode != LinkingMode {
		return invalid("RegionLinkingMode", "%q: want %s", a.LinkingMode, LinkingMode)
	}
	if n := len(a.LinkedRegions); n < 1 || n > maxRegions {
		return invalid("LinkedRegions", "%d regions, want 1 to %d", n, maxRegions)
	}
	for i, r := range a.LinkedRegions {
		switch {
		case !regionCode.MatchString(r):
			return invalid("LinkedRegions", "entry %d, %q, is no region", i, r)
		case r == home:
			return invalid("LinkedRegions", "entry %d, %q, is the home region", i, r)
		case slices.Contains(a.LinkedRegions[:i], r):
			return invalid("LinkedRegions", "entry %d, %q, is given twice", i, r)
		}
	}
	return nil
}

// CreateAggregator makes the aggregator, of which there is one at most.
func (s *Service) CreateAggregator(ctx context.Context, p access.Principal, a Aggregator, tags map[string]string, token string) (Aggregator, error) {
	if err := a.check(s.cfg.Region); err != nil {
		return a, err
	}
	if err := checkTags(tags); err != nil {
		return a, err
	}
	return once(ctx, s, p, "CreateAggregatorV2", token, []any{a, tags}, func() (Aggregator, error) {
		all, err := s.Objects.Objects(ctx, kindAggregator)
		if err != nil {
			return a, err
		}
		if len(all) > 0 {
			return a, fmt.Errorf("there is an aggregator already; update or delete it: %w", fault.ErrConflict)
		}
		a.ID = s.cfg.NewID()
		a.ARN, a.Region = s.arn(arnAggregator, a.ID), s.cfg.Region
		document, err := json.Marshal(a)
		if err != nil {
			return a, fmt.Errorf("encode aggregator: %w", err)
		}
		if err := s.Objects.AddObject(ctx, kindAggregator, a.ID, document); err != nil {
			return a, err
		}
		return a, s.addTags(ctx, a.ARN, tags)
	})
}

// Aggregator gives an aggregator by its ARN.
func (s *Service) Aggregator(ctx context.Context, arn string) (Aggregator, error) {
	a, _, err := s.aggregator(ctx, arn)
	return a, err
}

func (s *Service) aggregator(ctx context.Context, arn string) (a Aggregator, document []byte, err error) {
	document, err = s.Objects.Object(ctx, kindAggregator, s.resourceID(arnAggregator, arn))
	if err != nil {
		return a, nil, unknown("aggregator", arn, err)
	}
	return a, document, decodeObject(document, &a)
}

// Aggregators gives a page of the aggregators.
func (s *Service) Aggregators(ctx context.Context, size int, token string) ([]Aggregator, string, error) {
	documents, err := s.Objects.Objects(ctx, kindAggregator)
	if err != nil {
		return nil, "", err
	}
	var list []Aggregator
	for _, d := range documents {
		var a Aggregator
		if err := decodeObject(d, &a); err != nil {
			return nil, "", err
		}
		list = append(list, a)
	}
	list, next := cut(list, func(a Aggregator) string { return a.ID }, size, token)
	return list, next, nil
}

// UpdateAggregator replaces the linked regions.
func (s *Service) UpdateAggregator(ctx context.Context, arn, mode string, regions []string) (before, after Aggregator, err error) {
	before, old, err := s.aggregator(ctx, arn)
	if err != nil {
		return before, after, err
	}
	after = before
	after.LinkingMode, after.LinkedRegions = mode, regions
	if err := after.check(s.cfg.Region); err != nil {
		return before, after, err
	}
	document, err := json.Marshal(after)
	if err != nil {
		return before, after, fmt.Errorf("encode aggregator: %w", err)
	}
	return before, after, s.Objects.ReplaceObject(ctx, kindAggregator, after.ID, old, document)
}

// DeleteAggregator removes an aggregator with its tags.
func (s *Service) DeleteAggregator(ctx context.Context, arn string) error {
	a, _, err := s.aggregator(ctx, arn)
	if err != nil {
		return err
	}
	if err := s.Objects.DeleteObject(ctx, kindAggregator, a.ID); err != nil {
		return err
	}
	return s.dropTags(ctx, a.ARN)
}
