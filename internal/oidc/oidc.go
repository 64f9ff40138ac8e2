// Package oidc finds out who somebody is from an OpenID Connect provider: from a
// bearer token that the provider has signed, or by sending a browser there and back
// (authorization code flow with PKCE).
//
// It takes the settings of one provider with the rules that give roles, and gives
// an access.Principal. The provider is asked for its metadata when it is first
// needed, and for its keys whenever a token names one that is not known. The package
// keeps no token and no cookie.
//
// Sources: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE), RFC 8725
// (JSON Web Token best practices).
package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// skew is how long after its end a token still counts: clocks differ.
	skew = time.Minute
	// maxToken bounds a token; with many groups they reach a few kilobytes.
	maxToken = 16 << 10
	// maxSubject is the longest subject (OpenID Connect Core, section 2).
	maxSubject = 255
	// maxAnswer bounds an answer of the provider, timeout the time it has.
	maxAnswer = 1 << 20
	timeout   = 10 * time.Second
	// A provider that is down is asked again after retryAfter; a caller with made-up
	// key names makes at most fetchRate requests for keys in a second.
	retryAfter = 5 * time.Second
	fetchRate  = 1
	fetchBurst = 10
)

// algorithms are those with a public key; HS256 and none would let anybody sign who
// knows what is public.
func algorithms() []string {
	return []string{
		gooidc.RS256, gooidc.RS384, gooidc.RS512, gooidc.ES256, gooidc.ES384, gooidc.ES512,
		gooidc.PS256, gooidc.PS384, gooidc.PS512, gooidc.EdDSA,
	}
}

// Config is one provider.
type Config struct {
	// Issuer is the provider's name, exactly as its tokens spell it.
	Issuer string
	// ClientID and ClientSecret are what eksposure is registered with there; a public
	// client has no secret.
	ClientID, ClientSecret string
	// Audiences are those of bearer tokens; empty means ClientID.
	Audiences []string
	// RedirectURL is where the provider sends browsers back to.
	RedirectURL string
	// Scopes are asked for beside openid; empty means profile and email.
	Scopes []string
	// NameClaim is shown for a principal; empty means email.
	NameClaim string
	// Grants give roles (ParseGrant); the first that fits decides.
	Grants []Grant
	Now    func() time.Time
	// Transport replaces the system's, for a provider with a private authority.
	Transport http.RoundTripper
}

// WithDefaults fills what is not set.
func (c Config) WithDefaults() Config {
	if len(c.Audiences) == 0 {
		c.Audiences = []string{c.ClientID}
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"profile", "email"}
	}
	if c.NameClaim == "" {
		c.NameClaim = "email"
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	return c
}

// Validate reports what no provider can be, as fault.ErrInvalid.
func (c Config) Validate() error {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return fmt.Errorf("OpenID Connect issuer %q: want an https URL without query: %w", c.Issuer, fault.ErrInvalid)
	}
	if c.ClientID == "" {
		return fmt.Errorf("OpenID Connect issuer %q has no client ID: %w", c.Issuer, fault.ErrInvalid)
	}
	if len(c.Grants) == 0 {
		return fmt.Errorf("OpenID Connect issuer %q has no grants, so that nobody may do anything: %w", c.Issuer, fault.ErrInvalid)
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Provider is safe for use by several goroutines.
type Provider struct {
	cfg    Config
	client *http.Client
	// requests counts those that were sent to the provider, or would have been but for
	// their rate.
	requests atomic.Int64

	mu    sync.Mutex
	found *found
	// failed is why the provider could not be asked, and asked when.
	failed error
	asked  time.Time
}

// found is what the provider says of itself.
type found struct {
	provider *gooidc.Provider
	keys     gooidc.KeySet
	oauth    oauth2.Config
}

// New makes a Provider; it asks the provider nothing yet.
func New(c Config) (*Provider, error) {
	c = c.WithDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Provider{cfg: c}
	transport := bounded{base: c.Transport, fetches: rate.NewLimiter(fetchRate, fetchBurst), now: c.Now, requests: &p.requests}
	p.client = &http.Client{Timeout: timeout, Transport: transport}
	return p, nil
}

// Verify gives who a bearer token belongs to. fault.ErrInvalid means that the token
// does not count, fault.ErrDenied that nobody gave its subject a role, and
// fault.ErrUnavailable that the provider could not be asked.
func (p *Provider) Verify(ctx context.Context, token string) (access.Principal, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return access.Principal{}, err
	}
	verified, err := p.verify(ctx, found, token)
	if err != nil {
		return access.Principal{}, err
	}
	if !slices.ContainsFunc(verified.Audience, func(a string) bool { return slices.Contains(p.cfg.Audiences, a) }) {
		return access.Principal{}, fmt.Errorf("token is for the audience %q: %w", verified.Audience, fault.ErrInvalid)
	}
	claims := map[string]any{}
	if err := verified.Claims(&claims); err != nil {
		return access.Principal{}, fmt.Errorf("token claims: %w: %w", err, fault.ErrInvalid)
	}
	return p.principal(verified.Subject, claims)
}

// LoginURL is where a browser is sent to sign in. State, nonce and verifier are
// random, and must be remembered until the browser is back.
func (p *Provider) LoginURL(ctx context.Context, state, nonce, verifier string) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return found.oauth.AuthCodeURL(state, gooidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Exchange gives who signed in, from the code that the browser brought back. The
// errors are those of Verify. That the state is the right one is for the caller to
// check.
func (p *Provider) Exchange(ctx context.Context, code, nonce, verifier string) (access.Principal, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return access.Principal{}, err
	}
	ctx = gooidc.ClientContext(ctx, p.client)
	tokens, err := found.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return access.Principal{}, exchangeFault(err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return access.Principal{}, fmt.Errorf("provider gave no ID token: %w", fault.ErrInvalid)
	}
	verified, err := p.verify(ctx, found, raw)
	if err != nil {
		return access.Principal{}, err
	}
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(nonce)) != 1 {
		return access.Principal{}, fmt.Errorf("ID token has another nonce: %w", fault.ErrInvalid)
	}
	claims := map[string]any{}
	if err := verified.Claims(&claims); err != nil {
		return access.Principal{}, fmt.Errorf("ID token claims: %w: %w", err, fault.ErrInvalid)
	}
	if err := p.forUs(verified.Audience, claims); err != nil {
		return access.Principal{}, err
	}
	if err := p.addUserInfo(ctx, found, tokens, verified.Subject, claims); err != nil {
		return access.Principal{}, err
	}
	return p.principal(verified.Subject, claims)
}

// forUs checks that an ID token was made for this client (OpenID Connect Core,
// section 3.1.3.7, steps 3 to 5).
func (p *Provider) forUs(audience []string, claims map[string]any) error {
	party, has := claims["azp"]
	if !slices.Contains(audience, p.cfg.ClientID) || has && party != p.cfg.ClientID || !has && len(audience) > 1 {
		return fmt.Errorf("ID token is for the audience %q: %w", audience, fault.ErrInvalid)
	}
	return nil
}

// addUserInfo adds the claims that the provider tells at its userinfo endpoint only.
func (p *Provider) addUserInfo(ctx context.Context, found *found, tokens *oauth2.Token, subject string, claims map[string]any) error {
	if found.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := found.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("userinfo of %q: %w: %w", p.cfg.Issuer, err, fault.ErrUnavailable)
	}
	if info.Subject != subject {
		return fmt.Errorf("userinfo is about another subject than the ID token: %w", fault.ErrInvalid)
	}
	more := map[string]any{}
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("userinfo claims: %w: %w", err, fault.ErrInvalid)
	}
	for name, value := range more {
		if _, signed := claims[name]; !signed {
			claims[name] = value
		}
	}
	return nil
}

// Ready asks the provider for its metadata, unless it is known.
func (p *Provider) Ready(ctx context.Context) error {
	_, err := p.discover(ctx)
	return err
}

func (p *Provider) discover(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.failed != nil && p.cfg.Now().Sub(p.asked) < retryAfter {
		return nil, p.failed
	}
	// What is found is for all callers: that one of them goes away must not fail it.
	ctx = gooidc.ClientContext(context.WithoutCancel(ctx), p.client)
	provider, err := gooidc.NewProvider(ctx, p.cfg.Issuer)
	var metadata struct {
		Keys string `json:"jwks_uri"`
	}
	if err == nil {
		err = provider.Claims(&metadata)
	}
	p.asked, p.failed = p.cfg.Now(), nil
	if err != nil {
		p.failed = fmt.Errorf("OpenID Connect provider %q: %w: %w", p.cfg.Issuer, err, fault.ErrUnavailable)
		return nil, p.failed
	}
	p.found = &found{
		provider: provider, keys: gooidc.NewRemoteKeySet(ctx, metadata.Keys),
		oauth: oauth2.Config{
			ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: provider.Endpoint(), RedirectURL: p.cfg.RedirectURL,
			Scopes: append([]string{gooidc.ScopeOpenID}, p.cfg.Scopes...),
		},
	}
	return p.found, nil
}

// verify checks signature, issuer and time.
func (p *Provider) verify(ctx context.Context, found *found, token string) (*gooidc.IDToken, error) {
	if len(token) > maxToken {
		return nil, fmt.Errorf("token of %d bytes, want %d at most: %w", len(token), maxToken, fault.ErrInvalid)
	}
	keys := &fetching{KeySet: found.keys, requests: &p.requests}
	verifier := gooidc.NewVerifier(p.cfg.Issuer, keys, &gooidc.Config{
		SkipClientIDCheck: true, // each caller has its own rule for the audience
		// The library knows leeway for a token's begin only.
		Now: func() time.Time { return p.cfg.Now().Add(-skew) }, SupportedSigningAlgs: algorithms(),
	})
	verified, err := verifier.Verify(ctx, token)
	if keys.failed != nil {
		return nil, fmt.Errorf("keys of OpenID Connect provider %q: %w: %w", p.cfg.Issuer, keys.failed, fault.ErrUnavailable)
	}
	if err != nil {
		return nil, fmt.Errorf("token: %w: %w", err, fault.ErrInvalid)
	}
	if verified.Subject == "" || len(verified.Subject) > maxSubject {
		return nil, fmt.Errorf("token has a subject of %d characters: %w", len(verified.Subject), fault.ErrInvalid)
	}
	return verified, nil
}

// fetching tells a key that does not exist from keys that could not be fetched; the
// verifier's error does not.
type fetching struct {
	gooidc.KeySet

	// requests are those of the Provider.
	requests *atomic.Int64
	failed   error
}

// VerifySignature remembers why keys could not be fetched. Keys that another call was
// just fetching do not count as an answer: they may be older than the token's.
func (f *fetching) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	before := f.requests.Load()
	payload, err := f.KeySet.VerifySignature(ctx, jwt)
	for err != nil && f.requests.Load() == before && ctx.Err() == nil {
		runtime.Gosched()
		payload, err = f.KeySet.VerifySignature(ctx, jwt)
	}
	if err != nil && strings.HasPrefix(err.Error(), "fetching keys") && !errors.Is(err, errTooMany) {
		f.failed = err
	}
	return payload, err
}

// exchangeFault tells what a provider said of the code from what became of the
// connection. The answer's body stays out of the error: it may repeat what was sent.
func exchangeFault(err error) error {
	if said, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if said.Response != nil && said.Response.StatusCode >= http.StatusInternalServerError {
			return fmt.Errorf("provider answered %s: %w", said.Response.Status, fault.ErrUnavailable)
		}
		return fmt.Errorf("provider refused the code (%q): %w", said.ErrorCode, fault.ErrInvalid)
	}
	return fmt.Errorf("token endpoint: %w: %w", err, fault.ErrUnavailable)
}

// bounded bounds what the provider sends, and how often it is asked for keys.
type bounded struct {
	base    http.RoundTripper
	fetches *rate.Limiter
	now     func() time.Time
	// requests are those of the Provider.
	requests *atomic.Int64
}

var errTooMany = errors.New("keys were fetched too often")

// RoundTrip asks for keys and metadata, which are GET without credentials, only so
// often.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	b.requests.Add(1)
	if r.Method == http.MethodGet && r.Header.Get("Authorization") == "" && !b.fetches.AllowN(b.now(), 1) {
		return nil, errTooMany
	}
	resp, err := b.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}
