package native

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/deliver"
	"github.com/eksposure/eksposure/internal/export"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/rulebook"
	"github.com/eksposure/eksposure/internal/schedule"
	"github.com/eksposure/eksposure/internal/search"
)

// Findings reads what was recorded.
type Findings interface {
	// Finding gives one by its ID; fault.ErrNotFound when there is none.
	Finding(ctx context.Context, id string) (*exposure.Finding, error)
	// Profiles counts the open findings of a scope by their profiles, those of some
	// accounts and regions alone where any are named.
	Profiles(ctx context.Context, scope access.Scope, accounts, regions []string) ([]exposure.ProfileCount, error)
	History(ctx context.Context, id string) ([]exposure.Event, error)
}

// Clusters reads the inventory.
type Clusters interface {
	// ClusterRecords gives a page of clusters, in the order asked for.
	ClusterRecords(ctx context.Context, scope access.Scope, q exposure.ClusterQuery) (exposure.ClusterPage, error)
	// Places gives the accounts and regions that have clusters, in their order.
	Places(ctx context.Context, scope access.Scope) ([]exposure.Place, error)
	// Snapshot gives the latest snapshot; fault.ErrNotFound when there is none.
	Snapshot(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error)
}

// Discoveries tells what the latest listing of clusters looked at; *schedule.Service
// does.
type Discoveries interface {
	// Latest is fault.ErrNotFound when there was none.
	Latest(ctx context.Context) (inventory.Discovery, time.Time, error)
}

// Images reads what runs where. Nothing outside the scope is told or counted.
type Images interface {
	// ImageRecords gives a page of images, in the order asked for.
	ImageRecords(ctx context.Context, scope access.Scope, q inventory.ImageQuery) (inventory.ImagePage, error)
	// ImageRecord is fault.ErrNotFound when nothing in the scope names the digest.
	ImageRecord(ctx context.Context, scope access.Scope, digest string) (inventory.ImageRecord, error)
	// ImageUses gives a page of the clusters that name an image, in their order.
	ImageUses(ctx context.Context, scope access.Scope, digest string, after inventory.ClusterRef, limit int) ([]inventory.ImageUse, error)
	// Vulnerabilities adds up the vulnerabilities of all images.
	Vulnerabilities(ctx context.Context, scope access.Scope) (*inventory.Reach, error)
	// VulnerableImages gives a page of the images that have a vulnerability by its ID
	// or one of its aliases, in the order of their digests.
	VulnerableImages(ctx context.Context, scope access.Scope, id, after string, limit int) ([]inventory.VulnerableImage, error)
}

// AuditLog reads the audit log.
type AuditLog interface {
	// AuditLog gives a page, newest first.
	AuditLog(ctx context.Context, q access.AuditQuery) ([]access.AuditLine, error)
}

// Keys manages access keys; *keyring.Ring is one.
type Keys interface {
	Keys(ctx context.Context) ([]access.Key, error)
	// CreateKey gives the new key and its secret, which is never told again.
	CreateKey(ctx context.Context, name string, role access.Role, scope access.Scope) (access.Key, string, error)
	// RevokeKey reports whether the key counted until now; fault.ErrNotFound for one
	// that does not exist.
	RevokeKey(ctx context.Context, id string) (bool, error)
}

// Scans starts and follows scans; *schedule.Service is one.
type Scans interface {
	Start(ctx context.Context, scope access.Scope, by string) (schedule.Job, error)
	Job(ctx context.Context, id string) (schedule.Job, error)
	Jobs(ctx context.Context) ([]schedule.Job, error)
}

// Events follows the change log; *deliver.Deliverer does.
type Events interface {
	// Follow calls send for every change of a finding in the scope after a number,
	// oldest first, and then for each new one, until the context ends or send fails. A
	// number below 0 begins with what changes from now on. Between changes it calls
	// send with nil, so that a dead connection is noticed.
	Follow(ctx context.Context, scope access.Scope, after int64, send func(*deliver.Message) error) error
}

// Rules tries out and applies automation rules; *rulebook.Book is one.
type Rules interface {
	Rules(ctx context.Context) ([]automation.Rule, error)
	Preview(ctx context.Context, criteria search.Filters, scope access.Scope, shown int) (rulebook.Preview, error)
	ApplyToExisting(ctx context.Context, r automation.Rule, by access.Principal) (rulebook.Applied, error)
}

// Exports writes findings into the server's folder; *export.Service does. Each caller
// sees their own.
type Exports interface {
	Start(ctx context.Context, r export.Request) (export.Job, error)
	Get(ctx context.Context, account, id string) (export.Job, error)
	Cancel(ctx context.Context, account, id string) error
}
