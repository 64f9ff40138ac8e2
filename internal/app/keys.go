package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os/user"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/keyring"
)

// localPrincipal is who does what is done on the command line: whoever may open the
// database may do everything.
const localPrincipal = "local"

// auditor keeps the audit log.
type auditor interface {
	Audit(ctx context.Context, e access.Entry) error
}

// localKeys are the access keys as the command line manages them: every change is
// written into the audit log, as the server does for its own.
type localKeys struct {
	*keyring.Ring

	log auditor
	now func() time.Time
}

// CreateKey makes a key, and writes that down.
func (k localKeys) CreateKey(ctx context.Context, name string, role access.Role, scope access.Scope) (access.Key, string, error) {
	key, secret, err := k.Ring.CreateKey(ctx, name, role, scope)
	if err != nil {
		return key, "", err
	}
	if err := k.note(ctx, "CreateKey", key.ID, map[string]any{"after": key}); err != nil {
		return key, "", fmt.Errorf("access key %q was made, but not written into the audit log; revoke it and make another: %w", key.ID, err)
	}
	return key, secret, nil
}

// RevokeKey revokes a key, and writes that down.
func (k localKeys) RevokeKey(ctx context.Context, id string) (bool, error) {
	counted, err := k.Ring.RevokeKey(ctx, id)
	if err != nil {
		return false, err
	}
	if err := k.note(ctx, "RevokeKey", id, nil); err != nil {
		return counted, fmt.Errorf("access key %q is revoked, but that is not written into the audit log: %w", id, err)
	}
	return counted, nil
}

func (k localKeys) note(ctx context.Context, operation, target string, details map[string]any) error {
	e := access.Entry{
		At: k.now().UTC(), Principal: localPrincipal, Name: localUser(), Operation: operation, Action: access.Administer, Target: target,
		Outcome: access.OutcomeDone,
	}
	if details != nil {
		data, err := json.Marshal(details)
		if err != nil {
			return fmt.Errorf("audit details: %w: %w", err, fault.ErrInvalid)
		}
		e.Details = data
	}
	return k.log.Audit(ctx, e)
}

// localUser is the name of the account that the program runs as, where it has one.
func localUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
