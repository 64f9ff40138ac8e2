package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// planned gives the documents that a query chooses, side by side.
func planned(t *testing.T, db *store.DB, q plan.Query) string {
	t.Helper()
	list, err := db.Plans(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(list))
	for i, document := range list {
		texts[i] = string(document)
	}
	return strings.Join(texts, " ")
}

func TestPlans(t *testing.T) {
	bank := ref("444455556666", "us-east-1", "bank")
	record := func(id string, state plan.State, cluster inventory.ClusterRef, document string) plan.Record {
		return plan.Record{Kind: "plan", ID: id, State: state, Cluster: cluster, Document: []byte(document)}
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, step := range []struct {
			name string
			do   func() error
			want error
		}{
			{"add", func() error { return db.AddPlan(t.Context(), record("b", plan.Drafted, shop, "b1")) }, nil},
			{"add what is there", func() error { return db.AddPlan(t.Context(), record("b", plan.Drafted, shop, "b2")) }, fault.ErrConflict},
			{"add another, before it", func() error { return db.AddPlan(t.Context(), record("a", plan.Applying, bank, "a1")) }, nil},
			{"add a third", func() error { return db.AddPlan(t.Context(), record("c", plan.Done, shop, "c1")) }, nil},
			{"add a fleet plan", func() error {
				return db.AddPlan(t.Context(), plan.Record{Kind: "fleet plan", ID: "b", State: plan.Applying, Document: []byte("f1")})
			}, nil},
			{"replace", func() error { return db.ReplacePlan(t.Context(), record("b", plan.Applying, shop, "b3"), []byte("b1")) }, nil},
			{"replace what was changed", func() error { return db.ReplacePlan(t.Context(), record("b", plan.Done, shop, "b4"), []byte("b1")) }, fault.ErrConflict},
			{"replace what is not there", func() error { return db.ReplacePlan(t.Context(), record("d", plan.Done, shop, "d1"), []byte("d0")) }, fault.ErrConflict},
		} {
			if err := step.do(); !errors.Is(err, step.want) {
				t.Errorf("%s: %v", step.name, err)
			}
		}
		for _, tt := range []struct {
			name string
			q    plan.Query
			want string
		}{
			{"all", plan.Query{Kind: "plan"}, "a1 b3 c1"},
			{"another kind", plan.Query{Kind: "fleet plan", States: plan.Working()}, "f1"},
			{"at work", plan.Query{Kind: "plan", States: plan.Working()}, "a1 b3"},
			{"of a cluster", plan.Query{Kind: "plan", Clusters: []inventory.ClusterRef{shop}}, "b3 c1"},
			{"of clusters, at work", plan.Query{Kind: "plan", States: plan.Working(), Clusters: []inventory.ClusterRef{shop, bank}}, "a1 b3"},
			{"by ID", plan.Query{Kind: "plan", IDs: []string{"c", "a", "z"}}, "a1 c1"},
			{"none", plan.Query{Kind: "plan", States: []plan.State{plan.Cancelled}}, ""},
		} {
			if got := planned(t, db, tt.q); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
		if got, err := db.Plan(t.Context(), "plan", "b"); err != nil || string(got) != "b3" {
			t.Errorf("Plan = %q, %v", got, err)
		}
		if _, err := db.Plan(t.Context(), "fleet plan", "a"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("Plan that is not there: %v", err)
		}
	})
}

// Plans that were objects, before schema 14, are found by state and cluster.
func TestPlansThatWereObjects(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, path string) {
		if err := store.MakeAt(t.Context(), path, 13); err != nil {
			t.Fatal(err)
		}
		one := `{"plan":{"id":"a","cluster":{"partition":"aws","account":"111122223333","region":"eu-central-1","name":"shop"}},"state":"applying"}`
		many := `{"id":"f","state":"done"}`
		for kind, document := range map[string]string{"plan": one, "fleet plan": many, "rule": "no JSON"} {
			execute(t, path, fmt.Sprintf(`INSERT INTO objects (kind, id, document) VALUES ('%s', 'a', x'%x')`, kind, document))
		}
		db := open(t, path)
		if got := planned(t, db, plan.Query{Kind: "plan", States: plan.Working(), Clusters: []inventory.ClusterRef{shop}}); got != one {
			t.Errorf("plan: %q", got)
		}
		if got := planned(t, db, plan.Query{Kind: "fleet plan", States: []plan.State{plan.Done}}); got != many {
			t.Errorf("fleet plan: %q", got)
		}
		for kind, want := range map[string]int{"plan": 0, "fleet plan": 0, "rule": 1} {
			if left, err := db.Objects(t.Context(), kind); err != nil || len(left) != want {
				t.Errorf("%d objects of kind %q, %v", len(left), kind, err)
			}
		}
	})
}
