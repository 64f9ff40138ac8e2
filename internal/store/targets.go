package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	dropTargets = `DELETE FROM targets WHERE item = ?`

	putTarget = `INSERT INTO targets (item, target, trait, type, title, resource_type, resource, resource_name, heading, severity, severity_after, first_seen)`

	readTargets = `
		SELECT t.target, t.trait, t.type, t.title, t.resource_type, t.resource, t.resource_name, t.heading, t.severity, t.severity_after, t.first_seen,
			e.finding, e.cluster, e.modified
		FROM targets t JOIN entries e ON e.number = t.item WHERE `
)

// targets replaces the remediation targets of a finding by those that it has now.
// A finding that is not known has none.
func (x *indexer) targets(ctx context.Context, item int64, known bool, f *exposure.Finding) error {
	if known {
		if _, err := x.t.exec(ctx, dropTargets, item); err != nil {
			return err
		}
	}
	for _, e := range exposure.Targets(f) {
		x.row(putTarget, item, e.ID, e.Trait, string(e.Type), e.Title, e.Resource.Type, e.Resource.UID, e.Resource.Name,
			e.Heading, string(e.Before), string(e.After), millis(e.FirstSeen))
	}
	return nil
}

// Targets gives the remediation targets of the open findings of a scope, one for
// each finding that has it. A target's or a finding's ID that is not empty narrows
// them.
func (db *DB) Targets(ctx context.Context, scope access.Scope, target, finding string) ([]exposure.Exposed, error) {
	where := compiler{db: db, c: db.findings}.scope(scope)
	terms, args := []string{"1 = 1"}, []any{}
	if !scope.Everything() {
		terms, args = append(terms, where.text), where.args
	}
	for _, by := range []struct{ column, value string }{{"t.target", target}, {"e.finding", finding}} {
		if by.value != "" {
			terms = append(terms, by.column+" = ?")
			args = append(args, by.value)
		}
	}
	var list []exposure.Exposed
	for rows, err := range db.rows(ctx, readTargets+strings.Join(terms, " AND "), args...) {
		var e exposure.Exposed
		var cluster string
		var seen, modified int64
		if err == nil {
			err = rows.Scan(&e.ID, &e.Trait, &e.Type, &e.Title, &e.Resource.Type, &e.Resource.UID, &e.Resource.Name, &e.Heading,
				&e.Before, &e.After, &seen, &e.Finding, &cluster, &modified)
		}
		if err != nil {
			return nil, fmt.Errorf("remediation targets: %w", db.engine.translate(err))
		}
		if e.Cluster, err = inventory.ParseClusterRef(cluster); err != nil {
			return nil, fmt.Errorf("remediation targets: %w", err)
		}
		e.FirstSeen, e.ModifiedAt = moment(seen), moment(modified)
		list = append(list, e)
	}
	return list, nil
}
