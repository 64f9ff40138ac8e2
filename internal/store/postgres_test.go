package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// with gives a URL with one thing changed.
func with(t *testing.T, place string, change func(u *url.URL, q url.Values)) string {
	t.Helper()
	u, err := url.Parse(place)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	change(u, q)
	u.RawQuery = q.Encode()
	return u.String()
}

// What is wrong with a place is said with its category, and never with a password.
func TestPostgresRefuses(t *testing.T) {
	place := storetest.PostgresURL(t)
	const secret = "s3cr%41t/?#"
	user := func(name string) func(*url.URL, url.Values) {
		return func(u *url.URL, _ url.Values) { u.User = url.UserPassword(name, secret) }
	}
	tests := []struct {
		name  string
		place string
		says  string
		fault error
	}{
		{"a wrong password", with(t, place, user(storetest.LockedUser)), "denied access", fault.ErrDenied},
		{"an unknown user", with(t, place, user("nobody")), "denied access", fault.ErrDenied},
		{"no such database", with(t, place, func(u *url.URL, _ url.Values) { u.Path = "/nosuch" }), "CREATE DATABASE", fault.ErrNotFound},
		{"no server", "postgres://me:" + url.QueryEscape(secret) + "@127.0.0.1:1/db", "cannot be reached", fault.ErrUnavailable},
		{"no server, password as a parameter", "postgres://me@127.0.0.1:1/db?password=" + url.QueryEscape(secret), "cannot be reached", fault.ErrUnavailable},
		{"not a URL", "postgres://me:" + secret + "@host:port/db", "cannot be read", fault.ErrInvalid},
		{"a wrong parameter", "postgres://me:" + url.QueryEscape(secret) + "@host/db?sslmode=maybe", "sslmode", fault.ErrInvalid},
		{"several schemas", with(t, place, func(_ *url.URL, q url.Values) { q.Set("search_path", "a,b") }), "one schema", fault.ErrInvalid},
		{"another kind", "mysql://me:" + secret + "@host/db", "mysql", fault.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			db, err := store.Open(t.Context(), store.Config{Place: test.place, Now: time.Now})
			if err == nil {
				t.Fatal(db.Close())
			}
			if !errors.Is(err, test.fault) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Open = %v", err)
			}
			for _, form := range []string{secret, url.QueryEscape(secret), "s3cr"} {
				if strings.Contains(err.Error(), form) {
					t.Errorf("the error tells the password: %v", err)
				}
			}
		})
	}
}

// Our tables are beside those of others, in a schema of their own; one that another
// program has is refused and stays as it is.
func TestPostgresSchemas(t *testing.T) {
	place := storetest.PostgresURL(t)
	other := func(t *testing.T, text string) {
		t.Helper()
		db, err := sql.Open("pgx", place)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	other(t, `CREATE TABLE public.findings (recipe TEXT); CREATE SCHEMA kitchen; CREATE TABLE kitchen.migrations (version INTEGER)`)
	taken := with(t, place, func(_ *url.URL, q url.Values) { q.Set("search_path", "kitchen") })
	if _, err := store.Open(t.Context(), store.Config{Place: taken, Now: time.Now}); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a schema of another program: %v", err)
	}
	if _, err := store.Open(t.Context(), store.Config{Place: place, Existing: true, Now: time.Now}); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nothing was recorded yet: %v", err)
	}
	second := with(t, place, func(_ *url.URL, q url.Values) { q.Set("search_path", "second") })
	for _, p := range []string{place, second} {
		db := open(t, p)
		record(t, db, outcome(shop, exposure.Low, exposure.Created))
		if found, err := db.Findings(t.Context(), exposure.Query{}); err != nil || len(found) != 1 {
			t.Errorf("%d findings, %v", len(found), err)
		}
	}
	other(t, `SELECT recipe FROM public.findings`)
}

// A transaction that records waits for the one before it, which may be another
// process's; reading and what records nothing do not.
func TestPostgresLocked(t *testing.T) {
	place := storetest.PostgresURL(t)
	db := open(t, place)
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
	holding, release := make(chan struct{}), make(chan struct{})
	held := make(chan error, 1)
	go func() { held <- open(t, place).HoldQueue(t.Context(), func() { close(holding); <-release }) }()
	<-holding
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := db.Record(ctx, outcome(shop, exposure.High, exposure.Updated)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Record = %v", err)
	}
	hasty := open(t, with(t, place, func(_ *url.URL, q url.Values) { q.Set("lock_timeout", "100") }))
	if err := hasty.Record(t.Context(), outcome(shop, exposure.High, exposure.Updated)); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("Record after its patience = %v", err)
	}
	if err := db.AddObject(t.Context(), "rule", "a", []byte("a")); err != nil {
		t.Errorf("AddObject = %v", err)
	}
	if found, err := open(t, place).Findings(t.Context(), exposure.Query{}); err != nil || len(found) != 1 {
		t.Errorf("Findings = %v, %v", found, err)
	}
	close(release)
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	record(t, db, outcome(shop, exposure.High, exposure.Updated))
}

// Connections that the server ends are made anew.
func TestPostgresRestarts(t *testing.T) {
	place := storetest.PostgresURL(t)
	db := open(t, place)
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
	admin, err := sql.Open("pgx", place)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if _, err := admin.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'eksposure' AND datname = current_database()`); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 20 { // each connection of the pool may fail once
		if err := db.Record(t.Context(), outcome(shop, exposure.High, exposure.Updated)); err != nil {
			if !errors.Is(err, fault.ErrUnavailable) {
				t.Fatal(err)
			}
			failed++
		}
	}
	if failed > 4 {
		t.Errorf("%d of 20 records failed", failed)
	}
	record(t, db, outcome(shop, exposure.High, exposure.Updated))
}

// SQLite and PostgreSQL order and compare texts by their bytes.
func TestTextsCompareByBytes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var want []string
		for _, id := range []string{"A", "B-1", "B1", "Z", "_", "a", "a b", "a-b", "ab", "z", "ß", "ä", "中"} {
			if err := db.AddObject(t.Context(), "x", id, []byte(id)); err != nil {
				t.Fatal(err)
			}
			want = append(want, id)
		}
		list, err := db.Objects(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, document := range list {
			got = append(got, string(document))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("order %q", got)
		}
	})
}
