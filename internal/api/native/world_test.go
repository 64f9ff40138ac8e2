package native_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/rulebook"
	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/search"
	"github.com/eksposure/eksposure/internal/trait"
	"github.com/eksposure/eksposure/internal/vuln"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	account = "111122223333"
	digest  = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
)

func cluster(name string) inventory.ClusterRef {
	return inventory.ClusterRef{Partition: "aws", Account: account, Region: "eu-central-1", Name: name}
}

// snapshot is a cluster with an open endpoint, of a version that is in extended
// support, whose one image has a vulnerability; what it lacks is a gap.
func snapshot(name string, gaps ...inventory.Gap) *inventory.Snapshot {
	score := vuln.EPSS{Score: 0.9, Percentile: 0.99}
	s := &inventory.Snapshot{
		Version: 1, CollectedAt: now, Gaps: gaps,
		Cluster: inventory.Cluster{
			Ref: cluster(name), Status: "ACTIVE", Version: "1.30", CreatedAt: now.AddDate(-1, 0, 0), Endpoint: &inventory.Endpoint{URL: "https://x", Public: true},
		},
		Calendar: inventory.Calendar{Source: "DescribeClusterVersions", Versions: []inventory.VersionSupport{
			{Version: "1.30", Status: "EXTENDED_SUPPORT", EndOfStandard: now.AddDate(0, -3, 0), EndOfExtended: now.AddDate(0, 9, 0)},
			{Version: "1.34", Status: "STANDARD_SUPPORT", Default: true, EndOfStandard: now.AddDate(1, 0, 0), EndOfExtended: now.AddDate(2, 0, 0)},
		}},
		Workloads: []inventory.Workload{{Namespace: "shop", Kind: "Deployment", Name: "web", Running: 2, Containers: []inventory.Container{
			{Name: "web", Kind: inventory.ContainerRegular, Reference: "registry/shop/web:1", Digest: digest, Repository: "registry/shop/web", Running: 2},
		}}},
		Images: []inventory.Image{{
			Digest: digest, Repository: "registry/shop/web", Database: "v6", Packages: 10,
			Matches: []vuln.Match{{
				ID: "CVE-2021-44228", Package: vuln.Package{Name: "log4j-core", Version: "2.14.1", Type: "java-archive"}, Severity: "Critical", KEV: true, Exploit: true,
				CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10, Version: "3.1"}, EPSS: &score, Fix: vuln.FixKnown, FixedIn: []string{"2.15.0"},
			}},
		}},
	}
	s.Normalize()
	return s
}

// world stands in for every part.
type world struct {
	outcomes []exposure.Outcome
	reports  map[string]vuln.Ingested
	keys     []access.Key
	events   []*deliver.Message
	jobs     []schedule.Job
	rules    []automation.Rule
	applied  []access.Principal
	failure  error
}

func newWorld() *world {
	w := &world{reports: map[string]vuln.Ingested{}}
	for _, s := range []*inventory.Snapshot{
		snapshot("a"), snapshot("b", inventory.Gap{Section: inventory.SectionKeys, Subject: "arn:k", Reason: "denied", Detail: "kms:DescribeKey: denied"}), snapshot("c"),
	} {
		e := exposure.Evaluate(s, trait.All(), exposure.DefaultPolicy())
		f, change := exposure.Correlate(nil, e, s, trait.All())
		w.outcomes = append(w.outcomes, exposure.Outcome{Cluster: s.Cluster.Ref, Evaluation: e, Finding: f, Change: change, Gaps: s.Gaps, Snapshot: s})
	}
	w.rules = []automation.Rule{{ID: "rule-1", Name: "labels"}}
	return w
}

func (w *world) Finding(_ context.Context, id string) (*exposure.Finding, error) {
	for _, o := range w.outcomes {
		if o.Finding.ID == id {
			return o.Finding, w.failure
		}
	}
	return nil, fmt.Errorf("no finding %q: %w", id, fault.ErrNotFound)
}

func (w *world) Profiles(_ context.Context, scope access.Scope, accounts, _ []string) ([]exposure.ProfileCount, error) {
	var list []exposure.ProfileCount
	for _, o := range w.outcomes {
		if scope.Allows(o.Cluster) && (len(accounts) == 0 || slices.Contains(accounts, o.Cluster.Account)) {
			list = append(list, exposure.ProfileCount{Profile: exposure.ProfileOf(o.Finding), Findings: 1})
		}
	}
	return list, nil
}

func (w *world) History(context.Context, string) ([]exposure.Event, error) {
	return []exposure.Event{{At: now, Severity: exposure.Critical, Change: exposure.Change{Kind: exposure.Created}}}, nil
}

// ClusterRecords sorts by nothing but the place.
func (w *world) ClusterRecords(_ context.Context, scope access.Scope, q exposure.ClusterQuery) (exposure.ClusterPage, error) {
	var page exposure.ClusterPage
	for _, o := range w.outcomes {
		r := exposure.ClusterRecord{Overview: *o.Overview(), ScannedAt: now, Finding: o.Finding.Brief()}
		incomplete := len(r.Gaps)+len(r.Unknown) > 0
		if !scope.Allows(o.Cluster) || !strings.Contains(o.Cluster.Name, q.Name) || q.Incomplete && !incomplete {
			continue
		}
		page.Total++
		switch {
		case q.After != nil && o.Cluster.Compare(q.After.Ref) <= 0:
		case len(page.Records) < q.Limit:
			page.Records = append(page.Records, r)
		default:
			page.Next = &exposure.ClusterPosition{Ref: page.Records[q.Limit-1].Cluster.Ref}
		}
	}
	return page, w.failure
}

func (w *world) Places(_ context.Context, scope access.Scope) ([]exposure.Place, error) {
	var list []exposure.Place
	for _, o := range w.outcomes {
		if scope.Allows(o.Cluster) {
			list = append(list, exposure.Place{Account: o.Cluster.Account, Region: o.Cluster.Region, Clusters: 1})
		}
	}
	return list, w.failure
}

func (w *world) Snapshot(_ context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	for _, o := range w.outcomes {
		if o.Cluster == ref {
			return o.Snapshot, nil
		}
	}
	return nil, fault.ErrNotFound
}

func (w *world) Latest(context.Context) (inventory.Discovery, time.Time, error) {
	return inventory.Discovery{
		Accounts: []string{account, "444455556666"}, Regions: []string{"eu-central-1"},
		Skipped: []inventory.Skip{{Account: "444455556666", Reason: "denied", Detail: "sts:AssumeRole: denied"}},
	}, now, nil
}

func (w *world) uses(scope access.Scope) []inventory.ImageUse {
	var list []inventory.ImageUse
	for _, o := range w.outcomes {
		if scope.Allows(o.Cluster) {
			list = append(list, inventory.ImageUse{Cluster: o.Cluster, Reference: "registry/shop/web:1", Running: 2, Workloads: []inventory.WorkloadRef{{Namespace: "shop", Kind: "Deployment", Name: "web"}}})
		}
	}
	return list
}

func (w *world) ImageRecord(_ context.Context, scope access.Scope, d string) (inventory.ImageRecord, error) {
	uses := w.uses(scope)
	if d != digest || len(uses) == 0 {
		return inventory.ImageRecord{}, fmt.Errorf("image %s: %w", d, fault.ErrNotFound)
	}
	return inventory.ImageRecord{Digest: digest, Repository: "registry/shop/web", Read: true, Counts: &inventory.ImageCounts{Vulnerabilities: 1, KEV: 1}, Clusters: len(uses), Running: 2 * len(uses)}, nil
}

func (w *world) ImageRecords(ctx context.Context, scope access.Scope, q inventory.ImageQuery) (inventory.ImagePage, error) {
	r, err := w.ImageRecord(ctx, scope, digest)
	if err != nil || q.After != nil && q.After.Digest >= digest {
		return inventory.ImagePage{}, nil //nolint:nilerr // nothing in the scope is an empty list
	}
	return inventory.ImagePage{Records: []inventory.ImageRecord{r}, Total: 1}, nil
}

func (w *world) ImageUses(_ context.Context, scope access.Scope, d string, after inventory.ClusterRef, limit int) ([]inventory.ImageUse, error) {
	if d != digest {
		return nil, nil
	}
	list := slices.DeleteFunc(w.uses(scope), func(u inventory.ImageUse) bool { return u.Cluster.Compare(after) <= 0 })
	return list[:min(len(list), limit)], nil
}

func (w *world) Vulnerabilities(_ context.Context, scope access.Scope) (*inventory.Reach, error) {
	r := &inventory.Reach{}
	if n := len(w.uses(scope)); n > 0 {
		clusters := []int{0, 1, 2}[:n]
		r.Add(inventory.ReachMatches(w.outcomes[0].Snapshot.Images[0].Matches), clusters, 2*n)
		r.Add(inventory.ReachMatches([]vuln.Match{{ID: "CVE-2026-1", Package: vuln.Package{Name: "zlib"}, Severity: "Low", Fix: vuln.FixNone}}), clusters[:1], 0)
	}
	return r, w.failure
}

// kept are preferences in memory.
type kept map[string][]byte

func (k kept) PutObject(_ context.Context, kind, id string, document []byte) error {
	k[kind+" "+id] = document
	return nil
}

func (k kept) Object(_ context.Context, kind, id string) ([]byte, error) {
	if document := k[kind+" "+id]; document != nil {
		return document, nil
	}
	return nil, fmt.Errorf("no %s: %w", kind, fault.ErrNotFound)
}

func (w *world) VulnerableImages(_ context.Context, scope access.Scope, id, _ string, _ int) ([]inventory.VulnerableImage, error) {
	if id != "CVE-2021-44228" {
		return nil, nil
	}
	uses := w.uses(scope)
	return []inventory.VulnerableImage{{Digest: digest, Repository: "registry/shop/web", Match: w.outcomes[0].Snapshot.Images[0].Matches[0], Clusters: len(uses), Running: 2 * len(uses), Uses: uses}}, nil
}

func (w *world) PutImageReport(_ context.Context, r vuln.Ingested) error {
	w.reports[r.Source] = r
	return nil
}

func (w *world) ImageReports(context.Context, string) ([]vuln.Ingested, error) {
	var list []vuln.Ingested
	for _, r := range w.reports {
		list = append(list, r)
	}
	return list, nil
}

func (w *world) DeleteImageReport(_ context.Context, d, source string) error {
	if _, ok := w.reports[source]; !ok {
		return fmt.Errorf("no report of kind %q about %s: %w", source, d, fault.ErrNotFound)
	}
	delete(w.reports, source)
	return nil
}

func (w *world) AuditLog(_ context.Context, q access.AuditQuery) ([]access.AuditLine, error) {
	var list []access.AuditLine
	for n := int64(3); n > 0; n-- {
		if (q.Before == 0 || n < q.Before) && len(list) < q.Limit {
			list = append(list, access.AuditLine{Number: n, Entry: access.Entry{At: now, Principal: "EKSPX", Operation: "CreateKey", Action: access.Administer, Outcome: access.OutcomeDone, Details: json.RawMessage(`{"after":{}}`)}})
		}
	}
	return list, nil
}

func (w *world) Keys(context.Context) ([]access.Key, error) { return w.keys, nil }

func (w *world) CreateKey(_ context.Context, name string, role access.Role, scope access.Scope) (access.Key, string, error) {
	if _, err := access.ParseRole(string(role)); err != nil || name == "" || scope.Validate() != nil {
		return access.Key{}, "", fmt.Errorf("key %q: %w", name, fault.ErrInvalid)
	}
	k := access.Key{ID: "EKSPAAAABBBBCCCCDDDD", Name: name, Role: role, Scope: scope, Created: now}
	w.keys = append(w.keys, k)
	return k, "secret", nil
}

func (w *world) RevokeKey(_ context.Context, id string) (bool, error) {
	if !slices.ContainsFunc(w.keys, func(k access.Key) bool { return k.ID == id }) {
		return false, fmt.Errorf("no key %q: %w", id, fault.ErrNotFound)
	}
	return true, nil
}

func (w *world) Start(_ context.Context, scope access.Scope, by string) (schedule.Job, error) {
	j := schedule.Job{ID: "job-1", By: by, At: now, Scope: scope, State: schedule.Discovering}
	w.jobs = append(w.jobs, j)
	return j, nil
}

func (w *world) Job(_ context.Context, id string) (schedule.Job, error) {
	for _, j := range w.jobs {
		if j.ID == id {
			return j, nil
		}
	}
	return schedule.Job{}, fmt.Errorf("no scan %q: %w", id, fault.ErrNotFound)
}

func (w *world) Jobs(context.Context) ([]schedule.Job, error) { return w.jobs, nil }

func (w *world) Follow(_ context.Context, _ access.Scope, after int64, deliver func(*deliver.Message) error) error {
	for _, e := range w.events {
		if e != nil && e.Number <= after {
			continue
		}
		if err := deliver(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) Rules(context.Context) ([]automation.Rule, error) { return w.rules, nil }

func (w *world) Preview(_ context.Context, _ search.Filters, _ access.Scope, shown int) (rulebook.Preview, error) {
	return rulebook.Preview{Matches: 2, Findings: [][]byte{[]byte(`{"class_uid":2004}`)}[:min(1, shown)]}, nil
}

func (w *world) ApplyToExisting(_ context.Context, _ automation.Rule, by access.Principal) (rulebook.Applied, error) {
	w.applied = append(w.applied, by)
	return rulebook.Applied{Matches: 2, Set: 1, Kept: 1}, nil
}

// exports stand in for the export service.
type exports struct{ started []export.Request }

func (e *exports) Start(_ context.Context, r export.Request) (export.Job, error) {
	if r.Output.Format != export.CSV && r.Output.Format != export.OCSFJSON {
		return export.Job{}, fmt.Errorf("format %q: %w", r.Output.Format, fault.ErrInvalid)
	}
	e.started = append(e.started, r)
	return export.Job{ID: "export-1", Account: r.Account, Status: export.Running, StartedAt: now, Object: "findings.csv"}, nil
}

func (e *exports) Get(_ context.Context, account, id string) (export.Job, error) {
	if id != "export-1" || account != caller.ID {
		return export.Job{}, fmt.Errorf("export %q: %w", id, fault.ErrNotFound)
	}
	return export.Job{ID: id, Account: account, Status: export.Succeeded, StartedAt: now, EndedAt: now, Object: "findings.csv", Progress: export.Progress{Rows: 3, Bytes: 100}}, nil
}

func (e *exports) Cancel(ctx context.Context, account, id string) error {
	_, err := e.Get(ctx, account, id)
	return err
}

func (w *world) config() native.Config {
	return native.Config{
		Findings: w, Clusters: w, Discoveries: w, Images: w, Reports: ingest.New(w, func() time.Time { return now }), Audit: w, Keys: w, Scans: w, Events: w, Rules: w, Exports: &exports{}, Plans: w.plans(), Sinks: sinks{},
		Preferences: kept{}, Settings: []native.Setting{{Key: "aws.regions", Value: "eu-central-1", Set: true, Doc: "region to look at"}},
		Traits: trait.All(), Page: trait.Page, Build: native.Build{Version: "1", Commit: "abc"}, Now: func() time.Time { return now },
	}
}

// caller is an administrator without limits, unless a test says otherwise.
var caller = access.Principal{ID: "EKSPME", Name: "me", Role: access.Admin}

// server answers as the routes do; package api's own part, who calls and whether
// they may, is left out.
type server struct {
	t      *testing.T
	mux    *http.ServeMux
	caller access.Principal
	schema func(name string) *jsonschema.Schema
	ops    map[string]map[string]any // METHOD PATH → operation of the document
}

func serve(t *testing.T, cfg native.Config) *server {
	t.Helper()
	routes, err := native.Routes(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, caller: caller, ops: map[string]map[string]any{}}
	s.mux = handler(routes, func() access.Principal { return s.caller })
	s.load()
	return s
}

// handler answers as the routes do, for whoever calls.
func handler(routes []api.Route, who func() access.Principal) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, q *http.Request) {
			c := api.Caller{Principal: who(), RequestID: "request-1", Address: "127.0.0.1"}
			q.Body = http.MaxBytesReader(w, q.Body, max(r.MaxBody, api.DefaultMaxBody))
			w.Header().Set("X-Route", r.Operation)
			if err := r.Handle(w, q, c); err != nil {
				r.Fail(w, q, c, err)
			}
		})
	}
	return mux
}

// load reads the served OpenAPI document, whose schemas every answer is held against.
func (s *server) load() {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, native.Prefix+"/openapi.json", http.NoBody))
	var document map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		s.t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", document); err != nil {
		s.t.Fatal(err)
	}
	s.schema = func(pointer string) *jsonschema.Schema {
		compiled, err := compiler.Compile("openapi.json#" + pointer)
		if err != nil {
			s.t.Fatal(err)
		}
		return compiled
	}
	paths, _ := document["paths"].(map[string]any)
	for path, item := range paths {
		methods, _ := item.(map[string]any)
		for method, op := range methods {
			s.ops[strings.ToUpper(method)+" "+path], _ = op.(map[string]any)
		}
	}
}

// answer is what a request was answered with.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// into decodes the answer.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// call sends a request and holds the answer against what the document says of it.
func (s *server) call(method, path, body string, header ...string) answer {
	s.t.Helper()
	q := httptest.NewRequest(method, native.Prefix+path, bytes.NewReader([]byte(body)))
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, q)
	result := w.Result()
	defer result.Body.Close()
	text, err := io.ReadAll(result.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{status: result.StatusCode, header: result.Header, body: text}
	s.check(method, path, a)
	return a
}

func (s *server) check(method, path string, a answer) {
	s.t.Helper()
	name := a.header.Get("X-Route")
	for at, op := range s.ops {
		if op["operationId"] != name {
			continue
		}
		responses, _ := op["responses"].(map[string]any)
		response, documented := responses[strconv.Itoa(a.status)].(map[string]any)
		pointer := "/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(strings.SplitN(at, " ", 2)[1]) + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(a.status) + "/content/application~1json/schema"
		if !documented {
			if a.status < 400 || a.header.Get("Content-Type") != "application/problem+json" {
				s.t.Errorf("%s %s: status %d is not documented", method, path, a.status)
				return
			}
			pointer = "/components/schemas/Problem"
		}
		content, _ := response["content"].(map[string]any)
		if documented && content["application/json"] == nil {
			return
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
		if err != nil {
			s.t.Errorf("%s %s: %v", method, path, err)
			return
		}
		if err := s.schema(pointer).Validate(value); err != nil {
			s.t.Errorf("%s %s: the answer is not as documented: %v\n%.2000s", method, path, err, a.body)
		}
		return
	}
	if name != "" {
		s.t.Errorf("%s %s: operation %q is not in the document", method, path, name)
	}
}

// sinks is one sink with one dead letter.
type sinks struct{}

func (sinks) Statuses(context.Context) ([]deliver.Status, error) {
	return []deliver.Status{{Sink: "webhook:siem", Delivered: 3, Waiting: 1, Problem: "status 500", Since: now, NextTry: now, DeadLetters: 1}}, nil
}

func (sinks) Letters(context.Context) ([]deliver.Letter, error) {
	change := exposure.LoggedChange{Number: 2, At: now, Finding: "f", Kind: exposure.Updated}
	return []deliver.Letter{{Sink: "webhook:siem", Number: 2, Event: "f:2", Change: change, GivenUpAt: now, Attempts: 3, Reason: "status 422"}}, nil
}

func (sinks) Resend(_ context.Context, sink string, number int64) error { return known(sink, number) }

func (sinks) Drop(_ context.Context, sink string, number int64) error { return known(sink, number) }

func known(sink string, number int64) error {
	if sink != "webhook:siem" || number != 2 {
		return fault.ErrNotFound
	}
	return nil
}
