package iac

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/eksposure/eksposure/internal/plan"
)

// images gives each container the image that it shall run, where a manifest or a
// kustomization says what it runs.
func (b *bench) images() {
	for _, im := range b.wish.Images {
		kustomized := b.kustomize(im)
		written := b.manifests(im, kustomized)
		if kustomized || written {
			continue
		}
		b.left = append(b.left, Left{What: im.String(), Why: "no manifest and no kustomization in the folder says it" + b.templates(im)})
	}
}

// String says what is wished: "shop/Deployment/search, container search, image to …".
func (im Image) String() string {
	return fmt.Sprintf("%s, container %s, image to %s", im.Workload, im.Container, im.To)
}

// templates names a file that is a template, or no YAML, and has the image's repository.
func (b *bench) templates(im Image) string {
	for _, f := range b.files {
		text := string(f.text)
		if b.looksIn(f) && (f.unread != "" || strings.Contains(text, "{{")) && strings.Contains(text, repositoryOf(im.From)) {
			return "; " + f.name + " names it, and is a template"
		}
	}
	return ""
}

// manifests changes the manifest of the workload. It reports whether there is one.
func (b *bench) manifests(im Image, kustomized bool) bool {
	type place struct {
		file *file
		node *yaml.Node
	}
	var found []place
	for _, f := range b.files {
		for _, d := range f.objects() {
			if !b.looksIn(f) || scalar(d, "kind") != im.Workload.Kind || scalar(d, "metadata", "name") != im.Workload.Name {
				continue
			}
			image := containerImage(d, im)
			if image == nil {
				continue
			}
			switch ns := scalar(d, "metadata", "namespace"); {
			case ns == im.Workload.Namespace || ns == "" && (b.only == f.name || b.placed(f, im.Workload.Namespace)):
				found = append(found, place{f, image})
			case ns == "" && !kustomized:
				b.leave(f, image.Line, im.String(), "the manifest names no namespace; name the file if it is the one")
				kustomized = true
			}
		}
	}
	if len(found) > 1 {
		for _, p := range found {
			b.leave(p.file, p.node.Line, im.String(), "the workload is in the folder more than once; name the file that is meant")
		}
		return true
	}
	for _, p := range found {
		switch have := p.node.Value; {
		case kustomized && repositoryOf(have) == have: // the kustomization gives it its tag
		case have == im.From || have == im.To:
			(&editor{bench: b, file: p.file}).replace(p.node, im.To, im.String())
		case !kustomized:
			b.leave(p.file, p.node.Line, im.String(), fmt.Sprintf("it says %q, and the cluster runs %q", have, im.From))
		}
	}
	return len(found) > 0 || kustomized
}

// objects are what the documents of a file describe: each its own, those of a List each of
// its items (kubectl takes a List as what is in it).
func (f *file) objects() []*yaml.Node {
	var list []*yaml.Node
	for _, d := range f.documents {
		list = append(list, unlisted(d)...)
	}
	return list
}

func unlisted(d *yaml.Node) []*yaml.Node {
	if !strings.HasSuffix(scalar(d, "kind"), "List") {
		return []*yaml.Node{d}
	}
	var list []*yaml.Node
	for _, item := range items(at(d, "items")) {
		list = append(list, unlisted(item)...)
	}
	return list
}

// containerImage gives the image of a container in a workload's template.
func containerImage(d *yaml.Node, im Image) *yaml.Node {
	spec := at(d, "spec", "template", "spec")
	if im.Workload.Kind == "CronJob" {
		spec = at(d, "spec", "jobTemplate", "spec", "template", "spec")
	}
	list := "containers"
	if im.Init {
		list = "initContainers"
	}
	for _, c := range items(at(spec, list)) {
		if scalar(c, "name") == im.Container {
			return at(c, "image")
		}
	}
	return nil
}

// repositoryOf is a reference without its tag and digest.
func repositoryOf(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if tag := plan.TagOf(reference); tag != "" {
		return strings.TrimSuffix(name, ":"+tag)
	}
	return name
}

func digestOf(reference string) string {
	_, digest, _ := strings.Cut(reference, "@")
	return digest
}
