package store_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// TestProfiles counts what is open, however it came about, within a scope.
func TestProfiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(4, 1))
		list := corpus(random, 40)
		var open []*exposure.Finding
		for i, o := range list {
			if err := db.Record(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			f := o.Finding
			if i%4 == 0 {
				var change exposure.Change
				if f, change = exposure.CloseGone(f, storetest.Now()); change.Kind != exposure.Unchanged {
					if err := db.Record(t.Context(), exposure.Outcome{Cluster: o.Cluster, Finding: f, Change: change}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if f.Open() {
				open = append(open, f)
			}
		}
		ref := open[0].Cluster.Ref
		check := func(what string, scope access.Scope, accounts, regions []string, in func(*exposure.Finding) bool) {
			t.Helper()
			want := map[string]int{}
			for _, f := range open {
				if in(f) {
					want[encode(t, exposure.ProfileOf(f))]++
				}
			}
			found, err := db.Profiles(t.Context(), scope, accounts, regions)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, p := range found {
				got[encode(t, p.Profile)] += p.Findings
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got) != len(found) {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		everything := func(*exposure.Finding) bool { return true }
		check("all", access.Scope{}, nil, nil, everything)
		check("a cluster's scope", access.Scope{Clusters: []string{ref.String()}}, nil, nil, func(f *exposure.Finding) bool { return f.Cluster.Ref == ref })
		check("an account, in the scope of a region", access.Scope{Regions: []string{ref.Region}}, []string{ref.Account}, nil,
			func(f *exposure.Finding) bool {
				return f.Cluster.Ref.Region == ref.Region && f.Cluster.Ref.Account == ref.Account
			})
		check("a region outside of the scope", access.Scope{Accounts: []string{ref.Account}}, nil, []string{"mars-north-1"}, func(*exposure.Finding) bool { return false })

		if err := db.ForgetProfiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ok, err := db.Indexed(t.Context()); ok || err != nil {
			t.Errorf("findings of an earlier program have no profiles: %v, %v", ok, err)
		}
		if _, err := db.Profiles(t.Context(), access.Scope{}, nil, nil); !errors.Is(err, fault.ErrUnavailable) || !strings.Contains(err.Error(), "try again") {
			t.Errorf("nothing is counted before all can be: %v", err)
		}
		n := 0
		if err := db.Reindex(t.Context(), func(done int) { n = done }); err != nil || n != len(open) {
			t.Errorf("%d of %d open findings: %v", n, len(open), err)
		}
		if ok, err := db.Indexed(t.Context()); !ok || err != nil {
			t.Errorf("indexed: %v, %v", ok, err)
		}
		check("all, worked out later", access.Scope{}, nil, nil, everything)
	})
}

func encode(t *testing.T, p exposure.Profile) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
