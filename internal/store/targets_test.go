package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/report/reporttest"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/search/searchtest"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// sameTargets walks all pages of a request and of its plain answer.
func sameTargets(t *testing.T, why string, db *store.DB, findings []*exposure.Finding, r search.TargetRequest) {
	t.Helper()
	r.Limit = 2
	walk := func(ask func(search.TargetRequest) search.TargetPage) (list []search.TargetTotal) {
		r := r
		for {
			page := ask(r)
			list = append(list, page.Items...)
			if r.Token = page.Next; r.Token == "" {
				return list
			}
		}
	}
	got := walk(func(r search.TargetRequest) search.TargetPage {
		page, err := db.Targets(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return page
	})
	want := walk(func(r search.TargetRequest) search.TargetPage { return searchtest.Targets(findings, r) })
	if diff := gocmp.Diff(want, got, cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", why, diff)
	}
	for _, target := range got {
		e := search.ExposedRequest{Scope: r.Scope, Target: target.ID, Limit: 1}
		plain := e
		for {
			page, err := db.Exposed(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			wanted := searchtest.Exposed(findings, plain)
			if diff := gocmp.Diff(wanted.Items, page.Items); diff != "" || (wanted.Next == "") != (page.Next == "") {
				t.Errorf("%s: exposures of %s (-want +got):\n%s", why, target.ID, diff)
			}
			if e.Token, plain.Token = page.Next, wanted.Next; page.Next == "" || wanted.Next == "" {
				break
			}
		}
	}
}

// The targets and their counts are those of the findings: after scans, after a person
// put a finding aside, and after the index was made afresh.
func TestTargetsAreThoseOfTheFindings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var findings []*exposure.Finding
		for i := range 6 { // two of a kind, so that images are shared
			for _, f := range []*exposure.Finding{reporttest.Checkout(), reporttest.Abandoned()} {
				f.Cluster.Ref.Account = fmt.Sprintf("%012d", 111111111111+i%2)
				f.Cluster.Ref.Name = fmt.Sprintf("%s-%d", f.Cluster.Ref.Name, i)
				f.Cluster.Ref.Region = []string{"eu-central-1", "us-east-1"}[i%2]
				f.ID = fmt.Sprintf("%064x", 100-len(findings))
				f.UID = fmt.Sprintf("%s-%d", f.UID, i)
				findings = append(findings, f)
				if err := db.Record(t.Context(), exposure.Outcome{Cluster: f.Cluster.Ref, Finding: f, Change: exposure.Change{Kind: exposure.Created}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		first := findings[0]
		target := exposure.Targets(first)[0]
		compare := func(when string) {
			t.Helper()
			for why, r := range map[string]search.TargetRequest{
				"all": {}, "one": {Target: target.ID}, "of a finding": {Finding: first.ID}, "of a finding outside": {Finding: first.ID, Scope: access.Scope{Accounts: []string{"111111111112"}}},
				"of a scope": {Scope: access.Scope{Accounts: []string{"111111111112"}}}, "of a cluster": {Scope: access.Scope{Clusters: []string{first.Cluster.Ref.String()}}},
				"of a region":            {Scope: access.Scope{Regions: []string{first.Cluster.Ref.Region}}},
				"images of a region":     {Scope: access.Scope{Regions: []string{first.Cluster.Ref.Region}}, Filters: []search.TargetFilter{{Field: search.TargetResourceType, Value: "Container::Image"}}},
				"resource of a region":   {Scope: access.Scope{Regions: []string{first.Cluster.Ref.Region}}, Filters: []search.TargetFilter{{Field: search.TargetResourceID, Value: target.Resource.UID}}},
				"images":                 {Filters: []search.TargetFilter{{Field: search.TargetResourceType, Value: "Container::Image"}}},
				"urgent":                 {Filters: []search.TargetFilter{{Field: search.TargetPriority, Value: "Critical"}}},
				"low":                    {Filters: []search.TargetFilter{{Field: search.TargetPriority, Value: "Low"}}},
				"new":                    {Filters: []search.TargetFilter{{Field: search.TargetStatusField, Value: "New"}}},
				"updated, of an account": {Filters: []search.TargetFilter{{Field: search.TargetStatusField, Value: "Updated"}, {Field: search.TargetOwner, Value: "111111111112"}}},
				"resource":               {Filters: []search.TargetFilter{{Field: search.TargetResourceID, Value: target.Resource.UID}}},
				"cloud":                  {Filters: []search.TargetFilter{{Field: search.TargetCloudProvider, Value: "Azure"}}},
			} {
				sameTargets(t, when+": "+why, db, findings, r)
			}
		}
		compare("recorded")

		for _, f := range findings[2:4] {
			f.Override = &exposure.Override{Status: exposure.StatusSuppressed, By: "EKSPTEST", At: storetest.Now(), Facts: f.Facts()}
			if err := db.SetOverride(t.Context(), f.ID, func(*exposure.Finding) (*exposure.Override, error) { return f.Override, nil }); err != nil {
				t.Fatal(err)
			}
		}
		compare("after two were suppressed")
		if err := db.ForgetIndex(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Reindex(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(findings, func(a, b *exposure.Finding) int { return cmp.Compare(a.ID, b.ID) }) // the order of indexing
		compare("after indexing afresh")
	})
}

func TestTargetTokensOfAnotherOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		if _, err := db.Targets(t.Context(), search.TargetRequest{Limit: 1, Token: "x"}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("targets: %v", err)
		}
		for _, token := range []string{"x", "4", "4 x"} {
			if _, err := db.Exposed(t.Context(), search.ExposedRequest{Target: "x", Limit: 1, Token: token}); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("exposures with %q: %v", token, err)
			}
		}
	})
}
