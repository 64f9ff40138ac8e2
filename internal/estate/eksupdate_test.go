package estate_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
)

const (
	tools      = "platform-tools" // of the caller's own account, in eu-central-1
	toolsKey   = "arn:aws:kms:eu-central-1:" + platform + ":key/tools"
	sleeping   = "arn:aws:kms:eu-central-1:" + platform + ":key/sleeping"
	updateTime = time.Hour
)

// changeable is the demo whose caller may change its own clusters, with updates that
// take an hour of the clock that is given.
func changeable(t *testing.T, clock *time.Time, change func(*estate.Cluster)) (*estate.Estate, *eks.Client) {
	t.Helper()
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if a.ID != platform {
			continue
		}
		a.Keys = []estate.Key{{Region: "eu-central-1", ID: "tools", State: "Enabled"}, {Region: "eu-central-1", ID: "sleeping", State: "Disabled"}}
		a.Users[0].Allow = append(a.Users[0].Allow, "eks:*", "kms:*")
		for j := range a.Clusters {
			if change != nil && a.Clusters[j].Name == tools {
				change(&a.Clusters[j])
			}
		}
	}
	cfg := estate.Config{Scenario: s, UpdateTime: updateTime}
	if clock != nil {
		cfg.Now = func() time.Time { return *clock }
	}
	e := start(t, cfg)
	w := newWire(t) // every message is held against EKS's model
	c := demoUser(e, "eu-central-1")
	c.HTTPClient = &http.Client{Transport: w}
	return e, eks.NewFromConfig(c)
}

func access(public, private bool, cidrs ...string) *ekstypes.VpcConfigRequest {
	return &ekstypes.VpcConfigRequest{EndpointPublicAccess: aws.Bool(public), EndpointPrivateAccess: aws.Bool(private), PublicAccessCidrs: cidrs}
}

func setAccess(ctx context.Context, c *eks.Client, token string, vpc *ekstypes.VpcConfigRequest) (*ekstypes.Update, error) {
	out, err := c.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String(tools), ClientRequestToken: aws.String(token), ResourcesVpcConfig: vpc})
	if err != nil {
		return nil, err
	}
	return out.Update, nil
}

func encrypt(ctx context.Context, c *eks.Client, token, key string) (*ekstypes.Update, error) {
	out, err := c.AssociateEncryptionConfig(ctx, &eks.AssociateEncryptionConfigInput{
		ClusterName: aws.String(tools), ClientRequestToken: aws.String(token),
		EncryptionConfig: []ekstypes.EncryptionConfig{{Resources: []string{"secrets"}, Provider: &ekstypes.Provider{KeyArn: aws.String(key)}}},
	})
	if err != nil {
		return nil, err
	}
	return out.Update, nil
}

func progress(t *testing.T, c *eks.Client, id *string) *ekstypes.Update {
	t.Helper()
	return must(t, c.DescribeUpdate, &eks.DescribeUpdateInput{Name: aws.String(tools), UpdateId: id}).Update
}

func described(t *testing.T, c *eks.Client) *ekstypes.Cluster {
	t.Helper()
	return must(t, c.DescribeCluster, &eks.DescribeClusterInput{Name: aws.String(tools)}).Cluster
}

// An update changes the cluster when it is done and not before, one at a time; its
// token begins it once.
func TestUpdatesTakeTheirTime(t *testing.T) {
	clock := time.Now()
	_, c := changeable(t, &clock, nil)
	before := described(t, c).ResourcesVpcConfig
	first, err := setAccess(t.Context(), c, "one", access(true, true, "203.0.113.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	if got := described(t, c); got.Status != ekstypes.ClusterStatusUpdating || !slices.Equal(got.ResourcesVpcConfig.PublicAccessCidrs, before.PublicAccessCidrs) {
		t.Errorf("while the update works: %s, %v", got.Status, got.ResourcesVpcConfig.PublicAccessCidrs)
	}
	if got := progress(t, c, first.Id); got.Status != ekstypes.UpdateStatusInProgress || got.Type != ekstypes.UpdateTypeEndpointAccessUpdate || len(got.Params) == 0 {
		t.Errorf("the update: %+v", got)
	}
	if _, err := setAccess(t.Context(), c, "two", access(false, true)); code(err) != "ResourceInUseException" {
		t.Errorf("a second update: %v", err)
	}
	again, err := setAccess(t.Context(), c, "one", access(true, true, "203.0.113.0/24"))
	if err != nil || *again.Id != *first.Id {
		t.Errorf("the same token: %+v, %v, want update %s", again, err, *first.Id)
	}
	clock = clock.Add(2 * time.Minute) // within what a signature may be old
	if got := described(t, c).Status; got != ekstypes.ClusterStatusUpdating {
		t.Errorf("before its time: %s", got)
	}
}

// What is done stays done for its token, and another asks for what is there already.
func TestUpdatesEnd(t *testing.T) {
	clock := time.Now()
	for name, failing := range map[string][]string{"Successful": nil, "Failed": {"the subnets have no free addresses"}} {
		t.Run(name, func(t *testing.T) {
			s := estate.Demo(published)
			for i := range s.Accounts {
				for j := range s.Accounts[i].Clusters {
					if s.Accounts[i].ID == platform && s.Accounts[i].Clusters[j].Name == tools {
						s.Accounts[i].Clusters[j].Failing = failing
						s.Accounts[i].Users[0].Allow = append(s.Accounts[i].Users[0].Allow, "eks:*")
					}
				}
			}
			e := start(t, estate.Config{Scenario: s, UpdateTime: time.Nanosecond, Now: func() time.Time { clock = clock.Add(time.Millisecond); return clock }})
			c := eks.NewFromConfig(demoUser(e, "eu-central-1"))
			u, err := setAccess(t.Context(), c, "one", access(true, true, "203.0.113.0/24"))
			if err != nil {
				t.Fatal(err)
			}
			got, now := progress(t, c, u.Id), described(t, c)
			if string(got.Status) != name || now.Status != ekstypes.ClusterStatusActive {
				t.Errorf("the update is %s and the cluster %s", got.Status, now.Status)
			}
			is := slices.Equal(now.ResourcesVpcConfig.PublicAccessCidrs, []string{"203.0.113.0/24"})
			if is != (failing == nil) || (len(got.Errors) == 0) != (failing == nil) {
				t.Errorf("changed: %t, errors %v", is, got.Errors)
			}
			again, err := setAccess(t.Context(), c, "one", access(true, true, "203.0.113.0/24"))
			if err != nil || *again.Id != *u.Id {
				t.Errorf("the same token: %+v, %v", again, err)
			}
			if _, err := setAccess(t.Context(), c, "two", access(true, true, "203.0.113.0/24")); (code(err) == "InvalidParameterException") != (failing == nil) {
				t.Errorf("what is there already, or not: %v", err)
			}
		})
	}
}

func TestUpdatesAreRefused(t *testing.T) {
	_, c := changeable(t, nil, func(cl *estate.Cluster) {
		cl.Public, cl.Private, cl.PublicCIDRs, cl.IPv6, cl.Encryption = true, true, []string{"203.0.113.0/24"}, false, nil
	})
	var many []string
	for i := range 41 {
		many = append(many, fmt.Sprintf("203.0.%d.0/24", i))
	}
	vpc := func(v *ekstypes.VpcConfigRequest) func() error {
		return func() error { _, err := setAccess(t.Context(), c, "", v); return err }
	}
	key := func(arn string) func() error {
		return func() error { _, err := encrypt(t.Context(), c, "", arn); return err }
	}
	for _, tt := range []struct {
		name string
		ask  func() error
		code string
	}{
		{"both endpoints off", vpc(access(false, false)), "InvalidParameterException"},
		{"41 ranges", vpc(access(true, true, many...)), "InvalidParameterException"},
		{"IPv6 on IPv4", vpc(access(true, true, "2001:db8::/32")), "InvalidParameterException"},
		{"private addresses", vpc(access(true, true, "10.0.0.0/8")), "InvalidParameterException"},
		{"no range", vpc(access(true, true, "office")), "InvalidParameterException"},
		{"already so", vpc(access(true, true, "203.0.113.0/24")), "InvalidParameterException"},
		{"nothing", vpc(nil), "InvalidParameterException"},
		{"a key that is not there", key("arn:aws:kms:eu-central-1:" + platform + ":key/none"), "InvalidParameterException"},
		{"a key that is disabled", key(sleeping), "InvalidParameterException"},
		{"two kinds at once", func() error {
			_, err := c.UpdateClusterConfig(t.Context(), &eks.UpdateClusterConfigInput{
				Name: aws.String(tools), ResourcesVpcConfig: access(false, true), UpgradePolicy: &ekstypes.UpgradePolicyRequest{SupportType: ekstypes.SupportTypeStandard},
			})
			return err
		}, "InvalidParameterException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.ask(); code(err) != tt.code {
				t.Errorf("%v, want %s", err, tt.code)
			}
		})
	}
	if got := described(t, c).Status; got != ekstypes.ClusterStatusActive {
		t.Errorf("after what was refused the cluster is %s", got)
	}
}

// Encryption comes once, and the caller needs its rights on the key.
func TestEncryptionComesOnce(t *testing.T) {
	clock := time.Now()
	e, c := changeable(t, &clock, func(cl *estate.Cluster) { cl.Encryption = nil })
	e.Inject(estate.Fault{Operation: "AssociateEncryptionConfig", Kind: estate.FaultLose, Times: 1})
	if _, err := encrypt(t.Context(), c, "one", toolsKey); code(err) == "" {
		t.Fatal("the answer was not lost")
	}
	u, err := encrypt(t.Context(), c, "one", toolsKey)
	if err != nil {
		t.Fatal(err)
	}
	ids := must(t, c.ListUpdates, &eks.ListUpdatesInput{Name: aws.String(tools)}).UpdateIds
	if n := len(ids); n != 1 || ids[0] != *u.Id {
		t.Errorf("updates %v, want %s alone: the lost answer was of the same one", ids, *u.Id)
	}
	_, c = changeable(t, &clock, func(cl *estate.Cluster) {
		cl.Encryption = []estate.Encryption{{Resources: []string{"secrets"}, KeyARN: toolsKey}}
	})
	if _, err := encrypt(t.Context(), c, "two", toolsKey); code(err) != "InvalidParameterException" {
		t.Errorf("a second time: %v", err)
	}
}

func TestTheUpgradePolicyChanges(t *testing.T) {
	_, c := changeable(t, nil, func(cl *estate.Cluster) { cl.SupportType = "EXTENDED" })
	set := func(to ekstypes.SupportType) error {
		_, err := c.UpdateClusterConfig(t.Context(), &eks.UpdateClusterConfigInput{
			Name: aws.String(tools), UpgradePolicy: &ekstypes.UpgradePolicyRequest{SupportType: to},
		})
		return err
	}
	if err := set(ekstypes.SupportTypeExtended); code(err) != "InvalidParameterException" {
		t.Errorf("what is there already: %v", err)
	}
	if err := set(ekstypes.SupportTypeStandard); err != nil {
		t.Errorf("another: %v", err)
	}
}

// The AWS command line changes a cluster and sees the update.
func TestTheAWSCommandLineChangesClusters(t *testing.T) {
	e, _ := changeable(t, nil, nil)
	cli := filepath.Join(venv(t), "bin", "aws")
	out, ok := run(t, environment(e), cli, "eks", "update-cluster-config", "--region", "eu-central-1", "--name", tools, "--output", "text", "--query", "update.[type,status]",
		"--resources-vpc-config", "endpointPublicAccess=false,endpointPrivateAccess=true")
	if diff := cmp.Diff("EndpointAccessUpdate\tInProgress", strings.TrimSpace(out)); !ok || diff != "" {
		t.Errorf("%s", diff)
	}
}
