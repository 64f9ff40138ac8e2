package iac

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// member gives the key and the value of a mapping; nil when it has none of the name.
func member(m *yaml.Node, name string) (key, value *yaml.Node) {
	if m == nil || m.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == name {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// at follows a path of members; nil when it ends before.
func at(m *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		_, m = member(m, name)
	}
	return m
}

// scalar is the text at a path; empty when there is none.
func scalar(m *yaml.Node, path ...string) string {
	n := at(m, path...)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// items are the members of a list.
func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// offset is where a node begins in the file. A column counts letters.
func (f *file) offset(n *yaml.Node) int {
	at := 0
	for range n.Line - 1 {
		at = f.nextLine(at)
	}
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(f.text[at:])
		at += size
	}
	return at
}

// span is where a scalar stands, with its quotes; false when it is written in a way that
// is not replaced: over several lines, with an anchor or a tag.
func (f *file) span(n *yaml.Node) (from, to int, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Anchor != "" {
		return 0, 0, false
	}
	from = f.offset(n)
	line := string(f.text[from:f.lineEnd(from)])
	if n.Style == 0 {
		return from, from + len(n.Value), n.Value != "" && strings.HasPrefix(line, n.Value)
	}
	if n.Style != yaml.DoubleQuotedStyle && n.Style != yaml.SingleQuotedStyle {
		return 0, 0, false
	}
	for i := 1; i < len(line); i++ {
		var v string
		if line[i] == line[0] && yaml.Unmarshal([]byte(line[:i+1]), &v) == nil && v == n.Value {
			return from, from + i + 1, true
		}
	}
	return 0, 0, false
}

// editor changes one document of YAML.
type editor struct {
	*bench

	file     *file
	document *yaml.Node
	// missing are the paths that have to be added, by finish.
	missing []missing
}

// missing is a path below a mapping, and the value that it shall have.
type missing struct {
	under *yaml.Node
	path  []string
	value string
}

// set gives a path of mappings a value, and adds what of the path is missing.
func (e *editor) set(want any, path ...string) {
	what := strings.Join(path, ".") + " to " + code(want)
	m := e.document
	for i, name := range path {
		key, value := member(m, name)
		switch {
		case key == nil:
			e.add(m, path[i:], want, what)
			return
		case i == len(path)-1:
			e.replace(value, want, what)
			return
		case value.Kind != yaml.MappingNode:
			e.leave(e.file, key.Line, what, "what is there is no mapping of its own")
			return
		}
		m = value
	}
}

// replace puts a value in the place of another.
func (e *editor) replace(n *yaml.Node, want any, what string) {
	if list, ok := want.([]string); ok {
		e.list(n, list, what)
		return
	}
	text, _ := want.(string)
	if v, ok := want.(bool); ok {
		text = code(v)
	}
	if n.Kind == yaml.ScalarNode && n.Value == text {
		e.same++
		return
	}
	from, to, ok := e.file.span(n)
	if !ok {
		e.leave(e.file, n.Line, what, "it is not written as one plain value")
		return
	}
	e.file.replace(from, to, e.written(n, want))
}

// written writes a value in the style of the one before, if any. What would not be read
// as a text without quotes, such as 1.34, gets them.
func (e *editor) written(n *yaml.Node, want any) string {
	text, ok := want.(string)
	switch {
	case !ok:
		return code(want)
	case n != nil && n.Style == yaml.SingleQuotedStyle:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case n != nil && n.Style == yaml.DoubleQuotedStyle:
		return code(text)
	}
	var read any
	if yaml.Unmarshal([]byte(text), &read) == nil && read == any(text) {
		return text
	}
	return code(text)
}

// list changes a list. Of one with an item on each line those stay as they are that are
// wished.
func (e *editor) list(n *yaml.Node, want []string, what string) {
	var have []string
	for _, item := range items(n) {
		have = append(have, item.Value)
	}
	f := e.file
	switch {
	case n.Kind == yaml.SequenceNode && sameSet(have, want):
		e.same++
		return
	case n.Kind != yaml.SequenceNode || n.Anchor != "" || slices.ContainsFunc(n.Content, func(i *yaml.Node) bool { return i.Kind != yaml.ScalarNode || n.Style != yaml.FlowStyle && !f.listed(i) }):
		e.leave(f, n.Line, what, "it is not written as a list of plain values")
		return
	case n.Style == yaml.FlowStyle:
		from := f.offset(n)
		line := string(f.text[from:f.lineEnd(from)])
		end := strings.IndexByte(line, ']')
		if end < 0 {
			e.leave(f, n.Line, what, "it is written over several lines in brackets")
			return
		}
		f.replace(from, from+end+1, code(want))
		return
	}
	indent, put := f.indent(f.offset(n.Content[0])), -1
	first := f.lineStart(f.offset(n.Content[0]))
	for _, item := range n.Content {
		start := f.offset(item)
		if slices.Contains(want, item.Value) {
			put = f.nextLine(start)
			continue
		}
		e.loses(f, item.Line, item.Value, item.LineComment)
		f.replace(f.lineStart(start), f.nextLine(start), "")
	}
	if put < 0 {
		put = first
	}
	var lines strings.Builder
	for _, w := range want {
		if !slices.Contains(have, w) {
			lines.WriteString(indent + "- " + code(w) + "\n")
		}
	}
	e.file.insertLines(put, lines.String())
}

// listed reports whether an item stands on a line of its own.
func (f *file) listed(item *yaml.Node) bool {
	start := f.offset(item)
	return strings.TrimSpace(string(f.text[f.lineStart(start):start])) == "-"
}

// add remembers what is missing of a path.
func (e *editor) add(m *yaml.Node, path []string, want any, what string) {
	if m.Kind != yaml.MappingNode || m.Style == yaml.FlowStyle || len(m.Content) == 0 {
		e.leave(e.file, max(m.Line, 1), what, "there is no block of lines to add it to")
		return
	}
	e.missing = append(e.missing, missing{m, path, e.written(nil, want)})
}

// finish puts what is missing at the end of its mapping.
func (e *editor) finish() {
	defer func() { e.missing = nil }()
	for i, one := range e.missing {
		var before []string
		if i > 0 && e.missing[i-1].under == one.under {
			before = e.missing[i-1].path
		}
		shared := 0
		for shared < len(before)-1 && before[shared] == one.path[shared] {
			shared++
		}
		column := one.under.Content[0].Column - 1
		var lines strings.Builder
		for depth := shared; depth < len(one.path); depth++ {
			lines.WriteString(strings.Repeat(" ", column+2*depth) + one.path[depth] + ":")
			if depth < len(one.path)-1 {
				lines.WriteByte('\n')
			}
		}
		lines.WriteString(" " + one.value + "\n")
		last := e.file.offset(one.under.Content[len(one.under.Content)-2])
		e.file.insertLines(e.file.blockEnd(last, column), lines.String())
	}
}

// blockEnd is where the lines end that belong to the key at a byte: those that are
// indented more, and the items of a list at its own indent. Blank lines and comments
// at the end are not of it.
func (f *file) blockEnd(key, indent int) int {
	end := f.nextLine(key)
	for at := end; at < len(f.text); {
		next := f.nextLine(at)
		line := strings.TrimRight(string(f.text[at:next]), "\r\n")
		trimmed := strings.TrimLeft(line, " ")
		deep := len(line) - len(trimmed)
		switch {
		case trimmed == "" || strings.HasPrefix(trimmed, "#") && deep <= indent:
		case deep > indent || deep == indent && strings.HasPrefix(trimmed, "- "):
			end = next
		default:
			return end
		}
		at = next
	}
	return end
}

// insertLines puts whole lines before a byte at which a line begins, or after a last
// line without an end.
func (f *file) insertLines(at int, lines string) {
	if lines == "" {
		return
	}
	if at == len(f.text) && at > 0 && f.text[at-1] != '\n' {
		lines = "\n" + strings.TrimSuffix(lines, "\n") // the last line stays one without an end
	}
	f.insert(at, lines)
}
