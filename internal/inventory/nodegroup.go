package inventory

// NodeGroupSettings are what a managed node group was made with, besides what NodeGroup has.
type NodeGroupSettings struct {
	Min int `json:"min"`
	Max int `json:"max"`
	// DiskSize is in GiB; 0 where the launch template says it.
	DiskSize int               `json:"disk_size,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Taints   []Taint           `json:"taints,omitempty"`
	// LaunchTemplateVersion is that of NodeGroup.LaunchTemplate.
	LaunchTemplateVersion string `json:"launch_template_version,omitempty"`
	// MaxUnavailable or MaxUnavailablePercentage is how many nodes an update takes at once,
	// and UpdateStrategy in which order; empty for EKS's own.
	MaxUnavailable           int    `json:"max_unavailable,omitempty"`
	MaxUnavailablePercentage int    `json:"max_unavailable_percentage,omitempty"`
	UpdateStrategy           string `json:"update_strategy,omitempty"`
	// NodeRepair tells that EKS replaces nodes that ail.
	NodeRepair bool `json:"node_repair,omitempty"`
	// NotKept are further settings that it has, by their names in EKS's API, ordered. What
	// they say is not kept.
	NotKept []string `json:"not_kept,omitempty"`
}

// Taint keeps pods without a toleration off a node group's nodes.
type Taint struct {
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
	// Effect is as EKS writes it: NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE.
	Effect string `json:"effect"`
}

// lastAmazonLinux2 is the last Kubernetes version for which EKS has images of Amazon Linux 2;
// it stopped making them on 2025-11-26 (Amazon EKS User Guide, "Upgrade from Amazon Linux 2
// to Amazon Linux 2023").
func lastAmazonLinux2() KubernetesVersion { return KubernetesVersion{Major: 1, Minor: 32} }

// Successor is the AMI type for a node group that takes the place of one whose images EKS
// makes no more; empty for all others. A node group keeps its AMI type for good.
func (g NodeGroup) Successor() string {
	switch g.AMIType {
	case "AL2_x86_64":
		return "AL2023_x86_64_STANDARD"
	case "AL2_ARM_64":
		return "AL2023_ARM_64_STANDARD"
	case "AL2_x86_64_GPU":
		return "AL2023_x86_64_NVIDIA"
	}
	return ""
}

// HasImage reports whether EKS has images of the node group's AMI type for a Kubernetes
// version. Of one that is not known it is taken to.
func (g NodeGroup) HasImage(version string) bool {
	v, err := ParseKubernetesVersion(version)
	return g.Successor() == "" || err != nil || v.Compare(lastAmazonLinux2()) <= 0
}
