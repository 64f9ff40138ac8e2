package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"unique"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/inventory"
)

// usage is where the clusters of a scope name one image.
type usage struct {
	clusters []int
	running  int
}

// matched remembers what the matches of images say, by their number. A row of images
// keeps its matches for good, and what is not the latest of its digest any more is
// forgotten, so that it holds no more than the database does.
type matched struct {
	mu      sync.Mutex
	byImage map[int64][]unique.Handle[inventory.ReachMatch]
}

// Vulnerabilities adds up the vulnerabilities of all images that clusters of the scope
// name. Images that this process has not read before are read.
func (db *DB) Vulnerabilities(ctx context.Context, scope access.Scope) (*inventory.Reach, error) {
	used, err := db.usages(ctx, scope)
	if err != nil {
		return nil, err
	}
	numbers := map[int64]string{}
	for rows, err := range db.rows(ctx, `SELECT number, digest FROM images WHERE latest = 1 AND unread = 0`) {
		if err != nil {
			return nil, err
		}
		var number int64
		var digest string
		if err := rows.Scan(&number, &digest); err != nil {
			return nil, db.engine.translate(err)
		}
		numbers[number] = digest
	}
	reach := &inventory.Reach{}
	order := slices.Sorted(maps.Keys(numbers))
	known := db.matched.of(numbers)
	var missing []int64
	for _, number := range order {
		if _, ok := known[number]; !ok && used[numbers[number]] != nil {
			missing = append(missing, number)
		}
	}
	read, err := db.readMatches(ctx, missing)
	if err != nil {
		return nil, err
	}
	db.matched.add(read)
	for _, number := range order {
		u := used[numbers[number]]
		if u == nil {
			continue
		}
		matches, ok := known[number]
		if !ok {
			matches = read[number]
		}
		reach.Add(matches, u.clusters, u.running)
	}
	return reach, nil
}

// of gives what is remembered of some images, and forgets all others.
func (m *matched) of(numbers map[int64]string) map[int64][]unique.Handle[inventory.ReachMatch] {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.byImage, func(number int64, _ []unique.Handle[inventory.ReachMatch]) bool {
		_, latest := numbers[number]
		return !latest
	})
	return maps.Clone(m.byImage)
}

func (m *matched) add(read map[int64][]unique.Handle[inventory.ReachMatch]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byImage == nil {
		m.byImage = map[int64][]unique.Handle[inventory.ReachMatch]{}
	}
	maps.Copy(m.byImage, read)
}

// readMatches reads what the matches of some images say, on all cores.
func (db *DB) readMatches(ctx context.Context, numbers []int64) (map[int64][]unique.Handle[inventory.ReachMatch], error) {
	read := make(map[int64][]unique.Handle[inventory.ReachMatch], len(numbers))
	for some := range slices.Chunk(numbers, imagesAtOnce) {
		documents, err := db.matchDocuments(ctx, some)
		if err != nil {
			return nil, err
		}
		lists, err := sideBySide(ctx, documents, func(_ context.Context, d matchDocument) ([]unique.Handle[inventory.ReachMatch], error) {
			matches, err := db.matches(d.document)
			if err != nil {
				return nil, fmt.Errorf("matches of %q: %w", d.digest, err)
			}
			return inventory.ReachMatches(matches), nil
		})
		if err != nil {
			return nil, err
		}
		for i, d := range documents {
			read[d.number] = lists[i]
		}
	}
	return read, nil
}

// imagesAtOnce bounds the images whose matches are in memory as they are kept.
const imagesAtOnce = 64

// matchDocument is what the database keeps of an image's matches.
type matchDocument struct {
	number   int64
	digest   string
	document []byte
}

func (db *DB) matchDocuments(ctx context.Context, numbers []int64) ([]matchDocument, error) {
	var list []matchDocument
	args := make([]any, len(numbers))
	for i, number := range numbers {
		args[i] = number
	}
	for rows, err := range db.rows(ctx, `SELECT number, digest, matches FROM images WHERE number IN (`+marks(len(numbers))+`) ORDER BY number`, args...) {
		if err != nil {
			return nil, err
		}
		var d matchDocument
		if err := rows.Scan(&d.number, &d.digest, &d.document); err != nil {
			return nil, db.engine.translate(err)
		}
		list = append(list, d)
	}
	return list, nil
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
