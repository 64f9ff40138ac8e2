package inventory

import (
	"time"
)

// Cluster is what EKS tells about a cluster (DescribeCluster).
type Cluster struct {
	Ref         ClusterRef `json:"ref"`
	AccountName string     `json:"account_name,omitempty"`
	// Status is EKS's word: CREATING, ACTIVE, DELETING, FAILED, UPDATING, PENDING.
	Status string `json:"status"`
	// Version is MAJOR.MINOR; empty while EKS has none yet.
	Version         string    `json:"version,omitempty"`
	PlatformVersion string    `json:"platform_version,omitempty"`
	CreatedAt       time.Time `json:"created_at,omitzero"`
	RoleARN         string    `json:"role_arn,omitempty"`
	// SupportType is the upgrade policy: STANDARD (AWS upgrades the cluster at the
	// end of standard support) or EXTENDED (the cluster enters extended support).
	SupportType string `json:"support_type,omitempty"`
	// Endpoint is nil for a cluster with no VPC configuration (EKS Connector).
	Endpoint *Endpoint `json:"endpoint,omitempty"`
	Network  Network   `json:"network,omitzero"`
	// Encryption holds the entries of encryptionConfig as EKS returns them, also
	// those that name no key or not the resource "secrets".
	Encryption         []Encryption `json:"encryption,omitempty"`
	Logging            []LogSetup   `json:"logging,omitempty"`
	AuthenticationMode string       `json:"authentication_mode,omitempty"`
	DeletionProtection bool         `json:"deletion_protection,omitempty"`
	AutoMode           bool         `json:"auto_mode,omitempty"`
	// Connector is the provider of a connected (not EKS-hosted) cluster, else empty.
	Connector string            `json:"connector,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
	// Updates are the latest updates of the cluster, newest first.
	Updates []Update `json:"updates,omitempty"`
	// Issues are what EKS says is wrong with the cluster.
	Issues []Issue `json:"issues,omitempty"`
}

// Endpoint is the access to the cluster's Kubernetes API server.
type Endpoint struct {
	URL     string `json:"url,omitempty"`
	Public  bool   `json:"public"`
	Private bool   `json:"private"`
	// PublicCIDRs is publicAccessCidrs as returned. EKS may return it while the
	// public endpoint is off; an empty list with it on is AWS's default, open.
	PublicCIDRs []string `json:"public_cidrs,omitempty"`
	// CA is the base64 certificate authority data.
	CA string `json:"ca,omitempty"`
}

// Network is where the cluster lives.
type Network struct {
	VPC                  string   `json:"vpc,omitempty"`
	Subnets              []string `json:"subnets,omitempty"`
	SecurityGroups       []string `json:"security_groups,omitempty"`
	ClusterSecurityGroup string   `json:"cluster_security_group,omitempty"`
	IPFamily             string   `json:"ip_family,omitempty"` // ipv4, ipv6
	ServiceCIDR          string   `json:"service_cidr,omitempty"`
}

// Encryption is one entry of encryptionConfig.
type Encryption struct {
	Resources []string `json:"resources"`
	KeyARN    string   `json:"key_arn,omitempty"`
}

// Issue is what EKS says is wrong with a cluster or a node group.
type Issue struct {
	Code    string `json:"code"` // ClusterUnreachable, Ec2SecurityGroupNotFound …
	Message string `json:"message,omitempty"`
}

// LogSetup is one entry of the control plane's logging configuration.
type LogSetup struct {
	Types   []string `json:"types"`
	Enabled bool     `json:"enabled"`
}

// Update is one asynchronous change of the cluster (DescribeUpdate).
type Update struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`   // AssociateEncryptionConfig, VersionUpdate …
	Status    string    `json:"status"` // InProgress, Successful, Failed, Cancelled
	CreatedAt time.Time `json:"created_at"`
	Errors    []string  `json:"errors,omitempty"`
}

// Calendar is the support state of each Kubernetes version in one region.
type Calendar struct {
	// Source is "DescribeClusterVersions", or names the dated built-in table that
	// stands in when the call is not possible.
	Source string    `json:"source,omitempty"`
	ReadAt time.Time `json:"read_at,omitzero"`
	// BuiltIn marks the dated table: its answer is a fallback, and evidence says so.
	BuiltIn  bool             `json:"built_in,omitempty"`
	Versions []VersionSupport `json:"versions,omitempty"`
}

// VersionSupport is one row of the calendar. Times are UTC.
type VersionSupport struct {
	Version       string    `json:"version"`
	Status        string    `json:"status"` // STANDARD_SUPPORT, EXTENDED_SUPPORT, UNSUPPORTED
	Default       bool      `json:"default,omitempty"`
	Released      time.Time `json:"released,omitzero"`
	EndOfStandard time.Time `json:"end_of_standard,omitzero"`
	EndOfExtended time.Time `json:"end_of_extended,omitzero"`
}

// NodeGroup is a managed node group.
type NodeGroup struct {
	Name           string   `json:"name"`
	ARN            string   `json:"arn"`
	Status         string   `json:"status"`
	Version        string   `json:"version,omitempty"`
	ReleaseVersion string   `json:"release_version,omitempty"`
	AMIType        string   `json:"ami_type,omitempty"`
	CapacityType   string   `json:"capacity_type,omitempty"`
	InstanceTypes  []string `json:"instance_types,omitempty"`
	Desired        int      `json:"desired"`
	RoleARN        string   `json:"role_arn,omitempty"`
	Subnets        []string `json:"subnets,omitempty"`
	// LaunchTemplate is the ID of the launch template of one's own; empty when EKS made it.
	LaunchTemplate string            `json:"launch_template,omitempty"`
	CreatedAt      time.Time         `json:"created_at,omitzero"`
	Tags           map[string]string `json:"tags,omitempty"`
	// Settings are what another node group like it is made with; nil in snapshots of before
	// they were read.
	Settings *NodeGroupSettings `json:"settings,omitempty"`
	// Issues are what EKS says is wrong with it.
	Issues []Issue `json:"issues,omitempty"`
}

// FargateProfile lets pods of some namespaces run without nodes.
type FargateProfile struct {
	Name       string   `json:"name"`
	ARN        string   `json:"arn"`
	Status     string   `json:"status"`
	RoleARN    string   `json:"role_arn,omitempty"`
	Namespaces []string `json:"namespaces,omitempty"`
	Subnets    []string `json:"subnets,omitempty"`
}

// Addon is an EKS add-on.
type Addon struct {
	Name    string `json:"name"`
	ARN     string `json:"arn"`
	Version string `json:"version"`
	Status  string `json:"status"`
	RoleARN string `json:"role_arn,omitempty"`
}

// AccessEntry lets an IAM principal into the cluster.
type AccessEntry struct {
	PrincipalARN string         `json:"principal_arn"`
	Type         string         `json:"type"`
	Groups       []string       `json:"groups,omitempty"`
	Policies     []AccessPolicy `json:"policies,omitempty"`
}

// AccessPolicy is an EKS access policy bound to an access entry.
type AccessPolicy struct {
	ARN        string   `json:"arn"`
	Scope      string   `json:"scope"` // cluster, namespace
	Namespaces []string `json:"namespaces,omitempty"`
}

// PodIdentity gives a service account an IAM role.
type PodIdentity struct {
	ARN            string `json:"arn"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"service_account"`
	RoleARN        string `json:"role_arn"`
}

// Key is the state of a KMS key that the cluster names. A key that could not be
// read has a Gap of SectionKeys with its ARN, and no entry.
type Key struct {
	ARN     string `json:"arn"`
	State   string `json:"state"`             // Enabled, Disabled, PendingDeletion, PendingImport, Unavailable, NotFound …
	Manager string `json:"manager,omitempty"` // AWS, CUSTOMER
	// DeletionDate is set while the key is pending deletion.
	DeletionDate time.Time `json:"deletion_date,omitzero"`
}
