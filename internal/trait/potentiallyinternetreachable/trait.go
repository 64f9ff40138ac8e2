// Package potentiallyinternetreachable is the trait of a cluster whose public
// Kubernetes API endpoint is limited to some address ranges.
//
// The endpoint still has a public address, and whoever is in a listed range can
// send requests to it. A list that lets in as many addresses as the policy calls
// open is the trait in package internetreachable instead.
package potentiallyinternetreachable

import (
	_ "embed"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

//go:embed trait.md
var text string

const (
	id            = "potentially-internet-reachable"
	variantNarrow = "narrow"
	// variantSingle marks a list of one address, which cannot be narrower.
	variantSingle = "single-address"
)

// Trait gives the trait.
func Trait() exposure.Trait {
	return exposure.Trait{
		ID:        id,
		Type:      exposure.Reachability,
		Title:     "The Amazon EKS cluster allows public access",
		Short:     "Potentially internet reachable",
		Adjective: "Potentially internet reachable",
		Needs:     []inventory.Section{inventory.SectionCluster},
		Detect:    detect,
		Effort:    exposure.EffortMinutes,
		Options: []exposure.Option{
			{ID: "private", Title: "Make the endpoint private", Remedy: endpoint.Remedy()},
			{ID: "narrower", Title: "Let in fewer addresses", Remedy: endpoint.Remedy(), Leaves: id, When: []string{variantNarrow}},
			{ID: "prefix-list", Title: "Keep the ranges in a managed prefix list", Remedy: endpoint.Remedy(), Leaves: id},
		},
		Text: text,
	}
}

func detect(s *inventory.Snapshot, p exposure.Policy) []exposure.Evidence {
	variant := variantNarrow
	if endpoint.Assess(&s.Cluster, p).Single {
		variant = variantSingle
	}
	return endpoint.Evidence(s, p, endpoint.Narrow, variant)
}
