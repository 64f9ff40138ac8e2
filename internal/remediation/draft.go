package remediation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// Request is what a plan is asked for.
type Request struct {
	// Cluster is an ARN, a name, or the ID of a finding.
	Cluster string
	// Trait is the topic; Option one of its options.
	Trait, Option string
	// CIDRs, PrefixList (its ID), Callers (of how many days) and Operator are for the
	// endpoint; CIDRs and Operator are for load balancers, too. KeyARN is for secrets.
	CIDRs      []string
	PrefixList string
	Callers    int
	Operator   netip.Addr
	KeyARN     string
	// NewKey makes a key for secrets, in place of KeyARN; Rewrite has existing secrets
	// written again.
	NewKey, Rewrite bool
	// To is the Kubernetes version of an upgrade, or the wished upgrade policy; empty
	// is the oldest version in standard support that lasts for 90 days.
	To string

	// id is that of the plan, fleet that of its fleet plan.
	id, fleet string
}

// The traits whose topics can be applied.
const (
	traitOpen    = "internet-reachable"
	traitNarrow  = "potentially-internet-reachable"
	traitSecrets = "unencrypted-kubernetes-secrets"
	traitHigh    = "high-priority-vulnerability"
	traitLow     = "low-priority-vulnerability"
	traitSystem  = "end-of-life-operating-system"
	traitVersion = "unsupported-kubernetes-version"

	traitWorkload = "internet-reachable-workload"
)

// Topics lists the topics that can be applied: traits, and exposure.DeleteTopic.
func Topics() []string {
	return []string{traitOpen, traitNarrow, traitVersion, traitSecrets, traitHigh, traitLow, traitSystem, traitWorkload, exposure.DeleteTopic}
}

// idLength is how many letters of randomness a plan's ID has; 12 are 60 bits.
const idLength = 12

// NoteDrift is the note of every plan.
const NoteDrift = "A cluster that is managed as code (Terraform, CloudFormation, eksctl) must be changed there too, or the next run of that tool takes this back."

// noteDeletion is the note of a plan that deletes a cluster, by the cluster's name.
const noteDeletion = "What EKS did not make stays: the VPC, IAM roles, KMS keys, the log group /aws/eks/%s/cluster, the OIDC provider in IAM, and snapshots and backups of yours."

// Draft looks at the cluster and writes a plan, which changes nothing yet. A plan
// that would leave the trait as it is, is fault.ErrInvalid.
func (s *Service) Draft(ctx context.Context, q Request, by access.Principal) (Run, error) {
	r, err := s.Preview(ctx, q, by)
	if err != nil {
		return Run{}, err
	}
	if err := add(ctx, s.cfg.Documents, &r); err != nil {
		return Run{}, err
	}
	return r, s.audit(ctx, by, "plan", r, "")
}

// Preview gives what Draft would write, and keeps nothing.
func (s *Service) Preview(ctx context.Context, q Request, by access.Principal) (Run, error) {
	if err := known(q.Trait); err != nil {
		return Run{}, err
	}
	f, err := s.cfg.Known.Finding(ctx, q.Cluster)
	if err != nil {
		return Run{}, err
	}
	option, err := offered(f, q)
	if err != nil {
		return Run{}, err
	}
	now, err := s.look(ctx, f.Cluster.Ref)
	if err != nil {
		return Run{}, err
	}
	q.id = strings.ToLower(token()[:idLength])
	d, err := s.proposal(ctx, f, now, q)
	if err != nil {
		return Run{}, err
	}
	r, err := s.compose(f, now, q, d.actions)
	if err != nil {
		return Run{}, err
	}
	r.Plan.Title = f.Cluster.Ref.Name + ": " + cmp.Or(d.title, option.Title)
	if q.Operator.IsValid() {
		r.Plan.Operator = q.Operator.String()
	}
	r.Plan.Checks, r.Plan.Callers, r.Plan.Author, r.Plan.AuthorName = d.checks, d.callers, by.ID, by.Name
	r.Plan.Notes = slices.Concat(r.Plan.Notes, []string{NoteDrift}, d.notes)
	r.Hash, err = r.Plan.Hash()
	return r, err
}

// known refuses a topic that cannot be applied.
func known(topic string) error {
	if slices.Contains(Topics(), topic) {
		return nil
	}
	return fmt.Errorf("topic %q is not one that eksposure applies; `eksposure traits explain` has the guidance of the others. Those that it applies: %s: %w",
		topic, strings.Join(Topics(), ", "), fault.ErrInvalid)
}

// offered gives the option of the topic as the finding has it.
func offered(f *exposure.Finding, q Request) (exposure.OptionState, error) {
	if q.Trait == exposure.DeleteTopic {
		if o := exposure.DeleteOption(); f.Open() && q.Option == o.ID {
			return exposure.OptionState{ID: o.ID, Title: o.Title}, nil
		} else if f.Open() {
			return exposure.OptionState{}, fmt.Errorf("option %q of topic %q: want %s: %w", q.Option, q.Trait, o.ID, fault.ErrInvalid)
		}
		return exposure.OptionState{}, fmt.Errorf("the finding of %q is closed; there is nothing to remedy: %w", f.Cluster.Ref, fault.ErrInvalid)
	}
	if q.policy() && f.Open() {
		return exposure.OptionState{ID: q.Option, Title: titlePolicy}, nil
	}
	state := f.Trait(q.Trait)
	if !f.Open() || state == nil || state.Standing != exposure.Contributing {
		return exposure.OptionState{}, fmt.Errorf("trait %q does not contribute to the finding of %q as the last scan recorded it; there is nothing to remedy: %w", q.Trait, f.Cluster.Ref, fault.ErrInvalid)
	}
	i := slices.IndexFunc(f.Topics, func(topic exposure.TopicState) bool { return topic.ID == q.Trait })
	if i < 0 {
		return exposure.OptionState{}, choose(q, nil)
	}
	options := f.Topics[i].Options
	at := slices.IndexFunc(options, func(o exposure.OptionState) bool { return o.ID == q.Option })
	if at < 0 || !applies(q.Trait, q.Option) {
		return exposure.OptionState{}, choose(q, options)
	}
	return options[at], nil
}

// look reads the cluster's AWS side now; the rest is of the last scan, so that the
// severity after can be told.
func (s *Service) look(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	now, err := s.describe(ctx, ref, plan.Action{}.Sections()...)
	if err != nil {
		return nil, err
	}
	last, err := s.cfg.Known.Snapshot(ctx, ref)
	if errors.Is(err, fault.ErrNotFound) {
		return now, nil
	}
	if err != nil {
		return nil, err
	}
	now.Namespaces, now.Workloads, now.Services, now.Ingresses = last.Namespaces, last.Workloads, last.Services, last.Ingresses
	now.Gateways, now.ServiceAccounts, now.Nodes, now.Images = last.Gateways, last.ServiceAccounts, last.Nodes, last.Images
	for _, g := range last.Gaps {
		if slices.Index(inventory.Sections(), g.Section) >= slices.Index(inventory.Sections(), inventory.SectionWorkloads) {
			now.Gaps = append(now.Gaps, g)
		}
	}
	return now, nil
}

// proposal is what a topic's draft came to.
type proposal struct {
	// title is empty where it is that of the topic's option.
	title   string
	actions []plan.Action
	checks  []plan.Check
	notes   []string
	callers *plan.Callers
}

// proposal asks the topic for its draft, once what it takes is given and nothing else.
func (s *Service) proposal(ctx context.Context, f *exposure.Finding, now *inventory.Snapshot, q Request) (proposal, error) {
	if err := takes(q); err != nil {
		return proposal{}, err
	}
	if q.upgrades() {
		return s.version(ctx, now, q)
	}
	if ofImages(q.Trait) && q.Option == optionAddon {
		return s.addons(ctx, f, now, q)
	}
	switch q.Trait {
	case traitHigh, traitLow, traitSystem:
		return s.images(ctx, f, now, q)
	case exposure.DeleteTopic:
		actions, checks, err := plan.DraftDeletion(now)
		return proposal{actions: actions, checks: checks, notes: []string{fmt.Sprintf(noteDeletion, now.Cluster.Ref.Name)}}, err
	case traitSecrets:
		return s.secrets(ctx, now, q)
	case traitWorkload:
		return s.limit(ctx, f, now, q)
	}
	return s.endpoint(ctx, now, q)
}

// takes refuses what a topic does not take, and what it lacks.
func takes(q Request) error {
	endpoint, limits := q.Trait == traitOpen || q.Trait == traitNarrow, q.Trait == traitWorkload && q.Option == optionLimit
	switch {
	case (q.KeyARN != "" || q.NewKey || q.Rewrite) && (q.Trait != traitSecrets || q.upgrades()):
		return fmt.Errorf("option %q of topic %q takes no key, and writes no secrets again: %w", q.Option, q.Trait, fault.ErrInvalid)
	case q.KeyARN != "" && q.NewKey:
		return fmt.Errorf("option %q takes a key that there is, or a new one, and not both: %w", q.Option, fault.ErrInvalid)
	case limits && len(q.CIDRs) == 0:
		return fmt.Errorf("option %q needs the CIDR ranges that may connect (--cidr): %w", q.Option, fault.ErrInvalid)
	case !endpoint && !limits && (len(q.CIDRs) > 0 || q.PrefixList != "" || q.Callers != 0 || q.Operator.IsValid()):
		return fmt.Errorf("topic %q takes no CIDR ranges, no prefix list, no callers and no operator's address: %w", q.Trait, fault.ErrInvalid)
	case q.Callers < 0 || q.Callers > plan.MaxCallerDays:
		return fmt.Errorf("callers of %d days: want 1 to %d days: %w", q.Callers, plan.MaxCallerDays, fault.ErrInvalid)
	case q.Callers != 0 && !slices.Contains(callerOptions(), q.Option):
		return fmt.Errorf("option %q takes no ranges from callers; these do: %s: %w", q.Option, strings.Join(callerOptions(), ", "), fault.ErrInvalid)
	case q.PrefixList != "" && q.Option != optionPrefixList:
		return fmt.Errorf("option %q takes no prefix list; option %q does: %w", q.Option, optionPrefixList, fault.ErrInvalid)
	case q.To != "" && !q.upgrades():
		return fmt.Errorf("option %q of topic %q takes no version: %w", q.Option, q.Trait, fault.ErrInvalid)
	case q.KeyARN == "" && !q.NewKey && q.Trait == traitSecrets && !q.upgrades():
		return fmt.Errorf("option %q of topic %q needs the ARN of a KMS key (--key), or is to make one (--create-key): %w", q.Option, q.Trait, fault.ErrInvalid)
	}
	return nil
}

// compose writes the plan of some actions, with what they will come to.
func (s *Service) compose(f *exposure.Finding, now *inventory.Snapshot, q Request, actions []plan.Action) (Run, error) {
	after := Verified{Trait: Gone}
	if q.Trait != exposure.DeleteTopic {
		then := now
		for _, a := range actions {
			then = a.Then(then)
		}
		after = verdict(s.cfg.Clusters.Evaluate(then, f).Finding, q.Trait, s.now())
	}
	if after.Trait != Gone && q.Trait != traitNarrow && q.Trait != traitVersion && q.Trait != traitWorkload && !ofImages(q.Trait) {
		return Run{}, fmt.Errorf("the plan would leave the trait as it is: %s: %w", strings.TrimSuffix(strings.Join(after.Evidence, "; "), "."), fault.ErrInvalid)
	}
	ends := after.Trait == Gone && !q.policy() // which mends nothing, also where there is nothing to mend
	r := Run{State: plan.Drafted, Fleet: q.fleet, Plan: plan.Plan{
		Version: plan.Version, ID: q.id, Cluster: f.Cluster.Ref, Finding: f.ID, Trait: q.Trait, Option: q.Option,
		Drafted: s.now(), Seen: now.CollectedAt.Truncate(time.Millisecond), Before: f.Arithmetic.Severity, After: after.Severity, Ends: ends,
		Actions: plan.WithBack(actions), Notes: remains(q.Trait, after),
	}}
	for i := range actions {
		r.Steps = append(r.Steps, Step{Action: i, Token: token()})
	}
	return r, nil
}

// maxRemains bounds the evidence that a plan names of a trait that it leaves.
const maxRemains = 3

// remains says what a plan leaves of its trait; nothing when it ends it.
func remains(trait string, after Verified) []string {
	format := "The trait %s stays: %s"
	switch after.Trait {
	case Gone:
		return nil
	case Unclear:
		format = "Whether the trait %s ends cannot be told: %s"
	case Present:
	}
	var notes []string
	for _, e := range after.Evidence[:min(len(after.Evidence), maxRemains)] {
		notes = append(notes, fmt.Sprintf(format, trait, strings.TrimSuffix(e, ".")))
	}
	if more := len(after.Evidence) - len(notes); more > 0 {
		notes = append(notes, fmt.Sprintf("Of the trait %s the finding names %d more.", trait, more))
	}
	return notes
}
