// Package webhook sends events to an HTTP receiver, signed as the Standard Webhooks
// specification says (standardwebhooks.com, version 1.0.0): HMAC-SHA256 over
// "ID.TIMESTAMP.BODY", and an ID by which a receiver drops what it has already.
//
// It sends each event once and tells whether the receiver took it; package deliver
// decides when to try again.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/outbound"
)

const (
	// secretPrefix begins a secret in its written form.
	secretPrefix = "whsec_"
	// minSecret and maxSecret bound a secret's bytes (Standard Webhooks, "Symmetric keys").
	minSecret, maxSecret = 24, 64
	// timeout is how long a receiver may take (Standard Webhooks recommends 15 to 30 s).
	timeout = 15 * time.Second
	// maxBody bounds an event: that of EventBridge, so that both sinks tell the same.
	maxBody = 1_000_000
	// maxReason bounds what of a receiver's answer is kept.
	maxReason = 300
)

// Config says where a hook leads.
type Config struct {
	// Name is what the settings call the hook.
	Name string
	URL  string
	// Secret gives the signing secret, in its written form: whsec_ and base64. It is
	// asked for each event, so that a secret can be exchanged while the program runs.
	// Several, one a line, all sign: the receiver may know the old or the new one.
	Secret func() (string, error)
	// Now is the clock.
	Now func() time.Time
	// TLS replaces the system's settings when it is not nil.
	TLS *tls.Config
}

// Hook is one receiver.
type Hook struct {
	cfg    Config
	url    *url.URL
	client *outbound.Client
}

// New checks the configuration; nothing is sent.
func New(cfg Config) (*Hook, error) {
	u, err := outbound.ParseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("webhook %q: %w", cfg.Name, err)
	}
	h := &Hook{cfg: cfg, url: u, client: outbound.New(outbound.Config{Timeout: timeout, TLS: cfg.TLS})}
	if _, err := h.secrets(); err != nil {
		return nil, err
	}
	return h, nil
}

// Name is that of the sink.
func (h *Hook) Name() string { return "webhook:" + h.cfg.Name }

// Batch is how many events are sent at once: a receiver answers for one.
func (h *Hook) Batch() int { return 1 }

// MaxEvent is the largest event in bytes.
func (h *Hook) MaxEvent() int { return maxBody }

// Deliver sends events in order and gives how many the receiver took.
func (h *Hook) Deliver(ctx context.Context, events []ocsf.Event) (int, error) {
	for i, e := range events {
		if err := h.send(ctx, e); err != nil {
			return i, err
		}
	}
	return len(events), nil
}

func (h *Hook) send(ctx context.Context, e ocsf.Event) error {
	secrets, err := h.secrets()
	if err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %q: %w", e.ID, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook %q: %w", h.cfg.Name, err)
	}
	at := h.cfg.Now()
	stamp := strconv.FormatInt(at.Unix(), 10)
	var signatures []string
	for _, s := range secrets {
		signatures = append(signatures, Sign(s, e.ID, stamp, body))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "eksposure")
	request.Header.Set("Webhook-Id", e.ID)
	request.Header.Set("Webhook-Timestamp", stamp)
	request.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	answer, err := h.client.Do(request)
	if err != nil {
		return fmt.Errorf("webhook %q: %w", h.cfg.Name, err)
	}
	if category := answer.Fault(); category != nil {
		return &refusal{
			text:  fmt.Sprintf("webhook %q answers status %d: %s", h.cfg.Name, answer.Status, reason(answer.Body)),
			cause: category, after: answer.RetryAfter(at),
		}
	}
	return nil
}

// Sign gives a signature as the header holds it: "v1," and base64 of the HMAC.
func Sign(secret []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (h *Hook) secrets() ([][]byte, error) {
	text, err := h.cfg.Secret()
	if err != nil {
		return nil, fmt.Errorf("secret of webhook %q: %w", h.cfg.Name, err)
	}
	var list [][]byte
	for line := range strings.FieldsSeq(text) {
		encoded, ok := strings.CutPrefix(line, secretPrefix)
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(secret) < minSecret || len(secret) > maxSecret {
			return nil, fmt.Errorf("secret of webhook %q: want whsec_ and base64 of %d to %d bytes, as `echo whsec_$(openssl rand -base64 32)` makes it: %w",
				h.cfg.Name, minSecret, maxSecret, fault.ErrInvalid)
		}
		list = append(list, secret)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("secret of webhook %q is empty: %w", h.cfg.Name, fault.ErrInvalid)
	}
	return list, nil
}

// refusal is an answer that is not 2xx.
type refusal struct {
	text  string
	cause error
	after time.Duration
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.cause }

// RetryAfter is the wait that the receiver asked for.
func (r *refusal) RetryAfter() time.Duration { return r.after }

// reason is one bounded line of an answer.
func reason(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
	if text == "" {
		return "no reason given"
	}
	if len(text) > maxReason {
		return strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}
