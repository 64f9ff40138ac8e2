package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/kube/kubetest"
)

const (
	// podsPerWorkload pods belong to one Deployment, with one service each.
	podsPerWorkload = 10
	// writers at once keep the API server of a two-core machine busy.
	writers = 32
)

type object = map[string]any

// load fills the cluster. Pods look like those of a real cluster where it
// matters for their size: probes, mounts, conditions, and the field ownership
// that the server keeps.
func load(ctx context.Context, lab *kubetest.Lab, pods int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	for i := range (pods + podsPerWorkload - 1) / podsPerWorkload {
		for _, o := range workload(i) {
			g.Go(func() error { return lab.ApplyObject(ctx, o) })
		}
	}
	for i := range pods {
		g.Go(func() error { return lab.ApplyObject(ctx, pod(i)) })
	}
	return g.Wait()
}

func workload(i int) []object {
	name := fmt.Sprintf("app-%d", i)
	labels := object{"app": name}
	hashed := object{"app": name, "pod-template-hash": "abc"}
	template := func(labels object) object {
		return object{"metadata": object{"labels": labels}, "spec": podSpec(i)}
	}
	return []object{
		{
			"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": name, "namespace": "default"},
			"spec": object{"replicas": podsPerWorkload, "selector": object{"matchLabels": labels}, "template": template(labels)},
		},
		{
			"apiVersion": "apps/v1", "kind": "ReplicaSet",
			"metadata": object{"name": name + "-abc", "namespace": "default", "ownerReferences": owner("Deployment", name)},
			"spec":     object{"replicas": podsPerWorkload, "selector": object{"matchLabels": hashed}, "template": template(hashed)},
		},
		{
			"apiVersion": "v1", "kind": "Service", "metadata": object{"name": name, "namespace": "default"},
			"spec": object{"selector": labels, "clusterIP": "None", "ports": []any{object{"port": 80}}},
		},
	}
}

func pod(i int) object {
	app := fmt.Sprintf("app-%d", i/podsPerWorkload)
	started := "2026-11-01T10:00:00Z"
	var conditions []any
	for _, c := range []string{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		conditions = append(conditions, object{"type": c, "status": "True", "lastTransitionTime": started})
	}
	var statuses []any
	for _, name := range containerNames() {
		statuses = append(statuses, object{
			"name": name, "image": image(name, i/podsPerWorkload), "imageID": fmt.Sprintf("registry.example.com/%s@sha256:%064x", name, i/podsPerWorkload),
			"containerID": fmt.Sprintf("containerd://%064x", i), "ready": true, "started": true, "restartCount": 0,
			"state": object{"running": object{"startedAt": started}},
		})
	}
	return object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{
			"name": fmt.Sprintf("%s-abc-%d", app, i), "namespace": "default",
			"labels":          object{"app": app, "pod-template-hash": "abc", "app.kubernetes.io/part-of": "bench", "topology.kubernetes.io/zone": "eu-west-1a"},
			"annotations":     object{"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "checksum/config": fmt.Sprintf("%064x", i)},
			"ownerReferences": owner("ReplicaSet", app+"-abc"),
		},
		"spec": podSpec(i / podsPerWorkload),
		"status": object{
			"phase": "Running", "startTime": started, "conditions": conditions, "containerStatuses": statuses,
			"hostIP": "10.0.0.1", "podIP": "10.0.1.1", "qosClass": "Burstable",
		},
	}
}

func podSpec(app int) object {
	return object{"containers": containers(app), "volumes": []any{object{"name": "tmp", "emptyDir": object{}}}}
}

func containers(app int) []any {
	var out []any
	for _, name := range containerNames() {
		probe := object{"httpGet": object{"path": "/healthz", "port": 8080}, "periodSeconds": 10}
		out = append(out, object{
			"name": name, "image": image(name, app),
			"env":            []any{object{"name": "MODE", "value": "production"}, object{"name": "POD", "valueFrom": object{"fieldRef": object{"fieldPath": "metadata.name"}}}},
			"ports":          []any{object{"containerPort": 8080}},
			"resources":      object{"requests": object{"cpu": "100m", "memory": "64Mi"}},
			"volumeMounts":   []any{object{"name": "tmp", "mountPath": "/tmp"}},
			"livenessProbe":  probe,
			"readinessProbe": probe,
		})
	}
	return out
}

func containerNames() []string { return []string{"main", "sidecar"} }

func image(name string, app int) string { return fmt.Sprintf("registry.example.com/%s:v%d", name, app) }

func owner(kind, name string) []any {
	return []any{object{
		"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": true,
		"uid": "00000000-0000-0000-0000-000000000001",
	}}
}
