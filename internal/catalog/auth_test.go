package catalog_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
)

const ecrHost = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"

// privateHub lets only AWS with the password "token" pull from ECR repositories.
func privateHub(t *testing.T) *hub {
	t.Helper()
	return newHub(t, func(r *images.Registry) http.Handler {
		return r.HandlerWithLogin(func(user, password string) bool { return user == "AWS" && password == "token" })
	})
}

func TestECRLogin(t *testing.T) {
	errExpired := fmt.Errorf("token expired: %w", fault.ErrDenied)
	for _, c := range []struct {
		name           string
		user, password string
		loginErr       error
		want           error
	}{
		{name: "right token", user: "AWS", password: "token"},
		{name: "wrong token", user: "AWS", password: "stale", want: fault.ErrDenied},
		{name: "anonymous", want: fault.ErrDenied},
		{name: "login fails", loginErr: errExpired, want: fault.ErrDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := privateHub(t)
			var asked string
			cataloger := newCataloger(t, catalog.Config{
				Mirrors: map[string]string{"*.dkr.ecr.*.amazonaws.com": h.server.URL},
				Login: func(_ context.Context, registry string) (string, string, error) {
					asked = registry
					return c.user, c.password, c.loginErr
				},
			})
			p := h.Image("static-site")
			im, _, err := cataloger.Catalog(t.Context(), catalog.Request{Repository: ecrHost + "/" + p.Repository, Digest: p.Digest})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if asked != ecrHost {
				t.Errorf("logged in to %q, want the real registry %q", asked, ecrHost)
			}
			if err == nil && im.Repository != ecrHost+"/"+p.Repository {
				t.Errorf("repository is %q", im.Repository)
			}
			if err != nil && (strings.Contains(err.Error(), "stale") || strings.Contains(err.Error(), "c3RhbGU")) {
				t.Errorf("error tells the password: %v", err)
			}
		})
	}
}

func TestDockerConfig(t *testing.T) {
	h := privateHub(t)
	auth := base64.StdEncoding.EncodeToString([]byte("AWS:token"))
	for _, c := range []struct {
		name, config string
		want         error
	}{
		{"credentials of the host", `{"auths":{"` + h.host() + `":{"auth":"` + auth + `"}}}`, nil},
		{"credentials of another host", `{"auths":{"example.com":{"auth":"` + auth + `"}}}`, fault.ErrDenied},
		{"no file", "", fault.ErrDenied},
		{"no JSON", `{"auths":{"` + auth, fault.ErrInvalid},
		{"a helper that is not installed", `{"credHelpers":{"` + h.host() + `":"not-there"}}`, fault.ErrDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.json")
			if c.config != "" {
				if err := os.WriteFile(file, []byte(c.config), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cataloger := newCataloger(t, catalog.Config{DockerConfig: file})
			_, _, err := cataloger.Catalog(t.Context(), h.request("static-site"))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), auth) {
				t.Errorf("error tells the credentials: %v", err)
			}
		})
	}
}

func TestMirrors(t *testing.T) {
	h := openHub(t)
	prefixed := httptest.NewServer(http.StripPrefix("", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = strings.Replace(r.URL.Path, "/v2/hub/", "/v2/", 1)
		h.Handler().ServeHTTP(w, r)
	})))
	defer prefixed.Close()
	for _, c := range []struct {
		name, repository, image string
		mirrors                 map[string]string
	}{
		{"Docker Hub's short form", "debian", "debian-12", map[string]string{"docker.io": h.server.URL}},
		{"Docker Hub's long form", "index.docker.io/library/debian", "debian-12", map[string]string{"docker.io": h.server.URL + "/"}},
		{"a path at the mirror", "quay.io/observe/agent", "agent", map[string]string{"quay.io": prefixed.URL + "/hub"}},
		{
			"an exact host before a pattern", "quay.io/observe/agent", "agent",
			map[string]string{"*": "http://127.0.0.1:1", "quay.*": "http://127.0.0.1:1", "quay.io": h.server.URL},
		},
		{"a pattern for all", "ghcr.io/web/static-site", "static-site", map[string]string{"*": h.server.URL}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cataloger := newCataloger(t, catalog.Config{Mirrors: c.mirrors})
			req := catalog.Request{Repository: c.repository, Digest: h.Image(c.image).Digest}
			if _, _, err := cataloger.Catalog(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]catalog.Config{
		"no directory":         {},
		"mirror with no URL":   {Dir: t.TempDir(), Mirrors: map[string]string{"docker.io": "mirror"}},
		"mirror of a path":     {Dir: t.TempDir(), Mirrors: map[string]string{"docker.io/library": "https://m.example.com"}},
		"mirror with password": {Dir: t.TempDir(), Mirrors: map[string]string{"docker.io": "https://u:p@m.example.com"}},
		"mirror of ftp":        {Dir: t.TempDir(), Mirrors: map[string]string{"docker.io": "ftp://m.example.com"}},
		"broken pattern":       {Dir: t.TempDir(), Mirrors: map[string]string{"[": "https://m.example.com"}},
		"host with no dot":     {Dir: t.TempDir(), Mirrors: map[string]string{"docker.io": "https://mirror/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := catalog.New(cfg); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

func TestRequestRefused(t *testing.T) {
	c := newCataloger(t, catalog.Config{})
	good := "sha256:" + strings.Repeat("a", 64)
	for name, req := range map[string]catalog.Request{
		"no repository":  {Digest: good},
		"bad repository": {Repository: "UPPER/Case:tag@", Digest: good},
		"no digest":      {Repository: "docker.io/library/debian"},
		"a tag":          {Repository: "docker.io/library/debian", Digest: "bookworm"},
		"a path":         {Repository: "docker.io/library/debian", Digest: "sha256:../../../etc/passwd"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := c.Catalog(t.Context(), req); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
	}
}

func TestRegistryAnswers(t *testing.T) {
	digest := "sha256:" + strings.Repeat("a", 64)
	for _, c := range []struct {
		name   string
		status int
		want   error
	}{
		{"not allowed", http.StatusForbidden, fault.ErrDenied},
		{"not there", http.StatusNotFound, fault.ErrNotFound},
		{"wrong content", http.StatusOK, fault.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					w.WriteHeader(c.status)
					_, _ = w.Write([]byte("{}"))
				}
			}))
			defer server.Close()
			cataloger := newCataloger(t, catalog.Config{})
			_, _, err := cataloger.Catalog(t.Context(), catalog.Request{Repository: strings.TrimPrefix(server.URL, "http://") + "/app", Digest: digest})
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestHangingRegistry(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(release)
	c := newCataloger(t, catalog.Config{Limits: catalog.Limits{Time: 50 * time.Millisecond}})
	_, _, err := c.Catalog(t.Context(), catalog.Request{
		Repository: strings.TrimPrefix(server.URL, "http://") + "/app", Digest: "sha256:" + strings.Repeat("a", 64),
	})
	if !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

func TestCanceled(t *testing.T) {
	h := openHub(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := newCataloger(t, catalog.Config{}).Catalog(ctx, h.request("debian-12")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
