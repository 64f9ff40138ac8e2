// Package cloud reads AWS: accounts, regions, EKS clusters and what EKS and KMS
// tell about them, bearer tokens for their Kubernetes APIs, and passwords for
// ECR registries.
//
// It takes a Config and the AWS SDK's own environment (profiles, keys, endpoint
// overrides) and gives inventory types; no AWS type leaves the package. What
// could not be read becomes a Skip or a Gap that names the error and its remedy;
// only what makes all further work pointless is an error. A Client changes no
// cluster; a Changer does the actions of approved plans, in a role of its own. No
// call is made whose IAM action is not in Permissions or ChangePermissions.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/singleflight"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/pause"
)

// The bounds of a Client that a Config does not state.
const (
	// defaultConcurrency keeps one account well below EKS's account-wide request rates.
	defaultConcurrency = 8
	// defaultCallTimeout leaves room for every retry of one call and still ends
	// a scan whose endpoint hangs.
	defaultCallTimeout = 30 * time.Second
	// defaultAttempts is the number of tries of one call: more only prolongs a
	// throttling storm.
	defaultAttempts = 5
	// callsAtOnce bounds the calls in flight over all accounts: a process's
	// sockets, not AWS, are the limit here.
	callsAtOnce = 64
	// accountsAtOnce bounds the accounts that are listed side by side.
	accountsAtOnce = 16
	// fallbackRegion is where identity is asked for when neither the environment
	// nor the configuration names a region.
	fallbackRegion = "us-east-1"
)

// Config says which accounts and regions to read, and how. The zero value reads
// the caller's own account in all of its enabled regions.
type Config struct {
	// Profile is the shared-configuration profile; empty leaves it to the SDK's environment.
	Profile string
	// RoleName is the role, with its path if it has one, that is assumed in every
	// account but the caller's own.
	RoleName string
	// RoleInOwn assumes the role in the caller's own account too.
	RoleInOwn bool
	// ExternalID is sent when the role is assumed; empty sends none.
	ExternalID string
	// Organization reads the accounts of the caller's AWS Organization; the caller
	// must be its management account or a delegated administrator.
	Organization bool
	// Accounts limits the scan to these account IDs. Empty means every account of
	// the organization, or the caller's own without one.
	Accounts []string
	// Regions limits the scan to these regions. Empty means the enabled ones of each account.
	Regions []string
	// Concurrency is the number of calls at the same time per account.
	Concurrency int
	// CallTimeout ends one call with all of its retries.
	CallTimeout time.Duration
	// Attempts is the number of tries of one call.
	Attempts int
	// Now is the time that snapshots carry and the built-in calendar is read at.
	// A demonstration may set it to the day that its facts are of.
	Now func() time.Time
	// Clock is the true time: tokens are signed with it, and what AWS dated is
	// kept by it.
	Clock func() time.Time
	// Pause waits between calls that AWS wants few of; nil truly does.
	Pause func(ctx context.Context, d time.Duration) error
	// Logger takes what the SDK wants to say; nil discards it.
	Logger *slog.Logger
}

// WithDefaults fills what was left empty.
func (c Config) WithDefaults() Config {
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = defaultCallTimeout
	}
	if c.Attempts == 0 {
		c.Attempts = defaultAttempts
	}
	if c.Clock == nil {
		c.Clock = time.Now //nolint:forbidigo // the default of the configured clock
	}
	if c.Now == nil {
		c.Now = c.Clock
	}
	if c.Pause == nil {
		c.Pause = pause.For
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// The shapes of configured names: IAM's own for a role (CreateRole, "RoleName"
// and "Path"), and AWS's for accounts and regions.
var (
	roleShape    = regexp.MustCompile(`^([\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}$`)
	accountShape = regexp.MustCompile(`^[0-9]{12}$`)
	regionShape  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+$`)
)

// Validate reports the first setting that cannot work, as fault.ErrInvalid.
func (c Config) Validate() error {
	if c.RoleName != "" && (strings.HasPrefix(c.RoleName, "arn:") || !roleShape.MatchString(c.RoleName)) {
		return fmt.Errorf("role name %q: want the role's name without its ARN, such as eksposure-scan: %w", c.RoleName, fault.ErrInvalid)
	}
	if c.Organization && c.RoleName == "" {
		return fmt.Errorf("an organization is scanned through a role in each account, and no role name is set: %w", fault.ErrInvalid)
	}
	for _, a := range c.Accounts {
		if !accountShape.MatchString(a) {
			return fmt.Errorf("account %q: want 12 digits: %w", a, fault.ErrInvalid)
		}
	}
	for _, r := range c.Regions {
		if !regionShape.MatchString(r) {
			return fmt.Errorf("region %q: want a region code such as eu-west-1: %w", r, fault.ErrInvalid)
		}
	}
	if c.Concurrency < 0 || c.CallTimeout < 0 || c.Attempts < 0 {
		return fmt.Errorf("concurrency, call timeout and attempts cannot be negative: %w", fault.ErrInvalid)
	}
	return nil
}

// Client reads AWS for one caller. It is safe for use by several goroutines.
type Client struct {
	cfg    Config
	base   aws.Config
	caller Identity
	slots  chan struct{}
	flight singleflight.Group

	mu        sync.Mutex
	roles     map[string]aws.CredentialsProvider
	names     map[string]string
	known     map[string]bool
	clusters  map[place]*eks.Client
	calendars map[string]kept[inventory.Calendar]
	logins    map[place]kept[login]
}

// Identity is who the credentials belong to.
type Identity struct {
	ARN       string
	Account   string
	Partition string
}

// place is one region of one account.
type place struct{ account, region string }

// kept is a value that may be used until a time.
type kept[V any] struct {
	value V
	until time.Time
}

// New loads the SDK's configuration and asks AWS once who the caller is.
// Credentials that are missing, expired or refused are fault.ErrDenied with
// the remedy in the error's text.
func New(ctx context.Context, cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	cfg = cfg.WithDefaults()
	base, err := load(ctx, cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg:       cfg,
		base:      base,
		slots:     make(chan struct{}, callsAtOnce),
		roles:     map[string]aws.CredentialsProvider{},
		names:     map[string]string{},
		known:     map[string]bool{},
		clusters:  map[place]*eks.Client{},
		calendars: map[string]kept[inventory.Calendar]{},
		logins:    map[place]kept[login]{},
	}
	if c.caller, err = c.identify(ctx); err != nil {
		return nil, err
	}
	c.know(c.caller.Account)
	c.know(cfg.Accounts...)
	if foreign := c.foreign(); foreign != "" && cfg.RoleName == "" {
		return nil, fmt.Errorf("account %q is not the caller's own (%q) and no role name is set to assume in it: %w",
			foreign, c.caller.Account, fault.ErrInvalid)
	}
	return c, nil
}

// Caller returns who the credentials belong to.
func (c *Client) Caller() Identity { return c.caller }

// load reads the SDK's configuration with our retries and logger.
func load(ctx context.Context, cfg Config) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithAppID("eksposure"),
		config.WithRetryer(retryer(cfg)),
		config.WithHTTPClient(httpClient(cfg)),
		config.WithLogger(sdkLogger(cfg.Logger)),
		config.WithAPIOptions(rememberAttempts()),
	}
	if cfg.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(cfg.Profile))
	}
	base, err := config.LoadDefaultConfig(ctx, options...)
	if missing, ok := errors.AsType[config.SharedConfigProfileNotExistError](err); ok {
		return aws.Config{}, fmt.Errorf("AWS profile %q does not exist; `aws configure list-profiles` lists those that do: %w", missing.Profile, fault.ErrInvalid)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("AWS configuration: %w: %w", err, fault.ErrInvalid)
	}
	if base.Region == "" && len(cfg.Regions) > 0 {
		base.Region = cfg.Regions[0]
	}
	if base.Region == "" {
		base.Region = fallbackRegion
	}
	if client, ok := base.HTTPClient.(*awshttp.BuildableClient); ok { // with AWS_CA_BUNDLE, another than ours
		base.HTTPClient = readBody{client}
	}
	return base, nil
}

// identify proves that the credentials work.
func (c *Client) identify(ctx context.Context) (Identity, error) {
	tried := credentialHint(c.cfg.Profile)
	if c.base.Credentials == nil {
		return Identity{}, fmt.Errorf("no AWS credentials: %w. %s", fault.ErrDenied, tried)
	}
	out, err := call(ctx, c, stsGetCallerIdentity, func(ctx context.Context) (*sts.GetCallerIdentityOutput, error) {
		if _, err := c.base.Credentials.Retrieve(ctx); err != nil {
			return nil, &credentialsError{cause: err}
		}
		return sts.NewFromConfig(c.base).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	})
	if err != nil {
		if errors.Is(err, fault.ErrDenied) {
			return Identity{}, fmt.Errorf("AWS credentials: %w. %s", err, tried)
		}
		return Identity{}, fmt.Errorf("AWS credentials: %w. %s", err, remedy(err))
	}
	id := Identity{ARN: aws.ToString(out.Arn), Account: aws.ToString(out.Account)}
	parts := strings.SplitN(id.ARN, ":", 3)
	if len(parts) != 3 || parts[0] != "arn" || parts[1] == "" || !accountShape.MatchString(id.Account) {
		return Identity{}, malformed(stsGetCallerIdentity, "no ARN and account in the answer")
	}
	id.Partition = parts[1]
	return id, nil
}

// foreign returns the first configured account that is not the caller's own.
func (c *Client) foreign() string {
	i := slices.IndexFunc(c.cfg.Accounts, func(a string) bool { return a != c.caller.Account })
	if i < 0 {
		return ""
	}
	return c.cfg.Accounts[i]
}

// credentialHint says which credentials were tried and how to renew them. The
// SDK's own reader of the environment is asked, so that both agree.
func credentialHint(profile string) string {
	env, err := config.NewEnvConfig()
	if err != nil {
		return "The environment's AWS settings could not be read; check the AWS_ variables"
	}
	if profile == "" && env.Credentials.HasKeys() {
		return "The keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY were tried; renew them (temporary keys need AWS_SESSION_TOKEN too), or unset them to use a profile"
	}
	if profile == "" {
		profile = env.SharedConfigProfile
	}
	if profile != "" {
		return fmt.Sprintf("Profile %q was tried; run `aws sso login --profile %s`, or renew its keys", profile, profile)
	}
	if env.WebIdentityTokenFilePath != "" {
		return "The web identity token of AWS_WEB_IDENTITY_TOKEN_FILE was tried; check that role AWS_ROLE_ARN trusts it"
	}
	return "Neither AWS_ACCESS_KEY_ID nor AWS_PROFILE is set and the default profile and the machine's role give no working credentials; run `aws sso login` or set AWS_PROFILE"
}
