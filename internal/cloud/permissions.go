package cloud

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/plan"
)

// action is an IAM action, SERVICE:OPERATION.
type action string

// The calls that this package makes.
const (
	cloudtrailLookupEvents            action = "cloudtrail:LookupEvents"
	ec2DescribeInstances              action = "ec2:DescribeInstances"
	ec2DescribeManagedPrefixLists     action = "ec2:DescribeManagedPrefixLists"
	ec2DescribeNATGateways            action = "ec2:DescribeNatGateways"
	ec2DescribeRegions                action = "ec2:DescribeRegions"
	ec2DescribeRouteTables            action = "ec2:DescribeRouteTables"
	ec2DescribeSecurityGroups         action = "ec2:DescribeSecurityGroups"
	ec2DescribeVPCAttribute           action = "ec2:DescribeVpcAttribute"
	ec2GetManagedPrefixListEntries    action = "ec2:GetManagedPrefixListEntries"
	ec2DescribeSubnets                action = "ec2:DescribeSubnets"
	ecrGetAuthorizationToken          action = "ecr:GetAuthorizationToken" //nolint:gosec // an action's name
	inspector2GetClustersForImage     action = "inspector2:GetClustersForImage"
	inspector2ListFindings            action = "inspector2:ListFindings"
	eksAssociateEncryptionConfig      action = "eks:AssociateEncryptionConfig"
	eksDescribeAccessEntry            action = "eks:DescribeAccessEntry"
	eksDescribeAddon                  action = "eks:DescribeAddon"
	eksDescribeAddonVersions          action = "eks:DescribeAddonVersions"
	eksDescribeCluster                action = "eks:DescribeCluster"
	eksDescribeClusterVersions        action = "eks:DescribeClusterVersions"
	eksDescribeFargateProfile         action = "eks:DescribeFargateProfile"
	eksDescribeNodegroup              action = "eks:DescribeNodegroup"
	eksDescribePodIdentityAssociation action = "eks:DescribePodIdentityAssociation"
	eksDescribeUpdate                 action = "eks:DescribeUpdate"
	eksListAccessEntries              action = "eks:ListAccessEntries"
	eksListAddons                     action = "eks:ListAddons"
	eksListAssociatedAccessPolicies   action = "eks:ListAssociatedAccessPolicies"
	eksListClusters                   action = "eks:ListClusters"
	eksListFargateProfiles            action = "eks:ListFargateProfiles"
	eksListInsights                   action = "eks:ListInsights"
	eksListNodegroups                 action = "eks:ListNodegroups"
	eksListPodIdentityAssociations    action = "eks:ListPodIdentityAssociations"
	eksListUpdates                    action = "eks:ListUpdates"
	eksStartInsightsRefresh           action = "eks:StartInsightsRefresh"
	eksUpdateAddon                    action = "eks:UpdateAddon"
	eksDeleteAddon                    action = "eks:DeleteAddon"
	eksDeleteCluster                  action = "eks:DeleteCluster"
	eksDeleteFargateProfile           action = "eks:DeleteFargateProfile"
	eksDeleteNodegroup                action = "eks:DeleteNodegroup"
	eksUpdateClusterConfig            action = "eks:UpdateClusterConfig"
	eksUpdateClusterVersion           action = "eks:UpdateClusterVersion"
	eksUpdateNodegroupVersion         action = "eks:UpdateNodegroupVersion"
	kmsCreateAlias                    action = "kms:CreateAlias"
	kmsCreateKey                      action = "kms:CreateKey"
	kmsDeleteAlias                    action = "kms:DeleteAlias"
	kmsDescribeKey                    action = "kms:DescribeKey"
	kmsEnableKeyRotation              action = "kms:EnableKeyRotation"
	kmsGetKeyPolicy                   action = "kms:GetKeyPolicy"
	kmsGetKeyRotationStatus           action = "kms:GetKeyRotationStatus"
	kmsListKeys                       action = "kms:ListKeys"
	kmsListResourceTags               action = "kms:ListResourceTags"
	kmsScheduleKeyDeletion            action = "kms:ScheduleKeyDeletion"
	logsGetQueryResults               action = "logs:GetQueryResults"
	logsStartQuery                    action = "logs:StartQuery"
	logsStopQuery                     action = "logs:StopQuery"
	organizationsListAccounts         action = "organizations:ListAccounts"
	stsAssumeRole                     action = "sts:AssumeRole"
	stsGetCallerIdentity              action = "sts:GetCallerIdentity"
)

// Scope is who needs a permission.
type Scope string

// The scopes.
const (
	// ScopeAccount is needed in every scanned account, by the role that is
	// assumed there or by the caller itself in its own account.
	ScopeAccount Scope = "account"
	// ScopeRegistry is needed there too, but is asked for by the image registry on
	// the strength of ecr:GetAuthorizationToken's password, not by a call to AWS's API.
	ScopeRegistry Scope = "registry"
	// ScopeInspector is needed in every scanned account that keeps images, and only
	// with the setting images.inspector.
	ScopeInspector Scope = "inspector"
	// ScopePlan is needed there where plans are drafted: it reads what no scan reads.
	ScopePlan Scope = "plan"
	// ScopeCaller is needed only by the caller that scans other accounts.
	ScopeCaller Scope = "caller"
	// ScopeSink is needed by the caller for what it writes to: an event bus, a bucket.
	ScopeSink Scope = "sink"
	// ScopeUpgrade is needed in every account with clusters for whose upgrade plans are
	// drafted, by the role that scans, and for that alone.
	ScopeUpgrade Scope = "upgrade"
	// ScopeEndpoint is the same for plans about who reaches the endpoint.
	ScopeEndpoint Scope = "endpoint"
	// ScopeCallers is the same for plans that take the ranges of the endpoint from who calls.
	ScopeCallers Scope = "callers"
	// ScopeRemediation is needed by the role that applies plans, and by no other.
	ScopeRemediation Scope = "remediation"
	// ScopeDeletion is needed by that role besides, to delete clusters.
	ScopeDeletion Scope = "deletion"
	// ScopeKeys is needed by that role besides, to make KMS keys.
	ScopeKeys Scope = "keys"
)

// Permission is one IAM action.
type Permission struct {
	// Action is SERVICE:OPERATION.
	Action string
	// Scope is who needs it.
	Scope Scope
	// Why says what is read or changed with it.
	Why string
}

// Permissions lists every IAM action that scanning needs, sorted by action.
func Permissions() []Permission {
	list := []Permission{
		{string(cloudtrailLookupEvents), ScopeCallers, "who manages a cluster that writes no audit log; only to draft ranges from callers"},
		{string(ec2DescribeInstances), ScopeEndpoint, "security groups of nodes; only to draft a change of the endpoint"},
		{string(ec2DescribeManagedPrefixLists), ScopeEndpoint, "version of the prefix list that ranges are taken from; only to draft a change of the endpoint"},
		{string(ec2DescribeNATGateways), ScopeEndpoint, "public addresses by which nodes leave the VPC; only to draft a change of the endpoint"},
		{string(ec2DescribeRouteTables), ScopeEndpoint, "by which way the subnets of nodes leave the VPC; only to draft a change of the endpoint"},
		{string(ec2DescribeSecurityGroups), ScopeEndpoint, "what may reach port 443 of a cluster, and what lets its nodes out; only to draft a change of the endpoint"},
		{string(ec2DescribeVPCAttribute), ScopeEndpoint, "whether a VPC resolves the endpoint's private name; only to draft a change of the endpoint"},
		{string(ec2GetManagedPrefixListEntries), ScopeEndpoint, "ranges of a prefix list that is taken, or that a security group names; only to draft a change of the endpoint"},
		{string(ec2DescribeRegions), ScopeAccount, "which regions the account has enabled"},
		{string(ec2DescribeSubnets), ScopeEndpoint, "ranges in which a control plane has its network interfaces; only to draft a change of the endpoint"},
		{string(ec2DescribeSubnets), ScopeUpgrade, "free addresses of a cluster's subnets; only to draft an upgrade"},
		{"ecr:BatchGetImage", ScopeRegistry, "image manifests"},
		{string(ecrGetAuthorizationToken), ScopeAccount, "the password to pull from ECR registries"},
		{"ecr:GetDownloadUrlForLayer", ScopeRegistry, "image layers"},
		{"ecr:ListImages", ScopePlan, "tags of an image's repository, for a plan that takes the newest with the fix; no scan asks for it"},
		{string(eksDescribeAccessEntry), ScopeAccount, "Kubernetes groups of IAM principals"},
		{string(eksDescribeAddon), ScopeAccount, "add-on versions and roles"},
		{string(eksDescribeAddonVersions), ScopeUpgrade, "which add-on versions fit a Kubernetes version; only to draft an upgrade, or an update of add-ons"},
		{string(eksDescribeCluster), ScopeAccount, "endpoint access, version, encryption and network of a cluster"},
		{string(eksDescribeClusterVersions), ScopeAccount, "when support of a Kubernetes version ends"},
		{string(eksDescribeFargateProfile), ScopeAccount, "which pods run without nodes"},
		{string(eksDescribeNodegroup), ScopeAccount, "versions, roles and sizes of managed node groups"},
		{string(eksDescribePodIdentityAssociation), ScopeAccount, "the IAM role of a service account"},
		{string(eksDescribeUpdate), ScopeAccount, "changes that are still in progress"},
		{string(eksListAccessEntries), ScopeAccount, "IAM principals with access to the cluster"},
		{string(eksListAddons), ScopeAccount, "installed add-ons"},
		{string(eksListAssociatedAccessPolicies), ScopeAccount, "access policies of IAM principals"},
		{string(eksListClusters), ScopeAccount, "clusters of a region"},
		{string(eksListFargateProfiles), ScopeAccount, "Fargate profiles"},
		{string(eksListInsights), ScopeUpgrade, "EKS's own checks of whether a cluster is ready; only to draft an upgrade"},
		{string(eksListNodegroups), ScopeAccount, "managed node groups"},
		{string(eksListPodIdentityAssociations), ScopeAccount, "service accounts with an IAM role"},
		{string(eksListUpdates), ScopeAccount, "recent changes of the cluster"},
		{string(eksStartInsightsRefresh), ScopeUpgrade, "makes EKS look again, where its checks are older than a day; only to draft an upgrade, and changes nothing of the cluster"},
		{string(inspector2GetClustersForImage), ScopeInspector, "which clusters Amazon Inspector saw an image on; only with the setting images.inspector"},
		{string(inspector2ListFindings), ScopeInspector, "Amazon Inspector's findings about an image that cannot be pulled; only with the setting images.inspector"},
		{string(kmsDescribeKey), ScopeAccount, "state of the key that encrypts secrets"},
		{string(kmsGetKeyPolicy), ScopePlan, "whether the policy of a key lets EKS use it, for a plan that encrypts secrets with it; no scan asks for it, and without it the check is for a person"},
		{string(logsGetQueryResults), ScopeCallers, "what a query of the audit log came to; only to draft ranges from callers"},
		{string(logsStartQuery), ScopeCallers, "count the calls in a cluster's audit log by address and user, which CloudWatch bills by what it scans; may be narrowed to log groups /aws/eks/*/cluster"},
		{string(logsStopQuery), ScopeCallers, "end a query that takes too long, so that it costs no more"},
		{string(organizationsListAccounts), ScopeCaller, "accounts of the organization"},
		{string(stsAssumeRole), ScopeCaller, "work in other accounts, through the role in each"},
		{string(stsGetCallerIdentity), ScopeAccount, "who the credentials belong to; AWS refuses it to nobody"},
	}
	slices.SortFunc(list, func(a, b Permission) int { return cmp.Compare(a.Action, b.Action) })
	return list
}

// ChangePermissions lists every IAM action that applying plans needs, sorted: of a
// role of its own, in every account with clusters to change.
func ChangePermissions() []Permission {
	return []Permission{
		{string(eksAssociateEncryptionConfig), ScopeRemediation, "encrypt the secrets of a cluster with a key"},
		{string(eksDescribeUpdate), ScopeRemediation, "how far a change is, and why it failed"},
		{string(eksUpdateAddon), ScopeRemediation, "the version of an add-on"},
		{string(eksUpdateClusterConfig), ScopeRemediation, "who reaches the Kubernetes API, and the upgrade policy"},
		{string(eksUpdateClusterVersion), ScopeRemediation, "the Kubernetes version of the control plane, up and back"},
		{string(eksUpdateNodegroupVersion), ScopeRemediation, "the Kubernetes version of a managed node group"},
		{"iam:PassRole", ScopeRemediation, "an add-on keeps the role of its service account when it is updated; may be narrowed to those roles"},
		{"kms:CreateGrant", ScopeRemediation, "EKS makes a grant on the key in the caller's name"},
		{string(kmsDescribeKey), ScopeRemediation, "EKS looks at the key in the caller's name"},
	}
}

// DeletionPermissions lists every IAM action that deleting a cluster needs besides,
// sorted.
func DeletionPermissions() []Permission {
	return []Permission{
		{string(eksDeleteAddon), ScopeDeletion, "add-ons of a cluster that is deleted"},
		{string(eksDeleteCluster), ScopeDeletion, "the cluster"},
		{string(eksDeleteFargateProfile), ScopeDeletion, "Fargate profiles of a cluster that is deleted"},
		{string(eksDeleteNodegroup), ScopeDeletion, "node groups of a cluster that is deleted"},
	}
}

// KeyPermissions lists every IAM action that making KMS keys for clusters needs besides,
// sorted.
func KeyPermissions() []Permission {
	return []Permission{
		{string(kmsCreateAlias), ScopeKeys, "the name of a new key, alias/eksposure/CLUSTER"},
		{string(kmsCreateKey), ScopeKeys, "a key for the secrets of a cluster"},
		{string(kmsDeleteAlias), ScopeKeys, "the name of a key that is taken back"},
		{string(kmsEnableKeyRotation), ScopeKeys, "rotate a new key each year"},
		{string(kmsGetKeyRotationStatus), ScopeKeys, "whether a new key is rotated"},
		{string(kmsListKeys), ScopeKeys, "find the key of a plan that was interrupted"},
		{string(kmsListResourceTags), ScopeKeys, "find it by its tag, so that no second one is made"},
		{string(kmsScheduleKeyDeletion), ScopeKeys, "take back a key of a plan that encrypts nothing yet; keys with the plan's tag alone"},
		{"kms:TagResource", ScopeKeys, "a new key has the plan's ID as a tag"},
	}
}

// KeyCreationPolicy renders what the role of the setting remediation.role needs on top of
// RemediationPolicy to make KMS keys. It deletes only keys that have the tag of a plan.
func KeyCreationPolicy() string {
	var actions []string
	for _, p := range KeyPermissions() {
		if p.Action != string(kmsScheduleKeyDeletion) {
			actions = append(actions, p.Action)
		}
	}
	return render(
		statement{Sid: "EksposureMakeKeys", Effect: "Allow", Action: actions, Resource: []string{"*"}},
		statement{
			Sid: "EksposureTakeKeysBack", Effect: "Allow", Action: []string{string(kmsScheduleKeyDeletion)}, Resource: []string{"*"},
			Condition: map[string]map[string]string{"Null": {"aws:ResourceTag/" + plan.KeyTag: "false"}},
		},
	)
}

// DeletionPolicy renders what the role of the setting remediation.role needs on top of
// RemediationPolicy to delete clusters.
func DeletionPolicy() string {
	var actions []string
	for _, p := range DeletionPermissions() {
		actions = append(actions, p.Action)
	}
	return render(statement{Sid: "EksposureDelete", Effect: "Allow", Action: actions, Resource: []string{"*"}})
}

// RemediationPolicy renders the IAM policy of the role of the setting
// remediation.role.
func RemediationPolicy() string {
	var eks, iam, kms []string
	for _, p := range ChangePermissions() {
		switch service, _, _ := strings.Cut(p.Action, ":"); service {
		case "kms":
			kms = append(kms, p.Action)
		case "iam":
			iam = append(iam, p.Action)
		default:
			eks = append(eks, p.Action)
		}
	}
	return render(
		statement{Sid: "EksposureChange", Effect: "Allow", Action: eks, Resource: []string{"*"}},
		statement{Sid: "EksposureAddonRoles", Effect: "Allow", Action: iam, Resource: []string{"*"}},
		statement{Sid: "EksposureKeys", Effect: "Allow", Action: kms, Resource: []string{"*"}},
	)
}

// policy is an IAM policy document.
type policy struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Principal map[string]string            `json:"Principal,omitempty"`
	Action    []string                     `json:"Action"`
	Resource  []string                     `json:"Resource,omitempty"`
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// ReadPolicy renders the IAM policy of the role that is assumed in every account
// (and of the caller in its own): reading, and nothing else. The statement of what
// plans read can be left out where none is drafted.
func ReadPolicy() string {
	return render(
		statement{Sid: "EksposureRead", Effect: "Allow", Action: actionsOf(ScopeAccount, ScopeRegistry), Resource: []string{"*"}},
		statement{Sid: "EksposurePlan", Effect: "Allow", Action: actionsOf(ScopePlan), Resource: []string{"*"}},
	)
}

// InspectorPolicy renders what the setting images.inspector needs on top of
// ReadPolicy, in every account that keeps images.
func InspectorPolicy() string {
	return render(statement{Sid: "EksposureInspector", Effect: "Allow", Action: actionsOf(ScopeInspector), Resource: []string{"*"}})
}

// UpgradePolicy renders what drafting an upgrade reads on top of ReadPolicy, in every
// account with clusters. Without it the plan says what is not known.
func UpgradePolicy() string {
	return render(statement{Sid: "EksposureUpgrade", Effect: "Allow", Action: actionsOf(ScopeUpgrade), Resource: []string{"*"}})
}

// EndpointPolicy renders what drafting a change of the endpoint reads on top of
// ReadPolicy, in every account with clusters. Without it the plan says what is not known.
func EndpointPolicy() string {
	return render(statement{Sid: "EksposureEndpoint", Effect: "Allow", Action: actionsOf(ScopeEndpoint), Resource: []string{"*"}})
}

// CallersPolicy renders what taking the ranges of an endpoint from who calls reads on top of
// ReadPolicy and EndpointPolicy, in every account with clusters.
func CallersPolicy() string {
	return render(statement{Sid: "EksposureCallers", Effect: "Allow", Action: actionsOf(ScopeCallers), Resource: []string{"*"}})
}

// Trust names the two sides of assuming the role.
type Trust struct {
	// Partition is aws, aws-us-gov or aws-cn.
	Partition string
	// CallerARN is the IAM principal that scans.
	CallerARN string
	// RoleName is the role in each account.
	RoleName string
	// ExternalID is asked for when it is set.
	ExternalID string
}

// CallerPolicy renders what the caller needs on top of ReadPolicy to scan other accounts.
func (t Trust) CallerPolicy() string {
	role := "arn:" + t.Partition + ":iam::*:role/" + strings.TrimPrefix(t.RoleName, "/")
	return render(
		statement{Sid: "EksposureAssume", Effect: "Allow", Action: []string{string(stsAssumeRole)}, Resource: []string{role}},
		statement{Sid: "EksposureAccounts", Effect: "Allow", Action: []string{string(organizationsListAccounts)}, Resource: []string{"*"}},
	)
}

// TrustPolicy renders the trust policy of the role in each account.
func (t Trust) TrustPolicy() string {
	s := statement{
		Sid: "EksposureTrust", Effect: "Allow",
		Principal: map[string]string{"AWS": t.CallerARN}, Action: []string{string(stsAssumeRole)},
	}
	if t.ExternalID != "" {
		s.Condition = map[string]map[string]string{"StringEquals": {"sts:ExternalId": t.ExternalID}}
	}
	return render(s)
}

func actionsOf(scopes ...Scope) []string {
	var names []string
	for _, p := range Permissions() {
		if slices.Contains(scopes, p.Scope) {
			names = append(names, p.Action)
		}
	}
	return names
}

func render(statements ...statement) string {
	text, err := json.MarshalIndent(policy{Version: "2012-10-17", Statement: statements}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("a policy of strings did not marshal: %v", err)) // cannot happen: strings only
	}
	return string(text) + "\n"
}
