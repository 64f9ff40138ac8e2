package app_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/xml"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/app"
	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// The exit codes, by fault's table.
const (
	usage, notFound, denied, unavailable = fault.ExitUsage, 3, 4, 7
	incomplete, interrupted              = fault.ExitIncomplete, fault.ExitInterrupted
)

// Wrong arguments and files end at once, with a message that names the input and
// what to do.
func TestWrongInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name string
		args []string
		env  string
		code int
		says []string
	}{
		{"unknown flag", []string{"scan", "--regoin", "eu-west-1"}, "", usage, []string{"--regoin", "--region"}},
		{"unknown command", []string{"scna"}, "", usage, []string{`"scna"`, "scan"}},
		{"unknown format", []string{"scan", "-o", "yaml"}, "", usage, []string{`"yaml"`, "ocsf", "sarif"}},
		{"unknown condition", []string{"scan", "--fail-on", "trait=open"}, "", usage, []string{"trait=open", "eksposure traits list"}},
		{"unknown key of the file", []string{"--config", file("key.yaml", "aws:\n  regoins: [eu-west-1]\n"), "scan"}, "", usage, []string{"key.yaml", "aws.regoins", "help settings"}},
		{"wrong value in the file", []string{"--config", file("value.yaml", "scan:\n  cluster_timeout: soon\n"), "scan"}, "", usage, []string{"value.yaml", "scan.cluster_timeout", `"soon"`, "90s"}},
		{"file that is no YAML", []string{"--config", file("broken.yaml", "a: [\n"), "scan"}, "", usage, []string{"broken.yaml", "YAML"}},
		{"file that is missing", []string{"--config", filepath.Join(dir, "none.yaml"), "scan"}, "", notFound, []string{"none.yaml"}},
		{"wrong variable", []string{"scan"}, "EKSPOSURE_SCAN_CLUSTERS=many", usage, []string{"EKSPOSURE_SCAN_CLUSTERS", `"many"`}},
		{"wrong account", []string{"scan", "--account", "4711"}, "", usage, []string{`"4711"`, "12 digits"}},
		{"wrong region", []string{"scan", "--region", "Frankfurt"}, "", usage, []string{`"Frankfurt"`, "eu-west-1"}},
		{"role as an ARN", []string{"scan", "--organization", "--role-name", "arn:aws:iam::111122223333:role/x"}, "", usage, []string{"arn:aws:iam", "eksposure-scan"}},
		{"malformed ARN", []string{"scan", "--cluster", "arn:aws:eks:eu-central-1:4711:cluster/shop"}, "", usage, []string{"4711"}},
		{"malformed ARN to inventory", []string{"inventory", "--cluster", "arn:aws:ecs:eu-central-1:111122223333:cluster/shop"}, "", usage, []string{"arn:aws:ecs"}},
		{"snapshot that is missing", []string{"evaluate", filepath.Join(dir, "none.json")}, "", notFound, []string{"none.json"}},
		{"snapshot that is no JSON", []string{"evaluate", file("broken.json", "{")}, "", usage, []string{"broken.json", "JSON"}},
		{"snapshot of another kind", []string{"evaluate", file("other.json", "{}")}, "", usage, []string{"other.json", "eksposure inventory"}},
		{"snapshot of the future", []string{"evaluate", file("future.json", `{"version": 99}`)}, "", usage, []string{"future.json", "99", "newer eksposure"}},
		{"finding before any scan", []string{"findings", "show", "nowhere"}, "", notFound, []string{"there is no database", "eksposure scan", "--db"}},
		{"archive that is none", []string{"db", "import", file("db.tar.zst", "nothing")}, "", usage, []string{"db.tar.zst"}},
		{"archive that is missing", []string{"db", "import", filepath.Join(dir, "none.tar.zst")}, "", notFound, []string{"none.tar.zst"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, stderr bytes.Buffer
			code := app.Program().Run(t.Context(), test.args, []string{"HOME=" + t.TempDir(), test.env}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &stderr})
			says(t, result{out.String(), stderr.String(), code}, test.code, test.says...)
			if out.Len() > 0 {
				t.Errorf("standard output: %s", &out)
			}
		})
	}
}

// says checks an exit code and what standard error names.
func says(t *testing.T, got result, code int, words ...string) {
	t.Helper()
	if got.code != code {
		t.Errorf("exit code %d, want %d\n%s", got.code, code, got.err)
	}
	for _, w := range words {
		if !strings.Contains(got.err, w) {
			t.Errorf("standard error does not say %q:\n%s", w, got.err)
		}
	}
}

// What AWS refuses ends the scan with the remedy, or costs only its part.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := shared(t)
	t.Run("no credentials", func(t *testing.T) {
		env := append(environment(t, w.estate), "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
		says(t, run(t, env, "scan"), denied, "credentials", "AWS_ACCESS_KEY_ID", "aws sso login")
	})
	t.Run("wrong secret", func(t *testing.T) {
		env := append(environment(t, w.estate), "AWS_SECRET_ACCESS_KEY=wrong")
		says(t, run(t, env, "scan"), denied, "SignatureDoesNotMatch", "renew them")
	})
	t.Run("expired session", func(t *testing.T) {
		e, session := expired(t)
		env := append(environment(t, e), session...)
		says(t, run(t, env, "scan"), denied, "ExpiredToken", "AWS_SESSION_TOKEN")
	})
	t.Run("role that cannot be assumed", func(t *testing.T) {
		const closed = "111122223333"
		e := other(t, func(s *estate.Scenario) {
			for i := range s.Accounts {
				if s.Accounts[i].ID == closed {
					s.Accounts[i].Roles = nil
				}
			}
		})
		got := run(t, environment(t, e), "scan", "-o", "json")
		says(t, got, incomplete, closed, "sts:AssumeRole", "let it trust the caller")
		d := decode(t, got)
		skipped := false
		for _, s := range d.Coverage.Skipped {
			skipped = skipped || s.Account == closed && s.Region == "" && s.Reason == "denied"
		}
		var rest []string
		for _, f := range scanned(t).Findings {
			if f.Cluster.Ref.Account != closed {
				rest = append(rest, f.Cluster.Ref.Name)
			}
		}
		if names := clusters(d); !slices.Equal(names, rest) || !skipped || d.Coverage.Complete {
			t.Errorf("findings of %v, want %v; account skipped: %t", names, rest, skipped)
		}
	})
	t.Run("unknown name", func(t *testing.T) {
		says(t, run(t, environment(t, w.estate), "scan", "--cluster", "nowhere"), notFound, `"nowhere"`, "eksposure clusters")
	})
	for _, command := range []string{"scan", "inventory"} {
		t.Run("unknown ARN to "+command, func(t *testing.T) {
			const arn = "arn:aws:eks:eu-central-1:111122223333:cluster/nowhere"
			says(t, run(t, environment(t, w.estate), command, "--cluster", arn), notFound, arn)
		})
	}
}

func clusters(d decoded) []string {
	var names []string
	for _, f := range d.Findings {
		names = append(names, f.Cluster.Ref.Name)
	}
	return names
}

// expired gives an estate, and the environment of a session that ended there an
// hour ago.
func expired(t *testing.T) (*estate.Estate, []string) {
	t.Helper()
	var behind atomic.Int64
	behind.Store(int64(2 * time.Hour))
	s := estate.Demo(shared(t).images)
	e, err := estate.Start(t.Context(), estate.Config{
		Scenario: s, Images: shared(t).images, Now: func() time.Time { return time.Now().Add(-time.Duration(behind.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	form := url.Values{
		"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleSessionName": {"early"},
		"RoleArn": {"arn:aws:iam::" + reference(e, "shop-us").Account + ":role/" + estate.ScanRole},
	}.Encode()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL(), strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	sign(request, form, e.Secret(estate.DemoUser), time.Now().Add(-time.Duration(behind.Load())))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var session struct {
		AccessKeyID     string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
		SecretAccessKey string `xml:"AssumeRoleResult>Credentials>SecretAccessKey"`
		SessionToken    string `xml:"AssumeRoleResult>Credentials>SessionToken"`
	}
	if err := xml.NewDecoder(response.Body).Decode(&session); err != nil || session.SessionToken == "" {
		t.Fatalf("%s, %v", response.Status, err)
	}
	behind.Store(0)
	return e, []string{
		"AWS_ACCESS_KEY_ID=" + session.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + session.SecretAccessKey, "AWS_SESSION_TOKEN=" + session.SessionToken,
	}
}

// sign signs a form for STS as the demo's user (Signature Version 4, IAM User
// Guide), by a clock that the SDK would set right.
func sign(r *http.Request, form, secret string, now time.Time) {
	hash := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	const kind, headers = "application/x-www-form-urlencoded", "content-type;host;x-amz-date"
	moment := now.UTC().Format("20060102T150405Z")
	day := moment[:8]
	canonical := "POST\n/\n\ncontent-type:" + kind + "\nhost:" + r.URL.Host + "\nx-amz-date:" + moment + "\n\n" + headers + "\n" + hash(form)
	scope := day + "/us-east-1/sts/aws4_request"
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, "us-east-1", "sts", "aws4_request", "AWS4-HMAC-SHA256\n" + moment + "\n" + scope + "\n" + hash(canonical)} {
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write([]byte(part)) // a hash takes everything
		key = mac.Sum(nil)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("X-Amz-Date", moment)
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x", estate.DemoUser, scope, headers, key))
}

// What answers too late or too seldom costs only its part, in bounded time.
func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	names := []string{"shop-production", "ledger", "platform-build"}
	for _, test := range []struct {
		name    string
		fault   estate.Fault
		limit   string
		cluster string // the one that misses something; empty: all
		reason  string
		section string
		says    string
	}{
		{"throttled listing", estate.Fault{Service: "eks", Operation: "ListClusters", Kind: estate.FaultThrottle}, "1m", "", "throttled", "", "lower concurrency"},
		{"throttled cluster", estate.Fault{Service: "eks", Operation: "DescribeCluster", Region: "eu-west-1", Kind: estate.FaultThrottle}, "1m", "ledger", "throttled", "cluster", "lower concurrency"},
		{"hanging EKS", estate.Fault{Service: "eks", Operation: "DescribeCluster", Region: "eu-west-1", Kind: estate.FaultHang}, "3s", "ledger", "unavailable", "", "scan.cluster_timeout"},
		{"hanging Kubernetes", estate.Fault{Service: "kubernetes", Cluster: "ledger", Kind: estate.FaultHang}, "3s", "ledger", "unavailable", "workloads", "list namespaces"},
		{"broken Kubernetes", estate.Fault{Service: "kubernetes", Cluster: "ledger", Kind: estate.FaultBreak}, "1m", "ledger", "unavailable", "workloads", "list namespaces"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := other(t, func(s *estate.Scenario) { only(s, names...) }, test.fault)
			start := time.Now()
			got := run(t, environment(t, e), "scan", "-o", "json", "--cluster-timeout", test.limit)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			says(t, got, incomplete, test.reason, test.cluster, test.says)
			d := decode(t, got)
			var want []string
			for _, f := range scanned(t).Findings {
				if slices.Contains(names, f.Cluster.Ref.Name) && test.cluster != "" && f.Cluster.Ref.Name != test.cluster {
					want = append(want, f.Cluster.Ref.Name)
				}
			}
			others := slices.DeleteFunc(clusters(d), func(n string) bool { return n == test.cluster })
			if !slices.Equal(others, want) {
				t.Errorf("findings of %v, want %v", others, want)
			}
			found := false
			for _, m := range d.Coverage.Skipped {
				found = found || test.cluster == "" && m.Reason == test.reason
			}
			for _, m := range d.Coverage.Failed {
				found = found || test.section == "" && m.Cluster.Name == test.cluster && m.Reason == test.reason
			}
			for _, p := range d.Coverage.Partial {
				for _, g := range p.Gaps {
					found = found || p.Cluster.Name == test.cluster && string(g.Section) == test.section && g.Reason == test.reason
				}
			}
			if !found {
				t.Errorf("the coverage does not tell of it: %+v", d.Coverage)
			}
		})
	}
}

// Without a vulnerability database the container traits are unknown, and the
// others as ever.
func TestDamagedVulnerabilityDatabase(t *testing.T) {
	t.Parallel()
	w := shared(t)
	e := other(t, func(s *estate.Scenario) { only(s, "shop-production") })
	container := []string{"high-priority-vulnerability", "low-priority-vulnerability"}
	for _, test := range []struct {
		name string
		dir  func(dir string) error
	}{
		{"missing", func(string) error { return nil }},
		{"cut off", func(dir string) error { return damaged(w.vulnDB, dir) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "db")
			if err := test.dir(dir); err != nil {
				t.Fatal(err)
			}
			got := run(t, append(environment(t, e), "EKSPOSURE_VULNERABILITY_DATABASE_DIR="+dir), "scan", "-o", "json")
			says(t, got, incomplete, "eksposure db")
			f := decode(t, got).Findings[0]
			for _, s := range f.Traits {
				if slices.Contains(container, s.ID) && (s.Standing != exposure.Unknown || !strings.Contains(strings.Join(s.Unknowns, " "), "database")) {
					t.Errorf("%s is %s: %v", s.ID, s.Standing, s.Unknowns)
				}
			}
			for _, id := range []string{"internet-reachable", "internet-reachable-workload", "unsupported-kubernetes-version"} {
				if s := f.Trait(id); s == nil || s.Standing != exposure.Contributing {
					t.Errorf("%s: %+v", id, s)
				}
			}
			for _, id := range container {
				if f.Trait(id) == nil {
					t.Errorf("%s passes as fine", id)
				}
			}
		})
	}
}

// damaged copies a vulnerability database and cuts its largest file in half.
func damaged(from, to string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	var largest string
	var size int64
	err := filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > size {
			largest, size = path, info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	return os.Truncate(largest, size/2)
}

// A database of findings that cannot be used is named and stays as it is.
func TestDamagedFindings(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, "platform-build") })
	good := filepath.Join(t.TempDir(), "good.db")
	if got := run(t, append(environment(t, e), "EKSPOSURE_DATABASE="+good), "scan"); got.code != 0 {
		t.Fatalf("exit code %d\n%s", got.code, got.err)
	}
	for _, test := range []struct {
		name   string
		change func(path string) error
		says   []string
	}{
		{"no database", func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("not a database\n", 99)), 0o600)
		}, []string{"no SQLite file", "move it away", "--db"}},
		{"cut off", func(path string) error { return os.Truncate(path, 5000) }, []string{"damaged", "move it away"}},
		{"of another program", func(path string) error { return execute(path, "PRAGMA application_id = 7") }, []string{"another program", "--db"}},
		{"of the future", func(path string) error {
			return execute(path, "INSERT INTO migrations (version, checksum, applied_at) VALUES (99, '', 0)")
		}, []string{"newer eksposure", "99", "--db"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "findings.db")
			data, err := os.ReadFile(good)
			if err == nil {
				err = os.WriteFile(path, data, 0o600)
			}
			if err == nil {
				err = test.change(path)
			}
			if err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"scan"}, {"findings", "list"}} {
				says(t, run(t, append(environment(t, e), "EKSPOSURE_DATABASE="+path), args...), usage, append(test.says, path)...)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed, or %v", err)
			}
		})
	}
}

// execute changes a database file behind the program's back.
func execute(path, statement string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.Exec(statement)
	return err
}
