package securityhub_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// items asks for remediations and gives the items of all pages.
func (w *world) items(body string) []map[string]any {
	w.t.Helper()
	var list []map[string]any
	token := ""
	for {
		_, name, out := w.call("POST", "/GetRemediationsV2", strings.Replace(body, "{", `{`+token, 1))
		if name != "" {
			w.t.Fatalf("%s: %s %v", body, name, out)
		}
		for _, i := range out["Items"].([]any) { //nolint:forcetypeassert // the model's check has seen it
			list = append(list, i.(map[string]any)) //nolint:forcetypeassert // the same
		}
		next, ok := out["NextToken"].(string)
		if !ok {
			return list
		}
		token = `"NextToken":"` + next + `",`
	}
}

func field(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func TestRemediationsOfTheFleet(t *testing.T) {
	w := start(t, fleet(t, 6)...) // two of checkout's kind, two abandoned, two closed
	items := w.items(`{"MaxResults":2,"ShowGuidance":true}`)
	shared := 0
	var last int
	for i, item := range items {
		rank := slices.Index([]string{"Critical", "High", "Medium", "Low"}, item["Priority"].(string)) //nolint:forcetypeassert // a string by the model
		if i > 0 && rank < last {
			t.Errorf("item %d has priority %v, more than the one before", i, item["Priority"])
		}
		last = rank
		o := item["Outcome"]
		total := field(o, "ResolvedFindingsCount").(float64) + field(o, "SeverityReductionFindingsCount").(float64) + field(o, "SeverityUnchangedCount").(float64) //nolint:forcetypeassert // numbers by the model
		if field(item, "Resource", "Type") == "Container::Image" {
			if total != 2 {
				t.Errorf("image %v helps %v findings, want 2", field(item, "Resource", "Id"), total)
			}
			shared++
		} else if total != 1 {
			t.Errorf("%v helps %v findings, want 1", field(item, "Resource", "Id"), total)
		}
		if text, _ := field(item, "Guidance", "Context", "ProblemStatement").(string); text == "" {
			t.Errorf("%v has no guidance", field(item, "Trait", "Title"))
		}
	}
	if shared == 0 {
		t.Error("no image is shared")
	}
}

func TestGuidanceHasCommandsForTheCluster(t *testing.T) {
	findings := fleet(t, 1)
	w := start(t, findings...)
	for _, item := range w.items(`{"ShowGuidance":true,"MetadataUid":"` + findings[0].ID + `"}`) {
		if field(item, "Guidance", "Pattern") != "internet-reachable" {
			continue
		}
		cli, _ := field(item, "Guidance", "Examples", "AwsCli").(string)
		if !strings.Contains(cli, "--name "+findings[0].Cluster.Ref.Name+" --resources-vpc-config") {
			t.Errorf("commands:\n%s", cli)
		}
		steps, _ := field(item, "Guidance", "Specification", "Steps").([]any)
		phases := map[any]int{}
		for _, s := range steps {
			phases[field(s, "Phase")]++
		}
		if phases["FIX"] < 3 || phases["ROLLBACK"] != 1 {
			t.Errorf("phases %v", phases)
		}
		permissions, _ := field(item, "Guidance", "Specification", "RequiredPermissions").([]any)
		if !slices.Contains(permissions, any("eks:UpdateClusterConfig")) {
			t.Errorf("permissions %v", permissions)
		}
		if field(item, "Guidance", "Metadata", "Reversibility") != "Fully reversible" || field(item, "RemediationSummary", "IsImmediate") != true {
			t.Errorf("metadata %v", field(item, "Guidance", "Metadata"))
		}
		return
	}
	t.Error("the internet-reachable endpoint is no target")
}

// drafted are plans.
type drafted []remediation.Run

func (d drafted) RunsOf(_ context.Context, clusters []inventory.ClusterRef) ([]remediation.Run, error) {
	return slices.DeleteFunc(slices.Clone(d), func(r remediation.Run) bool { return !slices.Contains(clusters, r.Plan.Cluster) }), nil
}

func TestGuidanceSaysWhatIsApplied(t *testing.T) {
	findings := fleet(t, 1)
	f := findings[0]
	i := slices.IndexFunc(f.Topics, func(s exposure.TopicState) bool { return s.ID == "internet-reachable" })
	for _, option := range []string{"private", "prefix-list", "public-and-private", "public"} {
		f.Topics[i].Options = append(f.Topics[i].Options, exposure.OptionState{ID: option})
	}
	w := newWorld(t, findings...)
	run := func(id, trait, finding string, state plan.State) remediation.Run {
		return remediation.Run{State: state, Plan: plan.Plan{ID: id, Cluster: f.Cluster.Ref, Finding: finding, Trait: trait, Option: "private", Drafted: w.now}}
	}
	w.plans = drafted{
		run("newest", "internet-reachable", f.ID, plan.Approved), run("other", "unencrypted-kubernetes-secrets", f.ID, plan.Drafted),
		run("gone", "internet-reachable", "another finding", plan.Done), run("older", "internet-reachable", f.ID, plan.Cancelled),
	}
	w.listen(t)
	id := exposure.TargetID("internet-reachable", f.Cluster.Ref.String())
	item := w.items(`{"ShowGuidance":true,"TargetUid":"` + id + `"}`)[0]
	steps, _ := field(item, "Guidance", "Specification", "Steps").([]any)
	var logic []any
	for _, s := range steps {
		if field(s, "Service") == "eksposure" {
			logic = append(logic, field(s, "Logic"))
		}
	}
	command := "eksposure remediate plan --cluster " + f.Cluster.Ref.String() + " --topic internet-reachable --option "
	want := []any{
		command + "private\n" + command + "prefix-list --prefix-list '<PREFIX_LIST_ID>'\n" + command + "public-and-private --cidr '<ALLOWED_CIDR>'\n" + command + "public --cidr '<ALLOWED_CIDR>'",
		"eksposure remediate status newest", "eksposure remediate status older",
	}
	if d := cmp.Diff(want, logic); d != "" {
		t.Errorf("steps of eksposure, -want +got:\n%s", d)
	}
	manual, err := os.ReadFile("../../../docs/cli/eksposure_remediate_plan.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(fmt.Sprint(logic[0]), -1) {
		if !strings.Contains(string(manual), flag+" ") {
			t.Errorf("eksposure remediate plan has no flag %s", flag)
		}
	}
	if text, _ := field(steps[1], "Description").(string); !strings.Contains(text, "Plan newest for this is approved") {
		t.Errorf("description %q", text)
	}
	if level := field(item, "Guidance", "Metadata", "AutomationLevel"); level != "Full" || field(item, "Guidance", "Metadata", "HumanReviewRequired") != true {
		t.Errorf("automation level %v", level)
	}
	if cli, _ := field(item, "Guidance", "Examples", "Cli").(string); !strings.Contains(cli, command+"private\n") || !strings.Contains(cli, "eksctl ") {
		t.Errorf("commands:\n%s", cli)
	}
	names := map[any]bool{}
	parameters, _ := field(item, "Guidance", "Specification", "Parameters").([]any)
	for _, p := range parameters {
		names[field(p, "Name")] = true
	}
	if !names["ALLOWED_CIDR"] {
		t.Errorf("parameters %v", names)
	}
	for _, item := range w.items(`{"ShowGuidance":true,"MetadataUid":"` + f.ID + `"}`) {
		if level := field(item, "Guidance", "Metadata", "AutomationLevel"); field(item, "Guidance", "Pattern") == "end-of-life-operating-system" && level != "None" {
			t.Errorf("what no plan applies has automation level %v", level)
		}
	}
}

func TestGuidanceInOneFormat(t *testing.T) {
	findings := fleet(t, 1)
	w := start(t, findings...)
	id := exposure.TargetID("internet-reachable", findings[0].Cluster.Ref.String())
	item := w.items(`{"ShowGuidance":true,"GuidanceFormat":"Terraform","TargetUid":"` + id + `"}`)[0]
	if cli := field(item, "Guidance", "Examples", "AwsCli"); cli != nil {
		t.Errorf("commands %v, want Terraform alone", cli)
	}
	if hcl, _ := field(item, "Guidance", "Examples", "Terraform").(string); !strings.Contains(hcl, "endpoint_public_access  = false") {
		t.Errorf("Terraform: %q", hcl)
	}
	for format, want := range map[string]string{
		"AwsCli": "aws eks update-cluster-config", "Cli": "eksctl utils update-cluster-vpc-config", "Python": "eks.update_cluster_config(", "Cdk": "new eks.CfnCluster(",
		"CloudFormation": "Type: AWS::EKS::Cluster", "Template": "Type: AWS::EKS::Cluster", "IaC": "kind: ClusterConfig",
	} {
		one := w.items(`{"ShowGuidance":true,"GuidanceFormat":"` + format + `","TargetUid":"` + id + `"}`)[0]
		if code, _ := field(one, "Guidance", "Examples", format).(string); !strings.Contains(code, want) || len(field(one, "Guidance", "Examples").(map[string]any)) != 1 { //nolint:forcetypeassert // an object by the model
			t.Errorf("%s: %q, want one member with %q", format, code, want)
		}
	}
	if item := w.items(`{"TargetUid":"` + id + `"}`)[0]; item["Guidance"] != nil {
		t.Error("guidance that was not asked for")
	}
}

func TestRemediationFilters(t *testing.T) {
	w := start(t, fleet(t, 3)...)
	all := w.items(`{}`)
	images := w.items(`{"Filters":{"CompositeFilters":[{"StringFilters":[{"FieldName":"Resource.Type","Filter":{"Value":"Container::Image"}}]}]}}`)
	if len(images) == 0 || len(images) >= len(all) {
		t.Errorf("%d of %d targets are images", len(images), len(all))
	}
	none := w.items(`{"Filters":{"CompositeFilters":[{"StringFilters":[{"FieldName":"Resource.Type","Filter":{"Value":"Container::Image"}},{"FieldName":"Resource.CloudProvider","Filter":{"Value":"Azure"}}]}]}}`)
	if len(none) != 0 {
		t.Errorf("%d targets in Azure", len(none))
	}
}

func TestExposuresOfATarget(t *testing.T) {
	w := start(t, fleet(t, 6)...)
	for _, item := range w.items(`{}`) {
		id, _ := item["TargetUid"].(string)
		_, _, out := w.call("POST", "/ListExposuresByRemediationV2", `{"TargetUid":"`+id+`","MaxResults":1}`)
		found, _ := out["Items"].([]any)
		if len(found) != 1 {
			t.Fatalf("target %s: %v", id, out)
		}
		total, _ := out["TotalCount"].(float64)
		if (out["NextToken"] != nil) != (total > 1) {
			t.Errorf("target %s with %v exposures: next page %v", id, total, out["NextToken"])
		}
		resolves := field(found[0], "Impact") == "Resolves"
		if resolves != (field(found[0], "ProjectedSeverity") == "Informational") {
			t.Errorf("target %s: %v", id, found[0])
		}
	}
}

func TestRefusedRemediations(t *testing.T) {
	w := start(t, fleet(t, 1)...)
	for _, test := range []struct{ path, body, code string }{
		{"/GetRemediationsV2", `{"TargetUid":"a","MetadataUid":"b"}`, "ValidationException"},
		{"/GetRemediationsV2", `{"TargetUid":""}`, "ValidationException"},
		{"/GetRemediationsV2", `{"TargetUid":"nothing"}`, "ResourceNotFoundException"},
		{"/GetRemediationsV2", `{"MetadataUid":"nothing"}`, "ResourceNotFoundException"},
		{"/GetRemediationsV2", `{"GuidanceFormat":"Terraform"}`, "ValidationException"},
		{"/GetRemediationsV2", `{"ShowGuidance":true,"GuidanceFormat":"Pulumi"}`, "ValidationException"},
		{"/GetRemediationsV2", `{"MaxResults":101}`, "ValidationException"},
		{"/GetRemediationsV2", `{"Filters":{"CompositeFilters":[{},{}]}}`, "ValidationException"},
		{"/GetRemediationsV2", `{"Filters":{"CompositeFilters":[{"StringFilters":[{"FieldName":"Mood","Filter":{"Value":"x"}}]}]}}`, "ValidationException"},
		{"/ListExposuresByRemediationV2", `{}`, "ValidationException"},
		{"/ListExposuresByRemediationV2", `{"TargetUid":"nothing"}`, "ResourceNotFoundException"},
	} {
		if _, name, answer := w.call("POST", test.path, test.body); name != test.code {
			t.Errorf("%s %s: %s %v, want %s", test.path, test.body, name, answer, test.code)
		}
	}
}
