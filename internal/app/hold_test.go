package app_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/eksposure/eksposure/internal/estate"
)

// TestHold lets the clients that a person has use the environment that
// `eksposure demo --hold` prints: the AWS CLI, a Kubernetes client and eksposure.
func TestHold(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	cmd := command(t, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + tmp}, "demo", "--hold")
	printed := hold(t, cmd)
	env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}, printed...)

	t.Run("scan", func(t *testing.T) {
		got := run(t, append(env, asProgram+"="+estate.AsOf().Format(time.RFC3339)), "scan", "-o", "json", "--allow-gaps")
		if got.code != 0 {
			t.Fatalf("exit code %d\n%s", got.code, got.err)
		}
		golden(t, "demo.golden", summary(decode(t, got)))
	})

	kubeconfig := readKubeconfig(t, env)
	const cluster = "platform-tools" // in the account of the printed credentials
	address := kubeconfig.address(cluster)
	t.Run("kubeconfig", func(t *testing.T) {
		if names := namespaces(t, address, address.token); !slices.Contains(names, "tools") {
			t.Errorf("namespaces %q", names)
		}
	})
	t.Run("AWS CLI", func(t *testing.T) {
		aws, err := filepath.Abs("../../.cache/venv/bin/aws")
		if err == nil {
			_, err = os.Stat(aws)
		}
		if err != nil && os.Getenv("CI") != "true" {
			t.Skipf("%v; run test/python/setup.sh", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		ask := func(answer any, args ...string) {
			t.Helper()
			c := exec.CommandContext(t.Context(), aws, append([]string{"--output", "json", "--region", "eu-central-1", "eks"}, args...)...)
			c.Env = env
			out, err := c.Output()
			if err == nil {
				err = json.Unmarshal(out, answer)
			}
			if err != nil {
				t.Fatalf("aws eks %s: %v\n%s", args, err, out)
			}
		}
		var list struct {
			Clusters []string `json:"clusters"`
		}
		ask(&list, "list-clusters")
		if diff := cmp.Diff([]string{cluster}, list.Clusters); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		var described struct {
			Cluster struct {
				Endpoint string `json:"endpoint"`
				Version  string `json:"version"`
			} `json:"cluster"`
		}
		ask(&described, "describe-cluster", "--name", cluster)
		if described.Cluster.Endpoint != address.server || described.Cluster.Version == "" {
			t.Errorf("%+v, the kubeconfig has %s", described, address.server)
		}
		var credential struct {
			Status struct {
				Token string `json:"token"`
			} `json:"status"`
		}
		ask(&credential, "get-token", "--cluster-name", cluster)
		if names := namespaces(t, address, credential.Status.Token); !slices.Contains(names, "tools") {
			t.Errorf("namespaces %q", names)
		}
	})

	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the held demo ended with %v", err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("the held demo left %v, %v", left, err)
	}
}

// hold starts a held demo and gives the environment that it prints, as a POSIX
// shell reads it.
func hold(t *testing.T, cmd *exec.Cmd) []string {
	t.Helper()
	stdout, err := os.Create(filepath.Join(t.TempDir(), "environment"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdout.Close() }()
	cmd.Stdout = stdout
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.Contains(lines.Text(), "The estate is up") {
	}
	go func() { _, _ = io.Copy(io.Discard, stderr) }() // what it says in the end must not block it
	shell := exec.CommandContext(t.Context(), "sh", "-c", `. "$1" && env -0`, "sh", stdout.Name())
	shell.Env = []string{}
	out, err := shell.Output()
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for v := range strings.SplitSeq(string(out), "\x00") {
		if strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "EKSPOSURE_") || strings.HasPrefix(v, "KUBECONFIG=") {
			env = append(env, v)
		}
	}
	if len(env) < 10 {
		t.Fatalf("the demo printed %q", env)
	}
	return env
}

// kubeconfig is what a Kubernetes client reads of the file.
type kubeconfig struct {
	Clusters []struct {
		Name    string `yaml:"name"`
		Cluster struct {
			Server string `yaml:"server"`
			CA     string `yaml:"certificate-authority-data"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		Name string `yaml:"name"`
		User struct {
			Token string `yaml:"token"`
		} `yaml:"user"`
	} `yaml:"users"`
}

func readKubeconfig(t *testing.T, env []string) kubeconfig {
	t.Helper()
	var k kubeconfig
	for _, v := range env {
		if name, ok := strings.CutPrefix(v, "KUBECONFIG="); ok {
			data, err := os.ReadFile(name)
			if err == nil {
				err = yaml.Unmarshal(data, &k)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return k
}

// apiServer is one cluster's entry.
type apiServer struct{ server, ca, token string }

func (k kubeconfig) address(cluster string) apiServer {
	var a apiServer
	for _, c := range k.Clusters {
		if strings.HasSuffix(c.Name, "/"+cluster) {
			a.server, a.ca = c.Cluster.Server, c.Cluster.CA
			for _, u := range k.Users {
				if u.Name == c.Name {
					a.token = u.User.Token
				}
			}
		}
	}
	return a
}

// namespaces asks a Kubernetes API, trusting its own authority alone.
func namespaces(t *testing.T, a apiServer, token string) []string {
	t.Helper()
	pem, err := base64.StdEncoding.DecodeString(a.ca)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("authority %q, %v", a.ca, err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.server+"/api/v1/namespaces", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var list struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", response.Status, err)
	}
	var names []string
	for _, i := range list.Items {
		names = append(names, i.Metadata.Name)
	}
	return names
}
