package native_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/trait"
)

// planning is what plans are made of, over a world, in memory. Nothing is applied:
// that is tested on the estate, in package app.
type planning struct {
	*world

	records map[string]plan.Record
	audited []access.Entry
	// describing is called before a cluster is looked at.
	describing func(context.Context, inventory.ClusterRef) error
}

func (w *world) plans() *remediation.Service {
	return (&planning{world: w, records: map[string]plan.Record{}}).service()
}

func (p *planning) service() *remediation.Service {
	return remediation.New(remediation.Config{
		Clusters: p, Networks: p, Known: remembered{p.world}, Actor: p, Documents: p, Leases: p, Log: p, Holder: "test", Now: func() time.Time { return now },
	})
}

// remembered finds open findings by their clusters and traits, as the store does.
type remembered struct{ *world }

func (k remembered) Finding(_ context.Context, key string) (*exposure.Finding, error) {
	for _, o := range k.outcomes {
		if o.Cluster.String() == key {
			return o.Finding, nil
		}
	}
	return nil, fmt.Errorf("no finding of %q: %w", key, fault.ErrNotFound)
}

func (k remembered) Findings(_ context.Context, q exposure.Query) ([]*exposure.Finding, error) {
	var list []*exposure.Finding
	for _, o := range k.outcomes {
		has := len(q.Traits) == 0 || slices.ContainsFunc(o.Finding.Traits, func(s exposure.TraitState) bool {
			return s.Standing == exposure.Contributing && slices.Contains(q.Traits, s.ID)
		})
		if has && o.Finding.Open() && q.Scope.Allows(o.Cluster) && (len(q.Accounts) == 0 || slices.Contains(q.Accounts, o.Cluster.Account)) {
			list = append(list, o.Finding)
		}
	}
	return list, nil
}

func (p *planning) Describe(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	if p.describing != nil {
		if err := p.describing(ctx, ref); err != nil {
			return nil, err
		}
	}
	return p.Snapshot(ctx, ref)
}

func (p *planning) Key(context.Context, inventory.ClusterRef, string) (plan.KeyState, error) {
	return plan.KeyState{}, fault.ErrNotFound
}

func (p *planning) Rescan(context.Context, inventory.ClusterRef) (*exposure.Outcome, error) {
	return nil, fault.ErrUnavailable
}

func (p *planning) Evaluate(s *inventory.Snapshot, earlier *exposure.Finding) exposure.Outcome {
	f, change := exposure.Correlate(earlier, exposure.Evaluate(s, trait.All(), exposure.DefaultPolicy()), s, trait.All())
	return exposure.Outcome{Cluster: s.Cluster.Ref, Finding: f, Change: change}
}

func (p *planning) Begin(context.Context, plan.Action, inventory.ClusterRef, string) (string, error) {
	return "", fault.ErrUnavailable
}

func (p *planning) Callers(context.Context, *inventory.Snapshot, int) (plan.Callers, error) {
	return plan.Callers{}, nil
}

func (p *planning) Network(context.Context, *inventory.Snapshot) plan.Network {
	return plan.Network{Sources: plan.Reading[plan.Rule]{Items: []plan.Rule{{Group: "sg-1", Peer: "0.0.0.0/0"}}}}
}

func (p *planning) PrefixList(_ context.Context, _ inventory.ClusterRef, id string) (plan.PrefixList, error) {
	return plan.PrefixList{ID: id, Version: 1, CIDRs: []string{"203.0.113.0/24"}}, nil
}

func (p *planning) Readiness(context.Context, *inventory.Snapshot, []string) plan.Readiness {
	return plan.Readiness{}
}

func (p *planning) Close(context.Context, inventory.ClusterRef) error { return fault.ErrConflict }

func (p *planning) Progress(context.Context, plan.Action, inventory.ClusterRef, string) (inventory.Update, error) {
	return inventory.Update{}, fault.ErrUnavailable
}

func (p *planning) AddPlan(_ context.Context, r plan.Record) error {
	p.records[r.Kind+"/"+r.ID] = r
	return nil
}

func (p *planning) ReplacePlan(_ context.Context, r plan.Record, old []byte) error {
	if !bytes.Equal(p.records[r.Kind+"/"+r.ID].Document, old) {
		return fault.ErrConflict
	}
	p.records[r.Kind+"/"+r.ID] = r
	return nil
}

func (p *planning) Plan(_ context.Context, kind, id string) ([]byte, error) {
	if r, ok := p.records[kind+"/"+id]; ok {
		return r.Document, nil
	}
	return nil, fault.ErrNotFound
}

func (p *planning) Plans(_ context.Context, q plan.Query) ([][]byte, error) {
	var list [][]byte
	for _, r := range p.records {
		if r.Kind == q.Kind && (len(q.IDs) == 0 || slices.Contains(q.IDs, r.ID)) {
			list = append(list, r.Document)
		}
	}
	return list, nil
}

func (p *planning) Claim(context.Context, string, string, string, time.Time) (bool, error) {
	return true, nil
}

func (p *planning) Release(context.Context, string, string, string) error { return nil }

func (p *planning) Audit(_ context.Context, e access.Entry) error {
	p.audited = append(p.audited, e)
	return nil
}

// A plan by the API: drafted, approved by its hash, applied, paused, cancelled.
func TestPlans(t *testing.T) {
	w := newWorld()
	s := serve(t, w.config())
	id := w.outcomes[0].Finding.ID
	draft := `{"finding":"` + id + `","topic":"internet-reachable","option":"private"}`
	var r native.Plan
	s.call("POST", "/plans", draft).into(t, &r)
	if r.State != plan.Drafted || r.Plan.Author != caller.ID || len(r.Plan.Actions) != 2 || !r.Reversible || r.Final != "" {
		t.Fatalf("%+v", r)
	}
	at := "/plans/" + r.Plan.ID
	accepted := `{"hash":"` + r.Hash + `","accept":["all"]}`
	steps := []struct {
		name, method, path, body string
		status                   int
		state                    plan.State
		moves                    []remediation.Move
	}{
		{"no such topic", "POST", "/plans", `{"finding":"` + id + `","topic":"x","option":"private"}`, 400, "", nil},
		{"no such finding", "POST", "/plans", `{"finding":"x","topic":"internet-reachable","option":"private"}`, 404, "", nil},
		{"no address", "POST", "/plans", `{"finding":"` + id + `","topic":"internet-reachable","option":"private","operator":"me"}`, 400, "", nil},
		{"not approved", "POST", at + "/apply", "", 409, "", nil},
		{"another hash", "POST", at + "/approve", `{"hash":"0","accept":["all"]}`, 409, "", nil},
		{"not accepted", "POST", at + "/approve", `{"hash":"` + r.Hash + `"}`, 400, "", nil},
		{"approved", "POST", at + "/approve", accepted, 200, plan.Approved, []remediation.Move{remediation.MoveApply, remediation.MoveCancel}},
		{"approved twice", "POST", at + "/approve", accepted, 409, "", nil},
		{"applied", "POST", at + "/apply", "", 200, plan.Applying, []remediation.Move{remediation.MovePause}},
		{"paused", "POST", at + "/pause", "", 200, plan.Paused, []remediation.Move{remediation.MoveApply, remediation.MoveCancel}},
		{"reverted, and nothing was begun", "POST", at + "/revert", "", 409, "", nil},
		{"cancelled", "POST", at + "/cancel", "", 200, plan.Cancelled, []remediation.Move{}},
		{"no such plan", "GET", "/plans/none", "", 404, "", nil},
	}
	for _, step := range steps {
		a := s.call(step.method, step.path, step.body)
		if a.status != step.status {
			t.Errorf("%s: status %d, want %d: %s", step.name, a.status, step.status, a.body)
			continue
		}
		if step.state == "" {
			continue
		}
		var now native.Plan
		a.into(t, &now)
		if now.State != step.state {
			t.Errorf("%s: %s, want %s", step.name, now.State, step.state)
		}
		if diff := cmp.Diff(step.moves, now.Moves); diff != "" {
			t.Errorf("%s: moves (-want +got):\n%s", step.name, diff)
		}
	}

	// Whoever may not see the cluster sees no plan, and makes none.
	s.caller = access.Principal{ID: "EKSPX", Role: access.Approver, Scope: access.Scope{Accounts: []string{"999999999999"}}}
	var list native.PlanList
	if s.call("GET", "/plans", "").into(t, &list); len(list.Items) != 0 {
		t.Errorf("%d plans are shown outside of the scope", len(list.Items))
	}
	for _, step := range [][3]string{{"GET", at, ""}, {"POST", at + "/approve", accepted}, {"POST", at + "/apply", ""}, {"POST", at + "/cancel", ""}, {"POST", "/plans", draft}} {
		if a := s.call(step[0], step[1], step[2]); a.status != http.StatusNotFound {
			t.Errorf("%v outside of the scope: status %d", step, a.status)
		}
	}
}

// Everything that can be applied is offered, by options that findings have and values
// that a request for a plan has.
// A fleet plan by the API: its plans follow it, and it is not there for whoever may not
// see all of its clusters.
func TestFleetPlans(t *testing.T) {
	w := newWorld()
	s := serve(t, w.config())
	var f native.FleetPlan
	s.call("POST", "/fleet-plans", `{"topic":"internet-reachable","option":"private","wish":"resolved","severities":["Critical","High"]}`).into(t, &f)
	if diff := cmp.Diff(&remediation.Goal{Severities: []exposure.Severity{exposure.Critical, exposure.High}}, f.Goal); diff != "" {
		t.Errorf("goal (-want +got):\n%s", diff)
	}
	if want := []remediation.Move{remediation.MoveApprove, remediation.MoveCancel}; !slices.Equal(f.Moves, want) {
		t.Errorf("moves %v, want %v", f.Moves, want)
	}
	if f.State != plan.Drafted || f.Author != caller.ID || len(f.Plans) == 0 || len(f.Plans) != len(f.Members()) {
		t.Fatalf("%+v", f)
	}
	at := "/fleet-plans/" + f.ID
	accepted := `{"hash":"` + f.Hash + `","accept":["all"]}`
	steps := []struct {
		name, method, path, body string
		status                   int
		fleet, first             plan.State
	}{
		{"no such topic", "POST", "/fleet-plans", `{"topic":"x","option":"private"}`, 400, "", ""},
		{"no such option", "POST", "/fleet-plans", `{"topic":"internet-reachable","option":"x"}`, 409, "", ""},
		{"no such wish", "POST", "/fleet-plans", `{"topic":"internet-reachable","option":"private","wish":"x"}`, 400, "", ""},
		{"waves of nothing", "POST", "/fleet-plans", `{"topic":"internet-reachable","option":"private","batch":-1}`, 400, "", ""},
		{"not approved", "POST", at + "/apply", "", 409, "", ""},
		{"another hash", "POST", at + "/approve", `{"hash":"0","accept":["all"]}`, 409, "", ""},
		{"not accepted", "POST", at + "/approve", `{"hash":"` + f.Hash + `"}`, 400, "", ""},
		{"approved", "POST", at + "/approve", accepted, 200, plan.Approved, plan.Approved},
		{"applied", "POST", at + "/apply", "", 200, plan.Applying, plan.Approved},
		{"paused", "POST", at + "/pause", "", 200, plan.Paused, plan.Approved},
		{"cancelled", "POST", at + "/cancel", "", 200, plan.Cancelled, plan.Cancelled},
		{"no such fleet plan", "GET", "/fleet-plans/none", "", 404, "", ""},
	}
	for _, step := range steps {
		a := s.call(step.method, step.path, step.body)
		if a.status != step.status {
			t.Errorf("%s: status %d, want %d: %s", step.name, a.status, step.status, a.body)
			continue
		}
		if step.fleet == "" {
			continue
		}
		var now native.FleetPlan
		if a.into(t, &now); now.State != step.fleet || now.Plans[0].State != step.first {
			t.Errorf("%s: %s with %s, want %s with %s", step.name, now.State, now.Plans[0].State, step.fleet, step.first)
		}
	}
	s.caller = access.Principal{ID: "EKSPX", Role: access.Approver, Scope: access.Scope{Accounts: []string{"999999999999"}}}
	var list native.FleetPlanList
	if s.call("GET", "/fleet-plans", "").into(t, &list); len(list.Items) != 0 {
		t.Errorf("%d fleet plans are shown outside of the scope", len(list.Items))
	}
	for _, step := range [][3]string{{"GET", at, ""}, {"POST", at + "/approve", accepted}, {"POST", at + "/apply", ""}, {"POST", "/fleet-plans", `{"topic":"internet-reachable","option":"private"}`}} {
		if a := s.call(step[0], step[1], step[2]); a.status != http.StatusNotFound {
			t.Errorf("%v outside of the scope: status %d", step, a.status)
		}
	}
}

// Each cluster of a fleet plan has its own time to be drafted: one that takes longer is
// named, and the others are kept. Meanwhile the API tells how far it is. When nobody waits
// for it any more, nothing is left of it.
func TestFleetPlansAreDraftedClusterByCluster(t *testing.T) {
	choice := remediation.FleetRequest{Request: remediation.Request{Trait: "internet-reachable", Option: "private"}, Batch: 2}
	synctest.Test(t, func(t *testing.T) {
		p := &planning{world: newWorld(), records: map[string]plan.Record{}}
		var slow inventory.ClusterRef
		p.describing = func(ctx context.Context, ref inventory.ClusterRef) error {
			if ref != slow {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		service := p.service()
		all, err := service.DraftFleet(t.Context(), choice, caller, func(d remediation.Drafting) { slow = d.Clusters[0] })
		if err == nil && len(all.Members()) == 0 {
			t.Fatal("there is no other cluster")
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(all.Omitted) != 1 || all.Omitted[0].Cluster != slow || !strings.Contains(all.Omitted[0].Reason, "not drafted in 15m0s") {
			t.Errorf("left out: %+v", all.Omitted)
		}
		if len(service.Drafting()) != 0 {
			t.Errorf("still drafting: %+v", service.Drafting())
		}

		// While it is drafted.
		cfg := p.config()
		cfg.Plans = service
		s := serve(t, cfg)
		var told native.FleetPlanList
		var outside native.FleetPlanList
		ctx, cancel := context.WithCancel(t.Context())
		records := len(p.records)
		_, err = service.DraftFleet(ctx, choice, caller, func(d remediation.Drafting) {
			slow = d.Clusters[len(d.Clusters)-1]
			if d.Cluster != slow {
				return
			}
			s.call("GET", "/fleet-plans", "").into(t, &told)
			s.caller = access.Principal{ID: "EKSPX", Role: access.Approver, Scope: access.Scope{Accounts: []string{"999999999999"}}}
			s.call("GET", "/fleet-plans", "").into(t, &outside)
			cancel()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("nobody waits for it: %v", err)
		}
		if len(told.Drafting) != 1 || told.Drafting[0].Cluster != slow || told.Drafting[0].Done != told.Drafting[0].All-1 || told.Drafting[0].Author != caller.ID {
			t.Errorf("told %+v", told.Drafting)
		}
		if len(outside.Drafting) != 0 {
			t.Errorf("told outside of the scope: %+v", outside.Drafting)
		}
		for key, r := range p.records {
			if r.State == plan.Drafted && !strings.Contains(key, all.ID) && !slices.ContainsFunc(all.Members(), func(m remediation.Member) bool { return m.Plan == r.ID }) {
				t.Errorf("%s is left, of %d", key, len(p.records)-records)
			}
		}
	})
}

func TestOffers(t *testing.T) {
	known := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[native.PlanRequest]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = true
	}
	for _, topic := range remediation.Topics() {
		offers := remediation.Offers(topic)
		if len(offers) == 0 {
			t.Errorf("topic %s is applied, and not offered", topic)
		}
		for _, o := range offers {
			for _, ask := range o.Asks {
				if !known[ask.Name] {
					t.Errorf("topic %s, option %s: a request has no %s", topic, o.Option, ask.Name)
				}
			}
		}
	}

	w := newWorld()
	f := w.outcomes[0].Finding
	f.Topics = append(f.Topics, exposure.TopicState{ID: exposure.DeleteTopic, Title: "Delete the cluster", Effort: exposure.EffortHours})
	var topics native.Topics
	serve(t, w.config()).call("GET", "/findings/"+f.ID+"/topics", "").into(t, &topics)
	got := map[string][]string{}
	for _, topic := range topics.Items {
		for _, o := range topic.Offers {
			got[topic.ID] = append(got[topic.ID], o.Option)
		}
	}
	if want := []string{"private", "public-and-private", "public", "prefix-list"}; !slices.Equal(got["internet-reachable"], want) {
		t.Errorf("offered for internet-reachable: %v, want %v", got["internet-reachable"], want)
	}
	if want := []string{"upgrade", "policy"}; !slices.Equal(got["unsupported-kubernetes-version"], want) {
		t.Errorf("offered for a version: %v, want %v: the policy is of no finding", got["unsupported-kubernetes-version"], want)
	}

	var all native.PlanTopics
	serve(t, w.config()).call("GET", "/plan-topics", "").into(t, &all)
	if len(all.Items) != len(remediation.Topics()) {
		t.Errorf("%d topics can be planned, want %d", len(all.Items), len(remediation.Topics()))
	}
	for _, topic := range all.Items {
		for _, o := range topic.Offers {
			if topic.Title == "" || o.Title == "" {
				t.Errorf("topic %s (%q), option %s (%q): want titles", topic.ID, topic.Title, o.Option, o.Title)
			}
		}
	}
	if want := []string{"delete"}; !slices.Equal(got[exposure.DeleteTopic], want) {
		t.Errorf("offered for a topic without options: %v, want %v", got[exposure.DeleteTopic], want)
	}
}

// Drafting may read many images; it is not cut off as other requests are.
func TestDraftsHaveTime(t *testing.T) {
	routes, err := native.Routes(newWorld().config())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if drafts := r.Operation == "DraftPlan" || r.Operation == "DraftFleetPlan"; drafts != (r.Timeout > time.Minute) {
			t.Errorf("%s has %s", r.Operation, r.Timeout)
		}
	}
}
