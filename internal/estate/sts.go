package estate

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// sessionName and the limits below are those of sts:AssumeRole.
var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

const (
	minSession     = 15 * time.Minute
	defaultSession = time.Hour
	// maxSession is a role's default MaxSessionDuration.
	maxSession = time.Hour
)

func (e *Estate) stsOperations() []operation {
	return []operation{
		{service: "sts", name: "GetCallerIdentity", handle: callerIdentity},
		{
			service: "sts", name: "AssumeRole", action: "sts:AssumeRole", handle: e.assumeRole,
			resource: func(c *call) string { return c.query.Get("RoleArn") },
		},
	}
}

type callerIdentityResult struct {
	Arn     string `json:"Arn"`
	UserID  string `json:"UserId" xml:"UserId"`
	Account string `json:"Account"`
}

func callerIdentity(_ context.Context, c *call) (any, error) {
	return callerIdentityResult{Arn: c.caller.arn, UserID: c.caller.id, Account: c.caller.account}, nil
}

type assumeRoleResult struct {
	AssumedRoleUser struct {
		AssumedRoleID string `json:"AssumedRoleId" xml:"AssumedRoleId"`
		Arn           string
	}
	Credentials struct {
		AccessKeyID     string `json:"AccessKeyId" xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
}

// assumeRole gives a session of a role that exists and trusts the caller. A role
// that does not exist is denied like one that does not trust, as AWS does.
func (e *Estate) assumeRole(_ context.Context, c *call) (any, error) {
	arn, session := c.query.Get("RoleArn"), c.query.Get("RoleSessionName")
	// What would narrow the session must not be ignored.
	for name := range c.query {
		if strings.HasPrefix(name, "Policy") || strings.HasPrefix(name, "Tags.") || name == "SerialNumber" {
			return nil, validation("The estate knows no session policies, tags or MFA: " + name)
		}
	}
	if !sessionName.MatchString(session) {
		return nil, validation("1 validation error detected: Value '" + session + "' at 'roleSessionName' failed to satisfy constraint: " +
			"Member must satisfy regular expression pattern: [\\w+=,.@-]*")
	}
	length := defaultSession
	if raw := c.query.Get("DurationSeconds"); raw != "" {
		n, err := strconv.Atoi(raw)
		length = time.Duration(n) * time.Second
		if err != nil || length < minSession {
			return nil, validation("1 validation error detected: Value '" + raw + "' at 'durationSeconds' failed to satisfy constraint: " +
				"Member must have value greater than or equal to 900")
		}
		if length > maxSession {
			return nil, validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
	}
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return nil, validation(arn + " is invalid")
	}
	account, name := e.account(parts[4]), strings.TrimPrefix(parts[5], "role/")
	if account != nil && parts[1] == "aws" {
		for _, role := range account.Roles {
			if role.Name != name || !role.trusts(c.caller) || role.ExternalID != "" && role.ExternalID != c.query.Get("ExternalId") {
				continue
			}
			key, cred := e.vault.issue(account.ID, role, session, e.now().Add(length).UTC().Truncate(time.Second))
			var out assumeRoleResult
			out.AssumedRoleUser.AssumedRoleID, out.AssumedRoleUser.Arn = cred.id, cred.arn
			out.Credentials.AccessKeyID, out.Credentials.SecretAccessKey = key, cred.secret
			out.Credentials.SessionToken, out.Credentials.Expiration = cred.token, cred.expires.Format(time.RFC3339)
			return out, nil
		}
	}
	return nil, &apiError{
		Code: "AccessDenied", Status: http.StatusForbidden,
		Message: "User: " + c.caller.arn + " is not authorized to perform: sts:AssumeRole on resource: " + arn,
	}
}

func validation(message string) error {
	return &apiError{Code: "ValidationError", Status: http.StatusBadRequest, Message: message}
}
