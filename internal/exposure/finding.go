package exposure

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Status is where people are with a finding (OCSF status).
type Status string

// The statuses.
const (
	StatusNew        Status = "New"
	StatusInProgress Status = "In Progress"
	StatusSuppressed Status = "Suppressed"
	StatusResolved   Status = "Resolved"

	StatusArchived Status = "Archived" // set by people and rules only, as the next two
	StatusUnknown  Status = "Unknown"
	StatusOther    Status = "Other"
)

// ParseStatus reads a status's name in any case.
func ParseStatus(name string) (Status, error) {
	for _, s := range []Status{StatusNew, StatusInProgress, StatusSuppressed, StatusResolved, StatusArchived, StatusUnknown, StatusOther} {
		if strings.EqualFold(string(s), name) {
			return s, nil
		}
	}
	return "", fmt.Errorf("status %q: want new, in progress, suppressed, resolved, archived, unknown or other: %w", name, fault.ErrInvalid)
}

// Activity is what last happened to a finding (OCSF activity).
type Activity string

// The activities.
const (
	Create Activity = "Create"
	Update Activity = "Update"
	Close  Activity = "Close"
)

// Finding is the one exposure finding of a cluster.
type Finding struct {
	// ID is the globally unique key: 64 hexadecimal digits (OCSF metadata.uid).
	ID string `json:"id"`
	// UID is the finding's ARN-shaped name (OCSF finding_info.uid).
	UID         string   `json:"uid"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Types       []string `json:"types"`

	Activity Activity `json:"activity"`
	Status   Status   `json:"status"`
	// Override is what was set by hand or by a rule, while it is in force.
	Override *Override `json:"override,omitempty"`
	// Severity is that of the arithmetic; a closed finding keeps its last one.
	Severity   Severity   `json:"severity"`
	Arithmetic Arithmetic `json:"arithmetic"`

	Cluster Cluster      `json:"cluster"`
	Traits  []TraitState `json:"traits"`
	Signals []Signal     `json:"signals"`
	// Resources has the cluster first, then the involved ones.
	Resources []Resource `json:"resources"`
	Path      AttackPath `json:"attack_path"`
	// Topics are in recommended order.
	Topics []TopicState `json:"topics"`
	// FixSets give the smallest set of topics for every lower severity.
	FixSets  []FixSet  `json:"fix_sets"`
	Unneeded *Unneeded `json:"unneeded,omitempty"`
	// Gaps are the parts of the latest snapshot that could not be read.
	Gaps []inventory.Gap `json:"gaps,omitempty"`

	// FirstSeen and LastSeen bound the snapshots that showed the exposure;
	// CreatedAt and ModifiedAt are when the record was made and last changed.
	FirstSeen  time.Time `json:"first_seen"`
	LastSeen   time.Time `json:"last_seen"`
	CreatedAt  time.Time `json:"created_at"`
	ModifiedAt time.Time `json:"modified_at"`
	ClosedAt   time.Time `json:"closed_at,omitzero"`
	// Reopened counts how often it came back after being closed.
	Reopened int `json:"reopened,omitempty"`
}

// Cluster is what a finding tells of its cluster.
type Cluster struct {
	Ref                inventory.ClusterRef       `json:"ref"`
	AccountName        string                     `json:"account_name,omitempty"`
	Status             string                     `json:"status"`
	Version            string                     `json:"version,omitempty"`
	PlatformVersion    string                     `json:"platform_version,omitempty"`
	CreatedAt          time.Time                  `json:"created_at,omitzero"`
	Endpoint           *inventory.Endpoint        `json:"endpoint,omitempty"`
	Network            inventory.Network          `json:"network,omitzero"`
	RoleARN            string                     `json:"role_arn,omitempty"`
	SupportType        string                     `json:"support_type,omitempty"`
	DeletionProtection bool                       `json:"deletion_protection,omitempty"`
	AutoMode           bool                       `json:"auto_mode,omitempty"`
	Calendar           []inventory.VersionSupport `json:"calendar,omitempty"`
	NodeGroups         []inventory.NodeGroup      `json:"node_groups,omitempty"`
	FargateProfiles    []string                   `json:"fargate_profiles,omitempty"`
	Addons             []inventory.Addon          `json:"add_ons,omitempty"`
	Tags               map[string]string          `json:"tags,omitempty"`
	// Nodes, Workloads and Images count what was read; nil when that part was not.
	Nodes     *int `json:"nodes,omitempty"`
	Workloads *int `json:"workloads,omitempty"`
	Images    *int `json:"images,omitempty"`
}

// TraitState is a trait as a finding carries it.
type TraitState struct {
	ID       string     `json:"id"`
	Type     Type       `json:"type"`
	Title    string     `json:"title"`
	Short    string     `json:"short"`
	Standing Standing   `json:"standing"`
	Evidence []Evidence `json:"evidence,omitempty"`
	// Unknowns say what could not be decided, and why.
	Unknowns []string `json:"unknowns,omitempty"`
	// Stale marks evidence of an earlier snapshot, kept because the latest one
	// could not answer. LastSeen is when the evidence was really seen.
	Stale     bool      `json:"stale,omitempty"`
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
}

// Resource is one object that takes part in a finding.
type Resource struct {
	inventory.ResourceRef

	Primary bool              `json:"primary,omitempty"`
	Account string            `json:"account"`
	Region  string            `json:"region"`
	Facts   []Fact            `json:"facts,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
	Traits  []string          `json:"traits,omitempty"`
}

// Signal is a lower-level finding that feeds the exposure finding and carries traits.
type Signal struct {
	UID      string                `json:"uid"`
	Title    string                `json:"title"`
	Kind     SignalKind            `json:"kind"`
	Resource inventory.ResourceRef `json:"resource"`
	Traits   []SignalTrait         `json:"traits"`
}

// SignalKind tells where a signal comes from (OCSF related_events.type).
type SignalKind string

// The signal kinds.
const (
	SignalFinding       SignalKind = "Finding"
	SignalConfiguration SignalKind = "ResourceConfiguration"
)

// SignalTrait is a trait that a signal carries.
type SignalTrait struct {
	ID       string   `json:"id"`
	Type     Type     `json:"type"`
	Title    string   `json:"title"`
	Standing Standing `json:"standing"`
}

// Trait returns the state of a trait, or nil.
func (f *Finding) Trait(id string) *TraitState {
	for i := range f.Traits {
		if f.Traits[i].ID == id {
			return &f.Traits[i]
		}
	}
	return nil
}

// Open reports whether the exposure still stands.
func (f *Finding) Open() bool { return f.Activity != Close }

// FindingType is the kind of finding in identities; there is one kind.
const FindingType = "exposure"

// Identity gives the stable names of a cluster's exposure finding: the record
// key and the ARN-shaped UID. The same cluster always gives the same names, also
// after the finding was closed or the database was lost.
func Identity(ref inventory.ClusterRef) (id, uid string) {
	sum := sha256.Sum256([]byte(strings.Join([]string{FindingType, ref.Partition, ref.Account, ref.Region, ref.String()}, "\n")))
	hash := hex.EncodeToString(sum[:])
	uid = fmt.Sprintf("arn:%s:securityhub:%s:%s:%s:%s", ref.Partition, ref.Region, ref.Account, FindingType, hash[:32])
	return hash, uid
}

// Outcome is what one scan of one cluster produced.
type Outcome struct {
	Cluster    inventory.ClusterRef `json:"cluster"`
	Evaluation Evaluation           `json:"evaluation"`
	// Finding is nil when the cluster has no exposure and never had one.
	Finding *Finding `json:"finding,omitempty"`
	Change  Change   `json:"change"`
	// Gaps are those of the snapshot.
	Gaps []inventory.Gap `json:"gaps,omitempty"`
	// Snapshot is what was judged; nil when the cluster is gone.
	Snapshot *inventory.Snapshot `json:"-"`
}

// Change is the difference that a scan made to a finding.
type Change struct {
	Kind    ChangeKind `json:"kind"`
	Details []string   `json:"details,omitempty"`
}

// Event is one change in a finding's history.
type Event struct {
	At time.Time `json:"at"`
	// Severity is that after the change.
	Severity Severity `json:"severity"`

	Change //nolint:embeddedstructfieldcheck // the fields' order is the document's: when, how severe, what
}

// ChangeKind is the sort of a change.
type ChangeKind string

// The kinds of change.
const (
	NoFinding ChangeKind = "none"
	Unchanged ChangeKind = "unchanged"
	Created   ChangeKind = "created"
	Updated   ChangeKind = "updated"
	Closed    ChangeKind = "closed"
	Reopened  ChangeKind = "reopened"
	// Overridden is a change by a person or a rule, of what is shown alone.
	Overridden ChangeKind = "overridden"
)

// Query selects findings. Empty fields select all.
type Query struct {
	Severities []Severity
	Statuses   []Status
	Accounts   []string
	Regions    []string
	// Clusters match by ARN or name.
	Clusters []string
	Traits   []string
	// Scope confines what is selected.
	Scope access.Scope
	// Closed also selects closed findings.
	Closed bool
	Limit  int
}
