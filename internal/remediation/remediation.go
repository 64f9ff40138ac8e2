// Package remediation drafts plans, takes their approval, applies them, and looks
// whether they did what they were for. It never does anything that is not in an
// approved plan, and never twice.
//
// docs/design/0009-remediation.md has the states and the steps of an action.
package remediation

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// kind is the kind of the documents that keep runs, and of the leases on them.
const kind = "plan"

// Config is what a Service is made of.
type Config struct {
	Clusters Clusters
	// Networks is for plans about the endpoint.
	Networks Networks
	// Workloads is for plans about images and about who may connect, Registries and Addons
	// are for images.
	Workloads  Workloads
	Registries Registries
	Addons     Addons
	Known      Known
	// Policy says which vulnerabilities are of high priority.
	Policy exposure.Policy
	// Actor is nil where no role to change clusters with is set: plans can then be
	// drafted and approved, and not applied.
	Actor Actor
	// Keys and Secrets are for plans about secrets, and are there where Actor is.
	Keys      Keys
	Secrets   Secrets
	Documents Documents
	Leases    Leases
	Log       Log
	// Logger takes what Carry meets.
	Logger *slog.Logger
	// Watch is how long nodes are watched when the endpoint was changed.
	Watch time.Duration
	// FourEyes wants another approver than the author.
	FourEyes bool
	// Calendar says when actions may begin.
	Calendar plan.Calendar
	// Holder names this process among those that share the database.
	Holder string
	Now    func() time.Time
}

// Service drafts and applies plans.
type Service struct {
	cfg    Config
	drafts drafts
}

// New makes a Service.
func New(c Config) *Service { return &Service{cfg: c} }

// Runs gives all plans, the newest first.
func (s *Service) Runs(ctx context.Context) ([]Run, error) {
	return s.runs(ctx, plan.Query{})
}

// RunsOf gives the plans of some clusters, the newest first.
func (s *Service) RunsOf(ctx context.Context, clusters []inventory.ClusterRef) ([]Run, error) {
	if len(clusters) == 0 {
		return nil, nil
	}
	return s.runs(ctx, plan.Query{Clusters: clusters})
}

func (s *Service) runs(ctx context.Context, q plan.Query) ([]Run, error) {
	q.Kind = kind
	list, err := readAll[Run](ctx, s.cfg.Documents, q)
	slices.SortFunc(list, func(a, b Run) int {
		return cmp.Or(b.Plan.Drafted.Compare(a.Plan.Drafted), strings.Compare(a.Plan.ID, b.Plan.ID))
	})
	return list, err
}

// Run gives one plan; fault.ErrNotFound when there is none.
func (s *Service) Run(ctx context.Context, id string) (Run, error) {
	r, _, err := read[Run](ctx, s.cfg.Documents, kind, id)
	return r, err
}

// Approve takes somebody's word for the plan with a hash. Checks without an answer
// must be accepted by name or by plan.AcceptAll, what cannot be undone by
// plan.AcceptIrreversible, and a deletion by plan.Typed. A plan of a fleet plan is
// approved with that, and alone is fault.ErrConflict.
func (s *Service) Approve(ctx context.Context, id, hash string, by access.Principal, accept []string) (Run, error) {
	return s.approve(ctx, id, hash, by, func(r *Run) error {
		if err := r.alone("approved", "approve"); err != nil {
			return err
		}
		return s.approvable(r, hash, by, accept)
	})
}

// approve writes down an approval that nothing speaks against.
func (s *Service) approve(ctx context.Context, id, hash string, by access.Principal, approvable func(*Run) error) (Run, error) {
	return s.change(ctx, id, by, "approve", func(r *Run) error {
		if err := approvable(r); err != nil {
			return err
		}
		r.State = plan.Approved
		r.Approval = &Approval{By: by.ID, Name: by.Name, At: s.now(), Hash: hash, Accepted: r.Plan.Demands()}
		return nil
	})
}

// approvable says what speaks against an approval.
func (s *Service) approvable(r *Run, hash string, by access.Principal, accept []string) error {
	id := r.Plan.ID
	if err := plan.Move(r.State, plan.Approved); err != nil {
		return fmt.Errorf("plan %q: %w", id, err)
	}
	now, err := r.Plan.Hash()
	if err != nil {
		return err
	}
	if hash != now {
		return fmt.Errorf("plan %q has the hash %s and not %q; look at it again and approve what it says now: %w", id, now, hash, fault.ErrConflict)
	}
	if s.cfg.FourEyes && by.ID == r.Plan.Author {
		return fault.Local(fmt.Errorf("plan %q was drafted by %q; somebody else must approve it (setting remediation.four_eyes): %w", id, by.ID, fault.ErrDenied))
	}
	if failed := r.Plan.With(plan.Failed); len(failed) > 0 {
		return fmt.Errorf("plan %q cannot be approved, as these checks failed: %s; mend what they say and draft it again: %w", id, strings.Join(failed, ", "), fault.ErrConflict)
	}
	return accepts(accept, &r.Plan)
}

// alone refuses what a plan of a fleet plan does with that alone, so that its waves hold.
func (r *Run) alone(done, command string) error {
	if r.Fleet == "" {
		return nil
	}
	return fmt.Errorf("plan %q belongs to fleet plan %q and is %s with it, wave after wave (eksposure remediate fleet %s %s); for cluster %q alone draft a plan of its own: %w",
		r.Plan.ID, r.Fleet, done, command, r.Fleet, r.Plan.Cluster.Name, fault.ErrConflict)
}

// accepts checks that everything is accepted that must be, and nothing that is not there.
func accepts(accept []string, p *plan.Plan) error {
	demands := p.Demands()
	if err := demanded(kind, p.ID, accept, demands); err != nil {
		return err
	}
	open := slices.DeleteFunc(demands, func(name string) bool {
		return slices.Contains(accept, name) || slices.Contains(accept, plan.AcceptAll) && slices.Contains(p.With(plan.Unknown), name)
	})
	if len(open) == 0 {
		return nil
	}
	return fmt.Errorf("plan %q: accept by name what is not known or cannot be undone: %s: %w", p.ID, strings.Join(open, ", "), fault.ErrInvalid)
}

// demanded refuses to accept what nothing asks for.
func demanded(kind, id string, accept, demands []string) error {
	for _, name := range accept {
		if name != plan.AcceptAll && !slices.Contains(demands, name) {
			return fmt.Errorf("%s %q has nothing named %q to accept; there is: %s: %w", kind, id, name, strings.Join(demands, ", "), fault.ErrInvalid)
		}
	}
	return nil
}

// Start begins to apply an approved plan, or goes on with a paused one. Advance does
// the work. A plan of a fleet plan begins with its wave, and alone is fault.ErrConflict.
func (s *Service) Start(ctx context.Context, id string, by access.Principal) (Run, error) {
	return s.start(ctx, id, by, func(r *Run) error {
		if r.State == plan.Paused {
			return nil // it began with its wave
		}
		return r.alone("applied", "apply")
	})
}

// start is Start of a plan that nothing speaks against.
func (s *Service) start(ctx context.Context, id string, by access.Principal, may func(*Run) error) (Run, error) {
	if err := s.ready(); err != nil {
		return Run{}, err
	}
	before, err := s.sight(ctx, id)
	if err != nil {
		return Run{}, err
	}
	return s.change(ctx, id, by, "apply", func(r *Run) error {
		if r.State == plan.Applying || r.State == plan.Verifying {
			return errNothing // killed and started again
		}
		if err := plan.Move(r.State, plan.Applying); err != nil {
			return fmt.Errorf("plan %q: %w", id, err)
		}
		if !r.approved() {
			return fmt.Errorf("plan %q is not what was approved; draft it again: %w", id, fault.ErrConflict)
		}
		if err := may(r); err != nil {
			return err
		}
		r.State, r.Problem = plan.Applying, ""
		if r.Before == nil {
			r.Before = before
		}
		return nil
	})
}

// ready refuses work where there is no role to do it in.
func (s *Service) ready() error {
	if s.cfg.Actor == nil {
		return fmt.Errorf("no role to change clusters with: make one in each account with the policy of `eksposure permissions remediation-policy`, and name it with the setting remediation.role: %w", fault.ErrInvalid)
	}
	return nil
}

// approved reports whether the plan is what its approval names.
func (r *Run) approved() bool {
	now, err := r.Plan.Hash()
	return err == nil && r.Approval != nil && r.Approval.Hash == now
}

// Pause stops between actions: what EKS works on goes on there.
func (s *Service) Pause(ctx context.Context, id string, by access.Principal) (Run, error) {
	return s.move(ctx, id, by, "pause", plan.Paused, func(r *Run) error {
		r.Problem = "" // what it waited for
		return nil
	})
}

// Cancel ends a plan between its actions. What was done stays; a plan that is at work is
// paused first. While an action is under way it is fault.ErrConflict, as nobody would see
// what becomes of it.
func (s *Service) Cancel(ctx context.Context, id string, by access.Principal) (Run, error) {
	return s.move(ctx, id, by, "cancel", plan.Cancelled, (*Run).cancellable)
}

// cancellable refuses to leave an action alone that is under way.
func (r *Run) cancellable() error {
	for _, st := range r.Steps {
		if st.Begun.IsZero() || !st.Held.IsZero() {
			continue
		}
		return fmt.Errorf("plan %q: %q is under way; apply the plan and pause it when that is done, or revert it: %w", r.Plan.ID, r.Do(st).Title, fault.ErrConflict)
	}
	return nil
}

func (s *Service) move(ctx context.Context, id string, by access.Principal, operation string, to plan.State, may func(*Run) error) (Run, error) {
	return s.change(ctx, id, by, operation, func(r *Run) error {
		if err := may(r); err != nil {
			return err
		}
		if err := plan.Move(r.State, to); err != nil {
			return fmt.Errorf("plan %q: %w", id, err)
		}
		r.State, r.Look = to, time.Time{}
		return nil
	})
}

// Revert begins to undo what was begun, the last first, as far back as it can be
// undone. When not even the last action can, it is fault.ErrConflict.
func (s *Service) Revert(ctx context.Context, id string, by access.Principal) (Run, error) {
	if err := s.ready(); err != nil {
		return Run{}, err
	}
	return s.change(ctx, id, by, "revert", func(r *Run) error {
		if r.State == plan.Reverting {
			return errNothing // killed and started again
		}
		if r.State == plan.Applying {
			return fmt.Errorf("plan %q is at work; pause it first: %w", id, fault.ErrConflict)
		}
		if err := plan.Move(r.State, plan.Reverting); err != nil {
			return fmt.Errorf("plan %q: %w", id, err)
		}
		back, err := r.inverses(s.now())
		if err != nil {
			return fmt.Errorf("plan %q: %w", id, err)
		}
		r.Back = back
		r.State, r.Problem, r.Cause, r.Alarm, r.Look = plan.Reverting, "", "", time.Time{}, time.Time{}
		return nil
	})
}

// inverses gives the steps that undo those that were begun. After a revert that
// failed they are made anew: what holds by then is seen by looking.
func (r *Run) inverses(now time.Time) ([]Step, error) {
	actions, stays := r.Plan.Undo(r.begun())
	var back []Step
	for _, i := range actions {
		a, at := r.Plan.Actions[i], r.stepOf(i)
		if end := at.AddDate(0, 0, a.UndoDays); a.UndoDays > 0 && now.After(end) {
			stays = fmt.Sprintf("%q could be undone until %s: %s", a.Title, end.Format(time.RFC3339), a.UndoLimit)
			break
		}
		back = append(back, Step{Action: i, Undo: true, Token: token()})
	}
	switch {
	case len(back) > 0:
		return back, nil
	case stays != "":
		return nil, fmt.Errorf("%s: %w", stays, fault.ErrConflict)
	}
	return nil, fmt.Errorf("nothing was changed that could be undone: %w", fault.ErrConflict)
}

// begun are the actions that were begun, in order.
func (r *Run) begun() []int {
	var list []int
	for _, st := range r.Steps {
		if !st.Begun.IsZero() {
			list = append(list, st.Action)
		}
	}
	return list
}

// stepOf is when an action was begun.
func (r *Run) stepOf(action int) time.Time {
	i := slices.IndexFunc(r.Steps, func(st Step) bool { return st.Action == action })
	return r.Steps[i].Begun
}

// Undoes reports whether anything of what was begun can be undone, and why the rest
// stays; empty when nothing does.
func (r *Run) Undoes() (some bool, stays string) {
	back, stays := r.Plan.Undo(r.begun())
	return len(back) > 0, stays
}

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Millisecond) }
