package scan

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// images reads each digest once for all clusters of a run: from memory, from the
// store, or from its registry.
type images struct {
	cfg    Config
	flight singleflight.Group
	slots  chan struct{}

	mu   sync.Mutex
	seen map[string]inventory.Image
	// used says by digest on which clusters a report's source saw the image.
	used map[string][]vuln.SeenOn
}

func newImages(cfg Config) *images {
	return &images{cfg: cfg, slots: make(chan struct{}, cfg.ImageReads), seen: map[string]inventory.Image{}, used: map[string][]vuln.SeenOn{}}
}

// fill adds the images that the snapshot's containers name, or gaps for those
// that cannot be read.
func (im *images) fill(ctx context.Context, s *inventory.Snapshot) {
	if s.Gap(inventory.SectionWorkloads) != nil {
		detail := "the running images are not known because the workloads were not read"
		s.Gaps = append(s.Gaps,
			inventory.Gap{Section: inventory.SectionImages, Reason: s.Gap(inventory.SectionWorkloads).Reason, Detail: detail},
			inventory.Gap{Section: inventory.SectionMatches, Reason: s.Gap(inventory.SectionWorkloads).Reason, Detail: detail})
		return
	}
	wanted := distinct(s)
	if len(wanted) == 0 {
		return
	}
	if im.cfg.Matcher == nil {
		s.Gaps = append(s.Gaps, inventory.Gap{Section: inventory.SectionMatches, Reason: "unavailable", Detail: im.cfg.NoMatcher})
	}
	if im.cfg.Catalog == nil {
		s.Gaps = append(s.Gaps, inventory.Gap{Section: inventory.SectionImages, Reason: "unavailable", Detail: "reading images is switched off"})
		return
	}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(im.cfg.ImageReads)
	for _, w := range wanted {
		group.Go(func() error {
			read, gap := im.read(ctx, w)
			mu.Lock()
			defer mu.Unlock()
			if gap != nil {
				s.Gaps = append(s.Gaps, *gap)
				read = w
			}
			read.Repository, read.References = w.Repository, w.References
			read.Report = im.on(s.Cluster.Ref, read)
			read.Addon = addonOf(w.Repository, s.Addons)
			s.Images = append(s.Images, read)
			return nil
		})
	}
	_ = group.Wait() // the functions give no error
}

// distinct lists the digests of all containers, each with every reference to it
// and the platform that most nodes have.
func distinct(s *inventory.Snapshot) []inventory.Image {
	platform := platformOf(s.Nodes)
	byDigest := map[string]*inventory.Image{}
	for _, w := range s.Workloads {
		for _, c := range w.Containers {
			if c.Digest == "" {
				continue
			}
			im, ok := byDigest[c.Digest]
			if !ok {
				im = &inventory.Image{Digest: c.Digest, Repository: c.Repository, Platform: platform}
				byDigest[c.Digest] = im
			}
			if !slices.Contains(im.References, c.Reference) {
				im.References = append(im.References, c.Reference)
			}
		}
	}
	list := make([]inventory.Image, 0, len(byDigest))
	for _, im := range byDigest {
		slices.Sort(im.References)
		list = append(list, *im)
	}
	slices.SortFunc(list, func(a, b inventory.Image) int { return cmp.Compare(a.Digest, b.Digest) })
	return list
}

// platformOf gives the OS and architecture of most nodes; with no nodes
// (Fargate) linux/amd64, which is what Fargate runs unless asked otherwise.
func platformOf(nodes []inventory.Node) string {
	counts := map[string]int{}
	for _, n := range nodes {
		if n.OS != "" && n.Architecture != "" {
			counts[n.OS+"/"+n.Architecture]++
		}
	}
	best := "linux/amd64"
	for p, n := range counts {
		if n > counts[best] || n == counts[best] && p < best {
			best = p
		}
	}
	return best
}

// read gives the image with its matches, or the gap that stands for it.
func (im *images) read(ctx context.Context, want inventory.Image) (inventory.Image, *inventory.Gap) {
	key := want.Digest + " " + want.Platform
	im.mu.Lock()
	known, ok := im.seen[key]
	im.mu.Unlock()
	if ok {
		return known, nil
	}
	type answer struct {
		image inventory.Image
		gap   *inventory.Gap
	}
	v, _, _ := im.flight.Do(key, func() (any, error) {
		select {
		case im.slots <- struct{}{}:
			defer func() { <-im.slots }()
		case <-ctx.Done():
		}
		read, gap := im.readOnce(ctx, want)
		if gap == nil {
			im.mu.Lock()
			im.seen[key] = read
			im.mu.Unlock()
		}
		return answer{read, gap}, nil
	})
	a, _ := v.(answer)
	return a.image, a.gap
}

func (im *images) readOnce(ctx context.Context, want inventory.Image) (inventory.Image, *inventory.Gap) {
	read, sbom, err := im.sbom(ctx, want)
	if err != nil {
		return im.reported(ctx, want, err)
	}
	if im.cfg.Matcher == nil {
		return read, nil
	}
	report, err := im.match(ctx, sbom)
	if err != nil {
		gap := inventory.NewGap(inventory.SectionMatches, want.Digest, fmt.Errorf("match %s@%s: %w", want.Repository, want.Digest, err), "")
		return inventory.Image{}, &gap
	}
	read.Matches, read.Database = report.Matches, report.Database
	if !report.OS.IsZero() {
		read.OS = report.OS
	}
	return read, nil
}

func (im *images) sbom(ctx context.Context, want inventory.Image) (inventory.Image, vuln.SBOM, error) {
	tool := im.cfg.Catalog.Tool()
	read, sbom, ok, err := im.cfg.Images.SBOM(ctx, want.Digest, tool)
	if err != nil {
		return inventory.Image{}, vuln.SBOM{}, err
	}
	if ok && (read.Platform == want.Platform || read.ManifestDigest == "" || read.ManifestDigest == want.Digest) {
		return read, sbom, nil
	}
	os, arch, _ := strings.Cut(want.Platform, "/")
	read, sbom, err = im.cfg.Catalog.Catalog(ctx, ImageRequest{Repository: want.Repository, Digest: want.Digest, OS: os, Architecture: arch})
	if err != nil {
		return inventory.Image{}, vuln.SBOM{}, err
	}
	if err := im.cfg.Images.PutSBOM(ctx, read, sbom); err != nil {
		im.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "SBOM not kept", slog.String("digest", want.Digest), slog.Any("error", err))
	}
	return read, sbom, nil
}

func (im *images) match(ctx context.Context, sbom vuln.SBOM) (vuln.Report, error) {
	build := im.cfg.Matcher.Build()
	report, ok, err := im.cfg.Images.Matches(ctx, sbom.ImageDigest, build)
	if err != nil || ok {
		return report, err
	}
	report, err = im.cfg.Matcher.Match(ctx, sbom)
	if err != nil {
		return report, err
	}
	if err := im.cfg.Images.PutMatches(ctx, sbom.ImageDigest, report); err != nil {
		im.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "matches not kept", slog.String("digest", sbom.ImageDigest), slog.Any("error", err))
	}
	return report, nil
}

// keepUnused is how long what is known of an image stays after the last scan that
// met it. A rollback, or a job that runs once a quarter, then need not be read
// again; an image that runs is met by every scan and stays for ever.
const keepUnused = 90 * 24 * time.Hour

// prune forgets images that no scan has met for long. It is called only after a
// scan that met every image that runs. A failure costs disk space and no finding.
func (im *images) prune(ctx context.Context) {
	if im.cfg.Matcher == nil {
		return // which matches are of the current build is not known
	}
	n, err := im.cfg.Images.PruneImages(ctx, im.cfg.Matcher.Build(), im.cfg.Now().Add(-keepUnused))
	if err != nil {
		im.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "unused images not pruned", slog.Any("error", err))
	}
	if n > 0 {
		im.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "unused images pruned", slog.Int("images", n))
	}
}
