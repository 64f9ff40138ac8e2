package cloud

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// tokenPrefix marks an EKS bearer token, version 1 (aws-iam-authenticator).
	tokenPrefix = "k8s-aws-v1." //nolint:gosec // the public prefix of every token
	// clusterHeader ties a token to one cluster; the authenticator asks for it.
	clusterHeader = "x-k8s-aws-id"
	// presignSeconds is the X-Amz-Expires that the authenticator expects; AWS
	// honours a presigned GetCallerIdentity for 15 minutes whatever it says.
	presignSeconds = "60"
	// tokenLife is a minute less than those 15, as in `aws eks get-token`.
	tokenLife = 14 * time.Minute
	// emptyPayload is the SHA-256 of no body, which SigV4 signs for a GET.
	emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

// Token gives a bearer token for the cluster's Kubernetes API, signed with the
// credentials of the cluster's account, and the time until which it is accepted.
func (c *Client) Token(ctx context.Context, ref inventory.ClusterRef) (token string, expires time.Time, err error) {
	if err := c.owns(ref); err != nil {
		return "", time.Time{}, err
	}
	provider, err := c.credentials(ctx, ref.Account)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("token for %q: %w", ref, err)
	}
	credentials, err := call(ctx, c, stsGetCallerIdentity, func(ctx context.Context) (aws.Credentials, error) {
		credentials, err := provider.Retrieve(ctx)
		if err != nil {
			return credentials, &credentialsError{cause: err}
		}
		return credentials, nil
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("token for %q: %w", ref, err)
	}
	return PresignToken(ctx, credentials, ref, c.cfg.Clock())
}

// PresignToken makes the token from credentials alone: a GetCallerIdentity URL
// of the cluster's region, signed and never sent by us. The host is always the
// region's own, since EKS accepts no other (aws-iam-authenticator, "verifyHost"),
// so endpoint overrides do not apply.
func PresignToken(ctx context.Context, credentials aws.Credentials, ref inventory.ClusterRef, now time.Time) (token string, expires time.Time, err error) {
	endpoint, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{
		Region: aws.String(ref.Region), UseDualStack: aws.Bool(false), UseFIPS: aws.Bool(false), UseGlobalEndpoint: aws.Bool(false),
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("STS host of region %q: %w: %w", ref.Region, err, fault.ErrInvalid)
	}
	target := endpoint.URI
	target.Path = "/"
	target.RawQuery = url.Values{
		"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}, "X-Amz-Expires": {presignSeconds},
	}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("token request: %w", err)
	}
	request.Header.Set(clusterHeader, ref.Name)
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, credentials, request, emptyPayload, "sts", ref.Region, now.UTC())
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign the token request: %w", err)
	}
	expires = now.UTC().Add(tokenLife)
	if credentials.CanExpire && credentials.Expires.Before(expires) {
		expires = credentials.Expires.UTC()
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(signed)), expires, nil
}
