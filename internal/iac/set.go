package iac

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// setter changes one block of a module.
type setter struct {
	*terraform

	in    *instance
	block block
}

// single reports whether the block makes one thing in one configuration.
func (s setter) single() bool {
	line, what := s.block.DefRange().Start.Line, strings.Join(s.block.Labels, ".")
	switch {
	case s.block.Body.Attributes["for_each"] != nil:
		s.leave(s.block.file, line, what, "for_each makes several of it")
	case s.in.instances > 1:
		s.leave(s.block.file, line, what, fmt.Sprintf("its module is called %d times in the folder: a change counts for all; make it an input", s.in.instances))
	default:
		if s.block.Type == "resource" {
			s.ignores()
		}
		return true
	}
	return false
}

// ignores notes what Terraform is told not to change, where that is of the wish.
func (s setter) ignores() {
	for _, b := range s.block.Body.Blocks {
		if at, ok := s.in.attribute(s.block, b.Body, "ignore_changes"); ok && b.Type == "lifecycle" && s.ignored(at.Expression) {
			s.note(fmt.Sprintf("%s:%d: Terraform ignores changes of %s there, and does not do what it ignores.", s.block.file.name, at.line(), at.code()))
		}
	}
}

// ignored reports whether a list of attributes that Terraform ignores has one that is to be
// changed.
func (s setter) ignored(e hclsyntax.Expression) bool {
	list, ok := e.(*hclsyntax.TupleConsExpr)
	if !ok {
		return true // all, or computed
	}
	return slices.ContainsFunc(list.Exprs, func(one hclsyntax.Expression) bool {
		name := literal(one)
		if t, ok := one.(*hclsyntax.ScopeTraversalExpr); ok {
			name = t.Traversal.RootName()
		}
		return slices.Contains(s.wished(), name)
	})
}

// wished are the attributes of the resource that are to be changed.
func (s setter) wished() []string {
	switch s.block.Labels[0] {
	case "aws_eks_node_group":
		return []string{"version"}
	case "aws_eks_addon":
		return []string{"addon_version"}
	}
	var list []string
	for name, is := range map[string]bool{
		"version": s.wish.Version != "", "vpc_config": s.wish.Endpoint != nil, "encryption_config": s.wish.KeyARN != "", "upgrade_policy": s.wish.SupportType != "",
	} {
		if is {
			list = append(list, name)
		}
	}
	return list
}

// set gives an attribute of a body a value: in the place of the literal that it stands
// for, or as a new line after the attribute named, or the last one.
func (s setter) set(body *hclsyntax.Body, name string, want any, after string) {
	at, ok := s.in.attribute(s.block, body, name)
	if !ok {
		s.add(body, name+" = "+code(want), after)
		return
	}
	s.change(at, name, want)
}

// change puts a value where the literal is that an expression stands for.
func (s setter) change(at bound, name string, want any) {
	if v, known := at.value(0); known && is(v, want) {
		s.same++
		return
	}
	what := name + " to " + code(want)
	to, way, why := at.trace()
	if why == "" {
		why = s.shared(to, way)
	}
	if why != "" {
		s.leave(to.file, to.line(), what, why)
		return
	}
	list, isList := want.([]string)
	tuple, isTuple := to.Expression.(*hclsyntax.TupleConsExpr)
	if isList && isTuple && tuple.Range().Start.Line != tuple.Range().End.Line {
		if !s.items(to.file, tuple, list) {
			s.leave(to.file, to.line(), what, "its lines have more than one range each")
		}
		return
	}
	r := to.Range()
	if _, inside, ok := strings.Cut(string(to.file.text[r.Start.Byte:r.End.Byte]), "/*"); ok && isList {
		s.loses(to.file, r.Start.Line, name, "/*"+inside[:max(strings.LastIndex(inside, "*/"), 0)]+"*/")
	}
	to.file.replace(r.Start.Byte, r.End.Byte, code(want))
}

// shared says what else would change with a literal; empty when nothing does.
func (s setter) shared(to bound, way []step) string {
	if to.in.instances > 1 && to.in.module != s.in.module {
		return "the module it is in is called more than once"
	}
	on := map[*hclsyntax.Block]bool{s.block.Block: true}
	for in := s.in; in.parent != nil; in = in.parent {
		on[in.call.Block] = true
	}
	for _, st := range way {
		own := 0
		for _, u := range st.module.uses[st.name] {
			switch {
			case follows(u) || u.local != "" && slices.Contains(way, step{st.module, "local." + u.local}):
			case on[u.Block] && own == 0:
				own++
			default:
				return fmt.Sprintf("%s is used a second time, by %s (line %d); give the cluster a value of its own", st.name, u, u.DefRange().Start.Line)
			}
		}
	}
	return ""
}

// follows reports whether a block may change along with the cluster.
func follows(u use) bool {
	switch u.Type {
	case "output", "data", "check":
		return true
	case "resource":
		return u.Labels[0] == "aws_eks_node_group" || u.Labels[0] == "aws_eks_addon"
	}
	return false
}

// items changes a list that has each item on a line of its own, and leaves those lines
// as they are that stay.
func (s setter) items(f *file, list *hclsyntax.TupleConsExpr, want []string) bool {
	line := list.Range().Start.Line
	for _, e := range list.Exprs {
		if e.Range().Start.Line <= line || e.Range().End.Line != e.Range().Start.Line || e.Range().Start.Line == list.Range().End.Line {
			return false
		}
		line = e.Range().Start.Line
	}
	var have []string
	last := -1
	for i, e := range list.Exprs {
		text := literal(e)
		have = append(have, text)
		start := e.Range().Start.Byte
		if slices.Contains(want, text) {
			last = i
			continue
		}
		s.loses(f, e.Range().Start.Line, text, string(f.text[e.Range().End.Byte:f.lineEnd(start)]))
		f.replace(f.lineStart(start), f.nextLine(start), "")
	}
	indent := f.indent(list.Range().Start.Byte) + "  "
	at := f.nextLine(list.Range().Start.Byte)
	if len(list.Exprs) > 0 {
		indent = f.indent(list.Exprs[0].Range().Start.Byte)
	}
	var lines strings.Builder
	for _, w := range want {
		if !slices.Contains(have, w) {
			lines.WriteString(indent + code(w) + ",\n")
		}
	}
	if lines.Len() == 0 {
		return true
	}
	if last >= 0 {
		end := list.Exprs[last].Range().End.Byte
		if rest := strings.TrimSpace(string(f.text[end:f.lineEnd(end)])); !strings.HasPrefix(rest, ",") {
			f.insert(end, ",")
		}
		at = f.nextLine(end)
	}
	f.insert(at, lines.String())
	return true
}

// add puts lines into a body, after the attribute named or the last one.
func (s setter) add(body *hclsyntax.Body, lines, after string) {
	f := s.block.file
	var last *hclsyntax.Attribute
	for _, a := range body.Attributes {
		if last == nil || a.Range().Start.Byte > last.Range().Start.Byte {
			last = a
		}
	}
	if a := body.Attributes[after]; a != nil {
		last = a
	}
	if last == nil || body.Range().Start.Line == body.Range().End.Line {
		s.leave(f, body.Range().Start.Line, lines, "the block has no line after which it could be put")
		return
	}
	indent := f.indent(last.Range().Start.Byte)
	text := indent + strings.ReplaceAll(lines, "\n", "\n"+indent)
	end := last.Range().End.Byte
	if f.text[end-1] == '\n' { // a heredoc ends with its line
		f.insert(end, text+"\n")
		return
	}
	f.insert(f.lineEnd(end), "\n"+text)
}

// addBlock puts a block at the end of the resource.
func (s setter) addBlock(lines string) {
	f, end := s.block.file, s.block.CloseBraceRange.Start.Byte
	if !f.alone(end) {
		s.leave(f, s.block.CloseBraceRange.Start.Line, lines, "the resource does not end on a line of its own")
		return
	}
	indent := f.indent(end) + "  "
	f.insert(f.lineStart(end), "\n"+indent+strings.ReplaceAll(lines, "\n", "\n"+indent)+"\n")
}

// inner gives the block of a name in the resource; nil when there is none. One that is
// made for each of something, or is there twice, is left alone.
func (s setter) inner(name string) (found *hclsyntax.Block, ok bool) {
	for _, b := range s.block.Body.Blocks {
		if b.Type == "dynamic" && len(b.Labels) == 1 && b.Labels[0] == name || b.Type == name && found != nil {
			s.leave(s.block.file, b.DefRange().Start.Line, name, "it is made for each of something")
			return nil, false
		}
		if b.Type == name {
			found = b
		}
	}
	return found, true
}

// nested sets an attribute of an inner block, or adds the block.
func (s setter) nested(name, attribute string, want any, lines string) {
	b, ok := s.inner(name)
	switch {
	case !ok:
	case b == nil:
		s.addBlock(lines)
	default:
		s.set(b.Body, attribute, want, "")
	}
}

func (s setter) endpoint() {
	b, ok := s.inner("vpc_config")
	if !ok {
		return
	}
	if b == nil {
		s.leave(s.block.file, s.block.DefRange().Start.Line, "vpc_config", "the resource has none")
		return
	}
	s.access(b.Body, "", "public_access_cidrs")
}

// access sets who reaches the endpoint, by attributes whose names begin with a prefix.
func (s setter) access(body *hclsyntax.Body, prefix, ranges string) {
	want, public, private := s.wish.Endpoint, prefix+"endpoint_public_access", prefix+"endpoint_private_access"
	s.set(body, private, want.Private, public)
	s.set(body, public, want.Public, private)
	if want.Public {
		s.set(body, ranges, want.CIDRs, public)
	}
}

func (s setter) encryption() {
	key := s.wish.KeyARN
	b, ok := s.inner("encryption_config")
	if !ok {
		return
	}
	if b == nil {
		s.addBlock(fmt.Sprintf("encryption_config {\n  resources = [\"secrets\"]\n\n  provider {\n    key_arn = %s\n  }\n}", code(key)))
		return
	}
	for _, p := range b.Body.Blocks {
		if p.Type == "provider" {
			s.set(p.Body, "key_arn", key, "")
			return
		}
	}
	s.leave(s.block.file, b.DefRange().Start.Line, "provider.key_arn to "+code(key), "the block has no provider of its own")
}

// object sets a member of an attribute that is an object.
func (s setter) object(name, member, want, more string) {
	at, ok := s.in.attribute(s.block, s.block.Body, name)
	lines := member + " = " + code(want)
	if more != "" {
		lines += "\n  " + more
	}
	if !ok {
		s.add(s.block.Body, name+" = {\n  "+lines+"\n}", "")
		return
	}
	object, is := at.Expression.(*hclsyntax.ObjectConsExpr)
	if !is {
		s.leave(at.file, at.line(), name+"."+member+" to "+code(want), "it is computed ("+at.code()+")")
		return
	}
	for _, item := range object.Items {
		if strings.Trim(bound{item.KeyExpr, at.file, s.in}.code(), `"`) == member {
			s.change(bound{item.ValueExpr, at.file, s.in}, member, want)
			return
		}
	}
	if len(object.Items) > 0 {
		s.leave(at.file, at.line(), name+"."+member+" to "+code(want), "the object says other things ("+at.code()+")")
		return
	}
	r := at.Range()
	indent := at.file.indent(r.Start.Byte)
	at.file.replace(r.Start.Byte, r.End.Byte, "{\n"+indent+"  "+strings.ReplaceAll(lines, "\n", "\n"+indent)+"\n"+indent+"}")
}
