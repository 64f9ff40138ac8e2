package guidance_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/guidance/guidancetest"
)

// cfn-lint, which knows CloudFormation's resources, finds nothing in any template.
func TestCloudFormation(t *testing.T) {
	dir := t.TempDir()
	files := files(t, dir, guidance.CloudFormation, "yaml", ".yaml", false)
	run(t, dir, tool(t, "venv/bin/cfn-lint"), files...)
}

// The TypeScript compiler takes every program with the types of the real CDK, also
// with hostile names.
func TestCDK(t *testing.T) {
	compiler := tool(t, "node_modules/typescript/bin/tsc")
	dir := t.TempDir()
	if err := os.Symlink(filepath.Dir(filepath.Dir(filepath.Dir(compiler))), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	args := []string{compiler, "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--types", ""}
	run(t, dir, tool(t, "node"), append(args, files(t, dir, guidance.CDK, "typescript", ".ts", true)...)...)
}

// tool gives the path of a program that test/guidance/setup.sh installs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../.cache/guidance", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		missing(t, path, "test/guidance/setup.sh")
	}
	return path
}

func run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(program), err, out)
	}
}

// files writes the code of a form, each step to a file of its own.
func files(t *testing.T, dir string, form guidance.Form, language, suffix string, hostile bool) []string {
	t.Helper()
	var names []string
	for _, c := range guidancetest.Codes(form) {
		if c.Language != language || c.Hostile && !hostile {
			continue
		}
		names = append(names, c.Name+suffix)
		if err := os.WriteFile(filepath.Join(dir, c.Name+suffix), []byte(c.Text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(names) < 15 {
		t.Fatalf("%d files", len(names))
	}
	return names
}
