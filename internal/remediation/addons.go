package remediation

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// optionAddon is the option of the image topics that updates EKS add-ons.
const optionAddon = "add-on"

const noteAddon = "EKS replaces the add-on's pods as its own manifests say, and keeps settings of yours (PRESERVE). An update that EKS gives up leaves the add-on in the state UPDATE_FAILED; " +
	"revert asks for the version of before."

// addons drafts a plan that updates the EKS add-ons whose images contribute. What their
// versions ship is read, and put into the snapshot, so that what follows knows it.
func (s *Service) addons(ctx context.Context, f *exposure.Finding, now *inventory.Snapshot, q Request) (proposal, error) {
	for _, g := range now.GapsOf(inventory.SectionAddons) {
		return proposal{}, fmt.Errorf("add-ons of cluster %q could not be read: %s: %w", now.Cluster.Ref, g.Detail, fault.ErrUnavailable)
	}
	d := proposal{notes: []string{noteAddon}}
	shipped := map[string][]exposure.Evidence{}
	own := 0
	evidence := s.contributing(f, now, q.Trait)
	for _, e := range evidence {
		if e.Image.Addon == "" {
			own++
			continue
		}
		shipped[e.Image.Addon] = append(shipped[e.Image.Addon], e)
	}
	if own > 0 {
		d.notes = append(d.notes, fmt.Sprintf("%d images that no EKS add-on ships are not in this plan; the option newest-tag looks for newer ones of them.", own))
	}
	releases, err := s.cfg.Addons.AddonReleases(ctx, now, now.Cluster.Version)
	if err != nil {
		return proposal{}, err
	}
	work := plan.AddonWork{Snapshot: now, System: q.Trait == traitSystem}
	var found []inventory.Image
	for _, on := range now.Addons {
		if len(shipped[on.Name]) == 0 {
			continue
		}
		v := plan.VulnerableAddon{Name: on.Name, Evidence: shipped[on.Name], Back: plan.Offered(releases, on.Name, on.Version, now.Cluster.Version)}
		delete(shipped, on.Name)
		for _, version := range plan.AddonCandidates(releases, on, now.Cluster.Version) {
			trial, images := s.trial(ctx, now, v.Evidence, on, version, q.Trait)
			if ctx.Err() != nil {
				return proposal{}, ctx.Err()
			}
			found, v.Trials = append(found, images...), append(v.Trials, trial)
			if trial.Settled() {
				break
			}
		}
		work.Addons = append(work.Addons, v)
	}
	for _, name := range slices.Sorted(maps.Keys(shipped)) { // not installed any more
		work.Addons = append(work.Addons, plan.VulnerableAddon{Name: name, Evidence: shipped[name]})
	}
	learn(now, found)
	var more []string
	d.actions, d.checks, more = plan.DraftAddons(work)
	d.notes = append(d.notes, more...)
	return d, nil
}

// trial reads the images of an add-on at another version, and gives those that do, too.
func (s *Service) trial(ctx context.Context, now *inventory.Snapshot, evidence []exposure.Evidence, on inventory.Addon, version, trait string) (t plan.AddonTrial, found []inventory.Image) {
	t.Version = version
	for _, e := range evidence {
		was := plan.ShippedImage{Reference: e.Image.Reference, Repository: e.Image.Repository, Digest: e.Image.Digest}
		i := plan.ImageTrial{Was: was}
		old, tag := now.Image(was.Digest), plan.TagOf(was.Reference)
		next, ok := plan.AddonTag(tag, on.Version, version)
		if old == nil || !ok {
			i.Apart, i.Unread = true, was.Reference+" has a tag that does not tell which one another version of the add-on has"
			t.Images = append(t.Images, i)
			continue
		}
		is, err := s.candidate(ctx, now, old, next)
		i.Is = plan.ShippedImage{Reference: was.Repository + ":" + next, Repository: was.Repository, Digest: is.Digest}
		switch {
		case err != nil:
			i.Unread = fmt.Sprintf("%s could not be read (%s)", i.Is.Reference, fault.Message(err))
		case is.Digest == was.Digest:
			i.Lack = "it is the same image"
		default:
			i.Lack = s.lacks(old, &is, trait)
		}
		if i.Lack == "" && i.Unread == "" {
			is.Addon = on.Name
			found = append(found, is)
		}
		t.Images = append(t.Images, i)
	}
	return t, found
}

// addonChecks are the checks of a plan that updates add-ons for the sake of their images, as
// they come out now, before some of its actions.
func (s *Service) addonChecks(ctx context.Context, r *Run, actions []plan.Action) ([]plan.Check, error) {
	now, err := s.look(ctx, r.Plan.Cluster)
	if err != nil {
		return nil, err
	}
	var read plan.Reading[plan.AddonRelease]
	if read.Items, err = s.cfg.Addons.AddonReleases(ctx, now, now.Cluster.Version); err != nil {
		read.Unread = fault.Message(err)
	}
	check, unread := plan.ImagesRead(r.Plan.Trait == traitSystem), []string(nil)
	for _, a := range actions {
		for i, to := range a.To.Addon.Images {
			verdict, why := s.ships(ctx, now, a.From.Addon.Images[i], to, r.Plan.Trait)
			switch verdict {
			case plan.Failed:
				check.Verdict, check.Detail = verdict, why
			case plan.Unknown:
				unread = append(unread, a.Target.Name+" "+a.To.Addon.Version+": "+why)
			case plan.Passed:
			}
		}
	}
	if len(unread) > 0 && check.Verdict == plan.Passed {
		check = plan.AddonImagesUnread(unread)
	}
	return []plan.Check{plan.AddonsCheck(now, actions, read), check}, ctx.Err()
}

// ships looks whether an image may stand in for the old one still, and whether the tag names
// it still.
func (s *Service) ships(ctx context.Context, now *inventory.Snapshot, from, to plan.ShippedImage, trait string) (plan.Verdict, string) {
	verdict, why := s.stillMends(ctx, now, container(from), container(to), trait)
	if verdict != plan.Passed {
		return verdict, why
	}
	digest, err := s.cfg.Registries.Digest(ctx, to.Repository, plan.TagOf(to.Reference), nil)
	switch {
	case err != nil:
		return plan.Unknown, fmt.Sprintf("%s could not be read (%s)", to.Reference, fault.Message(err))
	case digest != to.Digest:
		return plan.Failed, to.Reference + " names another image than when the plan was drafted"
	}
	return plan.Passed, ""
}

// container gives an image the shape of a workload's.
func container(i plan.ShippedImage) plan.ContainerImage {
	return plan.ContainerImage{Reference: i.Reference, Repository: i.Repository, Digest: i.Digest}
}

// lingers says which of the images that a plan's add-ons shipped before count still, as
// pods of the new version take their time.
func (r *Run) lingers(f *exposure.Finding) []string {
	if f == nil || !f.Open() {
		return nil
	}
	state := f.Trait(r.Plan.Trait)
	if state == nil {
		return nil
	}
	var list []string
	for _, e := range state.Evidence {
		if e.Standing != exposure.Contributing || e.Image == nil {
			continue
		}
		old := func(a plan.Action) bool {
			return a.Kind == plan.AddonVersion && slices.ContainsFunc(a.From.Addon.Images, func(i plan.ShippedImage) bool { return i.Digest == e.Image.Digest })
		}
		if slices.ContainsFunc(r.Plan.Actions, old) {
			list = append(list, e.Summary)
		}
	}
	return list
}
