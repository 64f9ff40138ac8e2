package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// SBOM returns what a tool version found in an image, with the image's facts but
// its matches; false when it is not kept.
func (db *DB) SBOM(ctx context.Context, digest, tool string) (inventory.Image, vuln.SBOM, bool, error) {
	var im inventory.Image
	var sbom vuln.SBOM
	var image, facts string
	var document []byte
	var used int64
	err := db.row(ctx, `SELECT image, sbom, document, used_at FROM sboms WHERE digest = ? AND tool = ?`, []any{digest, tool}, &image, &facts, &document, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return im, sbom, false, nil
	}
	if err != nil {
		return im, sbom, false, err
	}
	if err := errors.Join(json.Unmarshal([]byte(image), &im), json.Unmarshal([]byte(facts), &sbom)); err != nil {
		return im, sbom, false, fmt.Errorf("SBOM of %q: %w", digest, db.damaged(err))
	}
	if sbom.Document, err = db.expand(document); err != nil {
		return im, sbom, false, fmt.Errorf("SBOM of %q: %w", digest, err)
	}
	db.used(ctx, `UPDATE sboms SET used_at = ? WHERE digest = ?`, digest, used)
	return im, sbom, true, nil
}

// PutSBOM keeps an SBOM with its image's facts, in place of those of other tool
// versions.
func (db *DB) PutSBOM(ctx context.Context, im inventory.Image, sbom vuln.SBOM) error {
	im.Matches, im.Database = nil, ""
	image, errImage := json.Marshal(im)
	facts, errFacts := json.Marshal(sbom)
	if err := errors.Join(errImage, errFacts); err != nil {
		return fmt.Errorf("encode the SBOM of %q: %w", im.Digest, err)
	}
	document := db.compress(sbom.Document)
	return db.change(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `DELETE FROM sboms WHERE digest = ?`, im.Digest); err != nil {
			return fmt.Errorf("keep the SBOM of %q: %w", im.Digest, err)
		}
		_, err := t.exec(ctx, `INSERT INTO sboms (digest, tool, image, sbom, document, used_at) VALUES (?, ?, ?, ?, ?, ?)`,
			im.Digest, sbom.Tool, string(image), string(facts), document, millis(db.now()))
		if err != nil {
			return fmt.Errorf("keep the SBOM of %q: %w", im.Digest, err)
		}
		return nil
	})
}

// Matches returns the matches of an image by one build of the vulnerability
// database; false when that build was not asked yet.
func (db *DB) Matches(ctx context.Context, digest, build string) (vuln.Report, bool, error) {
	var r vuln.Report
	var document []byte
	var used int64
	err := db.row(ctx, `SELECT document, used_at FROM matches WHERE digest = ? AND build = ?`, []any{digest, build}, &document, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	data, err := db.expand(document)
	if err != nil {
		return r, false, fmt.Errorf("matches of %q: %w", digest, err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, false, fmt.Errorf("matches of %q: %w", digest, db.damaged(err))
	}
	db.used(ctx, `UPDATE matches SET used_at = ? WHERE digest = ?`, digest, used)
	return r, true, nil
}

// PutMatches keeps the matches of an image, in place of those of an earlier build.
func (db *DB) PutMatches(ctx context.Context, digest string, r vuln.Report) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the matches of %q: %w", digest, err)
	}
	document := db.compress(data)
	return db.change(ctx, func(t tx) error {
		_, err := t.exec(ctx, `INSERT INTO matches (digest, build, document, used_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (digest) DO UPDATE SET build = excluded.build, document = excluded.document, used_at = excluded.used_at`,
			digest, r.Database, document, millis(db.now()))
		if err != nil {
			return fmt.Errorf("keep the matches of %q: %w", digest, err)
		}
		return nil
	})
}

// PruneImages removes what no scan will ask for again: matches of other builds of
// the vulnerability database than the given one, and SBOMs and matches that were
// last asked for before a time. It gives the number of images that lost something.
func (db *DB) PruneImages(ctx context.Context, build string, before time.Time) (int, error) {
	pruned := map[string]bool{}
	err := db.change(ctx, func(t tx) error {
		for _, q := range []struct {
			text string
			args []any
		}{
			{`DELETE FROM matches WHERE build <> ? OR used_at < ? RETURNING digest`, []any{build, millis(before)}},
			{`DELETE FROM sboms WHERE used_at < ? RETURNING digest`, []any{millis(before)}},
		} {
			digests, err := column(t.query(ctx, q.text, q.args...))
			if err != nil {
				return fmt.Errorf("prune images: %w", err)
			}
			for _, d := range digests {
				pruned[d] = true
			}
		}
		if _, err := t.exec(ctx, dropImages); err != nil {
			return err
		}
		_, err := t.exec(ctx, dropListed)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(pruned), nil
}

// usedEvery is how exactly it is kept when a row was last asked for: a write for
// every read would cost more than the read.
const usedEvery = 24 * time.Hour

// used keeps that a row was asked for. A failure is no failure of the read: the
// row only seems older than it is.
func (db *DB) used(ctx context.Context, text, digest string, last int64) {
	now := db.now()
	if now.Sub(moment(last)) < usedEvery {
		return
	}
	_, _ = db.write.ExecContext(ctx, db.dialect.statement(text), millis(now), digest)
}
