package kubetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Controllers play the controllers of workloads and the kubelet, which a lab has not:
// each Reconcile brings the pods of a namespace nearer to what the templates say, and
// writes the status that tells so.
type Controllers struct {
	Lab *Lab
	// Digest gives the digest that a reference is pulled by.
	Digest func(reference string) string
	// Broken tells an image whose pods never get ready; nil is none.
	Broken func(reference string) bool
}

// Reconcile does one round: pods of new templates, status of workloads. Pods of the
// old template go when those of the new one are ready.
func (c Controllers) Reconcile(ctx context.Context, namespace string) error {
	if err := c.collectOrphans(ctx, namespace); err != nil {
		return err
	}
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		plural := strings.ToLower(kind) + "s"
		path := "/apis/apps/v1/namespaces/" + namespace + "/" + plural
		list, err := c.list(ctx, path)
		if err != nil {
			return err
		}
		for _, o := range list {
			o.SetAPIVersion("apps/v1") // the items of a list leave it out
			o.SetKind(kind)
			if err := c.reconcile(ctx, path, o); err != nil {
				return fmt.Errorf("reconcile %s %s: %w", plural, o.GetName(), err)
			}
		}
	}
	return nil
}

func (c Controllers) list(ctx context.Context, path string) ([]unstructured.Unstructured, error) {
	body, err := c.Lab.rest.Get().AbsPath(path).Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := utiljson.Unmarshal(body, &list); err != nil { // whole numbers stay whole
		return nil, err
	}
	objects := make([]unstructured.Unstructured, len(list.Items))
	for i, item := range list.Items {
		objects[i].Object = item
	}
	return objects, nil
}

func (c Controllers) reconcile(ctx context.Context, path string, o unstructured.Unstructured) error {
	replicas, found, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil {
		return err
	}
	if !found {
		replicas = 1 // a DaemonSet, on the lab's one node
	}
	template, _, err := unstructured.NestedMap(o.Object, "spec", "template")
	if err != nil {
		return err
	}
	revision := fmt.Sprintf("%s-%d", o.GetName(), o.GetGeneration())
	ready := true
	for _, image := range imagesOf(template) {
		ready = ready && (c.Broken == nil || !c.Broken(image))
	}
	var names []string
	for i := range replicas {
		if !ready && i > 0 {
			break // a rollout stands still at its first pod
		}
		name := fmt.Sprintf("%s-%d", revision, i)
		names = append(names, name)
		if err := c.pod(ctx, o, template, name, ready); err != nil {
			return err
		}
	}
	if ready {
		if err := c.remove(ctx, o, names); err != nil {
			return err
		}
	}
	return c.status(ctx, path, o, replicas, ready)
}

func imagesOf(template map[string]any) []string {
	var images []string
	for _, field := range []string{"containers", "initContainers"} {
		list, _, _ := unstructured.NestedSlice(template, "spec", field)
		for _, item := range list {
			container, _ := item.(map[string]any)
			image, _ := container["image"].(string)
			images = append(images, image)
		}
	}
	return images
}

// pod makes one pod of a workload, as the kubelet shows it.
func (c Controllers) pod(ctx context.Context, o unstructured.Unstructured, template map[string]any, name string, ready bool) error {
	spec, _, err := unstructured.NestedMap(template, "spec")
	if err != nil {
		return err
	}
	labels, _, err := unstructured.NestedMap(template, "metadata", "labels")
	if err != nil {
		return err
	}
	spec["nodeName"] = "node-1"
	const started = "2026-11-20T00:00:00Z"
	status := map[string]any{"phase": "Running", "startTime": started}
	for field, of := range map[string]string{"containerStatuses": "containers", "initContainerStatuses": "initContainers"} {
		list, _, err := unstructured.NestedSlice(spec, of)
		if err != nil {
			return err
		}
		var statuses []any
		for _, item := range list {
			container, _ := item.(map[string]any)
			image, _ := container["image"].(string)
			repository, _, _ := strings.Cut(image, "@")
			if i := strings.LastIndexByte(repository, ':'); i > strings.LastIndexByte(repository, '/') {
				repository = repository[:i]
			}
			state := map[string]any{"running": map[string]any{"startedAt": started}}
			if !ready {
				state = map[string]any{"waiting": map[string]any{"reason": "CrashLoopBackOff"}}
			}
			statuses = append(statuses, map[string]any{
				"name": container["name"], "image": image, "imageID": repository + "@" + c.Digest(image), "ready": ready, "restartCount": 0, "state": state,
			})
		}
		if len(statuses) > 0 {
			status[field] = statuses
		}
	}
	if !ready {
		status["phase"] = "Pending"
	}
	return c.Lab.ApplyObject(ctx, map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{
			"name": name, "namespace": o.GetNamespace(), "labels": labels,
			"ownerReferences": []any{map[string]any{"apiVersion": o.GetAPIVersion(), "kind": o.GetKind(), "name": o.GetName(), "uid": string(o.GetUID()), "controller": true}},
		},
		"spec": spec, "status": status,
	})
}

// collectOrphans removes the pods whose workload is gone.
func (c Controllers) collectOrphans(ctx context.Context, namespace string) error {
	pods, err := c.list(ctx, "/api/v1/namespaces/"+namespace+"/pods")
	if err != nil {
		return err
	}
	for _, p := range pods {
		for _, by := range p.GetOwnerReferences() {
			owner := "/apis/" + by.APIVersion + "/namespaces/" + namespace + "/" + strings.ToLower(by.Kind) + "s/" + by.Name
			if err := c.Lab.rest.Get().AbsPath(owner).Do(ctx).Error(); !apierrors.IsNotFound(err) {
				continue
			}
			if err := c.delete(ctx, namespace, p.GetName()); err != nil {
				return err
			}
		}
	}
	return nil
}

// delete ends a pod at once.
func (c Controllers) delete(ctx context.Context, namespace, pod string) error {
	err := c.Lab.rest.Delete().AbsPath("/api/v1/namespaces", namespace, "pods", pod).Param("gracePeriodSeconds", "0").Do(ctx).Error()
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// remove deletes the pods of a workload that are not among the names.
func (c Controllers) remove(ctx context.Context, o unstructured.Unstructured, names []string) error {
	pods, err := c.list(ctx, "/api/v1/namespaces/"+o.GetNamespace()+"/pods")
	if err != nil {
		return err
	}
	for _, p := range pods {
		owners := p.GetOwnerReferences()
		if len(owners) != 1 || owners[0].UID != o.GetUID() || slices.Contains(names, p.GetName()) {
			continue
		}
		if err := c.delete(ctx, o.GetNamespace(), p.GetName()); err != nil {
			return err
		}
	}
	return nil
}

func (c Controllers) status(ctx context.Context, path string, o unstructured.Unstructured, replicas int64, ready bool) error {
	updated, available := replicas, replicas
	if !ready {
		updated = 1
	}
	revision := fmt.Sprintf("%s-%d", o.GetName(), o.GetGeneration())
	status := map[string]any{"observedGeneration": o.GetGeneration()}
	switch o.GetKind() {
	case "Deployment":
		total := replicas
		if !ready {
			total++
		}
		status["replicas"], status["updatedReplicas"], status["readyReplicas"], status["availableReplicas"] = total, updated, available, available
	case "StatefulSet":
		current := revision
		if !ready {
			current, available = o.GetName()+"-before", replicas-1
		}
		status["replicas"], status["updatedReplicas"], status["readyReplicas"], status["availableReplicas"] = replicas, updated, available, available
		status["currentRevision"], status["updateRevision"] = current, revision
	case "DaemonSet":
		if !ready {
			available = replicas - 1
		}
		status["desiredNumberScheduled"], status["currentNumberScheduled"], status["updatedNumberScheduled"] = replicas, replicas, updated
		status["numberReady"], status["numberAvailable"], status["numberMisscheduled"] = available, available, 0
	}
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	return c.Lab.rest.Patch(types.MergePatchType).AbsPath(path, o.GetName(), "status").Body(body).Do(ctx).Error()
}
