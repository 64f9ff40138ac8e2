package catalog_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/fault"
)

func TestTags(t *testing.T) {
	h := openHub(t)
	c := newCataloger(t, catalog.Config{})
	got, err := c.Tags(t.Context(), h.host()+"/shop/search")
	if diff := cmp.Diff([]string{"v3.0.1", "v3.0.2", "v3.0.3", "v3.1.0-rc.1"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := c.Tags(t.Context(), h.host()+"/shop/nothing"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a repository that is not there: %v, want fault.ErrNotFound", err)
	}
	if _, err := c.Tags(t.Context(), "Not A Repository"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("%v, want fault.ErrInvalid", err)
	}
}

func TestResolve(t *testing.T) {
	h := openHub(t)
	c := newCataloger(t, catalog.Config{})
	for name, want := range map[string][]string{"agent": {"linux/amd64", "linux/arm64"}, "shop-search": nil} {
		p := h.Image(name)
		digest, platforms, err := c.Resolve(t.Context(), h.host()+"/"+p.Repository, p.Tag)
		if diff := cmp.Diff(want, platforms); diff != "" || digest != p.Digest || err != nil {
			t.Errorf("%s is %s, want %s; %v, platforms (-want +got):\n%s", name, digest, p.Digest, err, diff)
		}
	}
	if _, _, err := c.Resolve(t.Context(), h.host()+"/shop/search", "v9"); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("a tag that is not there: %v, want fault.ErrNotFound", err)
	}
}

// A registry may give tags in pages, as many as it likes: all are read, or none.
func TestTagsInPages(t *testing.T) {
	for _, tt := range []struct {
		why           string
		pages, inEach int
		want          error
	}{
		{"three pages", 3, 2, nil},
		{"more tags than anybody has", 60, 1000, fault.ErrInvalid},
		{"pages without end", 1 << 30, 1, fault.ErrInvalid},
	} {
		t.Run(tt.why, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if !strings.HasSuffix(req.URL.Path, "/tags/list") {
					return
				}
				page := 0
				_, _ = fmt.Sscanf(req.URL.Query().Get("page"), "%d", &page)
				if page+1 < tt.pages {
					w.Header().Set("Link", fmt.Sprintf(`</v2/app/tags/list?page=%d>; rel="next"`, page+1))
				}
				tags := make([]string, tt.inEach)
				for i := range tags {
					tags[i] = fmt.Sprintf(`"1.%d.%d"`, page, i)
				}
				_, _ = fmt.Fprintf(w, `{"name": "app", "tags": [%s]}`, strings.Join(tags, ","))
			}))
			defer server.Close()
			got, err := newCataloger(t, catalog.Config{}).Tags(t.Context(), strings.TrimPrefix(server.URL, "http://")+"/app")
			if !errors.Is(err, tt.want) || err == nil && len(got) != tt.pages*tt.inEach {
				t.Errorf("%d tags, %v; want %v", len(got), err, tt.want)
			}
		})
	}
}
