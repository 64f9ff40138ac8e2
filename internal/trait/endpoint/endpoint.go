// Package endpoint tells how far a cluster's public Kubernetes API endpoint is
// open. Both traits about the endpoint ask it, so that they can never both hold.
//
// It takes the cluster's endpoint configuration and the policy's thresholds and
// gives an Access with the values that were compared. It never decides from
// text: "0.0.0.0/0" and the same addresses cut into many ranges are alike.
package endpoint

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// State is how far the public endpoint is open.
type State int

// The states of a public endpoint.
const (
	// Unreadable means that the configuration is missing or not understood.
	Unreadable State = iota
	// Off means that there is no public endpoint.
	Off
	// Narrow means that fewer addresses are let in than the policy calls open.
	Narrow
	// Open means that the policy's number of addresses or more is let in.
	Open
)

// The facts that are compared with the policy's thresholds.
const (
	factIPv4 = "IPv4 addresses"
	factIPv6 = "widest IPv6 range"
)

// maxListed bounds the ranges that a sentence lists; EKS allows 40 per cluster,
// which no sentence can hold.
const maxListed = 5

// Access is what the configuration lets in.
type Access struct {
	State State
	// Summary says why, with the values compared.
	Summary string
	Facts   []exposure.Fact
	// Single tells that one address is let in and no more.
	Single bool
}

// Assess reads the cluster's endpoint configuration.
func Assess(c *inventory.Cluster, p exposure.Policy) Access {
	e := c.Endpoint
	if e == nil {
		return Access{Summary: missing(c)}
	}
	facts := []exposure.Fact{
		{Name: "public endpoint", Value: strconv.FormatBool(e.Public), Limit: "fires when true"},
		{Name: "private endpoint", Value: strconv.FormatBool(e.Private)},
	}
	if !e.Public {
		return Access{State: Off, Summary: "The public endpoint is off.", Facts: facts}
	}
	cidrs, byDefault := e.PublicCIDRs, false
	if len(cidrs) == 0 {
		// DescribeCluster leaves the list out, or empty, when it is AWS's default
		// (EKS API, VpcConfigResponse.publicAccessCidrs).
		cidrs, byDefault = DefaultCIDRs(c), true
	}
	ranges, malformed := Parse(cidrs)
	listed := strings.Join(cidrs, ", ")
	if byDefault {
		listed = "none, so AWS's default: " + listed
	}
	facts = append(facts,
		exposure.Fact{Name: "public CIDRs", Value: listed},
		exposure.Fact{Name: factIPv4, Value: Grouped(ranges.IPv4()), Limit: "fires from " + Grouped(p.OpenIPv4Addresses) + " on"},
	)
	if widest, ok := ranges.WidestIPv6(); ok {
		facts = append(facts, exposure.Fact{Name: factIPv6, Value: "/" + strconv.Itoa(widest), Limit: "fires when wider than /" + strconv.Itoa(p.OpenIPv6Prefix)})
	}
	a := Access{State: Narrow, Facts: facts, Single: ranges.single()}
	switch {
	case ranges.Open(p):
		a.State = Open
		a.Summary = "The Kubernetes API endpoint is public and " + lets(cidrs, byDefault, ranges, p) + "."
	case len(malformed) > 0:
		a.State = Unreadable
		a.Summary = fmt.Sprintf("The Kubernetes API endpoint is public, and its CIDR list has %q, which is not a CIDR range; what it lets in is not known.", malformed[0])
	default:
		a.Summary = "The Kubernetes API endpoint is public and " + lets(cidrs, byDefault, ranges, p) + "."
	}
	return a
}

// Remedy is what every change of the endpoint is like: the same call with the old
// values takes it back.
func Remedy() exposure.Remedy {
	return exposure.Remedy{
		Reversibility: exposure.Reversible, Immediate: true, Risk: exposure.RiskMedium,
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
	}
}

// OpenFrom says in words from which ranges on a list counts as open.
func OpenFrom(p exposure.Policy) string {
	return fmt.Sprintf("from %s IPv4 addresses on or an IPv6 range wider than /%d", Grouped(p.OpenIPv4Addresses), p.OpenIPv6Prefix)
}

// Fires is OpenFrom as the limit of a fact.
func Fires(p exposure.Policy) string { return "fires " + OpenFrom(p) }

// Grouped writes a number with a comma before each three digits.
func Grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Evidence gives the evidence of one endpoint trait: contributing in the wanted
// state, unknown when the state is.
func Evidence(s *inventory.Snapshot, p exposure.Policy, want State, variant string) []exposure.Evidence {
	a := Assess(&s.Cluster, p)
	if want == Narrow {
		a.Facts = below(a.Facts, p)
	}
	e := exposure.Evidence{Resource: s.Cluster.Ref.Resource(), Summary: a.Summary, Facts: a.Facts}
	switch a.State {
	case want:
		e.Standing, e.Variant = exposure.Contributing, variant
	case Unreadable:
		e.Standing, e.Variant = exposure.Unknown, VariantUnreadable
	default:
		return nil
	}
	return []exposure.Evidence{e}
}

// below turns the limits of open ranges into those of narrow ones.
func below(facts []exposure.Fact, p exposure.Policy) []exposure.Fact {
	for i, f := range facts {
		switch f.Name {
		case factIPv4:
			facts[i].Limit = "fires below " + Grouped(p.OpenIPv4Addresses)
		case factIPv6:
			facts[i].Limit = "fires when /" + strconv.Itoa(p.OpenIPv6Prefix) + " or narrower"
		}
	}
	return facts
}

// VariantUnreadable marks evidence of an endpoint whose openness is not known.
const VariantUnreadable = "endpoint-not-readable"

func missing(c *inventory.Cluster) string {
	if c.Connector != "" {
		return fmt.Sprintf("The cluster is connected to EKS by EKS Connector (provider %s), which tells nothing about its API endpoint.", c.Connector)
	}
	return fmt.Sprintf("EKS gave no VPC configuration for the cluster (status %q), so its endpoint access is not known.", c.Status)
}

// DefaultCIDRs is what EKS lets in when no list is set (EKS API, VpcConfigRequest).
func DefaultCIDRs(c *inventory.Cluster) []string {
	if c.Network.IPFamily == "ipv6" {
		return []string{"0.0.0.0/0", "::/0"}
	}
	return []string{"0.0.0.0/0"}
}

func lets(cidrs []string, byDefault bool, r Ranges, p exposure.Policy) string {
	var b strings.Builder
	addresses := "addresses"
	if r.IPv4() == 1 {
		addresses = "address"
	}
	fmt.Fprintf(&b, "lets in %s IPv4 %s (open from %s)", Grouped(r.IPv4()), addresses, Grouped(p.OpenIPv4Addresses))
	if widest, ok := r.WidestIPv6(); ok {
		fmt.Fprintf(&b, " and IPv6 ranges up to /%d (open when wider than /%d)", widest, p.OpenIPv6Prefix)
	}
	shown := cidrs[:min(len(cidrs), maxListed)]
	fmt.Fprintf(&b, ": %s", strings.Join(shown, ", "))
	if more := len(cidrs) - len(shown); more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	if byDefault {
		b.WriteString(", AWS's default for an empty list")
	}
	return b.String()
}
