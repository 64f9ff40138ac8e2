package app_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
)

// The command line on the demo's estate: the endpoint of shop-production lets in who called
// it, and nobody else, and the plan shows who that is.
func TestRangesFromCallersOnTheDemo(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, "shop-production") })
	env := append(environment(t, e), "EKSPOSURE_REMEDIATION_ROLE="+estate.RemediationRole, "EKSPOSURE_IMAGES_READ=false", "EKSPOSURE_REMEDIATION_WATCH=0s")
	want := func(says string, args ...string) string {
		t.Helper()
		r := run(t, env, args...)
		if r.code != 0 || !strings.Contains(r.out+r.err, says) {
			t.Fatalf("%v: exit code %d, want 0 and %q:\n%s%s", args, r.code, says, r.out, r.err)
		}
		return r.out
	}
	want("", "scan", "--allow-gaps")
	var r remediation.Run
	drafted := want("", "remediate", "plan", "--cluster", "shop-production", "--topic", "internet-reachable", "--option", "public-and-private",
		"--from-callers", "30", "--operator", "203.0.113.7", "-o", "json")
	if err := json.Unmarshal([]byte(drafted), &r); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan-callers.golden", strings.NewReplacer(r.Plan.ID, "PLAN", r.Hash, "HASH", r.Plan.AuthorName, "AUTHOR", r.Plan.Drafted.UTC().Format(time.RFC3339), "TODAY").
		Replace(want("", "remediate", "show", r.Plan.ID)))
	want("is approved", "remediate", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "all")
	want("is done", "remediate", "apply", r.Plan.ID)
	c := place(e.Scenario(), "shop-production")
	if diff := cmp.Diff([]string{"198.51.100.7/32", "203.0.113.7/32", "203.0.113.8/31"}, c.PublicCIDRs); diff != "" || !c.Public || !c.Private {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// Once it is narrow, who is not let in any more is left out and named.
	c.Calls = append(slices.DeleteFunc(slices.Clone(c.Calls), func(k estate.KubeCalls) bool { return k.Sources[0] == "198.51.100.7" }), estate.KubeCalls{Sources: []string{"192.0.2.200"}, User: "old", Times: 1, First: estate.AsOf().AddDate(0, 0, -20), Last: estate.AsOf().AddDate(0, 0, -20)})
	text := want("192.0.2.200 called too", "remediate", "plan", "--cluster", "shop-production", "--topic", "potentially-internet-reachable", "--option", "narrower", "--from-callers", "25")
	if !strings.Contains(text, "Let 203.0.113.7/32 and 203.0.113.8/31 reach the public endpoint") {
		t.Errorf("the VPN is not:\n%s", text)
	}
}

// A cluster without an audit log: CloudTrail tells who manages it, and the plan says so.
func TestRangesFromCloudTrail(t *testing.T) {
	t.Parallel()
	x := networks(t, 2, filepath.Join(t.TempDir(), "eksposure.db"))
	s := remediation.New(x.parts)
	q := x.public(0)
	q.Option, q.CIDRs, q.Callers = "public-and-private", []string{office}, 30
	r := started(t, s, q)
	if r.Plan.Callers == nil || r.Plan.Callers.Source != plan.CloudTrail || len(r.Plan.Callers.Addresses) != 2 {
		t.Errorf("callers %+v", r.Plan.Callers)
	}
	if !slices.ContainsFunc(r.Plan.Notes, func(n string) bool { return strings.Contains(n, "not who calls its Kubernetes API") }) || verdicts(&r.Plan)["callers"] != plan.Unknown {
		t.Errorf("notes %q, checks %+v", r.Plan.Notes, r.Plan.Checks)
	}
	x.done(t, s, r.Plan.ID, plan.Done)
	if diff := cmp.Diff([]string{"198.51.100.7/32", office}, x.cluster(0).PublicCIDRs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for why, change := range map[string]func(*remediation.Request){
		"days beyond what is kept": func(q *remediation.Request) { q.Callers = 91 },
		"private needs no ranges":  func(q *remediation.Request) { q.Option, q.CIDRs = "private", nil },
		"a list is all there is":   func(q *remediation.Request) { q.Option, q.CIDRs, q.PrefixList = "prefix-list", nil, x.offices() },
		"secrets have no callers": func(q *remediation.Request) {
			q.Trait, q.Option, q.CIDRs, q.KeyARN = "unencrypted-kubernetes-secrets", "associate", nil, x.key
		},
	} {
		q := q
		q.Cluster = x.ref(1).String()
		change(&q)
		asked := len(x.estate.Calls())
		if _, err := s.Draft(t.Context(), q, ann); err == nil {
			t.Errorf("%s: it was drafted", why)
		}
		for _, c := range x.estate.Calls()[asked:] {
			if c.Service == "logs" || c.Service == "cloudtrail" {
				t.Errorf("%s: it was asked who calls", why)
			}
		}
	}
}
