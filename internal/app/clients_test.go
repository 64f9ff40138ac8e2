package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
)

// scenario is one call of test/clients/scenarios.json, with what every client must
// make of the answer.
type scenario struct {
	Name      string   `json:"name"`
	Operation string   `json:"operation"`
	Clients   []string `json:"clients"`
	// List is set when the client's own paginator walks all pages, which must be Pages.
	List  string `json:"list"`
	Pages int    `json:"pages"`
	// Error is the name of the typed error, or a pattern between slashes.
	Error  string         `json:"error"`
	Status int            `json:"status"`
	Expect map[string]any `json:"expect"`
}

// answer is what a client program says of one scenario.
type answer struct {
	Name    string         `json:"name"`
	Output  map[string]any `json:"output"`
	Pages   int            `json:"pages"`
	Error   string         `json:"error"`
	Status  int            `json:"status"`
	Typed   bool           `json:"typed"`
	Message string         `json:"message"`
}

// TestUnmodifiedClients runs the same scenarios with the AWS SDK for JavaScript,
// boto3 and the AWS CLI against a server over the demo's estate. The AWS SDK for Go
// does so in package api/securityhub.
func TestUnmodifiedClients(t *testing.T) {
	t.Parallel()
	file, err := filepath.Abs("../../test/clients/scenarios.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var scenarios []scenario
	if err := json.Unmarshal(data, &scenarios); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
	s := serve(t, env, "demo", "--serve", "--listen", "127.0.0.1:0")
	for line := range strings.SplitSeq(s.out.String(), "\n") {
		if variable, ok := strings.CutPrefix(line, "export "); ok {
			env = append(env, strings.ReplaceAll(variable, "'", ""))
		}
	}
	env = append(env, "AWS_ENDPOINT_URL_SECURITYHUB="+s.url, "AWS_REGION=eu-central-1", "AWS_EC2_METADATA_DISABLED=true")
	python, client := clientPath(t, ".cache/venv/bin/python"), clientPath(t, "test/python/client.py")
	javascript := clientPath(t, ".cache/javascript/client.mjs")
	for name, program := range map[string][]string{
		"javascript": {clientPath(t, ".cache/javascript/node"), javascript, file},
		"boto3":      {python, client, "boto3", file},
		"cli":        {python, client, "cli", file},
	} {
		t.Run(name, func(t *testing.T) {
			mine := slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return len(s.Clients) > 0 && !slices.Contains(s.Clients, name) })
			for i, a := range answers(t, name, env, program, data) {
				checkAnswer(t, name, mine[i], a)
			}
		})
	}
	s.end(t)
}

// clientPath finds what a script of test/ made; where it was not run, the test is
// left out, but for CI.
func clientPath(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../..", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("%v; run test/python/setup.sh and test/javascript/setup.sh", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// answers runs a client program over the scenarios that are its own.
func answers(t *testing.T, name string, env, program []string, all []byte) []answer {
	t.Helper()
	var raw []map[string]any
	if err := json.Unmarshal(all, &raw); err != nil {
		t.Fatal(err)
	}
	raw = slices.DeleteFunc(raw, func(s map[string]any) bool {
		clients, limited := s["clients"].([]any)
		return limited && !slices.Contains(clients, any(name))
	})
	mine, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scenarios.json")
	if err := os.WriteFile(file, mine, 0o600); err != nil {
		t.Fatal(err)
	}
	variables, err := json.Marshal(map[string]string{
		"client": name,
		"start":  estate.AsOf().AddDate(0, 0, -7).Format(time.RFC3339), "end": estate.AsOf().AddDate(0, 0, 1).Format(time.RFC3339),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), program[0], append(slices.Clone(program[1:len(program)-1]), file)...)
	c.Env, c.Stdin = env, bytes.NewReader(variables)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	var list []answer
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	if len(list) != len(raw) {
		t.Fatalf("%s answered %d of %d scenarios", name, len(list), len(raw))
	}
	return list
}

func checkAnswer(t *testing.T, client string, s scenario, a answer) {
	t.Helper()
	if !same(s.Error, a.Error) {
		t.Errorf("%s: %s: error %q (%s), want %q", s.Name, s.Operation, a.Error, a.Message, s.Error)
		return
	}
	if s.Error != "" && !a.Typed {
		t.Errorf("%s: %s: the client does not know the error %q", s.Name, s.Operation, a.Error)
	}
	if a.Status != 0 && s.Status != 0 && a.Status != s.Status {
		t.Errorf("%s: %s: status %d, want %d", s.Name, s.Operation, a.Status, s.Status)
	}
	if s.Pages != 0 && a.Pages != 0 && a.Pages != s.Pages {
		t.Errorf("%s: %s: %d pages, want %d", s.Name, s.Operation, a.Pages, s.Pages)
	}
	for path, want := range s.Expect {
		text := strings.ReplaceAll(fmt.Sprint(want), "${client}", client)
		if captured(text) {
			continue // the value of an earlier answer, which only the client knows
		}
		if got := at(a.Output, path); !same(text, got) {
			t.Errorf("%s: %s: %s is %q, want %q", s.Name, s.Operation, path, got, text)
		}
	}
}

func captured(text string) bool { return strings.Contains(text, "${") }

// same compares with a text, or with a pattern between slashes.
func same(want, got string) bool {
	if pattern, ok := strings.CutPrefix(want, "/"); ok && len(want) > 1 && strings.HasSuffix(want, "/") {
		return regexp.MustCompile(strings.TrimSuffix(pattern, "/")).MatchString(got)
	}
	return want == got
}

// at follows a dotted path through an answer: names, places in lists, and "length".
func at(value any, path string) string {
	keys := strings.Split(path, ".")
	for len(keys) > 0 {
		switch v := value.(type) {
		case []any:
			if keys[0] == "length" {
				return strconv.Itoa(len(v))
			}
			i, err := strconv.Atoi(keys[0])
			if err != nil || i >= len(v) {
				return ""
			}
			value = v[i]
		case map[string]any:
			value = v[keys[0]]
		default:
			return ""
		}
		keys = keys[1:]
	}
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
