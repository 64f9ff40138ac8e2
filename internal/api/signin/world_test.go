package signin_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/signin"
	"github.com/eksposure/eksposure/internal/keyring"
	"github.com/eksposure/eksposure/internal/oidc"
	"github.com/eksposure/eksposure/internal/oidc/oidctest"
	"github.com/eksposure/eksposure/internal/seal"
	"github.com/eksposure/eksposure/internal/session"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// world is a server with the real store, keys, sessions and a real provider.
type world struct {
	url      string
	db       *store.DB
	file     string
	ring     *keyring.Ring
	provider *oidctest.Provider
	log      bytes.Buffer
	now      time.Time
}

func start(t *testing.T, secure bool) *world {
	t.Helper()
	w := &world{file: storetest.SQLiteFile(t), now: time.Now()}
	w.db = storetest.Open(t, w.file)
	now := func() time.Time { return w.now }
	w.ring = keyring.New(keyring.Config{
		Objects: w.db, Box: seal.New(filepath.Join(t.TempDir(), "key")), Now: now, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	var handler http.Handler
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	w.url = server.URL
	w.provider = oidctest.New(t, w.url+signin.CallbackPath)
	grants, err := oidc.ParseGrants([]string{"operator account=111122223333 if groups=Shop Team"})
	if err != nil {
		t.Fatal(err)
	}
	provider, err := oidc.New(oidc.Config{
		Issuer: w.provider.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret,
		RedirectURL: w.url + signin.CallbackPath, Grants: grants, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := signin.New(signin.Config{
		Sessions: session.New(session.Config{Objects: w.db, Keys: w.ring, Now: now}), Keys: w.ring, Provider: provider, PublicURL: w.url,
	})
	if err != nil {
		t.Fatal(err)
	}
	who := func(rw http.ResponseWriter, _ *http.Request, c api.Caller) error {
		_, err := fmt.Fprint(rw, c.Name, " ", c.Role)
		return err
	}
	handler = api.New(api.Config{
		Routes: append(s.Routes(),
			api.Route{Operation: "Get", Method: "GET", Path: "/thing", Action: access.Read, Handle: who},
			api.Route{Operation: "Search", Method: "POST", Path: "/thing", Action: access.Read, Handle: who},
			api.Route{Operation: "Change", Method: "PATCH", Path: "/thing", Action: access.Operate, Handle: who}),
		Authenticate: []api.Authenticator{api.Signed{Keys: w.ring, Now: now}, api.Bearer{Tokens: provider}, s},
		Audit:        w.db, Now: now, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	return w
}

// browser keeps cookies and follows no redirect. It trusts any certificate.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type answer struct {
	status   int
	body     string
	location string
	cookies  []*http.Cookie
}

func send(t *testing.T, client *http.Client, method, address, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{status: resp.StatusCode, body: string(data), location: resp.Header.Get("Location"), cookies: resp.Cookies()}
}

type state struct {
	SignedIn bool             `json:"signed_in"`
	Methods  []string         `json:"methods"`
	User     access.Principal `json:"user"`
	CSRF     string           `json:"csrf_token"`
}

func show(t *testing.T, w *world, client *http.Client) state {
	t.Helper()
	got := send(t, client, "GET", w.url+"/auth/session", "")
	var s state
	if err := json.Unmarshal([]byte(got.body), &s); err != nil || got.status != 200 {
		t.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	return s
}
