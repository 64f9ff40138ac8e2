package securityhub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/securityhub"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/report/reporttest"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

// world is a server over a database in memory, and who calls it.
type world struct {
	*memory

	t      testing.TB
	desks  *desks
	db     *store.DB // in place of the memory, when it is not nil
	url    string
	caller access.Principal
	now    time.Time
	seen   map[string]int
	plans  securityhub.Plans
	mu     sync.Mutex
}

// newWorld has the findings, and nobody to serve them to.
func newWorld(tb testing.TB, findings ...*exposure.Finding) *world {
	tb.Helper()
	return &world{
		memory: newMemory(findings...), t: tb, desks: &desks{opened: map[string]automation.Ticket{}}, now: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC), seen: map[string]int{},
		caller: access.Principal{ID: "EKSPTEST", Name: "test", Role: access.Admin},
	}
}

// start serves the findings. Every exchange is checked against AWS's model.
func start(t *testing.T, findings ...*exposure.Finding) *world {
	t.Helper()
	w := newWorld(t, findings...)
	w.listen(t)
	return w
}

// listen starts the server.
func (w *world) listen(t *testing.T) {
	t.Helper()
	mux := http.NewServeMux()
	for _, r := range w.routes() {
		mux.HandleFunc(r.Method+" "+r.Path, func(rw http.ResponseWriter, req *http.Request) { w.serve(rw, req, r) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.url = server.URL
}

func (w *world) routes() []api.Route {
	ids := 0
	service := hub.New(hub.Config{
		Account: "111122223333", Region: "eu-central-1", Version: "v1.2.3", Page: trait.Page,
		Now: func() time.Time { return w.now },
		NewID: func() string {
			ids++
			return fmt.Sprintf("00000000-0000-4000-8000-%012d", ids)
		},
	}, w.ports())
	exports := export.New(export.Config{Findings: w.memory, Objects: w.memory, Now: func() time.Time { return w.now }})
	return securityhub.Routes(securityhub.Config{Hub: service, Exports: exports, Plans: w.plans})
}

func (w *world) ports() hub.Ports {
	p := hub.Ports{Findings: w.memory, Resources: w.memory, Trends: w.memory, Overrides: w.memory, Objects: w.memory, Desks: w.desks, Targets: w.memory}
	if w.db != nil {
		p.Findings, p.Resources, p.Trends, p.Overrides, p.Objects, p.Targets = w.db, w.db, w.db, w.db, w.db, w.db
	}
	return p
}

func (w *world) serve(rw http.ResponseWriter, req *http.Request, r api.Route) {
	body, _ := io.ReadAll(req.Body)
	req.Body = io.NopCloser(bytes.NewReader(body))
	caller := api.Caller{Principal: w.caller, RequestID: "req-1", Address: "127.0.0.1"}
	rec := httptest.NewRecorder()
	err := fmt.Errorf("%s is not authorized: %w", caller.Name, fault.ErrDenied)
	if caller.May(r.Action) {
		err = r.Handle(rec, req, caller)
	}
	if err != nil {
		r.Fail(rec, req, caller, err)
	}
	m := loadModel(w.t)
	x := exchange{
		operation: r.Operation, method: req.Method, uri: req.URL.RequestURI(), request: body,
		status: rec.Code, header: rec.Header(), answer: rec.Body.Bytes(),
	}
	if m.Operations[r.Operation] != nil { // else it is one that is not answered
		for _, p := range m.check(x) {
			w.t.Errorf("%s (%s %s): %s", r.Operation, x.method, x.uri, p)
		}
	}
	w.mu.Lock()
	w.seen[r.Operation]++
	w.mu.Unlock()
	maps.Copy(rw.Header(), rec.Header())
	rw.WriteHeader(rec.Code)
	_, _ = rw.Write(rec.Body.Bytes())
}

// client is the unmodified AWS SDK for Go.
func (w *world) client() *sh.Client {
	return sh.New(sh.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(w.url), RetryMaxAttempts: 1, HTTPClient: whole{},
		Credentials: credentials.NewStaticCredentialsProvider("EKSPTEST", "secret", ""),
	})
}

// whole sends a body of its own. The SDK closes its body as soon as the answer
// begins, and when the transport still looks at it then, the connection is closed
// under the answer (aws/aws-sdk-go-v2#1825); a server nearby is fast enough for that.
type whole struct{}

func (whole) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return http.DefaultTransport.RoundTrip(r)
}

// call sends plain JSON and gives the status, the error's name and the answer.
func (w *world) call(method, path, body string) (int, string, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, res.Header.Get("X-Amzn-ErrorType"), answer
}

// fleet makes n findings of clusters of two accounts and two regions, and of three
// severities.
func fleet(tb testing.TB, n int) []*exposure.Finding {
	tb.Helper()
	list := make([]*exposure.Finding, 0, n)
	for i := range n {
		var f *exposure.Finding
		switch i % 3 {
		case 0:
			f = reporttest.Checkout()
		case 1:
			f = reporttest.Abandoned()
		default:
			f = reporttest.Closed()
		}
		old := f.Cluster.Ref
		ref := old
		ref.Name = fmt.Sprintf("%s-%d", old.Name, i)
		data, err := json.Marshal(f)
		if err != nil {
			tb.Fatal(err)
		}
		f = new(exposure.Finding)
		if err := json.Unmarshal(bytes.ReplaceAll(data, []byte(old.String()), []byte(ref.String())), f); err != nil {
			tb.Fatal(err)
		}
		f.Cluster.Ref = ref
		for i := range f.Topics {
			f.Topics[i].Options = nil // stand-ins that the real pages do not have
		}
		f.ID, f.UID = exposure.Identity(ref)
		list = append(list, f)
	}
	return list
}
