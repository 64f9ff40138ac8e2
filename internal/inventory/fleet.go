package inventory

import (
	"time"

	"github.com/eksposure/eksposure/internal/vuln"
)

// ImageRecord is what is known of one digest that runs, or is named, somewhere in
// the fleet.
type ImageRecord struct {
	Digest     string `json:"digest"`
	Repository string `json:"repository"`
	// Read is false when the content is not known anywhere; Unread then says why.
	Read   bool   `json:"read"`
	Unread string `json:"unread,omitempty"`
	OS     string `json:"os,omitempty"`
	// EndOfLife is the operating system's; zero when it is not known.
	EndOfLife time.Time `json:"end_of_life,omitzero"`
	// CreatedAt is when the image was built, by its own word.
	CreatedAt time.Time `json:"created_at,omitzero"`
	Packages  int       `json:"packages,omitempty"`
	// Database is the build of the vulnerability database that matched it, or names
	// another scanner's report.
	Database string `json:"database,omitempty"`
	// Report is set when another scanner's report stands in for the image.
	Report *ImageReport `json:"report,omitempty"`
	// Counts is nil when no build of the vulnerability database was asked about it.
	Counts *ImageCounts `json:"counts,omitempty"`
	// Clusters and Running count where it runs, within the scope asked for.
	Clusters int `json:"clusters"`
	Running  int `json:"running"`
}

// ImageCounts counts the distinct vulnerabilities of an image; all but the first
// are subsets of it.
type ImageCounts struct {
	Vulnerabilities int `json:"vulnerabilities"`
	Critical        int `json:"critical"`
	High            int `json:"high"`
	Fixable         int `json:"fixable"`
	KEV             int `json:"kev"`
	Exploits        int `json:"exploits"`
}

// ImageUse is one cluster that names an image.
type ImageUse struct {
	Cluster ClusterRef `json:"cluster"`
	// Reference is the image as the first container writes it.
	Reference string `json:"reference"`
	// Running is the number of running pods with it, and Workloads those that have
	// one or, with none running, name it. Lists are cut at MaxUseWorkloads.
	Running   int           `json:"running"`
	Workloads []WorkloadRef `json:"workloads,omitempty"`
	Addon     string        `json:"add_on,omitempty"`
}

// MaxUseWorkloads bounds the workloads that are kept of one use of an image.
const MaxUseWorkloads = 20

// VulnerableImage is one image that has a vulnerability, with the match as the
// vulnerability database gives it and where the image runs.
type VulnerableImage struct {
	Digest     string     `json:"digest"`
	Repository string     `json:"repository"`
	Match      vuln.Match `json:"match"`
	Clusters   int        `json:"clusters"`
	Running    int        `json:"running"`
	// Uses are the clusters that name it, those where it runs first; cut at MaxVulnerableUses.
	Uses []ImageUse `json:"uses"`
}

// MaxVulnerableUses bounds the clusters that are told for one image of a vulnerability.
const MaxVulnerableUses = 100
