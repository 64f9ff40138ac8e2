package remediation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// look is what changes a run without a line in the audit log.
const look = ""

// writes is how often a change is tried when others change the run at the same time.
const writes = 5

// errNothing ends a change that has nothing to write.
var errNothing = errors.New("nothing to change")

// change reads a run, lets a function change it, and writes it. When somebody else
// wrote meanwhile, the function decides again. An operation with a name is in the
// audit log.
func (s *Service) change(ctx context.Context, id string, by access.Principal, operation string, f func(*Run) error) (Run, error) {
	var before plan.State
	var steps []Step
	r, wrote, err := amend(ctx, s.cfg.Documents, kind, id, func(r *Run) error {
		before, steps = r.State, slices.Concat(r.Steps, r.Back)
		return f(r)
	})
	if err != nil || !wrote || operation == look {
		return r, err
	}
	return r, s.audit(ctx, by, operation, r, before, r.concerned(steps)...)
}

// concerned are the steps that began or hold since they were as given; where the work
// ended instead, those that it ended at.
func (r *Run) concerned(before []Step) []Step {
	var list []Step
	for _, st := range slices.Concat(r.Steps, r.Back) {
		i := slices.IndexFunc(before, func(o Step) bool { return o.Token == st.Token })
		switch {
		case i < 0:
		case st.Begun != before[i].Begun || st.Held != before[i].Held:
			list = append(list, st)
		case r.State == plan.Stopped && !st.Begun.IsZero() && st.Held.IsZero():
			list = append(list, st)
		}
	}
	return list
}

// amend reads a document, lets a function change it, and writes it, unless the function
// finds nothing to change.
func amend[T any, P recorded[T]](ctx context.Context, d Documents, kind, id string, f func(*T) error) (value T, wrote bool, err error) {
	for try := 1; ; try++ {
		value, old, err := read[T](ctx, d, kind, id)
		if err != nil {
			return value, false, err
		}
		if err := f(&value); errors.Is(err, errNothing) {
			return value, false, nil
		} else if err != nil {
			return value, false, err
		}
		r, err := recordOf(P(&value))
		if err != nil {
			return value, false, err
		}
		err = d.ReplacePlan(ctx, r, old)
		if errors.Is(err, fault.ErrConflict) && try < writes {
			continue
		}
		return value, err == nil, err
	}
}

func read[T any](ctx context.Context, d Documents, kind, id string) (value T, document []byte, err error) {
	document, err = d.Plan(ctx, kind, id)
	if errors.Is(err, fault.ErrNotFound) {
		list := "eksposure remediate status"
		if kind == fleetKind {
			list = "eksposure remediate fleet show"
		}
		return value, nil, fmt.Errorf("no %s %q; `%s` lists them: %w", kind, id, list, fault.ErrNotFound)
	}
	if err != nil {
		return value, nil, err
	}
	if err := json.Unmarshal(document, &value); err != nil {
		return value, nil, fmt.Errorf("%s %q cannot be read: %w", kind, id, err)
	}
	return value, document, nil
}

// readAll gives what a query chooses.
func readAll[T any](ctx context.Context, d Documents, q plan.Query) ([]T, error) {
	documents, err := d.Plans(ctx, q)
	if err != nil {
		return nil, err
	}
	list := make([]T, len(documents))
	for i, document := range documents {
		if err := json.Unmarshal(document, &list[i]); err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", q.Kind, err)
		}
	}
	return list, nil
}

// add writes a new document.
func add[T any, P recorded[T]](ctx context.Context, d Documents, value P) error {
	r, err := recordOf(value)
	if err != nil {
		return err
	}
	return d.AddPlan(ctx, r)
}

// recorded is what is kept as a record.
type recorded[T any] interface {
	*T
	// record is the record without its document.
	record() plan.Record
}

func (r *Run) record() plan.Record {
	return plan.Record{Kind: kind, ID: r.Plan.ID, State: r.State, Cluster: r.Plan.Cluster}
}

func (f *Fleet) record() plan.Record { return plan.Record{Kind: fleetKind, ID: f.ID, State: f.State} }

func recordOf[T any, P recorded[T]](value P) (plan.Record, error) {
	r := value.record()
	var err error
	if r.Document, err = json.Marshal(value); err != nil {
		return r, fmt.Errorf("%s %q: %w", r.Kind, r.ID, err)
	}
	return r, nil
}

// audited is an action in the audit log: what was there before it and what is there after
// it. Settings have no secrets.
type audited struct {
	Kind   plan.Kind             `json:"kind"`
	Target inventory.ResourceRef `json:"target"`
	Title  string                `json:"title"`
	Before plan.Setting          `json:"before"`
	After  plan.Setting          `json:"after"`
	// Update is the ID of EKS's update, once there is one.
	Update string `json:"update,omitempty"`
}

func (s *Service) audit(ctx context.Context, by access.Principal, operation string, r Run, before plan.State, steps ...Step) error {
	what := map[string]any{"cluster": r.Plan.Cluster.String(), "before": before, "after": r.State, "hash": r.Hash, "problem": r.Problem}
	var actions []audited
	for _, st := range steps {
		a := r.Do(st)
		actions = append(actions, audited{a.Kind, a.Target, a.Title, a.From, a.To, st.Update})
	}
	if len(actions) > 0 {
		what["actions"] = actions
	}
	return s.enter(ctx, by, operation, r.Plan.ID, what)
}

// enter makes an entry in the audit log.
func (s *Service) enter(ctx context.Context, by access.Principal, operation, target string, what map[string]any) error {
	details, err := json.Marshal(what)
	if err != nil {
		return err
	}
	action := access.Approve
	if operation == "plan" || operation == "plan fleet" {
		action = access.Operate
	}
	return s.cfg.Log.Audit(ctx, access.Entry{
		At: s.now(), Principal: by.ID, Name: by.Name, Operation: "remediate " + operation, Action: action, Target: target,
		Outcome: access.OutcomeDone, Details: details,
	})
}

// save changes the run as it is in the database, unless somebody paused or ended it
// meanwhile: then that stands. The audit log has what began, what holds and what
// state follows, and not each look.
func (s *Service) save(ctx context.Context, r Run, operation string, f func(*Run)) (Run, error) {
	return s.change(ctx, r.Plan.ID, itself, operation, func(now *Run) error {
		if now.State != r.State {
			return fmt.Errorf("plan %q became %s meanwhile: %w", r.Plan.ID, now.State, fault.ErrConflict)
		}
		f(now)
		return nil
	})
}

// note writes down the update that EKS works on, whatever became of the run
// meanwhile: what was begun has to be known.
func (s *Service) note(ctx context.Context, r Run, st *Step, update string) (Run, error) {
	return s.change(context.WithoutCancel(ctx), r.Plan.ID, itself, look, func(now *Run) error {
		now.same(st).Update = update
		now.Problem, now.Look = "", s.later(*st)
		return nil
	})
}

// fail ends the work. What was done stays, and can be taken back.
func (s *Service) fail(ctx context.Context, r Run, problem string) (Run, error) {
	return s.save(ctx, r, "fail", func(now *Run) {
		now.State, now.Problem, now.Look = plan.Stopped, problem, time.Time{}
	})
}

// wait says what is waited for, and when to look again.
func (s *Service) wait(ctx context.Context, r Run, st Step, what string) (Run, error) {
	return s.save(ctx, r, look, func(now *Run) { now.Problem, now.Look = what, s.later(st) })
}
