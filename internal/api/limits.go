package api

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what one caller may take.
type Limits struct {
	// PerPrincipal bounds the requests of one key or token subject.
	PerPrincipal Rate
	// PerAddress bounds the requests of one network address (of a /64 of IPv6),
	// before anybody is asked who they are.
	PerAddress Rate
	// Timeout bounds one request.
	Timeout time.Duration
}

// Rate is a token bucket.
type Rate struct {
	PerSecond float64
	Burst     int
}

// WithDefaults fills what is not set.
func (l Limits) WithDefaults() Limits {
	if l.PerPrincipal == (Rate{}) {
		l.PerPrincipal = Rate{PerSecond: 100, Burst: 500}
	}
	if l.PerAddress == (Rate{}) {
		l.PerAddress = Rate{PerSecond: 300, Burst: 1500}
	}
	if l.Timeout == 0 {
		l.Timeout = 30 * time.Second
	}
	return l
}

// maxBuckets bounds a table of rates: what is more shares one bucket.
const maxBuckets = 16 << 10

// rates holds a token bucket for each of many names.
type rates struct {
	mu      sync.Mutex
	rate    Rate
	buckets map[string]*rate.Limiter
	// others is for the names that have no room.
	others *rate.Limiter
	swept  time.Time
}

func newRates(r Rate) *rates {
	return &rates{rate: r, buckets: map[string]*rate.Limiter{}, others: rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)}
}

// allow takes one token of a name's bucket.
func (t *rates) allow(name string, now time.Time) bool {
	t.mu.Lock()
	bucket, ok := t.buckets[name]
	if !ok && len(t.buckets) >= maxBuckets {
		t.sweep(now)
	}
	if !ok && len(t.buckets) < maxBuckets {
		bucket = rate.NewLimiter(rate.Limit(t.rate.PerSecond), t.rate.Burst)
		t.buckets[name], ok = bucket, true
	}
	t.mu.Unlock()
	if !ok {
		bucket = t.others
	}
	return bucket.AllowN(now, 1)
}

// sweep drops the buckets that are full again, which are as good as new ones, at
// most once in a second.
func (t *rates) sweep(now time.Time) {
	if now.Sub(t.swept) < time.Second {
		return
	}
	t.swept = now
	for name, bucket := range t.buckets {
		if bucket.TokensAt(now) >= float64(t.rate.Burst) {
			delete(t.buckets, name)
		}
	}
}

// addressOf is an address without the port.
func addressOf(remote string) string {
	if port, err := netip.ParseAddrPort(remote); err == nil {
		return port.Addr().Unmap().WithZone("").String()
	}
	return remote
}

// network is what shares a bucket with an address: its /64 for IPv6.
func network(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Is4() {
		return address
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
