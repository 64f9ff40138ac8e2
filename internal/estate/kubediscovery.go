package estate

import (
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
)

// versionInfo answers /version as EKS does: 1.31+ and a patch of its own.
func (k *kubeServer) versionInfo() version.Info {
	major, minor, _ := strings.Cut(k.cluster.Version, ".")
	return version.Info{
		Major: major, Minor: minor + "+", GitVersion: k.estate.patchOf(k.cluster.Version) + "-eks-" + stableHex(k.cluster.Version, 7),
		GitTreeState: "clean", Compiler: "gc", Platform: "linux/amd64", GoVersion: "go1.24",
	}
}

// patchOf is the control plane's full version, v1.31.13.
func (e *Estate) patchOf(minor string) string {
	for _, v := range e.scenario.Versions {
		if v.Version == minor && v.Patch != "" {
			return "v" + v.Patch
		}
	}
	return "v" + minor + ".0"
}

// discover answers the lists of groups and resources, and reports whether the
// path is one of them.
func (k *kubeServer) discover(w http.ResponseWriter, path []string) bool {
	switch {
	case len(path) == 1 && path[0] == "api":
		k.json(w, http.StatusOK, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions", APIVersion: "v1"}, Versions: []string{"v1"}})
	case len(path) == 1 && path[0] == "apis":
		list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
		seen := map[string]bool{"": true}
		for _, r := range k.store.served() {
			if seen[r.group] {
				continue
			}
			seen[r.group] = true
			v := metav1.GroupVersionForDiscovery{GroupVersion: r.groupVersion().String(), Version: r.version}
			list.Groups = append(list.Groups, metav1.APIGroup{Name: r.group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
		}
		k.json(w, http.StatusOK, list)
	case len(path) == 2 && path[0] == "api":
		k.resourceList(w, "", path[1])
	case len(path) == 3 && path[0] == "apis":
		k.resourceList(w, path[1], path[2])
	default:
		return false
	}
	return true
}

func (k *kubeServer) resourceList(w http.ResponseWriter, group, version string) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}}
	for _, r := range k.store.served() {
		if r.group != group || r.version != version {
			continue
		}
		list.GroupVersion = r.groupVersion().String()
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: r.plural, SingularName: strings.ToLower(r.kind), Namespaced: r.namespaced, Kind: r.kind, Verbs: metav1.Verbs{"get", "list"},
		})
	}
	if list.APIResources == nil {
		k.status(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource")
		return
	}
	k.json(w, http.StatusOK, list)
}

// fieldsOf are the fields that a field selector may name.
func fieldsOf(o runtime.Object) fields.Set {
	m := accessor(o)
	set := fields.Set{"metadata.name": m.GetName(), "metadata.namespace": m.GetNamespace()}
	if p, ok := o.(*corev1.Pod); ok {
		set["spec.nodeName"], set["status.phase"] = p.Spec.NodeName, string(p.Status.Phase)
	}
	return set
}
