// Package delivertest is a store of objects in memory for tests, which outlives those who
// work on it as a database does, and a worker in the background that runs until its test
// ends.
package delivertest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

// Memory keeps objects and leases by kind and ID.
type Memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	leases  map[string]string
}

// New is an empty memory.
func New() *Memory { return &Memory{objects: map[string][]byte{}, leases: map[string]string{}} }

// Object gives a document; fault.ErrNotFound when there is none.
func (m *Memory) Object(_ context.Context, kind, id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.objects[kind+"/"+id]
	if !ok {
		return nil, fault.ErrNotFound
	}
	return d, nil
}

// Objects gives the documents of a kind, by ID.
func (m *Memory) Objects(_ context.Context, kind string) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list [][]byte
	for _, k := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.HasPrefix(k, kind+"/") {
			list = append(list, m.objects[k])
		}
	}
	return list, nil
}

// AddObject keeps a document that is not there; fault.ErrConflict when it is.
func (m *Memory) AddObject(_ context.Context, kind, id string, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[kind+"/"+id]; ok {
		return fault.ErrConflict
	}
	m.objects[kind+"/"+id] = document
	return nil
}

// PutObject keeps a document.
func (m *Memory) PutObject(_ context.Context, kind, id string, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects[kind+"/"+id] = document
	return nil
}

// ReplaceObject keeps a document in place of an old one; fault.ErrConflict when that is
// not there any more.
func (m *Memory) ReplaceObject(_ context.Context, kind, id string, old, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(m.objects[kind+"/"+id], old) {
		return fault.ErrConflict
	}
	m.objects[kind+"/"+id] = document
	return nil
}

// DeleteObject forgets a document; fault.ErrNotFound when there is none.
func (m *Memory) DeleteObject(_ context.Context, kind, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[kind+"/"+id]; !ok {
		return fault.ErrNotFound
	}
	delete(m.objects, kind+"/"+id)
	return nil
}

// Claim gives a lease to its holder, and to whoever asks first. It has no end of time.
func (m *Memory) Claim(_ context.Context, kind, id, holder string, _ time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h, held := m.leases[kind+"/"+id]; held && h != holder {
		return false, nil
	}
	m.leases[kind+"/"+id] = holder
	return true, nil
}

// Renew is fault.ErrConflict for a lease that somebody else has, or nobody.
func (m *Memory) Renew(_ context.Context, kind, id, holder string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leases[kind+"/"+id] != holder {
		return fault.ErrConflict
	}
	return nil
}

// Release frees a lease of its holder.
func (m *Memory) Release(_ context.Context, kind, id, holder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leases[kind+"/"+id] == holder {
		delete(m.leases, kind+"/"+id)
	}
	return nil
}

// Kept counts the documents.
func (m *Memory) Kept() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.objects)
}

// Leases counts those that are held.
func (m *Memory) Leases() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.leases)
}

// Run starts a worker. The function that it gives stops it, and so does the test's end.
func Run(t *testing.T, work func(context.Context) error) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		if err := work(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	stop := func() {
		cancel()
		group.Wait()
	}
	t.Cleanup(stop)
	return stop
}
