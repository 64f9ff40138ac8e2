// Package keyring issues the access keys that clients sign their requests with,
// lists and revokes them, and looks them up.
//
// A secret is told once, when its key is made. It is kept encrypted, because a
// server that verifies signatures needs it again; the key file that opens it is not
// in the database. A revoked key stays in the list, without its secret. The package
// takes a store of documents and a box that seals; it never logs a secret, and it
// says nothing about what a role may do.
package keyring

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// kind is that of the keys' documents, kindSeal that of the one document that
	// names the key file.
	kind     = "access-key"
	kindSeal = "key-file"
	sealID   = "access-keys"

	// idPrefix begins every key's ID; AWS's begin with AKIA.
	idPrefix = "EKSP"
	idRandom = 16
	// secretBytes are 40 characters of base 64, as long as AWS's secrets.
	secretBytes = 30

	maxName = 128
	// maxKeys bounds the keys that count: each is read when they are listed.
	maxKeys = 1000
	// attempts bounds how often a document that others change is tried again.
	attempts = 5
)

// Config is what a ring is made of.
type Config struct {
	Objects Objects
	Box     Box
	Now     func() time.Time
	Log     *slog.Logger
}

// Ring is all access keys. It is safe for use by several goroutines and processes.
type Ring struct {
	Config

	mu   sync.Mutex
	used map[string]string // day of the last use that is known to be kept
}

// New makes a ring.
func New(c Config) *Ring { return &Ring{Config: c, used: map[string]string{}} }

// document is a key as it is kept.
type document struct {
	access.Key

	// Sealed is the secret; it is gone when the key is revoked.
	Sealed []byte `json:"sealed,omitempty"`
}

// Keys lists all keys in order of their IDs, revoked ones too.
func (r *Ring) Keys(ctx context.Context) ([]access.Key, error) {
	documents, err := r.Objects.Objects(ctx, kind)
	if err != nil {
		return nil, fmt.Errorf("access keys: %w", err)
	}
	keys := make([]access.Key, len(documents))
	for i, data := range documents {
		var d document
		if err := json.Unmarshal(data, &d); err != nil {
			return nil, fmt.Errorf("access key %d of the list: %w", i+1, err)
		}
		keys[i] = d.Key
	}
	return keys, nil
}

// CreateKey makes a key and gives it with its secret, which is never told again. The
// first key makes the key file.
func (r *Ring) CreateKey(ctx context.Context, name string, role access.Role, scope access.Scope) (access.Key, string, error) {
	if err := check(name, role, scope); err != nil {
		return access.Key{}, "", err
	}
	keys, err := r.Keys(ctx)
	if err != nil {
		return access.Key{}, "", err
	}
	count := 0
	for _, k := range keys {
		if k.Revoked.IsZero() {
			count++
		}
	}
	if count >= maxKeys {
		return access.Key{}, "", fmt.Errorf("there are %d access keys; revoke some: %w", count, fault.ErrQuota)
	}
	if err := r.checkBox(ctx); err != nil {
		return access.Key{}, "", err
	}
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails
	secret := base64.StdEncoding.EncodeToString(raw)
	d := document{Key: access.Key{
		ID: idPrefix + rand.Text()[:idRandom], Name: name, Role: role, Scope: scope, Created: r.Now().UTC().Truncate(time.Millisecond),
	}}
	if d.Sealed, err = r.Box.Seal(sealName(d.ID), []byte(secret)); err != nil {
		return access.Key{}, "", err
	}
	data, err := json.Marshal(d)
	if err != nil {
		return access.Key{}, "", fmt.Errorf("access key: %w", err)
	}
	if err := r.Objects.AddObject(ctx, kind, d.ID, data); err != nil {
		return access.Key{}, "", fmt.Errorf("access key: %w", err)
	}
	return d.Key, secret, nil
}

func sealName(id string) string { return kind + "/" + id }

func check(name string, role access.Role, scope access.Scope) error {
	if name == "" || len(name) > maxName || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("name %q of an access key: want 1 to %d characters on one line: %w", name, maxName, fault.ErrInvalid)
	}
	return access.CheckGrant(role, scope)
}

// checkBox sees to it that the key file is the one of this database, and makes it
// for the first key.
func (r *Ring) checkBox(ctx context.Context) error {
	known, err := r.Objects.Object(ctx, kindSeal, sealID)
	if errors.Is(err, fault.ErrNotFound) {
		if err := r.adoptBox(ctx); err != nil {
			return err
		}
		known, err = r.Objects.Object(ctx, kindSeal, sealID)
	}
	if err != nil {
		return fmt.Errorf("key file of the access keys: %w", err)
	}
	var d sealDocument
	if err := json.Unmarshal(known, &d); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	fingerprint, err := r.Box.Fingerprint()
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("key file %q is missing: the secrets of this database's access keys are sealed with it; put it back: %w", r.Box.Path(), fault.ErrInvalid)
	}
	if err != nil {
		return err
	}
	if fingerprint != d.Fingerprint {
		return fmt.Errorf("key file %q is not the one that this database's access keys are sealed with (fingerprint %s, want %s); put the right file back: %w",
			r.Box.Path(), fingerprint, d.Fingerprint, fault.ErrInvalid)
	}
	return nil
}

// adoptBox makes the key file, and keeps which one it is. Another process may be
// first.
func (r *Ring) adoptBox(ctx context.Context) error {
	if err := r.Box.Make(); err != nil {
		return err
	}
	fingerprint, err := r.Box.Fingerprint()
	if err != nil {
		return err
	}
	data, err := json.Marshal(sealDocument{Fingerprint: fingerprint})
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := r.Objects.AddObject(ctx, kindSeal, sealID, data); err != nil && !errors.Is(err, fault.ErrConflict) {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// sealDocument names the key file that the secrets are sealed with.
type sealDocument struct {
	Fingerprint string `json:"fingerprint"`
}

// Ready reports that the keys that exist can be used: that their key file is there
// and is the right one. With no key there is nothing to report.
func (r *Ring) Ready(ctx context.Context) error {
	if _, err := r.Objects.Object(ctx, kindSeal, sealID); errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return r.checkBox(ctx)
}

// Credential gives who calls with a key, and its secret. fault.ErrNotFound means
// that there is no such key, fault.ErrDenied that it was revoked.
func (r *Ring) Credential(ctx context.Context, id string) (access.Principal, string, error) {
	_, d, err := r.read(ctx, id)
	if err != nil {
		return access.Principal{}, "", err
	}
	if !d.Revoked.IsZero() {
		return access.Principal{}, "", fmt.Errorf("access key %q is revoked: %w", id, fault.ErrDenied)
	}
	secret, err := r.Box.Open(sealName(id), d.Sealed)
	if err != nil {
		// A key file that is missing or wrong is no fault of the caller.
		return access.Principal{}, "", fmt.Errorf("%w: %s", fault.ErrUnavailable, err.Error())
	}
	return d.Principal(), string(secret), nil
}

// Used keeps the day on which a key was used, once a day. That it could not be kept
// is logged, and no reason to refuse the caller.
func (r *Ring) Used(ctx context.Context, id string) {
	now := r.Now().UTC()
	day := now.Format(time.DateOnly)
	r.mu.Lock()
	known := r.used[id] == day
	r.used[id] = day
	r.mu.Unlock()
	if known {
		return
	}
	err := r.change(ctx, id, func(d *document) bool {
		today := now.Truncate(24 * time.Hour)
		if !d.LastUsed.Before(today) {
			return false
		}
		d.LastUsed = today
		return true
	})
	if err != nil && ctx.Err() == nil {
		r.Log.LogAttrs(ctx, slog.LevelWarn, "the use of an access key was not kept", slog.String("access_key", id), slog.Any("error", err))
	}
}

// RevokeKey ends a key: it counts no more, and its secret is forgotten. It reports
// whether the key counted until now; revoking twice is no error.
func (r *Ring) RevokeKey(ctx context.Context, id string) (bool, error) {
	counted := false
	err := r.change(ctx, id, func(d *document) bool {
		counted = d.Revoked.IsZero()
		if counted {
			d.Revoked, d.Sealed = r.Now().UTC().Truncate(time.Millisecond), nil
		}
		return counted
	})
	return counted, err
}

// change changes a key's document, again when others changed it meanwhile.
func (r *Ring) change(ctx context.Context, id string, apply func(*document) bool) error {
	for attempt := 1; ; attempt++ {
		old, d, err := r.read(ctx, id)
		if err != nil {
			return err
		}
		if !apply(&d) {
			return nil
		}
		data, err := json.Marshal(d)
		if err != nil {
			return fmt.Errorf("access key %q: %w", id, err)
		}
		err = r.Objects.ReplaceObject(ctx, kind, id, old, data)
		if err == nil {
			return nil
		}
		if !errors.Is(err, fault.ErrConflict) || attempt == attempts {
			return fmt.Errorf("access key %q: %w", id, err)
		}
	}
}

func (r *Ring) read(ctx context.Context, id string) ([]byte, document, error) {
	var d document
	if len(id) != len(idPrefix)+idRandom || !strings.HasPrefix(id, idPrefix) {
		return nil, d, fmt.Errorf("no access key %q: %w", shorten(id), fault.ErrNotFound)
	}
	data, err := r.Objects.Object(ctx, kind, id)
	if errors.Is(err, fault.ErrNotFound) {
		return nil, d, fmt.Errorf("no access key %q: %w", id, fault.ErrNotFound)
	}
	if err != nil {
		return nil, d, fmt.Errorf("access key %q: %w", id, err)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, d, fmt.Errorf("access key %q: %w", id, err)
	}
	return data, d, nil
}

// shorten keeps what a caller made up out of errors and logs.
func shorten(id string) string { return id[:min(len(id), 32)] }
