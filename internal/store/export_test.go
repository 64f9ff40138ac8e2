package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
)

// Versions is the number of migrations.
func Versions() (int, error) {
	list, err := migrations()
	return len(list), err
}

// MakeAt makes a database as the program of an earlier version made it.
func MakeAt(ctx context.Context, place string, version int) error {
	list, err := migrations()
	if err != nil {
		return err
	}
	db, err := connect(ctx, Config{Place: place, Now: time.Now})
	if err != nil {
		return err
	}
	return errors.Join(db.migrate(ctx, list[:version]), db.Close())
}

// LimitPages makes the database full at a number of pages.
func (db *DB) LimitPages(ctx context.Context, pages int) error {
	_, err := db.write.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return err
}

// Pages is the number of pages that the file has.
func (db *DB) Pages(ctx context.Context) (pages int, err error) {
	err = db.write.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages)
	return pages, err
}

// SetPatience sets how long a write waits for another process.
func (db *DB) SetPatience(d time.Duration) { db.patience = d }

// Check runs SQLite's own check of the whole file; "ok" is what it says of a sound
// one. PostgreSQL has none.
func (db *DB) Check(ctx context.Context) (string, error) {
	if db.dialect.numbered {
		return "[ok]", nil
	}
	list, err := db.texts(ctx, "PRAGMA integrity_check")
	if err != nil {
		return "", err
	}
	broken, err := db.texts(ctx, "SELECT \"table\" FROM pragma_foreign_key_check")
	return fmt.Sprint(append(list, broken...)), err
}

// RowsChanged is the number of rows that the writing connection has changed.
func (db *DB) RowsChanged(ctx context.Context) (n int, err error) {
	err = db.write.QueryRowContext(ctx, "SELECT total_changes()").Scan(&n)
	return n, err
}

// ForgetIndex makes the database look as if its index had another form.
func (db *DB) ForgetIndex(ctx context.Context) error {
	_, err := db.exec(ctx, `DELETE FROM indexing`)
	return err
}

// ForgetProfiles makes the database one of before there were profiles.
func (db *DB) ForgetProfiles(ctx context.Context) error {
	_, err := db.exec(ctx, `UPDATE entries SET profile = 0`)
	return err
}

// IndexRows gives what the index says, with words in place of their numbers.
func (db *DB) IndexRows(ctx context.Context) ([]string, error) {
	return db.texts(ctx, `
		SELECT 'posting ' || e.finding || ' ' || w.field || ' ' || w.key || ' ' || p.severity FROM postings p JOIN words w ON w.id = p.value JOIN entries e ON e.number = p.item WHERE w.field < 512
		UNION SELECT 'amount ' || e.finding || ' ' || a.field || ' ' || a.amount FROM amounts a JOIN entries e ON e.number = a.item WHERE a.field < 512
		UNION SELECT 'count ' || w.field || ' ' || w.key || ' ' || c.severity || ' ' || c.status || ' ' || c.number FROM counts c JOIN words w ON w.id = c.value WHERE c.number <> 0 AND w.field < 512
		UNION SELECT 'all ' || severity || ' ' || status || ' ' || number FROM counts WHERE value = -1 AND number <> 0
		UNION SELECT 'entry ' || finding || ' ' || severity || ' ' || status || ' ' || activity || ' ' || computed || ' ' || events || ' ' || last_seen || ' ' || modified || ' ' || coalesce((SELECT coalesce(w.value, w.key) FROM words w WHERE w.id = entries.profile), '') FROM entries
		ORDER BY 1`)
}

// CheckFacets compares the facets of all items with their postings, and gives the
// number of items.
func (db *DB) CheckFacets(ctx context.Context) (n int, err error) {
	for _, c := range []*collection{db.findings, db.resources} {
		want, got := map[int64]tally{}, map[int64]tally{}
		note := func(to map[int64]tally) func(func(...any) error) error {
			return func(scan func(...any) error) error {
				var item int64
				var words string
				err := scan(&item, &words)
				if to[item] == nil {
					to[item] = tally{}
					for field, grouped := range c.grouped {
						if grouped {
							to[item][field] = map[int64]int{}
						}
					}
				}
				to[item].add([]byte(words))
				return err
			}
		}
		rows, err := db.read.QueryContext(ctx, `SELECT number, words FROM `+c.facets)
		if err := each(rows, err, note(got)); err != nil {
			return 0, err
		}
		rows, err = db.read.QueryContext(ctx, `SELECT p.item, '' || (p.value >> 40) || ':' || (p.value & 1099511627775) FROM postings p JOIN `+c.table+` e ON e.number = p.item`)
		if err := each(rows, err, note(want)); err != nil {
			return 0, err
		}
		if !reflect.DeepEqual(want, got) {
			return 0, fmt.Errorf("%s are not the postings of %s", c.facets, c.table)
		}
		n += len(got)
	}
	return n, nil
}

// HoldQueue keeps all transactions that record waiting while a function runs.
func (db *DB) HoldQueue(ctx context.Context, f func()) error {
	return db.inOrder(ctx, func(tx) error {
		f()
		return nil
	})
}

// Rewrite turns a statement into PostgreSQL's dialect.
func Rewrite(text string) string { return postgresDialect().statement(text) }

// Define turns a file of schema/ into PostgreSQL's dialect.
func Define(text string) string { return postgresDialect().definition(text) }

// ListRow gives what the one row of a table that exists is sorted by.
func (db *DB) ListRow(ctx context.Context, table string) (string, error) {
	text := `SELECT account_name || '|' || version || '|' || open_endpoint || '|' || encryption || '|' || nodes || '|' || severity || '|' || missing FROM clusters WHERE gone_at = 0`
	if table == "listed_images" {
		text = `SELECT repository || '|' || os || '|' || created || '|' || critical || '|' || high || '|' || kev || '|' || unread || '|' || words || '|' || clusters || '|' || running
			FROM listed_images WHERE clusters > 0`
	}
	list, err := db.texts(ctx, text)
	return strings.Join(list, "\n"), err
}

// Selected is Findings, by the way for few findings with a trait or by that for many.
func (db *DB) Selected(ctx context.Context, q exposure.Query, few bool) ([]*exposure.Finding, error) {
	return db.selected(ctx, q, few)
}

// Pack writes a page, Unpack reads it, and PackedBefore writes it as earlier programs did.
func Pack(page []byte) []byte { return pack(page) }

func (db *DB) Unpack(data, buffer []byte) ([]byte, error) { return db.unpack(data, buffer) }

func (db *DB) PackedBefore(page []byte) []byte { return db.compress(page) }
