// Package exposure decides: it turns a snapshot into trait results, and results
// into the one exposure finding of a cluster, with its severity.
//
// Everything here is a pure function of its arguments: no I/O, no clock, no log.
// The steps are, in order, Evaluate (snapshot → results), Correlate (results and
// the earlier finding → finding), Score (contributing evidence → severity) and
// Project (finding and topics to fix → the severity that would be left).
package exposure

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Type is the kind of security deviation that a trait is, in Security Hub's words.
type Type string

// The trait types (Security Hub User Guide, "Supported traits").
const (
	Reachability     Type = "Reachability"
	Misconfiguration Type = "Misconfiguration"
	Vulnerability    Type = "Vulnerability"
	Assumability     Type = "Assumability"
	SensitiveData    Type = "Sensitive Data"
	Impact           Type = "Impact"
)

// Trait is one security deviation that can be detected on a snapshot.
type Trait struct {
	// ID is stable and never reused: "internet-reachable".
	ID   string
	Type Type
	// Title is AWS's heading for it, so that the two products can be compared.
	Title string
	// Short is the few words used in lists: "Internet reachable".
	Short string
	// Adjective goes before "EKS cluster" in a finding's title, Phrase after it;
	// a trait has one of them.
	Adjective string
	Phrase    string
	// Needs are the sections without which there is no answer. A section that
	// adds to the answer but is not needed for one is asked for by Detect itself.
	Needs []inventory.Section
	// Detect looks at the snapshot and gives what it saw, in a stable order.
	Detect func(*inventory.Snapshot, Policy) []Evidence
	// Effort is how much work the remediation topic usually is.
	Effort Effort
	// Options are the ways to remedy it, best first; each has a section of the
	// same title in Text.
	Options []Option
	// Text is the trait's page, trait.md. Its section "Remediation topic" is a
	// template over TopicData.
	Text string
}

// Effort is the class of work that a remediation topic is.
type Effort int

// The effort classes.
const (
	EffortMinutes Effort = iota + 1
	EffortHours
	EffortDays
)

// String gives "minutes", "hours" or "days".
func (e Effort) String() string {
	switch e {
	case EffortMinutes:
		return "minutes"
	case EffortHours:
		return "hours"
	case EffortDays:
		return "days"
	}
	return "unknown"
}

// MarshalText gives the class's word.
func (e Effort) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads the class's word.
func (e *Effort) UnmarshalText(b []byte) error {
	for c := EffortMinutes; c <= EffortDays; c++ {
		if c.String() == string(b) {
			*e = c
			return nil
		}
	}
	return fmt.Errorf("effort %q: want minutes, hours or days: %w", b, fault.ErrInvalid)
}

// Option is one way to remedy a trait.
type Option struct {
	ID    string
	Title string
	// Leaves is the trait that remains after this option, when it only weakens
	// the exposure: narrowing CIDRs leaves potentially-internet-reachable.
	Leaves string
	// When lists the variants of contributing evidence that make it an option;
	// empty means that it always is one.
	When []string
	// Mends lists the variants that it takes away; empty means those of When, or
	// all when there are none.
	Mends []string
	// Remedy is what remedying by it is like.
	Remedy Remedy
}

// Standing tells what a piece of evidence counts for.
type Standing string

// The standings.
const (
	// Contributing evidence creates or raises the finding.
	Contributing Standing = "contributing"
	// Contextual evidence is shown and does not count.
	Contextual Standing = "contextual"
	// Unknown marks a part that could not be decided.
	Unknown Standing = "unknown"
)

// Evidence says where and why a trait was seen.
type Evidence struct {
	Standing Standing `json:"standing"`
	// Variant is the rule of the trait that answered, a stable word that Score
	// reads: "extended-support".
	Variant  string                `json:"variant"`
	Resource inventory.ResourceRef `json:"resource"`
	// Summary is one sentence with the very values that were compared.
	Summary string `json:"summary"`
	Facts   []Fact `json:"facts,omitempty"`
	// Workloads are those that run, or are reached through, the resource.
	Workloads []inventory.WorkloadRef `json:"workloads,omitempty"`
	// Via is the way from the internet to the workloads, in order.
	Via []inventory.ResourceRef `json:"via,omitempty"`
	// Image is set when the evidence is about a container image.
	Image *ImageEvidence `json:"image,omitempty"`
}

// Fact is one value that was compared.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Limit says for which values the trait fires, as a phrase that begins with
	// "fires": "fires from 16,777,216 on", "fires before 1.34".
	Limit string `json:"limit,omitempty"`
}

// Fact returns the value of the named fact, or "".
func (e Evidence) Fact(name string) string {
	for _, f := range e.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// ImageEvidence is what is wrong with one running image, worst first. Lists are
// cut to what a reader can act on; the counts are of everything.
type ImageEvidence struct {
	Digest     string                    `json:"digest"`
	Repository string                    `json:"repository"`
	Reference  string                    `json:"reference,omitempty"`
	Addon      string                    `json:"add_on,omitempty"`
	OS         string                    `json:"os,omitempty"`
	Kinds      []inventory.ContainerKind `json:"kinds"`
	// Containers are those of the workloads' templates with this image, as far as evidence names them.
	Containers []ContainerRef `json:"containers,omitempty"`
	// Running is the number of running pods with this image.
	Running int `json:"running"`
	// Vulnerabilities counts distinct vulnerabilities; the rest are subsets of it.
	Vulnerabilities int `json:"vulnerabilities"`
	Fixable         int `json:"fixable"`
	KEV             int `json:"kev"`
	Exploits        int `json:"exploits"`
	// MaxEPSS is the highest known score; nil when none is known.
	MaxEPSS     *float64 `json:"max_epss,omitempty"`
	UnknownEPSS int      `json:"unknown_epss,omitempty"`
	Worst       []Match  `json:"worst,omitempty"`
	Fixes       []Fix    `json:"fixes,omitempty"`
	MoreFixes   int      `json:"more_fixes,omitempty"`
	// Report is set when another scanner's report stands in for the image, which
	// could not be read.
	Report *ReportEvidence `json:"report,omitempty"`
}

// ContainerRef names a container of a workload's template.
type ContainerRef struct {
	inventory.WorkloadRef

	Container string `json:"container"`
}

// ContainersOf names the containers of a workload that have the image; none when they are not known.
func (e *ImageEvidence) ContainersOf(w inventory.WorkloadRef) []string {
	var names []string
	for _, c := range e.Containers {
		if c.WorkloadRef == w {
			names = append(names, c.Container)
		}
	}
	return names
}

// ReportEvidence says whose word the evidence is, and how old it is.
type ReportEvidence struct {
	inventory.ImageReport

	AgeDays int `json:"age_days"`
}

// Match is one vulnerability of one package, as evidence shows it.
type Match struct {
	ID       string   `json:"id"`
	Package  string   `json:"package"`
	Version  string   `json:"version"`
	FixedIn  string   `json:"fixed_in,omitempty"`
	Severity string   `json:"severity,omitempty"`
	Vector   string   `json:"vector,omitempty"`
	Score    float64  `json:"score,omitempty"`
	EPSS     *float64 `json:"epss,omitempty"`
	KEV      bool     `json:"kev,omitempty"`
	Exploit  bool     `json:"exploit,omitempty"`
	Layer    string   `json:"layer,omitempty"`
}

// Fix is the version of one package that mends its vulnerabilities.
type Fix struct {
	Package string `json:"package"`
	Type    string `json:"type"`
	Version string `json:"version"`
	// FixedIn is the lowest version that mends all of its fixable vulnerabilities.
	FixedIn         string `json:"fixed_in"`
	Vulnerabilities int    `json:"vulnerabilities"`
	Worst           string `json:"worst"`
	// Layer is the diff ID of the layer that brought the package, LayerIndex its
	// place from the base (0), CreatedBy the build step that made the layer.
	Layer      string `json:"layer,omitempty"`
	LayerIndex int    `json:"layer_index,omitempty"`
	CreatedBy  string `json:"created_by,omitempty"`
}

// Policy holds every threshold. The zero value is not usable; start from DefaultPolicy.
type Policy struct {
	// OpenIPv4Addresses is the number of IPv4 addresses from which on a CIDR list counts as open.
	OpenIPv4Addresses uint64 `json:"open_ipv4_addresses" key:"open_ipv4_addresses" doc:"IPv4 addresses from which on a public CIDR list counts as open"`
	// OpenIPv6Prefix is the prefix length below which an IPv6 range counts as open.
	OpenIPv6Prefix int `json:"open_ipv6_prefix" key:"open_ipv6_prefix" doc:"prefix length below which a public IPv6 range counts as open"`
	// SupportEndsWithinDays is when the coming end of standard support is worth a note.
	SupportEndsWithinDays int `json:"support_ends_within_days" key:"support_ends_within_days" doc:"days before the end of standard support from which on it is noted"`
	// RequireCustomerManagedKey makes secrets under the AWS-owned key a contributing trait.
	RequireCustomerManagedKey bool `json:"require_customer_managed_key" key:"require_customer_managed_key" flag:"require-customer-managed-key" doc:"make secrets under the AWS-owned key a contributing trait"`
	// LikelyEPSS is the EPSS score from which on a vulnerability is likely to be exploited.
	LikelyEPSS float64 `json:"likely_epss" key:"likely_epss" doc:"EPSS score from which on a vulnerability is likely to be exploited"`
	// UnneededAfterDays is how long nothing must have run for a cluster to look unneeded.
	UnneededAfterDays int `json:"unneeded_after_days" key:"unneeded_after_days" doc:"days with nothing running after which a cluster looks unneeded"`
}

// DefaultPolicy gives the documented defaults.
func DefaultPolicy() Policy {
	return Policy{
		OpenIPv4Addresses:     1 << 24,
		OpenIPv6Prefix:        32,
		SupportEndsWithinDays: 60,
		LikelyEPSS:            0.10,
		UnneededAfterDays:     30,
	}
}

// Validate reports the first threshold out of its range, as fault.ErrInvalid.
func (p Policy) Validate() error {
	switch {
	case p.OpenIPv4Addresses < 1 || p.OpenIPv4Addresses > 1<<32:
		return fmt.Errorf("open_ipv4_addresses %d: want 1 to 4294967296: %w", p.OpenIPv4Addresses, fault.ErrInvalid)
	case p.OpenIPv6Prefix < 1 || p.OpenIPv6Prefix > 128:
		return fmt.Errorf("open_ipv6_prefix %d: want 1 to 128: %w", p.OpenIPv6Prefix, fault.ErrInvalid)
	case p.SupportEndsWithinDays < 0:
		return fmt.Errorf("support_ends_within_days %d: want 0 or more: %w", p.SupportEndsWithinDays, fault.ErrInvalid)
	case p.LikelyEPSS <= 0 || p.LikelyEPSS > 1:
		return fmt.Errorf("likely_epss %g: want above 0 and at most 1: %w", p.LikelyEPSS, fault.ErrInvalid)
	case p.UnneededAfterDays < 1:
		return fmt.Errorf("unneeded_after_days %d: want 1 or more: %w", p.UnneededAfterDays, fault.ErrInvalid)
	}
	return nil
}
