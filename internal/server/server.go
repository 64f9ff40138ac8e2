// Package server listens: plain HTTP on loopback, TLS everywhere else, with bounds
// on time and headers, and an end that finishes the requests in flight.
//
// What is answered is a handler's business, which is given; health and readiness
// are answered here, because they have to be before there is anything else. The
// package opens no database and knows no route.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// headerTime bounds reading a request's head: nobody may hold a connection by
	// sending a byte a minute.
	headerTime = 10 * time.Second
	// readTime and writeTime bound whole requests and answers. A handler whose answer
	// is a stream moves its own deadline (http.ResponseController).
	readTime  = 2 * time.Minute
	writeTime = 2 * time.Minute
	// idleTime is longer than load balancers keep idle connections (AWS: 60 s), so
	// that they, and not we, close them.
	idleTime = 2 * time.Minute
	// maxHeader bounds a request's head; signed requests with session tokens need
	// some 4 KiB.
	maxHeader = 32 << 10
	// DefaultGrace is the time that requests in flight have when the server ends;
	// Kubernetes kills after 30 seconds.
	DefaultGrace = 20 * time.Second
)

// Config says where a Server listens.
type Config struct {
	// Address is HOST:PORT. A host that is not loopback demands a certificate.
	Address string
	// Flag is the flag that names another address, for errors.
	Flag string
	// CertFile and KeyFile are PEM files; they are read again when they change.
	CertFile, KeyFile string
	// Grace is the time that requests in flight have when the server ends.
	Grace time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// WithDefaults fills what was left out.
func (c Config) WithDefaults() Config {
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Validate refuses an address that others reach without TLS.
func (c Config) Validate() error {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		return fmt.Errorf("address %q: want HOST:PORT, as 127.0.0.1:8443: %w", c.Address, fault.ErrInvalid)
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return fmt.Errorf("a certificate needs its key, and a key its certificate (--tls-cert and --tls-key): %w", fault.ErrInvalid)
	}
	if c.CertFile == "" && !Loopback(host) {
		return fmt.Errorf("address %q is reached from other machines, which demands TLS: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that speaks TLS: %w",
			c.Address, fault.ErrInvalid)
	}
	return nil
}

// bindFault says why the address cannot be had, and what to do.
func (c Config) bindFault(err error) error {
	another := "name another address"
	if c.Flag != "" {
		another += " with " + c.Flag
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("another program has this port; end it, or %s: %w", another, fault.ErrUnavailable)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this port needs rights that the program does not have; %s: %w", another, fault.ErrDenied)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("this machine does not have this address; %s: %w", another, fault.ErrInvalid)
	}
	return fmt.Errorf("%w; %s: %w", err, another, fault.ErrUnavailable)
}

// Loopback reports whether a host is this machine for this machine alone. Any name
// but localhost counts as reachable, whatever it resolves to today.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// Server is bound to its address, and not serving yet.
type Server struct {
	cfg      Config
	listener net.Listener
	http     *http.Server
	handler  atomic.Pointer[http.Handler]
	health   *Health
	end      context.CancelFunc
	// certificate is nil without TLS.
	certificate *certificate
}

// Listen binds the address and reads the certificate.
func Listen(ctx context.Context, c Config) (*Server, error) {
	c = c.WithDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var config *tls.Config
	var own *certificate
	if c.CertFile != "" {
		var err error
		if own, err = newCertificate(c); err != nil {
			return nil, err
		}
		config = &tls.Config{GetCertificate: own.get, MinVersion: tls.VersionTLS12}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Address)
	if err != nil {
		return nil, fault.Local(fmt.Errorf("listen on %q: %w", c.Address, c.bindFault(err)))
	}
	s := &Server{cfg: c, listener: listener, health: newHealth(c.Now), certificate: own}
	base, end := context.WithCancel(context.WithoutCancel(ctx))
	s.end = end
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), TLSConfig: config,
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    log.New(debugWriter{c.Log}, "", 0),
	}
	return s, nil
}

// URL is where the server is reached from this machine: a wildcard address is no
// place that a client can ask for, and with TLS the certificate has to fit the name.
func (s *Server) URL() string {
	u := url.URL{Scheme: "http"}
	host, _, _ := net.SplitHostPort(s.cfg.Address) // Validate has seen it
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	hosts := []string{host}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		hosts = []string{"127.0.0.1", "localhost"}
		if a.Is6() {
			hosts = []string{"[::1]", "localhost", "127.0.0.1"}
		}
	}
	host = hosts[0]
	if s.certificate != nil {
		u.Scheme, host = "https", s.certificate.fitting(hosts)
	}
	u.Host = net.JoinHostPort(strings.Trim(host, "[]"), port)
	return u.String()
}

// Health is what /healthz and /readyz answer.
func (s *Server) Health() *Health { return s.health }

// Handle sets what answers everything but health; until then it is "not ready".
func (s *Server) Handle(h http.Handler) { s.handler.Store(&h) }

// Run serves until the context ends. Then readiness is false, no connection is
// accepted any more, and requests in flight have the grace to finish; what is left
// then is cut off.
func (s *Server) Run(ctx context.Context) error {
	defer s.end()
	failed := make(chan error, 1)
	go func() { failed <- s.listen() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %q: %w: %w", s.cfg.Address, err, fault.ErrUnavailable)
	case <-ctx.Done():
	}
	s.health.drain()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Grace)
	defer cancel()
	err := s.http.Shutdown(ctx)
	s.end()
	if err == nil {
		return nil
	}
	s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "requests cut off at the end of the grace", slog.Duration("grace", s.cfg.Grace))
	if err := s.http.Close(); err != nil {
		return fmt.Errorf("end connections: %w", err)
	}
	return nil
}

// Close gives the address back when Run was never called.
func (s *Server) Close() error {
	s.end()
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the listener: %w", err)
	}
	return nil
}

func (s *Server) listen() error {
	if s.http.TLSConfig == nil {
		return s.http.Serve(s.listener)
	}
	return s.http.ServeTLS(s.listener, "", "")
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		s.health.alive(w, r)
		return
	case "/readyz":
		s.health.ready(w, r)
		return
	}
	h := s.handler.Load()
	if h == nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	began := s.cfg.Now()
	(*h).ServeHTTP(w, r)
	s.cfg.Log.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("address", r.RemoteAddr), slog.Duration("took", s.cfg.Now().Sub(began)))
}

// debugWriter takes net/http's own complaints, which others cause: broken
// handshakes, connections that were reset.
type debugWriter struct{ log *slog.Logger }

// Write implements io.Writer.
func (w debugWriter) Write(p []byte) (int, error) {
	w.log.LogAttrs(context.Background(), slog.LevelDebug, "connection", slog.String("error", strings.TrimSpace(string(p)))) //nolint:forbidigo // net/http's logger has no context
	return len(p), nil
}
