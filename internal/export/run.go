package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/pause"
	"github.com/eksposure/eksposure/internal/search"
)

const (
	leaseKind = "export"
	// leaseTime is how long a server that died holds its jobs.
	leaseTime = time.Minute
	// defaultPoll is how often jobs are looked for that other servers started or left.
	defaultPoll = 5 * time.Second
	// attempts is how often a job may fail in a row in a way that may pass.
	attempts = 5
	// firstPause is the wait after the first of these; it doubles.
	firstPause = time.Second
	// look is how often a running job asks whether it was cancelled.
	look = time.Second
	// lastWords bounds what is written after the context has ended.
	lastWords = 30 * time.Second
)

// errElsewhere says that the job is not ours any more: cancelled, or in other hands.
var errElsewhere = errors.New("the job is not ours any more")

// Run does the jobs until the context ends, those that another server left first. A
// job that the end interrupts is carried on by the next Run.
func (s *Service) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	var mu sync.Mutex
	busy := map[string]bool{}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.wake:
		}
		timer.Reset(s.cfg.Poll)
		list, err := s.jobs(ctx)
		if err != nil {
			s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "export jobs not read", slog.String("error", err.Error()))
			continue
		}
		for _, j := range list {
			mu.Lock()
			open := (j.Status == Running || j.State.Upload != "") && !busy[j.ID]
			busy[j.ID] = busy[j.ID] || open
			mu.Unlock()
			if !open {
				continue
			}
			group.Go(func() {
				s.attend(ctx, j.ID)
				mu.Lock()
				delete(busy, j.ID)
				mu.Unlock()
			})
		}
	}
}

// attend does one job, if no other server does.
func (s *Service) attend(ctx context.Context, id string) {
	held, err := s.claim(ctx, id)
	if err == nil && held {
		err = s.hold(ctx, id, func(ctx context.Context) error { return s.work(ctx, id) })
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errElsewhere) {
		s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "export waits", slog.String("job", id), slog.String("error", err.Error()))
	}
}

func (s *Service) claim(ctx context.Context, id string) (bool, error) {
	if s.cfg.Leases == nil {
		return true, nil
	}
	return s.cfg.Leases.Claim(ctx, leaseKind, id, s.cfg.Holder, s.cfg.Now().Add(leaseTime))
}

// hold keeps the lease while f works, and ends f when it is lost.
func (s *Service) hold(ctx context.Context, id string, f func(ctx context.Context) error) error {
	if s.cfg.Leases == nil {
		return f(ctx)
	}
	working, cancel := context.WithCancelCause(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(leaseTime / 4)
		defer ticker.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-ticker.C:
			}
			err := s.cfg.Leases.Renew(working, leaseKind, id, s.cfg.Holder, s.cfg.Now().Add(leaseTime))
			if errors.Is(err, fault.ErrConflict) {
				cancel(errElsewhere)
				return
			}
		}
	})
	err := f(working)
	if cause := context.Cause(working); cause != nil && err != nil {
		err = errors.Join(err, cause)
	}
	cancel(nil)
	group.Wait()
	last, end := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer end()
	return errors.Join(err, s.cfg.Leases.Release(last, leaseKind, id, s.cfg.Holder))
}

// work carries a job on to its end. What may pass is tried again from where the
// job was kept.
func (s *Service) work(ctx context.Context, id string) error {
	delay := firstPause
	anew := false
	for failures := 1; ; failures++ {
		j, old, err := s.job(ctx, id)
		if errors.Is(err, fault.ErrNotFound) {
			return errElsewhere
		}
		if err != nil {
			return err
		}
		if j.Status != Running {
			return errors.Join(s.clean(ctx, j, old), s.unlock(ctx, j))
		}
		w := &writer{s: s, job: j, stored: old}
		err = w.write(ctx)
		if err == nil {
			return s.unlock(ctx, w.job)
		}
		if errors.Is(err, errElsewhere) {
			continue // cancelled: the next round cleans up
		}
		if ctx.Err() != nil {
			return err
		}
		if errors.Is(err, fault.ErrNotFound) && j.State.Upload != "" && !anew {
			anew = true
			if err := s.beginAnew(ctx, id); err != nil {
				return err
			}
			continue
		}
		if w.job.Progress.Bytes > j.Progress.Bytes {
			failures, delay = 1, firstPause
		}
		if !fault.Of(err).Retry || failures >= attempts {
			return s.fail(ctx, id, err)
		}
		if err := pause.For(ctx, delay); err != nil {
			return err
		}
		delay *= 2
	}
}

// beginAnew forgets an upload that is gone, as a bucket's lifecycle rule or a person
// may have removed it, with what was written.
func (s *Service) beginAnew(ctx context.Context, id string) error {
	j, old, err := s.job(ctx, id)
	if err != nil || j.Status != Running {
		return err
	}
	j.State, j.Progress = State{}, Progress{}
	_, err = s.save(ctx, j, old)
	return err
}

// fail ends a job that cannot be done.
func (s *Service) fail(ctx context.Context, id string, reason error) error {
	j, old, err := s.job(ctx, id)
	if err != nil {
		return err
	}
	if j.Status != Running {
		return errors.Join(s.clean(ctx, j, old), s.unlock(ctx, j))
	}
	j.Status, j.EndedAt, j.FailureCode, j.FailureMessage = Failed, s.cfg.Now().UTC(), fault.Of(reason).Name, fault.Message(reason)
	if old, err = s.save(ctx, j, old); err != nil {
		return err
	}
	s.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "export failed", slog.String("job", id), slog.String("error", reason.Error()))
	return errors.Join(s.unlock(ctx, j), s.clean(ctx, j, old))
}

// clean aborts the upload of a job that was cancelled or has failed.
func (s *Service) clean(ctx context.Context, j Job, old []byte) error {
	if j.Status == Succeeded || j.State.Upload == "" {
		return nil
	}
	target, err := s.target(ctx, j)
	if err == nil {
		err = target.Abort(ctx, j.State.Upload)
	}
	if err != nil && fault.Of(err).Retry {
		return fmt.Errorf("abort the upload of export %q: %w", j.ID, err)
	}
	j.State = State{}
	_, errSave := s.save(ctx, j, old)
	return errors.Join(err, errSave)
}

func (s *Service) target(ctx context.Context, j Job) (Target, error) {
	if j.Destination.Folder {
		return folder{dir: s.cfg.Folder, name: j.Object}, nil
	}
	return s.cfg.Targets.Bucket(ctx, *j.Destination.S3, j.Object)
}

// writer writes the file of one job.
type writer struct {
	s      *Service
	job    Job
	stored []byte
	looked time.Time
}

// write goes on where the job is.
func (w *writer) write(ctx context.Context) error {
	target, err := w.s.target(ctx, w.job)
	if err != nil {
		return err
	}
	if w.job.State.Upload == "" {
		if w.job.State.Upload, err = target.Begin(ctx); err != nil {
			return err
		}
		err := w.save(ctx)
		if errors.Is(err, errElsewhere) { // another upload is the job's, or none
			return errors.Join(err, target.Abort(ctx, w.job.State.Upload))
		}
		if err != nil { // it may have been kept all the same
			return err
		}
	}
	for !w.job.State.All {
		if err := w.part(ctx, target); err != nil {
			return err
		}
	}
	if err := target.Complete(ctx, w.job.State.Upload, w.job.State.Tags, w.job.Progress.Bytes); err != nil {
		return err
	}
	w.job.Status, w.job.EndedAt, w.job.State = Succeeded, w.s.cfg.Now().UTC(), State{}
	if err := w.save(ctx); err != nil {
		return err
	}
	w.s.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "export written", slog.String("job", w.job.ID), slog.Int64("rows", w.job.Progress.Rows))
	return nil
}

// part writes the next part, of whole pages, and keeps that it did.
func (w *writer) part(ctx context.Context, target Target) error {
	next := w.job // a failure leaves the job as it is kept
	r := rows{output: next.Output}
	if next.Progress.Bytes == 0 {
		if err := r.header(); err != nil {
			return err
		}
	}
	for r.buffer.Len() < w.s.cfg.PartSize && !next.State.All {
		if err := w.stillOurs(ctx); err != nil {
			return err
		}
		page, err := w.s.cfg.Findings.Search(ctx, search.Request{
			Filters: next.Output.Filters, Scope: next.By.Scope, Limit: search.MaxPage, Token: next.State.Page, Now: next.StartedAt,
			Sort: []search.Sort{{Field: "metadata.uid", Order: search.Ascending}},
		})
		if err != nil {
			return err
		}
		for _, d := range page.Documents {
			if err := r.add(d); err != nil {
				return err
			}
		}
		next.Progress.Rows += int64(len(page.Documents))
		next.State.Page, next.State.All = page.Next, page.Next == ""
	}
	body := r.buffer.Bytes()
	tag, err := target.Part(ctx, next.State.Upload, len(next.State.Tags)+1, next.Progress.Bytes, body)
	if err != nil {
		return err
	}
	next.State.Tags = append(slices.Clip(next.State.Tags), tag)
	next.Progress.Bytes += int64(len(body))
	w.job = next
	return w.save(ctx)
}

// stillOurs looks now and then whether the job was cancelled.
func (w *writer) stillOurs(ctx context.Context) error {
	now := w.s.cfg.Now()
	if now.Sub(w.looked) < look {
		return ctx.Err()
	}
	w.looked = now
	j, _, err := w.s.job(ctx, w.job.ID)
	if err == nil && j.Status != Running || errors.Is(err, fault.ErrNotFound) {
		return errElsewhere
	}
	return err
}

func (w *writer) save(ctx context.Context) error {
	stored, err := w.s.save(ctx, w.job, w.stored)
	if errors.Is(err, fault.ErrConflict) {
		return errElsewhere
	}
	if err == nil {
		w.stored = stored
	}
	return err
}
