package estate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

// resource is one kind of object that a Kubernetes API serves.
type resource struct {
	group, version, plural, kind string
	namespaced                   bool
	// custom resources come from a CRD: they are served only where there is one,
	// and in JSON only.
	custom bool
}

func (r resource) groupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: r.group, Version: r.version}
}

func resources() []resource {
	const gateway = "gateway.networking.k8s.io"
	return []resource{
		{version: "v1", plural: "namespaces", kind: "Namespace"},
		{version: "v1", plural: "nodes", kind: "Node"},
		{version: "v1", plural: "pods", kind: "Pod", namespaced: true},
		{version: "v1", plural: "services", kind: "Service", namespaced: true},
		{version: "v1", plural: "serviceaccounts", kind: "ServiceAccount", namespaced: true},
		{version: "v1", plural: "secrets", kind: "Secret", namespaced: true},
		{version: "v1", plural: "configmaps", kind: "ConfigMap", namespaced: true},
		{version: "v1", plural: "replicationcontrollers", kind: "ReplicationController", namespaced: true},
		{group: "apps", version: "v1", plural: "deployments", kind: "Deployment", namespaced: true},
		{group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", namespaced: true},
		{group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet", namespaced: true},
		{group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet", namespaced: true},
		{group: "batch", version: "v1", plural: "jobs", kind: "Job", namespaced: true},
		{group: "batch", version: "v1", plural: "cronjobs", kind: "CronJob", namespaced: true},
		{group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers", kind: "HorizontalPodAutoscaler", namespaced: true},
		{group: "policy", version: "v1", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget", namespaced: true},
		{group: "flowcontrol.apiserver.k8s.io", version: "v1", plural: "flowschemas", kind: "FlowSchema"},
		{group: "flowcontrol.apiserver.k8s.io", version: "v1", plural: "prioritylevelconfigurations", kind: "PriorityLevelConfiguration"},
		{group: "networking.k8s.io", version: "v1", plural: "ingresses", kind: "Ingress", namespaced: true},
		{group: gateway, version: "v1", plural: "gateways", kind: "Gateway", namespaced: true, custom: true},
		{group: gateway, version: "v1", plural: "httproutes", kind: "HTTPRoute", namespaced: true, custom: true},
		{group: gateway, version: "v1", plural: "grpcroutes", kind: "GRPCRoute", namespaced: true, custom: true},
	}
}

// codec turns objects into bytes.
type codec struct {
	scheme  *runtime.Scheme
	factory serializer.CodecFactory
}

func newCodec() (*codec, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme,
		autoscalingv2.AddToScheme, policyv1.AddToScheme, flowcontrolv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("register Kubernetes types: %w", err)
		}
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return &codec{scheme: scheme, factory: serializer.NewCodecFactory(scheme)}, nil
}

// objectStore holds a cluster's objects by resource, each list ordered by
// namespace and name as etcd would give it.
type objectStore struct {
	codec   *codec
	objects map[resource][]runtime.Object
	// changes counts the patches that were kept.
	changes int
}

// newObjectStore sorts objects in. It completes each with what every stored
// object has, and refuses a kind that is not served.
func newObjectStore(c *codec, objects []runtime.Object) (*objectStore, error) {
	s := &objectStore{codec: c, objects: map[resource][]runtime.Object{}}
	byKind := map[schema.GroupVersionKind]resource{}
	for _, r := range resources() {
		byKind[r.groupVersion().WithKind(r.kind)] = r
		if !r.custom {
			s.objects[r] = nil
		}
	}
	for i, o := range objects {
		gvk := o.GetObjectKind().GroupVersionKind()
		if _, custom := o.(*unstructured.Unstructured); !custom {
			kinds, _, err := c.scheme.ObjectKinds(o)
			if err != nil {
				return nil, fmt.Errorf("object %d: %w", i, err)
			}
			gvk = kinds[0]
		}
		r, ok := byKind[gvk]
		if !ok {
			return nil, fmt.Errorf("object %d: %s is not served", i, gvk)
		}
		m, err := meta.Accessor(o)
		if err != nil {
			return nil, fmt.Errorf("object %d: %w", i, err)
		}
		if m.GetResourceVersion() == "" {
			m.SetResourceVersion(strconv.Itoa(1000 + i))
		}
		s.objects[r] = append(s.objects[r], o)
	}
	for _, list := range s.objects {
		slices.SortStableFunc(list, func(a, b runtime.Object) int {
			x, y := accessor(a), accessor(b)
			return cmp.Or(strings.Compare(x.GetNamespace(), y.GetNamespace()), strings.Compare(x.GetName(), y.GetName()))
		})
	}
	return s, nil
}

// accessor is meta.Accessor for objects that are known to have metadata.
func accessor(o runtime.Object) metav1.Object {
	m, err := meta.Accessor(o)
	if err != nil {
		return &metav1.ObjectMeta{}
	}
	return m
}

// served lists the resources of this cluster, in a stable order.
func (s *objectStore) served() []resource {
	return slices.DeleteFunc(resources(), func(r resource) bool {
		_, ok := s.objects[r]
		return !ok
	})
}

// find returns the resource of a path's group, version and plural name.
func (s *objectStore) find(group, version, plural string) (resource, bool) {
	i := slices.IndexFunc(s.served(), func(r resource) bool { return r.group == group && r.version == version && r.plural == plural })
	if i < 0 {
		return resource{}, false
	}
	return s.served()[i], true
}

// version is the resource version of every list, which is above that of every object.
func (s *objectStore) version() string { return "2" + strconv.Itoa(100000+s.changes) }
