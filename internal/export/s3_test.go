package export_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/export"
)

const platform = "777788889999"

// aws opens objects of S3 as the program does.
type aws struct{ client *cloud.Client }

func (a aws) Bucket(ctx context.Context, to export.S3, object string) (export.Target, error) {
	return a.client.Object(ctx, cloud.Place{BucketARN: to.BucketARN, KeyARN: to.KeyARN, Name: object})
}

// startS3 is an estate with one bucket, and a client of it.
func startS3(t *testing.T) (*estate.Estate, aws) {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Clusters = nil
		if a.ID == platform {
			a.Users[0].Allow = []string{"s3:*", "sts:GetCallerIdentity"}
			a.Buckets = []estate.Bucket{{Region: "eu-central-1", Name: "findings"}}
		}
	}
	e, err := estate.Start(t.Context(), estate.Config{Scenario: s, Images: published, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the estate: %v", err)
		}
	})
	for _, setting := range e.Env() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	t.Setenv("AWS_PROFILE", "")
	client, err := cloud.New(t.Context(), cloud.Config{Attempts: 2})
	if err != nil {
		t.Fatal(err)
	}
	return e, aws{client}
}

// An export over HTTP with real signatures, in parts of S3's own least size, whose
// server dies in the middle, is the same as one in one go.
func TestToS3AndCarriedOn(t *testing.T) {
	e, target := startS3(t)
	w := newWorld(30_000)
	for i := range w.documents {
		w.documents[i] = strings.Replace(w.documents[i], `"severity"`, `"comment": "`+strings.Repeat("x", 200)+`", "severity"`, 1)
	}
	cfg := w.config()
	cfg.Targets, cfg.PartSize = target, 5<<20
	whole, stop := run(t, cfg)
	want := ended(t, whole, start(t, whole, request()).ID)
	stop()
	ctx, kill := context.WithCancel(t.Context())
	var searches atomic.Int32
	w.onStep = func(what string) error {
		if what == "search" && searches.Add(1) == 200 {
			kill()
			return context.Canceled
		}
		return ctx.Err()
	}
	first := export.New(cfg)
	j := start(t, first, request())
	if err := first.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := first.Get(t.Context(), account, j.ID); err != nil || got.Progress.Bytes == 0 || got.Status != export.Running || e.Uploads() != 1 {
		t.Fatalf("after the crash: %+v, %d uploads, %v", got.Progress, e.Uploads(), err)
	}
	w.onStep = nil
	second, _ := run(t, cfg)
	got := ended(t, second, j.ID)
	a, _, _ := e.Object("findings", want.Object)
	b, _, _ := e.Object("findings", got.Object)
	if want.Status != export.Succeeded || got.Status != export.Succeeded || len(a) < 10<<20 || string(a) != string(b) || e.Uploads() != 0 {
		t.Errorf("in one go %s, %d bytes; carried on %s, %d bytes; %d uploads left", want.Status, len(a), got.Status, len(b), e.Uploads())
	}
}
