package ticket_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ticket"
)

// tracker answers as Jira Cloud and ServiceNow do, for one user of each.
type tracker struct {
	t      *testing.T
	issues []map[string]any
	rows   []map[string]string
}

func (k *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user+password != "bot@nordhafen.exampletoken" && user+password != "svcpass:word" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"message":"Client must be authenticated"}`)
		return
	}
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	switch r.Method + " " + r.URL.Path {
	case "GET /rest/api/3/search/jql":
		list := []any{}
		for _, i := range k.issues {
			if r.URL.Query().Get("jql") == `labels = "`+i["label"].(string)+`"` { //nolint:forcetypeassert // as stored below
				list = append(list, map[string]string{"key": "SEC-1"})
			}
		}
		answer(map[string]any{"issues": list, "isLast": true})
	case "POST /rest/api/3/issue":
		var in struct {
			Fields struct {
				Project     map[string]string `json:"project"`
				IssueType   map[string]string `json:"issuetype"`
				Summary     string            `json:"summary"`
				Labels      []string          `json:"labels"`
				Description struct {
					Type    string `json:"type"`
					Version int    `json:"version"`
					Content []any  `json:"content"`
				} `json:"description"`
			} `json:"fields"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			k.t.Error(err)
		}
		if in.Fields.Project["key"] != "SEC" {
			w.WriteHeader(http.StatusBadRequest)
			answer(map[string]any{"errors": map[string]string{"project": "valid project is required"}})
			return
		}
		if in.Fields.Description.Type != "doc" || in.Fields.Description.Version != 1 || len(in.Fields.Description.Content) != 3 || in.Fields.IssueType["name"] != "Task" {
			k.t.Errorf("issue %+v", in)
		}
		k.issues = append(k.issues, map[string]any{"label": in.Fields.Labels[1], "summary": in.Fields.Summary})
		w.WriteHeader(http.StatusCreated)
		answer(map[string]string{"id": "10001", "key": "SEC-1"})
	case "GET /rest/api/3/project/SEC":
		answer(map[string]string{"key": "SEC"})
	case "GET /api/now/table/incident":
		list := []any{}
		for _, row := range k.rows {
			if r.URL.Query().Get("sysparm_query") == "correlation_id="+row["correlation_id"] {
				list = append(list, map[string]string{"sys_id": "abc", "number": "INC0001"})
			}
		}
		answer(map[string]any{"result": list})
	case "POST /api/now/table/incident":
		row := map[string]string{}
		if err := json.NewDecoder(r.Body).Decode(&row); err != nil {
			k.t.Error(err)
		}
		k.rows = append(k.rows, row)
		w.WriteHeader(http.StatusCreated)
		answer(map[string]any{"result": map[string]string{"sys_id": "abc", "number": "INC0001"}})
	default:
		w.WriteHeader(http.StatusNotFound)
		answer(map[string]string{"message": "no such thing"})
	}
}

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func start(t *testing.T) (*tracker, ticket.Config) {
	t.Helper()
	k := &tracker{t: t}
	s := httptest.NewServer(k)
	t.Cleanup(s.Close)
	return k, ticket.Config{
		JiraURL: s.URL, JiraUser: "bot@nordhafen.example", JiraTokenFile: file(t, "token\n"),
		ServiceNowURL: s.URL, Secrets: map[string]string{"arn:secret": file(t, "svc:pass:word")},
	}
}

var (
	project  = automation.Desk{Provider: automation.JiraCloud, ProjectKey: "SEC"}
	instance = automation.Desk{Provider: automation.ServiceNow, Instance: "dev1", Secret: "arn:secret"}
)

func TestOneTokenOpensOneTicket(t *testing.T) {
	k, cfg := start(t)
	d := ticket.New(cfg)
	long := automation.Ticket{Token: "t1", Title: strings.Repeat("ü", 300), Text: "a\n\nb", Severity: "High"}
	for i, want := range []automation.Opened{
		{ID: "SEC-1", URL: cfg.JiraURL + "/browse/SEC-1"}, {ID: "SEC-1", URL: cfg.JiraURL + "/browse/SEC-1", Known: true},
	} {
		got, err := d.Open(t.Context(), project, long)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("issue %d: %v (-want +got):\n%s", i, err, diff)
		}
	}
	if n := len([]rune(k.issues[0]["summary"].(string))); len(k.issues) != 1 || n != 255 { //nolint:forcetypeassert // as stored above
		t.Errorf("%d issues, summary of %d characters", len(k.issues), n)
	}
	link := cfg.ServiceNowURL + "/nav_to.do?uri=incident.do%3Fsys_id%3Dabc"
	for i, want := range []automation.Opened{{ID: "INC0001", URL: link}, {ID: "INC0001", URL: link, Known: true}} {
		got, err := d.Open(t.Context(), instance, long)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("incident %d: %v (-want +got):\n%s", i, err, diff)
		}
	}
	if len(k.rows) != 1 || k.rows[0]["urgency"] != "1" || len([]rune(k.rows[0]["short_description"])) != 160 {
		t.Errorf("incidents %v", k.rows)
	}
	if _, err := d.Open(t.Context(), project, automation.TestTicket("")); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("no token: %v", err)
	}
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	tests := []struct {
		name  string
		desk  automation.Desk
		spoil func(*ticket.Config)
		want  error
		text  string
	}{
		{"Jira", project, func(*ticket.Config) {}, nil, ""},
		{"ServiceNow", instance, func(*ticket.Config) {}, nil, ""},
		{"no such project", automation.Desk{Provider: automation.JiraCloud, ProjectKey: "NO"}, func(*ticket.Config) {}, fault.ErrNotFound, "404"},
		{"wrong token", project, func(c *ticket.Config) { c.JiraUser = "x" }, fault.ErrDenied, "must be authenticated"},
		{"no site", project, func(c *ticket.Config) { c.JiraURL = "" }, fault.ErrDenied, "tickets.jira_url"},
		{"plain HTTP", project, func(c *ticket.Config) { c.JiraURL = "http://jira.example" }, fault.ErrInvalid, "tickets.jira_url"},
		{"no token file", project, func(c *ticket.Config) { c.JiraTokenFile = "" }, fault.ErrDenied, "tickets.jira_token_file"},
		{"file is gone", project, func(c *ticket.Config) { c.JiraTokenFile = "/none" }, fault.ErrDenied, "/none"},
		{"unknown secret", instance, func(c *ticket.Config) { c.Secrets = nil }, fault.ErrDenied, "arn:secret"},
		{
			"an instance is no address",
			automation.Desk{Provider: automation.ServiceNow, Instance: "evil.example/x", Secret: "arn:secret"},
			func(c *ticket.Config) { c.ServiceNowURL = "" }, fault.ErrInvalid, "evil.example",
		},
		{"nobody is there", instance, func(c *ticket.Config) { c.ServiceNowURL = "http://127.0.0.1:1" }, fault.ErrUnavailable, "ServiceNow"},
		{"no provider", automation.Desk{}, func(*ticket.Config) {}, fault.ErrInvalid, "ticket system"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, cfg := start(t)
			tt.spoil(&cfg)
			err := ticket.New(cfg).Check(t.Context(), tt.desk)
			if !errors.Is(err, tt.want) || tt.want != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestSecretsAreInNoError(t *testing.T) {
	_, cfg := start(t)
	cfg.JiraTokenFile = file(t, "hunter2")
	_, err := ticket.New(cfg).Open(t.Context(), project, automation.TestTicket("t"))
	if !errors.Is(err, fault.ErrDenied) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error is %v", err)
	}
}

// What a slip of the pen breaks shows before the first ticket.
func TestReady(t *testing.T) {
	good, empty := file(t, "eve@example.com:secret\n"), file(t, "\n")
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		name  string
		cfg   ticket.Config
		names []string // what the error has to name; none: there is none
	}{
		{"nothing is set", ticket.Config{}, nil},
		{"all is there", ticket.Config{JiraTokenFile: good, Secrets: map[string]string{"a": good}}, nil},
		{"no token", ticket.Config{JiraTokenFile: missing}, []string{"tickets.jira_token_file", missing}},
		{"empty token", ticket.Config{JiraTokenFile: empty}, []string{"tickets.jira_token_file", empty}},
		{"no secret", ticket.Config{Secrets: map[string]string{"a": good, "b": missing}}, []string{"tickets.servicenow_secrets", `"b"`, missing}},
		{"half a secret", ticket.Config{Secrets: map[string]string{"a": file(t, "secret")}}, []string{"tickets.servicenow_secrets", "USER:PASSWORD"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := ticket.New(test.cfg).Ready()
			if (err != nil) != (test.names != nil) {
				t.Fatalf("Ready = %v", err)
			}
			if err != nil && (!errors.Is(err, fault.ErrDenied) || !fault.IsLocal(err)) {
				t.Errorf("Ready = %v, want fault.ErrDenied of this machine", err)
			}
			for _, name := range test.names {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%q does not name %s", err, name)
				}
			}
		})
	}
}
