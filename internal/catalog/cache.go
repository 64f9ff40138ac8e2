package catalog

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// layerCache keeps each layer once, by diff ID, as two files: HEX.tar, the
// archive byte for byte, whose SHA-256 is the diff ID itself, and HEX.index, the
// list of its members behind a checksum of its own. The index is renamed into
// place last, so that a layer with an index is whole.
type layerCache struct {
	dir     string
	limits  Limits
	log     *slog.Logger
	flights flights[*layer]

	mu     sync.Mutex
	loaded map[string]*layer // verified in this process
	kept   int               // entries in loaded
	inUse  map[string]int
}

// openLayer is a layer with its archive open; the archive can be read even after
// the cache let go of it.
type openLayer struct {
	*layer

	ref  layerRef
	file *os.File
}

const (
	indexFormat = 1
	// maxLoaded bounds the entries of indexes in memory: about 300 MB, or some
	// fifty usual base layers.
	maxLoaded = 1_000_000
	// maxIndex bounds an index file: a million entries of 200 bytes.
	maxIndex = 512 << 20
)

func openLayerCache(dir string, limits Limits, log *slog.Logger) (*layerCache, error) {
	c := &layerCache{
		dir: filepath.Join(dir, "layers"), limits: limits, log: log,
		loaded: map[string]*layer{}, inUse: map[string]int{},
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the layer cache: %w", err)
	}
	if err := c.sweep(); err != nil {
		return nil, fmt.Errorf("tidy the layer cache: %w", err)
	}
	return c, nil
}

// abandoned is the age of a temporary file that no running process still writes:
// far above what pulling a layer may take.
const abandoned = 24 * time.Hour

// sweep removes the temporary files of processes that were killed. A new file
// tells the time of the file system's clock.
func (c *layerCache) sweep() error {
	probe, err := os.CreateTemp(c.dir, "probe-*.tmp")
	if err != nil {
		return err
	}
	info, err := probe.Stat()
	if err := errors.Join(err, probe.Close(), os.Remove(probe.Name())); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(c.dir, "*.tmp"))
	if err != nil {
		return err
	}
	for _, file := range left {
		old, err := os.Stat(file)
		if err == nil && info.ModTime().Sub(old.ModTime()) > abandoned {
			_ = os.Remove(file)
		}
	}
	return nil
}

// attempts is how often a layer is looked for when another process evicts it
// between its being made and its being opened.
const attempts = 3

// open gives the layer, pulling it when the cache has it not or not whole.
func (c *layerCache) open(ctx context.Context, ref layerRef, pull func(context.Context, layerRef) (io.ReadCloser, error)) (*openLayer, error) {
	c.hold(ref.diffID, 1)
	defer c.hold(ref.diffID, -1)
	var err error
	for range attempts {
		var l *layer
		l, err = c.flights.do(ctx, ref.diffID, func() (*layer, error) { return c.get(ctx, ref, pull) })
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", ref.digest, err)
		}
		var archive *os.File
		archive, err = os.Open(c.path(ref.diffID, ".tar"))
		if err == nil {
			return &openLayer{layer: l, ref: ref, file: archive}, nil
		}
		c.forget(ref.diffID)
	}
	return nil, fmt.Errorf("layer %s: open the cached archive: %w", ref.digest, err)
}

func (c *layerCache) get(ctx context.Context, ref layerRef, pull func(context.Context, layerRef) (io.ReadCloser, error)) (*layer, error) {
	l, err := c.load(ref.diffID)
	if err == nil {
		return l, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.log.LogAttrs(ctx, slog.LevelWarn, "cached layer is damaged and is made again", slog.String("diff_id", ref.diffID), slog.Any("error", err))
		c.remove(ref.diffID)
	}
	blob, err := pull(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return c.store(ref, blob)
}

// load finds a layer in memory or on disk. From disk it is verified once.
func (c *layerCache) load(diffID string) (*layer, error) {
	c.mu.Lock()
	l := c.loaded[diffID]
	c.mu.Unlock()
	if l != nil {
		if _, err := os.Stat(c.path(diffID, ".tar")); err != nil {
			return nil, err
		}
		return l, nil
	}
	l, err := c.readIndex(diffID)
	if err != nil {
		return nil, err
	}
	archive, err := os.Open(c.path(diffID, ".tar"))
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(archive, l.size+1))
	if err != nil {
		return nil, err
	}
	if got := "sha256:" + hex.EncodeToString(hash.Sum(nil)); n != l.size || got != diffID {
		return nil, fmt.Errorf("archive is %s: %w", got, fault.ErrInvalid)
	}
	c.remember(l)
	return l, nil
}

// store unpacks a pulled layer into the cache.
func (c *layerCache) store(ref layerRef, blob io.Reader) (_ *layer, err error) {
	archive, err := os.CreateTemp(c.dir, "pull-*.tmp")
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, archive.Close())
		if err != nil {
			_ = os.Remove(archive.Name())
		}
	}()
	// Errors of the blob's reader come through the decompressor; mark them here,
	// where it is still known that they are the registry's.
	l, err := unpack(translatingReader{blob}, cacheWriter{archive}, c.limits)
	if err != nil {
		return nil, err
	}
	if l.diffID != ref.diffID {
		return nil, fmt.Errorf("unpacks to %s, but the image's config says %s: %w", l.diffID, ref.diffID, fault.ErrInvalid)
	}
	if err := os.Rename(archive.Name(), c.path(l.diffID, ".tar")); err != nil {
		return nil, err
	}
	if err := c.writeIndex(l); err != nil {
		return nil, err
	}
	c.remember(l)
	return l, c.evict()
}

// translatingReader gives the read errors of a registry's body their category.
type translatingReader struct{ r io.Reader }

// Read implements io.Reader.
func (t translatingReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = translate(err)
	}
	return n, err
}

// indexFile is the content of HEX.index.
type indexFile struct {
	Format  int
	DiffID  string
	Size    int64
	Entries []entry
}

func (c *layerCache) writeIndex(l *layer) error {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(indexFile{Format: indexFormat, DiffID: l.diffID, Size: l.size, Entries: l.entries}); err != nil {
		return fmt.Errorf("encode the layer's index: %w", err)
	}
	sum := sha256.Sum256(body.Bytes())
	temporary, err := os.CreateTemp(c.dir, "index-*.tmp")
	if err != nil {
		return err
	}
	_, err = temporary.Write(append(sum[:], body.Bytes()...))
	if err := errors.Join(err, temporary.Close()); err != nil {
		_ = os.Remove(temporary.Name())
		return err
	}
	return os.Rename(temporary.Name(), c.path(l.diffID, ".index"))
}

func (c *layerCache) readIndex(diffID string) (*layer, error) {
	f, err := os.Open(c.path(diffID, ".index"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxIndex))
	if err != nil {
		return nil, err
	}
	return parseIndex(raw, diffID)
}

// parseIndex trusts nothing of the file before its checksum is right.
func parseIndex(raw []byte, diffID string) (*layer, error) {
	if len(raw) < sha256.Size {
		return nil, fmt.Errorf("index has %d bytes: %w", len(raw), fault.ErrInvalid)
	}
	body := raw[sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], raw[:sha256.Size]) {
		return nil, fmt.Errorf("index has a wrong checksum: %w", fault.ErrInvalid)
	}
	var stored indexFile
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&stored); err != nil {
		return nil, fmt.Errorf("index: %w: %w", err, fault.ErrInvalid)
	}
	if stored.Format != indexFormat || stored.DiffID != diffID {
		return nil, fmt.Errorf("index of format %d for %s: %w", stored.Format, stored.DiffID, fault.ErrInvalid)
	}
	return &layer{diffID: stored.DiffID, size: stored.Size, entries: stored.Entries}, nil
}

// remember keeps a verified layer in memory, dropping others when there are too many.
func (c *layerCache) remember(l *layer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, other := range c.loaded {
		if c.kept+len(l.entries) <= maxLoaded {
			break
		}
		if c.inUse[id] == 0 {
			c.kept -= len(other.entries)
			delete(c.loaded, id)
		}
	}
	if old := c.loaded[l.diffID]; old != nil {
		c.kept -= len(old.entries)
	}
	c.loaded[l.diffID] = l
	c.kept += len(l.entries)
}

func (c *layerCache) forget(diffID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.loaded[diffID]; l != nil {
		c.kept -= len(l.entries)
		delete(c.loaded, diffID)
	}
}

// hold counts the images that are about to use a layer, which keeps it from
// eviction.
func (c *layerCache) hold(diffID string, delta int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inUse[diffID] += delta
	if c.inUse[diffID] == 0 {
		delete(c.inUse, diffID)
	}
}

func (c *layerCache) remove(diffID string) {
	c.forget(diffID)
	_ = os.Remove(c.path(diffID, ".index"))
	_ = os.Remove(c.path(diffID, ".tar"))
}

// cached is a layer on disk, for eviction.
type cached struct {
	diffID string
	size   int64
	made   time.Time
}

// evict removes the layers that were made first until the cache is within its
// bound. A layer in use stays; an open archive remains readable anyway.
func (c *layerCache) evict() error {
	all, total, err := c.list()
	if err != nil || total <= c.limits.Cache {
		return err
	}
	for _, l := range all {
		if total <= c.limits.Cache {
			return nil
		}
		c.mu.Lock()
		busy := c.inUse[l.diffID] > 0
		c.mu.Unlock()
		if busy {
			continue
		}
		c.remove(l.diffID)
		total -= l.size
	}
	return nil
}

// list gives the cached layers, oldest first.
func (c *layerCache) list() (all []cached, total int64, err error) {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.Name(), ".tar")
		info, err := f.Info()
		if !ok || err != nil {
			continue
		}
		all = append(all, cached{diffID: "sha256:" + id, size: info.Size(), made: info.ModTime()})
		total += info.Size()
	}
	slices.SortFunc(all, func(a, b cached) int {
		return cmp.Or(a.made.Compare(b.made), cmp.Compare(a.diffID, b.diffID))
	})
	return all, total, nil
}

// path names a layer's file. The diff ID was checked to be a SHA-256, so it is
// hexadecimal and can not lead elsewhere.
func (c *layerCache) path(diffID, extension string) string {
	return filepath.Join(c.dir, strings.TrimPrefix(diffID, "sha256:")+extension)
}
