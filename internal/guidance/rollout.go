package guidance

import (
	"cmp"
	"slices"

	"github.com/eksposure/eksposure/internal/inventory"
)

// rollout is a workload with all images that it is given at once: a change for each would be a
// rollout for each, and to undo two of them is to go forward again.
type rollout struct {
	inventory.WorkloadRef

	Sets []setting
}

// setting is one container's new image, and the one of before.
type setting struct{ Container, New, Old string }

// rollouts are the workloads that run the images, each once.
func rollouts(d *data) []rollout {
	var list []rollout
	for _, im := range imagesOrOne(d) {
		repository := cmp.Or(im.Repository, ask("IMAGE_REPOSITORY"))
		for _, w := range im.Workloads {
			i := slices.IndexFunc(list, func(r rollout) bool { return r.WorkloadRef == w })
			if i < 0 {
				i, list = len(list), append(list, rollout{WorkloadRef: w})
			}
			for _, name := range im.containersOf(w) {
				s := setting{name, repository + "@sha256:" + ask("NEW_DIGEST"), cmp.Or(im.Reference, repository+"@"+im.Digest)}
				if !slices.ContainsFunc(list[i].Sets, func(o setting) bool { return o.Container == name && o.New == s.New }) { // two digests of one image, while a rollout goes on
					list[i].Sets = append(list[i].Sets, s)
				}
			}
		}
	}
	return list
}

// containersOf names a workload's containers with the image, or asks for one.
func (im image) containersOf(w inventory.WorkloadRef) []string {
	var names []string
	for _, c := range im.Containers {
		if c.WorkloadRef == w {
			names = append(names, c.Container)
		}
	}
	if len(names) == 0 {
		return []string{ask("CONTAINER")}
	}
	return names
}
