package iactest

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// described is how eksctl's source names a command.
	described = regexp.MustCompile(`SetDescription\(\s*"([a-z-]+)"`)
	literal   = regexp.MustCompile(`"([a-z][a-z0-9-]*)"`)
)

// EksctlCommand looks at a call of eksctl, the program's name first, by eksctl's own source:
// its command has to be there, and its flags have to be named by the command's folder or by
// what all commands share. It gives what is not, and does not know which of a folder's
// commands has a flag.
func EksctlCommand(t *testing.T, args []string) []string {
	t.Helper()
	dir, err := eksctlSource()
	if errors.Is(err, errNotLoaded) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(args) < 3 {
		return []string{"no command"}
	}
	verb, command := args[1], args[2]
	own := sources(t, filepath.Join(dir, "pkg", "ctl", verb))
	var wrong []string
	if !slices.ContainsFunc(described.FindAllStringSubmatch(own, -1), func(m []string) bool { return m[1] == command }) {
		wrong = append(wrong, "there is no command "+verb+" "+command)
	}
	names := map[string]bool{}
	for _, m := range literal.FindAllStringSubmatch(own+sources(t, filepath.Join(dir, "pkg", "ctl", "cmdutils")), -1) {
		names[m[1]] = true
	}
	for _, arg := range args[3:] {
		flag, ok := strings.CutPrefix(arg, "--")
		flag, _, _ = strings.Cut(flag, "=")
		if ok && !names[flag] {
			wrong = append(wrong, "there is no flag --"+flag)
		}
	}
	return wrong
}

// sources joins the Go files of a folder, tests apart.
func sources(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}
