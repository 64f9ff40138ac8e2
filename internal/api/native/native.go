// Package native has the routes under /api/v1: what AWS Security Hub's API has no
// operation for. Coverage, snapshots, a finding in full with its history and
// arithmetic, what-if, fix sets, images and vulnerabilities over the fleet, scanner
// reports, keys, scans, plans and events.
//
// One table of operations, [Operations], makes both the routes and the OpenAPI
// document, so that neither can say what the other does not. JSON is in snake_case,
// times are RFC 3339 in UTC, errors are problem details (RFC 9457), and lists are
// read page by page with an opaque cursor. The package authenticates nobody: that
// is package api's; every answer is confined to the caller's scope here.
package native

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ingest"
	"github.com/eksposure/eksposure/internal/remediation"
)

// Prefix begins every path.
const Prefix = "/api/v1"

// Config joins the routes with the parts that answer. A part that is nil has no
// routes, and is not in the document either.
type Config struct {
	Findings Findings
	Clusters Clusters
	// Discoveries may be nil: coverage then tells of clusters alone.
	Discoveries Discoveries
	Images      Images
	Reports     *ingest.Service
	Audit       AuditLog
	Keys        Keys
	Scans       Scans
	Events      Events
	Rules       Rules
	Exports     Exports
	Plans       *remediation.Service
	Sinks       Sinks
	Preferences Preferences
	// Settings are those that the server runs with, without secrets.
	Settings []Setting
	Traits   []exposure.Trait
	// Page gives the written page of a trait or of exposure.DeleteTopic.
	Page  func(topic string) (exposure.Page, bool)
	Build Build
	Now   func() time.Time
}

// Build is the program that serves.
type Build struct {
	Version string `json:"version" doc:"Version of the program."`
	Commit  string `json:"commit,omitempty" doc:"Commit that it was built from."`
	Go      string `json:"go,omitempty" doc:"Version of Go that built it."`
}

// service answers the operations.
type service struct {
	cfg Config
	// document is the OpenAPI document of the operations that are there.
	document []byte
}

// Routes gives the routes.
func Routes(cfg Config) ([]api.Route, error) {
	s := &service{cfg: cfg}
	ops := s.operations(offered)
	var err error
	if s.document, err = document(ops, cfg.Build.Version); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	routes := make([]api.Route, 0, len(ops))
	for _, op := range ops {
		routes = append(routes, op.route())
	}
	return routes, nil
}

// Document gives the OpenAPI document of all operations, as the documentation
// has it.
func Document(version string) ([]byte, error) {
	return document((&service{}).operations(everything), version)
}

// route turns an operation into a route of the server.
func (op operation) route() api.Route {
	timeout := op.timeout
	if op.stream != nil {
		timeout = api.Unbounded
	}
	return api.Route{
		Timeout: timeout, Operation: op.name, Method: op.method, Path: Prefix + op.path, Action: op.action, MaxBody: op.maxBody,
		Handle: func(w http.ResponseWriter, r *http.Request, c api.Caller) error {
			q, err := op.read(r, c)
			if err != nil {
				return err
			}
			if op.stream != nil {
				return op.stream(w, q)
			}
			answer, err := op.handle(r.Context(), q)
			if err != nil {
				return err
			}
			return op.write(w, r, answer)
		},
		Fail: fail,
	}
}

// operation is one row of the table.
type operation struct {
	name        string
	method      string
	path        string
	action      access.Action
	group       string
	summary     string
	description string
	params      []param
	// body is a value of the request body's type; nil when there is none. media is
	// its type, application/json when empty.
	body    any
	media   string
	maxBody int64
	// timeout is for what takes longer than others; 0 is the server's own.
	timeout time.Duration
	// status is that of a good answer, 200 when 0; answer a value of its type, nil
	// for none.
	status int
	answer any
	handle func(ctx context.Context, q *request) (any, error)
	// stream answers in its own form instead; answered says which media type.
	stream   func(w http.ResponseWriter, q *request) error
	answered string
}
