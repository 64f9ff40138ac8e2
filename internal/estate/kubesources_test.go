package estate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/estate"
)

// A Service and an Ingress take a merge patch as the API server does: with the right to,
// only onto the version that was read, not when it is only tried, and null takes away.
func TestSourceRangesArePatched(t *testing.T) {
	e := start(t, estate.Config{})
	reads := connect(t, assume(t, e, shop, "eu-central-1"), "shop-production")
	writes := reads
	writes.bearer = token(t, assumeRole(t, e, "arn:aws:iam::"+shop+":role/"+estate.RemediationRole, "eu-central-1"), "shop-production")
	type object struct {
		Metadata struct {
			ResourceVersion string            `json:"resourceVersion"`
			Annotations     map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec struct {
			Ranges []string `json:"loadBalancerSourceRanges"`
		} `json:"spec"`
	}
	const cidr, key, merge = "203.0.113.0/24", "alb.ingress.kubernetes.io/inbound-cidrs", "application/merge-patch+json"
	for _, tt := range []struct{ path, set, unset string }{
		{"/api/v1/namespaces/shop/services/web", `"spec": {"loadBalancerSourceRanges": ["` + cidr + `"]}`, `"spec": {"loadBalancerSourceRanges": null}`},
		{"/apis/networking.k8s.io/v1/namespaces/shop/ingresses/shop", `"metadata": {"annotations": {"` + key + `": "` + cidr + `"}}`, `"metadata": {"annotations": {"` + key + `": null}}`},
	} {
		t.Run(tt.path, func(t *testing.T) {
			ask := func(method, path, body string, want int) (o object) {
				t.Helper()
				status, text := sendAs(t, writes, method, path, merge, body)
				if err := json.Unmarshal([]byte(text), &o); status != want || err != nil {
					t.Fatalf("%s %s: %d %.300s, want %d", method, path, status, text, want)
				}
				return o
			}
			limited := func(o object) bool {
				return slices.Contains(o.Spec.Ranges, cidr) || o.Metadata.Annotations[key] == cidr
			}
			before := ask(http.MethodGet, tt.path, "", http.StatusOK)
			if status, text := sendAs(t, reads, http.MethodPatch, tt.path, merge, "{"+tt.set+"}"); status != http.StatusForbidden || !strings.Contains(text, "cannot patch resource") {
				t.Errorf("who only reads: %d %s", status, text)
			}
			ask(http.MethodPatch, tt.path, fmt.Sprintf(`{"metadata": {"resourceVersion": %q}}`, "1"), http.StatusConflict)
			if !limited(ask(http.MethodPatch, tt.path+"?dryRun=All", "{"+tt.set+"}", http.StatusOK)) || limited(ask(http.MethodGet, tt.path, "", http.StatusOK)) {
				t.Error("what was only tried was kept, or not tried")
			}
			if now := ask(http.MethodPatch, tt.path, "{"+tt.set+"}", http.StatusOK); !limited(now) || now.Metadata.ResourceVersion == before.Metadata.ResourceVersion {
				t.Errorf("patched, it is %+v", now)
			}
			if now := ask(http.MethodPatch, tt.path, "{"+tt.unset+"}", http.StatusOK); limited(now) || len(now.Metadata.Annotations) != len(before.Metadata.Annotations) {
				t.Errorf("taken back, it is %+v", now)
			}
		})
	}
}
