package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
)

// X-Forwarded-For counts as far as proxies wrote it that the settings name.
func TestProxies(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")}
	tests := []struct {
		name      string
		proxies   []netip.Prefix
		remote    string
		forwarded []string
		want      string
	}{
		{"no proxy is named", nil, "10.0.0.1:99", []string{"192.0.2.1"}, "10.0.0.1"},
		{"not from a proxy", proxies, "192.0.2.9:99", []string{"192.0.2.1"}, "192.0.2.9"},
		{"no header", proxies, "10.0.0.1:99", nil, "10.0.0.1"},
		{"one proxy", proxies, "10.0.0.1:99", []string{"192.0.2.1"}, "192.0.2.1"},
		{"what the caller wrote", proxies, "10.0.0.1:99", []string{"1.1.1.1, 192.0.2.1"}, "192.0.2.1"},
		{"two proxies", proxies, "[2001:db8::1]:99", []string{"1.1.1.1, 192.0.2.1", "10.2.3.4"}, "192.0.2.1"},
		{"proxies alone", proxies, "10.0.0.1:99", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"with ports", proxies, "10.0.0.1:99", []string{"[2001:db8::7]:1234"}, "2001:db8::7"},
		{"mapped", proxies, "[::ffff:10.0.0.1]:99", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"no address", proxies, "10.0.0.1:99", []string{"192.0.2.1, unknown"}, "10.0.0.1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := api.New(api.Config{
				Routes: []api.Route{{
					Operation: "Who", Method: http.MethodGet, Path: "/who", Action: access.Read, Open: true,
					Handle: func(w http.ResponseWriter, _ *http.Request, c api.Caller) error {
						_, err := io.WriteString(w, c.Address)
						return err
					},
				}},
				Audit: &audit{}, Now: noon, Proxies: test.proxies,
			})
			r := httptest.NewRequest(http.MethodGet, "/who", http.NoBody)
			r.RemoteAddr = test.remote
			r.Header["X-Forwarded-For"] = test.forwarded
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Body.String() != test.want {
				t.Errorf("the caller is %q, want %q", rec.Body, test.want)
			}
		})
	}
}
