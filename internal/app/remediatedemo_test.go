package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/remediation"
)

// The command line on the demo's estate: what of shop-production has a newer tag gets
// it, and the rest is told.
func TestRemediateImagesOnTheDemo(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, "shop-production") })
	env := append(environment(t, e), "EKSPOSURE_REMEDIATION_ROLE="+estate.RemediationRole)
	want := func(code int, says string, args ...string) string {
		t.Helper()
		r := run(t, env, append([]string{"remediate"}, args...)...)
		if r.code != code || !strings.Contains(r.out+r.err, says) {
			t.Fatalf("%v: exit code %d, want %d and %q:\n%s%s", args, r.code, code, says, r.out, r.err)
		}
		return r.out
	}
	if r := run(t, env, "scan", "--allow-gaps"); r.code != 0 {
		t.Fatal(r.err)
	}
	var r remediation.Run
	if err := json.Unmarshal([]byte(want(0, "", "plan", "--cluster", "shop-production", "--topic", highPriority, "--option", "newest-tag", "-o", "json")), &r); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan-images.golden", strings.NewReplacer(r.Plan.ID, "PLAN", r.Hash, "HASH", r.Plan.AuthorName, "AUTHOR", r.Plan.Drafted.UTC().Format(time.RFC3339), "TODAY").
		Replace(want(0, "", "show", r.Plan.ID)))
	want(0, "is approved", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "behaviour")
	if after := want(0, "shop/web:v1.8.2 in shop/Deployment/web", "apply", r.Plan.ID); strings.Contains(after, "shop/search:v3.0.1") || !strings.Contains(after, "is done") {
		t.Errorf("what was given another image is vulnerable still:\n%s", after)
	}
	if after := want(0, "shop/search:v3.0.1 in shop/Deployment/search", "revert", r.Plan.ID); !strings.Contains(after, "is reverted") {
		t.Errorf("it was not taken back:\n%s", after)
	}
}

// The same of an EKS add-on: ledger's Kubernetes has a version of CoreDNS with the fix, the
// second one that is read.
func TestRemediateAddonsOnTheDemo(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, "ledger") })
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
	var r remediation.Run
	if err := json.Unmarshal([]byte(want("", "remediate", "plan", "--cluster", "ledger", "--topic", highPriority, "--option", "add-on", "-o", "json")), &r); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan-addons.golden", strings.NewReplacer(r.Plan.ID, "PLAN", r.Hash, "HASH", r.Plan.AuthorName, "AUTHOR", r.Plan.Drafted.UTC().Format(time.RFC3339), "TODAY").
		Replace(want("", "remediate", "show", r.Plan.ID)))
	want("is approved", "remediate", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "behaviour")
	if after := want("is done", "remediate", "apply", r.Plan.ID); strings.Contains(after, "eks/coredns:v1.10.1-eksbuild.6") {
		t.Errorf("what the add-on ships is vulnerable still:\n%s", after)
	}
	want("is reverted", "remediate", "revert", r.Plan.ID)
}
