package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/eksposure/eksposure/internal/fault"
)

// sessionName is how the scan shows up in CloudTrail.
const sessionName = "eksposure"

// in returns the SDK configuration for one region of an account. The caller's
// own account is used directly, unless the role is for it too; in every other one
// the role is assumed, once, and its credentials are kept and renewed by the SDK's
// cache.
func (c *Client) in(ctx context.Context, p place) (aws.Config, error) {
	credentials, err := c.credentials(ctx, p.account)
	if err != nil {
		return aws.Config{}, err
	}
	cfg := c.base.Copy()
	cfg.Region = p.region
	cfg.Credentials = credentials
	return cfg, nil
}

// eks returns the EKS client of a place. It is kept, because adaptive retries
// remember in the client how fast this place may be asked.
func (c *Client) eks(ctx context.Context, p place) (*eks.Client, error) {
	cfg, err := c.in(ctx, p)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.clusters[p]; ok {
		return client, nil
	}
	client := eks.NewFromConfig(cfg)
	c.clusters[p] = client
	return client, nil
}

// credentials returns the working credentials of an account.
func (c *Client) credentials(ctx context.Context, account string) (aws.CredentialsProvider, error) {
	if account == c.caller.Account && !c.cfg.RoleInOwn {
		return c.base.Credentials, nil
	}
	if c.cfg.RoleName == "" {
		return nil, fmt.Errorf("account %q is not the caller's own (%q) and no role name is set to assume in it: %w",
			account, c.caller.Account, fault.ErrDenied)
	}
	provider := c.role(account)
	_, err := call(ctx, c, stsAssumeRole, func(ctx context.Context) (aws.Credentials, error) {
		return provider.Retrieve(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("assume role %q: %w", c.roleARN(account), err)
	}
	return provider, nil
}

// role returns the account's credential cache.
func (c *Client) role(account string) aws.CredentialsProvider {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.roles[account]; ok {
		return p
	}
	p := aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c.base), c.roleARN(account),
		func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName
			if c.cfg.ExternalID != "" {
				o.ExternalID = aws.String(c.cfg.ExternalID)
			}
		}))
	c.roles[account] = p
	return p
}

func (c *Client) roleARN(account string) string {
	return "arn:" + c.caller.Partition + ":iam::" + account + ":role/" + strings.TrimPrefix(c.cfg.RoleName, "/")
}

// know remembers accounts as ours: their registries are read with their own role.
func (c *Client) know(accounts ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range accounts {
		c.known[a] = true
	}
}

func (c *Client) knows(account string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[account]
}

func (c *Client) setName(account, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.names[account] = name
}

func (c *Client) nameOf(account string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.names[account]
}
