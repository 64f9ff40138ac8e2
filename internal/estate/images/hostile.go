package images

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Sizes of the decompression bomb: 1 MiB of layer that would become 1 GiB.
const (
	bombMember  = 16 << 20
	bombMembers = 64
)

// addBroken publishes the images that can not be catalogued, each for another
// reason.
func addBroken(r *Registry) error {
	good, err := newLayer("COPY notes.txt / # buildkit", gzip.NoCompression, text("notes.txt", "These are notes, long enough to be cut in two.\n"))
	if err != nil {
		return err
	}
	if err := addMissing(r, good); err != nil {
		return err
	}
	bomb, err := bombLayer()
	if err != nil {
		return err
	}
	truncated := good
	truncated.packed = good.packed[:len(good.packed)/2]
	windows := good
	windows.mediaType = types.DockerForeignLayer
	chart := good
	chart.mediaType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	lying := good
	lying.diffID = digest([]byte("something else"))
	for _, b := range []struct {
		name, about string
		layer       layer
	}{
		{"truncated", "a layer whose gzip stream ends too early", truncated},
		{"bomb", "a layer of 1 MiB that would unpack to 1 GiB", bomb},
		{"foreign-layer", "a layer that only its vendor may distribute", windows},
		{"not-an-image", "a Helm chart", chart},
		{"wrong-diff-id", "a layer that is not the one its config names", lying},
	} {
		p := Published{Name: b.name, Registry: ECR, Repository: "broken/" + b.name, Tag: "latest", Broken: true, About: b.about}
		if err := addImage(r, p, b.layer); err != nil {
			return err
		}
	}
	return addTampered(r)
}

// addMissing names an image whose manifest the registry no longer has, as after
// a lifecycle policy removed it.
func addMissing(r *Registry, l layer) error {
	content, err := newImage("amd64", l)
	if err != nil {
		return err
	}
	content.digest = digest([]byte("an image that a lifecycle policy removed"))
	content.platforms = map[string]string{"linux/amd64": content.digest}
	return r.publish(Published{
		Name: "missing", Registry: ECR, Repository: "broken/missing", Tag: "v0.9", Broken: true,
		About: "a digest that the registry no longer has",
	}, content)
}

// addTampered serves other bytes than the digest of a layer promises.
func addTampered(r *Registry) error {
	promised, err := newLayer("COPY real.txt / # buildkit", gzip.NoCompression, text("real.txt", "what was built\n"))
	if err != nil {
		return err
	}
	served, err := newLayer("COPY real.txt / # buildkit", gzip.NoCompression, text("real.txt", "something else\n"))
	if err != nil {
		return err
	}
	r.tampered[digest(promised.packed)] = served.packed
	return addImage(r, Published{
		Name: "tampered", Registry: ECR, Repository: "broken/tampered", Tag: "latest", Broken: true,
		About: "a layer whose bytes are not those of its digest",
	}, promised)
}

// bombLayer packs one file of zeros as many gzip members, which a reader joins
// (RFC 1952, section 2.2).
func bombLayer() (layer, error) {
	var head bytes.Buffer
	w := tar.NewWriter(&head)
	err := w.WriteHeader(&tar.Header{
		Name: "var/cache/zeros", Typeflag: tar.TypeReg, Mode: 0o644, Size: bombMember * bombMembers, ModTime: built, Format: tar.FormatPAX,
	})
	if err != nil {
		return layer{}, fmt.Errorf("bomb: %w", err)
	}
	packed, err := packGzip(head.Bytes(), gzip.BestSpeed)
	if err != nil {
		return layer{}, fmt.Errorf("bomb: %w", err)
	}
	member, err := packGzip(make([]byte, bombMember), gzip.BestSpeed)
	if err != nil {
		return layer{}, fmt.Errorf("bomb: %w", err)
	}
	packed = append(packed, bytes.Repeat(member, bombMembers)...)
	return layer{packed: packed, diffID: digest(packed), mediaType: types.OCILayer, createdBy: "COPY zeros / # buildkit"}, nil
}
