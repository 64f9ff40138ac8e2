package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/search"
)

const (
	readTotals = `
		SELECT t.target, n.trait, n.type, n.title, n.resource_type, n.resource, n.resource_name, t.account, t.region, t.updated, t.changed,
			t.resolves, t.reduces, t.leaves, t.place
		FROM (SELECT t.* FROM %s t WHERE %s ORDER BY t.place, t.target LIMIT ?) t JOIN target_totals n ON n.target = t.target ORDER BY t.place, t.target`

	// scopedTotals counts the targets of a scope's findings as target_totals counts
	// those of all. Findings of any other status have no targets, and are not looked at.
	scopedTotals = `(SELECT x.target, substr(min(x.account || '/' || x.region), 1, 12) AS account, substr(min(x.account || '/' || x.region), 14) AS region,
			max(e.modified) AS updated, sum(x.changed) AS changed,
			sum(CASE WHEN x.remains = 0 THEN 1 ELSE 0 END) AS resolves,
			sum(CASE WHEN x.remains > 0 AND x.remains < x.severity THEN 1 ELSE 0 END) AS reduces,
			sum(CASE WHEN x.remains >= x.severity THEN 1 ELSE 0 END) AS leaves,
			-(max(CASE WHEN x.remains < x.severity THEN x.severity ELSE 1 END) * 281474976710656
				+ sum(CASE WHEN x.remains = 0 THEN 1 ELSE 0 END) * 16777216
				+ sum(CASE WHEN x.remains > 0 AND x.remains < x.severity THEN 1 ELSE 0 END)) AS place
		FROM entries e CROSS JOIN targets x WHERE e.number = x.item AND e.status IN (1, 2) AND %s GROUP BY x.target)`

	// firstOf gives the most severe finding of a target; the index targets_by_target
	// has them in this order.
	firstOf = `SELECT e.finding, e.cluster FROM targets x CROSS JOIN entries e WHERE e.number = x.item AND x.target = ? %s ORDER BY x.severity DESC, x.item DESC LIMIT 1`

	exposedBy = `SELECT e.finding, x.heading, x.severity, x.remains, x.item FROM targets x CROSS JOIN entries e WHERE e.number = x.item AND x.target = ? %s ORDER BY x.severity DESC, x.item DESC LIMIT ?`
)

// Targets gives a page of remediation targets. A token that is none of this order's
// is fault.ErrInvalid.
func (db *DB) Targets(ctx context.Context, r search.TargetRequest) (search.TargetPage, error) {
	var page search.TargetPage
	if err := r.Validate(); err != nil {
		return page, err
	}
	totals, args := `target_totals`, []any(nil)
	if !r.Scope.Everything() {
		where := db.confine(r.Scope)
		totals, args = fmt.Sprintf(scopedTotals, where.text), where.args
	}
	terms, more, err := db.targetTerms(r)
	if err != nil {
		return page, err
	}
	text := fmt.Sprintf(readTotals, totals, strings.Join(append(terms, "1 = 1"), " AND "))
	var last int64
	for rows, err := range db.rows(ctx, text, append(append(args, more...), r.Limit+1)...) {
		if err != nil {
			return page, fmt.Errorf("remediation targets: %w", err)
		}
		if len(page.Items) == r.Limit {
			page.Next = strconv.FormatInt(last, 10) + " " + page.Items[r.Limit-1].ID
			break
		}
		var t search.TargetTotal
		if t, last, err = scanTotal(rows); err != nil {
			return page, fmt.Errorf("remediation targets: %w", db.engine.translate(err))
		}
		page.Items = append(page.Items, t)
	}
	for i := range page.Items {
		if err := db.first(ctx, r.Scope, &page.Items[i]); err != nil {
			return page, fmt.Errorf("remediation targets: %w", err)
		}
	}
	return page, nil
}

func (db *DB) confine(scope access.Scope) clause {
	return compiler{db: db, c: db.findings}.scope(scope)
}

// targetTerms writes what a request narrows targets to.
func (db *DB) targetTerms(r search.TargetRequest) (terms []string, args []any, err error) {
	add := func(term string, values ...any) { terms, args = append(terms, term), append(args, values...) }
	named := func(column, value string) {
		if r.Scope.Everything() {
			add("t."+column+" = ?", value)
			return
		}
		add("t.target IN (SELECT n.target FROM target_totals n WHERE n."+column+" = ?)", value) // what a scope's are counted from has no names
	}
	if r.Target != "" {
		add("t.target = ?", r.Target)
	}
	if r.Finding != "" {
		where := db.confine(r.Scope)
		if r.Scope.Everything() {
			where = clause{text: "1 = 1"}
		}
		add("t.target IN (SELECT y.target FROM targets y JOIN entries e ON e.number = y.item WHERE e.finding = ? AND "+where.text+")", append([]any{r.Finding}, where.args...)...)
	}
	for _, f := range r.Filters {
		switch f.Field {
		case search.TargetResourceType:
			named("resource_type", f.Value)
		case search.TargetResourceID:
			named("resource", f.Value)
		case search.TargetOwner:
			add("t.account = ?", f.Value)
		case search.TargetPriority:
			rank := int64(exposure.Severity(f.Value).Rank())
			add("t.place > ? AND t.place <= ?", -(rank+1)*placePriority, -rank*placePriority)
		case search.TargetStatusField:
			switch search.TargetStatus(f.Value) {
			case search.TargetNew:
				add("t.changed = 0")
			case search.TargetUpdated:
				add("t.changed > 0")
			default:
				add("1 = 0")
			}
		case search.TargetCloudProvider:
			if f.Value != "AWS" {
				add("1 = 0")
			}
		}
	}
	if r.Token != "" {
		place, id, err := readPlace(r.Token)
		if err != nil {
			return nil, nil, err
		}
		add("(t.place, t.target) > (?, ?)", place, id)
	}
	return terms, args, nil
}

// readPlace reads a token: a number, and what stands behind a blank.
func readPlace(token string) (int64, string, error) {
	number, rest, ok := strings.Cut(token, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil {
		return 0, "", fmt.Errorf("NextToken: want the token of the page before: %w", fault.ErrInvalid)
	}
	return n, rest, nil
}

func scanTotal(rows *sql.Rows) (search.TargetTotal, int64, error) {
	var t search.TargetTotal
	var updated, changed, place int64
	err := rows.Scan(&t.ID, &t.Trait, &t.Type, &t.Title, &t.Resource.Type, &t.Resource.UID, &t.Resource.Name, &t.Account, &t.Region, &updated, &changed,
		&t.Resolves, &t.Reduces, &t.Leaves, &place)
	if err != nil {
		return t, 0, err
	}
	t.UpdatedAt, t.Status = moment(updated), search.TargetNew
	if changed > 0 {
		t.Status = search.TargetUpdated
	}
	t.Priority = severityOf(int(-place / placePriority))
	return t, place, nil
}

// first fills in the most severe finding of a target.
func (db *DB) first(ctx context.Context, scope access.Scope, t *search.TargetTotal) error {
	text, args := db.exposed(firstOf, scope, t.ID)
	var cluster string
	err := db.row(ctx, text, args, &t.Finding, &cluster)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // the last one has just gone
	}
	if err != nil {
		return err
	}
	t.Cluster, err = inventory.ParseClusterRef(cluster)
	return err
}

// exposed writes a query of a target's findings in a scope.
func (db *DB) exposed(text string, scope access.Scope, target string) (string, []any) {
	args := []any{target}
	if scope.Everything() {
		return fmt.Sprintf(text, ""), args
	}
	where := db.confine(scope)
	return fmt.Sprintf(text, "AND "+where.text), append(args, where.args...)
}

// Exposed gives a page of the findings that have a target.
func (db *DB) Exposed(ctx context.Context, r search.ExposedRequest) (search.ExposedPage, error) {
	var page search.ExposedPage
	text, args := db.exposed(exposedBy, r.Scope, r.Target)
	if r.Token != "" {
		severity, rest, err := readPlace(r.Token)
		item, bad := strconv.ParseInt(rest, 10, 64)
		if err == nil && bad != nil {
			_, _, err = readPlace("")
		}
		if err != nil {
			return page, err
		}
		text = strings.Replace(text, " ORDER BY", " AND (x.severity, x.item) < (?, ?) ORDER BY", 1)
		args = append(args, severity, item)
	}
	var severity, remains, item int64
	for rows, err := range db.rows(ctx, text, append(args, r.Limit+1)...) {
		if err == nil && len(page.Items) == r.Limit {
			page.Next = fmt.Sprintf("%d %d", severity, item)
			break
		}
		var e search.Exposed
		if err == nil {
			err = rows.Scan(&e.Finding, &e.Title, &severity, &remains, &item)
		}
		if err != nil {
			return page, fmt.Errorf("exposures of target %q: %w", r.Target, db.engine.translate(err))
		}
		e.Before, e.After = severityOf(int(severity)), severityOf(int(remains))
		e.Effect = (&exposure.Exposed{Target: exposure.Target{After: e.After}, Before: e.Before}).Outcome()
		page.Items = append(page.Items, e)
	}
	return page, nil
}
