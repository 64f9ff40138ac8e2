package remediation

import (
	"context"
	"errors"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// sure is how long something has to be wrong before a change of an endpoint is taken back:
// a scan may meet a hiccup.
const sure = 15 * time.Second

// sight tells what the last scan knew of a cluster whose endpoint a plan changes; nil for
// other plans.
func (s *Service) sight(ctx context.Context, id string) (*plan.Sight, error) {
	r, err := s.Run(ctx, id)
	if err != nil || !r.Plan.Changes(plan.EndpointAccess) {
		return nil, err
	}
	last, err := s.cfg.Known.Snapshot(ctx, r.Plan.Cluster)
	if errors.Is(err, fault.ErrNotFound) {
		return &plan.Sight{}, nil
	}
	if err != nil {
		return nil, err
	}
	return new(plan.SightOf(last)), nil
}

// watched is when a cluster whose endpoint was changed is to be looked at; the zero time
// for other plans, and for one that is taken back.
func (s *Service) watched(r *Run) time.Time {
	switch {
	case r.Before == nil || r.State != plan.Verifying:
		return time.Time{}
	case !r.Alarm.IsZero():
		return r.Alarm.Add(sure)
	}
	return r.settled().Add(s.cfg.Watch)
}

// harm says what a change of the endpoint did to the cluster that it should not have.
func (r *Run) harm(o *exposure.Outcome) string {
	if r.Before == nil || r.State != plan.Verifying || o.Snapshot == nil {
		return ""
	}
	return r.Plan.Harm(*r.Before, o.Snapshot)
}

// alarm writes down that something is wrong, and when it still is at a later look, takes
// back what was done.
func (s *Service) alarm(ctx context.Context, r Run, harm string) (Run, error) {
	if r.Alarm.IsZero() {
		return s.save(ctx, r, "alarm", func(now *Run) {
			now.Alarm, now.Problem, now.Look = s.now(), harm+"; it is looked at once more", s.now().Add(sure)
		})
	}
	back, err := r.inverses(s.now())
	if err != nil {
		return s.fail(ctx, r, harm+"; "+fault.Message(err))
	}
	return s.undo(ctx, r, back, harm)
}
