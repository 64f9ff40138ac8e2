package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// Limits bounds what one caller may take of the server.
type Limits struct {
	CallerRate   float64       `key:"caller_rate" doc:"requests a second that one access key or token subject may send"`
	CallerBurst  int           `key:"caller_burst" doc:"requests that one access key or token subject may send at once"`
	AddressRate  float64       `key:"address_rate" doc:"requests a second that one network address (a /64 of IPv6) may send, before anybody is asked who they are"`
	AddressBurst int           `key:"address_burst" doc:"requests that one network address may send at once"`
	Timeout      time.Duration `key:"timeout" doc:"time that one request may take; event streams go on"`
}

// longestRequest is within the time that the server gives a connection.
const longestRequest = time.Minute

func defaultLimits() Limits {
	return Limits{CallerRate: 100, CallerBurst: 500, AddressRate: 300, AddressBurst: 1500, Timeout: 30 * time.Second}
}

func (l Limits) validate() error {
	for _, r := range []struct {
		key   string
		rate  float64
		burst int
	}{{"caller", l.CallerRate, l.CallerBurst}, {"address", l.AddressRate, l.AddressBurst}} {
		if !(r.rate > 0) || r.rate > 1e9 {
			return fmt.Errorf("setting limits.%s_rate is %g: want more than 0: %w", r.key, r.rate, fault.ErrInvalid)
		}
		if r.burst < 1 {
			return fmt.Errorf("setting limits.%s_burst is %d: want 1 or more: %w", r.key, r.burst, fault.ErrInvalid)
		}
	}
	if l.Timeout < time.Second || l.Timeout > longestRequest {
		return fmt.Errorf("setting limits.timeout is %s: want 1s to %s: %w", l.Timeout, longestRequest, fault.ErrInvalid)
	}
	return nil
}

// Proxies are the networks of serve.trusted_proxies.
func (s Serve) Proxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range s.TrustedProxies {
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			list = append(list, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("setting serve.trusted_proxies has %q: want an address or a network, as 10.0.0.0/8: %w", text, fault.ErrInvalid)
		}
		list = append(list, p)
	}
	return list, nil
}
