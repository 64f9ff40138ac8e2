package iac_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/eksposure/eksposure/internal/iac"
	"github.com/eksposure/eksposure/internal/iac/iactest"
	"github.com/eksposure/eksposure/internal/inventory"
)

// patched gives a folder after its patch.
func patched(t *testing.T, folder fstest.MapFS, w iac.Wish) fstest.MapFS {
	t.Helper()
	p, err := iac.Write(folder, w, "")
	if err != nil {
		t.Fatal(err)
	}
	after := maps.Clone(folder)
	for _, f := range p.Files {
		after[f.Name] = &fstest.MapFile{Data: f.New, Mode: 0o644}
	}
	return after
}

// What eksctl's own schema says of the configurations that were patched.
func TestEksctlTakesWhatIsPatched(t *testing.T) {
	t.Parallel()
	n := 0
	for _, e := range examples(t, "eksctl*") {
		for file, f := range patched(t, e.folder, e.wish) {
			n += iactest.ClusterConfigs(t, e.name+", "+file, f.Data)
		}
	}
	if n < 3 {
		t.Errorf("%d configurations were looked at", n)
	}
}

// The provider's schema is read for what it says.
func TestTerraformByTheProvidersSchema(t *testing.T) {
	t.Parallel()
	const cluster = `resource "aws_eks_cluster" "a" {
  name     = "a"
  role_arn = "arn:aws:iam::111122223333:role/a"
  vpc_config { subnet_ids = ["subnet-1"] }
  %s
}
`
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"count = 1", nil},
		{"versions = \"1.34\"", []string{"aws_eks_cluster.a: the provider has no argument versions"}},
		{"arn = \"x\"", []string{"aws_eks_cluster.a: the provider has no argument arn"}},
		{"version = [\"1.34\"]", []string{"aws_eks_cluster.a: version is a list, want a text"}},
		{"upgrade_policy = { support_type = \"STANDARD\" }", []string{"aws_eks_cluster.a: upgrade_policy is a block, and not an argument"}},
		{"upgrade_policy { type = \"STANDARD\" }", []string{"aws_eks_cluster.a/upgrade_policy: the provider has no argument type"}},
		{"upgrade {}", []string{"aws_eks_cluster.a: the provider has no block upgrade"}},
		{"vpc_config { subnet_ids = [] }", []string{"aws_eks_cluster.a: more than one block vpc_config"}},
		{"encryption_config { resources = [\"secrets\"] }", []string{"aws_eks_cluster.a/encryption_config: provider is required"}},
		{"dynamic \"encryption_config\" {\n for_each = []\n content { resources = [\"secrets\"] }\n }", []string{"aws_eks_cluster.a/encryption_config: provider is required"}},
		{"version = aws_eks_addon.b.addon_version", nil},
		{"version = data.aws_eks_addon_version.b[0].versions", []string{"data.aws_eks_addon_version.b.versions: the provider has no such attribute"}},
		{"version = aws_instance.b.id", []string{"aws_instance.b.id: the provider's schema of it is not kept: add it to test/guidance/setup.sh"}},
	}
	for _, tt := range tests {
		got, n := iactest.Terraform(t, "main.tf", fmt.Sprintf(cluster, tt.text))
		if diff := cmp.Diff(tt.want, got); diff != "" || n != 1 {
			t.Errorf("%s: %d resources (-want +got):\n%s", tt.text, n, diff)
		}
	}
	missing := "resource \"aws_eks_node_group\" \"b\" {\n  cluster_name = \"a\"\n}\ndata \"aws_vpc\" \"c\" {}\n"
	want := []string{
		"aws_eks_node_group.b: node_role_arn is required", "aws_eks_node_group.b: scaling_config is required", "aws_eks_node_group.b: subnet_ids is required",
		"data.aws_vpc.c: the provider's schema of it is not kept: add it to test/guidance/setup.sh",
	}
	if got, _ := iactest.Terraform(t, "main.tf", missing); !slices.Equal(got, want) {
		t.Errorf("want %q\n got %q", want, got)
	}
}

// What the schema of Terraform's AWS provider says of resources that were patched: nothing
// that it did not say of the folder before.
func TestTerraformTakesWhatIsPatched(t *testing.T) {
	t.Parallel()
	n := 0
	for _, e := range examples(t, "terraform*") {
		p, err := iac.Write(e.folder, e.wish, e.only)
		if err != nil {
			continue // nothing is patched, which is what the folder is for
		}
		for _, f := range p.Files {
			if !strings.HasSuffix(f.Name, ".tf") {
				continue
			}
			before, _ := iactest.Terraform(t, f.Name, string(f.Old))
			after, looked := iactest.Terraform(t, f.Name, string(f.New))
			n += looked
			for _, wrong := range after {
				if !slices.Contains(before, wrong) {
					t.Errorf("%s, %s: %s\n%s", e.name, f.Name, wrong, f.New)
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("%d resources were looked at", n)
	}
}

// moduleInputs are the inputs of terraform-aws-modules/eks by version, as testdata has them.
func moduleInputs(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/terraform-aws-eks.json")
	if err != nil {
		t.Fatal(err)
	}
	var facts struct {
		Versions map[string]struct {
			Inputs string `json:"inputs"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(text, &facts); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for version, of := range facts.Versions {
		all[version] = strings.Fields(of.Inputs)
	}
	return all
}

// The module has every input that stands in a patched call of it: those up to its version 20
// where the cluster's name is cluster_name, those from 21 on where it is name.
func TestTheModuleTakesWhatIsPatched(t *testing.T) {
	t.Parallel()
	inputs := moduleInputs(t)
	own := []string{"source", "version", "providers", "count", "for_each", "depends_on"}
	n := map[string]int{}
	for _, e := range examples(t, "terraform*") {
		p, err := iac.Write(e.folder, e.wish, e.only)
		if err != nil {
			continue // nothing is patched, which is what the folder is for
		}
		for _, f := range p.Files {
			for _, call := range calls(t, f) {
				version := "21.19.0"
				if call["cluster_name"] {
					version = "20.37.2"
				}
				n[version]++
				for input := range call {
					if !slices.Contains(inputs[version], input) && !slices.Contains(own, input) {
						t.Errorf("%s, %s: version %s of the module has no input %s", e.name, f.Name, version, input)
					}
				}
			}
		}
	}
	if n["21.19.0"] < 2 || n["20.37.2"] < 2 {
		t.Errorf("calls by version: %v", n)
	}
	// What a patch must know of older ones.
	if slices.Contains(inputs["20.20.0"], "cluster_upgrade_policy") || slices.Contains(inputs["21.19.0"], "cluster_name") || slices.Contains(inputs["20.37.2"], "name") {
		t.Error("the facts are not those that the patches go by")
	}
}

// calls are the names of what a file gives to terraform-aws-modules/eks, by call.
func calls(t *testing.T, f iac.File) []map[string]bool {
	t.Helper()
	file, diagnostics := hclparse.NewParser().ParseHCL(f.New, f.Name)
	if diagnostics.HasErrors() {
		return nil // no Terraform
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%s: %T", f.Name, file.Body)
	}
	var list []map[string]bool
	for _, b := range body.Blocks {
		source := ""
		if a := b.Body.Attributes["source"]; a != nil {
			source = string(a.Expr.Range().SliceBytes(f.New))
		}
		if b.Type != "module" || !strings.Contains(source, "terraform-aws-modules/") || strings.Contains(source, "//modules/") {
			continue
		}
		given := map[string]bool{}
		for name := range b.Body.Attributes {
			given[name] = true
		}
		list = append(list, given)
	}
	return list
}

const (
	deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: search
  namespace: shop
  labels: {app: search}
spec:
  selector: {matchLabels: {app: search}}
  template:
    metadata: {labels: {app: search}}
    spec:
      initContainers:
        - name: schema
          image: registry.example/shop/schema:v1
      containers:
        - name: search
          image: %s
        - name: agent
          image: registry.example/agent:v9
`
	base = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [search.yaml]\n"
	// The image that runs, and the one that has the fix.
	repository = "registry.example/shop/search"
	vulnerable = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	fixed      = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

// Kustomize itself builds what was patched: the container has the new image, and nothing
// else is another.
func TestKustomizeBuildsWhatIsPatched(t *testing.T) {
	t.Parallel()
	const overlay = "namespace: shop\nresources: [../../base]\n"
	tests := []struct {
		name string
		// image is in the manifest, overlay is the kustomization; want is the image of the
		// container afterwards.
		image, overlay, want string
	}{
		{"by its tag", "search", overlay + "images: [{name: search, newName: " + repository + ", newTag: v3.0.1}]\n", repository + ":v3.0.2"},
		{"by its digest", "search", overlay + "images:\n- name: search\n  newName: " + repository + "\n  digest: " + vulnerable + " # pinned\n", repository + "@" + fixed},
		{"by tag and digest", "search", overlay + "images:\n- name: search\n  newName: " + repository + "\n  newTag: v3.0.1\n  digest: " + vulnerable + "\n", repository + ":v3.0.2@" + fixed},
		{"under its own name", repository + ":v2", overlay + "images:\n- name: " + repository + "\n  newTag: v3.0.1\n", repository + ":v3.0.2"},
		{"in the manifest", repository + ":v3.0.1@" + vulnerable, overlay, repository + ":v3.0.2@" + fixed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := fstest.MapFS{}
			for name, text := range map[string]string{
				"base/kustomization.yaml": base, "base/search.yaml": fmt.Sprintf(deployment, tt.image), "overlays/prod/kustomization.yaml": tt.overlay,
				"overlays/staging/kustomization.yaml": strings.ReplaceAll(overlay, "shop", "staging"),
			} {
				folder[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
			}
			w := iac.Wish{Images: []iac.Image{{
				Workload: inventory.WorkloadRef{Namespace: "shop", Kind: "Deployment", Name: "search"}, Container: "search",
				From: repository + ":v3.0.1@" + vulnerable, To: repository + ":v3.0.2@" + fixed,
			}}}
			before, after := built(t, folder), built(t, patched(t, folder, w))
			var changed []string
			for i, line := range after {
				if i >= len(before) || line != before[i] {
					changed = append(changed, strings.TrimSpace(line))
				}
			}
			if diff := cmp.Diff([]string{"- image: " + tt.want}, changed); diff != "" || len(before) != len(after) {
				t.Errorf("of %d lines %d are left (-want +got):\n%s", len(before), len(after), diff)
			}
			if !slices.Contains(after, "  namespace: shop") {
				t.Errorf("it is not what was meant:\n%s", strings.Join(after, "\n"))
			}
		})
	}
}

// built are the lines of what Kustomize makes of the overlay of production.
func built(t *testing.T, folder fstest.MapFS) []string {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	for name, f := range folder {
		if err := disk.WriteFile("/"+name, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/overlays/prod")
	if err != nil {
		t.Fatal(err)
	}
	text, err := made.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}
