package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
)

const arnConnector = "connectorv2"

// maxConnectors bounds the connectors; AWS has a quota that it does not publish.
const maxConnectors = 50

// Connector is a ticket system that tickets can be opened in.
type Connector struct {
	ID          string          `json:"id"`
	ARN         string          `json:"arn"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Desk        automation.Desk `json:"desk"`
	KMSKeyARN   string          `json:"kms_key_arn,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// Health is whether a connector works.
type Health struct {
	Status    ConnectorStatus
	Message   string
	CheckedAt time.Time
}

// ConnectorStatus is Security Hub's word for a connector's health.
type ConnectorStatus string

// The statuses that connectors have here.
const (
	Connected ConnectorStatus = "CONNECTED"
	// Pending means that the settings lack the credentials.
	Pending ConnectorStatus = "PENDING_CONFIGURATION"
	// Unconnected means that the ticket system refuses, or cannot be reached.
	Unconnected ConnectorStatus = "FAILED_TO_CONNECT"
)

// CreateConnector adds a connector, of which the caller gives name, description,
// desk and key, and tells whether it works.
func (s *Service) CreateConnector(ctx context.Context, p access.Principal, c Connector, tags map[string]string, token string) (Connector, Health, error) {
	if err := cmp.Or(c.Desk.Validate(), checkTags(tags)); err != nil {
		return Connector{}, Health{}, err
	}
	c, err := once(ctx, s, p, "CreateConnectorV2", token, []any{c, tags}, func() (Connector, error) {
		all, err := s.connectors(ctx)
		if err != nil {
			return Connector{}, err
		}
		if len(all) >= maxConnectors {
			return Connector{}, fmt.Errorf("there are %d connectors already; delete one first: %w", len(all), fault.ErrQuota)
		}
		if slices.ContainsFunc(all, func(o Connector) bool { return o.Name == c.Name }) {
			return Connector{}, fmt.Errorf("there is a connector named %q already: %w", c.Name, fault.ErrConflict)
		}
		c.ID = s.cfg.NewID()
		c.ARN = s.arn(arnConnector, c.ID)
		c.CreatedAt = s.cfg.Now().UTC().Truncate(time.Millisecond)
		c.UpdatedAt = c.CreatedAt
		document, err := json.Marshal(c)
		if err != nil {
			return Connector{}, fmt.Errorf("encode connector: %w", err)
		}
		if err := s.Objects.AddObject(ctx, kindConnector, c.ID, document); err != nil {
			return Connector{}, err
		}
		return c, s.addTags(ctx, c.ARN, tags)
	})
	if err != nil {
		return Connector{}, Health{}, err
	}
	return c, s.health(ctx, c), nil
}

// health asks the ticket system.
func (s *Service) health(ctx context.Context, c Connector) Health {
	h := Health{Status: Connected, CheckedAt: s.cfg.Now().UTC()}
	switch err := s.Desks.Check(ctx, c.Desk); {
	case err == nil:
	case errors.Is(err, fault.ErrDenied):
		h.Status, h.Message = Pending, fault.Message(err)
	default:
		h.Status, h.Message = Unconnected, fault.Message(err)
	}
	return h
}

// Connector gives a connector by its ARN or ID, and whether it works now.
func (s *Service) Connector(ctx context.Context, identifier string) (Connector, Health, error) {
	c, _, err := s.connector(ctx, identifier)
	if err != nil {
		return c, Health{}, err
	}
	return c, s.health(ctx, c), nil
}

// connector also gives the stored form.
func (s *Service) connector(ctx context.Context, identifier string) (c Connector, document []byte, err error) {
	document, err = s.Objects.Object(ctx, kindConnector, s.resourceID(arnConnector, identifier))
	if err != nil {
		return c, nil, unknown("connector", identifier, err)
	}
	return c, document, decodeObject(document, &c)
}

func (s *Service) connectors(ctx context.Context) ([]Connector, error) {
	documents, err := s.Objects.Objects(ctx, kindConnector)
	if err != nil {
		return nil, err
	}
	list := make([]Connector, 0, len(documents))
	for _, d := range documents {
		var c Connector
		if err := decodeObject(d, &c); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// ConnectorFilter selects connectors; empty fields select all.
type ConnectorFilter struct {
	Provider automation.Provider
	Status   ConnectorStatus
}

// Checked is a connector with its health.
type Checked struct {
	Connector
	Health
}

// Connectors gives a page of the connectors, in order of their IDs, each asked
// whether it works.
func (s *Service) Connectors(ctx context.Context, f ConnectorFilter, size int, token string) ([]Checked, string, error) {
	all, err := s.connectors(ctx)
	if err != nil {
		return nil, "", err
	}
	var list []Checked
	for _, c := range all {
		if f.Provider != "" && c.Desk.Provider != f.Provider {
			continue
		}
		if h := s.health(ctx, c); f.Status == "" || h.Status == f.Status {
			list = append(list, Checked{c, h})
		}
	}
	list, next := cut(list, func(c Checked) string { return c.ID }, size, token)
	return list, next, nil
}

// UpdateConnector changes a connector by the function, which gets it as it is; the
// ticket system itself stays.
func (s *Service) UpdateConnector(ctx context.Context, identifier string, change func(*Connector) error) (Connector, Health, error) {
	c, old, err := s.connector(ctx, identifier)
	if err != nil {
		return c, Health{}, err
	}
	if err := change(&c); err != nil {
		return c, Health{}, err
	}
	if err := c.Desk.Validate(); err != nil {
		return c, Health{}, err
	}
	c.UpdatedAt = s.cfg.Now().UTC().Truncate(time.Millisecond)
	document, err := json.Marshal(c)
	if err != nil {
		return c, Health{}, fmt.Errorf("encode connector: %w", err)
	}
	if err := s.Objects.ReplaceObject(ctx, kindConnector, c.ID, old, document); err != nil {
		return c, Health{}, err
	}
	return c, s.health(ctx, c), nil
}

// DeleteConnector removes a connector that no rule uses, with its tags.
func (s *Service) DeleteConnector(ctx context.Context, identifier string) (Connector, error) {
	c, _, err := s.connector(ctx, identifier)
	if err != nil {
		return c, err
	}
	documents, err := s.Objects.Objects(ctx, automation.Kind)
	if err != nil {
		return c, err
	}
	rules, err := automation.Parse(documents)
	if err != nil {
		return c, err
	}
	for _, r := range rules {
		if r.Action.Type == automation.OpenTicket && s.resourceID(arnConnector, r.Action.Connector) == c.ID {
			return c, fmt.Errorf("automation rule %q (%s) opens tickets with connector %q; change or delete the rule first: %w", r.Name, r.ID, c.Name, fault.ErrConflict)
		}
	}
	if err := s.Objects.DeleteObject(ctx, kindConnector, c.ID); err != nil {
		return c, err
	}
	return c, s.dropTags(ctx, c.ARN)
}

// RegisterConnector answers the end of AWS's sign-in at Jira, which never begins
// here: connectors sign in with the credentials of the settings.
func (s *Service) RegisterConnector() error {
	return fmt.Errorf("no connector waits for this AuthState: tickets are opened with the credentials of the server's settings, and no sign-in is needed: %w", fault.ErrNotFound)
}
