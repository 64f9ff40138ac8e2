package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/search"
)

// SearchResources gives one page of the resource inventory; see Search.
func (db *DB) SearchResources(ctx context.Context, r search.Request) (search.Page, error) {
	return db.search(ctx, db.resources, r)
}

// ResourceStatistics counts resources by the values of fields; see Statistics.
func (db *DB) ResourceStatistics(ctx context.Context, r search.GroupRequest) ([]search.Groups, error) {
	return db.statistics(ctx, db.resources, r)
}

// resourceCollection: names are about as many as there are resources, and are not
// counted.
func resourceCollection() *collection {
	return newCollection(collection{
		schema: search.ResourceSchema(), table: "resources", pages: "resource_pages", facets: "resource_facets", seen: "captured", base: resourceBase,
		constants: map[string]string{"ResourceProvider": constants()["resources.provider"]},
		columns: map[string]place{
			"ResourceGuid":              {name: "guid"},
			"ResourceDetailCaptureTime": {name: "captured", walked: true},
		},
	}, "ResourceName")
}

const (
	heldNow = `SELECT r.number, r.guid, r.fingerprint, r.series, h.finding FROM holders h JOIN resources r ON r.number = h.resource WHERE h.cluster = ?`

	// heldElsewhere gives the open findings of other clusters that involve the same resources.
	heldElsewhere = `
		SELECT o.resource, e.severity FROM holders h JOIN holders o ON o.resource = h.resource AND o.cluster <> h.cluster JOIN entries e ON e.number = o.finding
		WHERE h.cluster = ? AND e.activity <> 3`

	findingOf = `SELECT number, severity FROM entries WHERE cluster = ? AND activity <> 3`

	putResource = `
		INSERT INTO resources (number, guid, cluster, account, region, captured, fingerprint, series) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (number) DO UPDATE SET cluster = excluded.cluster, captured = excluded.captured, fingerprint = excluded.fingerprint, series = excluded.series`

	putResourcePage = `INSERT INTO resource_pages (number, document) VALUES (?, ?) ON CONFLICT (number) DO UPDATE SET document = excluded.document`

	putHolder = `INSERT INTO holders (cluster, resource, finding) VALUES (?, ?, ?) ON CONFLICT (cluster, resource) DO UPDATE SET finding = excluded.finding`

	captureAll = `UPDATE resources SET captured = ? WHERE captured < ? AND number IN (SELECT resource FROM holders WHERE cluster = ?)`

	resourceByGUID = `SELECT number, guid, fingerprint, series, -1 FROM resources WHERE guid = ?`
)

// held is a resource as the inventory has it.
type held struct {
	number      int64
	guid        string
	fingerprint string
	series      int64
	finding     int64 // the entry that involves it; -1 when it is held elsewhere only
}

// inventory brings the resources of an outcome's cluster up to date. A cluster that
// is gone holds none.
func (x *indexer) inventory(ctx context.Context, o exposure.Outcome) error {
	gone := o.Snapshot == nil && o.Finding != nil && !o.Finding.Open()
	if o.Snapshot == nil && !gone {
		return nil
	}
	before, err := x.held(ctx, heldNow, o.Cluster.String())
	if err != nil {
		return err
	}
	if !gone {
		if err := x.hold(ctx, o, before); err != nil {
			return err
		}
	}
	for _, guid := range slices.Sorted(maps.Keys(before)) {
		if err := x.letGo(ctx, o.Cluster, before[guid]); err != nil {
			return err
		}
	}
	return nil
}

func (x *indexer) held(ctx context.Context, text string, arg any) (map[string]held, error) {
	list := map[string]held{}
	for rows, err := range x.t.each(ctx, text, arg) {
		var h held
		if err == nil {
			err = rows.Scan(&h.number, &h.guid, &h.fingerprint, &h.series, &h.finding)
		}
		if err != nil {
			return nil, err
		}
		list[h.guid] = h
	}
	return list, nil
}

// hold writes the resources that a scan saw, and takes them out of before.
func (x *indexer) hold(ctx context.Context, o exposure.Outcome, before map[string]held) error {
	cluster := o.Cluster.String()
	own, err := x.numbers(ctx, findingOf, cluster)
	if err != nil {
		return err
	}
	elsewhere, err := x.numbers(ctx, heldElsewhere, cluster)
	if err != nil {
		return err
	}
	captured := o.Snapshot.CollectedAt
	for _, item := range itemsOf(o.Snapshot, o.Finding) {
		was, known := before[item.ResourceGUID]
		delete(before, item.ResourceGUID)
		if !known {
			found, err := x.held(ctx, resourceByGUID, item.ResourceGUID)
			if err != nil {
				return err
			}
			was, known = found[item.ResourceGUID]
		}
		var severities []int
		finding := int64(0)
		if item.involved && len(own) > 0 {
			finding = own[0][0]
			severities = append(severities, int(own[0][1]))
		}
		for _, e := range elsewhere {
			if known && e[0] == was.number {
				severities = append(severities, int(e[1]))
			}
		}
		item.FindingsSummary = summary(severities)
		number, err := x.putItem(ctx, o.Cluster, item, was, known, captured)
		if err != nil {
			return err
		}
		if known && was.finding == finding {
			continue
		}
		if _, err := x.t.exec(ctx, putHolder, cluster, number, finding); err != nil {
			return err
		}
	}
	_, err = x.t.exec(ctx, captureAll, millis(captured), millis(captured), cluster)
	return err
}

// numbers gives rows of two numbers.
func (x *indexer) numbers(ctx context.Context, text string, arg any) ([][2]int64, error) {
	var list [][2]int64
	for rows, err := range x.t.each(ctx, text, arg) {
		var r [2]int64
		if err == nil {
			err = rows.Scan(&r[0], &r[1])
		}
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// putItem writes a resource when it is another than before, and gives its number.
func (x *indexer) putItem(ctx context.Context, ref inventory.ClusterRef, item resourceItem, was held, known bool, captured time.Time) (int64, error) {
	text, err := json.Marshal(item)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(text)
	fingerprint := hex.EncodeToString(sum[:16])
	if known && was.fingerprint == fingerprint {
		return was.number, nil
	}
	if !known {
		if was.number, err = x.nextNumber(ctx, x.db.resources.table); err != nil {
			return 0, err
		}
	}
	c := x.db.resources
	values := c.read.read(text)
	ready := &indexed{words: c.wordsOf(values), amounts: c.amountsOf(values)}
	moved, err := x.values(ctx, c, indexEntry{number: was.number}, known, ready)
	if err != nil {
		return 0, err
	}
	if err := x.moved(ctx, was.number, moved); err != nil {
		return 0, err
	}
	series, err := x.resourceSeries(ctx, item)
	if err != nil {
		return 0, err
	}
	x.trend(was.series, series, captured)
	if _, err := x.t.exec(ctx, putResource, was.number, item.ResourceGUID, ref.String(), ref.Account, ref.Region, millis(captured), fingerprint, series); err != nil {
		return 0, err
	}
	page, err := itemPage(item)
	if err != nil {
		return 0, err
	}
	_, err = x.t.exec(ctx, putResourcePage, was.number, pack(page))
	return was.number, err
}

// moved notes fields with other values, after all walks that have begun.
func (x *indexer) moved(ctx context.Context, item int64, fields []int64) error {
	if len(fields) == 0 {
		return nil
	}
	change, err := x.afterWalks(ctx)
	if err != nil {
		return err
	}
	for _, f := range fields {
		x.row(`INSERT INTO moves (change, item, field)`, change, item, f)
	}
	return nil
}

func (x *indexer) resourceSeries(ctx context.Context, i resourceItem) (int64, error) {
	text, err := json.Marshal(map[string]string{
		"AccountId": i.AccountID, "Region": i.Region, "ResourceType": i.ResourceType, "ResourceCategory": i.ResourceCategory,
		"ResourceProvider": i.ResourceProvider, "ResourceRegion": i.ResourceRegion, "ResourceOwnerAccountId": i.ResourceOwnerAccountID,
	})
	if err != nil {
		return 0, err
	}
	ids, err := x.words(ctx, map[int64][]string{resourceSeries: {string(text)}})
	if err != nil {
		return 0, err
	}
	return ids[0], nil
}

// itemPage writes a resource's document with a hole for the time of its capture.
func itemPage(item resourceItem) ([]byte, error) {
	for n := range int64(1 << 10) {
		at := map[holeKind]time.Time{holeMoment: standIns(n)[holeMoment]}
		item.ResourceDetailCaptureTimeDT = holeMoment.write(at[holeMoment])
		text, err := json.Marshal(item)
		if err != nil {
			return nil, err
		}
		if bytes.Count(text, []byte(item.ResourceDetailCaptureTimeDT)) == 1 {
			return cut(text, at), nil
		}
	}
	return nil, errors.New("the resource mentions every time that could stand for its own")
}

// letGo removes a cluster's hold of a resource, and a resource that none holds.
func (x *indexer) letGo(ctx context.Context, ref inventory.ClusterRef, h held) error {
	if _, err := x.t.exec(ctx, `DELETE FROM holders WHERE cluster = ? AND resource = ?`, ref.String(), h.number); err != nil {
		return err
	}
	var left int
	if err := x.t.row(ctx, `SELECT count(*) FROM holders WHERE resource = ?`, []any{h.number}, &left); err != nil || left > 0 {
		return err
	}
	c := x.db.resources
	if _, err := x.values(ctx, c, indexEntry{number: h.number}, true, &indexed{}); err != nil {
		return err
	}
	x.count(c.all(), [2]int64{}, -1)
	x.trend(h.series, 0, x.db.now())
	for _, table := range []string{"resources", "resource_pages"} {
		if _, err := x.t.exec(ctx, fmt.Sprintf(`DELETE FROM %s WHERE number = ?`, table), h.number); err != nil {
			return err
		}
	}
	return nil
}

// summarize brings the summaries of a cluster's resources up to date after what is
// shown of its finding changed with no scan.
func (x *indexer) summarize(ctx context.Context, f *exposure.Finding) error {
	cluster := f.Cluster.Ref.String()
	type row struct {
		held

		captured int64
		page     []byte
	}
	var list []row
	text := `SELECT r.number, r.guid, r.fingerprint, r.series, r.captured, d.document FROM holders h JOIN resources r ON r.number = h.resource JOIN resource_pages d ON d.number = r.number
		WHERE h.cluster = ? AND h.finding > 0 ORDER BY r.number`
	for rows, err := range x.t.each(ctx, text, cluster) {
		var r row
		if err == nil {
			err = rows.Scan(&r.number, &r.guid, &r.fingerprint, &r.series, &r.captured, &r.page)
		}
		if err != nil {
			return err
		}
		list = append(list, r)
	}
	all, err := x.numbers(ctx, strings.ReplaceAll(heldElsewhere, "AND o.cluster <> h.cluster ", ""), cluster)
	if err != nil {
		return err
	}
	for _, r := range list {
		document, err := x.db.fill(r.page, r.captured)
		if err != nil {
			return err
		}
		var item resourceItem
		if err := json.Unmarshal(document, &item); err != nil {
			return x.db.damaged(err)
		}
		var severities []int
		for _, e := range all {
			if e[0] == r.number {
				severities = append(severities, int(e[1]))
			}
		}
		item.FindingsSummary, item.ResourceDetailCaptureTimeDT = summary(severities), ""
		if _, err := x.putItem(ctx, f.Cluster.Ref, item, r.held, true, moment(r.captured)); err != nil {
			return err
		}
	}
	return nil
}
