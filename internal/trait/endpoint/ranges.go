package endpoint

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
)

// Ranges is a set of IP addresses: merged, ordered intervals that neither
// overlap nor touch.
type Ranges struct {
	four []span
	six  []span
}

// span is an interval of addresses, both ends included.
type span struct{ first, last uint128 }

// Parse reads CIDR ranges and merges them. It gives those it cannot read back,
// in their order.
func Parse(cidrs []string) (r Ranges, malformed []string) {
	for _, c := range cidrs {
		p, err := netip.ParsePrefix(c)
		if err != nil {
			malformed = append(malformed, c)
			continue
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		first := fromAddr(p.Masked().Addr())
		s := span{first, first.or(lowBits(p.Addr().BitLen() - p.Bits()))}
		if p.Addr().Is4() {
			r.four = append(r.four, s)
			continue
		}
		r.six = append(r.six, s)
	}
	r.four, r.six = merge(r.four), merge(r.six)
	return r, malformed
}

// IPv4 counts the IPv4 addresses: at most 2^32.
func (r Ranges) IPv4() uint64 {
	var n uint64
	for _, s := range r.four {
		n += s.last.lo - s.first.lo + 1
	}
	return n
}

// WidestIPv6 gives the prefix length that holds as many addresses as the widest
// merged IPv6 interval does, rounded to the wider one: two neighbouring /32 give
// 31. It is false when there is no IPv6 range.
func (r Ranges) WidestIPv6() (prefix int, ok bool) {
	if len(r.six) == 0 {
		return 0, false
	}
	prefix = 128
	for _, s := range r.six {
		prefix = min(prefix, 128-s.last.minus(s.first).bitLen())
	}
	return prefix, true
}

// single reports whether the set is one address.
func (r Ranges) single() bool {
	widest, six := r.WidestIPv6()
	if r.IPv4() == 0 {
		return len(r.six) == 1 && widest == 128
	}
	return r.IPv4() == 1 && !six
}

// Open reports whether the set is as good as everybody: as many IPv4 addresses
// as the policy says or more, or an IPv6 interval wider than the policy's prefix.
func (r Ranges) Open(p exposure.Policy) bool {
	if r.IPv4() >= p.OpenIPv4Addresses {
		return true
	}
	widest, ok := r.WidestIPv6()
	return ok && widest < p.OpenIPv6Prefix
}

func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.first.compare(b.first), a.last.compare(b.last)) })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && merged[n-1].reaches(s.first) {
			if s.last.compare(merged[n-1].last) > 0 {
				merged[n-1].last = s.last
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// reaches reports whether an address that is not before the interval lies in it
// or right behind it.
func (s span) reaches(a uint128) bool {
	if a.compare(s.last) <= 0 {
		return true
	}
	gap := a.minus(s.last)
	return gap == uint128{lo: 1}
}

// PrivateRange reports whether a CIDR lies wholly in address space that the
// internet does not route (RFC 1918, 6598, 3927, 4193, 4291).
func PrivateRange(cidr string) bool {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return false
	}
	for _, private := range unrouted() {
		if private.Bits() <= p.Bits() && private.Contains(p.Addr()) {
			return true
		}
	}
	return false
}

func unrouted() []netip.Prefix {
	four := func(a, b byte, bits int) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b}), bits) }
	six := func(a, b byte, bits int) netip.Prefix {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{a, b}), bits)
	}
	return []netip.Prefix{four(10, 0, 8), four(172, 16, 12), four(192, 168, 16), four(100, 64, 10), four(169, 254, 16), four(127, 0, 8), six(0xfc, 0, 7), six(0xfe, 0x80, 10)}
}

// PublicAddress reports whether the text is an IP address that the internet
// routes; a host name is not.
func PublicAddress(text string) bool {
	private, ok := address(text)
	return ok && !private
}

// PrivateAddress reports whether the text is an IP address that the internet
// does not route; a host name is not.
func PrivateAddress(text string) bool {
	private, ok := address(text)
	return ok && private
}

func address(text string) (private, ok bool) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false, false
	}
	a = a.Unmap()
	private = a.IsUnspecified() || a.IsMulticast() || slices.ContainsFunc(unrouted(), func(p netip.Prefix) bool { return p.Contains(a.WithZone("")) })
	return private, true
}

// uint128 is an IP address as a number.
type uint128 struct{ hi, lo uint64 }

func fromAddr(a netip.Addr) uint128 {
	if a.Is4() {
		b := a.As4()
		return uint128{lo: uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])}
	}
	var n uint128
	b := a.As16()
	for i := range 8 {
		n.hi = n.hi<<8 | uint64(b[i])
		n.lo = n.lo<<8 | uint64(b[i+8])
	}
	return n
}

// lowBits is the number with the n lowest bits set.
func lowBits(n int) uint128 {
	if n >= 64 {
		return uint128{hi: 1<<(n-64) - 1, lo: ^uint64(0)}
	}
	return uint128{lo: 1<<n - 1}
}

func (a uint128) or(b uint128) uint128 { return uint128{a.hi | b.hi, a.lo | b.lo} }

func (a uint128) minus(b uint128) uint128 {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return uint128{hi, lo}
}

func (a uint128) compare(b uint128) int {
	return cmp.Or(cmp.Compare(a.hi, b.hi), cmp.Compare(a.lo, b.lo))
}

func (a uint128) bitLen() int {
	if a.hi != 0 {
		return 64 + bits.Len64(a.hi)
	}
	return bits.Len64(a.lo)
}
