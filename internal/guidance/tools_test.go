package guidance_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"

	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/guidance/guidancetest"
	"github.com/eksposure/eksposure/internal/iac/iactest"
)

// shellCodes are the steps that are commands, and those of the pages of topics.
func shellCodes() []guidancetest.Code {
	var list []guidancetest.Code
	for _, form := range guidance.Forms() {
		list = append(list, guidancetest.Codes(form)...)
	}
	return slices.DeleteFunc(append(list, guidancetest.PageCodes()...), func(c guidancetest.Code) bool { return c.Language != "bash" })
}

// usualCodes are those without hostile names, each text once.
func usualCodes() []guidancetest.Code {
	seen := map[string]bool{}
	return slices.DeleteFunc(shellCodes(), func(c guidancetest.Code) bool {
		again := seen[c.Text]
		seen[c.Text] = true
		return again || c.Hostile
	})
}

// call is what a program was called with.
type call struct {
	Name string   `json:"name"` // of the case
	Args []string `json:"args"` // the program's name first
	In   string   `json:"-"`    // what it was given to read
}

var (
	calledOnce sync.Mutex
	called     []call
)

// usualCalls are the calls of all commands but those with hostile names, made once.
func usualCalls(t *testing.T, program string) []call {
	t.Helper()
	calledOnce.Lock()
	defer calledOnce.Unlock()
	if called == nil {
		called = calls(t, usualCodes())
	}
	return slices.DeleteFunc(slices.Clone(called), func(c call) bool { return c.Args[0] != program })
}

// calls runs commands with programs in place of the real ones that note how they were
// called.
func calls(t *testing.T, list []guidancetest.Code) []call {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	stub := `#!/bin/sh
{ printf '%s\0' "${0##*/}" "$@"; case " $* " in *" -f - "*) printf '\001'; cat; printf '\000' ;; esac; printf '\n\0'; } > "$CALLS.$$"
cat "$CALLS.$$" >> "$CALLS"
case "$*" in *Cidr*) printf '203.0.113.0/24\t2001:db8::/32\n' ;; *) echo v1.2.3 ;; esac
`
	for _, name := range guidancetest.Programs() {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(stub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var all []call
	for _, c := range list {
		log := filepath.Join(t.TempDir(), "calls")
		cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", c.Text)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "CALLS=" + log, "ranges=203.0.113.0/24", "KEY_ARN=arn:aws:kms:eu-central-1:111122223333:key/1"} // of the step before
		if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(c.Text, "grep -F") {
			t.Errorf("%s: %v\n%s\n%s", c.Name, err, c.Text, out)
			continue
		}
		raw, err := os.ReadFile(log)
		if err != nil && !onlyComments(c.Text) && !strings.HasPrefix(c.Text, "python3 ") && !strings.HasPrefix(c.Text, "grep ") {
			t.Errorf("%s calls nothing:\n%s", c.Name, c.Text)
		}
		for record := range bytes.SplitSeq(raw, []byte("\x00\n\x00")) {
			if len(record) > 0 {
				args, in, _ := strings.Cut(string(record), "\x00\x01")
				all = append(all, call{c.Name, strings.Split(args, "\x00"), in})
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() == "pwned" || strings.Contains(f.Name(), "rm -rf") && !strings.Contains(f.Name(), ".yaml") {
			t.Errorf("a name was run: it made the file %q", f.Name())
		}
	}
	return all
}

func onlyComments(text string) bool {
	return !slices.ContainsFunc(strings.Split(text, "\n"), func(l string) bool { return l != "" && !strings.HasPrefix(l, "#") })
}

// A shell that runs the commands calls the programs with exactly the names that were
// filled in, whatever is in them.
func TestShellTakesNamesAsTheyAre(t *testing.T) {
	hostile := slices.DeleteFunc(shellCodes(), func(c guidancetest.Code) bool { return !c.Hostile })
	met := 0
	for _, c := range calls(t, hostile) {
		for _, arg := range c.Args {
			if strings.Contains(arg, "a'b") {
				met++
				if !strings.Contains(arg, guidancetest.Evil) && !strings.Contains(arg, strings.ToLower(guidancetest.Evil)) && !evilJSON(arg) {
					t.Errorf("%s: argument %q has the name, and not as it is", c.Name, arg)
				}
			}
			if arg == "rm" || arg == ";" {
				t.Errorf("%s: the name became several arguments: %q", c.Name, c.Args)
			}
		}
	}
	if met < 50 {
		t.Errorf("the name was met %d times", met)
	}
}

// evilJSON reports whether an argument is JSON that has the name as it is wherever it has it.
func evilJSON(arg string) bool {
	var v any
	if json.Unmarshal([]byte(arg), &v) != nil {
		return false
	}
	return !slices.ContainsFunc(textsIn(v), func(s string) bool { return strings.Contains(s, "a'b") && !strings.Contains(s, guidancetest.Evil) })
}

// textsIn gives all texts of a document, names of fields too.
func textsIn(v any) []string {
	var list []string
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, e := range v {
			list = append(list, textsIn(e)...)
		}
	case map[string]any:
		for name, e := range v {
			list = append(append(list, name), textsIn(e)...)
		}
	}
	return list
}

// The real AWS CLI takes every command, and botocore every parameter.
func TestAWSCLI(t *testing.T) {
	var list []call
	seen := map[string]bool{}
	for _, c := range usualCalls(t, "aws") {
		if line := strings.Join(c.Args, "\x00"); !seen[line] {
			seen[line] = true
			list = append(list, c)
		}
	}
	if len(list) < 50 {
		t.Fatalf("%d commands", len(list))
	}
	python(t, "aws-cli", list)
}

// Every script runs to its end with the real boto3, with answers in place of AWS's.
func TestPython(t *testing.T) {
	python(t, "boto3", guidancetest.Codes(guidance.Python))
}

// python gives data to a check of test/guidance/check.py.
func python(t *testing.T, what string, data any) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(root, ".cache", "venv", "bin", "python")
	if _, err := os.Stat(program); err != nil {
		missing(t, program, "test/python/setup.sh")
	}
	in, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, filepath.Join(root, "test", "guidance", "check.py"), what)
	cmd.Stdin = bytes.NewReader(in)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", what, err, out)
	}
}

// missing ends a test for which a part is not installed: in CI it fails.
func missing(t *testing.T, path, script string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run %s first", path, script)
	}
	t.Skipf("%s is missing: run %s for this test", path, script)
}

// The AWS provider's own schema has every argument, block and attribute of every
// fragment, and nothing that it requires is left out. Names are texts in them.
func TestTerraform(t *testing.T) {
	met := 0
	for _, c := range guidancetest.Codes(guidance.Terraform) {
		if c.Language != "hcl" {
			continue
		}
		wrong, n := iactest.Terraform(t, c.Name, c.Text)
		for _, w := range wrong {
			t.Errorf("%s: %s\n%s", c.Name, w, c.Text)
		}
		met += n
		if c.Hostile {
			hostileArguments(t, c)
		}
	}
	if met < 20 {
		t.Errorf("%d resources", met)
	}
}

func hostileArguments(t *testing.T, c guidancetest.Code) {
	t.Helper()
	file, diagnostics := hclparse.NewParser().ParseHCL([]byte(c.Text), c.Name)
	if diagnostics.HasErrors() {
		t.Fatalf("%s: %v", c.Name, diagnostics)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%s: %T", c.Name, file.Body)
	}
	for _, b := range body.Blocks {
		if b.Type != "resource" && b.Type != "data" || len(b.Labels) != 2 {
			t.Errorf("%s: block %s %v", c.Name, b.Type, b.Labels)
		}
	}
	texts(body, func(s string) {
		if strings.Contains(s, "a'b") && !strings.Contains(s, guidancetest.Evil) {
			t.Errorf("%s: %q has the name, and not as it is", c.Name, s)
		}
	})
}

// texts gives all texts that stand in arguments.
func texts(body *hclsyntax.Body, seen func(string)) {
	for _, a := range body.Attributes {
		v, diagnostics := a.Expr.Value(&hcl.EvalContext{})
		switch {
		case diagnostics.HasErrors():
		case v.Type() == cty.String:
			seen(v.AsString())
		case v.Type().IsObjectType():
			for name, of := range v.AsValueMap() {
				seen(name)
				seen(of.AsString())
			}
		}
	}
	for _, b := range body.Blocks {
		texts(b.Body, seen)
	}
}

// hostileTexts looks for the name in all texts of a YAML document.
func hostileTexts(t *testing.T, c guidancetest.Code, v any) {
	t.Helper()
	for _, s := range textsIn(v) {
		if strings.Contains(s, "a'b") && !strings.Contains(s, guidancetest.Evil) && !strings.Contains(s, `\"c`) {
			t.Errorf("%s: %q has the name, and not as it is", c.Name, s)
		}
	}
}

// eksctl's own schema takes every configuration, hostile names apart: it is for them to be
// texts, and not names.
func TestEksctl(t *testing.T) {
	n := 0
	for _, c := range guidancetest.Codes(guidance.Eksctl) {
		if c.Language == "yaml" {
			n += iactest.ClusterConfigs(t, c.Name, []byte(c.Text))
		}
	}
	if n < 5 {
		t.Errorf("%d configurations were looked at", n)
	}
}

// Every YAML document is one, with the names as they are.
func TestYAML(t *testing.T) {
	for _, form := range []guidance.Form{guidance.Eksctl, guidance.CloudFormation, guidance.Kustomize, guidance.Helm} {
		for _, c := range guidancetest.Codes(form) {
			if c.Language != "yaml" {
				continue
			}
			d := yaml.NewDecoder(strings.NewReader(c.Text))
			var v any
			if err := d.Decode(&v); err != nil {
				t.Errorf("%s: %v\n%s", c.Name, err, c.Text)
			}
			hostileTexts(t, c, v)
		}
	}
}
