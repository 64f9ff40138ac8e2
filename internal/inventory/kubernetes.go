package inventory

import (
	"cmp"
	"time"

	"github.com/eksposure/eksposure/internal/vuln"
)

// Namespace is a Kubernetes namespace.
type Namespace struct {
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// System reports whether the namespace belongs to Kubernetes or EKS itself
// rather than to the people who use the cluster.
func (n Namespace) System() bool { return SystemNamespace(n.Name) }

// SystemNamespace reports whether a namespace of that name belongs to
// Kubernetes or EKS itself.
func SystemNamespace(name string) bool {
	switch name {
	case "kube-system", "kube-public", "kube-node-lease", "amazon-guardduty", "amazon-cloudwatch", "aws-observability", "eks-auth":
		return true
	}
	return false
}

// WorkloadRef names a workload inside its cluster.
type WorkloadRef struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"` // Deployment, StatefulSet, DaemonSet, Job, CronJob, Pod, or a custom owner's kind
	Name      string `json:"name"`
}

// Compare orders by namespace, kind, name.
func (r WorkloadRef) Compare(o WorkloadRef) int {
	return cmp.Or(cmp.Compare(r.Namespace, o.Namespace), cmp.Compare(r.Kind, o.Kind), cmp.Compare(r.Name, o.Name))
}

// String gives NAMESPACE/KIND/NAME.
func (r WorkloadRef) String() string { return r.Namespace + "/" + r.Kind + "/" + r.Name }

// Workload is the topmost owner of pods, seen as one thing; a pod without an
// owner is its own workload.
type Workload struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	// Desired is the number of pods asked for; -1 when the kind states none.
	Desired int `json:"desired"`
	// Running is the number of its pods in phase Running.
	Running int `json:"running"`
	// LastStarted is when its newest pod started; zero when it has none.
	LastStarted    time.Time   `json:"last_started,omitzero"`
	CreatedAt      time.Time   `json:"created_at,omitzero"`
	ServiceAccount string      `json:"service_account,omitempty"`
	HostNetwork    bool        `json:"host_network,omitempty"`
	Containers     []Container `json:"containers,omitempty"`
}

// Ref names the workload.
func (w Workload) Ref() WorkloadRef {
	return WorkloadRef{Namespace: w.Namespace, Kind: w.Kind, Name: w.Name}
}

// ContainerKind tells how a container takes part in its pod.
type ContainerKind string

// The kinds of container.
const (
	ContainerRegular   ContainerKind = "regular"
	ContainerInit      ContainerKind = "init"
	ContainerEphemeral ContainerKind = "ephemeral"
)

// Container is one container of a workload on one image digest. A workload in
// the middle of a rollout has one entry per digest.
type Container struct {
	Name string        `json:"name"`
	Kind ContainerKind `json:"kind"`
	// Reference is the image as the pod spec writes it; only a label.
	Reference string `json:"reference"`
	// Digest is what really runs, "sha256:…", from status imageID; empty when
	// the pod has none yet or it cannot be resolved (then there is a Gap of
	// SectionImages whose subject is the reference).
	Digest string `json:"digest,omitempty"`
	// Repository is where the digest can be pulled from: REGISTRY/REPOSITORY.
	Repository string `json:"repository,omitempty"`
	// Running is the number of pods in phase Running that have this container on
	// this digest. Init containers of a running pod count: the pod ran them.
	Running int `json:"running"`
}

func compareContainers(a, b Container) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Reference, b.Reference))
}

// Service is a Kubernetes service that could lead traffic into the cluster.
type Service struct {
	Namespace         string `json:"namespace"`
	Name              string `json:"name"`
	Type              string `json:"type"` // ClusterIP, NodePort, LoadBalancer, ExternalName
	LoadBalancerClass string `json:"load_balancer_class,omitempty"`
	// Annotations holds only those that load balancer controllers read.
	Annotations  map[string]string `json:"annotations,omitempty"`
	Addresses    []string          `json:"addresses,omitempty"` // status.loadBalancer hostnames and IPs
	ExternalIPs  []string          `json:"external_ips,omitempty"`
	SourceRanges []string          `json:"source_ranges,omitempty"`
	Ports        []Port            `json:"ports,omitempty"`
	// Workloads are those with a running pod that the selector matches.
	Workloads []WorkloadRef `json:"workloads,omitempty"`
}

// Port is one port of a service.
type Port struct {
	Port     int    `json:"port"`
	NodePort int    `json:"node_port,omitempty"`
	Protocol string `json:"protocol"`
}

// Ingress leads HTTP traffic to services.
type Ingress struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Class       string            `json:"class,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Addresses   []string          `json:"addresses,omitempty"`
	Hosts       []string          `json:"hosts,omitempty"`
	Services    []string          `json:"services,omitempty"` // names, in its own namespace
}

// Gateway is a Gateway API gateway with the services its routes lead to.
type Gateway struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Class       string            `json:"class"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Addresses   []string          `json:"addresses,omitempty"`
	Services    []string          `json:"services,omitempty"` // NAMESPACE/NAME
}

// ServiceAccount is a Kubernetes service account.
type ServiceAccount struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	RoleARN   string `json:"role_arn,omitempty"` // IRSA: eks.amazonaws.com/role-arn
}

// Node is a machine of the cluster.
type Node struct {
	Name           string `json:"name"`
	KubeletVersion string `json:"kubelet_version"` // v1.31.4-eks-…
	OSImage        string `json:"os_image,omitempty"`
	Architecture   string `json:"architecture,omitempty"` // amd64, arm64
	OS             string `json:"os,omitempty"`           // linux, windows
	Ready          bool   `json:"ready"`
	NodeGroup      string `json:"node_group,omitempty"`
	// NodePool is that of Karpenter, or of EKS Auto Mode, which made the node.
	NodePool    string    `json:"node_pool,omitempty"`
	ProviderID  string    `json:"provider_id,omitempty"`
	InternalIPs []string  `json:"internal_ips,omitempty"`
	ExternalIPs []string  `json:"external_ips,omitempty"`
	Fargate     bool      `json:"fargate,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
}

// Image is one digest that containers name, with what is known about its content.
type Image struct {
	Digest string `json:"digest"`
	// Repository is where it was, or would be, pulled from: REGISTRY/REPOSITORY.
	Repository string `json:"repository"`
	// References are the ways pods write it, ordered.
	References []string `json:"references,omitempty"`
	// Platform is the one chosen from an image index, OS/ARCH[/VARIANT].
	Platform string `json:"platform,omitempty"`
	// ManifestDigest is the platform's manifest when Digest names an index.
	ManifestDigest string    `json:"manifest_digest,omitempty"`
	CreatedAt      time.Time `json:"created_at,omitzero"`
	Layers         []Layer   `json:"layers,omitempty"`
	// Addon names the EKS add-on that the image belongs to, else empty: such an
	// image is mended by a newer add-on version, not by a rebuild.
	Addon    string       `json:"add_on,omitempty"`
	OS       vuln.OS      `json:"os,omitzero"`
	Packages int          `json:"packages,omitempty"`
	Matches  []vuln.Match `json:"matches,omitempty"` // worst first
	// Database is the build of the vulnerability database that gave Matches, or
	// names the other scanner's report that did; empty when the image was not matched.
	Database string `json:"database,omitempty"`
	// Report is set when the image itself could not be read and another scanner's
	// report stands in for it.
	Report *ImageReport `json:"report,omitempty"`
}

// ImageReport says whose word the facts of an image are, and why not our own.
type ImageReport struct {
	// Source is the kind of report: grype, trivy, cyclonedx, inspector.
	Source string `json:"source"`
	// Tool is the program that made it with its version, where known.
	Tool string `json:"tool,omitempty"`
	// At is when the report's facts were true.
	At time.Time `json:"at"`
	// Unread is why the image itself was not read.
	Unread string `json:"unread"`
	// LastInUse is when the source itself last saw the image in use on this
	// cluster; zero when it does not tell.
	LastInUse time.Time `json:"last_in_use,omitzero"`
}

// Name names the report as people read it.
func (r ImageReport) Name() string { return cmp.Or(r.Tool, r.Source) }

// Layer is one layer of an image, in order from the base.
type Layer struct {
	DiffID    string `json:"diff_id"`
	Size      int64  `json:"size"`
	CreatedBy string `json:"created_by,omitempty"`
}
