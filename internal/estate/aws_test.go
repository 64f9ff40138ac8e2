package estate_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	inspectortypes "github.com/aws/aws-sdk-go-v2/service/inspector2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/eksposure/eksposure/internal/estate"
)

// everything asks every operation about everything there is in an account and region.
type everything struct{ cfg aws.Config }

// must asks an operation that has to answer.
func must[I, O, F any](t *testing.T, op func(context.Context, I, ...func(*F)) (O, error), in I) O {
	t.Helper()
	out, err := op(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (e everything) ask(t *testing.T, keys []string) {
	t.Helper()
	client := eks.NewFromConfig(e.cfg)
	must(t, client.DescribeClusterVersions, &eks.DescribeClusterVersionsInput{IncludeAll: aws.Bool(true), MaxResults: aws.Int32(100)})
	for _, name := range must(t, client.ListClusters, &eks.ListClustersInput{MaxResults: aws.Int32(100)}).Clusters {
		n := aws.String(name)
		must(t, client.DescribeCluster, &eks.DescribeClusterInput{Name: n})
		must(t, client.ListInsights, &eks.ListInsightsInput{ClusterName: n})
		must(t, client.StartInsightsRefresh, &eks.StartInsightsRefreshInput{ClusterName: n})
		for _, x := range must(t, client.ListNodegroups, &eks.ListNodegroupsInput{ClusterName: n}).Nodegroups {
			must(t, client.DescribeNodegroup, &eks.DescribeNodegroupInput{ClusterName: n, NodegroupName: aws.String(x)})
		}
		for _, x := range must(t, client.ListFargateProfiles, &eks.ListFargateProfilesInput{ClusterName: n}).FargateProfileNames {
			must(t, client.DescribeFargateProfile, &eks.DescribeFargateProfileInput{ClusterName: n, FargateProfileName: aws.String(x)})
		}
		for _, x := range must(t, client.ListAddons, &eks.ListAddonsInput{ClusterName: n}).Addons {
			must(t, client.DescribeAddon, &eks.DescribeAddonInput{ClusterName: n, AddonName: aws.String(x)})
		}
		for _, x := range must(t, client.ListAccessEntries, &eks.ListAccessEntriesInput{ClusterName: n}).AccessEntries {
			must(t, client.DescribeAccessEntry, &eks.DescribeAccessEntryInput{ClusterName: n, PrincipalArn: aws.String(x)})
			must(t, client.ListAssociatedAccessPolicies, &eks.ListAssociatedAccessPoliciesInput{ClusterName: n, PrincipalArn: aws.String(x)})
		}
		for _, x := range must(t, client.ListPodIdentityAssociations, &eks.ListPodIdentityAssociationsInput{ClusterName: n}).Associations {
			must(t, client.DescribePodIdentityAssociation, &eks.DescribePodIdentityAssociationInput{ClusterName: n, AssociationId: x.AssociationId})
		}
		for _, x := range must(t, client.ListUpdates, &eks.ListUpdatesInput{Name: n}).UpdateIds {
			must(t, client.DescribeUpdate, &eks.DescribeUpdateInput{Name: n, UpdateId: aws.String(x)})
		}
	}
	must(t, client.DescribeAddonVersions, &eks.DescribeAddonVersionsInput{KubernetesVersion: aws.String("1.34")})
	must(t, ec2.NewFromConfig(e.cfg).DescribeSubnets, &ec2.DescribeSubnetsInput{})
	e.network(t)
	for _, key := range keys {
		must(t, kms.NewFromConfig(e.cfg).DescribeKey, &kms.DescribeKeyInput{KeyId: aws.String(key)})
		must(t, kms.NewFromConfig(e.cfg).GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: aws.String(key)})
	}
	must(t, ecr.NewFromConfig(e.cfg).GetAuthorizationToken, &ecr.GetAuthorizationTokenInput{})
	inspector := inspector2.NewFromConfig(e.cfg)
	for _, f := range must(t, inspector.ListFindings, &inspector2.ListFindingsInput{MaxResults: aws.Int32(1)}).Findings {
		for _, image := range f.Resources {
			must(t, inspector.GetClustersForImage, &inspector2.GetClustersForImageInput{Filter: &inspectortypes.ClusterForImageFilterCriteria{ResourceId: image.Id}})
		}
	}
	must(t, ec2.NewFromConfig(e.cfg).DescribeRegions, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true)})
	must(t, ec2.NewFromConfig(e.cfg).DescribeRegions, &ec2.DescribeRegionsInput{RegionNames: []string{"eu-west-1", "us-east-1"}})
	must(t, account.NewFromConfig(e.cfg).ListRegions, &account.ListRegionsInput{})
	must(t, cloudtrail.NewFromConfig(e.cfg).LookupEvents, &cloudtrail.LookupEventsInput{
		LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventSource, AttributeValue: aws.String("eks.amazonaws.com")}},
	})
}

// logs asks a log group two times, and stops the second query.
func (e everything) logs(t *testing.T, group string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(e.cfg)
	start := func() *string {
		return must(t, client.StartQuery, &cloudwatchlogs.StartQueryInput{
			LogGroupName: aws.String(group), StartTime: aws.Int64(estate.AsOf().AddDate(0, 0, -1).Unix()), EndTime: aws.Int64(estate.AsOf().Unix()),
			QueryString: aws.String(`filter ispresent(user.username) | stats count(*) as calls by sourceIPs.0 | sort calls desc | limit 3`),
		}).QueryId
	}
	id := start()
	for _, want := range []logtypes.QueryStatus{logtypes.QueryStatusRunning, logtypes.QueryStatusComplete} {
		if out := must(t, client.GetQueryResults, &cloudwatchlogs.GetQueryResultsInput{QueryId: id}); out.Status != want || len(out.Results) > 3 {
			t.Errorf("the query is %s with %d rows, want %s", out.Status, len(out.Results), want)
		}
	}
	id = start()
	must(t, client.StopQuery, &cloudwatchlogs.StopQueryInput{QueryId: id})
	if out := must(t, client.GetQueryResults, &cloudwatchlogs.GetQueryResultsInput{QueryId: id}); out.Status != logtypes.QueryStatusCancelled {
		t.Errorf("the query that was stopped is %s", out.Status)
	}
	for want, in := range map[string]cloudwatchlogs.StartQueryInput{
		"ResourceNotFoundException": {LogGroupName: aws.String("/none"), StartTime: aws.Int64(1), EndTime: aws.Int64(2), QueryString: aws.String("limit 1")},
		"MalformedQueryException":   {LogGroupName: aws.String(group), StartTime: aws.Int64(1), EndTime: aws.Int64(2), QueryString: aws.String("select 1")},
		"InvalidParameterException": {LogGroupName: aws.String(group), StartTime: aws.Int64(2), EndTime: aws.Int64(1), QueryString: aws.String("limit 1")},
	} {
		if _, err := client.StartQuery(t.Context(), &in); code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// network asks for what is around the clusters, page by page.
func (e everything) network(t *testing.T) {
	t.Helper()
	client := ec2.NewFromConfig(e.cfg)
	must(t, client.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{})
	must(t, client.DescribeInstances, &ec2.DescribeInstancesInput{})
	for _, n := range must(t, client.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{}).NatGateways {
		for _, attribute := range []ec2types.VpcAttributeName{"enableDnsSupport", "enableDnsHostnames"} {
			must(t, client.DescribeVpcAttribute, &ec2.DescribeVpcAttributeInput{VpcId: n.VpcId, Attribute: attribute})
		}
		must(t, client.DescribeNatGateways, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{*n.NatGatewayId}})
		pages := ec2.NewDescribeRouteTablesPaginator(client, &ec2.DescribeRouteTablesInput{
			Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{*n.VpcId}}},
		})
		tables := 0
		for pages.HasMorePages() {
			out, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tables += len(out.RouteTables)
		}
		if tables != 3 {
			t.Errorf("%d route tables, want one for each subnet", tables)
		}
	}
	for _, l := range must(t, client.DescribeManagedPrefixLists, &ec2.DescribeManagedPrefixListsInput{}).PrefixLists {
		must(t, client.GetManagedPrefixListEntries, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: l.PrefixListId, TargetVersion: l.Version})
	}
}

func TestEveryMessageFollowsTheServiceModels(t *testing.T) {
	e := start(t, estate.Config{})
	w := newWire(t)
	wired := func(cfg aws.Config) aws.Config {
		cfg.HTTPClient = &http.Client{Transport: w}
		return cfg
	}
	for _, a := range e.Scenario().Accounts {
		for _, region := range []string{"eu-central-1", "eu-west-1", "us-east-1"} {
			cfg := wired(demoUser(e, region))
			var keys []string
			if a.ID != platform {
				cfg = wired(assume(t, e, a.ID, region))
			}
			for _, k := range a.Keys {
				if k.Region == region && !k.Closed {
					keys = append(keys, "arn:aws:kms:"+region+":"+a.ID+":key/"+k.ID)
				}
			}
			everything{cfg}.ask(t, keys)
			if a.ID == shop && region == "eu-central-1" {
				everything{cfg}.logs(t, "/aws/eks/shop-production/cluster")
			}
		}
	}
	root := wired(demoUser(e, "us-east-1"))
	must(t, sts.NewFromConfig(root).GetCallerIdentity, &sts.GetCallerIdentityInput{})
	must(t, sts.NewFromConfig(root).AssumeRole, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + shop + ":role/" + estate.ScanRole), RoleSessionName: aws.String("audit"), DurationSeconds: aws.Int32(900),
	})
	must(t, organizations.NewFromConfig(root).ListAccounts, &organizations.ListAccountsInput{MaxResults: aws.Int32(2)})
	must(t, organizations.NewFromConfig(root).DescribeOrganization, &organizations.DescribeOrganizationInput{})
	sinks(t, w)
	changes(t, e, wired)

	// Every operation that the estate has, so that a new one is checked too.
	for _, op := range e.Operations() {
		if w.seen[op] == 0 {
			t.Errorf("no good answer of %s was checked", op)
		}
	}
}

// makesKeys asks for all that makes a key and takes it away.
func makesKeys(t *testing.T, client *kms.Client, account string) {
	t.Helper()
	made := must(t, client.CreateKey, &kms.CreateKeyInput{
		Description: aws.String("d"), Tags: []kmstypes.Tag{{TagKey: aws.String("k"), TagValue: aws.String("v")}},
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`),
	}).KeyMetadata
	must(t, client.EnableKeyRotation, &kms.EnableKeyRotationInput{KeyId: made.KeyId})
	if !must(t, client.GetKeyRotationStatus, &kms.GetKeyRotationStatusInput{KeyId: made.Arn}).KeyRotationEnabled {
		t.Error("the key is not rotated")
	}
	alias := aws.String("alias/eksposure/x")
	must(t, client.CreateAlias, &kms.CreateAliasInput{AliasName: alias, TargetKeyId: made.KeyId})
	if got := must(t, client.DescribeKey, &kms.DescribeKeyInput{KeyId: alias}).KeyMetadata; *got.Arn != *made.Arn {
		t.Errorf("the alias names %s", *got.Arn)
	}
	if tags := must(t, client.ListResourceTags, &kms.ListResourceTagsInput{KeyId: made.KeyId}).Tags; len(tags) != 1 {
		t.Errorf("tags %+v", tags)
	}
	if page := must(t, client.ListKeys, &kms.ListKeysInput{Limit: aws.Int32(1)}); !page.Truncated || len(page.Keys) != 1 {
		t.Errorf("a page of one key has %d", len(page.Keys))
	}
	for want, ask := range map[string]func() error{
		"AlreadyExistsException": func() error {
			_, err := client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: alias, TargetKeyId: made.KeyId})
			return err
		},
		"InvalidAliasNameException": func() error {
			_, err := client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/aws/x"), TargetKeyId: made.KeyId})
			return err
		},
		"MalformedPolicyDocumentException": func() error {
			_, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{Policy: aws.String(`{"Statement":[{"Principal":"nobody"}]}`)})
			return err
		},
		"ValidationException": func() error {
			_, err := client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: made.KeyId, PendingWindowInDays: aws.Int32(31)})
			return err
		},
		"NotFoundException": func() error {
			_, err := client.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: aws.String("none")})
			return err
		},
	} {
		if err := ask(); code(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	must(t, client.DeleteAlias, &kms.DeleteAliasInput{AliasName: alias})
	must(t, client.ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: made.KeyId, PendingWindowInDays: aws.Int32(7)})
	if _, err := client.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: made.KeyId}); code(err) != "KMSInvalidStateException" {
		t.Errorf("a key that is to be deleted: %v", err)
	}
}

// changes asks every operation that changes a cluster, in the role for that.
func changes(t *testing.T, e *estate.Estate, wired func(aws.Config) aws.Config) {
	t.Helper()
	out := must(t, sts.NewFromConfig(demoUser(e, "us-east-1")).AssumeRole, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + payments + ":role/" + estate.RemediationRole), RoleSessionName: aws.String("change"),
	})
	client := eks.NewFromConfig(wired(config(e, *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, "us-east-1")))
	var key string
	for _, a := range e.Scenario().Accounts {
		for _, k := range a.Keys {
			if a.ID == payments && k.Region == "us-east-1" {
				key = "arn:aws:kms:us-east-1:" + a.ID + ":key/" + k.ID
			}
		}
	}
	makesKeys(t, kms.NewFromConfig(wired(config(e, *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, "us-east-1"))), payments)
	name := aws.String("payments-legacy")
	u := must(t, client.AssociateEncryptionConfig, &eks.AssociateEncryptionConfigInput{
		ClusterName:      name,
		EncryptionConfig: []ekstypes.EncryptionConfig{{Resources: []string{"secrets"}, Provider: &ekstypes.Provider{KeyArn: aws.String(key)}}},
	}).Update
	must(t, client.DescribeUpdate, &eks.DescribeUpdateInput{Name: name, UpdateId: u.Id})
	client = eks.NewFromConfig(wired(config(e, *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, "eu-west-1")))
	ledger := aws.String("ledger")
	for _, change := range []func() *ekstypes.Update{
		func() *ekstypes.Update {
			return must(t, client.UpdateClusterConfig, &eks.UpdateClusterConfigInput{
				Name: ledger, ResourcesVpcConfig: &ekstypes.VpcConfigRequest{PublicAccessCidrs: []string{"203.0.113.0/26"}},
			}).Update
		},
		func() *ekstypes.Update {
			return must(t, client.UpdateClusterVersion, &eks.UpdateClusterVersionInput{Name: ledger, Version: aws.String("1.33")}).Update
		},
		func() *ekstypes.Update {
			u := must(t, client.UpdateNodegroupVersion, &eks.UpdateNodegroupVersionInput{ClusterName: ledger, NodegroupName: aws.String("general"), Version: aws.String("1.33")}).Update
			return must(t, client.DescribeUpdate, &eks.DescribeUpdateInput{Name: ledger, UpdateId: u.Id, NodegroupName: aws.String("general")}).Update
		},
		func() *ekstypes.Update {
			return must(t, client.UpdateAddon, &eks.UpdateAddonInput{
				ClusterName: ledger, AddonName: aws.String("kube-proxy"), AddonVersion: aws.String("v1.33.2-eksbuild.3"), ResolveConflicts: ekstypes.ResolveConflictsPreserve,
			}).Update
		},
	} {
		if u := change(); u.Status != ekstypes.UpdateStatusInProgress {
			t.Errorf("update %+v", u)
		}
		e.Finish()
	}
	e.Scenario().Cluster("ledger").FargateProfiles = []estate.FargateProfile{{Name: "site", Role: "pods", CreatedAt: estate.AsOf()}}
	must(t, client.DeleteNodegroup, &eks.DeleteNodegroupInput{ClusterName: ledger, NodegroupName: aws.String("general")})
	must(t, client.DeleteFargateProfile, &eks.DeleteFargateProfileInput{ClusterName: ledger, FargateProfileName: aws.String("site")})
	must(t, client.DeleteAddon, &eks.DeleteAddonInput{ClusterName: ledger, AddonName: aws.String("kube-proxy")})
	e.Finish()
	if c := must(t, client.DeleteCluster, &eks.DeleteClusterInput{Name: ledger}).Cluster; c.Status != ekstypes.ClusterStatusDeleting {
		t.Errorf("cluster %+v", c)
	}
}
