package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/remediation"
)

// demoCommands scans one cluster of the demo's estate, and gives a way to run commands on
// it that succeed and say something.
func demoCommands(t *testing.T, cluster string) func(says string, args ...string) string {
	t.Helper()
	e := other(t, func(s *estate.Scenario) { only(s, cluster) })
	env := append(environment(t, e), "EKSPOSURE_REMEDIATION_ROLE="+estate.RemediationRole)
	want := func(says string, args ...string) string {
		t.Helper()
		r := run(t, env, args...)
		if r.code != 0 || !strings.Contains(r.out+r.err, says) {
			t.Fatalf("%v: exit code %d, want %q:\n%s%s", args, r.code, says, r.out, r.err)
		}
		return r.out
	}
	want("", "scan", "--allow-gaps")
	return want
}

// demoPlan drafts a plan, and compares what is shown of it with a golden file.
func demoPlan(t *testing.T, want func(string, ...string) string, file string, asked ...string) remediation.Run {
	t.Helper()
	var r remediation.Run
	if err := json.Unmarshal([]byte(want("", append(append([]string{"remediate", "plan"}, asked...), "-o", "json")...)), &r); err != nil {
		t.Fatal(err)
	}
	golden(t, file, strings.NewReplacer(r.Plan.ID, "PLAN", r.Hash, "HASH", r.Plan.AuthorName, "AUTHOR", r.Plan.Drafted.UTC().Format(time.RFC3339), "TODAY").
		Replace(want("", "remediate", "show", r.Plan.ID)))
	return r
}

// The command line on the demo's estate: what of shop-production has a newer tag gets
// it, and the rest is told.
func TestRemediateImagesOnTheDemo(t *testing.T) {
	t.Parallel()
	want := demoCommands(t, "shop-production")
	r := demoPlan(t, want, "plan-images.golden", "--cluster", "shop-production", "--topic", highPriority, "--option", "newest-tag")
	want("is approved", "remediate", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "behaviour")
	if after := want("shop/web:v1.8.2 in shop/Deployment/web", "remediate", "apply", r.Plan.ID); strings.Contains(after, "shop/search:v3.0.1") || !strings.Contains(after, "is done") {
		t.Errorf("what was given another image is vulnerable still:\n%s", after)
	}
	if after := want("shop/search:v3.0.1 in shop/Deployment/search", "remediate", "revert", r.Plan.ID); !strings.Contains(after, "is reverted") {
		t.Errorf("it was not taken back:\n%s", after)
	}
}

// The same of an EKS add-on: ledger's Kubernetes has a version of CoreDNS with the fix, the
// second one that is read.
func TestRemediateAddonsOnTheDemo(t *testing.T) {
	t.Parallel()
	want := demoCommands(t, "ledger")
	r := demoPlan(t, want, "plan-addons.golden", "--cluster", "ledger", "--topic", highPriority, "--option", "add-on")
	want("is approved", "remediate", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "behaviour")
	if after := want("is done", "remediate", "apply", r.Plan.ID); strings.Contains(after, "eks/coredns:v1.10.1-eksbuild.6") {
		t.Errorf("what the add-on ships is vulnerable still:\n%s", after)
	}
	want("is reverted", "remediate", "revert", r.Plan.ID)
}
