package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
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
		{Operation: "Cluster", Method: "GET", Path: "/clusters/{arn}", Action: access.Read, Handle: func(_ http.ResponseWriter, r *http.Request, c api.Caller) error {
			ref, err := inventory.ParseClusterRef(r.PathValue("arn"))
			return errors.Join(err, c.Scope.Check(ref))
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

// pages are a page at /page alone.
type pages struct{}

func (pages) Takes(r *http.Request) bool { return r.URL.Path == "/page" }

func (pages) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", "of the page")
	_, _ = io.WriteString(w, "a page")
}

func start(t *testing.T, limits api.Limits) *world {
	t.Helper()
	w := &world{audit: &audit{}, log: &bytes.Buffer{}, now: noon()}
	known := keys{
		"EKSPVIEWER": {Name: "reader", Role: access.Viewer}, "EKSPOPERATOR": {Name: "bob", Role: access.Operator},
		"EKSPACCOUNT":  {Role: access.Viewer, Scope: access.Scope{Accounts: []string{"111122223333"}}},
		"EKSPREGION":   {Role: access.Viewer, Scope: access.Scope{Regions: []string{"eu-west-1"}}},
		"EKSPCLUSTER":  {Role: access.Viewer, Scope: access.Scope{Clusters: []string{shop}}},
		"EKSPAPPROVER": {Name: "carol", Role: access.Approver}, "EKSPADMIN": {Name: "root", Role: access.Admin}, "EKSPREVOKED": {Name: "gone"},
	}
	h := api.New(api.Config{
		Routes: routes(), Pages: pages{}, Authenticate: []api.Authenticator{api.Signed{Keys: known, Now: w.clock}},
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
