package estate

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// Scenario is the world that an estate serves.
type Scenario struct {
	// AsOf is the day on which the facts are true; a scan of the estate uses it
	// as its clock.
	AsOf time.Time
	// Organization is the AWS organization of the accounts; zero when there is none.
	Organization Organization
	Accounts     []Account
	// Versions is the answer of eks:DescribeClusterVersions, newest first.
	Versions []Version
	// Addons is the answer of eks:DescribeAddonVersions, newest first.
	Addons []AddonRelease
}

// Cluster finds a cluster by its name; nil when there is none.
func (s *Scenario) Cluster(name string) *Cluster {
	for i := range s.Accounts {
		for j := range s.Accounts[i].Clusters {
			if c := &s.Accounts[i].Clusters[j]; c.Name == name {
				return c
			}
		}
	}
	return nil
}

// Organization is an AWS organization.
type Organization struct {
	ID         string // o-…
	Management string // account
	// DelegatedAdmins are member accounts that may list the organization too.
	DelegatedAdmins []string
}

// Account is one AWS account.
type Account struct {
	ID, Name, Email string
	// Status is the word of Organizations; empty means ACTIVE.
	Status string
	// Regions are those that the account knows, in the order of the answer.
	Regions []Region
	Users   []User
	Roles   []Role
	// ServiceControl are denials by the organization, above every policy.
	ServiceControl []Denial
	Keys           []Key
	Buckets        []Bucket
	Subnets        []Subnet
	PrefixLists    []PrefixList
	// Buses are EventBridge event buses beside the default one of each region.
	Buses    []Bus
	Clusters []Cluster
	// ImageFindings are those of Amazon Inspector about the account's ECR images.
	ImageFindings []ImageFinding
}

// Bucket is an S3 bucket; only its own account can use it.
type Bucket struct{ Region, Name string }

// Bus is an EventBridge event bus.
type Bus struct{ Region, Name string }

// Region is a region as one account sees it.
type Region struct {
	Name string
	// OptStatus is the word of account:ListRegions: ENABLED, ENABLED_BY_DEFAULT, DISABLED …
	OptStatus string
}

// Enabled reports whether the account can use the region.
func (r Region) Enabled() bool {
	return r.OptStatus == "ENABLED" || r.OptStatus == "ENABLED_BY_DEFAULT"
}

// User is an IAM user with one access key. Its secret is made at Start.
type User struct {
	Name      string
	AccessKey string
	// Allow lists action patterns such as "eks:List*".
	Allow []string
}

// Role is an IAM role.
type Role struct {
	Name string
	// Trust lists who may assume it: account IDs or principal ARNs.
	Trust []string
	// ExternalID must be named by the caller when it is not empty.
	ExternalID string
	Allow      []string
}

// Denial is one statement of a service control policy.
type Denial struct {
	Actions []string // patterns
	Regions []string // empty: all
}

// Key is a KMS key.
type Key struct {
	Region, ID string
	// State is the word of KMS: Enabled, Disabled, PendingDeletion …
	State string
	// DeletionDate is set while the key is pending deletion.
	DeletionDate time.Time
	CreatedAt    time.Time
	Description  string
	// Alias is the key's name, alias/…; empty for none. Policy is its key policy as it was
	// given.
	Alias, Policy string
	Rotation      bool
	Tags          map[string]string
	// Closed marks a key whose policy lets nobody but its administrators see it.
	Closed bool
}

// Version is one row of the EKS version calendar.
type Version struct {
	Version                                string
	Platform                               string
	Patch                                  string
	Released, EndOfStandard, EndOfExtended time.Time
	Default                                bool
}

// Cluster is an EKS cluster: what EKS tells about it, and what its Kubernetes API holds.
type Cluster struct {
	Region, Name string
	// Status is the word of EKS; empty means ACTIVE.
	Status, Version, Platform string
	CreatedAt                 time.Time
	SupportType               string // STANDARD or EXTENDED
	Role                      string // name of the cluster role
	Public, Private           bool
	// PublicCIDRs nil is left out of the answer; empty is answered as [].
	PublicCIDRs             []string
	VPC                     string
	Subnets, SecurityGroups []string
	ClusterSecurityGroup    string
	IPv6                    bool
	Network                 Network
	// Calls are those of its Kubernetes API, which the audit log has where LogTypes say so;
	// Managed those of EKS's own API that name the cluster, which CloudTrail has.
	Calls   []KubeCalls
	Managed []EKSCalls
	// Issues are what EKS says is wrong with the cluster.
	Issues                       []Issue
	Encryption                   []Encryption
	LogTypes                     []string // enabled control plane logs
	AuthenticationMode           string
	DeletionProtection, AutoMode bool
	Tags                         map[string]string

	NodeGroups      []NodeGroup
	FargateProfiles []FargateProfile
	Addons          []Addon
	AccessEntries   []AccessEntry
	PodIdentities   []PodIdentity
	Updates         []Update
	// Insights are EKS's checks of the cluster.
	Insights []Insight
	// Failing are the errors that the next updates end with, one each.
	Failing []string
	// tokens are the client request tokens of updates, with their IDs.
	tokens map[string]string
	// gone marks a cluster that was deleted.
	gone bool

	// Unreachable gives the endpoint an address where nothing answers, as a
	// private endpoint looks from outside its network.
	Unreachable bool
	// Server is the URL of a Kubernetes API outside the estate that the cluster
	// has instead of a simulated one, and CA its authority as PEM. The estate then
	// serves no Objects and heeds no Grants; access entries are still told.
	Server, CA string
	// Grants are the RBAC rules of Kubernetes groups.
	Grants []Grant
	// Deprecated are the deprecated APIs that the Kubernetes API was asked for.
	Deprecated []DeprecatedAPI
	// Objects are what the Kubernetes API holds.
	Objects []runtime.Object
}

// Encryption is one entry of encryptionConfig.
type Encryption struct {
	Resources []string
	KeyARN    string
}

// NodeGroup is a managed node group.
type NodeGroup struct {
	Name, Status, Version, Release, AMIType, Capacity string
	InstanceTypes                                     []string
	Desired                                           int
	Role                                              string // role name
	CreatedAt                                         time.Time
	Tags                                              map[string]string
	// Min is the least number of nodes, Max the greatest, 0 for twice the desired one.
	Min, Max int
	// DiskSize is in GiB, 0 for EKS's default; with a launch template it is that one's.
	DiskSize int
	// Labels and Taints are given to the nodes.
	Labels map[string]string
	Taints []Taint
	// LaunchTemplate is the ID of one of the account's own; empty for EKS's.
	LaunchTemplate string
	// RemoteAccess is the SSH key that nodes let in; empty for none.
	RemoteAccess string
	// SecurityGroups are those that it gives the nodes; none is the cluster security group.
	SecurityGroups []string
	// Issues are what EKS says is wrong with it.
	Issues []Issue
}

// Taint keeps pods off nodes; its effect is one of EKS's words.
type Taint struct{ Key, Value, Effect string }

// Issue is what EKS says is wrong with a cluster or a node group.
type Issue struct{ Code, Message string }

// KubeCalls are calls of a Kubernetes API that are alike, spread evenly over their time.
type KubeCalls struct {
	// Sources are the addresses as the API server knows them: what the caller says is before
	// the last, which is the connection's.
	Sources []string
	// User and Groups are who the API server took the caller for; nobody when it did not know.
	User   string
	Groups []string
	// Code is the HTTP status of the answer; 0 means 200.
	Code        int
	Times       int
	First, Last time.Time
}

// EKSCalls are calls of EKS's API that are alike, spread evenly over their time.
type EKSCalls struct {
	Event, Principal string // DescribeCluster …, and the caller's ARN
	// Source is an address, or a service's name: eks.amazonaws.com.
	Source      string
	Error       string // errorCode, empty for a call that was answered
	Times       int
	First, Last time.Time
}

// FargateProfile is a Fargate profile.
type FargateProfile struct {
	Name, Status, Role string
	Namespaces         []string
	CreatedAt          time.Time
}

// Addon is an EKS add-on.
type Addon struct {
	Name, Version, Status, Role string
	CreatedAt                   time.Time
}

// AccessEntry lets an IAM principal into the cluster.
type AccessEntry struct {
	Principal string // ARN
	Type      string // empty means STANDARD
	Groups    []string
	Policies  []AccessPolicy
	CreatedAt time.Time
}

// AccessPolicy is an EKS access policy of an access entry.
type AccessPolicy struct {
	Name       string   // AmazonEKSViewPolicy …
	Namespaces []string // empty: the whole cluster
}

// PodIdentity gives a service account an IAM role.
type PodIdentity struct {
	ID, Namespace, ServiceAccount, Role string
	CreatedAt                           time.Time
}

// Update is a past or running update of the cluster.
type Update struct {
	ID, Type, Status string
	// NodeGroup or Addon is what the update is of, when it is not the cluster itself.
	NodeGroup, Addon string
	CreatedAt        time.Time
	Params           map[string]string
	Errors           []string

	// done and apply are when an update of a call is done, and what it changes.
	done  time.Time
	apply func(*Cluster)
}

// Insight is one of EKS's checks of a cluster.
type Insight struct {
	Name, Status, Reason string
	// Category is UPGRADE_READINESS when empty; Version the Kubernetes version that it
	// is about.
	Category, Version string
	// Refreshed is when EKS last looked; StartInsightsRefresh makes it now.
	Refreshed time.Time
}

// DeprecatedAPI is one that a later version of Kubernetes has no more.
type DeprecatedAPI struct{ Group, Version, Resource, RemovedIn string }

// Subnet is a subnet of a VPC. Those of clusters that no account lists have 4,000 free
// addresses.
type Subnet struct {
	Region, ID string
	Free       int
}

// Network is what there is around a cluster in its VPC. The zero value is as the EKS User
// Guide advises: both DNS attributes on, a cluster security group that lets itself in,
// and subnets that leave by a NAT gateway.
type Network struct {
	// DNSOff are the attributes of the VPC that are off: enableDnsSupport, enableDnsHostnames.
	DNSOff []string
	// Rules are the ingress rules of the cluster security group; nil lets the group itself in.
	Rules []Rule
	// Groups are other security groups of the VPC. Those of the cluster that are not among
	// them let nothing in, and all out.
	Groups []SecurityGroup
	// Apart are the security groups of nodes that no managed node group has; nil is the
	// cluster security group.
	Apart []string
	// Ways are the targets of the default routes of the cluster's subnets, in their
	// order, the last for all others; none is the NAT gateway.
	Ways []string
	// NAT are the public addresses of the NAT gateway; nil is one in 203.0.113.64/26.
	NAT []string
}

// NoWay is the way of a subnet that does not leave its VPC.
const NoWay = "none"

// SecurityGroup is a security group of a VPC.
type SecurityGroup struct {
	ID string
	// In and Out are its rules; nil Out lets all out, as EC2 makes a group.
	In, Out []Rule
}

// Rule is a rule of a security group.
type Rule struct {
	Protocol  string // tcp, or -1 for all
	Low, High int    // ports
	// From is the other side: a range, a security group or a prefix list.
	From string
}

// PrefixList is a customer-managed prefix list of a VPC.
type PrefixList struct {
	Region, ID, Name string
	State            string // create-complete when empty
	Version          int
	CIDRs            []string
}

// AddonRelease is one version of an add-on that EKS offers.
type AddonRelease struct {
	Name, Version string
	// Fits are the Kubernetes versions that it works with; DefaultOf those whose
	// default it is.
	Fits, DefaultOf []string
}

// Grant gives a Kubernetes group the reading of some resources, in all namespaces.
type Grant struct {
	Group     string   // Kubernetes group of the caller
	APIGroups []string // "" is the core group
	Resources []string // plural names; "*" for all
	Verbs     []string
}
