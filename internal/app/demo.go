package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/vulndata"
	"github.com/eksposure/eksposure/internal/vulndb"
)

// demoWatch is how long plans watch nodes in the demo, whose nodes lose nothing late.
const demoWatch = 2 * time.Second

// Demo is a simulated AWS estate and an App that scans it through the code path
// of a real scan; only endpoints differ.
type Demo struct {
	App    *App
	estate *estate.Estate
	dir    string
	env    []string
}

// StartDemo starts the estate on loopback. It changes the AWS variables of this
// process, as a person would who points a client at another endpoint, so that the
// user's own credentials are never used.
func StartDemo(ctx context.Context, o Options) (*Demo, error) {
	dir, err := os.MkdirTemp("", "eksposure-demo-")
	if err != nil {
		return nil, fmt.Errorf("make the demo's directory: %w", err)
	}
	d := &Demo{dir: dir}
	if err := d.start(ctx, o); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context, o Options) error {
	world, err := estate.Start(ctx, estate.Config{Now: o.Clock})
	if err != nil {
		return fmt.Errorf("start the demo's estate: %w", err)
	}
	d.estate = world
	c := o.Config
	c.Database = filepath.Join(d.dir, "eksposure.db")
	c.Access.KeyFile = filepath.Join(d.dir, "eksposure.key")
	c.CacheDir = filepath.Join(d.dir, "cache")
	c.Kube = config.Kube{Kubeconfig: filepath.Join(d.dir, "kubeconfig")}
	c.AWS = config.AWS{Organization: true, RoleName: estate.ScanRole, Concurrency: c.AWS.Concurrency}
	c.Remediation.Role, c.Remediation.Watch = estate.RemediationRole, demoWatch
	c.Images.Mirrors, c.Images.DockerConfig = world.Mirrors(), filepath.Join(d.dir, "docker.json")
	c.VulnDB = config.VulnDB{Dir: filepath.Join(d.dir, "vulnerability-db"), MaxAge: c.VulnDB.MaxAge}
	if err := os.WriteFile(c.Kube.Kubeconfig, world.Kubeconfig(), 0o600); err != nil {
		return fmt.Errorf("write the demo's kubeconfig: %w", err)
	}
	o.Config, o.Now = c, world.AsOf
	d.App = New(o)
	if err := vulndb.ImportFrom(ctx, d.App.VulnDB(), bytes.NewReader(vulndata.Archive()), "the bundled database"); err != nil {
		return fmt.Errorf("import the demo's vulnerability database: %w", err)
	}
	d.env = slices.Concat(world.Env(), []string{
		"KUBECONFIG=" + c.Kube.Kubeconfig,
		"EKSPOSURE_AWS_ORGANIZATION=true",
		"EKSPOSURE_AWS_ROLE_NAME=" + c.AWS.RoleName,
		"EKSPOSURE_REMEDIATION_ROLE=" + c.Remediation.Role,
		"EKSPOSURE_REMEDIATION_WATCH=" + demoWatch.String(),
		"EKSPOSURE_IMAGES_MIRRORS=" + mirrorList(c.Images.Mirrors),
		"EKSPOSURE_VULNERABILITY_DATABASE_DIR=" + c.VulnDB.Dir,
		"EKSPOSURE_VULNERABILITY_DATABASE_AUTO_UPDATE=false",
		"EKSPOSURE_DATABASE=" + c.Database,
		"EKSPOSURE_CACHE_DIR=" + c.CacheDir,
	})
	return pointAWS(world.Env())
}

// Env is the environment, NAME=VALUE, that points any AWS client, kubectl and
// eksposure itself at the estate.
func (d *Demo) Env() []string { return d.env }

// AsOf is the time at which the estate's clock stands.
func (d *Demo) AsOf() time.Time { return d.estate.AsOf() }

// Close ends the estate and removes what it wrote.
func (d *Demo) Close() error {
	var errs []error
	if d.App != nil {
		errs = append(errs, d.App.Close())
	}
	if d.estate != nil {
		errs = append(errs, d.estate.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// pointAWS replaces every AWS variable of the process by the estate's.
func pointAWS(env []string) error {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			if err := os.Unsetenv(name); err != nil {
				return fmt.Errorf("unset %s: %w", name, err)
			}
		}
	}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func mirrorList(mirrors map[string]string) string {
	var pairs []string
	for registry, url := range mirrors {
		pairs = append(pairs, registry+"="+url)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, ",")
}
