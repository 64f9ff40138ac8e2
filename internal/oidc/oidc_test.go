package oidc_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/oidc"
	"github.com/eksposure/eksposure/internal/oidc/oidctest"
)

const redirect = "http://127.0.0.1:1/auth/callback"

func start(t *testing.T, change func(*oidc.Config)) (*oidctest.Provider, *oidc.Provider) {
	t.Helper()
	op := oidctest.New(t, redirect)
	grants, err := oidc.ParseGrants([]string{
		"admin if email=root@example.com",
		"operator account=111122223333 if groups=Shop Team",
		"viewer if realm_access.roles=reader",
	})
	if err != nil {
		t.Fatal(err)
	}
	c := oidc.Config{
		Issuer: op.URL, ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, RedirectURL: redirect, Grants: grants, Now: time.Now,
	}
	if change != nil {
		change(&c)
	}
	p, err := oidc.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return op, p
}

func TestBearerTokens(t *testing.T) {
	op, p := start(t, nil)
	now := time.Now()
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		sign   func(*testing.T, map[string]any) string
		role   access.Role
		want   error
	}{
		{name: "root", role: access.Admin},
		{name: "audience among several", change: func(c map[string]any) { c["aud"] = []string{"other", oidctest.ClientID} }, role: access.Admin},
		{name: "ended in this minute", change: func(c map[string]any) { c["exp"] = now.Add(-30 * time.Second).Unix() }, role: access.Admin},
		{name: "no role", change: func(c map[string]any) { c["email"] = "who@example.com" }, want: fault.ErrDenied},
		{name: "address not verified", change: func(c map[string]any) { c["email_verified"] = false }, want: fault.ErrDenied},
		{name: "address verified by a word", change: func(c map[string]any) { c["email_verified"] = "yes" }, want: fault.ErrDenied},
		{name: "role in an object", change: func(c map[string]any) {
			c["email"], c["realm_access"] = "x@example.com", map[string]any{"roles": []string{"writer", "reader"}}
		}, role: access.Viewer},
		{name: "expired", change: func(c map[string]any) { c["exp"] = now.Add(-2 * time.Minute).Unix() }, want: fault.ErrInvalid},
		{name: "no end", change: func(c map[string]any) { delete(c, "exp") }, want: fault.ErrInvalid},
		{name: "not yet", change: func(c map[string]any) { c["nbf"] = now.Add(10 * time.Minute).Unix() }, want: fault.ErrInvalid},
		{name: "another issuer", change: func(c map[string]any) { c["iss"] = "https://accounts.example.com" }, want: fault.ErrInvalid},
		{name: "issuer with a slash", change: func(c map[string]any) { c["iss"] = op.URL + "/" }, want: fault.ErrInvalid},
		{name: "another audience", change: func(c map[string]any) { c["aud"] = "other" }, want: fault.ErrInvalid},
		{name: "no audience", change: func(c map[string]any) { delete(c, "aud") }, want: fault.ErrInvalid},
		{name: "no subject", change: func(c map[string]any) { delete(c, "sub") }, want: fault.ErrInvalid},
		{name: "long subject", change: func(c map[string]any) { c["sub"] = strings.Repeat("s", 256) }, want: fault.ErrInvalid},
		{name: "forged", sign: op.Forged, want: fault.ErrInvalid},
		{name: "signed with what is public", sign: op.Symmetric, want: fault.ErrInvalid},
		{name: "not signed", sign: func(_ *testing.T, _ map[string]any) string {
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"root"}`)) + "."
		}, want: fault.ErrInvalid},
		{name: "no token", sign: func(*testing.T, map[string]any) string { return "" }, want: fault.ErrInvalid},
		{name: "very long", sign: func(*testing.T, map[string]any) string { return strings.Repeat("a", 20<<10) }, want: fault.ErrInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claims := op.Claims("root", now)
			if tt.change != nil {
				tt.change(claims)
			}
			sign := op.Token
			if tt.sign != nil {
				sign = tt.sign
			}
			got, err := p.Verify(t.Context(), sign(t, claims))
			if !errors.Is(err, tt.want) || err == nil && (got.Role != tt.role || got.ID != op.URL+"#root") {
				t.Errorf("%+v, %v; want %s, %v", got, err, tt.role, tt.want)
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	op, p := start(t, nil)
	old := op.Token(t, op.Claims("root", time.Now()))
	for range 3 {
		if _, err := p.Verify(t.Context(), old); err != nil {
			t.Fatal(err)
		}
	}
	if op.Fetches() != 1 {
		t.Errorf("keys were fetched %d times for one key", op.Fetches())
	}
	op.Rotate(t, jose.ES256)
	if _, err := p.Verify(t.Context(), op.Token(t, op.Claims("root", time.Now()))); err != nil {
		t.Errorf("new key: %v", err)
	}
	// A moment later, as keys are given out before they are stored, the old one is gone.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, err := p.Verify(ctx, old); err == nil; _, err = p.Verify(ctx, old) {
		if ctx.Err() != nil {
			t.Fatal("a key that is gone still counts")
		}
		runtime.Gosched()
	}
	// Names of keys that are not there make no flood of requests, and known keys go
	// on meanwhile.
	before := op.Fetches()
	for range 100 {
		if _, err := p.Verify(t.Context(), old); !errors.Is(err, fault.ErrInvalid) {
			t.Fatalf("a key that is gone: %v", err)
		}
	}
	if n := op.Fetches() - before; n > 15 {
		t.Errorf("%d requests for keys", n)
	}
	if _, err := p.Verify(t.Context(), op.Token(t, op.Claims("root", time.Now()))); err != nil {
		t.Errorf("known key: %v", err)
	}
}

func TestAProviderThatIsDown(t *testing.T) {
	var shift atomic.Int64
	op, p := start(t, func(c *oidc.Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(shift.Load())) } })
	token := op.Token(t, op.Claims("root", time.Now()))
	op.SetDown(true)
	if _, err := p.Verify(t.Context(), token); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("down: %v", err)
	}
	op.SetDown(false)
	if err := p.Ready(t.Context()); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("asked again at once: %v", err)
	}
	shift.Store(int64(6 * time.Second))
	if err := p.Ready(t.Context()); err != nil {
		t.Fatalf("up again: %v", err)
	}
	op.SetDown(true)
	if _, err := p.Verify(t.Context(), token); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("keys down: %v", err)
	}
	op.SetDown(false)
	if _, err := p.Verify(t.Context(), token); err != nil {
		t.Errorf("keys up again: %v", err)
	}
}

// browser keeps cookies and follows no redirect.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestCodeFlow(t *testing.T) {
	op, p := start(t, nil)
	type attempt struct{ State, Nonce, Verifier string }
	login := func() attempt {
		return attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	}
	signIn := func(t *testing.T, l attempt, user string) string {
		t.Helper()
		address, err := p.LoginURL(t.Context(), l.State, l.Nonce, l.Verifier)
		if err != nil {
			t.Fatal(err)
		}
		back, err := url.Parse(op.SignIn(t, browser(t), address, user))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(back.String(), redirect+"?") || back.Query().Get("state") != l.State {
			t.Fatalf("sent back to %s", back)
		}
		return back.Query().Get("code")
	}
	good := login()
	code := signIn(t, good, oidctest.Shopkeeper)
	got, err := p.Exchange(t.Context(), code, good.Nonce, good.Verifier)
	want := access.Principal{ID: op.URL + "#id1", Name: "test-user@zitadel.ch", Role: access.Operator, Scope: access.Scope{Accounts: []string{"111122223333"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v, -want +got:\n%s", err, diff)
	}
	if _, err := p.Exchange(t.Context(), code, good.Nonce, good.Verifier); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("the code again: %v", err)
	}
	t.Run("no role", func(t *testing.T) {
		l := login()
		if _, err := p.Exchange(t.Context(), signIn(t, l, oidctest.Stranger), l.Nonce, l.Verifier); !errors.Is(err, fault.ErrDenied) {
			t.Error(err)
		}
	})
	t.Run("another verifier", func(t *testing.T) {
		l := login()
		code := signIn(t, l, oidctest.Shopkeeper)
		l.Verifier = oauth2.GenerateVerifier()
		if _, err := p.Exchange(t.Context(), code, l.Nonce, l.Verifier); !errors.Is(err, fault.ErrInvalid) {
			t.Error(err)
		}
	})
	t.Run("another nonce", func(t *testing.T) {
		l := login()
		code := signIn(t, l, oidctest.Shopkeeper)
		op.SetNonce("of another sign-in")
		defer op.SetNonce("")
		if _, err := p.Exchange(t.Context(), code, l.Nonce, l.Verifier); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "nonce") {
			t.Error(err)
		}
	})
	t.Run("made-up code", func(t *testing.T) {
		if _, err := p.Exchange(t.Context(), "made-up", good.Nonce, good.Verifier); !errors.Is(err, fault.ErrInvalid) || strings.Contains(err.Error(), oidctest.ClientSecret) {
			t.Error(err)
		}
	})
}

func TestSettingsThatCannotBe(t *testing.T) {
	good := oidc.Config{Issuer: "https://id.example.com/realm/", ClientID: "a", Grants: []oidc.Grant{{Role: access.Viewer}}, Now: time.Now}
	if _, err := oidc.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*oidc.Config){
		"http":      func(c *oidc.Config) { c.Issuer = "http://id.example.com" },
		"no host":   func(c *oidc.Config) { c.Issuer = "https://" },
		"query":     func(c *oidc.Config) { c.Issuer += "?a=b" },
		"password":  func(c *oidc.Config) { c.Issuer = "https://a:b@id.example.com" },
		"no client": func(c *oidc.Config) { c.ClientID = "" },
		"no grants": func(c *oidc.Config) { c.Grants = nil },
	} {
		c := good
		change(&c)
		if _, err := oidc.New(c); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseGrant(t *testing.T) {
	for rule, want := range map[string]oidc.Grant{
		"viewer":                       {Role: access.Viewer},
		"Admin if groups=EKS = Admins": {Role: access.Admin, Claim: "groups", Value: "EKS = Admins"},
		"operator account=111122223333 account=444455556666 region=eu-west-1 if https://example.com/roles=shop if open": {
			Role: access.Operator, Claim: "https://example.com/roles", Value: "shop if open",
			Scope: access.Scope{Accounts: []string{"111122223333", "444455556666"}, Regions: []string{"eu-west-1"}},
		},
	} {
		got, err := oidc.ParseGrant(rule)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v, -want +got:\n%s", rule, err, diff)
		}
	}
	for _, rule := range []string{
		"", " if groups=a", "root if groups=a", "viewer groups=a", "viewer account= if groups=a", "viewer if groups", "viewer if =a", "viewer if groups=",
		"viewer account=shop if groups=a", "admin account=111122223333 if groups=a", "viewer if",
	} {
		if g, err := oidc.ParseGrant(rule); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%q: %+v, %v", rule, g, err)
		}
	}
}

// FuzzParseGrant: a rule is refused, or gives what somebody may be given.
func FuzzParseGrant(f *testing.F) {
	f.Add("operator account=111122223333 region=eu-west-1 if groups=shop")
	f.Add("viewer if  if a=b=c")
	f.Fuzz(func(t *testing.T, rule string) {
		g, err := oidc.ParseGrant(rule)
		if err != nil {
			if !errors.Is(err, fault.ErrInvalid) {
				t.Fatalf("error of another category: %v", err)
			}
			return
		}
		if err := access.CheckGrant(g.Role, g.Scope); err != nil {
			t.Fatal(err)
		}
	})
}
