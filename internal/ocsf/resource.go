package ocsf

import (
	"maps"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// OCSF's resource_details.role_id: the resource that the finding is about, and
// those that merely take part.
const (
	roleTarget   = 1
	roleRelated  = 4
	nameTarget   = "Target"
	nameAffected = "Related"
)

// resources lists the primary resource first, then the involved ones.
func resources(f *exposure.Finding) []Resource {
	list := make([]Resource, 0, len(f.Resources))
	for _, r := range f.Resources {
		out := Resource{
			CloudPartition: f.Cluster.Ref.Partition, Name: r.Name, Owner: Owner{Account: account(f, r.Account)}, Provider: provider,
			Region: r.Region, Role: nameAffected, RoleID: roleRelated, Tags: tags(r.Tags), Type: r.Type, UID: r.UID, Data: data(r),
			Image: image(f, r),
		}
		if strings.HasPrefix(r.UID, "arn:") && !strings.HasPrefix(r.Type, "Kubernetes::") {
			out.UIDAlt = r.UID
		}
		if r.Primary {
			out.Role, out.RoleID = nameTarget, roleTarget
			out.CreatedTime, out.CreatedTimeDT = millis(f.Cluster.CreatedAt), rfc3339(f.Cluster.CreatedAt)
			out.Version, out.VPCUID = f.Cluster.Version, f.Cluster.Network.VPC
		}
		list = append(list, out)
	}
	return list
}

// data holds the identifying facts and the traits that were seen on the resource.
func data(r exposure.Resource) map[string]any {
	d := map[string]any{}
	for _, fact := range r.Facts {
		d[strings.ReplaceAll(strings.ToLower(fact.Name), " ", "_")] = fact.Value
	}
	if len(r.Traits) > 0 {
		d["traits"] = r.Traits
	}
	if len(d) == 0 {
		return nil
	}
	return d
}

func tags(m map[string]string) []KeyValue {
	var list []KeyValue
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, KeyValue{Name: name, Value: m[name]})
	}
	return list
}

// image fills the AWS extension's image object from the evidence on the resource.
func image(f *exposure.Finding, r exposure.Resource) *Image {
	if r.Type != inventory.TypeImage {
		return nil
	}
	for _, t := range f.Traits {
		for _, e := range t.Evidence {
			if e.Image == nil || e.Resource.UID != r.UID {
				continue
			}
			registry, name, _ := strings.Cut(e.Image.Repository, "/")
			return &Image{InUseCount: e.Image.Running, RegistryUID: registry, RepositoryName: name, UID: e.Image.Digest, UIDAlt: r.UID}
		}
	}
	return nil
}
