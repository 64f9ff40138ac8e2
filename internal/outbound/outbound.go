// Package outbound is the HTTP client for addresses that a setting names: webhook
// receivers and ticket systems.
//
// It speaks TLS except to this machine, follows no redirect, never connects to
// link-local addresses (where clouds keep the metadata of a machine, credentials
// among them), and bounds time and answers. Private networks are allowed: the
// addresses come from the operator's settings, not from callers. A proxy that the
// environment names is used as every Go program does; it then decides what can be
// reached.
package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// maxAnswer bounds what is read of an answer; no ticket comes near it.
const maxAnswer = 1 << 20

// keepAlive bounds how long an idle connection is kept.
const keepAlive = 90 * time.Second

// ParseURL reads an address that a setting names: https, or http to this machine.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, fmt.Errorf("%q is no URL such as https://host/path: %w", raw, fault.ErrInvalid)
	}
	if u.User != nil {
		return nil, fmt.Errorf("the URL of host %q holds a user name or password; credentials have settings of their own: %w", u.Host, fault.ErrInvalid)
	}
	if u.Scheme == "https" || u.Scheme == "http" && local(u.Hostname()) {
		return u, nil
	}
	return nil, fmt.Errorf("URL %q: want https; http is for this machine (localhost, 127.0.0.1, ::1) alone: %w", raw, fault.ErrInvalid)
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Config says how a Client works.
type Config struct {
	// Timeout ends one request with its answer.
	Timeout time.Duration
	// TLS replaces the system's settings; tests trust their own authority with it.
	TLS *tls.Config
}

// Client sends requests.
type Client struct{ http *http.Client }

// New makes a Client.
func New(cfg Config) *Client {
	dialer := &net.Dialer{Timeout: cfg.Timeout, Control: allow}
	return &Client{http: &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSClientConfig: cfg.TLS, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: cfg.Timeout, ResponseHeaderTimeout: cfg.Timeout, IdleConnTimeout: keepAlive, MaxIdleConnsPerHost: 2,
			MaxResponseHeaderBytes: maxAnswer,
		},
	}}
}

// metadata6 is where EC2 answers for its metadata over IPv6.
var metadata6 = netip.MustParseAddr("fd00:ec2::254")

// allow looks at the address that is really connected to, after names were resolved.
func allow(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, fault.ErrInvalid)
	}
	a := at.Addr().Unmap()
	if a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || a.WithZone("") == metadata6 {
		return fmt.Errorf("address %s is link-local, multicast or a machine's metadata, and is never connected to: %w", a, fault.ErrDenied)
	}
	return nil
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request. An error says that no whole answer came; every status is an answer.
func (c *Client) Do(r *http.Request) (Answer, error) {
	response, err := c.http.Do(r) //nolint:gosec // the operator names the address, and allow looks at it
	if err != nil {
		return Answer{}, translate(r, err)
	}
	defer func() { _ = response.Body.Close() }() // what was wanted of it is read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, translate(r, err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// translate leaves path and query out: they may hold secrets.
func translate(r *http.Request, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Host, context.Canceled)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if errors.Is(err, fault.ErrDenied) {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Host, err)
	}
	return fmt.Errorf("%s %s: %w: %w", r.Method, r.URL.Host, err, fault.ErrUnavailable)
}

// RetryAfter is the wait that an answer asks for (RFC 9110, section 10.2.3), zero
// when it asks for none.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	text := a.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// Fault gives the category of an answer's status; nil for 2xx. A redirect is
// refused: a receiver that moved has to be named anew.
func (a Answer) Fault() error {
	switch {
	case a.Status >= 200 && a.Status < 300:
		return nil
	case a.Status == http.StatusTooManyRequests:
		return fault.ErrThrottled
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return fault.ErrDenied
	case a.Status == http.StatusNotFound:
		return fault.ErrNotFound
	case a.Status == http.StatusConflict:
		return fault.ErrConflict
	case a.Status == http.StatusRequestTimeout || a.Status == http.StatusTooEarly || a.Status >= 500:
		return fault.ErrUnavailable
	}
	return fault.ErrInvalid
}
