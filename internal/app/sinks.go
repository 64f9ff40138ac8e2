package app

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/hub"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/rulebook"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/ticket"
	"github.com/eksposure/eksposure/internal/webhook"
)

// deliverer tells changes to the sinks of the settings, and opens the tickets that
// rules ask for. holder names this process in leases.
func (a *App) deliverer(db *store.DB, documents deliver.Documents, rules *rulebook.Book, service *hub.Service, holder string) (*deliver.Deliverer, error) {
	sinks, err := a.eventSinks()
	if err != nil {
		return nil, err
	}
	sinks = append(sinks, &deliver.TicketSink{Rules: rules, Findings: db, Connectors: service, Log: a.o.Log})
	return deliver.New(deliver.Config{
		Changes: db, Cursors: db, Documents: documents, Objects: db, Leases: db, Sinks: sinks, Source: a.o.Config.Events.Source,
		Holder: holder, Now: a.o.Now, Log: a.o.Log,
	}), nil
}

// eventSinks are those of the settings; AWS is not asked yet.
func (a *App) eventSinks() ([]deliver.Sink, error) {
	c := a.o.Config.Events
	var sinks []deliver.Sink
	if c.EventBridge.Bus != "" {
		if err := cloud.CheckBus(c.EventBridge.Bus); err != nil {
			return nil, fmt.Errorf("setting events.eventbridge.bus: %w", err)
		}
		sinks = append(sinks, &busSink{name: c.EventBridge.Bus, aws: &entrance{app: a}})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Webhooks)) {
		file := c.WebhookSecrets[name]
		h, err := webhook.New(webhook.Config{Name: name, URL: c.Webhooks[name], Now: a.o.Clock, Secret: func() (string, error) {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", fault.Local(fmt.Errorf("setting events.webhook_secrets: %w: %w", err, fault.ErrDenied))
			}
			return string(text), nil
		}})
		if err != nil {
			return nil, err
		}
		sinks = append(sinks, h)
	}
	return sinks, nil
}

// exports does the export jobs.
func (a *App) exports(db *store.DB, findings export.Findings, holder string) *export.Service {
	c := a.o.Config.Exports
	return export.New(export.Config{
		Findings: findings, Objects: db, Leases: db, Targets: buckets{endpoint: c.S3Endpoint, aws: &entrance{app: a}}, Folder: c.Dir,
		Holder: holder, Now: a.o.Now, Log: a.o.Log,
	})
}

// desks opens tickets with the credentials of the settings.
func (a *App) desks() *ticket.Desks {
	c := a.o.Config.Tickets
	return ticket.New(ticket.Config{
		JiraURL: c.JiraURL, JiraUser: c.JiraUser, JiraTokenFile: c.JiraTokenFile, JiraIssueType: c.JiraIssueType,
		ServiceNowURL: c.ServiceNowURL, Secrets: c.ServiceNowSecrets,
	})
}

// entrance enters AWS when it is first needed, and again when that failed: a server
// that cannot reach AWS serves all the same.
type entrance struct {
	app *App

	mu     sync.Mutex
	client *cloud.Client
}

func (e *entrance) open(ctx context.Context) (*cloud.Client, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.client != nil {
		return e.client, nil
	}
	client, err := e.app.cloud(ctx)
	if err != nil {
		return nil, err
	}
	e.client = client
	return client, nil
}

// busSink is the event bus of the settings.
type busSink struct {
	name string
	aws  *entrance
}

// Name, Batch and MaxEvent implement deliver.Sink.
func (s *busSink) Name() string  { return "eventbridge:" + s.name }
func (s *busSink) Batch() int    { return cloud.MaxEntries }
func (s *busSink) MaxEvent() int { return cloud.MaxEvent }

// Deliver implements deliver.Sink.
func (s *busSink) Deliver(ctx context.Context, events []ocsf.Event) (int, error) {
	client, err := s.aws.open(ctx)
	if err != nil {
		return 0, err
	}
	bus, err := client.Bus(s.name)
	if err != nil {
		return 0, err
	}
	return bus.Deliver(ctx, events)
}

// buckets opens targets of exports.
type buckets struct {
	endpoint string
	aws      *entrance
}

// Bucket implements export.Targets.
func (b buckets) Bucket(ctx context.Context, to export.S3, object string) (export.Target, error) {
	client, err := b.aws.open(ctx)
	if err != nil {
		return nil, err
	}
	return client.Object(ctx, cloud.Place{BucketARN: to.BucketARN, KeyARN: to.KeyARN, Name: object, Endpoint: b.endpoint})
}
