package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/session"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// keys tells who a key belongs to; a missing one is revoked.
type keys map[string]access.Principal

func (k keys) Credential(_ context.Context, id string) (access.Principal, string, error) {
	if p, ok := k[id]; ok {
		return p, "secret", nil
	}
	return access.Principal{}, "", fault.ErrDenied
}

type world struct {
	*session.Sessions

	db   *store.DB
	keys keys
	now  time.Time
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{db: storetest.Open(t, storetest.SQLiteFile(t)), keys: keys{"EKSPA": {ID: "EKSPA", Role: access.Admin}}, now: storetest.Now()}
	w.Sessions = session.New(session.Config{Objects: w.db, Keys: w.keys, Now: func() time.Time { return w.now }})
	return w
}

func (w *world) begin(t *testing.T, p access.Principal, key bool) string {
	t.Helper()
	token, _, err := w.Begin(t.Context(), p, key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func person() access.Principal {
	return access.Principal{ID: "https://id.example.com#1", Name: "me", Role: access.Operator, Scope: access.Scope{Regions: []string{"eu-west-1"}}}
}

func TestASessionEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		uses []time.Duration // since the one before
		want error
	}{
		{"at once", []time.Duration{0}, nil},
		{"within the hour", []time.Duration{59 * time.Minute}, nil},
		{"after an idle hour", []time.Duration{time.Hour}, fault.ErrNotFound},
		{"again and again", []time.Duration{50 * time.Minute, 50 * time.Minute, 50 * time.Minute}, nil},
		{"used a minute ago at most", []time.Duration{30 * time.Second, time.Hour}, fault.ErrNotFound},
		{"after twelve hours of use", []time.Duration{
			59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute,
			59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 59 * time.Minute, 12 * time.Minute,
		}, fault.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t)
			token := w.begin(t, person(), false)
			var err error
			for i, wait := range tt.uses {
				w.now = w.now.Add(wait)
				var found session.Session
				found, err = w.Find(t.Context(), token)
				if err == nil {
					if diff := cmp.Diff(person(), found.Principal); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
				}
				if err != nil && i < len(tt.uses)-1 {
					t.Fatalf("use %d: %v", i, err)
				}
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestEnd(t *testing.T) {
	w := start(t)
	token, other := w.begin(t, person(), false), w.begin(t, person(), false)
	if token == other || len(token) != 43 {
		t.Errorf("tokens of %d characters", len(token))
	}
	for range 2 {
		if err := w.End(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Find(t.Context(), token); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("ended: %v", err)
	}
	if _, err := w.Find(t.Context(), other); err != nil {
		t.Errorf("the other: %v", err)
	}
	for _, made := range []string{"", "x", strings.Repeat("A", 43), strings.Repeat("A", 1<<20)} {
		if _, err := w.Find(t.Context(), made); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("made-up token: %v", err)
		}
	}
}

func TestASessionOfAKeyEndsWithIt(t *testing.T) {
	w := start(t)
	token := w.begin(t, w.keys["EKSPA"], true)
	w.keys["EKSPA"] = access.Principal{ID: "EKSPA", Role: access.Viewer}
	found, err := w.Find(t.Context(), token)
	if err != nil || found.Principal.Role != access.Viewer {
		t.Errorf("the key's role now: %+v, %v", found, err)
	}
	delete(w.keys, "EKSPA")
	if _, err := w.Find(t.Context(), token); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("revoked: %v", err)
	}
}

func TestTheStoreHoldsHashesOfSessionsInForce(t *testing.T) {
	w := start(t)
	old := w.begin(t, person(), false)
	w.now = w.now.Add(2 * time.Hour)
	fresh := w.begin(t, person(), false)
	documents, err := w.db.Objects(t.Context(), "session")
	if err != nil || len(documents) != 1 {
		t.Fatalf("%d documents, %v", len(documents), err)
	}
	data, err := json.Marshal(documents)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(data), string(documents[0])} {
		for _, token := range []string{old, fresh, session.WriteToken(fresh)} {
			if strings.Contains(text, token) {
				t.Errorf("a token is in the store: %s", text)
			}
		}
	}
}

func TestWriteToken(t *testing.T) {
	a, b := "token-a", "token-b"
	if !session.CheckWriteToken(a, session.WriteToken(a)) {
		t.Error("its own token does not count")
	}
	for _, given := range []string{"", a, session.WriteToken(b)} {
		if session.CheckWriteToken(a, given) {
			t.Errorf("%q counts", given)
		}
	}
}
