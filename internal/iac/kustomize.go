package iac

import (
	"cmp"
	"fmt"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/eksposure/eksposure/internal/plan"
)

// kustomization reports whether a file is one, by its name (Kustomize looks for these).
func kustomization(f *file) bool {
	return slices.Contains([]string{"kustomization.yaml", "kustomization.yml"}, path.Base(f.name))
}

// placed reports whether a manifest without a namespace is put into one: by the
// kustomization of its own folder, or because it is the default.
func (b *bench) placed(f *file, namespace string) bool {
	for _, k := range b.files {
		if kustomization(k) && path.Dir(k.name) == path.Dir(f.name) && len(k.documents) == 1 {
			return scalar(k.documents[0], "namespace") == namespace
		}
	}
	return namespace == "default"
}

// kustomize changes the entry of a kustomization that gives the container its image. It
// reports whether there is one.
func (b *bench) kustomize(im Image) bool {
	type place struct {
		file  *file
		entry *yaml.Node
	}
	var found []place
	for _, f := range b.files {
		if !kustomization(f) || !b.looksIn(f) || len(f.documents) != 1 {
			continue
		}
		if ns := scalar(f.documents[0], "namespace"); ns != "" && ns != im.Workload.Namespace {
			continue
		}
		for _, e := range items(at(f.documents[0], "images")) {
			if cmp.Or(scalar(e, "newName"), scalar(e, "name")) == repositoryOf(im.From) && gives(e, im) {
				found = append(found, place{f, e})
			}
		}
	}
	if len(found) > 1 {
		for _, p := range found {
			b.leave(p.file, p.entry.Line, im.String(), "several kustomizations give this image; name the file that is meant")
		}
		return true
	}
	for _, p := range found {
		e := &editor{bench: b, file: p.file, document: p.entry}
		b.together(im.String(), func() {
			if scalar(p.entry, "newTag") != "" {
				e.set(plan.TagOf(im.To), "newTag")
			}
			if scalar(p.entry, "digest") != "" {
				e.set(digestOf(im.To), "digest")
			}
		})
		if scalar(p.entry, "digest") == "" {
			b.note(fmt.Sprintf("%s:%d: the kustomization names the image by its tag alone; the plan's is %s.", p.file.name, p.entry.Line, digestOf(im.To)))
		}
	}
	return len(found) > 0
}

// gives reports whether an entry gives the image that runs, or the one that is wished.
func gives(e *yaml.Node, im Image) bool {
	tag, digest := scalar(e, "newTag"), scalar(e, "digest")
	if tag == "" && digest == "" {
		return false
	}
	for _, reference := range []string{im.From, im.To} {
		fits := digest == "" || digest == digestOf(reference)
		if digest == "" || plan.TagOf(reference) != "" && tag != "" {
			fits = fits && tag == plan.TagOf(reference)
		}
		if fits {
			return true
		}
	}
	return false
}
