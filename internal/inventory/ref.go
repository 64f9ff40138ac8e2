package inventory

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// ClusterRef identifies one EKS cluster.
type ClusterRef struct {
	Partition string `json:"partition"` // aws, aws-us-gov, aws-cn …
	Account   string `json:"account"`   // 12 digits
	Region    string `json:"region"`
	Name      string `json:"name"`
}

// The shape of a cluster name is EKS's own (CreateCluster, "name"): 1–100
// characters, letters, digits, hyphens and underscores, a letter or digit first.
var (
	clusterName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`)
	partition   = regexp.MustCompile(`^aws(-[a-z0-9]+)*$`)
	accountID   = regexp.MustCompile(`^[0-9]{12}$`)
	regionCode  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+$`)
)

// ParseClusterRef reads a cluster ARN, arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME.
// Any other text is fault.ErrInvalid, with the part that is wrong.
func ParseClusterRef(s string) (ClusterRef, error) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "eks" {
		return ClusterRef{}, fmt.Errorf("cluster ARN %q: want arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME: %w", s, fault.ErrInvalid)
	}
	name, ok := strings.CutPrefix(parts[5], "cluster/")
	if !ok {
		return ClusterRef{}, fmt.Errorf("cluster ARN %q: %q is not cluster/NAME: %w", s, parts[5], fault.ErrInvalid)
	}
	r := ClusterRef{Partition: parts[1], Region: parts[3], Account: parts[4], Name: name}
	if err := r.Validate(); err != nil {
		return ClusterRef{}, fmt.Errorf("cluster ARN %q: %w", s, err)
	}
	return r, nil
}

// Validate reports the first part that AWS would not accept, as fault.ErrInvalid.
func (r ClusterRef) Validate() error {
	for _, part := range []struct {
		name, value string
		shape       *regexp.Regexp
	}{
		{"partition", r.Partition, partition},
		{"region", r.Region, regionCode},
		{"account", r.Account, accountID},
		{"cluster name", r.Name, clusterName},
	} {
		if !part.shape.MatchString(part.value) {
			return fmt.Errorf("%s %q has the wrong form: %w", part.name, part.value, fault.ErrInvalid)
		}
	}
	return nil
}

// String gives the cluster's ARN.
func (r ClusterRef) String() string {
	return "arn:" + r.Partition + ":eks:" + r.Region + ":" + r.Account + ":cluster/" + r.Name
}

// Compare orders by account, region, name, partition.
func (r ClusterRef) Compare(o ClusterRef) int {
	return cmp.Or(
		cmp.Compare(r.Account, o.Account),
		cmp.Compare(r.Region, o.Region),
		cmp.Compare(r.Name, o.Name),
		cmp.Compare(r.Partition, o.Partition),
	)
}

// ResourceRef names an AWS or Kubernetes object.
type ResourceRef struct {
	// Type is the CloudFormation name of an AWS resource ("AWS::EKS::Cluster"),
	// or "Kubernetes::KIND" for an object of the cluster ("Kubernetes::Deployment").
	Type string `json:"type"`
	// UID is the ARN; for a Kubernetes object CLUSTER-ARN/NAMESPACE/KIND/NAME
	// (kind in lower case), for an image its repository@digest.
	UID  string `json:"uid"`
	Name string `json:"name"`
}

// Resource types used in findings.
const (
	TypeCluster        = "AWS::EKS::Cluster"
	TypeNodegroup      = "AWS::EKS::Nodegroup"
	TypeAddon          = "AWS::EKS::Addon"
	TypeFargateProfile = "AWS::EKS::FargateProfile"
	TypeVPC            = "AWS::EC2::VPC"
	TypeSubnet         = "AWS::EC2::Subnet"
	TypeSecurity       = "AWS::EC2::SecurityGroup"
	TypeRole           = "AWS::IAM::Role"
	TypeKey            = "AWS::KMS::Key"
	TypeImage          = "Container::Image"
	TypeLoadBalancer   = "AWS::ElasticLoadBalancingV2::LoadBalancer"
)

// KubernetesResource names an object inside the cluster. An empty namespace is
// a cluster-wide object.
func (r ClusterRef) KubernetesResource(namespace, kind, name string) ResourceRef {
	uid := r.String() + "/" + strings.ToLower(kind) + "/" + name
	shown := name
	if namespace != "" {
		uid = r.String() + "/" + namespace + "/" + strings.ToLower(kind) + "/" + name
		shown = namespace + "/" + name
	}
	return ResourceRef{Type: "Kubernetes::" + kind, UID: uid, Name: shown}
}

// Resource names the cluster itself.
func (r ClusterRef) Resource() ResourceRef {
	return ResourceRef{Type: TypeCluster, UID: r.String(), Name: r.Name}
}
