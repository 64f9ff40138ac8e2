package native_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// Lists are sorted, searched and counted over all pages, within the caller's scope.
func TestSortedLists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Helper()
		for _, o := range newWorld().outcomes {
			if err := db.Record(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		s := serve(t, native.Config{Clusters: db, Images: db, Now: storetest.Now})
		clusters := func(query string) (names []string, next string, total int) {
			t.Helper()
			var list native.ClusterList
			s.call("GET", "/clusters"+query, "").into(t, &list)
			for _, c := range list.Items {
				names = append(names, c.Cluster.Ref.Name)
			}
			return names, list.NextCursor, list.Total
		}
		names, next, total := clusters("?sort=-name&limit=2")
		if diff := cmp.Diff([]string{"c", "b"}, names); diff != "" || next == "" || total != 3 {
			t.Fatalf("the first page, of %d (-want +got):\n%s", total, diff)
		}
		names, end, total := clusters("?sort=-name&limit=2&cursor=" + next)
		if diff := cmp.Diff([]string{"a"}, names); diff != "" || end != "" || total != 3 {
			t.Errorf("the last page, of %d (-want +got):\n%s", total, diff)
		}
		if names, _, total := clusters("?q=B%20EU-central&sort=version"); cmp.Diff([]string{"b"}, names) != "" || total != 1 {
			t.Errorf("search: %v of %d", names, total)
		}
		for _, query := range []string{"?limit=2&cursor=" + next, "?sort=name&cursor=" + next, "?sort=mood", "?sort=name&cursor=e30"} {
			if a := s.call("GET", "/clusters"+query, ""); a.status != http.StatusBadRequest {
				t.Errorf("%s: status %d", query, a.status)
			}
		}
		var images native.ImageList
		s.call("GET", "/images?sort=-critical&running=true&q=web", "").into(t, &images)
		if len(images.Items) != 1 || images.Total != 1 || images.Items[0].Running != 6 {
			t.Errorf("images %+v", images)
		}
		s.call("GET", "/images?unread=true", "").into(t, &images)
		if len(images.Items) != 0 || images.Total != 0 {
			t.Errorf("images that nobody could read: %+v", images)
		}
		places := func() []exposure.Place {
			t.Helper()
			var list native.Places
			s.call("GET", "/places", "").into(t, &list)
			return list.Items
		}
		want := []exposure.Place{{Account: account, Region: "eu-central-1", Clusters: 3}}
		if diff := cmp.Diff(want, places()); diff != "" {
			t.Errorf("places (-want +got):\n%s", diff)
		}
		s.caller.Scope = access.Scope{Clusters: []string{cluster("b").String()}}
		want[0].Clusters = 1
		if diff := cmp.Diff(want, places()); diff != "" {
			t.Errorf("places of a scope (-want +got):\n%s", diff)
		}
		if names, _, total := clusters("?sort=nodes"); cmp.Diff([]string{"b"}, names) != "" || total != 1 {
			t.Errorf("a scope: %v of %d", names, total)
		}
		s.call("GET", "/images?sort=clusters", "").into(t, &images)
		if len(images.Items) != 1 || images.Total != 1 || images.Items[0].Clusters != 1 || images.Items[0].Running != 2 {
			t.Errorf("images of a scope: %+v", images)
		}
	})
}
