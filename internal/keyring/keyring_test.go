package keyring_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/keyring"
	"github.com/eksposure/eksposure/internal/seal"
)

// memory is a store of documents.
type memory struct {
	mu        sync.Mutex
	documents map[string][]byte // KIND ID
	writes    int
}

func (m *memory) Object(_ context.Context, kind, id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.documents[kind+" "+id]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("%s %q: %w", kind, id, fault.ErrNotFound)
}

func (m *memory) Objects(_ context.Context, kind string) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list [][]byte
	for _, key := range slices.Sorted(maps.Keys(m.documents)) {
		if strings.HasPrefix(key, kind+" ") {
			list = append(list, m.documents[key])
		}
	}
	return list, nil
}

func (m *memory) AddObject(_ context.Context, kind, id string, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.documents[kind+" "+id]; ok {
		return fault.ErrConflict
	}
	m.documents[kind+" "+id] = document
	m.writes++
	return nil
}

func (m *memory) ReplaceObject(_ context.Context, kind, id string, old, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(m.documents[kind+" "+id], old) {
		return fault.ErrConflict
	}
	m.documents[kind+" "+id] = document
	m.writes++
	return nil
}

type world struct {
	*keyring.Ring

	memory *memory
	path   string
	now    time.Time
	log    bytes.Buffer
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{memory: &memory{documents: map[string][]byte{}}, path: filepath.Join(t.TempDir(), "key"), now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	w.Ring = w.another(w.path)
	return w
}

// another is another process's ring on the same store.
func (w *world) another(path string) *keyring.Ring {
	return keyring.New(keyring.Config{
		Objects: w.memory, Box: seal.New(path), Now: func() time.Time { return w.now }, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
}

func create(t *testing.T, w *world) (access.Key, string) {
	t.Helper()
	key, secret, err := w.CreateKey(t.Context(), "me", access.Operator, access.Scope{Accounts: []string{"111122223333"}})
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

func TestAKeysLife(t *testing.T) {
	w := start(t)
	if err := w.Ready(t.Context()); err != nil {
		t.Errorf("no key yet: %v", err)
	}
	key, secret := create(t, w)
	if !regexp.MustCompile(`^EKSP[A-Z2-7]{16}$`).MatchString(key.ID) || len(secret) != 40 {
		t.Errorf("ID %q, secret of %d characters", key.ID, len(secret))
	}
	_, other := create(t, w)
	if other == secret {
		t.Error("two keys have one secret")
	}
	// Another process sees it at once.
	principal, got, err := w.another(w.path).Credential(t.Context(), key.ID)
	want := access.Principal{ID: key.ID, Name: "me", Role: access.Operator, Scope: access.Scope{Accounts: []string{"111122223333"}}}
	if diff := cmp.Diff(want, principal); err != nil || got != secret || diff != "" {
		t.Fatalf("%v, same secret: %v, -want +got:\n%s", err, got == secret, diff)
	}
	w.Used(t.Context(), key.ID)
	writes := w.memory.writes
	w.now = w.now.Add(11 * time.Hour)
	w.Used(t.Context(), key.ID)
	w.another(w.path).Used(t.Context(), key.ID)
	if w.memory.writes != writes {
		t.Error("a second use on the same day was written")
	}
	w.now = w.now.Add(2 * time.Hour)
	w.Used(t.Context(), key.ID)
	if counted, err := w.RevokeKey(t.Context(), key.ID); err != nil || !counted {
		t.Fatal(err)
	}
	if counted, err := w.RevokeKey(t.Context(), key.ID); err != nil || counted {
		t.Errorf("revoked twice: %v", err)
	}
	if _, _, err := w.another(w.path).Credential(t.Context(), key.ID); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("revoked: %v", err)
	}
	list, err := w.Keys(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("%d keys, %v", len(list), err)
	}
	key.LastUsed, key.Revoked = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC), w.now
	if diff := cmp.Diff(key, list[slices.IndexFunc(list, func(k access.Key) bool { return k.ID == key.ID })]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestKeysThatDoNotExist(t *testing.T) {
	w := start(t)
	for _, id := range []string{"", "EKSP", "EKSPAAAAAAAAAAAAAAAA", "AKIAIOSFODNN7EXAMPLE", strings.Repeat("E", 9000), "EKSP/../../../../key"} {
		if _, _, err := w.Credential(t.Context(), id); !errors.Is(err, fault.ErrNotFound) || len(err.Error()) > 200 {
			t.Errorf("%.20q: %v", id, err)
		}
		if _, err := w.RevokeKey(t.Context(), id); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("revoke %.20q: %v", id, err)
		}
	}
}

func TestKeysThatCannotBe(t *testing.T) {
	w := start(t)
	for _, tt := range []struct {
		why, name string
		role      access.Role
		scope     access.Scope
	}{
		{"no name", "", access.Viewer, access.Scope{}},
		{"two lines", "a\nb", access.Viewer, access.Scope{}},
		{"long name", strings.Repeat("a", 129), access.Viewer, access.Scope{}},
		{"no role", "a", "", access.Scope{}},
		{"account that is none", "a", access.Viewer, access.Scope{Accounts: []string{"shop"}}},
		{"admin of one account", "a", access.Admin, access.Scope{Accounts: []string{"111122223333"}}},
	} {
		if _, _, err := w.CreateKey(t.Context(), tt.name, tt.role, tt.scope); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
	if _, err := os.Stat(w.path); err == nil {
		t.Error("a key file was made for no key")
	}
}

func TestTheKeyFileGoesWithTheDatabase(t *testing.T) {
	w := start(t)
	key, _ := create(t, w)
	box := seal.New(filepath.Join(t.TempDir(), "other"))
	if err := box.Make(); err != nil {
		t.Fatal(err)
	}
	for why, path := range map[string]string{"missing": w.path + "-gone", "another": box.Path()} {
		ring := w.another(path)
		if err := ring.Ready(t.Context()); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: ready: %v", why, err)
		}
		if _, _, err := ring.CreateKey(t.Context(), "me", access.Viewer, access.Scope{}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%s: create: %v", why, err)
		}
		// The server's trouble is not told as the caller's.
		if _, _, err := ring.Credential(t.Context(), key.ID); !errors.Is(err, fault.ErrUnavailable) || errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%s: use: %v", why, err)
		}
	}
	if _, err := os.Stat(w.path + "-gone"); err == nil {
		t.Error("a missing key file was replaced")
	}
	if err := w.Ready(t.Context()); err != nil {
		t.Errorf("with the right file: %v", err)
	}
}

func TestNoSecretInClear(t *testing.T) {
	w := start(t)
	key, secret := create(t, w)
	raw, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for _, d := range w.memory.documents {
		all.Write(d)
	}
	all.Write(w.log.Bytes())
	for _, form := range []string{secret, string(raw), base64.StdEncoding.EncodeToString([]byte(secret)), fmt.Sprintf("%x", secret)} {
		if bytes.Contains(all.Bytes(), []byte(form)) {
			t.Errorf("a secret stands in clear in %s", all.String())
		}
	}
	if fmt.Sprintf("%+v", key) == "" || strings.Contains(fmt.Sprintf("%+v", key), secret) {
		t.Error("a key prints its secret")
	}
}

func TestTwoProcessesMakeTheFirstKey(t *testing.T) {
	w := start(t)
	var group sync.WaitGroup
	for range 4 {
		ring := w.another(w.path)
		group.Go(func() {
			key, secret, err := ring.CreateKey(t.Context(), "me", access.Viewer, access.Scope{})
			if err != nil {
				t.Error(err)
				return
			}
			if _, got, err := w.Credential(t.Context(), key.ID); err != nil || got != secret {
				t.Errorf("%s: %v", key.ID, err)
			}
		})
	}
	group.Wait()
}
