package cli

import (
	"context"
	"log/slog"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Setup is what a Backend is made from.
type Setup struct {
	Config config.Config
	Log    *slog.Logger
}

// Backend does the work of the commands. Each part opens what it needs when it is
// asked for, and Close closes all of it.
type Backend interface {
	Discover(ctx context.Context) (inventory.Discovery, error)
	Scanner(ctx context.Context) (Scanner, error)
	// Evaluator needs no cloud; with Record it also needs the store.
	Evaluator(ctx context.Context, r Recording) (Evaluator, error)
	Findings(ctx context.Context) (Findings, error)
	Database() Database
	Close() error
}

// Recording says whether outcomes are kept.
type Recording bool

// The choices.
const (
	Record     Recording = true
	DoNotStore Recording = false
)

// Scanner runs the pipeline.
type Scanner interface {
	Scan(ctx context.Context, r scan.Request, progress func(scan.Progress)) (scan.Summary, error)
	Collect(ctx context.Context, ref inventory.ClusterRef, progress func(scan.Progress)) (*inventory.Snapshot, error)
}

// Evaluator gives verdicts on snapshots.
type Evaluator interface {
	Evaluate(s *inventory.Snapshot, earlier *exposure.Finding) exposure.Outcome
	Record(ctx context.Context, s *inventory.Snapshot) (*exposure.Outcome, error)
}

// Findings reads what was recorded.
type Findings interface {
	// Finding looks up an ID, a UID, a cluster's ARN or its name.
	Finding(ctx context.Context, key string) (*exposure.Finding, error)
	Findings(ctx context.Context, q exposure.Query) ([]*exposure.Finding, error)
	History(ctx context.Context, id string) ([]exposure.Event, error)
	// Profiles counts the open findings of a scope by what their severity is made of.
	Profiles(ctx context.Context, scope access.Scope, accounts, regions []string) ([]exposure.ProfileCount, error)
	// Undecided lists the clusters without an open finding that may be exposed.
	Undecided(ctx context.Context) ([]exposure.Undecided, error)
}

// Reports keeps other scanners' reports about images.
type Reports interface {
	Ingest(ctx context.Context, q ingest.Request) (vuln.Ingested, error)
	Close() error
}

// Remediation drafts and applies plans over what scans recorded.
type Remediation interface {
	Plans(ctx context.Context) (*remediation.Service, error)
	// Person is who asks on this command line.
	Person() access.Principal
	Close() error
}

// Database manages the vulnerability database.
type Database interface {
	Status() (DatabaseStatus, error)
	Check(ctx context.Context) (DatabaseCheck, error)
	// Update reports whether there was a newer one.
	Update(ctx context.Context, progress func(done, total int64)) (bool, error)
	Import(ctx context.Context, path string) error
}

// DatabaseStatus describes the vulnerability database in use.
type DatabaseStatus struct {
	Path    string    `json:"path"`
	Schema  string    `json:"schema,omitempty"`
	Built   time.Time `json:"built,omitzero"`
	Source  string    `json:"source,omitempty"`
	Valid   bool      `json:"valid"`
	Stale   bool      `json:"stale"`
	Problem string    `json:"problem,omitempty"`
	// Err is the problem with its category.
	Err error `json:"-"`
}

// DatabaseCheck compares the database in use with the newest one.
type DatabaseCheck struct {
	Newer   bool      `json:"newer"`
	Current time.Time `json:"current,omitzero"`
	Listed  time.Time `json:"listed"`
}

// Server serves what was recorded.
type Server interface {
	// Serve serves until the context ends, which is no error, and calls ready once,
	// when it answers.
	Serve(ctx context.Context, ready func(Serving) error) error
	// Keys needs the database alone.
	Keys(ctx context.Context) (Keys, error)
	Close() error
}

// Serving is where a server answers.
type Serving struct {
	URL string
	// Console tells whether the build has the console, which is at the URL too.
	Console bool
	// MetricsURL is empty when no metrics are served.
	MetricsURL string
	// Keys counts the access keys that are not revoked.
	Keys int
}

// Keys manages access keys.
type Keys interface {
	Keys(ctx context.Context) ([]access.Key, error)
	// CreateKey gives the new key and its secret, which is never told again.
	CreateKey(ctx context.Context, name string, role access.Role, scope access.Scope) (access.Key, string, error)
	// RevokeKey reports whether the key counted until now; fault.ErrNotFound for one
	// that does not exist.
	RevokeKey(ctx context.Context, id string) (bool, error)
}

// Metric describes one metric that a server gives.
type Metric struct {
	Name, Kind, Help string
	Labels           []string
}

// Estate is a running simulation with a Backend that works on it.
type Estate interface {
	Backend() Backend
	Server() Server
	// Env is NAME=VALUE, what points any client at the estate.
	Env() []string
	// AsOf is the time at which the estate's clock stands.
	AsOf() time.Time
	Close() error
}
