package estate

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/eksposure/eksposure/internal/estate/images"
)

// maxPatch bounds the body of a patch: etcd takes no larger objects.
const maxPatch = 1536 << 10

// rolling is a workload whose template was changed, and whose pods follow when the
// time has come.
type rolling struct {
	due  time.Time
	kube *kubeServer
	at   question
}

// rollable reports whether a request may change the object: of all that a cluster
// holds, the templates of workloads change, Services and Ingresses, and the metadata of
// secrets.
func (q question) rollable() bool {
	return q.name != "" && slices.Contains([]string{"deployments", "statefulsets", "daemonsets", "cronjobs", "services", "ingresses", secrets}, q.resource.plural)
}

// secrets are a kind beside workloads that a patch may change: their metadata.
const secrets = "secrets"

// plain reports whether nothing follows a change of the object.
func (q question) plain() bool {
	return slices.Contains([]string{secrets, "services", "ingresses"}, q.resource.plural)
}

// patchType is the form of patches that the estate takes of a resource.
func (q question) patchType() types.PatchType {
	if q.plain() {
		return types.MergePatchType
	}
	return types.StrategicMergePatchType
}

// patch takes a patch of a workload, of what leads there, or of a secret, as the API server does: with the
// right to, only onto the resource version that it names, and with dryRun without
// keeping it.
func (k *kubeServer) patch(w http.ResponseWriter, r *http.Request, user *kubeUser, q question) string {
	if !user.may(q.verb(), q.resource.group, q.resource.plural) {
		return k.forbid(w, user, q)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPatch))
	if err != nil || r.Header.Get("Content-Type") != string(q.patchType()) {
		return k.status(w, http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType, "the estate takes patches of type "+string(q.patchType()))
	}
	k.estate.settle()
	k.estate.world.Lock()
	defer k.estate.world.Unlock()
	list := k.store.objects[q.resource]
	i := slices.IndexFunc(list, func(o runtime.Object) bool {
		return accessor(o).GetName() == q.name && accessor(o).GetNamespace() == q.namespace
	})
	if i < 0 {
		return k.status(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("%s %q not found", groupResource(q.resource), q.name))
	}
	var wanted metav1.PartialObjectMetadata
	if err := json.Unmarshal(body, &wanted); err != nil {
		return k.status(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
	}
	if v := wanted.ResourceVersion; v != "" && v != accessor(list[i]).GetResourceVersion() {
		return k.status(w, http.StatusConflict, metav1.StatusReasonConflict, fmt.Sprintf(
			"Operation cannot be fulfilled on %s %q: the object has been modified; please apply your changes to the latest version and try again", groupResource(q.resource), q.name))
	}
	next, err := merged(list[i], body)
	if err != nil {
		return k.status(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, err.Error())
	}
	if q.plain() {
		if r.URL.Query().Get("dryRun") == "" && !equality.Semantic.DeepEqual(list[i], next) {
			k.store.changes++
			accessor(next).SetResourceVersion("2" + strconv.Itoa(100000+k.store.changes))
			k.store.objects[q.resource] = replaced(list, i, next)
		}
		if !strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata") {
			return k.write(w, q.resource, mediaJSON, next)
		}
		p := meta.AsPartialObjectMetadata(accessor(next))
		p.TypeMeta = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}
		return k.json(w, http.StatusOK, p)
	}
	if r.URL.Query().Get("dryRun") == "" && !equality.Semantic.DeepEqual(templateOf(list[i]), templateOf(next)) {
		k.store.changes++
		accessor(next).SetResourceVersion("2" + strconv.Itoa(100000+k.store.changes))
		accessor(next).SetGeneration(accessor(next).GetGeneration() + 1)
		begin(next)
		k.store.objects[q.resource] = replaced(list, i, next)
		k.estate.rolling = append(k.estate.rolling, rolling{k.estate.now().Add(k.estate.updateTime), k, q})
	}
	return k.write(w, q.resource, mediaJSON, next)
}

// merged gives a copy of an object after a strategic merge patch.
func merged(o runtime.Object, patch []byte) (runtime.Object, error) {
	was, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	is, err := strategicpatch.StrategicMergePatch(was, patch, o)
	if err != nil {
		return nil, err
	}
	next := o.DeepCopyObject()
	switch v := next.(type) {
	case *appsv1.Deployment:
		*v = appsv1.Deployment{}
	case *appsv1.StatefulSet:
		*v = appsv1.StatefulSet{}
	case *appsv1.DaemonSet:
		*v = appsv1.DaemonSet{}
	case *batchv1.CronJob:
		*v = batchv1.CronJob{}
	case *corev1.Secret:
		*v = corev1.Secret{}
	case *corev1.Service:
		*v = corev1.Service{}
	case *networkingv1.Ingress:
		*v = networkingv1.Ingress{}
	}
	return next, json.Unmarshal(is, next)
}

func replaced(list []runtime.Object, i int, o runtime.Object) []runtime.Object {
	list = slices.Clone(list)
	list[i] = o
	return list
}

// templateOf is what a workload makes pods from.
func templateOf(o runtime.Object) *corev1.PodTemplateSpec {
	switch v := o.(type) {
	case *appsv1.Deployment:
		return &v.Spec.Template
	case *appsv1.StatefulSet:
		return &v.Spec.Template
	case *appsv1.DaemonSet:
		return &v.Spec.Template
	case *batchv1.CronJob:
		return &v.Spec.JobTemplate.Spec.Template
	}
	return &corev1.PodTemplateSpec{}
}

// begin writes the status of a workload whose controller saw the new template, and
// has replaced no pod yet.
func begin(o runtime.Object) {
	switch v := o.(type) {
	case *appsv1.Deployment:
		v.Status.ObservedGeneration, v.Status.UpdatedReplicas = v.Generation, 0
	case *appsv1.StatefulSet:
		v.Status.ObservedGeneration, v.Status.UpdatedReplicas = v.Generation, 0
		v.Status.CurrentRevision, v.Status.UpdateRevision = revision(v.Name, v.Generation-1), revision(v.Name, v.Generation)
	case *appsv1.DaemonSet:
		v.Status.ObservedGeneration, v.Status.UpdatedNumberScheduled = v.Generation, 0
	}
}

// end writes the status of a workload all of whose pods are new and serve.
func end(o runtime.Object) {
	switch v := o.(type) {
	case *appsv1.Deployment:
		n := *v.Spec.Replicas
		v.Status.Replicas, v.Status.UpdatedReplicas, v.Status.ReadyReplicas, v.Status.AvailableReplicas = n, n, n, n
	case *appsv1.StatefulSet:
		n := *v.Spec.Replicas
		v.Status.Replicas, v.Status.UpdatedReplicas, v.Status.ReadyReplicas, v.Status.AvailableReplicas = n, n, n, n
		v.Status.CurrentRevision = v.Status.UpdateRevision
	case *appsv1.DaemonSet:
		n := v.Status.DesiredNumberScheduled
		v.Status.UpdatedNumberScheduled, v.Status.NumberReady, v.Status.NumberAvailable = n, n, n
	}
}

func revision(name string, generation int64) string {
	return name + "-" + suffix(name+strconv.FormatInt(generation, 10), 10)
}

// roll ends the rollouts whose time has come.
func (e *Estate) roll(now time.Time) {
	e.rolling = slices.DeleteFunc(e.rolling, func(r rolling) bool {
		if now.Before(r.due) {
			return false
		}
		r.kube.roll(r.at)
		return true
	})
}

// roll replaces the pods of a workload by those of its template. Where the registry
// has not what that asks for, no pod gets ready, and nothing goes on.
func (k *kubeServer) roll(q question) {
	list := k.store.objects[q.resource]
	i := slices.IndexFunc(list, func(o runtime.Object) bool {
		return accessor(o).GetName() == q.name && accessor(o).GetNamespace() == q.namespace
	})
	if i < 0 || q.resource.plural == "cronjobs" {
		return
	}
	next := list[i].DeepCopyObject()
	spec := templateOf(next).Spec
	pulled := map[string]string{}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		id, ok := imageID(k.estate.images, c.Image)
		if !ok {
			return
		}
		pulled[c.Name] = id
	}
	end(next)
	k.store.objects[q.resource] = replaced(list, i, next)
	owners := []types.UID{accessor(next).GetUID()}
	for r, objects := range k.store.objects {
		if r.plural != "replicasets" {
			continue
		}
		for j, o := range objects {
			if set, ok := o.(*appsv1.ReplicaSet); ok && ownedBy(set, owners) {
				owners = append(owners, set.UID)
				set = set.DeepCopy()
				set.Spec.Template.Spec = spec
				objects = replaced(objects, j, set)
			}
		}
		k.store.objects[r] = objects
	}
	for r, objects := range k.store.objects {
		if r.plural != "pods" {
			continue
		}
		for j, o := range objects {
			if p, ok := o.(*corev1.Pod); ok && ownedBy(p, owners) {
				objects = replaced(objects, j, renewed(p, spec, pulled, k.estate.scenario.AsOf))
			}
		}
		k.store.objects[r] = objects
	}
}

func ownedBy(o metav1.Object, owners []types.UID) bool {
	by := metav1.GetControllerOfNoCopy(o)
	return by != nil && slices.Contains(owners, by.UID)
}

// renewed is the pod that comes in another's place.
func renewed(p *corev1.Pod, spec corev1.PodSpec, pulled map[string]string, at time.Time) *corev1.Pod {
	p = p.DeepCopy()
	p.Status.StartTime = &metav1.Time{Time: at}
	image := func(containers []corev1.Container, name string) string {
		i := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == name })
		if i < 0 {
			return ""
		}
		return containers[i].Image
	}
	renew := func(containers, wanted []corev1.Container, statuses []corev1.ContainerStatus) {
		for i := range containers {
			containers[i].Image = image(wanted, containers[i].Name)
		}
		for i := range statuses {
			s := &statuses[i]
			prefix := ""
			if before, _, ok := strings.Cut(s.ImageID, "://"); ok {
				prefix = before + "://"
			}
			s.Image, s.ImageID = image(wanted, s.Name), prefix+pulled[s.Name]
		}
	}
	renew(p.Spec.Containers, spec.Containers, p.Status.ContainerStatuses)
	renew(p.Spec.InitContainers, spec.InitContainers, p.Status.InitContainerStatuses)
	return p
}

// imageID is REPOSITORY@DIGEST of what a reference pulls; false when the registry has
// it not.
func imageID(published *images.Registry, reference string) (string, bool) {
	name, digest, _ := strings.Cut(reference, "@")
	tag := ""
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	for _, p := range published.Images() {
		if strings.HasSuffix(name, "/"+p.Repository) && (p.Digest == digest || digest == "" && p.Tag == tag) {
			return name + "@" + p.Digest, true
		}
	}
	return "", false
}
