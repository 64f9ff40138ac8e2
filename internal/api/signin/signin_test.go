package signin_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api/signin"
	"github.com/eksposure/eksposure/internal/oidc/oidctest"
)

func TestSignInWithTheProvider(t *testing.T) {
	for _, tls := range []bool{false, true} {
		t.Run(fmt.Sprint("tls ", tls), func(t *testing.T) {
			w, me := start(t, tls), browser(t)
			if s := show(t, w, me); s.SignedIn || strings.Join(s.Methods, " ") != "key provider" {
				t.Errorf("before: %+v", s)
			}
			sent := send(t, me, "GET", w.url+"/auth/login?return=/exposures%3Fseverity%3DCritical", "")
			if sent.status != http.StatusSeeOther || !strings.HasPrefix(sent.location, w.provider.URL) {
				t.Fatalf("%d to %q", sent.status, sent.location)
			}
			asked, err := url.Parse(sent.location)
			if err != nil || asked.Query().Get("code_challenge_method") != "S256" || asked.Query().Get("state") == "" || asked.Query().Get("nonce") == "" {
				t.Fatalf("asked with %v, %v", asked.Query(), err)
			}
			back := w.provider.SignIn(t, me, sent.location, oidctest.Shopkeeper)
			done := send(t, me, "GET", back, "")
			if done.status != http.StatusSeeOther || done.location != "/exposures?severity=Critical" {
				t.Fatalf("%d %s to %q", done.status, done.body, done.location)
			}
			found := false
			for _, c := range done.cookies {
				if !strings.Contains(c.Name, "session") {
					continue
				}
				found = true
				if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != tls || strings.HasPrefix(c.Name, "__Host-") != tls {
					t.Errorf("cookie %v", c)
				}
			}
			if !found {
				t.Fatal("no session cookie")
			}
			s := show(t, w, me)
			if !s.SignedIn || s.User.Role != access.Operator || s.User.Name != "test-user@zitadel.ch" || len(s.User.Scope.Accounts) != 1 || s.CSRF == "" {
				t.Errorf("session %+v", s)
			}
			if got := send(t, me, "GET", w.url+"/thing", ""); got.status != 200 || got.body != "test-user@zitadel.ch operator" {
				t.Errorf("%d %s", got.status, got.body)
			}
			if got := send(t, me, "GET", back, ""); got.status != 403 {
				t.Errorf("the same answer again: %d", got.status)
			}
			out := send(t, me, "POST", w.url+"/auth/logout", "", signin.CSRFHeader, s.CSRF)
			if out.status != http.StatusNoContent {
				t.Errorf("sign-out: %d %s", out.status, out.body)
			}
			if got := send(t, me, "GET", w.url+"/thing", ""); got.status != 403 || show(t, w, me).SignedIn {
				t.Errorf("after sign-out: %d", got.status)
			}
		})
	}
}

func TestSignInsThatFail(t *testing.T) {
	w := start(t, false)
	begin := func(t *testing.T, user string) (*http.Client, *url.URL) {
		t.Helper()
		client := browser(t)
		back, err := url.Parse(w.provider.SignIn(t, client, send(t, client, "GET", w.url+"/auth/login", "").location, user))
		if err != nil {
			t.Fatal(err)
		}
		return client, back
	}
	finish := func(t *testing.T, client *http.Client, back *url.URL) {
		t.Helper()
		got := send(t, client, "GET", back.String(), "")
		if got.status != 403 || show(t, w, client).SignedIn {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	t.Run("nobody gave a role", func(t *testing.T) {
		client, back := begin(t, oidctest.Stranger)
		finish(t, client, back)
	})
	t.Run("in another browser", func(t *testing.T) {
		_, back := begin(t, oidctest.Shopkeeper)
		finish(t, browser(t), back)
	})
	t.Run("another's answer", func(t *testing.T) {
		mine, _ := begin(t, oidctest.Shopkeeper)
		_, theirs := begin(t, oidctest.Shopkeeper)
		finish(t, mine, theirs)
	})
	t.Run("no state", func(t *testing.T) {
		client, back := begin(t, oidctest.Shopkeeper)
		q := back.Query()
		q.Del("state")
		back.RawQuery = q.Encode()
		finish(t, client, back)
	})
	t.Run("made-up code", func(t *testing.T) {
		client, back := begin(t, oidctest.Shopkeeper)
		q := back.Query()
		q.Set("code", "made-up")
		back.RawQuery = q.Encode()
		finish(t, client, back)
	})
	t.Run("another nonce", func(t *testing.T) {
		client, back := begin(t, oidctest.Shopkeeper)
		w.provider.SetNonce("of another sign-in")
		defer w.provider.SetNonce("")
		finish(t, client, back)
	})
	t.Run("refused at the provider", func(t *testing.T) {
		client, back := begin(t, oidctest.Shopkeeper)
		q := back.Query()
		q.Del("code")
		q.Set("error", "access_denied")
		back.RawQuery = q.Encode()
		finish(t, client, back)
	})
}

func TestBrowsersStayHere(t *testing.T) {
	w := start(t, false)
	for _, path := range []string{"https://example.com/", "//example.com", `/\example.com`, "/\texample.com", "javascript:alert(1)", "exposures", ""} {
		client := browser(t)
		sent := send(t, client, "GET", w.url+"/auth/login?return="+url.QueryEscape(path), "")
		back := w.provider.SignIn(t, client, sent.location, oidctest.Shopkeeper)
		if got := send(t, client, "GET", back, ""); got.location != "/" {
			t.Errorf("%q: sent to %q", path, got.location)
		}
	}
}

const asJSON = "application/json"

func withKey(id, secret string) string {
	return fmt.Sprintf(`{"access_key_id": %q, "secret_access_key": %q}`, id, secret)
}

func TestSignInWithAKey(t *testing.T) {
	w := start(t, false)
	key, secret, err := w.ring.CreateKey(t.Context(), "me", access.Operator, access.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, body string
		headers    []string
		want       int
	}{
		{name: "wrong secret", body: withKey(key.ID, "guess"), headers: []string{"Content-Type", asJSON}, want: 403},
		{name: "no secret", body: withKey(key.ID, ""), headers: []string{"Content-Type", asJSON}, want: 403},
		{name: "unknown key, no secret", body: withKey("EKSPAAAAAAAAAAAAAAAA", ""), headers: []string{"Content-Type", asJSON}, want: 403},
		{name: "a form of another site", body: withKey(key.ID, secret), headers: []string{"Content-Type", "text/plain"}, want: 400},
		{name: "a page of another site", body: withKey(key.ID, secret), headers: []string{"Content-Type", asJSON, "Origin", "https://example.com"}, want: 403},
		{name: "another site, as browsers say", body: withKey(key.ID, secret), headers: []string{"Content-Type", asJSON, "Sec-Fetch-Site", "cross-site"}, want: 403},
		{name: "no JSON", body: "x", headers: []string{"Content-Type", asJSON}, want: 400},
		{name: "large", body: withKey(key.ID, strings.Repeat("a", 5000)), headers: []string{"Content-Type", asJSON}, want: 413},
		{name: "right", body: withKey(key.ID, secret), headers: []string{"Content-Type", asJSON, "Origin", w.url}, want: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := browser(t)
			got := send(t, client, "POST", w.url+"/auth/key", tt.body, tt.headers...)
			if got.status != tt.want || show(t, w, client).SignedIn != (tt.want == 200) {
				t.Errorf("%d %s, want %d", got.status, got.body, tt.want)
			}
		})
	}
	me := browser(t)
	send(t, me, "POST", w.url+"/auth/key", withKey(key.ID, secret), "Content-Type", asJSON)
	if !show(t, w, me).SignedIn {
		t.Fatal("not signed in")
	}
	if _, err := w.ring.RevokeKey(t.Context(), key.ID); err != nil {
		t.Fatal(err)
	}
	if got := send(t, me, "GET", w.url+"/thing", ""); got.status != 403 {
		t.Errorf("with a revoked key: %d", got.status)
	}
}

func TestChangesComeFromOurPage(t *testing.T) {
	w := start(t, false)
	key, secret, err := w.ring.CreateKey(t.Context(), "me", access.Operator, access.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	me, other := browser(t), browser(t)
	for _, client := range []*http.Client{me, other} {
		send(t, client, "POST", w.url+"/auth/key", withKey(key.ID, secret), "Content-Type", asJSON)
	}
	mine, theirs := show(t, w, me).CSRF, show(t, w, other).CSRF
	for _, tt := range []struct {
		name, method string
		headers      []string
		want         int
	}{
		{"read", "GET", nil, 200},
		{"change", "PATCH", []string{signin.CSRFHeader, mine, "Origin", w.url, "Sec-Fetch-Site", "same-origin"}, 200},
		{"change, from no browser", "PATCH", []string{signin.CSRFHeader, mine}, 200},
		{"search", "POST", []string{signin.CSRFHeader, mine}, 200},
		{"no token", "PATCH", []string{"Origin", w.url}, 403},
		{"search with no token", "POST", nil, 403},
		{"another session's token", "PATCH", []string{signin.CSRFHeader, theirs}, 403},
		{"another site, with the token", "PATCH", []string{signin.CSRFHeader, mine, "Origin", "https://example.com"}, 403},
		{"a sister site", "PATCH", []string{signin.CSRFHeader, mine, "Sec-Fetch-Site", "same-site"}, 403},
		{"a method in a header", "POST", []string{"X-Http-Method-Override", "GET"}, 403},
	} {
		if got := send(t, me, tt.method, w.url+"/thing", "", tt.headers...); got.status != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, got.status, got.body, tt.want)
		}
	}
	if got := send(t, me, "POST", w.url+"/auth/logout", ""); got.status != 403 || !show(t, w, me).SignedIn {
		t.Errorf("sign-out by another site: %d", got.status)
	}
}

func TestBearerTokens(t *testing.T) {
	w := start(t, false)
	claims := w.provider.Claims("me", time.Now())
	claims["groups"] = []string{"Shop Team"}
	good := "Bearer " + w.provider.Token(t, claims)
	if got := send(t, browser(t), "PATCH", w.url+"/thing", "", "Authorization", good); got.status != 200 || got.body != "me@example.com operator" {
		t.Errorf("%d %s", got.status, got.body)
	}
	claims["aud"] = "another"
	if got := send(t, browser(t), "GET", w.url+"/thing", "", "Authorization", "Bearer "+w.provider.Token(t, claims)); got.status != 403 || !strings.Contains(got.body, "UnrecognizedClientException") {
		t.Errorf("another audience: %d %s", got.status, got.body)
	}
	claims["aud"], claims["groups"] = oidctest.ClientID, "nobody"
	if got := send(t, browser(t), "GET", w.url+"/thing", "", "Authorization", "Bearer "+w.provider.Token(t, claims)); got.status != 403 || !strings.Contains(got.body, "AccessDeniedException") {
		t.Errorf("no role: %d %s", got.status, got.body)
	}
}

// No secret is in the database, the log, the audit log or an answer.
func TestNoSecretIsKept(t *testing.T) {
	w, me := start(t, false), browser(t)
	key, secret, err := w.ring.CreateKey(t.Context(), "me", access.Admin, access.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var answers strings.Builder
	for _, body := range []string{withKey(key.ID, secret), withKey(key.ID, secret+"x"), `{"access_key_id": ` + secret} {
		answers.WriteString(send(t, me, "POST", w.url+"/auth/key", body, "Content-Type", asJSON).body)
	}
	csrf := show(t, w, me).CSRF
	send(t, me, "PATCH", w.url+"/thing", secret, signin.CSRFHeader, csrf)
	sent := send(t, me, "GET", w.url+"/auth/login", "")
	back := w.provider.SignIn(t, me, sent.location, oidctest.Shopkeeper)
	answers.WriteString(send(t, me, "GET", back, "").body)
	claims := w.provider.Claims("me", time.Now())
	bearer := w.provider.Token(t, claims)
	answers.WriteString(send(t, browser(t), "PATCH", w.url+"/thing", "", "Authorization", "Bearer "+bearer).body)

	secrets := map[string]string{"the key's secret": secret, "a bearer token": bearer, "the provider's client secret": oidctest.ClientSecret, "the CSRF token": csrf}
	address, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range me.Jar.Cookies(address) {
		secrets["cookie "+c.Name] = c.Value
	}
	if len(secrets) < 5 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	places := map[string][]byte{"log": w.log.Bytes(), "answers": []byte(answers.String())}
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(w.file + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, file := range files {
		if places[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(places[w.file], []byte("SignInWithKey")) {
		t.Error("the audit log has no sign-in")
	}
	for what, value := range secrets {
		for place, data := range places {
			if place == "answers" && what == "the CSRF token" {
				continue
			}
			if bytes.Contains(data, []byte(value)) {
				t.Errorf("%s is in %s", what, place)
			}
		}
	}
}
