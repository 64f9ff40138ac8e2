// Package session keeps what browsers are signed in with.
//
// It takes who signed in, and gives a random token; a request that brings the token
// back is that person's. The store holds the token's hash only, so that who reads
// the database cannot use what is in it. A session ends twelve hours after its
// begin, one hour after its last use, when it is ended, or when the access key that
// it was begun with is revoked. The package knows no cookies.
package session

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// Life ends a session after a long working day.
	Life = 12 * time.Hour
	// Idle ends it when nothing was asked for so long.
	Idle = time.Hour

	kind       = "session"
	tokenBytes = 32
	tokenChars = 43 // of tokenBytes in base 64
	// noteEvery is how exactly the last use is known; each note is a write.
	noteEvery = time.Minute
	// sweepEvery is how often sessions that are over are removed.
	sweepEvery = 10 * time.Minute
	// maxSessions bounds those that are not over.
	maxSessions = 10_000
)

// Objects keeps the sessions' documents, by kind and ID.
type Objects interface {
	Object(ctx context.Context, kind, id string) ([]byte, error)
	Objects(ctx context.Context, kind string) ([][]byte, error)
	AddObject(ctx context.Context, kind, id string, document []byte) error
	ReplaceObject(ctx context.Context, kind, id string, old, document []byte) error
	DeleteObject(ctx context.Context, kind, id string) error
}

// Keys looks an access key up; fault.ErrNotFound and fault.ErrDenied mean that it
// does not count.
type Keys interface {
	Credential(ctx context.Context, id string) (access.Principal, string, error)
}

// Session is one browser's, as it is kept.
type Session struct {
	// Hash is that of the token.
	Hash      string           `json:"hash"`
	Principal access.Principal `json:"principal"`
	// Key tells that it was begun with an access key, which is the principal's ID.
	Key   bool      `json:"key,omitempty"`
	Begun time.Time `json:"begun"`
	// Seen is the last use, to the minute.
	Seen time.Time `json:"seen"`
}

// End is when the session ends if nothing more is asked.
func (s Session) End() time.Time {
	if idle := s.Seen.Add(Idle); idle.Before(s.Begun.Add(Life)) {
		return idle
	}
	return s.Begun.Add(Life)
}

// Config is what sessions are made of.
type Config struct {
	Objects Objects
	Keys    Keys
	Now     func() time.Time
}

// Sessions is safe for use by several goroutines and processes.
type Sessions struct {
	Config

	mu    sync.Mutex
	swept time.Time
}

// New makes a Sessions.
func New(c Config) *Sessions { return &Sessions{Config: c} }

// Begin makes a session and gives its token, which is nowhere else. key tells that
// the principal proved to have an access key.
func (s *Sessions) Begin(ctx context.Context, p access.Principal, key bool) (string, Session, error) {
	now := s.Now().UTC()
	if err := s.sweep(ctx, now); err != nil {
		return "", Session{}, err
	}
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails
	token := base64.RawURLEncoding.EncodeToString(raw)
	session := Session{Principal: p, Hash: hash(token), Key: key, Begun: now, Seen: now}
	data, err := marshal(session)
	if err != nil {
		return "", Session{}, err
	}
	if err := s.Objects.AddObject(ctx, kind, session.Hash, data); err != nil {
		return "", Session{}, fmt.Errorf("session: %w", err)
	}
	return token, session, nil
}

// Find gives the session of a token, and notes its use. One that is over or never
// was is fault.ErrNotFound.
func (s *Sessions) Find(ctx context.Context, token string) (Session, error) {
	if len(token) != tokenChars {
		return Session{}, fmt.Errorf("session: %w", fault.ErrNotFound)
	}
	old, err := s.Objects.Object(ctx, kind, hash(token))
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	session, err := unmarshal(old)
	if err != nil {
		return Session{}, err
	}
	now := s.Now().UTC()
	if !now.Before(session.End()) {
		return Session{}, fmt.Errorf("session is over: %w", fault.ErrNotFound)
	}
	if session.Key {
		p, _, err := s.Keys.Credential(ctx, session.Principal.ID)
		if errors.Is(err, fault.ErrDenied) || errors.Is(err, fault.ErrNotFound) {
			return Session{}, fmt.Errorf("session of a revoked key: %w", fault.ErrNotFound)
		}
		if err != nil {
			return Session{}, err
		}
		session.Principal = p
	}
	if now.Sub(session.Seen) < noteEvery {
		return session, nil
	}
	session.Seen = now
	data, err := marshal(session)
	if err != nil {
		return Session{}, err
	}
	// A conflict means that another request noted it, or has just ended the session.
	if err := s.Objects.ReplaceObject(ctx, kind, session.Hash, old, data); err != nil && !errors.Is(err, fault.ErrConflict) {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return session, nil
}

// End ends the session of a token; one that is over is no error.
func (s *Sessions) End(ctx context.Context, token string) error {
	if err := s.Objects.DeleteObject(ctx, kind, hash(token)); err != nil && !errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// WriteToken is what a page of the session shows to prove that a change comes from
// it, and not from another site. Only who has the token can make it.
func WriteToken(token string) string {
	h := hmac.New(sha256.New, []byte(token))
	h.Write([]byte("eksposure write token"))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// CheckWriteToken compares in constant time.
func CheckWriteToken(token, given string) bool {
	return hmac.Equal([]byte(WriteToken(token)), []byte(given))
}

// sweep removes the sessions that are over, now and then.
func (s *Sessions) sweep(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	due := now.Sub(s.swept) >= sweepEvery
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	documents, err := s.Objects.Objects(ctx, kind)
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	left := 0
	for _, data := range documents {
		session, err := unmarshal(data)
		if err != nil {
			return err
		}
		if now.Before(session.End()) {
			left++
			continue
		}
		if err := s.Objects.DeleteObject(ctx, kind, session.Hash); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("sessions: %w", err)
		}
	}
	if left >= maxSessions {
		s.mu.Lock()
		s.swept = time.Time{} // the next one looks again
		s.mu.Unlock()
		return fmt.Errorf("there are %d sessions; wait until some have ended: %w", left, fault.ErrQuota)
	}
	return nil
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func marshal(s Session) ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return data, nil
}

func unmarshal(data []byte) (Session, error) {
	var s Session
	if err := json.Unmarshal(data, &s); err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return s, nil
}
