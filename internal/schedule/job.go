package schedule

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	jobKind = "scan-job"
	// maxJobs is how many jobs are kept; the oldest are forgotten first.
	maxJobs = 100
	// maxNamed bounds the clusters that a job names one by one; a job over more names
	// their account, or everything.
	maxNamed = 1000
	// maxFailures bounds the failures that a job lists; it counts all.
	maxFailures = 100
)

// State is where a job is.
type State string

// The states.
const (
	// Discovering means that the list of clusters is made first.
	Discovering State = "discovering"
	// Scanning means that clusters wait or are being scanned.
	Scanning State = "scanning"
	// Finished means that every cluster was scanned, or failed.
	Finished State = "finished"
	// NotDiscovered means the same of the clusters that were known, as there was no
	// list of those that there are.
	NotDiscovered State = "failed"
)

// Job is a scan that somebody asked for. It is kept in the database: any server
// tells its progress, and a killed one does not lose it.
type Job struct {
	ID      string           `json:"id"`
	By      string           `json:"by" doc:"ID of who asked for it."`
	At      time.Time        `json:"at"`
	Scope   access.Scope     `json:"scope"`
	Began   time.Time        `json:"began,omitzero" doc:"When its clusters were put into the queue."`
	Ended   time.Time        `json:"ended,omitzero" doc:"When no cluster of it waited any more. What is scanned later is not counted here."`
	Problem string           `json:"problem,omitempty" doc:"Why the clusters could not be discovered. Those that were known are scanned."`
	Skipped []inventory.Skip `json:"skipped,omitempty" doc:"Places of the scope whose clusters could not be listed, the first hundred."`

	// What follows is made when the job is asked for, until it ended.

	State    State                  `json:"state" doc:"failed means that the clusters could not be discovered."`
	Progress inventory.ScanProgress `json:"progress"`
	Failures []Failure              `json:"failures,omitempty" doc:"The clusters of which nothing could be read, the first hundred."`
	Running  []Running              `json:"running,omitempty" doc:"The clusters that the server which was asked scans now."`
}

// Failure is a cluster that could not be scanned.
type Failure struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	Reason  string               `json:"reason"`
}

// Start puts the clusters of a scope into the queue: those that are named, or all
// of an account, a region or everything, which are discovered first. It does not
// wait for the scans.
func (s *Service) Start(ctx context.Context, scope access.Scope, by string) (Job, error) {
	refs, err := named(scope)
	if err != nil {
		return Job{}, err
	}
	now := s.cfg.Now().UTC()
	// IDs are in the order of time.
	j := Job{ID: now.Format("20060102T150405.000Z") + "-" + rand.Text()[:8], By: by, At: now, Scope: scope}
	if len(refs) == 0 {
		if err := s.put(ctx, j); err != nil {
			return Job{}, err
		}
		signal(s.rediscover)
		return s.told(ctx, j)
	}
	if err := s.cfg.Clusters.Schedule(ctx, refs, now.Add(never)); err != nil {
		return Job{}, err
	}
	if err := s.begin(ctx, j); err != nil {
		return Job{}, err
	}
	signal(s.wake)
	return s.Job(ctx, j.ID)
}

// Job tells where a job is; fault.ErrNotFound when there is none.
func (s *Service) Job(ctx context.Context, id string) (Job, error) {
	document, err := s.cfg.Objects.Object(ctx, jobKind, id)
	if err != nil {
		return Job{}, err
	}
	j, err := parseJob(document)
	if err != nil {
		return Job{}, err
	}
	return s.told(ctx, j)
}

// Jobs lists the jobs, the newest first.
func (s *Service) Jobs(ctx context.Context) ([]Job, error) {
	jobs, err := s.jobs(ctx)
	if err != nil {
		return nil, err
	}
	for i := range jobs {
		if jobs[i], err = s.told(ctx, jobs[i]); err != nil {
			return nil, err
		}
	}
	slices.Reverse(jobs)
	return jobs, nil
}

// named gives the clusters that a scope names and its other lists allow.
func named(scope access.Scope) ([]inventory.ClusterRef, error) {
	if len(scope.Clusters) > maxNamed {
		return nil, fmt.Errorf("scan of %d clusters: name %d at most, or an account: %w", len(scope.Clusters), maxNamed, fault.ErrInvalid)
	}
	var refs []inventory.ClusterRef
	for _, arn := range scope.Clusters {
		ref, err := inventory.ParseClusterRef(arn)
		if err != nil {
			return nil, err
		}
		if !scope.Allows(ref) {
			return nil, fmt.Errorf("scan of %q: it is not in the accounts and regions that were named: %w", arn, fault.ErrInvalid)
		}
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, inventory.ClusterRef.Compare)
	return slices.Compact(refs), nil
}

// begin puts a job's clusters into the queue.
func (s *Service) begin(ctx context.Context, j Job) error {
	j.Began = s.cfg.Now().UTC()
	if err := s.cfg.Queue.Hasten(ctx, j.Scope, j.Began); err != nil {
		return err
	}
	return s.put(ctx, j)
}

// told adds what is known now to a job that has not ended.
func (s *Service) told(ctx context.Context, j Job) (Job, error) {
	if !j.Ended.IsZero() {
		return j, nil
	}
	if j.Began.IsZero() {
		j.State = Discovering
		return j, nil
	}
	var err error
	if j.Progress, err = s.cfg.Queue.ScanProgress(ctx, j.Scope, j.Began); err != nil {
		return Job{}, err
	}
	if j.Progress.Failed > 0 {
		failed, err := s.cfg.Queue.ScanFailures(ctx, j.Scope, j.Began, maxFailures)
		if err != nil {
			return Job{}, err
		}
		for _, f := range failed {
			j.Failures = append(j.Failures, Failure{f.Ref, f.Problem})
		}
	}
	switch {
	case !j.Progress.Done():
		j.State = Scanning
		j.Running = slices.DeleteFunc(s.Running(), func(r Running) bool { return !j.Scope.Allows(r.Cluster) })
	case j.Problem != "":
		j.State = NotDiscovered
	default:
		j.State = Finished
	}
	return j, nil
}

// settle keeps what jobs came to whose clusters are all done: the next scans of the
// same clusters would change the counts.
func (s *Service) settle(ctx context.Context) error {
	jobs, err := s.jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Began.IsZero() || !j.Ended.IsZero() {
			continue
		}
		if j, err = s.told(ctx, j); err != nil {
			return err
		}
		if j.State == Scanning {
			continue
		}
		j.Ended = s.cfg.Now().UTC()
		if err := s.put(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// waiting lists the jobs that wait for a discovery.
func (s *Service) waiting(ctx context.Context) ([]Job, error) {
	jobs, err := s.jobs(ctx)
	return slices.DeleteFunc(jobs, func(j Job) bool { return !j.Began.IsZero() }), err
}

// jobs lists the jobs, the oldest first.
func (s *Service) jobs(ctx context.Context) ([]Job, error) {
	documents, err := s.cfg.Objects.Objects(ctx, jobKind)
	if err != nil {
		return nil, err
	}
	var jobs []Job
	for _, d := range documents {
		j, err := parseJob(d)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// put keeps a job and forgets the oldest ones.
func (s *Service) put(ctx context.Context, j Job) error {
	document, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("scan job %q: %w", j.ID, err)
	}
	if err := s.cfg.Objects.PutObject(ctx, jobKind, j.ID, document); err != nil {
		return err
	}
	jobs, err := s.jobs(ctx)
	if err != nil {
		return err
	}
	for _, old := range jobs[:max(0, len(jobs)-maxJobs)] {
		if err := s.cfg.Objects.DeleteObject(ctx, jobKind, old.ID); err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
	}
	return nil
}

func parseJob(document []byte) (Job, error) {
	var j Job
	if err := json.Unmarshal(document, &j); err != nil {
		return Job{}, fmt.Errorf("scan job: %w", err)
	}
	return j, nil
}
