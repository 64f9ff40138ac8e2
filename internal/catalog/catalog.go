// Package catalog reads container images: it takes an image's repository and
// digest and gives what is known of the image and its SBOM.
//
// It pulls from any registry by digest, keeps each layer once by diff ID, joins
// the layers into one file tree and lets syft catalog that tree. It is the only
// package that imports syft and the registry client. Images are other people's
// data: every size, count and time is bounded (see [Limits]), nothing of an image
// is ever run or unpacked into files of its own, and a broken image is an error
// of that image alone. The SBOM lists packages with the layer that brought each;
// it has no digests of single files.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Config is what a Cataloger needs. Only Dir has no default.
type Config struct {
	// Dir is the cache directory; the package writes nowhere else.
	Dir string
	// Limits bounds what an image may cost; zero fields are the defaults.
	Limits Limits
	// Mirrors maps a registry host, or a pattern with * for any run of characters,
	// to the base URL of a mirror: "docker.io" → "https://mirror.example.com/hub".
	// An exact host wins over a pattern, a longer pattern over a shorter one.
	Mirrors map[string]string
	// Login gives the user and password of an Amazon ECR registry host; an empty
	// user is anonymous. Nil is anonymous.
	Login func(ctx context.Context, registry string) (user, password string, err error)
	// DockerConfig is the path of Docker's config.json with the credentials of
	// the other registries; empty or missing is anonymous.
	DockerConfig string
	// Transport carries the requests; nil is a transport of the package's own.
	Transport http.RoundTripper
	// Log is told of damaged cache entries; nil is silent.
	Log *slog.Logger
}

// Request names one image.
type Request struct {
	// Repository is REGISTRY/REPOSITORY; Docker Hub's short forms are understood.
	Repository string
	// Digest is that of an image manifest or of an image index.
	Digest string
	// OS and Architecture choose from an index; empty is linux and amd64.
	OS           string
	Architecture string
}

// Cataloger reads images. It may be used by many goroutines.
type Cataloger struct {
	registry *registryClient
	layers   *layerCache
	limits   Limits
	log      *slog.Logger
	flights  flights[result]
}

type result struct {
	image inventory.Image
	sbom  vuln.SBOM
}

// New makes a Cataloger and its cache directory. A mirror that is not a URL is
// fault.ErrInvalid.
func New(cfg Config) (*Cataloger, error) {
	if cfg.Dir == "" {
		return nil, fmt.Errorf("catalog: no cache directory: %w", fault.ErrInvalid)
	}
	limits := cfg.Limits.WithDefaults()
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	client, err := newRegistryClient(cfg)
	if err != nil {
		return nil, err
	}
	cache, err := openLayerCache(cfg.Dir, limits, log)
	if err != nil {
		return nil, err
	}
	return &Cataloger{registry: client, layers: cache, limits: limits, log: log}, nil
}

// Tool names the program and version that makes the SBOMs, "syft 1.57.0".
func (c *Cataloger) Tool() string { return tool() }

// Catalog reads one image and makes its SBOM. Concurrent requests for the same
// image are answered by one reading. Errors wrap a category of package fault:
// ErrInvalid for a broken or hostile image, ErrNotFound for one that is gone or
// has no manifest for the platform, ErrDenied, ErrThrottled and ErrUnavailable
// for what the registry answered.
func (c *Cataloger) Catalog(ctx context.Context, req Request) (inventory.Image, vuln.SBOM, error) {
	if req.OS == "" {
		req.OS = "linux"
	}
	if req.Architecture == "" {
		req.Architecture = "amd64"
	}
	key := strings.Join([]string{req.Repository, req.Digest, req.OS, req.Architecture}, "\x00")
	got, err := c.flights.do(ctx, key, func() (result, error) { return c.catalog(ctx, req) })
	if err != nil {
		return inventory.Image{}, vuln.SBOM{}, fmt.Errorf("catalog image %s@%s: %w", req.Repository, req.Digest, err)
	}
	return got.image, got.sbom, nil
}

func (c *Cataloger) catalog(ctx context.Context, req Request) (result, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, c.limits.Time, errTooSlow(c.limits.Time))
	defer cancel()
	got, err := c.read(bounded, req)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return result{}, context.Cause(bounded)
	}
	return got, err
}

func (c *Cataloger) read(ctx context.Context, req Request) (got result, err error) {
	// A parser that panics on an image's content costs that image, not the scan.
	defer func() {
		if p := recover(); p != nil {
			c.log.LogAttrs(ctx, slog.LevelError, "reading an image panicked", slog.String("digest", req.Digest), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("reading the image panicked: %v", p)
		}
	}()
	manifest, err := c.registry.manifest(ctx, req, c.limits)
	if err != nil {
		return result{}, err
	}
	// The first image's pull is time enough for the licence scanner to be built.
	go func() { _, _ = licenceScanner() }()
	layers, err := c.openLayers(ctx, manifest)
	if err != nil {
		return result{}, err
	}
	defer closeLayers(layers)
	tree, err := newImageTree(manifest, layers)
	if err != nil {
		return result{}, err
	}
	document, err := makeSBOM(ctx, tree, manifest.reference)
	if err != nil {
		return result{}, err
	}
	return describe(req, manifest, layers, document), nil
}

// pullsAtOnce is how many layers of one image are pulled at the same time: as
// many as Docker's own default.
const pullsAtOnce = 3

// openLayers makes sure that every layer is in the cache and opens them in order.
func (c *Cataloger) openLayers(ctx context.Context, m *imageManifest) (_ []*openLayer, err error) {
	layers := make([]*openLayer, len(m.layers))
	defer func() {
		if err != nil {
			closeLayers(layers)
		}
	}()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(pullsAtOnce)
	for i, l := range m.layers {
		group.Go(func() error {
			opened, err := c.layers.open(ctx, l, m.pull)
			layers[i] = opened
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return layers, err
	}
	var total int64
	var files int
	for _, l := range layers {
		total += l.size
		files += len(l.entries)
	}
	if total > c.limits.Image {
		return layers, fmt.Errorf("image unpacks to %d bytes, more than the limit of %d: %w", total, c.limits.Image, fault.ErrInvalid)
	}
	if files > c.limits.Files {
		return layers, fmt.Errorf("image has %d files, more than the limit of %d: %w", files, c.limits.Files, fault.ErrInvalid)
	}
	return layers, nil
}

func closeLayers(layers []*openLayer) {
	for _, l := range layers {
		if l != nil {
			_ = l.file.Close()
		}
	}
}

// describe joins what the registry and the SBOM tell.
func describe(req Request, m *imageManifest, layers []*openLayer, document *document) result {
	im := inventory.Image{
		Digest: req.Digest, Repository: req.Repository, Platform: m.platform, CreatedAt: m.created,
		OS: document.os, Packages: document.packages,
	}
	if m.digest != req.Digest {
		im.ManifestDigest = m.digest
	}
	for i, l := range m.layers {
		im.Layers = append(im.Layers, inventory.Layer{DiffID: l.diffID, Size: layers[i].size, CreatedBy: l.createdBy})
	}
	return result{image: im, sbom: vuln.SBOM{
		ImageDigest: m.digest, Tool: tool(), Format: "syft-json",
		OS: document.os, Packages: document.packages, Document: document.bytes,
	}}
}

// isContext tells an error of a cancelled or expired context.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
