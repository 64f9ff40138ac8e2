// Package app builds the adapters and joins them with the pipeline. It is the
// only package that knows all of them.
//
// Nothing is opened before it is needed: listing findings asks for no AWS
// credentials, and evaluating a saved snapshot for no vulnerability database.
package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/catalog"
	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/scan"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
	"github.com/eksposure/eksposure/internal/vuln"
	"github.com/eksposure/eksposure/internal/vulndb"
)

// Options are what an App is made of.
type Options struct {
	Config config.Config
	// Now is the clock that facts are judged by; Clock is the true one, which
	// signatures and caches need. They differ in the demo alone.
	Now   func() time.Time
	Clock func() time.Time
	Log   *slog.Logger
}

// App is the program's parts, joined.
type App struct {
	o       Options
	closers []func() error
	store   *store.DB
}

// New makes an App; nothing is opened yet.
func New(o Options) *App { return &App{o: o} }

// Config gives the settings in force.
func (a *App) Config() config.Config { return a.o.Config }

// Close closes what was opened, the newest first.
func (a *App) Close() error {
	var errs []error
	for _, closer := range slices.Backward(a.closers) {
		errs = append(errs, closer())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// Store opens the database of findings.
func (a *App) Store(ctx context.Context) (*store.DB, error) { return a.open(ctx, false) }

// Recorded opens the database of findings to read what scans recorded. It makes
// nothing: a database that is not there is fault.ErrNotFound.
func (a *App) Recorded(ctx context.Context) (*store.DB, error) { return a.open(ctx, true) }

func (a *App) open(ctx context.Context, existing bool) (*store.DB, error) {
	if a.store != nil {
		return a.store, nil
	}
	db, err := store.Open(ctx, store.Config{
		Place: a.o.Config.Database, Existing: existing, Now: a.o.Now, OCSF: documents(),
	})
	if err != nil {
		return nil, err
	}
	a.store = db
	a.closers = append(a.closers, db.Close)
	return db, nil
}

// documents are what the documents of findings tell beyond the findings.
func documents() ocsf.Options {
	pages := map[string]exposure.Page{exposure.DeleteTopic: trait.DeleteClusterPage()}
	for _, t := range trait.All() {
		pages[t.ID], _ = trait.Page(t.ID)
	}
	return ocsf.Options{ProductVersion: buildInfo().Version, Pages: pages}
}

// Discover lists all clusters, and needs AWS alone.
func (a *App) Discover(ctx context.Context) (inventory.Discovery, error) {
	aws, err := a.cloud(ctx)
	if err != nil {
		return inventory.Discovery{}, err
	}
	return aws.Clusters(ctx)
}

// Scanner opens everything that a scan needs. Without a usable vulnerability
// database it still scans: the container traits are then unknown.
func (a *App) Scanner(ctx context.Context) (*scan.Scanner, error) {
	if k := a.o.Config.Kube; k.Context != "" {
		if err := kube.CheckContext(k.Kubeconfig, k.Context); err != nil {
			return nil, err
		}
	}
	c, err := a.scanParts(ctx)
	if err != nil {
		return nil, err
	}
	if c.Catalog == nil {
		return scan.New(c), nil
	}
	matcher, err := vulndb.Open(a.VulnDB())
	if err != nil {
		c.NoMatcher = err.Error()
		return scan.New(c), nil //nolint:nilerr // the scan carries the reason into each finding
	}
	a.closers = append(a.closers, matcher.Close)
	c.Matcher = matcher
	return scan.New(c), nil
}

// scanParts opens all that a scan needs but the vulnerability database.
func (a *App) scanParts(ctx context.Context) (scan.Config, error) {
	aws, err := a.cloud(ctx)
	if err != nil {
		return scan.Config{}, err
	}
	db, err := a.Store(ctx)
	if err != nil {
		return scan.Config{}, err
	}
	c := a.scanConfig()
	c.Cloud, c.Findings, c.Images, c.Reports, c.Rules = aws, db, db, db, a.rules(db)
	c.Kube = clusterAPI{client: kube.New(kube.Config{}), cloud: aws, kubeconfig: a.o.Config.Kube}
	if !a.o.Config.Images.Read {
		return c, nil
	}
	images, err := catalog.New(catalog.Config{
		Dir: filepath.Join(a.o.Config.CacheDir, "layers"), Mirrors: a.o.Config.Images.Mirrors, DockerConfig: a.o.Config.Images.DockerConfig,
		Limits: catalog.Limits{Cache: int64(a.o.Config.Images.MaxCacheMB) << 20}, Login: aws.RegistryLogin, Log: a.o.Log,
	})
	if err != nil {
		return scan.Config{}, err
	}
	c.Catalog, c.Tags = imageReader{images}, images
	if a.o.Config.Images.Inspector {
		c.Source = inspector{aws}
	}
	return c, nil
}

// Evaluator gives verdicts on saved snapshots, with no cloud at hand. With a
// store it also records them.
func (a *App) Evaluator(ctx context.Context, record bool) (*scan.Scanner, error) {
	c := a.scanConfig()
	if !record {
		return scan.New(c), nil
	}
	db, err := a.Store(ctx)
	if err != nil {
		return nil, err
	}
	c.Findings, c.Rules = db, a.rules(db)
	return scan.New(c), nil
}

// VulnDB gives the settings of the vulnerability database.
func (a *App) VulnDB() vulndb.Config {
	v := a.o.Config.VulnDB
	return vulndb.Config{Dir: v.Dir, ListingURL: v.ListingURL, AutoUpdate: v.AutoUpdate, MaxAge: v.MaxAge, Now: a.o.Clock, Log: a.o.Log}
}

func (a *App) scanConfig() scan.Config {
	s := a.o.Config.Scan
	return scan.Config{
		Traits: trait.All(), Policy: a.o.Config.Policy, Clusters: s.Clusters, ImageReads: a.o.Config.Images.Parallel,
		ClusterTimeout: s.ClusterTimeout, MaxReportAge: a.o.Config.Images.MaxReportAge, Now: a.o.Now, Log: a.o.Log,
	}
}

func (a *App) cloud(ctx context.Context) (*cloud.Client, error) {
	return cloud.New(ctx, a.cloudConfig())
}

func (a *App) cloudConfig() cloud.Config {
	c := a.o.Config.AWS
	return cloud.Config{
		Profile: c.Profile, RoleName: c.RoleName, ExternalID: c.ExternalID, Organization: c.Organization,
		Accounts: c.Accounts, Regions: c.Regions, Concurrency: c.Concurrency, Now: a.o.Now, Clock: a.o.Clock, Logger: a.o.Log,
	}
}

// clusterAPI reaches a cluster's Kubernetes API by an EKS token, or by the one
// kubeconfig context that the user named.
type clusterAPI struct {
	client     *kube.Client
	cloud      *cloud.Client
	kubeconfig config.Kube
}

// Collect implements scan.Kube.
func (k clusterAPI) Collect(ctx context.Context, s *inventory.Snapshot) {
	k.client.Collect(ctx, k.target(s), s)
}

// target is where a cluster's API is, and how to be let in.
func (k clusterAPI) target(s *inventory.Snapshot) kube.Target {
	if k.kubeconfig.Context != "" {
		return kube.Target{Ref: s.Cluster.Ref, Kubeconfig: k.kubeconfig.Kubeconfig, Context: k.kubeconfig.Context}
	}
	return byToken(s, k.cloud.Token)
}

// byToken reaches the endpoint that a cluster was described with by an EKS token.
func byToken(s *inventory.Snapshot, token func(context.Context, inventory.ClusterRef) (string, time.Time, error)) kube.Target {
	t := kube.Target{Ref: s.Cluster.Ref}
	if e := s.Cluster.Endpoint; e != nil {
		t.Server, t.CA = e.URL, e.CA
	}
	t.Token = func(ctx context.Context) (string, time.Time, error) { return token(ctx, s.Cluster.Ref) }
	return t
}

// inspector asks Amazon Inspector about images.
type inspector struct{ cloud *cloud.Client }

// ImageReport implements scan.ReportSource.
func (i inspector) ImageReport(ctx context.Context, im scan.ImageRequest) (vuln.Ingested, bool, error) {
	return i.cloud.ImageReport(ctx, im.Repository, im.Digest)
}

// imageReader turns the pipeline's request into the catalog's.
type imageReader struct{ *catalog.Cataloger }

// Catalog implements scan.Cataloger.
func (r imageReader) Catalog(ctx context.Context, im scan.ImageRequest) (inventory.Image, vuln.SBOM, error) {
	return r.Cataloger.Catalog(ctx, catalog.Request{Repository: im.Repository, Digest: im.Digest, OS: im.OS, Architecture: im.Architecture})
}
