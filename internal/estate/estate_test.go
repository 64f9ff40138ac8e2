package estate_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
)

const (
	platform = "777788889999"
	shop     = "111122223333"
	payments = "444455556666"
)

// published is made once: every test reads it and none changes it.
var published = func() *images.Registry {
	r, err := images.New()
	if err != nil {
		panic(err)
	}
	return r
}()

func start(t *testing.T, cfg estate.Config) *estate.Estate {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Images == nil {
		cfg.Images = published
	}
	e, err := estate.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

// config is an AWS SDK configuration for one key of the estate.
func config(e *estate.Estate, key, secret, token, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(e.URL()), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	}
}

// demoUser is the configuration of the demo's caller.
func demoUser(e *estate.Estate, region string) aws.Config {
	return config(e, estate.DemoUser, e.Secret(estate.DemoUser), "", region)
}

// assume is the configuration of the scan role in an account.
func assume(t *testing.T, e *estate.Estate, account, region string) aws.Config {
	t.Helper()
	return assumeRole(t, e, "arn:aws:iam::"+account+":role/"+estate.ScanRole, region)
}

func assumeRole(t *testing.T, e *estate.Estate, role, region string) aws.Config {
	t.Helper()
	out, err := sts.NewFromConfig(demoUser(e, region)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(role), RoleSessionName: aws.String("eksposure"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return config(e, *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, region)
}

// token is an EKS bearer token, made as `aws eks get-token` makes it.
func token(t *testing.T, cfg aws.Config, cluster string) string {
	t.Helper()
	cfg.BaseEndpoint = nil
	req, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{},
		func(o *sts.PresignOptions) {
			o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
				o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("x-k8s-aws-id", cluster), smithyhttp.SetHeaderValue("X-Amz-Expires", "60"))
			})
		})
	if err != nil {
		t.Fatal(err)
	}
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(withExpiry(t, req.URL)))
}

// withExpiry checks that the URL is presigned for a minute.
func withExpiry(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if u.Query().Get("X-Amz-Expires") == "" {
		t.Fatalf("presigned URL %q has no expiry", raw)
	}
	return raw
}

// signerAt signs with another time than now.
type signerAt struct {
	*v4.Signer

	at time.Time
}

func (s signerAt) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, s.at, opts...)
}

func transport(pool *x509.CertPool) *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
}

// get asks a cluster's Kubernetes API.
func get(t *testing.T, server, ca, bearer, path string) (int, string) {
	t.Helper()
	return send(t, api{t, server, ca, bearer}, http.MethodGet, path, "")
}

// send asks a Kubernetes API; what has a body is a strategic merge patch.
func send(t *testing.T, a api, method, path, content string) (int, string) {
	t.Helper()
	return sendAs(t, a, method, path, "application/strategic-merge-patch+json", content)
}

// sendAs is send of another type of patch.
func sendAs(t *testing.T, a api, method, path, patch, content string) (int, string) {
	t.Helper()
	pool := x509.NewCertPool()
	pem, err := base64.StdEncoding.DecodeString(a.ca)
	if err != nil || !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("CA %q: %v", a.ca, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, a.server+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	if content != "" {
		req.Header.Set("Content-Type", patch)
	}
	client := &http.Client{Transport: transport(pool)}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestTheWayFromAccountToPods(t *testing.T) {
	e := start(t, estate.Config{})
	cfg := assume(t, e, shop, "eu-central-1")
	client := eks.NewFromConfig(cfg)
	list, err := client.ListClusters(t.Context(), &eks.ListClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(list.Clusters, " "); got != "shop-production shop-staging" {
		t.Fatalf("clusters of the shop in Frankfurt: %q", got)
	}
	out, err := client.DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String("shop-production")})
	if err != nil {
		t.Fatal(err)
	}
	c := out.Cluster
	if *c.Version != "1.34" || c.ResourcesVpcConfig.PublicAccessCidrs[0] != "0.0.0.0/0" || *c.Arn != "arn:aws:eks:eu-central-1:"+shop+":cluster/shop-production" {
		t.Errorf("unexpected cluster %+v", c)
	}
	status, body := get(t, *c.Endpoint, *c.CertificateAuthority.Data, token(t, cfg, "shop-production"), "/api/v1/pods?limit=2")
	if status != http.StatusOK || !strings.Contains(body, `"continue"`) || !strings.Contains(body, "sha256:") {
		t.Errorf("pods: %d %.300s", status, body)
	}
}
