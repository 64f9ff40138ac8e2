package scan

import (
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// addonImages maps the last path element of AWS's own image repositories to the
// EKS add-on that ships them, where the two differ (EKS User Guide, "AWS add-ons").
var addonImages = map[string]string{
	"amazon-k8s-cni":               "vpc-cni",
	"amazon-k8s-cni-init":          "vpc-cni",
	"aws-network-policy-agent":     "vpc-cni",
	"aws-ebs-csi-driver":           "aws-ebs-csi-driver",
	"aws-efs-csi-driver":           "aws-efs-csi-driver",
	"eks-pod-identity-agent":       "eks-pod-identity-agent",
	"metrics-server":               "metrics-server",
	"snapshot-controller":          "snapshot-controller",
	"coredns":                      "coredns",
	"kube-proxy":                   "kube-proxy",
	"csi-node-driver-registrar":    "aws-ebs-csi-driver",
	"livenessprobe":                "aws-ebs-csi-driver",
	"csi-provisioner":              "aws-ebs-csi-driver",
	"csi-attacher":                 "aws-ebs-csi-driver",
	"csi-snapshotter":              "aws-ebs-csi-driver",
	"csi-resizer":                  "aws-ebs-csi-driver",
	"aws-guardduty-agent":          "aws-guardduty-agent",
	"cloudwatch-agent-operator":    "amazon-cloudwatch-observability",
	"cloudwatch-agent":             "amazon-cloudwatch-observability",
	"aws-mountpoint-s3-csi-driver": "aws-mountpoint-s3-csi-driver",
}

// addonOf names the installed EKS add-on that an image belongs to, or "". Only
// repositories on an ECR registry count: a mirror of the same name elsewhere is
// the users' own to mend.
func addonOf(repository string, installed []inventory.Addon) string {
	host, path, ok := strings.Cut(repository, "/")
	ownedByAWS := strings.Contains(host, ".dkr.ecr.") || host == "public.ecr.aws"
	if !ok || !ownedByAWS {
		return ""
	}
	if !strings.Contains(path, "/") && path != "amazon-k8s-cni" && path != "amazon-k8s-cni-init" {
		return ""
	}
	addon := addonImages[path[strings.LastIndex(path, "/")+1:]]
	for _, a := range installed {
		if a.Name == addon {
			return addon
		}
	}
	return ""
}
