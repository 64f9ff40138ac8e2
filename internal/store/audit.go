package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
)

// Audit adds a line to the audit log.
func (db *DB) Audit(ctx context.Context, e access.Entry) error {
	entry, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	_, err = db.exec(ctx, `INSERT INTO audit (at, principal, operation, entry) VALUES (?, ?, ?, ?)`, millis(e.At), e.Principal, e.Operation, string(entry))
	return err
}

// AuditLog gives a page of the audit log, the newest line first.
func (db *DB) AuditLog(ctx context.Context, q access.AuditQuery) ([]access.AuditLine, error) {
	var where []string
	var args []any
	for _, c := range []struct {
		condition string
		value     any
		wanted    bool
	}{
		{"principal = ?", q.Principal, q.Principal != ""},
		{"operation = ?", q.Operation, q.Operation != ""},
		{"number < ?", q.Before, q.Before > 0},
	} {
		if c.wanted {
			where, args = append(where, c.condition), append(args, c.value)
		}
	}
	text := `SELECT number, entry FROM audit`
	if len(where) > 0 {
		text += ` WHERE ` + strings.Join(where, " AND ")
	}
	var list []access.AuditLine
	for rows, err := range db.rows(ctx, text+` ORDER BY number DESC LIMIT ?`, append(args, q.Limit)...) {
		if err != nil {
			return nil, err
		}
		var line access.AuditLine
		var entry string
		if err := rows.Scan(&line.Number, &entry); err != nil {
			return nil, db.engine.translate(err)
		}
		if err := json.Unmarshal([]byte(entry), &line.Entry); err != nil {
			return nil, fmt.Errorf("audit log: %w", db.damaged(err))
		}
		list = append(list, line)
	}
	return list, nil
}

// PruneAudit removes the lines from before a time, and gives their number.
func (db *DB) PruneAudit(ctx context.Context, before time.Time) (int64, error) {
	return db.exec(ctx, `DELETE FROM audit WHERE at < ?`, millis(before))
}
