package store

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// maxNames bounds the names in one list of SQL.
const maxNames = 200

const (
	putImage = `INSERT INTO images (digest, build, latest, repository, unread, facts, matches) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (digest, build) DO UPDATE SET facts = excluded.facts RETURNING number`
	countImages = `SELECT count(*) FROM images WHERE digest = ? AND build <> ?`
	ageImages   = `UPDATE images SET latest = 0 WHERE digest = ? AND latest = 1 AND build <> ?`
	dropKnown   = `DELETE FROM image_vulnerabilities WHERE image IN (SELECT number FROM images WHERE digest = ?)`
	putKnown    = `INSERT INTO image_vulnerabilities (vulnerability, image)`
	putNamed    = `INSERT INTO cluster_images (cluster, digest, build, running, named)`
	again       = `ON CONFLICT (cluster, digest) DO UPDATE SET build = excluded.build, running = excluded.running, named = excluded.named`
	dropNamed   = `DELETE FROM cluster_images WHERE cluster = ? AND digest = ?`
	namedNow    = `SELECT digest, build, running, named FROM cluster_images WHERE cluster = ?`
	dropImages  = `DELETE FROM images WHERE NOT EXISTS (
		SELECT 1 FROM cluster_images c WHERE c.digest = images.digest AND (c.build = images.build OR images.latest = 1))`
	dropListed = `DELETE FROM listed_images WHERE clusters = 0 AND NOT EXISTS (SELECT 1 FROM images i WHERE i.digest = listed_images.digest)`

	putListed = `INSERT INTO listed_images (digest, repository, os, created, critical, high, kev, unread, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (digest) DO UPDATE SET repository = excluded.repository, os = excluded.os, created = excluded.created, critical = excluded.critical,
			high = excluded.high, kev = excluded.kev, unread = excluded.unread, words = excluded.words`

	// addUses adds to what all clusters that exist have of an image.
	addUses   = `INSERT INTO listed_images (digest, clusters, running)`
	addedUses = `ON CONFLICT (digest) DO UPDATE SET clusters = listed_images.clusters + excluded.clusters, running = listed_images.running + excluded.running`

	// leaveImages takes away what a cluster had that is gone.
	leaveImages = `UPDATE listed_images SET clusters = clusters - 1,
			running = running - (SELECT u.running FROM cluster_images u WHERE u.cluster = ? AND u.digest = listed_images.digest)
		WHERE digest IN (SELECT digest FROM cluster_images WHERE cluster = ?)`
)

// Builds of images that no build of the vulnerability database was asked about.
const (
	buildUnread    = ""
	buildUnmatched = "unmatched"
)

// seenImage is an image as one snapshot tells of it.
type seenImage struct {
	image  inventory.Image // of an unread one only the digest and the repository
	build  string
	unread string
	use    inventory.ImageUse
}

// facts are what is kept of the image itself.
func (im seenImage) facts() inventory.ImageRecord {
	i := im.image
	r := inventory.ImageRecord{
		Digest: i.Digest, Repository: i.Repository, Read: im.build != buildUnread, Unread: im.unread, OS: i.OS.String(), EndOfLife: i.OS.EndOfLife,
		CreatedAt: i.CreatedAt, Packages: i.Packages, Database: i.Database, Report: i.Report,
	}
	if i.Database != "" { // else nothing is known of its vulnerabilities
		counts := countMatches(i.Matches)
		r.Counts = &counts
	}
	if i.Report != nil {
		r.Unread = i.Report.Unread
	}
	return r
}

// seenImages are the images of a snapshot, by digest: those that were read, and
// those that containers only name or that a gap says could not be read.
func seenImages(s *inventory.Snapshot) map[string]seenImage {
	seen := map[string]seenImage{}
	for _, im := range s.Images {
		seen[im.Digest] = seenImage{image: im, build: cmp.Or(im.Database, buildUnmatched), use: inventory.ImageUse{Cluster: s.Cluster.Ref, Addon: im.Addon}}
	}
	for _, w := range s.Workloads {
		for _, c := range w.Containers {
			if _, ok := seen[c.Digest]; !ok && c.Digest != "" {
				seen[c.Digest] = seenImage{image: inventory.Image{Digest: c.Digest, Repository: c.Repository}, build: buildUnread}
			}
		}
	}
	for digest, use := range s.ImageUses() {
		im := seen[digest]
		im.use = use
		seen[digest] = im
	}
	for _, g := range s.Gaps {
		if g.Section != inventory.SectionImages && g.Section != inventory.SectionMatches {
			continue
		}
		if im, ok := seen[g.Subject]; ok && im.image.Database == "" { // a scan lists it with its name alone
			im.image = inventory.Image{Digest: im.image.Digest, Repository: im.image.Repository}
			im.build, im.unread = buildUnread, g.Detail
			seen[g.Subject] = im
		}
	}
	return seen
}

func countMatches(list []vuln.Match) inventory.ImageCounts {
	var c inventory.ImageCounts
	worst := map[string]vuln.Match{} // one vulnerability may be in several packages
	for _, m := range list {
		w, ok := worst[m.ID]
		if !ok {
			w = m
		}
		w.KEV, w.Exploit = w.KEV || m.KEV, w.Exploit || m.Exploit
		if m.Fix == vuln.FixKnown {
			w.Fix = m.Fix
		}
		worst[m.ID] = w
	}
	for _, m := range worst {
		c.Vulnerabilities++
		for _, n := range []struct {
			counter *int
			counts  bool
		}{
			{&c.Critical, m.Severity == "Critical"}, {&c.High, m.Severity == "High"}, {&c.Fixable, m.Fix == vuln.FixKnown}, {&c.KEV, m.KEV}, {&c.Exploits, m.Exploit},
		} {
			if n.counts {
				*n.counter++
			}
		}
	}
	return c
}

// putImages keeps the images that a snapshot's containers name: what is known of
// each, once in the fleet, and how the cluster uses it. Only differences are written.
// The images of a cluster that was gone were not counted.
func (db *DB) putImages(ctx context.Context, t tx, s *inventory.Snapshot, gone bool) error {
	seen := seenImages(s)
	digests := slices.Sorted(maps.Keys(seen))
	missing, err := missingImages(ctx, t, digests, seen)
	if err != nil {
		return err
	}
	for _, digest := range missing {
		if err := db.putImage(ctx, t, seen[digest]); err != nil {
			return err
		}
	}
	return putUses(ctx, t, s.Cluster.Ref.String(), gone, digests, seen)
}

// missingImages gives the digests of which the snapshot's build is not kept, and
// those that could not be read, as the reason may be another one.
func missingImages(ctx context.Context, t tx, digests []string, seen map[string]seenImage) ([]string, error) {
	kept := map[string]bool{}
	for part := range slices.Chunk(digests, maxNames) {
		args := make([]any, len(part))
		for i, d := range part {
			args[i] = d
		}
		rows, err := t.query(ctx, `SELECT digest, build FROM images WHERE digest IN (?`+strings.Repeat(", ?", len(part)-1)+`)`, args...)
		err = each(rows, err, func(scan func(...any) error) error {
			var digest, build string
			err := scan(&digest, &build)
			if build != buildUnread && build == seen[digest].build {
				kept[digest] = true
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(digests), func(d string) bool { return kept[d] }), nil
}

// putImage keeps what is known of an image. It is the latest, unless it says only
// that the image could not be read while another build knows it.
func (db *DB) putImage(ctx context.Context, t tx, im seenImage) error {
	record := im.facts()
	facts, err := json.Marshal(record)
	if err != nil {
		return err
	}
	matches, err := json.Marshal(im.image.Matches)
	if err != nil {
		return err
	}
	digest, latest, unread, others := im.image.Digest, 1, 0, 0
	if im.build == buildUnread {
		unread = 1
		if err := t.row(ctx, countImages, []any{digest, im.build}, &others); err != nil {
			return err
		}
	}
	if others > 0 {
		latest = 0
	}
	var number int64
	if err := t.row(ctx, putImage, []any{digest, im.build, latest, im.image.Repository, unread, string(facts), db.compress(matches)}, &number); err != nil || latest == 0 {
		return err
	}
	if _, err := t.exec(ctx, putListed, listedImage(record, unread)...); err != nil {
		return err
	}
	if _, err := t.exec(ctx, ageImages, digest, im.build); err != nil {
		return err
	}
	if _, err := t.exec(ctx, dropKnown, digest); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, m := range im.image.Matches {
		for _, name := range append([]string{m.ID}, m.Aliases...) {
			names[name] = true
		}
	}
	var rows [][]any
	for _, name := range slices.Sorted(maps.Keys(names)) {
		rows = append(rows, []any{name, number})
	}
	return t.insert(ctx, putKnown, "", rows)
}

// listedImage gives what lists sort and search an image by.
func listedImage(r inventory.ImageRecord, unread int) []any {
	created, critical, high, kev := "", -1, -1, -1
	if !r.CreatedAt.IsZero() {
		created = r.CreatedAt.UTC().Format(time.RFC3339)
	}
	if c := r.Counts; c != nil {
		critical, high, kev = c.Critical, c.High, c.KEV
	}
	return []any{r.Digest, r.Repository, plain(r.OS), created, critical, high, kev, unread, plain(strings.ToLower(r.Repository + " " + r.Digest + " " + r.OS))}
}

// putUses keeps how a cluster uses its images, and adds up what all clusters do.
func putUses(ctx context.Context, t tx, arn string, gone bool, digests []string, seen map[string]seenImage) error {
	type named struct {
		build, text string
		running     int
	}
	before := map[string]named{}
	rows, err := t.query(ctx, namedNow, arn)
	err = each(rows, err, func(scan func(...any) error) error {
		var digest string
		var n named
		err := scan(&digest, &n.build, &n.running, &n.text)
		before[digest] = n
		return err
	})
	if err != nil {
		return err
	}
	var put, totals [][]any
	for _, digest := range digests {
		im := seen[digest]
		text, err := json.Marshal(im.use)
		if err != nil {
			return err
		}
		was, known := before[digest]
		if was != (named{build: im.build, text: string(text), running: im.use.Running}) {
			put = append(put, []any{arn, digest, im.build, im.use.Running, string(text)})
		}
		switch {
		case gone || !known:
			totals = append(totals, []any{digest, 1, im.use.Running})
		case was.running != im.use.Running:
			totals = append(totals, []any{digest, 0, im.use.Running - was.running})
		}
		delete(before, digest)
	}
	if err := t.insert(ctx, putNamed, again, put); err != nil {
		return err
	}
	for _, digest := range slices.Sorted(maps.Keys(before)) {
		if _, err := t.exec(ctx, dropNamed, arn, digest); err != nil {
			return err
		}
		if !gone {
			totals = append(totals, []any{digest, -1, -before[digest].running})
		}
	}
	return t.insert(ctx, addUses, addedUses, totals)
}
