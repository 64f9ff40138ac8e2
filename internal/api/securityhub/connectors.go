package securityhub

import (
	"encoding/json"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/hub"
)

// enabled is the EnablementStatus of every connector that there is.
const enabled = "ENABLED"

// provider is the union of ticket systems, in requests.
type provider struct {
	JiraCloud *struct {
		ProjectKey string
	}
	ServiceNow *struct {
		InstanceName string
		SecretArn    string
	}
	Azure, GCP json.RawMessage
}

// desk gives what a request names; kept is what there is already when it changes it.
func (p provider) desk(kept automation.Desk) (automation.Desk, error) {
	named := 0
	for _, there := range []bool{p.JiraCloud != nil, p.ServiceNow != nil, p.Azure != nil, p.GCP != nil} {
		if there {
			named++
		}
	}
	switch {
	case named != 1:
		return kept, invalid("Provider", "%d providers, want one", named)
	case p.JiraCloud != nil && (kept.Provider == "" || kept.Provider == automation.JiraCloud):
		return automation.Desk{Provider: automation.JiraCloud, ProjectKey: p.JiraCloud.ProjectKey}, nil
	case p.ServiceNow != nil && (kept.Provider == "" || kept.Provider == automation.ServiceNow):
		d := automation.Desk{Provider: automation.ServiceNow, Instance: p.ServiceNow.InstanceName, Secret: p.ServiceNow.SecretArn}
		if kept.Provider != "" {
			d.Instance = kept.Instance // an update has no member for it
		}
		return d, nil
	case p.Azure != nil, p.GCP != nil:
		return kept, invalid("Provider", "Azure and GCP are not watched, eksposure is about Amazon EKS")
	}
	return kept, invalid("Provider", "the connector is one of %s", kept.Provider)
}

// providerDetail is the union of ticket systems, in answers.
type providerDetail struct {
	JiraCloud  *jiraDetail       `json:"JiraCloud,omitempty"`
	ServiceNow *serviceNowDetail `json:"ServiceNow,omitempty"`
}

type jiraDetail struct {
	ProjectKey string `json:"ProjectKey"`
	AuthStatus string `json:"AuthStatus"`
}

type serviceNowDetail struct {
	InstanceName string `json:"InstanceName"`
	SecretArn    string `json:"SecretArn"`
	AuthStatus   string `json:"AuthStatus"`
}

func detailOf(c hub.Connector, h hub.Health) providerDetail {
	auth := "FAILED"
	if h.Status == hub.Connected {
		auth = "ACTIVE"
	}
	if c.Desk.Provider == automation.JiraCloud {
		return providerDetail{JiraCloud: &jiraDetail{c.Desk.ProjectKey, auth}}
	}
	return providerDetail{ServiceNow: &serviceNowDetail{c.Desk.Instance, c.Desk.Secret, auth}}
}

type createConnectorRequest struct {
	Name        string
	Description *string
	Provider    *provider
	KmsKeyArn   *string
	Tags        map[string]string
	ClientToken string
}

type createConnectorAnswer struct {
	ConnectorArn     string              `json:"ConnectorArn"`
	ConnectorID      string              `json:"ConnectorId"`
	ConnectorStatus  hub.ConnectorStatus `json:"ConnectorStatus"`
	EnablementStatus string              `json:"EnablementStatus"`
}

func (s *routes) createConnector(c *call) (any, error) {
	var in createConnectorRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := filled("Name", in.Name); err != nil {
		return nil, err
	}
	for member, v := range map[string]*string{"Description": in.Description, "KmsKeyArn": in.KmsKeyArn} {
		if err := notBlank(member, v); err != nil {
			return nil, err
		}
	}
	if in.Provider == nil {
		return nil, invalid("Provider", "is missing")
	}
	desk, err := in.Provider.desk(automation.Desk{})
	if err != nil {
		return nil, err
	}
	made, health, err := s.hub.CreateConnector(c.Context(), c.caller.Principal,
		hub.Connector{Name: in.Name, Description: deref(in.Description), Desk: desk, KMSKeyARN: deref(in.KmsKeyArn)}, in.Tags, in.ClientToken)
	if err != nil {
		return nil, err
	}
	return createConnectorAnswer{made.ARN, made.ID, health.Status, enabled}, c.caller.Note(made.ARN, nil, made)
}

type connectorAnswer struct {
	ConnectorArn     string         `json:"ConnectorArn"`
	ConnectorID      string         `json:"ConnectorId"`
	Name             string         `json:"Name"`
	Description      string         `json:"Description,omitempty"`
	KmsKeyArn        string         `json:"KmsKeyArn,omitempty"`
	CreatedAt        timestamp      `json:"CreatedAt"`
	LastUpdatedAt    timestamp      `json:"LastUpdatedAt"`
	Health           healthCheck    `json:"Health"`
	ProviderDetail   providerDetail `json:"ProviderDetail"`
	EnablementStatus string         `json:"EnablementStatus"`
}

type healthCheck struct {
	ConnectorStatus hub.ConnectorStatus `json:"ConnectorStatus"`
	Message         string              `json:"Message,omitempty"`
	LastCheckedAt   timestamp           `json:"LastCheckedAt"`
	Issues          []healthIssue       `json:"Issues,omitempty"`
}

type healthIssue struct {
	Code    string `json:"Code"`
	Message string `json:"Message"`
}

func healthOf(h hub.Health) healthCheck {
	out := healthCheck{ConnectorStatus: h.Status, Message: h.Message, LastCheckedAt: timestamp(h.CheckedAt)}
	switch h.Status {
	case hub.Connected:
	case hub.Pending:
		out.Issues = []healthIssue{{"AUTHENTICATION_FAILURE", out.Message}}
	case hub.Unconnected:
		out.Issues = []healthIssue{{"NO_HEALTH_DATA", out.Message}}
	}
	return out
}

func (s *routes) getConnector(c *call) (any, error) {
	id, err := c.label("ConnectorId")
	if err != nil {
		return nil, err
	}
	found, health, err := s.hub.Connector(c.Context(), id)
	if err != nil {
		return nil, err
	}
	return connectorAnswer{
		ConnectorArn: found.ARN, ConnectorID: found.ID, Name: found.Name, Description: found.Description, KmsKeyArn: found.KMSKeyARN,
		CreatedAt: timestamp(found.CreatedAt), LastUpdatedAt: timestamp(found.UpdatedAt),
		Health: healthOf(health), ProviderDetail: detailOf(found, health), EnablementStatus: enabled,
	}, nil
}

type connectorSummary struct {
	ConnectorArn     string          `json:"ConnectorArn"`
	ConnectorID      string          `json:"ConnectorId"`
	Name             string          `json:"Name"`
	Description      string          `json:"Description,omitempty"`
	ProviderSummary  providerSummary `json:"ProviderSummary"`
	CreatedAt        timestamp       `json:"CreatedAt"`
	EnablementStatus string          `json:"EnablementStatus"`
}

type providerSummary struct {
	ProviderName          automation.Provider `json:"ProviderName"`
	ConnectorStatus       hub.ConnectorStatus `json:"ConnectorStatus"`
	ProviderConfiguration providerDetail      `json:"ProviderConfiguration"`
}

type listConnectorsAnswer struct {
	Connectors []connectorSummary `json:"Connectors"`
	NextToken  string             `json:"NextToken,omitempty"`
}

func (s *routes) listConnectors(c *call) (any, error) {
	size, token, err := c.page(maxList)
	if err != nil {
		return nil, err
	}
	name, err := c.choice("ProviderName", "JIRA_CLOUD", "SERVICENOW", "AZURE", "GCP")
	if err != nil {
		return nil, err
	}
	status, err := c.choice("ConnectorStatus", "CONNECTED", "DEGRADED", "FAILED_TO_CONNECT", "PENDING_AUTHORIZATION", "PENDING_CONFIGURATION", "UNKNOWN")
	if err != nil {
		return nil, err
	}
	enablement, err := c.choice("EnablementStatus", enabled, "PENDING_ENABLEMENT", "FAILED_TO_ENABLE", "PENDING_UPDATE", "FAILED_TO_UPDATE", "PENDING_DELETION", "FAILED_TO_DELETE")
	if err != nil {
		return nil, err
	}
	out := listConnectorsAnswer{Connectors: []connectorSummary{}}
	if enablement != "" && enablement != enabled {
		return out, nil
	}
	list, next, err := s.hub.Connectors(c.Context(), hub.ConnectorFilter{Provider: automation.Provider(name), Status: hub.ConnectorStatus(status)}, size, token)
	if err != nil {
		return nil, err
	}
	out.NextToken = next
	for _, found := range list {
		out.Connectors = append(out.Connectors, connectorSummary{
			ConnectorArn: found.ARN, ConnectorID: found.ID, Name: found.Name, Description: found.Description,
			ProviderSummary: providerSummary{found.Desk.Provider, found.Status, detailOf(found.Connector, found.Health)},
			CreatedAt:       timestamp(found.CreatedAt), EnablementStatus: enabled,
		})
	}
	return out, nil
}

type updateConnectorRequest struct {
	Description *string
	Provider    *provider
}

type updateConnectorAnswer struct {
	ConnectorStatus  hub.ConnectorStatus `json:"ConnectorStatus"`
	EnablementStatus string              `json:"EnablementStatus"`
}

func (s *routes) updateConnector(c *call) (any, error) {
	var in updateConnectorRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	id, err := c.label("ConnectorId")
	if err != nil {
		return nil, err
	}
	if err := notBlank("Description", in.Description); err != nil {
		return nil, err
	}
	changed, health, err := s.hub.UpdateConnector(c.Context(), id, func(k *hub.Connector) (err error) {
		if in.Description != nil {
			k.Description = *in.Description
		}
		if in.Provider != nil {
			k.Desk, err = in.Provider.desk(k.Desk)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return updateConnectorAnswer{health.Status, enabled}, c.caller.Note(changed.ARN, nil, changed)
}

func (s *routes) deleteConnector(c *call) (any, error) {
	id, err := c.label("ConnectorId")
	if err != nil {
		return nil, err
	}
	gone, err := s.hub.DeleteConnector(c.Context(), id)
	if err != nil {
		return nil, err
	}
	return empty{}, c.caller.Note(gone.ARN, gone, nil)
}

type registerConnectorRequest struct {
	AuthCode, AuthState string
}

func (s *routes) registerConnector(c *call) (any, error) {
	var in registerConnectorRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	if err := filled("AuthCode", in.AuthCode, "AuthState", in.AuthState); err != nil {
		return nil, err
	}
	return nil, s.hub.RegisterConnector()
}
