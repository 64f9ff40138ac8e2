package catalog

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// maxTags bounds the tags of one repository: the largest of Docker Hub's official
	// images have some ten thousand. A list that is cut would hide the newest.
	maxTags = 50_000
	// maxTagPages is as many pages as that takes where a registry gives 50 at a time.
	maxTagPages = 1000
)

// Tags lists the tags of REGISTRY/REPOSITORY, in order. A repository with more than
// maxTags is fault.ErrInvalid.
func (c *Cataloger) Tags(ctx context.Context, repository string) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.limits.Time, errTooSlow(c.limits.Time))
	defer cancel()
	tags, err := c.registry.tags(ctx, repository)
	if err != nil {
		return nil, fmt.Errorf("list tags of %s: %w", repository, err)
	}
	return tags, nil
}

func (r *registryClient) tags(ctx context.Context, repository string) ([]string, error) {
	s, err := r.open(ctx, repository)
	if err != nil {
		return nil, err
	}
	pages, err := s.puller.Lister(ctx, s.repository)
	if err != nil {
		return nil, translate(err)
	}
	var tags []string
	for n := 1; pages.HasNext(); n++ {
		page, err := pages.Next(ctx)
		if err != nil {
			return nil, translate(err)
		}
		if tags = append(tags, page.Tags...); len(tags) > maxTags || n > maxTagPages {
			return nil, fmt.Errorf("it has more than %d, or gives them in more than %d pages: %w", maxTags, maxTagPages, fault.ErrInvalid)
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags), nil
}

func (r *registryClient) open(ctx context.Context, repository string) (*session, error) {
	upstream, err := parseRepository(repository)
	if err != nil {
		return nil, err
	}
	return r.session(ctx, upstream)
}

// Resolve gives the digest that a tag names now and, for an image index, the
// platforms that it has, as OS/ARCH. A tag that is not there is fault.ErrNotFound.
func (c *Cataloger) Resolve(ctx context.Context, repository, tag string) (digest string, platforms []string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.limits.Time, errTooSlow(c.limits.Time))
	defer cancel()
	digest, platforms, err = c.registry.named(ctx, repository, tag)
	if err != nil {
		return "", nil, fmt.Errorf("resolve image %s:%s: %w", repository, tag, err)
	}
	return digest, platforms, nil
}

func (r *registryClient) named(ctx context.Context, repository, tag string) (digest string, platforms []string, err error) {
	s, err := r.open(ctx, repository)
	if err != nil {
		return "", nil, err
	}
	got, err := s.puller.Get(ctx, s.repository.Tag(tag))
	if err != nil {
		return "", nil, translate(err)
	}
	if len(got.Manifest) > maxManifest {
		return "", nil, fmt.Errorf("its manifest has %d bytes, more than %d: %w", len(got.Manifest), maxManifest, fault.ErrInvalid)
	}
	if !manifestType(got).IsIndex() {
		return got.Digest.String(), nil, nil
	}
	index, err := v1.ParseIndexManifest(bytes.NewReader(got.Manifest))
	if err != nil {
		return "", nil, fmt.Errorf("image index: %w: %w", err, fault.ErrInvalid)
	}
	for _, m := range index.Manifests {
		if isPlatform(m) {
			platforms = append(platforms, m.Platform.OS+"/"+m.Platform.Architecture)
		}
	}
	slices.Sort(platforms)
	return got.Digest.String(), slices.Compact(platforms), nil
}
