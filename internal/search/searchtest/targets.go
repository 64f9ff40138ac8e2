// Package searchtest answers questions about remediation targets plainly: from all
// that findings have, with no index and no counts. Stores are compared with it, and
// tests that need no store use it.
package searchtest

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/search"
)

var ecrImage = regexp.MustCompile(`^([0-9]{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com`)

// Targets answers a request over findings that have been recorded in their order.
func Targets(findings []*exposure.Finding, r search.TargetRequest) search.TargetPage {
	byID, wanted := map[string]*search.TargetTotal{}, map[string]bool{}
	best := map[string]exposure.Exposed{}
	for _, f := range findings {
		if !r.Scope.Allows(f.Cluster.Ref) {
			continue
		}
		for _, e := range exposure.Targets(f) {
			if r.Finding == "" || r.Finding == f.ID {
				wanted[e.ID] = true
			}
			t := byID[e.ID]
			if t == nil {
				t = &search.TargetTotal{
					ID: e.ID, Trait: e.Trait, Type: e.Type, Title: e.Title, Resource: e.Resource, Priority: exposure.Low, Status: search.TargetNew,
					Account: e.Cluster.Account, Region: e.Cluster.Region,
				}
				if m := ecrImage.FindStringSubmatch(e.Resource.UID); m != nil {
					t.Account, t.Region = m[1], m[2]
				}
				byID[e.ID] = t
			}
			count(t, e)
			if b, ok := best[e.ID]; !ok || e.Before.Rank() >= b.Before.Rank() {
				best[e.ID], t.Finding, t.Cluster = e, e.Finding, e.Cluster
			}
		}
	}
	var page search.TargetPage
	for id, t := range byID {
		if wanted[id] && (r.Target == "" || r.Target == id) && matches(t, r.Filters) && place(t) > r.Token {
			page.Items = append(page.Items, *t)
		}
	}
	slices.SortFunc(page.Items, func(a, b search.TargetTotal) int { return cmp.Compare(place(&a), place(&b)) })
	if len(page.Items) > r.Limit {
		page.Items = page.Items[:r.Limit]
		page.Next = place(&page.Items[r.Limit-1])
	}
	return page
}

func count(t *search.TargetTotal, e exposure.Exposed) {
	switch e.Outcome() {
	case exposure.Resolves:
		t.Resolves++
	case exposure.Reduces:
		t.Reduces++
	case exposure.Leaves:
		t.Leaves++
	}
	if e.Outcome() != exposure.Leaves && e.Before.Rank() > t.Priority.Rank() {
		t.Priority = e.Before
	}
	if e.ModifiedAt.After(e.FirstSeen) {
		t.Status = search.TargetUpdated
	}
	if e.ModifiedAt.After(t.UpdatedAt) {
		t.UpdatedAt = e.ModifiedAt
	}
}

func matches(t *search.TargetTotal, filters []search.TargetFilter) bool {
	for _, f := range filters {
		value := map[search.TargetField]string{
			search.TargetResourceType: t.Resource.Type, search.TargetPriority: string(t.Priority), search.TargetStatusField: string(t.Status),
			search.TargetResourceID: t.Resource.UID, search.TargetOwner: t.Account, search.TargetCloudProvider: "AWS",
		}[f.Field]
		if value != f.Value {
			return false
		}
	}
	return true
}

// place orders targets as text.
func place(t *search.TargetTotal) string {
	const most = 999_999_999
	return fmt.Sprintf("%d %09d %09d %s", 9-t.Priority.Rank(), most-t.Resolves, most-t.Reduces, t.ID)
}

// Exposed answers a request for the findings of a target.
func Exposed(findings []*exposure.Finding, r search.ExposedRequest) search.ExposedPage {
	type at struct {
		search.Exposed

		place string
	}
	var list []at
	for i, f := range findings {
		if !r.Scope.Allows(f.Cluster.Ref) {
			continue
		}
		for _, e := range exposure.Targets(f) {
			if p := fmt.Sprintf("%d %09d", 9-e.Before.Rank(), len(findings)-i); e.ID == r.Target && p > r.Token {
				list = append(list, at{search.Exposed{Finding: e.Finding, Title: e.Heading, Before: e.Before, After: e.After, Effect: e.Outcome()}, p})
			}
		}
	}
	slices.SortFunc(list, func(a, b at) int { return cmp.Compare(a.place, b.place) })
	var page search.ExposedPage
	for i, e := range list {
		if i == r.Limit {
			page.Next = list[i-1].place
			break
		}
		page.Items = append(page.Items, e.Exposed)
	}
	return page
}
