package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// ImageRecords gives a page of the images that clusters of the scope name, in the
// order asked for.
func (db *DB) ImageRecords(ctx context.Context, scope access.Scope, q inventory.ImageQuery) (inventory.ImagePage, error) {
	var page inventory.ImagePage
	from, s := listedIn(scope, q)
	selectImages(&s, q)
	if q.Total {
		if err := db.row(ctx, `SELECT count(*)`+from+s.where(), s.args, &page.Total); err != nil {
			return page, err
		}
	}
	order := imageKeyset(q)
	var after *listPlace
	if q.After != nil {
		after = &listPlace{key: q.After.Key, ties: []any{q.After.Digest}}
	}
	list, last, more, err := readPage(ctx, db, order, s, after, q.Limit, func(within selectionOf, by string) string {
		return `SELECT i.facts, p.clusters, p.running, p.sorted
			FROM (SELECT l.digest, l.clusters, l.running, ` + order.value() + ` AS sorted` + from + within.where() + ` ORDER BY ` + by + ` LIMIT ?) p
			JOIN images i ON i.digest = p.digest AND i.latest = 1 ORDER BY ` + order.by("p.sorted", "p.digest")
	}, db.imageRecord)
	if page.Records = list; more {
		page.Next = &inventory.ImagePosition{Key: last, Digest: list[q.Limit-1].Digest}
	}
	return page, err
}

// listedIn gives where the images of a scope are listed, as "l", with how many of its
// clusters name each, and how many pods there run it. For all clusters that is kept.
func listedIn(scope access.Scope, q inventory.ImageQuery) (from string, s selectionOf) {
	if scope.Everything() {
		if q.Repository != "" || len(q.Words) > 0 {
			s.and("l.clusters + 0 > 0") // of no index: a search is quicker in the table's own order
		} else {
			s.and("l.clusters > 0") // as the indexes say
		}
		return ` FROM listed_images l`, s
	}
	within := inScope(scope, false)
	from = ` FROM (SELECT l.digest, l.repository, l.os, l.created, l.critical, l.high, l.kev, l.unread, l.words, u.clusters, u.running FROM (
		SELECT u.digest, count(*) AS clusters, CAST(sum(u.running) AS BIGINT) AS running FROM clusters c JOIN cluster_images u ON u.cluster = c.cluster` + within.where() + `
		GROUP BY u.digest) u JOIN listed_images l ON l.digest = u.digest) l`
	s.args = within.args
	return from, s
}

func selectImages(s *selectionOf, q inventory.ImageQuery) {
	if q.Repository != "" {
		s.and("instr(l.repository, ?) > 0", q.Repository)
	}
	for _, word := range q.Words {
		s.and("instr(l.words, ?) > 0", word)
	}
	if q.Unread {
		s.and("l.unread = 1")
	}
	if q.Running {
		s.and("l.running > 0")
	}
}

// imageKeyset gives the order of a query. Each has an index: schema/0019_lists.sql.
func imageKeyset(q inventory.ImageQuery) keyset {
	k := keyset{ties: []string{"l.digest"}, down: q.Descending}
	switch q.Order {
	case inventory.ImagesByDigest:
	case inventory.ImagesByRepository:
		k.key, k.text = "l.repository", true
	case inventory.ImagesByOS:
		k.key, k.text = "l.os", true
	case inventory.ImagesByCreation:
		k.key, k.text = "l.created", true
	case inventory.ImagesByCritical:
		k.key = "l.critical"
	case inventory.ImagesByHigh:
		k.key = "l.high"
	case inventory.ImagesByKEV:
		k.key = "l.kev"
	case inventory.ImagesByClusters:
		k.key = "l.clusters"
	case inventory.ImagesByRunning:
		k.key = "l.running"
	}
	return k
}

func (db *DB) imageRecord(rows *sql.Rows, order keyset) (inventory.ImageRecord, inventory.SortKey, error) {
	var r inventory.ImageRecord
	var sorted inventory.SortKey
	var facts string
	var clusters, running int
	if err := rows.Scan(&facts, &clusters, &running, order.into(&sorted)); err != nil {
		return r, sorted, db.engine.translate(err)
	}
	if err := json.Unmarshal([]byte(facts), &r); err != nil {
		return r, sorted, fmt.Errorf("image: %w", db.damaged(err))
	}
	r.Clusters, r.Running = clusters, running
	return r, sorted, nil
}

// ImageRecord gives one image; fault.ErrNotFound when no cluster of the scope names it.
func (db *DB) ImageRecord(ctx context.Context, scope access.Scope, digest string) (inventory.ImageRecord, error) {
	s := inScope(scope, false)
	s.and("i.latest = 1")
	s.and("i.digest = ?", digest)
	text := `SELECT i.facts, count(*), CAST(sum(u.running) AS BIGINT), ''` + usedImages + s.where() + ` GROUP BY i.number, i.facts`
	for rows, err := range db.rows(ctx, text, s.args...) {
		if err != nil {
			return inventory.ImageRecord{}, err
		}
		r, _, err := db.imageRecord(rows, keyset{})
		return r, err
	}
	return inventory.ImageRecord{}, fmt.Errorf("no cluster uses the image %q: %w", digest, fault.ErrNotFound)
}
