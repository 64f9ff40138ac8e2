package kube

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// Rollout looks at one workload that can be rolled out: at its template, and how far
// its pods are what that says. It lists the one object, so that the rights of
// collecting are enough. One that is not there is fault.ErrNotFound.
func (c *Client) Rollout(ctx context.Context, t Target, ref inventory.WorkloadRef) (plan.Rollout, error) {
	cn, err := c.connect(ctx, t)
	if err != nil {
		return plan.Rollout{}, err
	}
	defer cn.close()
	r, err := rollable(ref)
	if err != nil {
		return plan.Rollout{}, err
	}
	switch ref.Kind {
	case "Deployment":
		return find(ctx, cn, r, ref, &appsv1.DeploymentList{}, func(l *appsv1.DeploymentList) []appsv1.Deployment { return l.Items }, deploymentRollout)
	case "StatefulSet":
		return find(ctx, cn, r, ref, &appsv1.StatefulSetList{}, func(l *appsv1.StatefulSetList) []appsv1.StatefulSet { return l.Items }, statefulSetRollout)
	case "DaemonSet":
		return find(ctx, cn, r, ref, &appsv1.DaemonSetList{}, func(l *appsv1.DaemonSetList) []appsv1.DaemonSet { return l.Items }, daemonSetRollout)
	}
	return find(ctx, cn, r, ref, &batchv1.CronJobList{}, func(l *batchv1.CronJobList) []batchv1.CronJob { return l.Items }, cronJobRollout)
}

// rollable is the resource of a workload whose image can be changed.
func rollable(ref inventory.WorkloadRef) (resource, error) {
	switch ref.Kind {
	case "Deployment":
		return deployments(), nil
	case "StatefulSet":
		return statefulSets(), nil
	case "DaemonSet":
		return daemonSets(), nil
	case "CronJob":
		return cronJobs(), nil
	}
	return resource{}, fmt.Errorf("workload %q: the image of a %s is not changed by eksposure: %w", ref, ref.Kind, fault.ErrInvalid)
}

func find[L runtime.Object, T any](ctx context.Context, cn *conn, r resource, ref inventory.WorkloadRef, page L, items func(L) []T, read func(*T) plan.Rollout) (plan.Rollout, error) {
	ctx, cancel := context.WithTimeout(ctx, cn.timeout)
	defer cancel()
	err := cn.rest.Get().AbsPath(r.in(ref.Namespace)).Param("fieldSelector", "metadata.name="+ref.Name).MaxRetries(maxRetries).Do(ctx).Into(page)
	if err != nil {
		return plan.Rollout{}, fmt.Errorf("look at workload %q: %w", ref, translate(err))
	}
	found := items(page)
	if len(found) != 1 {
		return plan.Rollout{}, fmt.Errorf("workload %q is not there: %w", ref, fault.ErrNotFound)
	}
	out := read(&found[0])
	out.Images.Workload = ref
	return out, nil
}

// deploymentRollout judges as `kubectl rollout status` does (kubectl reference).
func deploymentRollout(d *appsv1.Deployment) plan.Rollout {
	s, want := d.Status, int32(count(d.Spec.Replicas)) //nolint:gosec // it was an int32
	out := plan.Rollout{Images: templateImages(&d.Spec.Template.Spec), Owner: ownerOf(d), Progress: progress(s.UpdatedReplicas, want, s.AvailableReplicas)}
	if d.Spec.Paused {
		out.Held = "its rollouts are paused (spec.paused)"
	}
	seen := s.ObservedGeneration >= d.Generation
	for _, cond := range s.Conditions {
		if seen && cond.Type == appsv1.DeploymentProgressing && cond.Status == corev1.ConditionFalse && cond.Reason == "ProgressDeadlineExceeded" {
			out.Failed = cond.Message
		}
	}
	out.Done = seen && s.UpdatedReplicas >= want && s.Replicas <= s.UpdatedReplicas && s.AvailableReplicas >= s.UpdatedReplicas
	return out
}

func statefulSetRollout(d *appsv1.StatefulSet) plan.Rollout {
	s, want := d.Status, int32(count(d.Spec.Replicas)) //nolint:gosec // it was an int32
	out := plan.Rollout{Images: templateImages(&d.Spec.Template.Spec), Owner: ownerOf(d), Progress: progress(s.UpdatedReplicas, want, s.ReadyReplicas)}
	switch u := d.Spec.UpdateStrategy; {
	case u.Type == appsv1.OnDeleteStatefulSetStrategyType:
		out.Held = "its pods are only replaced when somebody deletes them (updateStrategy OnDelete)"
	case u.RollingUpdate != nil && u.RollingUpdate.Partition != nil && *u.RollingUpdate.Partition > 0:
		out.Held = fmt.Sprintf("its pods below number %d are not updated (rollingUpdate.partition)", *u.RollingUpdate.Partition)
	}
	out.Done = s.ObservedGeneration >= d.Generation && s.UpdatedReplicas >= want && s.ReadyReplicas >= want && s.UpdateRevision == s.CurrentRevision
	return out
}

func daemonSetRollout(d *appsv1.DaemonSet) plan.Rollout {
	s := d.Status
	out := plan.Rollout{Images: templateImages(&d.Spec.Template.Spec), Owner: ownerOf(d), Progress: progress(s.UpdatedNumberScheduled, s.DesiredNumberScheduled, s.NumberAvailable)}
	if d.Spec.UpdateStrategy.Type == appsv1.OnDeleteDaemonSetStrategyType {
		out.Held = "its pods are only replaced when somebody deletes them (updateStrategy OnDelete)"
	}
	out.Done = s.ObservedGeneration >= d.Generation && s.UpdatedNumberScheduled >= s.DesiredNumberScheduled && s.NumberAvailable >= s.DesiredNumberScheduled
	return out
}

// cronJobRollout: the template counts for the next job, so it is done as it is there.
func cronJobRollout(d *batchv1.CronJob) plan.Rollout {
	return plan.Rollout{
		Images: templateImages(&d.Spec.JobTemplate.Spec.Template.Spec), Owner: ownerOf(d), Done: true, Progress: "its next job takes the template",
	}
}

func progress(updated, want, serving int32) string {
	return fmt.Sprintf("%d of %d pods are new, %d serve", updated, want, serving)
}

func ownerOf(o metav1.Object) string {
	if by := controller(o); by != nil {
		return by.Kind + "/" + by.Name
	}
	return ""
}

func templateImages(spec *corev1.PodSpec) plan.WorkloadImages {
	var w plan.WorkloadImages
	add := func(c *corev1.Container, init bool) {
		repository, digest := parseReference(c.Image)
		w.Containers = append(w.Containers, plan.ContainerImage{Name: c.Name, Init: init, Reference: c.Image, Repository: repository, Digest: digest})
	}
	for i := range spec.Containers {
		add(&spec.Containers[i], false)
	}
	for i := range spec.InitContainers {
		add(&spec.InitContainers[i], true)
	}
	return w
}
