// Package api is the HTTP server of `eksposure serve`: it finds out who calls,
// whether they may, keeps limits, writes the audit log, and hands the request to
// the route.
//
// It takes routes, ways to authenticate and an audit log, and gives one
// http.Handler. It never listens, knows nothing of what the routes do, and keeps
// no secret. The routes are in the packages below it: securityhub (AWS Security
// Hub's V2 API) and native (what AWS has no operation for). They know this package;
// it knows none of them.
package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/access"
)

// Caller is who sent a request, and from where.
type Caller struct {
	access.Principal

	// RequestID names the request in answers, logs and the audit log.
	RequestID string
	// Address is the caller's network address.
	Address string

	entry *access.Entry
	// once is what the request used up; empty when it used nothing.
	once string
}

// Note says, for the audit log, what the request was about: the target, and what
// changed. A nil before or after is left out. Neither may hold a secret.
func (c Caller) Note(target string, before, after any) error {
	if c.entry == nil {
		return nil
	}
	c.entry.Target = target
	details := map[string]any{}
	if before != nil {
		details["before"] = before
	}
	if after != nil {
		details["after"] = after
	}
	if len(details) == 0 {
		return nil
	}
	data, err := json.Marshal(details)
	if err != nil {
		return fmt.Errorf("audit details: %w", err)
	}
	c.entry.Details = data
	return nil
}

// SignedIn says, for the audit log, who an open route found the caller to be.
func (c Caller) SignedIn(p access.Principal) {
	if c.entry != nil {
		c.entry.Principal, c.entry.Name = p.ID, p.Name
	}
}

// Route is one operation.
type Route struct {
	// Operation is its name: "GetFindingsV2".
	Operation string
	Method    string
	// Path is a pattern of net/http.ServeMux without the method.
	Path string
	// Action is what the caller must be allowed to do. All but access.Read is
	// written to the audit log.
	Action access.Action
	// Open routes ask nobody who they are: sign-in, health. Their Caller has no
	// Principal.
	Open bool
	// MaxBody bounds the request's body in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// Timeout bounds the request; 0 means Limits.Timeout, and Unbounded is for
	// answers that go on, such as event streams.
	Timeout time.Duration
	// Handle answers. An error that it returns before it wrote anything is
	// answered by Fail; after that the connection is cut.
	Handle func(w http.ResponseWriter, r *http.Request, c Caller) error
	// Fail writes an error in the form of the route's API; nil means Fail of this
	// package. RefusalOf gives the error's code, status and text.
	Fail func(w http.ResponseWriter, r *http.Request, c Caller, err error)
}

// DefaultMaxBody bounds request bodies: the largest documented request, a search
// with ten full composite filters, is below it.
const DefaultMaxBody = 1 << 20

// Unbounded is the Timeout of a route whose answer goes on.
const Unbounded time.Duration = -1
