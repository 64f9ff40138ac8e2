package webhook_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/webhook"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// The example of the Standard Webhooks specification, "Signature scheme".
func TestSign(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	got := webhook.Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func event(id string) ocsf.Event {
	return ocsf.Event{
		Version: "0", ID: id, DetailType: ocsf.DetailType, Source: "eksposure", Time: ocsf.EventTime(now),
		Detail: ocsf.EventDetail{Findings: []json.RawMessage{json.RawMessage(`{"severity":"High"}`)}},
	}
}

// receiver answers the statuses in turn, then 204, and keeps what it verified.
type receiver struct {
	t        *testing.T
	statuses []int
	header   http.Header
	got      []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		r.t.Error(err)
	}
	want := webhook.Sign(key, q.Header.Get("Webhook-Id"), q.Header.Get("Webhook-Timestamp"), body)
	if !strings.Contains(" "+q.Header.Get("Webhook-Signature")+" ", " "+want+" ") {
		r.t.Errorf("signature %q, want %q", q.Header.Get("Webhook-Signature"), want)
	}
	var e ocsf.Event
	if err := json.Unmarshal(body, &e); err != nil || e.ID != q.Header.Get("Webhook-Id") || len(e.Detail.Findings) != 1 {
		r.t.Errorf("body %s: %v", body, err)
	}
	if len(r.statuses) > 0 {
		maps.Copy(w.Header(), r.header)
		w.WriteHeader(r.statuses[0])
		_, _ = io.WriteString(w, "not\nnow")
		r.statuses = r.statuses[1:]
		return
	}
	r.got = append(r.got, e.ID)
	w.WriteHeader(http.StatusNoContent)
}

func TestEventsAreSentInOrderAndVerified(t *testing.T) {
	r := &receiver{t: t}
	s := httptest.NewTLSServer(r)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	h, err := webhook.New(webhook.Config{
		Name: "siem", URL: s.URL, Now: func() time.Time { return now }, TLS: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		Secret: func() (string, error) {
			return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n" + secret + "\n", nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := h.Deliver(t.Context(), []ocsf.Event{event("a:1"), event("b:2")})
	if n != 2 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if diff := cmp.Diff([]string{"a:1", "b:2"}, r.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if h.Name() != "webhook:siem" {
		t.Errorf("name %q", h.Name())
	}
}

func TestRefusalsSayWhatCanBeDone(t *testing.T) {
	tests := []struct {
		status int
		header http.Header
		want   error
		after  time.Duration
	}{
		{http.StatusInternalServerError, nil, fault.ErrUnavailable, 0},
		{http.StatusServiceUnavailable, http.Header{"Retry-After": {"7"}}, fault.ErrUnavailable, 7 * time.Second},
		{http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}}, fault.ErrThrottled, 30 * time.Second},
		{http.StatusUnauthorized, nil, fault.ErrDenied, 0},
		{http.StatusUnprocessableEntity, nil, fault.ErrInvalid, 0},
		{http.StatusFound, http.Header{"Location": {"http://169.254.169.254/"}}, fault.ErrInvalid, 0},
	}
	for _, tt := range tests {
		t.Run(http.StatusText(tt.status), func(t *testing.T) {
			r := &receiver{t: t, statuses: []int{tt.status}, header: tt.header}
			s := httptest.NewServer(r)
			defer s.Close()
			h, err := webhook.New(webhook.Config{Name: "siem", URL: s.URL, Now: func() time.Time { return now }, Secret: func() (string, error) { return secret, nil }})
			if err != nil {
				t.Fatal(err)
			}
			n, err := h.Deliver(t.Context(), []ocsf.Event{event("a:1"), event("b:2")})
			if n != 0 || !errors.Is(err, tt.want) {
				t.Fatalf("%d, %v", n, err)
			}
			var wait interface{ RetryAfter() time.Duration }
			if !errors.As(err, &wait) || wait.RetryAfter() != tt.after {
				t.Errorf("%v: wait %v", err, wait)
			}
			if !strings.Contains(err.Error(), "not now") || !strings.Contains(err.Error(), "siem") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	tests := []struct{ name, url, secret string }{
		{"plain HTTP", "http://hooks.example/", secret},
		{"no URL", "hooks", secret},
		{"no prefix", "https://hooks.example/", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		{"short", "https://hooks.example/", "whsec_c2hvcnQ="},
		{"long", "https://hooks.example/", "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))},
		{"empty", "https://hooks.example/", "\n"},
	}
	for _, tt := range tests {
		_, err := webhook.New(webhook.Config{Name: "h", URL: tt.url, Secret: func() (string, error) { return tt.secret, nil }})
		if !errors.Is(err, fault.ErrInvalid) || strings.Contains(err.Error(), strings.TrimPrefix(tt.secret, "whsec_")) && len(tt.secret) > 6 {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	_, err := webhook.New(webhook.Config{Name: "h", URL: "https://hooks.example/", Secret: func() (string, error) {
		b, err := os.ReadFile(file)
		return string(b), err
	}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
