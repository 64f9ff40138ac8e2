package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// An undecided cluster has no finding, and is not forgotten until it is decided.
func TestUndecided(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		left := exposure.Outcome{Cluster: shop, Evaluation: exposure.Evaluation{Cluster: shop, At: day(1), Results: []exposure.Result{
			{Trait: "internet-reachable", Verdict: exposure.Absent},
			{Trait: "high-priority-vulnerability", Verdict: exposure.VerdictUnknown, Unknowns: []string{"workloads not read: the endpoint is private"}},
		}}}
		want := []exposure.Undecided{{Cluster: shop, At: day(1), Traits: []exposure.UnknownTrait{
			{Trait: "high-priority-vulnerability", Reasons: []string{"workloads not read: the endpoint is private"}},
		}}}
		decided := left
		decided.Evaluation.Results = left.Evaluation.Results[:1]
		exposed := left
		exposed.Finding, exposed.Change = outcome(shop, exposure.High, exposure.Created, "internet-reachable").Finding, exposure.Change{Kind: exposure.Created}
		closed := left
		closed.Finding, closed.Change = outcome(shop, exposure.High, exposure.Closed).Finding, exposure.Change{Kind: exposure.Closed}
		gone := exposure.Outcome{Cluster: shop}
		for _, step := range []struct {
			name string
			o    exposure.Outcome
			want []exposure.Undecided
			open []inventory.ClusterRef
		}{
			{"undecided", left, want, []inventory.ClusterRef{shop}},
			{"decided", decided, nil, []inventory.ClusterRef{}},
			{"undecided again", left, want, []inventory.ClusterRef{shop}},
			{"exposed: the finding tells what is unknown", exposed, nil, []inventory.ClusterRef{shop}},
			{"closed, and undecided again", closed, want, []inventory.ClusterRef{shop}},
			{"the cluster is gone", gone, nil, []inventory.ClusterRef{}},
		} {
			record(t, db, step.o)
			got, err := db.Undecided(t.Context())
			if diff := cmp.Diff(step.want, got); err != nil || diff != "" {
				t.Errorf("%s: %v\n%s", step.name, err, diff)
			}
			clusters, err := db.OpenClusters(t.Context())
			if diff := cmp.Diff(step.open, clusters); err != nil || diff != "" {
				t.Errorf("%s: open clusters: %v\n%s", step.name, err, diff)
			}
		}
	})
}
