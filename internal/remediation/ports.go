package remediation

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// Clusters looks at clusters, with the rights of scanning.
type Clusters interface {
	// Describe reads what AWS knows about one cluster now.
	Describe(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error)
	// Key looks at a KMS key; one that does not exist is fault.ErrNotFound.
	Key(ctx context.Context, ref inventory.ClusterRef, arn string) (plan.KeyState, error)
	// Readiness reads what an upgrade along some versions has to know; a part that
	// cannot be read says so.
	Readiness(ctx context.Context, now *inventory.Snapshot, path []string) plan.Readiness
	// Rescan scans a cluster and records the outcome.
	Rescan(ctx context.Context, ref inventory.ClusterRef) (*exposure.Outcome, error)
	// Close records that a cluster is gone; while EKS still tells of it, it is
	// fault.ErrConflict.
	Close(ctx context.Context, ref inventory.ClusterRef) error
	// Evaluate says what a scan that saw the snapshot would find.
	Evaluate(s *inventory.Snapshot, earlier *exposure.Finding) exposure.Outcome
}

// Addons looks at what EKS offers of add-ons, with the rights of scanning.
type Addons interface {
	// AddonReleases reads the versions of a cluster's add-ons for a version of Kubernetes,
	// newest first.
	AddonReleases(ctx context.Context, now *inventory.Snapshot, kubernetes string) ([]plan.AddonRelease, error)
}

// Networks looks at the networks that clusters are in, with the rights of scanning.
type Networks interface {
	// Network reads what a change of the endpoint has to know; a part that cannot be read
	// says so.
	Network(ctx context.Context, now *inventory.Snapshot) plan.Network
	// PrefixList reads a managed prefix list; one that does not exist is
	// fault.ErrNotFound.
	PrefixList(ctx context.Context, ref inventory.ClusterRef, id string) (plan.PrefixList, error)
	// Callers reads who called a cluster in the last days. Where no log tells, it is an
	// error that names the remedy.
	Callers(ctx context.Context, now *inventory.Snapshot, days int) (plan.Callers, error)
}

// Workloads looks at what clusters run and at what leads there, with the rights of scanning.
type Workloads interface {
	// Rollout looks at one workload of a cluster that was described; one that is not
	// there is fault.ErrNotFound.
	Rollout(ctx context.Context, now *inventory.Snapshot, ref inventory.WorkloadRef) (plan.Rollout, error)
	// WayIn looks at one Service or Ingress of such a cluster; one that is not there is
	// fault.ErrNotFound.
	WayIn(ctx context.Context, now *inventory.Snapshot, ref plan.WayRef) (plan.WayIn, error)
}

// Registries read images, with the rights of scanning.
type Registries interface {
	// Tags lists the tags of a repository.
	Tags(ctx context.Context, repository string) ([]string, error)
	// Digest gives what a tag names; a tag that lacks one of the platforms is
	// fault.ErrNotFound.
	Digest(ctx context.Context, repository, tag string, platforms []string) (string, error)
	// Image reads an image and matches it.
	Image(ctx context.Context, repository, digest, platform string) (inventory.Image, error)
}

// Known is what was recorded.
type Known interface {
	// Snapshot gives a cluster's last snapshot; fault.ErrNotFound when there is none.
	Snapshot(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error)
	// Finding looks up an ID, a UID, a cluster's ARN or its name.
	Finding(ctx context.Context, key string) (*exposure.Finding, error)
	Findings(ctx context.Context, q exposure.Query) ([]*exposure.Finding, error)
}

// Actor changes clusters, in a role of its own.
type Actor interface {
	// Begin asks for an action's end state. The same token never does it twice. It
	// gives the ID of the update that EKS works on; empty for what is no update of EKS.
	Begin(ctx context.Context, a plan.Action, ref inventory.ClusterRef, token string) (string, error)
	// Progress tells how far an update is that the action began.
	Progress(ctx context.Context, a plan.Action, ref inventory.ClusterRef, update string) (inventory.Update, error)
}

// Keys make KMS keys, and take them back, in the role that clusters are changed with.
type Keys interface {
	// Key looks at the key of an action, whose ARN may be known.
	Key(ctx context.Context, a plan.Action, ref inventory.ClusterRef, known string) (plan.MadeKey, error)
	// Make makes the next call that the action takes, and gives the key's ARN. What was
	// changed meanwhile is fault.ErrConflict.
	Make(ctx context.Context, a plan.Action, ref inventory.ClusterRef, is plan.MadeKey) (string, error)
}

// Secrets write secrets again, in that same role.
type Secrets interface {
	// Rewrite gives secrets of a cluster that was described a mark, some of those that lack
	// it. A role without the right is fault.ErrDenied.
	Rewrite(ctx context.Context, now *inventory.Snapshot, mark string) (plan.Rewriting, error)
}

// Documents keep plans and fleet plans, which are replaced only when they still are
// what was read, else it is fault.ErrConflict.
type Documents interface {
	AddPlan(ctx context.Context, r plan.Record) error
	ReplacePlan(ctx context.Context, r plan.Record, old []byte) error
	// Plan gives one document; fault.ErrNotFound when there is none.
	Plan(ctx context.Context, kind, id string) ([]byte, error)
	Plans(ctx context.Context, q plan.Query) ([][]byte, error)
}

// Leases let one process work on a plan at a time.
type Leases interface {
	// Claim takes a name that nobody holds, and reports whether it did. A holder
	// prolongs its own.
	Claim(ctx context.Context, kind, id, holder string, until time.Time) (bool, error)
	Release(ctx context.Context, kind, id, holder string) error
}

// Log is the audit log.
type Log interface {
	Audit(ctx context.Context, e access.Entry) error
}
