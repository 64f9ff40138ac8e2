// Package image turns the images that a cluster's containers name into evidence.
// The traits about images share it: which digests run and where, what could not
// be read, what is wrong with one and which versions mend it.
//
// Everything goes by digest, as the container runtime reports it; a tag is only
// a label. The package takes a snapshot and gives values; it decides nothing
// about severity.
package image

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Use is one image and the containers that name it.
type Use struct {
	// Image is the image's content; nil when it was not read.
	Image *inventory.Image
	// Digest is empty when the running image could not be resolved to one.
	Digest     string
	Repository string
	// Reference is the image as the first container writes it.
	Reference string
	Kinds     []inventory.ContainerKind
	// Running is the number of running pods with this image.
	Running int
	// Workloads are those with such a pod; with none running, those that name it.
	Workloads []inventory.WorkloadRef
	// Containers are the containers of these workloads' templates, maxContainers at most.
	Containers []exposure.ContainerRef
	// Unread says why the image's content is not known; empty when it is.
	Unread string
	// reportAge is how many days before the snapshot another scanner's report was made.
	reportAge int
}

// maxContainers bounds the containers that evidence names: guidance lists fewer workloads.
const maxContainers = 40

// Uses lists the images that containers name, by digest and, for those without
// one, by reference. Containers that never ran anything are left out.
func Uses(s *inventory.Snapshot) []Use {
	at := make(map[string]int, len(s.Images))
	uses := make([]Use, 0, len(s.Images))
	for i := range s.Workloads {
		w := &s.Workloads[i]
		ref := w.Ref()
		for j := range w.Containers {
			c := &w.Containers[j]
			key := c.Digest
			if key == "" {
				if c.Running == 0 {
					continue // declared and not started: there is no image yet
				}
				key = c.Reference
			}
			n, known := at[key]
			if !known {
				n = len(uses)
				at[key] = n
				uses = append(uses, Use{Digest: c.Digest, Repository: c.Repository, Reference: c.Reference})
			}
			uses[n].add(ref, c, sameWorkload(w.Containers[:j], key))
		}
	}
	for i := range uses {
		uses[i].resolve(s)
	}
	slices.SortFunc(uses, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Reference, b.Reference))
	})
	return uses
}

// sameWorkload gives the pods that earlier containers of the workload already
// counted for the image: an init container and a regular one share their pods.
func sameWorkload(earlier []inventory.Container, key string) (counted int) {
	for _, c := range earlier {
		if c.Digest == key || c.Digest == "" && c.Reference == key {
			counted = max(counted, c.Running)
		}
	}
	return counted
}

func (u *Use) add(w inventory.WorkloadRef, c *inventory.Container, counted int) {
	if !slices.Contains(u.Kinds, c.Kind) {
		u.Kinds = append(u.Kinds, c.Kind)
	}
	if c.Running > 0 && u.Running == 0 {
		u.Workloads, u.Containers = u.Workloads[:0], u.Containers[:0] // those that only name it no longer matter
	}
	u.Running += max(0, c.Running-counted)
	if u.Running > 0 && c.Running == 0 {
		return
	}
	if n := len(u.Workloads); n == 0 || u.Workloads[n-1] != w {
		u.Workloads = append(u.Workloads, w)
	}
	in := exposure.ContainerRef{WorkloadRef: w, Container: c.Name}
	if c.Kind != inventory.ContainerEphemeral && len(u.Containers) < maxContainers && !slices.Contains(u.Containers, in) {
		u.Containers = append(u.Containers, in)
	}
}

// resolve finds the image's content, or why there is none.
func (u *Use) resolve(s *inventory.Snapshot) {
	slices.Sort(u.Kinds)
	if u.Digest == "" {
		u.Unread = "its digest is not known"
		if g := s.SubjectGap(inventory.SectionImages, u.Reference); g != nil {
			u.Unread = g.Detail
		}
		return
	}
	u.Image = s.Image(u.Digest)
	if r := u.report(); r != nil {
		u.reportAge = max(0, int(s.CollectedAt.Sub(r.At)/(24*time.Hour)))
	}
	if u.Image != nil && u.Repository == "" {
		u.Repository = u.Image.Repository
	}
	if g := s.SubjectGap(inventory.SectionImages, u.Digest); g != nil {
		u.Unread = g.Detail
		return
	}
	if u.Image == nil {
		u.Unread = "its content was not collected"
	}
}

// Unmatched says why the image's vulnerabilities are not known; empty when they are.
func (u *Use) Unmatched(s *inventory.Snapshot) string {
	if u.Unread != "" {
		return u.Unread
	}
	if g := s.SubjectGap(inventory.SectionMatches, u.Digest); g != nil {
		return g.Detail
	}
	if u.Image.Database == "" {
		return "it was not matched against a vulnerability database"
	}
	return ""
}

// Addon names the EKS add-on that the image belongs to, or "".
func (u *Use) Addon() string {
	if u.Image == nil {
		return ""
	}
	return u.Image.Addon
}

// report gives the other scanner's report that stands in for the image's content,
// or nil when the image itself was read.
func (u *Use) report() *inventory.ImageReport {
	if u.Image == nil {
		return nil
	}
	return u.Image.Report
}

// Resource names the image in evidence.
func (u *Use) Resource() inventory.ResourceRef {
	uid := u.Repository + "@" + u.Digest
	if u.Digest == "" {
		uid = u.Reference
	}
	return inventory.ResourceRef{Type: inventory.TypeImage, UID: uid, Name: u.Name()}
}

// digestShown is how many hexadecimal digits of a digest a name shows; as many
// as container tools do.
const digestShown = 12

// Name is a short name that a person knows: the repository without its registry,
// and the tag, or the head of the digest when there is none.
func (u *Use) Name() string {
	name, _, _ := strings.Cut(cmp.Or(u.Reference, u.Repository), "@")
	tag := ""
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i:]
	}
	if strings.HasPrefix(name, "sha256") || name == "" {
		name, tag = u.Repository, "" // the pod spec names a bare image ID
	}
	if host, path, ok := strings.Cut(name, "/"); ok && strings.ContainsAny(host, ".:") {
		name = path
	}
	if _, hex, ok := strings.Cut(u.Digest, ":"); ok && tag == "" {
		tag = "@" + hex[:min(len(hex), digestShown)]
	}
	return name + tag
}

// Where says in words how many pods of which workloads run the image.
func (u *Use) Where() string {
	if len(u.Workloads) == 0 {
		return "no workload"
	}
	first := u.Workloads[0].String()
	if more := len(u.Workloads) - 1; more > 0 {
		first += " and " + strconv.Itoa(more) + " more"
	}
	if u.Running == 0 {
		return first + ", not running"
	}
	return first + ", " + count(u.Running, "running pod", "running pods")
}

// Mark says what is special about how the image is used, as " (init container)".
func (u *Use) Mark() string {
	var marks []string
	if !slices.Contains(u.Kinds, inventory.ContainerRegular) {
		for _, k := range u.Kinds {
			marks = append(marks, string(k)+" container")
		}
	}
	if a := u.Addon(); a != "" {
		marks = append(marks, "EKS add-on "+a)
	}
	if r := u.report(); r != nil {
		marks = append(marks, "as reported by "+r.Name()+" on "+r.At.UTC().Format(time.DateOnly))
	}
	if len(marks) == 0 {
		return ""
	}
	return " (" + strings.Join(marks, ", ") + ")"
}

// Evidence begins the image's evidence: where it is and who runs it.
func (u *Use) Evidence(standing exposure.Standing, variant string) exposure.Evidence {
	e := exposure.Evidence{Standing: standing, Variant: variant, Resource: u.Resource(), Workloads: u.Workloads}
	if standing == exposure.Unknown {
		return e
	}
	e.Image = &exposure.ImageEvidence{
		Digest: u.Digest, Repository: u.Repository, Reference: u.Reference, Kinds: u.Kinds, Running: u.Running, Containers: u.Containers,
		Addon: u.Addon(), OS: u.Image.OS.String(),
	}
	if r := u.report(); r != nil {
		e.Image.Report = &exposure.ReportEvidence{ImageReport: *r, AgeDays: u.reportAge}
	}
	return e
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
