package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// Events says where changes of findings are told while serving.
type Events struct {
	Source         string            `key:"source" doc:"source that events state; EventBridge takes none that begins with aws. from anybody but AWS"`
	EventBridge    EventBridge       `key:"eventbridge"`
	Webhooks       map[string]string `key:"webhooks" doc:"receivers of signed HTTP requests, NAME=URL; https, or http on this machine"`
	WebhookSecrets map[string]string `key:"webhook_secrets" doc:"file with the signing secret of each receiver, NAME=FILE; whsec_ and base64, several one a line"`
}

// EventBridge names the event bus.
type EventBridge struct {
	Bus string `key:"bus" doc:"EventBridge event bus that events are sent to, an ARN or a name in the caller's own account and region; default: none"`
}

// Exports says where exports go.
type Exports struct {
	Dir        string `key:"dir" doc:"folder for exports that do not go to S3; default: none, such exports are refused"`
	S3Endpoint string `key:"s3_endpoint" doc:"URL of an S3-compatible service to export to instead of AWS; default: what the AWS SDK finds"`
}

// Tickets says how ticket systems are reached.
type Tickets struct {
	JiraURL           string            `key:"jira_url" doc:"address of the Jira Cloud site, https://SITE.atlassian.net"`
	JiraUser          string            `key:"jira_user" doc:"e-mail address of the Jira account that opens tickets"`
	JiraTokenFile     string            `key:"jira_token_file" doc:"file with the API token of that account"`
	JiraIssueType     string            `key:"jira_issue_type" doc:"type of the issues that are opened"`
	ServiceNowURL     string            `key:"servicenow_url" doc:"address of ServiceNow instances; {instance} stands for the connector's instance name"`
	ServiceNowSecrets map[string]string `key:"servicenow_secrets" doc:"file with USER:PASSWORD for each secret that a connector names, SECRET=FILE"`
}

// sinkDefaults are the settings of events, exports and tickets without any source.
func sinkDefaults() (Events, Tickets) {
	return Events{Source: "eksposure"}, Tickets{JiraIssueType: "Task", ServiceNowURL: "https://{instance}.service-now.com"}
}

// reserved begins the sources that belong to AWS.
const reserved = "aws."

func (e *Events) validate() error {
	if e.Source == "" || e.EventBridge.Bus != "" && strings.HasPrefix(e.Source, reserved) {
		return fmt.Errorf("setting events.source is %q: EventBridge takes no source that is empty or begins with %s from anybody but AWS: %w", e.Source, reserved, fault.ErrInvalid)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Webhooks)) {
		if e.WebhookSecrets[name] == "" {
			return fmt.Errorf("setting events.webhooks has %q and events.webhook_secrets does not: %w", name, fault.ErrInvalid)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.WebhookSecrets)) {
		if e.Webhooks[name] == "" {
			return fmt.Errorf("setting events.webhook_secrets has %q and events.webhooks does not: %w", name, fault.ErrInvalid)
		}
	}
	return nil
}
