package store

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/search"
)

// What the search index is made of is in docs/design/0007-serving.md. This file
// says which field is kept where.

// indexForm is raised when what is written to the index changes; a database that
// was indexed otherwise is indexed again.
const indexForm = 3

// collection is a set of items that are searched: findings or resources.
type collection struct {
	schema *search.Schema
	// table has one row for each item, pages its document and facets what statistics
	// are grouped by, by number.
	table, pages, facets string
	// seen is the column of the time that fills a document's holes.
	seen string
	// base is the number before that of the first field.
	base int64
	// columns are the fields that are columns of table.
	columns map[string]place
	// constants are the fields that have one value in all documents.
	constants map[string]string
	// counted are the fields whose values are counted by severity and status, and
	// grouped those of them that statistics are grouped by.
	counted, grouped map[int64]bool
	numbers          map[string]int64
	// others are the fields that are neither, and read the members of a document that
	// hold their values.
	others []string
	read   members
}

// place is a field that is a column of the items' table.
type place struct {
	name string
	// names are the texts that the column's number stands for; nil for a column of
	// the field's own kind.
	names func() map[string]int
	// walked tells that there is an index in the column's order.
	walked bool
}

// fieldBits is how many bits below a field's number count the field's values.
const fieldBits = 40

// The numbers of the dictionary's fields that no schema has.
const (
	findingSeries  = 0
	resourceSeries = 1
	findingProfile = 511
	findingBase    = 1
	resourceBase   = 512
)

// all is the value that every item of the collection has in the counts.
func (c *collection) all() int64 { return -c.base }

// span gives the first and the last value number of a field.
func span(field int64) (lo, hi int64) {
	return field << fieldBits, field<<fieldBits | (1<<fieldBits - 1)
}

func newCollection(c collection, uncounted ...string) *collection {
	c.numbers = map[string]int64{}
	for i, f := range c.schema.Fields() {
		c.numbers[f] = c.base + 1 + int64(i)
	}
	c.counted, c.grouped = map[int64]bool{}, map[int64]bool{}
	var paths []string
	for _, f := range c.schema.Fields() {
		_, constant := c.constants[f]
		_, column := c.columns[f]
		if !constant && !column {
			c.others, paths = append(c.others, f), append(paths, c.schema.Path(f))
		}
	}
	for _, f := range c.schema.Groups() {
		c.grouped[c.numbers[f]] = slices.Contains(c.others, f) && !slices.Contains(uncounted, f)
	}
	maps.Copy(c.counted, c.grouped)
	c.read = membersOf(paths)
	return &c
}

// findingCollection: values of resources.uid and resources.name are about as many
// as there are findings, and are not counted. Those of finding_info.tags, the traits,
// are asked for one by one.
func findingCollection() *collection {
	c := newCollection(collection{
		schema: search.FindingSchema(), table: "entries", pages: "pages", facets: "facets", seen: "last_seen", base: findingBase, constants: constants(),
		columns: map[string]place{
			"metadata.uid":                      {name: "finding"},
			"finding_info.uid":                  {name: "uid"},
			"severity":                          {name: "severity", names: severityNames},
			"severity_id":                       {name: "severity", walked: true},
			"status":                            {name: "status", names: statusNames},
			"status_id":                         {name: "status", walked: true},
			"activity_id":                       {name: "activity"},
			"vendor_attributes.severity_id":     {name: "computed"},
			"finding_info.related_events_count": {name: "events"},
			"finding_info.created_time_dt":      {name: "created", walked: true},
			"finding_info.first_seen_time_dt":   {name: "first_seen", walked: true},
			"finding_info.last_seen_time_dt":    {name: "last_seen", walked: true},
			"finding_info.modified_time_dt":     {name: "modified", walked: true},
		},
	}, "resources.uid", "resources.name")
	c.counted[c.number("finding_info.tags")] = true
	return c
}

func severityNames() map[string]int {
	names := map[string]int{}
	for _, id := range append([]int{99}, []int{0, 1, 2, 3, 4, 5, 6}...) {
		name, _ := ocsf.SeverityName(id)
		names[name] = id
	}
	return names
}

func statusNames() map[string]int {
	names := map[string]int{}
	for _, id := range []int{0, 1, 2, 3, 4, 5, 99} {
		name, _ := ocsf.StatusName(id)
		names[string(name)] = id
	}
	return names
}

// constants reads the fields that every finding has alike out of one.
func constants() map[string]string {
	ref := inventory.ClusterRef{Partition: "aws", Account: "000000000000", Region: "us-east-1", Name: "x"}
	d := ocsf.Finding(&exposure.Finding{Cluster: exposure.Cluster{Ref: ref}}, ocsf.Options{})
	return map[string]string{
		"class_name": d.ClassName, "cloud.provider": d.Cloud.Provider, "resources.provider": d.Cloud.Provider,
		"metadata.product.name": d.Metadata.Product.Name, "metadata.product.vendor_name": d.Metadata.Product.VendorName,
		search.FeatureField: d.Metadata.Product.Feature.UID, "finding_info.analytic.name": d.FindingInfo.Analytic.Name,
	}
}

// version names the form of the index of a collection.
func (c *collection) version() string {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", indexForm, strings.Join(c.schema.Fields(), " ")) // it never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

// number gives the dictionary's number of a field.
func (c *collection) number(field string) int64 { return c.numbers[field] }

// entryOf writes an entry of a map field as one text: the length of the key, the
// key, the value.
func entryOf(key, value string) string { return fmt.Sprintf("%d:%s%s", len(key), key, value) }

// wordsOf gives the values of the fields that are in the dictionary.
func (c *collection) wordsOf(document any) map[int64][]string {
	words := map[int64][]string{}
	for _, field := range c.others {
		if list := c.texts(document, field); len(list) > 0 {
			words[c.number(field)] = list
		}
	}
	return words
}

func (c *collection) texts(document any, field string) []string {
	kind, _ := c.schema.Kind(field)
	path := c.schema.Path(field)
	switch kind {
	case search.Text, search.Address:
		return search.Texts(document, path)
	case search.Boolean:
		var list []string
		for _, b := range search.Booleans(document, path) {
			list = append(list, strconv.FormatBool(b))
		}
		return list
	case search.Map:
		var list []string
		for _, p := range search.Pairs(document, path) {
			list = append(list, entryOf(p.Key, p.Value))
		}
		return list
	case search.Number, search.Date:
	}
	return nil
}

// amountsOf gives the numbers, and the times in milliseconds, of the fields that
// are no column.
func (c *collection) amountsOf(document any) map[int64][]float64 {
	amounts := map[int64][]float64{}
	for _, field := range c.others {
		var list []float64
		switch kind, _ := c.schema.Kind(field); kind {
		case search.Number:
			list = search.Numbers(document, c.schema.Path(field))
		case search.Date:
			for _, at := range search.Times(document, c.schema.Path(field)) {
				list = append(list, float64(at.UnixMilli()))
			}
		case search.Text, search.Boolean, search.Map, search.Address:
		}
		if len(list) > 0 {
			amounts[c.number(field)] = list
		}
	}
	return amounts
}
