// Package signin lets people sign in with a browser, and recognizes them by a
// cookie.
//
// There are two ways in: the identity provider (/auth/login sends the browser there,
// /auth/callback takes it back), and an access key (POST /auth/key). Both give a
// session in a cookie that scripts cannot read. A request that changes something
// must also carry the session's CSRF token in a header and must not come from
// another site. The package keeps nothing itself; tokens never reach a log.
package signin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/session"
)

const (
	// CSRFHeader carries the session's CSRF token with every request that is not GET
	// or HEAD.
	CSRFHeader = "X-Csrf-Token"
	// CallbackPath is where the provider sends browsers back to.
	CallbackPath = "/auth/callback"

	sessionCookie = "eksposure-session"
	loginCookie   = "eksposure-login"
	// hostPrefix makes browsers keep a cookie to this very host and to TLS (RFC 6265bis,
	// section 4.1.3.2).
	hostPrefix = "__Host-"
	// loginLife is how long somebody may take at the provider.
	loginLife = 10 * time.Minute
	// maxForm bounds the body of a sign-in.
	maxForm = 4 << 10
)

// Config is what signing in is made of.
type Config struct {
	Sessions Sessions
	Keys     Keys
	// Provider is nil when none is set up.
	Provider Provider
	// PublicURL is how browsers reach the server; empty when they reach it directly.
	// An https one makes cookies secure behind a proxy that ends TLS.
	PublicURL string
}

// Service is an api.Authenticator, and has routes.
type Service struct {
	cfg    Config
	origin *http.CrossOriginProtection
}

// New makes a Service.
func New(c Config) (*Service, error) {
	s := &Service{cfg: c, origin: http.NewCrossOriginProtection()}
	if c.PublicURL == "" {
		return s, nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("public URL %q: want https://HOST[:PORT]: %w", c.PublicURL, fault.ErrInvalid)
	}
	if err := s.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("public URL %q: %w: %w", c.PublicURL, err, fault.ErrInvalid)
	}
	return s, nil
}

// Routes are those under /auth/.
func (s *Service) Routes() []api.Route {
	return []api.Route{
		{Operation: "SignInWithProvider", Method: http.MethodGet, Path: "/auth/login", Action: access.Read, Open: true, Handle: s.login},
		{Operation: "SignInFromProvider", Method: http.MethodGet, Path: CallbackPath, Action: access.Operate, Open: true, Handle: s.callback},
		{Operation: "SignInWithKey", Method: http.MethodPost, Path: "/auth/key", Action: access.Operate, Open: true, MaxBody: maxForm, Handle: s.key},
		{Operation: "SignOut", Method: http.MethodPost, Path: "/auth/logout", Action: access.Operate, Open: true, MaxBody: maxForm, Handle: s.logout},
		{Operation: "ShowSession", Method: http.MethodGet, Path: "/auth/session", Action: access.Read, Open: true, Handle: s.show},
	}
}

// Authenticate recognizes a browser by its cookie.
func (s *Service) Authenticate(r *http.Request) (api.Proof, error) {
	if r.Header.Get("Authorization") != "" {
		return api.Proof{}, api.ErrNoCredentials
	}
	_, found, err := s.current(r)
	if err != nil {
		return api.Proof{}, err
	}
	return api.Proof{Principal: found.Principal}, nil
}

// current gives the session of a request; api.ErrNoCredentials means that it has
// none. A request that changes something must prove that it comes from our page.
func (s *Service) current(r *http.Request) (string, session.Session, error) {
	cookie, err := r.Cookie(s.cookieName(r, sessionCookie))
	if err != nil {
		return "", session.Session{}, api.ErrNoCredentials
	}
	found, err := s.cfg.Sessions.Find(r.Context(), cookie.Value)
	if errors.Is(err, fault.ErrNotFound) {
		return "", session.Session{}, api.ErrNoCredentials
	}
	if err != nil {
		return "", session.Session{}, err
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return cookie.Value, found, nil
	}
	if err := s.origin.Check(r); err != nil {
		return "", session.Session{}, fmt.Errorf("request of a page of another site: %w", fault.ErrDenied)
	}
	if !session.CheckWriteToken(cookie.Value, r.Header.Get(CSRFHeader)) {
		return "", session.Session{}, fmt.Errorf("request without the session's token in the header %s: %w", CSRFHeader, fault.ErrDenied)
	}
	return cookie.Value, found, nil
}

// attempt is what a browser carries while somebody is at the provider.
type attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Return   string `json:"return"`
}

// login sends the browser to the provider.
func (s *Service) login(w http.ResponseWriter, r *http.Request, _ api.Caller) error {
	if s.cfg.Provider == nil {
		return fmt.Errorf("sign-in with an identity provider is not set up: %w", fault.ErrNotFound)
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Return: localPath(r.URL.Query().Get("return"))}
	address, err := s.cfg.Provider.LoginURL(r.Context(), a.State, a.Nonce, a.Verifier)
	if err != nil {
		return err
	}
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	s.setCookie(w, r, loginCookie, base64.RawURLEncoding.EncodeToString(data), loginLife)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// callback takes the browser back from the provider.
func (s *Service) callback(w http.ResponseWriter, r *http.Request, c api.Caller) error {
	if s.cfg.Provider == nil {
		return fmt.Errorf("sign-in with an identity provider is not set up: %w", fault.ErrNotFound)
	}
	a, err := s.attempt(r)
	if err != nil {
		return err
	}
	s.setCookie(w, r, loginCookie, "", -1) // it counts once
	q := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(a.State), []byte(q.Get("state"))) != 1 {
		return fmt.Errorf("the answer belongs to another sign-in; sign in again: %w", fault.ErrDenied)
	}
	if code := q.Get("error"); code != "" {
		return fmt.Errorf("the identity provider let nobody in (%.64q): %w", code, fault.ErrDenied)
	}
	principal, err := s.cfg.Provider.Exchange(r.Context(), q.Get("code"), a.Nonce, a.Verifier)
	c.SignedIn(principal)
	if errors.Is(err, fault.ErrInvalid) {
		return fmt.Errorf("the identity provider's answer does not count; sign in again: %w", fault.ErrDenied)
	}
	if err != nil {
		return err
	}
	if _, _, err := s.begin(w, r, principal, false); err != nil {
		return err
	}
	http.Redirect(w, r, a.Return, http.StatusSeeOther)
	return nil
}

func (s *Service) attempt(r *http.Request) (attempt, error) {
	var a attempt
	cookie, err := r.Cookie(s.cookieName(r, loginCookie))
	if err != nil {
		return a, fmt.Errorf("no sign-in was begun with this browser, or too long ago; sign in again: %w", fault.ErrDenied)
	}
	data, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err != nil || a.State == "" || a.Nonce == "" || a.Verifier == "" {
		return a, fmt.Errorf("what the browser kept of the sign-in cannot be read; sign in again: %w", fault.ErrDenied)
	}
	a.Return = localPath(a.Return)
	return a, nil
}

// key signs in with an access key.
func (s *Service) key(w http.ResponseWriter, r *http.Request, c api.Caller) error {
	if !s.secure(r) && !loopback(c.Address) {
		return fmt.Errorf("a secret is taken over TLS only: %w", fault.ErrDenied)
	}
	if err := s.origin.Check(r); err != nil {
		return fmt.Errorf("request of a page of another site: %w", fault.ErrDenied)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fmt.Errorf("want Content-Type application/json: %w", fault.ErrInvalid)
	}
	var given struct {
		ID     string `json:"access_key_id"`
		Secret string `json:"secret_access_key"`
	}
	if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return err
		}
		return fmt.Errorf(`body: want {"access_key_id": "…", "secret_access_key": "…"}: %w`, fault.ErrInvalid)
	}
	principal, secret, err := s.cfg.Keys.Credential(r.Context(), given.ID)
	known := err == nil
	if err != nil && !errors.Is(err, fault.ErrNotFound) && !errors.Is(err, fault.ErrDenied) {
		return err
	}
	if want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(given.Secret)); !known || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
		return fmt.Errorf("access key and secret do not belong together: %w", fault.ErrDenied)
	}
	c.SignedIn(principal)
	s.cfg.Keys.Used(r.Context(), principal.ID)
	token, begun, err := s.begin(w, r, principal, true)
	if err != nil {
		return err
	}
	return s.write(w, s.describe(token, begun))
}

// begin begins a session and gives the browser its cookie. An earlier session of the
// browser ends.
func (s *Service) begin(w http.ResponseWriter, r *http.Request, p access.Principal, key bool) (string, session.Session, error) {
	if old, err := r.Cookie(s.cookieName(r, sessionCookie)); err == nil {
		if err := s.cfg.Sessions.End(r.Context(), old.Value); err != nil {
			return "", session.Session{}, err
		}
	}
	token, begun, err := s.cfg.Sessions.Begin(r.Context(), p, key)
	if err != nil {
		return "", session.Session{}, err
	}
	s.setCookie(w, r, sessionCookie, token, session.Life)
	return token, begun, nil
}

// logout ends the session. The provider's own goes on.
func (s *Service) logout(w http.ResponseWriter, r *http.Request, c api.Caller) error {
	token, found, err := s.current(r)
	if errors.Is(err, api.ErrNoCredentials) {
		return fmt.Errorf("nobody is signed in: %w", fault.ErrDenied)
	}
	if err != nil {
		return err
	}
	c.SignedIn(found.Principal)
	if err := s.cfg.Sessions.End(r.Context(), token); err != nil {
		return err
	}
	s.setCookie(w, r, sessionCookie, "", -1)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// description tells a page who is signed in.
type description struct {
	SignedIn bool `json:"signed_in"`
	// Methods are the ways to sign in: "key", "provider".
	Methods []string          `json:"methods"`
	User    *access.Principal `json:"user,omitempty"`
	// CSRFToken goes into the header CSRFHeader.
	CSRFToken string     `json:"csrf_token,omitempty"`
	EndsAt    *time.Time `json:"ends_at,omitempty"`
}

// show tells who is signed in, or how to.
func (s *Service) show(w http.ResponseWriter, r *http.Request, _ api.Caller) error {
	token, found, err := s.current(r)
	if errors.Is(err, api.ErrNoCredentials) {
		return s.write(w, description{Methods: s.methods()})
	}
	if err != nil {
		return err
	}
	return s.write(w, s.describe(token, found))
}

func (s *Service) describe(token string, found session.Session) description {
	end := found.End()
	return description{SignedIn: true, Methods: s.methods(), User: &found.Principal, CSRFToken: session.WriteToken(token), EndsAt: &end}
}

func (s *Service) methods() []string {
	if s.cfg.Provider == nil {
		return []string{"key"}
	}
	return []string{"key", "provider"}
}

func (s *Service) write(w http.ResponseWriter, d description) error {
	data, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(data)
	return err
}

// secure reports whether the browser speaks TLS, to us or to a proxy.
func (s *Service) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(s.cfg.PublicURL, "https://")
}

func (s *Service) cookieName(r *http.Request, name string) string {
	if s.secure(r) {
		return hostPrefix + name
	}
	return name
}

// setCookie gives the browser a cookie; a negative life takes it away.
func (s *Service) setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	age := int(life / time.Second)
	if life < 0 {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: without TLS, on loopback, a secure cookie would not come back
		Name: s.cookieName(r, name), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// localPath keeps the browser on this server: anything else becomes /.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsFunc(path, func(r rune) bool { return r == '\\' || r < ' ' }) || len(path) > 1024 {
		return "/"
	}
	return path
}

func loopback(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && a.IsLoopback()
}
