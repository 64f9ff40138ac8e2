package search

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxSort bounds the fields of one order.
const MaxSort = 5

// Validate checks a request for a page of a schema's documents.
func (r Request) Validate(s *Schema, use Use) error {
	if err := r.Filters.Validate(s, use); err != nil {
		return err
	}
	if r.Limit < 1 || r.Limit > MaxPage {
		return invalid("MaxResults", "%d: want 1 to %d", r.Limit, MaxPage)
	}
	return ValidateSort(s, r.Sort)
}

// ValidateSort checks an order: text, number, date and boolean fields of the
// schema, each once.
func ValidateSort(s *Schema, list []Sort) error {
	if len(list) > MaxSort {
		return invalid("SortCriteria", "%d fields: at most %d", len(list), MaxSort)
	}
	for i, by := range list {
		place := fmt.Sprintf("SortCriteria[%d]", i)
		kind, ok := s.Kind(by.Field)
		switch {
		case !ok:
			return invalid(place+".Field", "%s have no field %q", s.name, by.Field)
		case kind == Map || kind == Address:
			return invalid(place+".Field", "%q has no order", by.Field)
		case slices.ContainsFunc(list[:i], func(o Sort) bool { return o.Field == by.Field }):
			return invalid(place+".Field", "%q is given twice", by.Field)
		case by.Order != "" && by.Order != Ascending && by.Order != Descending:
			return invalid(place+".SortOrder", "order %q: want asc or desc", by.Order)
		}
	}
	return nil
}

// Validate checks a statistics request.
func (r GroupRequest) Validate(s *Schema) error {
	if len(r.Rules) < 1 || len(r.Rules) > MaxRules {
		return invalid("GroupByRules", "%d rules: want 1 to %d", len(r.Rules), MaxRules)
	}
	if r.Limit < 1 || r.Limit > MaxGroups {
		return invalid("MaxStatisticResults", "%d: want 1 to %d", r.Limit, MaxGroups)
	}
	if r.Order != "" && r.Order != Ascending && r.Order != Descending {
		return invalid("SortOrder", "order %q: want asc or desc", r.Order)
	}
	for i, rule := range r.Rules {
		place := fmt.Sprintf("GroupByRules[%d].", i)
		if !slices.Contains(s.groups, rule.Field) {
			return invalid(place+"GroupByField", "%s are not counted by %q", s.name, rule.Field)
		}
		if rule.Filters == nil {
			continue
		}
		if err := rule.Filters.Validate(s, Searching); err != nil {
			return fmt.Errorf("%s%w", place, err)
		}
	}
	return nil
}

// MaxTrend bounds the span of a trend request.
const MaxTrend = 3 * 366 * day

// Validate checks a trend request.
func (r TrendRequest) Validate(s *Schema) error {
	switch {
	case r.Start.IsZero():
		return invalid("StartTime", "is missing")
	case r.End.IsZero():
		return invalid("EndTime", "is missing")
	case r.End.Before(r.Start):
		return invalid("EndTime", "is before StartTime")
	case r.End.Sub(r.Start) > MaxTrend:
		return invalid("StartTime", "is more than three years before EndTime")
	}
	return r.Filters.Validate(s, Trending)
}

// Granularity is how far apart the points of a trend are.
type Granularity string

// The granularities.
const (
	Daily   Granularity = "Daily"
	Weekly  Granularity = "Weekly"
	Monthly Granularity = "Monthly"
)

// GranularityOf chooses the granularity of a span: daily up to 30 days, weekly up
// to 180, monthly beyond. The service chooses it, and does not say how; this is ours.
func GranularityOf(start, end time.Time) Granularity {
	switch span := end.Sub(start); {
	case span <= 30*day:
		return Daily
	case span <= 180*day:
		return Weekly
	}
	return Monthly
}

// Points gives the times of a trend: from the day of start on, one per day, week or
// month, none after end. Each stands for how things were at the end of its day.
func Points(start, end time.Time) []time.Time {
	start = start.UTC().Truncate(day)
	g := GranularityOf(start, end)
	var list []time.Time
	for i := 0; ; i++ {
		at := start.AddDate(0, 0, i)
		switch g {
		case Weekly:
			at = start.AddDate(0, 0, 7*i)
		case Monthly:
			at = start.AddDate(0, i, 0)
			if at.Day() != start.Day() { // the month has no such day
				at = at.AddDate(0, 0, -at.Day())
			}
		case Daily:
		}
		if at.After(end) {
			return list
		}
		list = append(list, at)
	}
}

// SortValue is what a document is sorted by in one field.
type SortValue struct {
	// Missing values come last in both orders.
	Missing bool
	Text    string
	Number  float64
}

// SortKeyBytes is how much of a text its order looks at.
const SortKeyBytes = 1024

// SortKey is what a text is sorted by and looked up with: itself, or for a long
// text its first SortKeyBytes and a hash of all of it.
func SortKey(value string) string {
	if len(value) <= SortKeyBytes {
		return value
	}
	cut := SortKeyBytes
	for !utf8.RuneStart(value[cut]) {
		cut--
	}
	sum := sha256.Sum256([]byte(value))
	return value[:cut] + hex.EncodeToString(sum[:16])
}

// SortBy gives a document's value in a field of an order. Of several values the
// smallest counts. Texts are compared by bytes, false is before true, and names
// that have a number by their number.
func SortBy(s *Schema, document any, field string) SortValue {
	field = s.Rank(field)
	path := s.Path(field)
	kind, _ := s.Kind(field)
	switch kind {
	case Text:
		keys := Texts(document, path)
		for i, k := range keys {
			keys[i] = SortKey(k)
		}
		if len(keys) > 0 {
			return SortValue{Text: slices.Min(keys)}
		}
	case Number:
		if list := Numbers(document, path); len(list) > 0 {
			return SortValue{Number: list[0]}
		}
	case Date:
		if list := Times(document, path); len(list) > 0 {
			return SortValue{Number: float64(list[0].UnixMilli())}
		}
	case Boolean:
		if list := Booleans(document, path); len(list) > 0 {
			text := "true"
			if slices.Contains(list, false) {
				text = "false"
			}
			return SortValue{Text: text}
		}
	case Map, Address:
	}
	return SortValue{Missing: true}
}

// Compare orders two values of one field.
func (o Order) Compare(a, b SortValue) int {
	switch {
	case a.Missing && b.Missing:
		return 0
	case a.Missing:
		return 1
	case b.Missing:
		return -1
	}
	c := cmp.Or(strings.Compare(a.Text, b.Text), cmp.Compare(a.Number, b.Number))
	if o == Descending {
		return -c
	}
	return c
}
