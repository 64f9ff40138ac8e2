// Package oidctest is a real OpenID Connect provider (zitadel/oidc's) on a loopback
// listener, for tests: with users in groups, a login form, keys that rotate, and
// tokens made to measure.
package oidctest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	zoidc "github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// What the provider knows.
const (
	ClientID     = "eksposure"
	ClientSecret = "oidctest-client-secret"
	Password     = "verysecure"
	// Shopkeeper is a user of the group "Shop Team", Stranger one of no group.
	Shopkeeper = "test-user@127.0.0.1"
	Stranger   = "test-user2"
)

// Provider is a running provider.
type Provider struct {
	// URL is the issuer.
	URL string

	mu      sync.Mutex
	keys    []*key
	fetches int
	down    bool
	nonce   string
}

// New starts a provider that knows one client.
func New(t *testing.T, redirectURL string) *Provider {
	t.Helper()
	p := &Provider{}
	p.Rotate(t, jose.RS256)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		down := p.down
		if r.URL.Path == "/keys" {
			p.fetches++
		}
		p.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	store := storage.NewStorageWithClients(storage.NewUserStore(p.URL), map[string]*storage.Client{
		ClientID: storage.WebClient(ClientID, ClientSecret, redirectURL),
	})
	handler = exampleop.SetupServer(p.URL, &users{Storage: store, provider: p}, nil, false,
		op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	return p
}

// Rotate gives the provider a new key that signs from now on. The old ones are no
// longer published.
func (p *Provider) Rotate(t *testing.T, algorithm jose.SignatureAlgorithm) {
	t.Helper()
	var signer crypto.Signer
	var err error
	if algorithm == jose.ES256 {
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, &key{id: rand.Text(), algorithm: algorithm, signer: signer})
}

// Fetches is how often the keys were asked for.
func (p *Provider) Fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

// SetDown makes the provider answer nothing, or answer again.
func (p *Provider) SetDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// SetNonce replaces the nonce in ID tokens; empty leaves them as they are.
func (p *Provider) SetNonce(nonce string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nonce = nonce
}

// Claims are those of a good token for a subject: an hour of life from now.
func (p *Provider) Claims(subject string, now time.Time) map[string]any {
	return map[string]any{
		"iss": p.URL, "sub": subject, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"email": subject + "@example.com", "email_verified": true,
	}
}

// Token signs claims with the current key.
func (p *Provider) Token(t *testing.T, claims map[string]any) string {
	t.Helper()
	p.mu.Lock()
	k := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	return sign(t, jose.SigningKey{Algorithm: k.algorithm, Key: jose.JSONWebKey{Key: k.signer, KeyID: k.id}}, claims)
}

// Forged signs claims with a key of the test's own, under the name of the
// provider's.
func (p *Provider) Forged(t *testing.T, claims map[string]any) string {
	t.Helper()
	signer, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	id := p.keys[len(p.keys)-1].id
	p.mu.Unlock()
	return sign(t, jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: signer, KeyID: id}}, claims)
}

// Symmetric signs claims with HS256, as if what is public were a secret.
func (p *Provider) Symmetric(t *testing.T, claims map[string]any) string {
	t.Helper()
	return sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat(ClientID, 4))}, claims)
}

func sign(t *testing.T, key jose.SigningKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(data)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// SignIn goes through the provider's login form as a browser does, from the URL
// that the browser was sent to, and gives the URL that it is sent back to.
func (p *Provider) SignIn(t *testing.T, client *http.Client, loginURL, user string) string {
	t.Helper()
	back := regexp.MustCompile(`name="id" value="([^"]+)"`)
	page, location := visit(t, client, loginURL, nil)
	for location != "" {
		page, location = visit(t, client, location, nil)
	}
	found := back.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no login form in %s", page)
	}
	_, location = visit(t, client, p.URL+"/login/username", url.Values{"username": {user}, "password": {Password}, "id": {found[1]}})
	for strings.HasPrefix(location, p.URL) {
		page, location = visit(t, client, location, nil)
	}
	if location == "" {
		t.Fatalf("the provider did not send the browser back: %s", page)
	}
	return location
}

// visit sends one request, and gives the page, or where it redirects to.
func visit(t *testing.T, client *http.Client, address string, form url.Values) (page, location string) {
	t.Helper()
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
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
	if to, err := resp.Location(); err == nil {
		return "", to.String()
	}
	return string(data), ""
}

// users is the provider's storage: the users are in groups, and keys rotate.
type users struct {
	*storage.Storage

	provider *Provider
}

// SetUserinfoFromRequest adds a user's groups to the ID token.
func (u *users) SetUserinfoFromRequest(ctx context.Context, info *zoidc.UserInfo, request op.IDTokenRequest, scopes []string) error {
	if err := u.Storage.SetUserinfoFromRequest(ctx, info, request, scopes); err != nil {
		return err
	}
	if request.GetSubject() == "id1" {
		info.AppendClaims("groups", []string{"everyone", "Shop Team"})
	}
	return nil
}

// AuthRequestByCode gives another nonce when the test wants one.
func (u *users) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	request, err := u.Storage.AuthRequestByCode(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	u.provider.mu.Lock()
	defer u.provider.mu.Unlock()
	if u.provider.nonce == "" {
		return request, nil
	}
	return otherNonce{request, u.provider.nonce}, nil
}

type otherNonce struct {
	op.AuthRequest

	nonce string
}

// GetNonce gives the other nonce.
func (o otherNonce) GetNonce() string { return o.nonce }

// SigningKey is the newest key.
func (u *users) SigningKey(context.Context) (op.SigningKey, error) {
	u.provider.mu.Lock()
	defer u.provider.mu.Unlock()
	return signing{u.provider.keys[len(u.provider.keys)-1]}, nil
}

// SignatureAlgorithms are all that tests use.
func (u *users) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256, jose.ES256}, nil
}

// KeySet publishes the newest key.
func (u *users) KeySet(context.Context) ([]op.Key, error) {
	u.provider.mu.Lock()
	defer u.provider.mu.Unlock()
	return []op.Key{public{u.provider.keys[len(u.provider.keys)-1]}}, nil
}

type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	signer    crypto.Signer
}

type signing struct{ *key }

func (k signing) SignatureAlgorithm() jose.SignatureAlgorithm { return k.algorithm }
func (k signing) Key() any                                    { return k.signer }
func (k signing) ID() string                                  { return k.id }

type public struct{ *key }

func (k public) ID() string                         { return k.id }
func (k public) Algorithm() jose.SignatureAlgorithm { return k.algorithm }
func (k public) Use() string                        { return "sig" }
func (k public) Key() any                           { return k.signer.Public() }
