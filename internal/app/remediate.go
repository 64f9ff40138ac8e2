package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/scan"
)

// Plans opens what drafts and applies plans, over what scans recorded. AWS is
// entered when a cluster is looked at.
func (a *App) Plans(ctx context.Context) (*remediation.Service, error) {
	c, err := a.plans(ctx, &clusters{app: a})
	if err != nil {
		return nil, err
	}
	return remediation.New(c), nil
}

func (a *App) plans(ctx context.Context, look *clusters) (remediation.Config, error) {
	db, err := a.Recorded(ctx)
	if err != nil {
		return remediation.Config{}, err
	}
	c := remediation.Config{
		Clusters: look, Networks: look, Workloads: look, Registries: registries{look}, Addons: look, Policy: a.o.Config.Policy,
		Known: db, Documents: db, Leases: db, Log: db, FourEyes: a.o.Config.Remediation.FourEyes,
		Watch:  a.o.Config.Remediation.Watch,
		Holder: holder(), Now: a.o.Clock, Logger: a.o.Log,
	}
	if c.Calendar, err = a.o.Config.Remediation.Calendar(); err != nil {
		return remediation.Config{}, err
	}
	if a.o.Config.Remediation.Role != "" {
		change := &changer{app: a, look: look}
		c.Actor, c.Keys, c.Secrets = change, change, change
	}
	return c, nil
}

// planner gives an App the shape that the commands ask for.
type planner struct{ *App }

// Person implements cli.Remediation: whoever runs the command line.
func (planner) Person() access.Principal {
	name := localUser()
	return access.Principal{ID: localPrincipal + ":" + name, Name: name}
}

// opening keeps a part from its first use on. One that could not be opened is tried
// again at the next.
type opening[T any] struct {
	mu   sync.Mutex
	part *T
}

func (o *opening[T]) get(open func() (*T, error)) (*T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.part != nil {
		return o.part, nil
	}
	part, err := open()
	o.part = part
	return part, err
}

// clusters looks at clusters with the rights of scanning. A scan opens the
// vulnerability database, so that one is made when the first is asked for.
type clusters struct {
	app *App
	// running scans in a process that runs for long; nil makes a scanner.
	running *pipeline

	cloud   opening[cloud.Client]
	scanner opening[scan.Scanner]
}

func (c *clusters) client(ctx context.Context) (*cloud.Client, error) {
	return c.cloud.get(func() (*cloud.Client, error) { return c.app.cloud(ctx) })
}

// Describe implements remediation.Clusters.
func (c *clusters) Describe(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	client, err := c.client(ctx)
	if err != nil {
		return nil, err
	}
	return client.Describe(ctx, ref)
}

// Key implements remediation.Clusters.
func (c *clusters) Key(ctx context.Context, ref inventory.ClusterRef, arn string) (plan.KeyState, error) {
	client, err := c.client(ctx)
	if err != nil {
		return plan.KeyState{}, err
	}
	return client.Key(ctx, ref, arn)
}

// Rollout implements remediation.Workloads.
func (c *clusters) Rollout(ctx context.Context, now *inventory.Snapshot, ref inventory.WorkloadRef) (plan.Rollout, error) {
	client, err := c.client(ctx)
	if err != nil {
		return plan.Rollout{}, err
	}
	api := clusterAPI{cloud: client, kubeconfig: c.app.o.Config.Kube}
	return kube.New(kube.Config{}).Rollout(ctx, api.target(now), ref)
}

// WayIn implements remediation.Workloads.
func (c *clusters) WayIn(ctx context.Context, now *inventory.Snapshot, ref plan.WayRef) (plan.WayIn, error) {
	client, err := c.client(ctx)
	if err != nil {
		return plan.WayIn{}, err
	}
	api := clusterAPI{cloud: client, kubeconfig: c.app.o.Config.Kube}
	return kube.New(kube.Config{}).WayIn(ctx, api.target(now), ref)
}

// Readiness implements remediation.Clusters: AWS and the cluster's own API are asked
// side by side.
func (c *clusters) Readiness(ctx context.Context, now *inventory.Snapshot, path []string) plan.Readiness {
	var r plan.Readiness
	client, err := c.client(ctx)
	if err != nil {
		why := fault.Message(err)
		r.Insights.Unread, r.Addons.Unread, r.Subnets.Unread = why, why, why
		r.Requests.Unread, r.Objects.Unread, r.Budgets.Unread, r.Nodes.Unread = why, why, why, why
		return r
	}
	var group sync.WaitGroup
	group.Go(func() { client.Readiness(ctx, now, path, &r) })
	api := clusterAPI{cloud: client, kubeconfig: c.app.o.Config.Kube}
	kube.New(kube.Config{}).Readiness(ctx, api.target(now), now, &r)
	group.Wait()
	return r
}

// AddonReleases implements remediation.Addons.
func (c *clusters) AddonReleases(ctx context.Context, now *inventory.Snapshot, kubernetes string) ([]plan.AddonRelease, error) {
	client, err := c.client(ctx)
	if err != nil {
		return nil, err
	}
	return client.AddonReleases(ctx, now, kubernetes)
}

// Network implements remediation.Networks.
func (c *clusters) Network(ctx context.Context, now *inventory.Snapshot) plan.Network {
	client, err := c.client(ctx)
	if err != nil {
		text := fault.Message(err)
		return plan.Network{DNSOff: plan.Reading[string]{Unread: text}, Sources: plan.Reading[plan.Rule]{Unread: text}, Exits: plan.Reading[plan.Exit]{Unread: text}}
	}
	return client.Network(ctx, now)
}

// PrefixList implements remediation.Networks.
func (c *clusters) PrefixList(ctx context.Context, ref inventory.ClusterRef, id string) (plan.PrefixList, error) {
	client, err := c.client(ctx)
	if err != nil {
		return plan.PrefixList{}, err
	}
	return client.PrefixList(ctx, ref, id)
}

// Callers implements remediation.Networks.
func (c *clusters) Callers(ctx context.Context, now *inventory.Snapshot, days int) (plan.Callers, error) {
	client, err := c.client(ctx)
	if err != nil {
		return plan.Callers{}, err
	}
	return client.Callers(ctx, now, days)
}

// Rescan implements remediation.Clusters.
func (c *clusters) Rescan(ctx context.Context, ref inventory.ClusterRef) (*exposure.Outcome, error) {
	if c.running != nil {
		return c.running.ScanCluster(ctx, ref, func(string) {})
	}
	var o *exposure.Outcome
	err := c.scan(ctx, func(s *scan.Scanner) (err error) {
		o, err = s.ScanCluster(ctx, ref, func(scan.Progress) {})
		return err
	})
	return o, err
}

// scan lends a scanner.
func (c *clusters) scan(ctx context.Context, work func(*scan.Scanner) error) error {
	if c.running != nil {
		return c.running.use(ctx, work)
	}
	scanner, err := c.scanner.get(func() (*scan.Scanner, error) { return c.app.Scanner(ctx) })
	if err != nil {
		return err
	}
	return work(scanner)
}

// Close implements remediation.Clusters: EKS is asked once more.
func (c *clusters) Close(ctx context.Context, ref inventory.ClusterRef) error {
	_, err := c.Describe(ctx, ref)
	if err == nil {
		return fmt.Errorf("cluster %q is still there: %w", ref, fault.ErrConflict)
	}
	if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	if c.running != nil {
		return c.running.use(ctx, func(s *scan.Scanner) error {
			_, err := s.Close(ctx, ref)
			return err
		})
	}
	scanner, err := c.scanner.get(func() (*scan.Scanner, error) { return c.app.Scanner(ctx) })
	if err != nil {
		return err
	}
	_, err = scanner.Close(ctx, ref)
	return err
}

// Evaluate implements remediation.Clusters.
func (c *clusters) Evaluate(s *inventory.Snapshot, earlier *exposure.Finding) exposure.Outcome {
	return scan.New(c.app.scanConfig()).Evaluate(s, earlier)
}

// registries read images as a scan does.
type registries struct{ look *clusters }

// Tags implements remediation.Registries.
func (r registries) Tags(ctx context.Context, repository string) (tags []string, err error) {
	err = r.look.scan(ctx, func(s *scan.Scanner) error {
		tags, err = s.Tags(ctx, repository)
		return err
	})
	return tags, err
}

// Digest implements remediation.Registries.
func (r registries) Digest(ctx context.Context, repository, tag string, platforms []string) (digest string, err error) {
	err = r.look.scan(ctx, func(s *scan.Scanner) error {
		digest, err = s.Digest(ctx, repository, tag, platforms)
		return err
	})
	return digest, err
}

// Image implements remediation.Registries.
func (r registries) Image(ctx context.Context, repository, digest, platform string) (image inventory.Image, err error) {
	err = r.look.scan(ctx, func(s *scan.Scanner) error {
		image, err = s.Image(ctx, repository, digest, platform)
		return err
	})
	return image, err
}

// changer changes clusters in the role of the setting remediation.role, which is
// assumed when the first change is asked for.
type changer struct {
	app  *App
	look *clusters
	in   opening[cloud.Changer]
}

func (c *changer) enter(ctx context.Context) (*cloud.Changer, error) {
	return c.in.get(func() (*cloud.Changer, error) {
		cfg := c.app.cloudConfig()
		cfg.RoleName = c.app.o.Config.Remediation.Role
		return cloud.NewChanger(ctx, cfg)
	})
}

// Begin implements remediation.Actor.
func (c *changer) Begin(ctx context.Context, a plan.Action, ref inventory.ClusterRef, token string) (string, error) {
	in, err := c.enter(ctx)
	if err != nil {
		return "", err
	}
	images := a.Kind == plan.WorkloadImage && a.From.Images != nil && a.To.Images != nil
	sources := a.Kind == plan.SourceRanges && a.From.Sources != nil && a.To.Sources != nil
	if !images && !sources {
		return in.Begin(ctx, a, ref, token)
	}
	now, err := c.look.Describe(ctx, ref)
	if err != nil {
		return "", err
	}
	if sources {
		return kube.New(kube.Config{}).SetSources(ctx, byToken(now, in.Token), plan.WayOf(a.Target), *a.From.Sources, *a.To.Sources)
	}
	return kube.New(kube.Config{}).SetImages(ctx, byToken(now, in.Token), *a.From.Images, *a.To.Images)
}

// Progress implements remediation.Actor.
func (c *changer) Progress(ctx context.Context, a plan.Action, ref inventory.ClusterRef, update string) (inventory.Update, error) {
	in, err := c.enter(ctx)
	if err != nil {
		return inventory.Update{}, err
	}
	return in.Progress(ctx, a, ref, update)
}

// Key implements remediation.Keys.
func (c *changer) Key(ctx context.Context, a plan.Action, ref inventory.ClusterRef, known string) (plan.MadeKey, error) {
	in, err := c.enter(ctx)
	if err != nil {
		return plan.MadeKey{}, err
	}
	return in.Key(ctx, a, ref, known)
}

// Make implements remediation.Keys.
func (c *changer) Make(ctx context.Context, a plan.Action, ref inventory.ClusterRef, is plan.MadeKey) (string, error) {
	in, err := c.enter(ctx)
	if err != nil {
		return "", err
	}
	return in.Make(ctx, a, ref, is)
}

// Rewrite implements remediation.Secrets.
func (c *changer) Rewrite(ctx context.Context, now *inventory.Snapshot, mark string) (plan.Rewriting, error) {
	in, err := c.enter(ctx)
	if err != nil {
		return plan.Rewriting{}, err
	}
	return kube.New(kube.Config{}).RewriteSecrets(ctx, byToken(now, in.Token), mark)
}
