package api

import (
	"context"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/access"
)

// Authenticator finds out who sent a request. ErrNoCredentials means that the
// request carries none of its kind; any other error refuses the request. One that
// needs the body puts an equal one in its place.
type Authenticator interface {
	Authenticate(r *http.Request) (Proof, error)
}

// Proof is what an Authenticator found.
type Proof struct {
	access.Principal

	// Once names what may be used one time only, until Until; empty when it may be
	// used again.
	Once  string
	Until time.Time
	// Repeatable tells that two equal requests cannot be told from one sent again,
	// so that reads are let through.
	Repeatable bool
}

// Pages are what browsers are shown at addresses that are no operation's. They are
// shown to everybody, and set headers of their own.
type Pages interface {
	// Takes reports whether a request is for a page or a part of one.
	Takes(r *http.Request) bool
	http.Handler
}

// Auditor keeps the audit log.
type Auditor interface {
	Audit(ctx context.Context, e access.Entry) error
}

// Observer is told of every request that ended. The context is the request's, with
// the span that a middleware around the server has put into it.
type Observer func(ctx context.Context, operation string, status int, took time.Duration)

// Keys looks access keys up. fault.ErrNotFound or fault.ErrDenied means that the key
// does not count.
type Keys interface {
	Credential(ctx context.Context, id string) (access.Principal, string, error)
	// Used is told of every request that was signed with the key.
	Used(ctx context.Context, id string)
}
