package images_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/eksposure/eksposure/internal/estate/images"
)

func newRegistry(t *testing.T) *images.Registry {
	t.Helper()
	r, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reference(t *testing.T, server *httptest.Server, p images.Published) name.Digest {
	t.Helper()
	ref, err := name.NewDigest(strings.TrimPrefix(server.URL, "http://") + "/" + p.Repository + "@" + p.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestImagesAreTheSameEveryTime(t *testing.T) {
	if diff := cmp.Diff(newRegistry(t).Images(), newRegistry(t).Images()); diff != "" {
		t.Errorf("two builds differ (-first +second):\n%s", diff)
	}
}

func TestImagesAreValid(t *testing.T) {
	r := newRegistry(t)
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	for _, p := range r.Images() {
		if p.Broken {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			for platform := range p.Manifests {
				wanted, err := v1.ParsePlatform(platform)
				if err != nil {
					t.Fatal(err)
				}
				im, err := remote.Image(reference(t, server, p), remote.WithPlatform(*wanted))
				if err != nil {
					t.Fatal(err)
				}
				if err := validate.Image(im); err != nil {
					t.Errorf("platform %s: %v", platform, err)
				}
			}
		})
	}
}

func TestBrokenImagesAreBroken(t *testing.T) {
	r := newRegistry(t)
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	for _, p := range r.Images() {
		// A foreign layer and a chart are whole, only not to be read as images.
		if !p.Broken || p.Name == "foreign-layer" || p.Name == "not-an-image" || p.Name == "bomb" {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			im, err := remote.Image(reference(t, server, p))
			if err == nil {
				err = validate.Image(im)
			}
			if err == nil {
				t.Error("image is valid, want it broken")
			}
		})
	}
}

func TestLogin(t *testing.T) {
	r := newRegistry(t)
	server := httptest.NewServer(r.HandlerWithLogin(func(user, password string) bool { return user == "AWS" && password == "token" }))
	defer server.Close()
	for _, c := range []struct {
		name, image, password string
		want                  bool
	}{
		{"an ECR repository with the token", "shop-web", "token", true},
		{"an ECR repository with a wrong token", "shop-web", "stale", false},
		{"an add-on repository with a wrong token", "eks-coredns", "stale", false},
		{"a public repository with no token", "agent", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			auth := authn.Anonymous
			if c.password != "" {
				auth = &authn.Basic{Username: "AWS", Password: c.password}
			}
			_, err := remote.Get(reference(t, server, r.Image(c.image)), remote.WithAuth(auth))
			if got := err == nil; got != c.want {
				t.Errorf("pull allowed: %v, want %v (%v)", got, c.want, err)
			}
		})
	}
}

func TestRegistryIsReadOnly(t *testing.T) {
	server := httptest.NewServer(newRegistry(t).Handler())
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/v2/shop/web/blobs/uploads/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("upload answered %d, want %d", answer.StatusCode, http.StatusMethodNotAllowed)
	}
}

func TestSharedLayers(t *testing.T) {
	r := newRegistry(t)
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	bases := map[v1.Hash][]string{}
	for _, n := range []string{"shop-web", "shop-cart", "shop-catalog", "shop-search", "debian-11"} {
		im, err := remote.Image(reference(t, server, r.Image(n)))
		if err != nil {
			t.Fatal(err)
		}
		config, err := im.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		base := config.RootFS.DiffIDs[0]
		bases[base] = append(bases[base], n)
	}
	if len(bases) != 1 {
		t.Errorf("base layers differ: %v", bases)
	}
}
