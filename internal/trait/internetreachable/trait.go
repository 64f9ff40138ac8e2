// Package internetreachable is the trait of a cluster whose Kubernetes API
// endpoint is open to the internet at large.
//
// It reads the endpoint's configuration as EKS returns it and counts the
// addresses that the merged CIDR ranges let in. A public endpoint that lets in
// fewer is the trait in package potentiallyinternetreachable.
package internetreachable

import (
	_ "embed"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

//go:embed trait.md
var text string

const (
	id          = "internet-reachable"
	variantOpen = "open"
)

// Trait gives the trait.
func Trait() exposure.Trait {
	return exposure.Trait{
		ID:        id,
		Type:      exposure.Reachability,
		Title:     "The Amazon EKS cluster allows public access",
		Short:     "Internet reachable",
		Adjective: "Internet reachable",
		Needs:     []inventory.Section{inventory.SectionCluster},
		Detect:    detect,
		Effort:    exposure.EffortMinutes,
		Options: []exposure.Option{
			{ID: "private", Title: "Make the endpoint private", Remedy: endpoint.Remedy()},
			{ID: "public-and-private", Title: "Use the private endpoint and limit the public one", Remedy: endpoint.Remedy(), Leaves: "potentially-internet-reachable"},
			{ID: "public", Title: "Keep only the public endpoint and limit it", Remedy: endpoint.Remedy(), Leaves: "potentially-internet-reachable"},
			{ID: "prefix-list", Title: "Limit the public endpoint to a managed prefix list", Remedy: endpoint.Remedy(), Leaves: "potentially-internet-reachable"},
		},
		Text: text,
	}
}

func detect(s *inventory.Snapshot, p exposure.Policy) []exposure.Evidence {
	return endpoint.Evidence(s, p, endpoint.Open, variantOpen)
}
