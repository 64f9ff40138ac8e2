package kubetest_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
)

const (
	account  = "111122223333"
	userKey  = "AKIAEKSPOSURETEST001"
	noEntry  = "AKIAEKSPOSURETEST002"
	roleARN  = "arn:aws:iam::" + account + ":role/eksposure-reader"
	guestARN = "arn:aws:iam::" + account + ":user/guest"
	guestKey = "AKIAEKSPOSURETEST003"
)

func world() *estate.Scenario {
	return &estate.Scenario{Accounts: []estate.Account{{
		ID: account, Name: "lab",
		Users: []estate.User{
			{Name: "scanner", AccessKey: userKey, Allow: []string{"sts:AssumeRole"}},
			{Name: "nobody", AccessKey: noEntry},
			{Name: "guest", AccessKey: guestKey},
		},
		Roles: []estate.Role{{Name: "eksposure-reader", Trust: []string{account}}},
	}}}
}

// TestEKSAuthentication is the whole way from AWS credentials to a snapshot:
// STS gives a session of the role, the product signs a token with it, the real
// aws-iam-authenticator has STS check the signature, the real API server asks
// it and applies the published ClusterRole.
func TestEKSAuthentication(t *testing.T) {
	simulated, err := estate.Start(t.Context(), estate.Config{Scenario: world(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = simulated.Close() })
	ref := inventory.ClusterRef{Partition: "aws", Account: account, Region: "eu-west-1", Name: "lab"}
	lab := kubetest.StartEKS(t, kubetest.EKS{
		Cluster: ref.Name, STS: simulated.URL(),
		Entries: []kubetest.Entry{
			{ARN: roleARN, Username: "eksposure", Groups: []string{kube.Group}},
			{ARN: guestARN, Username: "guest"},
		},
	})
	objects, err := os.ReadFile("../testdata/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range []string{kube.Manifest(), string(objects)} {
		if err := lab.Apply(t.Context(), manifest); err != nil {
			t.Fatal(err)
		}
	}
	collect := func(target kube.Target) *inventory.Snapshot {
		s := &inventory.Snapshot{Version: inventory.SnapshotVersion, Cluster: inventory.Cluster{Ref: ref}}
		kube.New(kube.Config{}).Collect(t.Context(), target, s)
		return s
	}
	key := func(accessKey string) aws.Credentials {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: simulated.Secret(accessKey)}
	}
	session := assume(t, simulated.URL(), key(userKey))
	forged := session
	forged.SecretAccessKey += "x"
	other := ref
	other.Name = "other"
	past := time.Now().Add(-20 * time.Minute)

	// What the gap advises tells a caller that is not known (401) from one that
	// may not (403).
	const unknown, refused = "aws eks create-access-entry", "Apply the ClusterRole"

	if want := collect(kube.Target{Ref: ref, Kubeconfig: lab.Kubeconfig}); len(want.Workloads) == 0 {
		t.Fatal("the administrator sees nothing")
	} else if diff := cmp.Diff(want, collect(target(lab, ref, signer{session, ref, time.Now()}))); diff != "" {
		t.Errorf("the role's session against the administrator (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		name   string
		signer signer
		remedy string
	}{
		{"wrong secret", signer{forged, ref, time.Now()}, unknown},
		{"token of another cluster", signer{session, other, time.Now()}, unknown},
		{"old token", signer{session, ref, past}, unknown},
		{"no access entry", signer{key(noEntry), ref, time.Now()}, unknown},
		{"access entry without the group", signer{key(guestKey), ref, time.Now()}, refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := collect(target(lab, ref, test.signer))
			var denied []inventory.Section
			for _, g := range s.Gaps {
				if g.Reason == "denied" && strings.Contains(g.Detail, test.remedy) {
					denied = append(denied, g.Section)
				}
			}
			want := []inventory.Section{
				inventory.SectionNetwork, inventory.SectionNodes, inventory.SectionServiceAccounts, inventory.SectionWorkloads,
			}
			if !slices.Equal(denied, want) || len(s.Workloads)+len(s.Services)+len(s.Nodes) > 0 {
				t.Errorf("gaps %+v, want every section denied and nothing read", s.Gaps)
			}
		})
	}
}

// signer makes a token as the product does.
type signer struct {
	credentials aws.Credentials
	ref         inventory.ClusterRef
	now         time.Time
}

func target(lab *kubetest.Lab, ref inventory.ClusterRef, s signer) kube.Target {
	return kube.Target{
		Ref: ref, Server: lab.Server, CA: lab.CA,
		Token: func(ctx context.Context) (string, time.Time, error) {
			return cloud.PresignToken(ctx, s.credentials, s.ref, s.now)
		},
	}
}

func assume(t *testing.T, endpoint string, by aws.Credentials) aws.Credentials {
	t.Helper()
	client := sts.New(sts.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.StaticCredentialsProvider{Value: by},
	})
	out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("scan"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken: *out.Credentials.SessionToken,
	}
}
