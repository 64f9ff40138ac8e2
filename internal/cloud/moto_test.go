package cloud_test

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/inventory"
)

// python gives a program of the tests' virtual environment (test/python/setup.sh).
// Without it the test is skipped; on CI that is a failure.
func python(t *testing.T, program string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", ".cache", "venv", "bin", program))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run test/python/setup.sh first", path)
	}
	t.Skipf("%s is missing: run test/python/setup.sh for this comparison", path)
	return ""
}

// startMoto runs moto's server on a free port and gives its URL.
func startMoto(t *testing.T) string {
	t.Helper()
	program := python(t, "moto_server")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	server := exec.CommandContext(t.Context(), program, "-H", "127.0.0.1", "-p", port)
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		if t.Failed() {
			t.Logf("moto: %s", log.String())
		}
	})
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 600 { // half a minute: Python on a busy machine
		dialer := net.Dialer{Timeout: time.Second}
		if connection, err := dialer.DialContext(t.Context(), "tcp", address); err == nil {
			_ = connection.Close()
			return "http://" + address
		}
		<-tick.C
	}
	t.Fatal("moto did not start")
	return ""
}

// Discovery finds exactly what a foreign client made on an AWS stand-in that is
// not ours, through an organization, assumed roles and several regions.
func TestMoto(t *testing.T) {
	interpreter := python(t, "python")
	url := startMoto(t)
	out, err := exec.CommandContext(t.Context(), interpreter, "testdata/moto_clusters.py", url).Output()
	if err != nil {
		t.Fatalf("fill moto: %v\n%s", err, stderr(err))
	}
	var made []struct {
		ARN   string `json:"arn"`
		Key   string `json:"key"`
		State string `json:"key_state"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	environment(t, map[string]string{
		"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
	})
	c, err := cloud.New(t.Context(), cloud.Config{Organization: true, RoleName: "eksposure-scan", Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Incomplete() {
		t.Errorf("skipped = %+v", got.Skipped)
	}
	var want, found []string
	for _, m := range made {
		want = append(want, m.ARN)
	}
	for _, ref := range got.Clusters {
		found = append(found, ref.String())
	}
	slices.Sort(want)
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" || len(want) != 12 {
		t.Errorf("%d clusters, -boto3 +eksposure:\n%s", len(want), diff)
	}
	for _, m := range made {
		ref, err := inventory.ParseClusterRef(m.ARN)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Describe(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if s.Cluster.Status != "ACTIVE" || s.Cluster.Version != "1.31" || !s.Cluster.Endpoint.Public || s.Gap(inventory.SectionCluster) != nil {
			t.Errorf("%s: %+v", m.ARN, s.Cluster)
		}
		if diff := cmp.Diff([]inventory.Key{{ARN: m.Key, State: m.State, Manager: "CUSTOMER"}}, s.Keys); diff != "" {
			t.Errorf("%s keys: -want +got:\n%s", m.ARN, diff)
		}
		if len(s.NodeGroups) != 1 || s.NodeGroups[0].Desired != 2 || s.Gap(inventory.SectionNodeGroups) != nil {
			t.Errorf("%s node groups: %+v", m.ARN, s.NodeGroups)
		}
		// moto lacks these operations and answers an HTML page: unknown, never empty.
		for _, section := range []inventory.Section{inventory.SectionAddons, inventory.SectionAccess, inventory.SectionUpdates, inventory.SectionPodIdentities} {
			if g := s.Gap(section); g == nil || g.Reason != "unavailable" {
				t.Errorf("%s: gap of %s = %+v", m.ARN, section, g)
			}
		}
		if !s.Calendar.BuiltIn {
			t.Errorf("%s: calendar %q", m.ARN, s.Calendar.Source)
		}
	}
}

// The token is byte for byte the one of the AWS CLI, for the same second.
func TestTokenIsTheCLIs(t *testing.T) {
	program := python(t, "aws")
	environment(t, map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "AWS_SESSION_TOKEN": "to+ken/==",
	})
	for _, ref := range []inventory.ClusterRef{
		{Partition: "aws", Account: member, Region: "eu-west-1", Name: "shop_1"},
		{Partition: "aws-us-gov", Account: member, Region: "us-gov-west-1", Name: "gov"},
		{Partition: "aws-cn", Account: member, Region: "cn-northwest-1", Name: "cn"},
	} {
		t.Run(ref.Region, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), program, "eks", "get-token", "--cluster-name", ref.Name, "--region", ref.Region, "--output", "json").Output()
			if err != nil {
				t.Fatalf("aws eks get-token: %v\n%s", err, stderr(err))
			}
			var answer struct {
				Status struct {
					Token string `json:"token"`
				} `json:"status"`
			}
			if err := json.Unmarshal(out, &answer); err != nil {
				t.Fatal(err)
			}
			theirs := decode(t, answer.Status.Token)
			signed, err := time.Parse("20060102T150405Z", theirs.Query().Get("X-Amz-Date"))
			if err != nil {
				t.Fatal(err)
			}
			token, _, err := cloud.PresignToken(t.Context(), aws.Credentials{
				AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", SessionToken: "to+ken/==",
			}, ref, signed)
			if err != nil {
				t.Fatal(err)
			}
			ours := decode(t, token)
			if diff := cmp.Diff(theirs.Query(), ours.Query()); diff != "" || ours.Host != theirs.Host {
				t.Errorf("host %s, -cli %s +eksposure:\n%s", ours.Host, theirs.Host, diff)
			}
		})
	}
}

func stderr(err error) string {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output's own error, unwrapped
		return string(exit.Stderr)
	}
	return ""
}
