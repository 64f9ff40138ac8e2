package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/signin"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/keyring"
	"github.com/eksposure/eksposure/internal/oidc"
	"github.com/eksposure/eksposure/internal/seal"
	"github.com/eksposure/eksposure/internal/session"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/telemetry"
)

// keyring opens the access keys, and needs the database alone.
func (a *App) keyring(ctx context.Context) (*keyring.Ring, error) {
	db, err := a.Store(ctx)
	if err != nil {
		return nil, err
	}
	return keyring.New(keyring.Config{Objects: db, Box: seal.New(a.o.Config.Access.KeyFile), Now: a.o.Clock, Log: a.o.Log}), nil
}

// doors are the ways in: access keys, the tokens of a provider, and the sessions of
// browsers.
type doors struct {
	ring   *keyring.Ring
	ways   []api.Authenticator
	routes []api.Route
	// keys counts the access keys that are not revoked.
	keys int
}

// doors opens the ways in. url is where the server listens.
func (a *App) doors(ctx context.Context, db *store.DB, url string) (*doors, error) {
	ring, err := a.keyring(ctx)
	if err != nil {
		return nil, err
	}
	if err := ring.Ready(ctx); err != nil {
		return nil, err
	}
	keys, err := ring.Keys(ctx)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k access.Key) bool { return !k.Revoked.IsZero() })
	d := &doors{ring: ring, keys: len(keys), ways: []api.Authenticator{api.Signed{Keys: ring, Now: a.o.Clock}}}
	browsers := signin.Config{
		Sessions: session.New(session.Config{Objects: db, Keys: ring, Now: a.o.Clock}), Keys: ring, PublicURL: a.o.Config.Access.PublicURL,
	}
	provider, err := a.provider(url)
	if err != nil {
		return nil, err
	}
	if provider != nil {
		d.ways = append(d.ways, api.Bearer{Tokens: provider})
		browsers.Provider = provider
	}
	people, err := signin.New(browsers)
	if err != nil {
		return nil, fmt.Errorf("setting access.public_url: %w", err)
	}
	d.ways, d.routes = append(d.ways, people), people.Routes()
	return d, nil
}

// provider is the OpenID Connect provider of the settings, or nil. It is asked
// nothing yet.
func (a *App) provider(url string) (*oidc.Provider, error) {
	c := a.o.Config.Access.OIDC
	if c.Issuer == "" {
		return nil, nil //nolint:nilnil // no provider is set up
	}
	grants, err := oidc.ParseGrants(c.Grants)
	if err != nil {
		return nil, fmt.Errorf("setting access.oidc.grants: %w", err)
	}
	if public := a.o.Config.Access.PublicURL; public != "" {
		url = strings.TrimSuffix(public, "/")
	}
	secret := ""
	if c.ClientSecretFile != "" {
		text, err := os.ReadFile(c.ClientSecretFile)
		if err != nil {
			return nil, fmt.Errorf("setting access.oidc.client_secret_file: %w: %w", err, fault.ErrInvalid)
		}
		secret = strings.TrimSpace(string(text))
	}
	p, err := oidc.New(oidc.Config{
		Issuer: c.Issuer, ClientID: c.ClientID, ClientSecret: secret, Audiences: c.Audiences, RedirectURL: url + signin.CallbackPath,
		Scopes: c.Scopes, NameClaim: c.NameClaim, Grants: grants, Now: a.o.Clock,
	})
	if err != nil {
		return nil, fmt.Errorf("settings access.oidc: %w", err)
	}
	return p, nil
}

// handler answers requests by the routes, and shows the console.
func (a *App) handler(db *store.DB, d *doors, routes []api.Route, pages api.Pages, counts *telemetry.Metrics) (http.Handler, error) {
	proxies, err := a.o.Config.Serve.Proxies()
	if err != nil {
		return nil, err
	}
	l := a.o.Config.Limits
	return api.New(api.Config{
		Routes: slices.Concat(d.routes, routes), Pages: pages, Authenticate: d.ways, Audit: db,
		Observe: func(ctx context.Context, operation string, status int, took time.Duration) {
			counts.Request(operation, status, took)
			telemetry.Operation(ctx, operation, status)
		},
		Limits: api.Limits{
			PerPrincipal: api.Rate{PerSecond: l.CallerRate, Burst: l.CallerBurst}, PerAddress: api.Rate{PerSecond: l.AddressRate, Burst: l.AddressBurst}, Timeout: l.Timeout,
		},
		Proxies: proxies, Now: a.o.Clock, Log: a.o.Log,
	}), nil
}
