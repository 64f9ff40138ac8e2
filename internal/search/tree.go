package search

import (
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Node is a filter made ready to be answered: tests joined by AND and OR. A node
// with a Test has no Terms.
type Node struct {
	Operator Operator
	Terms    []Node
	Test     *Test
}

// Test is what one field must satisfy.
type Test struct {
	Field string
	Kind  Kind
	// Key is the map's entry that is compared.
	Key string
	// Any are alternatives, None are exclusions: a document satisfies a text or map
	// test when one of its values satisfies one of Any (if there are any), and none
	// of its values equals, begins with or contains what None names.
	Any, None []StringIs
	// Window is that of a date, Bounds those of a number, both inclusive or not as
	// they say; Bool and Block are what a boolean and an address are compared with.
	Window Window
	Bounds NumberIs
	Bool   bool
	Block  netip.Prefix
}

// Window is a span of time; a zero end is open. From and To are inside it, Before
// is not.
type Window struct{ From, To, Before time.Time }

// Contains reports whether a time is in the window.
func (w Window) Contains(at time.Time) bool {
	return (w.From.IsZero() || !at.Before(w.From)) && (w.To.IsZero() || !at.After(w.To)) && (w.Before.IsZero() || at.Before(w.Before))
}

// Tree gives the filters as a tree. They must be valid; now is what relative dates
// are relative to.
//
// These are the rules that it follows:
//
//   - Filters of one text field are one test: EQUALS, PREFIX, CONTAINS and
//     CONTAINS_WORD are joined by OR; NOT_EQUALS, PREFIX_NOT_EQUALS and NOT_CONTAINS by
//     AND; and both sides must hold (API Reference, StringFilter). The same goes
//     for the filters of one key of a map field (MapFilter). It does not depend on
//     the composite's operator.
//   - All other filters, those of different fields, and nested composites are
//     joined by the composite's Operator; composites by CompositeOperator.
//   - Ours: an operator that is left out is AND, and a composite with nothing in
//     it asks for nothing and is left out.
//   - DateRange: a day is 24 hours; WITHIN is from that many days ago on,
//     OLDER_THAN is before. Ours: Start and End belong to the window, and a time
//     in the future is WITHIN.
func (f Filters) Tree(now time.Time) Node {
	return join(f.CompositeOperator, nodes(f.CompositeFilters, now))
}

func nodes(list []Composite, now time.Time) []Node {
	var terms []Node
	for _, c := range list {
		if n := c.node(now); n.Test != nil || len(n.Terms) > 0 {
			terms = append(terms, n)
		}
	}
	return terms
}

func join(o Operator, terms []Node) Node {
	if len(terms) == 1 {
		return terms[0]
	}
	if o == "" {
		o = And
	}
	return Node{Operator: o, Terms: terms}
}

func (c Composite) node(now time.Time) Node {
	var tests []*Test
	group := func(field, key string, kind Kind, is StringIs) {
		i := slices.IndexFunc(tests, func(t *Test) bool { return t.Field == field && t.Key == key && t.Kind == kind })
		if i < 0 {
			i = len(tests)
			tests = append(tests, &Test{Field: field, Key: key, Kind: kind})
		}
		if is.Comparison.negative() {
			tests[i].None = append(tests[i].None, is)
			return
		}
		tests[i].Any = append(tests[i].Any, is)
	}
	for _, f := range c.StringFilters {
		group(f.FieldName, "", Text, f.Filter)
	}
	for _, f := range c.MapFilters {
		group(f.FieldName, f.Filter.Key, Map, StringIs{Value: f.Filter.Value, Comparison: f.Filter.Comparison})
	}
	for _, f := range c.DateFilters {
		tests = append(tests, &Test{Field: f.FieldName, Kind: Date, Window: f.Filter.window(now)})
	}
	for _, f := range c.BooleanFilters {
		tests = append(tests, &Test{Field: f.FieldName, Kind: Boolean, Bool: f.Filter.Value})
	}
	for _, f := range c.NumberFilters {
		tests = append(tests, &Test{Field: f.FieldName, Kind: Number, Bounds: f.Filter})
	}
	for _, f := range c.IPFilters {
		block, _ := parseBlock(f.Filter.Cidr) // validated
		tests = append(tests, &Test{Field: f.FieldName, Kind: Address, Block: block})
	}
	terms := make([]Node, 0, len(tests))
	for _, t := range tests {
		terms = append(terms, Node{Test: t})
	}
	return join(c.Operator, append(terms, nodes(c.NestedCompositeFilters, now)...))
}

func (d DateIs) window(now time.Time) Window {
	if d.DateRange != nil {
		at := now.Add(-time.Duration(d.DateRange.Value) * day)
		if d.DateRange.Comparison == OlderThan {
			return Window{Before: at}
		}
		return Window{From: at}
	}
	var w Window
	w.From, _ = parseTime(d.Start) // validated
	w.To, _ = parseTime(d.End)
	return w
}

const day = 24 * time.Hour

func (c Comparison) negative() bool {
	return c == NotEquals || c == PrefixNotEquals || c == NotContains
}

// Positive gives the comparison that a negative one denies, and itself otherwise.
func (c Comparison) Positive() Comparison {
	switch c {
	case NotEquals:
		return Equals
	case PrefixNotEquals:
		return Prefix
	case NotContains:
		return Contains
	case Equals, Prefix, Contains, ContainsWord:
	}
	return c
}

// Matches reports whether a value satisfies the comparison; for a negative
// comparison, whether it is what the comparison excludes.
func (s StringIs) Matches(value string) bool {
	switch s.Comparison.Positive() {
	case Equals:
		return value == s.Value
	case Prefix:
		return strings.HasPrefix(value, s.Value)
	case Contains:
		return strings.Contains(value, s.Value)
	case ContainsWord:
		return containsWord(value, s.Value)
	case NotEquals, PrefixNotEquals, NotContains:
	}
	return false
}

// containsWord reports whether a text has another in it as whole words: no letter,
// digit or underscore stands next to it where it begins and ends with one itself.
// The API Reference names the operator and does not define a word; this is ours.
func containsWord(text, word string) bool {
	first, _ := utf8.DecodeRuneInString(word)
	last, _ := utf8.DecodeLastRuneInString(word)
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 || word == "" {
			return false
		}
		start, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:start])
		after, _ := utf8.DecodeRuneInString(text[end:])
		begun := inWord(first) && start > 0 && inWord(before)
		goesOn := inWord(last) && end < len(text) && inWord(after)
		if !begun && !goesOn {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start:])
		from = start + size
	}
}

func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// Holds reports whether a number satisfies all the bounds.
func (n NumberIs) Holds(v float64) bool {
	return (n.Eq == nil || v == *n.Eq) && (n.Gte == nil || v >= *n.Gte) && (n.Lte == nil || v <= *n.Lte) &&
		(n.Gt == nil || v > *n.Gt) && (n.Lt == nil || v < *n.Lt)
}
