package ticket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/outbound"
)

// maxShort is the length of an incident's short_description.
const maxShort = 160

// instanceShape is a host label: an instance's name becomes part of an address.
var instanceShape = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

func (d *Desks) serviceNow(to automation.Desk) (site, error) {
	if !instanceShape.MatchString(to.Instance) {
		return site{}, fmt.Errorf("ServiceNow instance %q: want its name alone, such as dev12345: %w", to.Instance, fault.ErrInvalid)
	}
	base, err := outbound.ParseURL(strings.ReplaceAll(d.cfg.ServiceNowURL, "{instance}", to.Instance))
	if err != nil {
		return site{}, fmt.Errorf("setting tickets.servicenow_url: %w", err)
	}
	user, password, err := d.serviceNowSecret(to.Secret)
	return site{name: "ServiceNow", base: base, user: user, password: password}, err
}

// serviceNowSecret reads the credentials of a secret that connectors name.
func (d *Desks) serviceNowSecret(name string) (user, password string, err error) {
	setting := settingServiceNow + ", entry " + strconv.Quote(name)
	secret, err := secretOf(setting, d.cfg.Secrets[name])
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(secret, ":")
	if !ok {
		return "", "", fault.Local(fmt.Errorf("setting %s: file %q: want USER:PASSWORD: %w", setting, d.cfg.Secrets[name], fault.ErrDenied))
	}
	return user, password, nil
}

// incident is a row of the table of that name (ServiceNow Table API).
type incident struct {
	ID          string `json:"sys_id,omitempty"`
	Number      string `json:"number,omitempty"`
	Short       string `json:"short_description,omitempty"`
	Description string `json:"description,omitempty"`
	Impact      string `json:"impact,omitempty"`
	Urgency     string `json:"urgency,omitempty"`
	Correlation string `json:"correlation_id,omitempty"`
	Display     string `json:"correlation_display,omitempty"`
}

const incidents = "/api/now/table/incident"

// openIncident looks for the token's correlation_id first.
func (d *Desks) openIncident(ctx context.Context, to automation.Desk, t automation.Ticket) (automation.Opened, error) {
	s, err := d.serviceNow(to)
	if err != nil {
		return automation.Opened{}, err
	}
	id := mark(t.Token)
	var found struct {
		Result []incident `json:"result"`
	}
	query := url.Values{"sysparm_query": {"correlation_id=" + id}, "sysparm_limit": {"1"}, "sysparm_fields": {"sys_id,number"}}
	if err := d.ask(ctx, s, http.MethodGet, incidents+"?"+query.Encode(), nil, &found); err != nil {
		return automation.Opened{}, err
	}
	if len(found.Result) > 0 {
		o := found.Result[0].opened(s)
		o.Known = true
		return o, nil
	}
	level := urgency(t.Severity)
	in := incident{
		Short: clip(strings.Join(strings.Fields(t.Title), " "), maxShort), Description: t.Text, Impact: level, Urgency: level,
		Correlation: id, Display: "eksposure",
	}
	var made struct {
		Result incident `json:"result"`
	}
	if err := d.ask(ctx, s, http.MethodPost, incidents, in, &made); err != nil {
		return automation.Opened{}, err
	}
	if made.Result.ID == "" {
		return automation.Opened{}, fmt.Errorf("the answer of ServiceNow names no incident: %w", fault.ErrUnavailable)
	}
	return made.Result.opened(s), nil
}

func (i incident) opened(s site) automation.Opened {
	link := s.base.JoinPath("nav_to.do")
	link.RawQuery = url.Values{"uri": {"incident.do?sys_id=" + i.ID}}.Encode()
	return automation.Opened{ID: i.Number, URL: link.String()}
}

// urgency is ServiceNow's: 1 high, 2 medium, 3 low.
func urgency(severity string) string {
	switch severity {
	case "Fatal", "Critical", "High":
		return "1"
	case "Medium":
		return "2"
	}
	return "3"
}

// checkTable reads at most one incident, which needs working credentials.
func (d *Desks) checkTable(ctx context.Context, to automation.Desk) error {
	s, err := d.serviceNow(to)
	if err != nil {
		return err
	}
	var rows struct {
		Result []incident `json:"result"`
	}
	return d.ask(ctx, s, http.MethodGet, incidents+"?sysparm_limit=1&sysparm_fields=sys_id", nil, &rows)
}
