package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// resourceItem is one document of GetResourcesV2.
type resourceItem struct {
	ResourceGUID                string            `json:"ResourceGuid"`
	ResourceID                  string            `json:"ResourceId"`
	AccountID                   string            `json:"AccountId"`
	AccountName                 string            `json:"AccountName,omitempty"`
	Region                      string            `json:"Region"`
	ResourceProvider            string            `json:"ResourceProvider"`
	ResourceOwnerAccountID      string            `json:"ResourceOwnerAccountId"`
	ResourceCloudPartition      string            `json:"ResourceCloudPartition"`
	ResourceRegion              string            `json:"ResourceRegion"`
	ResourceCategory            string            `json:"ResourceCategory"`
	ResourceType                string            `json:"ResourceType"`
	ResourceName                string            `json:"ResourceName,omitempty"`
	ResourceCreationTimeDT      string            `json:"ResourceCreationTimeDt,omitempty"`
	ResourceDetailCaptureTimeDT string            `json:"ResourceDetailCaptureTimeDt"`
	FindingsSummary             []findingsSummary `json:"FindingsSummary,omitempty"`
	ResourceTags                []resourceTag     `json:"ResourceTags,omitempty"`
	ResourceConfig              map[string]any    `json:"ResourceConfig"`

	involved bool
}

type resourceTag struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

// findingsSummary counts the open findings that involve a resource.
type findingsSummary struct {
	FindingType   string         `json:"FindingType"`
	ProductName   string         `json:"ProductName"`
	TotalFindings int            `json:"TotalFindings"`
	Severities    map[string]int `json:"Severities"`
}

// summary counts findings by their severity_id; there is no summary of none.
func summary(severities []int) []findingsSummary {
	if len(severities) == 0 {
		return nil
	}
	s := findingsSummary{FindingType: "Exposure", ProductName: constants()["metadata.product.name"], TotalFindings: len(severities), Severities: map[string]int{}}
	for name := range severityNames() {
		s.Severities[name] = 0
	}
	for _, id := range severities {
		name, _ := ocsf.SeverityName(id)
		s.Severities[name]++
	}
	return []findingsSummary{s}
}

// category gives Security Hub's ResourceCategory of a type. It publishes no table;
// that EKS clusters are Compute is an inference.
func category(resource string) string {
	switch resource {
	case inventory.TypeCluster, inventory.TypeNodegroup, inventory.TypeAddon:
		return "Compute"
	case inventory.TypeVPC, inventory.TypeSubnet, inventory.TypeSecurity, inventory.TypeLoadBalancer, "Kubernetes::Service", "Kubernetes::Ingress", "Kubernetes::Gateway":
		return "Network"
	case inventory.TypeRole, "Kubernetes::ServiceAccount":
		return "Identity"
	case inventory.TypeImage:
		return "Code"
	}
	if strings.HasPrefix(resource, "Kubernetes::") {
		return "Compute"
	}
	return "Other"
}

// itemsOf lists the resources of a cluster, ordered: the cluster, its node groups
// and images, the services that are meant for the outside with the workloads behind
// them, and all that the open finding involves.
func itemsOf(s *inventory.Snapshot, f *exposure.Finding) []resourceItem {
	ref := s.Cluster.Ref
	items := map[string]*resourceItem{}
	add := func(r inventory.ResourceRef, config map[string]any) *resourceItem {
		if items[r.UID] == nil {
			items[r.UID] = newItem(s, r)
		}
		maps.Copy(items[r.UID].ResourceConfig, config)
		return items[r.UID]
	}
	c := s.Cluster
	cluster := add(ref.Resource(), map[string]any{
		"version": c.Version, "platform_version": c.PlatformVersion, "status": c.Status, "vpc": c.Network.VPC, "role_arn": c.RoleARN, "support_type": c.SupportType,
	})
	cluster.ResourceCreationTimeDT, cluster.ResourceTags = itemTime(c.CreatedAt), itemTags(c.Tags)
	if c.Endpoint != nil {
		maps.Copy(cluster.ResourceConfig, map[string]any{"public_endpoint": c.Endpoint.Public, "private_endpoint": c.Endpoint.Private, "public_cidrs": c.Endpoint.PublicCIDRs})
	}
	for _, g := range s.NodeGroups {
		i := add(inventory.ResourceRef{Type: inventory.TypeNodegroup, UID: g.ARN, Name: g.Name}, map[string]any{
			"status": g.Status, "version": g.Version, "release_version": g.ReleaseVersion, "ami_type": g.AMIType, "desired": g.Desired,
		})
		i.ResourceCreationTimeDT, i.ResourceTags = itemTime(g.CreatedAt), itemTags(g.Tags)
	}
	for _, im := range s.Images {
		add(inventory.ResourceRef{Type: inventory.TypeImage, UID: im.Repository + "@" + im.Digest, Name: im.Repository}, map[string]any{
			"digest": im.Digest, "repository": im.Repository, "platform": im.Platform, "packages": im.Packages, "vulnerability_matches": len(im.Matches),
		})
	}
	for _, v := range s.Services {
		if v.Type != "LoadBalancer" && v.Type != "NodePort" && len(v.ExternalIPs) == 0 {
			continue
		}
		add(ref.KubernetesResource(v.Namespace, "Service", v.Name), map[string]any{"type": v.Type, "addresses": v.Addresses, "ports": v.Ports})
		for _, w := range v.Workloads {
			add(ref.KubernetesResource(w.Namespace, w.Kind, w.Name), nil)
		}
	}
	if f != nil && f.Open() {
		for _, r := range f.Resources {
			facts := map[string]any{}
			for _, fact := range r.Facts {
				facts[strings.ReplaceAll(strings.ToLower(fact.Name), " ", "_")] = fact.Value
			}
			i := add(r.ResourceRef, facts)
			i.involved = true
			i.ResourceOwnerAccountID = cmp.Or(r.Account, i.ResourceOwnerAccountID)
			i.ResourceRegion = cmp.Or(r.Region, i.ResourceRegion)
		}
	}
	list := make([]resourceItem, 0, len(items))
	for _, uid := range slices.Sorted(maps.Keys(items)) {
		list = append(list, *items[uid])
	}
	return list
}

func newItem(s *inventory.Snapshot, r inventory.ResourceRef) *resourceItem {
	ref := s.Cluster.Ref
	sum := sha256.Sum256([]byte(strings.Join([]string{ref.Partition, ref.Account, ref.Region, r.Type, r.UID}, "\n")))
	return &resourceItem{
		ResourceGUID: hex.EncodeToString(sum[:16]), ResourceID: r.UID, AccountID: ref.Account, AccountName: s.Cluster.AccountName, Region: ref.Region,
		ResourceProvider: constants()["resources.provider"], ResourceOwnerAccountID: ref.Account, ResourceCloudPartition: ref.Partition, ResourceRegion: ref.Region,
		ResourceCategory: category(r.Type), ResourceType: r.Type, ResourceName: r.Name, ResourceConfig: map[string]any{},
	}
}

func itemTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return holeMoment.write(at)
}

func itemTags(tags map[string]string) []resourceTag {
	var list []resourceTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, resourceTag{key, tags[key]})
	}
	return list
}
