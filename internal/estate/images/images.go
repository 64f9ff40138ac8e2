// Package images makes the container images of the simulated estate and serves
// them from a real OCI registry.
//
// The images are small, but what they hold is real: package metadata of real
// releases with real, well-known vulnerabilities, in the files and formats that
// package managers write. Nothing is downloaded and nothing is random: the same
// program makes the same digests. Beside the healthy images there are broken and
// hostile ones, because a scan must survive them. The package never runs any
// content and never writes a file.
package images

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The registries of the published images. ECR stands for the estate's own
// account registries, whose host names (ACCOUNT.dkr.ecr.REGION.amazonaws.com) the
// estate chooses; AddonRegistry is AWS's registry of EKS add-on images, in the
// form that https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
// gives for us-east-1.
const (
	ECR           = "ecr"
	DockerHub     = "docker.io"
	Quay          = "quay.io"
	AddonRegistry = "602401143452.dkr.ecr.us-east-1.amazonaws.com"
)

// Published is one image as the registry serves it.
type Published struct {
	// Name is the word by which Registry.Image knows it.
	Name string
	// Registry is ECR for an image of the estate's own accounts, else the host name.
	Registry string
	// Repository is the path in the registry, "shop/web".
	Repository string
	Tag        string
	// Digest is what a node reports as the running image: the index when there is
	// one, else the manifest.
	Digest string
	// Manifests maps each platform, "linux/amd64", to its manifest's digest.
	Manifests map[string]string
	// Addon is the EKS add-on that the image belongs to, else empty.
	Addon string
	// Broken tells that the image can not be catalogued.
	Broken bool
	// About says in a few words what the image stands for.
	About string
}

// Host returns the registry's host name for an ECR account and region.
func (p Published) Host(account, region string) string {
	if p.Registry != ECR {
		return p.Registry
	}
	return account + ".dkr.ecr." + region + ".amazonaws.com"
}

// Registry is a set of published images behind an OCI distribution endpoint.
type Registry struct {
	oci    http.Handler
	images map[string]Published
	// tampered maps a blob's digest to the wrong bytes that are served for it.
	tampered map[string][]byte
}

// New builds and publishes every image of the estate.
func New() (*Registry, error) {
	r := empty()
	for _, build := range estate() {
		if err := build(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Names lists the published images in order.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.images)) }

// Image returns a published image, or the zero Published when there is none.
func (r *Registry) Image(name string) Published { return r.images[name] }

// Images lists the published images, ordered by name.
func (r *Registry) Images() []Published {
	var all []Published
	for _, name := range r.Names() {
		all = append(all, r.images[name])
	}
	return all
}

// Handler serves the registry to everybody.
func (r *Registry) Handler() http.Handler { return r.handler(nil) }

// HandlerWithLogin demands HTTP basic authentication for the repositories of ECR,
// as ECR does with the user "AWS" and an authorization token; the others stay
// open. Authorized is asked with what the client sent.
func (r *Registry) HandlerWithLogin(authorized func(user, password string) bool) http.Handler {
	return r.handler(authorized)
}

func (r *Registry) handler(authorized func(user, password string) bool) http.Handler {
	private := map[string]bool{}
	for _, p := range r.images {
		private[p.Repository] = p.Registry == ECR || p.Registry == AddonRegistry
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		user, password, _ := req.BasicAuth()
		if authorized != nil && private[repositoryOf(req.URL.Path)] && !authorized(user, password) {
			unauthorized(w, req.Host)
			return
		}
		if wrong, ok := r.tampered[digestOf(req.URL.Path)]; ok {
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = io.Copy(w, bytes.NewReader(wrong))
			return
		}
		r.oci.ServeHTTP(w, req)
	})
}

// unauthorized answers as ECR does to a missing or wrong token.
func unauthorized(w http.ResponseWriter, host string) {
	w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Basic realm="https://%s/",service="ecr.amazonaws.com"`, host))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"Not Authorized"}]}`)
}

// repositoryOf takes the repository out of /v2/REPOSITORY/{manifests,blobs}/REF.
func repositoryOf(path string) string {
	rest, ok := strings.CutPrefix(path, "/v2/")
	if !ok {
		return ""
	}
	for _, kind := range []string{"/manifests/", "/blobs/", "/tags/"} {
		if i := strings.LastIndex(rest, kind); i >= 0 {
			return rest[:i]
		}
	}
	return ""
}

func digestOf(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func empty() *Registry {
	return &Registry{
		oci:      registry.New(registry.Logger(log.New(io.Discard, "", 0))),
		images:   map[string]Published{},
		tampered: map[string][]byte{},
	}
}

// publish stores an image or an index under its repository, by digest and tag.
func (r *Registry) publish(p Published, content artifact) error {
	for _, blob := range content.blobs {
		if err := r.putBlob(p.Repository, blob); err != nil {
			return fmt.Errorf("publish image %q: %w", p.Name, err)
		}
	}
	for _, m := range content.manifests {
		references := []string{m.digest}
		if m.digest == content.digest {
			references = append(references, p.Tag)
		}
		for _, reference := range references {
			if err := r.put(http.MethodPut, "/v2/"+p.Repository+"/manifests/"+reference, m.mediaType, m.raw); err != nil {
				return fmt.Errorf("publish image %q: %w", p.Name, err)
			}
		}
	}
	p.Digest = content.digest
	p.Manifests = content.platforms
	r.images[p.Name] = p
	return nil
}

func (r *Registry) putBlob(repository string, blob []byte) error {
	digest, _, err := v1.SHA256(bytes.NewReader(blob))
	if err != nil {
		return err
	}
	return r.put(http.MethodPost, "/v2/"+repository+"/blobs/uploads/?digest="+digest.String(), "application/octet-stream", blob)
}

// put speaks the distribution protocol to the registry in this process.
func (r *Registry) put(method, target, mediaType string, body []byte) error {
	to, err := url.Parse(target)
	if err != nil {
		return err
	}
	got := &answer{header: http.Header{}, status: http.StatusOK}
	r.oci.ServeHTTP(got, &http.Request{
		Method: method, URL: to, Host: "localhost", Header: http.Header{"Content-Type": {mediaType}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	})
	if got.status != http.StatusCreated {
		return fmt.Errorf("%s %s: %d %s", method, target, got.status, strings.TrimSpace(got.body.String()))
	}
	return nil
}

// answer keeps what the registry answers to this process.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
