// Package iac patches infrastructure as code: it takes a folder and what a plan would
// change on one cluster, and gives the change of the files that has the same end.
//
// It knows Terraform (aws_eks_cluster and what belongs to it, and the module
// terraform-aws-modules/eks), the configuration files of eksctl, manifests of
// Kubernetes and kustomizations. It replaces literals and adds what is missing; all
// other text stays byte for byte. What is computed, shared with something else or
// ambiguous is told with its place and left alone. It writes no file, asks nobody and
// guesses nothing.
package iac

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// Patch is how files would change.
type Patch struct {
	// Files are those that change, by name.
	Files []File `json:"files"`
	// Left is what would have to be changed, and is left to a person.
	Left []Left `json:"left,omitempty"`
	// Notes are what to know before the patch is used.
	Notes []string `json:"notes,omitempty"`
}

// File is a file that changes.
type File struct {
	// Name is relative to the folder, with slashes.
	Name string `json:"name"`
	Old  []byte `json:"-"`
	New  []byte `json:"-"`
}

// Left is a place that is left alone.
type Left struct {
	// File and Line are empty when there is no place.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// What is to be changed there: "version to \"1.34\"".
	What string `json:"what"`
	// Why it is left alone.
	Why string `json:"why"`
}

// String writes the place for a person.
func (l Left) String() string {
	text := l.What + ": " + l.Why
	if l.File == "" {
		return text
	}
	return fmt.Sprintf("%s:%d: %s", l.File, l.Line, text)
}

// Write looks in a folder for what the wish is about and changes that. With only, a
// file's name, the cluster or the workload is looked for in that file alone.
//
// A folder in which it is not found is fault.ErrNotFound; one in which it is found
// more than once, in which nothing can be changed without guessing, or which says all of
// it already, is fault.ErrConflict. The patch has then no files, and still says what was
// left and why.
func Write(folder fs.FS, w Wish, only string) (Patch, error) {
	texts, err := read(folder)
	if err != nil {
		return Patch{}, err
	}
	if only != "" && !slices.ContainsFunc(texts, func(f *file) bool { return f.name == only }) {
		return Patch{}, fmt.Errorf("file %q is not in the folder, or is neither Terraform nor YAML: %w", only, fault.ErrNotFound)
	}
	b := &bench{wish: w, only: only, files: texts}
	if len(w.Images) > 0 {
		b.images()
	} else if err := b.cluster(); err != nil {
		return Patch{Left: b.left}, err
	}
	return b.patch()
}

// bench is where a patch is made.
type bench struct {
	wish  Wish
	only  string
	files []*file
	left  []Left
	notes []string
	// same counts what the files say already.
	same int
}

// looksIn reports whether the cluster or the workload may be in a file.
func (b *bench) looksIn(f *file) bool { return b.only == "" || b.only == f.name }

func (b *bench) leave(f *file, line int, what, why string) {
	l := Left{File: f.name, Line: line, What: what, Why: why}
	if !slices.Contains(b.left, l) {
		b.left = append(b.left, l)
	}
}

// together makes changes of which none is good without the others: when a part is left
// alone, all of it is. A public endpoint must not be switched off where the private one
// cannot be switched on.
func (b *bench) together(what string, change func()) {
	before, left := make([]int, len(b.files)), len(b.left)
	for i, f := range b.files {
		before[i] = len(f.edits)
	}
	change()
	if len(b.left) == left {
		return
	}
	dropped := false
	for i, f := range b.files {
		dropped = dropped || len(f.edits) > before[i]
		f.edits = f.edits[:before[i]]
	}
	if dropped {
		b.left = append(b.left, Left{What: what, Why: "all of it changes together, and a part of it is left"})
	}
}

// loses notes the comment of a value that goes, and with which it goes.
func (b *bench) loses(f *file, line int, value, comment string) {
	if comment = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(comment), ",")); comment != "" {
		b.note(fmt.Sprintf("%s:%d: a comment goes with %s, which it stands beside: %s", f.name, line, value, comment))
	}
}

func (b *bench) note(text string) {
	if !slices.Contains(b.notes, text) {
		b.notes = append(b.notes, text)
	}
}

// patch gives what changed. Each changed file is parsed again.
func (b *bench) patch() (Patch, error) {
	p := Patch{Left: b.left, Notes: append(slices.Clone(b.wish.Notes), b.notes...)}
	for _, f := range b.files {
		text, err := f.edited()
		if err != nil {
			return Patch{}, err
		}
		if string(text) != string(f.text) {
			p.Files = append(p.Files, File{f.name, f.text, text})
		}
	}
	switch {
	case len(p.Files) > 0:
		return p, nil
	case len(p.Left) > 0:
		return p, fmt.Errorf("nothing in the folder can be changed without guessing; what would have to be changed by hand is told with its place: %w", fault.ErrConflict)
	case b.same > 0:
		return p, fmt.Errorf("the files say all of it already; apply them: %w", fault.ErrConflict)
	}
	return p, fmt.Errorf("the files say nothing of it: what is there leaves it to EKS, or follows the cluster: %w", fault.ErrConflict)
}
