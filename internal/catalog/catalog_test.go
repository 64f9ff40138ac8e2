package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anchore/stereoscope/pkg/image"
	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging"
	"github.com/anchore/syft/syft/format/syftjson"
	"github.com/anchore/syft/syft/sbom"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// hub is the estate's registry behind a real HTTP server that counts requests.
type hub struct {
	*images.Registry

	server *httptest.Server
	mu     sync.Mutex
	paths  []string
}

func newHub(t *testing.T, handler func(*images.Registry) http.Handler) *hub {
	t.Helper()
	r, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	h := &hub{Registry: r}
	inner := handler(r)
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		h.mu.Lock()
		h.paths = append(h.paths, req.Method+" "+req.URL.Path)
		h.mu.Unlock()
		inner.ServeHTTP(w, req)
	}))
	t.Cleanup(h.server.Close)
	return h
}

func openHub(t *testing.T) *hub {
	t.Helper()
	return newHub(t, (*images.Registry).Handler)
}

func (h *hub) host() string { return strings.TrimPrefix(h.server.URL, "http://") }

// request names an image at the hub itself, with no mirror.
func (h *hub) request(name string) catalog.Request {
	p := h.Image(name)
	return catalog.Request{Repository: h.host() + "/" + p.Repository, Digest: p.Digest}
}

// blobs counts and forgets the blobs that were asked for.
func (h *hub) blobs() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, p := range h.paths {
		if strings.HasPrefix(p, "GET ") && strings.Contains(p, "/blobs/") {
			n++
		}
	}
	h.paths = nil
	return n
}

func newCataloger(t *testing.T, cfg catalog.Config) *catalog.Cataloger {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	c, err := catalog.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// found is what must be the same as with plain syft.
type found struct{ Name, Version, Type, PURL, Places string }

func packages(t *testing.T, s *sbom.SBOM) []found {
	t.Helper()
	var all []found
	for p := range s.Artifacts.Packages.Enumerate() {
		var places []string
		for _, l := range p.Locations.ToSlice() {
			places = append(places, l.RealPath+" via "+l.AccessPath+" in "+l.FileSystemID)
		}
		slices.Sort(places)
		all = append(all, found{p.Name, p.Version, string(p.Type), p.PURL, strings.Join(places, ", ")})
	}
	slices.SortFunc(all, func(a, b found) int {
		return strings.Compare(a.Type+a.Name+a.Version+a.Places, b.Type+b.Name+b.Version+b.Places)
	})
	return all
}

func decode(t *testing.T, b vuln.SBOM) *sbom.SBOM {
	t.Helper()
	s, _, _, err := syftjson.NewFormatDecoder().Decode(strings.NewReader(string(b.Document)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainSyft is what the syft program does by itself, but for the licence scanner,
// which is built once for all images of a test.
func plainSyft(t *testing.T) func(reference string) *sbom.SBOM {
	t.Helper()
	ctx, err := syft.SetContextLicenseScanner(t.Context(), cataloging.DefaultLicenseConfig())
	if err != nil {
		t.Fatal(err)
	}
	return func(reference string) *sbom.SBOM { return plainSBOM(ctx, t, reference) }
}

func plainSBOM(ctx context.Context, t *testing.T, reference string) *sbom.SBOM {
	t.Helper()
	src, err := syft.GetSource(ctx, reference, syft.DefaultGetSourceConfig().WithSources("registry").
		WithRegistryOptions(&image.RegistryOptions{InsecureUseHTTP: true}))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s, err := syft.CreateSBOM(ctx, src, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSamePackagesAsPlainSyft(t *testing.T) {
	h := openHub(t)
	c := newCataloger(t, catalog.Config{})
	plain := plainSyft(t)
	for _, p := range h.Images() {
		if p.Broken {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			req := h.request(p.Name)
			_, got, err := c.Catalog(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			want := plain(req.Repository + "@" + p.Manifests["linux/amd64"])
			if diff := cmp.Diff(packages(t, want), packages(t, decode(t, got))); diff != "" {
				t.Errorf("packages differ (-syft +ours):\n%s", diff)
			}
			if diff := cmp.Diff(want.Artifacts.LinuxDistribution, decode(t, got).Artifacts.LinuxDistribution); diff != "" {
				t.Errorf("operating system differs (-syft +ours):\n%s", diff)
			}
		})
	}
}

func TestImage(t *testing.T) {
	anyTime := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h := openHub(t)
	c := newCataloger(t, catalog.Config{})
	got, sbom, err := c.Catalog(t.Context(), h.request("legacy-erp"))
	if err != nil {
		t.Fatal(err)
	}
	debian := vuln.OS{ID: "debian", Version: "10.3", Name: "Debian GNU/Linux 10 (buster)"}
	if len(got.Layers) != 2 || got.Layers[1].CreatedBy == "" || got.Layers[0].Size == 0 || !strings.HasPrefix(got.Layers[0].DiffID, "sha256:") {
		t.Errorf("layers are not described: %+v", got.Layers)
	}
	if got.CreatedAt.IsZero() {
		t.Error("no creation time")
	}
	got.Layers, got.CreatedAt = nil, anyTime
	want := inventory.Image{
		Digest: h.Image("legacy-erp").Digest, Repository: h.host() + "/finance/legacy-erp", Platform: "linux/amd64",
		CreatedAt: anyTime, OS: debian, Packages: 23,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	wantSBOM := vuln.SBOM{ImageDigest: want.Digest, Tool: c.Tool(), Format: "syft-json", OS: debian, Packages: 23}
	var header struct {
		Descriptor struct {
			Name    string `json:"name"`
			Version string `json:"version"`
		} `json:"descriptor"`
	}
	if err := json.Unmarshal(sbom.Document, &header); err != nil {
		t.Fatal(err)
	}
	if tool := header.Descriptor.Name + " " + header.Descriptor.Version; tool != c.Tool() {
		t.Errorf("document is of tool %q, want %q", tool, c.Tool())
	}
	sbom.Document = nil
	if diff := cmp.Diff(wantSBOM, sbom); diff != "" {
		t.Errorf("SBOM (-want +got):\n%s", diff)
	}
}

func TestIndex(t *testing.T) {
	h := openHub(t)
	c := newCataloger(t, catalog.Config{})
	p := h.Image("agent")
	for architecture, want := range map[string]string{"amd64": p.Manifests["linux/amd64"], "arm64": p.Manifests["linux/arm64"]} {
		req := h.request("agent")
		req.OS, req.Architecture = "linux", architecture
		im, sbom, err := c.Catalog(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if im.Digest != p.Digest || im.ManifestDigest != want || sbom.ImageDigest != want || im.Platform != "linux/"+architecture {
			t.Errorf("%s: image %s of platform %s with manifest %s, SBOM of %s; want manifest %s", architecture, im.Digest, im.Platform, im.ManifestDigest, sbom.ImageDigest, want)
		}
	}
	req := h.request("agent")
	req.Architecture = "s390x"
	if _, _, err := c.Catalog(t.Context(), req); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("platform that the index has not: %v, want ErrNotFound", err)
	}
}

func TestSharedLayersArePulledOnce(t *testing.T) {
	h := openHub(t)
	dir := t.TempDir()
	c := newCataloger(t, catalog.Config{Dir: dir})
	for _, step := range []struct {
		name string
		want int
		why  string
	}{
		{"shop-web", 4, "config and three layers"},
		{"shop-cart", 2, "config and its own layer"},
		{"debian-11", 1, "config only: its layer is the base of the shop"},
		{"shop-web", 1, "config only, all is kept"},
	} {
		if _, _, err := c.Catalog(t.Context(), h.request(step.name)); err != nil {
			t.Fatal(err)
		}
		if got := h.blobs(); got != step.want {
			t.Errorf("%s: %d blobs pulled, want %d (%s)", step.name, got, step.want, step.why)
		}
	}
	again := newCataloger(t, catalog.Config{Dir: dir})
	if _, _, err := again.Catalog(t.Context(), h.request("shop-cart")); err != nil {
		t.Fatal(err)
	}
	if got := h.blobs(); got != 1 {
		t.Errorf("another process pulled %d blobs, want 1", got)
	}
}

func TestConcurrentRequestsPullOnce(t *testing.T) {
	h := openHub(t)
	c := newCataloger(t, catalog.Config{})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			name := []string{"shop-web", "shop-cart", "shop-catalog"}[i%3]
			if _, _, err := c.Catalog(context.WithoutCancel(t.Context()), h.request(name)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	pulled := map[string]int{}
	for _, p := range h.paths {
		if strings.Contains(p, "/blobs/") {
			pulled[p[strings.LastIndex(p, "/"):]]++
		}
	}
	// Two base layers, three applications; the configs may be read more than once.
	layers := 0
	for _, n := range pulled {
		if n == 1 {
			layers++
		}
	}
	if layers < 5 {
		t.Errorf("layers were pulled more than once: %v", pulled)
	}
}

func TestBrokenImages(t *testing.T) {
	h := openHub(t)
	dir := t.TempDir()
	c := newCataloger(t, catalog.Config{Dir: dir})
	for _, p := range h.Images() {
		if !p.Broken {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			want := fault.ErrInvalid
			if p.Name == "missing" {
				want = fault.ErrNotFound
			}
			_, _, err := c.Catalog(t.Context(), h.request(p.Name))
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			t.Log(err)
		})
	}
	left, err := os.ReadDir(filepath.Join(dir, "layers"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("%d files are left in the cache", len(left))
	}
	if _, _, err := c.Catalog(t.Context(), h.request("static-site")); err != nil {
		t.Errorf("a healthy image after the broken ones: %v", err)
	}
}
