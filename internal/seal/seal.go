// Package seal keeps secrets encrypted under a key file.
//
// It takes a secret with the name of what it belongs to, and gives bytes that only
// the same key file opens, and only for the same name: AES-256-GCM with a random
// nonce, and the name as additional data. The key file is 32 random bytes that only
// their owner reads. The package never replaces a key file, and never puts a secret
// into an error.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	keySize = 32
	// version is the first byte of what is sealed.
	version = 1
	// forbidden are the permissions that a key file must not have: a group may read
	// it, which is how Kubernetes mounts a Secret for a container's own user.
	forbidden = 0o037
)

// Box seals and opens under one key file, which is read when it is first needed.
// It is safe for use by several goroutines.
type Box struct {
	path string

	mu  sync.Mutex
	key []byte
}

// New makes a box of the key file at a path, which need not exist yet.
func New(path string) *Box { return &Box{path: path} }

// Path is where the key file is.
func (b *Box) Path() string { return b.path }

// Make makes the key file, unless there is one.
func (b *Box) Make() error {
	if err := os.MkdirAll(filepath.Dir(b.path), 0o700); err != nil {
		return fmt.Errorf("directory of key file %q: %w", b.path, pathFault(err))
	}
	// The file comes into being whole: a killed process leaves no half key.
	temporary, err := os.CreateTemp(filepath.Dir(b.path), ".key-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("key file %q: %w", b.path, pathFault(err))
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	_, err = temporary.Write(key)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("key file %q: %w", b.path, pathFault(err))
	}
	if err := os.Link(temporary.Name(), b.path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("key file %q: %w", b.path, pathFault(err))
	}
	return nil
}

// Fingerprint names the key without telling it. A file that does not exist is
// fault.ErrNotFound.
func (b *Box) Fingerprint() (string, error) {
	key, err := b.load()
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte("eksposure key file"))
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// Seal encrypts a secret that belongs to a name.
func (b *Box) Seal(name string, secret []byte) ([]byte, error) {
	aead, err := b.cipher()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(append([]byte{version}, nonce...), nonce, secret, []byte(name)), nil
}

// Open decrypts what Seal gave for the same name. Anything else is
// fault.ErrInvalid.
func (b *Box) Open(name string, sealed []byte) ([]byte, error) {
	aead, err := b.cipher()
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1+aead.NonceSize() || sealed[0] != version {
		return nil, fmt.Errorf("sealed secret of %q is damaged: %w", name, fault.ErrInvalid)
	}
	nonce, text := sealed[1:1+aead.NonceSize()], sealed[1+aead.NonceSize():]
	secret, err := aead.Open(nil, nonce, text, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("secret of %q was sealed with another key file than %q, or is damaged; put the right file back: %w", name, b.path, fault.ErrInvalid)
	}
	return secret, nil
}

func (b *Box) cipher() (cipher.AEAD, error) {
	key, err := b.load()
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key file %q: %w", b.path, err)
	}
	return cipher.NewGCM(block)
}

// load reads the key file once.
func (b *Box) load() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.key != nil {
		return b.key, nil
	}
	info, err := os.Stat(b.path)
	if err != nil {
		return nil, fmt.Errorf("key file %q: %w", b.path, pathFault(err))
	}
	if info.Mode().Perm()&forbidden != 0 {
		return nil, fmt.Errorf("key file %q has mode %04o, so that others may read or change it; chmod 600 it: %w", b.path, info.Mode().Perm(), fault.ErrInvalid)
	}
	if info.Size() != keySize {
		return nil, fmt.Errorf("key file %q has %d bytes, want %d; put the right file back: %w", b.path, info.Size(), keySize, fault.ErrInvalid)
	}
	key, err := os.ReadFile(b.path)
	if err != nil {
		return nil, fmt.Errorf("key file %q: %w", b.path, pathFault(err))
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("key file %q changed while it was read: %w", b.path, fault.ErrUnavailable)
	}
	b.key = key
	return key, nil
}

func pathFault(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", err, fault.ErrNotFound)
	case errors.Is(err, fs.ErrPermission):
		return fault.Local(fmt.Errorf("%w; let this user read and write it: %w", err, fault.ErrDenied))
	}
	return fault.Local(fmt.Errorf("%w: %w", err, fault.ErrUnavailable))
}
