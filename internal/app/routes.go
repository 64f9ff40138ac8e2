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
}

// hub is what Security Hub's operations mean here.
func (a *App) hub(db *store.DB) *hub.Service {
	p := hub.Ports{Findings: db, Overrides: db, Objects: db, Desks: a.desks()}
	p.Resources, _ = any(db).(hub.Resources)
	p.Trends, _ = any(db).(hub.Trends)
	p.Targets, _ = any(db).(hub.Targets)
	return hub.New(hub.Config{Version: buildInfo().Version, Page: trait.Page, Now: a.o.Now}, p)
}

// answered leaves out the operations that the database does not answer: a caller
// is told that there is no such operation.
func answered(routes []api.Route, p hub.Ports) []api.Route {
	return slices.DeleteFunc(routes, func(r api.Route) bool {
		switch r.Operation {
		case "GetResourcesV2", "GetResourcesStatisticsV2":
			return p.Resources == nil
		case "GetFindingsTrendsV2", "GetResourcesTrendsV2":
			return p.Trends == nil
		case "GetRemediationsV2", "ListExposuresByRemediationV2":
			return p.Targets == nil
		}
		return false
	})
}

// routes are the operations that are answered. Event streams end with ctx, so that
// they do not hold the end of the server.
func (a *App) routes(ctx context.Context, s services) ([]api.Route, error) {
	own, err := a.nativeRoutes(s.db, native.Config{
		Keys: s.keys, Scans: s.scans, Discoveries: s.scans, Events: ending{s.events, ctx.Done()}, Sinks: s.events, Rules: a.rules(s.db), Exports: s.exports,
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(answered(securityhub.Routes(securityhub.Config{Hub: s.hub, Exports: s.exports}), s.hub.Ports), own), nil
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
