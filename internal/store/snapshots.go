package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/vuln"
)

// picture is a snapshot made ready for its tables.
type picture struct {
	snapshot *inventory.Snapshot
	// overview and finding are what lists tell of the cluster and its finding in short.
	overview, finding string
	// columns are what lists sort and search by, in the order of putCluster.
	columns     []any
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
	brief := o.Finding.Brief()
	finding, err := json.Marshal(brief)
	if err != nil {
		return picture{}, err
	}
	rest := *o.Snapshot
	rest.CollectedAt = time.Time{}
	rest.Images = slices.Clone(rest.Images)
	for i := range rest.Images {
		rest.Images[i].Matches = nil
	}
	p := picture{snapshot: o.Snapshot, overview: string(overview), finding: string(finding), columns: listColumns(v, brief)}
	if p.document, err = json.Marshal(rest); err != nil {
		return picture{}, err
	}
	h := sha256.New()
	_, _ = h.Write(overview) // it never fails
	_, _ = h.Write(finding)
	_, _ = h.Write(p.document)
	p.fingerprint = hex.EncodeToString(h.Sum(nil)[:16])
	return p, nil
}

// listColumns gives what lists sort and search a cluster by.
func listColumns(v exposure.Overview, finding *exposure.FindingBrief) []any {
	c := v.Cluster
	version, endpoint, nodes := c.Version, 0, -1
	if parsed, err := inventory.ParseKubernetesVersion(c.Version); err == nil {
		version = fmt.Sprintf("%d.%02d", parsed.Major, parsed.Minor)
	}
	if c.Endpoint != nil && c.Endpoint.Public {
		endpoint = 1
	}
	if c.Nodes != nil {
		nodes = *c.Nodes
	}
	words := []string{c.Ref.Name, c.Ref.Account, c.Ref.Region, c.AccountName, c.Version}
	for _, key := range slices.Sorted(maps.Keys(c.Tags)) {
		words = append(words, key, c.Tags[key])
	}
	return []any{
		plain(c.AccountName), plain(version), endpoint, string(v.Encryption), nodes, listSeverity(finding), len(v.Gaps) + len(v.Unknown), plain(strings.ToLower(strings.Join(words, " "))),
	}
}

// listSeverity orders clusters by the severity of their open finding, as it is shown.
func listSeverity(finding *exposure.FindingBrief) int {
	if finding == nil || !finding.Open {
		return 0
	}
	id := ocsf.SeverityID(finding.Severity)
	if _, named := ocsf.SeverityName(id); !named {
		return 0
	}
	return id
}

const (
	// A cluster that was gone counts again where it is named: it is written whole.
	putScanned = `UPDATE clusters SET scanned_at = ?, collected_at = ? WHERE cluster = ? AND fingerprint = ? AND gone_at = 0`

	wasGone = `SELECT coalesce(max(gone_at), 0) FROM clusters WHERE cluster = ?`

	putCluster = `
		INSERT INTO clusters (cluster, account, region, name, scanned_at, collected_at, fingerprint,
			account_name, version, open_endpoint, encryption, nodes, severity, missing, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (cluster) DO UPDATE SET scanned_at = excluded.scanned_at, collected_at = excluded.collected_at, gone_at = 0, fingerprint = excluded.fingerprint,
			account_name = excluded.account_name, version = excluded.version, open_endpoint = excluded.open_endpoint, encryption = excluded.encryption,
			nodes = excluded.nodes, severity = excluded.severity, missing = excluded.missing, words = excluded.words`

	putOverview = `INSERT INTO overviews (cluster, overview, finding) VALUES (?, ?, ?)
		ON CONFLICT (cluster) DO UPDATE SET overview = excluded.overview, finding = excluded.finding`

	putSnapshot = `INSERT INTO snapshots (cluster, document) VALUES (?, ?) ON CONFLICT (cluster) DO UPDATE SET document = excluded.document`

	putGone = `UPDATE clusters SET gone_at = ? WHERE cluster = ? AND gone_at = 0`

	// The fingerprint is another one then: the next scan writes the cluster whole.
	putBrief    = `UPDATE overviews SET finding = ? WHERE cluster = ?`
	putSeverity = `UPDATE clusters SET severity = ?, fingerprint = '' WHERE cluster = ?`
)

// see keeps the snapshot of an outcome; without one the cluster is gone.
func (db *DB) see(ctx context.Context, t tx, o exposure.Outcome, p picture) error {
	if p.snapshot != nil {
		return db.putPicture(ctx, t, p)
	}
	arn := o.Cluster.String()
	left, err := t.exec(ctx, putGone, millis(db.now()), arn)
	if err == nil && left == 1 {
		_, err = t.exec(ctx, leaveImages, arn, arn)
	}
	if err != nil || o.Finding == nil {
		return err
	}
	return putFindingBrief(ctx, t, o.Finding)
}

// putFindingBrief keeps what the list of clusters tells of a finding.
func putFindingBrief(ctx context.Context, t tx, f *exposure.Finding) error {
	brief := f.Brief()
	text, err := json.Marshal(brief)
	if err != nil {
		return err
	}
	arn := f.Cluster.Ref.String()
	if _, err := t.exec(ctx, putBrief, string(text), arn); err != nil {
		return err
	}
	_, err = t.exec(ctx, putSeverity, listSeverity(brief), arn)
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
	var gone int64
	if err := t.row(ctx, wasGone, []any{arn}, &gone); err != nil {
		return err
	}
	if _, err := t.exec(ctx, putCluster, append([]any{arn, ref.Account, ref.Region, ref.Name, now, collected, p.fingerprint}, p.columns...)...); err != nil {
		return err
	}
	if _, err := t.exec(ctx, putOverview, arn, p.overview, p.finding); err != nil {
		return err
	}
	if _, err := t.exec(ctx, putSnapshot, arn, db.compress(p.document)); err != nil {
		return err
	}
	return db.putImages(ctx, t, p.snapshot, gone != 0)
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
