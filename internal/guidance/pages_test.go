package guidance_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/eksposure/eksposure/internal/guidance/guidancetest"
	"github.com/eksposure/eksposure/internal/iac/iactest"
	"github.com/eksposure/eksposure/internal/trait"
)

// inPages gives the code of a language in the pages of topics.
func inPages(language string) []guidancetest.Code {
	return slices.DeleteFunc(guidancetest.PageCodes(), func(c guidancetest.Code) bool { return c.Language != language })
}

// Every block of a page is of a language that a test here reads, but for queries of
// CloudWatch Logs Insights, which no tool here has.
func TestPagesAreRead(t *testing.T) {
	for _, c := range inPages("") {
		t.Errorf("%s: no test reads this:\n%s", c.Name, c.Text)
	}
	for language, least := range map[string]int{"bash": 100, "hcl": 10, "dockerfile": 4, "insights": 2} {
		if n := len(inPages(language)); n < least {
			t.Errorf("%d of %s, want %d", n, language, least)
		}
	}
}

// The AWS provider has every argument of Terraform in a page. What is a block there stands for
// one in aws_eks_cluster; what is an argument there, in its vpc_config.
func TestTerraformInPages(t *testing.T) {
	for _, c := range inPages("hcl") {
		for _, text := range whole(t, c) {
			wrong, n := iactest.Terraform(t, c.Name, text)
			wrong = slices.DeleteFunc(wrong, func(w string) bool {
				// A fragment is not the whole, and a sentence names a block as it does an argument.
				return strings.HasSuffix(w, " is required") || strings.HasSuffix(text, "= null\n}") && strings.HasSuffix(w, " is a block, and not an argument")
			})
			if n != 1 || len(wrong) > 0 {
				t.Errorf("%s: %d resources, %q:\n%s", c.Name, n, wrong, text)
			}
		}
	}
}

// whole makes resources of a fragment, and of what its comments say is in vpc_config.
func whole(t *testing.T, c guidancetest.Code) []string {
	t.Helper()
	file, diagnostics := hclparse.NewParser().ParseHCL([]byte(c.Text), c.Name)
	if diagnostics.HasErrors() {
		t.Fatalf("%s: %v\n%s", c.Name, diagnostics, c.Text)
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%s: %T", c.Name, file.Body)
	}
	const cluster = "resource \"aws_eks_cluster\" \"this\" {\n%s\n}"
	inVPC := func(text string) string { return fmt.Sprintf(cluster, "vpc_config {\n"+text+"\n}") }
	if len(body.Attributes) > 0 {
		return []string{inVPC(c.Text)}
	}
	var list []string
	for _, b := range body.Blocks {
		text := c.Text[b.TypeRange.Start.Byte:b.CloseBraceRange.End.Byte]
		if b.Type != "resource" && b.Type != "data" {
			text = fmt.Sprintf(cluster, text)
		}
		list = append(list, text)
	}
	if _, comment, ok := strings.Cut(c.Text, "# in aws_eks_cluster, vpc_config:\n"); ok {
		list = append(list, inVPC(strings.TrimPrefix(comment, "#")))
	}
	return list
}

// The steps for a prefix list, one after the other, give EKS the ranges that it takes: none of
// IPv6, which it refuses for other clusters.
func TestPrefixListInPages(t *testing.T) {
	met := 0
	for _, c := range usualCalls(t, "aws") {
		if line := strings.Join(c.Args, " "); strings.HasPrefix(c.Name, "page-") && strings.Contains(line, "endpointPrivateAccess=true,publicAccessCidrs=203.0.113.0/24") {
			met++
			if !strings.HasSuffix(line, "=203.0.113.0/24") && !strings.HasSuffix(line, ",198.51.100.7/32") { // of the list, or an example
				t.Errorf("%s: %s", c.Name, line)
			}
		}
	}
	if met < 3 {
		t.Errorf("%d commands", met)
	}
}

// A linter for Dockerfiles finds nothing in those of pages.
func TestDockerfilesInPages(t *testing.T) {
	modules := tool(t, "node_modules/dockerfile-utils")
	script, err := filepath.Abs("../../test/guidance/dockerfile.mjs")
	if err != nil {
		t.Fatal(err)
	}
	var list any = inPages("dockerfile") // by the names of its fields
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tool(t, "node"), script, filepath.Dir(filepath.Dir(modules)))
	cmd.Stdin = strings.NewReader(string(in))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// What a sentence calls an option is one: of another command of the page, as it stands there,
// or one that the AWS CLI's commands of the page take.
func TestOptionsInPages(t *testing.T) {
	type option struct {
		Name     string     `json:"name"`
		Option   string     `json:"option"`
		Commands [][]string `json:"commands"`
	}
	page := func(name string) string {
		return name[:strings.LastIndexByte(name[:strings.LastIndexByte(name, '-')], '-')]
	}
	commands, words := map[string][][]string{}, map[string][]string{}
	for _, c := range inPages("bash") {
		text := strings.Fields(c.Text)
		words[page(c.Name)] = append(words[page(c.Name)], text...)
		for i := range len(text) - 2 {
			if text[i] == "aws" && text[i+2] != "wait" {
				commands[page(c.Name)] = append(commands[page(c.Name)], text[i+1:i+3])
			}
		}
	}
	var list []option
	for _, c := range inPages("option") {
		flag, _, _ := strings.Cut(c.Text, " ")
		if !slices.Contains(words[page(c.Name)], flag) {
			list = append(list, option{c.Name, strings.TrimPrefix(flag, "--"), commands[page(c.Name)]})
		}
	}
	if len(list) == 0 {
		t.Fatal("no option")
	}
	python(t, "options", list)
}

// eksctl's own source has every command and flag.
func TestEksctlCommands(t *testing.T) {
	list := usualCalls(t, "eksctl")
	for _, c := range list {
		for _, w := range iactest.EksctlCommand(t, c.Args) {
			t.Errorf("%s: %q: %s", c.Name, c.Args, w)
		}
	}
	if len(list) < 30 {
		t.Errorf("%d commands", len(list))
	}
	if wrong := iactest.EksctlCommand(t, []string{"eksctl", "upgrade", "node", "--cluster=c", "--node=n"}); len(wrong) != 2 {
		t.Errorf("a command and a flag that there are not: %q", wrong)
	}
}

// What pages say eksposure itself can apply are topics and options that there are.
func TestOwnCommandsInPages(t *testing.T) {
	list := usualCalls(t, "eksposure")
	for _, c := range list {
		after := func(flag string) string { return c.Args[slices.Index(c.Args, flag)+1] }
		found := false
		for _, tr := range trait.All() {
			for _, o := range tr.Options {
				found = found || tr.ID == after("--topic") && o.ID == after("--option")
			}
		}
		if !found || !slices.Equal(c.Args[1:3], []string{"remediate", "plan"}) {
			t.Errorf("%s: %q", c.Name, c.Args)
		}
	}
	if len(list) == 0 {
		t.Error("no command")
	}
}
