package ticket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/outbound"
)

// maxSummary is the longest summary of an issue (Jira Cloud platform, "Summary").
const maxSummary = 255

func (d *Desks) jira() (site, error) {
	if d.cfg.JiraURL == "" || d.cfg.JiraUser == "" {
		return site{}, fmt.Errorf("settings tickets.jira_url and tickets.jira_user name no Jira Cloud site: %w", fault.ErrDenied)
	}
	base, err := outbound.ParseURL(d.cfg.JiraURL)
	if err != nil {
		return site{}, fmt.Errorf("setting tickets.jira_url: %w", err)
	}
	token, err := secretOf(settingJiraToken, d.cfg.JiraTokenFile)
	return site{name: "Jira", base: base, user: d.cfg.JiraUser, password: token}, err
}

// issue is a new issue (Jira Cloud platform REST API v3, "Create issue").
type issue struct {
	Fields issueFields `json:"fields"`
}

type issueFields struct {
	Project     map[string]string `json:"project"`
	IssueType   map[string]string `json:"issuetype"`
	Summary     string            `json:"summary"`
	Description document          `json:"description"`
	Labels      []string          `json:"labels"`
}

// document is text in the Atlassian Document Format.
type document struct {
	Type    string      `json:"type"`
	Version int         `json:"version"`
	Content []paragraph `json:"content"`
}

type paragraph struct {
	Type    string `json:"type"`
	Content []text `json:"content"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// format makes a paragraph of each line; the format knows no empty text.
func format(plain string) document {
	d := document{Type: "doc", Version: 1, Content: []paragraph{}}
	for line := range strings.SplitSeq(plain, "\n") {
		p := paragraph{Type: "paragraph", Content: []text{}}
		if line != "" {
			p.Content = append(p.Content, text{Type: "text", Text: line})
		}
		d.Content = append(d.Content, p)
	}
	return d
}

// openIssue looks for the token's label first. Jira's search follows a new issue
// within seconds; until then only a crash between two attempts could open a second.
func (d *Desks) openIssue(ctx context.Context, to automation.Desk, t automation.Ticket) (automation.Opened, error) {
	s, err := d.jira()
	if err != nil {
		return automation.Opened{}, err
	}
	label := mark(t.Token)
	var found struct {
		Issues []struct {
			Key string `json:"key"`
		} `json:"issues"`
	}
	query := url.Values{"jql": {`labels = "` + label + `"`}, "maxResults": {"1"}, "fields": {"summary"}}
	if err := d.ask(ctx, s, http.MethodGet, "/rest/api/3/search/jql?"+query.Encode(), nil, &found); err != nil {
		return automation.Opened{}, err
	}
	if len(found.Issues) > 0 {
		o := opened(s, found.Issues[0].Key)
		o.Known = true
		return o, nil
	}
	labels := []string{"eksposure", label}
	if t.Test {
		labels = append(labels, "eksposure-test")
	}
	in := issue{Fields: issueFields{
		Project: map[string]string{"key": to.ProjectKey}, IssueType: map[string]string{"name": d.cfg.JiraIssueType},
		Summary: clip(strings.Join(strings.Fields(t.Title), " "), maxSummary), Description: format(t.Text), Labels: labels,
	}}
	var made struct {
		Key string `json:"key"`
	}
	if err := d.ask(ctx, s, http.MethodPost, "/rest/api/3/issue", in, &made); err != nil {
		return automation.Opened{}, err
	}
	if made.Key == "" {
		return automation.Opened{}, fmt.Errorf("the answer of Jira names no issue: %w", fault.ErrUnavailable)
	}
	return opened(s, made.Key), nil
}

func opened(s site, key string) automation.Opened {
	return automation.Opened{ID: key, URL: s.base.JoinPath("browse", key).String()}
}

// checkProject asks for the project, which needs working credentials.
func (d *Desks) checkProject(ctx context.Context, to automation.Desk) error {
	s, err := d.jira()
	if err != nil {
		return err
	}
	var project struct {
		Key string `json:"key"`
	}
	return d.ask(ctx, s, http.MethodGet, "/rest/api/3/project/"+url.PathEscape(to.ProjectKey), nil, &project)
}
