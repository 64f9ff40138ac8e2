package store

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/inventory"
)

// usage is where the clusters of a scope name one image.
type usage struct {
	clusters []int
	running  int
}

// Vulnerabilities adds up the vulnerabilities of all images that clusters of the
// scope name. It reads every such image once.
func (db *DB) Vulnerabilities(ctx context.Context, scope access.Scope) (*inventory.Reach, error) {
	used, err := db.usages(ctx, scope)
	if err != nil {
		return nil, err
	}
	reach := &inventory.Reach{}
	for rows, err := range db.rows(ctx, `SELECT digest, matches FROM images WHERE latest = 1 AND unread = 0`) {
		if err != nil {
			return nil, err
		}
		var digest string
		var document []byte
		if err := rows.Scan(&digest, &document); err != nil {
			return nil, db.engine.translate(err)
		}
		u := used[digest]
		if u == nil {
			continue
		}
		matches, err := db.matches(document)
		if err != nil {
			return nil, fmt.Errorf("matches of %q: %w", digest, err)
		}
		reach.Add(matches, u.clusters, u.running)
	}
	return reach, nil
}

// usages gives the clusters of the scope that name each image, numbered as they are met.
func (db *DB) usages(ctx context.Context, scope access.Scope) (map[string]*usage, error) {
	s := inScope(scope, false)
	used, numbers := map[string]*usage{}, map[string]int{}
	text := `SELECT u.digest, u.cluster, u.running FROM cluster_images u JOIN clusters c ON c.cluster = u.cluster` + s.where()
	for rows, err := range db.rows(ctx, text, s.args...) {
		if err != nil {
			return nil, err
		}
		var digest, cluster string
		var running int
		if err := rows.Scan(&digest, &cluster, &running); err != nil {
			return nil, db.engine.translate(err)
		}
		number, known := numbers[cluster]
		if !known {
			number = len(numbers)
			numbers[cluster] = number
		}
		u := used[digest]
		if u == nil {
			u = &usage{}
			used[digest] = u
		}
		u.clusters, u.running = append(u.clusters, number), u.running+running
	}
	return used, nil
}
