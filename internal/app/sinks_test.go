package app_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/app"
	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// The sinks and the bucket that settings name are reached; AWS is not entered before
// it is needed, and again after it refused.
func TestSinksOfTheSettings(t *testing.T) {
	t.Parallel()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Clusters = nil
		if len(a.Users) > 0 {
			a.Users[0].Allow = []string{"sts:GetCallerIdentity", "events:PutEvents", "s3:*"}
			a.Buses = []estate.Bus{{Region: "us-east-1", Name: "security"}}
			a.Buckets = []estate.Bucket{{Region: "us-east-1", Name: "findings"}}
		}
	}
	e, err := estate.Start(t.Context(), estate.Config{Scenario: s, Images: published, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	taken := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken++ }))
	defer receiver.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	enter(t, e, &c)
	c.Events.EventBridge.Bus = "security"
	c.Events.Webhooks, c.Events.WebhookSecrets = map[string]string{"siem": receiver.URL}, map[string]string{"siem": secret}
	a := app.New(app.Options{Config: c, Now: time.Now, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	sinks, err := app.EventSinks(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Calls()) != 0 {
		t.Errorf("AWS was asked at the start: %v", e.Calls())
	}
	e.Inject(estate.Fault{Service: "sts", Kind: estate.FaultDeny, Times: 1})
	event := ocsf.Event{
		ID: "f:1", Source: "eksposure", DetailType: ocsf.DetailType, Time: "2026-11-25T12:00:00Z",
		Detail: ocsf.EventDetail{Findings: []json.RawMessage{json.RawMessage(`{}`)}},
	}
	var names []string
	for i, sink := range sinks {
		names = append(names, sink.Name())
		if _, err := sink.Deliver(t.Context(), []ocsf.Event{event}); i == 0 && !errors.Is(err, fault.ErrDenied) {
			t.Errorf("credentials that are refused: %v", err)
		}
		if n, err := sink.Deliver(t.Context(), []ocsf.Event{event}); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", sink.Name(), n, err)
		}
	}
	if diff := cmp.Diff([]string{"eventbridge:security", "webhook:siem"}, names); diff != "" || taken != 2 || len(e.Events()) != 1 {
		t.Errorf("the webhook took %d, the bus %d (-want +got):\n%s", taken, len(e.Events()), diff)
	}
	target, err := app.ExportTarget(t.Context(), a, export.S3{BucketARN: "arn:aws:s3:::findings"}, "x.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := target.Begin(t.Context()); err != nil || e.Uploads() != 1 {
		t.Errorf("%d uploads, %v", e.Uploads(), err)
	}
	for _, spoil := range []func(*config.Config){
		func(c *config.Config) { c.Events.EventBridge.Bus = "arn:aws:sns:us-east-1:1:x" },
		func(c *config.Config) { c.Events.Webhooks = map[string]string{"siem": "http://hooks.example/"} },
		func(c *config.Config) { c.Events.WebhookSecrets = map[string]string{"siem": secret + ".none"} },
	} {
		wrong := c
		spoil(&wrong)
		if _, err := app.EventSinks(app.New(app.Options{Config: wrong, Now: time.Now, Clock: time.Now})); err == nil {
			t.Errorf("settings that cannot work are taken: %+v", wrong.Events)
		}
	}
}
