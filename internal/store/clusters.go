package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Coverage is what is known of one cluster's scans, also of a cluster with no finding.
type Coverage struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	// ListedAt is when a listing of its account and region last showed it.
	ListedAt time.Time `json:"listed_at,omitzero"`
	// GoneAt is when a complete listing first did not; zero while it exists.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// ScannedAt is when it was last scanned; zero means never, and nothing is
	// known of its traits.
	ScannedAt time.Time `json:"scanned_at,omitzero"`
	// Evaluated are the traits that the latest scan decided, Unknown those that it
	// could not, in the order of the traits.
	Evaluated []string `json:"evaluated,omitempty"`
	Unknown   []string `json:"unknown,omitempty"`
	// Gaps are the parts that the latest scan could not read.
	Gaps []inventory.Gap `json:"gaps,omitempty"`
}

// scanned is the part of a Coverage that its document holds.
type scanned struct {
	Evaluated []string        `json:"evaluated,omitempty"`
	Unknown   []string        `json:"unknown,omitempty"`
	Gaps      []inventory.Gap `json:"gaps,omitempty"`
}

func (db *DB) encodeCoverage(o exposure.Outcome) ([]byte, error) {
	s := scanned{Gaps: o.Gaps}
	for _, r := range o.Evaluation.Results {
		if r.Verdict == exposure.VerdictUnknown {
			s.Unknown = append(s.Unknown, r.Trait)
			continue
		}
		s.Evaluated = append(s.Evaluated, r.Trait)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return db.compress(data), nil
}

// Coverage lists every cluster that was ever listed or scanned, by account, region
// and name; also those that are gone.
func (db *DB) Coverage(ctx context.Context) ([]Coverage, error) {
	var list []Coverage
	for rows, err := range db.rows(ctx, `SELECT arn, listed_at, gone_at, scanned_at, coverage FROM clusters ORDER BY account, region, name, arn`) {
		if err != nil {
			return nil, err
		}
		var arn string
		var listed, gone, at int64
		var document []byte
		if err := rows.Scan(&arn, &listed, &gone, &at, &document); err != nil {
			return nil, db.translate(err)
		}
		c := Coverage{ListedAt: moment(listed), GoneAt: moment(gone), ScannedAt: moment(at)}
		if c.Cluster, err = inventory.ParseClusterRef(arn); err != nil {
			return nil, db.damaged(err)
		}
		if document != nil {
			data, err := db.expand(document)
			if err != nil {
				return nil, fmt.Errorf("coverage of %q: %w", arn, err)
			}
			var s scanned
			if err := json.Unmarshal(data, &s); err != nil {
				return nil, fmt.Errorf("coverage of %q: %w", arn, db.damaged(err))
			}
			c.Evaluated, c.Unknown, c.Gaps = s.Evaluated, s.Unknown, s.Gaps
		}
		list = append(list, c)
	}
	return list, nil
}

// Listed keeps what a complete listing of one account and region showed: its
// clusters exist, all others known there are gone. It returns the clusters that
// are gone and still have an open finding, for the caller to close; until that is
// done, every listing returns them again.
func (db *DB) Listed(ctx context.Context, account, region string, refs []inventory.ClusterRef) ([]inventory.ClusterRef, error) {
	exists := make(map[string]bool, len(refs))
	for _, ref := range refs {
		exists[ref.String()] = true
	}
	at := millis(db.now())
	err := db.change(ctx, func(tx *sql.Tx) error {
		// A finding recorded by an older program has no cluster row yet.
		_, err := tx.ExecContext(ctx, `
			INSERT INTO clusters (arn, account, region, name) SELECT cluster, account, region, name FROM findings WHERE account = ? AND region = ?
			ON CONFLICT (arn) DO NOTHING`, account, region)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			_, err := tx.ExecContext(ctx, `
				INSERT INTO clusters (arn, account, region, name, listed_at) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (arn) DO UPDATE SET listed_at = excluded.listed_at, gone_at = 0`,
				ref.String(), ref.Account, ref.Region, ref.Name, at)
			if err != nil {
				return fmt.Errorf("keep that %q was listed: %w", ref, err)
			}
		}
		known, err := column(tx.QueryContext(ctx, `SELECT arn FROM clusters WHERE account = ? AND region = ? AND gone_at = 0 ORDER BY arn`, account, region))
		if err != nil {
			return err
		}
		for _, arn := range known {
			if exists[arn] {
				continue
			}
			if _, err := db.exec(ctx, tx, putGone, at, arn); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return db.clusterRefs(ctx, `
		SELECT findings.cluster FROM findings JOIN clusters ON clusters.arn = findings.cluster
		WHERE clusters.account = ? AND clusters.region = ? AND clusters.gone_at <> 0 AND findings.activity <> 'Close'
		ORDER BY findings.name, findings.cluster`, account, region)
}

// Forget removes everything that is kept of a cluster: its finding with the
// history, and its coverage. It reports whether there was anything.
func (db *DB) Forget(ctx context.Context, ref inventory.ClusterRef) (bool, error) {
	var removed int64
	err := db.change(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{`DELETE FROM findings WHERE cluster = ?`, `DELETE FROM clusters WHERE arn = ?`} {
			result, err := tx.ExecContext(ctx, text, ref.String())
			if err != nil {
				return fmt.Errorf("forget %q: %w", ref, err)
			}
			n, err := result.RowsAffected()
			if err != nil {
				return fmt.Errorf("forget %q: %w", ref, err)
			}
			removed += n
		}
		return nil
	})
	return removed > 0, err
}

// Calendar returns the support state of Kubernetes versions kept for a region;
// false when there is none. The caller judges by its ReadAt whether it is too old.
func (db *DB) Calendar(ctx context.Context, region string) (inventory.Calendar, bool, error) {
	var c inventory.Calendar
	var document string
	err := db.read.QueryRowContext(ctx, `SELECT document FROM calendars WHERE region = ?`, region).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, db.translate(err)
	}
	if err := json.Unmarshal([]byte(document), &c); err != nil {
		return c, false, fmt.Errorf("calendar of %q: %w", region, db.damaged(err))
	}
	return c, true, nil
}

// PutCalendar keeps a region's calendar, in place of an earlier one. The dated
// built-in table is not kept: it is no answer of the region's.
func (db *DB) PutCalendar(ctx context.Context, region string, c inventory.Calendar) error {
	if c.BuiltIn {
		return nil
	}
	document, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode the calendar of %q: %w", region, err)
	}
	return db.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO calendars (region, document) VALUES (?, ?) ON CONFLICT (region) DO UPDATE SET document = excluded.document`,
			region, string(document))
		if err != nil {
			return fmt.Errorf("keep the calendar of %q: %w", region, err)
		}
		return nil
	})
}
