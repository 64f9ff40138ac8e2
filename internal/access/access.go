// Package access says who may do what: roles, the scope that a caller is confined
// to, and the actions that they are asked for.
//
// It decides and does nothing else: who a caller is, is found out by package api.
package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// Role is what a caller may do. Each role may do all that the ones before it may.
type Role string

// The roles, from the least to the most.
const (
	// Viewer reads.
	Viewer Role = "viewer"
	// Operator also scans, labels findings, brings in reports, exports, and drafts plans.
	Operator Role = "operator"
	// Approver also approves plans.
	Approver Role = "approver"
	// Admin also manages keys, rules, connectors and the hub.
	Admin Role = "admin"
)

// Roles lists the roles, from the least to the most.
func Roles() []Role { return []Role{Viewer, Operator, Approver, Admin} }

// ParseRole reads a role's name in any case.
func ParseRole(name string) (Role, error) {
	for _, r := range Roles() {
		if strings.EqualFold(string(r), name) {
			return r, nil
		}
	}
	return "", fmt.Errorf("role %q: want viewer, operator, approver or admin: %w", name, fault.ErrInvalid)
}

// Action is what a request asks to do.
type Action string

// The actions.
const (
	// Read changes nothing.
	Read Action = "read"
	// Operate scans, labels findings, brings in reports, exports, drafts plans.
	Operate Action = "operate"
	// Approve approves plans.
	Approve Action = "approve"
	// Administer changes who may do what, and what happens by itself.
	Administer Action = "administer"
)

// least is the least role that may do an action; an unknown action needs the most.
func least(a Action) Role {
	switch a {
	case Read:
		return Viewer
	case Operate:
		return Operator
	case Approve:
		return Approver
	case Administer:
	}
	return Admin
}

// Principal is who calls.
type Principal struct {
	// ID is stable: an access key ID, or ISSUER#SUBJECT of a token.
	ID string `json:"id"`
	// Name is for people: the key's name, or the token's e-mail address.
	Name  string `json:"name"`
	Role  Role   `json:"role"`
	Scope Scope  `json:"scope"`
}

// May reports whether the principal's role allows an action. What is administered
// (keys, rules, the hub) has no cluster: it takes a scope of everything.
func (p Principal) May(a Action) bool {
	if least(a) == Admin && !p.Scope.Everything() {
		return false
	}
	return slices.Index(Roles(), p.Role) >= slices.Index(Roles(), least(a))
}
