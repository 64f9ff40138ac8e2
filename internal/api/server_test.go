package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
)

func TestBodiesAreBounded(t *testing.T) {
	w := start(t, api.Limits{})
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for _, tt := range []struct {
		name, path string
		size, want int
		before     func(*http.Request)
	}{
		{name: "fits", path: "/small", size: 8, want: 200},
		{name: "one more", path: "/small", size: 9, want: 413},
		{name: "one more, of unknown length", path: "/small", size: 9, want: 413, before: chunked},
		{name: "the usual bound", path: "/findingsv2", size: api.DefaultMaxBody, want: 200},
		{name: "more than the usual bound", path: "/findingsv2", size: api.DefaultMaxBody + 1, want: 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := request{method: "POST", path: tt.path, body: strings.Repeat("x", tt.size), key: "EKSPVIEWER", before: tt.before}.send(t, w)
			if got.status != tt.want || got.status == 413 && got.code != "RequestEntityTooLargeException" {
				t.Errorf("%d %s, want %d", got.status, got.code, tt.want)
			}
		})
	}
	if w.log.Len() > 0 {
		t.Errorf("callers fill the log: %s", w.log.String())
	}
}

func TestRates(t *testing.T) {
	t.Run("of a principal", func(t *testing.T) {
		w := start(t, api.Limits{PerPrincipal: api.Rate{PerSecond: 1, Burst: 2}})
		for i, want := range []int{200, 200, 429} {
			if got := search("EKSPVIEWER").send(t, w); got.status != want {
				t.Fatalf("request %d: %d, want %d", i, got.status, want)
			}
		}
		got := search("EKSPVIEWER").send(t, w)
		if got.code != "ThrottlingException" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s, headers %v", got.code, got.header)
		}
		if got := search("EKSPADMIN").send(t, w); got.status != 200 {
			t.Errorf("another key: %d", got.status)
		}
		w.pass(time.Second)
		if got := search("EKSPVIEWER").send(t, w); got.status != 200 {
			t.Errorf("a second later: %d", got.status)
		}
	})
	t.Run("of an address", func(t *testing.T) {
		w := start(t, api.Limits{PerAddress: api.Rate{PerSecond: 1, Burst: 2}})
		unsigned := search("")
		for i, want := range []int{403, 403, 429} {
			if got := unsigned.send(t, w); got.status != want {
				t.Errorf("request %d: %d, want %d", i, got.status, want)
			}
		}
		if got := search("EKSPADMIN").send(t, w); got.status != 429 {
			t.Errorf("a key from the same address: %d", got.status)
		}
	})
	t.Run("a throttled write may be sent again", func(t *testing.T) {
		w := start(t, api.Limits{PerPrincipal: api.Rate{PerSecond: 1, Burst: 1}})
		search("EKSPOPERATOR").send(t, w)
		write := request{method: "PATCH", path: "/findingsv2/batchupdatev2", key: "EKSPOPERATOR"}
		if got := write.send(t, w); got.status != 429 {
			t.Fatal(got.status)
		}
		w.pass(time.Second)
		if got := write.send(t, w); got.status != 200 {
			t.Errorf("again: %d %s", got.status, got.body)
		}
	})
}

func TestErrorsHaveAWSsShape(t *testing.T) {
	w := start(t, api.Limits{})
	for _, tt := range []struct {
		path   string
		status int
		code   string
		says   string
	}{
		{"/invalid", 400, "ValidationException", "filter 3"},
		{"/missing", 404, "ResourceNotFoundException", "rule x"},
		{"/conflict", 409, "ConflictException", ""},
		{"/quota", 402, "ServiceQuotaExceededException", ""},
		{"/down", 503, "ServiceUnavailableException", ""},
		{"/broken", 500, "InternalServerException", ""},
		{"/panic", 500, "InternalServerException", ""},
		{"/slow", 503, "ServiceUnavailableException", ""},
	} {
		got := request{method: "GET", path: tt.path}.send(t, w)
		if got.status != tt.status || got.code != tt.code || !strings.Contains(got.body, tt.says) {
			t.Errorf("%s: %d %s %s", tt.path, got.status, got.code, got.body)
		}
		for _, inside := range []string{"10.0.0.1", "table", "index", "goroutine"} {
			if strings.Contains(got.body, inside) {
				t.Errorf("%s tells what is inside: %s", tt.path, got.body)
			}
		}
		if tt.status == 500 && !strings.Contains(got.body, got.header.Get("X-Amzn-Requestid")) {
			t.Errorf("%s does not name the request: %s", tt.path, got.body)
		}
	}
	for _, logged := range []string{"table findings is gone", "index out of range"} {
		if strings.Count(w.log.String(), logged) != 1 {
			t.Errorf("%q stands %d times in the log", logged, strings.Count(w.log.String(), logged))
		}
	}
	if strings.Contains(w.log.String(), "filter 3") {
		t.Error("a caller's mistake is in the log")
	}
}

func TestHalfAnAnswerIsCut(t *testing.T) {
	w := start(t, api.Limits{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/half", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the answer looks whole")
	}
}

func TestAudit(t *testing.T) {
	w := start(t, api.Limits{})
	search("EKSPADMIN").send(t, w)
	request{method: "PATCH", path: "/findingsv2/batchupdatev2", key: "EKSPOPERATOR", body: "{}"}.send(t, w)
	request{method: "DELETE", path: "/hubv2", key: "EKSPOPERATOR"}.send(t, w)
	request{method: "DELETE", path: "/hubv2", key: "EKSPADMIN", secret: "guess"}.send(t, w)
	want := []access.Entry{
		{
			At: noon(), Principal: "EKSPOPERATOR", Name: "bob", Operation: "Update", Action: access.Operate, Target: "finding/1", Address: "127.0.0.1",
			Outcome: access.OutcomeDone, Details: []byte(`{"after":{"comment":"seen"}}`),
		},
		{
			At: noon(), Principal: "EKSPOPERATOR", Name: "bob", Operation: "Administer", Action: access.Administer, Target: "/hubv2", Address: "127.0.0.1",
			Outcome: "AccessDeniedException", Details: []byte(`{"reason":"\"bob\" with role operator is not authorized to perform: Administer (administer)"}`),
		},
		{
			At: noon(), Operation: "Administer", Action: access.Administer, Target: "/hubv2", Address: "127.0.0.1", Outcome: "InvalidSignatureException",
		},
	}
	diff := cmp.Diff(want, w.audit.list(), cmpopts.IgnoreFields(access.Entry{}, "RequestID"), cmp.FilterPath(func(p cmp.Path) bool {
		return p.Last().String() == ".Details"
	}, cmp.Comparer(func(a, b json.RawMessage) bool { return a == nil || b == nil || bytes.Equal(a, b) })))
	if diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for i, e := range w.audit.list() {
		if e.RequestID == "" {
			t.Errorf("entry %d names no request", i)
		}
	}
}

func TestNobodyFillsTheAuditLog(t *testing.T) {
	w := start(t, api.Limits{})
	for range 300 {
		request{method: "DELETE", path: "/hubv2"}.send(t, w)
	}
	if got := len(w.audit.list()); got != 100 {
		t.Errorf("%d entries", got)
	}
	request{method: "DELETE", path: "/hubv2", key: "EKSPADMIN"}.send(t, w)
	if got := len(w.audit.list()); got != 101 {
		t.Errorf("%d entries after an admin's", got)
	}
}

func TestObserver(t *testing.T) {
	w := start(t, api.Limits{})
	search("EKSPADMIN").send(t, w)
	search("").send(t, w)
	request{method: "GET", path: "/panic"}.send(t, w)
	w.mu.Lock()
	defer w.mu.Unlock()
	if diff := cmp.Diff([]string{"Search 200", "Search 403", "Panic 500"}, w.seen); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestNoSecretInLogAnswerOrAudit(t *testing.T) {
	w := start(t, api.Limits{})
	var all strings.Builder
	for _, q := range []request{
		{method: "DELETE", path: "/hubv2", key: "EKSPADMIN", after: func(r *http.Request) { r.Header.Set("X-Amz-Date", "x") }},
		{method: "DELETE", path: "/hubv2", key: "EKSPADMIN", secret: "guess"},
		{method: "DELETE", path: "/hubv2", key: "EKSPVIEWER"},
		{method: "GET", path: "/broken"},
	} {
		all.WriteString(q.send(t, w).body)
	}
	entries, err := json.Marshal(w.audit.list())
	if err != nil {
		t.Fatal(err)
	}
	all.Write(entries)
	all.WriteString(w.log.String())
	if strings.Contains(all.String(), secret) || strings.Contains(all.String(), "Signature=") {
		t.Errorf("a secret is in %s", all.String())
	}
}

// Pages are shown to everybody, where no operation is, with their own policy and
// within the limits.
func TestPages(t *testing.T) {
	w := start(t, api.Limits{PerAddress: api.Rate{PerSecond: 1, Burst: 3}})
	page := request{method: "GET", path: "/page"}.send(t, w)
	if page.status != 200 || page.body != "a page" || page.header.Get("Content-Security-Policy") != "of the page" {
		t.Errorf("%+v", page)
	}
	if other := (request{method: "GET", path: "/nowhere"}).send(t, w); other.code != "UnknownOperationException" {
		t.Errorf("%+v", other)
	}
	if operation := (request{method: "GET", path: "/open"}).send(t, w); operation.status != 200 {
		t.Errorf("%+v", operation)
	}
	if over := (request{method: "GET", path: "/page"}).send(t, w); over.status != 429 {
		t.Errorf("over the limit: %+v", over)
	}
}
