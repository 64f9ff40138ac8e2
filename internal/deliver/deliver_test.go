package deliver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/ocsf"
)

func TestEveryChangeIsDeliveredInOrderFromWhenTheSinkBegan(t *testing.T) {
	w, s := newWorld(), newSink("a")
	w.change("before")
	_, stop := run(t, w.config(s))
	for w.placeOf("a") == 0 { // the sink begins with what changes from now on
		runtime.Gosched()
	}
	for range 25 {
		w.change("x")
	}
	w.change("y")
	ids := s.wait(t, 26)
	stop()
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("x:%d", i+2))
	}
	if diff := cmp.Diff(append(want, "y:27"), ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e := s.got[25]
	if e.Source != "eksposure" || e.DetailType != "Findings Imported V2" || e.Account != "111122223333" || len(e.Detail.Findings) != 1 ||
		e.Resources[0] != "arn:aws:eks:eu-central-1:111122223333:cluster/y" || e.Detail.Change.Number != 27 {
		t.Errorf("event %+v", e)
	}
	if w.placeOf("a") != 27 {
		t.Errorf("the sink's place is %d", w.placeOf("a"))
	}
}

func (w *world) placeOf(sink string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cursors[sink]
}

// A process that dies after the sink took events and before its place moved delivers
// them again, with the same IDs; nothing is lost.
func TestKilledBetweenDeliveryAndPlace(t *testing.T) {
	w, s := newWorld(), newSink("a")
	w.cursors["a"] = 0
	w.moveErr = fault.ErrUnavailable
	for range 15 {
		w.change("x")
	}
	_, stop := run(t, w.config(s))
	s.wait(t, 10)
	stop()
	w.moveErr = nil
	again := newSink("a")
	_, stop = run(t, w.config(again))
	again.wait(t, 15)
	stop()
	if first, second := s.ids()[:10], again.ids()[:10]; !slices.Equal(first, second) {
		t.Errorf("first %v, again %v", first, second)
	}
	seen := map[string]bool{}
	for _, id := range append(s.ids(), again.ids()...) {
		seen[id] = true // as a receiver does that drops what it has
	}
	if len(seen) != 15 {
		t.Errorf("%d different events, want 15", len(seen))
	}
}

func TestAStuckSinkHoldsNoOther(t *testing.T) {
	w, stuck, good := newWorld(), newSink("stuck"), newSink("good")
	w.cursors["stuck"], w.cursors["good"] = 0, 0
	release := make(chan struct{})
	stuck.fail = func(ocsf.Event) error { <-release; return nil }
	d, _ := run(t, w.config(stuck, good))
	for range 30 {
		w.change("x")
	}
	good.wait(t, 30)
	if len(stuck.ids()) != 0 {
		t.Error("the stuck sink took something")
	}
	statuses, err := d.Statuses(t.Context())
	if err != nil || len(statuses) != 2 || statuses[1].Sink != "stuck" || statuses[1].Waiting != 30 {
		t.Errorf("statuses %+v, %v", statuses, err)
	}
	close(release)
	stuck.wait(t, 30)
}

func TestASinkThatFailsRecovers(t *testing.T) {
	w, s := newWorld(), newSink("a")
	w.cursors["a"] = 0
	var tries atomic.Int32
	s.fail = func(e ocsf.Event) error {
		if e.ID == "x:3" && tries.Add(1) <= 5 {
			return fault.ErrUnavailable
		}
		return nil
	}
	for range 6 {
		w.change("x")
	}
	d, stop := run(t, w.config(s))
	ids := s.wait(t, 6)
	stop()
	if diff := cmp.Diff([]string{"x:1", "x:2", "x:3", "x:4", "x:5", "x:6"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if letters, err := d.Letters(t.Context()); len(letters) != 0 || err != nil {
		t.Errorf("letters %v, %v", letters, err)
	}
}

func TestWhatIsRefusedForGoodBecomesADeadLetter(t *testing.T) {
	w, s := newWorld(), newSink("a")
	w.cursors["a"] = 0
	var refuse atomic.Bool
	refuse.Store(true)
	s.fail = func(e ocsf.Event) error {
		if e.ID == "x:2" && refuse.Load() {
			return fmt.Errorf("status 422: %w", fault.ErrInvalid)
		}
		return nil
	}
	for range 3 {
		w.change("x")
	}
	d, _ := run(t, w.config(s))
	if diff := cmp.Diff([]string{"x:1", "x:3"}, s.wait(t, 2)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	letters, err := d.Letters(t.Context())
	if err != nil || len(letters) != 1 || letters[0].Event != "x:2" || letters[0].Attempts != 3 || !strings.Contains(letters[0].Reason, "422") {
		t.Fatalf("letters %+v, %v", letters, err)
	}
	if err := d.Resend(t.Context(), "a", 2); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("still refused: %v", err)
	}
	refuse.Store(false)
	if err := d.Resend(t.Context(), "a", 2); err != nil {
		t.Fatal(err)
	}
	if letters, err := d.Letters(t.Context()); len(letters) != 0 || err != nil || !slices.Contains(s.ids(), "x:2") {
		t.Errorf("letters %v, %v", letters, err)
	}
	if err := d.Resend(t.Context(), "a", 2); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("sent already: %v", err)
	}
}

// An event that nobody takes for days is given up, and those after it get through
// as soon as the sink is back.
func TestAnEventIsGivenUpAfterDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(), newSink("a")
		w.cursors["a"] = 0
		var down atomic.Bool
		down.Store(true)
		var waits []time.Duration
		var last time.Time
		s.fail = func(ocsf.Event) error {
			if !last.IsZero() {
				waits = append(waits, time.Since(last))
			}
			last = time.Now()
			if down.Load() {
				return fault.ErrUnavailable
			}
			return nil
		}
		w.change("x")
		cfg := w.config(s)
		cfg.Poll, cfg.Retry = 0, 0
		d, _ := run(t, cfg)
		time.Sleep(71 * time.Hour)
		w.change("y")
		if letters, err := d.Letters(t.Context()); len(letters) != 0 || err != nil {
			t.Fatalf("given up after 71 hours: %v, %v", letters, err)
		}
		time.Sleep(2 * time.Hour)
		down.Store(false)
		time.Sleep(10 * time.Minute)
		letters, err := d.Letters(t.Context())
		if err != nil || len(letters) != 1 || letters[0].Event != "x:1" {
			t.Errorf("letters %+v, %v", letters, err)
		}
		if diff := cmp.Diff([]string{"y:2"}, s.ids()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if waits[0] > time.Second+time.Millisecond || slices.Max(waits) > 6*time.Minute || slices.Max(waits) < 2*time.Minute {
			t.Errorf("first wait %s, longest %s", waits[0], slices.Max(waits))
		}
	})
}

func TestTheLogIsCutAfterAMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		cfg := w.config()
		cfg.Poll = 0
		began := time.Now()
		_, _ = run(t, cfg)
		time.Sleep(90 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.pruned) != 1 || !w.pruned[0].Equal(began.Add(time.Hour-30*24*time.Hour)) {
			t.Errorf("cut at %v", w.pruned)
		}
	})
}

type later struct{ error }

func (later) RetryAfter() time.Duration { return 17 * time.Minute }
func (l later) Unwrap() error           { return l.error }

func TestAReceiverMaySayWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := newWorld(), newSink("a")
		w.cursors["a"] = 0
		began := time.Now()
		failed := false
		s.fail = func(ocsf.Event) error {
			if !failed {
				failed = true
				return later{fault.ErrThrottled}
			}
			return nil
		}
		w.change("x")
		cfg := w.config(s)
		cfg.Poll = 0
		d, _ := run(t, cfg)
		time.Sleep(time.Minute)
		statuses, err := d.Statuses(t.Context())
		if err != nil || statuses[0].Problem == "" || statuses[0].NextTry.Sub(began) < 17*time.Minute {
			t.Errorf("statuses %+v, %v", statuses, err)
		}
		time.Sleep(15 * time.Minute)
		if len(s.ids()) != 0 {
			t.Error("tried again too early")
		}
		time.Sleep(2 * time.Minute)
		if len(s.ids()) != 1 {
			t.Error("not tried again")
		}
	})
}

func TestOneServerDeliversToASink(t *testing.T) {
	w, a, b := newWorld(), newSink("a"), newSink("a")
	w.cursors["a"] = 0
	_, stop := run(t, w.config(a))
	w.change("x")
	a.wait(t, 1)
	other := w.config(b)
	other.Holder = "two"
	_, _ = run(t, other)
	for range 20 {
		w.change("x")
	}
	a.wait(t, 20)
	if n := len(b.ids()); n != 0 {
		t.Errorf("the second server delivered %d events", n)
	}
	stop()
	w.change("x")
	if diff := cmp.Diff([]string{"x:22"}, b.wait(t, 1)); diff != "" {
		t.Errorf("after the first has gone (-want +got):\n%s", diff)
	}
}

func TestAFindingThatIsGoneIsPassedOver(t *testing.T) {
	w, s := newWorld(), newSink("a")
	w.cursors["a"] = 0
	w.change("gone")
	delete(w.documents, "gone")
	w.change("x")
	_, _ = run(t, w.config(s))
	if diff := cmp.Diff([]string{"x:2"}, s.wait(t, 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALargeFindingIsTrimmedAndSaysSo(t *testing.T) {
	whole := map[string]any{
		"metadata": map[string]any{"uid": "x"}, "severity": "High",
		"resources":             []any{map[string]any{"uid": "cluster"}, map[string]any{"uid": strings.Repeat("r", 500)}},
		"resource_relationship": strings.Repeat("g", 500),
		"unmapped":              map[string]any{"eksposure": map[string]any{"traits": strings.Repeat("t", 500), "reopened": 1}},
	}
	document, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		limit int
		want  []string
		dead  bool
	}{
		{4000, nil, false},
		{1600, []string{"unmapped.eksposure.traits"}, false},
		{900, []string{"unmapped.eksposure.traits", "resource_relationship", "resources but the first"}, false},
		{300, nil, true},
	}
	for _, tt := range tests {
		t.Run(strconv.Itoa(tt.limit), func(t *testing.T) {
			w, s := newWorld(), newSink("a")
			w.cursors["a"] = 0
			w.change("x")
			w.documents["x"] = string(document)
			w.change("y")
			w.documents["y"] = `{}`
			s.limit = tt.limit
			d, _ := run(t, w.config(s))
			if tt.dead {
				for letters, err := d.Letters(t.Context()); len(letters) == 0; letters, err = d.Letters(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
				}
				return
			}
			s.wait(t, 2)
			data, err := json.Marshal(s.got[0])
			if err != nil || len(data) > tt.limit {
				t.Errorf("%d bytes, %v", len(data), err)
			}
			var got struct {
				Severity  string            `json:"severity"`
				Resources []json.RawMessage `json:"resources"`
				Unmapped  struct {
					Eksposure struct {
						LeftOut  []string `json:"left_out"`
						Reopened int      `json:"reopened"`
					} `json:"eksposure"`
				} `json:"unmapped"`
			}
			if err := json.Unmarshal(s.got[0].Detail.Findings[0], &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Unmapped.Eksposure.LeftOut); diff != "" || got.Severity != "High" || got.Unmapped.Eksposure.Reopened != 1 || len(got.Resources) == 0 {
				t.Errorf("%+v (-want +got):\n%s", got, diff)
			}
		})
	}
}

// Nothing is lost when the process ends while an event is on its way.
func TestStoppedInTheMiddle(t *testing.T) {
	w, s := newWorld(), newSink("a")
	w.cursors["a"] = 0
	ctx, cancel := context.WithCancel(t.Context())
	s.fail = func(e ocsf.Event) error {
		if e.ID == "x:4" {
			cancel()
			return context.Canceled
		}
		return nil
	}
	for range 6 {
		w.change("x")
	}
	if err := deliver.New(w.config(s)).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.placeOf("a"); n != 3 || w.Leases() != 0 {
		t.Errorf("place %d, %d leases", n, w.Leases())
	}
}

// leases are those of a world, with what happens as they are asked.
type leases struct {
	*world

	claimed func()
	renewed func() error
}

// Claim takes the lease, whatever becomes of the answer.
func (l leases) Claim(ctx context.Context, kind, id, holder string, until time.Time) (bool, error) {
	held, err := l.world.Claim(ctx, kind, id, holder, until)
	l.claimed()
	return held, errors.Join(err, ctx.Err())
}

func (l leases) Renew(context.Context, string, string, string, time.Time) error { return l.renewed() }

// A server that stops leaves no lease behind, so that another takes over at once.
func TestLeasesAreGivenBack(t *testing.T) {
	for _, tt := range []struct {
		name    string
		claimed bool
	}{
		{name: "stopped while it claims", claimed: true},
		{name: "the database failed while it renewed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, asked := newWorld(), atomic.Int64{}
			w.now = func() time.Time { return time.Unix(60*asked.Add(1), 0) } // a lease soon needs to be renewed
			ctx, stop := context.WithCancel(t.Context())
			cfg := w.config(newSink("a"))
			cfg.Leases = leases{w, func() {
				if tt.claimed {
					stop()
				}
			}, func() error {
				stop()
				return fault.ErrUnavailable
			}}
			if err := deliver.New(cfg).Run(ctx); err != nil {
				t.Fatal(err)
			}
			if n := w.Leases(); n != 0 {
				t.Errorf("%d leases are left", n)
			}
		})
	}
}
