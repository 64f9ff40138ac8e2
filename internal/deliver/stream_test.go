package deliver_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/deliver"
)

func TestFollowResumesAndGoesOn(t *testing.T) {
	w := newWorld()
	for _, id := range []string{"a", "b", "a"} {
		w.change(id)
	}
	d, _ := run(t, w.config())
	onlyA := access.Scope{Clusters: []string{"arn:aws:eks:eu-central-1:111122223333:cluster/a"}}
	for _, tt := range []struct {
		name  string
		scope access.Scope
		after int64
		want  []string
	}{
		{"from the beginning", access.Scope{}, 0, []string{"a:1", "b:2", "a:3", "a:4"}},
		{"after an event", access.Scope{}, 2, []string{"a:3", "a:4"}},
		{"in a scope", onlyA, 0, []string{"a:1", "a:3", "a:4"}},
		{"from now on", access.Scope{}, -1, []string{"a:4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.mu.Lock()
			w.changes = w.changes[:3]
			w.mu.Unlock()
			var got []string
			done := errors.New("done")
			err := d.Follow(t.Context(), tt.scope, tt.after, func(m *deliver.Message) error {
				if m == nil {
					if len(got) == 0 {
						w.change("a")
					}
					return nil
				}
				if got = append(got, m.ID); m.Number == 4 {
					return done
				}
				return nil
			})
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, done) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestAQuietStreamBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		ctx, cancel := context.WithTimeout(t.Context(), 61*time.Second)
		defer cancel()
		beats := 0
		err := deliver.New(w.config()).Follow(ctx, access.Scope{}, 0, func(*deliver.Message) error { beats++; return nil })
		if !errors.Is(err, context.DeadlineExceeded) || beats != 5 {
			t.Errorf("%d beats, %v", beats, err)
		}
	})
}
