package image

import (
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// EndOfLife gives the last day, in UTC, on which the operating system of an image that
// was matched gets fixes; zero when none is to come (a rolling release), or when the
// image has no operating system. When that cannot be told it says why.
func EndOfLife(im *inventory.Image) (end time.Time, why string) {
	os := im.OS
	switch {
	case !os.EndOfLife.IsZero():
		return os.EndOfLife.UTC().Truncate(24 * time.Hour), ""
	case im.Report != nil && os.IsZero():
		return time.Time{}, "the report of " + im.Report.Name() + " does not name the operating system"
	case os.IsZero(), Rolling(os):
		return time.Time{}, ""
	}
	return time.Time{}, "the vulnerability database does not know the end of life of " + os.String()
}

// Rolling reports whether the distribution has no releases that end (each project's own
// documentation).
func Rolling(os vuln.OS) bool {
	switch os.ID {
	case "wolfi", "chainguard", "minimos", "arch", "archarm", "gentoo", "opensuse-tumbleweed", "void", "nixos":
		return true
	case "alpine":
		return strings.Contains(os.Version, "edge") || strings.Contains(os.Version, "_alpha")
	case "debian":
		return os.Version == "sid" || os.Version == "unstable" || strings.HasSuffix(os.Name, "/sid")
	}
	return false
}
