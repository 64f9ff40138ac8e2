package store

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/search"
)

// sortKey is one field of an order as SQL sees it.
type sortKey struct {
	field   string // by whose order, see search.Schema.Rank
	expr    string // over e
	down    bool
	walked  bool // there is an index in this order
	integer bool // values are whole numbers
	text    bool
}

// order is what a page is sorted by: the keys, and then the number, in the
// direction of the last key.
type order []sortKey

func (c *collection) order(list []search.Sort) order {
	var o order
	for _, by := range list {
		field := c.schema.Rank(by.Field)
		k := sortKey{field: field, down: by.Order == search.Descending}
		kind, _ := c.schema.Kind(field)
		lo, hi := span(c.number(field))
		p, isColumn := c.columns[field]
		_, constant := c.constants[field]
		switch {
		case constant:
			continue
		case isColumn:
			k.expr, k.walked, k.text = "e."+p.name, p.walked, kind == search.Text
			k.integer = !k.text
		case kind == search.Number || kind == search.Date:
			k.expr = fmt.Sprintf(`(SELECT min(n.amount) FROM amounts n WHERE n.item = e.number AND n.field = %d)`, c.number(field))
		default:
			k.text = true
			k.expr = fmt.Sprintf(`(SELECT min(w.key) FROM postings p CROSS JOIN words w WHERE w.id = p.value AND p.item = e.number AND p.value BETWEEN %d AND %d)`, lo, hi)
		}
		o = append(o, k)
	}
	return o
}

// walks reports whether the items can be walked in the order, by an index.
func (o order) walks() bool {
	switch len(o) {
	case 0:
		return true
	case 1:
		return o[0].walked
	}
	// findings by severity and then by change have an index of their own
	return len(o) == 2 && o[0].expr == "e.severity" && o[1].expr == "e.modified" && o[0].down == o[1].down
}

// byStatus reports whether the items of one status can be walked in the order, by
// an index.
func (o order) byStatus() bool {
	return len(o) == 1 && (o[0].expr == "e.severity" || o[0].expr == "e.modified") || len(o) == 2 && o.walks()
}

// bySeverity reports whether what has a value can be walked in the order, by an index
// of the postings, and gives the order over the postings p.
func (o order) bySeverity() (order, bool) {
	if len(o) != 1 || o[0].expr != "e.severity" {
		return nil, false
	}
	over := o[0]
	over.expr = "p.severity"
	return order{over}, true
}

// compare orders two hits of an order of whole numbers.
func (o order) compare(a, b hit) int {
	for i, k := range o {
		if c := cmp.Compare(*a.at.Keys[i].Integer, *b.at.Keys[i].Integer); c != 0 {
			return directed(c, k.down)
		}
	}
	return directed(cmp.Compare(a.at.Number, b.at.Number), o.down())
}

func directed(c int, down bool) int {
	if down {
		return -c
	}
	return c
}

func (o order) down() bool { return len(o) > 0 && o[len(o)-1].down }

func direction(down bool) string {
	if down {
		return " DESC"
	}
	return ""
}

// keys are the columns k0, k1 … of what the order is by.
func (o order) keys() string {
	var b strings.Builder
	for i, k := range o {
		fmt.Fprintf(&b, `, %s AS k%d`, k.expr, i)
	}
	return b.String()
}

// by is the ORDER BY of walks.
func (o order) by(number string) string {
	var list []string
	for _, k := range o {
		list = append(list, k.expr+direction(k.down))
	}
	return " ORDER BY " + strings.Join(append(list, number+direction(o.down())), ", ")
}

func beyond(down bool) string {
	if down {
		return " < ?"
	}
	return " > ?"
}

// segments cut what comes after a place into spans that an index gives one by one:
// what ties with it in all keys but the number, then in all but the last, and so on.
func (o order) segments(at position, number string) []condition {
	if at.None {
		return []condition{{text: "TRUE"}}
	}
	var list []condition
	for n := len(o); n >= 0; n-- {
		var c condition
		var texts []string
		for i := range n {
			texts = append(texts, o[i].expr+" = ?")
			c.args = append(c.args, at.Keys[i].value())
		}
		if n == len(o) {
			texts = append(texts, number+beyond(o.down()))
			c.args = append(c.args, at.Number)
		} else {
			texts = append(texts, o[n].expr+beyond(o[n].down))
			c.args = append(c.args, at.Keys[n].value())
		}
		c.text = strings.Join(texts, " AND ")
		list = append(list, c)
	}
	return list
}

// sorted is the ORDER BY over a subquery with the columns k0, k1 … and number:
// what is missing comes last.
func (o order) sorted() string {
	var list []string
	for i, k := range o {
		column := fmt.Sprintf("s.k%d", i)
		if !k.integer {
			list = append(list, "("+column+" IS NULL)")
		}
		list = append(list, column+direction(k.down))
	}
	return " ORDER BY " + strings.Join(append(list, "s.number"+direction(o.down())), ", ")
}

// after is the condition of what comes after a place, over the same columns.
func (o order) after(at position) condition {
	if at.None {
		return condition{text: "TRUE"}
	}
	var c condition
	var alternatives []string
	for n := 0; n <= len(o); n++ {
		var texts []string
		var args []any
		for i := range n {
			column := fmt.Sprintf("s.k%d", i)
			if at.Keys[i].Missing {
				texts = append(texts, column+" IS NULL")
				continue
			}
			texts = append(texts, column+" = ?")
			args = append(args, at.Keys[i].value())
		}
		switch {
		case n == len(o):
			texts = append(texts, "s.number"+beyond(o.down()))
			args = append(args, at.Number)
		case at.Keys[n].Missing:
			continue // nothing comes after what is missing
		default:
			column := fmt.Sprintf("s.k%d", n)
			texts = append(texts, "("+column+beyond(o[n].down)+" OR "+column+" IS NULL)")
			args = append(args, at.Keys[n].value())
		}
		alternatives = append(alternatives, "("+strings.Join(texts, " AND ")+")")
		c.args = append(c.args, args...)
	}
	c.text = "(" + strings.Join(alternatives, " OR ") + ")"
	return c
}
