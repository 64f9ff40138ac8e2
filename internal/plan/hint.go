package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// maxNamed bounds how many packages of a layer, and workloads of an image, a note
// names.
const maxNamed = 4

// hint says what to do about an image without a successor; empty when it has one.
func (w ImageWork) hint(v *Vulnerable) string {
	im := v.Evidence.Image
	name := v.Evidence.Resource.Name
	switch {
	case v.Successor.Tag != "":
		return ""
	case im.Addon != "":
		return fmt.Sprintf("%s belongs to the EKS add-on %s: the option add-on plans an update of it.", name, im.Addon)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) has to be rebuilt: %s.", name, someWorkloads(v.Evidence.Workloads), v.Successor.Why)
	if w.System {
		b.WriteString(" " + w.baseOf(im) + ".")
		return b.String()
	}
	if len(im.Fixes) == 0 {
		b.WriteString(" No fix of its packages is known yet.")
	}
	layers := map[string][]exposure.Fix{}
	var order []string
	for _, f := range im.Fixes {
		if layers[f.Layer] == nil {
			order = append(order, f.Layer)
		}
		layers[f.Layer] = append(layers[f.Layer], f)
	}
	for _, layer := range order {
		fmt.Fprintf(&b, " %s: %s.", w.where(im, layers[layer][0]), versions(layers[layer]))
	}
	if im.MoreFixes > 0 {
		fmt.Fprintf(&b, " And %d more packages.", im.MoreFixes)
	}
	return b.String()
}

// where names the layer that has a package, and whose it is.
func (w ImageWork) where(im *exposure.ImageEvidence, f exposure.Fix) string {
	made := ""
	if f.CreatedBy != "" {
		made = " (" + f.CreatedBy + ")"
	}
	switch {
	case f.Layer == "":
		return "In a layer that is not known"
	case w.base(im.Digest, f.LayerIndex):
		return fmt.Sprintf("In layer %d, of the base image%s", f.LayerIndex, made)
	}
	return fmt.Sprintf("In layer %d, of its own%s", f.LayerIndex, made)
}

// baseOf names the layers of the base image, which brings the operating system.
func (w ImageWork) baseOf(im *exposure.ImageEvidence) string {
	layers := "layer 0"
	if is := w.Snapshot.Image(im.Digest); is != nil && len(is.Layers) > 0 {
		last := 0
		for last+1 < len(is.Layers) && w.base(im.Digest, last+1) {
			last++
		}
		by := strings.TrimSpace(is.Layers[0].CreatedBy)
		switch {
		case last > 0 && by != "":
			layers = fmt.Sprintf("layers 0 to %d, of which 0 is %s", last, by)
		case last > 0:
			layers = fmt.Sprintf("layers 0 to %d", last)
		case by != "":
			layers = "layer 0 (" + by + ")"
		}
	}
	return fmt.Sprintf("%s comes with the base image, %s: build it on a release that is supported", im.OS, layers)
}

// base reports whether a layer is the base image's: the lowest is, and so are those
// that images of other repositories share up to there.
func (w ImageWork) base(digest string, index int) bool {
	is := w.Snapshot.Image(digest)
	if index == 0 || is == nil {
		return index == 0
	}
	return slices.ContainsFunc(w.Snapshot.Images, func(o inventory.Image) bool {
		return o.Repository != is.Repository && len(o.Layers) > index && len(is.Layers) > index &&
			slices.EqualFunc(o.Layers[:index+1], is.Layers[:index+1], func(a, b inventory.Layer) bool { return a.DiffID == b.DiffID })
	})
}

func versions(fixes []exposure.Fix) string {
	var texts []string
	for _, f := range fixes[:min(len(fixes), maxNamed)] {
		texts = append(texts, fmt.Sprintf("%s %s → %s", f.Package, f.Version, f.FixedIn))
	}
	if more := len(fixes) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}

func someWorkloads(refs []inventory.WorkloadRef) string {
	var texts []string
	for _, r := range refs[:min(len(refs), maxNamed)] {
		texts = append(texts, r.String())
	}
	if more := len(refs) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}

// byHand says how to give a workload another image that the API does not change.
func (w ImageWork) byHand(ref inventory.WorkloadRef) string {
	var to []string
	for _, c := range w.containers(ref) {
		to = append(to, c.Name+" with "+w.vulnerable(c.Digest).Successor.Reference(c.Reference))
	}
	what := strings.Join(to, ", ")
	if what == "" {
		what = "the newest tag of its line"
	}
	return fmt.Sprintf("%s is not changed by eksposure: make it again from what made it, %s.", ref, what)
}
