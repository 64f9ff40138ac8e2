package plan

import (
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// lastingDays is how much longer the standard support of a version shall last that an
// upgrade goes to when none is named: its nodes and add-ons take weeks, and the next upgrade
// takes them again.
const lastingDays = 90

// destination checks a version against the calendar, or chooses one in standard support:
// the oldest that lasts, or where none does the one that lasts longest.
func destination(s *inventory.Snapshot, to string, at time.Time) (inventory.KubernetesVersion, error) {
	if to == "" {
		if best := lasting(s, at); best != nil {
			return inventory.ParseKubernetesVersion(best.Version)
		}
		return inventory.KubernetesVersion{}, fmt.Errorf("no version in standard support is known (%s); name one: %w", s.Calendar.Source, fault.ErrUnavailable)
	}
	v, err := inventory.ParseKubernetesVersion(to)
	if err != nil || support(s, to) == nil {
		return v, fmt.Errorf("version %q: EKS does not offer it (%s); `aws eks describe-cluster-versions` lists those it does: %w", to, s.Calendar.Source, fault.ErrInvalid)
	}
	return v, nil
}

// support is a version's row of the calendar; nil when it has none.
func support(s *inventory.Snapshot, version string) *inventory.VersionSupport {
	for i, row := range s.Calendar.Versions {
		if row.Version == version {
			return &s.Calendar.Versions[i]
		}
	}
	return nil
}

// lasting is the oldest version whose standard support lasts, or else the one whose lasts
// longest. One without a date lasts.
func lasting(s *inventory.Snapshot, at time.Time) *inventory.VersionSupport {
	var best *inventory.VersionSupport
	var version inventory.KubernetesVersion
	for i, row := range s.Calendar.Versions {
		v, err := inventory.ParseKubernetesVersion(row.Version)
		if err != nil || row.Status != statusStandard {
			continue
		}
		better := best == nil
		switch {
		case better:
		case lasts(row, at) && lasts(*best, at):
			better = v.Compare(version) < 0
		case !lasts(row, at) && !lasts(*best, at):
			better = row.EndOfStandard.After(best.EndOfStandard)
		default:
			better = lasts(row, at)
		}
		if better {
			best, version = &s.Calendar.Versions[i], v
		}
	}
	return best
}

func lasts(row inventory.VersionSupport, at time.Time) bool {
	return row.EndOfStandard.IsZero() || daysTo(row.EndOfStandard, at) >= lastingDays
}

// daysTo counts the days to a date, from the day of a time on.
func daysTo(date, at time.Time) int {
	return int(date.Sub(at.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
}

// Lasts says until when the version that an upgrade goes to is supported, and which one is
// for longer where that is not for long.
func Lasts(s *inventory.Snapshot, version string, at time.Time) []string {
	row := support(s, version)
	if row == nil {
		return nil
	}
	var notes []string
	date := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	standard := row.Status == statusStandard
	switch {
	case row.Status == statusUnsupported:
		notes = append(notes, fmt.Sprintf("Support of Kubernetes %s has ended.", version))
	case row.EndOfExtended.IsZero():
	case standard && !row.EndOfStandard.IsZero():
		notes = append(notes, fmt.Sprintf("Kubernetes %s is in standard support until %s, and in extended support until %s.", version, date(row.EndOfStandard), date(row.EndOfExtended)))
	case !standard:
		notes = append(notes, fmt.Sprintf("Kubernetes %s is in extended support, until %s.", version, date(row.EndOfExtended)))
	}
	best := lasting(s, at)
	if standard && lasts(*row, at) || best == nil || best.Version == version || best.EndOfStandard.IsZero() {
		return notes
	}
	longer := fmt.Sprintf("Kubernetes %s is in standard support until %s (--to %s).", best.Version, date(best.EndOfStandard), best.Version)
	if !standard {
		return append(notes, longer)
	}
	return append(notes, fmt.Sprintf("Standard support of Kubernetes %s ends in %d days.", version, daysTo(row.EndOfStandard, at)), longer)
}
