// Package export writes findings to a file in S3 or in a folder, as jobs: started,
// watched, cancelled, and carried on after a crash where they were.
//
// A job walks the findings by their IDs, so that each is written once, and writes in
// parts. After every part it keeps where it is; a server that takes over writes the
// part after it, and the file is the same as if nothing had happened. What it never
// does: hold the findings in memory, or leave half a file under the final name.
package export

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	jobKind     = "export-job"
	tokenKind   = "export-token"
	runningKind = "export-running"

	// partSize is what is written at once. S3 takes 5 MiB to 5 GiB and 10,000 parts.
	partSize = 8 << 20
	// settle is how long a started job may take to be stored before its lock counts
	// as left behind.
	settle = time.Minute
	// keepJobs bounds the ended jobs of an account; the oldest make room.
	keepJobs = 200
	// MaxList bounds a page of jobs (ListExportJobsV2).
	MaxList = 20
)

// Config joins a Service with its parts.
type Config struct {
	Findings Findings
	Objects  Objects
	// Leases may be nil where only one server uses the database.
	Leases  Leases
	Targets Targets
	// Folder is where exports to the folder go; empty refuses them.
	Folder string
	// Holder names this process in leases.
	Holder string
	// PartSize and Poll replace the defaults when they are not zero.
	PartSize int
	Poll     time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Service starts jobs, and does them while Run runs.
type Service struct {
	cfg  Config
	wake chan struct{}
}

// New makes a Service.
func New(cfg Config) *Service {
	cfg.PartSize = cmp.Or(cfg.PartSize, partSize)
	cfg.Poll = cmp.Or(cfg.Poll, defaultPoll)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{cfg: cfg, wake: make(chan struct{}, 1)}
}

// started is what a client token stands for.
type started struct {
	Job     string `json:"job"`
	Request string `json:"request"`
}

// lock says which job of an account runs.
type lock struct {
	Job string    `json:"job"`
	At  time.Time `json:"at"`
}

// Start begins an export. fault.ErrQuota means that the account has one that runs;
// fault.ErrConflict that the client token was used for another request.
func (s *Service) Start(ctx context.Context, r Request) (Job, error) {
	if err := r.Validate(); err != nil {
		return Job{}, err
	}
	if r.Destination.Folder && s.cfg.Folder == "" {
		return Job{}, fmt.Errorf("setting exports.dir names no folder for exports: %w", fault.ErrInvalid)
	}
	token, digest, err := r.identity()
	if err != nil {
		return Job{}, err
	}
	if r.ClientToken != "" {
		if j, found, err := s.started(ctx, token, digest); err != nil || found {
			return j, err
		}
	}
	now := s.cfg.Now().UTC()
	id := strings.ToLower(rand.Text())
	j := Job{
		ID: id, Account: r.Account, By: r.By, Name: r.Name, Destination: r.Destination, Output: r.Output, Scopes: r.Scopes,
		Status: Running, StartedAt: now, Object: object(r.Destination, r.Output, id),
	}
	if err := s.lock(ctx, r.Account, id, now); err != nil {
		return Job{}, err
	}
	document, err := json.Marshal(j)
	if err == nil {
		err = s.cfg.Objects.AddObject(ctx, jobKind, id, document)
	}
	if err == nil && r.ClientToken != "" {
		err = s.put(ctx, tokenKind, token, started{Job: id, Request: digest})
	}
	if err != nil {
		return Job{}, fmt.Errorf("start export: %w", err)
	}
	s.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "export started", slog.String("job", id), slog.String("by", r.By.ID))
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return j, s.prune(ctx, r.Account)
}

// identity gives what the client token is kept under, and what makes two requests
// the same.
func (r *Request) identity() (token, digest string, err error) {
	same, err := json.Marshal([]any{r.Account, r.By.ID, r.Name, r.Destination, r.Output, r.Scopes})
	if err != nil {
		return "", "", fmt.Errorf("start export: %w", err)
	}
	sum := func(b []byte) string {
		s := sha256.Sum256(b)
		return hex.EncodeToString(s[:])
	}
	return sum([]byte(r.Account + "\n" + r.ClientToken)), sum(same), nil
}

func (s *Service) started(ctx context.Context, token, digest string) (Job, bool, error) {
	document, err := s.cfg.Objects.Object(ctx, tokenKind, token)
	if errors.Is(err, fault.ErrNotFound) {
		return Job{}, false, nil
	}
	var was started
	if err == nil {
		err = json.Unmarshal(document, &was)
	}
	if err != nil {
		return Job{}, false, fmt.Errorf("start export: %w", err)
	}
	if was.Request != digest {
		return Job{}, false, fmt.Errorf("the ClientToken was used to start export %q with other parameters: %w", was.Job, fault.ErrConflict)
	}
	j, _, err := s.job(ctx, was.Job)
	if errors.Is(err, fault.ErrNotFound) { // it was pruned
		return Job{}, false, nil
	}
	return j, err == nil, err
}

// lock takes the account's one place, or that of a job that does not run any more.
func (s *Service) lock(ctx context.Context, account, id string, now time.Time) error {
	mine, err := json.Marshal(lock{Job: id, At: now})
	if err != nil {
		return fmt.Errorf("start export: %w", err)
	}
	err = s.cfg.Objects.AddObject(ctx, runningKind, account, mine)
	if !errors.Is(err, fault.ErrConflict) {
		return err
	}
	document, err := s.cfg.Objects.Object(ctx, runningKind, account)
	var held lock
	if err == nil {
		err = json.Unmarshal(document, &held)
	}
	if err != nil {
		return fmt.Errorf("start export: %w", err)
	}
	j, _, err := s.job(ctx, held.Job)
	lost := errors.Is(err, fault.ErrNotFound) && now.Sub(held.At) > settle
	if err == nil && j.Status == Running || err != nil && !lost {
		return fmt.Errorf("export %q of account %q is running; wait for it or cancel it: %w", held.Job, account, fault.ErrQuota)
	}
	err = s.cfg.Objects.ReplaceObject(ctx, runningKind, account, document, mine)
	if errors.Is(err, fault.ErrConflict) {
		return fmt.Errorf("another export of account %q has just been started: %w", account, fault.ErrQuota)
	}
	return err
}

// unlock gives the account's place back, when it is still the job's.
func (s *Service) unlock(ctx context.Context, j Job) error {
	document, err := s.cfg.Objects.Object(ctx, runningKind, j.Account)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	var held lock
	if err == nil {
		err = json.Unmarshal(document, &held)
	}
	if err == nil && held.Job == j.ID {
		err = s.cfg.Objects.DeleteObject(ctx, runningKind, j.Account)
	}
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("end export %q: %w", j.ID, err)
	}
	return nil
}

// Get gives a job of an account.
func (s *Service) Get(ctx context.Context, account, id string) (Job, error) {
	j, _, err := s.job(ctx, id)
	if err == nil && j.Account != account {
		err = fault.ErrNotFound
	}
	if err != nil {
		return Job{}, fmt.Errorf("export job %q: %w", id, err)
	}
	return j, nil
}

// job also gives the stored form, for ReplaceObject.
func (s *Service) job(ctx context.Context, id string) (Job, []byte, error) {
	document, err := s.cfg.Objects.Object(ctx, jobKind, id)
	if err != nil {
		return Job{}, nil, err
	}
	var j Job
	if err := json.Unmarshal(document, &j); err != nil {
		return Job{}, nil, fmt.Errorf("stored export job: %w", err)
	}
	return j, document, nil
}

// ListRequest asks for a page of jobs.
type ListRequest struct {
	Account string
	// Status selects; empty selects all.
	Status Status
	// Limit is 1 to MaxList; 0 means MaxList.
	Limit int
	// Token is that of the page before.
	Token string
}

// List gives jobs of an account, the newest first, and the token of the next page.
func (s *Service) List(ctx context.Context, r ListRequest) ([]Job, string, error) {
	switch r.Status {
	case "", Running, Succeeded, Failed, Cancelled:
	default:
		return nil, "", fmt.Errorf("the Status is %q: want RUNNING, SUCCEEDED, FAILED or CANCELLED: %w", r.Status, fault.ErrInvalid)
	}
	limit := cmp.Or(r.Limit, MaxList)
	if limit < 1 || limit > MaxList {
		return nil, "", fmt.Errorf("MaxResults is %d: want 1 to %d: %w", r.Limit, MaxList, fault.ErrInvalid)
	}
	all, err := s.jobs(ctx)
	if err != nil {
		return nil, "", err
	}
	all = slices.DeleteFunc(all, func(j Job) bool { return j.Account != r.Account || r.Status != "" && j.Status != r.Status })
	if r.Token != "" {
		i := slices.IndexFunc(all, func(j Job) bool { return j.ID == r.Token })
		if i < 0 {
			return nil, "", fmt.Errorf("the NextToken is none of this list: %w", fault.ErrInvalid)
		}
		all = all[i+1:]
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], all[limit-1].ID, nil
}

// jobs gives all jobs, the newest first.
func (s *Service) jobs(ctx context.Context) ([]Job, error) {
	documents, err := s.cfg.Objects.Objects(ctx, jobKind)
	if err != nil {
		return nil, fmt.Errorf("export jobs: %w", err)
	}
	list := make([]Job, 0, len(documents))
	for _, d := range documents {
		var j Job
		if err := json.Unmarshal(d, &j); err != nil {
			return nil, fmt.Errorf("stored export job: %w", err)
		}
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b Job) int { return cmp.Or(b.StartedAt.Compare(a.StartedAt), strings.Compare(a.ID, b.ID)) })
	return list, nil
}

// Cancel stops a job. One that is cancelled already stays so; one that has ended is
// fault.ErrConflict.
func (s *Service) Cancel(ctx context.Context, account, id string) error {
	for {
		j, old, err := s.job(ctx, id)
		if err == nil && j.Account != account {
			err = fault.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("export job %q: %w", id, err)
		}
		switch j.Status {
		case Cancelled:
			return nil
		case Succeeded, Failed:
			return fmt.Errorf("export job %q has ended (%s): %w", id, j.Status, fault.ErrConflict)
		case Running:
		}
		j.Status, j.EndedAt = Cancelled, s.cfg.Now().UTC()
		_, err = s.save(ctx, j, old)
		if errors.Is(err, fault.ErrConflict) && ctx.Err() == nil { // its writer has just gone on
			continue
		}
		if err != nil {
			return err
		}
		return s.unlock(ctx, j)
	}
}

// save replaces a job that is still what it was, and gives its new stored form.
func (s *Service) save(ctx context.Context, j Job, old []byte) ([]byte, error) {
	document, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("export job %q: %w", j.ID, err)
	}
	if bytes.Equal(document, old) {
		return document, nil
	}
	if err := s.cfg.Objects.ReplaceObject(ctx, jobKind, j.ID, old, document); err != nil {
		return nil, fmt.Errorf("export job %q: %w", j.ID, err)
	}
	return document, nil
}

func (s *Service) put(ctx context.Context, kind, id string, v any) error {
	document, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.cfg.Objects.PutObject(ctx, kind, id, document)
}

// prune forgets the oldest ended jobs of an account.
func (s *Service) prune(ctx context.Context, account string) error {
	all, err := s.jobs(ctx)
	if err != nil {
		return err
	}
	ended := slices.DeleteFunc(all, func(j Job) bool {
		return j.Account != account || j.Status == Running || j.Status == Cancelled && j.State.Upload != ""
	})
	for len(ended) > keepJobs {
		oldest := ended[len(ended)-1]
		if err := s.cfg.Objects.DeleteObject(ctx, jobKind, oldest.ID); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("forget export job %q: %w", oldest.ID, err)
		}
		ended = ended[:len(ended)-1]
	}
	return nil
}
