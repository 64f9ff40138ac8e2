package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// maxRanges is how many ranges a public endpoint takes; the quota cannot be raised
// (AWS General Reference, "Amazon EKS endpoints and quotas").
const maxRanges = 40

// everybody is what EKS takes an empty list for (EKS API Reference,
// VpcConfigRequest.publicAccessCidrs).
const everybody = "0.0.0.0/0"

// mappedBits is how many bits precede an IPv4 address that is written as an IPv6 one.
const mappedBits = 96

// Ranges reads CIDR ranges, merges those that touch, and gives at most 40, in order.
// A range with bits beyond its length, of reserved addresses, or none at all is
// fault.ErrInvalid.
func Ranges(texts []string) ([]string, error) {
	var all []netip.Prefix
	for _, text := range texts {
		p, err := rangeOf(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	all = merge(all)
	if len(all) > maxRanges {
		return nil, fmt.Errorf("%d CIDR ranges are left after merging and EKS takes %d; put a network in front, or use the private endpoint: %w", len(all), maxRanges, fault.ErrInvalid)
	}
	return texted(all), nil
}

func rangeOf(text string) (netip.Prefix, error) {
	p, err := prefixOf(text)
	if err != nil {
		return p, err
	}
	// Amazon EKS User Guide, "Cluster API server endpoint": no reserved addresses.
	if endpoint.PrivateRange(p.String()) {
		return p, fmt.Errorf("CIDR range %q is not of the internet; requests reach the public endpoint from public addresses, such as a NAT gateway's: %w", text, fault.ErrInvalid)
	}
	return p, nil
}

// prefixOf reads a CIDR range that has no bits beyond its length.
func prefixOf(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		if a, other := netip.ParseAddr(text); other == nil && a.Zone() == "" {
			return p, fmt.Errorf("CIDR range %q has no length; write %s/%d for this address alone: %w", text, a, a.BitLen(), fault.ErrInvalid)
		}
		return p, fmt.Errorf("CIDR range %q: want ADDRESS/LENGTH, such as 203.0.113.0/24: %w", text, fault.ErrInvalid)
	}
	if p.Addr().Is4In6() && p.Bits() >= mappedBits {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("CIDR range %q has bits beyond its length; write %s, or %s/%d for this address alone: %w",
			text, p.Masked(), p.Addr(), p.Addr().BitLen(), fault.ErrInvalid)
	}
	return p, nil
}

// merge gives the fewest prefixes that hold the same addresses, in order.
func merge(all []netip.Prefix) []netip.Prefix {
	slices.SortFunc(all, netip.Prefix.Compare)
	var out []netip.Prefix
	for _, p := range all {
		if n := len(out); n > 0 && covers(out[n-1], p) {
			continue
		}
		out = append(out, p)
		for n := len(out); n > 1; n = len(out) {
			low, high := out[n-2], out[n-1]
			whole := netip.PrefixFrom(low.Addr(), low.Bits()-1).Masked()
			if low.Bits() != high.Bits() || low.Addr().BitLen() != high.Addr().BitLen() || !covers(whole, high) {
				break
			}
			out = append(out[:n-2], whole)
		}
	}
	return out
}

// covers reports whether a prefix holds all of another.
func covers(p, part netip.Prefix) bool { return p.Bits() <= part.Bits() && p.Contains(part.Addr()) }

func texted(all []netip.Prefix) []string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = p.String()
	}
	return out
}

// parsed gives the prefixes of texts, without those that cannot be read.
func parsed(cidrs []string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range cidrs {
		if p, err := netip.ParsePrefix(text); err == nil {
			all = append(all, p.Masked())
		}
	}
	return all
}

// effective are the ranges that count, merged; where one cannot be read they stand
// as they are, in order.
func effective(cidrs []string) []string {
	all := parsed(cidrs)
	switch {
	case len(cidrs) == 0:
		return []string{everybody}
	case len(all) < len(cidrs):
		return slices.Sorted(slices.Values(cidrs))
	}
	return texted(merge(all))
}

// beyond gives the ranges that the ones of now do not hold.
func beyond(now, wish []string) []string {
	held := merge(parsed(now))
	var more []string
	for _, p := range parsed(wish) {
		if !slices.ContainsFunc(held, func(h netip.Prefix) bool { return covers(h, p) }) {
			more = append(more, p.String())
		}
	}
	return more
}

// holds reports whether ranges let an address in.
func holds(cidrs []string, a netip.Addr) bool {
	return slices.ContainsFunc(parsed(cidrs), func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// list writes values for a sentence: "a, b and c".
func list(values []string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:len(values)-1], ", ") + " and " + values[len(values)-1]
}
