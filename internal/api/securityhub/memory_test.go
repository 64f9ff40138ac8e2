package securityhub_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/search"
)

// memory keeps everything that the hub asks of a database, in plain maps.
type memory struct {
	mu       sync.Mutex
	findings map[string]*exposure.Finding
	objects  map[string][]byte
}

func newMemory(findings ...*exposure.Finding) *memory {
	m := &memory{findings: map[string]*exposure.Finding{}, objects: map[string][]byte{}}
	for _, f := range findings {
		m.findings[f.ID] = f
	}
	return m
}

// Search pages through the documents in order of their IDs.
func (m *memory) Search(_ context.Context, r search.Request) (search.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page search.Page
	for _, id := range slices.Sorted(maps.Keys(m.findings)) {
		f := m.findings[id]
		if id <= r.Token || !r.Scope.Allows(f.Cluster.Ref) {
			continue
		}
		document, err := json.Marshal(ocsf.Finding(f, ocsf.Options{}))
		if err != nil {
			return page, err
		}
		if len(page.Documents) == r.Limit {
			return page, nil
		}
		page.Documents, page.Next = append(page.Documents, document), id
	}
	page.Next = ""
	return page, nil
}

// Statistics counts by severity, whatever the rule says.
func (m *memory) Statistics(_ context.Context, r search.GroupRequest) ([]search.Groups, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []search.Groups
	for _, rule := range r.Rules {
		if rule.Field != "severity" {
			return nil, fmt.Errorf("GroupByField %q: %w", rule.Field, fault.ErrInvalid)
		}
		counts := map[string]int{}
		for _, f := range m.findings {
			if r.Scope.Allows(f.Cluster.Ref) {
				counts[f.ShownSeverity()]++
			}
		}
		g := search.Groups{Field: rule.Field}
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			g.Values = append(g.Values, search.GroupValue{Value: name, Count: counts[name]})
		}
		slices.SortStableFunc(g.Values, func(a, b search.GroupValue) int { return cmp.Compare(b.Count, a.Count) })
		list = append(list, g)
	}
	return list, nil
}

func (m *memory) Finding(_ context.Context, key string) (*exposure.Finding, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.findings {
		if f.ID == key || f.UID == key {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no finding %q: %w", key, fault.ErrNotFound)
}

func (m *memory) SetOverride(_ context.Context, id string, set func(*exposure.Finding) (*exposure.Override, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.findings[id]
	if f == nil {
		return fmt.Errorf("no finding %q: %w", id, fault.ErrNotFound)
	}
	o, err := set(f)
	if err == nil {
		f.Override = o
	}
	return err
}

func (m *memory) Object(_ context.Context, kind, id string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	document, ok := m.objects[kind+"\n"+id]
	if !ok {
		return nil, fmt.Errorf("%s %q: %w", kind, id, fault.ErrNotFound)
	}
	return document, nil
}

func (m *memory) Objects(_ context.Context, kind string) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list [][]byte
	for _, key := range slices.Sorted(maps.Keys(m.objects)) {
		if strings.HasPrefix(key, kind+"\n") {
			list = append(list, m.objects[key])
		}
	}
	return list, nil
}

func (m *memory) AddObject(_ context.Context, kind, id string, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[kind+"\n"+id]; ok {
		return fmt.Errorf("%s %q: %w", kind, id, fault.ErrConflict)
	}
	m.objects[kind+"\n"+id] = document
	return nil
}

func (m *memory) ReplaceObject(_ context.Context, kind, id string, old, document []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !bytes.Equal(m.objects[kind+"\n"+id], old) {
		return fmt.Errorf("%s %q: %w", kind, id, fault.ErrConflict)
	}
	m.objects[kind+"\n"+id] = document
	return nil
}

func (m *memory) DeleteObject(_ context.Context, kind, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[kind+"\n"+id]; !ok {
		return fmt.Errorf("%s %q: %w", kind, id, fault.ErrNotFound)
	}
	delete(m.objects, kind+"\n"+id)
	return nil
}
