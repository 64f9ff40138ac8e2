package cloud_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

var (
	shop = inventory.ClusterRef{Partition: "aws", Account: member, Region: "eu-west-1", Name: "shop"}
	key1 = "arn:aws:kms:eu-west-1:" + member + ":key/1"
	key2 = "arn:aws:kms:us-east-1:" + management + ":key/2"
	role = "arn:aws:iam::" + member + ":role/"
)

// fullCluster fills the fake with a cluster that has every part.
func fullCluster(f *fake) {
	f.set(map[string]any{
		"eks:DescribeCluster": object{"cluster": object{
			"name": "shop", "arn": shop.String(), "status": "UPDATING", "version": "1.31", "platformVersion": "eks.9", "createdAt": 1700000000.5,
			"roleArn": role + "cluster", "endpoint": "https://E", "certificateAuthority": object{"data": "Q0E="}, "deletionProtection": true,
			"upgradePolicy": object{"supportType": "STANDARD"}, "accessConfig": object{"authenticationMode": "API"}, "computeConfig": object{"enabled": true},
			"resourcesVpcConfig": object{
				"vpcId": "vpc-1", "subnetIds": []string{"s-1"}, "securityGroupIds": []string{"sg-1"}, "clusterSecurityGroupId": "sg-2",
				"endpointPublicAccess": true, "publicAccessCidrs": []string{"0.0.0.0/0", "::/0"},
			},
			"kubernetesNetworkConfig": object{"ipFamily": "ipv6", "serviceIpv6Cidr": "fd00::/108"},
			"encryptionConfig": []object{
				{"resources": []string{"secrets"}, "provider": object{"keyArn": key1}},
				{"resources": []string{}},
				{"resources": []string{"secrets"}, "provider": object{"keyArn": key2}},
				{"resources": []string{"secrets"}, "provider": object{"keyArn": key1}},
			},
			"logging": object{"clusterLogging": []object{
				{"types": []string{"scheduler"}, "enabled": false}, {"types": []string{"api", "audit"}, "enabled": true},
			}},
			"tags": object{"team": "web"}, "somethingNew": object{"x": 1},
		}},
		"eks:ListUpdates":           object{"updateIds": []string{"u-1", "u-2"}},
		"eks:DescribeUpdate u-1":    object{"update": object{"id": "u-1", "type": "VersionUpdate", "status": "Failed", "createdAt": 100, "errors": []object{{"errorCode": "IpNotAvailable", "errorMessage": "no address"}}}},
		"eks:DescribeUpdate u-2":    object{"update": object{"id": "u-2", "type": "AssociateEncryptionConfig", "status": "InProgress", "createdAt": 200}},
		"eks:ListNodegroups":        object{"nodegroups": []string{"b"}, "nextToken": "2"},
		"eks:ListNodegroups shop 2": object{"nodegroups": []string{"a"}},
		"eks:DescribeNodegroup": object{"nodegroup": object{
			"nodegroupArn": "arn:n", "status": "ACTIVE", "version": "1.30", "releaseVersion": "1.30-1", "amiType": "AL2023_x86_64_STANDARD", "capacityType": "SPOT", "instanceTypes": []string{"m5.large"}, "scalingConfig": object{"minSize": 1, "maxSize": 9, "desiredSize": 3}, "nodeRole": role + "node", "createdAt": 100,
			"labels": object{"team": "shop"}, "taints": []object{{"key": "spot", "effect": "NO_SCHEDULE"}, {"key": "dedicated", "value": "shop", "effect": "NO_EXECUTE"}},
			"launchTemplate": object{"id": "lt-1", "name": "shop", "version": "7"}, "updateConfig": object{"maxUnavailablePercentage": 25, "updateStrategy": "MINIMAL"},
			"nodeRepairConfig": object{"enabled": true, "maxUnhealthyNodeThresholdCount": 3}, "remoteAccess": object{"ec2SshKey": "admin", "sourceSecurityGroups": []string{"sg-9"}},
		}},
		"eks:ListFargateProfiles":                object{"fargateProfileNames": []string{"f"}},
		"eks:DescribeFargateProfile":             object{"fargateProfile": object{"fargateProfileArn": "arn:f", "status": "ACTIVE", "podExecutionRoleArn": role + "f", "selectors": []object{{"namespace": "z"}, {"namespace": "a"}, {"namespace": "z"}}}},
		"eks:ListAddons":                         object{"addons": []string{"vpc-cni"}},
		"eks:DescribeAddon":                      object{"addon": object{"addonArn": "arn:a", "addonVersion": "v1", "status": "DEGRADED", "serviceAccountRoleArn": role + "cni"}},
		"eks:ListAccessEntries":                  object{"accessEntries": []string{role + "admin"}},
		"eks:DescribeAccessEntry":                object{"accessEntry": object{"principalArn": role + "admin", "type": "STANDARD", "kubernetesGroups": []string{"g"}}},
		"eks:ListAssociatedAccessPolicies":       object{"associatedAccessPolicies": []object{{"policyArn": "arn:p", "accessScope": object{"type": "namespace", "namespaces": []string{"web"}}}}},
		"eks:ListPodIdentityAssociations":        object{"associations": []object{{"associationId": "a-1"}}},
		"eks:DescribePodIdentityAssociation a-1": object{"association": object{"associationArn": "arn:pi", "namespace": "web", "serviceAccount": "api", "roleArn": role + "api"}},
		"kms:DescribeKey " + key1:                object{"KeyMetadata": object{"KeyId": "1", "KeyState": "PendingDeletion", "KeyManager": "CUSTOMER", "DeletionDate": 1800000000}},
	})
}

func describer(f *fake) *cloud.Client { return f.client(cloud.Config{RoleName: "scan"}) }

func TestDescribe(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	node := inventory.NodeGroup{
		Name: "a", ARN: "arn:n", Status: "ACTIVE", Version: "1.30", ReleaseVersion: "1.30-1", AMIType: "AL2023_x86_64_STANDARD", CapacityType: "SPOT",
		InstanceTypes: []string{"m5.large"}, Desired: 3, RoleARN: role + "node", CreatedAt: time.Unix(100, 0).UTC(), LaunchTemplate: "lt-1",
		Settings: &inventory.NodeGroupSettings{
			Min: 1, Max: 9, Labels: map[string]string{"team": "shop"}, LaunchTemplateVersion: "7", MaxUnavailablePercentage: 25, UpdateStrategy: "MINIMAL", NodeRepair: true,
			Taints:  []inventory.Taint{{Key: "dedicated", Value: "shop", Effect: "NO_EXECUTE"}, {Key: "spot", Effect: "NO_SCHEDULE"}},
			NotKept: []string{"nodeRepairConfig", "remoteAccess"},
		},
	}
	other := node
	other.Name = "b"
	want := &inventory.Snapshot{
		Version: 1, CollectedAt: now,
		Cluster: inventory.Cluster{
			Ref: shop, Status: "UPDATING", Version: "1.31", PlatformVersion: "eks.9", CreatedAt: time.Unix(1700000000, 5e8).UTC(),
			RoleARN: role + "cluster", SupportType: "STANDARD",
			Endpoint: &inventory.Endpoint{URL: "https://E", Public: true, PublicCIDRs: []string{"0.0.0.0/0", "::/0"}, CA: "Q0E="},
			Network:  inventory.Network{VPC: "vpc-1", Subnets: []string{"s-1"}, SecurityGroups: []string{"sg-1"}, ClusterSecurityGroup: "sg-2", IPFamily: "ipv6", ServiceCIDR: "fd00::/108"},
			Encryption: []inventory.Encryption{
				{Resources: []string{"secrets"}, KeyARN: key1}, {Resources: []string{}}, {Resources: []string{"secrets"}, KeyARN: key2}, {Resources: []string{"secrets"}, KeyARN: key1},
			},
			Logging:            []inventory.LogSetup{{Types: []string{"scheduler"}}, {Types: []string{"api", "audit"}, Enabled: true}},
			AuthenticationMode: "API", DeletionProtection: true, AutoMode: true, Tags: map[string]string{"team": "web"},
			Updates: []inventory.Update{
				{ID: "u-2", Type: "AssociateEncryptionConfig", Status: "InProgress", CreatedAt: time.Unix(200, 0).UTC()},
				{ID: "u-1", Type: "VersionUpdate", Status: "Failed", CreatedAt: time.Unix(100, 0).UTC(), Errors: []string{"IpNotAvailable: no address"}},
			},
		},
		Calendar: inventory.Calendar{Source: "DescribeClusterVersions", ReadAt: now, Versions: []inventory.VersionSupport{
			{Version: "1.100", Status: "STANDARD_SUPPORT", Default: true},
			{Version: "1.36", Status: "STANDARD_SUPPORT"},
			{Version: "1.31", Status: "EXTENDED_SUPPORT", EndOfStandard: time.Unix(1764115200, 0).UTC(), EndOfExtended: time.Unix(1795651200, 0).UTC()},
		}},
		NodeGroups:      []inventory.NodeGroup{node, other},
		FargateProfiles: []inventory.FargateProfile{{Name: "f", ARN: "arn:f", Status: "ACTIVE", RoleARN: role + "f", Namespaces: []string{"a", "z"}}},
		Addons:          []inventory.Addon{{Name: "vpc-cni", ARN: "arn:a", Version: "v1", Status: "DEGRADED", RoleARN: role + "cni"}},
		AccessEntries: []inventory.AccessEntry{{
			PrincipalARN: role + "admin", Type: "STANDARD", Groups: []string{"g"},
			Policies: []inventory.AccessPolicy{{ARN: "arn:p", Scope: "namespace", Namespaces: []string{"web"}}},
		}},
		PodIdentities: []inventory.PodIdentity{{ARN: "arn:pi", Namespace: "web", ServiceAccount: "api", RoleARN: role + "api"}},
		Keys: []inventory.Key{
			{ARN: key1, State: "PendingDeletion", Manager: "CUSTOMER", DeletionDate: time.Unix(1800000000, 0).UTC()}, {ARN: key2, State: "NotFound"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if r.Item == key2 && (r.Region != "us-east-1" || r.Account != member) {
			t.Errorf("the key of another region was asked for in %s by %s", r.Region, r.Account)
		}
	}
}

// Every call that is denied is a gap of its own section that names the action,
// and costs no other section.
func TestDescribeDenied(t *testing.T) {
	tests := []struct {
		action  string
		section inventory.Section
		subject string
	}{
		{"eks:DescribeCluster", inventory.SectionCluster, ""},
		{"eks:DescribeClusterVersions", inventory.SectionVersions, "DescribeClusterVersions"},
		{"eks:ListUpdates", inventory.SectionUpdates, ""},
		{"eks:DescribeUpdate", inventory.SectionUpdates, ""},
		{"eks:ListNodegroups", inventory.SectionNodeGroups, ""},
		{"eks:DescribeNodegroup", inventory.SectionNodeGroups, ""},
		{"eks:ListFargateProfiles", inventory.SectionNodeGroups, ""},
		{"eks:DescribeFargateProfile", inventory.SectionNodeGroups, ""},
		{"eks:ListAddons", inventory.SectionAddons, ""},
		{"eks:DescribeAddon", inventory.SectionAddons, ""},
		{"eks:ListAccessEntries", inventory.SectionAccess, ""},
		{"eks:DescribeAccessEntry", inventory.SectionAccess, ""},
		{"eks:ListAssociatedAccessPolicies", inventory.SectionAccess, ""},
		{"eks:ListPodIdentityAssociations", inventory.SectionPodIdentities, ""},
		{"eks:DescribePodIdentityAssociation", inventory.SectionPodIdentities, ""},
		{"kms:DescribeKey", inventory.SectionKeys, key1},
	}
	for _, tt := range tests {
		t.Run(tt.action, func(t *testing.T) {
			f := newFake(t)
			fullCluster(f)
			f.when(func(r request) *reply {
				if r.Action == tt.action {
					return fail(http.StatusForbidden, "AccessDeniedException")
				}
				return nil
			})
			got, err := describer(f).Describe(t.Context(), shop)
			if err != nil {
				t.Fatal(err)
			}
			gap := got.SubjectGap(tt.section, tt.subject)
			if gap == nil || gap.Reason != "denied" || !strings.Contains(gap.Detail, "Allow "+tt.action) {
				t.Fatalf("gaps = %+v, want %s %q naming %s", got.Gaps, tt.section, tt.subject, tt.action)
			}
			for _, g := range got.Gaps {
				if g.Section != tt.section && tt.section != inventory.SectionCluster {
					t.Errorf("gap %+v in another section", g)
				}
			}
			if tt.section == inventory.SectionVersions {
				if diff := cmp.Diff(cloud.BuiltInCalendar(now), got.Calendar); diff != "" || !got.Calendar.BuiltIn {
					t.Errorf("the built-in table stands in: -want +got:\n%s", diff)
				}
			}
		})
	}
}

// What is given to nodes is kept in full, or named as not kept: never in part.
func TestDescribeNodeGroupIsBounded(t *testing.T) {
	labels, taints := object{}, []object{}
	for i := range 101 {
		labels[fmt.Sprintf("l%d", i)] = "x"
		taints = append(taints, object{"key": fmt.Sprintf("t%d", i), "effect": "NO_SCHEDULE"})
	}
	f := newFake(t)
	fullCluster(f)
	f.set(map[string]any{"eks:DescribeNodegroup": object{"nodegroup": object{"nodegroupArn": "arn:n", "labels": labels, "taints": taints, "diskSize": 50, "warmPoolConfig": object{"enabled": true}}}})
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	want := &inventory.NodeGroupSettings{DiskSize: 50, NotKept: []string{"labels", "taints", "warmPoolConfig"}}
	if diff := cmp.Diff(want, got.NodeGroups[0].Settings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDescribeOneItemFails(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	f.set(map[string]any{"eks:DescribeNodegroup b": fail(http.StatusInternalServerError, "ServerException")})
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	want := []inventory.Gap{{Section: inventory.SectionNodeGroups, Subject: "b", Reason: "unavailable"}}
	if diff := cmp.Diff(want, got.Gaps, cmpopts.IgnoreFields(inventory.Gap{}, "Detail")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(got.NodeGroups) != 1 {
		t.Errorf("node groups = %+v, want the other one", got.NodeGroups)
	}
}

// EKS documents no order of updates: of a quiet cluster both ends of a long list
// are read, of a busy one all of it.
func TestDescribeUpdates(t *testing.T) {
	for status, want := range map[string]int{"ACTIVE": 20, "UPDATING": 50} {
		t.Run(status, func(t *testing.T) {
			f := newFake(t)
			var ids []string
			for i := range 50 {
				ids = append(ids, "u-"+strconv.Itoa(i))
			}
			f.set(map[string]any{
				"eks:DescribeCluster":     object{"cluster": object{"status": status}},
				"eks:ListUpdates":         object{"updateIds": ids},
				"eks:DescribeUpdate":      object{"update": object{"type": "VersionUpdate", "status": "Successful", "createdAt": 100}},
				"eks:DescribeUpdate u-49": object{"update": object{"type": "AssociateEncryptionConfig", "status": "InProgress", "createdAt": 200}},
			})
			got, err := describer(f).Describe(t.Context(), shop)
			if err != nil {
				t.Fatal(err)
			}
			if u := got.Cluster.Updates; len(u) != want || u[0].ID != "u-49" {
				t.Errorf("%d updates, first %+v, want %d", len(u), u[0], want)
			}
		})
	}
}

// A list whose items all throttle is given up, not worked through.
func TestDescribeGivesUpALongList(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	var principals []string
	for i := range 500 {
		principals = append(principals, role+"r"+strconv.Itoa(i))
	}
	f.set(map[string]any{
		"eks:ListAccessEntries":   object{"accessEntries": principals},
		"eks:DescribeAccessEntry": fail(http.StatusServiceUnavailable, "ServiceUnavailableException"),
	})
	got, err := f.client(cloud.Config{RoleName: "scan", Attempts: 1}).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	if gaps := got.GapsOf(inventory.SectionAccess); len(gaps) != 1 || gaps[0].Subject != "" || gaps[0].Reason != "unavailable" {
		t.Errorf("gaps = %+v, want one of the whole section", gaps)
	}
	if n := f.count("eks:DescribeAccessEntry"); n > 40 {
		t.Errorf("%d calls, want few", n)
	}
}

func TestDescribeManyItemsDenied(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	var groups []string
	for i := range 30 {
		groups = append(groups, "n"+strconv.Itoa(i))
	}
	f.set(map[string]any{"eks:ListNodegroups": object{"nodegroups": groups}})
	f.when(func(r request) *reply {
		if r.Action == "eks:DescribeNodegroup" && r.Item != "n7" {
			return fail(http.StatusForbidden, "AccessDeniedException")
		}
		return nil
	})
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	if g := got.Gap(inventory.SectionNodeGroups); g == nil || len(got.Gaps) != 1 || !strings.Contains(g.Detail, "29 of 30") || len(got.NodeGroups) != 1 {
		t.Errorf("gaps = %+v", got.Gaps)
	}
}

func TestDescribeItemGoneSinceListed(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	f.set(map[string]any{"eks:DescribeNodegroup b": fail(http.StatusNotFound, "ResourceNotFoundException")})
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil || len(got.Gaps) != 0 || len(got.NodeGroups) != 1 {
		t.Errorf("got %+v, %v: want one node group and no gap", got, err)
	}
}

func TestDescribeOddClusters(t *testing.T) {
	tests := []struct {
		name    string
		cluster object
		check   func(t *testing.T, got *inventory.Snapshot, f *fake)
	}{
		{"creating, no version yet", object{"name": "shop", "status": "CREATING"}, func(t *testing.T, got *inventory.Snapshot, _ *fake) {
			t.Helper()
			if got.Cluster.Version != "" || got.Cluster.Status != "CREATING" || got.Cluster.Endpoint != nil {
				t.Errorf("cluster = %+v", got.Cluster)
			}
		}},
		{
			"failed, endpoint off with stale ranges",
			object{"name": "shop", "status": "FAILED", "resourcesVpcConfig": object{"publicAccessCidrs": []string{"0.0.0.0/0"}}},
			func(t *testing.T, got *inventory.Snapshot, _ *fake) {
				t.Helper()
				if diff := cmp.Diff(&inventory.Endpoint{PublicCIDRs: []string{"0.0.0.0/0"}}, got.Cluster.Endpoint); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			},
		},
		{"connected", object{"name": "shop", "status": "ACTIVE", "connectorConfig": object{"provider": "GKE"}}, func(t *testing.T, got *inventory.Snapshot, f *fake) {
			t.Helper()
			if got.Cluster.Connector != "GKE" || got.Cluster.Endpoint != nil || f.count("eks:ListNodegroups") != 0 {
				t.Errorf("cluster = %+v", got.Cluster)
			}
		}},
		{"connected, provider not said", object{"name": "shop", "connectorConfig": object{}}, func(t *testing.T, got *inventory.Snapshot, _ *fake) {
			t.Helper()
			if got.Cluster.Connector == "" {
				t.Error("a connector without a provider is still one")
			}
		}},
		{
			"ConfigMap only: entries have no effect",
			object{"name": "shop", "accessConfig": object{"authenticationMode": "CONFIG_MAP"}},
			func(t *testing.T, _ *inventory.Snapshot, f *fake) {
				t.Helper()
				if f.count("eks:ListAccessEntries") != 0 {
					t.Error("EKS refuses this question")
				}
			},
		},
		{"encryption without entries", object{"name": "shop", "encryptionConfig": []object{}}, func(t *testing.T, got *inventory.Snapshot, _ *fake) {
			t.Helper()
			if len(got.Cluster.Encryption) != 0 {
				t.Errorf("encryption = %+v", got.Cluster.Encryption)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.set(map[string]any{"eks:DescribeCluster": object{"cluster": tt.cluster}})
			got, err := describer(f).Describe(t.Context(), shop)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Gaps) != 0 {
				t.Errorf("gaps = %+v", got.Gaps)
			}
			tt.check(t, got, f)
		})
	}
}

// What makes every further call pointless is said for every section, and soon.
func TestDescribeHopeless(t *testing.T) {
	tests := []struct {
		name   string
		reply  *reply
		ref    inventory.ClusterRef
		reason string
	}{
		{"throttling storm", fail(http.StatusTooManyRequests, "ThrottlingException"), shop, "throttled"},
		{"hangs", &reply{hang: true}, shop, "unavailable"},
		{"empty answer", &reply{body: object{}}, shop, "unavailable"},
		{"another cluster's answer", &reply{body: object{"cluster": object{"arn": "arn:aws:eks:x:1:cluster/y"}}}, shop, "unavailable"},
		{"cut off", &reply{body: `{"cluster": {"name": "sh`}, shop, "unavailable"},
		{"HTML 404", &reply{status: http.StatusNotFound, body: "<html/>"}, shop, "unavailable"},
		{"locked account", nil, inventory.ClusterRef{Partition: "aws", Account: locked, Region: "eu-west-1", Name: "x"}, "denied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.when(func(r request) *reply {
				if strings.HasPrefix(r.Action, "eks:") {
					return tt.reply
				}
				return nil
			})
			c := f.client(cloud.Config{RoleName: "scan", CallTimeout: 3 * time.Second})
			got, err := c.Describe(t.Context(), tt.ref)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []inventory.Section{
				inventory.SectionCluster, inventory.SectionVersions, inventory.SectionUpdates, inventory.SectionNodeGroups,
				inventory.SectionAddons, inventory.SectionAccess, inventory.SectionPodIdentities, inventory.SectionKeys,
			} {
				if len(got.GapsOf(s)) == 0 || got.GapsOf(s)[0].Reason != tt.reason {
					t.Errorf("gaps of %s = %+v, want reason %s", s, got.GapsOf(s), tt.reason)
				}
			}
			if !got.Calendar.BuiltIn {
				t.Error("the built-in calendar needs no AWS")
			}
		})
	}
}

func TestDescribeErrors(t *testing.T) {
	f := newFake(t)
	c := describer(f)
	for _, tt := range []struct {
		name string
		ref  inventory.ClusterRef
		want error
	}{
		{"unknown cluster", shop, fault.ErrNotFound},
		{"malformed", inventory.ClusterRef{Partition: "aws"}, fault.ErrInvalid},
		{"other partition", inventory.ClusterRef{Partition: "aws-cn", Account: member, Region: "cn-north-1", Name: "x"}, fault.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := c.Describe(t.Context(), tt.ref); !errors.Is(err, tt.want) || got != nil {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
	t.Run("canceled", func(t *testing.T) {
		if _, err := c.Describe(canceled(t), shop); fault.Of(err).Name != "canceled" {
			t.Errorf("err = %v, want canceled", err)
		}
	})
}

func TestDescribeKeyOfAnotherAccount(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	f.when(func(r request) *reply {
		if r.Item == key2 && r.Account == member {
			return fail(http.StatusBadRequest, "AccessDeniedException")
		}
		if r.Item == key2 {
			return &reply{body: object{"KeyMetadata": object{"KeyId": "2", "KeyState": "Disabled"}}}
		}
		return nil
	})
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Keys) != 2 || len(got.Gaps) != 0 {
		t.Errorf("keys = %+v, gaps = %+v: the key's own account answers", got.Keys, got.Gaps)
	}
}

func TestDescribeMalformedKey(t *testing.T) {
	f := newFake(t)
	f.set(map[string]any{"eks:DescribeCluster": object{"cluster": object{"encryptionConfig": []object{{"provider": object{"keyArn": "alias/x"}}}}}})
	got, err := describer(f).Describe(t.Context(), shop)
	if err != nil {
		t.Fatal(err)
	}
	if g := got.SubjectGap(inventory.SectionKeys, "alias/x"); g == nil || g.Reason != "invalid" {
		t.Errorf("gaps = %+v", got.Gaps)
	}
}

func TestCalendarIsKeptPerRegion(t *testing.T) {
	f := newFake(t)
	fullCluster(f)
	clock := now
	c := f.client(cloud.Config{RoleName: "scan", Now: func() time.Time { return clock }})
	for _, after := range []time.Duration{0, 59 * time.Minute, 2 * time.Hour} {
		clock = now.Add(after)
		if _, err := c.Describe(t.Context(), shop); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count("eks:DescribeClusterVersions"); n != 2 {
		t.Errorf("%d calls, want one per region and hour", n)
	}
}

func TestBuiltInCalendar(t *testing.T) {
	status := map[string]string{}
	for _, v := range cloud.BuiltInCalendar(now).Versions {
		status[v.Version] = v.Status
	}
	for version, want := range map[string]string{"1.34": "STANDARD_SUPPORT", "1.31": "EXTENDED_SUPPORT", "1.30": "UNSUPPORTED"} {
		if status[version] != want {
			t.Errorf("%s = %q, want %q", version, status[version], want)
		}
	}
}
