package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// reported gives an image that could not be read as another scanner's report tells
// it, or the gap that stands for it. The image says whose word it is, and why not
// our own.
func (im *images) reported(ctx context.Context, want inventory.Image, unread error) (inventory.Image, *inventory.Gap) {
	gap := inventory.NewGap(inventory.SectionImages, want.Digest, unread, "")
	r, problem := im.report(ctx, want)
	if r == nil {
		if problem != "" {
			gap.Detail += ". " + problem
		}
		return inventory.Image{}, &gap
	}
	read := inventory.Image{
		Digest: want.Digest, Platform: want.Platform, OS: r.OS, Packages: r.Packages,
		Report: &inventory.ImageReport{Source: r.Source, Tool: r.Tool, At: r.At(), Unread: gap.Detail},
	}
	if err := im.judge(ctx, *r, &read); err != nil {
		gap := inventory.NewGap(inventory.SectionMatches, want.Digest, fmt.Errorf("use the report of %s about %s@%s: %w", r.Name(), want.Repository, want.Digest, err), "")
		return inventory.Image{}, &gap
	}
	im.mu.Lock()
	im.used[want.Digest] = r.Clusters
	im.mu.Unlock()
	return read, nil
}

// report finds a report about the image: the newest that was brought in, else what
// the other service says. Without one it may say what was in the way.
func (im *images) report(ctx context.Context, want inventory.Image) (*vuln.Ingested, string) {
	problem := ""
	if im.cfg.Reports != nil {
		kept, err := im.cfg.Reports.ImageReports(ctx, want.Digest)
		switch {
		case err != nil:
			problem = "The reports that were brought in could not be read: " + err.Error()
		case len(kept) > 0 && im.cfg.Now().Sub(kept[0].At()) <= im.cfg.MaxReportAge:
			return &kept[0], ""
		case len(kept) > 0:
			problem = fmt.Sprintf("The report of %s is of %s and older than %s (setting images.max_report_age); bring in a new one with `eksposure ingest`",
				kept[0].Name(), kept[0].At().UTC().Format(time.DateOnly), im.cfg.MaxReportAge)
		}
	}
	if im.cfg.Source == nil {
		return nil, problem
	}
	r, ok, err := im.cfg.Source.ImageReport(ctx, ImageRequest{Repository: want.Repository, Digest: want.Digest})
	switch {
	case err != nil && problem == "":
		return nil, err.Error()
	case err != nil || !ok:
		return nil, problem
	}
	return &r, ""
}

// judge gives the image its matches: those of the report, completed from the
// vulnerability database, or for a bill of materials those of our own matcher. They
// are not kept with the matches of images that were read.
func (im *images) judge(ctx context.Context, r vuln.Ingested, read *inventory.Image) error {
	if im.cfg.Matcher == nil {
		return nil // the whole section is a gap
	}
	if r.SBOM != nil {
		report, err := im.cfg.Matcher.Match(ctx, *r.SBOM)
		if err != nil {
			return err
		}
		read.Matches, read.Database = report.Matches, report.Database
		if !report.OS.IsZero() {
			read.OS = report.OS
		}
		return nil
	}
	full, err := im.cfg.Matcher.Complete(ctx, r)
	if err != nil {
		return err
	}
	read.Matches, read.OS = full.Matches, full.OS
	read.Database = "report of " + r.Name() + " " + r.At().UTC().Format(time.RFC3339)
	return nil
}

// on adds to an image's report when its source last saw it on the cluster.
func (im *images) on(ref inventory.ClusterRef, read inventory.Image) *inventory.ImageReport {
	if read.Report == nil {
		return nil
	}
	im.mu.Lock()
	defer im.mu.Unlock()
	r := *read.Report
	for _, u := range im.used[read.Digest] {
		if u.ClusterARN == ref.String() {
			r.LastInUse = u.LastInUse
		}
	}
	return &r
}
