package estate_test

import (
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/fault"
)

func TestStartNeedsAClockAndAFreeAddress(t *testing.T) {
	if _, err := estate.Start(t.Context(), estate.Config{Images: published}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("no clock: %v", err)
	}
	var lc net.ListenConfig
	taken, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if e, err := estate.Start(t.Context(), estate.Config{Images: published, Now: time.Now, Listen: taken.Addr().String()}); err == nil {
		t.Errorf("started on an address that is taken: %v", e.Close())
	}
}

func TestCloseEndsEveryEndpoint(t *testing.T) {
	e := start(t, estate.Config{})
	urls := []string{e.URL(), e.Mirrors()["*"]}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range urls {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			t.Errorf("%s still answers: %v", u, resp.Body.Close())
		}
	}
}

func TestAnAccountWithoutTheRole(t *testing.T) {
	s := estate.Demo(published)
	s.Accounts[0].Roles = nil
	e := start(t, estate.Config{Scenario: s})
	_, err := sts.NewFromConfig(demoUser(e, "eu-central-1")).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + s.Accounts[0].ID + ":role/" + estate.ScanRole), RoleSessionName: aws.String("scan"),
	})
	if code(err) != "AccessDenied" {
		t.Errorf("got %v", err)
	}
}

// A session that asks for less than the role has must not get all of it.
func TestWhatWouldNarrowASessionIsRefused(t *testing.T) {
	e := start(t, estate.Config{})
	for name, change := range map[string]func(*sts.AssumeRoleInput){
		"policy": func(in *sts.AssumeRoleInput) { in.Policy = aws.String(`{"Version":"2012-10-17","Statement":[]}`) },
		"managed": func(in *sts.AssumeRoleInput) {
			in.PolicyArns = []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}
		},
		"too long":    func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(43200) },
		"too short":   func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(60) },
		"wrong name":  func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("a b") },
		"no role ARN": func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("role/x") },
	} {
		in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + shop + ":role/" + estate.ScanRole), RoleSessionName: aws.String("scan")}
		change(in)
		if _, err := sts.NewFromConfig(demoUser(e, "eu-central-1")).AssumeRole(t.Context(), in); code(err) != "ValidationError" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheRegistryWantsECRsPasswordForECRsImages(t *testing.T) {
	e := start(t, estate.Config{})
	out := must(t, ecr.NewFromConfig(assume(t, e, shop, "eu-central-1")).GetAuthorizationToken, &ecr.GetAuthorizationTokenInput{})
	raw, err := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(raw), ":")
	for _, tt := range []struct {
		image, password string
		want            int
	}{
		{"shop-web", password, http.StatusOK},
		{"shop-web", "guessed", http.StatusUnauthorized},
		{"shop-web", "", http.StatusUnauthorized},
		{"debian-12", "", http.StatusOK},
	} {
		im := published.Image(tt.image)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.Mirrors()["*"]+"/v2/"+im.Repository+"/manifests/"+im.Digest, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.password != "" {
			req.SetBasicAuth(user, tt.password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != tt.want {
			t.Errorf("%s with password %t: %d, want %d", tt.image, tt.password != "", resp.StatusCode, tt.want)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever somebody sends, the answer is an error of the client's, and no panic.
func FuzzRequestsAreAnswered(f *testing.F) {
	for _, seed := range [][3]string{
		{"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261124/us-east-1/eks/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "", "/clusters/x?maxResults=1"},
		{"AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=, Signature=", "TrentService.DescribeKey", "/"},
		{"", "", "/?X-Amz-Signature=1&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=99999999999999999999&X-Amz-Credential=a/20261124/r/sts/aws4_request&X-Amz-Date=20261124T000000Z&X-Amz-SignedHeaders=host"},
		{"Bearer k8s-aws-v1.aHR0cHM6Ly8", "", "/api/v1/pods"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	e, err := estate.Start(f.Context(), estate.Config{Now: time.Now, Images: published})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := e.Close(); err != nil {
			f.Error(err)
		}
	})
	f.Fuzz(func(t *testing.T, authorization, target, path string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL()+path, strings.NewReader("{}"))
		if err != nil || !strings.HasPrefix(path, "/") {
			t.Skip("not an HTTP request")
		}
		req.Header.Set("Authorization", authorization)
		req.Header.Set("X-Amz-Target", target)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			if strings.Contains(err.Error(), "invalid header") {
				t.Skip("not an HTTP request")
			}
			t.Fatal(err)
		}
		if resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("status %d", resp.StatusCode)
		}
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
