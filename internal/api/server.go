package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

// Config is what the server is made of.
type Config struct {
	Routes []Route
	// Pages answers where no route does; nil for none.
	Pages Pages
	// Authenticate is asked in order; the first that finds credentials of its kind
	// decides. With none, only open routes answer.
	Authenticate []Authenticator
	// Audit keeps an entry for every request but reads, refused ones too.
	Audit Auditor
	// Observe may be nil.
	Observe Observer
	Now     func() time.Time
	Limits  Limits
	// Proxies are believed about whom they forward requests for.
	Proxies []netip.Prefix
	Log     *slog.Logger
}

// server holds what all requests share.
type server struct {
	Config

	addresses, principals *rates
	strangers             *rates // audit entries of nobody
	used                  *used
}

// New makes the handler. Two routes with the same method and path are a defect of
// the program, and panic.
func New(c Config) http.Handler {
	c.Limits = c.Limits.WithDefaults()
	s := &server{
		Config: c, used: newUsed(),
		addresses: newRates(c.Limits.PerAddress), principals: newRates(c.Limits.PerPrincipal),
		strangers: newRates(Rate{PerSecond: 1, Burst: 100}),
	}
	mux := http.NewServeMux()
	for _, route := range c.Routes {
		mux.Handle(route.Method+" "+route.Path, s.handler(route))
	}
	mux.Handle("/", s.others())
	return mux
}

// others answers what no route does.
func (s *server) others() http.Handler {
	unknown := s.handler(Route{
		Operation: "Unknown", Action: access.Read, Open: true,
		Handle: func(http.ResponseWriter, *http.Request, Caller) error { return errUnknownOperation() },
	})
	if s.Pages == nil {
		return unknown
	}
	pages := s.handler(Route{
		Operation: "ShowConsole", Action: access.Read, Open: true,
		Handle: func(w http.ResponseWriter, r *http.Request, _ Caller) error {
			s.Pages.ServeHTTP(w, r)
			return nil
		},
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.Pages.Takes(r) {
			pages.ServeHTTP(w, r)
			return
		}
		unknown.ServeHTTP(w, r)
	})
}

// handler does what is the same for every route.
func (s *server) handler(route Route) http.Handler {
	if route.Fail == nil {
		route.Fail = Fail
	}
	if route.MaxBody == 0 {
		route.MaxBody = DefaultMaxBody
	}
	if route.Timeout == 0 {
		route.Timeout = s.Limits.Timeout
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		out := &recorder{ResponseWriter: w}
		c := Caller{RequestID: requestID(), Address: s.caller(r)}
		c.entry = &access.Entry{
			At: start, Operation: route.Operation, Action: route.Action, RequestID: c.RequestID, Address: c.Address,
			Target: shorten(r.URL.Path),
		}
		setHeaders(w.Header(), r, c.RequestID)
		r.Body = http.MaxBytesReader(w, r.Body, route.MaxBody)
		r, cancel := bound(w, r, route.Timeout)
		defer cancel()
		err := s.answer(out, r, route, &c)
		s.finish(out, r, route, c, err)
		if c.once != "" && (out.status() >= http.StatusInternalServerError || out.status() == http.StatusTooManyRequests) {
			// Some clients send the same bytes again in the same second, and should.
			s.used.giveBack(c.once)
		}
		s.observe(r, route, out.status(), start)
		if err != nil && out.code != 0 && !out.failed {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
	})
}

// bound sets the request's time limit, and the connection's: a body or a reader
// that is slower is not waited for. Connections without deadlines (in tests) have
// the context's only.
func bound(w http.ResponseWriter, r *http.Request, timeout time.Duration) (*http.Request, context.CancelFunc) {
	conn := http.NewResponseController(w)
	if timeout == Unbounded {
		_, _ = conn.SetReadDeadline(time.Time{}), conn.SetWriteDeadline(time.Time{})
		ctx, cancel := context.WithCancel(r.Context())
		return r.WithContext(ctx), cancel
	}
	const toSayIt = 5 * time.Second // for the error that says that time is over
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	end, _ := ctx.Deadline()
	_, _ = conn.SetReadDeadline(end.Add(toSayIt)), conn.SetWriteDeadline(end.Add(toSayIt))
	return r.WithContext(ctx), cancel
}

func (s *server) observe(r *http.Request, route Route, status int, start time.Time) {
	if s.Observe != nil {
		s.Observe(r.Context(), route.Operation, status, s.Now().Sub(start))
	}
}

// answer lets the route answer, if the caller may ask.
func (s *server) answer(w http.ResponseWriter, r *http.Request, route Route, c *Caller) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if err := s.admit(r, route, c); err != nil {
		return err
	}
	return route.Handle(w, r, *c)
}

// admit decides whether the request is answered, and names the caller.
func (s *server) admit(r *http.Request, route Route, c *Caller) error {
	now := s.Now()
	if !s.addresses.allow(network(c.Address), now) {
		return errThrottled()
	}
	if r.ContentLength > route.MaxBody {
		return errTooLarge()
	}
	if route.Open {
		return nil
	}
	proof, err := s.authenticate(r)
	if err != nil {
		return err
	}
	c.Principal = proof.Principal
	c.entry.Principal, c.entry.Name = c.ID, c.Name
	if !s.principals.allow(c.ID, now) {
		return errThrottled()
	}
	if proof.Once != "" && (route.Action != access.Read || !proof.Repeatable) {
		switch first, room := s.used.take(proof.Once, proof.Until, now); {
		case !room:
			return errThrottled()
		case !first:
			return errBadSignature("The signature was already used; sign each request anew")
		}
		c.once = proof.Once
	}
	if !c.May(route.Action) {
		return fmt.Errorf("%q with role %s is not authorized to perform: %s (%s): %w", c.Name, c.Role, route.Operation, route.Action, fault.ErrDenied)
	}
	return nil
}

func (s *server) authenticate(r *http.Request) (Proof, error) {
	for _, a := range s.Authenticate {
		proof, err := a.Authenticate(r)
		if !errors.Is(err, ErrNoCredentials) {
			return proof, err
		}
	}
	return Proof{}, errMissing()
}

// finish answers an error, and writes the audit entry.
func (s *server) finish(w *recorder, r *http.Request, route Route, c Caller, err error) {
	if err != nil && w.code == 0 {
		w.failed = true
		s.fail(w, r, route, c, err)
	}
	gone := errors.Is(r.Context().Err(), context.Canceled)
	if err != nil && RefusalOf(err).Status == http.StatusInternalServerError && !gone {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("operation", route.Operation), slog.String("request_id", c.RequestID), slog.Any("error", err))
	}
	if route.Action == access.Read || errors.Is(err, fault.ErrThrottled) {
		return
	}
	if c.entry.Principal == "" && !s.strangers.allow("", s.Now()) {
		return // nobody may fill the log
	}
	e := *c.entry
	e.Outcome = outcome(w, err)
	if err != nil {
		e.Details = reason(err)
	}
	// The caller's going away must not keep the entry out of the log.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTimeout)
	defer cancel()
	if err := s.Audit.Audit(ctx, e); err != nil {
		s.Log.LogAttrs(ctx, slog.LevelError, "audit entry lost", slog.String("operation", e.Operation),
			slog.String("principal", e.Principal), slog.String("request_id", e.RequestID), slog.Any("error", err))
	}
}

const auditTimeout = 10 * time.Second

// fail answers with an error; a panic of the route's own Fail is answered too.
func (s *server) fail(w *recorder, r *http.Request, route Route, c Caller, err error) {
	defer func() {
		if p := recover(); p != nil && w.code == 0 {
			Fail(w, r, c, fmt.Errorf("panic: %v", p))
		}
	}()
	if errors.Is(err, fault.ErrThrottled) {
		w.Header().Set("Retry-After", "1")
	}
	route.Fail(w, r, c, err)
}

func outcome(w *recorder, err error) string {
	switch {
	case err != nil:
		return RefusalOf(err).Code
	case w.status() >= http.StatusBadRequest:
		return http.StatusText(w.status())
	}
	return access.OutcomeDone
}

func reason(err error) json.RawMessage {
	data, err := json.Marshal(map[string]string{"reason": shorten(RefusalOf(err).Message)})
	if err != nil {
		return nil
	}
	return data
}

// maxText bounds what a caller's words take in the audit log.
const maxText = 1024

func shorten(text string) string {
	if len(text) <= maxText {
		return text
	}
	return text[:maxText] + "…"
}

// requestID gives a random UUID (RFC 9562, version 4).
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// setHeaders sets what every answer has. A route that answers with a page of its
// own sets its own policy.
func setHeaders(h http.Header, r *http.Request, id string) {
	h.Set("X-Amzn-Requestid", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.TLS != nil {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// recorder remembers how a request was answered.
type recorder struct {
	http.ResponseWriter

	code   int
	failed bool // the answer is an error's
}

// WriteHeader remembers the first final status.
func (w *recorder) WriteHeader(code int) {
	if w.code == 0 && code >= http.StatusOK {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write is 200 when no status was written.
func (w *recorder) Write(data []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(data)
}

// FlushError sends what is written so far, and with it the status.
func (w *recorder) FlushError() error {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// status is that of the answer; a handler that wrote nothing has answered 200.
func (w *recorder) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}
