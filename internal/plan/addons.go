package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// ShippedImage is an image that a version of an add-on ships.
type ShippedImage struct {
	// Reference is the image by its tag, Repository and Digest what that stood for when the
	// plan was drafted.
	Reference  string `json:"reference"`
	Repository string `json:"repository"`
	Digest     string `json:"digest"`
}

// AddonWork is what a plan about the images of EKS add-ons is drafted from.
type AddonWork struct {
	Snapshot *inventory.Snapshot
	Addons   []VulnerableAddon
	// System tells that operating systems are to be supported, and not vulnerabilities fixed.
	System bool
}

// VulnerableAddon is an add-on with images of contributing evidence.
type VulnerableAddon struct {
	Name     string
	Evidence []exposure.Evidence
	// Trials are the versions that were looked at, in the order of AddonCandidates.
	Trials []AddonTrial
	// Back tells that EKS offers the version that is installed, too.
	Back bool
}

// AddonTrial is a version of an add-on, with what its images came to.
type AddonTrial struct {
	Version string
	Images  []ImageTrial
}

// ImageTrial is an image of an add-on at another version.
type ImageTrial struct {
	Was, Is ShippedImage
	// Lack is why it does not do, though it was read and matched; empty when it does.
	Lack string
	// Unread is why it was not; empty when it was. Apart tells that it cannot be at any
	// version, as its tag is not made of the add-on's.
	Unread string
	Apart  bool
}

// lacks reports whether one of the images does not do.
func (t AddonTrial) lacks() bool {
	return slices.ContainsFunc(t.Images, func(i ImageTrial) bool { return i.Lack != "" })
}

// proved reports whether all of the images were read, and do.
func (t AddonTrial) proved() bool { return !t.lacks() && len(t.unread()) == 0 }

// Settled reports whether none of the images falls short, and all were read that can be.
func (t AddonTrial) Settled() bool {
	return !slices.ContainsFunc(t.Images, func(i ImageTrial) bool { return i.Lack != "" || i.Unread != "" && !i.Apart })
}

func (t AddonTrial) unread() []string {
	var list []string
	for _, i := range t.Images {
		if i.Unread != "" {
			list = append(list, i.Unread)
		}
	}
	return list
}

// AddonStatuses are those of an add-on that EKS updates.
func AddonStatuses() []string { return []string{active, "DEGRADED", "UPDATE_FAILED"} }

// DraftAddons gives an action for each add-on with a version that mends it, or of which that
// is not known, and notes about the others.
func DraftAddons(w AddonWork) (actions []Action, checks []Check, notes []string) {
	var steps, unread []string
	for i := range w.Addons {
		v := &w.Addons[i]
		on, why := w.installed(v.Name)
		if why != "" {
			notes = append(notes, why)
			continue
		}
		to := v.choose()
		if to == nil {
			notes = append(notes, v.without(on.Version, w.Snapshot.Cluster.Version))
			continue
		}
		actions = append(actions, v.action(on, to, w.Snapshot.Cluster.Version))
		steps = append(steps, fmt.Sprintf("%s %s → %s", v.Name, on.Version, to.Version))
		if less := v.lacking(); len(less) > 0 {
			notes = append(notes, fmt.Sprintf("Of the add-on %s these versions were read, too, and not taken: %s.", v.Name, strings.Join(less, "; ")))
		}
		for _, reason := range to.unread() {
			unread = append(unread, fmt.Sprintf("%s %s: %s", v.Name, to.Version, reason))
		}
	}
	switch {
	case len(actions) == 0:
		return nil, []Check{{checkImages, Failed, "no add-on has a newer version that may mend it; the notes say why of each"}}, notes
	case len(unread) > 0:
		checks = []Check{AddonImagesUnread(unread)}
		notes = append(notes, "Of images that were not read the severity afterwards is told as if they were as vulnerable as now.")
	default:
		checks = []Check{ImagesRead(w.System)}
	}
	return actions, append(checks,
		addonsOffered(w.Snapshot.Cluster.Version),
		behaviour(w.System, steps),
	), notes
}

// AddonImagesUnread is the check of new images of which it is not known whether they mend it.
func AddonImagesUnread(why []string) Check {
	return Check{checkImages, Unknown, "whether these mend it is not known: " + Named(why)}
}

func addonsOffered(kubernetes string) Check {
	return Check{checkAddons, Passed, fmt.Sprintf("EKS offers each of the new versions for Kubernetes %s, and updates an add-on in the state that each is in", kubernetes)}
}

// installed is the add-on as EKS has it, or why it is not updated.
func (w AddonWork) installed(name string) (on inventory.Addon, why string) {
	for _, a := range w.Snapshot.Addons {
		if a.Name != name {
			continue
		}
		if !slices.Contains(AddonStatuses(), a.Status) {
			return a, fmt.Sprintf("The add-on %s is %s, and EKS does not update it then; draft another plan when it is %s.", name, a.Status, active)
		}
		return a, ""
	}
	return on, fmt.Sprintf("The add-on %s is not installed any more; scan again.", name)
}

// choose gives the first version whose images all do; else the first whose images do as far
// as they can be read; else the first of which that is not known. One that is older than a
// version that does not do is not likely to, and has to be proved.
func (v *VulnerableAddon) choose() *AddonTrial {
	newerLacks := func(t AddonTrial) bool {
		return slices.ContainsFunc(v.Trials, func(o AddonTrial) bool { return o.lacks() && compareReleases(o.Version, t.Version) > 0 })
	}
	for _, does := range []func(AddonTrial) bool{
		AddonTrial.proved,
		func(t AddonTrial) bool { return t.Settled() && !newerLacks(t) },
		func(t AddonTrial) bool { return !t.lacks() && !newerLacks(t) },
	} {
		if i := slices.IndexFunc(v.Trials, does); i >= 0 {
			return &v.Trials[i]
		}
	}
	return nil
}

// without says why there is no version to update an add-on to.
func (v *VulnerableAddon) without(installed, kubernetes string) string {
	if len(v.Trials) == 0 {
		return fmt.Sprintf("EKS offers no newer version of the add-on %s than %s for Kubernetes %s.", v.Name, installed, kubernetes)
	}
	var unread []string
	for _, t := range v.Trials {
		if !t.lacks() {
			unread = append(unread, t.unread()...)
		}
	}
	text := fmt.Sprintf("No newer version of the add-on %s for Kubernetes %s mends it. Read and matched: %s.", v.Name, kubernetes, strings.Join(v.lacking(), "; "))
	if len(unread) > 0 {
		text += " Not read: " + Named(unread) + "."
	}
	return text
}

// lacking are the versions that were read and do not do, each with why.
func (v *VulnerableAddon) lacking() []string {
	var list []string
	for _, t := range v.Trials {
		for _, i := range t.Images {
			if i.Lack != "" {
				list = append(list, t.Version+": "+i.Lack)
				break
			}
		}
	}
	return list
}

func (v *VulnerableAddon) action(on inventory.Addon, to *AddonTrial, kubernetes string) Action {
	a := updateAddon(on, to.Version)
	a.Title = fmt.Sprintf("Update the add-on %s to %s", on.Name, to.Version)
	a.Effect = Immediate
	if sameMinor(on.Version, to.Version) {
		a.Risk = RiskLow
	}
	if !v.Back { // EKS API Reference, UpdateAddon: the version is one of those that DescribeAddonVersions gives
		a.Irreversible = fmt.Sprintf("EKS does not offer %s of %s for Kubernetes %s, and goes back to no version that it does not offer", on.Version, on.Name, kubernetes)
	}
	for _, i := range to.Images {
		if i.Unread != "" {
			continue
		}
		a.From.Addon.Images, a.To.Addon.Images = append(a.From.Addon.Images, i.Was), append(a.To.Addon.Images, i.Is)
		for _, e := range v.Evidence {
			if e.Image.Digest == i.Was.Digest {
				a.Fixes = append(a.Fixes, e.Image.Fixes...)
			}
		}
	}
	return a
}

// AddonsCheck looks whether EKS offers the versions of some actions still, and updates the
// add-ons as they are now.
func AddonsCheck(s *inventory.Snapshot, actions []Action, releases Reading[AddonRelease]) Check {
	if releases.Unread != "" {
		return Check{checkAddons, Unknown, "the add-ons' versions: " + releases.Unread}
	}
	for _, g := range s.GapsOf(inventory.SectionAddons) {
		return Check{checkAddons, Unknown, "the add-ons could not be read: " + g.Detail}
	}
	var wrong []string
	for _, a := range actions {
		if _, why := (AddonWork{Snapshot: s}).installed(a.Target.Name); why != "" {
			wrong = append(wrong, why)
			continue
		}
		if !Offered(releases.Items, a.Target.Name, a.To.Addon.Version, s.Cluster.Version) {
			wrong = append(wrong, fmt.Sprintf("EKS does not offer %s of %s for Kubernetes %s", a.To.Addon.Version, a.Target.Name, s.Cluster.Version))
		}
	}
	if len(wrong) > 0 {
		return Check{checkAddons, Failed, Named(wrong)}
	}
	return addonsOffered(s.Cluster.Version)
}

// put gives the snapshot with the new images where the old ones run.
func (a Addon) put(now *inventory.Snapshot, was []ShippedImage) []inventory.Workload {
	workloads := slices.Clone(now.Workloads)
	for i := range workloads {
		workloads[i].Containers = slices.Clone(workloads[i].Containers)
		for j := range workloads[i].Containers {
			c := &workloads[i].Containers[j]
			n := slices.IndexFunc(was, func(w ShippedImage) bool { return w.Digest == c.Digest && w.Repository == c.Repository })
			if n >= 0 && n < len(a.Images) {
				c.Reference, c.Repository, c.Digest = a.Images[n].Reference, a.Images[n].Repository, a.Images[n].Digest
			}
		}
	}
	return workloads
}
