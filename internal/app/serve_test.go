package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// serving is a child that serves.
type serving struct {
	cmd          *exec.Cmd
	url, metrics string
	out, err     *bytes.Buffer
	read         chan struct{} // closed when standard output ended
}

// serve starts `eksposure serve`, or another command that serves, and waits until
// it says where.
func serve(t *testing.T, env []string, args ...string) *serving {
	t.Helper()
	s := &serving{cmd: command(t, env, args...), out: &bytes.Buffer{}, err: &bytes.Buffer{}, read: make(chan struct{})}
	s.cmd.Stderr = s.err
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		fmt.Fprintln(s.out, lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "Metrics on "); ok {
			s.metrics = url
		}
		for _, before := range []string{"Serving on ", "aws securityhub get-findings-v2 --endpoint-url "} {
			if url, ok := strings.CutPrefix(lines.Text(), before); ok {
				s.url = url
			}
		}
		if s.url != "" && (s.metrics != "" || !slices.Contains(args, "--metrics-listen")) {
			break
		}
	}
	go func() {
		defer close(s.read)
		_, _ = io.Copy(io.Discard, stdout)
	}()
	if s.url == "" {
		<-s.read
		t.Fatalf("%v\n%s\n%s", s.cmd.Wait(), s.out, s.err)
	}
	return s
}

// end interrupts and wants a clean end.
func (s *serving) end(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-s.read
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v\n%s", err, s.err)
	}
}

// get asks and gives the status and the body.
func get(t *testing.T, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return ask(t, r)
}

func ask(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// until asks again and again until a condition holds, for as long as a child lives.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), childTime)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("not in time: %s", what)
		case <-again.C:
		}
	}
}

// sample reads one number of the metrics; 0 when it is not there.
func sample(metrics, name string) int {
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\d+)$`).FindStringSubmatch(metrics)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// findingsPage is what GetFindingsV2 answers.
type findingsPage struct {
	Findings []any `json:"Findings"`
}

// scans counts the scans that ended in a server.
func (s *serving) scans(t *testing.T) int {
	t.Helper()
	_, text := get(t, s.metrics)
	return sample(text, `eksposure_scans_total{result="complete"}`) + sample(text, `eksposure_scans_total{result="incomplete"}`)
}

// key is an access key as `keys create -o json` prints it.
type key struct {
	ID     string `json:"id"`
	Secret string `json:"secret_access_key"`
}

func createKey(t *testing.T, env []string, args ...string) key {
	t.Helper()
	got := run(t, env, append([]string{"keys", "create", "-o", "json"}, args...)...)
	var k key
	if err := json.Unmarshal([]byte(got.out), &k); err != nil || got.code != 0 || k.Secret == "" {
		t.Fatalf("exit code %d, %v\n%s\n%s", got.code, err, got.out, got.err)
	}
	return k
}

// signed sends a request that the AWS SDK's signer signed.
func (k key) signed(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret}, r, hex.EncodeToString(sum[:]), "securityhub", "eu-central-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	return ask(t, r)
}

// TestServe serves an estate: keys, periodic scans, findings, metrics, the end.
func TestServe(t *testing.T) {
	t.Parallel()
	e := other(t, func(s *estate.Scenario) { only(s, fewClusters...) })
	env := append(environment(t, e), "EKSPOSURE_IMAGES_READ=false")
	admin := createKey(t, env, "--name", "me", "--role", "admin")
	s := serve(t, env, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0")

	until(t, "every cluster scanned", func() bool { return s.scans(t) == len(fewClusters) })
	until(t, "ready", func() bool {
		code, _ := get(t, s.url+"/readyz")
		return code == http.StatusOK
	})
	if code, _ := get(t, s.url+"/healthz"); code != http.StatusOK {
		t.Errorf("health is %d", code)
	}
	if code, body := get(t, s.url+"/hubv2"); code != http.StatusForbidden && code != http.StatusUnauthorized {
		t.Errorf("an unsigned request got %d\n%s", code, body)
	}
	if _, body := get(t, s.url+"/clusters", "Accept", "text/html"); !strings.Contains(body, "<title>") {
		t.Errorf("a browser is shown no page:\n%.300s", body)
	}
	code, body := admin.signed(t, http.MethodPost, s.url+"/findingsv2", `{"MaxResults": 100}`)
	var page findingsPage
	if err := json.Unmarshal([]byte(body), &page); err != nil || code != http.StatusOK || len(page.Findings) != len(fewClusters) {
		t.Errorf("%d %v, %d findings\n%.300s", code, err, len(page.Findings), body)
	}

	var metrics string
	until(t, "the request for findings counted", func() bool {
		_, metrics = get(t, s.metrics)
		return sample(metrics, `eksposure_http_requests_total{operation="GetFindingsV2",status="200"}`) == 1
	})
	problems, err := promlint.New(strings.NewReader(metrics)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	if sample(metrics, "eksposure_state_up") != 1 {
		t.Errorf("metrics:\n%s", metrics)
	}
	if code, _ := get(t, s.url+"/metrics"); code != http.StatusNotFound {
		t.Errorf("metrics on the API's address: %d", code)
	}

	// On demand: one cluster, once more.
	var job struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	clusterARN := decode(t, run(t, env, "findings", "list", "-o", "json")).Findings[0].Cluster.Ref.String()
	code, body = admin.signed(t, http.MethodPost, s.url+"/api/v1/scans", `{"clusters": ["`+clusterARN+`"]}`)
	if err := json.Unmarshal([]byte(body), &job); err != nil || code != http.StatusAccepted {
		t.Fatalf("%d %v\n%s", code, err, body)
	}
	until(t, "the scan on demand finished", func() bool {
		_, body := admin.signed(t, http.MethodGet, s.url+"/api/v1/scans/"+job.ID, "")
		return json.Unmarshal([]byte(body), &job) == nil && job.State == "finished"
	})
	if n := s.scans(t); n != len(fewClusters)+1 {
		t.Errorf("%d scans, want one more than there are clusters", n)
	}

	// Another process revokes the key.
	if got := run(t, env, "keys", "revoke", admin.ID); got.code != 0 {
		t.Errorf("exit code %d\n%s", got.code, got.err)
	}
	if code, _ := admin.signed(t, http.MethodPost, s.url+"/findingsv2", `{"MaxResults": 1}`); code != http.StatusForbidden {
		t.Errorf("the revoked key got %d", code)
	}
	s.end(t)
	if s.err.Len() > 0 {
		t.Errorf("a healthy server said:\n%s", s.err)
	}
}

// Two servers on one PostgreSQL scan every cluster once.
func TestServersShareTheWork(t *testing.T) {
	t.Parallel()
	place := storetest.PostgresURL(t)
	e := other(t, func(s *estate.Scenario) { only(s, fewClusters...) })
	env := append(environment(t, e), "EKSPOSURE_IMAGES_READ=false", "EKSPOSURE_DATABASE="+place, "EKSPOSURE_SCAN_CLUSTERS=1")
	one := serve(t, env, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0")
	two := serve(t, env, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0")
	until(t, "every cluster scanned", func() bool { return one.scans(t)+two.scans(t) >= len(fewClusters) })
	one.end(t)
	two.end(t)
	var names []string
	for _, f := range decode(t, run(t, env, "findings", "list", "-o", "json")).Findings {
		names = append(names, f.Cluster.Ref.Name)
	}
	slices.Sort(names)
	if len(names) != len(fewClusters) {
		t.Errorf("findings %q", names)
	}
}

// What would let others in, or keep everybody out, is refused before it starts.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	short := filepath.Join(dir, "token")
	if err := os.WriteFile(short, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, asProgram + "="}
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--listen", "0.0.0.0:0"}, 2, "demands TLS"},
		{[]string{"--listen", ":0"}, 2, "demands TLS"},
		{[]string{"--listen", "127.0.0.1:0", "--tls-cert", "x.pem"}, 2, "--tls-key"},
		{[]string{"--listen", "0.0.0.0:0", "--tls-cert", "x.pem", "--tls-key", "x.key"}, 3, "x.pem"},
		{[]string{"--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0"}, 2, "demands a token"},
		{[]string{"--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--metrics-token-file", short}, 2, "want 16 or more"},
	} {
		got := run(t, env, append([]string{"serve"}, test.args...)...)
		if got.code != test.code || !strings.Contains(got.err, test.says) || got.out != "" {
			t.Errorf("serve %q: exit code %d, want %d with %q\n%s%s", test.args, got.code, test.code, test.says, got.out, got.err)
		}
	}
}

// Scrapes carry the token, when there is one.
func TestMetricsToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("a-long-enough-metrics-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "AWS_EC2_METADATA_DISABLED=true"}, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
		"--metrics-token-file", token, "--scan-interval", "0", "--db-auto-update=false")
	var codes []int
	for _, header := range [][]string{{}, {"Authorization", "Bearer wrong"}, {"Authorization", "Bearer a-long-enough-metrics-token"}} {
		code, _ := get(t, s.metrics, header...)
		codes = append(codes, code)
	}
	if diff := cmp.Diff([]int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusOK}, codes); diff != "" {
		t.Errorf("without, with a wrong, with the token (-want +got):\n%s", diff)
	}
	s.end(t)
	if !strings.Contains(s.err.String(), "eksposure keys create") {
		t.Errorf("a server without keys said:\n%s", s.err)
	}
}

// TestServedDemo pastes what `eksposure demo --serve` prints into a shell.
func TestServedDemo(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + tmp}
	s := serve(t, env, "demo", "--serve", "--listen", "127.0.0.1:0")
	t.Run("AWS CLI", func(t *testing.T) {
		bin, err := filepath.Abs("../../.cache/venv/bin")
		if err == nil {
			_, err = os.Stat(filepath.Join(bin, "aws"))
		}
		if err != nil && os.Getenv("CI") != "true" {
			t.Skipf("%v; run test/python/setup.sh", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		shell := exec.CommandContext(t.Context(), "sh", "-e", "-c", s.out.String())
		shell.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_PROFILE=mine", "AWS_SESSION_TOKEN=mine", "AWS_PAGER="}
		var stderr bytes.Buffer
		shell.Stderr = &stderr
		out, err := shell.Output()
		var page findingsPage
		if err == nil {
			err = json.Unmarshal(out, &page)
		}
		if err != nil || len(page.Findings) < 9 {
			t.Errorf("%v, %d findings\n%s\n%s", err, len(page.Findings), stderr.String(), s.out)
		}
	})
	s.end(t)
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("the served demo left %v, %v", left, err)
	}
}
