// Package endoflifeoperatingsystem is the trait of a cluster that runs a
// container image whose operating system release gets no fixes any more.
//
// The release comes from the image's /etc/os-release, its end from the
// vulnerability database. A release whose end the database does not know is
// unknown; a rolling release has no end, and an image without an operating
// system has none to judge.
package endoflifeoperatingsystem

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/image"
	"github.com/eksposure/eksposure/internal/vuln"
)

//go:embed trait.md
var text string

const (
	id              = "end-of-life-operating-system"
	variantPast     = "end-of-life"
	variantNotKnown = "end-of-life-not-known"
	day             = 24 * time.Hour
)

// Trait gives the trait.
func Trait() exposure.Trait {
	return exposure.Trait{
		ID:     id,
		Type:   exposure.Vulnerability,
		Title:  "The Amazon EKS cluster has a container with an End-Of-Life operating system",
		Short:  "End-of-life operating system",
		Phrase: "has a container with an End-Of-Life operating system",
		Needs:  []inventory.Section{inventory.SectionWorkloads, inventory.SectionImages},
		Detect: detect,
		Effort: exposure.EffortDays,
		Options: []exposure.Option{
			{ID: "new-base", Title: "Move the image to a supported release", Remedy: image.NewBase(), When: []string{variantPast}},
			{ID: "newest-tag", Title: "Run the newest tag whose operating system is supported", Remedy: image.Rollout(), When: []string{variantPast}},
			{ID: "add-on", Title: "Update the EKS add-on that ships the image", Remedy: image.AddonUpdate(), When: []string{image.AddonVariant(variantPast)}},
			{ID: "no-os", Title: "Use a base image without an operating system", Remedy: image.NewBase(), When: []string{variantPast}},
		},
		Text: text,
	}
}

func detect(s *inventory.Snapshot, _ exposure.Policy) []exposure.Evidence {
	today := s.CollectedAt.UTC().Truncate(day)
	var found []exposure.Evidence
	uses := image.Uses(s)
	for i := range uses {
		u := &uses[i]
		end, why := endOf(s, u)
		switch {
		case why != "" && u.Running > 0:
			e := image.Unknown(u, why)
			if u.Image != nil && u.Unread == "" {
				e.Variant = variantNotKnown
			}
			found = append(found, e)
		case why != "", end.IsZero(), !today.After(end):
		default:
			found = append(found, evidence(u, end, today))
		}
	}
	slices.SortStableFunc(found, image.Compare)
	return found
}

// endOf gives the last day with fixes; zero when there is none to come or no
// operating system. When that cannot be told it says why.
func endOf(s *inventory.Snapshot, u *image.Use) (end time.Time, why string) {
	if u.Unread != "" {
		return time.Time{}, u.Unread
	}
	os := u.Image.OS
	if unmatched := unmatched(s, u); unmatched != "" && os.EndOfLife.IsZero() && !image.Rolling(os) {
		return time.Time{}, "the end of life of " + name(os) + " is not known: " + unmatched
	}
	return image.EndOfLife(u.Image)
}

// unmatched says why the vulnerability database was not asked; empty when it was.
func unmatched(s *inventory.Snapshot, u *image.Use) string {
	if g := s.Gap(inventory.SectionMatches); g != nil {
		return g.Detail
	}
	return u.Unmatched(s)
}

func name(os vuln.OS) string {
	if os.IsZero() {
		return "its operating system"
	}
	return os.String()
}

func evidence(u *image.Use, end, today time.Time) exposure.Evidence {
	standing, variant := exposure.Contributing, variantPast
	switch {
	case u.Running == 0:
		standing, variant = exposure.Contextual, image.VariantNotRunning
	case u.Addon() != "":
		variant = image.AddonVariant(variant)
	}
	e := u.Evidence(standing, variant)
	over := int(today.Sub(end) / day)
	e.Facts = []exposure.Fact{
		{Name: "operating system", Value: u.Image.OS.String()},
		{Name: "end of life", Value: end.Format(time.DateOnly), Limit: "fires before " + today.Format(time.DateOnly)},
		{Name: "days past the end", Value: strconv.Itoa(over)},
	}
	e.Summary = fmt.Sprintf("%s%s in %s: %s reached its end of life on %s, %d days before this scan",
		u.Name(), u.Mark(), u.Where(), u.Image.OS, end.Format(time.DateOnly), over)
	return e
}
