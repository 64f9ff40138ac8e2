package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/search"
)

// ahead is what a transaction has read before it writes: what is asked for many
// findings takes a few statements, where each finding by itself would take some.
type ahead struct {
	// entries are those of findings before they are written; nil for one that has none.
	entries map[string]*indexEntry
	// bare are findings that were recorded and have no entry yet.
	bare map[string]bool
	// words are in the database, absent ones are not.
	words  map[word]int64
	absent map[word]bool
}

func newAhead() ahead {
	return ahead{entries: map[string]*indexEntry{}, bare: map[string]bool{}, words: map[word]int64{}, absent: map[word]bool{}}
}

// readAhead reads what putting findings will ask for.
func (x *indexer) readAhead(ctx context.Context, list []*indexed) error {
	ids := make([]string, len(list))
	var words []map[int64][]string
	for i, f := range list {
		ids[i] = f.finding.ID
		words = append(words, f.words)
	}
	if err := x.readEntries(ctx, ids...); err != nil {
		return err
	}
	return x.lookUp(ctx, words...)
}

// sizes are how many things one statement asks for, so that there are few texts.
func sizes() []int { return []int{1, 8, 32, 256} }

// pads gives parts of a list, each repeated at its end up to one of the sizes.
func pads[T any](list []T) [][]T {
	var parts [][]T
	for part := range slices.Chunk(list, slices.Max(sizes())) {
		part = slices.Clone(part)
		for _, size := range sizes() {
			if size >= len(part) {
				part = append(part, slices.Repeat(part[:1], size-len(part))...)
				break
			}
		}
		parts = append(parts, part)
	}
	return parts
}

const entriesNow = `SELECT finding, number, severity, computed, status, activity, events, created, first_seen, last_seen, modified, series FROM entries WHERE finding IN (`

func (x *indexer) readEntries(ctx context.Context, ids ...string) error {
	for _, part := range pads(ids) {
		for _, id := range part {
			x.ahead.entries[id] = nil
		}
		for rows, err := range x.t.each(ctx, entriesNow+marks(len(part))+")", anys(part)...) {
			var id string
			var e indexEntry
			into := []any{&id, &e.number}
			for i := range e.scalars {
				into = append(into, &e.scalars[i])
			}
			if err == nil {
				err = rows.Scan(append(into, &e.series)...)
			}
			if err != nil {
				return err
			}
			x.ahead.entries[id] = &e
		}
	}
	return x.readBare(ctx, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return x.ahead.entries[id] != nil }))
}

func (x *indexer) readBare(ctx context.Context, ids []string) error {
	for _, part := range pads(ids) {
		for rows, err := range x.t.each(ctx, `SELECT id FROM findings WHERE id IN (`+marks(len(part))+`)`, anys(part)...) {
			var id string
			if err == nil {
				err = rows.Scan(&id)
			}
			if err != nil {
				return err
			}
			x.ahead.bare[id] = true
		}
	}
	return nil
}

func anys[T any](list []T) []any {
	all := make([]any, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

// earlier gives a finding's entry before it is written; known is false when there
// is none.
func (x *indexer) earlier(ctx context.Context, id string) (e indexEntry, known bool, err error) {
	if x.queued[id] { // what is kept back is asked for
		if err := x.flush(ctx); err != nil {
			return indexEntry{}, false, err
		}
	}
	if _, ok := x.ahead.entries[id]; !ok {
		if err := x.readEntries(ctx, id); err != nil {
			return indexEntry{}, false, err
		}
	}
	if e := x.ahead.entries[id]; e != nil {
		return *e, true, nil
	}
	return indexEntry{}, false, nil
}

// number gives the number of a word that is known to have one.
func (x *indexer) number(w word) (int64, bool) {
	if id, ok := x.fresh[w]; ok {
		return id, true
	}
	if id, ok := x.ahead.words[w]; ok {
		return id, true
	}
	return x.db.words.get(w)
}

// lookUp makes it known which values have numbers.
func (x *indexer) lookUp(ctx context.Context, values ...map[int64][]string) error {
	missing := map[word]bool{}
	for _, fields := range values {
		for field, list := range fields {
			for _, value := range list {
				w := word{field, search.SortKey(value)}
				if _, ok := x.ahead.words[w]; ok || x.ahead.absent[w] || missing[w] {
					continue
				}
				if id, ok := x.number(w); ok {
					x.ahead.words[w] = id // the dictionary may forget it meanwhile
					continue
				}
				missing[w] = true
			}
		}
	}
	order := slices.SortedFunc(maps.Keys(missing), func(a, b word) int {
		if a.field != b.field {
			return int(a.field - b.field)
		}
		return strings.Compare(a.key, b.key)
	})
	for _, part := range pads(order) {
		if err := x.find(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

const findWord = `SELECT field, key, id FROM words WHERE (field, key) IN (VALUES `

// find looks words up in the database.
func (x *indexer) find(ctx context.Context, words []word) error {
	args := make([]any, 0, 2*len(words))
	for _, w := range words {
		args = append(args, w.field, w.key)
		x.ahead.absent[w] = true
	}
	found := map[word]int64{}
	text := findWord + repeated("(CAST(? AS BIGINT), ?)", len(words)) + ")"
	for rows, err := range x.t.each(ctx, text, args...) {
		var w word
		var id int64
		if err == nil {
			err = rows.Scan(&w.field, &w.key, &id)
		}
		if err != nil {
			return err
		}
		found[w] = id
		delete(x.ahead.absent, w)
	}
	maps.Copy(x.ahead.words, found)
	x.db.words.keep(found)
	return nil
}
