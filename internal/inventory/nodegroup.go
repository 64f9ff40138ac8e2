package inventory

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
