package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// picture is a snapshot made ready for its tables.
type picture struct {
	snapshot    *inventory.Snapshot
	overview    string
	incomplete  int
	fingerprint string
	document    []byte
}

// depict makes the picture of an outcome's snapshot. Times that move with every
// scan are left out, and so are matches, which are kept once for each image.
func depict(o exposure.Outcome) (picture, error) {
	v := *o.Overview()
	v.CollectedAt = time.Time{}
	overview, err := json.Marshal(v)
	if err != nil {
		return picture{}, err
	}
	rest := *o.Snapshot
	rest.CollectedAt = time.Time{}
	rest.Images = slices.Clone(rest.Images)
	for i := range rest.Images {
		rest.Images[i].Matches = nil
	}
	p := picture{snapshot: o.Snapshot, overview: string(overview)}
	if p.document, err = json.Marshal(rest); err != nil {
		return picture{}, err
	}
	if len(v.Gaps) > 0 || len(v.Unknown) > 0 {
		p.incomplete = 1
	}
	h := sha256.New()
	_, _ = h.Write(overview) // it never fails
	_, _ = h.Write(p.document)
	p.fingerprint = hex.EncodeToString(h.Sum(nil)[:16])
	return p, nil
}

const (
	putScanned = `UPDATE clusters SET scanned_at = ?, collected_at = ?, gone_at = 0 WHERE cluster = ? AND fingerprint = ?`

	putCluster = `
		INSERT INTO clusters (cluster, account, region, name, scanned_at, collected_at, incomplete, fingerprint, overview) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (cluster) DO UPDATE SET scanned_at = excluded.scanned_at, collected_at = excluded.collected_at, gone_at = 0,
			incomplete = excluded.incomplete, fingerprint = excluded.fingerprint, overview = excluded.overview`

	putSnapshot = `INSERT INTO snapshots (cluster, document) VALUES (?, ?) ON CONFLICT (cluster) DO UPDATE SET document = excluded.document`

	putGone = `UPDATE clusters SET gone_at = ? WHERE cluster = ? AND gone_at = 0`
)

// see keeps the snapshot of an outcome; without one the cluster is gone.
func (db *DB) see(ctx context.Context, t tx, o exposure.Outcome, p picture) error {
	if p.snapshot != nil {
		return db.putPicture(ctx, t, p)
	}
	_, err := t.exec(ctx, putGone, millis(db.now()), o.Cluster.String())
	return err
}

// putPicture keeps a snapshot. One that differs from the kept one in nothing but
// its time is not written again.
func (db *DB) putPicture(ctx context.Context, t tx, p picture) error {
	ref, now := p.snapshot.Cluster.Ref, millis(db.now())
	arn, collected := ref.String(), p.snapshot.CollectedAt.UnixNano()
	same, err := t.exec(ctx, putScanned, now, collected, arn, p.fingerprint)
	if err != nil || same == 1 {
		return err
	}
	if _, err := t.exec(ctx, putCluster, arn, ref.Account, ref.Region, ref.Name, now, collected, p.incomplete, p.fingerprint, p.overview); err != nil {
		return err
	}
	if _, err := t.exec(ctx, putSnapshot, arn, db.compress(p.document)); err != nil {
		return err
	}
	return db.putImages(ctx, t, p.snapshot)
}

// Snapshot gives the latest snapshot of a cluster; fault.ErrNotFound when there is none.
func (db *DB) Snapshot(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	var collected int64
	var document []byte
	err := db.row(ctx, `SELECT collected_at, document FROM clusters JOIN snapshots ON snapshots.cluster = clusters.cluster WHERE clusters.cluster = ?`,
		[]any{ref.String()}, &collected, &document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no snapshot of cluster %q: %w", ref, fault.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	data, err := db.expand(document)
	if err != nil {
		return nil, fmt.Errorf("snapshot of %q: %w", ref, err)
	}
	var s inventory.Snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("snapshot of %q: %w", ref, db.damaged(err))
	}
	s.CollectedAt = time.Unix(0, collected).UTC()
	return &s, db.fillMatches(ctx, &s)
}

// fillMatches puts the matches back into the images of a snapshot.
func (db *DB) fillMatches(ctx context.Context, s *inventory.Snapshot) error {
	kept := map[string][]byte{}
	for rows, err := range db.rows(ctx, `SELECT images.digest, matches FROM cluster_images JOIN images ON images.digest = cluster_images.digest AND images.build = cluster_images.build
		WHERE cluster = ?`, s.Cluster.Ref.String()) {
		if err != nil {
			return err
		}
		var digest string
		var document []byte
		if err := rows.Scan(&digest, &document); err != nil {
			return db.engine.translate(err)
		}
		kept[digest] = document
	}
	for i := range s.Images {
		im := &s.Images[i]
		matches, err := db.matches(kept[im.Digest])
		if err != nil {
			return fmt.Errorf("matches of %q: %w", im.Digest, err)
		}
		im.Matches = matches
	}
	return nil
}

func (db *DB) matches(document []byte) ([]vuln.Match, error) {
	if len(document) == 0 {
		return nil, nil
	}
	data, err := db.expand(document)
	if err != nil {
		return nil, err
	}
	var list []vuln.Match
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, db.damaged(err)
	}
	return list, nil
}
