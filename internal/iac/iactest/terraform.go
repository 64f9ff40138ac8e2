package iactest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Terraform looks at a file's resources and data sources of the AWS provider by the
// provider's own schema: names, nesting, how often, what must be there, and what is
// referred to. It gives what is wrong, ordered, each as "KIND.NAME/BLOCK: what", and how
// many it looked at. One of a kind whose schema is not kept is wrong.
func Terraform(t *testing.T, name, text string) (wrong []string, n int) {
	t.Helper()
	file, diagnostics := hclparse.NewParser().ParseHCL([]byte(text), name)
	if diagnostics.HasErrors() {
		t.Fatalf("%s: %v\n%s", name, diagnostics, text)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%s: %T", name, file.Body)
	}
	r := reader{t: t}
	for _, b := range body.Blocks {
		if b.Type != "resource" && b.Type != "data" || len(b.Labels) != 2 || !strings.HasPrefix(b.Labels[0], "aws_") {
			continue
		}
		n++
		kind := strings.TrimPrefix(b.Type+"."+b.Labels[0], "resource.")
		at := kind + "." + b.Labels[1]
		r.declared = provided(t, kind)
		if r.declared == nil {
			r.say(at, "the provider's schema of it is not kept: add it to test/guidance/setup.sh")
			continue
		}
		r.object(at, "", b.Body)
	}
	for _, ref := range references(body) {
		r.reference(ref)
	}
	slices.Sort(r.wrong)
	return slices.Compact(r.wrong), n
}

type reader struct {
	t        *testing.T
	declared map[string]object
	wrong    []string
}

func (r *reader) say(at, what string) { r.wrong = append(r.wrong, at+": "+what) }

// meta are the arguments and blocks that Terraform itself knows in every resource and data source.
var meta = []string{"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"}

func (r *reader) object(at, declaration string, body *hclsyntax.Body) {
	o := r.declared[declaration]
	if o.arguments == nil {
		r.say(at, "the provider declares no "+declaration)
		return
	}
	given := map[string]int{}
	for name, a := range body.Attributes {
		given[name]++
		if declaration == "" && slices.Contains(meta, name) {
			continue
		}
		switch want, ok := o.arguments[name]; {
		case !ok:
			r.say(at, "the provider has no argument "+name)
		case want.kind == "block":
			r.say(at, name+" is a block, and not an argument")
		case kindOfExpression(a.Expr) != "" && kindOfExpression(a.Expr) != want.kind:
			r.say(at, fmt.Sprintf("%s is a %s, want a %s", name, kindOfExpression(a.Expr), want.kind))
		}
	}
	for _, b := range body.Blocks {
		name, inner := b.Type, b.Body
		if name == "dynamic" && len(b.Labels) == 1 {
			name, inner = b.Labels[0], content(b.Body)
		}
		given[name]++
		if declaration == "" && slices.Contains(meta, name) {
			continue
		}
		switch want, ok := o.arguments[name]; {
		case !ok || want.kind != "block":
			r.say(at, "the provider has no block "+name)
		case given[name] > 1 && !want.many:
			r.say(at, "more than one block "+name)
		default:
			r.object(at+"/"+name, want.block, inner)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.arguments)) {
		if o.arguments[name].required && given[name] == 0 {
			r.say(at, name+" is required")
		}
	}
}

// content is what a dynamic block makes.
func content(body *hclsyntax.Body) *hclsyntax.Body {
	for _, b := range body.Blocks {
		if b.Type == "content" {
			return b.Body
		}
	}
	return &hclsyntax.Body{}
}

// kindOfExpression is empty for what is not written out.
func kindOfExpression(e hclsyntax.Expression) string {
	switch e.(type) {
	case *hclsyntax.TupleConsExpr:
		return "list"
	case *hclsyntax.ObjectConsExpr:
		return "map"
	case *hclsyntax.TemplateExpr, *hclsyntax.LiteralValueExpr:
		return "text"
	}
	return ""
}

// references are the places of a body that name something else.
func references(body *hclsyntax.Body) []hcl.Traversal {
	var all []hcl.Traversal
	for _, a := range body.Attributes {
		all = append(all, a.Expr.Variables()...)
	}
	for _, b := range body.Blocks {
		all = append(all, references(b.Body)...)
	}
	return all
}

// reference looks whether a resource or data source has the attribute that is read of it.
func (r *reader) reference(ref hcl.Traversal) {
	var names []string
	for _, step := range ref {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, step.Name)
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		default: // the number of one of several
		}
	}
	kind := names[0]
	if kind == "data" && len(names) > 1 {
		kind, names = "data."+names[1], names[1:]
	}
	if !strings.HasPrefix(strings.TrimPrefix(kind, "data."), "aws_") || len(names) < 3 {
		return
	}
	at := kind + "." + names[1] + "." + names[2]
	switch declared := provided(r.t, kind); {
	case declared == nil:
		r.say(at, "the provider's schema of it is not kept: add it to test/guidance/setup.sh")
	case !declared[""].read[camel(names[2])]:
		r.say(at, "the provider has no such attribute")
	}
}
