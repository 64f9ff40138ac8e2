// Package config reads the settings: defaults, then one YAML file, then the
// environment, then flags; the later wins.
//
// The Config struct is the only list of settings. Flags, environment variables,
// the file's keys and the documentation are made from it. The environment and the
// file's content are arguments, so that nothing here reads the process.
package config

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// Config holds every setting. The tags: "key" is the name in the file, "flag" the
// command-line flag (none: file and environment only), "doc" the description.
type Config struct {
	Database string `key:"database" flag:"db" doc:"SQLite file or postgres://USER@HOST/DATABASE URL of the database that keeps findings, history and SBOMs; default: eksposure.db in the user's data directory"`
	CacheDir string `key:"cache_dir" flag:"cache-dir" doc:"directory for image layers and the vulnerability database; default: the user's cache directory"`
	LogLevel string `key:"log_level" flag:"log-level" doc:"what is logged to standard error: debug, info, warn or error"`

	AWS    AWS             `key:"aws"`
	Kube   Kube            `key:"kubernetes"`
	Scan   Scan            `key:"scan"`
	Images Images          `key:"images"`
	VulnDB VulnDB          `key:"vulnerability_database"`
	Policy exposure.Policy `key:"policy"`

	Serve     Serve     `key:"serve"`
	Limits    Limits    `key:"limits"`
	Hub       Hub       `key:"hub"`
	Access    Access    `key:"access"`
	Schedule  Schedule  `key:"schedule"`
	Telemetry Telemetry `key:"telemetry"`

	Remediation Remediation `key:"remediation"`

	Events  Events  `key:"events"`
	Exports Exports `key:"exports"`
	Tickets Tickets `key:"tickets"`
}

// AWS says which accounts and regions are looked at, and how they are reached.
type AWS struct {
	Profile      string   `key:"profile" flag:"profile" doc:"profile of the shared AWS configuration; default: what the AWS SDK finds"`
	Organization bool     `key:"organization" flag:"organization" doc:"take the accounts from AWS Organizations (management account or delegated administrator)"`
	RoleName     string   `key:"role_name" flag:"role-name" doc:"IAM role to assume in every account but the caller's own"`
	ExternalID   string   `key:"external_id" flag:"external-id" doc:"external ID given when the role is assumed"`
	Accounts     []string `key:"accounts" flag:"account" doc:"account to look at, 12 digits; may be repeated; default: the caller's own"`
	Regions      []string `key:"regions" flag:"region" doc:"region to look at; may be repeated; default: all that the account has enabled"`
	Concurrency  int      `key:"concurrency" doc:"AWS calls at the same time per account"`
}

// Kube says how clusters' Kubernetes APIs are reached.
type Kube struct {
	Kubeconfig string `key:"kubeconfig" flag:"kubeconfig" doc:"kubeconfig file for clusters that are reached by a context; default: KUBECONFIG, else ~/.kube/config"`
	Context    string `key:"context" flag:"context" doc:"kubeconfig context to reach the one cluster that is scanned, instead of an EKS token"`
}

// Scan bounds the work of one scan.
type Scan struct {
	Clusters       int           `key:"clusters" flag:"parallel" doc:"clusters scanned at the same time"`
	ClusterTimeout time.Duration `key:"cluster_timeout" flag:"cluster-timeout" doc:"time limit for one cluster; what was not read by then is a gap"`
}

// Images says how images are read.
type Images struct {
	Read         bool              `key:"read" flag:"images" doc:"read images and match their packages; without it the container traits are unknown"`
	Parallel     int               `key:"parallel" doc:"images read at the same time"`
	Mirrors      map[string]string `key:"mirrors" flag:"registry-mirror" doc:"where to pull a registry's images from: REGISTRY=URL, a * in REGISTRY stands for any characters; may be repeated"`
	DockerConfig string            `key:"docker_config" flag:"docker-config" doc:"Docker configuration file with registry credentials; default: DOCKER_CONFIG, else ~/.docker/config.json"`
	Inspector    bool              `key:"inspector" flag:"inspector" doc:"ask Amazon Inspector about images of ECR registries that cannot be pulled; needs the rights of eksposure permissions inspector-policy"`
	MaxReportAge time.Duration     `key:"max_report_age" doc:"age up to which another scanner's report, brought in with eksposure ingest, stands in for an image that cannot be pulled"`
	MaxCacheMB   int               `key:"max_cache_mb" doc:"size that the layer cache is kept below, in MiB"`
}

// VulnDB says where the vulnerability database comes from.
type VulnDB struct {
	Dir        string        `key:"dir" flag:"vulnerability-db" doc:"directory of the vulnerability database, Grype's; default: vulnerability-db in the cache directory"`
	AutoUpdate bool          `key:"auto_update" flag:"db-auto-update" doc:"fetch a newer database before a scan when the present one is older than vulnerability_database.max_age"`
	MaxAge     time.Duration `key:"max_age" doc:"age at which the vulnerability database is refreshed before a scan"`
	ListingURL string        `key:"listing_url" doc:"where newer databases are listed; default: Grype's own distribution"`
}

// Serve says where the server listens.
type Serve struct {
	Listen           string        `key:"listen" flag:"listen" doc:"address to serve on, HOST:PORT; any host but loopback demands serve.tls_cert and serve.tls_key"`
	TLSCert          string        `key:"tls_cert" flag:"tls-cert" doc:"certificate to serve with, a PEM file with its chain; read again when it changes"`
	TLSKey           string        `key:"tls_key" flag:"tls-key" doc:"key of the certificate, a PEM file"`
	MetricsListen    string        `key:"metrics_listen" flag:"metrics-listen" doc:"address to serve Prometheus metrics on, HOST:PORT; any host but loopback demands TLS and serve.metrics_token_file; default: none"`
	MetricsTokenFile string        `key:"metrics_token_file" flag:"metrics-token-file" doc:"file with the bearer token that scrapes of the metrics must carry"`
	TrustedProxies   []string      `key:"trusted_proxies" doc:"proxies whose X-Forwarded-For is believed, for limits and the audit log: addresses, or networks as 10.0.0.0/8; default: none"`
	Grace            time.Duration `key:"grace" doc:"time that requests in flight have to finish when the server is told to end"`
}

// Hub names the hub of the Security Hub API: what stands in the ARNs of the hub, its
// rules, connectors and aggregators.
type Hub struct {
	Partition string `key:"partition" doc:"partition in the ARNs of the hub: aws, aws-us-gov or aws-cn"`
	Region    string `key:"region" doc:"region in the ARNs of the hub, which is the home region of aggregators"`
	Account   string `key:"account" doc:"account in the ARNs of the hub, 12 digits"`
}

// Access says who may ask the server.
type Access struct {
	KeyFile   string `key:"key_file" flag:"key-file" doc:"file of the key that the secrets of access keys are encrypted under; made when missing; default: eksposure.key beside the database's file, else in the user's data directory"`
	PublicURL string `key:"public_url" doc:"URL that browsers reach the server at, https://HOST[:PORT], where a proxy ends TLS or OpenID Connect is used; default: where it listens"`

	AuditRetention time.Duration `key:"audit_retention" doc:"age up to which the audit log is kept; 0 keeps all of it"`

	OIDC OIDC `key:"oidc"`
}

// OIDC says which OpenID Connect provider is believed.
type OIDC struct {
	Issuer           string   `key:"issuer" doc:"URL of the OpenID Connect provider, exactly as it spells itself in its tokens; without it access keys are the only way in"`
	ClientID         string   `key:"client_id" doc:"client ID that eksposure is registered with at the provider"`
	ClientSecretFile string   `key:"client_secret_file" doc:"file with the client secret; none for a public client"`
	Audiences        []string `key:"audiences" doc:"audiences of bearer tokens; default: the client ID"`
	Scopes           []string `key:"scopes" doc:"scopes that are asked for beside openid; default: profile and email"`
	NameClaim        string   `key:"name_claim" doc:"claim that is shown as somebody's name; default: email"`
	Grants           []string `key:"grants" doc:"who gets which role, one rule each, the first that fits decides: ROLE [account=ID] [region=CODE] [cluster=ARN] if CLAIM=VALUE"`
}

// Schedule says when clusters are scanned while serving.
type Schedule struct {
	Interval time.Duration `key:"interval" flag:"scan-interval" doc:"time between two scans of a cluster, and between two discoveries, moved by up to a tenth; 0 scans on demand only"`
}

// Telemetry says where traces go.
type Telemetry struct {
	TracesEndpoint string `key:"traces_endpoint" doc:"URL that OpenTelemetry spans are posted to (OTLP over HTTP); the other standard OTEL_ variables apply too; default: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces, else none"`
}

// Remediation says how plans are applied.
type Remediation struct {
	Role     string        `key:"role" flag:"remediation-role" doc:"IAM role that plans are applied with, assumed in every account, the caller's own too, with the external ID of aws.external_id; default: none, and nothing can be applied"`
	Watch    time.Duration `key:"watch" doc:"time that the nodes of a cluster have after its endpoint was changed, before they are looked at and the plan is done or taken back"`
	FourEyes bool          `key:"four_eyes" doc:"who drafted a plan cannot approve it"`

	Windows []string `key:"windows" doc:"when an action of a plan may begin, as in \"Mon-Thu 09:00-16:00 Europe/Berlin\": days (all when left out), a span of time, a zone of the IANA database (UTC when left out); taking back is not bound to them; default: at any time"`
	Freezes []string `key:"freezes" doc:"when none may, as in \"2026-12-20/2027-01-03 Europe/Berlin\": the first and the last day, a zone"`
}

// Calendar reads the windows and freezes.
func (r Remediation) Calendar() (plan.Calendar, error) {
	c, err := plan.ParseCalendar(r.Windows, r.Freezes)
	if err != nil {
		return c, fmt.Errorf("settings remediation.windows and remediation.freezes: %w", err)
	}
	return c, nil
}

// Directories are the user's directories, which stand in for settings that are
// not given.
type Directories struct {
	Data   string // $XDG_DATA_HOME/eksposure
	Cache  string // $XDG_CACHE_HOME/eksposure
	Config string // $XDG_CONFIG_HOME/eksposure
	Home   string
}

// DirectoriesOf finds the user's directories in the environment, as the XDG Base
// Directory Specification says.
func DirectoriesOf(env map[string]string) Directories {
	home := env["HOME"]
	pick := func(variable, fallback string) string {
		if d := env[variable]; filepath.IsAbs(d) {
			return filepath.Join(d, "eksposure")
		}
		return filepath.Join(home, fallback, "eksposure")
	}
	return Directories{
		Data:   pick("XDG_DATA_HOME", ".local/share"),
		Cache:  pick("XDG_CACHE_HOME", ".cache"),
		Config: pick("XDG_CONFIG_HOME", ".config"),
		Home:   home,
	}
}

// Default gives the settings without a file, environment or flags. Paths that
// depend on the user are filled by Load.
func Default() Config {
	events, tickets := sinkDefaults()
	return Config{
		LogLevel:    "warn",
		AWS:         AWS{Concurrency: 8},
		Scan:        Scan{Clusters: 8, ClusterTimeout: 15 * time.Minute},
		Images:      Images{Read: true, Parallel: 4, MaxReportAge: 30 * 24 * time.Hour, MaxCacheMB: 10 * 1024},
		VulnDB:      VulnDB{AutoUpdate: true, MaxAge: 5 * 24 * time.Hour},
		Policy:      exposure.DefaultPolicy(),
		Serve:       Serve{Listen: "127.0.0.1:8443", Grace: 20 * time.Second},
		Limits:      defaultLimits(),
		Access:      Access{AuditRetention: 400 * 24 * time.Hour},
		Hub:         Hub{Partition: "aws", Region: "us-east-1", Account: "000000000000"},
		Schedule:    Schedule{Interval: 6 * time.Hour},
		Remediation: Remediation{Watch: 90 * time.Second},
		Events:      events,
		Tickets:     tickets,
	}
}

const (
	// leastInterval keeps a fleet from being asked without end.
	leastInterval = 5 * time.Minute
	// leastRetention is a slip of the pen when it is less.
	leastRetention = 24 * time.Hour
	// longestGrace is more than any service manager waits before it kills.
	longestGrace = 10 * time.Minute
	// longestWatch is far more than a node takes to be told NotReady.
	longestWatch = time.Hour
)

// Validate reports the first setting that cannot be, as fault.ErrInvalid.
func (c *Config) Validate() error {
	for _, n := range []struct {
		key string
		n   int
	}{
		{"aws.concurrency", c.AWS.Concurrency},
		{"scan.clusters", c.Scan.Clusters},
		{"images.parallel", c.Images.Parallel},
		{"images.max_cache_mb", c.Images.MaxCacheMB},
	} {
		if n.n < 1 {
			return fmt.Errorf("setting %s is %d: want 1 or more: %w", n.key, n.n, fault.ErrInvalid)
		}
	}
	if c.Scan.ClusterTimeout < time.Second {
		return fmt.Errorf("setting scan.cluster_timeout is %s: want 1s or more: %w", c.Scan.ClusterTimeout, fault.ErrInvalid)
	}
	if c.Images.MaxReportAge < time.Hour {
		return fmt.Errorf("setting images.max_report_age is %s: want 1h or more: %w", c.Images.MaxReportAge, fault.ErrInvalid)
	}
	if c.VulnDB.MaxAge < time.Hour {
		return fmt.Errorf("setting vulnerability_database.max_age is %s: want 1h or more: %w", c.VulnDB.MaxAge, fault.ErrInvalid)
	}
	if c.Schedule.Interval != 0 && c.Schedule.Interval < leastInterval {
		return fmt.Errorf("setting schedule.interval is %s: want 0 or %s or more: %w", c.Schedule.Interval, leastInterval, fault.ErrInvalid)
	}
	if c.Serve.Grace < 0 || c.Serve.Grace > longestGrace {
		return fmt.Errorf("setting serve.grace is %s: want 0s to %s: %w", c.Serve.Grace, longestGrace, fault.ErrInvalid)
	}
	if c.Remediation.Watch < 0 || c.Remediation.Watch > longestWatch {
		return fmt.Errorf("setting remediation.watch is %s: want 0s to %s: %w", c.Remediation.Watch, longestWatch, fault.ErrInvalid)
	}
	if c.Access.AuditRetention != 0 && c.Access.AuditRetention < leastRetention {
		return fmt.Errorf("setting access.audit_retention is %s: want 0 or %s or more: %w", c.Access.AuditRetention, leastRetention, fault.ErrInvalid)
	}
	if err := c.Limits.validate(); err != nil {
		return err
	}
	if _, err := c.Serve.Proxies(); err != nil {
		return err
	}
	if err := c.Hub.validate(); err != nil {
		return err
	}
	if _, err := c.Remediation.Calendar(); err != nil {
		return err
	}
	switch c.LogLevel {
	case "debug", "info", "warn", "error":
	default:
		return fmt.Errorf("setting log_level is %q: want debug, info, warn or error: %w", c.LogLevel, fault.ErrInvalid)
	}
	if err := c.Policy.Validate(); err != nil {
		return fmt.Errorf("setting policy.%w", err)
	}
	return c.Events.validate()
}
