package catalog

import (
	"context"
	"errors"
	"sync"

	"github.com/eksposure/eksposure/internal/fault"
)

// errAborted is what waiters see of work that panicked.
var errAborted = errors.New("work was aborted")

// flights collapses concurrent work under the same key. Unlike
// golang.org/x/sync/singleflight it hands a failure on only when it is the image's
// own fault: callers' credentials and patience differ, so a waiter then tries itself.
type flights[T any] struct {
	mu      sync.Mutex
	running map[string]*flight[T]
}

type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// do runs work, or waits for the same key's running work and takes its value.
func (f *flights[T]) do(ctx context.Context, key string, work func() (T, error)) (T, error) {
	for {
		f.mu.Lock()
		if f.running == nil {
			f.running = map[string]*flight[T]{}
		}
		other, ok := f.running[key]
		if !ok {
			own := &flight[T]{done: make(chan struct{})}
			f.running[key] = own
			f.mu.Unlock()
			return f.lead(key, own, work)
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			var none T
			return none, ctx.Err()
		case <-other.done:
			if other.err == nil || errors.Is(other.err, fault.ErrInvalid) {
				return other.value, other.err
			}
		}
	}
}

func (f *flights[T]) lead(key string, own *flight[T], work func() (T, error)) (T, error) {
	defer func() {
		f.mu.Lock()
		delete(f.running, key)
		f.mu.Unlock()
		close(own.done)
	}()
	own.err = errAborted
	own.value, own.err = work()
	return own.value, own.err
}
