package app

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/eksposure/eksposure/internal/cli"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/server"
	"github.com/eksposure/eksposure/internal/telemetry"
)

// metricsPath is where Prometheus looks by default.
const metricsPath = "/metrics"

// leastToken is the length of a metrics token that cannot be guessed.
const leastToken = 16

// metricsServer is the listener of the metrics with the token that scrapes carry;
// an empty one asks for none, on loopback alone.
type metricsServer struct {
	*server.Server

	token []byte
}

// listenMetrics binds the address of the metrics, or none. What findings there are
// is nobody's business, so that other machines need TLS and the token.
func (a *App) listenMetrics(ctx context.Context) (*metricsServer, error) {
	c := a.o.Config.Serve
	if c.MetricsListen == "" {
		return nil, nil //nolint:nilnil // no metrics are asked for
	}
	m := &metricsServer{}
	if c.MetricsTokenFile != "" {
		token, err := os.ReadFile(c.MetricsTokenFile)
		if err != nil {
			return nil, fmt.Errorf("setting serve.metrics_token_file: %w: %w", err, fault.ErrInvalid)
		}
		if m.token = bytes.TrimSpace(token); len(m.token) < leastToken {
			return nil, fmt.Errorf("setting serve.metrics_token_file: %q holds %d characters: want %d or more: %w", c.MetricsTokenFile, len(m.token), leastToken, fault.ErrInvalid)
		}
	}
	if host, _, err := net.SplitHostPort(c.MetricsListen); err == nil && m.token == nil && !server.Loopback(host) {
		return nil, fmt.Errorf("setting serve.metrics_listen: address %q is reached from other machines, which demands a token: give --metrics-token-file, or listen on 127.0.0.1: %w", c.MetricsListen, fault.ErrInvalid)
	}
	sc := server.Config{Address: c.MetricsListen, Flag: "--metrics-listen", Now: a.o.Clock, Log: a.o.Log}
	if host, _, err := net.SplitHostPort(c.MetricsListen); err == nil && !server.Loopback(host) {
		sc.CertFile, sc.KeyFile = c.TLSCert, c.TLSKey
	}
	var err error
	if m.Server, err = server.Listen(ctx, sc); err != nil {
		return nil, fmt.Errorf("setting serve.metrics_listen: %w", err)
	}
	return m, nil
}

// guard answers scrapes, and those only that carry the token.
func (m *metricsServer) guard(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+metricsPath, func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if m.token != nil && subtle.ConstantTimeCompare([]byte(given), m.token) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the metrics token is missing or wrong", http.StatusUnauthorized)
			return
		}
		metrics.ServeHTTP(w, r)
	})
	return mux
}

// metricList is the metrics' documentation.
func metricList() []cli.Metric {
	var list []cli.Metric
	for _, m := range telemetry.List() {
		list = append(list, cli.Metric(m))
	}
	return list
}

// unready is the category of an error: whoever asks for readiness learns no more.
func unready(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Name
}

// closing closes what was opened before an error.
func closing(err error, parts ...interface{ Close() error }) error {
	errs := []error{err}
	for _, p := range parts {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
