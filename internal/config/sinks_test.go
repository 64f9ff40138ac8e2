package config_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/config"
	"github.com/eksposure/eksposure/internal/fault"
)

func TestSinks(t *testing.T) {
	file := `
events:
  eventbridge: {bus: "arn:aws:events:eu-central-1:111122223333:event-bus/security"}
  webhooks: {siem: "https://hooks.example/x?team=a"}
  webhook_secrets: {siem: /etc/eksposure/siem}
tickets:
  servicenow_secrets: {"arn:aws:secretsmanager:eu-central-1:111122223333:secret:snow": /etc/eksposure/snow}
`
	c, err := config.Load(config.Sources{File: []byte(file), FileName: "f", Env: map[string]string{"EKSPOSURE_EXPORTS_DIR": "/srv/exports"}})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Events{
		Source: "eksposure", EventBridge: config.EventBridge{Bus: "arn:aws:events:eu-central-1:111122223333:event-bus/security"},
		Webhooks: map[string]string{"siem": "https://hooks.example/x?team=a"}, WebhookSecrets: map[string]string{"siem": "/etc/eksposure/siem"},
	}
	if diff := cmp.Diff(want, c.Events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c.Exports.Dir != "/srv/exports" || c.Tickets.ServiceNowSecrets["arn:aws:secretsmanager:eu-central-1:111122223333:secret:snow"] != "/etc/eksposure/snow" {
		t.Errorf("exports %+v, tickets %+v", c.Exports, c.Tickets)
	}
	for _, bad := range []string{
		"events: {source: aws.securityhub, eventbridge: {bus: default}}",
		"events: {source: ''}",
		"events: {webhooks: {siem: 'https://hooks.example/'}}",
		"events: {webhook_secrets: {siem: /etc/x}}",
	} {
		if _, err := config.Load(config.Sources{File: []byte(bad), FileName: "f"}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := config.Load(config.Sources{File: []byte("events: {source: aws.securityhub}"), FileName: "f"}); err != nil {
		t.Errorf("a source of AWS without a bus, for webhooks: %v", err)
	}
}
