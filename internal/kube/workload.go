package kube

import (
	"context"
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/eksposure/eksposure/internal/inventory"
)

// desiredUnknown is a workload that states no number of pods.
const desiredUnknown = -1

// The kinds that stand between a pod and its workload, and those that are one.
const (
	kindReplicaSet = "ReplicaSet"
	kindJob        = "Job"
	kindPod        = "Pod"
	kindNode       = "Node"
)

// owners are the workloads that the cluster declares, with pods or without, and
// the way from a pod's direct owner up to them.
type owners struct {
	declared map[inventory.WorkloadRef]inventory.Workload
	// above maps ReplicaSets and Jobs to what controls them.
	above map[inventory.WorkloadRef]inventory.WorkloadRef
}

// owners lists everything that makes pods. A list that fails costs the
// workloads that have no pod, not those that run: it is a gap of that subject.
func (c *collector) owners(ctx context.Context) *owners {
	all := &owners{
		declared: map[inventory.WorkloadRef]inventory.Workload{},
		above:    map[inventory.WorkloadRef]inventory.WorkloadRef{},
	}
	type part struct {
		resource resource
		list     func(*owners) error
	}
	for _, p := range []part{
		{replicaSets(), func(into *owners) error { return listReplicaSets(ctx, c.conn, into) }},
		{jobs(), func(into *owners) error { return listJobs(ctx, c.conn, into) }},
		{deployments(), func(into *owners) error { return listDeployments(ctx, c.conn, into) }},
		{statefulSets(), func(into *owners) error { return listStatefulSets(ctx, c.conn, into) }},
		{daemonSets(), func(into *owners) error { return listDaemonSets(ctx, c.conn, into) }},
		{cronJobs(), func(into *owners) error { return listCronJobs(ctx, c.conn, into) }},
	} {
		var found owners
		c.try(inventory.SectionWorkloads, p.resource.String(), func() error { return p.list(&found) })
		maps.Copy(all.declared, found.declared)
		maps.Copy(all.above, found.above)
	}
	return all
}

func (o *owners) reset() {
	o.declared = map[inventory.WorkloadRef]inventory.Workload{}
	o.above = map[inventory.WorkloadRef]inventory.WorkloadRef{}
}

// declare adds a workload with the containers that its template asks for.
func (o *owners) declare(meta metav1.Object, kind string, desired int, template *corev1.PodSpec) {
	w := inventory.Workload{
		Namespace: meta.GetNamespace(), Kind: kind, Name: meta.GetName(),
		Desired: desired, CreatedAt: meta.GetCreationTimestamp().UTC(),
		ServiceAccount: serviceAccountOf(template), HostNetwork: template.HostNetwork,
	}
	for _, c := range template.Containers {
		w.Containers = append(w.Containers, inventory.Container{Name: c.Name, Kind: inventory.ContainerRegular, Reference: c.Image})
	}
	for _, c := range template.InitContainers {
		w.Containers = append(w.Containers, inventory.Container{Name: c.Name, Kind: inventory.ContainerInit, Reference: c.Image})
	}
	o.declared[w.Ref()] = w
}

// placeUnder notes what controls a ReplicaSet or Job and tells whether something does.
func (o *owners) placeUnder(meta metav1.Object, kind string) bool {
	by := controller(meta)
	if by == nil {
		return false
	}
	ref := inventory.WorkloadRef{Namespace: meta.GetNamespace(), Kind: kind, Name: meta.GetName()}
	o.above[ref] = inventory.WorkloadRef{Namespace: ref.Namespace, Kind: by.Kind, Name: by.Name}
	return true
}

// topmost returns the workload that a pod belongs to. Deployments, StatefulSets,
// DaemonSets and CronJobs are workloads whatever operator made them; a custom
// owner of pods, ReplicaSets or Jobs is one by its own kind.
func (o *owners) topmost(p *corev1.Pod) inventory.WorkloadRef {
	by := controller(p)
	if by == nil || by.Kind == kindNode { // a static pod is owned by its node
		return inventory.WorkloadRef{Namespace: p.Namespace, Kind: kindPod, Name: p.Name}
	}
	ref := inventory.WorkloadRef{Namespace: p.Namespace, Kind: by.Kind, Name: by.Name}
	if by.Kind != kindReplicaSet && by.Kind != kindJob {
		return ref
	}
	if top, ok := o.above[ref]; ok {
		return top
	}
	if _, ok := o.declared[ref]; ok || by.Kind != kindReplicaSet {
		return ref
	}
	// The ReplicaSet is newer than the list, or could not be listed. A
	// Deployment names its ReplicaSets NAME-HASH and labels their pods with HASH.
	hash := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if name, ok := strings.CutSuffix(by.Name, "-"+hash); ok && hash != "" {
		return inventory.WorkloadRef{Namespace: p.Namespace, Kind: "Deployment", Name: name}
	}
	return ref
}

func serviceAccountOf(spec *corev1.PodSpec) string {
	if spec.ServiceAccountName == "" {
		return "default"
	}
	return spec.ServiceAccountName
}

// count reads a number of pods, which Kubernetes takes as one when it is unset.
func count(n *int32) int {
	if n == nil {
		return 1
	}
	return int(*n)
}

func listReplicaSets(ctx context.Context, cn *conn, into *owners) error {
	return each(ctx, cn, replicaSets(), func() func(*appsv1.ReplicaSetList) {
		into.reset()
		return func(page *appsv1.ReplicaSetList) {
			for i := range page.Items {
				rs := &page.Items[i]
				if !into.placeUnder(rs, kindReplicaSet) {
					into.declare(rs, kindReplicaSet, count(rs.Spec.Replicas), &rs.Spec.Template.Spec)
				}
			}
		}
	})
}

func listJobs(ctx context.Context, cn *conn, into *owners) error {
	return each(ctx, cn, jobs(), func() func(*batchv1.JobList) {
		into.reset()
		return func(page *batchv1.JobList) {
			for i := range page.Items {
				job := &page.Items[i]
				if !into.placeUnder(job, kindJob) {
					into.declare(job, kindJob, jobDesired(job), &job.Spec.Template.Spec)
				}
			}
		}
	})
}

// jobDesired: a job that has ended or is suspended asks for no pods.
func jobDesired(job *batchv1.Job) int {
	if job.Spec.Suspend != nil && *job.Spec.Suspend {
		return 0
	}
	for _, cond := range job.Status.Conditions {
		ended := cond.Type == batchv1.JobComplete || cond.Type == batchv1.JobFailed
		if ended && cond.Status == corev1.ConditionTrue {
			return 0
		}
	}
	return count(job.Spec.Parallelism)
}

func listDeployments(ctx context.Context, cn *conn, into *owners) error {
	return each(ctx, cn, deployments(), func() func(*appsv1.DeploymentList) {
		into.reset()
		return func(page *appsv1.DeploymentList) {
			for i := range page.Items {
				d := &page.Items[i]
				into.declare(d, "Deployment", count(d.Spec.Replicas), &d.Spec.Template.Spec)
			}
		}
	})
}

func listStatefulSets(ctx context.Context, cn *conn, into *owners) error {
	return each(ctx, cn, statefulSets(), func() func(*appsv1.StatefulSetList) {
		into.reset()
		return func(page *appsv1.StatefulSetList) {
			for i := range page.Items {
				s := &page.Items[i]
				into.declare(s, "StatefulSet", count(s.Spec.Replicas), &s.Spec.Template.Spec)
			}
		}
	})
}

func listDaemonSets(ctx context.Context, cn *conn, into *owners) error {
	return each(ctx, cn, daemonSets(), func() func(*appsv1.DaemonSetList) {
		into.reset()
		return func(page *appsv1.DaemonSetList) {
			for i := range page.Items {
				d := &page.Items[i]
				into.declare(d, "DaemonSet", int(d.Status.DesiredNumberScheduled), &d.Spec.Template.Spec)
			}
		}
	})
}

func listCronJobs(ctx context.Context, cn *conn, into *owners) error {
	return each(ctx, cn, cronJobs(), func() func(*batchv1.CronJobList) {
		into.reset()
		return func(page *batchv1.CronJobList) {
			for i := range page.Items {
				cj := &page.Items[i]
				into.declare(cj, "CronJob", desiredUnknown, &cj.Spec.JobTemplate.Spec.Template.Spec)
			}
		}
	})
}
