package vuln

import (
	"cmp"
	"time"
)

// Ingested is what another scanner told of one image, brought in because the image
// cannot be read here. It is used in place of our own answer and marked as such.
type Ingested struct {
	// ImageDigest is the digest that the report was brought in for, "sha256:…".
	ImageDigest string `json:"image_digest"`
	// Source names the kind of report: grype, trivy, cyclonedx, inspector. An image
	// has at most one report of each; a later one takes the place of the earlier.
	Source string `json:"source"`
	// Tool is the program that made it with its version, as the report states it.
	Tool string `json:"tool,omitempty"`
	// MadeAt is when the report was made, by its own word; zero when it does not say.
	MadeAt time.Time `json:"made_at,omitzero"`
	// IngestedAt is when it was brought in, and By by whom.
	IngestedAt time.Time `json:"ingested_at"`
	By         string    `json:"by,omitempty"`
	OS         OS        `json:"os,omitzero"`
	// Packages counts those that the report lists; 0 when it lists only what is vulnerable.
	Packages int `json:"packages,omitempty"`
	// Matches are the report's, worst first. A report without vulnerabilities of its
	// own has none, and SBOM says what to match.
	Matches []Match `json:"matches,omitempty"`
	// SBOM is set when the report is a bill of materials alone.
	SBOM *SBOM `json:"sbom,omitempty"`
	// Clusters are those on which the source itself saw the image in use.
	Clusters []SeenOn `json:"clusters,omitempty"`
}

// SeenOn is a cluster that another source saw an image in use on.
type SeenOn struct {
	ClusterARN string    `json:"cluster_arn"`
	LastInUse  time.Time `json:"last_in_use,omitzero"`
	Running    int       `json:"running"`
}

// At is when the report's facts were true: when it was made, or else brought in. A
// time of its own that is later than its arrival is not believed.
func (r Ingested) At() time.Time {
	if r.MadeAt.IsZero() || r.MadeAt.After(r.IngestedAt) {
		return r.IngestedAt
	}
	return r.MadeAt
}

// Name names the report as people read it: "trivy 0.58.1", or the source when no
// tool is stated.
func (r Ingested) Name() string { return cmp.Or(r.Tool, r.Source) }

// CompareIngested orders reports of one image: the newest facts first, then by source.
func CompareIngested(a, b Ingested) int {
	return cmp.Or(b.At().Compare(a.At()), cmp.Compare(a.Source, b.Source))
}
