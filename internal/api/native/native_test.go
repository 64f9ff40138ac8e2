package native_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/vuln"
)

var update = flag.Bool("update", false, "write golden files again")

// The document in docs is that of the table of operations.
func TestDocument(t *testing.T) {
	got, err := native.Document("1")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join("..", "..", "..", "docs", "api", "openapi.json")
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/api/openapi.json is out of date; run go test ./internal/api/native -update (-want +got):\n%s", diff)
	}
}

// Each request of the table meets its own operation, is answered as documented, and
// no operation of the document is left out.
func TestEveryOperation(t *testing.T) {
	w := newWorld()
	w.keys = []access.Key{{ID: "EKSPAAAABBBBCCCCDDDD", Name: "old", Role: access.Viewer, Created: now}}
	w.events = []*deliver.Message{{Number: 1, ID: "x/1", Name: "Findings Imported V2", Data: json.RawMessage(`{"a":1}`)}}
	if _, err := w.Start(t.Context(), access.Scope{}, "me"); err != nil {
		t.Fatal(err)
	}
	w.reports["trivy"] = vuln.Ingested{ImageDigest: digest, Source: "trivy", IngestedAt: now}
	s := serve(t, w.config())
	id := w.outcomes[0].Finding.ID
	var drafted remediation.Run
	s.call("POST", "/plans", `{"finding":"`+id+`","topic":"internet-reachable","option":"private"}`).into(t, &drafted)
	var fleet native.FleetPlan
	s.call("POST", "/fleet-plans", `{"topic":"internet-reachable","option":"private","severities":["critical"]}`).into(t, &fleet)
	at := "/clusters/" + account + "/eu-central-1/a"
	report := `{"SchemaVersion":2,"Results":[{"Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"a"}]}]}`
	tests := []struct {
		name, method, path, body string
		status                   int
	}{
		{"ListClusters", "GET", "/clusters?incomplete=false&name=a", "", 200},
		{"ListPlaces", "GET", "/places", "", 200},
		{"GetCluster", "GET", at, "", 200},
		{"GetSnapshot", "GET", at + "/snapshot", "", 200},
		{"GetCoverage", "GET", "/coverage", "", 200},
		{"ListVersions", "GET", "/versions", "", 200},
		{"GetFinding", "GET", "/findings/" + id, "", 200},
		{"GetFindingHistory", "GET", "/findings/" + id + "/history", "", 200},
		{"GetFindingSeverity", "GET", "/findings/" + id + "/severity", "", 200},
		{"ProjectFinding", "POST", "/findings/" + id + "/projection", `{"topics":["internet-reachable"]}`, 200},
		{"GetFixSet", "GET", "/findings/" + id + "/fix-set?wish=low", "", 200},
		{"GetFleetFixSet", "GET", "/fix-set?wish=medium&severity=critical", "", 200},
		{"ListFindingTopics", "GET", "/findings/" + id + "/topics", "", 200},
		{"GetTopicGuidance", "GET", "/findings/" + id + "/topics/internet-reachable/guidance?form=terraform", "", 200},
		{"GetTopicGuidance", "GET", "/findings/" + id + "/topics/internet-reachable/guidance?form=pulumi", "", 400},
		{"GetTopicGuidance", "GET", "/findings/" + id + "/topics/mood/guidance", "", 404},
		{"ListTraits", "GET", "/traits", "", 200},
		{"GetTrait", "GET", "/traits/internet-reachable", "", 200},
		{"ListImages", "GET", "/images", "", 200},
		{"GetImage", "GET", "/images/" + digest, "", 200},
		{"ListImageUses", "GET", "/images/" + digest + "/uses", "", 200},
		{"ListVulnerabilities", "GET", "/vulnerabilities?sort=epss&severity=critical&severity=low&kev=true", "", 200},
		{"ListVulnerableImages", "GET", "/vulnerabilities/CVE-2021-44228/images", "", 200},
		{"IngestImageReport", "POST", "/images/" + digest + "/reports?format=trivy", report, 201},
		{"ListImageReports", "GET", "/images/" + digest + "/reports", "", 200},
		{"DeleteImageReport", "DELETE", "/images/" + digest + "/reports/trivy", "", 204},
		{"StartScan", "POST", "/scans", `{"accounts":["` + account + `"]}`, 202},
		{"ListScans", "GET", "/scans", "", 200},
		{"GetScan", "GET", "/scans/job-1", "", 200},
		{"FollowEvents", "GET", "/events?after=0", "", 200},
		{"ListSinks", "GET", "/sinks", "", 200},
		{"ListDeadLetters", "GET", "/dead-letters", "", 200},
		{"ResendDeadLetter", "POST", "/dead-letters/2/resend?sink=webhook:siem", "", 204},
		{"DropDeadLetter", "DELETE", "/dead-letters/2?sink=webhook:siem", "", 204},
		{"PreviewAutomationRule", "POST", "/automation-rules/preview", `{"criteria":{"CompositeFilters":[{"StringFilters":[{"FieldName":"status","Filter":{"Value":"New","Comparison":"EQUALS"}}]}]},"shown":1}`, 200},
		{"ApplyAutomationRule", "POST", "/automation-rules/rule-1/apply", "", 200},
		{"StartFolderExport", "POST", "/exports", `{"format":"CSV","fields":["metadata.uid","severity"]}`, 202},
		{"GetExport", "GET", "/exports/export-1", "", 200},
		{"CancelExport", "DELETE", "/exports/export-1", "", 204},
		{"ListPlanTopics", "GET", "/plan-topics", "", 200},
		{"DraftPlan", "POST", "/plans", `{"finding":"` + id + `","topic":"internet-reachable","option":"private","operator":"203.0.113.7"}`, 201},
		{"ListPlans", "GET", "/plans", "", 200},
		{"GetPlan", "GET", "/plans/" + drafted.Plan.ID, "", 200},
		{"ApprovePlan", "POST", "/plans/" + drafted.Plan.ID + "/approve", `{"hash":"` + drafted.Hash + `","accept":["all"]}`, 200},
		{"ApplyPlan", "POST", "/plans/" + drafted.Plan.ID + "/apply", "", 200},
		{"PausePlan", "POST", "/plans/" + drafted.Plan.ID + "/pause", "", 200},
		{"RevertPlan", "POST", "/plans/" + drafted.Plan.ID + "/revert", "", 409},
		{"CancelPlan", "POST", "/plans/" + drafted.Plan.ID + "/cancel", "", 200},
		{"DraftFleetPlan", "POST", "/fleet-plans", `{"topic":"internet-reachable","option":"private","batch":2}`, 201},
		{"ListFleetPlans", "GET", "/fleet-plans", "", 200},
		{"GetFleetPlan", "GET", "/fleet-plans/" + fleet.ID, "", 200},
		{"ApproveFleetPlan", "POST", "/fleet-plans/" + fleet.ID + "/approve", `{"hash":"` + fleet.Hash + `","accept":["all"]}`, 200},
		{"ApplyFleetPlan", "POST", "/fleet-plans/" + fleet.ID + "/apply", "", 200},
		{"PauseFleetPlan", "POST", "/fleet-plans/" + fleet.ID + "/pause", "", 200},
		{"RevertFleetPlan", "POST", "/fleet-plans/" + fleet.ID + "/revert", "", 409},
		{"CancelFleetPlan", "POST", "/fleet-plans/" + fleet.ID + "/cancel", "", 200},
		{"ListKeys", "GET", "/keys", "", 200},
		{"CreateKey", "POST", "/keys", `{"name":"ci","role":"operator","scope":{"accounts":["` + account + `"]}}`, 201},
		{"RevokeKey", "DELETE", "/keys/EKSPAAAABBBBCCCCDDDD", "", 204},
		{"ListAuditLog", "GET", "/audit-log", "", 200},
		{"ListSettings", "GET", "/settings", "", 200},
		{"GetPreferences", "GET", "/preferences", "", 200},
		{"PutPreferences", "PUT", "/preferences", `{"values":{"filters":[{"name":"mine"}]}}`, 200},
		{"GetVersion", "GET", "/version", "", 200},
		{"GetMe", "GET", "/me", "", 200},
		{"GetOpenAPI", "GET", "/openapi.json", "", 200},
	}
	met := map[string]bool{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			a := s.call(test.method, test.path, test.body)
			if a.status != test.status || a.header.Get("X-Route") != test.name {
				t.Errorf("status %d of %q: %.500s", a.status, a.header.Get("X-Route"), a.body)
			}
			met[test.name] = true
		})
	}
	for at, op := range s.ops {
		if name, _ := op["operationId"].(string); !met[name] {
			t.Errorf("no request met %s (%s)", name, at)
		}
	}
}

// CSV has columns of its own when none are asked for; whole findings have none.
func TestExportColumns(t *testing.T) {
	for _, test := range []struct {
		body string
		want []string
	}{
		{`{"format":"CSV"}`, []string{"metadata.uid", "severity", "status", "finding_info.title", "cloud.account.uid", "cloud.region", "resources.uid", "finding_info.created_time_dt"}},
		{`{"format":"CSV","fields":["severity"]}`, []string{"severity"}},
		{`{"format":"OCSF_JSON"}`, nil},
	} {
		cfg, started := newWorld().config(), &exports{}
		cfg.Exports = started
		if a := serve(t, cfg).call("POST", "/exports", test.body); a.status != http.StatusAccepted {
			t.Fatalf("%s: status %d: %s", test.body, a.status, a.body)
		}
		r := started.started[0]
		if diff := cmp.Diff(test.want, r.Output.Fields); diff != "" {
			t.Errorf("%s: columns (-want +got):\n%s", test.body, diff)
		}
		if err := r.Validate(); err != nil {
			t.Errorf("%s: the exporter refuses it: %v", test.body, err)
		}
	}
}

// Every schema has a name that says what it is of.
func TestSchemaNames(t *testing.T) {
	text, err := native.Document("1")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct {
			Schemas map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for name := range document.Components.Schemas {
		if !regexp.MustCompile(`^[A-Z][A-Za-z]+$`).MatchString(name) {
			t.Errorf("a schema is named %q", name)
		}
	}
}

// What a caller asks wrongly is a problem of category invalid, and nothing else.
func TestWrongRequests(t *testing.T) {
	w := newWorld()
	s := serve(t, w.config())
	id := w.outcomes[0].Finding.ID
	tests := []struct {
		why, method, path, body string
		status                  int
	}{
		{"an unknown parameter", "GET", "/clusters?acount=1", "", 400},
		{"a parameter twice", "GET", "/clusters?name=a&name=b", "", 400},
		{"an empty parameter", "GET", "/clusters?name=", "", 400},
		{"a zero byte", "GET", "/clusters?q=a%00", "", 400},
		{"broken UTF-8", "GET", "/clusters?q=%ff", "", 400},
		{"no account", "GET", "/clusters?account=1", "", 400},
		{"a limit above the most", "GET", "/clusters?limit=201", "", 400},
		{"a limit that is no number", "GET", "/clusters?limit=x", "", 400},
		{"a cursor that is none", "GET", "/clusters?cursor=%21", "", 400},
		{"the cursor of another list", "GET", "/clusters?cursor=MQ", "", 400},
		{"a word that is none", "GET", "/findings/" + id + "/fix-set?wish=none", "", 400},
		{"no finding's ID", "GET", "/findings/x", "", 400},
		{"an unknown finding", "GET", "/findings/" + strings.Repeat("0", 64), "", 404},
		{"an unknown cluster", "GET", "/clusters/" + account + "/eu-central-1/none", "", 404},
		{"a name that is part of another", "GET", "/clusters/" + account + "/eu-central-1/" + "aa", "", 404},
		{"an unknown image", "GET", "/images/sha256:" + strings.Repeat("2", 64), "", 404},
		{"an image nobody runs", "GET", "/images/sha256:" + strings.Repeat("2", 64) + "/uses", "", 404},
		{"an unknown trait", "GET", "/traits/nothing", "", 404},
		{"a topic of another finding", "POST", "/findings/" + id + "/projection", `{"topics":["nothing"]}`, 400},
		{"a member that is not known", "POST", "/findings/" + id + "/projection", `{"topic":"x"}`, 400},
		{"a type that is wrong", "POST", "/findings/" + id + "/projection", `{"topics":"x"}`, 400},
		{"two values", "POST", "/findings/" + id + "/projection", `{"topics":[]}{}`, 400},
		{"no JSON", "POST", "/findings/" + id + "/projection", `x`, 400},
		{"a body that is too large", "POST", "/findings/" + id + "/projection", `{"topics":["` + strings.Repeat("x", 2<<20) + `"]}`, 400},
		{"a report that is none", "POST", "/images/" + digest + "/reports", `{}`, 400},
		{"a report of another format", "POST", "/images/" + digest + "/reports?format=grype", `{"SchemaVersion":2}`, 400},
		{"a report that is not there", "DELETE", "/images/" + digest + "/reports/grype", "", 404},
		{"a role that is none", "POST", "/keys", `{"name":"a","role":"root"}`, 400},
		{"no name", "POST", "/keys", `{"name":"","role":"admin"}`, 400},
		{"a scope that cannot be", "POST", "/keys", `{"name":"a","role":"admin","scope":{"clusters":["x"]}}`, 400},
		{"a scan of what is none", "POST", "/scans", `{"clusters":["x"]}`, 400},
		{"an export of no format", "POST", "/exports", `{"format":"XML"}`, 400},
		{"a preview of no criteria", "POST", "/automation-rules/preview", `{}`, 400},
		{"a preview of empty criteria", "POST", "/automation-rules/preview", `{"criteria":{"CompositeFilters":[]}}`, 400},
		{"a preview in the shape of a rule", "POST", "/automation-rules/preview", `{"criteria":{"OcsfFindingCriteria":{}}}`, 400},
		{"an unknown export", "GET", "/exports/none", "", 404},
		{"an unknown dead letter", "POST", "/dead-letters/7/resend?sink=webhook:siem", "", 404},
		{"an unknown rule", "POST", "/automation-rules/none/apply", "", 404},
		{"a last event that is none", "GET", "/events?after=x", "", 400},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s.t = t
			a := s.call(test.method, test.path, test.body)
			var p native.Problem
			a.into(t, &p)
			if a.status != test.status || p.Status != test.status || p.Detail == "" || p.RequestID != "request-1" {
				t.Errorf("status %d, problem %+v", a.status, p)
			}
		})
	}
	t.Run("a body of another type", func(t *testing.T) {
		s.t = t
		if a := s.call("POST", "/scans", `{}`, "Content-Type", "text/plain"); a.status != http.StatusBadRequest {
			t.Errorf("status %d", a.status)
		}
	})
}

// A defect tells the caller nothing but where the log has more.
func TestDefectsStayInside(t *testing.T) {
	w := newWorld()
	w.failure = errors.New("the secret table is gone")
	s := serve(t, w.config())
	a := s.call("GET", "/clusters", "")
	if a.status != http.StatusInternalServerError || strings.Contains(string(a.body), "secret") || !strings.Contains(string(a.body), "request-1") {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

func TestPaging(t *testing.T) {
	s := serve(t, newWorld().config())
	var names []string
	for cursor := ""; ; {
		var p struct {
			Items []exposure.ClusterRecord `json:"items"`
			Next  string                   `json:"next_cursor"`
		}
		s.call("GET", "/clusters?limit=1"+cursor, "").into(t, &p)
		for _, r := range p.Items {
			names = append(names, r.Cluster.Ref.Name)
		}
		if p.Next == "" {
			break
		}
		cursor = "&cursor=" + p.Next
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEntityTags(t *testing.T) {
	s := serve(t, newWorld().config())
	first := s.call("GET", "/clusters", "")
	tag := first.header.Get("ETag")
	if tag == "" {
		t.Fatal("no entity tag")
	}
	again := s.call("GET", "/clusters", "", "If-None-Match", `"other", W/`+tag)
	if again.status != http.StatusNotModified || len(again.body) != 0 {
		t.Errorf("status %d, %d bytes", again.status, len(again.body))
	}
	if changed := s.call("GET", "/clusters?name=a", "", "If-None-Match", tag); changed.status != http.StatusOK {
		t.Errorf("another answer has status %d", changed.status)
	}
}

// Nothing outside of the caller's scope is shown, counted or changed.
func TestScope(t *testing.T) {
	w := newWorld()
	s := serve(t, w.config())
	outside := w.outcomes[1].Finding.ID
	s.caller.Scope = access.Scope{Clusters: []string{cluster("a").String()}}
	if _, err := w.Start(t.Context(), access.Scope{Clusters: []string{cluster("b").String()}}, "somebody"); err != nil {
		t.Fatal(err)
	}
	report := `{"SchemaVersion":2}`
	for path, status := range map[string]int{
		"GET /findings/" + outside: 404, "GET /findings/" + outside + "/history": 404, "GET /findings/" + outside + "/topics": 404, "GET /findings/" + outside + "/topics/internet-reachable/guidance": 404,
		"GET /clusters/" + account + "/eu-central-1/b": 404, "GET /clusters/" + account + "/eu-central-1/b/snapshot": 404,
		"GET /clusters/" + account + "/eu-central-1/a": 200, "GET /scans/job-1": 404,
		"POST /images/" + digest + "/reports": 403, "DELETE /images/" + digest + "/reports/trivy": 403,
	} {
		method, path, _ := strings.Cut(path, " ")
		body := ""
		if method == "POST" {
			body = report
		}
		if a := s.call(method, path, body); a.status != status {
			t.Errorf("%s %s: status %d, want %d: %s", method, path, a.status, status, a.body)
		}
	}
	var coverage native.Coverage
	s.call("GET", "/coverage", "").into(t, &coverage)
	if coverage.Clusters != 1 || coverage.Accounts != 1 || len(coverage.Places) != 0 {
		t.Errorf("coverage %+v", coverage)
	}
	var fleet exposure.FleetFixSet
	s.call("GET", "/fix-set", "").into(t, &fleet)
	if fleet.Findings != 1 {
		t.Errorf("fix set over %d findings", fleet.Findings)
	}
	var jobs native.ScanList
	s.call("GET", "/scans", "").into(t, &jobs)
	if len(jobs.Items) != 0 {
		t.Errorf("scans %+v", jobs.Items)
	}
	if a := s.call("POST", "/scans", `{"clusters":["`+cluster("b").String()+`"]}`); a.status != http.StatusForbidden {
		t.Errorf("a scan outside has status %d", a.status)
	}
	s.call("POST", "/scans", `{}`)
	if diff := cmp.Diff(s.caller.Scope, w.jobs[len(w.jobs)-1].Scope); diff != "" {
		t.Errorf("an empty request scans the caller's scope (-want +got):\n%s", diff)
	}
}

func TestCoverageSums(t *testing.T) {
	s := serve(t, newWorld().config())
	var got native.Coverage
	s.call("GET", "/coverage", "").into(t, &got)
	want := native.Coverage{
		Clusters: 3, Complete: 2, Incomplete: 1, DiscoveredAt: now, Accounts: 2, Regions: 1,
		Places:   []inventory.Skip{{Account: "444455556666", Reason: "denied", Detail: "sts:AssumeRole: denied"}},
		Sections: []native.CoverageSection{{Section: inventory.SectionKeys, Reason: "denied", Clusters: 1, Example: "b: kms:DescribeKey: denied"}},
	}
	got.Traits = nil
	for _, o := range newWorld().outcomes[:1] {
		if len(o.Evaluation.Unknown()) > 0 {
			want.Complete, want.Incomplete = 0, 3
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVersionsAndCost(t *testing.T) {
	s := serve(t, newWorld().config())
	var got native.Versions
	s.call("GET", "/versions", "").into(t, &got)
	if len(got.Regions) != 1 || len(got.Regions[0].Versions) != 2 {
		t.Fatalf("got %+v", got)
	}
	first, second := got.Regions[0].Versions[0], got.Regions[0].Versions[1]
	if first.Version != "1.34" || first.Clusters != 0 || second.Version != "1.30" || second.Clusters != 3 {
		t.Errorf("got %+v", got.Regions[0].Versions)
	}
	if diff := cmp.Diff([]inventory.ClusterRef{cluster("a"), cluster("b"), cluster("c")}, second.First); diff != "" || len(first.First) != 0 {
		t.Errorf("the first clusters of a version (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(native.VersionCost{MonthlyUSD: 3 * 438, ExtraUSD: 3 * 365}, got.Cost); diff != "" {
		t.Errorf("three clusters in extended support (-want +got):\n%s", diff)
	}
}

// A cluster in which nothing runs costs what it costs.
func TestUnneededCost(t *testing.T) {
	w := newWorld()
	w.outcomes[2].Snapshot.Workloads = nil
	var got native.Versions
	serve(t, w.config()).call("GET", "/versions", "").into(t, &got)
	u := got.Unneeded
	if u.Clusters != 1 || u.MonthlyUSD != 438 || len(u.Items) != 1 || u.Items[0].Cluster != cluster("c") || len(u.Items[0].Reasons) != 3 {
		t.Errorf("%+v", u)
	}
}

// What-if and fix sets are those of the arithmetic.
func TestProjectionAndFixSets(t *testing.T) {
	w := newWorld()
	s := serve(t, w.config())
	f := w.outcomes[0].Finding
	var set native.FixSetAnswer
	s.call("GET", "/findings/"+f.ID+"/fix-set?wish=low", "").into(t, &set)
	want := exposure.SmallestFix(f, exposure.Low)
	if diff := cmp.Diff(native.FixSetAnswer{Wish: exposure.Low, Before: f.Severity, After: want.After, Topics: want.Topics}, set); diff != "" {
		t.Errorf("fix set (-want +got):\n%s", diff)
	}
	body, err := json.Marshal(native.ProjectionRequest{Topics: set.Topics})
	if err != nil {
		t.Fatal(err)
	}
	var p native.Projection
	s.call("POST", "/findings/"+f.ID+"/projection", string(body)).into(t, &p)
	if p.After != set.After || p.Before != f.Severity {
		t.Errorf("projection %+v, fix set %+v", p, set)
	}
	var fleet exposure.FleetFixSet
	s.call("GET", "/fix-set?wish=low", "").into(t, &fleet)
	if len(fleet.Topics) == 0 || fleet.Topics[0].Findings != 3 {
		t.Errorf("topics by themselves: %+v", fleet.Topics)
	}
	if fleet.Above != 3 || len(fleet.Steps) == 0 || fleet.Steps[len(fleet.Steps)-1].Left != 0 || fleet.Greedy < fleet.Least || fleet.Least != 3*len(set.Topics) {
		t.Errorf("fleet %+v", fleet)
	}
}

// The furthest reaching come first, page by page, and filters hold on all of them.
func TestVulnerabilities(t *testing.T) {
	s := serve(t, newWorld().config())
	var first, second, filtered native.VulnerabilityList
	s.call("GET", "/vulnerabilities?limit=1", "").into(t, &first)
	if len(first.Items) != 1 || first.Items[0].ID != "CVE-2021-44228" || first.Items[0].Clusters != 3 || first.Items[0].Running != 6 || first.Total != 2 {
		t.Errorf("first page %+v", first)
	}
	s.call("GET", "/vulnerabilities?limit=1&cursor="+first.NextCursor, "").into(t, &second)
	if len(second.Items) != 1 || second.Items[0].ID != "CVE-2026-1" || second.NextCursor != "" {
		t.Errorf("second page %+v", second)
	}
	for query, want := range map[string]int{
		"severity=low": 1, "severity=low&severity=critical": 2, "kev=true": 1, "kev=false": 1, "fixable=true": 1, "running=true": 1, "id=cve-2021": 1, "id=ZLIB": 1, "id=none": 0,
	} {
		s.call("GET", "/vulnerabilities?"+query, "").into(t, &filtered)
		if filtered.Total != want || len(filtered.Items) != want {
			t.Errorf("%s: %d of %d, want %d", query, len(filtered.Items), filtered.Total, want)
		}
	}
}

// Everybody has their own preferences, within bounds.
func TestPreferences(t *testing.T) {
	s := serve(t, newWorld().config())
	var set native.PreferenceSet
	s.call("PUT", "/preferences", `{"values":{"columns":["severity"]}}`)
	s.call("GET", "/preferences", "").into(t, &set)
	if string(set.Values["columns"]) != `["severity"]` {
		t.Errorf("kept %s", set.Values)
	}
	s.caller.ID = "somebody else"
	set = native.PreferenceSet{}
	s.call("GET", "/preferences", "").into(t, &set)
	if len(set.Values) != 0 {
		t.Errorf("another person sees %s", set.Values)
	}
	var many []string
	for i := range 65 {
		many = append(many, fmt.Sprintf(`"%d":1`, i))
	}
	for _, body := range []string{`{"values":{` + strings.Join(many, ",") + `}}`, `{"value":{}}`, `[]`} {
		if a := s.call("PUT", "/preferences", body); a.status != http.StatusBadRequest {
			t.Errorf("status %d of %.60s", a.status, body)
		}
	}
}

// A stream gives what a client missed, as the standard writes events.
func TestEvents(t *testing.T) {
	w := newWorld()
	for n := int64(1); n <= 3; n++ {
		w.events = append(w.events, &deliver.Message{Number: n, Name: "Findings Imported V2", Data: json.RawMessage("{\n\"a\": 1}")})
	}
	w.events = append(w.events, nil)
	s := serve(t, w.config())
	q := httptest.NewRequest(http.MethodGet, native.Prefix+"/events?after=0", http.NoBody)
	q.Header.Set("Last-Event-ID", "2")
	r := httptest.NewRecorder()
	s.mux.ServeHTTP(r, q)
	want := "id: 3\nevent: Findings Imported V2\ndata: {\ndata: \"a\": 1}\n\n: alive\n\n"
	if diff := cmp.Diff(want, r.Body.String()); diff != "" || r.Header().Get("Content-Type") != "text/event-stream" || !r.Flushed {
		t.Errorf("%v (-want +got):\n%s", r.Header(), diff)
	}
}

// Parts that are not there have no routes, and are not in the document.
func TestOnlyWhatIsThere(t *testing.T) {
	s := serve(t, native.Config{Findings: newWorld(), Now: newWorld().config().Now})
	for at := range s.ops {
		if strings.Contains(at, "/keys") || strings.Contains(at, "/scans") || strings.Contains(at, "/clusters") {
			t.Errorf("%s is documented", at)
		}
	}
	if a := s.call("GET", "/keys", ""); a.status != http.StatusNotFound {
		t.Errorf("status %d", a.status)
	}
}

// Whatever is sent, the answer is never a defect.
func FuzzRequests(f *testing.F) {
	for _, seed := range [][3]string{
		{"GET", "/clusters?limit=1", ""},
		{"POST", "/keys", `{"name":"a","role":"admin","scope":{"accounts":["1"]}}`},
		{"POST", "/scans", `{"clusters":[]}`},
		{"POST", "/images/" + digest + "/reports", `{"bomFormat":"CycloneDX","components":[{"name":"a"}]}`},
		{"POST", "/automation-rules/preview", `{"criteria":{"CompositeFilters":[{"StringFilters":[]}]}}`},
		{"GET", "/events?after=1", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	routes, err := native.Routes(newWorld().config())
	if err != nil {
		f.Fatal(err)
	}
	mux := handler(routes, func() access.Principal { return caller })
	f.Fuzz(func(t *testing.T, method, path, body string) {
		q, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+native.Prefix+path, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			return // no request that can be sent
		}
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, q)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q %q: status %d: %s", method, path, body, w.Code, w.Body)
		}
	})
}
