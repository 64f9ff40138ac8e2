package config_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/fault"
)

func TestLimits(t *testing.T) {
	c, err := config.Load(config.Sources{File: []byte(`
limits: {caller_rate: 0.5, caller_burst: 2}
access: {audit_retention: 48h}
serve: {trusted_proxies: [10.0.0.0/8, "::ffff:192.0.2.7", "2001:db8::1"]}
`), FileName: "f"})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Limits{CallerRate: 0.5, CallerBurst: 2, AddressRate: 300, AddressBurst: 1500, Timeout: 30 * time.Second}
	if diff := cmp.Diff(want, c.Limits); diff != "" || c.Access.AuditRetention != 48*time.Hour {
		t.Errorf("audit %s, limits (-want +got):\n%s", c.Access.AuditRetention, diff)
	}
	got, err := c.Serve.Proxies()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::1/128")}
	if diff := cmp.Diff(proxies, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); err != nil || diff != "" {
		t.Errorf("%v, proxies (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{
		"limits: {caller_rate: 0}", "limits: {address_rate: -1}", "limits: {address_rate: NaN}", "limits: {caller_burst: 0}", "limits: {timeout: 1h}",
		"access: {audit_retention: 1h}", "access: {audit_retention: -24h}", "serve: {trusted_proxies: [proxy.internal]}", "serve: {trusted_proxies: [10.0.0.0/33]}",
	} {
		if _, err := config.Load(config.Sources{File: []byte(bad), FileName: "f"}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
