package scan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// errNoImages is met where images are not read.
var errNoImages = fmt.Errorf("reading images is switched off (setting images.read): %w", fault.ErrUnavailable)

// Tags lists the tags of a repository.
func (s *Scanner) Tags(ctx context.Context, repository string) ([]string, error) {
	if s.cfg.Tags == nil {
		return nil, errNoImages
	}
	return s.cfg.Tags.Tags(ctx, repository)
}

// Digest gives what a tag names now. One that lacks a platform, OS/ARCH, that is
// wanted is fault.ErrNotFound; an image that is no index has one platform alone.
func (s *Scanner) Digest(ctx context.Context, repository, tag string, platforms []string) (string, error) {
	if s.cfg.Tags == nil {
		return "", errNoImages
	}
	digest, has, err := s.cfg.Tags.Resolve(ctx, repository, tag)
	if err != nil {
		return "", err
	}
	for _, p := range platforms {
		if has == nil && len(platforms) > 1 || has != nil && !slices.Contains(has, p) {
			return "", fmt.Errorf("image %s:%s is not built for %s: %w", repository, tag, p, fault.ErrNotFound)
		}
	}
	return digest, nil
}

// Image reads one image from its registry and matches it, as a scan does. What could
// not be read or matched is an error, and no report of another scanner stands in.
func (s *Scanner) Image(ctx context.Context, repository, digest, platform string) (inventory.Image, error) {
	if s.cfg.Catalog == nil {
		return inventory.Image{}, errNoImages
	}
	if s.cfg.Matcher == nil {
		return inventory.Image{}, fmt.Errorf("no vulnerability database to match images with: %s: %w", s.cfg.NoMatcher, fault.ErrUnavailable)
	}
	read, gap := s.images.read(ctx, inventory.Image{Repository: repository, Digest: digest, Platform: platform})
	switch {
	case ctx.Err() != nil:
		return inventory.Image{}, ctx.Err()
	case gap != nil:
		return inventory.Image{}, fmt.Errorf("%s: %w", gap.Detail, fault.ErrUnavailable)
	case read.Report != nil:
		return inventory.Image{}, fmt.Errorf("%s: %w", read.Report.Unread, fault.ErrUnavailable)
	case read.Platform != "" && !strings.HasPrefix(read.Platform+"/", platform+"/"):
		return inventory.Image{}, fmt.Errorf("image %s@%s is built for %s and not for %s: %w", repository, digest, read.Platform, platform, fault.ErrNotFound)
	}
	read.Repository = repository
	return read, nil
}
