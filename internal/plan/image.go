package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// WorkloadImages are the images that a workload's template gives some of its
// containers, by name.
type WorkloadImages struct {
	Workload   inventory.WorkloadRef `json:"workload"`
	Containers []ContainerImage      `json:"containers"`
}

// ContainerImage is the image of one container of a template.
type ContainerImage struct {
	Name string `json:"name"`
	// Init tells an init container.
	Init bool `json:"init,omitempty"`
	// Reference is the image as the template writes it.
	Reference string `json:"reference"`
	// Repository and Digest are what the reference stood for when the plan was drafted.
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
}

func (c ContainerImage) same(o ContainerImage) bool { return c.Name == o.Name && c.Init == o.Init }

// Only gives those of the images that the other names too, in its order.
func (w WorkloadImages) Only(o WorkloadImages) WorkloadImages {
	only := WorkloadImages{Workload: w.Workload}
	for _, c := range o.Containers {
		if i := slices.IndexFunc(w.Containers, c.same); i >= 0 {
			only.Containers = append(only.Containers, w.Containers[i])
		}
	}
	return only
}

// equal compares what a template says: a digest is only known when it is pinned.
func (w WorkloadImages) equal(o WorkloadImages) bool {
	return w.Workload == o.Workload && slices.EqualFunc(w.Containers, o.Containers, func(a, b ContainerImage) bool {
		return a.same(b) && a.Reference == b.Reference
	})
}

// String writes the images for a person: "search with registry/shop/search:v3.0.1".
func (w WorkloadImages) String() string {
	texts := make([]string, len(w.Containers))
	for i, c := range w.Containers {
		texts[i] = c.Name + " with " + c.Reference
	}
	if len(texts) == 0 {
		return w.Workload.String() + " without the container"
	}
	return list(texts)
}

// put gives the snapshot as it is when all pods have the images. What a CronJob runs
// now goes on as it is: its template counts for the next time.
func (w WorkloadImages) put(now *inventory.Snapshot) *inventory.Snapshot {
	then := *now
	then.Workloads = slices.Clone(now.Workloads)
	for i := range then.Workloads {
		if then.Workloads[i].Ref() != w.Workload || w.Workload.Kind == kindCronJob {
			continue
		}
		containers := slices.Clone(then.Workloads[i].Containers)
		for j := range containers {
			c := &containers[j]
			is := ContainerImage{Name: c.Name, Init: c.Kind == inventory.ContainerInit}
			if n := slices.IndexFunc(w.Containers, is.same); n >= 0 && c.Kind != inventory.ContainerEphemeral {
				to := w.Containers[n]
				c.Reference, c.Repository, c.Digest = to.Reference, to.Repository, to.Digest
			}
		}
		then.Workloads[i].Containers = containers
	}
	return &then
}

// Rollout is a workload's template, and how far its pods are what that says.
type Rollout struct {
	Images WorkloadImages
	// Owner is what made the workload and sets it back; empty when nothing did.
	Owner string
	// Held says why a change of the template does not reach the pods by itself; empty
	// when it does.
	Held string
	// Done tells that every pod is new and serves.
	Done bool
	// Failed is why Kubernetes has given up.
	Failed string
	// Progress says how far it is.
	Progress string
}

// kindCronJob is the workload whose pods are new only at their next time.
const kindCronJob = "CronJob"

// CanRoll lists the kinds of workload whose image can be changed: the API takes no
// change of the template of a Job, and little of a Pod's.
func CanRoll() []string { return []string{"Deployment", "StatefulSet", "DaemonSet", kindCronJob} }

// Successor is the image that may stand in for a vulnerable one.
type Successor struct {
	// Tag is the newest one of the same line that has the fix, or a supported operating
	// system; empty when none has.
	Tag string
	// Digest is what the tag names.
	Digest string
	// System is its operating system, for people, where that is the fix.
	System string
	// Why says why there is none.
	Why string
}

// Reference writes the successor as a template shall have it: by tag for people, by
// digest for the node.
func (s Successor) Reference(current string) string {
	name, _, _ := strings.Cut(current, "@")
	name, _ = splitTag(name)
	return name + ":" + s.Tag + "@" + s.Digest
}

// TagOf gives the tag of an image reference; empty when it has none.
func TagOf(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	_, tag := splitTag(name)
	return tag
}

func splitTag(name string) (repository, tag string) {
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name[:i], name[i+1:]
	}
	return name, ""
}

// Vulnerable is an image of contributing evidence, and what may stand in for it.
type Vulnerable struct {
	Evidence  exposure.Evidence
	Successor Successor
}

// ImageWork is what a plan about images is drafted from.
type ImageWork struct {
	Snapshot *inventory.Snapshot
	// System tells that the images shall have a supported operating system, and not the
	// fixes of vulnerabilities.
	System bool
	Images []Vulnerable
	// Rollouts are the workloads as they are now, of those that can be changed.
	Rollouts map[inventory.WorkloadRef]Rollout
}

// DraftImages gives an action for each workload that runs a vulnerable image with a
// successor, and notes about all that no action mends: what to rebuild in which
// layer, what belongs to an EKS add-on, what has to be made again by hand.
func DraftImages(w ImageWork) (actions []Action, checks []Check, notes []string) {
	var steps []string
	for _, ref := range w.workloads() {
		a, why := w.action(ref)
		if why != "" {
			notes = append(notes, why)
		}
		if a.Title == "" {
			continue
		}
		actions = append(actions, a)
		for i, c := range a.To.Images.Containers {
			from := TagOf(a.From.Images.Containers[i].Reference)
			step := fmt.Sprintf("%s %s → %s", shortName(c.Repository), cmp.Or(from, "(no tag)"), TagOf(c.Reference))
			if v := w.vulnerable(a.From.Images.Containers[i].Digest); w.System {
				step += fmt.Sprintf(" (%s → %s)", v.Evidence.Image.OS, v.Successor.System)
			}
			if !slices.Contains(steps, step) {
				steps = append(steps, step)
			}
		}
	}
	for i := range w.Images {
		if why := w.hint(&w.Images[i]); why != "" {
			notes = append(notes, why)
		}
	}
	if len(actions) == 0 {
		none := "no workload can be given an image with the fix; the notes say what to do about each"
		if w.System {
			none = "no workload can be given an image with a supported operating system; the notes say what to do about each"
		}
		return nil, []Check{{checkImages, Failed, none}}, notes
	}
	return actions, []Check{ImagesRead(w.System), behaviour(w.System, steps)}, notes
}

// behaviour is the check that nobody but the approver can answer: of another operating
// system, or of other versions.
func behaviour(system bool, steps []string) Check {
	if system {
		return Check{checkBehaviour, Unknown, "another release of the operating system has other versions of its libraries, and what is built for it may behave differently; no release notes are read: " + list(steps)}
	}
	return Check{checkBehaviour, Unknown, "other versions of the software may behave differently; their release notes are not read: " + list(steps)}
}

// ImagesRead is the check of new images that were read and are better than the old ones:
// in their operating system, or in their vulnerabilities.
func ImagesRead(system bool) Check {
	read := "each new image was read from its registry and matched: it has no vulnerability of this topic with a known fix that the old one had, and none of high priority that is new"
	if system {
		read = "each new image was read from its registry and matched: its operating system is supported, and it has no vulnerability of high priority that is new"
	}
	return Check{checkImages, Passed, read}
}

// checkImages is the name of the check whether the new images have the fix, checkBehaviour
// of the one that nothing answers.
const (
	checkImages    = "images"
	checkBehaviour = "behaviour"
)

// workloads are those that run a vulnerable image with a successor, in order.
func (w ImageWork) workloads() []inventory.WorkloadRef {
	var refs []inventory.WorkloadRef
	for _, v := range w.Images {
		if v.Successor.Tag == "" {
			continue
		}
		for _, ref := range v.Evidence.Workloads {
			if !slices.Contains(refs, ref) {
				refs = append(refs, ref)
			}
		}
	}
	slices.SortFunc(refs, inventory.WorkloadRef.Compare)
	return refs
}

// action changes all vulnerable containers of a workload at once. What of them it
// cannot change it says; it has no title when that is all of them.
func (w ImageWork) action(ref inventory.WorkloadRef) (Action, string) {
	now, known := w.Rollouts[ref]
	switch {
	case !slices.Contains(CanRoll(), ref.Kind):
		return Action{}, w.byHand(ref)
	case !known:
		return Action{}, fmt.Sprintf("%s could not be looked at, and is left as it is.", ref)
	case now.Owner != "":
		return Action{}, fmt.Sprintf("%s is made by %s, which would set its image back: change it there.", ref, now.Owner)
	case now.Held != "":
		return Action{}, fmt.Sprintf("%s is left as it is: %s.", ref, now.Held)
	}
	a := Action{
		Kind: WorkloadImage, Risk: RiskLow, Effect: Immediate, Permissions: permissionsOn(ref.Kind),
		From: Setting{Images: &WorkloadImages{Workload: ref}}, To: Setting{Images: &WorkloadImages{Workload: ref}},
	}
	var left []string
	for _, c := range w.containers(ref) {
		v := w.vulnerable(c.Digest)
		is := ContainerImage{Name: c.Name, Init: c.Kind == inventory.ContainerInit, Reference: c.Reference, Repository: c.Repository, Digest: c.Digest}
		i := slices.IndexFunc(now.Images.Containers, is.same)
		if i < 0 || now.Images.Containers[i].Reference != c.Reference {
			left = append(left, c.Name+" with "+c.Reference)
			continue
		}
		if slices.ContainsFunc(a.From.Images.Containers, is.same) {
			continue
		}
		to := is
		to.Reference, to.Digest = v.Successor.Reference(c.Reference), v.Successor.Digest
		a.From.Images.Containers, a.To.Images.Containers = append(a.From.Images.Containers, is), append(a.To.Images.Containers, to)
		a.Fixes = append(a.Fixes, v.Evidence.Image.Fixes...)
		if w.System || !patch(TagOf(c.Reference), v.Successor.Tag) {
			a.Risk = RiskMedium
		}
	}
	note := ""
	if len(left) > 0 {
		note = fmt.Sprintf("%s does not ask for %s, which its pods run: it is being changed, or an admission webhook puts it there.", ref, list(left))
	}
	if len(a.To.Images.Containers) == 0 {
		return Action{}, cmp.Or(note, fmt.Sprintf("%s was not seen running the image by the last scan; scan again.", ref))
	}
	if ref.Kind == kindCronJob {
		a.Effect = Deferred
	}
	a.Target = w.Snapshot.Cluster.Ref.KubernetesResource(ref.Namespace, ref.Kind, ref.Name)
	a.Title = fmt.Sprintf("Give %s %s", ref, a.To.Images.tags())
	return a, note
}

// patch reports whether a tag is another build of the same minor version.
func patch(from, to string) bool {
	a, okA := parseTag(from)
	b, okB := parseTag(to)
	return from == to || okA && okB && a.sameMinor(b)
}

// tags writes the images by their short names and tags: "shop/search:v3.0.2".
func (w WorkloadImages) tags() string {
	var texts []string
	for _, c := range w.Containers {
		if text := shortName(c.Repository) + ":" + TagOf(c.Reference); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return list(texts)
}

// shortName is a repository without its registry.
func shortName(repository string) string {
	_, path, ok := strings.Cut(repository, "/")
	if !ok {
		return repository
	}
	return path
}

// containers are those of the workload that run a vulnerable image with a successor.
func (w ImageWork) containers(ref inventory.WorkloadRef) []inventory.Container {
	var found []inventory.Container
	for _, have := range w.Snapshot.Workloads {
		if have.Ref() != ref {
			continue
		}
		for _, c := range have.Containers {
			if v := w.vulnerable(c.Digest); c.Running > 0 && c.Kind != inventory.ContainerEphemeral && v != nil && v.Successor.Tag != "" {
				found = append(found, c)
			}
		}
	}
	return found
}

func (w ImageWork) vulnerable(digest string) *Vulnerable {
	for i := range w.Images {
		if w.Images[i].Evidence.Image.Digest == digest {
			return &w.Images[i]
		}
	}
	return nil
}

// permissionsOn are the RBAC verbs that changing a kind takes.
func permissionsOn(kind string) []string {
	resource := strings.ToLower(kind) + "s.apps"
	if kind == kindCronJob {
		resource = "cronjobs.batch"
	}
	return []string{"get " + resource, "patch " + resource}
}
