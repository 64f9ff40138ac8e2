package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/outbound"
)

func TestParseURL(t *testing.T) {
	for raw, valid := range map[string]bool{
		"https://hooks.example/x?y=1": true, "http://localhost:8080/": true, "http://127.0.0.1:1/x": true, "http://[::1]:1": true,
		"https://10.0.0.7/x": true, "http://hooks.example/": false, "http://10.0.0.7/": false, "ftp://localhost/": false, "hooks.example": false,
		"": false, "https://": false, "https://user:secret@hooks.example/": false, "https:hooks": false, "http://localhost.example/": false,
	} {
		u, err := outbound.ParseURL(raw)
		if valid != (err == nil) || err != nil && !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%q: %v, %v", raw, u, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func get(t *testing.T, c *outbound.Client, url string) (outbound.Answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return c.Do(r)
}

func TestMetadataAddressesAreNeverConnectedTo(t *testing.T) {
	c := outbound.New(outbound.Config{Timeout: 2 * time.Second})
	for _, url := range []string{
		"http://169.254.169.254/latest/meta-data/", "http://169.254.170.2/v2/credentials", "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/", "http://0.0.0.0/",
	} {
		if _, err := get(t, c, url); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	a, err := get(t, outbound.New(outbound.Config{Timeout: 5 * time.Second}), s.URL)
	if err != nil || a.Status != http.StatusTemporaryRedirect || asked != 1 || !errors.Is(a.Fault(), fault.ErrInvalid) {
		t.Errorf("%+v after %d requests, %v", a, asked, err)
	}
}

func TestErrorsKeepTheQueryToThemselves(t *testing.T) {
	s := httptest.NewServer(nil)
	url := s.URL + "/x?token=secret"
	s.Close()
	_, err := get(t, outbound.New(outbound.Config{Timeout: 5 * time.Second}), url)
	if !errors.Is(err, fault.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("error is %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := http.NewRequestWithContext(canceled, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbound.New(outbound.Config{Timeout: 5 * time.Second}).Do(r); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestRetryAfterAndFault(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "Wed, 25 Nov 2026 12:00:30 GMT": 30 * time.Second, "Wed, 25 Nov 2026 11:00:00 GMT": 0, "-1": 0, "soon": 0, "": 0,
	} {
		if got := (outbound.Answer{Header: http.Header{"Retry-After": {text}}}).RetryAfter(now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for status, want := range map[int]error{
		200: nil, 204: nil, 302: fault.ErrInvalid, 400: fault.ErrInvalid, 401: fault.ErrDenied, 403: fault.ErrDenied, 404: fault.ErrNotFound,
		408: fault.ErrUnavailable, 409: fault.ErrConflict, 410: fault.ErrInvalid, 422: fault.ErrInvalid, 425: fault.ErrUnavailable, 429: fault.ErrThrottled, 500: fault.ErrUnavailable, 503: fault.ErrUnavailable,
	} {
		if got := (outbound.Answer{Status: status}).Fault(); !errors.Is(got, want) {
			t.Errorf("%d: %v, want %v", status, got, want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"https://hooks.example/x?y=1", "http://localhost:8080/", "http://[::1%25lo]/", "http://127.0.0.1@evil.example/", "HTTPS://x", "http://0x7f000001/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := outbound.ParseURL(raw)
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		host := u.Hostname()
		plain := host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "::1%") || strings.HasPrefix(host, "::ffff:")
		if u.Host == "" || u.User != nil || u.Scheme != "https" && !plain {
			t.Errorf("%q is taken", raw)
		}
	})
}
