package store

import (
	"context"
	"database/sql"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/search"
)

// indexer writes to the index in one transaction. What many items share is kept
// back and written once, by flush.
type indexer struct {
	t  tx
	db *DB
	// fresh are words that this transaction made, next the last number of a field.
	fresh  map[word]int64
	next   map[int64]int64
	counts map[[3]int64]int64 // value, severity, status
	trends map[[2]int64]int64 // series, day
	totals map[string]*total  // by the target's ID
	// rows are what is kept back for statements that insert, by their beginning;
	// order is that in which their first rows came, in which they are written.
	rows  map[string][]any
	order []string
	// touched are the items whose values may be among rows, by collection; queued
	// the findings that are.
	touched map[[2]int64]bool
	queued  map[string]bool
	ahead   ahead
	// change is the last that this transaction logged; 0 for none.
	change int64
	// last is the highest number of a table's items.
	last map[string]int64
}

// word is a value of a field; key is search.SortKey of the value.
type word struct {
	field int64
	key   string
}

func (db *DB) indexer(t tx) *indexer {
	return &indexer{
		t: t, db: db, fresh: map[word]int64{}, next: map[int64]int64{}, counts: map[[3]int64]int64{}, trends: map[[2]int64]int64{}, totals: map[string]*total{}, rows: map[string][]any{},
		touched: map[[2]int64]bool{}, queued: map[string]bool{}, ahead: newAhead(), last: map[string]int64{},
	}
}

// dictionary keeps the numbers of words that were met, which never change.
type dictionary struct {
	mu    sync.Mutex
	words map[word]int64
}

// maxWords bounds the words kept in memory: about 20 MB.
const maxWords = 100_000

func (d *dictionary) get(w word) (int64, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, ok := d.words[w]
	return id, ok
}

// keep adds words that are in the database for good.
func (d *dictionary) keep(words map[word]int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.words == nil || len(d.words)+len(words) > maxWords {
		d.words = map[word]int64{}
	}
	maps.Copy(d.words, words)
}

func (d *dictionary) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.words = nil
}

// The statements of the index.
const (
	putEntry = `
		INSERT INTO entries (number, finding, uid, cluster, account, region, severity, computed, status, activity, events, created, first_seen, last_seen, modified, series, profile)`

	putPage = `INSERT INTO pages (number, document)`

	nextChange = `SELECT coalesce(max(number), 0) + 1 FROM changes`

	moveSeen = `UPDATE entries SET last_seen = ? WHERE finding = ?`
)

// entry is what the index has of a finding.
type indexEntry struct {
	number  int64
	scalars [scalars]int64
	series  int64
}

// put writes a finding as it is now. change is the number of the change in the
// change log, at its time; 0 for one that is in no log.
func (x *indexer) put(ctx context.Context, f *indexed, change int64, at time.Time) error {
	old, known, err := x.earlier(ctx, f.finding.ID)
	if err != nil {
		return err
	}
	if known && change == 0 {
		if change, err = x.afterWalks(ctx); err != nil {
			return err
		}
	}
	if !known {
		if old.number, err = x.nextNumber(ctx, x.db.findings.table); err != nil {
			return err
		}
	}
	series, err := x.word(ctx, findingSeries, f.series)
	if err != nil {
		return err
	}
	profile, err := x.word(ctx, findingProfile, f.profile)
	if err != nil {
		return err
	}
	moved, err := x.values(ctx, x.db.findings, old, known, f)
	if err != nil {
		return err
	}
	x.trend(old.series, series, at)
	for i, field := range scalarFields() {
		if known && old.scalars[i] != f.scalars[i] {
			moved = append(moved, x.db.findings.number(field))
		}
	}
	for _, field := range moved {
		x.row(`INSERT INTO moves (change, item, field)`, change, old.number, field)
	}
	ref := f.finding.Cluster.Ref
	args := []any{old.number, f.finding.ID, f.finding.UID, ref.String(), ref.Account, ref.Region}
	for _, n := range f.scalars {
		args = append(args, n)
	}
	x.row(putEntry, append(args, series, profile)...)
	x.row(putPage, old.number, f.page)
	x.queued[f.finding.ID] = true
	delete(x.ahead.entries, f.finding.ID)
	return x.targets(ctx, old.number, known, f.finding)
}

// afterWalks gives a number in the change log that is after every walk that has
// begun: that of a change of this transaction, or the next one.
func (x *indexer) afterWalks(ctx context.Context) (int64, error) {
	if x.change != 0 {
		return x.change, nil
	}
	var next int64
	err := x.t.row(ctx, nextChange, nil, &next)
	return next, err
}

// nextNumber gives the number of a new item.
func (x *indexer) nextNumber(ctx context.Context, table string) (int64, error) {
	last, ok := x.last[table]
	if !ok {
		if err := x.t.row(ctx, `SELECT coalesce(max(number), 0) FROM `+table, nil, &last); err != nil {
			return 0, err
		}
	}
	x.last[table] = last + 1
	return last + 1, nil
}

// values replaces an item's values, and gives the fields that have others than before.
func (x *indexer) values(ctx context.Context, c *collection, old indexEntry, known bool, f *indexed) ([]int64, error) {
	if x.touched[[2]int64{c.base, old.number}] { // what is kept back is asked for
		if err := x.flush(ctx); err != nil {
			return nil, err
		}
	}
	x.touched[[2]int64{c.base, old.number}] = true
	was, is := [2]int64{old.scalars[scalarSeverity], old.scalars[scalarStatus]}, [2]int64{f.scalars[scalarSeverity], f.scalars[scalarStatus]}
	before := map[int64]bool{}
	if known {
		lo, _ := span(c.base)
		_, hi := span(c.base + int64(len(c.numbers)))
		for rows, err := range x.t.each(ctx, `SELECT value FROM postings WHERE item = ? AND value BETWEEN ? AND ?`, old.number, lo, hi) {
			var v int64
			if err == nil {
				err = rows.Scan(&v)
			}
			if err != nil {
				return nil, err
			}
			before[v] = true
		}
		if was[0] != is[0] {
			if _, err := x.t.exec(ctx, `UPDATE postings SET severity = ? WHERE item = ? AND value BETWEEN ? AND ?`, is[0], old.number, lo, hi); err != nil {
				return nil, err
			}
		}
	}
	now, err := x.words(ctx, f.words)
	if err != nil {
		return nil, err
	}
	if known {
		x.count(c.all(), was, -1)
	}
	x.count(c.all(), is, 1)
	moved := map[int64]bool{}
	regrouped := !known
	for _, v := range now {
		counted := c.counted[v>>fieldBits]
		if !before[v] {
			moved[v>>fieldBits] = true
			regrouped = regrouped || c.grouped[v>>fieldBits]
			x.row(`INSERT INTO postings (item, value, severity)`, old.number, v, is[0])
		}
		if counted && before[v] {
			x.count(v, was, -1)
		}
		if counted {
			x.count(v, is, 1)
		}
		delete(before, v)
	}
	for _, v := range slices.Sorted(maps.Keys(before)) {
		moved[v>>fieldBits] = true
		regrouped = regrouped || c.grouped[v>>fieldBits]
		if c.counted[v>>fieldBits] {
			x.count(v, was, -1)
		}
		if _, err := x.t.exec(ctx, `DELETE FROM postings WHERE item = ? AND value = ?`, old.number, v); err != nil {
			return nil, err
		}
	}
	if regrouped {
		if err := x.putFacets(ctx, c, old.number, now); err != nil {
			return nil, err
		}
	}
	if err := x.amounts(ctx, c, old.number, known, f.amounts, moved); err != nil {
		return nil, err
	}
	if !known {
		return nil, nil
	}
	return slices.Sorted(maps.Keys(moved)), nil
}

type amount struct {
	field int64
	n     float64
}

func (x *indexer) amounts(ctx context.Context, c *collection, item int64, known bool, amounts map[int64][]float64, moved map[int64]bool) error {
	before := map[amount]bool{}
	if known {
		for rows, err := range x.t.each(ctx, `SELECT field, amount FROM amounts WHERE item = ? AND field > ? AND field <= ?`, item, c.base, c.base+int64(len(c.numbers))) {
			var a amount
			if err == nil {
				err = rows.Scan(&a.field, &a.n)
			}
			if err != nil {
				return err
			}
			before[a] = true
		}
	}
	for _, field := range slices.Sorted(maps.Keys(amounts)) {
		for _, n := range amounts[field] {
			a := amount{field, n}
			if !before[a] {
				moved[field] = true
				x.row(`INSERT INTO amounts (item, field, amount)`, item, field, n)
			}
			delete(before, a)
		}
	}
	for a := range before {
		moved[a.field] = true
		if _, err := x.t.exec(ctx, `DELETE FROM amounts WHERE item = ? AND field = ? AND amount = ?`, item, a.field, a.n); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) count(value int64, at [2]int64, n int64) {
	x.counts[[3]int64{value, at[0], at[1]}] += n
}

func (x *indexer) trend(was, is int64, at time.Time) {
	if was == is {
		return
	}
	if was != 0 {
		x.trends[[2]int64{was, dayOf(at)}]--
	}
	if is != 0 {
		x.trends[[2]int64{is, dayOf(at)}]++
	}
}

// word gives the number of one word of a field; 0 for an empty one.
func (x *indexer) word(ctx context.Context, field int64, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	ids, err := x.words(ctx, map[int64][]string{field: {text}})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// words gives the numbers of values, and makes those that are new.
func (x *indexer) words(ctx context.Context, values map[int64][]string) ([]int64, error) {
	if err := x.lookUp(ctx, values); err != nil {
		return nil, err
	}
	var ids []int64
	for _, field := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[field] {
			w := word{field, search.SortKey(value)}
			id, ok := x.number(w)
			if !ok {
				var err error
				if id, err = x.coin(ctx, w, value); err != nil {
					return nil, err
				}
			}
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil // values may differ in nothing but what the key folds
}

// coin makes a new word.
func (x *indexer) coin(ctx context.Context, w word, value string) (int64, error) {
	if x.next[w.field] == 0 {
		lo, hi := span(w.field)
		var last int64
		if err := x.t.row(ctx, `SELECT coalesce(max(id), ?) FROM words WHERE id BETWEEN ? AND ?`, []any{lo, lo, hi}, &last); err != nil {
			return 0, err
		}
		x.next[w.field] = last
	}
	x.next[w.field]++
	id := x.next[w.field]
	x.fresh[w] = id
	var whole any
	if value != w.key {
		whole = value
	}
	x.row(`INSERT INTO words (id, field, key, value)`, id, w.field, w.key, whole)
	return id, nil
}

// row keeps a row back for a statement.
func (x *indexer) row(insert string, values ...any) {
	if len(x.rows[insert]) == 0 {
		x.order = append(x.order, insert)
	}
	x.rows[insert] = append(x.rows[insert], values...)
}

// flush writes what was kept back.
func (x *indexer) flush(ctx context.Context) error {
	for _, key := range sortedKeys(x.counts) {
		if n := x.counts[key]; n != 0 {
			x.row(`INSERT INTO counts (value, severity, status, number)`, key[0], key[1], key[2], n)
		}
	}
	for _, key := range sortedPairs(x.trends) {
		if n := x.trends[key]; n != 0 {
			x.row(`INSERT INTO trend_days (series, day, difference)`, key[0], key[1], n)
		}
	}
	clear(x.counts)
	clear(x.trends)
	for _, insert := range x.order {
		if err := x.insert(ctx, insert, x.rows[insert]); err != nil {
			return err
		}
	}
	if err := x.flushTotals(ctx); err != nil {
		return err
	}
	clear(x.rows)
	x.order = x.order[:0]
	clear(x.touched)
	clear(x.queued)
	return nil
}

// onConflict is what a statement does about a row that is there.
func onConflict(insert string) string {
	switch {
	case strings.Contains(insert, " counts "):
		return ` ON CONFLICT (value, severity, status) DO UPDATE SET number = counts.number + excluded.number`
	case strings.Contains(insert, " trend_days "):
		return ` ON CONFLICT (series, day) DO UPDATE SET difference = trend_days.difference + excluded.difference`
	case strings.Contains(insert, " moves "):
		return ` ON CONFLICT DO NOTHING`
	case insert == putEntry:
		return ` ON CONFLICT (number) DO UPDATE SET severity = excluded.severity, computed = excluded.computed, status = excluded.status, activity = excluded.activity,
			events = excluded.events, created = excluded.created, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
			modified = excluded.modified, series = excluded.series, profile = excluded.profile`
	case strings.Contains(insert, "facets "):
		return ` ON CONFLICT (number) DO UPDATE SET words = excluded.words`
	case insert == putPage:
		return ` ON CONFLICT (number) DO UPDATE SET document = excluded.document`
	case insert == putFinding:
		return ` ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, status = excluded.status, activity = excluded.activity,
			first_seen = excluded.first_seen, last_seen = excluded.last_seen, modified_at = excluded.modified_at,
			fingerprint = excluded.fingerprint, seen = excluded.seen`
	case insert == addTotal:
		return onTotal
	case insert == putDocument:
		return ` ON CONFLICT (finding) DO UPDATE SET document = excluded.document`
	}
	return ""
}

// insert writes rows in statements of a few sizes, so that they are prepared once.
func (x *indexer) insert(ctx context.Context, insert string, values []any) error {
	columns := strings.Count(insert, ",") + 1
	row := "(" + marks(columns) + ")"
	for len(values) > 0 {
		n := 1
		for _, size := range []int{128, 32, 8} {
			if len(values) >= size*columns {
				n = size
				break
			}
		}
		text := insert + " VALUES " + repeated(row, n) + onConflict(insert)
		if _, err := x.t.exec(ctx, text, values[:n*columns]...); err != nil {
			return err
		}
		values = values[n*columns:]
	}
	return nil
}

func sortedKeys(m map[[3]int64]int64) [][3]int64 {
	return slices.SortedFunc(maps.Keys(m), func(a, b [3]int64) int { return slices.Compare(a[:], b[:]) })
}

func sortedPairs(m map[[2]int64]int64) [][2]int64 {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
}

// kept runs a query whose text is one of few, which is prepared once.
func (t tx) kept(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if s := t.db.prepared.get(text); s != nil {
		return t.inner.StmtContext(ctx, s).QueryContext(ctx, args...) //nolint:sqlclosecheck // the end of the transaction closes it
	}
	return t.query(ctx, text, args...)
}

// each gives the rows of a query, each to be read by Scan alone, before the next
// statement. An error is the last thing it gives. Texts should be few: each is
// prepared once.
func (t tx) each(ctx context.Context, text string, args ...any) iter.Seq2[*sql.Rows, error] {
	return func(yield func(*sql.Rows, error) bool) {
		rows, err := t.kept(ctx, text, args)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = rows.Close() }() // nothing was written
		for rows.Next() {
			if !yield(rows, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}
