package hub

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
)

// OpenTicket opens a ticket at a connector, or finds the one of the same token.
func (s *Service) OpenTicket(ctx context.Context, connector string, t automation.Ticket) (automation.Opened, error) {
	c, _, err := s.connector(ctx, connector)
	if err != nil {
		return automation.Opened{}, err
	}
	return s.Desks.Open(ctx, c.Desk, t)
}

// CreateTicket opens a ticket for a finding that the caller may see. The same client
// token gives the same ticket; without one, each call opens another. A test opens a
// ticket that says so and needs no finding.
func (s *Service) CreateTicket(ctx context.Context, p access.Principal, connector, finding, token string, test bool) (automation.Opened, error) {
	request := []any{connector, finding, test}
	return once(ctx, s, p, "CreateTicketV2", token, request, func() (automation.Opened, error) {
		key := token
		if key == "" {
			key = s.cfg.NewID()
		}
		key = p.ID + " " + key
		if test {
			return s.OpenTicket(ctx, connector, automation.TestTicket(key))
		}
		f, err := s.Overrides.Finding(ctx, finding)
		if err != nil {
			return automation.Opened{}, err
		}
		if f.ID != finding || !p.Scope.Allows(f.Cluster.Ref) {
			return automation.Opened{}, errNoFinding(finding)
		}
		link := ""
		if s.cfg.Link != nil {
			link = s.cfg.Link(f.ID)
		}
		opened, err := s.OpenTicket(ctx, connector, automation.TicketFor(f, key, link))
		if err != nil {
			return opened, fmt.Errorf("ticket for finding %q: %w", finding, err)
		}
		return opened, nil
	})
}
