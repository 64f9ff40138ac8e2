package estate_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
)

// A workload is patched as on a real API server: by who may, onto the version that was
// read, not when it is only tried; and its pods follow when the time has come.
func TestWorkloadsArePatchedAndRolledOut(t *testing.T) {
	e := start(t, estate.Config{UpdateTime: time.Hour})
	reads := connect(t, assume(t, e, shop, "eu-central-1"), "shop-production")
	writes := reads
	writes.bearer = token(t, assumeRole(t, e, "arn:aws:iam::"+shop+":role/"+estate.RemediationRole, "eu-central-1"), "shop-production")
	ask := func(method, path, body string, want int, into any) {
		t.Helper()
		status, text := send(t, writes, method, path, body)
		if status != want {
			t.Fatalf("%s %s: %d %.300s, want %d", method, path, status, text, want)
		}
		if into == nil {
			return
		}
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	const search = "/apis/apps/v1/namespaces/shop/deployments/search"
	fixed := published.Image("shop-search-v3.0.2")
	image := "111122223333.dkr.ecr.eu-central-1.amazonaws.com/" + fixed.Repository + ":" + fixed.Tag + "@" + fixed.Digest
	patch := func(version, image string) string {
		return fmt.Sprintf(`{"metadata": {"resourceVersion": %q}, "spec": {"template": {"spec": {"containers": [{"name": "search", "image": %q}]}}}}`, version, image)
	}
	var before deployment
	ask(http.MethodGet, search, "", http.StatusOK, &before)
	if status, text := send(t, reads, http.MethodPatch, search, patch("", image)); status != http.StatusForbidden || !strings.Contains(text, `cannot patch resource \"deployments\"`) {
		t.Errorf("who only reads: %d %s", status, text)
	}
	for _, refused := range []struct {
		why, path, body string
		status          int
	}{
		{"another version", search, patch("1", image), http.StatusConflict},
		{"what is not there", search + "s", patch("", image), http.StatusNotFound},
		{"what may not be changed", "/api/v1/namespaces/shop/configmaps/search", "{}", http.StatusMethodNotAllowed},
		{"no patch", search, "[", http.StatusBadRequest},
	} {
		t.Log(refused.why)
		ask(http.MethodPatch, refused.path, refused.body, refused.status, nil)
	}
	var now, tried deployment
	ask(http.MethodPatch, search+"?dryRun=All", patch(before.Metadata.ResourceVersion, image), http.StatusOK, &tried)
	if !strings.Contains(tried.images(), image) {
		t.Errorf("tried, it has %s", tried.images())
	}
	ask(http.MethodGet, search, "", http.StatusOK, &now)
	if now.images() != before.images() || now.Metadata != before.Metadata {
		t.Errorf("what was only tried was kept: %+v", now)
	}
	ask(http.MethodPatch, search, patch(before.Metadata.ResourceVersion, image), http.StatusOK, &now)
	if !strings.Contains(now.images(), image) || !strings.Contains(now.images(), "agent") || now.Status.Updated != 0 || now.Metadata.Generation != before.Metadata.Generation+1 {
		t.Errorf("patched, it is %+v", now)
	}
	e.Finish()
	ask(http.MethodGet, search, "", http.StatusOK, &now)
	if now.Status.Updated != 2 || now.Status.Available != 2 {
		t.Errorf("rolled out, it is %+v", now)
	}
	// What the registry has not never gets ready.
	ask(http.MethodPatch, search, patch("", "example.com/shop/search:none"), http.StatusOK, nil)
	e.Finish()
	var stuck deployment
	ask(http.MethodGet, search, "", http.StatusOK, &stuck)
	if stuck.Status.Updated != 0 {
		t.Errorf("an image that cannot be pulled is rolled out: %+v", stuck)
	}
}

type deployment struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Generation      int    `json:"generation"`
	} `json:"metadata"`
	Spec struct {
		Template struct {
			Spec struct {
				Containers []struct{ Name, Image string } `json:"containers"`
			} `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
	Status struct {
		Updated   int `json:"updatedReplicas"`
		Available int `json:"availableReplicas"`
	} `json:"status"`
}

func (d deployment) images() string { return fmt.Sprint(d.Spec.Template.Spec.Containers) }
