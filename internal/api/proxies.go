package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// caller is the caller's address without the port. X-Forwarded-For is read from its
// end, as each proxy appends whom it got the request from, and for as long as that is
// a proxy that is believed; what stands before it anybody may have written.
func (s *server) caller(r *http.Request) string {
	address := addressOf(r.RemoteAddr)
	if !s.believed(address) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, ok := hopOf(strings.TrimSpace(hop))
		if !ok {
			break
		}
		address = next
		if !s.believed(address) {
			break
		}
	}
	return address
}

// believed reports whether an address is one of a proxy that the settings name.
func (s *server) believed(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && slices.ContainsFunc(s.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hopOf reads an address with or without a port; some proxies write one.
func hopOf(text string) (string, bool) {
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return a.Unmap().WithZone("").String(), true
	}
	if _, err := netip.ParseAddrPort(text); err == nil {
		return addressOf(text), true
	}
	return "", false
}
