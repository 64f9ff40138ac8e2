package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// memory is the database that servers share, as the ports describe it.
type memory struct {
	mu      sync.Mutex
	rows    map[inventory.ClusterRef]*row
	leases  map[string]held
	objects map[string][]byte
	// down makes every call fail.
	down bool
}

type row struct {
	inventory.Scheduled

	asked time.Time
}

type held struct {
	by    string
	until time.Time
}

func newMemory() *memory {
	return &memory{rows: map[inventory.ClusterRef]*row{}, leases: map[string]held{}, objects: map[string][]byte{}}
}

var errDown = fmt.Errorf("the database is down: %w", fault.ErrUnavailable)

func (m *memory) enter() (leave func(), err error) {
	m.mu.Lock()
	if m.down {
		m.mu.Unlock()
		return nil, errDown
	}
	return m.mu.Unlock, nil
}

func (m *memory) Schedule(_ context.Context, refs []inventory.ClusterRef, at time.Time) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, ref := range refs {
		if m.rows[ref] == nil {
			m.rows[ref] = &row{Scheduled: inventory.Scheduled{Ref: ref, Next: at}}
		}
	}
	return nil
}

func (m *memory) ScheduleBy(_ context.Context, latest time.Time) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, r := range m.rows {
		if r.Next.After(latest) {
			r.Next = latest
		}
	}
	return nil
}

func (m *memory) Unschedule(_ context.Context, refs []inventory.ClusterRef) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, ref := range refs {
		delete(m.rows, ref)
	}
	return nil
}

func (m *memory) ScheduledClusters(context.Context) ([]inventory.ClusterRef, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	var refs []inventory.ClusterRef
	for ref := range m.rows {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, inventory.ClusterRef.Compare)
	return refs, nil
}

func (m *memory) Due(_ context.Context, now time.Time, limit int) ([]inventory.Scheduled, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	var due []inventory.Scheduled
	for _, r := range m.rows {
		if !r.Next.After(now) {
			due = append(due, r.Scheduled)
		}
	}
	slices.SortFunc(due, func(a, b inventory.Scheduled) int {
		if c := a.Next.Compare(b.Next); c != 0 {
			return c
		}
		return a.Ref.Compare(b.Ref)
	})
	return due[:min(limit, len(due))], nil
}

func (m *memory) Scheduled(_ context.Context, ref inventory.ClusterRef) (inventory.Scheduled, error) {
	leave, err := m.enter()
	if err != nil {
		return inventory.Scheduled{}, err
	}
	defer leave()
	if r := m.rows[ref]; r != nil {
		return r.Scheduled, nil
	}
	return inventory.Scheduled{}, fault.ErrNotFound
}

func (m *memory) Scanned(_ context.Context, ref inventory.ClusterRef, began, next time.Time, problem string) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	r := m.rows[ref]
	if r == nil {
		return nil
	}
	r.Last, r.Next, r.Problem = began, next, problem
	if r.asked.After(began) && r.asked.Before(next) {
		r.Next = r.asked
	}
	r.Failures++
	if problem == "" {
		r.Failures = 0
	}
	return nil
}

func (m *memory) Hasten(_ context.Context, scope access.Scope, at time.Time) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	for ref, r := range m.rows {
		if !scope.Allows(ref) {
			continue
		}
		r.asked = at
		if at.Before(r.Next) {
			r.Next = at
		}
	}
	return nil
}

func (m *memory) ScanProgress(_ context.Context, scope access.Scope, since time.Time) (inventory.ScanProgress, error) {
	leave, err := m.enter()
	if err != nil {
		return inventory.ScanProgress{}, err
	}
	defer leave()
	var p inventory.ScanProgress
	for ref, r := range m.rows {
		if !scope.Allows(ref) {
			continue
		}
		p.Clusters++
		switch {
		case r.Last.Before(since):
		case r.Problem == "":
			p.Scanned++
		default:
			p.Failed++
		}
	}
	return p, nil
}

func (m *memory) ScanFailures(_ context.Context, scope access.Scope, since time.Time, limit int) ([]inventory.Scheduled, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	var failed []inventory.Scheduled
	for ref, r := range m.rows {
		if scope.Allows(ref) && !r.Last.Before(since) && r.Problem != "" {
			failed = append(failed, r.Scheduled)
		}
	}
	slices.SortFunc(failed, func(a, b inventory.Scheduled) int { return a.Ref.Compare(b.Ref) })
	return failed[:min(limit, len(failed))], nil
}

func (m *memory) Claim(_ context.Context, kind, id, holder string, until time.Time) (bool, error) {
	leave, err := m.enter()
	if err != nil {
		return false, err
	}
	defer leave()
	l, ok := m.leases[kind+"/"+id]
	if ok && l.by != holder && l.until.After(time.Now()) {
		return false, nil
	}
	m.leases[kind+"/"+id] = held{holder, until}
	return true, nil
}

func (m *memory) Renew(_ context.Context, kind, id, holder string, until time.Time) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	if l, ok := m.leases[kind+"/"+id]; !ok || l.by != holder {
		return fault.ErrConflict
	}
	m.leases[kind+"/"+id] = held{holder, until}
	return nil
}

func (m *memory) Release(_ context.Context, kind, id, holder string) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	if m.leases[kind+"/"+id].by == holder {
		delete(m.leases, kind+"/"+id)
	}
	return nil
}

func (m *memory) PutObject(_ context.Context, kind, id string, document []byte) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	m.objects[kind+"/"+id] = document
	return nil
}

func (m *memory) Object(_ context.Context, kind, id string) ([]byte, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	if d, ok := m.objects[kind+"/"+id]; ok {
		return d, nil
	}
	return nil, fault.ErrNotFound
}

func (m *memory) Objects(_ context.Context, kind string) ([][]byte, error) {
	leave, err := m.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	var keys []string
	for k := range m.objects {
		if strings.HasPrefix(k, kind+"/") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var documents [][]byte
	for _, k := range keys {
		documents = append(documents, m.objects[k])
	}
	return documents, nil
}

func (m *memory) DeleteObject(_ context.Context, kind, id string) error {
	leave, err := m.enter()
	if err != nil {
		return err
	}
	defer leave()
	delete(m.objects, kind+"/"+id)
	return nil
}

// fleet is what there is to scan, and how the scans of it go.
type fleet struct {
	mu       sync.Mutex
	clusters []inventory.ClusterRef
	// takes is the time of one scan.
	takes time.Duration
	// broken clusters cannot be read.
	broken map[inventory.ClusterRef]bool
	// undiscoverable makes discoveries fail; skipped are places that they leave out.
	undiscoverable bool
	skipped        []inventory.Skip

	scans       []scanned
	busy, most  int
	both        bool // one cluster was scanned twice at once
	inside      map[inventory.ClusterRef]bool
	discoveries int
	tidied      int
}

type scanned struct {
	ref inventory.ClusterRef
	at  time.Time
	by  string
}

func newFleet(n int) *fleet {
	f := &fleet{takes: time.Minute, broken: map[inventory.ClusterRef]bool{}, inside: map[inventory.ClusterRef]bool{}}
	for i := range n {
		account := "111122223333"
		if i%2 == 1 {
			account = "444455556666"
		}
		f.clusters = append(f.clusters, inventory.ClusterRef{Partition: "aws", Account: account, Region: "eu-central-1", Name: fmt.Sprintf("c%03d", i)})
	}
	slices.SortFunc(f.clusters, inventory.ClusterRef.Compare)
	return f
}

// server is one process's view of the fleet.
type server struct {
	*fleet

	name string
}

func (s server) Discover(context.Context) (inventory.Discovery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discoveries++
	if s.undiscoverable {
		return inventory.Discovery{}, fmt.Errorf("assume the role: %w", fault.ErrDenied)
	}
	return inventory.Discovery{Clusters: slices.Clone(s.clusters), Accounts: []string{"111122223333", "444455556666"}, Regions: []string{"eu-central-1"}, Skipped: s.skipped}, nil
}

func (s server) ScanCluster(ctx context.Context, ref inventory.ClusterRef, step func(string)) (*exposure.Outcome, error) {
	s.mu.Lock()
	s.both = s.both || s.inside[ref]
	s.inside[ref] = true
	s.busy++
	s.most = max(s.most, s.busy)
	s.mu.Unlock()
	step("describing")
	var err error
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	s.inside[ref] = false
	if err != nil {
		return nil, err
	}
	s.scans = append(s.scans, scanned{ref, time.Now(), s.name})
	if s.broken[ref] {
		return nil, errors.New("the cluster does not answer")
	}
	return &exposure.Outcome{Cluster: ref}, nil
}

func (s server) Tidy(context.Context, inventory.Discovery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tidied++
	return nil
}

func (s server) Refresh(context.Context) error { return nil }

// count gives how often each cluster was scanned.
func (f *fleet) count() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := map[string]int{}
	for _, s := range f.scans {
		n[s.ref.Name]++
	}
	return n
}
