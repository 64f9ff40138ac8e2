package app

import (
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

// nativeRoutes gives the routes under /api/v1 over a database. The parts that are
// more than reading and writing it are given; one that is nil has no routes.
func (a *App) nativeRoutes(db *store.DB, parts native.Config) ([]api.Route, error) {
	build := buildInfo()
	parts.Findings, parts.Clusters, parts.Images, parts.Audit = db, db, db, db
	parts.Reports = ingest.New(db, a.o.Clock)
	parts.Traits, parts.Page = trait.All(), trait.Page
	parts.Build = native.Build{Version: build.Version, Commit: build.Commit, Go: build.Go}
	parts.Now = a.o.Clock
	return native.Routes(parts)
}
