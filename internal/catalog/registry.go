package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/eksposure/eksposure/internal/fault"
)

// registryClient pulls manifests and layers by digest.
type registryClient struct {
	mirrors   []mirror
	keys      *keychain
	transport http.RoundTripper
}

// imageManifest is an image of one platform, before its layers are read.
type imageManifest struct {
	reference string // REGISTRY/REPOSITORY@DIGEST of the manifest
	digest    string
	platform  string // OS/ARCH[/VARIANT]
	created   time.Time
	mediaType types.MediaType
	raw       []byte
	rawConfig []byte
	configID  string
	config    v1.ConfigFile
	layers    []layerRef
	// pull opens the compressed bytes of a layer.
	pull func(ctx context.Context, l layerRef) (io.ReadCloser, error)
}

// layerRef names a layer before it is read.
type layerRef struct {
	digest    string // of the compressed bytes
	diffID    string // of the tar archive
	size      int64  // of the compressed bytes
	mediaType types.MediaType
	createdBy string
}

func newRegistryClient(cfg Config) (*registryClient, error) {
	mirrors, err := parseMirrors(cfg.Mirrors)
	if err != nil {
		return nil, err
	}
	transport := cfg.Transport
	if transport == nil {
		transport = newTransport()
	}
	return &registryClient{
		mirrors:   mirrors,
		keys:      &keychain{login: cfg.Login, dockerConfig: cfg.DockerConfig},
		transport: transport,
	}, nil
}

// newTransport bounds every phase of a request but the body, which the time limit
// of the image bounds.
func newTransport() http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout: 90 * time.Second, MaxIdleConns: 64, MaxIdleConnsPerHost: 8,
	}
}

// manifest finds the request's image, through an index when there is one, and
// reads its config.
func (r *registryClient) manifest(ctx context.Context, req Request, limits Limits) (*imageManifest, error) {
	if _, err := v1.NewHash(req.Digest); err != nil {
		return nil, fmt.Errorf("digest %q: %w: %w", req.Digest, err, fault.ErrInvalid)
	}
	s, err := r.open(ctx, req.Repository)
	if err != nil {
		return nil, err
	}
	got, err := s.resolve(ctx, req.Digest, v1.Platform{OS: req.OS, Architecture: req.Architecture}, 0)
	if err != nil {
		return nil, err
	}
	return s.image(ctx, got, limits)
}

// parseRepository reads REGISTRY/REPOSITORY; with no registry it is Docker Hub.
func parseRepository(s string) (name.Repository, error) {
	repository, err := name.NewRepository(s)
	if err != nil {
		return name.Repository{}, fmt.Errorf("repository %.200q: %w: %w", s, err, fault.ErrInvalid)
	}
	return repository, nil
}

// session is the connection to one repository, with its credentials.
type session struct {
	upstream   name.Repository
	repository name.Repository // the one really asked: upstream, or its mirror
	puller     *remote.Puller
}

func (r *registryClient) session(ctx context.Context, upstream name.Repository) (*session, error) {
	host := registryHost(upstream)
	repository, secure, err := route(r.mirrors, upstream)
	if err != nil {
		return nil, err
	}
	auth, err := r.keys.credentials(ctx, host, secure)
	if err != nil {
		return nil, fmt.Errorf("log in to %q: %w", host, err)
	}
	puller, err := remote.NewPuller(remote.WithAuth(auth), remote.WithTransport(r.transport), remote.WithUserAgent("eksposure"))
	if err != nil {
		return nil, fmt.Errorf("registry client for %q: %w", host, err)
	}
	return &session{upstream: upstream, repository: repository, puller: puller}, nil
}

// resolve fetches a manifest and follows an index to the platform's image.
func (s *session) resolve(ctx context.Context, digest string, want v1.Platform, depth int) (*remote.Descriptor, error) {
	if depth >= maxNesting {
		return nil, fmt.Errorf("image indexes are nested more than %d deep: %w", maxNesting, fault.ErrInvalid)
	}
	got, err := s.puller.Get(ctx, s.repository.Digest(digest))
	if err != nil {
		return nil, fmt.Errorf("pull manifest %s: %w", digest, translate(err))
	}
	if len(got.Manifest) > maxManifest {
		return nil, fmt.Errorf("manifest %s has %d bytes, more than %d: %w", digest, len(got.Manifest), maxManifest, fault.ErrInvalid)
	}
	switch kind := manifestType(got); {
	case kind.IsImage():
		got.MediaType = kind
		return got, nil
	case kind.IsIndex():
		chosen, err := choose(got.Manifest, want)
		if err != nil {
			return nil, err
		}
		return s.resolve(ctx, chosen, want, depth+1)
	default:
		return nil, fmt.Errorf("manifest %s has the unsupported media type %q: %w", digest, got.MediaType, fault.ErrInvalid)
	}
}

// manifestType trusts the body over the header, which some registries get wrong.
func manifestType(d *remote.Descriptor) types.MediaType {
	var body struct {
		MediaType types.MediaType `json:"mediaType"`
	}
	if err := json.Unmarshal(d.Manifest, &body); err == nil && body.MediaType != "" {
		return body.MediaType
	}
	return d.MediaType
}

// isPlatform tells an image from what else an index holds: attestation manifests,
// which BuildKit stores with the platform unknown/unknown.
func isPlatform(m v1.Descriptor) bool {
	return m.Annotations["vnd.docker.reference.type"] != "attestation-manifest" && m.Platform != nil && m.Platform.OS != "unknown"
}

// choose picks the platform's manifest of an index.
func choose(raw []byte, want v1.Platform) (string, error) {
	index, err := v1.ParseIndexManifest(bytes.NewReader(raw))
	if err != nil {
		return "", fmt.Errorf("image index: %w: %w", err, fault.ErrInvalid)
	}
	var has []string
	for _, m := range index.Manifests {
		if !isPlatform(m) {
			continue
		}
		if m.Platform.OS == want.OS && m.Platform.Architecture == want.Architecture {
			return m.Digest.String(), nil
		}
		has = append(has, m.Platform.String())
	}
	slices.Sort(has)
	return "", fmt.Errorf("image index has no manifest for %s/%s, only for %q: %w", want.OS, want.Architecture, slices.Compact(has), fault.ErrNotFound)
}

// image reads the manifest's config and checks that the two agree.
func (s *session) image(ctx context.Context, d *remote.Descriptor, limits Limits) (*imageManifest, error) {
	manifest, err := v1.ParseManifest(bytes.NewReader(d.Manifest))
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w: %w", d.Digest, err, fault.ErrInvalid)
	}
	if !manifest.Config.MediaType.IsConfig() {
		return nil, fmt.Errorf("manifest %s is not a container image, its config is %q: %w", d.Digest, manifest.Config.MediaType, fault.ErrInvalid)
	}
	if len(manifest.Layers) > maxLayers {
		return nil, fmt.Errorf("image has %d layers, more than %d: %w", len(manifest.Layers), maxLayers, fault.ErrInvalid)
	}
	raw, err := s.configFile(ctx, manifest.Config)
	if err != nil {
		return nil, fmt.Errorf("pull config %s: %w", manifest.Config.Digest, err)
	}
	config, err := v1.ParseConfigFile(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("config %s: %w: %w", manifest.Config.Digest, err, fault.ErrInvalid)
	}
	layers, err := layerRefs(manifest, config, limits)
	if err != nil {
		return nil, err
	}
	return &imageManifest{
		reference: s.upstream.Digest(d.Digest.String()).String(), digest: d.Digest.String(),
		platform: platformOf(config), created: config.Created.UTC(), mediaType: d.MediaType,
		raw: d.Manifest, rawConfig: raw, configID: manifest.Config.Digest.String(), config: *config, layers: layers,
		pull: s.layer,
	}, nil
}

// platformOf prints OS/ARCH[/VARIANT], or nothing when the config states neither.
func platformOf(c *v1.ConfigFile) string {
	if p := c.Platform(); p != nil {
		return p.String()
	}
	return ""
}

func (s *session) configFile(ctx context.Context, d v1.Descriptor) ([]byte, error) {
	if d.Size > maxConfig {
		return nil, fmt.Errorf("%d bytes are more than %d: %w", d.Size, maxConfig, fault.ErrInvalid)
	}
	blob, err := s.layer(ctx, layerRef{digest: d.Digest.String()})
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	raw, err := io.ReadAll(io.LimitReader(blob, maxConfig+1))
	if err != nil {
		return nil, translate(err)
	}
	if len(raw) > maxConfig {
		return nil, fmt.Errorf("more than %d bytes: %w", maxConfig, fault.ErrInvalid)
	}
	return raw, nil
}

// layer opens a blob; its reader fails at the end when the bytes are not those
// of the digest.
func (s *session) layer(ctx context.Context, l layerRef) (io.ReadCloser, error) {
	blob, err := s.puller.Layer(ctx, s.repository.Digest(l.digest))
	if err != nil {
		return nil, translate(err)
	}
	content, err := blob.Compressed()
	if err != nil {
		return nil, translate(err)
	}
	return content, nil
}

// layerRefs joins the manifest's layers with the config's diff IDs and history.
func layerRefs(m *v1.Manifest, c *v1.ConfigFile, limits Limits) ([]layerRef, error) {
	if len(m.Layers) != len(c.RootFS.DiffIDs) {
		return nil, fmt.Errorf("manifest has %d layers, its config %d: %w", len(m.Layers), len(c.RootFS.DiffIDs), fault.ErrInvalid)
	}
	var history []string
	for _, h := range c.History {
		if !h.EmptyLayer {
			history = append(history, h.CreatedBy)
		}
	}
	var layers []layerRef
	for i, d := range m.Layers {
		if err := checkLayer(d, limits); err != nil {
			return nil, err
		}
		l := layerRef{digest: d.Digest.String(), diffID: c.RootFS.DiffIDs[i].String(), size: d.Size, mediaType: d.MediaType}
		if !strings.HasPrefix(l.diffID, "sha256:") {
			return nil, fmt.Errorf("layer %d has the diff ID %q, want sha256: %w", i, l.diffID, fault.ErrInvalid)
		}
		if len(history) == len(m.Layers) {
			l.createdBy = history[i]
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// BuildKit's names of zstd layers with Docker media types.
const (
	dockerZstd    types.MediaType = "application/vnd.docker.image.rootfs.diff.tar.zstd"
	dockerZstdAlt types.MediaType = "application/vnd.docker.image.rootfs.diff.tar+zstd"
)

func checkLayer(d v1.Descriptor, limits Limits) error {
	if d.Size > limits.CompressedLayer {
		return fmt.Errorf("layer %s has %d bytes, more than the limit of %d: %w", d.Digest, d.Size, limits.CompressedLayer, fault.ErrInvalid)
	}
	switch d.MediaType {
	case types.OCILayer, types.OCILayerZStd, types.OCIUncompressedLayer,
		types.DockerLayer, types.DockerUncompressedLayer, dockerZstd, dockerZstdAlt:
		return nil
	case types.DockerForeignLayer, types.OCIRestrictedLayer, types.OCIUncompressedRestrictedLayer:
		return fmt.Errorf("layer %s is a foreign layer that registries do not distribute: %w", d.Digest, fault.ErrInvalid)
	default:
		return fmt.Errorf("layer %s has the unsupported media type %q: %w", d.Digest, d.MediaType, fault.ErrInvalid)
	}
}
