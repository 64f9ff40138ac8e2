package plan

import (
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// AddonCandidates gives the versions that an add-on may be updated to, in the order in
// which they are worth looking at: the newest of the same minor version, which change the
// least; the one that EKS installs by default on that version of Kubernetes, which is what
// most others run; the newest of all. An add-on in a state in which EKS does not update it
// has none.
func AddonCandidates(releases []AddonRelease, on inventory.Addon, kubernetes string) []string {
	if !slices.Contains(AddonStatuses(), on.Status) {
		return nil
	}
	var near, usual, far []string
	for _, r := range releases {
		if r.Name != on.Name || !slices.Contains(r.Fits, kubernetes) || compareReleases(r.Version, on.Version) <= 0 {
			continue
		}
		switch {
		case sameMinor(r.Version, on.Version):
			near = append(near, r.Version)
		case slices.Contains(r.DefaultOf, kubernetes):
			usual = append(usual, r.Version)
		default:
			far = append(far, r.Version)
		}
	}
	return slices.Concat(newestAddons(near, maxNear), usual, newestAddons(far, maxFar))
}

func newestAddons(list []string, most int) []string {
	slices.SortFunc(list, func(a, b string) int { return compareReleases(b, a) })
	return list[:min(len(list), most)]
}

// Offered reports whether EKS has a version of an add-on for a version of Kubernetes.
func Offered(releases []AddonRelease, name, version, kubernetes string) bool {
	return slices.ContainsFunc(releases, func(r AddonRelease) bool {
		return r.Name == name && r.Version == version && slices.Contains(r.Fits, kubernetes)
	})
}

// sameMinor reports whether two versions of an add-on have the same major and minor
// version.
func sameMinor(a, b string) bool {
	x, y := numbers(a), numbers(b)
	return len(x) > 1 && len(y) > 1 && slices.Equal(x[:2], y[:2])
}

// buildMark is before the number of AWS's own build in a version of an add-on.
const buildMark = "-eksbuild."

// AddonTag gives the tag that an image of an add-on has at another version; false when its
// tag is not made of the version. AWS's are the version itself (eks/coredns:v1.10.1-eksbuild.6),
// the version without the build, or with a word before the build
// (eks/kube-proxy:v1.31.2-minimal-eksbuild.3): Amazon EKS User Guide, "kube-proxy", has
// such a table. Images of other projects that come along have versions of their own.
func AddonTag(tag, from, to string) (string, bool) {
	was, wasBuild, _ := strings.Cut(from, buildMark)
	is, isBuild, _ := strings.Cut(to, buildMark)
	rest, ok := strings.CutPrefix(tag, was)
	if !ok || was == "" || rest != "" && rest[0] != '-' {
		return "", false
	}
	word, build, built := strings.Cut(rest, buildMark)
	switch {
	case !built:
		return is + rest, true
	case build != wasBuild || isBuild == "":
		return "", false
	}
	return is + word + buildMark + isBuild, true
}
