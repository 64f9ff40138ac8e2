package app

import (
	"context"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/api/securityhub"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/keyring"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

// services are what the routes ask.
type services struct {
	db      *store.DB
	hub     *hub.Service
	events  *deliver.Deliverer
	exports *export.Service
	scans   *schedule.Service
	keys    *keyring.Ring
	plans   *remediation.Service
}

// hub is what Security Hub's operations mean here.
func (a *App) hub(db *store.DB) (*hub.Service, error) {
	h, desks := a.o.Config.Hub, a.desks()
	if err := desks.Ready(); err != nil {
		return nil, err
	}
	return hub.New(hub.Config{Partition: h.Partition, Region: h.Region, Account: h.Account, Version: buildInfo().Version, Page: trait.Page, Now: a.o.Now}, hub.Ports{
		Findings: db, Resources: db, Trends: db, Overrides: db, Objects: db, Targets: db, Desks: desks,
	}), nil
}

// routes are the operations that are answered. Event streams end with ctx, so that
// they do not hold the end of the server.
func (a *App) routes(ctx context.Context, s services) ([]api.Route, error) {
	own, err := a.nativeRoutes(s.db, native.Config{
		Keys: s.keys, Scans: s.scans, Discoveries: s.scans, Events: ending{s.events, ctx.Done()}, Sinks: s.events, Rules: a.rules(s.db), Exports: s.exports, Plans: s.plans,
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(securityhub.Routes(securityhub.Config{Hub: s.hub, Exports: s.exports, Plans: s.plans}), own), nil
}

// ending ends event streams when the server ends.
type ending struct {
	events *deliver.Deliverer
	ended  <-chan struct{}
}

// Follow implements native.Events.
func (e ending) Follow(ctx context.Context, scope access.Scope, after int64, send func(*deliver.Message) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-e.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	return e.events.Follow(ctx, scope, after, send)
}
