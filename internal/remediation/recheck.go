package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// recheck asks the plan's checks again before an action is asked for, and reports
// whether it may be. One that does not hold any more ends the work; one of which it is
// not known any more is waited for, as EKS makes its insights anew and what cannot be
// read may be readable again, for as long as patience lasts.
func (s *Service) recheck(ctx context.Context, r Run, st *Step) (now Run, may bool, err error) {
	checks, err := s.checks(ctx, &r, st)
	if err != nil {
		now, err = s.delay(ctx, r, *st, err)
		return now, false, err
	}
	broken, unsure := r.Plan.Moved(checks)
	title := r.Do(*st).Title
	switch {
	case len(broken) > 0:
		now, err = s.fail(ctx, r, fmt.Sprintf("%q was not begun, as since the approval a check fails: %s; mend that, and draft a new plan", title, plan.Told(broken)))
	case len(unsure) > 0 && !st.Moved.IsZero() && s.now().Sub(st.Moved) > patience:
		now, err = s.fail(ctx, r, fmt.Sprintf("%q was not begun, as a check that held at the approval has had no answer for %s: %s; draft a new plan, and accept it there", title, patience, plan.Told(unsure)))
	case len(unsure) > 0:
		now, err = s.hesitate(ctx, r, st, plan.Told(unsure))
	default:
		return r, true, nil
	}
	return now, false, err
}

// hesitate writes down which checks have no answer, and since when.
func (s *Service) hesitate(ctx context.Context, r Run, st *Step, why string) (Run, error) {
	return s.save(ctx, r, look, func(now *Run) {
		step := now.same(st)
		if step.Moved.IsZero() {
			step.Moved = s.now()
		}
		step.Seen = why
		now.Problem, now.Look = "a check that held at the approval has no answer now: "+why, s.later(Step{Begun: step.Moved})
	})
}

// checks are those of the plan that can be asked before an action, as they come out now.
func (s *Service) checks(ctx context.Context, r *Run, st *Step) ([]plan.Check, error) {
	action, first := r.Plan.Actions[st.Action], len(r.begun()) == 0
	switch action.Kind {
	case plan.UpgradePolicy, plan.KeyCreation, plan.SecretsRewrite, plan.SourceRanges:
		return nil, nil // they come with a key, or have none that anything but the plan decides
	case plan.AddonVersion, plan.WorkloadImage:
		actions := r.Plan.Actions[st.Action : st.Action+1]
		if first {
			actions = r.Plan.Actions
		}
		switch {
		case action.Kind == plan.WorkloadImage:
			return s.imageChecks(ctx, r, actions)
		case r.Plan.Option == optionAddon:
			return s.addonChecks(ctx, r, actions)
		}
		return nil, nil // it comes with a version
	case plan.SecretsEncryption:
		if r.keyARN() != "" {
			return nil, nil // the plan made it, and has looked at it
		}
		key, err := s.cfg.Clusters.Key(ctx, r.Plan.Cluster, action.To.Encryption.KeyARN)
		if err != nil {
			return []plan.Check{plan.NoKey(err)}, ctx.Err()
		}
		return []plan.Check{plan.KeyCheck(r.Plan.Cluster, key), plan.KeyPolicyCheck(r.Plan.Cluster, key)}, nil
	case plan.EndpointAccess, plan.Deletion, plan.ControlPlaneVersion, plan.NodeGroupVersion:
	}
	now, err := s.look(ctx, r.Plan.Cluster)
	if err != nil {
		return nil, err
	}
	switch action.Kind { //nolint:exhaustive // the others are above
	case plan.EndpointAccess:
		return r.Plan.EndpointChecks(now, s.cfg.Networks.Network(ctx, now)), nil
	case plan.Deletion:
		return r.Plan.DeletionChecks(now, !first), nil
	}
	if path := r.Plan.Ahead(st.Action); len(path) > 0 && (first || action.Kind == plan.ControlPlaneVersion) {
		_, checks := plan.DraftUpgrade(now, path, s.cfg.Clusters.Readiness(ctx, now, path))
		return checks, nil
	}
	_, checks, err := plan.DraftNodes(now, s.cfg.Clusters.Readiness(ctx, now, nil))
	if errors.Is(err, fault.ErrConflict) {
		return nil, nil // no node group is behind
	}
	return checks, err
}

// imageChecks reads and matches the new images of some actions again, and the old ones,
// by the vulnerability database as it is now.
func (s *Service) imageChecks(ctx context.Context, r *Run, actions []plan.Action) ([]plan.Check, error) {
	last, err := s.cfg.Known.Snapshot(ctx, r.Plan.Cluster)
	if err != nil {
		return nil, err
	}
	var seen []string
	check := plan.ImagesRead(r.Plan.Trait == traitSystem)
	for _, a := range actions {
		for i, to := range a.To.Images.Containers {
			from := a.From.Images.Containers[i]
			if slices.Contains(seen, from.Digest+to.Digest) {
				continue
			}
			seen = append(seen, from.Digest+to.Digest)
			verdict, why := s.stillMends(ctx, last, from, to, r.Plan.Trait)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if verdict == plan.Failed || verdict == plan.Unknown && check.Verdict == plan.Passed {
				check.Verdict, check.Detail = verdict, why
			}
		}
	}
	return []plan.Check{check}, nil
}

// stillMends looks whether an image may stand in for another still.
func (s *Service) stillMends(ctx context.Context, last *inventory.Snapshot, from, to plan.ContainerImage, trait string) (plan.Verdict, string) {
	old := last.Image(from.Digest)
	if old == nil {
		return plan.Unknown, fmt.Sprintf("the last scan does not know %s, which is to be replaced", from.Reference)
	}
	platform := shortPlatform(old.Platform)
	next, err := s.cfg.Registries.Image(ctx, to.Repository, to.Digest, platform)
	if errors.Is(err, fault.ErrNotFound) {
		return plan.Failed, fault.Message(err)
	}
	if err != nil {
		return plan.Unknown, fmt.Sprintf("%s could not be read and matched: %s", to.Reference, fault.Message(err))
	}
	if again, err := s.cfg.Registries.Image(ctx, from.Repository, from.Digest, platform); err == nil {
		old = &again
	}
	if lack := s.lacks(old, &next, trait); lack != "" {
		return plan.Failed, fmt.Sprintf("%s is no better than %s by the vulnerability database of now: %s", to.Reference, from.Reference, lack)
	}
	return plan.Passed, ""
}
