package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// Search gives one page of findings as OCSF documents. With no order they come in
// that of their first recording, which never changes.
//
// A walk from page to page gives every finding that matches all the while at least
// once, and exactly once if its values of the order's fields stayed: those whose
// values changed meanwhile follow on the last pages. A token is good for the same
// filters and order alone; another one is fault.ErrInvalid.
func (db *DB) Search(ctx context.Context, r search.Request) (search.Page, error) {
	return db.search(ctx, db.findings, r)
}

// Document gives one finding as it is searched and sent, by its ID; fault.ErrNotFound
// when there is none.
func (db *DB) Document(ctx context.Context, id string) ([]byte, error) {
	var page []byte
	var seen int64
	err := db.row(ctx, `SELECT d.document, e.last_seen FROM entries e JOIN pages d ON d.number = e.number WHERE e.finding = ?`, []any{id}, &page, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no finding with ID %q: %w", id, fault.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return db.fill(page, seen)
}

// maxBuffer bounds a buffer that is kept for the next document.
const maxBuffer = 1 << 20

func (db *DB) fill(compressed []byte, seen int64) ([]byte, error) {
	buffer, _ := db.buffers.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer db.buffers.Put(buffer)
	page, err := db.unpack(compressed, *buffer)
	if err != nil {
		return nil, db.damaged(err)
	}
	if cap(page) <= maxBuffer {
		*buffer = page
	}
	document, err := fill(page, time.UnixMilli(seen))
	if err != nil {
		return nil, db.damaged(err)
	}
	return document, nil
}

func (db *DB) search(ctx context.Context, c *collection, r search.Request) (search.Page, error) {
	if err := r.Validate(c.schema, search.Searching); err != nil {
		return search.Page{}, err
	}
	request, err := requestKey(c, r)
	if err != nil {
		return search.Page{}, err
	}
	o := c.order(r.Sort)
	w, err := openToken(r.Token, request, o)
	if err != nil {
		return search.Page{}, err
	}
	s, err := db.searcher(ctx, c, r, o)
	if err != nil {
		return search.Page{}, err
	}
	if w.At.None {
		w.Began, w.Change = r.Now.UnixMilli(), s.change
	}
	return s.page(ctx, w)
}

// searcher answers one request.
type searcher struct {
	db    *DB
	c     *collection
	o     order
	where clause
	total float64
	limit int
	// change is the latest change when the request began.
	change int64
}

func (db *DB) searcher(ctx context.Context, c *collection, r search.Request, o order) (searcher, error) {
	k, err := db.compiler(ctx, c)
	if err != nil {
		return searcher{}, err
	}
	where, err := k.where(ctx, r.Filters, r.Scope, r.Now)
	if where.fixed {
		where.text = "TRUE"
		where.about = k.total
	}
	return searcher{db: db, c: c, o: o, where: where, total: k.total, limit: r.Limit, change: k.change}, err
}

// hit is one item of a page.
type hit struct {
	at    position
	moved int64
}

func (s searcher) page(ctx context.Context, w walk) (search.Page, error) {
	if s.where.fixed && !s.where.holds {
		return search.Page{}, nil
	}
	var hits []hit
	var err error
	if !w.Tail {
		if hits, err = s.hits(ctx, w.At, s.limit+1); err != nil {
			return search.Page{}, err
		}
	}
	more := len(hits) > s.limit
	hits = hits[:min(len(hits), s.limit)]
	if n := len(hits); n > 0 {
		w.At = hits[n-1].at
	}
	if !more {
		w.Tail = true
		tail, err := s.tail(ctx, w, s.limit-len(hits)+1)
		if err != nil {
			return search.Page{}, err
		}
		more = len(hits)+len(tail) > s.limit
		tail = tail[:min(len(tail), s.limit-len(hits))]
		if n := len(tail); n > 0 {
			w.Moved, w.Item = tail[n-1].moved, tail[n-1].at.Number
		}
		hits = append(hits, tail...)
	}
	page := search.Page{}
	if page.Documents, err = s.documents(ctx, hits); err != nil {
		return search.Page{}, err
	}
	if more {
		if w.At.None {
			w.At = s.nowhere()
		}
		page.Next, err = sealToken(w)
	}
	return page, err
}

// nowhere is a position for a walk that is at its end and gave nothing.
func (s searcher) nowhere() position {
	at := position{}
	for _, k := range s.o {
		key := keyAt{Missing: !k.integer}
		if k.integer {
			key.Integer = new(int64)
		}
		at.Keys = append(at.Keys, key)
	}
	return at
}

// hits gives the items that come after a place.
func (s searcher) hits(ctx context.Context, at position, n int) ([]hit, error) {
	ways := s.ways(n)
	if len(ways) == 0 {
		return s.sorted(ctx, at, n)
	}
	if len(ways) == 1 {
		return s.walked(ctx, ways[0], at, n)
	}
	found, err := sideBySide(ctx, ways, func(ctx context.Context, w way) ([]hit, error) { return s.walked(ctx, w, at, n) })
	if err != nil {
		return nil, err
	}
	list := slices.Concat(found...)
	slices.SortFunc(list, s.o.compare)
	list = slices.CompactFunc(list, func(a, b hit) bool { return a.at.Number == b.at.Number })
	return list[:min(len(list), n)], nil
}

// way is what an index has in an order: items, or postings with their items. Which
// of them match is tested one by one.
type way struct {
	from, number string
	args         []any
	o            order
	where        clause
}

// ways gives what is to be walked for a page: the whole order, which is quick when
// many items match; the parts of it with a status; or those that have one of a few
// values. There is none when it is quicker to take all that the most selective
// clause has, and sort.
func (s searcher) ways(n int) []way {
	steps, listed := math.Inf(1), math.Inf(1)
	if s.o.walks() {
		steps = s.steps(n)
	}
	postings, has := s.o.bySeverity()
	if has && s.where.values != nil {
		listed = s.where.listed * min(1, float64(n)/max(s.where.about, 1))
	}
	least := min(steps, listed)
	switch {
	case s.where.source != "" && s.where.candidates < least || math.IsInf(least, 1):
		return nil
	case listed < steps:
		return s.lists(postings)
	case s.where.statuses == nil || !s.o.byStatus():
		return []way{{from: s.c.table + ` e WHERE TRUE`, number: "e.number", o: s.o, where: s.where}}
	}
	var ways []way
	for _, status := range s.where.statuses {
		ways = append(ways, way{from: s.c.table + ` e WHERE e.status = ` + status, number: "e.number", o: s.o, where: s.where})
	}
	return ways
}

// lists walks the postings of the values.
func (s searcher) lists(o order) []way {
	w := way{from: `postings p WHERE TRUE`, number: "p.item", o: o, where: clause{text: "TRUE"}}
	if on := s.where.besides; on.text != "" {
		w.from, w.where = `postings p CROSS JOIN `+s.c.table+` e WHERE e.number = p.item`, clause{text: on.text, args: on.args}
	}
	if s.where.severities != "" {
		w.from += ` AND p.severity IN (` + s.where.severities + `)`
	}
	ways := make([]way, len(s.where.values))
	for i, v := range s.where.values {
		ways[i] = w
		is := s.db.dialect.among("p.value", []int64{v})
		ways[i].from, ways[i].args = w.from+` AND `+is.text, is.args
	}
	return ways
}

// walked walks an order, and gives the items that match.
func (s searcher) walked(ctx context.Context, w way, at position, n int) ([]hit, error) {
	var list []hit
	for _, part := range w.o.segments(at, w.number) {
		text := `SELECT ` + w.number + w.o.keys() + ` FROM ` + w.from + ` AND ` + part.text + ` AND ` + w.where.text + w.o.by(w.number) + fmt.Sprintf(` LIMIT %d`, n-len(list))
		found, err := s.query(ctx, text, slices.Concat(w.args, part.args, w.where.args))
		list = append(list, found...)
		if err != nil || len(list) == n {
			return list, err
		}
	}
	return list, nil
}

// steps is about how many items a walk tests for a page.
func (s searcher) steps(n int) float64 {
	walked := s.total
	if s.where.statuses != nil && s.o.byStatus() {
		walked = s.where.open
	}
	return float64(n) * walked / max(s.where.about, 1)
}

// sorted sorts the items of the source that match, or all that match.
func (s searcher) sorted(ctx context.Context, at position, n int) ([]hit, error) {
	from, args := s.c.table+` e WHERE `, []any{}
	with := `WITH `
	joined := s.where.source != "" && (!s.where.exact || !s.where.direct)
	if joined {
		with, args = s.where.with()+`, `, append(args, s.where.sourceArgs...)
		from = `c CROSS JOIN ` + s.c.table + ` e WHERE e.number = c.number AND `
	}
	if joined && s.where.exact {
		s.where.text, s.where.args = "TRUE", nil
	}
	after := s.o.after(at)
	// materialized: PostgreSQL would walk all items for the sake of the limit
	text := with + `s AS MATERIALIZED (SELECT e.number` + s.o.keys() + ` FROM ` + from + s.where.text + `) SELECT * FROM s WHERE ` + after.text + s.o.sorted() + fmt.Sprintf(` LIMIT %d`, n)
	return s.query(ctx, text, append(append(args, s.where.args...), after.args...))
}

func (s searcher) query(ctx context.Context, text string, args []any) ([]hit, error) {
	var list []hit
	for rows, err := range s.db.rows(ctx, text, args...) {
		if err != nil {
			return nil, err
		}
		h := hit{at: position{Keys: make([]keyAt, len(s.o))}}
		into := []any{&h.at.Number}
		for i := range s.o {
			k := &h.at.Keys[i]
			switch {
			case s.o[i].text:
				into = append(into, &k.Text)
			case s.o[i].integer:
				into = append(into, &k.Integer)
			default:
				into = append(into, &k.Real)
			}
		}
		if err := rows.Scan(into...); err != nil {
			return nil, s.db.engine.translate(err)
		}
		for i := range h.at.Keys {
			k := &h.at.Keys[i]
			k.Missing = k.value() == nil
		}
		list = append(list, h)
	}
	return list, nil
}

// tail gives the matching items whose place changed since the walk began, in the
// order of the last such change. An order that never changes has none.
func (s searcher) tail(ctx context.Context, w walk, n int) ([]hit, error) {
	var fields []string
	seen := false
	for _, k := range s.o {
		fields = append(fields, strconv.FormatInt(s.c.number(k.field), 10))
		seen = seen || k.expr == "e."+s.c.seen && k.down
	}
	if len(fields) == 0 {
		return nil, nil
	}
	source := `SELECT m.item AS number, max(m.change) AS moved FROM moves m WHERE m.change > ? AND m.field IN (` + strings.Join(fields, ", ") + `) GROUP BY m.item`
	args := []any{w.Change}
	if seen { // a sighting is no change, and moves forward in this order
		source = `SELECT number, max(moved) AS moved FROM (` + source + ` UNION ALL SELECT number, ` + s.c.seen + ` AS moved FROM ` + s.c.table + ` WHERE ` + s.c.seen + ` > ?) u GROUP BY number`
		args = append(args, w.Began)
	}
	text := `SELECT e.number, c.moved FROM (` + source + `) c CROSS JOIN ` + s.c.table + ` e WHERE e.number = c.number AND ` +
		`(c.moved > ? OR (c.moved = ? AND e.number > ?)) AND ` + s.where.text + fmt.Sprintf(` ORDER BY c.moved, e.number LIMIT %d`, n)
	args = append(append(args, w.Moved, w.Moved, w.Item), s.where.args...)
	var list []hit
	for rows, err := range s.db.rows(ctx, text, args...) {
		var h hit
		if err == nil {
			err = rows.Scan(&h.at.Number, &h.moved)
		}
		if err != nil {
			return nil, s.db.engine.translate(err)
		}
		list = append(list, h)
	}
	return list, nil
}

// documents reads the documents of hits, in their order.
func (s searcher) documents(ctx context.Context, hits []hit) ([][]byte, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	numbers := make([]int64, len(hits))
	places := map[int64][]int{}
	for i, h := range hits {
		numbers[i] = h.at.Number
		places[h.at.Number] = append(places[h.at.Number], i)
	}
	in := s.db.dialect.among("e.number", numbers)
	text := `SELECT e.number, e.` + s.c.seen + `, d.document FROM ` + s.c.table + ` e JOIN ` + s.c.pages + ` d ON d.number = e.number WHERE ` + in.text
	list := make([][]byte, len(hits))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for rows, err := range s.db.rows(ctx, text, in.args...) {
		var number, seen int64
		var page []byte
		if err == nil {
			err = rows.Scan(&number, &seen, &page)
		}
		if err != nil {
			_ = group.Wait() // the first error is told
			return nil, s.db.engine.translate(err)
		}
		group.Go(func() error {
			document, err := s.db.fill(page, seen)
			for _, i := range places[number] {
				list[i] = document
			}
			return err
		})
	}
	return list, group.Wait()
}
