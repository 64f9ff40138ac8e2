package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// keyset is the order of a list that is read page by page: by a column, in which
// rows may have no value, and then by what tells rows apart. A page begins after the
// values of the last row of the page before, so that rows that come and go meanwhile
// move no others.
type keyset struct {
	key  string // empty when ties are the whole order
	text bool   // the key is a text, empty without a value, and no number, then -1
	ties []string
	down bool
}

// listPlace is where a row is in a keyset.
type listPlace struct {
	key  inventory.SortKey
	ties []any
}

// stretch is a part of a keyset that one query reads.
type stretch struct {
	condition string
	args      []any
	order     string
}

// none is the key of rows without a value, which is less than all others.
func (k keyset) none() string {
	if k.text {
		return "''"
	}
	return "-1"
}

// value is the key as a query gives it.
func (k keyset) value() string {
	if k.key == "" {
		return "''"
	}
	return k.key
}

// into is where the key of a row is read into.
func (k keyset) into(key *inventory.SortKey) any {
	if k.key == "" || k.text {
		return &key.Text
	}
	return &key.Number
}

// keyed reads the value of a place.
func (k keyset) keyed(at inventory.SortKey) (value any, known bool) {
	if k.text {
		return at.Text, at.Text != ""
	}
	return at.Number, at.Number >= 0
}

// stretches gives what is to be read after a place, or from the beginning: first the
// rows with a value, then those without.
func (k keyset) stretches(after *listPlace) []stretch {
	rest := stretch{order: k.by(k.ties...)}
	if k.key == "" {
		if after != nil {
			rest.condition, rest.args = k.beyond(k.ties), after.ties
		}
		return []stretch{rest}
	}
	rest.condition = k.key + " = " + k.none()
	all := append([]string{k.key}, k.ties...)
	valued := stretch{condition: k.key + " > " + k.none(), order: k.by(all...)}
	if after == nil {
		return []stretch{valued, rest}
	}
	value, known := k.keyed(after.key)
	if !known {
		rest.condition, rest.args = rest.condition+" AND "+k.beyond(k.ties), after.ties
		return []stretch{rest}
	}
	valued.condition, valued.args = valued.condition+" AND "+k.beyond(all), append([]any{value}, after.ties...)
	return []stretch{valued, rest}
}

// beyond compares columns with the values of a place.
func (k keyset) beyond(columns []string) string {
	sign := " > "
	if k.down {
		sign = " < "
	}
	return "(" + strings.Join(columns, ", ") + ")" + sign + "(" + marks(len(columns)) + ")"
}

func (k keyset) by(columns ...string) string {
	if k.down {
		return strings.Join(columns, " DESC, ") + " DESC"
	}
	return strings.Join(columns, ", ")
}

// readPage reads a page of a list. ask gives the query for a stretch, which ends with its
// limit, and scan reads a row with its key. Where there are more rows, more is true, and
// last is the key of the page's last row.
func readPage[T any](ctx context.Context, db *DB, k keyset, s selectionOf, after *listPlace, limit int,
	ask func(within selectionOf, order string) string, scan func(*sql.Rows, keyset) (T, inventory.SortKey, error),
) (list []T, last inventory.SortKey, more bool, err error) {
	for _, part := range k.stretches(after) {
		within := s.also(part)
		for rows, err := range db.rows(ctx, ask(within, part.order), append(within.args, limit+1-len(list))...) {
			if err != nil {
				return list, last, false, err
			}
			if len(list) == limit {
				return list, last, true, nil
			}
			var one T
			if one, last, err = scan(rows, k); err != nil {
				return list, last, false, err
			}
			list = append(list, one)
		}
	}
	return list, last, false, nil
}

// plain gives a text that both engines keep and compare: PostgreSQL takes no zero bytes
// and no broken UTF-8, which an image may name its system with.
func plain(text string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
}
