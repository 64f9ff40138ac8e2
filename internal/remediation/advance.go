package remediation

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
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

const (
	// leaseTime is how long a process that died keeps others away. One that lives
	// prolongs it.
	leaseTime = time.Minute
	// soonest and latest bound the time to the next look: EKS changes an endpoint in
	// minutes and upgrades a control plane in half an hour.
	soonest = 2 * time.Second
	latest  = time.Minute
	// patience is how long a done update may go unseen, and a verdict unknown.
	patience = 30 * time.Minute
)

// itself is who the audit log names for what goes on without anybody asking.
var itself = access.Principal{ID: "eksposure", Name: "eksposure"}

// Advance does the next thing of a run that is at work, and gives the run. When
// there is something to wait for, Look says until when. A plan that another process
// works on is fault.ErrConflict.
func (s *Service) Advance(ctx context.Context, id string) (Run, error) {
	if err := s.ready(); err != nil {
		return Run{}, err
	}
	ctx, release, err := s.hold(ctx, id)
	if err != nil {
		return Run{}, err
	}
	defer release()
	r, err := s.Run(ctx, id)
	if err != nil || !r.State.Working() {
		return r, err
	}
	if !r.approved() {
		return s.fail(ctx, r, "the plan is not what was approved")
	}
	switch {
	case r.State == plan.Applying && next(r.Steps) == nil:
		return s.save(ctx, r, "verify", func(now *Run) {
			now.State, now.Problem, now.Look = plan.Verifying, "", time.Time{}
			if until := s.watched(now); until.After(s.now()) {
				now.Problem, now.Look = "nodes are watched until "+until.Format(time.RFC3339), until
			}
		})
	case r.State == plan.Applying:
		return s.advance(ctx, r, next(r.Steps))
	case r.State == plan.Reverting && next(r.Back) != nil:
		return s.advance(ctx, r, next(r.Back))
	}
	return s.verify(ctx, r)
}

// hold claims the plan and prolongs the claim until release is called. The context
// ends when the claim is lost.
func (s *Service) hold(ctx context.Context, id string) (held context.Context, release func(), err error) {
	claim := func(ctx context.Context) (bool, error) {
		return s.cfg.Leases.Claim(ctx, kind, id, s.cfg.Holder, s.cfg.Now().Add(leaseTime))
	}
	claimed, err := claim(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !claimed {
		return nil, nil, fmt.Errorf("plan %q is being worked on by another eksposure: %w", id, fault.ErrConflict)
	}
	held, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(leaseTime / 3)
		defer tick.Stop()
		for {
			select {
			case <-held.Done():
				return
			case <-tick.C:
				if ok, err := claim(held); err != nil || !ok {
					cancel()
				}
			}
		}
	}()
	return held, func() {
		cancel()
		<-done
		_ = s.cfg.Leases.Release(context.WithoutCancel(ctx), kind, id, s.cfg.Holder) // it ends by itself
	}, nil
}

// advance takes a step one look or one call further.
func (s *Service) advance(ctx context.Context, r Run, st *Step) (Run, error) {
	action := r.Do(*st)
	switch action.Kind { //nolint:exhaustive // the rest are updates of EKS
	case plan.WorkloadImage:
		return s.roll(ctx, r, st, action)
	case plan.SourceRanges:
		return s.narrow(ctx, r, st, action)
	case plan.KeyCreation:
		return s.makeKey(ctx, r, st, action)
	case plan.SecretsRewrite:
		return s.rewrite(ctx, r, st, action)
	}
	now, err := s.describe(ctx, r.Plan.Cluster, action.Sections()...)
	if action.Kind == plan.Deletion && errors.Is(err, fault.ErrNotFound) {
		return s.holds(ctx, r, st)
	}
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	has, busy := r.named(action.Now(now)), action.Busy(now)
	switch {
	case has.Equal(action.To) && busy == "" && action.Ails(now) == "":
		return s.holds(ctx, r, st)
	case st.Update != "":
		return s.await(ctx, r, st, has, cmp.Or(busy, action.Ails(now)))
	case !has.Equal(action.From) && !has.Equal(action.To):
		return s.fail(ctx, r, fmt.Sprintf("something moved: %q was planned for %q, and there is %q; draft a new plan", action.Title, action.From, has))
	case busy != "" && (st.Begun.IsZero() || action.Kind == plan.Deletion):
		return s.wait(ctx, r, *st, busy)
	case action.Kind == plan.Deletion && !st.Begun.IsZero() && action.Ails(now) != "":
		return s.fail(ctx, r, action.Title+": "+action.Ails(now))
	}
	return s.begin(ctx, r, st)
}

// holds writes down that the end state of a step was seen.
func (s *Service) holds(ctx context.Context, r Run, st *Step, also ...func(*Step)) (Run, error) {
	return s.save(ctx, r, "hold", func(now *Run) {
		step := now.same(st)
		step.Held = s.now()
		for _, note := range also {
			note(step)
		}
		now.Problem, now.Look = "", time.Time{}
	})
}

// describe reads the cluster; of the sections, what cannot be read is an error.
func (s *Service) describe(ctx context.Context, ref inventory.ClusterRef, sections ...inventory.Section) (*inventory.Snapshot, error) {
	now, err := s.cfg.Clusters.Describe(ctx, ref)
	if err != nil {
		return nil, err
	}
	for _, section := range sections {
		for _, g := range now.GapsOf(section) {
			return nil, fmt.Errorf("%s of cluster %q could not be read: %s: %w", section, ref, g.Detail, fault.ErrUnavailable)
		}
	}
	return now, nil
}

// begin writes down that an action begins, and asks for it, when the calendar is open.
// What takes back is not kept waiting.
func (s *Service) begin(ctx context.Context, r Run, st *Step) (Run, error) {
	return s.begins(ctx, r, st, func() (string, error) { return s.cfg.Actor.Begin(ctx, r.Do(*st), r.Plan.Cluster, st.Token) })
}

// begins is begin with what asks for the action.
func (s *Service) begins(ctx context.Context, r Run, st *Step, ask func() (string, error)) (Run, error) {
	if at, why := s.cfg.Calendar.Opens(s.now()); why != "" && st.Begun.IsZero() && !st.Undo {
		return s.save(ctx, r, look, func(now *Run) {
			now.Problem, now.Look = fmt.Sprintf("%s; the next action may begin %s", why, at.UTC().Format(time.RFC3339)), at
		})
	}
	if !st.Undo && (st.Begun.IsZero() || r.Do(*st).Kind == plan.Deletion) {
		if now, may, err := s.recheck(ctx, r, st); err != nil || !may {
			return now, err
		}
	}
	first := st.Begun.IsZero()
	if first {
		var err error
		r, err = s.save(ctx, r, "begin", func(now *Run) {
			step := now.same(st)
			step.Begun, step.Seen, step.Moved = s.now(), "", time.Time{}
		})
		if err != nil {
			return r, err
		}
		st = r.same(st)
	}
	action := r.Do(*st)
	update, err := ask()
	switch {
	case err == nil:
		return s.note(ctx, r, st, update)
	case ctx.Err() != nil:
		return r, err // it goes on where it was
	case errors.Is(err, fault.ErrDenied) && !st.Undo:
		return s.denied(ctx, r, st, first, err)
	case errors.Is(err, fault.ErrConflict) && action.Kind == plan.WorkloadImage:
		return s.wait(ctx, r, *st, "the workload changed meanwhile: "+fault.Message(err))
	case errors.Is(err, fault.ErrConflict) && action.Kind == plan.SourceRanges:
		return s.wait(ctx, r, *st, "the object changed meanwhile: "+fault.Message(err))
	case errors.Is(err, fault.ErrConflict):
		return s.wait(ctx, r, *st, "EKS is busy with another update: "+fault.Message(err))
	case fault.Of(err).Retry:
		return s.wait(ctx, r, *st, fault.Message(err))
	}
	return s.fail(ctx, r, fmt.Sprintf("%s: %s", action.Title, fault.Message(err)))
}

// denied pauses a run whose role may not do an action: that is for a person to mend, and
// the approval stands. What was refused the first time it was asked for has not begun.
func (s *Service) denied(ctx context.Context, r Run, st *Step, first bool, err error) (Run, error) {
	action := r.Do(*st)
	return s.save(ctx, r, "pause", func(now *Run) {
		if first {
			now.same(st).Begun = time.Time{}
		}
		now.State, now.Look = plan.Paused, time.Time{}
		now.Problem = fmt.Sprintf("%s: %s; give the role of the setting remediation.role its rights (eksposure permissions %s) and apply the plan again", action.Title, fault.Message(err), action.Rights())
	})
}

// await looks at the update that EKS works on.
func (s *Service) await(ctx context.Context, r Run, st *Step, has plan.Setting, ails string) (Run, error) {
	action := r.Do(*st)
	update, err := s.cfg.Actor.Progress(ctx, action, r.Plan.Cluster, st.Update)
	if err != nil {
		return s.delay(ctx, r, *st, err)
	}
	switch update.Status {
	case "Failed", "Cancelled":
		return s.fail(ctx, r, fmt.Sprintf("%s: EKS update %s is %s: %s", action.Title, update.ID, strings.ToLower(update.Status), strings.Join(update.Errors, "; ")))
	case "Successful":
		late := s.now().Sub(st.Begun) > patience
		switch {
		case !has.Equal(action.To) && (!has.Equal(action.From) || late):
			return s.fail(ctx, r, fmt.Sprintf("something moved: %q was done by EKS update %s, and there is %q", action.Title, update.ID, has))
		case has.Equal(action.To) && late:
			return s.fail(ctx, r, fmt.Sprintf("%q was done by EKS update %s, and %s", action.Title, update.ID, ails))
		}
		return s.wait(ctx, r, *st, "EKS is done, and does not show it yet")
	}
	return s.wait(ctx, r, *st, "EKS works on update "+update.ID)
}

// delay waits after an error that may pass by itself or by a person's help; the
// reason is told. A cluster or an update that is not there ends the work.
func (s *Service) delay(ctx context.Context, r Run, st Step, err error) (Run, error) {
	switch {
	case ctx.Err() != nil:
		return r, err
	case errors.Is(err, fault.ErrNotFound):
		return s.fail(ctx, r, fault.Message(err))
	}
	return s.wait(ctx, r, st, fault.Message(err))
}

// verify scans the cluster, and believes what that says. A cluster that was deleted is
// recorded as gone.
func (s *Service) verify(ctx context.Context, r Run) (Run, error) {
	last := Step{Begun: r.settled()}
	if r.Plan.Deletes() {
		if err := s.cfg.Clusters.Close(ctx, r.Plan.Cluster); err != nil {
			return s.delay(ctx, r, last, err)
		}
		return s.save(ctx, r, "verified", func(now *Run) {
			now.Verified, now.State, now.Problem, now.Look = &Verified{At: s.now(), Trait: Gone}, plan.Done, "", time.Time{}
		})
	}
	if s.now().Before(s.watched(&r)) {
		return r, nil
	}
	o, err := s.cfg.Clusters.Rescan(ctx, r.Plan.Cluster)
	if err != nil {
		return s.delay(ctx, r, last, err)
	}
	if harm := r.harm(o); harm != "" {
		return s.alarm(ctx, r, harm)
	}
	seen := verdict(o.Finding, r.Plan.Trait, s.now())
	old := strings.Join(r.lingers(o.Finding), "; ")
	state, problem := plan.Done, ""
	switch {
	case r.State == plan.Reverting && r.Cause != "" && r.Before != nil:
		state, problem = plan.Reverted, r.Cause+"; it was undone"
	case r.State == plan.Reverting && r.Cause != "":
		state, problem = plan.Stopped, r.Cause+"; it was undone"
	case r.State == plan.Reverting:
		state = plan.Reverted
	case seen.Trait == Unclear && r.Plan.Trait == traitWorkload && !r.Plan.Ends: // ways in that it is not about
	case seen.Trait == Unclear && s.now().Sub(last.Begun) < patience:
		return s.wait(ctx, r, last, "the scan could not tell whether the trait is gone: "+strings.Join(seen.Evidence, "; "))
	case seen.Trait == Unclear:
		state, problem = plan.Stopped, "the actions hold, and the scan could not tell whether the trait is gone: "+strings.Join(seen.Evidence, "; ")
	case old != "" && s.now().Sub(last.Begun) < patience:
		return s.wait(ctx, r, last, "pods run what the add-on shipped before: "+old)
	case old != "":
		state, problem = plan.Stopped, "the actions hold, and pods run what the add-on shipped before: "+old
	case seen.Trait == Present && r.Plan.Ends:
		state, problem = plan.Stopped, "the actions hold, and the trait is still there: "+strings.Join(seen.Evidence, "; ")
	}
	if state == plan.Done {
		seen.Evidence = append(seen.Evidence, r.Plan.Leaves()...)
	}
	return s.save(ctx, r, "verified", func(now *Run) {
		now.Verified, now.State, now.Problem, now.Look = &seen, state, problem, time.Time{}
	})
}

// verdict tells what a finding says of a trait; nil is a cluster without one.
func verdict(f *exposure.Finding, trait string, at time.Time) Verified {
	v := Verified{At: at, Trait: Gone}
	if f == nil || !f.Open() {
		return v
	}
	v.Severity = f.Arithmetic.Severity
	state := f.Trait(trait)
	if state == nil || state.Standing == exposure.Contextual {
		return v
	}
	v.Trait = Present
	if state.Stale || state.Standing == exposure.Unknown {
		v.Trait, v.Evidence = Unclear, slices.Clone(state.Unknowns)
		return v
	}
	for _, e := range state.Evidence {
		if e.Standing == exposure.Contributing {
			v.Evidence = append(v.Evidence, e.Summary)
		}
	}
	return v
}

// later is when to look again: soon after the beginning, and ever less often.
func (s *Service) later(st Step) time.Time {
	now := s.now()
	pause := soonest
	if !st.Begun.IsZero() {
		pause = min(max(now.Sub(st.Begun)/4, soonest), latest)
	}
	return now.Add(pause)
}

func token() string { return rand.Text() }
