package estate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
)

// readTimeout bounds how long a client may take to send its headers.
const readTimeout = 10 * time.Second

// Config says what an estate is made of.
type Config struct {
	// Listen is the address of the AWS endpoint; empty means a free port on loopback.
	Listen string
	// Scenario is the world; nil means [Demo].
	Scenario *Scenario
	// Now is the clock of authentication: signatures, sessions and certificates
	// need the true time, whatever day the scenario tells of. Required.
	Now func() time.Time
	// Faults are what goes wrong from the beginning.
	Faults []Fault
	// Images are what the registry serves; nil means [images.New].
	Images *images.Registry
	// UpdateTime is how long an update of a cluster takes; two seconds when zero.
	UpdateTime time.Duration
}

// Estate is a running simulation.
type Estate struct {
	scenario   *Scenario
	now        func() time.Time
	services   map[string]service
	operations []operation
	vault      *vault
	codec      *codec
	kube       map[string]*kubeServer // by cluster ARN
	url        string
	registry   string
	passwords  *passwords
	servers    []*http.Server
	running    sync.WaitGroup
	done       chan struct{}
	stop       sync.Once
	buckets    *buckets
	updateTime time.Duration
	images     *images.Registry

	// world guards the clusters, which updates change; updating are those that one
	// works on.
	world    sync.RWMutex
	updating []*Cluster
	// removing is what is being deleted, and rolling what is being rolled out.
	removing []removal
	rolling  []rolling

	mu      sync.Mutex
	calls   []Call
	faults  []Fault
	events  []BusEvent
	queries map[string]*logQuery
}

// Start opens every endpoint of an estate. It stays up until Close.
func Start(ctx context.Context, cfg Config) (*Estate, error) {
	if cfg.Now == nil {
		return nil, fmt.Errorf("estate has no clock: %w", fault.ErrInvalid)
	}
	if cfg.Listen == "" {
		cfg.Listen = loopback
	}
	if cfg.Images == nil {
		published, err := images.New()
		if err != nil {
			return nil, fmt.Errorf("publish images: %w", err)
		}
		cfg.Images = published
	}
	if cfg.Scenario == nil {
		cfg.Scenario = Demo(cfg.Images)
	}
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	e := &Estate{
		scenario: cfg.Scenario, now: cfg.Now, services: services(), vault: newVault(cfg.Scenario), codec: codec,
		kube: map[string]*kubeServer{}, faults: slices.Clone(cfg.Faults), done: make(chan struct{}), passwords: newPasswords(cfg.Now), buckets: newBuckets(),
		updateTime: cmp.Or(cfg.UpdateTime, 2*time.Second), images: cfg.Images, queries: map[string]*logQuery{},
	}
	e.operations = slices.Concat(e.stsOperations(), e.organizationOperations(), e.eksOperations(), e.eksUpdates(), e.eksDeletions(), e.readinessOperations(), e.networkOperations(), e.logOperations(), e.trailOperations(), e.keyOperations(), e.keyChanges(), e.eventOperations(), e.objectOperations(), e.inspectorOperations())
	if err := e.open(ctx, cfg); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// open takes all addresses first and answers for AWS last, so that nobody gets
// an answer from an estate that is not complete.
func (e *Estate) open(ctx context.Context, cfg Config) error {
	l, err := listen(ctx, cfg.Listen)
	if err != nil {
		return err
	}
	e.url = "http://" + l.Addr().String()
	registry, err := listen(ctx, loopback)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	e.registry = "http://" + registry.Addr().String()
	e.serve(registry, e.authorizePull(cfg.Images.HandlerWithLogin(e.passwords.valid)))
	for i := range e.scenario.Accounts {
		a := &e.scenario.Accounts[i]
		for j := range a.Clusters {
			if err := e.startKube(ctx, a.ID, &a.Clusters[j]); err != nil {
				return errors.Join(err, l.Close())
			}
		}
	}
	e.serve(l, http.HandlerFunc(e.serveAWS))
	return nil
}

// loopback is a free port that only this machine can reach.
const loopback = "127.0.0.1:0"

func listen(ctx context.Context, address string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", address, err)
	}
	return l, nil
}

// serve answers plain HTTP until Close.
func (e *Estate) serve(l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: readTimeout, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	e.servers = append(e.servers, s)
	e.running.Go(func() { _ = s.Serve(l) }) // It ends with Close.
}

// Close ends every endpoint and waits until they are down. It may be called
// more than once.
func (e *Estate) Close() error {
	var errs []error
	e.stop.Do(func() {
		close(e.done)
		for _, s := range e.servers {
			errs = append(errs, s.Close())
		}
		for _, k := range e.kube {
			if k.server != nil {
				errs = append(errs, k.server.Close())
			}
		}
		e.running.Wait()
	})
	return errors.Join(errs...)
}

// URL is the address of the AWS endpoint.
func (e *Estate) URL() string { return e.url }

// Env is the environment, NAME=VALUE, that points any AWS client at the estate
// as the first user of the management account, in the region of its first cluster.
func (e *Estate) Env() []string {
	account, user := e.firstUser()
	cred, _ := e.vault.get(user.AccessKey)
	region := "us-east-1"
	if len(account.Clusters) > 0 {
		region = account.Clusters[0].Region
	}
	return []string{
		"AWS_ENDPOINT_URL=" + e.url,
		"AWS_ACCESS_KEY_ID=" + user.AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + cred.secret,
		"AWS_SESSION_TOKEN=",
		"AWS_REGION=" + region,
		"AWS_DEFAULT_REGION=" + region,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
	}
}

// firstUser is the first user of the management account, else of any account.
func (e *Estate) firstUser() (Account, User) {
	var account Account
	for _, a := range e.scenario.Accounts {
		if len(a.Users) > 0 && (account.ID == "" || a.ID == e.scenario.Organization.Management) {
			account = a
		}
	}
	if account.ID == "" {
		return account, User{}
	}
	return account, account.Users[0]
}

// Secret returns the secret access key of an access key that the estate knows.
func (e *Estate) Secret(accessKey string) string {
	cred, _ := e.vault.get(accessKey)
	return cred.secret
}

// AsOf is the day on which the scenario's facts are true.
func (e *Estate) AsOf() time.Time { return e.scenario.AsOf }

// Scenario is the world that the estate serves. It must not be changed.
func (e *Estate) Scenario() *Scenario { return e.scenario }

func (e *Estate) account(id string) *Account {
	i := slices.IndexFunc(e.scenario.Accounts, func(a Account) bool { return a.ID == id })
	if i < 0 {
		return nil
	}
	return &e.scenario.Accounts[i]
}

// Kubeconfig is a kubeconfig file with one context per cluster, named by its
// ARN as `aws eks update-kubeconfig` does. It holds static tokens of the
// estate's own that read what eksposure collects.
func (e *Estate) Kubeconfig() []byte {
	var clusters, contexts, users strings.Builder
	current := ""
	for _, a := range e.scenario.Accounts {
		for _, cl := range a.Clusters {
			k := e.kube[cl.arn(a.ID)]
			arn := k.ref.String()
			if current == "" {
				current = arn
			}
			fmt.Fprintf(&clusters, "- name: %s\n  cluster:\n    server: %s\n    certificate-authority-data: %s\n", arn, k.endpoint, k.caData())
			fmt.Fprintf(&contexts, "- name: %s\n  context:\n    cluster: %s\n    user: %s\n", arn, arn, arn)
			fmt.Fprintf(&users, "- name: %s\n  user:\n    token: %s\n", arn, k.token)
		}
	}
	return fmt.Appendf(nil, "apiVersion: v1\nkind: Config\ncurrent-context: %s\nclusters:\n%scontexts:\n%susers:\n%s", current, &clusters, &contexts, &users)
}
