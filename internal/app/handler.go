package app

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/keyring"
	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/seal"
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

// handler joins the routes with the ways to authenticate, and counts the keys that
// are not revoked.
func (a *App) handler(ctx context.Context, db *store.DB, counts *telemetry.Metrics, scans *schedule.Service) (http.Handler, int, error) {
	ring, err := a.keyring(ctx)
	if err != nil {
		return nil, 0, err
	}
	if err := ring.Ready(ctx); err != nil {
		return nil, 0, err
	}
	keys, err := ring.Keys(ctx)
	if err != nil {
		return nil, 0, err
	}
	keys = slices.DeleteFunc(keys, func(k access.Key) bool { return !k.Revoked.IsZero() })
	routes, err := a.nativeRoutes(db, native.Config{Keys: ring, Scans: scans, Discoveries: scans})
	if err != nil {
		return nil, 0, err
	}
	return api.New(api.Config{
		Routes:       routes,
		Authenticate: []api.Authenticator{api.Signed{Keys: ring, Now: a.o.Clock}},
		Audit:        db,
		Observe: func(ctx context.Context, operation string, status int, took time.Duration) {
			counts.Request(operation, status, took)
			telemetry.Operation(ctx, operation, status)
		},
		Now: a.o.Clock, Log: a.o.Log,
	}), len(keys), nil
}
