package endpoint_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

func TestIPv4Count(t *testing.T) {
	for _, c := range []struct {
		why   string
		cidrs string
		want  uint64
	}{
		{"everybody", "0.0.0.0/0", 1 << 32},
		{"halves", "0.0.0.0/1 128.0.0.0/1", 1 << 32},
		{"inside another", "10.0.0.0/8 10.1.0.0/16", 1 << 24},
		{"the same twice", "10.0.0.0/24 10.0.0.0/24", 256},
		{"touching", "10.0.0.0/25 10.0.0.128/25", 256},
		{"last address", "255.255.255.255/32", 1},
		{"first and last", "0.0.0.0/32 255.255.255.255/32", 2},
		{"host bits", "10.0.0.77/24", 256},
		{"mapped into IPv6", "::ffff:0:0/96", 1 << 32},
		{"IPv6 only", "::/0", 0},
		{"none", "", 0},
	} {
		r, malformed := endpoint.Parse(strings.Fields(c.cidrs))
		if got := r.IPv4(); got != c.want || len(malformed) > 0 {
			t.Errorf("%s: %q has %d addresses, malformed %q: want %d", c.why, c.cidrs, got, malformed, c.want)
		}
	}
}

func TestWidestIPv6(t *testing.T) {
	for _, c := range []struct {
		cidrs string
		want  int
	}{
		{"::/0", 0},
		{"::/1 8000::/1", 0},
		{"2001:db8::/32", 32},
		{"2001:db8::/32 2001:db9::/32", 31},
		{"2001:db8::/32 2001:dba::/32", 32},
		{"2001:db7::/32 2001:db8::/32", 31},
		{"2001:db8::1/128", 128},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128 ::/128", 128},
	} {
		r, _ := endpoint.Parse(strings.Fields(c.cidrs))
		if got, ok := r.WidestIPv6(); got != c.want || !ok {
			t.Errorf("%q: /%d, %v: want /%d", c.cidrs, got, ok, c.want)
		}
	}
	if _, ok := (endpoint.Ranges{}).WidestIPv6(); ok {
		t.Error("no range has a widest one")
	}
}

func TestMalformed(t *testing.T) {
	_, malformed := endpoint.Parse([]string{"10.0.0.0/8", "10.0.0.0", "", " 10.0.0.0/8", "10.0.0.0/33", "fe80::%eth0/64", "office", "10.0.0.0/-1"})
	if len(malformed) != 7 {
		t.Errorf("malformed %q: want all but the first", malformed)
	}
}

// TestCountAgainstEachAddress compares with the obvious way, on ranges within a /20.
func TestCountAgainstEachAddress(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	base := netip.MustParseAddr("10.0.0.0").As4()
	for range 300 {
		var cidrs []string
		inside := map[netip.Addr]bool{}
		for range r.IntN(8) {
			a := base
			a[2], a[3] = byte(r.IntN(16)), byte(r.IntN(256))
			p := netip.PrefixFrom(netip.AddrFrom4(a), 20+r.IntN(13)).Masked()
			cidrs = append(cidrs, p.String())
			for at := p.Addr(); p.Contains(at); at = at.Next() {
				inside[at] = true
			}
		}
		got, _ := endpoint.Parse(cidrs)
		if got.IPv4() != uint64(len(inside)) {
			t.Fatalf("%q: %d addresses, want %d", cidrs, got.IPv4(), len(inside))
		}
	}
}

// TestProperties: neither order nor repetition nor cutting a range in two
// changes what is open, and one more range never closes.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	p := exposure.DefaultPolicy()
	for range 2000 {
		cidrs := randomCIDRs(r)
		all, _ := endpoint.Parse(cidrs)
		shuffled := append(slices.Clone(cidrs), cidrs...)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		halved := cutInTwo(cidrs)
		for name, other := range map[string][]string{"shuffled twice": shuffled, "cut in two": halved} {
			got, _ := endpoint.Parse(other)
			if got.IPv4() != all.IPv4() || got.Open(p) != all.Open(p) || widest(got) != widest(all) {
				t.Fatalf("%s: %q: %d %v %d, and %q: %d %v %d", name, cidrs, all.IPv4(), all.Open(p), widest(all), other, got.IPv4(), got.Open(p), widest(got))
			}
		}
		more, _ := endpoint.Parse(append(slices.Clone(cidrs), randomCIDRs(r)...))
		if all.Open(p) && !more.Open(p) || more.IPv4() < all.IPv4() {
			t.Fatalf("%q became narrower by more ranges", cidrs)
		}
	}
}

func widest(r endpoint.Ranges) int {
	n, ok := r.WidestIPv6()
	if !ok {
		return -1
	}
	return n
}

func randomCIDRs(r *rand.Rand) []string {
	var cidrs []string
	for range r.IntN(6) {
		if r.IntN(2) == 0 {
			a := [4]byte{byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
			cidrs = append(cidrs, netip.PrefixFrom(netip.AddrFrom4(a), r.IntN(33)).String())
			continue
		}
		a := [16]byte{0x20, byte(r.IntN(2)), byte(r.IntN(4)), byte(r.IntN(4)), byte(r.IntN(256))}
		cidrs = append(cidrs, netip.PrefixFrom(netip.AddrFrom16(a), r.IntN(129)).String())
	}
	return cidrs
}

func cutInTwo(cidrs []string) []string {
	var halves []string
	for _, c := range cidrs {
		p := netip.MustParsePrefix(c).Masked()
		if p.IsSingleIP() {
			halves = append(halves, c)
			continue
		}
		low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
		b := p.Addr().AsSlice()
		b[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
		high, _ := netip.AddrFromSlice(b)
		halves = append(halves, low.String(), netip.PrefixFrom(high, p.Bits()+1).String())
	}
	return halves
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		text            string
		public, private bool
	}{
		{"3.120.0.1", true, false},
		{"10.0.0.1", false, true},
		{"100.64.0.1", false, true},
		{"172.32.0.1", true, false},
		{"::ffff:192.168.0.1", false, true},
		{"2600::1", true, false},
		{"fd00::1", false, true},
		{"fe80::1%eth0", false, true},
		{"0.0.0.0", false, true},
		{"internal.example.com", false, false},
	} {
		if got := endpoint.PublicAddress(c.text); got != c.public {
			t.Errorf("PublicAddress(%q) = %v", c.text, got)
		}
		if got := endpoint.PrivateAddress(c.text); got != c.private {
			t.Errorf("PrivateAddress(%q) = %v", c.text, got)
		}
	}
	for cidr, want := range map[string]bool{"10.0.0.0/8": true, "10.0.0.0/7": false, "0.0.0.0/0": false, "fd00::/8": true, "office": false} {
		if got := endpoint.PrivateRange(cidr); got != want {
			t.Errorf("PrivateRange(%q) = %v", cidr, got)
		}
	}
}

// FuzzAssess: whatever the list holds, exactly one state comes out, with a
// reason, and a range that cannot be read never makes the endpoint look narrow.
func FuzzAssess(f *testing.F) {
	for _, seed := range []string{
		"0.0.0.0/0", "0.0.0.0/1,128.0.0.0/1", "", "::/0", "198.51.100.7/32", "10.0.0.0/33", "office,10.0.0.0/8",
		"::ffff:10.0.0.0/104", "255.255.255.255/32,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "1.2.3.4", "2001:db8::/32,2001:db9::/32", "fe80::%a/64", "010.0.0.0/8", "\x00",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	p := exposure.DefaultPolicy()
	f.Fuzz(func(t *testing.T, list string, public bool) {
		cidrs := strings.Split(list, ",")
		c := inventory.Cluster{Endpoint: &inventory.Endpoint{Public: public, PublicCIDRs: cidrs}}
		a := endpoint.Assess(&c, p)
		r, malformed := endpoint.Parse(cidrs)
		want := endpoint.Narrow
		switch {
		case !public:
			want = endpoint.Off
		case r.Open(p):
			want = endpoint.Open
		case len(malformed) > 0:
			want = endpoint.Unreadable
		}
		if a.State != want || a.Summary == "" {
			t.Errorf("%q: state %d, want %d: %s", list, a.State, want, a.Summary)
		}
		if r.IPv4() > 1<<32 {
			t.Errorf("%q: %d addresses", list, r.IPv4())
		}
		s := inventory.Snapshot{Cluster: c}
		open, narrow := endpoint.Evidence(&s, p, endpoint.Open, "open"), endpoint.Evidence(&s, p, endpoint.Narrow, "narrow")
		if public && len(open) == 0 && len(narrow) == 0 || !public && len(open)+len(narrow) > 0 {
			t.Errorf("%q, public %v: %v %v", list, public, open, narrow)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	cidrs := make([]string, 0, 40) // the most that EKS takes
	for i := range 40 {
		cidrs = append(cidrs, fmt.Sprintf("198.51.%d.0/24", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		endpoint.Parse(cidrs)
	}
}
