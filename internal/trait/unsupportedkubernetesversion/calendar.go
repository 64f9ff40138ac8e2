package unsupportedkubernetesversion

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// state is the support that a version gets.
type state int

const (
	notKnown state = iota
	standard
	extended
	past
)

func (s state) String() string {
	switch s {
	case standard:
		return "standard support"
	case extended:
		return "extended support"
	case past:
		return "unsupported"
	case notKnown:
	}
	return "unknown"
}

// answer is a version's support with the calendar's row, or why there is none.
type answer struct {
	state state
	row   inventory.VersionSupport
	why   string
}

// entry is one row of the calendar with its version as numbers.
type entry struct {
	version inventory.KubernetesVersion
	row     inventory.VersionSupport
}

// calendar is the snapshot's support calendar, oldest version first.
type calendar struct {
	entries []entry
	source  string
	builtIn bool
	today   time.Time // midnight UTC
}

const day = 24 * time.Hour

func newCalendar(s *inventory.Snapshot) calendar {
	c := calendar{
		entries: make([]entry, 0, len(s.Calendar.Versions)),
		source:  cmp.Or(s.Calendar.Source, "calendar of unknown source"),
		builtIn: s.Calendar.BuiltIn,
		today:   s.CollectedAt.UTC().Truncate(day),
	}
	for _, row := range s.Calendar.Versions {
		v, err := inventory.ParseKubernetesVersion(row.Version)
		if err != nil {
			continue // a row of no version says nothing about one
		}
		c.entries = append(c.entries, entry{v, row})
	}
	slices.SortFunc(c.entries, func(a, b entry) int { return a.version.Compare(b.version) })
	return c
}

// support finds a version's state. Older than every version known is past;
// newer is unknown, because support ends in the order of versions.
func (c calendar) support(v inventory.KubernetesVersion) answer {
	if len(c.entries) == 0 {
		return answer{why: "the support calendar has no version"}
	}
	i, found := slices.BinarySearchFunc(c.entries, v, func(e entry, v inventory.KubernetesVersion) int { return e.version.Compare(v) })
	if found {
		return c.judge(c.entries[i].row)
	}
	switch i {
	case 0:
		return answer{state: past, row: inventory.VersionSupport{Version: v.String()}}
	case len(c.entries):
		return answer{why: "newer than any version in the support calendar, whose newest is " + c.entries[i-1].version.String()}
	}
	return answer{why: "not in the support calendar"}
}

// judge reads AWS's own word for the state, or else the dates.
func (c calendar) judge(row inventory.VersionSupport) answer {
	a := answer{row: row}
	switch {
	case row.Status == "STANDARD_SUPPORT":
		a.state = standard
	case row.Status == "EXTENDED_SUPPORT":
		a.state = extended
	case row.Status == "UNSUPPORTED":
		a.state = past
	case row.Status != "":
		a.why = fmt.Sprintf("its support status %q is not one that is known", row.Status)
	case row.EndOfStandard.IsZero():
		a.why = "the support calendar has neither a status nor dates for it"
	case c.today.Before(utcDay(row.EndOfStandard)):
		a.state = standard
	case row.EndOfExtended.IsZero():
		a.why = "the support calendar does not say when its extended support ends"
	case c.today.Before(utcDay(row.EndOfExtended)):
		a.state = extended
	default:
		a.state = past
	}
	return a
}

// daysTo counts whole days in UTC from the snapshot to a date.
func (c calendar) daysTo(t time.Time) (days int, known bool) {
	if t.IsZero() {
		return 0, false
	}
	return int(utcDay(t).Sub(c.today) / day), true
}

// oldestStandard names the oldest version in standard support.
func (c calendar) oldestStandard() string {
	for _, e := range c.entries {
		if c.judge(e.row).state == standard {
			return e.version.String()
		}
	}
	return "a version in standard support"
}

// path lists the versions from one to the newest in standard support: a control
// plane goes one minor version at a time.
func (c calendar) path(from inventory.KubernetesVersion) []string {
	newest := from
	for _, e := range c.entries {
		if e.version.Major == from.Major && c.judge(e.row).state == standard {
			newest = e.version // entries are in order
		}
	}
	steps := []string{from.String()}
	for v := from; v.Minor < newest.Minor; {
		v.Minor++
		steps = append(steps, v.String())
	}
	return steps
}

// note names a calendar that is not EKS's own.
func (c calendar) note() string {
	if !c.builtIn {
		return ""
	}
	return " (by the " + c.source + ")"
}

func utcDay(t time.Time) time.Time { return t.UTC().Truncate(day) }

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// left says until when, with the days left.
func left(end, today time.Time) string {
	if end.IsZero() {
		return ""
	}
	return fmt.Sprintf(" until %s, %d days left", date(end), int(utcDay(end).Sub(today)/day))
}

// ended says since when, with the days gone.
func ended(end, today time.Time) string {
	if end.IsZero() {
		return ""
	}
	return fmt.Sprintf(", which was on %s, %d days ago", date(end), int(today.Sub(utcDay(end))/day))
}
