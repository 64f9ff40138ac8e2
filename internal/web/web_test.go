package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/eksposure/eksposure/internal/web"
)

const script = "assets/main-AbC123.js"

// built is a console of two files, the script in all encodings.
func built(t *testing.T) *web.Console {
	t.Helper()
	c, err := web.From(fstest.MapFS{
		"index.html":   {Data: []byte("<!doctype html>")},
		script:         {Data: []byte("plain")},
		script + ".br": {Data: []byte("brotli")},
		script + ".gz": {Data: []byte("gzip")},
		"mark.svg":     {Data: []byte("<svg/>")},
		"notes.secret": {Data: []byte("nobody asks")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func request(t *testing.T, method, path string, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// A browser that goes to an address gets the page; clients of the API never do.
func TestTakes(t *testing.T) {
	c := built(t)
	const page = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, tt := range []struct {
		method, path, accept string
		want                 bool
		why                  string
	}{
		{"GET", "/", "*/*", true, "the address that is printed"},
		{"HEAD", "/", "", true, ""},
		{"GET", "/clusters/111122223333/eu-central-1/shop", page, true, "a deep link"},
		{"GET", "/clusters", "application/json", false, "a client of the API that errs"},
		{"GET", "/findingsv2", "*/*", false, "an operation of AWS with another method"},
		{"POST", "/", page, false, "pages are read"},
		{"GET", "/" + script, "*/*", true, "a part of the page"},
		{"GET", "/assets/old-1.js", "*/*", true, "a part that was"},
		{"GET", "/mark.svg", "image/*", true, ""},
		{"GET", "/notes.secret", page, false, "no kind of file that a page has"},
		{"GET", "/robots.txt", page, false, "a file that is not there"},
		{"GET", "/api/v1/nothing", page, false, "the API says that it has none"},
		{"GET", "/auth/nothing", page, false, ""},
	} {
		if got := c.Takes(request(t, tt.method, tt.path, "Accept", tt.accept)); got != tt.want {
			t.Errorf("%s %s, Accept %q: %v, want %v (%s)", tt.method, tt.path, tt.accept, got, tt.want, tt.why)
		}
	}
}

func TestEncodings(t *testing.T) {
	c := built(t)
	for accept, want := range map[string]string{
		"":                            "plain",
		"gzip, deflate, br, zstd":     "brotli",
		"gzip":                        "gzip",
		"br;q=0, gzip;q=0.5":          "gzip",
		"GZIP ; q=0.2":                "gzip",
		"*":                           "brotli",
		"*;q=0":                       "plain",
		"identity":                    "plain",
		"zstd;q=oops, br;q=not-known": "brotli",
	} {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, request(t, "GET", "/"+script, "Accept-Encoding", accept))
		encoded := map[string]string{"brotli": "br", "gzip": "gzip"}[want]
		if w.Body.String() != want || w.Header().Get("Content-Encoding") != encoded || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %q, %v", accept, w.Body, w.Header())
		}
		if kind := w.Header().Get("Content-Type"); kind != "text/javascript; charset=utf-8" {
			t.Errorf("content type %q", kind)
		}
	}
}

// What has its content's hash in its name is kept; the page is asked for again.
func TestCaching(t *testing.T) {
	c := built(t)
	for path, want := range map[string]string{
		"/" + script: "public, max-age=31536000, immutable", "/": "no-cache", "/exposures/1": "no-cache", "/mark.svg": "no-cache", "/assets/gone.js": "",
	} {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, request(t, "GET", path))
		if got := w.Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
	}
	first := httptest.NewRecorder()
	c.ServeHTTP(first, request(t, "GET", "/"+script, "Accept-Encoding", "br"))
	again := httptest.NewRecorder()
	c.ServeHTTP(again, request(t, "GET", "/"+script, "Accept-Encoding", "br", "If-None-Match", first.Header().Get("ETag")))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("status %d, %d bytes", again.Code, again.Body.Len())
	}
	plain := httptest.NewRecorder()
	c.ServeHTTP(plain, request(t, "GET", "/"+script, "If-None-Match", first.Header().Get("ETag")))
	if plain.Code != http.StatusOK {
		t.Error("another encoding has the same tag")
	}
}

// Every answer that a browser may show confines it, also those that say that nothing is there;
// parts cannot be taken for anything else.
func TestHeaders(t *testing.T) {
	bare, err := web.From(fstest.MapFS{"placeholder.txt": {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*web.Console{built(t), bare} {
		for _, path := range []string{"/" + script, "/assets/gone.js"} {
			w := httptest.NewRecorder()
			c.ServeHTTP(w, request(t, "GET", path))
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %s is %q, want %q", path, name, got, want)
				}
			}
		}
		for _, path := range []string{"/", "/exposures", "/mark.svg"} {
			w := httptest.NewRecorder()
			c.ServeHTTP(w, request(t, "GET", path))
			h := w.Header()
			policy := h.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("%s: policy %q", path, policy)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if h.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), want)
				}
			}
		}
	}
}

func TestHead(t *testing.T) {
	w := httptest.NewRecorder()
	built(t).ServeHTTP(w, request(t, "HEAD", "/"+script))
	if w.Code != http.StatusOK || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "5" {
		t.Errorf("status %d, %q, %v", w.Code, w.Body, w.Header())
	}
}

// A build without the console says so, and how to get it.
func TestWithoutConsole(t *testing.T) {
	c, err := web.From(fstest.MapFS{"placeholder.txt": {Data: []byte("here")}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, request(t, "GET", "/exposures", "Accept", "text/html"))
	if c.Built() || w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "./console/build.sh") || !strings.Contains(w.Body.String(), "/api/v1") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// What this very build has: the console when it was built, as in the gate, with
// every part in all encodings.
func TestThisBuild(t *testing.T) {
	c, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat("dist/index.html")
	if c.Built() != (err == nil) {
		t.Errorf("built: %v, and the page: %v", c.Built(), err)
	}
}
