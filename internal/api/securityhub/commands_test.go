package securityhub_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait"
)

// found is the finding of a snapshot that a trait is tested with.
func found(t *testing.T, path string) *exposure.Finding {
	t.Helper()
	archive, err := txtar.ParseFile("../../trait/" + path)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archive.Files {
		if file.Name != "snapshot.json" {
			continue
		}
		s, err := inventory.ParseSnapshot(file.Data)
		if err != nil {
			t.Fatal(err)
		}
		s.Normalize()
		f, _ := exposure.Correlate(nil, exposure.Evaluate(s, trait.All(), exposure.DefaultPolicy()), s, trait.All())
		return f
	}
	t.Fatalf("%s has no snapshot", path)
	return nil
}

// specifications gives what is to be done for the targets of one trait of a finding.
func specifications(t *testing.T, f *exposure.Finding, topic string) []any {
	t.Helper()
	w := newWorld(t, f)
	w.plans = drafted{}
	w.listen(t)
	var list []any
	for _, item := range w.items(`{"ShowGuidance":true,"MetadataUid":"` + f.ID + `"}`) {
		if field(item, "Guidance", "Pattern") == topic {
			list = append(list, field(item, "Guidance"))
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s is no target", topic)
	}
	return list
}

func stepsOf(guidance any) []any {
	steps, _ := field(guidance, "Specification", "Steps").([]any)
	return steps
}

// A variable that a command uses is set by a step before it, and what all of them need is named.
func TestStepsSetWhatTheyUse(t *testing.T) {
	for _, g := range specifications(t, found(t, "unencryptedkubernetessecrets/testdata/present-old-no-config.txtar"), "unencrypted-kubernetes-secrets") {
		set, used := false, false
		for _, s := range stepsOf(g) {
			logic, _ := field(s, "Logic").(string)
			if strings.HasPrefix(logic, "KEY_ARN=$(") {
				set = true
				if field(s, "Service") != "KMS" || field(s, "Action") != "CreateKey" {
					t.Errorf("step %v", s)
				}
			}
			used = used || strings.Contains(logic, `"$KEY_ARN"`)
			if used && !set {
				t.Errorf("nothing sets KEY_ARN before %s", logic)
			}
		}
		if !used {
			t.Errorf("steps %v", stepsOf(g))
		}
		needs := fmt.Sprint(field(g, "Specification", "RequiredPermissions"))
		for _, action := range []string{"kms:CreateKey", "kms:EnableKeyRotation", "kms:DescribeKey", "kms:CreateGrant", "eks:AssociateEncryptionConfig"} {
			if !strings.Contains(needs, action) {
				t.Errorf("%s is not in %s", action, needs)
			}
		}
	}
}

// An image of an EKS add-on is remedied by the add-on, and not by another image in what EKS owns.
func TestAddOnImagesAreUpdatedByEKS(t *testing.T) {
	for _, g := range specifications(t, found(t, "highpriorityvulnerability/testdata/present-add-on.txtar"), "high-priority-vulnerability") {
		var list []string
		for _, s := range stepsOf(g) {
			text, _ := field(s, "Logic").(string)
			list = append(list, text)
		}
		logic := strings.Join(list, "\n")
		if !strings.Contains(logic, "aws eks update-addon") || !strings.Contains(logic, "--option add-on") || strings.Contains(logic, "set image") || strings.Contains(logic, "newest-tag") {
			t.Errorf("commands:\n%s", logic)
		}
	}
}

// Whether there is a tag with the fix is seen when the plan is drafted: nothing more is said, and the
// verbs of kubectl are named without what stands before them.
func TestImagesAreLookedFor(t *testing.T) {
	met := 0
	for _, g := range specifications(t, found(t, "highpriorityvulnerability/testdata/present-kev.txtar"), "high-priority-vulnerability") {
		steps := stepsOf(g)
		if text, _ := field(steps[0], "Description").(string); !strings.HasPrefix(text, "eksposure looks for ") || field(g, "Metadata", "AutomationLevel") != "Partial" {
			t.Errorf("%v: %q", field(g, "Metadata", "AutomationLevel"), text)
		}
		for _, s := range steps {
			if field(s, "Service") == "Kubernetes" {
				met++
				if action, _ := field(s, "Action").(string); !slices.Contains([]string{"set image", "get", "delete"}, action) {
					t.Errorf("action %q", action)
				}
			}
		}
	}
	if met == 0 {
		t.Error("no step of Kubernetes")
	}
}

func TestToolOfAStep(t *testing.T) {
	for code, want := range map[string]string{
		"kubectl -n shop set image deployment/web web=x":   "Kubernetes set image",
		"kubectl --namespace=shop rollout undo x":          "Kubernetes rollout undo",
		"kubectl --context prod get pods":                  "Kubernetes get",
		"kubectl drain NODE --ignore-daemonsets":           "Kubernetes drain",
		"A=$(aws kms create-key --region x)":               "KMS CreateKey",
		"aws eks wait cluster-active\naws eks list-addons": "EKS ListAddons",
		"eksposure remediate plan --cluster x":             "eksposure remediate plan",
		"python3 -c 'x' < ranges.txt":                      "Manual Review",
	} {
		service, action := hub.Step{Commands: []string{code}}.Tool()
		if got := service + " " + action; got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}
