package api

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxUsed bounds the memory of used proofs, about 64 MB when it is full. A server
// that has no room refuses, and says that it is throttled.
const maxUsed = 1 << 20

// used remembers what counts once, until it counts no more. It is the memory of one
// process: two servers on one database do not know each other's.
type used struct {
	mu    sync.Mutex
	until map[[16]byte]int64 // Unix seconds
	swept time.Time
}

func newUsed() *used { return &used{until: map[[16]byte]int64{}} }

// sweepEvery is how often what counts no more is forgotten.
const sweepEvery = 10 * time.Second

// take reports whether a name is new, and whether there was room to remember it.
func (u *used) take(name string, until, now time.Time) (first, room bool) {
	key := keyOf(name)
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.swept) >= sweepEvery {
		u.swept = now
		for k, end := range u.until {
			if end < now.Unix() {
				delete(u.until, k)
			}
		}
	}
	if _, seen := u.until[key]; seen {
		return false, true
	}
	if len(u.until) >= maxUsed {
		return false, false
	}
	u.until[key] = until.Unix()
	return true, true
}

// giveBack lets a name be used again: what it was used for did not happen.
func (u *used) giveBack(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.until, keyOf(name))
}

func keyOf(name string) [16]byte {
	sum := sha256.Sum256([]byte(name))
	return [16]byte(sum[:16])
}
