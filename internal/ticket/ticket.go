// Package ticket opens tickets in Jira Cloud and in ServiceNow through their REST
// APIs, and tells whether it can.
//
// Credentials are read from files for each call, so that they can be exchanged
// while the program runs. A ticket is looked up by its token before it is opened:
// asking twice, also after a crash, gives one ticket.
package ticket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/outbound"
)

// timeout is how long a ticket system may take for one answer.
const timeout = 30 * time.Second

// The settings that name the files of credentials.
const (
	settingJiraToken  = "tickets.jira_token_file"
	settingServiceNow = "tickets.servicenow_secrets"
)

// maxReason bounds what of an answer is kept in an error.
const maxReason = 300

// Config holds what the desks' settings say.
type Config struct {
	// JiraURL is the site's address, such as https://nordhafen.atlassian.net;
	// JiraUser the account's e-mail address, and JiraTokenFile its API token.
	JiraURL, JiraUser, JiraTokenFile string
	// JiraIssueType is the type of new issues; empty means Task.
	JiraIssueType string
	// ServiceNowURL is the instances' address with {instance} in it; empty means
	// ServiceNow's own cloud.
	ServiceNowURL string
	// Secrets names the file of each ServiceNow secret, which holds USER:PASSWORD.
	Secrets map[string]string
	// TLS replaces the system's settings when it is not nil.
	TLS *tls.Config
}

// Desks opens tickets.
type Desks struct {
	cfg    Config
	client *outbound.Client
}

// New makes Desks; a desk that lacks its settings is refused when it is used.
func New(cfg Config) *Desks {
	if cfg.JiraIssueType == "" {
		cfg.JiraIssueType = "Task"
	}
	if cfg.ServiceNowURL == "" {
		cfg.ServiceNowURL = "https://{instance}.service-now.com"
	}
	return &Desks{cfg: cfg, client: outbound.New(outbound.Config{Timeout: timeout, TLS: cfg.TLS})}
}

// Ready reads every file that the settings name, so that a slip of the pen shows
// when the program starts and not when the first ticket is due.
func (d *Desks) Ready() error {
	var errs []error
	if d.cfg.JiraTokenFile != "" {
		_, err := secretOf(settingJiraToken, d.cfg.JiraTokenFile)
		errs = append(errs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(d.cfg.Secrets)) {
		_, _, err := d.serviceNowSecret(name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Open opens a ticket, or finds the one that was opened with the same token.
func (d *Desks) Open(ctx context.Context, to automation.Desk, t automation.Ticket) (automation.Opened, error) {
	if err := to.Validate(); err != nil {
		return automation.Opened{}, err
	}
	if t.Token == "" {
		return automation.Opened{}, fmt.Errorf("a ticket needs a token: %w", fault.ErrInvalid)
	}
	if to.Provider == automation.JiraCloud {
		return d.openIssue(ctx, to, t)
	}
	return d.openIncident(ctx, to, t)
}

// Check reports why tickets cannot be opened at a desk; nil when they can.
func (d *Desks) Check(ctx context.Context, to automation.Desk) error {
	if err := to.Validate(); err != nil {
		return err
	}
	if to.Provider == automation.JiraCloud {
		return d.checkProject(ctx, to)
	}
	return d.checkTable(ctx, to)
}

// site is one ticket system with the credentials for it.
type site struct {
	name           string
	base           *url.URL
	user, password string
}

// ask makes one call and reads its JSON answer into out.
func (d *Desks) ask(ctx context.Context, s site, method, path string, in, out any) error {
	target, err := s.base.Parse(path)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", s.name, err, fault.ErrInvalid)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if in == nil {
		body = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	request.SetBasicAuth(s.user, s.password)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "eksposure")
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := d.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if category := answer.Fault(); category != nil {
		return fmt.Errorf("%s answers status %d to %s %s: %s: %w", s.name, answer.Status, method, target.Path, reason(answer.Body), category)
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return fmt.Errorf("%s: the answer to %s %s is no JSON: %w", s.name, method, target.Path, fault.ErrUnavailable)
	}
	return nil
}

// secretOf reads one credential from its file.
func secretOf(setting, file string) (string, error) {
	if file == "" {
		return "", fault.Local(fmt.Errorf("setting %s names no file with the credentials: %w", setting, fault.ErrDenied))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fault.Local(fmt.Errorf("setting %s: %w; put the credentials there, readable for the server's user, or correct the setting: %w", setting, err, fault.ErrDenied))
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fault.Local(fmt.Errorf("setting %s: file %q is empty; put the credentials there: %w", setting, file, fault.ErrDenied))
	}
	return secret, nil
}

// mark is a token as the ticket systems keep it: short, and of plain characters.
func mark(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "eksposure-" + hex.EncodeToString(sum[:12])
}

// reason is one bounded line of an answer.
func reason(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " ")
	if text == "" {
		return "no reason given"
	}
	if len(text) > maxReason {
		return strings.ToValidUTF8(text[:maxReason], "") + "…"
	}
	return text
}

// clip cuts a text to the number of characters that a field can hold.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
