package securityhub_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/eksposure/eksposure/internal/fault"
)

func jira(name string) *sh.CreateConnectorV2Input {
	return &sh.CreateConnectorV2Input{
		Name: aws.String(name), Description: aws.String("the platform team's board"),
		Provider: &types.ProviderConfigurationMemberJiraCloud{Value: types.JiraCloudProviderConfiguration{ProjectKey: aws.String("PLAT")}},
	}
}

func TestTheLifeOfAConnector(t *testing.T) {
	w := start(t)
	ctx, client := t.Context(), w.client()
	made, err := client.CreateConnectorV2(ctx, jira("board"))
	if err != nil {
		t.Fatal(err)
	}
	if made.ConnectorStatus != types.ConnectorStatusConnected || made.AuthUrl != nil {
		t.Errorf("made %+v, want it connected without a sign-in", made)
	}
	if _, err := client.CreateConnectorV2(ctx, jira("board")); !errors.As(err, new(*types.ConflictException)) {
		t.Errorf("a second of the name: %v, want ConflictException", err)
	}
	snow, err := client.CreateConnectorV2(ctx, &sh.CreateConnectorV2Input{
		Name:     aws.String("desk"),
		Provider: &types.ProviderConfigurationMemberServiceNow{Value: types.ServiceNowProviderConfiguration{InstanceName: aws.String("nordhafen"), SecretArn: aws.String("servicenow")}},
	})
	if err != nil {
		t.Fatal(err)
	}

	w.desks.broken = fmt.Errorf("setting tickets.jira.token names no file: %w", fault.ErrDenied)
	got, err := client.GetConnectorV2(ctx, &sh.GetConnectorV2Input{ConnectorId: made.ConnectorArn})
	if err != nil {
		t.Fatal(err)
	}
	if got.Health.ConnectorStatus != types.ConnectorStatusPendingConfiguration || !strings.Contains(aws.ToString(got.Health.Message), "tickets.jira.token") {
		t.Errorf("health without credentials: %+v", got.Health)
	}
	w.desks.broken = fmt.Errorf("jira is down: %w", fault.ErrUnavailable)
	list, err := client.ListConnectorsV2(ctx, &sh.ListConnectorsV2Input{ProviderName: types.ConnectorProviderNameServicenow, ConnectorStatus: types.ConnectorStatusFailedToConnect})
	if err != nil || len(list.Connectors) != 1 || aws.ToString(list.Connectors[0].ConnectorId) != aws.ToString(snow.ConnectorId) {
		t.Errorf("ServiceNow's connectors: %+v, error %v", list, err)
	}
	w.desks.broken = nil

	_, err = client.UpdateConnectorV2(ctx, &sh.UpdateConnectorV2Input{
		ConnectorId: made.ConnectorId, Provider: &types.ProviderUpdateConfigurationMemberJiraCloud{Value: types.JiraCloudUpdateConfiguration{ProjectKey: aws.String("SEC")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err = client.GetConnectorV2(ctx, &sh.GetConnectorV2Input{ConnectorId: made.ConnectorId})
	if err != nil {
		t.Fatal(err)
	}
	detail, _ := got.ProviderDetail.(*types.ProviderDetailMemberJiraCloud)
	if detail == nil || aws.ToString(detail.Value.ProjectKey) != "SEC" || aws.ToString(got.Description) != "the platform team's board" {
		t.Errorf("after the update: %+v", got)
	}

	rule := suppress()
	rule.Actions = []types.AutomationRulesActionV2{{
		Type:                             types.AutomationRulesActionTypeV2ExternalIntegration,
		ExternalIntegrationConfiguration: &types.ExternalIntegrationConfiguration{ConnectorArn: made.ConnectorArn},
	}}
	used, err := client.CreateAutomationRuleV2(ctx, rule)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteConnectorV2(ctx, &sh.DeleteConnectorV2Input{ConnectorId: made.ConnectorId}); !errors.As(err, new(*types.ConflictException)) {
		t.Errorf("delete a connector that a rule uses: %v, want ConflictException", err)
	}
	if _, err := client.DeleteAutomationRuleV2(ctx, &sh.DeleteAutomationRuleV2Input{Identifier: used.RuleArn}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteConnectorV2(ctx, &sh.DeleteConnectorV2Input{ConnectorId: made.ConnectorId}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := client.GetConnectorV2(ctx, &sh.GetConnectorV2Input{ConnectorId: made.ConnectorId}); !errors.As(err, new(*types.ResourceNotFoundException)) {
		t.Errorf("after it was deleted: %v, want ResourceNotFoundException", err)
	}
}

func TestRefusedConnectors(t *testing.T) {
	w := start(t)
	for _, test := range []struct{ why, method, path, body, code, member string }{
		{"no provider", "POST", "/connectorsv2", `{"Name":"n"}`, "ValidationException", "Provider"},
		{"two providers", "POST", "/connectorsv2", `{"Name":"n","Provider":{"JiraCloud":{"ProjectKey":"A"},"ServiceNow":{}}}`, "ValidationException", "Provider"},
		{"no project", "POST", "/connectorsv2", `{"Name":"n","Provider":{"JiraCloud":{}}}`, "ValidationException", "ProjectKey"},
		{"another cloud", "POST", "/connectorsv2", `{"Name":"n","Provider":{"Azure":{"AWSConfigConnectorArn":"a"}}}`, "ValidationException", "Azure"},
		{"nobody signs in", "POST", "/connectorsv2/register", `{"AuthCode":"a","AuthState":"b"}`, "ResourceNotFoundException", "AuthState"},
		{"no code", "POST", "/connectorsv2/register", `{"AuthState":"b"}`, "ValidationException", "AuthCode"},
		{"unknown provider", "GET", "/connectorsv2?ProviderName=TRELLO", ``, "ValidationException", "ProviderName"},
		{"page size", "GET", "/connectorsv2?MaxResults=x", ``, "ValidationException", "MaxResults"},
	} {
		_, name, answer := w.call(test.method, test.path, test.body)
		message, _ := answer["Message"].(string)
		if name != test.code || !strings.Contains(message, test.member) {
			t.Errorf("%s: %s %v, want %s naming %s", test.why, name, answer, test.code, test.member)
		}
	}
}

func TestTickets(t *testing.T) {
	findings := fleet(t, 2)
	w := start(t, findings...)
	ctx, client := t.Context(), w.client()
	made, err := client.CreateConnectorV2(ctx, jira("board"))
	if err != nil {
		t.Fatal(err)
	}
	in := &sh.CreateTicketV2Input{ConnectorId: made.ConnectorId, FindingMetadataUid: aws.String(findings[0].ID), ClientToken: aws.String("one")}
	first, err := client.CreateTicketV2(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.CreateTicketV2(ctx, in)
	if err != nil || *again.TicketId != *first.TicketId || len(w.desks.opened) != 1 {
		t.Errorf("again: %v, error %v, %d tickets; want the same one", again, err, len(w.desks.opened))
	}
	for _, ticket := range w.desks.opened {
		if ticket.Title != findings[0].Title {
			t.Errorf("ticket %+v is not about %q", ticket, findings[0].Title)
		}
	}
	in.ClientToken, in.Mode = aws.String("two"), types.TicketCreationModeDryrun
	in.FindingMetadataUid = aws.String("template")
	if _, err := client.CreateTicketV2(ctx, in); err != nil || len(w.desks.opened) != 2 {
		t.Errorf("test ticket: %v, %d tickets", err, len(w.desks.opened))
	}
	w.caller.Scope.Accounts = []string{findings[0].Cluster.Ref.Account}
	in.ClientToken, in.Mode, in.FindingMetadataUid = aws.String("three"), "", aws.String(findings[1].ID)
	if _, err := client.CreateTicketV2(ctx, in); !errors.As(err, new(*types.ResourceNotFoundException)) || len(w.desks.opened) != 2 {
		t.Errorf("a finding out of scope: %v, want ResourceNotFoundException", err)
	}
}
