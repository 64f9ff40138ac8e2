package seal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/seal"
)

func made(t *testing.T) *seal.Box {
	t.Helper()
	box := seal.New(filepath.Join(t.TempDir(), "new", "key"))
	if err := box.Make(); err != nil {
		t.Fatal(err)
	}
	return box
}

func TestWhatIsSealedOpens(t *testing.T) {
	box := made(t)
	secret := []byte("a secret of forty characters, more or less")
	sealed, err := box.Seal("access-key/a", secret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, secret[:8]) {
		t.Error("the secret stands in clear")
	}
	again, err := box.Seal("access-key/a", secret)
	if err != nil || bytes.Equal(sealed, again) {
		t.Errorf("sealed twice to the same bytes: %v", err)
	}
	got, err := seal.New(box.Path()).Open("access-key/a", sealed)
	if err != nil || !bytes.Equal(got, secret) {
		t.Errorf("opened %q, %v", got, err)
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for _, tt := range []struct {
		why    string
		box    *seal.Box
		name   string
		sealed []byte
	}{
		{"another name", box, "access-key/b", sealed},
		{"another key file", made(t), "access-key/a", sealed},
		{"changed", box, "access-key/a", flipped},
		{"cut", box, "access-key/a", sealed[:10]},
		{"empty", box, "access-key/a", nil},
		{"another version", box, "access-key/a", append([]byte{2}, sealed[1:]...)},
	} {
		got, err := tt.box.Open(tt.name, tt.sealed)
		if !errors.Is(err, fault.ErrInvalid) || got != nil {
			t.Errorf("%s: %q, %v", tt.why, got, err)
		}
	}
}

func TestTheKeyFile(t *testing.T) {
	box := made(t)
	info, err := os.Stat(box.Path())
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Fatalf("mode %v, %v", info, err)
	}
	before, err := box.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Make(); err != nil {
		t.Fatal(err)
	}
	if after, err := seal.New(box.Path()).Fingerprint(); err != nil || after != before {
		t.Errorf("Make replaced the key: %s, then %s, %v", before, after, err)
	}
	missing := seal.New(filepath.Join(t.TempDir(), "none"))
	if _, err := missing.Fingerprint(); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("missing: %v", err)
	}
	if _, err := missing.Seal("a", nil); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("seal with a missing file: %v", err)
	}
	for _, tt := range []struct {
		mode    os.FileMode
		content int
		want    error
	}{
		{0o600, 32, nil},
		{0o400, 32, nil},
		{0o440, 32, nil},
		{0o644, 32, fault.ErrInvalid},
		{0o660, 32, fault.ErrInvalid},
		{0o600, 31, fault.ErrInvalid},
		{0o600, 33, fault.ErrInvalid},
		{0o600, 0, fault.ErrInvalid},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, make([]byte, tt.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := seal.New(path).Fingerprint(); !errors.Is(err, tt.want) {
			t.Errorf("mode %o, %d bytes: %v, want %v", tt.mode, tt.content, err, tt.want)
		}
	}
}

func TestOneKeyFileForAllWhoMakeIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	prints := make([]string, 8)
	var group sync.WaitGroup
	for i := range prints {
		group.Go(func() {
			box := seal.New(path)
			if err := box.Make(); err != nil {
				t.Error(err)
			}
			prints[i], _ = box.Fingerprint()
		})
	}
	group.Wait()
	for _, p := range prints {
		if p == "" || p != prints[0] {
			t.Errorf("fingerprints %v", prints)
		}
	}
}
