package catalog

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	stereofile "github.com/anchore/stereoscope/pkg/file"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/eksposure/eksposure/internal/fault"
)

// layer is the index of one unpacked layer.
type layer struct {
	diffID  string
	size    int64 // of the tar archive
	entries []entry
}

// entry is one member of a layer's tar archive.
type entry struct {
	Name     string
	Link     string
	Type     byte
	Mode     int64
	UID, GID int
	Modified time.Time
	MIME     string
	Offset   int64 // of the content in the archive
	Size     int64
}

// unpack decompresses a layer to w, byte for byte as the tar archive that the diff
// ID names, and indexes it on the way. Nothing of the archive is ever made into
// files, so links, device nodes and paths that lead outside are only names here.
func unpack(compressed io.Reader, w io.Writer, limits Limits) (*layer, error) {
	in := &counter{r: compressed, limit: limits.CompressedLayer, what: "layer is pulled as"}
	plain, done, err := decompress(in)
	if err != nil {
		return nil, err
	}
	defer done()
	hash := sha256.New()
	out := &counter{r: io.TeeReader(plain, io.MultiWriter(hash, w)), limit: limits.Layer, what: "layer unpacks to", source: in}
	entries, err := index(out, limits)
	if err != nil {
		return nil, describeCorrupt(err)
	}
	// A reader of the archive stops at its end mark; what follows still counts
	// for the diff ID.
	if _, err := io.Copy(io.Discard, out); err != nil {
		return nil, describeCorrupt(err)
	}
	// And what follows the compressed stream counts for the digest.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, err
	}
	return &layer{diffID: "sha256:" + hex.EncodeToString(hash.Sum(nil)), size: out.n, entries: entries}, nil
}

// decompress looks at the first bytes, not at the media type, as container
// runtimes do: the two do not always agree.
func decompress(r io.Reader) (io.Reader, func(), error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, describeCorrupt(err)
		}
		return z, func() { _ = z.Close() }, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, nil, describeCorrupt(err)
		}
		return z, z.Close, nil
	default:
		return buffered, func() {}, nil
	}
}

// describeCorrupt marks what the decompressor or the archive reader says of bad
// bytes as the image's own fault; errors of the network and of limits keep theirs.
func describeCorrupt(err error) error {
	if isContext(err) || fault.Of(err).Err != nil {
		return err
	}
	if _, ok := errors.AsType[writeError](err); ok {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("layer is truncated: %w", fault.ErrInvalid)
	}
	return fmt.Errorf("layer is corrupt: %w: %w", err, fault.ErrInvalid)
}

// index reads the archive's members.
func index(r *counter, limits Limits) ([]entry, error) {
	var entries []entry
	paths := pathCounter{seen: map[string]struct{}{}, limits: limits}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		if err := paths.add(header); err != nil {
			return nil, err
		}
		if header.Size > limits.File && header.Typeflag == tar.TypeReg {
			return nil, fmt.Errorf("file %.200q has %d bytes, more than the limit of %d: %w", header.Name, header.Size, limits.File, fault.ErrInvalid)
		}
		offset := r.n
		entries = append(entries, entry{
			Name: header.Name, Link: header.Linkname, Type: header.Typeflag, Mode: header.Mode,
			UID: header.Uid, GID: header.Gid, Modified: header.ModTime.UTC(),
			MIME: stereofile.MIMEType(archive), Offset: offset, Size: header.Size,
		})
	}
}

// pathCounter bounds the file tree that the names of an archive make: its depth
// too, since each name also makes the directories above it.
type pathCounter struct {
	seen    map[string]struct{}
	members int
	limits  Limits
}

func (p *pathCounter) add(header *tar.Header) error {
	if len(header.Name) > p.limits.Path || len(header.Linkname) > p.limits.Path {
		return fmt.Errorf("path %.100q… is longer than %d bytes: %w", header.Name, p.limits.Path, fault.ErrInvalid)
	}
	if strings.ContainsRune(header.Name, 0) {
		return fmt.Errorf("path %.100q has a zero byte: %w", header.Name, fault.ErrInvalid)
	}
	for at := path.Clean("/" + header.Name); at != "/"; at = path.Dir(at) {
		if _, ok := p.seen[at]; ok {
			break
		}
		p.seen[at] = struct{}{}
	}
	p.members++
	if max(p.members, len(p.seen)) > p.limits.Files {
		return fmt.Errorf("layer has more than %d files: %w", p.limits.Files, fault.ErrInvalid)
	}
	return nil
}

// counter counts what is read, and refuses more than a limit, or more than
// maxRatio times what its source gave.
type counter struct {
	r      io.Reader
	n      int64
	limit  int64
	what   string
	source *counter
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.n > c.limit {
		return n, fmt.Errorf("%s more than the limit of %d bytes: %w", c.what, c.limit, fault.ErrInvalid)
	}
	if c.source != nil && c.n > ratioFrom && c.n > maxRatio*c.source.n {
		return n, fmt.Errorf("layer is a decompression bomb: it unpacks to more than %d times its size: %w", maxRatio, fault.ErrInvalid)
	}
	return n, err
}

// writeError is a failure to write to the cache, which is not the image's fault.
type writeError struct{ err error }

func (e writeError) Error() string { return "write to the layer cache: " + e.err.Error() }
func (e writeError) Unwrap() error { return e.err }

// cacheWriter marks the errors of the file behind it.
type cacheWriter struct{ w io.Writer }

// Write implements io.Writer.
func (c cacheWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil {
		return n, writeError{err}
	}
	return n, nil
}
