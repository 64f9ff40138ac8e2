package iac

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff writes the patch as a unified diff that `git apply` takes. The prefix is the
// folder's place in the repository, with slashes; empty when it is its root.
func (p Patch) Diff(prefix string) []byte {
	var out bytes.Buffer
	for _, f := range p.Files {
		name := path.Join(prefix, f.Name)
		body := diff.Diff("a", f.Old, "b", f.New)
		for range 3 { // its header, which has no names that need quotes
			_, body, _ = bytes.Cut(body, []byte("\n"))
		}
		before, after := quoted("a/"+name), quoted("b/"+name)
		fmt.Fprintf(&out, "diff --git %s %s\n--- %s%s\n+++ %s%s\n%s", before, after, before, tab(before), after, tab(after), body)
	}
	return out.Bytes()
}

// quoted writes a name as git does (git-diff, "Generating patch text with -p").
func quoted(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }) {
		return strconv.Quote(name)
	}
	return name
}

// tab ends a name that has spaces, which would else end at the first of them.
func tab(name string) string {
	if strings.Contains(name, " ") {
		return "\t"
	}
	return ""
}
