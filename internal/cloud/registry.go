package cloud

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

// loginMargin is how long before its end a registry password is replaced: longer
// than pulling the largest image should take.
const loginMargin = 15 * time.Minute

// login is a registry's user and password.
type login struct{ user, password string }

// registryShape is a private ECR registry: the IPv4 and FIPS hosts of every
// partition and the dual-stack ones (ECR user guide, "Private registry" and
// "Dual-stack endpoints").
var registryShape = regexp.MustCompile(`^([0-9]{12})\.(?:dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.` +
	`(?:amazonaws\.com(?:\.cn)?|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov|amazonaws\.eu)` +
	`|dkr-ecr(?:-fips)?\.([a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))$`)

// Registry is a private ECR registry.
type Registry struct {
	Account string
	Region  string
}

// ParseRegistry reads the host of a private ECR registry. ok is false for every
// other host, public.ecr.aws included, which is read anonymously.
func ParseRegistry(host string) (r Registry, ok bool) {
	m := registryShape.FindStringSubmatch(strings.ToLower(host))
	if m == nil || !regionShape.MatchString(m[2]+m[3]) {
		return Registry{}, false
	}
	return Registry{Account: m[1], Region: m[2] + m[3]}, true
}

// RegistryLogin gives the user and password for an ECR registry, kept until
// shortly before AWS ends it. Our accounts' registries are read with the
// account's own role, others with the caller's rights. For a host that is not
// ECR's, or that is read anonymously, both are empty.
func (c *Client) RegistryLogin(ctx context.Context, host string) (user, password string, err error) {
	r, ok := ParseRegistry(host)
	if !ok {
		return "", "", nil
	}
	p := place{account: c.caller.Account, region: r.Region}
	if c.knows(r.Account) {
		p.account = r.Account
	}
	for {
		if l, ok := c.keptLogin(p); ok {
			return l.user, l.password, nil
		}
		answer, err, shared := c.flight.Do("login/"+p.account+"/"+p.region, func() (any, error) { return c.readLogin(ctx, p) })
		if shared && errors.Is(err, context.Canceled) && ctx.Err() == nil {
			continue // another caller gave up; this one has not
		}
		if err != nil {
			return "", "", fmt.Errorf("log in to registry %q: %w", host, err)
		}
		l, _ := answer.(login)
		return l.user, l.password, nil
	}
}

func (c *Client) keptLogin(p place) (login, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.logins[p]
	return k.value, ok && c.cfg.Clock().Before(k.until)
}

func (c *Client) readLogin(ctx context.Context, p place) (login, error) {
	cfg, err := c.in(ctx, p)
	if err != nil {
		return login{}, err
	}
	out, err := call(ctx, c, ecrGetAuthorizationToken, func(ctx context.Context) (*ecr.GetAuthorizationTokenOutput, error) {
		return ecr.NewFromConfig(cfg).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	})
	if err != nil {
		return login{}, err
	}
	if len(out.AuthorizationData) == 0 {
		return login{}, malformed(ecrGetAuthorizationToken, "no authorization data")
	}
	data := out.AuthorizationData[0]
	text, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	if err != nil {
		return login{}, malformed(ecrGetAuthorizationToken, "the token is not base64")
	}
	user, password, ok := strings.Cut(string(text), ":")
	if !ok || user == "" || password == "" {
		return login{}, malformed(ecrGetAuthorizationToken, "the token is not USER:PASSWORD")
	}
	l := login{user: user, password: password}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logins[p] = kept[login]{value: l, until: utc(data.ExpiresAt).Add(-loginMargin)}
	return l, nil
}
