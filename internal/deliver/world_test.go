package deliver_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/deliver/delivertest"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// world is the store that deliverers work on. It outlives them, as a database does.
type world struct {
	*delivertest.Memory

	mu        sync.Mutex
	changes   []exposure.LoggedChange
	documents map[string]string
	cursors   map[string]int64
	// moveErr is what MoveCursor fails with.
	moveErr error
	now     func() time.Time
	// pruned are the times before which the log was cut.
	pruned []time.Time
}

func newWorld() *world {
	return &world{Memory: delivertest.New(), documents: map[string]string{}, cursors: map[string]int64{}, now: time.Now}
}

// change records a change of a finding; the document tells its number.
func (w *world) change(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := int64(len(w.changes) + 1)
	w.documents[id] = fmt.Sprintf(`{"metadata":{"uid":%q},"version":%d}`, id, n)
	w.changes = append(w.changes, exposure.LoggedChange{
		Number: n, At: w.now(), Finding: id, Kind: exposure.Updated,
		Cluster: inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: id},
	})
}

func (w *world) Changes(ctx context.Context, after int64, limit int) ([]exposure.LoggedChange, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if int(after) >= len(w.changes) {
		return nil, ctx.Err()
	}
	list := w.changes[after:]
	return slices.Clone(list[:min(limit, len(list))]), ctx.Err()
}

func (w *world) LastChange(context.Context) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(len(w.changes)), nil
}

func (w *world) PruneChanges(_ context.Context, before time.Time) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pruned = append(w.pruned, before)
	return 0, nil
}

func (w *world) Cursor(_ context.Context, sink string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, ok := w.cursors[sink]
	if !ok {
		return 0, fault.ErrNotFound
	}
	return n, nil
}

func (w *world) MoveCursor(_ context.Context, sink string, n int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.moveErr != nil {
		return w.moveErr
	}
	w.cursors[sink] = n
	return nil
}

func (w *world) Document(_ context.Context, id string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d, ok := w.documents[id]
	if !ok {
		return nil, fault.ErrNotFound
	}
	return []byte(d), nil
}

func (w *world) config(sinks ...deliver.Sink) deliver.Config {
	return deliver.Config{
		Changes: w, Cursors: w, Documents: w, Objects: w, Leases: w, Sinks: sinks, Holder: "one", Now: w.now,
		Poll: time.Millisecond, Retry: time.Millisecond,
	}
}

// run starts a deliverer; the function that it gives stops it.
func run(t *testing.T, cfg deliver.Config) (*deliver.Deliverer, func()) {
	t.Helper()
	d := deliver.New(cfg)
	return d, delivertest.Run(t, d.Run)
}

// sink takes events, or fails with what fail says.
type sink struct {
	name  string
	batch int
	limit int
	fail  func(e ocsf.Event) error
	mu    sync.Mutex
	got   []ocsf.Event
	more  chan struct{}
}

func newSink(name string) *sink {
	return &sink{name: name, batch: 10, limit: 1 << 20, more: make(chan struct{}, 10_000)}
}

func (s *sink) Name() string  { return s.name }
func (s *sink) Batch() int    { return s.batch }
func (s *sink) MaxEvent() int { return s.limit }

func (s *sink) Deliver(ctx context.Context, events []ocsf.Event) (int, error) {
	for i, e := range events {
		if s.fail != nil {
			if err := s.fail(e); err != nil {
				return i, err
			}
		}
		if err := ctx.Err(); err != nil {
			return i, err
		}
		s.mu.Lock()
		s.got = append(s.got, e)
		s.mu.Unlock()
		s.more <- struct{}{}
	}
	return len(events), nil
}

// wait takes n events and gives their IDs.
func (s *sink) wait(t *testing.T, n int) []string {
	t.Helper()
	for range n {
		select {
		case <-s.more:
		case <-time.After(20 * time.Second):
			t.Fatalf("sink %s: no event", s.name)
		}
	}
	return s.ids()
}

func (s *sink) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, e := range s.got {
		ids = append(ids, e.ID)
	}
	return ids
}
