package iac

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// value computes an expression of literals, variables and locals; false when it needs
// more than that.
func (b bound) value(depth int) (cty.Value, bool) {
	names := map[string]map[string]cty.Value{}
	for _, t := range b.Variables() {
		root, name := head(t)
		if root != "var" && root != "local" || depth > maxDepth {
			return cty.NilVal, false
		}
		from, why := b.in.source(root, name)
		if why != "" {
			return cty.NilVal, false
		}
		v, ok := from.value(depth + 1)
		if !ok {
			return cty.NilVal, false
		}
		if names[root] == nil {
			names[root] = map[string]cty.Value{}
		}
		names[root][name] = v
	}
	context := &hcl.EvalContext{Variables: map[string]cty.Value{}}
	for root, members := range names {
		context.Variables[root] = cty.ObjectVal(members)
	}
	v, diagnostics := b.Value(context)
	if diagnostics.HasErrors() || !v.IsWhollyKnown() {
		return cty.NilVal, false
	}
	return v, true
}

// string computes a text; empty when it cannot.
func (b bound) string() string {
	v, ok := b.value(0)
	if !ok || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// step is a variable or a local on the way to a literal.
type step struct {
	module *module
	name   string
}

// trace follows an expression to the literal that it stands for, by variables and
// locals alone; else it says why it cannot.
func (b bound) trace() (to bound, way []step, why string) {
	for range maxDepth {
		if written(b.Expression) {
			return b, way, ""
		}
		t, ok := b.Expression.(*hclsyntax.ScopeTraversalExpr)
		if !ok {
			return b, way, "it is computed (" + b.code() + ")"
		}
		root, name := head(t.Traversal)
		if root != "var" && root != "local" || len(t.Traversal) != 2 {
			return b, way, "it comes from " + b.code()
		}
		way = append(way, step{b.in.module, root + "." + name})
		next, missing := b.in.source(root, name)
		if missing != "" {
			return b, way, missing
		}
		b = next
	}
	return b, way, "its references go in a circle"
}

// written reports whether an expression is a literal, or a list of them.
func written(e hclsyntax.Expression) bool {
	switch x := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return x.IsStringLiteral()
	case *hclsyntax.TupleConsExpr:
		return !slices.ContainsFunc(x.Exprs, func(e hclsyntax.Expression) bool { return !written(e) })
	case *hclsyntax.ObjectConsExpr:
		return len(x.Items) == 0
	}
	return false
}

// code is the expression as it is written, on one line.
func (b bound) code() string {
	r := b.Range()
	return strings.Join(strings.Fields(string(b.file.text[r.Start.Byte:r.End.Byte])), " ")
}

func (b bound) line() int { return b.Range().Start.Line }

// is reports whether a value is what is wished: text, bool or a list of texts in any order.
func is(v cty.Value, want any) bool {
	if v.IsNull() {
		return false
	}
	switch w := want.(type) {
	case string:
		return v.Type() == cty.String && v.AsString() == w
	case bool:
		return v.Type() == cty.Bool && v.True() == w
	case []string:
		var have []string
		if !v.CanIterateElements() || v.Type().IsObjectType() || v.Type().IsMapType() {
			return false
		}
		for _, e := range v.AsValueSlice() {
			if e.Type() != cty.String {
				return false
			}
			have = append(have, e.AsString())
		}
		return sameSet(have, w)
	}
	return false
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// code writes a wished value; Terraform and YAML write it the same way.
func code(want any) string {
	switch w := want.(type) {
	case string:
		return strconv.Quote(w)
	case []string:
		texts := make([]string, len(w))
		for i, s := range w {
			texts[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	return fmt.Sprint(want)
}
