package search

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// Use is what filters are for; it decides which comparisons may stand in them.
type Use string

// The uses.
const (
	// Searching is a search or statistics request.
	Searching Use = "search"
	// Ruling is the criteria of an automation rule.
	Ruling Use = "rule"
	// Exporting is the filters of an export job.
	Exporting Use = "export"
	// Trending is a trend request.
	Trending Use = "trend"
)

// The words of DateRange.
const (
	Days      = "DAYS"
	Within    = "WITHIN"
	OlderThan = "OLDER_THAN"
)

// maxDays bounds DateRange.Value: more is before all dates that can be stored.
const maxDays = 36500

// Validate checks the filters against the schema and the API's limits. An error
// is fault.ErrInvalid and names the place:
// "Filters.CompositeFilters[0].StringFilters[2].Filter.Value".
func (f Filters) Validate(s *Schema, use Use) error {
	v := validator{schema: s, use: use}
	if err := operator("Filters.CompositeOperator", f.CompositeOperator); err != nil {
		return err
	}
	return v.composites("Filters.CompositeFilters", f.CompositeFilters, MaxDepth-1)
}

type validator struct {
	schema *Schema
	use    Use
}

func invalid(place, format string, args ...any) error {
	return fmt.Errorf("%s: %s: %w", place, fmt.Sprintf(format, args...), fault.ErrInvalid)
}

func operator(place string, o Operator) error {
	if o != "" && o != And && o != Or {
		return invalid(place, "operator %q: want AND or OR", o)
	}
	return nil
}

// composites checks a list; depth is how many layers it and those in it may have.
func (v validator) composites(place string, list []Composite, depth int) error {
	if len(list) > MaxComposites {
		return invalid(place, "%d composite filters: at most %d", len(list), MaxComposites)
	}
	if len(list) > 0 && depth == 0 {
		return invalid(place, "filters nest in %d layers at most", MaxDepth)
	}
	for i, c := range list {
		at := fmt.Sprintf("%s[%d]", place, i)
		if err := operator(at+".Operator", c.Operator); err != nil {
			return err
		}
		if err := v.composite(at, c); err != nil {
			return err
		}
		if err := v.composites(at+".NestedCompositeFilters", c.NestedCompositeFilters, depth-1); err != nil {
			return err
		}
	}
	return nil
}

func (v validator) composite(place string, c Composite) error {
	texts, maps := map[string][]Comparison{}, map[string][]Comparison{}
	return firstError(
		each(v, place, Text, c.StringFilters, func(at string, f StringFilter) (string, error) {
			return f.FieldName, v.stringIs(at, f.Filter, together(texts, f.FieldName, f.Filter.Comparison))
		}),
		each(v, place, Date, c.DateFilters, func(at string, f DateFilter) (string, error) { return f.FieldName, f.Filter.validate(at) }),
		each(v, place, Boolean, c.BooleanFilters, func(_ string, f BooleanFilter) (string, error) { return f.FieldName, nil }),
		each(v, place, Number, c.NumberFilters, func(at string, f NumberFilter) (string, error) {
			if f.Filter == (NumberIs{}) {
				return f.FieldName, invalid(at, "want at least one of Eq, Gte, Lte, Gt and Lt")
			}
			return f.FieldName, nil
		}),
		each(v, place, Map, c.MapFilters, func(at string, f MapFilter) (string, error) {
			return f.FieldName, v.mapIs(at, f.Filter, together(maps, f.FieldName+"\x00"+f.Filter.Key, f.Filter.Comparison))
		}),
		each(v, place, Address, c.IPFilters, func(at string, f IPFilter) (string, error) {
			_, err := parseBlock(f.Filter.Cidr)
			if err != nil {
				return f.FieldName, invalid(at+".Cidr", "%q is no CIDR block such as 10.0.0.0/8", f.Filter.Cidr)
			}
			return f.FieldName, nil
		}),
	)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// each checks the filters of one kind; check gives a filter's field and what is
// wrong with its comparison.
func each[T any](v validator, place string, kind Kind, list []T, check func(at string, f T) (string, error)) error {
	place += "." + string(kind) + "Filters"
	if len(list) > MaxFilters {
		return invalid(place, "%d filters: at most %d of one kind in one composite filter", len(list), MaxFilters)
	}
	for i, f := range list {
		at := fmt.Sprintf("%s[%d]", place, i)
		field, err := check(at+".Filter", f)
		if wrong := v.field(at+".FieldName", field, kind); wrong != nil {
			return wrong
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v validator) field(place, field string, want Kind) error {
	kind, ok := v.schema.Kind(field)
	if !ok {
		return invalid(place, "%s have no field %q", v.schema.name, field)
	}
	if kind != want {
		return invalid(place, "%q takes %sFilters", field, kind)
	}
	return nil
}

// together notes a comparison of a field and gives those that it stands with.
func together(seen map[string][]Comparison, field string, c Comparison) []Comparison {
	seen[field] = append(seen[field], c)
	return seen[field]
}

func (v validator) stringIs(place string, is StringIs, with []Comparison) error {
	if err := filled(place+".Value", is.Value); err != nil {
		return err
	}
	known := []Comparison{Equals, Prefix, NotEquals, PrefixNotEquals, Contains, NotContains, ContainsWord}
	if err := compare(place, is.Comparison, known, with); err != nil {
		return err
	}
	if is.Comparison == ContainsWord && v.use != Searching {
		return invalid(place+".Comparison", "CONTAINS_WORD works in searches and statistics only")
	}
	return nil
}

func (v validator) mapIs(place string, is MapIs, with []Comparison) error {
	if err := filled(place+".Key", is.Key); err != nil {
		return err
	}
	if err := filled(place+".Value", is.Value); err != nil {
		return err
	}
	return compare(place, is.Comparison, []Comparison{Equals, NotEquals, Contains, NotContains}, with)
}

// filled is the API's pattern of values, .*\S.*, and refuses NUL, which no value has.
func filled(place, value string) error {
	if strings.TrimSpace(value) == "" {
		return invalid(place, "must not be blank")
	}
	if strings.ContainsRune(value, 0) {
		return invalid(place, "must not have a NUL character")
	}
	return nil
}

// listed is a list as people write it.
func listed(list []Comparison) string {
	texts := make([]string, len(list))
	for i, c := range list {
		texts[i] = string(c)
	}
	return strings.Join(texts, ", ")
}

// compare checks a comparison and those that it stands with on one field, as the
// API Reference (StringFilter, MapFilter) says.
func compare(place string, c Comparison, known, with []Comparison) error {
	place += ".Comparison"
	if !slices.Contains(known, c) {
		return invalid(place, "comparison %q: want one of %s", c, listed(known))
	}
	for _, other := range with {
		for _, pair := range [][2]Comparison{{c, other}, {other, c}} {
			if !standTogether(pair[0], pair[1]) {
				return invalid(place, "%s and %s cannot stand together on one field", other, c)
			}
		}
	}
	return nil
}

func standTogether(a, b Comparison) bool {
	switch a {
	case Contains, NotContains:
		return b == a
	case Equals:
		return b != NotEquals && b != PrefixNotEquals
	case Prefix, NotEquals, PrefixNotEquals, ContainsWord:
	}
	return true
}

func (d DateIs) validate(place string) error {
	if d.DateRange != nil {
		return d.DateRange.validate(place, d.Start != "" || d.End != "")
	}
	if d.Start == "" && d.End == "" {
		return invalid(place, "want Start, End or DateRange")
	}
	for _, end := range []struct{ name, text string }{{"Start", d.Start}, {"End", d.End}} {
		if _, err := parseTime(end.text); err != nil {
			return invalid(place+"."+end.name, "%q is no time such as 2026-11-24T09:30:00Z", end.text)
		}
	}
	return nil
}

func (r DateRange) validate(place string, window bool) error {
	switch {
	case window:
		return invalid(place, "DateRange stands alone, without Start and End")
	case r.Unit != Days:
		return invalid(place+".DateRange.Unit", "unit %q: want DAYS", r.Unit)
	case r.Value < 0 || r.Value > maxDays:
		return invalid(place+".DateRange.Value", "%d: want 0 to %d", r.Value, maxDays)
	case r.Comparison != "" && r.Comparison != Within && r.Comparison != OlderThan:
		return invalid(place+".DateRange.Comparison", "comparison %q: want WITHIN or OLDER_THAN", r.Comparison)
	}
	return nil
}

// timeLayouts are the forms of ISO 8601 that the API Reference ("Timestamps")
// lists, and a bare day.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999", time.DateOnly}

// ParseTime reads a time as requests give it, as fault.ErrInvalid when it is none.
func ParseTime(text string) (time.Time, error) {
	at, err := parseTime(text)
	if err != nil || text == "" {
		return time.Time{}, fmt.Errorf("%q is no time such as 2026-11-24T09:30:00Z: %w", text, fault.ErrInvalid)
	}
	return at, nil
}

// parseTime reads a time; nothing is no time.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 0 {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fault.ErrInvalid
}

func parseBlock(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		at, err := netip.ParseAddr(text)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(at.WithZone(""), at.BitLen()), nil
	}
	return p.Masked(), nil
}
