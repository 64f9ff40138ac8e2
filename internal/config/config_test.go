package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/fault"
)

func TestLoadLaterSourceWins(t *testing.T) {
	c, err := config.Load(config.Sources{
		FileName: "c.yaml",
		File: []byte(`
database: /file.db
aws:
  role_name: from-file
  accounts: ["111122223333", 012345678901]
images:
  mirrors: {docker.io: "https://mirror.example"}
policy:
  likely_epss: 0.2
scan: {cluster_timeout: 90s}
`),
		Env:   map[string]string{"HOME": "/home/a", "EKSPOSURE_AWS_ROLE_NAME": "from-env", "EKSPOSURE_AWS_REGIONS": "eu-west-1,eu-north-1", "KUBECONFIG": "/k", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"},
		Flags: map[string][]string{"aws.regions": {"us-east-1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Database = "/file.db"
	want.Access.KeyFile = "/eksposure.key"
	want.CacheDir = "/home/a/.cache/eksposure"
	want.VulnDB.Dir = "/home/a/.cache/eksposure/vulnerability-db"
	want.AWS.RoleName = "from-env"
	want.AWS.Accounts = []string{"111122223333", "012345678901"}
	want.AWS.Regions = []string{"us-east-1"}
	want.Images.Mirrors = map[string]string{"docker.io": "https://mirror.example"}
	want.Images.DockerConfig = "/home/a/.docker/config.json"
	want.Kube.Kubeconfig = "/k"
	want.Policy.LikelyEPSS = 0.2
	want.Scan.ClusterTimeout = 90 * time.Second
	want.Telemetry.TracesEndpoint = "http://collector:4318/v1/traces"
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

// The key file is never looked for beside a server's URL.
func TestKeyFileOfAServer(t *testing.T) {
	c, err := config.Load(config.Sources{Env: map[string]string{"HOME": "/home/a", "EKSPOSURE_DATABASE": "postgres://db.internal/eksposure"}})
	if err != nil || c.Access.KeyFile != "/home/a/.local/share/eksposure/eksposure.key" {
		t.Errorf("key file %q, %v", c.Access.KeyFile, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name  string
		src   config.Sources
		names string // what the error must name
	}{
		{"unknown key", config.Sources{File: []byte("aws: {rolename: x}"), FileName: "c.yaml"}, "aws.rolename"},
		{"scalar for a section", config.Sources{File: []byte("aws: x"), FileName: "c.yaml"}, `"aws"`},
		{"not YAML", config.Sources{File: []byte("a: [b"), FileName: "c.yaml"}, "c.yaml"},
		{"a hub of no account", config.Sources{Env: map[string]string{"EKSPOSURE_HUB_ACCOUNT": "mine"}}, "hub.account"},
		{"a hub of no region", config.Sources{Env: map[string]string{"EKSPOSURE_HUB_REGION": "Frankfurt"}}, "hub.region"},
		{"a hub of no partition", config.Sources{Env: map[string]string{"EKSPOSURE_HUB_PARTITION": "azure"}}, "hub.partition"},
		{"bad number in the environment", config.Sources{Env: map[string]string{"EKSPOSURE_POLICY_LIKELY_EPSS": "often"}}, "EKSPOSURE_POLICY_LIKELY_EPSS"},
		{"threshold out of range", config.Sources{Flags: map[string][]string{"policy.likely_epss": {"1.5"}}}, "likely_epss"},
		{"mirror without URL", config.Sources{Flags: map[string][]string{"images.mirrors": {"docker.io"}}}, "images.mirrors"},
		{"negative", config.Sources{Flags: map[string][]string{"scan.clusters": {"-1"}}}, "scan.clusters"},
		{"zero workers", config.Sources{Flags: map[string][]string{"scan.clusters": {"0"}}}, "scan.clusters"},
		{"scans without end", config.Sources{Flags: map[string][]string{"schedule.interval": {"1s"}}}, "schedule.interval"},
		{"endless end", config.Sources{Flags: map[string][]string{"serve.grace": {"1h"}}}, "serve.grace"},
		{"log level", config.Sources{Flags: map[string][]string{"log_level": {"loud"}}}, "log_level"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(test.src)
			if !errors.Is(err, fault.ErrInvalid) {
				t.Fatalf("Load = %v, want fault.ErrInvalid", err)
			}
			if !strings.Contains(err.Error(), test.names) {
				t.Errorf("error %q does not name %q", err, test.names)
			}
		})
	}
}

// Every setting must be documented, and reachable by one name only.
func TestSettings(t *testing.T) {
	var names []string
	for _, s := range config.Settings() {
		if s.Doc == "" {
			t.Errorf("setting %s has no description", s.Key)
		}
		for _, n := range []string{s.Key, s.Env, s.Flag} {
			if n == "" {
				continue
			}
			if slices.Contains(names, n) {
				t.Errorf("name %q stands for two settings", n)
			}
			names = append(names, n)
		}
	}
}
