package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/api"
)

func TestWhoIsLetIn(t *testing.T) {
	w := start(t, api.Limits{})
	with := func(change func(*request)) request {
		q := search("EKSPVIEWER")
		change(&q)
		return q
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, tt := range []struct {
		name   string
		send   request
		status int
		code   string
	}{
		{"signed", search("EKSPVIEWER"), 200, ""},
		{"another region", with(func(q *request) { q.region = "us-gov-west-1" }), 200, ""},
		{"unsigned", with(func(q *request) { q.key = "" }), 403, "MissingAuthenticationTokenException"},
		{"another scheme", with(func(q *request) { q.key, q.after = "", header("Authorization", "Basic YTpi") }), 403, "MissingAuthenticationTokenException"},
		{"wrong secret", with(func(q *request) { q.secret = "guess" }), 403, "InvalidSignatureException"},
		{"unknown key", search("EKSPNOBODY"), 403, "UnrecognizedClientException"},
		{"revoked key", search("EKSPREVOKED"), 403, "UnrecognizedClientException"},
		{"session token", with(func(q *request) { q.token = "IQoJ" }), 403, "UnrecognizedClientException"},
		{"another service", with(func(q *request) { q.service = "sts" }), 403, "InvalidSignatureException"},
		{"five minutes old", with(func(q *request) { q.at = noon().Add(-5 * time.Minute) }), 200, ""},
		{"expired", with(func(q *request) { q.at = noon().Add(-5*time.Minute - time.Second) }), 403, "InvalidSignatureException"},
		{"future", with(func(q *request) { q.at = noon().Add(5*time.Minute + time.Second) }), 403, "InvalidSignatureException"},
		{"body changed", with(func(q *request) {
			q.after = func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"MaxResults":9}`)) }
		}), 403, "InvalidSignatureException"},
		{"two Authorization headers", with(func(q *request) {
			q.after = func(r *http.Request) {
				r.Header.Add("Authorization", strings.Replace(r.Header.Get("Authorization"), "VIEWER", "ADMIN", 1))
			}
		}), 403, "IncompleteSignatureException"},
		{"key replaced", with(func(q *request) {
			q.after = func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "EKSPVIEWER/", "EKSPADMIN/", 1))
			}
		}), 200, ""}, // the keys of this test share one secret
		{"another method by a header", request{method: "POST", path: "/findingsv2", key: "EKSPVIEWER", before: header("X-Http-Method-Override", "DELETE")}, 200, ""},
		{"presigned", with(func(q *request) {
			q.key, q.path = "", "/findingsv2?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=EKSPVIEWER%2F20261125%2Feu-central-1%2Fsecurityhub%2Faws4_request"+
				"&X-Amz-Date=20261125T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
		}), 403, "IncompleteSignatureException"},
		{"no such operation", request{method: "GET", path: "/none"}, 404, "UnknownOperationException"},
		{"no such method", request{method: "PUT", path: "/findingsv2"}, 404, "UnknownOperationException"},
		{"open", request{method: "GET", path: "/open"}, 200, ""},
		{"an ARN in the path", request{method: "GET", path: "/tags/arn%3Aaws%3Ax%2Fy", key: "EKSPVIEWER"}, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.send.send(t, w)
			if got.status != tt.status || got.code != tt.code {
				t.Fatalf("%d %s %s, want %d %s", got.status, got.code, got.body, tt.status, tt.code)
			}
			if got.header.Get("X-Amzn-Requestid") == "" || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", got.header)
			}
			if tt.code == "" {
				return
			}
			var body struct {
				Message string `json:"Message"`
				Code    string `json:"Code"`
			}
			if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.Code != tt.code || body.Message == "" {
				t.Errorf("body %s: %v", got.body, err)
			}
		})
	}
}

func TestRolesMayWhatTheyMay(t *testing.T) {
	w := start(t, api.Limits{})
	operations := []request{
		{method: "POST", path: "/findingsv2"},
		{method: "PATCH", path: "/findingsv2/batchupdatev2"},
		{method: "POST", path: "/approve"},
		{method: "DELETE", path: "/hubv2"},
	}
	for i, key := range []string{"EKSPVIEWER", "EKSPOPERATOR", "EKSPAPPROVER", "EKSPADMIN"} {
		for j, q := range operations {
			q.key = key
			got := q.send(t, w)
			want := 200
			if j > i {
				want = 403
			}
			if got.status != want || want == 403 && got.code != "AccessDeniedException" {
				t.Errorf("%s %s: %d %s, want %d", key, q.path, got.status, got.code, want)
			}
		}
	}
}

const (
	shop  = "arn:aws:eks:eu-west-1:111122223333:cluster/shop"
	other = "arn:aws:eks:us-east-1:444455556666:cluster/other"
)

func TestAForeignScopeSeesNothing(t *testing.T) {
	w := start(t, api.Limits{})
	for _, key := range []string{"EKSPACCOUNT", "EKSPREGION", "EKSPCLUSTER"} {
		for arn, want := range map[string]int{shop: 200, other: 404} {
			got := request{method: "GET", path: "/clusters/" + url.PathEscape(arn), key: key}.send(t, w)
			if got.status != want || want == 404 && got.code != "ResourceNotFoundException" {
				t.Errorf("%s %s: %d %s", key, arn, got.status, got.code)
			}
		}
	}
}

func TestASignatureCountsOnce(t *testing.T) {
	w := start(t, api.Limits{})
	write := request{method: "PATCH", path: "/findingsv2/batchupdatev2", key: "EKSPOPERATOR"}
	read := search("EKSPVIEWER")
	named := read
	named.id = "0b8a1a55-8e0e-4b6a-9e0a-000000000001"
	another := named
	another.id = "0b8a1a55-8e0e-4b6a-9e0a-000000000002"
	unsignedID := read
	unsignedID.after = func(r *http.Request) { r.Header.Set("Amz-Sdk-Invocation-Id", "x") }
	for _, step := range []struct {
		name  string
		send  request
		after time.Duration
		want  int
	}{
		{"write", write, 0, 200},
		{"the same write", write, 0, 403},
		{"the same write, as long as it counts", write, 5 * time.Minute, 403},
		{"the same write, later", write, 2 * time.Second, 403},
		{"read with an ID", named, -5*time.Minute - 2*time.Second, 200},
		{"the same read", named, 0, 403},
		{"the read with another ID", another, 0, 200},
		{"read with no ID", read, 0, 200},
		{"the same, in the same second", read, 0, 200},
		{"an ID that is not signed is none", unsignedID, 0, 200},
	} {
		w.pass(step.after)
		if got := step.send.send(t, w); got.status != step.want || step.want == 403 && got.code != "InvalidSignatureException" {
			t.Fatalf("%s: %d %s %s, want %d", step.name, got.status, got.code, got.body, step.want)
		}
	}
}

func TestWhatFailedMayBeSentAgain(t *testing.T) {
	w := start(t, api.Limits{})
	flaky := request{method: "PATCH", path: "/flaky", key: "EKSPOPERATOR"}
	for range 2 {
		if got := flaky.send(t, w); got.status != 503 {
			t.Errorf("%d %s", got.status, got.code)
		}
	}
}
