package iactest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// providerDir has the declarations that test/guidance/setup.sh takes out of CDK Terrain's
// package of the AWS provider: a folder for each resource and each data source.
const providerDir = "../../.cache/guidance/provider/lib"

// object is a resource, a data source, or a block in one.
type object struct {
	// arguments can be set, by their names in Terraform.
	arguments map[string]argument
	// read has what a reference can name, in the declarations' spelling; of resources and
	// data sources alone.
	read map[string]bool
}

// argument is what the provider says of an attribute or a block.
type argument struct {
	required bool
	// kind is "text" for a text, a number or a truth, which Terraform converts, "list",
	// "map", or "block".
	kind string
	// block is the name of a block's declaration; many tells that it may stand there more
	// than once.
	block string
	many  bool
}

// provided gives the declarations of a resource or a data source, by their names, the
// object itself as "". A kind that is not kept is nil.
func provided(t *testing.T, kind string) map[string]object {
	t.Helper()
	if _, err := os.Stat(providerDir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the AWS provider's schema is missing: run test/guidance/setup.sh first")
		}
		t.Skipf("the AWS provider's schema is missing: run test/guidance/setup.sh for this test")
	}
	name := strings.ReplaceAll(strings.Replace(kind, "data.aws_", "data-aws-", 1), "_", "-")
	text, err := os.ReadFile(filepath.Join(providerDir, strings.TrimPrefix(name, "aws-"), "index.d.ts"))
	if err != nil {
		return nil
	}
	return declared(string(text))
}

var (
	declaration = regexp.MustCompile(`(?ms)^export interface (\w+)( extends cdktn\.TerraformMetaArguments)? \{$(.*?)^\}$`)
	// A member's comment links to the argument: its name there is Terraform's.
	member = regexp.MustCompile(`(?s)/\*\*(.*?)\*/\s+readonly \w+(\??): (\{.*?\}|[^;]+);`)
	linked = regexp.MustCompile(`\{@link \S+#(\w+) `)
	getter = regexp.MustCompile(`(?m)^    get (\w+)\(\):`)
)

func declared(text string) map[string]object {
	all := map[string]object{}
	for _, d := range declaration.FindAllStringSubmatch(text, -1) {
		o := object{arguments: map[string]argument{}}
		for _, m := range member.FindAllStringSubmatch(d[3], -1) {
			name := linked.FindStringSubmatch(m[1])
			if name == nil {
				continue
			}
			a := argument{required: m[2] == "", kind: kindOf(m[3])}
			if strings.Contains(m[1], "* "+name[1]+" block\n") {
				a.kind, a.many = "block", strings.Contains(m[3], "[]")
				a.block, _, _ = strings.Cut(strings.TrimSuffix(m[3], " | cdktn.IResolvable"), "[")
			}
			o.arguments[name[1]] = a
		}
		name := d[1]
		if d[2] != "" {
			name = ""
			o.read = map[string]bool{}
			// The class of the whole is the last one.
			for _, g := range getter.FindAllStringSubmatch(text[strings.LastIndex(text, "export declare class "):], -1) {
				o.read[g[1]] = true
			}
		}
		all[name] = o
	}
	return all
}

func kindOf(typescript string) string {
	switch {
	case strings.HasPrefix(typescript, "{"):
		return "map"
	case strings.Contains(typescript, "[]"):
		return "list"
	}
	return "text"
}

var underscored = regexp.MustCompile(`_(\w)`)

// camel is a name of Terraform in the declarations' spelling.
func camel(name string) string {
	return underscored.ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(s[1:]) })
}
