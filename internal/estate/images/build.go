package images

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// built is the creation time in every image: a constant, so that digests are.
var built = time.Date(2026, time.October, 1, 8, 0, 0, 0, time.UTC)

// entry is one file, link or directory of a layer.
type entry struct {
	path     string
	body     []byte
	link     string
	mode     int64
	typeflag byte
}

func file(name string, body []byte) entry {
	return entry{path: name, body: body, mode: 0o644, typeflag: tar.TypeReg}
}

func text(name, body string) entry { return file(name, []byte(body)) }

func program(name string, body []byte) entry {
	return entry{path: name, body: body, mode: 0o755, typeflag: tar.TypeReg}
}

func symlink(name, target string) entry {
	return entry{path: name, link: target, mode: 0o777, typeflag: tar.TypeSymlink}
}

func hardlink(name, target string) entry {
	return entry{path: name, link: target, mode: 0o755, typeflag: tar.TypeLink}
}

// whiteout removes what a lower layer has at the path, as the OCI image
// specification says in "Whiteouts".
func whiteout(name string) entry {
	return file(path.Join(path.Dir(name), ".wh."+path.Base(name)), nil)
}

// layer is one filesystem change set, packed.
type layer struct {
	packed    []byte
	diffID    string
	mediaType types.MediaType
	createdBy string
}

// newLayer packs entries in the order of their paths, hard links last, with the
// directories above them, as image builders do.
func newLayer(createdBy string, compression int, entries ...entry) (layer, error) {
	plain, err := packTar(entries)
	if err != nil {
		return layer{}, fmt.Errorf("layer %q: %w", createdBy, err)
	}
	packed, err := packGzip(plain, compression)
	if err != nil {
		return layer{}, fmt.Errorf("layer %q: %w", createdBy, err)
	}
	return layer{packed: packed, diffID: digest(plain), mediaType: types.OCILayer, createdBy: createdBy}, nil
}

func packTar(entries []entry) ([]byte, error) {
	sorted := slices.Clone(entries)
	seen := map[string]bool{}
	for _, e := range entries {
		seen[e.path] = true
	}
	for _, e := range entries {
		for dir := path.Dir(e.path); dir != "." && dir != "/" && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			sorted = append(sorted, entry{path: dir, mode: 0o755, typeflag: tar.TypeDir})
		}
	}
	slices.SortStableFunc(sorted, func(a, b entry) int {
		return cmp.Or(cmp.Compare(lastRank(a), lastRank(b)), cmp.Compare(a.path, b.path))
	})
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range sorted {
		header := &tar.Header{
			Name: e.path, Typeflag: e.typeflag, Linkname: e.link, Mode: e.mode,
			Size: int64(len(e.body)), ModTime: built, Format: tar.FormatPAX,
		}
		if e.typeflag == tar.TypeDir {
			header.Name += "/"
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.body); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// lastRank puts hard links behind the files that they name.
func lastRank(e entry) int {
	if e.typeflag == tar.TypeLink {
		return 1
	}
	return 0
}

func packGzip(plain []byte, compression int) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, compression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// artifact is what a registry must hold to serve an image or an index.
type artifact struct {
	digest    string
	platforms map[string]string
	manifests []rawManifest
	blobs     [][]byte
}

type rawManifest struct {
	digest    string
	mediaType string
	raw       []byte
}

// newImage writes the config and the manifest of layers for one platform.
func newImage(architecture string, layers ...layer) (artifact, error) {
	config := v1.ConfigFile{
		Architecture: architecture, OS: "linux", Created: v1.Time{Time: built},
		RootFS: v1.RootFS{Type: "layers"},
	}
	manifest := v1.Manifest{SchemaVersion: 2, MediaType: types.OCIManifestSchema1}
	content := artifact{}
	for i, l := range layers {
		diffID, err := v1.NewHash(l.diffID)
		if err != nil {
			return artifact{}, err
		}
		blobID, err := v1.NewHash(digest(l.packed))
		if err != nil {
			return artifact{}, err
		}
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diffID)
		config.History = append(config.History, v1.History{CreatedBy: l.createdBy, Created: v1.Time{Time: built}})
		if i == 0 {
			config.History = append(config.History, v1.History{CreatedBy: `CMD ["/bin/sh"]`, Created: v1.Time{Time: built}, EmptyLayer: true})
		}
		manifest.Layers = append(manifest.Layers, v1.Descriptor{MediaType: l.mediaType, Size: int64(len(l.packed)), Digest: blobID})
		content.blobs = append(content.blobs, l.packed)
	}
	rawConfig, err := json.Marshal(config)
	if err != nil {
		return artifact{}, err
	}
	configID, err := v1.NewHash(digest(rawConfig))
	if err != nil {
		return artifact{}, err
	}
	manifest.Config = v1.Descriptor{MediaType: types.OCIConfigJSON, Size: int64(len(rawConfig)), Digest: configID}
	raw, err := json.Marshal(manifest)
	if err != nil {
		return artifact{}, err
	}
	content.blobs = append(content.blobs, rawConfig)
	content.digest = digest(raw)
	content.manifests = []rawManifest{{digest: content.digest, mediaType: string(types.OCIManifestSchema1), raw: raw}}
	content.platforms = map[string]string{"linux/" + architecture: content.digest}
	return content, nil
}

// newIndex joins images of several architectures, with the attestation manifest
// of platform unknown/unknown that BuildKit adds to each.
func newIndex(images ...artifact) (artifact, error) {
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex}
	joined := artifact{platforms: map[string]string{}}
	add := func(m rawManifest, platform v1.Platform, annotations map[string]string) error {
		id, err := v1.NewHash(m.digest)
		if err != nil {
			return err
		}
		index.Manifests = append(index.Manifests, v1.Descriptor{
			MediaType: types.OCIManifestSchema1, Size: int64(len(m.raw)), Digest: id,
			Platform: &platform, Annotations: annotations,
		})
		joined.manifests = append(joined.manifests, m)
		return nil
	}
	for _, im := range images {
		joined.blobs = append(joined.blobs, im.blobs...)
		for platform, id := range im.platforms {
			joined.platforms[platform] = id
			p, err := v1.ParsePlatform(platform)
			if err != nil {
				return artifact{}, err
			}
			if err := add(im.manifests[0], *p, nil); err != nil {
				return artifact{}, err
			}
		}
		attestation, blobs, err := newAttestation(im.digest)
		if err != nil {
			return artifact{}, err
		}
		joined.blobs = append(joined.blobs, blobs...)
		err = add(attestation, v1.Platform{OS: "unknown", Architecture: "unknown"}, map[string]string{
			"vnd.docker.reference.digest": im.digest, "vnd.docker.reference.type": "attestation-manifest",
		})
		if err != nil {
			return artifact{}, err
		}
	}
	raw, err := json.Marshal(index)
	if err != nil {
		return artifact{}, err
	}
	joined.digest = digest(raw)
	joined.manifests = append(joined.manifests, rawManifest{digest: joined.digest, mediaType: string(types.OCIImageIndex), raw: raw})
	return joined, nil
}

// newAttestation writes an in-toto attestation manifest as BuildKit stores it.
func newAttestation(subject string) (rawManifest, [][]byte, error) {
	statement := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2","subject":[{"digest":%q}]}`, subject)
	config := []byte(`{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`)
	configID, err := v1.NewHash(digest(config))
	if err != nil {
		return rawManifest{}, nil, err
	}
	layerID, err := v1.NewHash(digest(statement))
	if err != nil {
		return rawManifest{}, nil, err
	}
	raw, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
		Config: v1.Descriptor{MediaType: types.OCIConfigJSON, Size: int64(len(config)), Digest: configID},
		Layers: []v1.Descriptor{{MediaType: "application/vnd.in-toto+json", Size: int64(len(statement)), Digest: layerID}},
	})
	if err != nil {
		return rawManifest{}, nil, err
	}
	return rawManifest{digest: digest(raw), mediaType: string(types.OCIManifestSchema1), raw: raw}, [][]byte{config, statement}, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}
