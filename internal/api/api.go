// Package api is the HTTP server of `eksposure serve`: it finds out who calls,
// whether they may, keeps limits, writes the audit log, and hands the request to
// the route.
//
// The routes are in the packages below it: securityhub (AWS Security Hub's V2 API)
// and native (what AWS has no operation for). They know this package; it knows none
// of them.
package api

import (
	"net/http"

	"github.com/eksposure/eksposure/internal/access"
)

// Caller is who sent a request, and from where.
type Caller struct {
	access.Principal

	// RequestID names the request in answers, logs and the audit log.
	RequestID string
	// Address is the caller's network address.
	Address string
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
	// MaxBody bounds the request's body in bytes; 0 means DefaultMaxBody.
	MaxBody int64
	// Handle answers. An error that it returns before it wrote anything is
	// answered by Fail.
	Handle func(w http.ResponseWriter, r *http.Request, c Caller) error
	// Fail writes an error in the form of the route's API.
	Fail func(w http.ResponseWriter, r *http.Request, c Caller, err error)
}

// DefaultMaxBody bounds request bodies: the largest documented request, a search
// with ten full composite filters, is below it.
const DefaultMaxBody = 1 << 20
