package remediation

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// fleetKind is the kind of the documents that keep fleet plans.
const fleetKind = "fleet plan"

// Fleet is one remedy for many clusters: a plan for each, applied in waves. A wave
// begins when all of the one before is done, and none when a plan of one failed.
type Fleet struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Trait  string `json:"trait"`
	Option string `json:"option"`
	// Author is the stable ID of who drafted it, AuthorName is for people.
	Author     string    `json:"author"`
	AuthorName string    `json:"author_name,omitempty"`
	Drafted    time.Time `json:"drafted_at"`
	// Waves are plans that are applied side by side, wave after wave.
	Waves [][]Member `json:"waves"`
	// Goal is what the plan is a step to; nil when nobody said.
	Goal *Goal `json:"goal,omitempty"`
	// Omitted are the clusters that have the topic and no plan here.
	Omitted []Omission `json:"omitted,omitempty"`
	// Hash covers the waves, and with them every byte of every plan.
	Hash     string     `json:"hash"`
	State    plan.State `json:"state"`
	Approval *Approval  `json:"approval,omitempty"`
	// Back are the plans that are taken back with it, the last first; Kept are the clusters
	// of which something stays, and why.
	Back []Return   `json:"back,omitempty"`
	Kept []Omission `json:"kept,omitempty"`
	// Problem says why it is in state failed.
	Problem string `json:"problem,omitempty"`
}

// Goal is a severity that findings are to reach, or to be below.
type Goal struct {
	// Wish is empty for resolved.
	Wish exposure.Severity `json:"wish"`
	// Severities, Accounts and Regions are of the findings that are meant; empty is all.
	Severities []exposure.Severity `json:"severities,omitempty"`
	Accounts   []string            `json:"accounts,omitempty"`
	Regions    []string            `json:"regions,omitempty"`
}

// Member is the plan of one cluster.
type Member struct {
	Plan    string               `json:"plan"`
	Hash    string               `json:"hash"`
	Cluster inventory.ClusterRef `json:"cluster"`
}

// Omission is a cluster without a plan, and why.
type Omission struct {
	Cluster inventory.ClusterRef `json:"cluster"`
	Reason  string               `json:"reason"`
}

// FleetRequest is what a fleet plan is asked for.
type FleetRequest struct {
	// Request is what each plan is asked for; its Cluster is left out.
	Request Request
	// Query chooses the findings, in somebody's scope; its Traits, Closed and Limit are
	// left out.
	Query exposure.Query
	// Canaries are the clusters of the first wave, by name or ARN; none for the one with
	// the lowest severity.
	Canaries []string
	// Batch is how many clusters each further wave has.
	Batch int
	// Goal is kept with the plan.
	Goal *Goal
}

const (
	// maxFleet bounds the clusters of one fleet plan: each is looked at.
	maxFleet = 200
	// DefaultBatch is how many clusters a wave has where nobody says.
	DefaultBatch = 5
)

// Members are the plans, wave after wave.
func (f *Fleet) Members() []Member { return slices.Concat(f.Waves...) }

// Fleets gives all fleet plans, the newest first.
func (s *Service) Fleets(ctx context.Context) ([]Fleet, error) {
	return s.fleets(ctx)
}

// fleets gives the fleet plans in some states, the newest first.
func (s *Service) fleets(ctx context.Context, states ...plan.State) ([]Fleet, error) {
	list, err := readAll[Fleet](ctx, s.cfg.Documents, plan.Query{Kind: fleetKind, States: states})
	slices.SortFunc(list, func(a, b Fleet) int { return cmp.Or(b.Drafted.Compare(a.Drafted), strings.Compare(a.ID, b.ID)) })
	return list, err
}

// Fleet gives one fleet plan with the runs of its members, in their order;
// fault.ErrNotFound when there is none.
func (s *Service) Fleet(ctx context.Context, id string) (Fleet, []Run, error) {
	f, _, err := read[Fleet](ctx, s.cfg.Documents, fleetKind, id)
	if err != nil {
		return f, nil, err
	}
	runs, err := s.members(ctx, f)
	return f, runs, err
}

// members gives the runs of a fleet plan, in its order.
func (s *Service) members(ctx context.Context, f Fleet) ([]Run, error) {
	q := plan.Query{Kind: kind}
	for _, m := range f.Members() {
		q.IDs = append(q.IDs, m.Plan)
	}
	runs, err := readAll[Run](ctx, s.cfg.Documents, q)
	if err != nil {
		return nil, err
	}
	if len(runs) != len(q.IDs) {
		return nil, fmt.Errorf("fleet plan %q has %d plans, and %d are kept: %w", f.ID, len(q.IDs), len(runs), fault.ErrNotFound)
	}
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(slices.Index(q.IDs, a.Plan.ID), slices.Index(q.IDs, b.Plan.ID)) })
	return runs, nil
}

// candidates are the open findings that have the topic, the least severe first.
func (s *Service) candidates(ctx context.Context, q FleetRequest) ([]*exposure.Finding, error) {
	if err := known(q.Request.Trait); err != nil {
		return nil, err
	}
	if NamesClusters(q.Request.Trait) && len(q.Query.Clusters) == 0 {
		return nil, fmt.Errorf("clusters to delete are named one by one: %w", fault.ErrInvalid)
	}
	query := q.Query
	query.Traits, query.Closed, query.Limit = nil, false, maxFleet+1
	if q.Request.Trait != exposure.DeleteTopic {
		query.Traits = []string{q.Request.Trait}
	}
	found, err := s.cfg.Known.Findings(ctx, query)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, fmt.Errorf("no open finding that was asked for has the topic %q: %w", q.Request.Trait, fault.ErrNotFound)
	case len(found) > maxFleet:
		return nil, fmt.Errorf("more than %d of the clusters asked for have the topic %q, and a fleet plan is for %d at most: narrow it to an account, a region or a severity, or name the clusters: %w", maxFleet, q.Request.Trait, maxFleet, fault.ErrInvalid)
	}
	slices.SortStableFunc(found, func(a, b *exposure.Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.Rank(), b.Severity.Rank()), strings.Compare(a.Cluster.Ref.String(), b.Cluster.Ref.String()))
	})
	for _, name := range q.Canaries {
		if !slices.ContainsFunc(found, func(f *exposure.Finding) bool { return names(f.Cluster.Ref, name) }) {
			return nil, fmt.Errorf("canary %q has no open finding with the topic %q among those asked for: %w", name, q.Request.Trait, fault.ErrNotFound)
		}
	}
	return found, nil
}

// canary reports whether a cluster was named for the first wave.
func (q FleetRequest) canary(ref inventory.ClusterRef) bool {
	return slices.ContainsFunc(q.Canaries, func(name string) bool { return names(ref, name) })
}

func names(ref inventory.ClusterRef, name string) bool {
	return ref.Name == name || ref.String() == name
}

// waves puts the canaries first, and the rest in batches.
func waves(members []Member, q FleetRequest) [][]Member {
	var first, rest []Member
	for _, m := range members {
		if q.canary(m.Cluster) {
			first = append(first, m)
		} else {
			rest = append(rest, m)
		}
	}
	if len(first) == 0 {
		first, rest = rest[:1], rest[1:]
	}
	return append([][]Member{first}, slices.Collect(slices.Chunk(rest, q.Batch))...)
}

// hash is the SHA-256 of what is applied and in which order, in hexadecimal.
func (f *Fleet) hash() string {
	text, err := json.Marshal([]any{f.ID, f.Trait, f.Option, f.Waves})
	if err != nil {
		return "" // texts alone: it cannot fail
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Demands are what an approver of the fleet plan accepts by name, each once.
func Demands(members []Run) []string {
	var all []string
	for _, r := range members {
		all = append(all, r.Plan.Demands()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ApproveFleet takes somebody's word for the fleet plan with a hash, and so for every
// plan in it. What is accepted is accepted for each.
func (s *Service) ApproveFleet(ctx context.Context, id, hash string, by access.Principal, accept []string) (Fleet, error) {
	f, members, err := s.Fleet(ctx, id)
	if err != nil {
		return f, err
	}
	if err := plan.Move(f.State, plan.Approved); err != nil {
		return f, fmt.Errorf("fleet plan %q: %w", id, err)
	}
	if now := f.hash(); hash != now {
		return f, fmt.Errorf("fleet plan %q has the hash %s and not %q; look at it again and approve what it says now: %w", id, now, hash, fault.ErrConflict)
	}
	demands := Demands(members)
	if err := demanded(fleetKind, id, accept, demands); err != nil {
		return f, err
	}
	approvable := func(r *Run) error {
		mine := slices.DeleteFunc(slices.Clone(accept), func(name string) bool { return name != plan.AcceptAll && !slices.Contains(r.Plan.Demands(), name) })
		i := slices.IndexFunc(f.Members(), func(m Member) bool { return m.Plan == r.Plan.ID })
		return s.approvable(r, f.Members()[i].Hash, by, mine)
	}
	// An approval that was interrupted goes on; one that something speaks against approves none.
	members = slices.DeleteFunc(members, func(r Run) bool { return r.State == plan.Approved })
	for i := range members {
		if err := approvable(&members[i]); err != nil {
			return f, fmt.Errorf("cluster %q: %w; cancel fleet plan %q and draft another", members[i].Plan.Cluster.Name, err, id)
		}
	}
	for _, r := range members {
		if _, err := s.approve(ctx, r.Plan.ID, r.Hash, by, approvable); err != nil {
			return f, fmt.Errorf("cluster %q: %w", r.Plan.Cluster.Name, err)
		}
	}
	return s.changeFleet(ctx, id, by, "approve fleet", func(f *Fleet) error {
		if err := plan.Move(f.State, plan.Approved); err != nil {
			return fmt.Errorf("fleet plan %q: %w", id, err)
		}
		f.State, f.Approval = plan.Approved, &Approval{By: by.ID, Name: by.Name, At: s.now(), Hash: hash, Accepted: demands}
		return nil
	})
}

// StartFleet begins to apply an approved fleet plan, or goes on with a paused one.
// AdvanceFleet does the work.
func (s *Service) StartFleet(ctx context.Context, id string, by access.Principal) (Fleet, error) {
	if err := s.ready(); err != nil {
		return Fleet{}, err
	}
	f, err := s.changeFleet(ctx, id, by, "apply fleet", func(f *Fleet) error {
		if f.State == plan.Applying {
			return errNothing
		}
		if err := plan.Move(f.State, plan.Applying); err != nil {
			return fmt.Errorf("fleet plan %q: %w", id, err)
		}
		if f.Approval == nil || f.Approval.Hash != f.hash() {
			return fmt.Errorf("fleet plan %q is not what was approved; draft it again: %w", id, fault.ErrConflict)
		}
		f.State, f.Problem = plan.Applying, ""
		return nil
	})
	if err != nil {
		return f, err
	}
	return f, s.each(ctx, f, plan.Paused, func(id string) error {
		_, err := s.Start(ctx, id, by)
		return err
	})
}

// PauseFleet lets no further plan begin, and pauses those at work between two actions.
func (s *Service) PauseFleet(ctx context.Context, id string, by access.Principal) (Fleet, error) {
	f, err := s.moveFleet(ctx, id, by, "pause fleet", plan.Paused)
	if err != nil {
		return f, err
	}
	return f, s.each(ctx, f, plan.Applying, func(id string) error {
		_, err := s.Pause(ctx, id, by)
		return err
	})
}

// CancelFleet ends a fleet plan that is not at work, and its plans that did not begin.
// What was done stays.
func (s *Service) CancelFleet(ctx context.Context, id string, by access.Principal) (Fleet, error) {
	f, members, err := s.Fleet(ctx, id)
	if err != nil {
		return f, err
	}
	for i := range members {
		if err := members[i].cancellable(); members[i].State == plan.Paused && err != nil {
			return f, fmt.Errorf("fleet plan %q: cluster %q: %w", id, members[i].Plan.Cluster.Name, err)
		}
	}
	f, err = s.moveFleet(ctx, id, by, "cancel fleet", plan.Cancelled)
	if err != nil {
		return f, err
	}
	return f, s.cancelEach(ctx, f, by, plan.Drafted, plan.Approved, plan.Paused)
}

// cancelEach cancels the members in some states.
func (s *Service) cancelEach(ctx context.Context, f Fleet, by access.Principal, states ...plan.State) error {
	for _, state := range states {
		err := s.each(ctx, f, state, func(id string) error {
			_, err := s.Cancel(ctx, id, by)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each does something with the members in a state.
func (s *Service) each(ctx context.Context, f Fleet, state plan.State, do func(id string) error) error {
	members, err := s.members(ctx, f)
	if err != nil {
		return err
	}
	for _, r := range members {
		if r.State != state {
			continue
		}
		if err := do(r.Plan.ID); err != nil {
			return fmt.Errorf("cluster %q: %w", r.Plan.Cluster.Name, err)
		}
	}
	return nil
}

// AdvanceFleet begins the next wave when its time has come, and ends a fleet plan that
// is done or taken back, or that a plan of which failed. The plans advance by themselves.
func (s *Service) AdvanceFleet(ctx context.Context, id string) (Fleet, []Run, error) {
	f, members, err := s.Fleet(ctx, id)
	if err != nil || !f.State.Working() {
		return f, members, err
	}
	if f.State == plan.Reverting {
		return s.advanceBack(ctx, f, members)
	}
	for i, r := range members {
		if ended := slices.Contains([]plan.State{plan.Stopped, plan.Cancelled, plan.Reverting, plan.Reverted}, r.State); ended {
			// What no wave began yet is over with the fleet plan.
			if err := s.cancelEach(ctx, f, itself, plan.Drafted, plan.Approved); err != nil {
				return f, members, err
			}
			f, err = s.endFleet(ctx, f, plan.Stopped, fmt.Sprintf("plan %s of cluster %q is %s: %s", r.Plan.ID, f.Members()[i].Cluster.Name, r.State, cmp.Or(r.Cause, r.Problem, "somebody ended it")))
			return f, members, err
		}
	}
	at := 0
	for _, wave := range f.Waves {
		done := true
		for range wave {
			r := members[at]
			if r.State == plan.Approved {
				if members[at], err = s.start(ctx, r.Plan.ID, itself, func(*Run) error { return nil }); err != nil {
					return f, members, err
				}
			}
			done = done && r.State == plan.Done
			at++
		}
		if !done {
			f, err = s.restFleet(ctx, f, members)
			return f, members, err
		}
	}
	f, err = s.endFleet(ctx, f, plan.Done, "")
	return f, members, err
}

// restFleet pauses a fleet plan when nothing of it is at work and a plan waits for a person.
func (s *Service) restFleet(ctx context.Context, f Fleet, members []Run) (Fleet, error) {
	waits := slices.IndexFunc(members, func(r Run) bool { return r.State == plan.Paused })
	if waits < 0 || slices.ContainsFunc(members, func(r Run) bool { return r.State.Working() }) {
		return f, nil
	}
	r := members[waits]
	if r.Problem == "" {
		return s.endFleet(ctx, f, plan.Paused, "") // somebody paused it
	}
	return s.endFleet(ctx, f, plan.Paused, fmt.Sprintf("plan %s of cluster %q is paused: %s", r.Plan.ID, r.Plan.Cluster.Name, r.Problem))
}

func (s *Service) endFleet(ctx context.Context, f Fleet, state plan.State, problem string) (Fleet, error) {
	return s.changeFleet(ctx, f.ID, itself, "end fleet", func(now *Fleet) error {
		if now.State != f.State {
			return errNothing // somebody paused it, or another process was faster
		}
		now.State, now.Problem = state, problem
		return nil
	})
}

func (s *Service) moveFleet(ctx context.Context, id string, by access.Principal, operation string, to plan.State) (Fleet, error) {
	return s.changeFleet(ctx, id, by, operation, func(f *Fleet) error {
		if err := plan.Move(f.State, to); err != nil {
			return fmt.Errorf("fleet plan %q: %w", id, err)
		}
		f.State = to
		return nil
	})
}

func (s *Service) changeFleet(ctx context.Context, id string, by access.Principal, operation string, change func(*Fleet) error) (Fleet, error) {
	var before plan.State
	f, wrote, err := amend(ctx, s.cfg.Documents, fleetKind, id, func(f *Fleet) error {
		before = f.State
		return change(f)
	})
	if err != nil || !wrote {
		return f, err
	}
	return f, s.auditFleet(ctx, by, operation, f, before)
}

func (s *Service) auditFleet(ctx context.Context, by access.Principal, operation string, f Fleet, before plan.State) error {
	return s.enter(ctx, by, operation, f.ID, map[string]any{"before": before, "after": f.State, "hash": f.Hash, "problem": f.Problem})
}
