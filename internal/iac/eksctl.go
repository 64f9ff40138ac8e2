package iac

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// eksctl gives the configurations of eksctl that are the cluster's. One without a
// region may be.
func (b *bench) eksctl() []cluster {
	var found []cluster
	for _, f := range b.files {
		for _, d := range f.documents {
			if !b.looksIn(f) || scalar(d, "kind") != "ClusterConfig" || !strings.HasPrefix(scalar(d, "apiVersion"), "eksctl.io/") || scalar(d, "metadata", "name") != b.wish.Cluster.Name {
				continue
			}
			if region := scalar(d, "metadata", "region"); region != "" && region != b.wish.Cluster.Region {
				continue
			}
			found = append(found, cluster{file: f, line: d.Line, title: "ClusterConfig " + b.wish.Cluster.Name, apply: func() { b.config(f, d) }})
		}
	}
	return found
}

// config changes a ClusterConfig, and says which command of eksctl does what it says.
func (b *bench) config(f *file, d *yaml.Node) {
	e, w := &editor{bench: b, file: f, document: d}, b.wish
	command := func(text string) { b.note(fmt.Sprintf("eksctl does it by: %s --config-file=%s", text, f.name)) }
	if w.Version != "" {
		e.set(w.Version, "metadata", "version")
		command("eksctl upgrade cluster --approve")
	}
	if w.Endpoint != nil {
		b.together(endpointWhole, func() {
			e.set(w.Endpoint.Private, "vpc", "clusterEndpoints", "privateAccess")
			e.set(w.Endpoint.Public, "vpc", "clusterEndpoints", "publicAccess")
			if w.Endpoint.Public {
				e.set(w.Endpoint.CIDRs, "vpc", "publicAccessCIDRs")
			}
			e.finish()
		})
		command("eksctl utils update-cluster-vpc-config --approve")
	}
	if w.SupportType != "" {
		b.leave(f, d.Line, "upgrade policy to "+w.SupportType, fmt.Sprintf("eksctl's configuration has none; aws eks update-cluster-config --region %s --name %s --upgrade-policy supportType=%s", w.Cluster.Region, w.Cluster.Name, w.SupportType))
	}
	if w.KeyARN != "" {
		e.set(w.KeyARN, "secretsEncryption", "keyARN")
		command("eksctl utils enable-secrets-encryption")
	}
	e.finish()
	for _, want := range w.Addons {
		for _, a := range items(at(d, "addons")) {
			if scalar(a, "name") != want.Name {
				continue
			}
			if v := scalar(a, "version"); v == "" || v == "latest" {
				b.note(fmt.Sprintf("%s:%d: the add-on %s has no version of its own there.", f.name, a.Line, want.Name))
				continue
			}
			(&editor{bench: b, file: f, document: a}).set(want.Version, "version")
			command("eksctl update addon")
		}
	}
	for _, g := range w.NodeGroups {
		b.note(fmt.Sprintf("eksctl keeps no version of managed node groups in the file: eksctl upgrade nodegroup --region=%s --cluster=%s --name=%s --kubernetes-version=%s", w.Cluster.Region, w.Cluster.Name, g.Name, g.Version))
	}
}
