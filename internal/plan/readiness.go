package plan

import (
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Readiness is what was read of a cluster for an upgrade, beside its snapshot.
type Readiness struct {
	// Insights are EKS's own checks of category UPGRADE_READINESS.
	Insights Reading[Insight]
	// Addons are the versions that EKS has of the cluster's add-ons, newest first.
	Addons Reading[AddonRelease]
	// Subnets are the cluster's own.
	Subnets Reading[Subnet]
	// Requests are those for deprecated APIs, as the API server counts them.
	Requests Reading[Request]
	// Objects were last written by an API that a later version has not.
	Objects Reading[Object]
	// Budgets are the disruption budgets that let no pod go now.
	Budgets Reading[string]
	// Nodes are as they are now; where they could not be read, those of the last scan count.
	Nodes Reading[inventory.Node]
}

// seen gives the snapshot with the nodes that were read.
func (r Readiness) seen(s *inventory.Snapshot) *inventory.Snapshot {
	if r.Nodes.Unread != "" || len(r.Nodes.Items) == 0 {
		return s
	}
	now := *s
	now.Nodes = r.Nodes.Items
	now.Gaps = slices.DeleteFunc(slices.Clone(s.Gaps), func(g inventory.Gap) bool { return g.Section == inventory.SectionNodes })
	return &now
}

// Reading is one part that was read, or why it was not: then it is unknown.
type Reading[T any] struct {
	Items  []T
	Unread string
}

// Insight is one of EKS's checks.
type Insight struct {
	Name, Status, Reason string
	// Version is the Kubernetes version that it is about; empty for all.
	Version string
	// Refreshed is when EKS last looked.
	Refreshed time.Time
}

// AddonRelease is one version of an add-on.
type AddonRelease struct {
	Name, Version string
	// Fits are the Kubernetes versions that it works with; DefaultOf those whose
	// default it is.
	Fits, DefaultOf []string
}

// Subnet is a subnet with its free addresses.
type Subnet struct {
	ID   string
	Free int
}

// Request is one use of a deprecated API since the API server started.
type Request struct {
	API       string // GROUP/VERSION RESOURCE
	RemovedIn string // Kubernetes MAJOR.MINOR; empty when not announced
}

// Object is one that was written by an API that will be gone.
type Object struct{ API, Name, RemovedIn string }

// release chooses the version of an add-on for a Kubernetes version: the one that is
// there when it fits and is not older than the default, else the default, else the
// newest that fits. None is an empty text.
func (r Readiness) release(name, installed, kubernetes string) string {
	var fits []AddonRelease
	for _, a := range r.Addons.Items {
		if a.Name == name && slices.Contains(a.Fits, kubernetes) {
			fits = append(fits, a)
		}
	}
	if len(fits) == 0 {
		return ""
	}
	best := fits[0].Version
	if i := slices.IndexFunc(fits, func(a AddonRelease) bool { return slices.Contains(a.DefaultOf, kubernetes) }); i >= 0 {
		best = fits[i].Version
	}
	here := slices.ContainsFunc(fits, func(a AddonRelease) bool { return a.Version == installed })
	if here && compareReleases(installed, best) >= 0 {
		return installed
	}
	return best
}

// compareReleases orders versions such as v1.18.1-eksbuild.3 by their numbers.
func compareReleases(a, b string) int { return slices.Compare(numbers(a), numbers(b)) }

func numbers(version string) []int {
	var list []int
	in := false
	for _, r := range version {
		if r < '0' || r > '9' {
			in = false
			continue
		}
		if !in {
			list, in = append(list, 0), true
		}
		list[len(list)-1] = list[len(list)-1]*10 + int(r-'0')
	}
	return list
}
