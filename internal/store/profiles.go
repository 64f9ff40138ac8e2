package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// An open finding's entry names the word of its profile. One that was recorded before
// there were profiles has none until Reindex has been there.

const (
	unprofiled = `SELECT f.id, f.seen, d.document FROM (SELECT finding FROM entries WHERE series > 0 AND profile = 0 LIMIT ?) e
		JOIN findings f ON f.id = e.finding JOIN documents d ON d.finding = e.finding`

	anyUnprofiled = `SELECT count(*) FROM (SELECT 1 FROM entries WHERE series > 0 AND profile = 0 LIMIT 1) e`

	setProfile = `UPDATE entries SET profile = ? WHERE finding = ?`
)

// Profiles counts the open findings of a scope by their profiles, those of the named
// accounts and regions alone where there are any. While findings of an earlier
// program have no profiles yet it is fault.ErrUnavailable.
func (db *DB) Profiles(ctx context.Context, scope access.Scope, accounts, regions []string) ([]exposure.ProfileCount, error) {
	terms, args := []string{"e.series > 0"}, []any(nil)
	for _, s := range []access.Scope{scope, {Accounts: accounts, Regions: regions}} {
		if !s.Everything() {
			in := db.confine(s)
			terms, args = append(terms, in.text), append(args, in.args...)
		}
	}
	text := `SELECT g.profile, g.n, coalesce(w.value, w.key) FROM (SELECT e.profile, count(*) AS n FROM entries e WHERE ` + strings.Join(terms, " AND ") +
		` GROUP BY e.profile) g LEFT JOIN words w ON w.id = g.profile ORDER BY g.profile`
	var list []exposure.ProfileCount
	for rows, err := range db.rows(ctx, text, args...) {
		var id int64
		var p exposure.ProfileCount
		var document *string
		if err == nil {
			err = rows.Scan(&id, &p.Findings, &document)
		}
		if err != nil {
			return nil, fmt.Errorf("profiles: %w", db.engine.translate(err))
		}
		if document == nil {
			return nil, fmt.Errorf("what fixes would do to the findings of an earlier eksposure is being worked out; try again in some minutes: %w", fault.ErrUnavailable)
		}
		if err := json.Unmarshal([]byte(*document), &p.Profile); err != nil {
			return nil, fmt.Errorf("profile %d: %w", id, db.damaged(err))
		}
		list = append(list, p)
	}
	return list, nil
}

// profileText writes the profile of an open finding; a closed one has none.
func profileText(f *exposure.Finding) (string, error) {
	if !f.Open() {
		return "", nil
	}
	text, err := json.Marshal(exposure.ProfileOf(f))
	return string(text), err
}

// profileBatch gives profiles to findings that have none, and counts them.
func (db *DB) profileBatch(ctx context.Context) (int, error) {
	if ok, err := db.profiled(ctx); ok || err != nil {
		return 0, err
	}
	n := 0
	err := db.inOrder(ctx, func(t tx) error {
		batch, err := db.whole(ctx, t, unprofiled, reindexed)
		if err != nil {
			return err
		}
		n = len(batch)
		x := db.indexer(t)
		for _, f := range batch {
			text, err := profileText(f)
			if err != nil {
				return fmt.Errorf("finding %q: %w", f.ID, err)
			}
			id, err := x.word(ctx, findingProfile, text)
			if err != nil {
				return err
			}
			if _, err := t.exec(ctx, setProfile, id, f.ID); err != nil {
				return err
			}
		}
		return x.flush(ctx)
	})
	return n, err
}

func (db *DB) profiled(ctx context.Context) (bool, error) {
	var missing int
	err := db.row(ctx, anyUnprofiled, nil, &missing)
	return missing == 0, err
}
