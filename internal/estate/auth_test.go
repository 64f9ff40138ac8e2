package estate_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/eksposure/eksposure/internal/estate"
)

// one call of each protocol: REST JSON, JSON 1.1, query, EC2 query.
func calls() map[string]func(context.Context, aws.Config) error {
	return map[string]func(context.Context, aws.Config) error{
		"eks": func(ctx context.Context, cfg aws.Config) error {
			_, err := eks.NewFromConfig(cfg).ListClusters(ctx, &eks.ListClustersInput{})
			return err
		},
		"organizations": func(ctx context.Context, cfg aws.Config) error {
			_, err := organizations.NewFromConfig(cfg).ListAccounts(ctx, &organizations.ListAccountsInput{})
			return err
		},
		"sts": func(ctx context.Context, cfg aws.Config) error {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"ec2": func(ctx context.Context, cfg aws.Config) error {
			_, err := ec2.NewFromConfig(cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
			return err
		},
	}
}

// code is the error code of an AWS answer.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func TestBadCredentialsAreRefusedInEachServicesWords(t *testing.T) {
	var shift atomic.Int64
	e := start(t, estate.Config{Now: func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }})
	w := newWire(t)
	good := demoUser(e, "eu-central-1")
	session := assume(t, e, shop, "eu-central-1")
	id, err := session.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		cfg   aws.Config
		shift time.Duration
		want  map[string]string
	}{
		{
			name: "right secret", cfg: good,
			want: map[string]string{"eks": "", "organizations": "", "sts": "", "ec2": ""},
		},
		{
			name: "wrong secret", cfg: config(e, estate.DemoUser, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", "eu-central-1"),
			want: map[string]string{
				"eks": "InvalidSignatureException", "organizations": "InvalidSignatureException", "sts": "SignatureDoesNotMatch", "ec2": "AuthFailure",
			},
		},
		{
			name: "unknown key", cfg: config(e, "AKIAI44QH8DHBEXAMPLE", "secret", "", "eu-central-1"),
			want: map[string]string{
				"eks": "UnrecognizedClientException", "organizations": "UnrecognizedClientException", "sts": "InvalidClientTokenId", "ec2": "AuthFailure",
			},
		},
		{
			name: "session without its token", cfg: config(e, id.AccessKeyID, id.SecretAccessKey, "", "eu-central-1"),
			want: map[string]string{
				"eks": "UnrecognizedClientException", "organizations": "UnrecognizedClientException", "sts": "InvalidClientTokenId", "ec2": "AuthFailure",
			},
		},
		{
			name: "signed an hour ago", cfg: good, shift: time.Hour,
			want: map[string]string{
				"eks": "InvalidSignatureException", "organizations": "InvalidSignatureException", "sts": "SignatureDoesNotMatch", "ec2": "RequestExpired",
			},
		},
	}
	for _, tt := range tests {
		for service, ask := range calls() {
			t.Run(tt.name+"/"+service, func(t *testing.T) {
				shift.Store(int64(tt.shift))
				cfg := tt.cfg
				cfg.HTTPClient = &http.Client{Transport: w}
				if got := code(ask(t.Context(), cfg)); got != tt.want[service] {
					t.Errorf("code %q, want %q", got, tt.want[service])
				}
			})
		}
	}
}

func TestASessionExpires(t *testing.T) {
	var now atomic.Pointer[time.Time]
	now.Store(new(time.Now()))
	e := start(t, estate.Config{Now: func() time.Time { return *now.Load() }})
	past := time.Now().Add(-2 * time.Hour)
	now.Store(&past)
	// The session is asked for by a request of two hours ago.
	old := demoUser(e, "eu-central-1")
	client := sts.NewFromConfig(old, func(o *sts.Options) {
		o.HTTPSignerV4 = signerAt{v4.NewSigner(), past}
	})
	out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + shop + ":role/" + estate.ScanRole), RoleSessionName: aws.String("old"),
	})
	if err != nil {
		t.Fatal(err)
	}
	now.Store(new(time.Now()))
	c := out.Credentials
	cfg := config(e, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken, "eu-central-1")
	want := map[string]string{"eks": "ExpiredTokenException", "organizations": "ExpiredTokenException", "sts": "ExpiredToken", "ec2": "RequestExpired"}
	for service, ask := range calls() {
		if got := code(ask(t.Context(), cfg)); got != want[service] {
			t.Errorf("%s: code %q, want %q", service, got, want[service])
		}
	}
}

func TestRolesAndPoliciesAreEnforced(t *testing.T) {
	e := start(t, estate.Config{})
	root := demoUser(e, "eu-central-1")
	assumeIn := func(arn string) error {
		_, err := sts.NewFromConfig(root).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(arn), RoleSessionName: aws.String("x1")})
		return err
	}
	member := assume(t, e, payments, "us-west-2")
	describeKey := func(arn string) error {
		_, err := kms.NewFromConfig(assume(t, e, payments, "eu-west-1")).DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(arn)})
		return err
	}
	cluster := func(name string) error {
		_, err := eks.NewFromConfig(root).DescribeCluster(t.Context(), &eks.DescribeClusterInput{Name: aws.String(name)})
		return err
	}
	var closed string
	for _, a := range e.Scenario().Accounts {
		for _, k := range a.Keys {
			if k.Closed {
				closed = "arn:aws:kms:" + k.Region + ":" + a.ID + ":key/" + k.ID
			}
		}
	}
	tests := []struct {
		name, code, says string
		err              error
	}{
		{"role that is not there", "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::" + shop + ":role/none", assumeIn("arn:aws:iam::" + shop + ":role/none")},
		{"account that is not there", "AccessDenied", "sts:AssumeRole", assumeIn("arn:aws:iam::123456789012:role/" + estate.ScanRole)},
		{"not a role", "ValidationError", "is invalid", assumeIn("arn:aws:iam::" + shop + ":user/" + estate.ScanRole)},
		{
			"service control policy", "AccessDeniedException",
			"is not authorized to perform: eks:ListClusters on resource: arn:aws:eks:us-west-2:" + payments + ":cluster/* with an explicit deny in a service control policy",
			calls()["eks"](t.Context(), member),
		},
		{"member lists the organization", "AccessDeniedException", "because no identity-based policy allows the organizations:ListAccounts action", calls()["organizations"](t.Context(), assume(t, e, payments, "eu-west-1"))},
		{"region that is off", "UnrecognizedClientException", "security token", calls()["eks"](t.Context(), demoUser(e, "me-central-1"))},
		{"key of others", "AccessDeniedException", "because no resource-based policy allows the kms:DescribeKey action", describeKey(closed)},
		{"key that is not there", "NotFoundException", "does not exist", describeKey("arn:aws:kms:eu-west-1:" + payments + ":key/00000000-0000-4000-a000-000000000000")},
		{"cluster that is not there", "ResourceNotFoundException", "No cluster found for name: none.", cluster("none")},
		{"cluster of another account", "ResourceNotFoundException", "No cluster found", cluster("shop-production")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := code(tt.err); got != tt.code || tt.err == nil || !strings.Contains(tt.err.Error(), tt.says) {
				t.Errorf("got %v, want %s with %q", tt.err, tt.code, tt.says)
			}
		})
	}
}

// aws-iam-authenticator sends a token's URL to STS with the cluster's name in a
// header, and wants JSON.
func TestATokensURLIsAnsweredInJSON(t *testing.T) {
	e := start(t, estate.Config{})
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token(t, demoUser(e, "eu-central-1"), "platform-tools"), "k8s-aws-v1."))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := url.Parse(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	for cluster, want := range map[string]string{
		"platform-tools": `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Arn":"arn:aws:iam::` + platform + `:user/security-audit"`,
		"another":        `{"Error":{"Code":"SignatureDoesNotMatch"`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL()+"/?"+signed.RawQuery, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = signed.Host
		req.Header.Set("Accept", "application/json")
		req.Header.Set("X-K8s-Aws-Id", cluster)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: %v %s, want %s …", cluster, err, body, want)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnknownRequestsGetAnAnswer(t *testing.T) {
	e := start(t, estate.Config{})
	cfg := demoUser(e, "eu-central-1")
	_, write := eks.NewFromConfig(cfg).DeregisterCluster(t.Context(), &eks.DeregisterClusterInput{Name: aws.String("platform-tools")})
	_, target := kms.NewFromConfig(cfg).ListAliases(t.Context(), &kms.ListAliasesInput{})
	_, action := ec2.NewFromConfig(cfg).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	for _, tt := range []struct {
		want string
		got  error
	}{{"UnknownOperationException", write}, {"UnknownOperationException", target}, {"InvalidAction", action}} {
		if code(tt.got) != tt.want {
			t.Errorf("got %v, want %s", tt.got, tt.want)
		}
	}
	for _, path := range []string{"/", "/clusters", "/%zz", "//", "/clusters/a%2Fb"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = "//" + req.URL.Host + path
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=, Signature=")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListsComeInPages(t *testing.T) {
	e := start(t, estate.Config{})
	cfg := demoUser(e, "eu-central-1")
	var versions []string
	pages := eks.NewDescribeClusterVersionsPaginator(eks.NewFromConfig(cfg), &eks.DescribeClusterVersionsInput{IncludeAll: aws.Bool(true), MaxResults: aws.Int32(3)})
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count++
		for _, v := range page.ClusterVersions {
			versions = append(versions, *v.ClusterVersion)
		}
	}
	if got := strings.Join(versions, " "); count != 4 || got != "1.36 1.35 1.34 1.33 1.32 1.31 1.30 1.29 1.28 1.27" {
		t.Errorf("%d pages of %s", count, got)
	}
	_, err := eks.NewFromConfig(cfg).ListClusters(t.Context(), &eks.ListClustersInput{NextToken: aws.String("nonsense")})
	if code(err) != "InvalidParameterException" {
		t.Errorf("wrong token: %v", err)
	}
}

func TestFaults(t *testing.T) {
	e := start(t, estate.Config{Faults: []estate.Fault{
		{Region: "us-east-1", Service: "eks", Operation: "ListClusters", Kind: estate.FaultThrottle, Times: 2},
		{Region: "eu-west-1", Service: "eks", Kind: estate.FaultBreak},
	}})
	list := calls()["eks"]
	var got []string
	for range 3 {
		got = append(got, code(list(t.Context(), demoUser(e, "us-east-1"))))
	}
	if want := "ThrottlingException,ThrottlingException,"; strings.Join(got, ",") != want {
		t.Errorf("throttled twice: %q, want %q", got, want)
	}
	if c := code(list(t.Context(), demoUser(e, "eu-west-1"))); c != "ServerException" {
		t.Errorf("broken: %q", c)
	}
	e.Inject(estate.Fault{Account: platform, Service: "eks", Kind: estate.FaultDeny, Times: 1})
	if c := code(list(t.Context(), demoUser(e, "eu-central-1"))); c != "AccessDeniedException" {
		t.Errorf("denied: %q", c)
	}
	e.Inject(estate.Fault{Region: "eu-north-1", Kind: estate.FaultHang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := list(ctx, demoUser(e, "eu-north-1")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	failed := 0
	for _, c := range e.Calls() {
		if c.Error != "" {
			failed++
		}
	}
	if failed != 4 && failed != 5 { // The hanging call is recorded when its handler sees that the caller has gone.
		t.Errorf("%d failed calls were recorded: %+v", failed, e.Calls())
	}
}
