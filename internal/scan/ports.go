package scan

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Cloud discovers and describes clusters through AWS.
type Cloud interface {
	Clusters(ctx context.Context) (inventory.Discovery, error)
	// Describe fills the AWS sections; what cannot be read becomes a gap. An error
	// means that nothing is known of the cluster, as when it does not exist.
	Describe(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error)
}

// Kube collects the Kubernetes sections of a snapshot, or adds gaps to it.
type Kube interface {
	Collect(ctx context.Context, s *inventory.Snapshot)
}

// Cataloger reads one image by digest.
type Cataloger interface {
	Catalog(ctx context.Context, im ImageRequest) (inventory.Image, vuln.SBOM, error)
	// Tool names the program and version that makes SBOMs.
	Tool() string
}

// Tags reads what a repository's tags name.
type Tags interface {
	Tags(ctx context.Context, repository string) ([]string, error)
	// Resolve gives a tag's digest and, for an image index, its platforms.
	Resolve(ctx context.Context, repository, tag string) (digest string, platforms []string, err error)
}

// ImageRequest names an image and the platform wanted of an image index.
type ImageRequest struct {
	Repository   string
	Digest       string
	OS           string
	Architecture string
}

// Matcher asks the vulnerability database.
type Matcher interface {
	Match(ctx context.Context, sbom vuln.SBOM) (vuln.Report, error)
	// Complete fills in what another scanner's report lacks and the database knows.
	Complete(ctx context.Context, r vuln.Ingested) (vuln.Ingested, error)
	// Build names the database build.
	Build() string
}

// Reports gives the reports of other scanners that were brought in for an image,
// newest facts first.
type Reports interface {
	ImageReports(ctx context.Context, digest string) ([]vuln.Ingested, error)
}

// ReportSource asks another service what it knows of an image; false when it knows
// nothing, which says nothing about the image.
type ReportSource interface {
	ImageReport(ctx context.Context, im ImageRequest) (vuln.Ingested, bool, error)
}

// Images keeps what is known of image digests.
type Images interface {
	SBOM(ctx context.Context, digest, tool string) (inventory.Image, vuln.SBOM, bool, error)
	PutSBOM(ctx context.Context, im inventory.Image, sbom vuln.SBOM) error
	Matches(ctx context.Context, digest, build string) (vuln.Report, bool, error)
	PutMatches(ctx context.Context, digest string, r vuln.Report) error
	// PruneImages removes matches of other builds than the given one and all that was
	// last asked for before a time; it gives the number of images that lost something.
	PruneImages(ctx context.Context, build string, before time.Time) (int, error)
}

// Findings keeps findings and their history.
type Findings interface {
	// Earlier returns the recorded finding of a cluster, or nil.
	Earlier(ctx context.Context, ref inventory.ClusterRef) (*exposure.Finding, error)
	Record(ctx context.Context, o exposure.Outcome) error
	// OpenClusters lists the clusters that have an open finding, are undecided, or were
	// seen and are not known to be gone.
	OpenClusters(ctx context.Context) ([]inventory.ClusterRef, error)
}

// Rules are the automation rules.
type Rules interface {
	// Override gives what the finding's override is after the rules ran over it.
	Override(ctx context.Context, f *exposure.Finding) (*exposure.Override, error)
}
