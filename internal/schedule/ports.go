package schedule

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Scanner does the work.
type Scanner interface {
	Discover(ctx context.Context) (inventory.Discovery, error)
	// ScanCluster scans one cluster, records the outcome and tells each step. An error
	// means that nothing was recorded.
	ScanCluster(ctx context.Context, ref inventory.ClusterRef, step func(string)) (*exposure.Outcome, error)
	// Tidy closes the findings of clusters that a discovery no longer shows, and
	// forgets what no scan used for long.
	Tidy(ctx context.Context, d inventory.Discovery) error
	// Refresh fetches a newer vulnerability database when the one in use is too old.
	Refresh(ctx context.Context) error
}

// Clusters is the list of clusters that are scanned.
type Clusters interface {
	// Schedule adds clusters, to be scanned at a time. Those that are there stay as
	// they are.
	Schedule(ctx context.Context, refs []inventory.ClusterRef, at time.Time) error
	// ScheduleBy moves the next scans that lie after a time to that time.
	ScheduleBy(ctx context.Context, latest time.Time) error
	// Unschedule removes clusters.
	Unschedule(ctx context.Context, refs []inventory.ClusterRef) error
	// ScheduledClusters lists all of them, ordered.
	ScheduledClusters(ctx context.Context) ([]inventory.ClusterRef, error)
}

// Queue is the order in which they are scanned.
type Queue interface {
	// Due lists the clusters whose next scan is not after now, the longest overdue first.
	Due(ctx context.Context, now time.Time, limit int) ([]inventory.Scheduled, error)
	// Scheduled gives one cluster's place; fault.ErrNotFound when it has none.
	Scheduled(ctx context.Context, ref inventory.ClusterRef) (inventory.Scheduled, error)
	// Scanned notes a scan that began at a time: an empty problem ends the count of
	// failures, another adds to it. The next scan is set to next, unless Hasten asked
	// for an earlier one after this one began.
	Scanned(ctx context.Context, ref inventory.ClusterRef, began, next time.Time, problem string) error
	// Hasten asks for a scan of every cluster in the scope at a time, unless it would
	// be scanned earlier anyway.
	Hasten(ctx context.Context, scope access.Scope, at time.Time) error
	// ScanProgress counts the clusters in the scope, and those with a scan that began
	// at since or later: it read the cluster, or failed.
	ScanProgress(ctx context.Context, scope access.Scope, since time.Time) (inventory.ScanProgress, error)
	// ScanFailures lists the clusters in the scope whose last scan began at since or
	// later and failed, ordered.
	ScanFailures(ctx context.Context, scope access.Scope, since time.Time, limit int) ([]inventory.Scheduled, error)
}

// Leases let one process hold a name until a time, so that several servers on one
// database do not do the same work.
type Leases interface {
	// Claim takes a name that nobody holds, and reports whether it did.
	Claim(ctx context.Context, kind, id, holder string, until time.Time) (bool, error)
	// Renew prolongs what the holder still holds; fault.ErrConflict means that it
	// was lost.
	Renew(ctx context.Context, kind, id, holder string, until time.Time) error
	Release(ctx context.Context, kind, id, holder string) error
}

// Objects keeps small documents: the jobs, and when clusters are discovered next.
type Objects interface {
	// PutObject adds or replaces one.
	PutObject(ctx context.Context, kind, id string, document []byte) error
	// Object gives one; fault.ErrNotFound when there is none.
	Object(ctx context.Context, kind, id string) ([]byte, error)
	// Objects gives all of a kind in the order of their IDs.
	Objects(ctx context.Context, kind string) ([][]byte, error)
	DeleteObject(ctx context.Context, kind, id string) error
}
