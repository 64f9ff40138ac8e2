package app_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// root is the repository.
const root = "../.."

// edgeCases is how many cases the page has; none may get lost.
const edgeCases = 37

var (
	docsPath    = regexp.MustCompile("`(docs/[a-z./-]+)`")
	fixtureLink = regexp.MustCompile(`\]\((\.\./[^)]+)\)`)
	namedTest   = regexp.MustCompile("`([a-z]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`")
)

// Each edge case names what proves it, and all of that exists.
func TestEdgeCasesAreProved(t *testing.T) {
	t.Parallel()
	tests := declaredTests(t)
	rows := 0
	for line := range strings.Lines(read(t, "docs/edge-cases.md")) {
		number, _, isRow := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if _, err := strconv.Atoi(number); !isRow || err != nil {
			continue
		}
		rows++
		if number != strconv.Itoa(rows) {
			t.Errorf("row %s stands where row %d should", number, rows)
		}
		fixtures, named := fixtureLink.FindAllStringSubmatch(line, -1), namedTest.FindAllStringSubmatch(line, -1)
		if len(fixtures)+len(named) == 0 {
			t.Errorf("row %s names no proof", number)
		}
		for _, f := range fixtures {
			if _, err := os.Stat(filepath.Join(root, "docs", f[1])); err != nil {
				t.Errorf("row %s: %v", number, err)
			}
		}
		for _, n := range named {
			if !tests[n[1]+"."+n[2]] {
				t.Errorf("row %s: there is no test %s in package %s", number, n[2], n[1])
			}
		}
	}
	if rows != edgeCases {
		t.Errorf("%d rows, want %d", rows, edgeCases)
	}
}

// ARCHITECTURE.md draws the tree: what it names exists, and no package is
// left out. The pages that it points to exist too.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	parents := map[int]string{} // by indentation
	text := read(t, "ARCHITECTURE.md")
	_, tree, _ := strings.Cut(text, "## The house\n")
	tree, _, _ = strings.Cut(tree, "\nImport rules")
	for line := range strings.Lines(tree) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !strings.HasSuffix(name, "/") {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		dir := path.Join(parents[indent-2], name)
		parents[indent] = dir
		named[dir] = true
		if info, err := os.Stat(filepath.Join(root, dir)); err != nil || !info.IsDir() {
			t.Errorf("ARCHITECTURE.md names %s, which is no folder (%v)", dir, err)
		}
	}
	for _, m := range docsPath.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("ARCHITECTURE.md points to %s: %v", m[1], err)
		}
	}
	folders, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if dir := path.Join("internal", f.Name()); !named[dir] {
			t.Errorf("ARCHITECTURE.md does not name %s", dir)
		}
	}
}

// declaredTests finds the tests of all packages, as "package.TestName".
func declaredTests(t *testing.T) map[string]bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS(root), "internal", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		for _, m := range declaration.FindAllStringSubmatch(read(t, file), -1) {
			found[path.Base(path.Dir(file))+"."+m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
