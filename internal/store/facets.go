package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The facets of an item are its words of the fields that statistics are grouped by,
// in one text, so that counting what a filter selects looks at each item once: each
// word is the number of its field, a colon, and its number in the field.

// facetsOf writes the facets of an item that has words, which are ordered.
func (c *collection) facetsOf(words []int64) string {
	var text strings.Builder
	for _, v := range words {
		if !c.grouped[v>>fieldBits] {
			continue
		}
		if text.Len() > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(strconv.FormatInt(v>>fieldBits, 10) + ":" + strconv.FormatInt(v&(1<<fieldBits-1), 10))
	}
	return text.String()
}

// putFacets writes the facets of an item.
func (x *indexer) putFacets(ctx context.Context, c *collection, item int64, words []int64) error {
	if text := c.facetsOf(words); text != "" {
		x.row(`INSERT INTO `+c.facets+` (number, words)`, item, text)
		return nil
	}
	_, err := x.t.exec(ctx, `DELETE FROM `+c.facets+` WHERE number = ?`, item)
	return err
}

// tally counts words, by field.
type tally map[int64]map[int64]int

// add counts the words of one item, of the tally's fields.
func (t tally) add(facets []byte) {
	var field, n int64
	for _, b := range facets {
		switch b {
		case ':':
			field, n = n, 0
		case ' ':
			t.count(field, n)
			n = 0
		default:
			n = 10*n + int64(b-'0')
		}
	}
	t.count(field, n)
}

func (t tally) count(field, n int64) {
	if counts, ok := t[field]; ok {
		counts[field<<fieldBits|n]++
	}
}

// tally counts the words of some fields in the facets that a query gives.
func (db *DB) tally(ctx context.Context, fields []int64, text string, args ...any) (tally, error) {
	t := tally{}
	for _, f := range fields {
		t[f] = map[int64]int{}
	}
	var facets sql.RawBytes
	for rows, err := range db.rows(ctx, text, args...) {
		if err == nil {
			err = rows.Scan(&facets)
		}
		if err != nil {
			return nil, db.engine.translate(err)
		}
		t.add(facets)
	}
	return t, nil
}

// wordText is a word's text, and the key that texts are ordered by.
type wordText struct{ text, key string }

// wordTexts reads words. One that is gone, as after the index took another form, is
// left out.
func (db *DB) wordTexts(ctx context.Context, ids map[int64]bool) (map[int64]wordText, error) {
	texts := map[int64]wordText{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(ids)), maxListed) {
		in := db.dialect.among("id", part)
		for rows, err := range db.rows(ctx, `SELECT id, coalesce(value, key), key FROM words WHERE `+in.text, in.args...) {
			var id int64
			var w wordText
			if err == nil {
				err = rows.Scan(&id, &w.text, &w.key)
			}
			if err != nil {
				return nil, db.engine.translate(err)
			}
			texts[id] = w
		}
	}
	return texts, nil
}
