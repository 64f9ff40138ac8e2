package guidance

import "sync"

// meanings says what a person puts in the place of each placeholder.
var meanings = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"ADDON_VERSION":    "the version of the add-on to install, one that fits the cluster's Kubernetes version",
		"ALLOWED_CIDR":     "a range of addresses that must reach the Kubernetes API, as an office's or a VPN exit's",
		"CLIENT_CIDR":      "a range of addresses that the workload is meant for",
		"CONTAINER":        "the name of the container in the pod template that runs the image",
		"EGRESS_CIDR":      "the address by which nodes and Fargate pods leave the VPC, that of each NAT gateway, with /32",
		"FORMER_CIDR":      "a range of addresses that the public endpoint let in before the change",
		"KMS_KEY_ARN":      "the ARN of a symmetric key in the cluster's Region, for encryption and decryption, that nobody will delete",
		"NEW_CLUSTER_NAME": "a name that no cluster of the account has in the Region",
		"NEW_DIGEST":       "the digest of the new build of the image before it, 64 hexadecimal digits; `docker buildx imagetools inspect REPOSITORY:NEW_TAG` prints it, and a plan of eksposure has it",
		"NODE_GROUP":       "the name of a managed node group",
		"NEXT_VERSION":     "the next minor version, one above the present",
		"PREFIX_LIST_ID":   "the ID of a managed prefix list, pl-…",
		"ROLE_ARN":         "the ARN of the cluster's IAM role",
		"SUBNET_ID":        "the ID of a subnet of the cluster, in two Availability Zones at least",
		"NAMESPACE":        "the namespace of the object",
		"OBJECT":           "the name of the Service or Ingress",
		"WORKLOAD":         "the name of the workload",
		"ADDON":            "the name of the add-on",
		"IMAGE_REPOSITORY": "the repository of the image, REGISTRY/REPOSITORY",
		"STACK_NAME":       "the name of the CloudFormation stack that made the cluster",
	}
})
