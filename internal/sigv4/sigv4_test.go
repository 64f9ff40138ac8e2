package sigv4_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/eksposure/eksposure/internal/sigv4"
)

const (
	keyID  = "EKSPAAAAAAAAAAAAAAAA"
	secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func signedAt() time.Time { return time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC) }

// server verifies what arrives and tells the test what it found.
func server(t *testing.T, got *error, sig *sigv4.Signature) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*sig, *got = sigv4.Read(r)
		if *got == nil {
			*got = sig.Verify(r, body, secret)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// sign signs as the AWS SDK for Go does. A nil body is none.
func sign(t *testing.T, method, address string, body []byte, change func(*http.Request)) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials(), req, hex.EncodeToString(sum[:]), "securityhub", "eu-central-1", signedAt()); err != nil {
		t.Fatal(err)
	}
	return req
}

func credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
}

func send(t *testing.T, req *http.Request) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestRequestsSignedByTheSDKAreVerified(t *testing.T) {
	var got error
	var sig sigv4.Signature
	s := server(t, &got, &sig)
	contentSum := func(r *http.Request) {
		sum := sha256.Sum256([]byte(`{"a":1}`))
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	}
	for _, tt := range []struct {
		name, method, path, body string
		change                   func(*http.Request)
	}{
		{name: "no body", method: http.MethodGet, path: "/hubv2"},
		{name: "body", method: http.MethodPost, path: "/findingsv2", body: `{"a":1}`},
		{name: "with the sum of the body, as JavaScript signs", method: http.MethodPost, path: "/findingsv2", body: `{"a":1}`, change: contentSum},
		{name: "an ARN in the path", method: http.MethodGet, path: "/tags/arn%3Aaws%3Asecurityhub%3Aeu-central-1%3A111122223333%3Ahubv2%2Fx"},
		{name: "query", method: http.MethodGet, path: "/exportjobsv2?b=2&a=x%20y&a=%2B&empty="},
		{name: "spaces in a header", method: http.MethodGet, path: "/hubv2", change: func(r *http.Request) { r.Header.Set("X-Amz-Note", "a   b") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			send(t, sign(t, tt.method, s.URL+tt.path, []byte(tt.body), tt.change))
			if got != nil {
				t.Fatal(got)
			}
			if sig.AccessKey != keyID || sig.Region != "eu-central-1" || sig.Service != "securityhub" || !sig.At.Equal(signedAt()) || sig.Presigned {
				t.Errorf("read %+v", sig)
			}
		})
	}
}

func TestAChangedRequestIsRefused(t *testing.T) {
	var got error
	var sig sigv4.Signature
	s := server(t, &got, &sig)
	edit := func(old, to string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, to, 1))
		}
	}
	body := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(text)) }
	}
	for _, tt := range []struct {
		name   string
		change func(*http.Request)
		want   error
	}{
		{"body", body(`{"a":2}`), sigv4.ErrMismatch},
		{"method", func(r *http.Request) { r.Method = http.MethodPatch }, sigv4.ErrMismatch},
		{"path", func(r *http.Request) { r.URL.Path = "/other" }, sigv4.ErrMismatch},
		{"query", func(r *http.Request) { r.URL.RawQuery = "a=1" }, sigv4.ErrMismatch},
		{"query that cannot be decoded", func(r *http.Request) { r.URL.RawQuery = "a=%zz" }, sigv4.ErrMalformed},
		{"a signature in the query too", func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=" + strings.Repeat("0", 64) }, sigv4.ErrMismatch},
		{"host", func(r *http.Request) { r.Host = "example.com" }, sigv4.ErrMismatch},
		{"a signed header", func(r *http.Request) { r.Header.Set("X-Amz-Note", "b") }, sigv4.ErrMismatch},
		{"a signed header taken away", func(r *http.Request) { r.Header.Del("X-Amz-Note") }, sigv4.ErrMismatch},
		{"a second value of a signed header", func(r *http.Request) { r.Header.Add("X-Amz-Note", "b") }, sigv4.ErrMismatch},
		{"date", func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261125T120001Z") }, sigv4.ErrMismatch},
		{"two dates", func(r *http.Request) { r.Header.Add("X-Amz-Date", "20261125T120001Z") }, sigv4.ErrMalformed},
		{"two Authorization headers", func(r *http.Request) { r.Header.Add("Authorization", "Bearer x") }, sigv4.ErrMalformed},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, sigv4.ErrMalformed},
		{"payload not signed", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, sigv4.ErrMismatch},
		{"region", edit("eu-central-1", "eu-west-1"), sigv4.ErrMismatch},
		{"service", edit("securityhub", "sts"), sigv4.ErrMismatch},
		{"day of the scope", edit("20261125", "20261124"), sigv4.ErrMalformed},
		{"no such algorithm", edit("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), sigv4.ErrMalformed},
		{"host not signed", edit(";host;", ";"), sigv4.ErrMalformed},
		{"signed headers in another order", edit("content-length;content-type;host", "host;content-length;content-type"), sigv4.ErrMalformed},
		{"a header twice", edit(";host;", ";host;host;"), sigv4.ErrMalformed},
		{"a header in upper case", edit("content-type", "Content-Type"), sigv4.ErrMalformed},
		{"fewer headers", edit(";x-amz-note", ""), sigv4.ErrMismatch},
		{"two signatures", edit("Signature=", "Signature=0, Signature="), sigv4.ErrMalformed},
		{"empty signature", func(r *http.Request) {
			head, _, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			r.Header.Set("Authorization", head+"Signature=")
		}, sigv4.ErrMismatch},
		{"more headers than anyone signs", edit(";host;", ";host;"+strings.Repeat("i;", 100)), sigv4.ErrMalformed},
		{"a very long header", edit("Signature=", "Signature="+strings.Repeat("0", 9000)), sigv4.ErrMalformed},
		{"none", func(r *http.Request) { r.Header.Del("Authorization") }, sigv4.ErrUnsigned},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := sign(t, http.MethodPost, s.URL+"/findingsv2", []byte(`{"a":1}`), func(r *http.Request) {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Amz-Note", "a")
			})
			tt.change(req)
			send(t, req)
			if !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPresignedURLs(t *testing.T) {
	var got error
	var sig sigv4.Signature
	s := server(t, &got, &sig)
	for _, tt := range []struct {
		name   string
		change func(url.Values)
		want   error
	}{
		{"as signed", func(url.Values) {}, nil},
		{"longer life", func(q url.Values) { q.Set("X-Amz-Expires", "901") }, sigv4.ErrMismatch},
		{"longest life exceeded", func(q url.Values) { q.Set("X-Amz-Expires", "604801") }, sigv4.ErrMalformed},
		{"a life that overflows", func(q url.Values) { q.Set("X-Amz-Expires", "9223372036854775807") }, sigv4.ErrMalformed},
		{"another parameter", func(q url.Values) { q.Set("Action", "x") }, sigv4.ErrMismatch},
		{"a parameter twice", func(q url.Values) { q.Add("X-Amz-Date", "20261125T120001Z") }, sigv4.ErrMalformed},
		{"another algorithm", func(q url.Values) { q.Set("X-Amz-Algorithm", "none") }, sigv4.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/hubv2?X-Amz-Expires=900", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			empty := sha256.Sum256(nil)
			signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), credentials(), req, hex.EncodeToString(empty[:]), "securityhub", "eu-central-1", signedAt())
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(signed)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			tt.change(q)
			u.RawQuery = q.Encode()
			req.URL = u
			send(t, req)
			if !errors.Is(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if tt.want == nil && (!sig.Presigned || sig.Lifetime != 15*time.Minute) {
				t.Errorf("read %+v", sig)
			}
		})
	}
}

func TestFresh(t *testing.T) {
	header := sigv4.Signature{At: signedAt()}
	query := sigv4.Signature{At: signedAt(), Presigned: true, Lifetime: time.Minute}
	for _, tt := range []struct {
		name string
		sig  sigv4.Signature
		off  time.Duration
		want error
	}{
		{"now", header, 0, nil},
		{"five minutes late", header, 5 * time.Minute, nil},
		{"later", header, 5*time.Minute + time.Second, sigv4.ErrOutdated},
		{"five minutes early", header, -5 * time.Minute, nil},
		{"earlier", header, -5*time.Minute - time.Second, sigv4.ErrOutdated},
		{"presigned, in its life", query, time.Minute, nil},
		{"presigned, after its life", query, time.Minute + time.Second, sigv4.ErrOutdated},
	} {
		if err := tt.sig.Fresh(signedAt().Add(tt.off)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

// FuzzRead: whatever a request says, it is read or refused, and never verified
// without the secret.
func FuzzRead(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=EKSPAAAAAAAAAAAAAAAA/20261125/eu-central-1/securityhub/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20261125T120000Z", "a=1")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20261125%2Fb%2Fc%2Faws4_request&X-Amz-Date=20261125T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=0")
	f.Add("AWS4-HMAC-SHA256 Credential=////aws4_request,SignedHeaders=host,Signature", "00010101T000000Z", "%")
	f.Fuzz(func(t *testing.T, authorization, date, query string) {
		r := &http.Request{Method: http.MethodGet, Host: "localhost", Header: http.Header{}, URL: &url.URL{Path: "/", RawQuery: query}}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", date)
		sig, err := sigv4.Read(r)
		if err != nil {
			if !errors.Is(err, sigv4.ErrMalformed) && !errors.Is(err, sigv4.ErrUnsigned) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if !sig.Signs("host") || len(sig.SignedHeaders) > 64 || sig.Lifetime > sigv4.MaxPresigned {
			t.Fatalf("accepted %+v", sig)
		}
		if err := sig.Verify(r, nil, secret); err == nil {
			t.Fatal("verified without the secret")
		}
	})
}
