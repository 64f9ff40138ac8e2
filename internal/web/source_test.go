package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// speaking are the packages whose sentences people read in the console: in findings,
// plans, guidance and gaps, and when a request is refused.
func speaking() []string {
	return []string{"access", "api/native", "automation", "catalog", "cloud", "exposure", "guidance", "inventory", "keyring", "kube", "plan", "remediation", "rulebook", "scan", "trait", "trait/*"}
}

// silent are files of these packages whose sentences the console never shows.
func silent() []string {
	return []string{
		"api/native/openapi.go", "api/native/schema.go", "cloud/permissions.go", "exposure/grid.go", "exposure/guide.go", // pages of the documentation
		"automation/ticket.go", "cloud/objects.go", "kube/context.go", // tickets, exports and the command line
		"trait/traittest/traittest.go", // a test's
	}
}

// sourceSentences are the texts with at least two words in a row, as formats: what is
// filled in stands in them as %s or %d.
func sourceSentences(t *testing.T) []string {
	t.Helper()
	var said []string
	for _, pattern := range speaking() {
		paths, err := filepath.Glob("../" + pattern + "/*.go")
		if err != nil || len(paths) == 0 {
			t.Fatalf("the source of %s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") || slices.Contains(silent(), strings.TrimPrefix(filepath.ToSlash(path), "../")) {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				text, more := sentence(n)
				if words.MatchString(text) {
					said = append(said, text)
				}
				return more
			})
		}
	}
	return said
}

var (
	words = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)
	// cause is the end of an error's text, which is another error or a category that is not shown.
	cause = regexp.MustCompile(`(: %w)+$`)
	verb  = regexp.MustCompile(`%[-+ #0]*[0-9.*]*[a-zA-Z]`)
)

// sentence is the text that an expression makes, with %s for what is not literally there;
// more tells whether to look for others below it.
func sentence(n ast.Node) (text string, more bool) {
	switch n := n.(type) {
	case *ast.ImportSpec:
		return "", false
	case *ast.Field:
		return "", n.Tag == nil
	case *ast.KeyValueExpr: // documentation of the API
		key, ok := n.Key.(*ast.Ident)
		return "", !ok || key.Name != "doc" && key.Name != "summary" && key.Name != "description"
	case *ast.CallExpr:
		return "", !logs(n)
	case ast.Expr:
		format, ok := literal(n)
		format = cause.ReplaceAllString(format, "")
		return verb.ReplaceAllStringFunc(format, func(v string) string {
			if strings.HasSuffix(v, "d") {
				return "%d"
			}
			return "%s"
		}), !ok
	}
	return "", true
}

// logs reports whether a call writes to the log, or is for a defect of the program, or
// documents an operation of the API that changes a plan.
func logs(call *ast.CallExpr) bool {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name == "panic" || f.Name == "move"
	case *ast.SelectorExpr:
		return slices.Contains([]string{"Debug", "Info", "Warn", "Error", "DebugContext", "InfoContext", "WarnContext", "ErrorContext", "Log", "LogAttrs"}, f.Sel.Name)
	}
	return false
}

// literal joins what is written next to each other.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.ParenExpr:
		return literal(e.X)
	case *ast.BinaryExpr:
		left, written := literal(e.X)
		right, too := literal(e.Y)
		if e.Op != token.ADD || !written && !too {
			return "", false
		}
		if !written {
			left = "%s"
		}
		if !too {
			right = "%s"
		}
		return left + right, true
	}
	return "", false
}
