package scan_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/scan"
)

// tagged is a registry in which each tag names a digest, some for several platforms.
type tagged map[string][]string

func (t tagged) Tags(context.Context, string) ([]string, error) { return []string{"1.0"}, nil }

func (t tagged) Resolve(_ context.Context, _, tag string) (digest string, platforms []string, err error) {
	platforms, ok := t[tag]
	if !ok {
		return "", nil, fault.ErrNotFound
	}
	return "sha256:" + tag, platforms, nil
}

func TestDigestOfATag(t *testing.T) {
	w := newWorld()
	c := w.config()
	c.Tags = tagged{"single": nil, "both": {"linux/amd64", "linux/arm64"}}
	s := scan.New(c)
	for _, tt := range []struct {
		why, tag string
		wanted   []string
		want     error
	}{
		{"one platform", "single", []string{"linux/amd64"}, nil},
		{"one image for two platforms", "single", []string{"linux/amd64", "linux/arm64"}, fault.ErrNotFound},
		{"an index that has them", "both", []string{"linux/amd64", "linux/arm64"}, nil},
		{"an index that has not", "both", []string{"linux/s390x"}, fault.ErrNotFound},
		{"no such tag", "other", nil, fault.ErrNotFound},
	} {
		if digest, err := s.Digest(t.Context(), "r.example/app", tt.tag, tt.wanted); !errors.Is(err, tt.want) || err == nil && digest != "sha256:"+tt.tag {
			t.Errorf("%s: %s, %v; want %v", tt.why, digest, err, tt.want)
		}
	}
}

// One image is read and matched as a scan does, or it is an error.
func TestOneImage(t *testing.T) {
	w := newWorld()
	w.broken["sha256:broken"] = fault.ErrDenied
	s := scan.New(w.config())
	im, err := s.Image(t.Context(), "r.example/app", "sha256:good", "linux/amd64")
	if err != nil || im.Digest != "sha256:good" || im.Repository != "r.example/app" || im.Database == "" {
		t.Errorf("image %+v, %v", im, err)
	}
	if _, err := s.Image(t.Context(), "r.example/app", "sha256:broken", "linux/amd64"); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("an image that cannot be read: %v", err)
	}
	c := w.config()
	c.Matcher, c.NoMatcher = nil, "there is none"
	if _, err := scan.New(c).Image(t.Context(), "r.example/app", "sha256:good", "linux/amd64"); !errors.Is(err, fault.ErrUnavailable) || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("without a database: %v", err)
	}
	c.Catalog = nil
	off := scan.New(c)
	_, errImage := off.Image(t.Context(), "r.example/app", "sha256:good", "linux/amd64")
	_, errTags := off.Tags(t.Context(), "r.example/app")
	_, errDigest := off.Digest(t.Context(), "r.example/app", "1.0", nil)
	for _, err := range []error{errImage, errTags, errDigest} {
		if !errors.Is(err, fault.ErrUnavailable) || !strings.Contains(err.Error(), "images.read") {
			t.Errorf("with images switched off: %v", err)
		}
	}
}
