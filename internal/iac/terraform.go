package iac

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// endpointWhole names the settings of the endpoint that are changed together.
const endpointWhole = "the endpoint's settings"

// cluster is the place that makes the cluster: a resource, a module, or a
// configuration of eksctl.
type cluster struct {
	file *file
	line int
	// title names it: "aws_eks_cluster.main".
	title string
	apply func()
}

// terraform finds clusters, and what belongs to them, in the modules of the folder.
type terraform struct {
	*bench

	instances []*instance
	// found are the clusters of the name; missed are those whose name is not known.
	found  []cluster
	missed []Left
}

func (b *bench) terraform() *terraform {
	t := &terraform{bench: b, instances: instances(modules(b.files))}
	for _, in := range t.instances {
		for _, one := range in.blocks {
			if t.looksIn(one.file) {
				t.consider(in, one)
			}
		}
	}
	return t
}

// consider looks whether a block makes the cluster.
func (t *terraform) consider(in *instance, b block) {
	var names []string
	switch {
	case b.Type == "resource" && len(b.Labels) == 2 && b.Labels[0] == "aws_eks_cluster":
		names = []string{"name"}
	case b.Type == "module" && b.Body.Attributes["source"] != nil && ofEKS(literal(b.Body.Attributes["source"].Expr)):
		names = []string{"cluster_name", "name"}
	default:
		return
	}
	title := strings.TrimPrefix(strings.Join(append([]string{b.Type}, b.Labels...), "."), "resource.")
	for _, name := range names {
		at, ok := in.attribute(b, b.Body, name)
		if !ok {
			continue
		}
		switch t.named(at) {
		case yes:
			c := cluster{file: b.file, line: b.DefRange().Start.Line, title: title}
			if name == "name" && b.Type == "resource" {
				c.apply = func() { t.resource(in, b) }
			} else {
				c.apply = func() { t.publicModule(in, b, name == "cluster_name") }
			}
			t.found = append(t.found, c)
		case maybe:
			t.missed = append(t.missed, Left{b.file.name, b.DefRange().Start.Line, title, "its name is not known from the files (" + at.code() + ")"})
		case no:
		}
		return
	}
}

// ofEKS reports whether a source is the module terraform-aws-modules/eks itself, and
// none of its parts.
func ofEKS(source string) bool {
	if strings.HasPrefix(source, "terraform-aws-modules/eks/aws") || strings.HasSuffix(source, "/terraform-aws-modules/eks/aws") {
		return !strings.Contains(source, "//")
	}
	_, rest, ok := strings.Cut(source, "terraform-aws-modules/terraform-aws-eks")
	return ok && !strings.Contains(rest, "//")
}

// answer is what is known about a name.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// named reports whether an expression is the cluster's name.
func (t *terraform) named(e bound) answer {
	switch e.string() {
	case t.wish.Cluster.Name:
		return yes
	case "":
		return maybe
	}
	return no
}

// resource changes an aws_eks_cluster.
func (t *terraform) resource(in *instance, b block) {
	s := setter{terraform: t, in: in, block: b}
	if !s.single() {
		return
	}
	w := t.wish
	if w.Version != "" {
		s.set(b.Body, "version", w.Version, "name")
	}
	if w.Endpoint != nil {
		t.together(endpointWhole, s.endpoint)
	}
	if w.SupportType != "" {
		s.nested("upgrade_policy", "support_type", w.SupportType, fmt.Sprintf("upgrade_policy {\n  support_type = %s\n}", code(w.SupportType)))
	}
	if w.KeyARN != "" {
		s.encryption()
	}
}

// publicModule changes a call of terraform-aws-modules/eks. Up to its version 20 the
// names of the inputs begin with "cluster_".
func (t *terraform) publicModule(in *instance, b block, old bool) {
	s := setter{terraform: t, in: in, block: b}
	if !s.single() {
		return
	}
	prefix, version := "", "kubernetes_version"
	if old {
		prefix, version = "cluster_", "cluster_version"
	}
	w := t.wish
	if !s.takes(prefix+"name", old) {
		return
	}
	if w.Version != "" {
		s.set(b.Body, version, w.Version, prefix+"name")
		t.note("Node groups and add-ons of the module terraform-aws-modules/eks follow the cluster's version, unless they are given one of their own; look at what terraform plan says of them.")
	}
	if w.Endpoint != nil {
		t.together(endpointWhole, func() { s.access(b.Body, prefix, prefix+"endpoint_public_access_cidrs") })
	}
	if w.SupportType != "" && s.takes(prefix+"upgrade_policy", old) {
		s.object(prefix+"upgrade_policy", "support_type", w.SupportType, "")
	}
	if w.KeyARN != "" && s.takes(prefix+"encryption_config", old) {
		t.together("the key of secrets", func() {
			s.object(prefix+"encryption_config", "provider_key_arn", w.KeyARN, `resources = ["secrets"]`)
			s.set(b.Body, "create_kms_key", false, "")
		})
	}
}

// parts changes the node groups and add-ons of the cluster that have resources of
// their own.
func (t *terraform) parts() {
	for _, kind := range []struct {
		resource, name, version, what string
		wishes                        []Versioned
	}{
		{"aws_eks_node_group", "node_group_name", "version", "node group", t.wish.NodeGroups},
		{"aws_eks_addon", "addon_name", "addon_version", "add-on", t.wish.Addons},
	} {
		for _, in := range t.instances {
			for _, b := range in.blocks {
				if b.Type != "resource" || len(b.Labels) != 2 || b.Labels[0] != kind.resource || !t.ofCluster(in, b) {
					continue
				}
				for _, w := range kind.wishes {
					if at, ok := in.attribute(b, b.Body, kind.name); ok && at.string() == w.Name {
						t.part(in, b, kind.version, kind.what, w)
					}
				}
			}
		}
	}
}

func (t *terraform) part(in *instance, b block, attribute, what string, w Versioned) {
	s := setter{terraform: t, in: in, block: b}
	at, ok := in.attribute(b, b.Body, attribute)
	if !s.single() || ok && ofTheCluster(at) {
		return
	}
	if !ok {
		t.note(fmt.Sprintf("%s:%d: the %s %s has no %s in the files: Terraform leaves that to EKS.", b.file.name, b.DefRange().Start.Line, what, w.Name, attribute))
		return
	}
	s.set(b.Body, attribute, w.Version, "")
}

// ofTheCluster reports whether a version is the cluster's own, and follows it.
func ofTheCluster(e bound) bool {
	t, ok := e.Expression.(*hclsyntax.ScopeTraversalExpr)
	return ok && (t.Traversal.RootName() == "aws_eks_cluster" || t.Traversal.RootName() == "module")
}

// ofCluster reports whether a resource names the cluster, by its name or by a
// reference to what makes it.
func (t *terraform) ofCluster(in *instance, b block) bool {
	at, ok := in.attribute(b, b.Body, "cluster_name")
	if !ok {
		return false
	}
	ref, ok := at.Expression.(*hclsyntax.ScopeTraversalExpr)
	if !ok || !ofTheCluster(at) {
		return at.string() == t.wish.Cluster.Name
	}
	root, label := head(ref.Traversal)
	for _, other := range in.blocks {
		named := root == "module" && other.Type == root && len(other.Labels) == 1 && other.Labels[0] == label ||
			other.Type == "resource" && len(other.Labels) == 2 && other.Labels[0] == root && other.Labels[1] == label
		if !named {
			continue
		}
		for _, name := range []string{"cluster_name", "name"} {
			if e, ok := in.attribute(other, other.Body, name); ok {
				return e.string() == t.wish.Cluster.Name
			}
		}
	}
	return false
}
