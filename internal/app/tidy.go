package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/store"
)

// serverPrincipal is who does what the server does by itself.
const serverPrincipal = "server"

// tidyEvery is how often the audit log is cut.
const tidyEvery = 24 * time.Hour

// tidyAudit removes what is older than the settings keep, until the context ends.
func (a *App) tidyAudit(ctx context.Context, db *store.DB) error {
	keep := a.o.Config.Access.AuditRetention
	if keep == 0 {
		return nil
	}
	every := time.NewTicker(tidyEvery)
	defer every.Stop()
	for {
		if _, err := db.PruneAudit(ctx, a.o.Clock().Add(-keep)); err != nil && ctx.Err() == nil {
			a.o.Log.LogAttrs(ctx, slog.LevelWarn, "audit log not cut", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// forgetSinks drops the places of sinks that the settings no longer name: they would
// hold back the cutting of the change log for ever. One that comes back begins anew.
func (a *App) forgetSinks(ctx context.Context, db *store.DB, events *deliver.Deliverer) error {
	dropped, err := db.KeepCursors(ctx, events.Sinks())
	if err != nil || len(dropped) == 0 {
		return err
	}
	a.o.Log.LogAttrs(ctx, slog.LevelWarn, "sinks that the settings no longer name are forgotten", slog.String("sinks", strings.Join(dropped, ", ")))
	var errs []error
	for _, sink := range dropped {
		errs = append(errs, db.Audit(ctx, access.Entry{
			At: a.o.Clock().UTC(), Principal: serverPrincipal, Operation: "ForgetSink", Action: access.Administer, Target: sink, Outcome: access.OutcomeDone,
		}))
	}
	return errors.Join(errs...)
}
