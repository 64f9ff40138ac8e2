package estate

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/eksposure/eksposure/internal/estate/images"
)

// ship gives the workloads of an add-on the images of a version, where they are published,
// and replaces their pods, as EKS does while it updates an add-on.
func (k *kubeServer) ship(addon, version string) {
	for _, r := range k.store.served() {
		if r.plural != "deployments" && r.plural != "daemonsets" {
			continue
		}
		for i, o := range k.store.objects[r] {
			next := o.DeepCopyObject()
			spec := &templateOf(next).Spec
			if a, b := k.shipped(spec.InitContainers, addon, version), k.shipped(spec.Containers, addon, version); !a && !b {
				continue
			}
			m := accessor(next)
			k.store.changes++
			m.SetResourceVersion("2" + strconv.Itoa(100000+k.store.changes))
			m.SetGeneration(m.GetGeneration() + 1)
			begin(next)
			k.store.objects[r] = replaced(k.store.objects[r], i, next)
			k.roll(question{resource: r, namespace: m.GetNamespace(), name: m.GetName()})
		}
	}
}

// shipped gives containers the images of an add-on's version, and reports whether that are
// others than before.
func (k *kubeServer) shipped(containers []corev1.Container, addon, version string) bool {
	changed := false
	for i := range containers {
		c := &containers[i]
		name, tag := c.Image, ""
		if n := strings.LastIndexByte(name, ':'); n > strings.LastIndexByte(name, '/') {
			name, tag = name[:n], name[n+1:]
		}
		published := slices.ContainsFunc(k.estate.images.Images(), func(p images.Published) bool {
			return p.Addon == addon && p.Tag == version && strings.HasSuffix(name, "/"+p.Repository)
		})
		if published && tag != version {
			c.Image, changed = name+":"+version, true
		}
	}
	return changed
}
