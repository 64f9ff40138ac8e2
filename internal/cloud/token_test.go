package cloud_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/inventory"
)

func decode(t *testing.T, token string) *url.URL {
	t.Helper()
	body, ok := strings.CutPrefix(token, "k8s-aws-v1.")
	if !ok || strings.Contains(body, "=") {
		t.Fatalf("token %q has no prefix, or padding", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestPresignToken(t *testing.T) {
	for _, tt := range []struct{ partition, region, host string }{
		{"aws", "eu-west-1", "sts.eu-west-1.amazonaws.com"},
		{"aws", "us-east-1", "sts.us-east-1.amazonaws.com"},
		{"aws-us-gov", "us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"},
		{"aws-cn", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"},
	} {
		t.Run(tt.region, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
			t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
			ref := inventory.ClusterRef{Partition: tt.partition, Account: member, Region: tt.region, Name: "shop"}
			token, expires, err := cloud.PresignToken(t.Context(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s", SessionToken: "st"}, ref, now)
			if err != nil {
				t.Fatal(err)
			}
			u := decode(t, token)
			q := u.Query()
			if u.Scheme != "https" || u.Host != tt.host || u.Path != "/" {
				t.Errorf("url = %s, want host %s", u, tt.host)
			}
			for k, want := range map[string]string{
				"Action": "GetCallerIdentity", "Version": "2011-06-15", "X-Amz-Expires": "60", "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
				"X-Amz-Date": "20261124T120000Z", "X-Amz-Security-Token": "st", "X-Amz-Credential": "AKID/20261124/" + tt.region + "/sts/aws4_request",
			} {
				if q.Get(k) != want {
					t.Errorf("%s = %q, want %q", k, q.Get(k), want)
				}
			}
			if !expires.Equal(now.Add(14 * time.Minute)) {
				t.Errorf("expires = %v", expires)
			}
		})
	}
}

func TestPresignTokenEndsWithItsCredentials(t *testing.T) {
	end := now.Add(3 * time.Minute)
	_, expires, err := cloud.PresignToken(t.Context(), aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s", CanExpire: true, Expires: end}, shop, now)
	if err != nil || !expires.Equal(end) {
		t.Errorf("expires = %v, %v, want %v", expires, err, end)
	}
}

func TestTokenUsesTheAccountsRole(t *testing.T) {
	f := newFake(t)
	token, _, err := describer(f).Token(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, token).Query().Get("X-Amz-Credential"); !strings.HasPrefix(got, "ASIA"+member+"/") {
		t.Errorf("signed by %q, want the role of account %s", got, member)
	}
	if n := f.count("sts:GetCallerIdentity"); n != 1 {
		t.Errorf("%d calls of GetCallerIdentity: a token is signed, never sent", n)
	}
}
