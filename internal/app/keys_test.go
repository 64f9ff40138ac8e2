package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// What the command line does to keys stands in the audit log, and the secret
// nowhere.
func TestKeysOfTheCommandLineAreAudited(t *testing.T) {
	place := storetest.SQLiteFile(t)
	env := []string{"HOME=" + t.TempDir()}
	made := createKey(t, env, "--db", place, "--name", "me", "--role", "operator")
	for _, id := range []string{made.ID, "EKSPAAAAAAAAAAAAAAAA"} {
		if got, want := run(t, env, "keys", "revoke", id, "--db", place), map[bool]int{true: 0, false: 3}[id == made.ID]; got.code != want {
			t.Errorf("revoke %s: exit code %d, want %d\n%s", id, got.code, want, got.err)
		}
	}
	db := storetest.Open(t, place)
	lines, err := db.AuditLog(t.Context(), access.AuditQuery{Principal: "local", Limit: 10})
	if err != nil || len(lines) != 2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for i, operation := range []string{"RevokeKey", "CreateKey"} {
		if e := lines[i]; e.Operation != operation || e.Target != made.ID || e.Action != access.Administer || e.Outcome != access.OutcomeDone {
			t.Errorf("line %d: %+v", i, e)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(place + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if data, err := os.ReadFile(file); err != nil || bytes.Contains(data, []byte(made.Secret)) {
			t.Errorf("the secret is in %s (%v)", file, err)
		}
	}
}
