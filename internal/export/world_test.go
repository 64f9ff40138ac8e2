package export_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/deliver/delivertest"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/search"
)

// world is the store and the bucket that services work on. It outlives them.
type world struct {
	*delivertest.Memory

	mu        sync.Mutex
	documents []string
	uploads   map[string]map[int][]byte
	bucket    map[string][]byte
	aborted   int
	// onStep is called before each step that a crash could come before or after.
	onStep func(what string) error
	scopes []access.Scope
}

// newWorld has n findings, of about 100 bytes each.
func newWorld(n int) *world {
	w := &world{Memory: delivertest.New(), uploads: map[string]map[int][]byte{}, bucket: map[string][]byte{}}
	for i := range n {
		severity := []string{"High", "Low"}[i%2]
		w.documents = append(w.documents, fmt.Sprintf(`{"metadata": {"uid": "%06d"}, "severity": %q, "resources": [{"type": "A", "tags": [{"name": "team", "value": "=cmd"}]}, {"type": "B"}, {"type": "A"}]}`, i, severity))
	}
	return w
}

func (w *world) step(what string) error {
	w.mu.Lock()
	f := w.onStep
	w.mu.Unlock()
	if f == nil {
		return nil
	}
	return f(what)
}

func (w *world) Search(_ context.Context, r search.Request) (search.Page, error) {
	if err := w.step("search"); err != nil {
		return search.Page{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scopes = append(w.scopes, r.Scope)
	start, _ := strconv.Atoi(r.Token)
	end := min(start+r.Limit, len(w.documents))
	page := search.Page{}
	for _, d := range w.documents[start:end] {
		decoded, err := search.Decode([]byte(d))
		if err != nil {
			return page, err
		}
		if r.Filters.Match(search.FindingSchema(), decoded, r.Now) {
			page.Documents = append(page.Documents, []byte(d))
		}
	}
	if end < len(w.documents) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

func (w *world) ReplaceObject(ctx context.Context, kind, id string, old, document []byte) error {
	if err := w.step("before save"); err != nil {
		return err
	}
	if err := w.Memory.ReplaceObject(ctx, kind, id, old, document); err != nil {
		return err
	}
	return w.step("after save")
}

func (w *world) Bucket(_ context.Context, to export.S3, object string) (export.Target, error) {
	if strings.HasSuffix(to.BucketARN, "denied") {
		return nil, fault.ErrDenied
	}
	return file{w, object}, nil
}

// file is an object of the bucket, as S3 makes it of parts.
type file struct {
	w   *world
	key string
}

func (f file) Begin(context.Context) (string, error) {
	if err := f.w.step("begin"); err != nil {
		return "", err
	}
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	id := "upload" + strconv.Itoa(len(f.w.uploads)+1)
	f.w.uploads[id] = map[int][]byte{}
	return id, nil
}

func (f file) Part(_ context.Context, upload string, number int, _ int64, body []byte) (string, error) {
	if err := f.w.step("before part"); err != nil {
		return "", err
	}
	f.w.mu.Lock()
	parts, ok := f.w.uploads[upload]
	if ok {
		parts[number] = bytes.Clone(body)
	}
	f.w.mu.Unlock()
	if !ok {
		return "", fault.ErrNotFound
	}
	return "tag" + strconv.Itoa(number), f.w.step("after part")
}

func (f file) Complete(_ context.Context, upload string, tags []string, size int64) error {
	if err := f.w.step("before complete"); err != nil {
		return err
	}
	f.w.mu.Lock()
	parts, ok := f.w.uploads[upload]
	if ok {
		var whole []byte
		for i := range tags {
			whole = append(whole, parts[i+1]...)
		}
		f.w.bucket[f.key] = whole
		delete(f.w.uploads, upload)
	}
	there := int64(len(f.w.bucket[f.key])) == size
	f.w.mu.Unlock()
	if !ok && !there {
		return fault.ErrNotFound
	}
	return f.w.step("after complete")
}

func (f file) Abort(_ context.Context, upload string) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	f.w.aborted++
	delete(f.w.uploads, upload)
	return nil
}

func (w *world) config() export.Config {
	return export.Config{
		Findings: w, Objects: w, Leases: w, Targets: w, Holder: "one", PartSize: 30_000, Poll: time.Millisecond, Now: time.Now,
	}
}

// run does jobs until the test stops it.
func run(t *testing.T, cfg export.Config) (*export.Service, func()) {
	t.Helper()
	s := export.New(cfg)
	return s, delivertest.Run(t, s.Run)
}

// ended waits until a job has ended and left nothing behind.
func ended(t *testing.T, s *export.Service, id string) export.Job {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		j, err := s.Get(t.Context(), account, id)
		if err != nil {
			t.Fatal(err)
		}
		if j.Status != export.Running && j.State.Upload == "" {
			return j
		}
	}
	t.Fatal("the job does not end")
	return export.Job{}
}

const account = "111122223333"

func request() export.Request {
	return export.Request{
		Account: account, By: access.Principal{ID: "AKIA", Scope: access.Scope{Accounts: []string{"1"}}},
		Destination: export.Destination{S3: &export.S3{BucketARN: "arn:aws:s3:::findings", Prefix: "weekly/"}},
		Output:      export.Output{Format: export.OCSFJSON},
	}
}
