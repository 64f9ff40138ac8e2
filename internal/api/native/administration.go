package native

import (
	"context"
	"net/http"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
)

func (s *service) auditOperations() []operation {
	return []operation{{
		name: "ListAuditLog", method: http.MethodGet, path: "/audit-log", action: access.Administer, group: "administration",
		summary: "Read the audit log, newest first.",
		params: paging(
			param{name: "principal", doc: "Only what this principal did, by ID."},
			param{name: "operation", doc: "Only this operation."},
		),
		answer: page[access.AuditLine]{}, handle: s.auditLog,
	}}
}

func (s *service) auditLog(ctx context.Context, q *request) (any, error) {
	query := access.AuditQuery{Principal: q.text("principal"), Operation: q.text("operation"), Limit: q.limit() + 1}
	if err := q.cursor(&query.Before); err != nil {
		return nil, err
	}
	lines, err := s.cfg.Audit.AuditLog(ctx, query)
	if err != nil {
		return nil, err
	}
	return cut(lines, q.limit(), func(l access.AuditLine) any { return l.Number }), nil
}

// KeyList is all access keys.
type KeyList struct {
	Items []access.Key `json:"items" doc:"The keys, also revoked ones."`
}

// KeyRequest asks for a new key.
type KeyRequest struct {
	Name  string       `json:"name" doc:"What people call it."`
	Role  access.Role  `json:"role" doc:"What its holder may do."`
	Scope access.Scope `json:"scope,omitzero" doc:"What its holder is confined to; left out: nothing."`
}

// NewKey is a key with its secret.
type NewKey struct {
	access.Key

	Secret string `json:"secret_access_key" doc:"The secret. It is told this once."`
}

func (s *service) keyOperations() []operation {
	return []operation{
		{
			name: "ListKeys", method: http.MethodGet, path: "/keys", action: access.Administer, group: "administration",
			summary: "List the access keys.", answer: KeyList{}, handle: s.keys,
		},
		{
			name: "CreateKey", method: http.MethodPost, path: "/keys", action: access.Administer, group: "administration",
			summary: "Make an access key.", body: KeyRequest{}, status: http.StatusCreated, answer: NewKey{}, handle: s.createKey,
		},
		{
			name: "RevokeKey", method: http.MethodDelete, path: "/keys/{id}", action: access.Administer, group: "administration",
			summary: "Revoke an access key; it stops working at once.",
			params:  []param{{name: "id", inPath: true, doc: "Access key ID.", shape: `^[A-Z0-9]{4,32}$`}}, handle: s.revokeKey,
		},
	}
}

func (s *service) keys(ctx context.Context, _ *request) (any, error) {
	keys, err := s.cfg.Keys.Keys(ctx)
	if err != nil {
		return nil, err
	}
	return KeyList{Items: append([]access.Key{}, keys...)}, nil
}

func (s *service) createKey(ctx context.Context, q *request) (any, error) {
	body, _ := q.body.(*KeyRequest)
	key, secret, err := s.cfg.Keys.CreateKey(ctx, body.Name, body.Role, body.Scope)
	if err != nil {
		return nil, err
	}
	return NewKey{Key: key, Secret: secret}, q.caller.Note(key.ID, nil, key)
}

func (s *service) revokeKey(ctx context.Context, q *request) (any, error) {
	if err := q.caller.Note(q.text("id"), nil, nil); err != nil {
		return nil, err
	}
	_, err := s.cfg.Keys.RevokeKey(ctx, q.text("id"))
	return nil, err
}

func (s *service) aboutOperations() []operation {
	return []operation{
		{
			name: "GetVersion", method: http.MethodGet, path: "/version", action: access.Read, group: "about",
			summary: "Get the version of the server.", answer: Build{},
			handle: func(context.Context, *request) (any, error) { return s.cfg.Build, nil },
		},
		{
			name: "GetMe", method: http.MethodGet, path: "/me", action: access.Read, group: "about",
			summary: "Get who you are and what you may do.", answer: Me{}, handle: s.me,
		},
		{
			name: "GetOpenAPI", method: http.MethodGet, path: "/openapi.json", action: access.Read, group: "about",
			summary: "Get this document.", answer: map[string]any{}, handle: s.openAPI,
		},
	}
}

// Me is the caller.
type Me struct {
	access.Principal

	Actions []access.Action `json:"actions" doc:"What you may do."`
}

func (s *service) me(_ context.Context, q *request) (any, error) {
	m := Me{Principal: q.caller.Principal, Actions: []access.Action{access.Read, access.Operate, access.Approve, access.Administer}}
	m.Actions = slices.DeleteFunc(m.Actions, func(a access.Action) bool { return !m.May(a) })
	return m, nil
}
