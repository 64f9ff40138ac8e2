package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
)

// A real small disk is filled by a process that records; TestFull and
// TestFullDisk show the same where mounting is not allowed.
func TestSmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m,mode=0700"); err != nil {
		t.Logf("no small disk here: %v", err)
		return
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "eksposure.db")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "STORE_TEST_CHILD="+path)
	out, err := child.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != fault.Of(fault.ErrUnavailable).ExitCode || !strings.Contains(string(out), "disk full") {
		t.Fatalf("child: %v\n%s", err, tail(out))
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	db := open(t, path)
	found, err := db.Findings(t.Context(), exposure.Query{})
	if err != nil || len(found) < len(lines)-1 || len(found) < 10 {
		t.Errorf("%d findings are left of %d: %v", len(found), len(lines)-1, err)
	}
	if says, err := db.Check(t.Context()); err != nil || says != "[ok]" {
		t.Errorf("the file: %s, %v", says, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
