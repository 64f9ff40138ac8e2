// Package vulndb matches SBOMs against Grype's vulnerability database.
//
// It takes syft JSON documents, or CycloneDX JSON documents of other tools, and
// gives [vuln.Report]s: every package with a known vulnerability, with its fix,
// CVSS vector, EPSS score and KEV listing, and the end of life of the operating
// system. [DB.Complete] adds the same to other scanners' reports. It also keeps the database
// itself: [Inspect], [Update], [Import] and [Check] are what `eksposure db` runs.
//
// The matching is Grype's own, with the settings of its command line, so the
// answer is the one that the grype program gives for the same SBOM and database.
// What has been answered once is remembered (see remember.go): a fleet's images
// share most of their packages. This is the only package that imports grype. It
// never asks the network for anything but the database.
package vulndb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/vulnerability"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Config says where the database lies and how it is kept fresh.
type Config struct {
	// Dir is the directory of the database; the schema's folder ("6") lies in it,
	// as in Grype's own cache, so an existing Grype cache can be used.
	Dir string
	// ListingURL is where the newest build is announced; empty means Grype's
	// own distribution. It names a latest.json or the folder above "v6".
	ListingURL string
	// AutoUpdate lets Open fetch a database when there is none or it is older than MaxAge.
	AutoUpdate bool
	// MaxAge is how long after its build a database counts as fresh; 0 means
	// Grype's default, five days.
	MaxAge time.Duration
	// Now tells the time; it is required.
	Now func() time.Time
	// Log receives warnings, such as a failed refresh; nil discards them.
	Log *slog.Logger
	// Forget turns remembering off, for comparison in tests and benchmarks.
	Forget bool
}

// defaultMaxAge is Grype's own limit (installation.DefaultConfig).
const defaultMaxAge = 5 * 24 * time.Hour

// WithDefaults fills what was left out.
func (c Config) WithDefaults() Config {
	if c.MaxAge == 0 {
		c.MaxAge = defaultMaxAge
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Validate reports the first setting that cannot work.
func (c Config) Validate() error {
	if c.Dir == "" {
		return fmt.Errorf("vulnerability database directory is not set: %w", fault.ErrInvalid)
	}
	if c.Now == nil {
		return fmt.Errorf("vulnerability database needs a clock: %w", fault.ErrInvalid)
	}
	if c.MaxAge < 0 {
		return fmt.Errorf("vulnerability database age limit %s is negative: %w", c.MaxAge, fault.ErrInvalid)
	}
	return nil
}

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	cfg      Config
	reader   v6.Reader
	provider vulnerability.Provider
	build    string
	memory   *memory
	closed   atomic.Bool
	close    func() error
}

// Open opens the database in cfg.Dir after verifying its checksum. With
// AutoUpdate it first fetches one when there is none, or a newer one when the
// present one is older than MaxAge; when that fails, an old database is still
// used, with a warning, and a missing one is an error.
func Open(cfg Config) (*DB, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.AutoUpdate {
		if err := refresh(cfg); err != nil {
			return nil, err
		}
	}
	c, err := curator(cfg, cfg.Dir)
	if err != nil {
		return nil, err
	}
	st := c.Status()
	if err := statusError(cfg, st.Error); err != nil {
		return nil, err
	}
	reader, err := c.Reader()
	if err != nil {
		return nil, corrupt(cfg, err)
	}
	if err := verify(reader); err != nil {
		return nil, errors.Join(corrupt(cfg, err), reader.Close())
	}
	return newDB(cfg, reader, buildName(st.SchemaVersion, st.Built)), nil
}

func newDB(cfg Config, reader v6.Reader, build string) *DB {
	closer := reader.Close
	if !cfg.Forget {
		reader = remember(reader)
	}
	return &DB{
		cfg:      cfg,
		reader:   reader,
		provider: v6.NewVulnerabilityProvider(reader),
		build:    build,
		memory:   newMemory(),
		close:    sync.OnceValue(closer),
	}
}

// Build names the build of the open database, as "v6.1.10 2026-11-01T00:00:00Z".
func (d *DB) Build() string { return d.build }

// Close releases the database; later calls of Match fail.
func (d *DB) Close() error {
	d.closed.Store(true)
	return d.close()
}

// Match returns the vulnerabilities of the packages in the SBOM, worst first.
// A document that is not of the SBOM's format (syft JSON, or CycloneDX JSON when it
// says so) is fault.ErrInvalid.
func (d *DB) Match(ctx context.Context, s vuln.SBOM) (vuln.Report, error) {
	if err := ctx.Err(); err != nil {
		return vuln.Report{}, err
	}
	if err := d.readable(); err != nil {
		return vuln.Report{}, err
	}
	found, err := d.find(ctx, s)
	if err != nil {
		return vuln.Report{}, fmt.Errorf("match SBOM of %q: %w", s.ImageDigest, err)
	}
	os := s.OS
	if os.IsZero() {
		os = found.os
	}
	if os.EndOfLife.IsZero() {
		os.EndOfLife = found.os.EndOfLife
	}
	vuln.Sort(found.matches)
	return vuln.Report{Database: d.build, OS: os, Matches: found.matches}, nil
}

// readable fails when the database cannot be read (any more). Grype's matchers
// swallow such errors and find nothing, which would pass for a clean image; so
// this is asked after every reading too, before an answer is given or kept.
func (d *DB) readable() error {
	if d.closed.Load() {
		return fmt.Errorf("vulnerability database %q is closed: %w", databaseFile(d.cfg), fault.ErrConflict)
	}
	if _, err := d.reader.GetDBMetadata(); err != nil {
		return fmt.Errorf("read vulnerability database %q: %w: %w", databaseFile(d.cfg), err, fault.ErrUnavailable)
	}
	return nil
}

// verify reads a little of each part, because a file may be SQLite, carry the
// right checksum of a wrong content, and still not be a vulnerability database.
func verify(r v6.Reader) error {
	if _, err := r.GetDBMetadata(); err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	providers, err := r.AllProviders()
	if err != nil {
		return fmt.Errorf("read providers: %w", err)
	}
	if len(providers) == 0 {
		return errors.New("no providers in it")
	}
	if _, err := r.GetVulnerabilities(nil, &v6.GetVulnerabilityOptions{Limit: 1}); err != nil && !errors.Is(err, v6.ErrLimitReached) {
		return fmt.Errorf("read vulnerabilities: %w", err)
	}
	return nil
}

func buildName(schema string, built time.Time) string {
	return fmt.Sprintf("%s %s", schema, built.UTC().Format(time.RFC3339))
}

var _ io.Closer = (*DB)(nil)
