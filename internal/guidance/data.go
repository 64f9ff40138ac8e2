package guidance

import (
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// data is what the texts may use.
type data struct {
	exposure.Cluster

	// Topic and Option are their IDs, File the change that it makes, by its file of text/.
	Topic, Option, File string
	ARN                 string
	// Name, Region, Account and Partition are the cluster's.
	Name, Region, Account, Partition string
	// Public and Private are the endpoint as it is now, Ranges what it lets in.
	Public, Private bool
	Ranges          []string
	// Path are the versions to go through, the last one the wished one.
	Path []string
	// Keys are the keys that cannot be used.
	Keys []key
	// Images are those with contributing evidence that are not an add-on's.
	Images []image
	// AddonNames are the add-ons with contributing evidence.
	AddonNames []string
	// Stop are workloads for which there is no fix.
	Stop []inventory.WorkloadRef
	// Ways are the objects that let the internet in.
	Ways []way
	// Nodes are those outside of node groups that are behind.
	Nodes []string
	// Current tells that all nodes with evidence have the control plane's version.
	Current bool
	// WithKey tells that a new cluster gets a KMS key.
	WithKey bool
}

type key struct{ ARN, State string }

type image struct {
	Repository, Digest, Reference, OS string
	Fixes                             []exposure.Fix
	Workloads                         []inventory.WorkloadRef
	// Containers are those that are known to have the image.
	Containers []exposure.ContainerRef
}

type way struct{ Variant, Kind, Namespace, Name string }

// maxListed bounds the images and workloads that one guide lists: what is left out is
// seen at the next scan.
const maxListed = 20

func dataOf(f *exposure.Finding, topic, option string, about func(exposure.Evidence) bool) *data {
	ref := f.Cluster.Ref
	d := &data{
		Cluster: f.Cluster, Topic: topic, Option: option, File: change(topic, option), ARN: ref.String(), Name: ref.Name, Region: ref.Region, Account: ref.Account, Partition: ref.Partition,
		WithKey: option == "new-cluster",
	}
	if e := f.Cluster.Endpoint; e != nil {
		d.Public, d.Private, d.Ranges = e.Public, e.Private, e.PublicCIDRs
	}
	of := f.TopicData(topic)
	if about != nil {
		of.Evidence = slices.DeleteFunc(slices.Clone(of.Evidence), func(e exposure.Evidence) bool { return !about(e) })
	}
	for _, e := range of.Evidence {
		d.read(e)
	}
	d.Stop = of.Unfixed()
	d.Stop = d.Stop[:min(len(d.Stop), maxListed)]
	if option == "upgrade" && topic == "unencrypted-kubernetes-secrets" {
		d.Path = minors(f.Cluster.Version, inventory.KubernetesVersion{Major: 1, Minor: 28})
	}
	return d
}

func (d *data) read(e exposure.Evidence) {
	if path := e.Fact("upgrade path"); path != "" {
		d.Path = strings.Split(path, " → ")[1:]
	}
	if now := e.Fact("control plane version"); now != "" && now == e.Fact("version") {
		d.Current = true
	} else if names := e.Fact("node names"); names != "" {
		d.Nodes = append(d.Nodes, strings.Split(names, ", ")...)
	}
	if e.Standing != exposure.Contributing {
		return
	}
	switch {
	case e.Variant == exposure.VariantKeyUnusable:
		d.Keys = append(d.Keys, key{e.Resource.UID, e.Fact("key state")})
	case e.Image != nil && e.Image.Addon != "":
		if !slices.Contains(d.AddonNames, e.Image.Addon) {
			d.AddonNames = append(d.AddonNames, e.Image.Addon)
		}
	case e.Image != nil && len(d.Images) < maxListed:
		d.Images = append(d.Images, image{
			Repository: e.Image.Repository, Digest: e.Image.Digest, Reference: e.Image.Reference, OS: e.Image.OS, Fixes: e.Image.Fixes,
			Workloads: e.Workloads[:min(len(e.Workloads), maxListed)], Containers: e.Image.Containers,
		})
	case strings.HasPrefix(e.Resource.Type, "Kubernetes::") && len(d.Ways) < maxListed:
		if namespace, name, ok := strings.Cut(e.Resource.Name, "/"); ok {
			d.Ways = append(d.Ways, way{e.Variant, strings.TrimPrefix(e.Resource.Type, "Kubernetes::"), namespace, name})
		}
	}
}

// minors lists the minor versions after one, up to another.
func minors(from string, to inventory.KubernetesVersion) []string {
	v, err := inventory.ParseKubernetesVersion(from)
	if err != nil {
		return nil
	}
	var list []string
	for v.Compare(to) < 0 {
		v.Minor++
		list = append(list, v.String())
	}
	return list
}

// Scalable reports whether a workload has replicas.
func (d *data) Scalable(w inventory.WorkloadRef) bool {
	return w.Kind == "Deployment" || w.Kind == "StatefulSet"
}

// Settable reports whether a workload's image can be changed in place.
func (d *data) Settable(w inventory.WorkloadRef) bool {
	return d.Scalable(w) || w.Kind == "DaemonSet" || w.Kind == "CronJob"
}
