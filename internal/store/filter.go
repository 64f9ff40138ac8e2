package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// clause is a condition on an item, which is e in the statement.
type clause struct {
	text string
	args []any
	// fixed clauses are the same for all items: holds tells which way.
	fixed, holds bool
	// about is how many items satisfy it, as far as that is known.
	about float64
	// candidates is how many items the source gives, about.
	candidates float64
	// source gives the numbers of all items that satisfy the clause, and perhaps some
	// that do not; empty when the clause has no quick way to give them.
	source     string
	sourceArgs []any
	// exact tells that the source gives all items that satisfy the clause and no others,
	// once that it gives none twice.
	exact, once bool
	// statuses are those that the items have which satisfy the clause, few of them, and
	// open is how many items have one of those; nil when the clause does not tell.
	statuses []string
	open     float64
	// severities are those that the items have which satisfy the clause, as a list; empty
	// when the clause does not tell. severe tells that the clause says nothing else.
	severities string
	severe     bool
	// values are some of which each item that satisfies the clause has one, few of them,
	// and listed is about how many items have one; nil when the clause does not tell. What
	// has one of them and one of the severities satisfies the clause if it is what besides
	// says.
	values  []int64
	listed  float64
	besides condition
	// direct tells that the clause's text finds the items as quickly as the source does.
	direct bool
}

func fixed(holds bool) clause { return clause{fixed: true, holds: holds} }

// with is a table c of the numbers that the source gives, each once.
func (c clause) with() string {
	if c.once {
		return `WITH c AS (` + c.source + `)`
	}
	return `WITH c AS MATERIALIZED (SELECT DISTINCT number FROM (` + c.source + `) x)`
}

// compiler turns filters into SQL.
type compiler struct {
	db    *DB
	c     *collection
	total float64
	// change is the latest change when it began.
	change int64
}

// probe bounds the counting of how many items a clause has.
const probe = 20_000

func (db *DB) compiler(ctx context.Context, c *collection) (compiler, error) {
	k := compiler{db: db, c: c}
	var total int64
	// a PostgreSQL count of a million rows takes longer than a page
	err := db.row(ctx, `SELECT (SELECT coalesce(max(number), 0) FROM `+c.table+`), (SELECT coalesce(max(number), 0) FROM changes)`, nil, &total, &k.change)
	k.total = float64(total)
	return k, err
}

// where gives the clause of a request: its filters inside its scope.
func (k compiler) where(ctx context.Context, f search.Filters, scope access.Scope, now time.Time) (clause, error) {
	terms := []clause{}
	if !scope.Everything() {
		terms = append(terms, k.scope(scope))
	}
	w, err := k.node(ctx, f.Tree(now))
	if err != nil {
		return clause{}, err
	}
	return k.and(append(terms, w)), nil
}

func (k compiler) scope(s access.Scope) clause {
	var terms []clause
	for _, part := range []struct {
		column string
		values []string
	}{{"account", s.Accounts}, {"region", s.Regions}, {"cluster", s.Clusters}} {
		if len(part.values) == 0 {
			continue
		}
		in := "IN (" + marks(len(part.values)) + ")"
		var args []any
		for _, v := range part.values {
			args = append(args, v)
		}
		// how much a scope narrows is not counted: it is taken to be little of a large estate
		c := clause{text: "e." + part.column + " " + in, args: args, about: k.total / 4}
		if part.column != "region" {
			c.source, c.sourceArgs = `SELECT number FROM `+k.c.table+` WHERE `+part.column+` `+in, args
			c.about = min(k.total, float64(100*len(part.values)))
			c.candidates = c.about
		}
		terms = append(terms, c)
	}
	return k.and(terms)
}

func marks(n int) string { return repeated("?", n) }

// repeated writes a part of a list several times.
func repeated(part string, n int) string {
	return strings.TrimSuffix(strings.Repeat(part+", ", n), ", ")
}

func (k compiler) node(ctx context.Context, n search.Node) (clause, error) {
	if n.Test != nil {
		return k.test(ctx, n.Test)
	}
	if len(n.Terms) == 0 {
		return fixed(true), nil
	}
	// each asks for what it names: side by side, a deep filter waits no longer than a flat one
	terms, err := sideBySide(ctx, n.Terms, k.node)
	if err != nil {
		return clause{}, err
	}
	if n.Operator == search.Or {
		return k.or(terms), nil
	}
	return k.and(terms), nil
}

func (k compiler) and(terms []clause) clause {
	out := clause{about: k.total}
	var texts []string
	smallest := math.Inf(1)
	listed := -1 // the term that the values are of
	for i, t := range terms {
		if t.fixed && t.holds {
			continue
		}
		if t.fixed {
			return fixed(false)
		}
		texts = append(texts, t.text)
		out.args = append(out.args, t.args...)
		if k.total > 0 {
			out.about *= t.about / k.total // as if the terms had nothing to do with each other
		}
		if t.source != "" && t.candidates < smallest {
			smallest, out.candidates = t.candidates, t.candidates
			out.source, out.sourceArgs, out.exact, out.once, out.direct = t.source, t.sourceArgs, t.exact, t.once, t.direct
		}
		if t.statuses != nil {
			out.statuses, out.open = t.statuses, t.open
		}
		if t.severities != "" {
			out.severities, out.severe = t.severities, t.severe
		}
		if t.values != nil && (out.values == nil || t.listed < out.listed) {
			out.values, out.listed, listed = t.values, t.listed, i
		}
	}
	if len(texts) == 0 {
		return fixed(true)
	}
	out.exact, out.severe = out.exact && len(texts) == 1, out.severe && len(texts) == 1
	out.text = "(" + strings.Join(texts, " AND ") + ")"
	if listed >= 0 {
		out.severities, out.besides = besides(terms, listed)
	}
	return out
}

// besides gives the severities and what else is to be tested of items that have a value
// of one of the terms.
func besides(terms []clause, listed int) (severities string, on condition) {
	severities = terms[listed].severities
	var texts []string
	add := func(c condition) {
		if c.text != "" {
			texts, on.args = append(texts, c.text), append(on.args, c.args...)
		}
	}
	add(terms[listed].besides)
	for i, t := range terms {
		switch {
		case i == listed:
		case t.severe && (severities == "" || severities == t.severities):
			severities = t.severities
		default:
			add(condition{t.text, t.args})
		}
	}
	on.text = strings.Join(texts, " AND ")
	return severities, on
}

func (k compiler) or(terms []clause) clause {
	out := clause{}
	var texts, sources []string
	quick, exact, once, listed, plain := true, true, true, true, true
	for _, t := range terms {
		if t.fixed && t.holds {
			return fixed(true)
		}
		if t.fixed {
			continue
		}
		texts = append(texts, t.text)
		out.args = append(out.args, t.args...)
		out.about += t.about
		out.candidates += t.candidates
		quick, exact, once = quick && t.source != "", exact && t.exact, once && t.once
		listed, plain = listed && t.values != nil, plain && t.severities == "" && t.besides.text == ""
		out.values, out.listed = append(out.values, t.values...), out.listed+t.listed
		sources = append(sources, t.source)
		out.sourceArgs = append(out.sourceArgs, t.sourceArgs...)
	}
	if len(texts) == 0 {
		return fixed(false)
	}
	out.about = min(out.about, k.total)
	out.text = "(" + strings.Join(texts, " OR ") + ")"
	out.source, out.exact, out.once = strings.Join(sources, " UNION "), exact, once || len(sources) > 1
	if slices.Sort(out.values); !listed || len(out.values) > maxLists {
		out.values = nil
	}
	if !plain {
		out.besides = condition{out.text, out.args}
	}
	if !quick {
		out.source, out.sourceArgs, out.exact, out.once = "", nil, false, false
	}
	return out
}

func (k compiler) test(ctx context.Context, t *search.Test) (clause, error) {
	if p, ok := k.c.columns[t.Field]; ok {
		return k.columnTest(ctx, p, t)
	}
	if v, ok := k.c.constants[t.Field]; ok {
		return fixed(t.Texts([]string{v})), nil
	}
	switch t.Kind {
	case search.Number:
		return k.amounts(ctx, t.Field, bounds("n.amount", t.Bounds))
	case search.Date:
		return k.amounts(ctx, t.Field, window("n.amount", t.Window))
	case search.Boolean:
		return k.has(ctx, t.Field, "", []search.StringIs{{Value: strconv.FormatBool(t.Bool), Comparison: search.Equals}})
	case search.Address:
		return k.addresses(ctx, t)
	case search.Text, search.Map:
	}
	some := fixed(true)
	if len(t.Any) > 0 {
		var err error
		if some, err = k.has(ctx, t.Field, t.Key, t.Any); err != nil {
			return clause{}, err
		}
	}
	if len(t.None) == 0 {
		return some, nil
	}
	none, err := k.has(ctx, t.Field, t.Key, t.None)
	if err != nil {
		return clause{}, err
	}
	return k.and([]clause{some, k.not(none)}), nil
}

func (k compiler) not(c clause) clause {
	if c.fixed {
		return fixed(!c.holds)
	}
	return clause{text: "NOT " + c.text, args: c.args, about: max(k.total-c.about, 1)}
}

// condition is a comparison in SQL.
type condition struct {
	text string
	args []any
}

// bounds compares a column as a DOUBLE PRECISION, which both engines do exactly
// up to 2⁵³.
func bounds(column string, n search.NumberIs) condition {
	var c condition
	var texts []string
	for _, b := range []struct {
		operator string
		value    *float64
	}{{"=", n.Eq}, {">=", n.Gte}, {"<=", n.Lte}, {">", n.Gt}, {"<", n.Lt}} {
		if b.value != nil {
			texts = append(texts, column+" "+b.operator+" CAST(? AS DOUBLE PRECISION)")
			c.args = append(c.args, *b.value)
		}
	}
	c.text = strings.Join(texts, " AND ")
	return c
}

// window compares a column of milliseconds.
func window(column string, w search.Window) condition {
	var c condition
	var texts []string
	add := func(operator string, ms int64) {
		texts = append(texts, column+" "+operator+" CAST(? AS BIGINT)")
		c.args = append(c.args, ms)
	}
	if !w.From.IsZero() {
		from := w.From.UnixMilli()
		if w.From.After(time.UnixMilli(from)) {
			from++
		}
		add(">=", from)
	}
	if !w.To.IsZero() {
		add("<=", w.To.UnixMilli())
	}
	if !w.Before.IsZero() {
		before := w.Before.UnixMilli()
		if w.Before.After(time.UnixMilli(before)) {
			before++
		}
		add("<", before)
	}
	c.text = strings.Join(texts, " AND ")
	return c
}

// columnTest is a test of a field that is a column.
func (k compiler) columnTest(ctx context.Context, p place, t *search.Test) (clause, error) {
	switch {
	case p.names != nil:
		var ids []string
		for name, id := range p.names() {
			if t.Texts([]string{name}) {
				ids = append(ids, strconv.Itoa(id))
			}
		}
		slices.Sort(ids)
		if len(ids) == 0 || len(ids) == len(p.names()) {
			return fixed(len(ids) > 0), nil
		}
		return k.labelled(ctx, p.name, ids)
	case t.Kind == search.Number:
		return k.columnClause(ctx, bounds(p.name, t.Bounds))
	case t.Kind == search.Date:
		return k.columnClause(ctx, window(p.name, t.Window))
	}
	if slices.ContainsFunc(t.Any, func(s search.StringIs) bool { return s.Comparison == search.ContainsWord }) {
		return k.columnWords(ctx, p, t)
	}
	some, none := textCondition(p.name, p.name, t.Any), textCondition(p.name, p.name, t.None)
	c := clause{about: k.total / 2}
	var texts []string
	if len(t.Any) > 0 {
		texts, c.args = append(texts, "("+some.text+")"), append(c.args, some.args...)
		if !slices.ContainsFunc(t.Any, func(s search.StringIs) bool { return s.Comparison != search.Equals }) {
			c.about = float64(len(t.Any))
			c.candidates = c.about
			c.source, c.sourceArgs = `SELECT number FROM `+k.c.table+` WHERE `+some.text, some.args
		}
	}
	if len(t.None) > 0 {
		texts, c.args = append(texts, "NOT ("+none.text+")"), append(c.args, none.args...)
	}
	c.text = "(" + strings.Join(texts, " AND ") + ")"
	return c, nil
}

// maxStatuses bounds the statuses whose items are walked one after the other, and
// maxLists the values.
const (
	maxStatuses = 4
	maxLists    = 4
)

// labelled is the clause that an item's severity or status is one of a few, which
// are counted.
func (k compiler) labelled(ctx context.Context, column string, ids []string) (clause, error) {
	in := column + " IN (" + strings.Join(ids, ", ") + ")"
	c := clause{text: "(e." + in + ")", source: `SELECT number FROM ` + k.c.table + ` WHERE ` + in, exact: true, once: true, direct: true}
	var n int64
	err := k.db.row(ctx, `SELECT coalesce(CAST(sum(number) AS BIGINT), 0) FROM counts WHERE value = ? AND `+in, []any{k.c.all()}, &n)
	c.about, c.candidates = float64(n), float64(n)
	if column == "severity" {
		c.severities, c.severe = strings.Join(ids, ", "), true
	}
	if column == "status" && len(ids) <= maxStatuses {
		c.statuses, c.open = ids, float64(n)
	}
	return c, err
}

// columnWords is a test for words of a field that is a column: SQL has no words, so
// what holds the text is looked at here.
func (k compiler) columnWords(ctx context.Context, p place, t *search.Test) (clause, error) {
	on := textCondition(p.name, p.name, contained(t.Any))
	var numbers []int64
	left := maxLooked
	for rows, err := range k.db.rows(ctx, `SELECT number, `+p.name+` FROM `+k.c.table+` WHERE `+on.text+fmt.Sprintf(` LIMIT %d`, maxLooked+1), on.args...) {
		var number int64
		var value string
		if err == nil {
			err = rows.Scan(&number, &value)
		}
		if err != nil {
			return clause{}, k.db.engine.translate(err)
		}
		if left--; left < 0 {
			return clause{}, errTooMany(t.Field)
		}
		if t.Texts([]string{value}) {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) == 0 {
		return fixed(false), nil
	}
	in, about := k.db.dialect.among("e.number", numbers), float64(len(numbers))
	return clause{
		text: "(" + in.text + ")", args: in.args, about: about, candidates: about,
		source: `SELECT e.number FROM ` + k.c.table + ` e WHERE ` + in.text, sourceArgs: in.args,
	}, nil
}

func errTooMany(field string) error {
	return fmt.Errorf("more than %d values of %q hold the words; give more of them, or use CONTAINS: %w", maxLooked, field, fault.ErrInvalid)
}

// columnClause is a condition on a column of the items; the column's name may not
// be the beginning of another word of the condition.
func (k compiler) columnClause(ctx context.Context, on condition) (clause, error) {
	c := clause{text: "(" + on.text + ")", args: on.args, source: `SELECT number FROM ` + k.c.table + ` WHERE ` + on.text, sourceArgs: on.args, exact: true, once: true, direct: true}
	var err error
	c.about, err = k.probe(ctx, c.source, c.sourceArgs)
	c.candidates = c.about
	return c, err
}

// probe counts what a source gives, up to a bound; what has more is taken to have
// half of everything.
func (k compiler) probe(ctx context.Context, source string, args []any) (float64, error) {
	var n int64
	err := k.db.row(ctx, `SELECT count(*) FROM (`+source+fmt.Sprintf(` LIMIT %d) x`, probe+1), args, &n)
	if n > probe {
		return max(k.total/2, probe), err
	}
	return float64(n), err
}

func (k compiler) amounts(ctx context.Context, field string, on condition) (clause, error) {
	id := k.c.number(field)
	c := clause{
		text:   fmt.Sprintf(`((SELECT 1 FROM amounts n WHERE n.item = e.number AND n.field = %d AND %s LIMIT 1) IS NOT NULL)`, id, on.text),
		args:   on.args,
		source: fmt.Sprintf(`SELECT n.item AS number FROM amounts n WHERE n.field = %d AND %s`, id, on.text), sourceArgs: on.args, exact: true,
	}
	var err error
	c.about, err = k.probe(ctx, c.source, c.sourceArgs)
	c.candidates = c.about
	return c, err
}

// The bounds of how a test is written: how many values of a field are looked at to
// find those that it names, how many are named in the statement, and how many are
// looked up one by one in each item.
const (
	maxLooked = 50_000
	maxListed = 5_000
	fewNamed  = 16
)

// has is the clause that an item has one of the values of a field that a list
// of comparisons names.
func (k compiler) has(ctx context.Context, field, key string, list []search.StringIs) (clause, error) {
	lo, hi := span(k.c.number(field))
	prefix := ""
	if key != "" {
		prefix = entryOf(key, "")
	}
	ids, complete, err := k.named(ctx, k.c.number(field), prefix, list)
	if err != nil {
		return clause{}, err
	}
	if complete && len(ids) == 0 {
		return fixed(false), nil
	}
	if complete {
		return k.hasValues(ctx, lo, hi, ids)
	}
	on := k.inWords(prefix, list)
	if on.text == "" {
		return clause{}, errTooMany(field)
	}
	return clause{
		text: `((SELECT 1 FROM postings p CROSS JOIN words w WHERE w.id = p.value AND p.item = e.number AND p.value BETWEEN ? AND ? AND (` +
			on.text + `) LIMIT 1) IS NOT NULL)`,
		args: append([]any{lo, hi}, on.args...), about: k.total / 2,
	}, nil
}

// hasValues is the clause that an item has one of some values of a field.
func (k compiler) hasValues(ctx context.Context, lo, hi int64, ids []int64) (clause, error) {
	in := k.db.dialect.among("p.value", ids)
	c := clause{source: `SELECT p.item AS number FROM postings p WHERE ` + in.text, sourceArgs: in.args, exact: true, once: len(ids) == 1}
	c.text, c.args = `((SELECT 1 FROM postings p WHERE p.item = e.number AND `+in.text+` LIMIT 1) IS NOT NULL)`, in.args
	if len(ids) > fewNamed {
		c.text = `((SELECT 1 FROM postings p WHERE p.item = e.number AND p.value BETWEEN ? AND ? AND +` + in.text + ` LIMIT 1) IS NOT NULL)`
		c.args = append([]any{lo, hi}, in.args...)
	}
	if len(ids) <= maxLists {
		c.values = ids
	}
	if k.c.counted[lo>>fieldBits] {
		var n int64
		counted := k.db.dialect.among("value", ids)
		err := k.db.row(ctx, `SELECT coalesce(CAST(sum(number) AS BIGINT), 0) FROM counts WHERE `+counted.text, counted.args, &n)
		c.about, c.candidates, c.listed = min(float64(n), k.total), float64(n), float64(n)
		return c, err
	}
	var err error
	c.about, err = k.probe(ctx, c.source, c.sourceArgs)
	c.candidates, c.listed = c.about, c.about
	return c, err
}

// named finds the values of a field that comparisons name, ordered; complete is
// false when there are too many to be named.
func (k compiler) named(ctx context.Context, field int64, prefix string, list []search.StringIs) (ids []int64, complete bool, err error) {
	exact := !slices.ContainsFunc(list, func(s search.StringIs) bool { return s.Comparison.Positive() != search.Equals })
	if exact {
		args := []any{field}
		for _, s := range list {
			args = append(args, search.SortKey(prefix+s.Value))
		}
		ids, err = k.db.numbers(ctx, `SELECT id FROM words WHERE field = ? AND key IN (`+marks(len(list))+`)`, args...)
		slices.Sort(ids)
		return ids, true, err
	}
	on := k.inWords(prefix, list)
	limit := maxListed
	if on.text == "" { // what SQL cannot say is looked at here
		on = k.inWords(prefix, contained(list))
		limit = maxLooked
	}
	lo, hi := "", ""
	if prefix != "" {
		lo, hi = keyRange(prefix)
	} else if len(list) == 1 && list[0].Comparison.Positive() == search.Prefix {
		lo, hi = keyRange(list[0].Value)
	}
	text, args := `SELECT w.id, coalesce(w.value, w.key) FROM words w WHERE w.field = ? AND (`+on.text+`)`, append([]any{field}, on.args...)
	if lo != "" {
		text, args = text+` AND w.key >= ?`, append(args, lo)
	}
	if hi != "" {
		text, args = text+` AND w.key < ?`, append(args, hi)
	}
	for rows, err := range k.db.rows(ctx, text+fmt.Sprintf(` LIMIT %d`, limit+1), args...) {
		var id int64
		var value string
		if err == nil {
			err = rows.Scan(&id, &value)
		}
		if err != nil {
			return nil, false, k.db.engine.translate(err)
		}
		value, mine := strings.CutPrefix(value, prefix)
		if mine && slices.ContainsFunc(list, func(s search.StringIs) bool { return s.Matches(value) }) {
			ids = append(ids, id)
		}
		if limit--; limit < 0 {
			return nil, false, nil
		}
	}
	slices.Sort(ids)
	return ids, true, nil
}

// contained weakens comparisons that SQL has no words for to CONTAINS.
func contained(list []search.StringIs) []search.StringIs {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Comparison == search.ContainsWord {
			list[i].Comparison = search.Contains
		}
	}
	return list
}

// inWords says in SQL that a word is what one of the comparisons names; it has no
// text when SQL cannot say it.
func (k compiler) inWords(prefix string, list []search.StringIs) condition {
	if prefix == "" {
		return textCondition("w.key", "coalesce(w.value, w.key)", list)
	}
	var c condition
	var texts []string
	for _, s := range list {
		whole := textCondition("w.key", fmt.Sprintf("substr(coalesce(w.value, w.key), %d)", utf8.RuneCountInString(prefix)+1), []search.StringIs{s})
		if s.Comparison.Positive() == search.Equals {
			whole = textCondition("w.key", "", []search.StringIs{{Value: prefix + s.Value, Comparison: search.Equals}})
		}
		texts = append(texts, "("+whole.text+")")
		c.args = append(c.args, whole.args...)
	}
	lo, hi := keyRange(prefix)
	c.text = "w.key >= ? AND w.key < ? AND (" + strings.Join(texts, " OR ") + ")"
	c.args = append([]any{lo, hi}, c.args...)
	return c
}

// textCondition says in SQL that a text is what one of the comparisons names. key
// is the column with the text's search.SortKey.
func textCondition(key, text string, list []search.StringIs) condition {
	var c condition
	var texts []string
	for _, s := range list {
		switch s.Comparison.Positive() {
		case search.Equals:
			texts = append(texts, key+" = ?")
			c.args = append(c.args, search.SortKey(s.Value))
		case search.Prefix:
			lo, hi := keyRange(s.Value)
			texts = append(texts, "("+key+" >= ? AND "+key+" < ? AND substr("+text+", 1, CAST(? AS INTEGER)) = ?)")
			c.args = append(c.args, lo, hi, utf8.RuneCountInString(s.Value), s.Value)
		case search.Contains:
			texts = append(texts, "instr("+text+", ?) > 0")
			c.args = append(c.args, s.Value)
		case search.ContainsWord:
			return condition{}
		case search.NotEquals, search.PrefixNotEquals, search.NotContains:
		}
	}
	c.text = strings.Join(texts, " OR ")
	return c
}

// keyRange gives the span of keys of the texts that begin with a prefix: from lo
// on, before hi.
func keyRange(prefix string) (lo, hi string) {
	if len(prefix) > search.SortKeyBytes { // the end of a key is a hash
		cut := search.SortKeyBytes
		for !utf8.RuneStart(prefix[cut]) {
			cut--
		}
		prefix = prefix[:cut]
	}
	for end := prefix; end != ""; {
		last, size := utf8.DecodeLastRuneInString(end)
		end = end[:len(end)-size]
		switch last {
		case utf8.MaxRune:
			continue
		case 0xD7FF: // surrogates are no text
			return prefix, end + "\uE000"
		}
		return prefix, end + string(last+1)
	}
	return prefix, "\U0010FFFF\U0010FFFF\U0010FFFF\U0010FFFF"
}

// addresses is the clause that an item has an address in a block.
func (k compiler) addresses(ctx context.Context, t *search.Test) (clause, error) {
	lo, hi := span(k.c.number(t.Field))
	var ids []int64
	for rows, err := range k.db.rows(ctx, `SELECT id, key FROM words WHERE field = ?`, k.c.number(t.Field)) {
		var id int64
		var text string
		if err == nil {
			err = rows.Scan(&id, &text)
		}
		if err != nil {
			return clause{}, k.db.engine.translate(err)
		}
		if t.Address(text) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return fixed(false), nil
	}
	return k.hasValues(ctx, lo, hi, ids)
}

// numbers gives the first column of a query.
func (db *DB) numbers(ctx context.Context, text string, args ...any) ([]int64, error) {
	var list []int64
	for rows, err := range db.rows(ctx, text, args...) {
		var n int64
		if err == nil {
			err = rows.Scan(&n)
		}
		if err != nil {
			return nil, db.engine.translate(err)
		}
		list = append(list, n)
	}
	return list, nil
}
