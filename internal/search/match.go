package search

import (
	"net/netip"
	"slices"
	"time"
)

// Match reports whether a document satisfies the filters, which must be valid for
// the schema. It is the plain statement of what the store answers in SQL.
//
// A path that leads through a list has several values: a comparison holds when one
// of them satisfies it, and an exclusion when none of them is what it excludes. So
// an exclusion holds for a document without the field, and nothing else does. (Ours:
// the API Reference does not say it.)
func (f Filters) Match(s *Schema, document any, now time.Time) bool {
	return f.Tree(now).Match(s, document)
}

// Match reports whether a document satisfies the node. A node of nothing is
// satisfied by all.
func (n Node) Match(s *Schema, document any) bool {
	if n.Test != nil {
		return n.Test.match(s, document)
	}
	satisfied := func(t Node) bool { return t.Match(s, document) }
	if n.Operator == Or && len(n.Terms) > 0 {
		return slices.ContainsFunc(n.Terms, satisfied)
	}
	return !slices.ContainsFunc(n.Terms, func(t Node) bool { return !satisfied(t) })
}

func (t *Test) match(s *Schema, document any) bool {
	path := s.Path(t.Field)
	switch t.Kind {
	case Text:
		return t.Texts(Texts(document, path))
	case Map:
		var values []string
		for _, p := range Pairs(document, path) {
			if p.Key == t.Key {
				values = append(values, p.Value)
			}
		}
		return t.Texts(values)
	case Date:
		return slices.ContainsFunc(Times(document, path), t.Window.Contains)
	case Boolean:
		return slices.Contains(Booleans(document, path), t.Bool)
	case Number:
		return slices.ContainsFunc(Numbers(document, path), t.Bounds.Holds)
	case Address:
		return slices.ContainsFunc(Texts(document, path), t.Address)
	}
	return false
}

// Texts reports whether values satisfy the alternatives and the exclusions.
func (t *Test) Texts(values []string) bool {
	one := func(list []StringIs) bool {
		return slices.ContainsFunc(values, func(v string) bool {
			return slices.ContainsFunc(list, func(s StringIs) bool { return s.Matches(v) })
		})
	}
	return (len(t.Any) == 0 || one(t.Any)) && !one(t.None)
}

// Address reports whether a text is an address inside the block.
func (t *Test) Address(text string) bool {
	at, err := netip.ParseAddr(text)
	return err == nil && t.Block.Contains(at.Unmap())
}
