package app_test

import (
	"encoding/json"
	"fmt"
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

// fleetOf asks for one remedy in the first clusters of a site.
func (x *site) fleetOf(n int, request remediation.Request) remediation.FleetRequest {
	request.Cluster = ""
	q := remediation.FleetRequest{Request: request, Batch: 2}
	for i := range n {
		q.Query.Clusters = append(q.Query.Clusters, x.ref(i).String())
	}
	return q
}

// omitted are the names of the clusters that a fleet plan has no plan for, and why.
func omitted(f remediation.Fleet) map[string]string {
	all := map[string]string{}
	for _, o := range f.Omitted {
		all[o.Cluster.Name] = o.Reason
	}
	return all
}

// Each cluster of a fleet lets in who called that cluster; one that nobody called is left
// out.
func TestFleetPlansFromCallers(t *testing.T) {
	t.Parallel()
	x := networks(t, 3, filepath.Join(t.TempDir(), "eksposure.db"))
	called := func(i int, from string) {
		x.cluster(i).Managed = []estate.EKSCalls{{
			Event: "DescribeCluster", Principal: "arn:aws:sts::444455556666:assumed-role/ci/run", Source: from, Times: 3,
			First: estate.AsOf().AddDate(0, 0, -9), Last: estate.AsOf().Add(-time.Hour),
		}}
	}
	called(0, "203.0.113.7")
	called(1, "198.51.100.7")
	called(2, "10.1.4.20")
	s := remediation.New(x.parts)
	f := fleet(t, s, x.fleetOf(3, remediation.Request{Trait: "internet-reachable", Option: "public-and-private", Callers: 30}))
	if why := omitted(f); len(why) != 1 || !strings.Contains(why["cluster-2"], "nobody called from a public address in the 30 days") {
		t.Errorf("left out: %v", why)
	}
	f, members := x.waved(t, s, f.ID)
	if f.State != plan.Done {
		t.Fatalf("fleet plan is %s: %s", f.State, f.Problem)
	}
	for _, r := range members {
		if c := r.Plan.Callers; c == nil || len(c.Addresses) != 1 || c.Addresses[0].Calls != 3 || !slices.Contains(r.Approval.Accepted, "callers") {
			t.Errorf("%s: callers %+v, accepted %v", r.Plan.Cluster.Name, c, r.Approval.Accepted)
		}
	}
	for i, want := range []string{"203.0.113.7/32", "198.51.100.7/32", "0.0.0.0/0"} {
		if c := x.cluster(i); !slices.Equal(c.PublicCIDRs, []string{want}) && (i < 2 || len(c.PublicCIDRs) > 0) {
			t.Errorf("cluster %d lets in %v, want %s", i, c.PublicCIDRs, want)
		}
	}
}

// Each cluster of a fleet gets a key of its own, and has its secrets written again; one
// whose key's name is taken is left out. None of it can be taken back, and that is accepted
// by its word alone.
func TestFleetPlansWithNewKeys(t *testing.T) {
	t.Parallel()
	x := vaults(t, 3)
	a := x.account(2)
	a.Keys = append(a.Keys, estate.Key{Region: x.ref(2).Region, ID: "theirs", State: "Enabled", Alias: "alias/eksposure/cluster-2"})
	s := remediation.New(x.parts)
	f, err := s.DraftFleet(t.Context(), x.fleetOf(3, x.rewritten(0)), ann, nobodySees)
	if err != nil {
		t.Fatal(err)
	}
	if why := omitted(f); len(why) != 1 || !strings.Contains(why["cluster-2"], "key/theirs") {
		t.Errorf("left out: %v", why)
	}
	if _, err := s.ApproveFleet(t.Context(), f.ID, f.Hash, bob, []string{plan.AcceptAll}); err == nil || !strings.Contains(err.Error(), plan.AcceptIrreversible) {
		t.Errorf("approved without the word: %v", err)
	}
	if _, err := s.ApproveFleet(t.Context(), f.ID, f.Hash, bob, []string{plan.AcceptAll, plan.AcceptIrreversible}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.StartFleet(t.Context(), f.ID, bob); err != nil {
		t.Fatal(err)
	}
	f, members := x.waved(t, s, f.ID)
	if f.State != plan.Done || len(members) != 2 {
		t.Fatalf("fleet plan of %d plans is %s: %s", len(members), f.State, f.Problem)
	}
	for _, r := range members {
		i := slices.IndexFunc([]int{0, 1}, func(i int) bool { return x.ref(i) == r.Plan.Cluster })
		x.encrypted(t, i, r.Plan.ID)
		if got := x.patches(i); got != secretsOfCluster {
			t.Errorf("cluster %d: %d secrets were written, want %d", i, got, secretsOfCluster)
		}
	}
	if len(x.cluster(2).Encryption) > 0 {
		t.Error("the one that was left out is encrypted")
	}
}

// The same flags on the command line.
func TestFleetCommandsTakeTheFlagsOfPlans(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, "payments-legacy") })
	env := append(environment(t, e), "EKSPOSURE_IMAGES_READ=false", "EKSPOSURE_AWS_REGIONS=us-east-1")
	if r := run(t, env, "scan", "--allow-gaps"); r.code != 0 {
		t.Fatal(r.err)
	}
	draft := func(args ...string) *plan.Plan {
		t.Helper()
		r := run(t, env, append([]string{"remediate", "fleet", "plan", "-o", "json"}, args...)...)
		if r.code != 0 {
			t.Fatalf("%v: exit code %d\n%s%s", args, r.code, r.out, r.err)
		}
		var f struct {
			Plans []remediation.Run `json:"plans"`
		}
		if err := json.Unmarshal([]byte(r.out), &f); err != nil || len(f.Plans) != 1 {
			t.Fatalf("%v: %d plans, %v", args, len(f.Plans), err)
		}
		return &f.Plans[0].Plan
	}
	p := draft("--topic", "internet-reachable", "--option", "public", "--from-callers", "30", "--cidr", "203.0.113.0/24", "--operator", "203.0.113.9")
	if p.Callers == nil || len(p.Callers.Addresses) != 2 {
		t.Errorf("callers %+v", p.Callers)
	}
	if diff := cmp.Diff([]string{"198.51.100.7/32", "203.0.113.0/24"}, p.Actions[len(p.Actions)-1].To.Endpoint.CIDRs); diff != "" {
		t.Errorf("ranges (-want +got):\n%s", diff)
	}
	p = draft("--topic", "unencrypted-kubernetes-secrets", "--option", "associate", "--create-key", "--rewrite-secrets")
	var kinds []string
	for _, a := range p.Actions {
		kinds = append(kinds, fmt.Sprint(a.Kind))
	}
	if diff := cmp.Diff([]string{fmt.Sprint(plan.KeyCreation), fmt.Sprint(plan.SecretsEncryption), fmt.Sprint(plan.SecretsRewrite)}, kinds); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}
