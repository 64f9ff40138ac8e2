package catalog

import (
	"cmp"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// The default limits. They are well above what images of real software need and
// well below what would hurt the machine that scans.
const (
	// DefaultCompressedLayer is what the largest layers of machine-learning
	// images come near to.
	DefaultCompressedLayer = 4 << 30
	// DefaultLayer is DefaultCompressedLayer at the usual compression of 2.5.
	DefaultLayer = 10 << 30
	// DefaultImage bounds the sum of an image's unpacked layers.
	DefaultImage = 20 << 30
	// DefaultFile bounds one file; model weights of 5 GB are shipped in images.
	DefaultFile = 8 << 30
	// DefaultFiles bounds files and directories; a large full-distribution image
	// has about 300,000.
	DefaultFiles = 1_000_000
	// DefaultPath is PATH_MAX of Linux: no node could make a longer one.
	DefaultPath = 4096
	// DefaultTime bounds one image from the first request to the SBOM.
	DefaultTime = 10 * time.Minute
	// DefaultCache bounds the unpacked layers kept on disk.
	DefaultCache = 20 << 30
)

const (
	// maxRatio is the compression that only a decompression bomb reaches over
	// ratioFrom bytes: layers of programs and text stay below 20, and gzip ends
	// at 1032 (RFC 1951).
	maxRatio  = 200
	ratioFrom = 128 << 20
	// maxManifest is the size that registries accept at least, and Docker's own
	// limit: 4 MiB (OCI distribution specification, "Pushing Manifests").
	maxManifest = 4 << 20
	// maxConfig bounds an image's config, which is usually below 20 KiB.
	maxConfig = 8 << 20
	// maxLayers is more than the 127 that overlay file systems can mount.
	maxLayers = 500
	// maxNesting bounds indexes that name indexes.
	maxNesting = 3
	// zstdWindow is the window that RFC 8878 recommends decoders to support at
	// most by default, times 16 for --long archives.
	zstdWindow = 128 << 20
)

// Limits bounds what one image, or the cache, may cost. A zero field is its default.
type Limits struct {
	CompressedLayer int64         // bytes of one layer as it is pulled
	Layer           int64         // bytes of one unpacked layer
	Image           int64         // bytes of all unpacked layers of an image
	File            int64         // bytes of one file
	Files           int           // files and directories of an image
	Path            int           // bytes of a path or a link's target
	Time            time.Duration // for one image
	Cache           int64         // bytes of unpacked layers on disk
}

// WithDefaults fills the zero fields.
func (l Limits) WithDefaults() Limits {
	return Limits{
		CompressedLayer: cmp.Or(l.CompressedLayer, DefaultCompressedLayer),
		Layer:           cmp.Or(l.Layer, DefaultLayer),
		Image:           cmp.Or(l.Image, DefaultImage),
		File:            cmp.Or(l.File, DefaultFile),
		Files:           cmp.Or(l.Files, DefaultFiles),
		Path:            cmp.Or(l.Path, DefaultPath),
		Time:            cmp.Or(l.Time, DefaultTime),
		Cache:           cmp.Or(l.Cache, DefaultCache),
	}
}

func errTooSlow(limit time.Duration) error {
	return fmt.Errorf("not done within the limit of %s for one image: %w", limit, fault.ErrUnavailable)
}
