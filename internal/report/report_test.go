package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/report"
	"github.com/eksposure/eksposure/internal/report/reporttest"
	"github.com/eksposure/eksposure/internal/scan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample() report.Report {
	return report.Report{
		GeneratedAt: reporttest.At().Add(time.Minute), Version: "1.0.0", Findings: reporttest.Findings(), Pages: reporttest.Pages(),
		Coverage: report.CoverageOf(summary()),
	}
}

func summary() scan.Summary {
	return scan.Summary{
		StartedAt: reporttest.At(), FinishedAt: reporttest.At().Add(40 * time.Second),
		Discovery: inventory.Discovery{
			Accounts: []string{"111122223333", "444455556666", "777788889999"}, Regions: []string{"eu-central-1", "us-gov-west-1"},
			Skipped: []inventory.Skip{
				{Account: "111122223333", Region: "me-south-1", Disabled: true, Reason: "denied", Detail: "the account has not opted in"},
				{Account: "777788889999", Reason: "denied", Detail: "sts:AssumeRole of eksposure-scan is denied. Let the role trust the scanning account"},
			},
		},
		Outcomes: reporttest.Outcomes(),
		Failed:   []scan.Failure{{Cluster: inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "legacy"}, Reason: "throttled", Detail: "eks:DescribeCluster was throttled 10 times"}},
	}
}

func write(t *testing.T, r report.Report, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	closed := sample()
	closed.Findings = []*exposure.Finding{reporttest.Closed()}
	for _, c := range []struct {
		file string
		r    report.Report
		o    report.Options
	}{
		{"list.txt", sample(), report.Options{Format: report.Text}},
		{"list-narrow-color.txt", sample(), report.Options{Format: report.Text, Color: true, Width: 110}},
		{"list-80.txt", sample(), report.Options{Format: report.Text, Width: 80}},
		{"full.txt", sample(), report.Options{Format: report.Text, Layout: report.Full, Width: 100}},
		{"full-steps-color.txt", sample(), report.Options{Format: report.Text, Layout: report.FullWithSteps, Color: true, Width: 100}},
		{"closed.txt", closed, report.Options{Format: report.Text, Layout: report.Full}},
		{"report.json", sample(), report.Options{Format: report.JSON}},
		{"report.ndjson", sample(), report.Options{Format: report.OCSF}},
		{"report.sarif", sample(), report.Options{Format: report.SARIF}},
		{"report.csv", sample(), report.Options{Format: report.CSV}},
		{"report.md", sample(), report.Options{Format: report.Markdown}},
		{"closed.md", closed, report.Options{Format: report.Markdown}},
		{"report.html", sample(), report.Options{Format: report.HTML}},
	} {
		t.Run(c.file, func(t *testing.T) { golden(t, c.file, write(t, c.r, c.o)) })
	}
	t.Run("coverage.txt", func(t *testing.T) {
		var b strings.Builder
		if err := report.WriteCoverage(&b, sample().Coverage, report.Options{Width: 100}); err != nil {
			t.Fatal(err)
		}
		golden(t, "coverage.txt", b.String())
	})
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("run with -update to accept (-want +got):\n%s", diff)
	}
}

// Names come from clusters and accounts; none may be markup, code or a command.
func TestHostileText(t *testing.T) {
	const evil = "=cmd|'/c calc'!A1\x1b[2J\x1b]0;owned\x07\u202e<script>alert(1)</script>|](javascript:x)@everyone`"
	f := reporttest.Checkout()
	f.Title, f.Description, f.Cluster.AccountName = evil, evil, evil
	for i := range f.Traits {
		f.Traits[i].Short = evil
		for j := range f.Traits[i].Evidence {
			f.Traits[i].Evidence[j].Summary = evil
		}
	}
	for i := range f.Path.Nodes {
		f.Path.Nodes[i].Name = evil
	}
	r := sample()
	r.Findings = []*exposure.Finding{f}
	for _, format := range report.Formats() {
		for _, layout := range []report.Layout{report.List, report.FullWithSteps} {
			out := write(t, r, report.Options{Format: format, Layout: layout, Width: 100})
			if strings.Contains(out, "\x1b") || strings.Contains(out, "\x07") {
				t.Errorf("%s lets control characters through", format)
			}
			if format == report.HTML && strings.Contains(out, "<script") {
				t.Errorf("%s lets markup through", format)
			}
			prose := strings.ReplaceAll(out, codeBlock(out), "")
			if format == report.Markdown && (regexp.MustCompile(`[^\\]<script`).MatchString(prose) || strings.Contains(prose, "@everyone")) {
				t.Errorf("%s lets markup through", format)
			}
		}
	}
	rows, err := csv.NewReader(strings.NewReader(write(t, r, report.Options{Format: report.CSV}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range rows[1] {
		if field != "" && strings.ContainsRune("=+-@\t\r", rune(field[0])) {
			t.Errorf("a spreadsheet would run %q", field)
		}
	}
}

// codeBlock is the attack path's block, in which markup has no meaning.
func codeBlock(s string) string {
	_, rest, _ := strings.Cut(s, "```text\n")
	block, _, _ := strings.Cut(rest, "```\n")
	return block
}

func TestHTMLNeedsNothingElse(t *testing.T) {
	out := write(t, sample(), report.Options{Format: report.HTML})
	for _, bad := range []string{"<script", "<link", "<img", "@import", "url(http", "src=", "ZgotmplZ", "&lt;no value&gt;"} {
		if strings.Contains(out, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
}

func TestWidthIsKept(t *testing.T) {
	for _, width := range []int{60, 80, 110, 160} {
		out := write(t, sample(), report.Options{Format: report.Text, Width: width})
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
	}
}

func TestOCSFIsOneFindingALine(t *testing.T) {
	out := write(t, sample(), report.Options{Format: report.OCSF})
	n := 0
	for line := range strings.Lines(out) {
		var doc struct {
			ClassUID int `json:"class_uid"`
		}
		if err := json.Unmarshal([]byte(line), &doc); err != nil || doc.ClassUID != 2004 {
			t.Errorf("line %d: %v, class %d", n+1, err, doc.ClassUID)
		}
		n++
	}
	if n != len(sample().Findings) {
		t.Errorf("%d lines", n)
	}
}

// TestSARIFShape checks what the 2.1.0 schema demands of what we write.
func TestSARIFShape(t *testing.T) {
	type text struct {
		Text string `json:"text"`
	}
	type location struct {
		LogicalLocations []struct {
			FullyQualifiedName string `json:"fullyQualifiedName"`
		} `json:"logicalLocations"`
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string `json:"name"`
					Rules []struct {
						ID               string `json:"id"`
						ShortDescription text   `json:"shortDescription"`
						FullDescription  text   `json:"fullDescription"`
					} `json:"rules"`
				} `json:"driver"`
			} `json:"tool"`
			Invocations []struct {
				ExecutionSuccessful *bool `json:"executionSuccessful"`
			} `json:"invocations"`
			Results []struct {
				RuleID              string            `json:"ruleId"`
				Kind                string            `json:"kind"`
				Level               string            `json:"level"`
				RuleIndex           *int              `json:"ruleIndex"`
				Message             text              `json:"message"`
				Locations           []location        `json:"locations"`
				PartialFingerprints map[string]string `json:"partialFingerprints"`
			} `json:"results"`
		} `json:"runs"`
	}
	if err := json.Unmarshal([]byte(write(t, sample(), report.Options{Format: report.SARIF})), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-schema-2.1.0.json") || len(log.Runs) != 1 {
		t.Fatalf("got %q, %q, %d runs", log.Version, log.Schema, len(log.Runs))
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name != "eksposure" || len(run.Invocations) != 1 || run.Invocations[0].ExecutionSuccessful == nil {
		t.Error("tool or invocation is incomplete")
	}
	seen := map[string]bool{}
	for _, r := range run.Results {
		if r.RuleIndex == nil || *r.RuleIndex < 0 || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s: rule index is wrong", r.RuleID)
		}
		if !slices.Contains([]string{"fail", "open", "informational"}, r.Kind) || !slices.Contains([]string{"none", "note", "warning", "error"}, r.Level) {
			t.Errorf("%s: kind %q, level %q", r.RuleID, r.Kind, r.Level)
		}
		if (r.Kind == "fail") == (r.Level == "none") {
			t.Errorf("%s: kind %q with level %q (SARIF 3.27.10)", r.RuleID, r.Kind, r.Level)
		}
		if r.Message.Text == "" || len(r.Locations) != 1 || !strings.HasPrefix(r.Locations[0].LogicalLocations[0].FullyQualifiedName, "arn:aws") {
			t.Errorf("%s: message or location is missing", r.RuleID)
		}
		mark := r.PartialFingerprints["eksposure/v1"]
		if mark == "" || seen[mark] {
			t.Errorf("%s: fingerprint %q is empty or not unique", r.RuleID, mark)
		}
		seen[mark] = true
	}
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "" || rule.ShortDescription.Text == "" || rule.FullDescription.Text == "" {
			t.Errorf("rule %+v is incomplete", rule)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range report.Formats() {
		if got, err := report.ParseFormat(strings.ToUpper(string(f))); err != nil || got != f {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	if _, err := report.ParseFormat("pdf"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	if err := report.Write(io.Discard, report.Report{}, report.Options{Format: "pdf"}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestSummarize(t *testing.T) {
	suppressed := reporttest.Checkout()
	suppressed.Status = exposure.StatusSuppressed
	got := report.Summarize(append(reporttest.Findings(), reporttest.Closed(), suppressed))
	want := report.Summary{Findings: 4, Open: 3, Critical: 1, Medium: 1, Suppressed: 1, Closed: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmpty(t *testing.T) {
	for _, f := range report.Formats() {
		out := write(t, report.Report{GeneratedAt: reporttest.At()}, report.Options{Format: f, Layout: report.List})
		if (out == "") != (f == report.OCSF) {
			t.Errorf("%s without findings gives %q", f, out)
		}
	}
}

func TestCoverageNeverCallsUnreadClean(t *testing.T) {
	c := report.CoverageOf(summary())
	if c.Complete || c.Scanned != 3 || c.Clean != 1 || c.Undecided != 0 {
		t.Errorf("complete %v, scanned %d, clean %d, undecided %d", c.Complete, c.Scanned, c.Clean, c.Undecided)
	}
	s := summary()
	for i := range s.Outcomes {
		s.Outcomes[i].Finding = nil // no finding, but the unknown traits stay
	}
	if c = report.CoverageOf(s); c.Clean != 2 || c.Undecided != 1 {
		t.Errorf("a cluster with undecided traits was called clean: clean %d, undecided %d", c.Clean, c.Undecided)
	}
}

// failing is a disk that is full.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrorsAreReturned(t *testing.T) {
	for _, f := range report.Formats() {
		if err := report.Write(failing{}, sample(), report.Options{Format: f}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: %v", f, err)
		}
	}
}
