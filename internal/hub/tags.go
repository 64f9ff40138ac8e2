package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
)

// Limits of tags (API Reference, TagResource).
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

var (
	// tagKey: the class has a range from + to =, as the API Reference writes it.
	tagKey = regexp.MustCompile(`^[a-zA-Z+-=._:/]+$`)
	hubARN = regexp.MustCompile(`^arn:aws[a-z-]*:securityhub:[a-z0-9-]*:[0-9]*:([a-z0-9]+)/([A-Za-z0-9-]+)$`)
)

// checkTags checks the tags of a request, of which there may be none.
func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalid("Tags", "%d entries, want at most %d", len(tags), maxTags)
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		if err := checkTagKey(key); err != nil {
			return err
		}
		if n := utf8.RuneCountInString(tags[key]); n > maxTagValue {
			return invalid("Tags", "value of %q: %d characters, want at most %d", key, n, maxTagValue)
		}
	}
	return nil
}

func checkTagKey(key string) error {
	if key == "" || len(key) > maxTagKey || strings.HasPrefix(key, "aws:") || !tagKey.MatchString(key) {
		return invalid("Tags", "key %q: want 1 to %d letters, digits or characters of +-=._:/ that do not begin with aws:", key, maxTagKey)
	}
	return nil
}

// Tags gives the tags of the hub, a rule, a connector or an aggregator.
func (s *Service) Tags(ctx context.Context, arn string) (map[string]string, error) {
	if err := s.exists(ctx, arn); err != nil {
		return nil, err
	}
	tags, _, err := s.tags(ctx, arn)
	return tags, err
}

// Tag adds tags, over those of the same keys.
func (s *Service) Tag(ctx context.Context, arn string, tags map[string]string) error {
	if len(tags) == 0 {
		return invalid("Tags", "want at least one")
	}
	if err := checkTags(tags); err != nil {
		return err
	}
	if err := s.exists(ctx, arn); err != nil {
		return err
	}
	return s.addTags(ctx, arn, tags)
}

// Untag removes the tags of the keys; a key without a tag is no error.
func (s *Service) Untag(ctx context.Context, arn string, keys []string) error {
	if len(keys) == 0 || len(keys) > maxTags {
		return invalid("tagKeys", "%d entries, want 1 to %d", len(keys), maxTags)
	}
	if err := s.exists(ctx, arn); err != nil {
		return err
	}
	return s.changeTags(ctx, arn, func(tags map[string]string) {
		for _, key := range keys {
			delete(tags, key)
		}
	})
}

// exists reports a resource of the hub that there is not as fault.ErrNotFound.
func (s *Service) exists(ctx context.Context, arn string) error {
	m := hubARN.FindStringSubmatch(arn)
	if m == nil {
		return invalid("ResourceArn", "%q: want the ARN of a hub, rule, connector or aggregator", arn)
	}
	kind, id := m[1], m[2]
	if s.arn(kind, id) != arn {
		return errNoResource(arn)
	}
	switch kind {
	case "hubv2":
		if st, _, err := s.state(ctx); err != nil || st.ID == id {
			return err
		}
		return errNoResource(arn)
	case arnAggregator:
		_, err := s.Objects.Object(ctx, kindAggregator, id)
		return err
	case arnConnector:
		_, err := s.Objects.Object(ctx, kindConnector, id)
		return err
	case arnRule:
		_, err := s.Objects.Object(ctx, automation.Kind, id)
		return err
	}
	return errNoResource(arn)
}

func errNoResource(arn string) error {
	return fmt.Errorf("no resource %q: %w", arn, fault.ErrNotFound)
}

// tags reads the tags of an ARN with their document, which is nil when there is none.
func (s *Service) tags(ctx context.Context, arn string) (map[string]string, []byte, error) {
	document, err := s.Objects.Object(ctx, kindTags, arn)
	if errors.Is(err, fault.ErrNotFound) {
		return map[string]string{}, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var tags map[string]string
	if err := json.Unmarshal(document, &tags); err != nil {
		return nil, nil, fmt.Errorf("decode the tags of %q: %w", arn, err)
	}
	return tags, document, nil
}

func (s *Service) addTags(ctx context.Context, arn string, tags map[string]string) error {
	if len(tags) == 0 {
		return nil
	}
	return s.changeTags(ctx, arn, func(all map[string]string) { maps.Copy(all, tags) })
}

func (s *Service) changeTags(ctx context.Context, arn string, change func(map[string]string)) error {
	tags, old, err := s.tags(ctx, arn)
	if err != nil {
		return err
	}
	change(tags)
	if len(tags) > maxTags {
		return invalid("Tags", "%q would have %d, want at most %d", arn, len(tags), maxTags)
	}
	document, err := json.Marshal(tags)
	if err != nil {
		return fmt.Errorf("encode the tags of %q: %w", arn, err)
	}
	if old == nil {
		return s.Objects.AddObject(ctx, kindTags, arn, document)
	}
	return s.Objects.ReplaceObject(ctx, kindTags, arn, old, document)
}

// dropTags removes the tags of a resource that is gone.
func (s *Service) dropTags(ctx context.Context, arn string) error {
	err := s.Objects.DeleteObject(ctx, kindTags, arn)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}
