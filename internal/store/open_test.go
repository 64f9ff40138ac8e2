package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/store"
)

func TestOpenRefuses(t *testing.T) {
	write := func(data []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	statement := func(sqlText string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			if _, err := db.ExecContext(t.Context(), sqlText); err != nil {
				t.Fatal(err)
			}
		}
	}
	ours := func(then func(*testing.T, string)) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := store.Open(t.Context(), store.Config{Place: path, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 200 {
				record(t, db, outcome(ref("111122223333", "eu-central-1", "c"+strconv.Itoa(i)), exposure.Low, exposure.Created))
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			then(t, path)
		}
	}
	tests := []struct {
		name  string
		make  func(*testing.T, string)
		says  string
		fault error
	}{
		{"text", write([]byte("these are my notes, do not lose them")), "no SQLite file", fault.ErrInvalid},
		{"header and garbage", write(append([]byte("SQLite format 3\x00"), bytes.Repeat([]byte{0xde, 0xad}, 4096)...)), "another program", fault.ErrInvalid},
		{"another program's", statement(`CREATE TABLE recipes (name TEXT)`), "another program", fault.ErrInvalid},
		{"newer", ours(statement(`INSERT INTO migrations VALUES (99, 'x', 0)`)), "newer eksposure", fault.ErrInvalid},
		{"truncated", ours(func(t *testing.T, path string) {
			t.Helper()
			if err := os.Truncate(path, 5000); err != nil {
				t.Fatal(err)
			}
		}), "damaged", fault.ErrInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "eksposure.db")
			test.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			db, err := store.Open(t.Context(), store.Config{Place: path, Now: time.Now})
			if err == nil {
				_, err = db.Findings(t.Context(), exposure.Query{})
				_ = db.Close()
			}
			if !errors.Is(err, test.fault) || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open = %v", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the refused file was changed (%v)", err)
			}
		})
	}
}

// A page damaged in the middle is found when it is read, and said.
func TestDamagedPage(t *testing.T) {
	path := temp(t)
	db := open(t, path)
	for i := range 300 {
		record(t, db, outcome(ref("111122223333", "eu-central-1", "c"+strconv.Itoa(i)), exposure.Low, exposure.Created, "internet-reachable"))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := f.Stat()
	for at := int64(8192); at < info.Size(); at += 4096 {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xff}, 2048), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	damaged, err := store.Open(t.Context(), store.Config{Place: path, Now: time.Now})
	if err == nil {
		defer func() { _ = damaged.Close() }()
		_, err = damaged.Findings(t.Context(), exposure.Query{Closed: true})
	}
	if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("reading a damaged file: %v", err)
	}
}

func TestReadOnlyPlaces(t *testing.T) {
	if os.Getuid() != 0 {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), store.Config{Place: filepath.Join(dir, "e.db"), Now: time.Now}); !errors.Is(err, fault.ErrDenied) {
			t.Errorf("a directory that is not writable: %v", err)
		}
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{Place: filepath.Join(blocked, "e.db"), Now: time.Now}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("a directory that is a file: %v", err)
	}
	if _, err := store.Open(t.Context(), store.Config{Place: t.TempDir(), Now: time.Now}); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("a file that is a directory: %v", err)
	}
}

// Nothing in a path is special.
func TestOddPaths(t *testing.T) {
	for _, name := range []string{"with space.db", "100%.db", "a?b=c&d.db", "a#b.db", "größe.db", "a%20b.db", "semi;colon.db"} {
		path := filepath.Join(t.TempDir(), "d i%r?", name)
		db := open(t, path)
		record(t, db, outcome(shop, exposure.Low, exposure.Created))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 && !exists(path+"-wal") {
			t.Errorf("%q: %v", name, err)
		}
		again := open(t, path)
		if found, err := again.Findings(t.Context(), exposure.Query{}); err != nil || len(found) != 1 {
			t.Errorf("%q: %v, %v", name, found, err)
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), name) {
				t.Errorf("%q made %q beside it", name, e.Name())
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// The file and what SQLite puts beside it are for their owner alone.
func TestPrivate(t *testing.T) {
	path := temp(t)
	db := open(t, path)
	record(t, db, outcome(shop, exposure.Low, exposure.Created))
	for name, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, want %v (%v)", name, info.Mode().Perm(), want, err)
		}
	}
}

// A program that holds a new file and does not let go is named as the reason.
func TestOpenInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "eksposure.db")
	other, err := sql.Open("sqlite", path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := store.Open(ctx, store.Config{Place: path, Now: time.Now}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open of a file that is held: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}
