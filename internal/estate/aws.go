package estate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/eksposure/eksposure/internal/sigv4"
)

// maxBody bounds the body of a request; the largest is a part of an upload to S3.
const maxBody = 32 << 20

// serveAWS answers one request to any AWS service: who calls, what for, whether
// they may, and only then the answer, in the order in which AWS does.
func (e *Estate) serveAWS(w http.ResponseWriter, r *http.Request) {
	requestID := stableUUID(randomText(16))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	svc := e.services[serviceOf(r)]
	if err != nil {
		_ = svc.writeError(w, requestID, &apiError{Code: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge, Message: "Request is too large"})
		return
	}
	sig, err := sigv4.Read(r)
	if known, ok := e.services[sig.Service]; ok {
		svc = known
	}
	svc.json = r.Header.Get("Accept") == mediaJSON
	if err != nil {
		_ = svc.writeError(w, requestID, svc.signatureError(err))
		return
	}
	caller, failure := e.authenticate(svc, sig, r, body)
	if failure != nil {
		_ = svc.writeError(w, requestID, failure)
		return
	}
	c := &call{caller: caller, account: e.account(caller.account), region: sig.Region, query: r.URL.Query(), header: r.Header, body: body}
	op, found := e.route(svc, sig.Service, r, c)
	record := Call{
		Account: caller.account, Region: sig.Region, Service: sig.Service, Operation: op.name, Action: op.action, Caller: caller.arn,
	}
	result, err := e.answer(r, svc, op, c, record, found)
	if err != nil {
		record.Error = svc.writeError(w, requestID, err).Code
		e.record(record)
		return
	}
	e.record(record)
	svc.writeResult(w, op, requestID, result)
}

// answer decides whether the call may be made, and makes it.
func (e *Estate) answer(r *http.Request, svc service, op operation, c *call, record Call, found bool) (any, error) {
	if !found {
		return nil, svc.common(failOperation, "The requested operation is not known to this service.")
	}
	if !svc.global && svc.name != "sts" && !c.regionEnabled() {
		return nil, svc.common(failUnknown, "")
	}
	denied := op.denied(svc, c)
	kind := e.fault(record)
	lost := kind == FaultLose
	switch kind { //nolint:exhaustive // a lost answer is made first
	case FaultThrottle:
		return nil, svc.common(failThrottled, "")
	case FaultBreak:
		return nil, svc.common(failBroken, "")
	case FaultDeny:
		return nil, svc.common(failDenied, op.denial(svc, c, "because no identity-based policy allows the %s action"))
	case FaultHang:
		e.hang(r.Context())
		return nil, svc.common(failBroken, "")
	}
	if denied != nil {
		return nil, denied
	}
	result, err := e.handle(r.Context(), svc, op, c)
	if err == nil && lost {
		return nil, svc.common(failBroken, "")
	}
	return result, err
}

// handle makes the call. Calls of EKS see the clusters as they are by now, and one
// that changes them, or keys, is alone.
func (e *Estate) handle(ctx context.Context, svc service, op operation, c *call) (any, error) {
	if svc.name != "eks" && svc.name != "kms" {
		return op.handle(ctx, c)
	}
	e.settle()
	if op.changes {
		e.world.Lock()
		defer e.world.Unlock()
		return op.handle(ctx, c)
	}
	e.world.RLock()
	defer e.world.RUnlock()
	return op.handle(ctx, c)
}

// regionEnabled reports whether the account has the region of the call. Tokens
// of other accounts and regions that are off are simply not valid there.
func (c *call) regionEnabled() bool {
	for _, r := range c.account.Regions {
		if r.Name == c.region {
			return r.Enabled()
		}
	}
	return false
}

// denied asks the organization's denials first, then the caller's own policy.
func (op operation) denied(svc service, c *call) error {
	if op.action == "" {
		return nil
	}
	for _, d := range c.account.ServiceControl {
		if matchAction(d.Actions, op.action) && (len(d.Regions) == 0 || matchAction(d.Regions, c.region)) {
			return svc.common(failDenied, op.denial(svc, c, "with an explicit deny in a service control policy"))
		}
	}
	if matchAction(c.caller.allow, op.action) {
		return nil
	}
	return svc.common(failDenied, op.denial(svc, c, "because no identity-based policy allows the %s action"))
}

// denial is the text of AWS for a missing permission ("Troubleshoot access
// denied error messages", IAM User Guide).
func (op operation) denial(svc service, c *call, why string) string {
	resource := "*"
	if op.resource != nil {
		resource = op.resource(c)
	}
	why = strings.ReplaceAll(why, "%s", op.action)
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", c.caller.arn, op.action, resource, why)
	if svc.protocol == ec2Query {
		return "You are not authorized to perform this operation. " + text
	}
	return text
}

// authenticate finds the caller of a signed request.
func (e *Estate) authenticate(svc service, sig sigv4.Signature, r *http.Request, body []byte) (*principal, error) {
	cred, ok := e.vault.get(sig.AccessKey)
	if !ok || cred.token != sig.Token {
		return nil, svc.common(failUnknown, "")
	}
	now := e.now()
	if err := sig.Verify(r, body, cred.secret); err != nil {
		return nil, svc.signatureError(err)
	}
	if err := sig.Fresh(now); err != nil {
		return nil, svc.signatureError(err)
	}
	if !cred.expires.IsZero() && !now.Before(cred.expires) {
		return nil, svc.common(failExpired, "")
	}
	return &cred.principal, nil
}

func (s service) signatureError(err error) error {
	switch {
	case errors.Is(err, sigv4.ErrUnsigned):
		return s.common(failUnsigned, "")
	case errors.Is(err, sigv4.ErrOutdated):
		_, detail, _ := strings.Cut(err.Error(), ": ")
		return s.common(failOutdated, "Signature expired: "+detail)
	case errors.Is(err, sigv4.ErrMismatch):
		return s.common(failSignature, "")
	}
	return s.common(failMalformed, "")
}

// route finds the operation that the request names, and its parameters.
func (e *Estate) route(svc service, name string, r *http.Request, c *call) (operation, bool) {
	if _, ok := e.services[name]; !ok {
		return operation{}, false
	}
	wanted := ""
	switch svc.protocol {
	case restJSON:
		for _, op := range e.operations {
			if op.service == svc.name && op.method == r.Method && c.bind(op.path, r.URL.EscapedPath()) {
				return op, true
			}
		}
		return operation{}, false
	case restXML:
		return e.routeS3(r, c)
	case json11:
		if service, operation := targetOf(r); service == svc.target {
			wanted = operation
		}
	case query, ec2Query:
		if form, err := url.ParseQuery(string(c.body)); err == nil && r.Method == http.MethodPost {
			c.query = form
		}
		wanted = c.query.Get("Action")
		if v := c.query.Get("Version"); v != svc.version {
			wanted = ""
		}
	}
	for _, op := range e.operations {
		if op.service == svc.name && op.name == wanted {
			return op, true
		}
	}
	return operation{name: wanted}, false
}

// bind matches a path against a pattern and keeps the parts in braces.
func (c *call) bind(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	parts := map[string]string{}
	for i, w := range want {
		if !strings.HasPrefix(w, "{") {
			if w != got[i] {
				return false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return false
		}
		parts[strings.Trim(w, "{}")] = value
	}
	c.path = parts
	return true
}
