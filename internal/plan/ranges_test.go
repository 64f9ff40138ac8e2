package plan_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// apart gives n ranges that do not touch.
func apart(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("203.0.%d.0/32", i))
	}
	return list
}

func TestRanges(t *testing.T) {
	tests := []struct {
		name     string
		in, want []string
	}{
		{"none", nil, []string{}},
		{"one, with spaces", []string{" 203.0.113.0/24 "}, []string{"203.0.113.0/24"}},
		{"in order", []string{"203.0.113.9/32", "198.51.100.0/24"}, []string{"198.51.100.0/24", "203.0.113.9/32"}},
		{"twice", []string{"203.0.113.9/32", "203.0.113.9/32"}, []string{"203.0.113.9/32"}},
		{"one in another", []string{"203.0.113.0/24", "203.0.113.128/25"}, []string{"203.0.113.0/24"}},
		{"two halves", []string{"203.0.113.128/25", "203.0.113.0/25"}, []string{"203.0.113.0/24"}},
		{"four quarters", []string{"203.0.113.0/26", "203.0.113.192/26", "203.0.113.128/26", "203.0.113.64/26"}, []string{"203.0.113.0/24"}},
		{"neighbours that are no halves", []string{"203.0.113.128/25", "203.0.114.0/25"}, []string{"203.0.113.128/25", "203.0.114.0/25"}},
		{"everybody", []string{"0.0.0.0/1", "128.0.0.0/1"}, []string{"0.0.0.0/0"}},
		{"IPv6", []string{"2001:db8:1::/49", "2001:db8:1:8000::/49", "203.0.113.0/24"}, []string{"203.0.113.0/24", "2001:db8:1::/48"}},
		{"IPv4 written as IPv6", []string{"::ffff:203.0.113.0/120"}, []string{"203.0.113.0/24"}},
		{"forty", apart(40), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := plan.Ranges(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == nil {
				want = tt.in
				slices.SortFunc(want, func(a, b string) int { return netip.MustParsePrefix(a).Compare(netip.MustParsePrefix(b)) })
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRangesRefuses(t *testing.T) {
	for text, remedy := range map[string]string{
		"203.0.113.5/24": "203.0.113.0/24", // bits beyond the length: both readings are offered
		"203.0.113.5":    "203.0.113.5/32",
		"2001:db8::1":    "2001:db8::1/128",
		"office":         "ADDRESS/LENGTH",
		"203.0.113.0/33": "ADDRESS/LENGTH",
		"10.0.0.0/8":     "not of the internet",
		"192.168.4.0/24": "not of the internet",
		"fd00::/8":       "not of the internet",
		"":               "ADDRESS/LENGTH",
	} {
		_, err := plan.Ranges([]string{"198.51.100.0/24", text})
		if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), remedy) {
			t.Errorf("Ranges(%q) = %v, want fault.ErrInvalid that says %q", text, err, remedy)
		}
	}
	if _, err := plan.Ranges(apart(41)); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("41 ranges: %v", err)
	}
}

// FuzzRanges: merged ranges hold exactly the addresses of the originals, are the
// fewest, and stay as they are when merged again.
func FuzzRanges(f *testing.F) {
	f.Add("203.0.113.0/25 203.0.113.128/25", "203.0.113.200")
	f.Add("0.0.0.0/0 198.51.100.0/24", "8.8.8.8")
	f.Add("2001:db8::/33 2001:db8:8000::/33 1.2.3.4/32", "2001:db8:9000::1")
	f.Add("1.0.0.0/8 ::ffff:2.0.0.0/104 3.0.0.0/9", "2.200.0.1")
	f.Fuzz(func(t *testing.T, texts, address string) {
		in := strings.Fields(texts)
		got, err := plan.Ranges(in)
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Fatalf("Ranges(%q) = %v", in, err)
			}
			return
		}
		again, err := plan.Ranges(got)
		if err != nil || !slices.Equal(got, again) {
			t.Fatalf("Ranges(%q) = %q, and again %q, %v", in, got, again, err)
		}
		if len(got) > len(in) {
			t.Fatalf("Ranges(%q) = %q, which are more", in, got)
		}
		// The first and the last address of each range, their neighbours, and any other.
		var probes []netip.Addr
		if a, err := netip.ParseAddr(address); err == nil {
			probes = append(probes, a.Unmap().WithZone(""))
		}
		for _, p := range slices.Concat(prefixes(t, in), prefixes(t, got)) {
			first, last := p.Masked().Addr(), lastOf(p)
			probes = append(probes, first, last, first.Prev(), last.Next())
		}
		for _, a := range probes {
			if a.IsValid() && within(prefixes(t, in), a) != within(prefixes(t, got), a) {
				t.Fatalf("Ranges(%q) = %q: %s is in one and not in the other", in, got, a)
			}
		}
	})
}

func prefixes(t *testing.T, texts []string) []netip.Prefix {
	t.Helper()
	var list []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatalf("%q was taken: %v", text, err)
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		list = append(list, p)
	}
	return list
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
