package kubetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// EKS sets up a lab that authenticates the way EKS does.
type EKS struct {
	// Cluster is the cluster's name; a token made for another is refused.
	Cluster string
	// STS is the AWS endpoint that knows the callers and verifies signatures.
	STS string
	// Entries let IAM principals in, as access entries do.
	Entries []Entry
}

// Entry maps an IAM principal to a Kubernetes identity.
type Entry struct {
	// ARN is a role's, arn:…:role/NAME, or a user's, arn:…:user/NAME.
	ARN      string
	Username string
	Groups   []string
}

// StartEKS starts a lab whose tokens are checked by the real
// aws-iam-authenticator, which asks STS who signed them. To the authenticator STS
// is https://sts.REGION.amazonaws.com, reached by a proxy that ends at e.STS.
func StartEKS(tb testing.TB, e EKS) *Lab {
	tb.Helper()
	program, err := Program("aws-iam-authenticator")
	if errors.Is(err, ErrNotBuilt) && os.Getenv("CI") != "true" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	proxy, ca, err := startSTS(tb, e.STS)
	if err != nil {
		tb.Fatal(err)
	}
	webhook, err := startAuthenticator(tb, authenticator{program: program, dir: dir, proxy: proxy, ca: ca}, e)
	if err != nil {
		tb.Fatal(err)
	}
	return Start(tb, Options{TokenWebhook: webhook})
}

type authenticator struct {
	program, dir, proxy string
	ca                  []byte
}

// startAuthenticator returns the path of the webhook's kubeconfig, once the
// webhook answers.
func startAuthenticator(tb testing.TB, a authenticator, e EKS) (string, error) {
	tb.Helper()
	caFile := filepath.Join(a.dir, "ca.pem")
	if err := os.WriteFile(caFile, a.ca, 0o600); err != nil {
		return "", err
	}
	config := filepath.Join(a.dir, "config.json") // JSON is YAML
	if err := os.WriteFile(config, authenticatorConfig(e), 0o600); err != nil {
		return "", err
	}
	port, err := freePort(tb.Context())
	if err != nil {
		return "", err
	}
	webhook := filepath.Join(a.dir, "webhook.kubeconfig")
	// The authenticator heeds neither SIGTERM nor its standard input, so a shell
	// ends it when ours closes.
	cmd := exec.Command("sh", "-c", `"$@" & cat >/dev/null; kill -9 $!`, "sh",
		a.program, "server", "--config="+config, "--state-dir="+a.dir, "--generate-kubeconfig="+webhook,
		"--port="+strconv.Itoa(port), "--backend-mode=MountedFile")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HTTPS_PROXY=" + a.proxy, "SSL_CERT_FILE=" + caFile,
		"AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
	}
	c, err := startChild(cmd)
	if err != nil {
		return "", err
	}
	tb.Cleanup(c.stop)
	go func() { _, _ = io.Copy(io.Discard, c.stdout) }()
	if err := awaitHealthy(tb.Context(), port); err != nil {
		return "", fmt.Errorf("aws-iam-authenticator: %w\n%s", err, c.tail())
	}
	return webhook, nil
}

func authenticatorConfig(e EKS) []byte {
	type mapping map[string]any
	var roles, users []mapping
	for _, entry := range e.Entries {
		m := mapping{"username": entry.Username, "groups": entry.Groups}
		if strings.Contains(entry.ARN, ":user/") {
			m["userARN"] = entry.ARN
			users = append(users, m)
			continue
		}
		m["roleARN"] = entry.ARN
		roles = append(roles, m)
	}
	data, err := json.Marshal(map[string]any{
		"clusterID": e.Cluster,
		"server":    map[string]any{"mapRoles": roles, "mapUsers": users},
	})
	if err != nil {
		panic(err) // only strings in there
	}
	return data
}

// awaitHealthy polls the webhook. Its certificate is its own.
func awaitHealthy(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // only asks whether it is up
	}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://127.0.0.1:"+strconv.Itoa(port)+"/healthz", http.NoBody)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			return resp.Body.Close()
		}
		select {
		case <-ctx.Done():
			return errors.New("does not answer in time")
		case <-tick.C:
		}
	}
}

func freePort(ctx context.Context) (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// startSTS starts the proxy and returns its URL and the authority that signed
// the certificates it shows. Whatever host a client wants to CONNECT to, it is
// answered by the AWS endpoint.
func startSTS(tb testing.TB, endpoint string) (proxyURL string, caPEM []byte, err error) {
	tb.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		return "", nil, err
	}
	issue, caPEM, err := newIssuer()
	if err != nil {
		return "", nil, err
	}
	var lc net.ListenConfig
	inner, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	outer, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	sts := &http.Server{Handler: passTo(target), ReadHeaderTimeout: startTime, ErrorLog: quiet}
	proxy := &http.Server{Handler: connectTo(inner.Addr().String()), ReadHeaderTimeout: startTime, ErrorLog: quiet}
	go func() {
		_ = sts.Serve(tls.NewListener(inner, &tls.Config{GetCertificate: issue, MinVersion: tls.VersionTLS12}))
	}()
	go func() { _ = proxy.Serve(outer) }()
	tb.Cleanup(func() { _ = sts.Close(); _ = proxy.Close() })
	return "http://" + outer.Addr().String(), caPEM, nil
}

// connectTo leads every CONNECT to one address.
func connectTo(address string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		hijacker, ok := w.(http.Hijacker)
		if req.Method != http.MethodConnect || !ok {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		var dialer net.Dialer
		far, err := dialer.DialContext(req.Context(), "tcp", address)
		if err != nil {
			http.Error(w, "no STS", http.StatusBadGateway)
			return
		}
		near, _, err := hijacker.Hijack()
		if err != nil {
			_ = far.Close()
			return
		}
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		_, _ = io.Copy(near, far)
		_ = near.Close()
	})
}

// passTo passes signed requests on untouched, Host included, and the answers back.
func passTo(endpoint *url.URL) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = endpoint.Scheme, endpoint.Host
	}}
}

// newIssuer makes an authority that gives a certificate for whatever host a
// client asks for.
func newIssuer() (func(*tls.ClientHelloInfo) (*tls.Certificate, error), []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubetest STS"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	issue := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, DNSNames: []string{hello.ServerName},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}, ca, key.Public(), key)
		if err != nil {
			return nil, err
		}
		return &tls.Certificate{Certificate: [][]byte{leaf}, PrivateKey: key}, nil
	}
	return issue, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
