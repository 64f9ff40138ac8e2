// Package inventory holds what was collected: clusters, what they run, and the
// parts that could not be read.
//
// A Snapshot is everything known about one cluster at one time, as plain JSON.
// Collectors fill it; traits read it and nothing else, so a saved snapshot gives
// the same verdict again with no cloud at hand. The package does no I/O.
package inventory

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// SnapshotVersion is the version of the snapshot's JSON. A field is never
// reused; a reader refuses a version newer than its own.
const SnapshotVersion = 1

// Section is a part of a snapshot that is collected, and can fail, by itself.
type Section string

// The sections. The first group is read from AWS, the second from the
// cluster's Kubernetes API, the third from registries and the vulnerability database.
const (
	SectionCluster       Section = "cluster"        // eks:DescribeCluster
	SectionVersions      Section = "versions"       // eks:DescribeClusterVersions
	SectionUpdates       Section = "updates"        // eks:ListUpdates, eks:DescribeUpdate
	SectionNodeGroups    Section = "node-groups"    // eks:ListNodegroups, eks:DescribeNodegroup, Fargate profiles
	SectionAddons        Section = "add-ons"        // eks:ListAddons, eks:DescribeAddon
	SectionAccess        Section = "access-entries" // eks:ListAccessEntries …
	SectionPodIdentities Section = "pod-identities" // eks:ListPodIdentityAssociations …
	SectionKeys          Section = "keys"           // kms:DescribeKey

	SectionWorkloads       Section = "workloads" // namespaces, pods and their owners
	SectionNetwork         Section = "network"   // services, ingresses, gateways
	SectionServiceAccounts Section = "service-accounts"
	SectionNodes           Section = "nodes"

	SectionImages  Section = "images"  // image content: registry and SBOM
	SectionMatches Section = "matches" // vulnerability database
)

// Sections lists all sections in the order in which they are collected.
func Sections() []Section {
	return []Section{
		SectionCluster, SectionVersions, SectionUpdates, SectionNodeGroups, SectionAddons,
		SectionAccess, SectionPodIdentities, SectionKeys, SectionWorkloads, SectionNetwork,
		SectionServiceAccounts, SectionNodes, SectionImages, SectionMatches,
	}
}

// Gap is a part that could not be collected. What it would have shown is
// unknown, never fine.
type Gap struct {
	Section Section `json:"section"`
	// Subject is the one thing in the section that is missing (an image digest,
	// a key ARN, a node group); empty when the whole section is.
	Subject string `json:"subject,omitempty"`
	// Reason is the failure's category name as in package fault: denied,
	// throttled, unavailable, not_found, invalid, internal.
	Reason string `json:"reason"`
	// Detail says what happened and what to do about it, in a sentence or two.
	Detail string `json:"detail"`
}

// NewGap makes a gap of an error, with the remedy appended when there is one. The
// category's own words at the error's end are for programs and become the reason.
func NewGap(section Section, subject string, err error, remedy string) Gap {
	category := fault.Of(err)
	detail := err.Error()
	if category.Err != nil {
		detail = strings.TrimSuffix(detail, ": "+category.Err.Error())
	}
	if remedy != "" {
		detail += ". " + remedy
	}
	return Gap{Section: section, Subject: subject, Reason: category.Name, Detail: detail}
}

// Snapshot is everything collected from one cluster at one time.
type Snapshot struct {
	Version     int       `json:"version"`
	CollectedAt time.Time `json:"collected_at"`
	Cluster     Cluster   `json:"cluster"`
	// Calendar is the region's EKS version support.
	Calendar        Calendar         `json:"calendar"`
	NodeGroups      []NodeGroup      `json:"node_groups,omitempty"`
	FargateProfiles []FargateProfile `json:"fargate_profiles,omitempty"`
	Addons          []Addon          `json:"add_ons,omitempty"`
	AccessEntries   []AccessEntry    `json:"access_entries,omitempty"`
	PodIdentities   []PodIdentity    `json:"pod_identities,omitempty"`
	Keys            []Key            `json:"keys,omitempty"`

	Namespaces      []Namespace      `json:"namespaces,omitempty"`
	Workloads       []Workload       `json:"workloads,omitempty"`
	Services        []Service        `json:"services,omitempty"`
	Ingresses       []Ingress        `json:"ingresses,omitempty"`
	Gateways        []Gateway        `json:"gateways,omitempty"`
	ServiceAccounts []ServiceAccount `json:"service_accounts,omitempty"`
	Nodes           []Node           `json:"nodes,omitempty"`

	// Images are the distinct digests that containers name, ordered by digest.
	Images []Image `json:"images,omitempty"`

	Gaps []Gap `json:"gaps,omitempty"`
}

// ParseSnapshot reads a snapshot's JSON. Malformed input or a version newer
// than SnapshotVersion is fault.ErrInvalid.
func ParseSnapshot(data []byte) (*Snapshot, error) {
	var s Snapshot
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("snapshot is not valid JSON: %w: %w", err, fault.ErrInvalid)
	}
	if s.Version < 1 {
		return nil, fmt.Errorf("snapshot has no \"version\"; make one with `eksposure inventory`: %w", fault.ErrInvalid)
	}
	if s.Version > SnapshotVersion {
		return nil, fmt.Errorf("snapshot version %d is newer than %d, the newest this program reads; use a newer eksposure: %w",
			s.Version, SnapshotVersion, fault.ErrInvalid)
	}
	if err := s.Cluster.Ref.Validate(); err != nil {
		return nil, fmt.Errorf("snapshot cluster: %w", err)
	}
	return &s, nil
}

// Gap returns the gap that covers the whole section, or nil.
func (s *Snapshot) Gap(section Section) *Gap { return s.SubjectGap(section, "") }

// SubjectGap returns the gap of one subject of a section, or nil.
func (s *Snapshot) SubjectGap(section Section, subject string) *Gap {
	for i := range s.Gaps {
		if s.Gaps[i].Section == section && s.Gaps[i].Subject == subject {
			return &s.Gaps[i]
		}
	}
	return nil
}

// GapsOf returns every gap of a section, whole or of one subject.
func (s *Snapshot) GapsOf(section Section) []Gap {
	var gaps []Gap
	for _, g := range s.Gaps {
		if g.Section == section {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// Image returns the image of a digest, or nil.
func (s *Snapshot) Image(digest string) *Image {
	i, ok := slices.BinarySearchFunc(s.Images, digest, func(im Image, d string) int { return strings.Compare(im.Digest, d) })
	if !ok {
		return nil
	}
	return &s.Images[i]
}

// Normalize brings every list into its stable order. Collectors call it once,
// at the end.
func (s *Snapshot) Normalize() {
	slices.SortFunc(s.NodeGroups, func(a, b NodeGroup) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.FargateProfiles, func(a, b FargateProfile) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Addons, func(a, b Addon) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.AccessEntries, func(a, b AccessEntry) int { return strings.Compare(a.PrincipalARN, b.PrincipalARN) })
	slices.SortFunc(s.PodIdentities, func(a, b PodIdentity) int {
		return strings.Compare(a.Namespace+"/"+a.ServiceAccount, b.Namespace+"/"+b.ServiceAccount)
	})
	slices.SortFunc(s.Keys, func(a, b Key) int { return strings.Compare(a.ARN, b.ARN) })
	slices.SortFunc(s.Namespaces, func(a, b Namespace) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Workloads, func(a, b Workload) int { return a.Ref().Compare(b.Ref()) })
	for i := range s.Workloads {
		slices.SortFunc(s.Workloads[i].Containers, compareContainers)
	}
	slices.SortFunc(s.Services, func(a, b Service) int { return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name) })
	slices.SortFunc(s.Ingresses, func(a, b Ingress) int { return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name) })
	slices.SortFunc(s.Gateways, func(a, b Gateway) int { return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name) })
	slices.SortFunc(s.ServiceAccounts, func(a, b ServiceAccount) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	slices.SortFunc(s.Nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Images, func(a, b Image) int { return strings.Compare(a.Digest, b.Digest) })
	slices.SortFunc(s.Gaps, func(a, b Gap) int {
		return strings.Compare(string(a.Section)+"\x00"+a.Subject+"\x00"+a.Detail, string(b.Section)+"\x00"+b.Subject+"\x00"+b.Detail)
	})
}
