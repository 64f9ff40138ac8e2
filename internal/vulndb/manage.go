package vulndb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/db/v6/distribution"
	"github.com/anchore/grype/grype/db/v6/installation"

	"github.com/eksposure/eksposure/internal/fault"
)

// Status describes the database in a directory.
type Status struct {
	Path     string        `json:"path"`
	Schema   string        `json:"schema,omitempty"` // "v6.1.10"
	Built    time.Time     `json:"built,omitzero"`
	Age      time.Duration `json:"age,omitempty"`
	Source   string        `json:"source,omitempty"` // where it was fetched from, or "manual import"
	Checksum bool          `json:"checksum_valid"`   // the file is the one that was imported
	Stale    bool          `json:"stale"`            // older than the age limit
	Valid    bool          `json:"valid"`            // Open would accept it
	// Problem says why it is not valid, and wraps the category.
	Problem error `json:"-"`
}

// Inspect reads the state of the database in cfg.Dir, whatever it is in. The
// error is about the settings only; a missing or broken database is a Status.
func Inspect(cfg Config) (Status, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return Status{}, err
	}
	c, err := curator(cfg, cfg.Dir)
	if err != nil {
		return Status{}, err
	}
	st := c.Status()
	out := Status{Path: st.Path, Schema: st.SchemaVersion, Built: st.Built, Source: st.From, Checksum: st.Error == nil}
	if !st.Built.IsZero() {
		out.Age = cfg.Now().Sub(st.Built)
		out.Stale = out.Age > cfg.MaxAge
	}
	out.Problem = statusError(cfg, st.Error)
	out.Valid = out.Problem == nil
	return out, nil
}

// Availability compares the database in use with the listing.
type Availability struct {
	Newer   bool      `json:"newer"`            // the listing has a newer build
	Current time.Time `json:"current,omitzero"` // zero when there is no readable database
	Listed  time.Time `json:"listed"`
	Schema  string    `json:"schema"`
}

// Check asks the listing whether there is a newer build, and changes nothing.
func Check(ctx context.Context, cfg Config) (Availability, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return Availability{}, err
	}
	client, err := newClient(cfg, ctx.Err, nil)
	if err != nil {
		return Availability{}, err
	}
	return await(ctx, func() (Availability, error) {
		latest, err := client.listed()
		if err != nil {
			return Availability{}, err
		}
		// Whatever is listed is better than a missing or broken database.
		out := Availability{Listed: latest.Built.Time, Schema: latest.SchemaVersion.String(), Newer: true}
		if current, err := v6.ReadDescription(databaseFile(cfg)); err == nil {
			out.Current = current.Built.Time
			out.Newer = latest.Built.After(current.Built.Time)
		}
		return out, nil
	})
}

// Progress is how far an update has come.
type Progress struct {
	Done, Total int64 // bytes; Total is 0 while unknown
}

// Update fetches the listed build when it is newer than the one in use, or when
// that one is missing or broken, and reports whether it replaced it. The archive
// is verified against the listing's checksum and opened before it takes the old
// one's place. progress may be nil.
func Update(ctx context.Context, cfg Config, progress func(Progress)) (bool, error) {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return false, err
	}
	client, err := newClient(cfg, ctx.Err, progress)
	if err != nil {
		return false, err
	}
	return await(ctx, func() (bool, error) { return update(cfg, client) })
}

func update(cfg Config, c *client) (bool, error) {
	// A database that cannot be read or fails its checksum is replaced by whatever is listed.
	current, err := v6.ReadDescription(databaseFile(cfg))
	if err != nil || !intact(cfg) {
		current = nil
	}
	latest, err := c.listed()
	if err != nil {
		return false, err
	}
	if current != nil && !latest.Built.After(current.Built.Time) {
		return false, nil
	}
	url, err := c.ResolveArchiveURL(latest.Archive)
	if err != nil {
		return false, fmt.Errorf("resolve archive %q: %w: %w", latest.Path, err, fault.ErrInvalid)
	}
	if err := install(cfg, c, url); err != nil {
		return false, fmt.Errorf("update vulnerability database: %w", err)
	}
	return true, nil
}

// Import replaces the database with the one in an archive file (.tar.zst,
// .tar.gz, .tar.xz), with no network. The archive is unpacked beside the old
// database and opened; only a good one takes its place.
func Import(ctx context.Context, cfg Config, path string) error {
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("import vulnerability database %q: no such file: %w", path, fault.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("import vulnerability database: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("import vulnerability database %q: not a file: %w", path, fault.ErrInvalid)
	}
	client, err := newClient(cfg, ctx.Err, nil)
	if err != nil {
		return err
	}
	_, err = await(ctx, func() (struct{}, error) {
		return struct{}{}, install(cfg, client, path)
	})
	if err != nil {
		return fmt.Errorf("import vulnerability database %q: %w", path, err)
	}
	return nil
}

// ImportFrom imports an archive read from r; name says what it is and ends as
// the archive's file name does.
func ImportFrom(ctx context.Context, cfg Config, r io.Reader, name string) error {
	dir, err := os.MkdirTemp("", "eksposure-db-")
	if err != nil {
		return fmt.Errorf("import vulnerability database %q: %w", name, err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, filepath.Base(name))
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("import vulnerability database %q: %w", name, err)
	}
	_, err = io.Copy(f, r)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("import vulnerability database %q: %w", name, err)
	}
	return Import(ctx, cfg, path)
}

// refresh updates before Open when there is no usable fresh database.
func refresh(cfg Config) error {
	st, err := Inspect(cfg)
	if err != nil {
		return err
	}
	if st.Valid && !st.Stale {
		return nil
	}
	c, err := newClient(cfg, func() error { return nil }, nil)
	if err != nil {
		return err
	}
	_, err = update(cfg, c)
	if err == nil {
		return nil
	}
	if !st.Valid {
		return errors.Join(st.Problem, err)
	}
	cfg.Log.Warn("vulnerability database is old and could not be refreshed",
		slog.Time("built", st.Built), slog.Duration("age", st.Age), slog.Any("error", err))
	return nil
}

// curator manages the database below root with Grype's own code. Its age check
// is off because it reads the wall clock; Status and refresh check the age.
func curator(cfg Config, root string) (v6.Curator, error) {
	c, err := installation.NewCurator(installation.Config{DBRootDir: root, ValidateChecksum: true}, nil)
	if err != nil {
		return nil, fmt.Errorf("vulnerability database in %q: %w", cfg.Dir, err)
	}
	return c, nil
}

func intact(cfg Config) bool {
	c, err := curator(cfg, cfg.Dir)
	return err == nil && c.Status().Error == nil
}

func databaseDir(root string) string { return filepath.Join(root, strconv.Itoa(v6.ModelVersion)) }

func databaseFile(cfg Config) string {
	return filepath.Join(databaseDir(cfg.Dir), v6.VulnerabilityDBFileName)
}

// statusError translates the curator's error into a category and a remedy.
func statusError(cfg Config, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, v6.ErrDBDoesNotExist) {
		return fmt.Errorf("no vulnerability database in %q: run `eksposure db update`, or without network `eksposure db import FILE`: %w",
			cfg.Dir, fault.ErrNotFound)
	}
	return corrupt(cfg, err)
}

func corrupt(cfg Config, err error) error {
	return fmt.Errorf("vulnerability database %q is damaged: %s: run `eksposure db update` or `eksposure db import FILE` to replace it: %w",
		databaseFile(cfg), strings.TrimSpace(err.Error()), fault.ErrInvalid)
}

// await runs work that cannot be cancelled (Grype's client takes no context)
// and stops waiting for it when ctx ends.
func await[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

var _ distribution.Client = (*client)(nil)
