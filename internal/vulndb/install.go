package vulndb

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	v6 "github.com/anchore/grype/grype/db/v6"
	"github.com/anchore/grype/grype/db/v6/distribution"
	"github.com/anchore/grype/grype/db/v6/installation"
	"github.com/wagoodman/go-progress"

	"github.com/eksposure/eksposure/internal/fault"
)

// stagePrefix begins the name of the directories that new databases are unpacked in.
const stagePrefix = "stage-"

// abandoned is the age at which a stage can only be what a killed run left
// behind: a download is limited to minutes.
const abandoned = 24 * time.Hour

// install unpacks the archive (a file or a URL) in a stage beside the database,
// opens it there, and only then lets it take the old one's place.
func install(cfg Config, c *client, reference string) (err error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("make %q: %w", cfg.Dir, err)
	}
	clearAbandoned(cfg)
	stage, err := os.MkdirTemp(cfg.Dir, stagePrefix)
	if err != nil {
		return fmt.Errorf("make stage in %q: %w", cfg.Dir, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stage)) }()

	staged, err := installation.NewCurator(installation.Config{DBRootDir: stage, ValidateChecksum: true}, c)
	if err != nil {
		return fmt.Errorf("stage in %q: %w", stage, err)
	}
	if err := staged.Import(reference); err != nil {
		return importError(err)
	}
	if err := accept(staged); err != nil {
		return importError(err)
	}
	if err := c.stopped(); err != nil {
		return err
	}
	return swap(cfg, stage)
}

// accept opens a staged database and reads from it.
func accept(staged v6.Curator) (err error) {
	if err := staged.Status().Error; err != nil {
		return err
	}
	reader, err := staged.Reader()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	return verify(reader)
}

// swap puts the staged database where the old one was. The old one is moved
// aside first and comes back when the second rename fails.
func swap(cfg Config, stage string) error {
	target, old := databaseDir(cfg.Dir), filepath.Join(stage, "old")
	err := os.Rename(target, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("move old database: %w", err)
	}
	hadOld := err == nil
	if err := os.Rename(databaseDir(stage), target); err != nil {
		if hadOld {
			err = errors.Join(err, os.Rename(old, target))
		}
		return fmt.Errorf("activate database: %w: %w", err, fault.ErrConflict)
	}
	return nil
}

// importError keeps a failed download as what it is, and calls the rest what
// it can only be: an archive that holds no such database.
func importError(err error) error {
	if _, ok := errors.AsType[*downloadError](err); ok {
		return err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", err, fault.ErrDenied)
	}
	return fmt.Errorf("not a Grype v%d database archive, or a damaged one: %s; fetch the archive again; the present database is unchanged: %w",
		v6.ModelVersion, strings.TrimSpace(err.Error()), fault.ErrInvalid)
}

// clearAbandoned removes the stages of runs that were killed.
func clearAbandoned(cfg Config) {
	entries, err := os.ReadDir(cfg.Dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), stagePrefix) || cfg.Now().Sub(info.ModTime()) < abandoned {
			continue
		}
		if err := os.RemoveAll(filepath.Join(cfg.Dir, e.Name())); err != nil {
			cfg.Log.Warn("cannot remove an abandoned download", slog.String("path", e.Name()), slog.Any("error", err))
		}
	}
}

// client is Grype's distribution client, with progress, cancellation between
// steps, and errors of our categories.
type client struct {
	distribution.Client

	stopped  func() error // why the caller no longer waits, or nil
	url      string
	progress func(Progress)
}

func newClient(cfg Config, stopped func() error, report func(Progress)) (*client, error) {
	dc := distribution.DefaultConfig()
	dc.ID.Name = "eksposure"
	dc.RequireUpdateCheck = true
	if cfg.ListingURL != "" {
		dc.LatestURL = cfg.ListingURL
	}
	c, err := distribution.NewClient(dc)
	if err != nil {
		return nil, fmt.Errorf("vulnerability database client: %w", err)
	}
	if report == nil {
		report = func(Progress) {}
	}
	return &client{Client: c, stopped: stopped, url: dc.LatestURL, progress: report}, nil
}

// listed reads the listing of the newest build.
func (c *client) listed() (*distribution.LatestDocument, error) {
	latest, err := c.Latest()
	if err != nil {
		return nil, fmt.Errorf("read listing of vulnerability databases %q: %w: %w", c.url, err, fault.ErrUnavailable)
	}
	if latest == nil || latest.Path == "" || latest.SchemaVersion.Model != v6.ModelVersion {
		return nil, fmt.Errorf("listing of vulnerability databases %q has no build of schema v%d: %w", c.url, v6.ModelVersion, fault.ErrInvalid)
	}
	if latest.Checksum == "" {
		return nil, fmt.Errorf("listing of vulnerability databases %q states no checksum: %w", c.url, fault.ErrInvalid)
	}
	return latest, nil
}

// reportEvery is how often a download's progress is told; a person reads no faster.
const reportEvery = 200 * time.Millisecond

// Download fetches the archive at url into a new directory below dest.
func (c *client) Download(url, dest string, p *progress.Manual) (string, error) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(reportEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.progress(Progress{Done: p.Current(), Total: max(p.Size(), 0)})
			case <-stop:
				c.progress(Progress{Done: p.Current(), Total: max(p.Size(), 0)})
				return
			}
		}
	}()
	dir, err := c.Client.Download(url, dest, p)
	close(stop)
	<-stopped
	if err != nil {
		return "", &downloadError{err: err}
	}
	if err := c.stopped(); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// downloadError is a failed download. A wrong checksum is invalid; the rest is
// a network that may work later.
type downloadError struct{ err error }

func (e *downloadError) Error() string { return e.err.Error() }

func (e *downloadError) Unwrap() []error {
	// go-getter has no error value for it.
	if strings.Contains(strings.ToLower(e.err.Error()), "checksum") {
		return []error{e.err, fault.ErrInvalid}
	}
	return []error{e.err, fault.ErrUnavailable}
}
