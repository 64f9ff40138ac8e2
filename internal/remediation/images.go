package remediation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/trait/image"
	"github.com/eksposure/eksposure/internal/vuln"
)

// optionNewestTag is the option of the image topics that can be applied.
const optionNewestTag = "newest-tag"

// maxImages bounds the images that one plan looks for successors of, the worst first:
// each costs up to half a dozen images to be read.
const maxImages = 20

const noteRollout = "What runs is replaced pod by pod. A rollout that fails, or gets no further for ten minutes, is undone: the workload gets the image back that it had. " +
	"What Helm, Kustomize or a GitOps controller manages has to be changed there, too."

// lastingYears is for how long the operating system of a new image shall get fixes, if
// there is such an image.
const lastingYears = 1

func ofImages(trait string) bool {
	return trait == traitHigh || trait == traitLow || trait == traitSystem
}

// images drafts a plan that gives workloads the newest tag of the same line that has
// what the topic asks for: the fix, or an operating system that is supported. The new images are put into the snapshot, so that what follows knows them.
func (s *Service) images(ctx context.Context, f *exposure.Finding, now *inventory.Snapshot, q Request) (proposal, error) {
	work := plan.ImageWork{Snapshot: now, System: q.Trait == traitSystem, Rollouts: map[inventory.WorkloadRef]plan.Rollout{}}
	var notes []string
	evidence := s.contributing(f, now, q.Trait)
	if len(evidence) > maxImages {
		notes = append(notes, fmt.Sprintf("%d more images are not in this plan; draft another when it is done.", len(evidence)-maxImages))
		evidence = evidence[:maxImages]
	}
	var found []inventory.Image
	for _, e := range evidence {
		next, to, err := s.successor(ctx, now, e, q.Trait)
		if err != nil {
			return proposal{}, err
		}
		work.Images = append(work.Images, plan.Vulnerable{Evidence: e, Successor: to})
		if to.Tag == "" {
			continue
		}
		found = append(found, next)
		if err := s.rollouts(ctx, now, e, work.Rollouts); err != nil {
			return proposal{}, err
		}
	}
	learn(now, found)
	d := proposal{notes: append([]string{noteRollout}, notes...)}
	var more []string
	d.actions, d.checks, more = plan.DraftImages(work)
	d.notes = append(d.notes, more...)
	return d, nil
}

// learn puts images into a snapshot that does not have them.
func learn(now *inventory.Snapshot, found []inventory.Image) {
	for _, next := range found {
		if now.Image(next.Digest) == nil {
			now.Images = append(now.Images, next)
			now.Normalize()
		}
	}
}

// contributing is the evidence of images as the snapshot shows it.
func (s *Service) contributing(f *exposure.Finding, now *inventory.Snapshot, trait string) []exposure.Evidence {
	return slices.DeleteFunc(s.evidence(f, now, trait), func(e exposure.Evidence) bool { return e.Image == nil })
}

// rollouts looks at the workloads that run an image. One that is gone, or cannot be
// looked at, is left out.
func (s *Service) rollouts(ctx context.Context, now *inventory.Snapshot, e exposure.Evidence, into map[inventory.WorkloadRef]plan.Rollout) error {
	for _, ref := range e.Workloads {
		if _, known := into[ref]; known || !slices.Contains(plan.CanRoll(), ref.Kind) {
			continue
		}
		r, err := s.cfg.Workloads.Rollout(ctx, now, ref)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fault.ErrNotFound):
			continue
		case err != nil:
			return err
		}
		into[ref] = r
	}
	return nil
}

// successor looks for the image that may stand in for another: it reads the candidates
// one after the other, until one has what the topic asks for. Where that is an operating
// system that is supported for less than lastingYears, it looks for a better one.
func (s *Service) successor(ctx context.Context, now *inventory.Snapshot, e exposure.Evidence, trait string) (inventory.Image, plan.Successor, error) {
	old, tag := now.Image(e.Image.Digest), plan.TagOf(e.Image.Reference)
	if e.Image.Addon != "" || old == nil {
		return inventory.Image{}, plan.Successor{}, nil
	}
	tags, err := s.cfg.Registries.Tags(ctx, e.Image.Repository)
	if ctx.Err() != nil {
		return inventory.Image{}, plan.Successor{}, ctx.Err()
	}
	if err != nil {
		return inventory.Image{}, plan.Successor{Why: "its tags could not be read (" + fault.Message(err) + ")"}, nil
	}
	candidates := plan.Candidates(tag, tags)
	if trait == traitSystem {
		candidates = plan.ReleaseCandidates(e.Image.Repository, tag, tags)
	}
	var best inventory.Image
	var to plan.Successor
	var without, unread []string
	for _, candidate := range candidates {
		next, err := s.candidate(ctx, now, old, candidate)
		switch {
		case ctx.Err() != nil:
			return inventory.Image{}, plan.Successor{}, ctx.Err()
		case errors.Is(err, fault.ErrNotFound):
			continue
		case err != nil:
			unread = append(unread, candidate+" ("+fault.Message(err)+")")
			continue
		case next.Digest == old.Digest:
			continue
		}
		if lack := s.lacks(old, &next, trait); lack != "" {
			without = append(without, candidate+" ("+lack+")")
			continue
		}
		if to.Tag == "" || outlasts(&next, &best) {
			best, to = next, plan.Successor{Tag: candidate, Digest: next.Digest}
		}
		if trait != traitSystem || s.lasting(&best) {
			break
		}
	}
	switch {
	case to.Tag == "":
		to.Why = noSuccessor(tag, trait, without, unread)
	case trait == traitSystem:
		to.System = system(&best)
	}
	return best, to, nil
}

func noSuccessor(tag, trait string, without, unread []string) string {
	text := "there is no other tag of its line"
	switch {
	case tag == "" || tag == "latest":
		text = "without a tag that names a version it has no line of tags to take a newer one of"
	case len(without) > 0 && trait == traitSystem:
		text = "no tag of its line has a supported operating system (read and matched: " + strings.Join(without, ", ") + ")"
	case len(without) > 0:
		text = "no tag of its line has the fix (read and matched: " + strings.Join(without, ", ") + ")"
	case len(unread) > 0:
		text = "no tag of its line could be read"
	}
	if len(unread) > 0 {
		text += "; not read: " + strings.Join(unread, ", ")
	}
	return text
}

// candidate reads what a tag names, for all platforms of the nodes when the old image is
// for several, too.
func (s *Service) candidate(ctx context.Context, now *inventory.Snapshot, old *inventory.Image, tag string) (inventory.Image, error) {
	platform := shortPlatform(old.Platform)
	platforms := []string{platform}
	if old.ManifestDigest != "" {
		for _, n := range now.Nodes {
			if p := n.OS + "/" + n.Architecture; n.OS != "" && !slices.Contains(platforms, p) {
				platforms = append(platforms, p)
			}
		}
	}
	digest, err := s.cfg.Registries.Digest(ctx, old.Repository, tag, platforms)
	if err != nil || digest == old.Digest {
		return inventory.Image{Digest: digest}, err
	}
	return s.cfg.Registries.Image(ctx, old.Repository, digest, platform)
}

// shortPlatform is OS/ARCH of OS/ARCH/VARIANT.
func shortPlatform(p string) string {
	parts := strings.SplitN(p, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// lacks says why an image may not stand in for another; empty when it may. For
// vulnerabilities at least one of the topic's is gone, and none is left for which a fix is
// known; an operating system is supported today. None of high priority is new.
func (s *Service) lacks(old, next *inventory.Image, trait string) string {
	if trait == traitSystem {
		end, why := image.EndOfLife(next)
		if why != "" {
			return why
		}
		if !end.IsZero() && !s.now().Before(end.AddDate(0, 0, 1)) {
			return fmt.Sprintf("%s got its last fixes on %s", next.OS, end.Format(time.DateOnly))
		}
		return s.worse(old, next)
	}
	gone := false
	for i := range old.Matches {
		m := &old.Matches[i]
		if (trait == traitHigh) != image.HighPriority(m, s.cfg.Policy) {
			continue
		}
		left := has(next, m.CVE())
		if left && len(m.FixedIn) > 0 {
			return m.CVE() + " is left, which has a fix"
		}
		gone = gone || !left
	}
	if !gone {
		return "none of its vulnerabilities is gone"
	}
	return s.worse(old, next)
}

// worse names a vulnerability of high priority that an image has and another has not;
// empty when there is none.
func (s *Service) worse(old, next *inventory.Image) string {
	for i := range next.Matches {
		if m := &next.Matches[i]; image.HighPriority(m, s.cfg.Policy) && !has(old, m.CVE()) {
			return m.CVE() + " is new in it, and of high priority"
		}
	}
	return ""
}

func has(im *inventory.Image, cve string) bool {
	return slices.ContainsFunc(im.Matches, func(m vuln.Match) bool { return m.CVE() == cve })
}

// lasting reports whether the operating system of an image that may stand in for another
// gets fixes for lastingYears.
func (s *Service) lasting(im *inventory.Image) bool {
	end, _ := image.EndOfLife(im)
	return end.IsZero() || end.After(s.now().AddDate(lastingYears, 0, 0))
}

// outlasts reports whether the operating system of an image gets fixes longer than that
// of another.
func outlasts(im, other *inventory.Image) bool {
	end, _ := image.EndOfLife(im)
	before, _ := image.EndOfLife(other)
	return !before.IsZero() && (end.IsZero() || end.After(before))
}

// system writes the operating system of an image that may stand in for another, and until
// when it gets fixes.
func system(im *inventory.Image) string {
	end, _ := image.EndOfLife(im)
	switch {
	case im.OS.IsZero():
		return "no operating system"
	case end.IsZero():
		return im.OS.String() + ", which has no releases that end"
	}
	return im.OS.String() + ", with fixes until " + end.Format(time.DateOnly)
}
