package store_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// SQL and a plain filter in memory select the same findings in the same order.
func TestQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(3, 4))
		pick := func(list ...string) string { return list[random.IntN(len(list))] }
		accounts, regions := []string{"111122223333", "444455556666", "777788889999"}, []string{"eu-central-1", "us-east-1"}
		traits := []string{"internet-reachable", "unsupported-kubernetes-version", "low-priority-vulnerability"}
		var all []*exposure.Finding
		for i := range 60 {
			var has []string
			for _, id := range traits {
				if standing := pick("", "", "=contributing", "=contextual", "=unknown"); standing != "" {
					has = append(has, id+standing)
				}
			}
			kind := exposure.ChangeKind(pick("created", "updated", "closed"))
			o := outcome(ref(pick(accounts...), pick(regions...), "c"+strconv.Itoa(i)), exposure.Severities()[random.IntN(4)], kind, has...)
			if kind != exposure.Closed {
				o.Finding.Status = exposure.Status(pick("New", "In Progress", "Suppressed"))
			}
			record(t, db, o)
			all = append(all, o.Finding)
		}
		slices.SortFunc(all, exposure.Compare)
		some := func(list []string) []string {
			var out []string
			for _, v := range list {
				if random.IntN(2) == 0 {
					out = append(out, v)
				}
			}
			return out
		}
		for range 300 {
			q := exposure.Query{Accounts: some(accounts), Regions: some(regions), Traits: some(traits[:1+random.IntN(2)]), Closed: random.IntN(2) == 0, Limit: random.IntN(20)}
			if random.IntN(2) == 0 {
				q.Severities = []exposure.Severity{exposure.High, exposure.Low}
				q.Statuses = []exposure.Status{exposure.StatusNew, exposure.StatusResolved}
			}
			if random.IntN(4) == 0 {
				q.Clusters = []string{"c1", "c7", all[3].Cluster.Ref.String()}
			}
			if random.IntN(3) == 0 {
				q.Scope = access.Scope{Accounts: some(accounts), Regions: some(regions)}
			}
			if random.IntN(4) == 0 {
				q.Scope.Clusters = clusters(all[random.IntN(30):])
			}
			for _, few := range []bool{true, false} {
				got, err := db.Selected(t.Context(), q, few)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(clusters(selected(all, q)), clusters(got)); diff != "" {
					t.Fatalf("query %+v (-want +got):\n%s", q, diff)
				}
			}
		}
	})
}

func selected(all []*exposure.Finding, q exposure.Query) []*exposure.Finding {
	var out []*exposure.Finding
	for _, f := range all {
		has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
		named := len(q.Clusters) == 0 || slices.Contains(q.Clusters, f.Cluster.Ref.Name) || slices.Contains(q.Clusters, f.Cluster.Ref.String())
		trait := len(q.Traits) == 0 || slices.ContainsFunc(f.Traits, func(s exposure.TraitState) bool {
			return s.Standing == exposure.Contributing && slices.Contains(q.Traits, s.ID)
		})
		if named && trait && has(q.Accounts, f.Cluster.Ref.Account) && has(q.Regions, f.Cluster.Ref.Region) && (q.Closed || f.Open()) && q.Scope.Allows(f.Cluster.Ref) &&
			(len(q.Severities) == 0 || slices.Contains(q.Severities, f.Severity)) && (len(q.Statuses) == 0 || slices.Contains(q.Statuses, f.Status)) {
			out = append(out, f)
		}
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[:q.Limit]
	}
	return out
}

func clusters(list []*exposure.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.Cluster.Ref.String())
	}
	return out
}
