package export_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

func start(t *testing.T, s *export.Service, r export.Request) export.Job {
	t.Helper()
	j, err := s.Start(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func severity(value string) search.Filters {
	return search.Filters{CompositeFilters: []search.Composite{{StringFilters: []search.StringFilter{{
		FieldName: "severity", Filter: search.StringIs{Value: value, Comparison: search.Equals},
	}}}}}
}

func TestEveryFindingIsOneLine(t *testing.T) {
	w := newWorld(1234)
	s, _ := run(t, w.config())
	j := ended(t, s, start(t, s, request()).ID)
	if j.Status != export.Succeeded || j.Progress.Rows != 1234 || j.EndedAt.IsZero() || j.Object != "weekly/eksposure-findings-"+j.ID+".ndjson" {
		t.Fatalf("job %+v", j)
	}
	got := w.bucket[j.Object]
	if int64(len(got)) != j.Progress.Bytes || len(w.uploads) != 0 || w.aborted != 0 {
		t.Errorf("%d bytes, progress %d; %d uploads left", len(got), j.Progress.Bytes, len(w.uploads))
	}
	lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n")
	if len(lines) != 1234 || !strings.HasPrefix(lines[7], `{"metadata":{"uid":"000007"},"severity":"Low"`) || !slices.IsSorted(lines) {
		t.Errorf("%d lines; %s", len(lines), lines[7])
	}
	if w.scopes[0].Accounts[0] != "1" {
		t.Errorf("searched in scope %+v, want the caller's", w.scopes[0])
	}
}

func TestCSV(t *testing.T) {
	w := newWorld(4)
	r := request()
	r.Output = export.Output{Format: export.CSV, Filters: severity("High"), Fields: []string{"metadata.uid", "severity", "resources.type", "resources.tags", "comment", "likelihood"}}
	s, _ := run(t, w.config())
	j := ended(t, s, start(t, s, r).ID)
	want := "metadata.uid,severity,resources.type,resources.tags,comment,likelihood\n000000,High,A; B,team==cmd,,\n000002,High,A; B,team==cmd,,\n"
	if diff := cmp.Diff(want, string(w.bucket[j.Object])); diff != "" || j.Progress.Rows != 2 {
		t.Errorf("%+v (-want +got):\n%s", j, diff)
	}
}

func TestNoFindings(t *testing.T) {
	w := newWorld(0)
	s, _ := run(t, w.config())
	j := ended(t, s, start(t, s, request()).ID)
	if got, ok := w.bucket[j.Object]; j.Status != export.Succeeded || !ok || len(got) != 0 {
		t.Errorf("job %+v, object %q", j, got)
	}
}

// However often and wherever the process dies, the file is the same as in one go.
func TestCarriedOnAfterEveryCrash(t *testing.T) {
	whole := newWorld(900)
	s, _ := run(t, whole.config())
	r := request()
	r.Destination.S3.Prefix = ""
	want := whole.bucket[ended(t, s, start(t, s, r).ID).Object]
	crash := errors.New("crash") // no category of fault: nothing is tried again
	for n := int32(1); ; n++ {
		w := newWorld(900)
		var steps atomic.Int32
		dead := make(chan struct{})
		w.onStep = func(string) error {
			if steps.Add(1) < n {
				return nil
			}
			if steps.Load() == n {
				close(dead)
			}
			return crash
		}
		ctx, kill := context.WithCancel(t.Context())
		first := export.New(w.config())
		j := start(t, first, r)
		done := make(chan struct{})
		finished := make(chan struct{})
		go func() {
			defer close(done)
			if err := first.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		go func() {
			defer close(finished)
			for ; ctx.Err() == nil; runtime.Gosched() {
				if got, err := first.Get(ctx, account, j.ID); err == nil && got.Status == export.Succeeded {
					return
				}
			}
		}()
		over := false
		select {
		case <-dead:
		case <-finished:
			over = true
		}
		kill()
		<-done
		w.onStep = nil
		second, stop := run(t, w.config())
		got := ended(t, second, j.ID)
		stop()
		if got.Status != export.Succeeded || string(w.bucket[got.Object]) != string(want) || got.Progress.Rows != 900 {
			t.Fatalf("crash at step %d: %+v, %d bytes of %d", n, got, len(w.bucket[got.Object]), len(want))
		}
		if over {
			if n < 20 {
				t.Errorf("only %d steps", n)
			}
			return
		}
	}
}

func TestCancelledInTheMiddle(t *testing.T) {
	w := newWorld(3000)
	reached, release := make(chan struct{}), make(chan struct{})
	parts := 0
	w.onStep = func(what string) error {
		if what == "after part" {
			if parts++; parts == 2 {
				close(reached)
				<-release
			}
		}
		return nil
	}
	s, _ := run(t, w.config())
	j := start(t, s, request())
	<-reached
	if err := s.Cancel(t.Context(), account, j.ID); err != nil {
		t.Fatal(err)
	}
	close(release)
	got := ended(t, s, j.ID)
	if got.Status != export.Cancelled || len(w.bucket) != 0 || len(w.uploads) != 0 || w.aborted != 1 {
		t.Errorf("job %+v, %d objects, %d uploads", got, len(w.bucket), len(w.uploads))
	}
	if err := s.Cancel(t.Context(), account, j.ID); err != nil {
		t.Errorf("again: %v", err)
	}
	w.onStep = nil
	other := ended(t, s, start(t, s, request()).ID)
	if err := s.Cancel(t.Context(), account, other.ID); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("cancelled after its end: %v", err)
	}
	if err := s.Cancel(t.Context(), "999999999999", other.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("another account's: %v", err)
	}
}

func TestOneJobPerAccount(t *testing.T) {
	w := newWorld(1)
	s := export.New(w.config()) // nobody works
	first := start(t, s, request())
	if _, err := s.Start(t.Context(), request()); !errors.Is(err, fault.ErrQuota) {
		t.Errorf("a second one: %v", err)
	}
	other := request()
	other.Account = "444455556666"
	start(t, s, other)
	if err := s.Cancel(t.Context(), account, first.ID); err != nil {
		t.Fatal(err)
	}
	start(t, s, request())
}

func TestALockThatACrashLeftIsTaken(t *testing.T) {
	w := newWorld(1)
	cfg := w.config()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { return now }
	s := export.New(cfg)
	if err := w.PutObject(t.Context(), "export-running", account, []byte(`{"job":"lost","at":"2026-11-25T11:59:30Z"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context(), request()); !errors.Is(err, fault.ErrQuota) {
		t.Errorf("it may still be starting: %v", err)
	}
	now = now.Add(time.Hour)
	start(t, s, request())
}

func TestTheClientTokenGivesTheSameJob(t *testing.T) {
	w := newWorld(1)
	s, _ := run(t, w.config())
	r := request()
	r.ClientToken = "t1"
	first := start(t, s, r)
	if again := start(t, s, r); again.ID != first.ID {
		t.Errorf("another job: %s, %s", first.ID, again.ID)
	}
	ended(t, s, first.ID)
	if again := start(t, s, r); again.ID != first.ID || again.Status != export.Succeeded {
		t.Errorf("after its end: %+v", again)
	}
	r.Name = "other"
	if _, err := s.Start(t.Context(), r); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("other parameters: %v", err)
	}
}

func TestFailures(t *testing.T) {
	w := newWorld(1)
	s, _ := run(t, w.config())
	r := request()
	r.Destination.S3.BucketARN += "-denied"
	j := ended(t, s, start(t, s, r).ID)
	if j.Status != export.Failed || j.FailureCode != "denied" || j.FailureMessage == "" {
		t.Errorf("job %+v", j)
	}
	down := 1
	w.onStep = func(what string) error {
		if what == "before part" && down > 0 {
			down--
			return fault.ErrUnavailable
		}
		return nil
	}
	if j := ended(t, s, start(t, s, request()).ID); j.Status != export.Succeeded {
		t.Errorf("after a target that was away for a while: %+v", j)
	}
	w.onStep = func(what string) error {
		if what == "search" {
			return fmt.Errorf("token: %w", fault.ErrInvalid)
		}
		return nil
	}
	if j := ended(t, s, start(t, s, request()).ID); j.Status != export.Failed || j.FailureCode != "invalid" || len(w.uploads) != 0 {
		t.Errorf("job %+v, %d uploads", j, len(w.uploads))
	}
}

// An upload that somebody removed while no server worked on it is begun anew, once.
func TestAnUploadThatIsGoneIsBegunAnew(t *testing.T) {
	w := newWorld(1000)
	ctx, kill := context.WithCancel(t.Context())
	w.onStep = func(what string) error {
		if what == "after part" {
			kill()
		}
		return ctx.Err()
	}
	first := export.New(w.config())
	j := start(t, first, request())
	if err := first.Run(ctx); err != nil {
		t.Fatal(err)
	}
	w.onStep = nil
	clear(w.uploads)
	s, _ := run(t, w.config())
	got := ended(t, s, j.ID)
	if lines := strings.Count(string(w.bucket[j.Object]), "\n"); got.Status != export.Succeeded || lines != 1000 || got.Progress.Rows != 1000 {
		t.Errorf("job %+v, %d lines", got, lines)
	}
}

func TestIntoAFolder(t *testing.T) {
	w := newWorld(700)
	cfg := w.config()
	cfg.Folder = filepath.Join(t.TempDir(), "exports")
	r := request()
	r.Destination = export.Destination{Folder: true}
	// The first server dies after a part was written and before that was kept.
	ctx, kill := context.WithCancel(t.Context())
	saves := 0
	w.onStep = func(what string) error {
		if what == "before save" {
			if saves++; saves == 3 {
				kill()
				return context.Canceled
			}
		}
		return nil
	}
	first := export.New(cfg)
	j := start(t, first, r)
	if err := first.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(cfg.Folder); err != nil || len(entries) != 1 || !strings.HasSuffix(entries[0].Name(), ".part") {
		t.Errorf("before the end there is %v, %v", entries, err)
	}
	w.onStep = nil
	s, _ := run(t, cfg)
	got := ended(t, s, j.ID)
	data, err := os.ReadFile(filepath.Join(cfg.Folder, j.Object))
	if err != nil || got.Status != export.Succeeded || strings.Count(string(data), "\n") != 700 || int64(len(data)) != got.Progress.Bytes {
		t.Errorf("job %+v, %d lines, %v", got, strings.Count(string(data), "\n"), err)
	}
	info, err := os.Stat(filepath.Join(cfg.Folder, j.Object))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	none := w.config()
	if _, err := export.New(none).Start(t.Context(), r); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("without a folder: %v", err)
	}
}

func TestList(t *testing.T) {
	w := newWorld(0)
	cfg := w.config()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	cfg.Now = func() time.Time { now = now.Add(time.Second); return now }
	s := export.New(cfg)
	var ids []string
	for i := range 5 {
		j := start(t, s, request())
		ids = append(ids, j.ID)
		if i < 4 {
			if err := s.Cancel(t.Context(), account, j.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Reverse(ids)
	var got []string
	for token := ""; ; {
		page, next, err := s.List(t.Context(), export.ListRequest{Account: account, Limit: 2, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page {
			got = append(got, j.ID)
		}
		if next == "" {
			break
		}
		token = next
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	running, _, err := s.List(t.Context(), export.ListRequest{Account: account, Status: export.Running})
	if err != nil || len(running) != 1 || running[0].ID != ids[0] {
		t.Errorf("running: %v, %v", running, err)
	}
	if none, _, err := s.List(t.Context(), export.ListRequest{Account: "999999999999"}); err != nil || len(none) != 0 {
		t.Errorf("another account: %v, %v", none, err)
	}
	for _, bad := range []export.ListRequest{{Account: account, Limit: 21}, {Account: account, Status: "DONE"}, {Account: account, Token: "x"}} {
		if _, _, err := s.List(t.Context(), bad); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestValidate(t *testing.T) {
	csv := func(fields ...string) func(*export.Request) {
		return func(r *export.Request) { r.Output = export.Output{Format: export.CSV, Fields: fields} }
	}
	tests := []struct {
		name  string
		spoil func(*export.Request)
		valid bool
	}{
		{"as it should be", func(*export.Request) {}, true},
		{"name", func(r *export.Request) { r.Name = "Weekly report (high), 1/2: a+b.c_d-e" }, true},
		{"name with a line break", func(r *export.Request) { r.Name = "a\nb" }, false},
		{"name too long", func(r *export.Request) { r.Name = strings.Repeat("a", 257) }, false},
		{"token too long", func(r *export.Request) { r.ClientToken = strings.Repeat("a", 64) }, false},
		{"no destination", func(r *export.Request) { r.Destination = export.Destination{} }, false},
		{"two destinations", func(r *export.Request) { r.Destination.Folder = true }, false},
		{"bucket name", func(r *export.Request) { r.Destination.S3.BucketARN = "findings" }, false},
		{"bucket with a path", func(r *export.Request) { r.Destination.S3.BucketARN += "/x" }, false},
		{"key", func(r *export.Request) {
			r.Destination.S3.KeyARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
		}, true},
		{"key alias", func(r *export.Request) { r.Destination.S3.KeyARN = "arn:aws:kms:eu-central-1:111122223333:alias/x" }, false},
		{"prefix", func(r *export.Request) { r.Destination.S3.Prefix = strings.Repeat("p", 513) }, false},
		{"format", func(r *export.Request) { r.Output.Format = "XML" }, false},
		{"OCSF with fields", func(r *export.Request) { r.Output.Fields = []string{"severity"} }, false},
		{"CSV", csv("severity", "status"), true},
		{"CSV without fields", csv(), false},
		{"CSV with too many", csv(slices.Repeat([]string{"severity"}, 51)...), false},
		{"CSV with an unknown field", csv("colour"), false},
		{"CSV with a field twice", csv("severity", "severity"), false},
		{"filters", func(r *export.Request) { r.Output.Filters = severity(" ") }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request()
			tt.spoil(&r)
			err := r.Validate()
			if tt.valid && err != nil || !tt.valid && !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("valid %v: %v", tt.valid, err)
			}
		})
	}
}
