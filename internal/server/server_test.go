package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/server"
)

func TestValidate(t *testing.T) {
	const cert = "any.pem"
	tests := []struct {
		address   string
		cert, key string
		want      error
	}{
		{address: "127.0.0.1:8443"},
		{address: "[::1]:8443"},
		{address: "localhost:0"},
		{address: "127.8.8.8:1"},
		{address: "[::ffff:127.0.0.1]:1"},
		{address: ":8443", want: fault.ErrInvalid},
		{address: "0.0.0.0:8443", want: fault.ErrInvalid},
		{address: "[::]:8443", want: fault.ErrInvalid},
		{address: "10.0.0.1:8443", want: fault.ErrInvalid},
		{address: "localhost.example.com:8443", want: fault.ErrInvalid},
		{address: "8443", want: fault.ErrInvalid},
		{address: "0.0.0.0:8443", cert: cert, key: cert},
		{address: "127.0.0.1:8443", cert: cert, want: fault.ErrInvalid},
		{address: "127.0.0.1:8443", key: cert, want: fault.ErrInvalid},
	}
	for _, test := range tests {
		err := server.Config{Address: test.address, CertFile: test.cert, KeyFile: test.key}.Validate()
		if !errors.Is(err, test.want) {
			t.Errorf("%+v: %v, want %v", test, err, test.want)
		}
	}
}

// start serves until the returned function is called, which gives Run's error.
func start(t *testing.T, c server.Config) (*server.Server, func() error) {
	t.Helper()
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s, err := server.Listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, func() error {
		cancel()
		return <-ended
	}
}

// The URL is one that a client on this machine can ask for.
func TestURL(t *testing.T) {
	dir := t.TempDir()
	certificate := func(name string, p keyPair) (string, string) {
		t.Helper()
		cert, key := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
		for file, data := range map[string][]byte{cert: p.cert, key: p.key} {
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return cert, key
	}
	tests := []struct {
		address string
		names   []string // of the certificate; none: no TLS
		want    string
	}{
		{"127.0.0.1:0", nil, "http://127.0.0.1:"},
		{"localhost:0", nil, "http://localhost:"},
		{"[::ffff:127.0.0.1]:0", nil, "http://[::ffff:127.0.0.1]:"},
		{"0.0.0.0:0", []string{"127.0.0.1"}, "https://127.0.0.1:"},
		{":0", []string{"127.0.0.1"}, "https://127.0.0.1:"},
		{":0", []string{"localhost"}, "https://localhost:"},
		{"0.0.0.0:0", []string{"*.example.com", "exposures.example.com"}, "https://exposures.example.com:"},
		{"0.0.0.0:0", []string{"*.example.com"}, "https://127.0.0.1:"},
		{"127.0.0.1:0", []string{"exposures.example.com"}, "https://exposures.example.com:"},
	}
	for i, test := range tests {
		c := server.Config{Address: test.address, Now: time.Now}
		if test.names != nil {
			c.CertFile, c.KeyFile = certificate(strconv.Itoa(i), pair(t, 1, test.names...))
		}
		s, err := server.Listen(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := strings.CutPrefix(s.URL(), test.want); !ok || strings.Trim(got, "0123456789") != "" || got == "0" {
			t.Errorf("%q with a certificate for %q: %s, want %s and a port", test.address, test.names, s.URL(), test.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// get asks and gives the status and the body.
func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err.Error()
	}
	return response.StatusCode, string(body)
}

// fresh is a client whose every request is a connection of its own.
func fresh() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
}

func TestReadiness(t *testing.T) {
	var now atomic.Int64
	s, stop := start(t, server.Config{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	want := func(status int, reasons ...server.Reason) {
		t.Helper()
		now.Add(10) // answers are kept for a moment
		code, body := get(t, fresh(), s.URL()+"/readyz")
		var got struct {
			Ready   bool            `json:"ready"`
			Reasons []server.Reason `json:"reasons"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if code != status || got.Ready != (status == http.StatusOK) {
			t.Errorf("%d %s, want %d", code, body, status)
		}
		if diff := cmp.Diff(append([]server.Reason{}, reasons...), got.Reasons); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
	}
	want(http.StatusServiceUnavailable, server.Reason{Part: "server", Reason: "starting"})
	if code, _ := get(t, fresh(), s.URL()+"/findingsv2"); code != http.StatusServiceUnavailable {
		t.Errorf("%d before there is a handler", code)
	}
	if code, _ := get(t, fresh(), s.URL()+"/healthz"); code != http.StatusOK {
		t.Errorf("health is %d while starting", code)
	}
	reason := atomic.Value{}
	reason.Store("the index is being made")
	s.Health().Check("index", func(context.Context) string { return reason.Load().(string) }) //nolint:forcetypeassert // only texts are stored
	s.Health().Started()
	want(http.StatusServiceUnavailable, server.Reason{Part: "index", Reason: "the index is being made"})
	reason.Store("")
	want(http.StatusOK)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := s.Health().Reasons(t.Context()); len(got) != 1 || got[0].Reason != "ending" {
		t.Errorf("reasons after the end: %v", got)
	}
}

// A request in flight is finished; new connections are refused meanwhile.
func TestGracefulEnd(t *testing.T) {
	s, stop := start(t, server.Config{})
	entered, leave := make(chan struct{}), make(chan struct{})
	s.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		_, _ = io.WriteString(w, "whole")
	}))
	type answer struct {
		code int
		body string
	}
	answered, ended := make(chan answer), make(chan error)
	go func() {
		code, body := get(t, fresh(), s.URL())
		answered <- answer{code, body}
	}()
	<-entered
	go func() { ended <- stop() }()
	for {
		if code, _ := get(t, fresh(), s.URL()+"/healthz"); code == 0 {
			break
		}
	}
	close(leave)
	if a := <-answered; a.code != http.StatusOK || a.body != "whole" {
		t.Errorf("the request in flight got %+v", a)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What does not finish within the grace is told by its context, and cut off.
func TestGraceEnds(t *testing.T) {
	s, stop := start(t, server.Config{Grace: 50 * time.Millisecond})
	entered, told := make(chan struct{}), make(chan struct{})
	s.Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(told)
	}))
	go func() { _, _ = get(t, fresh(), s.URL()) }()
	<-entered
	if err := stop(); err != nil {
		t.Error(err)
	}
	<-told
}

// A head that does not come, and one that is too large.
func TestBounds(t *testing.T) {
	s, stop := start(t, server.Config{})
	s.Handle(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	large := make([]byte, 64<<10)
	for i := range large {
		large[i] = 'a'
	}
	r.Header.Set("X-Large", string(large))
	response, err := fresh().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%s for a head of 64 KiB", response.Status)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestAddressInUse(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, err = server.Listen(t.Context(), server.Config{Address: l.Addr().String(), Now: time.Now})
	if !errors.Is(err, fault.ErrUnavailable) || !fault.IsLocal(err) {
		t.Errorf("Listen = %v, want fault.ErrUnavailable of this machine", err)
	}
}

// A certificate that is replaced is used for new connections; half of a
// replacement is not.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	c := server.Config{Address: "127.0.0.1:0", CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")}
	var now atomic.Int64
	c.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		later := time.Unix(1700000000+now.Add(10), 0)
		if err := os.Chtimes(name, later, later); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := server.Listen(t.Context(), c); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("Listen without the files = %v, want fault.ErrNotFound", err)
	}
	first, second := pair(t, 1, "127.0.0.1"), pair(t, 2, "127.0.0.1")
	write(c.CertFile, first.cert)
	write(c.KeyFile, second.key)
	if _, err := server.Listen(t.Context(), c); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("Listen with another's key = %v, want fault.ErrInvalid", err)
	}
	write(c.KeyFile, first.key)
	s, stop := start(t, c)
	s.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	serial := func() int64 {
		t.Helper()
		now.Add(10)
		conn, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", s.URL()[len("https://"):])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64() //nolint:forcetypeassert // what a tls.Dialer gives
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d, want 1", got)
	}
	write(c.CertFile, second.cert)
	if got := serial(); got != 1 {
		t.Errorf("certificate %d after half of a replacement, want 1", got)
	}
	write(c.KeyFile, second.key)
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after the replacement, want 2", got)
	}
	client := fresh()
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}
	if _, proto := get(t, client, s.URL()); proto != "HTTP/2.0" {
		t.Errorf("protocol %q, want HTTP/2.0", proto)
	}
	client.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
}

type keyPair struct{ cert, key []byte }

// pair makes a self-signed certificate for addresses and names.
func pair(t *testing.T, serial int64, hosts ...string) keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, host)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
