package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// usedImages joins the latest row of each image with the clusters that name it.
const usedImages = ` FROM images i JOIN cluster_images u ON u.digest = i.digest JOIN clusters c ON c.cluster = u.cluster`

// inScope selects the clusters of a scope: those that exist, or also those that are gone.
func inScope(scope access.Scope, gone bool) selectionOf {
	var s selectionOf
	if !gone {
		s.and("c.gone_at = 0")
	}
	s.in("c.account", scope.Accounts)
	s.in("c.region", scope.Regions)
	s.in("c.cluster", scope.Clusters)
	return s
}

// ImageUses gives a page of the clusters of the scope that name an image, in their order.
func (db *DB) ImageUses(ctx context.Context, scope access.Scope, digest string, after inventory.ClusterRef, limit int) ([]inventory.ImageUse, error) {
	s := inScope(scope, false)
	s.and("u.digest = ?", digest)
	if after != (inventory.ClusterRef{}) {
		s.and("(c.account, c.region, c.name, c.cluster) > (?, ?, ?, ?)", after.Account, after.Region, after.Name, after.String())
	}
	return db.uses(ctx, s, "", limit)
}

// uses reads how clusters name images; first is what they are ordered by before
// their place.
func (db *DB) uses(ctx context.Context, s selectionOf, first string, limit int) ([]inventory.ImageUse, error) {
	var list []inventory.ImageUse
	text := `SELECT u.named FROM cluster_images u JOIN clusters c ON c.cluster = u.cluster` + s.where() + ` ORDER BY ` + first + `c.account, c.region, c.name, c.cluster LIMIT ?`
	for rows, err := range db.rows(ctx, text, append(s.args, limit)...) {
		if err != nil {
			return nil, err
		}
		var text string
		var u inventory.ImageUse
		if err := rows.Scan(&text); err != nil {
			return nil, db.engine.translate(err)
		}
		if err := json.Unmarshal([]byte(text), &u); err != nil {
			return nil, fmt.Errorf("use of an image: %w", db.damaged(err))
		}
		list = append(list, u)
	}
	return list, nil
}

// VulnerableImages gives a page of the images of the scope that have a vulnerability
// by its ID or one of its aliases, in the order of their digests.
func (db *DB) VulnerableImages(ctx context.Context, scope access.Scope, id, after string, limit int) ([]inventory.VulnerableImage, error) {
	s := inScope(scope, false)
	s.and("i.latest = 1")
	s.and("i.number IN (SELECT image FROM image_vulnerabilities WHERE vulnerability = ?)", id)
	if after != "" {
		s.and("i.digest > ?", after)
	}
	var list []inventory.VulnerableImage
	text := `SELECT i.digest, i.repository, i.matches, count(*), CAST(sum(u.running) AS BIGINT)` + usedImages + s.where() + ` GROUP BY i.digest, i.number ORDER BY i.digest LIMIT ?`
	for rows, err := range db.rows(ctx, text, append(s.args, limit)...) {
		if err != nil {
			return nil, err
		}
		v, err := db.vulnerable(rows, id)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	for i := range list {
		s := inScope(scope, false)
		s.and("u.digest = ?", list[i].Digest)
		uses, err := db.uses(ctx, s, "CASE WHEN u.running > 0 THEN 0 ELSE 1 END, ", inventory.MaxVulnerableUses)
		if err != nil {
			return nil, err
		}
		list[i].Uses = uses
	}
	return list, nil
}

func (db *DB) vulnerable(rows *sql.Rows, id string) (inventory.VulnerableImage, error) {
	var v inventory.VulnerableImage
	var document []byte
	if err := rows.Scan(&v.Digest, &v.Repository, &document, &v.Clusters, &v.Running); err != nil {
		return v, db.engine.translate(err)
	}
	matches, err := db.matches(document)
	if err != nil {
		return v, fmt.Errorf("matches of %q: %w", v.Digest, err)
	}
	at := slices.IndexFunc(matches, func(m vuln.Match) bool { return m.ID == id || slices.Contains(m.Aliases, id) })
	if at >= 0 {
		v.Match = matches[at]
	}
	return v, nil
}
