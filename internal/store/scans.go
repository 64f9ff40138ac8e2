package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// beatEvery is how often a running scan writes a sign of life.
	beatEvery = 5 * time.Second
	// quietAfter is how long a running scan may give none before it counts as
	// interrupted: several beats, as a writer may wait for another one's batch.
	quietAfter = 30 * time.Second
)

// ScanState is where a scan is.
type ScanState string

// The states of a scan.
const (
	// ScanRunning means that its process gives signs of life.
	ScanRunning ScanState = "running"
	// ScanFinished means that it came to its end, with or without gaps.
	ScanFinished ScanState = "finished"
	// ScanInterrupted means that it was stopped or its process died; what it had
	// recorded by then is kept, and running it again is safe.
	ScanInterrupted ScanState = "interrupted"
	// ScanFailed means that an error ended it.
	ScanFailed ScanState = "failed"
)

// Scan is one run over clusters.
type Scan struct {
	ID    int64     `json:"id"`
	State ScanState `json:"state"`
	Scope ScanScope `json:"scope,omitzero"`
	// StartedAt and FinishedAt bound it; FinishedAt is zero while it runs, and
	// stays zero when its process died.
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// AliveAt is the latest sign of life.
	AliveAt time.Time  `json:"alive_at"`
	Counts  ScanCounts `json:"counts,omitzero"`
}

// ScanScope is what a scan was asked to look at; an empty list means all.
type ScanScope struct {
	Accounts []string `json:"accounts,omitempty"`
	Regions  []string `json:"regions,omitempty"`
	Clusters []string `json:"clusters,omitempty"`
}

// ScanCounts sum up a scan that ended.
type ScanCounts struct {
	// Clusters were to be scanned, Recorded have an outcome, Failed could not be
	// read at all.
	Clusters int `json:"clusters"`
	Recorded int `json:"recorded"`
	Failed   int `json:"failed"`
	// Incomplete tells that some part of some cluster, or some place, was not read.
	Incomplete bool `json:"incomplete,omitempty"`
}

// beats are the signs of life of the scans that this DB began.
type beats struct {
	mu    sync.Mutex
	stops map[int64]func()
}

// BeginScan keeps that a scan has begun, and signs of life until FinishScan or
// Close; without either it is listed as interrupted before long.
func (db *DB) BeginScan(ctx context.Context, scope ScanScope) (int64, error) {
	words, err := json.Marshal(scope)
	if err != nil {
		return 0, fmt.Errorf("encode the scope of a scan: %w", err)
	}
	now := millis(db.now())
	var id int64
	err = db.change(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			INSERT INTO scans (id, started_at, alive_at, state, scope, counts)
			VALUES ((SELECT coalesce(max(id), 0) + 1 FROM scans), ?, ?, ?, ?, '{}') RETURNING id`,
			now, now, string(ScanRunning), string(words)).Scan(&id)
	})
	if err != nil {
		return 0, err
	}
	db.beats.start(ctx, id, func(ctx context.Context) {
		// A beat that fails is not the scan's failure: the next one may succeed.
		_, _ = db.write.ExecContext(ctx, `UPDATE scans SET alive_at = ? WHERE id = ? AND state = ?`, millis(db.now()), id, string(ScanRunning))
	})
	return id, nil
}

// FinishScan keeps how a scan ended. A scan that has ended already, or never
// began, is fault.ErrNotFound.
func (db *DB) FinishScan(ctx context.Context, id int64, state ScanState, counts ScanCounts) error {
	switch state {
	case ScanFinished, ScanInterrupted, ScanFailed:
	case ScanRunning:
		return fmt.Errorf("a scan cannot end as %q: %w", state, fault.ErrInvalid)
	default:
		return fmt.Errorf("scan state %q: %w", state, fault.ErrInvalid)
	}
	db.beats.stop(id)
	words, err := json.Marshal(counts)
	if err != nil {
		return fmt.Errorf("encode the counts of scan %d: %w", id, err)
	}
	now := millis(db.now())
	return db.change(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE scans SET state = ?, counts = ?, alive_at = ?, finished_at = ? WHERE id = ? AND state = ?`,
			string(state), string(words), now, now, id, string(ScanRunning))
		if err != nil {
			return fmt.Errorf("finish scan %d: %w", id, err)
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			err = fmt.Errorf("no scan %d is running: %w", id, fault.ErrNotFound)
		}
		return err
	})
}

// Scans lists the latest scans, newest first; a limit of 0 means all.
func (db *DB) Scans(ctx context.Context, limit int) ([]Scan, error) {
	text := `SELECT id, state, scope, counts, started_at, alive_at, finished_at FROM scans ORDER BY id DESC`
	if limit > 0 {
		text += fmt.Sprintf(" LIMIT %d", limit)
	}
	now := db.now()
	var list []Scan
	for rows, err := range db.rows(ctx, text) {
		if err != nil {
			return nil, err
		}
		var s Scan
		var scope, counts string
		var started, alive, finished int64
		if err := rows.Scan(&s.ID, &s.State, &scope, &counts, &started, &alive, &finished); err != nil {
			return nil, db.translate(err)
		}
		s.StartedAt, s.AliveAt, s.FinishedAt = moment(started), moment(alive), moment(finished)
		if err := json.Unmarshal([]byte(scope), &s.Scope); err != nil {
			return nil, fmt.Errorf("scan %d: %w", s.ID, db.damaged(err))
		}
		if err := json.Unmarshal([]byte(counts), &s.Counts); err != nil {
			return nil, fmt.Errorf("scan %d: %w", s.ID, db.damaged(err))
		}
		if s.State == ScanRunning && now.Sub(s.AliveAt) > quietAfter {
			s.State = ScanInterrupted
		}
		list = append(list, s)
	}
	return list, nil
}

// start runs beat every now and then until the scan is stopped; that the caller's
// context ends does not stop it, as the scan has yet to say how it ended.
func (b *beats) start(ctx context.Context, id int64, beat func(ctx context.Context)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stops == nil {
		b.stops = map[int64]func(){}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	b.stops[id] = func() {
		cancel()
		<-done
	}
	go func() {
		defer close(done)
		ticker := time.NewTicker(beatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				beat(ctx)
			}
		}
	}()
}

// stop ends the beats of one scan and waits until the last one is done.
func (b *beats) stop(id int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if stop := b.stops[id]; stop != nil {
		stop()
		delete(b.stops, id)
	}
}

// stopAll ends all beats.
func (b *beats) stopAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, stop := range b.stops {
		stop()
		delete(b.stops, id)
	}
}
