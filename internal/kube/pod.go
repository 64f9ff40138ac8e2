package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// tally is what the pods read so far add up to. It holds one entry for each
// workload, container and digest, and none for each pod.
type tally struct {
	owners    *owners
	services  *selections
	resolved  map[imageNames]resolution
	workloads map[inventory.WorkloadRef]*inventory.Workload
	// containers finds the entry in its workload.
	containers map[containerKey]int
	// unresolved are the references of running containers with no known digest,
	// and the image ID that was seen.
	unresolved map[string]string
}

// imageNames is all that tells which image a container runs. Pods repeat it, and
// taking it apart is the dearest part of reading one.
type imageNames struct{ id, spec, status string }

type resolution struct {
	repository, digest string
	ok                 bool
}

type containerKey struct {
	workload inventory.WorkloadRef
	// container is all but its count.
	container inventory.Container
}

func (c *collector) pods(ctx context.Context, o *owners, services *selections) {
	var t *tally
	c.try(inventory.SectionWorkloads, "", func() error {
		return each(ctx, c.conn, pods(), func() func(*corev1.PodList) {
			t = newTally(o, services)
			return func(page *corev1.PodList) {
				for i := range page.Items {
					t.add(&page.Items[i])
				}
			}
		})
	})
	if t == nil {
		t = newTally(o, services)
	}
	c.snapshot.Workloads = t.all()
	c.snapshot.Services = services.inventory()
	for _, reference := range slices.Sorted(maps.Keys(t.unresolved)) {
		err := fmt.Errorf("image ID %q of the running image %q names no digest that can be looked up: %w",
			t.unresolved[reference], reference, fault.ErrNotFound)
		c.snapshot.Gaps = append(c.snapshot.Gaps, inventory.NewGap(inventory.SectionImages, reference, err,
			"Run the image from a registry, pinned by digest, so that the node knows where its content comes from"))
	}
}

func newTally(o *owners, services *selections) *tally {
	services.reset()
	return &tally{
		owners: o, services: services,
		resolved:   map[imageNames]resolution{},
		workloads:  map[inventory.WorkloadRef]*inventory.Workload{},
		containers: map[containerKey]int{},
		unresolved: map[string]string{},
	}
}

func (t *tally) add(p *corev1.Pod) {
	ref := t.owners.topmost(p)
	w := t.workload(ref, p)
	if start := p.Status.StartTime; start != nil && start.UTC().After(w.LastStarted) {
		w.LastStarted = start.UTC()
	}
	running := p.Status.Phase == corev1.PodRunning
	if running {
		w.Running++
		t.services.match(p, ref)
	}
	pod := podContainers{tally: t, workload: w, running: running}
	pod.add(inventory.ContainerRegular, images(p.Spec.Containers), p.Status.ContainerStatuses)
	pod.add(inventory.ContainerInit, images(p.Spec.InitContainers), p.Status.InitContainerStatuses)
	pod.add(inventory.ContainerEphemeral, ephemeralImages(p.Spec.EphemeralContainers), p.Status.EphemeralContainerStatuses)
}

// workload returns the entry of a workload, made from its declaration or, with
// none, from its first pod.
func (t *tally) workload(ref inventory.WorkloadRef, p *corev1.Pod) *inventory.Workload {
	if w := t.workloads[ref]; w != nil {
		return w
	}
	w, declared := t.owners.declared[ref]
	w.Containers = nil // those of the pods are what counts
	if !declared {
		w = inventory.Workload{
			Namespace: ref.Namespace, Kind: ref.Kind, Name: ref.Name, Desired: desiredUnknown,
			ServiceAccount: serviceAccountOf(&p.Spec), HostNetwork: p.Spec.HostNetwork,
		}
	}
	if ref.Kind == kindPod {
		w.CreatedAt = p.CreationTimestamp.UTC()
		w.Desired = 1
		if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			w.Desired = 0
		}
	}
	t.workloads[ref] = &w
	return &w
}

// podContainers adds the containers of one pod to its workload.
type podContainers struct {
	tally    *tally
	workload *inventory.Workload
	running  bool
}

// named is a container's name and the image its spec asks for.
type named struct{ name, image string }

func images(containers []corev1.Container) []named {
	out := make([]named, len(containers))
	for i := range containers {
		out[i] = named{containers[i].Name, containers[i].Image}
	}
	return out
}

func ephemeralImages(containers []corev1.EphemeralContainer) []named {
	out := make([]named, len(containers))
	for i := range containers {
		out[i] = named{containers[i].Name, containers[i].Image}
	}
	return out
}

func (pc podContainers) add(kind inventory.ContainerKind, specs []named, statuses []corev1.ContainerStatus) {
	for _, spec := range specs {
		i := slices.IndexFunc(statuses, func(s corev1.ContainerStatus) bool { return s.Name == spec.name })
		status := corev1.ContainerStatus{}
		if i >= 0 {
			status = statuses[i]
		}
		pc.addOne(inventory.Container{Name: spec.name, Kind: kind, Reference: spec.image}, status)
	}
}

func (pc podContainers) addOne(c inventory.Container, status corev1.ContainerStatus) {
	// A container that never ran has no image ID, and no digest: what its tag
	// names now need not be what it will run.
	ran := status.ImageID != "" || status.State.Running != nil || status.State.Terminated != nil ||
		status.LastTerminationState.Terminated != nil
	if ran {
		// The kubelet pulled by the reference of the spec; the status may name
		// the same content by another of the node's names for it.
		found := pc.tally.resolve(imageNames{id: status.ImageID, spec: c.Reference, status: status.Image})
		switch {
		case found.ok:
			c.Repository, c.Digest = found.repository, found.digest
		case pc.running:
			pc.tally.unresolved[c.Reference] = status.ImageID
		}
	}
	key := containerKey{workload: pc.workload.Ref(), container: c}
	at, seen := pc.tally.containers[key]
	if !seen {
		at = len(pc.workload.Containers)
		pc.tally.containers[key] = at
		pc.workload.Containers = append(pc.workload.Containers, c)
	}
	if ran && pc.running {
		pc.workload.Containers[at].Running++
	}
}

func (t *tally) resolve(names imageNames) resolution {
	r, seen := t.resolved[names]
	if !seen {
		r.repository, r.digest, r.ok = ResolveImage(names.id, names.spec, names.status)
		t.resolved[names] = r
	}
	return r
}

// all joins the workloads that have pods with those declared that have none.
func (t *tally) all() []inventory.Workload {
	out := make([]inventory.Workload, 0, len(t.workloads)+len(t.owners.declared))
	for _, w := range t.workloads {
		out = append(out, *w)
	}
	for ref, w := range t.owners.declared {
		if t.workloads[ref] == nil {
			out = append(out, w)
		}
	}
	return out
}
