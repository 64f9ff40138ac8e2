package iac

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxDepth bounds references to references, and modules in modules.
const maxDepth = 16

// module is a folder of Terraform files.
type module struct {
	dir    string
	blocks []block
	// variables have the expression of their default; locals are one attribute each.
	variables map[string]bound
	locals    map[string]bound
	// given are the variables that files set that Terraform reads by itself; open are
	// those that other .tfvars set, which count only when somebody names them.
	given map[string]bound
	open  map[string]string
	// uses are where a variable or a local is used, by "var.NAME".
	uses map[string][]use
	// instances counts how often the module is in the folder's configurations.
	instances int
}

// block is a block of a file.
type block struct {
	*hclsyntax.Block

	file *file
}

// use is one reference: by a block, or by a local.
type use struct {
	*hclsyntax.Block

	local string
}

// String names what uses.
func (u use) String() string {
	if u.local != "" {
		return "local." + u.local
	}
	return strings.TrimPrefix(strings.Join(append([]string{u.Type}, u.Labels...), "."), "resource.")
}

// bound is an expression in a file, in an instance of a module.
type bound struct {
	hclsyntax.Expression

	file *file
	in   *instance
}

// instance is a module as it is called: a root, or with the inputs of a call.
type instance struct {
	*module

	parent *instance
	call   block
}

// attribute gives an attribute of a block; false when it has none of the name.
func (in *instance) attribute(b block, body *hclsyntax.Body, name string) (bound, bool) {
	a, ok := body.Attributes[name]
	if !ok {
		return bound{}, false
	}
	return bound{a.Expr, b.file, in}, true
}

// modules reads the modules of the files, by folder.
func modules(files []*file) map[string]*module {
	all := map[string]*module{}
	of := func(f *file) *module {
		dir := path.Dir(f.name)
		if all[dir] == nil {
			all[dir] = &module{
				dir: dir, variables: map[string]bound{}, locals: map[string]bound{}, given: map[string]bound{}, open: map[string]string{},
				uses: map[string][]use{},
			}
		}
		return all[dir]
	}
	for _, f := range files {
		if f.body != nil && path.Ext(f.name) == ".tf" {
			of(f).read(f)
		}
	}
	for _, f := range files {
		if f.body == nil || path.Ext(f.name) != ".tfvars" {
			continue
		}
		base := path.Base(f.name)
		for name, a := range f.body.Attributes {
			if base == "terraform.tfvars" || strings.HasSuffix(base, ".auto.tfvars") {
				of(f).give(name, bound{Expression: a.Expr, file: f})
				continue
			}
			for _, m := range all {
				m.open[name] = f.name // it may be named for any root
			}
		}
	}
	return all
}

// give keeps the value of the file that counts: terraform.tfvars counts least, the
// others by their names (Terraform, "Variable definition precedence").
func (m *module) give(name string, v bound) {
	old, ok := m.given[name]
	if !ok || path.Base(old.file.name) == "terraform.tfvars" || path.Base(v.file.name) != "terraform.tfvars" && v.file.name > old.file.name {
		m.given[name] = v
	}
}

func (m *module) read(f *file) {
	for _, b := range f.body.Blocks {
		m.blocks = append(m.blocks, block{b, f})
		if b.Type == "variable" && len(b.Labels) == 1 {
			m.variables[b.Labels[0]] = bound{file: f}
			if a, ok := b.Body.Attributes["default"]; ok {
				m.variables[b.Labels[0]] = bound{Expression: a.Expr, file: f}
			}
			continue
		}
		if b.Type != "locals" {
			m.use(b.Body, use{Block: b})
			continue
		}
		for name, a := range b.Body.Attributes {
			m.locals[name] = bound{Expression: a.Expr, file: f}
			m.use(a.Expr, use{Block: b, local: name})
		}
	}
}

// use keeps each reference to a variable or a local.
func (m *module) use(n hclsyntax.Node, by use) {
	_ = hclsyntax.VisitAll(n, func(n hclsyntax.Node) hcl.Diagnostics { // the visitor reports nothing
		if t, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			if root, name := head(t.Traversal); root == "var" || root == "local" {
				m.uses[root+"."+name] = append(m.uses[root+"."+name], by)
			}
		}
		return nil
	})
}

// instances gives every module as it is called, the roots first: what no module of
// the folder calls.
func instances(all map[string]*module) []*instance {
	called := map[string]bool{}
	for _, m := range all {
		for _, b := range m.blocks {
			if dir := m.calls(b); dir != "" {
				called[dir] = true
			}
		}
	}
	var list []*instance
	var enter func(in *instance, depth int)
	enter = func(in *instance, depth int) {
		in.instances++
		list = append(list, in)
		for _, b := range in.blocks {
			if child := all[in.calls(b)]; child != nil && depth < maxDepth {
				enter(&instance{module: child, parent: in, call: b}, depth+1)
			}
		}
	}
	dirs := make([]string, 0, len(all))
	for dir := range all {
		dirs = append(dirs, dir)
	}
	slices.SortFunc(dirs, cmp.Compare)
	for _, dir := range dirs {
		if !called[dir] {
			enter(&instance{module: all[dir]}, 0)
		}
	}
	return list
}

// calls is the folder of the module that a block calls; empty when it calls none of
// this folder.
func (m *module) calls(b block) string {
	if b.Type != "module" || b.Body.Attributes["source"] == nil {
		return ""
	}
	source := literal(b.Body.Attributes["source"].Expr)
	if !strings.HasPrefix(source, "./") && !strings.HasPrefix(source, "../") {
		return ""
	}
	return path.Join(m.dir, source)
}

// source gives the expression that a variable or a local stands for; false when it
// cannot be known from the files, with why.
func (in *instance) source(root, name string) (bound, string) {
	if root == "local" {
		if v, ok := in.locals[name]; ok {
			v.in = in
			return v, ""
		}
		return bound{}, "there is no local." + name
	}
	if in.parent != nil {
		if v, ok := in.parent.attribute(in.call, in.call.Body, name); ok {
			return v, ""
		}
	} else {
		if v, ok := in.given[name]; ok {
			v.in = in
			return v, ""
		}
		if by, ok := in.open[name]; ok {
			return bound{}, "var." + name + " is set in " + by + ", which Terraform reads only when somebody names it"
		}
	}
	v := in.variables[name]
	if v.Expression == nil {
		return bound{}, "var." + name + " has no default, and is not set in the folder"
	}
	v.in = in
	return v, ""
}

// head is the first two names of a reference: "var" and "name".
func head(t hcl.Traversal) (root, name string) {
	if t.IsRelative() || len(t) < 2 {
		return "", ""
	}
	a, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return "", ""
	}
	return t.RootName(), a.Name
}

// literal is the text of an expression without references; empty when it has any.
func literal(e hclsyntax.Expression) string {
	if len(e.Variables()) > 0 {
		return ""
	}
	return text(e.Value(nil))
}

func text(v cty.Value, d hcl.Diagnostics) string {
	if d.HasErrors() || !v.IsWhollyKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}
