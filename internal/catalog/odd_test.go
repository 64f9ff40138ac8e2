package catalog_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/compress/zstd"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/fault"
)

// member is one member of an archive that a test makes.
type member struct {
	name, link, body string
	kind             byte
}

func archive(t *testing.T, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		if m.kind == 0 {
			m.kind = tar.TypeReg
		}
		if err := w.WriteHeader(&tar.Header{Name: m.name, Linkname: m.link, Typeflag: m.kind, Mode: 0o755, Size: int64(len(m.body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t *testing.T, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// blob is a layer whose bytes and names a test chooses.
type blob struct {
	plain, packed []byte
	kind          types.MediaType
}

func (b blob) Digest() (v1.Hash, error) {
	h, _, err := v1.SHA256(bytes.NewReader(b.packed))
	return h, err
}

func (b blob) DiffID() (v1.Hash, error) {
	h, _, err := v1.SHA256(bytes.NewReader(b.plain))
	return h, err
}
func (b blob) Size() (int64, error) { return int64(len(b.packed)), nil }

func (b blob) MediaType() (types.MediaType, error) { return b.kind, nil }

func (b blob) Compressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.packed)), nil
}

func (b blob) Uncompressed() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(b.plain)), nil
}

func gzipLayer(t *testing.T, members ...member) blob {
	t.Helper()
	plain := archive(t, members...)
	return blob{plain: plain, packed: gzipped(t, plain), kind: types.OCILayer}
}

// push makes an image of the layers in a registry of its own.
func push(t *testing.T, layers ...blob) catalog.Request {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	im := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	im = mutate.ConfigMediaType(im, types.OCIConfigJSON)
	for _, l := range layers {
		var err error
		if im, err = mutate.AppendLayers(im, l); err != nil {
			t.Fatal(err)
		}
	}
	repository, err := name.NewRepository(strings.TrimPrefix(server.URL, "http://") + "/odd/image")
	if err != nil {
		t.Fatal(err)
	}
	digest, err := im.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(repository.Digest(digest.String()), im); err != nil {
		t.Fatal(err)
	}
	return catalog.Request{Repository: repository.String(), Digest: digest.String()}
}

const (
	osRelease = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
	lodash    = `{"name":"lodash","version":"4.17.15"}`
	express   = `{"name":"express","version":"4.16.4"}`
)

// TestOddImages catalogues images that are unusual, but allowed, and compares
// with plain syft.
func TestOddImages(t *testing.T) {
	base := gzipLayer(t,
		member{name: "etc/os-release", body: osRelease},
		member{name: "app/node_modules/lodash/package.json", body: lodash},
		member{name: "app/node_modules/express/package.json", body: express},
	)
	packed := archive(t, member{name: "app/node_modules/lodash/package.json", body: lodash})
	plain := plainSyft(t)
	dir := t.TempDir()
	cataloger := newCataloger(t, catalog.Config{Dir: dir})
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		layers []blob
		want   int
	}{
		{"no layers", nil, 0},
		{"no members", []blob{gzipLayer(t)}, 0},
		{"whiteout of a file", []blob{base, gzipLayer(t, member{name: "app/node_modules/lodash/.wh.package.json"})}, 1},
		{"whiteout of a directory", []blob{base, gzipLayer(t, member{name: "app/.wh.node_modules"})}, 0},
		{"opaque directory", []blob{base, gzipLayer(t,
			member{name: "app/node_modules/.wh..wh..opq"},
			member{name: "app/node_modules/new/package.json", body: `{"name":"new","version":"1.0.0"}`},
		)}, 1},
		{"file replaced", []blob{base, gzipLayer(t, member{name: "app/node_modules/lodash/package.json", body: `{"name":"lodash","version":"4.17.21"}`})}, 2},
		{"path twice in a layer", []blob{gzipLayer(t,
			member{name: "app/package.json", body: lodash},
			member{name: "app/package.json", body: express},
		)}, 1},
		{"hard links", []blob{gzipLayer(t,
			member{name: "a/package.json", body: lodash},
			member{name: "b/package.json", link: "a/package.json", kind: tar.TypeLink},
			member{name: "c/package.json", link: "/a/package.json", kind: tar.TypeLink},
			member{name: "d/package.json", link: "nowhere", kind: tar.TypeLink},
		)}, -1},
		{"symbolic links", []blob{base, gzipLayer(t,
			member{name: "current", link: "app", kind: tar.TypeSymlink},
			member{name: "loop", link: "loop", kind: tar.TypeSymlink},
			member{name: "out", link: "../../../../etc", kind: tar.TypeSymlink},
			member{name: "passwd", link: "/../../etc/passwd", kind: tar.TypeSymlink},
		)}, 2},
		{"paths that lead outside", []blob{base, gzipLayer(t,
			member{name: "../../../../tmp/eksposure-outside", body: "x"},
			member{name: "/absolute/package.json", body: lodash},
			member{name: "./../x/../y/package.json", body: express},
		)}, -1},
		{"device nodes and pipes", []blob{base, gzipLayer(t,
			member{name: "dev/sda", kind: tar.TypeBlock},
			member{name: "dev/package.json", kind: tar.TypeChar},
			member{name: "run/package.json", kind: tar.TypeFifo},
		)}, 2},
		{"zstd", []blob{{plain: packed, packed: encoder.EncodeAll(packed, nil), kind: types.OCILayerZStd}}, 1},
		{"not compressed", []blob{{plain: packed, packed: packed, kind: types.OCIUncompressedLayer}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := push(t, c.layers...)
			_, got, err := cataloger.Catalog(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			ours := packages(t, decode(t, got))
			if c.want >= 0 && len(ours) != c.want {
				t.Errorf("%d packages, want %d", len(ours), c.want)
			}
			if c.name != "no layers" {
				if diff := cmp.Diff(packages(t, plain(req.Repository+"@"+req.Digest)), ours); diff != "" {
					t.Errorf("packages differ (-syft +ours):\n%s", diff)
				}
			}
			onlyCacheFiles(t, dir)
		})
	}
}

// onlyCacheFiles checks that nothing of an archive became a file.
func onlyCacheFiles(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		extension := filepath.Ext(path)
		if !d.IsDir() && (extension != ".tar" && extension != ".index" || filepath.Dir(path) != filepath.Join(dir, "layers")) {
			t.Errorf("unexpected file %s", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestHostileLayers(t *testing.T) {
	small := catalog.Limits{CompressedLayer: 1 << 20, Layer: 1 << 20, Image: 1 << 20, File: 200 << 10, Files: 50, Path: 100}
	many := make([]member, 60)
	for i := range many {
		many[i] = member{name: "f" + strings.Repeat("x", i)}
	}
	same := make([]member, 60)
	for i := range same {
		same[i] = member{name: "same"}
	}
	good := archive(t, member{name: "notes.txt", body: strings.Repeat("notes\n", 1000)})
	dir := t.TempDir()
	cataloger := newCataloger(t, catalog.Config{Dir: dir, Limits: small})
	header := bytes.Repeat([]byte("\xff"), 2048)
	for _, c := range []struct {
		name   string
		layers []blob
	}{
		{"too many files", []blob{gzipLayer(t, many...)}},
		{"the same file too often", []blob{gzipLayer(t, same...)}},
		{"too many files in all", []blob{gzipLayer(t, many[:40]...), gzipLayer(t, many[:20]...)}},
		{"too deep", []blob{gzipLayer(t, member{name: strings.Repeat("d/", 48), kind: tar.TypeDir}, member{name: strings.Repeat("e/", 48), kind: tar.TypeDir})}},
		{"path too long", []blob{gzipLayer(t, member{name: strings.Repeat("p", 101)})}},
		{"link too long", []blob{gzipLayer(t, member{name: "l", link: strings.Repeat("p", 101), kind: tar.TypeSymlink})}},
		{"file too big", []blob{gzipLayer(t, member{name: "big", body: strings.Repeat("b", 201<<10)})}},
		{"layer too big", []blob{gzipLayer(t, archiveOf(12, 100<<10)...)}},
		{"image too big", []blob{gzipLayer(t, archiveOf(6, 100<<10)...), gzipLayer(t, archiveOf(5, 100<<10)...)}},
		{"compressed layer too big", []blob{{plain: good, packed: make([]byte, 2<<20), kind: types.OCILayer}}},
		{"no archive", []blob{{plain: header, packed: gzipped(t, header), kind: types.OCILayer}}},
		{"no gzip", []blob{{plain: good, packed: []byte("\x1f\x8bno gzip at all"), kind: types.OCILayer}}},
		{"no zstd", []blob{{plain: good, packed: []byte("\x28\xb5\x2f\xfdno zstd at all"), kind: types.OCILayerZStd}}},
		{"archive cut short", []blob{{plain: good[:1000], packed: gzipped(t, good[:1000]), kind: types.OCILayer}}},
		{"huge header", []blob{gzipLayer(t, member{name: "x", body: ""}), {plain: hugeHeader(), packed: gzipped(t, hugeHeader()), kind: types.OCILayer}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := cataloger.Catalog(t.Context(), push(t, c.layers...))
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
			onlyCacheFiles(t, dir)
		})
	}
}

func archiveOf(files, size int) []member {
	var members []member
	for i := range files {
		members = append(members, member{name: "f" + strings.Repeat("x", i), body: strings.Repeat(string(rune('a'+i)), size)})
	}
	return members
}

// hugeHeader announces an extended header of 7 GiB.
func hugeHeader() []byte {
	block := make([]byte, 1536)
	copy(block, "pax")
	copy(block[100:], "0000644\x000000000\x000000000\x0070000000000\x0000000000000\x00        x")
	copy(block[257:], "ustar\x0000")
	sum := 0
	for _, b := range block[:512] {
		sum += int(b)
	}
	copy(block[148:], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0, ' '})
	return block
}
