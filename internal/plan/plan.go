// Package plan says what is changed on a cluster to remedy a trait, as data: what
// there is, what there shall be, how it is undone.
//
// A plan is drafted from a snapshot by a pure function, one file per topic. It is
// approved by its hash, which covers every byte that is applied. The package does
// no I/O and changes nothing; package remediation does.
package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Version is the version of the plan's JSON. A field is never reused.
const Version = 1

// Plan is what shall be changed on one cluster.
type Plan struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	// Cluster and Finding are what the plan is for; Trait and Option say which remedy.
	Cluster inventory.ClusterRef `json:"cluster"`
	Finding string               `json:"finding"`
	Trait   string               `json:"trait"`
	Option  string               `json:"option"`
	Title   string               `json:"title"`
	// Operator is the address whose requests were to stay let in; empty when none was named.
	Operator string `json:"operator,omitempty"`
	// Author is the stable ID of who drafted it, AuthorName is for people.
	Author     string `json:"author"`
	AuthorName string `json:"author_name,omitempty"`
	// Drafted is when; Seen is when the snapshot was collected that it is made from.
	Drafted time.Time `json:"drafted_at"`
	Seen    time.Time `json:"seen_at"`
	// Before and After are the cluster's severities; an empty After is resolved.
	Before exposure.Severity `json:"severity_before"`
	After  exposure.Severity `json:"severity_after"`
	// Ends tells that the trait is to be gone, and not only weaker.
	Ends bool `json:"ends_trait"`
	// Actions are done in this order, each when the one before holds.
	Actions []Action `json:"actions"`
	// Checks are what was looked at so that nobody is locked out.
	Checks []Check `json:"checks,omitempty"`
	// Callers are those whose addresses the plan lets in; nil when it takes none from them.
	Callers *Callers `json:"callers,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// Kind is what an action changes.
type Kind string

// The kinds.
const (
	// EndpointAccess is who reaches the Kubernetes API (eks:UpdateClusterConfig).
	EndpointAccess Kind = "endpoint-access"
	// SecretsEncryption is the key that secrets are encrypted with
	// (eks:AssociateEncryptionConfig).
	SecretsEncryption Kind = "secrets-encryption"
	// KeyCreation is a KMS key that a plan makes, with its alias (kms:CreateKey,
	// kms:EnableKeyRotation, kms:CreateAlias).
	KeyCreation Kind = "key-creation"
	// SecretsRewrite has all secrets written again (Kubernetes, patch).
	SecretsRewrite Kind = "secrets-rewrite"
	// WorkloadImage is the image of containers of a workload (Kubernetes, patch).
	WorkloadImage Kind = "workload-image"
	// SourceRanges are who may connect to the load balancer of a Service or an Ingress
	// (Kubernetes, patch).
	SourceRanges Kind = "source-ranges"
	// ControlPlaneVersion is the Kubernetes version of the control plane
	// (eks:UpdateClusterVersion).
	ControlPlaneVersion Kind = "control-plane-version"
	// AddonVersion is the version of an EKS add-on (eks:UpdateAddon).
	AddonVersion Kind = "add-on-version"
	// NodeGroupVersion is the Kubernetes version of a managed node group
	// (eks:UpdateNodegroupVersion).
	NodeGroupVersion Kind = "node-group-version"
	// UpgradePolicy is what EKS does at the end of standard support
	// (eks:UpdateClusterConfig).
	UpgradePolicy Kind = "upgrade-policy"
	// Deletion removes the target (eks:DeleteNodegroup, eks:DeleteFargateProfile,
	// eks:DeleteAddon, eks:DeleteCluster).
	Deletion Kind = "deletion"
)

// Action is one change of one thing.
type Action struct {
	Kind   Kind                  `json:"kind"`
	Target inventory.ResourceRef `json:"target"`
	// Title is a short sentence: "Switch the private endpoint on".
	Title string `json:"title"`
	// From must be there when the action begins; To is there when it is done.
	From Setting `json:"from"`
	To   Setting `json:"to"`
	// Fixes are the packages that the action brings to a version with the fix.
	Fixes []exposure.Fix `json:"fixes,omitempty"`
	// Permissions are the IAM actions, or the RBAC verbs, that it needs.
	Permissions []string `json:"permissions"`
	Risk        Risk     `json:"risk"`
	Effect      Effect   `json:"effect"`
	// Back is what undoes it, nil when nothing does, and in plans of before it was written
	// down; Irreversible says why it cannot be undone, and is empty when it can.
	Back         *Change `json:"inverse,omitempty"`
	Irreversible string  `json:"irreversible,omitempty"`
	// UndoDays is how many days it can be undone for, 0 for ever; UndoLimit says under
	// which conditions.
	UndoDays  int    `json:"undo_days,omitempty"`
	UndoLimit string `json:"undo_limit,omitempty"`
}

// Rights names what of `eksposure permissions` prints the rights which the action takes.
func (a Action) Rights() string {
	switch a.Kind { //nolint:exhaustive // the rest are changes by EKS's API
	case WorkloadImage, SourceRanges:
		return "remediation-kubernetes"
	case SecretsRewrite:
		return "secrets-kubernetes"
	case KeyCreation:
		return "key-creation-policy"
	case Deletion:
		return "deletion-policy"
	}
	return "remediation-policy"
}

// Change is what an action that undoes another one does with the same target.
type Change struct {
	Title string  `json:"title"`
	From  Setting `json:"from"`
	To    Setting `json:"to"`
}

// WithBack gives actions with what undoes each.
func WithBack(actions []Action) []Action {
	list := slices.Clone(actions)
	for i, a := range list {
		if a.Irreversible == "" {
			list[i].Back = a.undoing()
		}
	}
	return list
}

func (a Action) undoing() *Change {
	return &Change{Title: "Take back: " + a.Title, From: a.To, To: a.From}
}

// Inverse is the action that undoes this one; false when none does.
func (a Action) Inverse() (Action, bool) {
	if a.Irreversible != "" {
		return Action{}, false
	}
	back := cmp.Or(a.Back, a.undoing())
	a.Title, a.From, a.To, a.Back = back.Title, back.From, back.To, nil
	return a, true
}

// Risk is how much can go wrong.
type Risk string

// The risks.
const (
	RiskLow    Risk = "low"
	RiskMedium Risk = "medium"
	RiskHigh   Risk = "high"
)

// Effect is when the exposure ends.
type Effect string

// The effects: with the change itself, or with what follows it.
const (
	Immediate Effect = "immediate"
	Deferred  Effect = "deferred"
)

// Check is one thing that was looked at so that nobody is locked out.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
}

// Verdict is what a check came to.
type Verdict string

// The verdicts. A plan with a failed check cannot be approved; one that is unknown
// takes a word of the approver.
const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Unknown Verdict = "unknown"
)

// AcceptAll accepts every check without an answer; AcceptIrreversible accepts that
// something cannot be undone, which AcceptAll does not.
const (
	AcceptAll          = "all"
	AcceptIrreversible = "irreversible"
)

// With gives the names of the checks with a verdict.
func (p *Plan) With(v Verdict) []string {
	var names []string
	for _, c := range p.Checks {
		if c.Verdict == v {
			names = append(names, c.Name)
		}
	}
	return names
}

// Demands are what an approver must accept by name: the checks without an answer,
// and the word for what cannot be undone.
func (p *Plan) Demands() []string {
	names := p.With(Unknown)
	if word := p.Final(); word != "" {
		names = append(names, word)
	}
	return names
}

// Final is the word for what cannot be undone, which an approver types:
// AcceptIrreversible, or Typed, with the cluster's name, when the cluster is deleted.
// It is empty when all of it can be undone.
func (p *Plan) Final() string {
	switch {
	case p.Deletes():
		return Typed(p.Cluster)
	case !p.Reversible():
		return AcceptIrreversible
	}
	return ""
}

// Reversible reports whether all of it can be undone.
func (p *Plan) Reversible() bool {
	all := make([]int, len(p.Actions))
	for i := range all {
		all[i] = i
	}
	back, _ := p.Undo(all)
	return len(back) == len(all)
}

// Undo gives those of the actions that were begun, in their order, that can be undone,
// the last first, and why the one before them stays: an action that cannot be undone
// keeps all before it, and EKS rolls a control plane back by one version.
func (p *Plan) Undo(begun []int) (back []int, stays string) {
	rolled := false
	for _, i := range slices.Backward(begun) {
		a := p.Actions[i]
		if a.Irreversible != "" {
			return back, fmt.Sprintf("%q cannot be undone: %s", a.Title, a.Irreversible)
		}
		if a.Kind == ControlPlaneVersion && rolled {
			return back, fmt.Sprintf("%q cannot be undone: EKS rolls a control plane back by one minor version, and no further", a.Title)
		}
		rolled = rolled || a.Kind == ControlPlaneVersion
		back = append(back, i)
	}
	return back, ""
}

// Permissions are the IAM actions and RBAC verbs that applying takes, each once, in order.
func (p *Plan) Permissions() []string {
	var all []string
	for _, a := range p.Actions {
		all = append(all, a.Permissions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Hash is the SHA-256 of the plan's JSON, in hexadecimal.
func (p *Plan) Hash() (string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("plan %q: %w", p.ID, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
