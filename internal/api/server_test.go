package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
)

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

func noon() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// keys are access keys by ID: each ID's secret is the one above.
type keys map[string]access.Principal

func (k keys) Credential(_ context.Context, id string) (access.Principal, string, error) {
	p, ok := k[id]
	switch {
	case !ok:
		return access.Principal{}, "", fmt.Errorf("access key %q: %w", id, fault.ErrNotFound)
	case p.Role == "":
		return access.Principal{}, "", fmt.Errorf("access key %q is revoked: %w", id, fault.ErrDenied)
	}
	p.ID = id
	return p, secret, nil
}

func (keys) Used(context.Context, string) {}

// audit is an audit log in memory.
type audit struct {
	mu      sync.Mutex
	entries []access.Entry
}

func (a *audit) Audit(_ context.Context, e access.Entry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries = append(a.entries, e)
	return nil
}

func (a *audit) list() []access.Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entries
}

// world is a server with a few routes, and what it did.
type world struct {
	url   string
	audit *audit
	log   *bytes.Buffer
	mu    sync.Mutex
	now   time.Time
	seen  []string // OPERATION STATUS of the observer
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func routes() []api.Route {
	who := func(w http.ResponseWriter, r *http.Request, c api.Caller) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if r.Method == http.MethodPatch {
			if err := c.Note("finding/1", nil, map[string]string{"comment": "seen"}); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(w, "%s %s %s", c.ID, c.Role, body)
		return err
	}
	fail := func(err error) func(http.ResponseWriter, *http.Request, api.Caller) error {
		return func(http.ResponseWriter, *http.Request, api.Caller) error { return err }
	}
	return []api.Route{
		{Operation: "Search", Method: "POST", Path: "/findingsv2", Action: access.Read, Handle: who},
		{Operation: "Update", Method: "PATCH", Path: "/findingsv2/batchupdatev2", Action: access.Operate, Handle: who},
		{Operation: "Approve", Method: "POST", Path: "/approve", Action: access.Approve, Handle: who},
		{Operation: "Administer", Method: "DELETE", Path: "/hubv2", Action: access.Administer, Handle: who},
		{Operation: "Open", Method: "GET", Path: "/open", Action: access.Read, Open: true, Handle: who},
		{Operation: "Small", Method: "POST", Path: "/small", Action: access.Read, MaxBody: 8, Handle: who},
		{Operation: "Tags", Method: "GET", Path: "/tags/{arn}", Action: access.Read, Handle: func(w http.ResponseWriter, r *http.Request, _ api.Caller) error {
			_, err := io.WriteString(w, r.PathValue("arn"))
			return err
		}},
		{Operation: "Invalid", Method: "GET", Path: "/invalid", Action: access.Read, Open: true, Handle: fail(fmt.Errorf("filter 3: %w", fault.ErrInvalid))},
		{Operation: "Missing", Method: "GET", Path: "/missing", Action: access.Read, Open: true, Handle: fail(fmt.Errorf("rule x: %w", fault.ErrNotFound))},
		{Operation: "Conflict", Method: "GET", Path: "/conflict", Action: access.Read, Open: true, Handle: fail(fault.ErrConflict)},
		{Operation: "Quota", Method: "GET", Path: "/quota", Action: access.Read, Open: true, Handle: fail(fault.ErrQuota)},
		{Operation: "Down", Method: "GET", Path: "/down", Action: access.Read, Open: true, Handle: fail(fmt.Errorf("dial 10.0.0.1: %w", fault.ErrUnavailable))},
		{Operation: "Broken", Method: "GET", Path: "/broken", Action: access.Read, Open: true, Handle: fail(errors.New("table findings is gone"))},
		{Operation: "Panic", Method: "GET", Path: "/panic", Action: access.Read, Open: true, Handle: func(http.ResponseWriter, *http.Request, api.Caller) error {
			panic("index out of range")
		}},
		{Operation: "Half", Method: "GET", Path: "/half", Action: access.Read, Open: true, Handle: func(w http.ResponseWriter, _ *http.Request, _ api.Caller) error {
			_, err := io.WriteString(w, `[{"a":1},`)
			return errors.Join(err, http.NewResponseController(w).Flush(), errors.New("page two"))
		}},
		{Operation: "Flaky", Method: "PATCH", Path: "/flaky", Action: access.Operate, Handle: fail(fault.ErrUnavailable)},
		{Operation: "Slow", Method: "GET", Path: "/slow", Action: access.Read, Open: true, Timeout: time.Millisecond, Handle: func(_ http.ResponseWriter, r *http.Request, _ api.Caller) error {
			<-r.Context().Done()
			return r.Context().Err()
		}},
	}
}

func start(t *testing.T, limits api.Limits) *world {
	t.Helper()
	w := &world{audit: &audit{}, log: &bytes.Buffer{}, now: noon()}
	known := keys{
		"EKSPVIEWER": {Name: "reader", Role: access.Viewer}, "EKSPOPERATOR": {Name: "bob", Role: access.Operator},
		"EKSPAPPROVER": {Name: "carol", Role: access.Approver}, "EKSPADMIN": {Name: "root", Role: access.Admin}, "EKSPREVOKED": {Name: "gone"},
	}
	h := api.New(api.Config{
		Routes: routes(), Authenticate: []api.Authenticator{api.Signed{Keys: known, Now: w.clock}},
		Audit: w.audit, Now: w.clock, Limits: limits, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Observe: func(_ context.Context, operation string, status int, _ time.Duration) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.seen = append(w.seen, fmt.Sprint(operation, " ", status))
		},
	})
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

// request is one request, signed at noon unless it says otherwise.
type request struct {
	method, path, body string
	key, secret, token string
	service, region    string
	at                 time.Time
	// id is the SDK's ID of the request; most SDKs sign one.
	id     string
	before func(*http.Request) // before signing
	after  func(*http.Request)
}

// answer is what the server said.
type answer struct {
	status int
	code   string // AWS's name of an error
	body   string
	header http.Header
}

func (q request) send(t *testing.T, w *world) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), q.method, w.url+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.id != "" {
		req.Header.Set("Amz-Sdk-Invocation-Id", q.id)
	}
	if q.before != nil {
		q.before(req)
	}
	if q.key != "" {
		sum := sha256.Sum256([]byte(q.body))
		cred := aws.Credentials{AccessKeyID: q.key, SecretAccessKey: or(q.secret, secret), SessionToken: q.token}
		at := q.at
		if at.IsZero() {
			at = noon()
		}
		if err := v4.NewSigner().SignHTTP(t.Context(), cred, req, hex.EncodeToString(sum[:]), or(q.service, "securityhub"), or(q.region, "eu-central-1"), at); err != nil {
			t.Fatal(err)
		}
	}
	if q.after != nil {
		q.after(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, code: resp.Header.Get("X-Amzn-Errortype"), body: string(body), header: resp.Header}
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

func search(key string) request {
	return request{method: "POST", path: "/findingsv2", body: `{"MaxResults":1}`, key: key}
}

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

func TestASignatureCountsOnce(t *testing.T) {
	w := start(t, api.Limits{})
	write := request{method: "PATCH", path: "/findingsv2/batchupdatev2", key: "EKSPOPERATOR"}
	read := search("EKSPVIEWER")
	named := read
	named.id = "0b8a1a55-8e0e-4b6a-9e0a-000000000001"
	other := named
	other.id = "0b8a1a55-8e0e-4b6a-9e0a-000000000002"
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
		{"the read with another ID", other, 0, 200},
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
			Outcome: "AccessDeniedException", Details: []byte(`{"reason":"\"bob\" with role operator is not authorized to perform: Administer (administer): access denied"}`),
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
