package store

import (
	"context"
	"maps"
	"regexp"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	oldTargets = `SELECT target, severity, remains, changed FROM targets WHERE item = ?`

	dropTargets = `DELETE FROM targets WHERE item = ?`

	putTarget = `INSERT INTO targets (item, target, heading, severity, remains, changed, account, region)`

	// addTotal counts a target; its place, which is last, is written by onTotal.
	addTotal = `
		INSERT INTO target_totals (target, trait, type, title, resource_type, resource, resource_name, account, region,
			updated, changed, resolves, reduces, leaves, critical, high, medium, low, place)`

	// onTotal adds to what is counted already. The expression of the place says what
	// total.place says.
	onTotal = ` ON CONFLICT (target) DO UPDATE SET
			updated = CASE WHEN excluded.updated > target_totals.updated THEN excluded.updated ELSE target_totals.updated END,
			changed = target_totals.changed + excluded.changed, resolves = target_totals.resolves + excluded.resolves,
			reduces = target_totals.reduces + excluded.reduces, leaves = target_totals.leaves + excluded.leaves,
			critical = target_totals.critical + excluded.critical, high = target_totals.high + excluded.high,
			medium = target_totals.medium + excluded.medium, low = target_totals.low + excluded.low,
			place = -(CASE WHEN target_totals.critical + excluded.critical > 0 THEN 4 WHEN target_totals.high + excluded.high > 0 THEN 3
				WHEN target_totals.medium + excluded.medium > 0 THEN 2 ELSE 1 END * 281474976710656
				+ (target_totals.resolves + excluded.resolves) * 16777216 + target_totals.reduces + excluded.reduces)`

	dropTotals = `DELETE FROM target_totals WHERE resolves + reduces + leaves = 0 AND target IN (`
)

// The parts of a place: the priority's rank, how many exposures are resolved, how
// many reduced. Each count has room for 16 million findings.
const (
	placePriority = 1 << 48
	placeResolves = 1 << 24
)

// total is what a transaction adds to the totals of a target.
type total struct {
	target            exposure.Target
	account, region   string
	updated           int64
	changed           int64
	resolves, reduces int64
	leaves            int64
	severities        [5]int64 // of those resolved or reduced, by rank
}

// targeted is a target that a finding has.
type targeted struct {
	severity, remains int
	changed           int64
}

// add counts a finding that has the target, or takes it away with -1.
func (t *total) add(h targeted, n int64) {
	t.changed += n * h.changed
	switch {
	case h.remains == 0:
		t.resolves += n
	case h.remains < h.severity:
		t.reduces += n
	default:
		t.leaves += n
		return
	}
	t.severities[h.severity] += n
}

// place orders a target that is counted for the first time.
func (t *total) place() int64 {
	priority := int64(1)
	for rank, n := range t.severities {
		if n > 0 {
			priority = max(priority, int64(rank))
		}
	}
	return -(priority*placePriority + t.resolves*placeResolves + t.reduces)
}

// targets replaces the remediation targets of a finding by those that it has now.
// A finding that is not known has none.
func (x *indexer) targets(ctx context.Context, item int64, known bool, f *exposure.Finding) error {
	modified := millis(f.ModifiedAt)
	if known {
		for rows, err := range x.t.each(ctx, oldTargets, item) {
			var id string
			var h targeted
			if err == nil {
				err = rows.Scan(&id, &h.severity, &h.remains, &h.changed)
			}
			if err != nil {
				return err
			}
			x.total(exposure.Target{ID: id}).add(h, -1)
			x.totals[id].updated = max(x.totals[id].updated, modified)
		}
		if _, err := x.t.exec(ctx, dropTargets, item); err != nil {
			return err
		}
	}
	for _, e := range exposure.Targets(f) {
		h := targeted{severity: e.Before.Rank(), remains: e.After.Rank()}
		if e.ModifiedAt.After(e.FirstSeen) {
			h.changed = 1
		}
		account, region := locate(e.Resource, e.Cluster)
		t := x.total(e.Target)
		t.add(h, 1)
		t.updated = max(t.updated, modified)
		if t.account == "" {
			t.account, t.region = account, region
		}
		x.row(putTarget, item, e.ID, e.Heading, h.severity, h.remains, h.changed, account, region)
	}
	return nil
}

// total gives what is added to a target; the first that is not only an ID names it.
func (x *indexer) total(target exposure.Target) *total {
	t := x.totals[target.ID]
	if t == nil {
		t = &total{target: target}
		x.totals[target.ID] = t
	}
	if t.target.Trait == "" {
		t.target = target
	}
	return t
}

// flushTotals writes what the transaction counted. Targets that nothing has any more
// go: one that only lost findings is there already, so its names are not written.
func (x *indexer) flushTotals(ctx context.Context) error {
	var fewer []string
	for _, id := range slices.Sorted(maps.Keys(x.totals)) {
		t := x.totals[id]
		if t.resolves+t.reduces+t.leaves < 0 {
			fewer = append(fewer, id)
		}
		g, r, s := t.target, t.target.Resource, t.severities
		x.row(addTotal, id, g.Trait, string(g.Type), g.Title, r.Type, r.UID, r.Name, t.account, t.region, t.updated, t.changed,
			t.resolves, t.reduces, t.leaves, s[4], s[3], s[2], s[1], t.place())
	}
	if err := x.insert(ctx, addTotal, x.rows[addTotal]); err != nil {
		return err
	}
	x.rows[addTotal] = x.rows[addTotal][:0]
	for _, part := range pads(fewer) {
		if _, err := x.t.exec(ctx, dropTotals+marks(len(part))+")", anys(part)...); err != nil {
			return err
		}
	}
	clear(x.totals)
	return nil
}

// ecrImage is an image of Amazon ECR: the account and region of its registry.
var ecrImage = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com`)

// locate gives the account and region of a resource: those of the registry for an
// image of Amazon ECR, else those of the cluster.
func locate(r inventory.ResourceRef, at inventory.ClusterRef) (account, region string) {
	if m := ecrImage.FindStringSubmatch(r.UID); m != nil {
		return m[1], m[2]
	}
	return at.Account, at.Region
}
