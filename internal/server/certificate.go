package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// lookEvery is how often the files are looked at while handshakes come in.
const lookEvery = time.Second

// certificate is read again when its files change, as certificate managers replace
// them; what cannot be read leaves the old one in use.
type certificate struct {
	cfg Config

	mu      sync.Mutex
	looked  time.Time
	stamp   string
	current *tls.Certificate
}

func newCertificate(cfg Config) (*certificate, error) {
	c := &certificate{cfg: cfg, looked: cfg.Now()}
	var err error
	if c.stamp, err = stamp(cfg.CertFile, cfg.KeyFile); err != nil {
		return nil, err
	}
	c.current, err = load(cfg.CertFile, cfg.KeyFile)
	return c, err
}

func (c *certificate) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	if now.Sub(c.looked) < lookEvery {
		return c.current, nil
	}
	c.looked = now
	s, err := stamp(c.cfg.CertFile, c.cfg.KeyFile)
	if err == nil && s == c.stamp {
		return c.current, nil
	}
	var fresh *tls.Certificate
	if err == nil {
		fresh, err = load(c.cfg.CertFile, c.cfg.KeyFile)
	}
	if err != nil {
		// The two files are not replaced at once; half of a change is looked at again.
		c.cfg.Log.LogAttrs(hello.Context(), slog.LevelWarn, "changed certificate not read, the old one stays", slog.String("error", err.Error()))
		return c.current, nil
	}
	c.current, c.stamp = fresh, s
	c.cfg.Log.LogAttrs(context.WithoutCancel(hello.Context()), slog.LevelInfo, "certificate read again", slog.String("file", c.cfg.CertFile))
	return c.current, nil
}

// fitting gives the first host that the certificate is for, else a name that it is
// for, else the first host.
func (c *certificate) fitting(hosts []string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf := c.current.Leaf
	for _, host := range hosts {
		if leaf.VerifyHostname(host) == nil {
			return host
		}
	}
	for _, name := range leaf.DNSNames {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	return hosts[0]
}

func load(certFile, keyFile string) (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %q with key %q: %w: %w", certFile, keyFile, err, fault.ErrInvalid)
	}
	return &c, nil
}

// stamp changes when one of the files does.
func stamp(files ...string) (string, error) {
	var text strings.Builder
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return "", fmt.Errorf("certificate: %w: %w", err, fault.ErrNotFound)
		}
		fmt.Fprintln(&text, info.ModTime().UnixNano(), info.Size())
	}
	return text.String(), nil
}
