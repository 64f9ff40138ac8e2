package app_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/app"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

var (
	ann = access.Principal{ID: "test:ann", Name: "Ann"}
	bob = access.Principal{ID: "test:bob", Name: "Bob"}
)

// legacyKey is the key that the estate has for the secrets of payments-legacy.
const legacyKey = "legacy"

// site is an estate with clusters like payments-legacy (open to everybody, secrets not
// encrypted), all scanned, and what plans for them are made of.
type site struct {
	estate *estate.Estate
	parts  remediation.Config
	key    string
	// images tells that scans read images.
	images bool

	mu  sync.Mutex
	now time.Time
}

// newSite makes a site of n clusters, cluster-0 and so on, whose database is at a place.
func newSite(t *testing.T, n int, place string) *site {
	t.Helper()
	return newSiteOf(t, "payments-legacy", n, place, func(_ int, c *estate.Cluster) { c.Objects = nil })
}

// newSiteOf makes a site of clusters like one of the demo's, each changed by its number.
func newSiteOf(t *testing.T, like string, n int, place string, change func(i int, c *estate.Cluster)) *site {
	t.Helper()
	x := startSite(t, like, n, change)
	x.scan(t, n, place)
	return x
}

// startSite starts the estate of a site.
func startSite(t *testing.T, like string, n int, change func(i int, c *estate.Cluster)) *site {
	t.Helper()
	w := shared(t)
	s := estate.Demo(w.images)
	only(s, like)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if len(a.Clusters) == 0 {
			continue
		}
		model := a.Clusters[0]
		a.Clusters = nil
		for j := range n {
			c := model
			c.NodeGroups, c.Addons, c.Insights = slices.Clone(model.NodeGroups), slices.Clone(model.Addons), slices.Clone(model.Insights)
			c.Name = fmt.Sprintf("cluster-%d", j)
			change(j, &c)
			a.Clusters = append(a.Clusters, c)
		}
		a.Keys = append(a.Keys, estate.Key{Region: model.Region, ID: legacyKey, State: "Enabled", CreatedAt: s.AsOf})
	}
	e, err := estate.Start(t.Context(), estate.Config{Scenario: s, Images: w.images, Now: time.Now, UpdateTime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	x := &site{estate: e, now: e.AsOf()}
	x.key = "arn:aws:kms:us-east-1:" + x.ref(0).Account + ":key/" + legacyKey
	return x
}

// scan scans all clusters of a site, and gives what plans for them are made of.
func (x *site) scan(t *testing.T, n int, place string) {
	t.Helper()
	e := x.estate
	c := settings(shared(t), e, place)
	c.Images.Read, c.Remediation.Role, c.Remediation.Watch = x.images, estate.RemediationRole, 0
	enter(t, e, &c)
	a := app.New(app.Options{Config: c, Now: x.clock, Clock: time.Now})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	scanner, err := a.Scanner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := scanner.Scan(t.Context(), scan.Request{}, func(scan.Progress) {}); err != nil || len(sum.Outcomes) != n {
		t.Fatalf("%d clusters scanned, %v", len(sum.Outcomes), err)
	}
	if x.parts, err = app.PlanParts(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	x.parts.Now = x.clock
}

func (x *site) clock() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

func (x *site) later(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = x.now.Add(d)
}

func (x *site) cluster(i int) *estate.Cluster {
	return place(x.estate.Scenario(), fmt.Sprintf("cluster-%d", i))
}

func (x *site) ref(i int) inventory.ClusterRef {
	return reference(x.estate, fmt.Sprintf("cluster-%d", i))
}

// finding is what is recorded about a cluster now.
func (x *site) finding(t *testing.T, i int) *exposure.Finding {
	t.Helper()
	f, err := x.parts.Known.Finding(t.Context(), x.ref(i).String())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// private asks to make the endpoint of a cluster private, which takes two actions.
func (x *site) private(i int) remediation.Request {
	return remediation.Request{Cluster: x.ref(i).String(), Trait: "internet-reachable", Option: "private"}
}

// approved drafts a plan, and approves all of it.
func approved(t *testing.T, s *remediation.Service, q remediation.Request) remediation.Run {
	t.Helper()
	r, err := s.Draft(t.Context(), q, ann)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); err != nil {
		t.Fatal(err)
	}
	return r
}

// started is a plan that is at work.
func started(t *testing.T, s *remediation.Service, q remediation.Request) remediation.Run {
	t.Helper()
	r, err := s.Start(t.Context(), approved(t, s, q).Plan.ID, bob)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// maxAdvances is far more than any plan here takes.
const maxAdvances = 150

// carry advances a plan until it is not at work any more, or cannot be advanced, while
// time goes by.
func (x *site) carry(t *testing.T, s *remediation.Service, id string) (remediation.Run, error) {
	t.Helper()
	for i := range maxAdvances {
		r, err := s.Advance(t.Context(), id)
		if err != nil || !r.State.Working() {
			return r, err
		}
		x.later(time.Second)
		if i%2 == 1 { // an update is seen at work at least once
			x.estate.Finish()
		}
	}
	t.Fatalf("plan %s does not end", id)
	return remediation.Run{}, nil
}

// done carries a plan to its end, which has to be the state.
func (x *site) done(t *testing.T, s *remediation.Service, id string, want plan.State) remediation.Run {
	t.Helper()
	r, err := x.carry(t, s, id)
	if err != nil || r.State != want {
		t.Fatalf("plan is %s, want %s: %s, %v", r.State, want, r.Problem, err)
	}
	return r
}

// Each topic: finding, plan, approval, changes, a new scan, less severity; and back
// where that is possible.
func TestRemediation(t *testing.T) {
	t.Parallel()
	storetest.EachPlace(t, func(t *testing.T, place string) {
		x := newSite(t, 4, place)
		s := remediation.New(x.parts)
		tests := []struct {
			name    string
			cluster int
			request remediation.Request
			actions int
			gone    bool
			reverts bool
		}{
			{"private", 0, remediation.Request{Trait: "internet-reachable", Option: "private"}, 2, true, true},
			{"both", 1, remediation.Request{Trait: "internet-reachable", Option: "public-and-private", CIDRs: []string{"203.0.113.0/25", "203.0.113.128/25"}}, 2, true, true},
			{"public", 2, remediation.Request{Trait: "internet-reachable", Option: "public", CIDRs: []string{"203.0.113.0/24"}}, 1, true, true},
			{"narrower", 1, remediation.Request{Trait: "potentially-internet-reachable", Option: "narrower", CIDRs: []string{"203.0.113.0/26"}}, 1, false, true},
			{"secrets", 3, remediation.Request{Trait: "unencrypted-kubernetes-secrets", Option: "associate", KeyARN: x.key}, 1, true, false},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				before, was := x.finding(t, tt.cluster), *x.cluster(tt.cluster)
				tt.request.Cluster = x.ref(tt.cluster).Name
				r := started(t, s, tt.request)
				if len(r.Plan.Actions) != tt.actions || r.Plan.Ends != tt.gone || r.Plan.Before != before.Severity {
					t.Errorf("plan %+v", r.Plan)
				}
				r = x.done(t, s, r.Plan.ID, plan.Done)
				after := x.finding(t, tt.cluster)
				if got := string(after.Severity); after.Open() && got != string(r.Plan.After) || r.Verified.Severity != r.Plan.After {
					t.Errorf("severity %s, scanned %s, planned %s", got, r.Verified.Severity, r.Plan.After)
				}
				if tt.gone && (after.Severity.Rank() > before.Severity.Rank() || r.Verified.Trait != remediation.Gone || after.Trait(tt.request.Trait) != nil) {
					t.Errorf("the trait is %s, severity %s → %s", r.Verified.Trait, before.Severity, after.Severity)
				}
				if got := len(x.cluster(tt.cluster).Updates) - len(was.Updates); got != tt.actions {
					t.Errorf("%d updates, want one for each of %d actions", got, tt.actions)
				}
				_, err := s.Revert(t.Context(), r.Plan.ID, bob)
				if !tt.reverts {
					if !isConflict(err) || !strings.Contains(err.Error(), "cannot be undone") {
						t.Errorf("revert of what cannot be undone: %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				r = x.done(t, s, r.Plan.ID, plan.Reverted)
				now := x.cluster(tt.cluster)
				want := was.PublicCIDRs
				if len(want) == 0 {
					want = []string{"0.0.0.0/0"}
				}
				if now.Public != was.Public || now.Private != was.Private || !slices.Equal(now.PublicCIDRs, want) {
					t.Errorf("after the revert: public %t %v, private %t", now.Public, now.PublicCIDRs, now.Private)
				}
				if r.Verified.Trait != remediation.Present || x.finding(t, tt.cluster).Severity != before.Severity {
					t.Errorf("after the revert the trait is %s, severity %s", r.Verified.Trait, x.finding(t, tt.cluster).Severity)
				}
				if tt.name == "both" { // for the next one
					x.done(t, s, started(t, s, tt.request).Plan.ID, plan.Done)
				}
			})
		}
	})
}

// The command line, from the finding to the revert, on the estate.
func TestRemediateCommands(t *testing.T) {
	t.Parallel()
	w := shared(t)
	s := estate.Demo(w.images)
	only(s, "payments-legacy")
	e, err := estate.Start(t.Context(), estate.Config{Scenario: s, Images: w.images, Now: time.Now, UpdateTime: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	env := append(environment(t, e), "EKSPOSURE_IMAGES_READ=false", "EKSPOSURE_AWS_REGIONS=us-east-1", "EKSPOSURE_REMEDIATION_WATCH=0s")
	want := func(code int, says string, args ...string) string {
		t.Helper()
		r := run(t, env, append([]string{"remediate"}, args...)...)
		if r.code != code || !strings.Contains(r.out+r.err, says) {
			t.Fatalf("%v: exit code %d, want %d and %q:\n%s%s", args, r.code, code, says, r.out, r.err)
		}
		return r.out
	}
	draft := func(args ...string) remediation.Run {
		t.Helper()
		var r remediation.Run
		if err := json.Unmarshal([]byte(want(0, "", append([]string{"plan", "--cluster", "payments-legacy", "-o", "json"}, args...)...)), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	want(3, "", "status") // there is no database yet
	if r := run(t, env, "scan", "--allow-gaps"); r.code != 0 {
		t.Fatal(r.err)
	}
	r := draft("--topic", "internet-reachable", "--option", "private")
	id := r.Plan.ID
	want(0, "--hash "+r.Hash+" --accept operator", "show", id)
	if diff := cmp.Diff(wantDiff, want(0, "", "show", id, "-o", "diff")); diff != "" {
		t.Errorf("diff (-want +got):\n%s", diff)
	}
	want(2, "remediation.role", "apply", id) // no role is set
	env = append(env, "EKSPOSURE_REMEDIATION_ROLE="+estate.RemediationRole)
	want(5, "it is drafted and cannot be applied; what it takes now: approve or cancel", "apply", id)
	want(5, "look at it again", "approve", id, "--hash", "0")
	want(2, "accept by name what is not known or cannot be undone: operator", "approve", id, "--hash", r.Hash)
	want(0, "is approved", "approve", id, "--hash", r.Hash, "--accept", "all")
	want(0, "is applying. A running `eksposure serve` goes on with it", "apply", id, "--no-wait")
	want(0, "is paused", "pause", id)
	want(0, "the trait internet-reachable is gone", "apply", id)
	want(0, "done", "status")
	want(0, "the trait internet-reachable is present", "revert", id)
	if c := place(s, "payments-legacy"); !c.Public || c.Private || len(c.Updates) != 4 {
		t.Errorf("public %t, private %t, %d updates", c.Public, c.Private, len(c.Updates))
	}
	want(5, "it is reverted, which is its end", "revert", id)
	want(0, "↶ Switch the public endpoint off (was taken back", "status", id)
	want(3, "`eksposure remediate fleet show` lists them", "fleet", "show", "none")
	want(2, "Those that it applies: internet-reachable", "fleet", "plan", "--topic", "bogus", "--option", "private")

	var key string
	for _, a := range s.Accounts {
		for _, k := range a.Keys {
			if k.Region == "us-east-1" {
				key = "arn:aws:kms:us-east-1:" + a.ID + ":key/" + k.ID
			}
		}
	}
	r = draft("--topic", "unencrypted-kubernetes-secrets", "--option", "associate", "--key", key)
	want(2, "irreversible", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "all") // asks twice
	want(0, "is approved", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "all", "--accept", "irreversible")
	want(0, "the trait unencrypted-kubernetes-secrets is gone", "apply", r.Plan.ID)
	want(5, "cannot be undone", "revert", r.Plan.ID)
	r = draft("--topic", "unsupported-kubernetes-version", "--option", "upgrade", "--to", "1.28")
	want(0, "CANNOT BE UNDONE: support of 1.27 has ended", "show", r.Plan.ID)
	want(0, "✓ disruption budgets", "show", r.Plan.ID)
	want(2, "irreversible", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "all")
	want(0, "is approved", "approve", r.Plan.ID, "--hash", r.Hash, "--accept", "all", "--accept", "irreversible")
	want(0, "nodes of Kubernetes 1.28 (holds since", "apply", r.Plan.ID)
	want(5, "does not roll a node group back", "revert", r.Plan.ID)
	// What was left at work is carried on by a server.
	left := draft("--topic", "internet-reachable", "--option", "private")
	want(0, "is approved", "approve", left.Plan.ID, "--hash", left.Hash, "--accept", "all")
	want(0, "is applying", "apply", left.Plan.ID, "--no-wait")
	server := serve(t, append(env, "EKSPOSURE_SCHEDULE_INTERVAL=0"), "serve", "--listen", "127.0.0.1:0")
	until(t, "the plan done", func() bool { return strings.Contains(want(0, "", "status", left.Plan.ID), "is done") })
	server.end(t)
	db := storetest.Open(t, databaseOf(env))
	lines, err := db.AuditLog(t.Context(), access.AuditQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var operations, changes []string
	for _, l := range slices.Backward(lines) {
		if l.Target == r.Plan.ID {
			operations = append(operations, l.Operation)
			changes = append(changes, auditedChanges(t, l)...)
		}
	}
	const cluster = "arn:aws:eks:us-east-1:444455556666:cluster/payments-legacy"
	wantChanges := []string{
		cluster + " begin control-plane-version payments-legacy: Kubernetes 1.27 → Kubernetes 1.28",
		cluster + " hold control-plane-version payments-legacy: Kubernetes 1.27 → Kubernetes 1.28, updated",
		cluster + " begin node-group-version workers: Kubernetes 1.27 → Kubernetes 1.28",
		cluster + " hold node-group-version workers: Kubernetes 1.27 → Kubernetes 1.28, updated",
	}
	if diff := cmp.Diff(wantChanges, changes); diff != "" {
		t.Errorf("changes in the audit log (-want +got):\n%s", diff)
	}
	audited := []string{
		"remediate plan", "remediate approve", "remediate apply", "remediate begin", "remediate hold", "remediate begin", "remediate hold",
		"remediate verify", "remediate verified",
	}
	if diff := cmp.Diff(audited, operations); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

// auditedChanges are what a line of the audit log tells of actions.
func auditedChanges(t *testing.T, l access.AuditLine) []string {
	t.Helper()
	var details struct {
		Cluster string `json:"cluster"`
		Actions []struct {
			Kind   plan.Kind             `json:"kind"`
			Target inventory.ResourceRef `json:"target"`
			Before plan.Setting          `json:"before"`
			After  plan.Setting          `json:"after"`
			Update string                `json:"update"`
		} `json:"actions"`
	}
	if err := json.Unmarshal(l.Details, &details); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, a := range details.Actions {
		text := fmt.Sprintf("%s %s %s %s: %s → %s", details.Cluster, strings.TrimPrefix(l.Operation, "remediate "), a.Kind, a.Target.Name, a.Before, a.After)
		if a.Update != "" {
			text += ", updated"
		}
		list = append(list, text)
	}
	return list
}

func databaseOf(env []string) string {
	for _, v := range slices.Backward(env) {
		if db, ok := strings.CutPrefix(v, "EKSPOSURE_DATABASE="); ok {
			return db
		}
	}
	return filepath.Join("no", "database")
}

const wantDiff = `--- arn:aws:eks:us-east-1:444455556666:cluster/payments-legacy (before action 1)
+++ arn:aws:eks:us-east-1:444455556666:cluster/payments-legacy (after action 1)
@@ Switch the private endpoint on @@
 {
   "endpoint": {
     "public": true,
-    "private": false,
+    "private": true,
     "public_cidrs": [
       "0.0.0.0/0"
     ]
   }
 }
--- arn:aws:eks:us-east-1:444455556666:cluster/payments-legacy (before action 2)
+++ arn:aws:eks:us-east-1:444455556666:cluster/payments-legacy (after action 2)
@@ Switch the public endpoint off @@
 {
   "endpoint": {
-    "public": true,
+    "public": false,
     "private": true,
     "public_cidrs": [
       "0.0.0.0/0"
     ]
   }
 }
`
