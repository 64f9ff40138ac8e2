package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Earlier returns the recorded finding of a cluster, or nil when there is none.
func (db *DB) Earlier(ctx context.Context, ref inventory.ClusterRef) (*exposure.Finding, error) {
	id, _ := exposure.Identity(ref)
	for f, err := range db.each(ctx, `WHERE id = ?`, id) {
		return f, err
	}
	return nil, nil
}

// maxNamed bounds the ARNs that an error about an ambiguous name lists; a fleet
// may call every cluster "prod".
const maxNamed = 10

// Finding returns one finding by its ID, its UID, or its cluster's ARN or name.
// An unknown key is fault.ErrNotFound; a name that several clusters have is
// fault.ErrInvalid and the error lists their ARNs.
func (db *DB) Finding(ctx context.Context, key string) (*exposure.Finding, error) {
	arns, err := db.texts(ctx, `SELECT cluster FROM findings WHERE id = ? OR uid = ? OR cluster = ? OR name = ? ORDER BY account, region, cluster`, key, key, key, key)
	if err != nil {
		return nil, err
	}
	if len(arns) > 1 {
		more := ""
		if len(arns) > maxNamed {
			more = fmt.Sprintf(" and %d more", len(arns)-maxNamed)
			arns = arns[:maxNamed]
		}
		return nil, fmt.Errorf("several clusters have the name %q; name one by its ARN: %s%s: %w", key, strings.Join(arns, ", "), more, fault.ErrInvalid)
	}
	if len(arns) == 1 {
		for f, err := range db.each(ctx, `WHERE cluster = ?`, arns[0]) {
			return f, err
		}
	}
	return nil, fmt.Errorf("no finding with ID, cluster ARN or cluster name %q; `eksposure findings list` shows all: %w", key, fault.ErrNotFound)
}

// Findings returns those that the query selects, most severe first, then by
// account, region and cluster name.
func (db *DB) Findings(ctx context.Context, q exposure.Query) ([]*exposure.Finding, error) {
	few, err := db.few(ctx, q)
	if err != nil {
		return nil, err
	}
	return db.selected(ctx, q, few)
}

// fewTraits is up to how many findings with a trait are looked up one by one. With more,
// a walk of all in their order meets as many as a caller wants sooner.
const fewTraits = 1000

// few reports whether few findings have the traits that a query asks for.
func (db *DB) few(ctx context.Context, q exposure.Query) (bool, error) {
	if len(q.Traits) == 0 {
		return false, nil
	}
	var args []any
	for _, t := range q.Traits {
		args = append(args, t)
	}
	text := fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM finding_traits WHERE standing = 'contributing' AND trait IN (%s) LIMIT %d) few`, marks(len(args)), fewTraits+1)
	var n int
	err := db.row(ctx, text, args, &n)
	return n <= fewTraits, err
}

func (db *DB) selected(ctx context.Context, q exposure.Query, few bool) ([]*exposure.Finding, error) {
	var list []*exposure.Finding
	tail, args := selection(q, few)
	for f, err := range db.each(ctx, tail, args...) {
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// selection turns a query into what stands after FROM findings. Which way findings with a
// trait are found makes no other answer.
func selection(q exposure.Query, few bool) (tail string, args []any) {
	var where []string
	in := func(condition string, values []string) {
		if len(values) == 0 {
			return
		}
		for range strings.Count(condition, "%s") {
			for _, v := range values {
				args = append(args, v)
			}
		}
		where = append(where, strings.ReplaceAll(condition, "%s", marks(len(values))))
	}
	if len(q.Severities) > 0 {
		var ranks []string
		for _, s := range q.Severities {
			ranks = append(ranks, strconv.Itoa(s.Rank()))
		}
		where = append(where, "severity IN ("+strings.Join(ranks, ", ")+")")
	}
	in("status IN (%s)", words(q.Statuses))
	in("account IN (%s)", q.Accounts)
	in("region IN (%s)", q.Regions)
	in("(cluster IN (%s) OR name IN (%s))", q.Clusters)
	in("account IN (%s)", q.Scope.Accounts)
	in("region IN (%s)", q.Scope.Regions)
	in("cluster IN (%s)", q.Scope.Clusters)
	if few {
		in("findings.id IN (SELECT finding FROM finding_traits WHERE standing = 'contributing' AND trait IN (%s))", q.Traits)
	} else {
		in("EXISTS (SELECT 1 FROM finding_traits t WHERE t.finding = findings.id AND t.standing = 'contributing' AND t.trait IN (%s))", q.Traits)
	}
	if !q.Closed {
		where = append(where, "activity <> 'Close'")
	}
	if len(where) > 0 {
		tail = "WHERE " + strings.Join(where, " AND ")
	}
	tail += " ORDER BY severity DESC, account, region, name, cluster"
	if q.Limit > 0 {
		tail += fmt.Sprintf(" LIMIT %d", q.Limit)
	}
	return tail, args
}

func words[T ~string](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, string(v))
	}
	return out
}

// each reads documents; tail is everything after the tables.
func (db *DB) each(ctx context.Context, tail string, args ...any) iter.Seq2[*exposure.Finding, error] {
	text := `SELECT cluster, seen, document FROM findings JOIN documents ON documents.finding = findings.id ` + tail
	return func(yield func(*exposure.Finding, error) bool) {
		for rows, err := range db.rows(ctx, text, args...) {
			if err != nil {
				yield(nil, err)
				return
			}
			var cluster, seen string
			var document []byte
			err := rows.Scan(&cluster, &seen, &document)
			if err != nil {
				yield(nil, db.engine.translate(err))
				return
			}
			f, err := db.unseal(document, seen)
			if err != nil {
				yield(nil, fmt.Errorf("finding of %q: %w", cluster, err))
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// OpenClusters lists the clusters that have an open finding, are undecided, or were
// seen and are not known to be gone, ordered.
func (db *DB) OpenClusters(ctx context.Context) ([]inventory.ClusterRef, error) {
	arns, err := db.texts(ctx, `SELECT cluster FROM findings WHERE activity <> 'Close' UNION SELECT cluster FROM undecided UNION SELECT cluster FROM clusters WHERE gone_at = 0`)
	if err != nil {
		return nil, err
	}
	refs := make([]inventory.ClusterRef, 0, len(arns))
	for _, arn := range arns {
		ref, err := inventory.ParseClusterRef(arn)
		if err != nil {
			return nil, db.damaged(err)
		}
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, inventory.ClusterRef.Compare)
	return refs, nil
}

// History returns the events of a finding, oldest first. A finding with no
// events, or none of that ID, gives an empty list.
func (db *DB) History(ctx context.Context, id string) ([]exposure.Event, error) {
	var events []exposure.Event
	for rows, err := range db.rows(ctx, `SELECT at, kind, severity, details FROM events WHERE finding = ? ORDER BY sequence`, id) {
		if err != nil {
			return nil, err
		}
		var at int64
		var rank int
		var kind, details string
		if err := rows.Scan(&at, &kind, &rank, &details); err != nil {
			return nil, db.engine.translate(err)
		}
		e := exposure.Event{At: moment(at), Severity: severityOf(rank), Change: exposure.Change{Kind: exposure.ChangeKind(kind)}}
		if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
			return nil, fmt.Errorf("history of %q: %w", id, db.damaged(err))
		}
		events = append(events, e)
	}
	return events, nil
}

func severityOf(rank int) exposure.Severity {
	for _, s := range exposure.Severities() {
		if s.Rank() == rank {
			return s
		}
	}
	return exposure.Resolved
}
