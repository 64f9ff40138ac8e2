package kube

import (
	"path"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// resource is one kind of object that is listed over the whole cluster.
type resource struct {
	group string
	// versions are tried in order; a version that the server does not have is
	// passed over. Built-in resources have one.
	versions []string
	name     string
}

// builtin is a resource of the server itself; all that are read are at v1.
func builtin(group, name string) resource {
	return resource{group: group, versions: []string{"v1"}, name: name}
}

func namespaces() resource      { return builtin("", "namespaces") }
func pods() resource            { return builtin("", "pods") }
func services() resource        { return builtin("", "services") }
func serviceAccounts() resource { return builtin("", "serviceaccounts") }
func nodes() resource           { return builtin("", "nodes") }
func deployments() resource     { return builtin("apps", "deployments") }
func statefulSets() resource    { return builtin("apps", "statefulsets") }
func daemonSets() resource      { return builtin("apps", "daemonsets") }
func replicaSets() resource     { return builtin("apps", "replicasets") }
func jobs() resource            { return builtin("batch", "jobs") }
func cronJobs() resource        { return builtin("batch", "cronjobs") }
func ingresses() resource       { return builtin("networking.k8s.io", "ingresses") }

// gatewayGroup is the Gateway API's group. Clusters carry it as CRDs of several
// ages, or not at all.
const gatewayGroup = "gateway.networking.k8s.io"

func gateways() resource {
	return resource{group: gatewayGroup, versions: []string{"v1", "v1beta1"}, name: "gateways"}
}

// routes are the Gateway API's kinds that lead from a gateway to services.
func routes() []resource {
	return []resource{
		{group: gatewayGroup, versions: []string{"v1", "v1beta1"}, name: "httproutes"},
		{group: gatewayGroup, versions: []string{"v1", "v1alpha2"}, name: "grpcroutes"},
		{group: gatewayGroup, versions: []string{"v1", "v1alpha3", "v1alpha2"}, name: "tlsroutes"},
		{group: gatewayGroup, versions: []string{"v1", "v1alpha2"}, name: "tcproutes"},
		{group: gatewayGroup, versions: []string{"v1", "v1alpha2"}, name: "udproutes"},
	}
}

func allResources() []resource {
	return append([]resource{
		namespaces(), pods(), services(), serviceAccounts(), nodes(),
		deployments(), statefulSets(), daemonSets(), replicaSets(), jobs(), cronJobs(),
		ingresses(), gateways(),
	}, routes()...)
}

// String gives NAME.GROUP, as kubectl and RBAC messages write it.
func (r resource) String() string {
	return schema.GroupResource{Group: r.group, Resource: r.name}.String()
}

// path is the URL path of the cluster-wide list in a version.
func (r resource) path(version string) string {
	if r.group == "" {
		return path.Join("/api", version, r.name)
	}
	return path.Join("/apis", r.group, version, r.name)
}

// in is the URL path of the list of one namespace.
func (r resource) in(namespace string) string {
	if r.group == "" {
		return path.Join("/api", r.versions[0], "namespaces", namespace, r.name)
	}
	return path.Join("/apis", r.group, r.versions[0], "namespaces", namespace, r.name)
}

// changeable are the resources that SetImages and SetSources change.
func changeable() []resource {
	return []resource{deployments(), statefulSets(), daemonSets(), cronJobs(), services(), ingresses()}
}
