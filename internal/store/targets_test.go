package store_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/report/reporttest"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// The targets that are kept are those that the findings have: after a scan, after a
// person put a finding aside, and after the index was made afresh.
func TestTargetsAreThoseOfTheFindings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, o := range reporttest.Outcomes() {
			if err := db.Record(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		first, second := reporttest.Checkout(), reporttest.Abandoned()
		compare := func(why string, scope access.Scope, target, finding string, want ...exposure.Exposed) {
			t.Helper()
			got, err := db.Targets(t.Context(), scope, target, finding)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range [][]exposure.Exposed{got, want} {
				slices.SortFunc(list, func(a, b exposure.Exposed) int { return cmp.Compare(a.ID+a.Finding, b.ID+b.Finding) })
			}
			if diff := gocmp.Diff(want, got, cmpopts.EquateApproxTime(time.Millisecond), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", why, diff)
			}
		}
		all := append(exposure.Targets(first), exposure.Targets(second)...)
		compare("all", access.Scope{}, "", "", all...)
		compare("of a scope", access.Scope{Accounts: []string{second.Cluster.Ref.Account}}, "", "", exposure.Targets(second)...)
		compare("of a finding", access.Scope{}, "", first.ID, exposure.Targets(first)...)
		one := exposure.Targets(first)[0]
		compare("one", access.Scope{Regions: []string{first.Cluster.Ref.Region}}, one.ID, "", one)

		err := db.SetOverride(t.Context(), first.ID, func(f *exposure.Finding) (*exposure.Override, error) {
			return &exposure.Override{Status: exposure.StatusSuppressed, By: "EKSPTEST", At: storetest.Now(), Facts: f.Facts()}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		compare("after one was suppressed", access.Scope{}, "", "", exposure.Targets(second)...)
		if err := db.ForgetIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Reindex(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		compare("after indexing afresh", access.Scope{}, "", "", exposure.Targets(second)...)
	})
}
