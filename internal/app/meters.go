package app

import (
	"context"

	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/telemetry"
)

// meters asks the parts for what the metrics tell.
type meters struct {
	db       *store.DB
	pipeline *pipeline
	scans    *schedule.Service
}

func (m *meters) state(ctx context.Context) (telemetry.State, error) {
	discovered, err := m.scans.Discovered(ctx)
	if err != nil {
		return telemetry.State{}, err
	}
	return telemetry.State{
		ScansRunning: len(m.scans.Running()), Discovered: discovered.At, Clusters: discovered.Clusters, DatabaseBuilt: m.pipeline.built(),
	}, nil
}
