package app

import (
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/api/native"
	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

// nativeRoutes gives the routes under /api/v1 over a database. The parts that are
// more than reading and writing it are given; one that is nil has no routes.
func (a *App) nativeRoutes(db *store.DB, parts native.Config) ([]api.Route, error) {
	build := buildInfo()
	parts.Findings, parts.Clusters, parts.Images, parts.Audit = db, db, db, db
	parts.Preferences, parts.Settings = db, settings(&a.o.Config)
	parts.Reports = ingest.New(db, a.o.Clock)
	parts.Traits, parts.Page = trait.All(), trait.Page
	parts.Build = native.Build{Version: build.Version, Commit: build.Commit, Go: build.Go}
	parts.Now = a.o.Clock
	return native.Routes(parts)
}

// settings are those in force, as administrators may see them.
func settings(c *config.Config) []native.Setting {
	var list []native.Setting
	for _, v := range c.InForce() {
		list = append(list, native.Setting{Key: v.Key, Value: v.Value, Set: v.Set, Doc: v.Doc})
	}
	return list
}
