package automation

import (
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// Provider is a ticket system.
type Provider string

// The ticket systems; the names are those of Security Hub's connectors.
const (
	JiraCloud  Provider = "JIRA_CLOUD"
	ServiceNow Provider = "SERVICENOW"
)

// Desk is where tickets go: a project of Jira Cloud, or an instance of ServiceNow.
type Desk struct {
	Provider Provider `json:"provider"`
	// ProjectKey is Jira's.
	ProjectKey string `json:"project_key,omitempty"`
	// Instance is the name of the ServiceNow instance, Secret what names its
	// credentials in the settings.
	Instance string `json:"instance,omitempty"`
	Secret   string `json:"secret,omitempty"`
}

// Validate reports what is wrong with a desk, as fault.ErrInvalid.
func (d Desk) Validate() error {
	switch d.Provider {
	case JiraCloud:
		if d.ProjectKey == "" {
			return fmt.Errorf("JiraCloud.ProjectKey is empty: %w", fault.ErrInvalid)
		}
		return nil
	case ServiceNow:
		if d.Instance == "" || d.Secret == "" {
			return fmt.Errorf("ServiceNow needs InstanceName and SecretArn: %w", fault.ErrInvalid)
		}
		return nil
	}
	return fmt.Errorf("ticket system %q: want %s or %s: %w", d.Provider, JiraCloud, ServiceNow, fault.ErrInvalid)
}

// Ticket is what is asked for.
type Ticket struct {
	// Token makes the ticket unique: the same token gives the same ticket again.
	Token string
	// Title and Text are plain text.
	Title, Text string
	Severity    string
	// Test marks a ticket that only proves that the connector works.
	Test bool
}

// Opened is a ticket that is there.
type Opened struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Known says that the ticket was there already.
	Known bool `json:"known,omitempty"`
}

// TicketFor writes the ticket of a finding; link is where the finding can be read,
// and may be empty.
func TicketFor(f *exposure.Finding, token, link string) Ticket {
	var b strings.Builder
	b.WriteString(f.Description + "\n\nCluster: " + f.Cluster.Ref.String() + "\nSeverity: " + f.ShownSeverity() + "\nFinding: " + f.ID)
	if link != "" {
		b.WriteString("\n" + link)
	}
	if len(f.Topics) > 0 {
		b.WriteString("\n\nWhat to do, in this order:")
	}
	for i, t := range f.Topics {
		left := "leaves severity " + string(t.After)
		if t.Resolves {
			left = "resolves the finding"
		}
		fmt.Fprintf(&b, "\n%d. %s (%s)", i+1, t.Title, left)
	}
	return Ticket{Token: token, Title: f.Title, Text: b.String(), Severity: f.ShownSeverity()}
}

// TestTicket is the ticket that proves a connector (mode DRYRUN).
func TestTicket(token string) Ticket {
	return Ticket{
		Token: token, Title: "Test ticket from eksposure", Test: true, Severity: "Informational",
		Text: "This ticket proves that eksposure can open tickets here. It can be closed.",
	}
}
