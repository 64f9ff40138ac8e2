package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Correlate joins the results of one snapshot with the finding recorded earlier
// (nil when there is none) into the cluster's one finding as it is now.
//
// The finding is nil when there is no contributing trait and never was one.
// When the last contributing trait is gone the finding is closed; when one comes
// back the same finding is opened again. An unknown trait keeps its earlier
// evidence, marked stale, so that a failed read neither resolves nor passes.
func Correlate(earlier *Finding, e Evaluation, s *inventory.Snapshot, traits []Trait) (*Finding, Change) {
	states := mergeTraits(earlier, e, traits)
	arithmetic := Score(states, ImpactUnknown)
	if arithmetic.Severity == Resolved && earlier == nil {
		return nil, Change{Kind: NoFinding}
	}
	if arithmetic.Severity == Resolved {
		return closeFinding(earlier, e.At, states)
	}
	f := assemble(e, s, traits, states, arithmetic)
	return f, carryOver(f, earlier, e.At)
}

// mergeTraits turns results into states and keeps what an unknown result cannot deny.
func mergeTraits(earlier *Finding, e Evaluation, traits []Trait) []TraitState {
	var states []TraitState
	for _, t := range traits {
		r := e.Result(t.ID)
		if r == nil {
			continue
		}
		var before *TraitState
		if earlier != nil {
			before = earlier.Trait(t.ID)
		}
		state := TraitState{ID: t.ID, Type: t.Type, Title: t.Title, Short: t.Short, Unknowns: r.Unknowns, FirstSeen: e.At, LastSeen: e.At}
		if before != nil && !before.FirstSeen.IsZero() && before.Standing != Unknown {
			state.FirstSeen = before.FirstSeen
		}
		switch r.Verdict {
		case Present:
			state.Standing = r.Standing
			state.Evidence = r.Evidence
		case VerdictUnknown:
			state.Standing, state.Evidence = Unknown, r.Evidence
			state.FirstSeen, state.LastSeen = time.Time{}, time.Time{}
			if before != nil && before.Standing != Unknown && earlier.Open() {
				state.Standing, state.Evidence, state.Stale = before.Standing, before.Evidence, true
				state.FirstSeen, state.LastSeen = before.FirstSeen, before.LastSeen
			}
		case Absent:
			continue
		}
		states = append(states, state)
	}
	return states
}

func closeFinding(earlier *Finding, at time.Time, states []TraitState) (*Finding, Change) {
	f := *earlier
	if !earlier.Open() {
		return &f, Change{Kind: Unchanged}
	}
	details := traitChanges(earlier.Traits, states)
	f.Activity, f.Status, f.Override = Close, StatusResolved, nil
	f.Traits = states
	f.Topics, f.FixSets, f.Unneeded = nil, nil, nil
	f.ClosedAt, f.ModifiedAt = at, at
	return &f, Change{Kind: Closed, Details: append(details, fmt.Sprintf("severity %s → resolved", earlier.Severity))}
}

func assemble(e Evaluation, s *inventory.Snapshot, traits []Trait, states []TraitState, a Arithmetic) *Finding {
	f := &Finding{
		Severity:   a.Severity,
		Arithmetic: a,
		Cluster:    clusterOf(s),
		Traits:     states,
		Gaps:       s.Gaps,
		LastSeen:   lastSeen(states),
	}
	f.ID, f.UID = Identity(e.Cluster)
	f.Title, f.Types = headline(states, traits)
	f.Unneeded = LooksUnneeded(s, e.Policy)
	f.Signals = signals(e.Cluster, states)
	f.Resources = resources(s, states)
	f.Path = attackPath(s, states)
	f.Topics = topics(f, traits)
	f.FixSets = fixSets(f)
	f.Description = describe(f)
	return f
}

// lastSeen is the newest time at which contributing evidence was really seen.
func lastSeen(states []TraitState) time.Time {
	var last time.Time
	for _, t := range states {
		if t.Standing == Contributing && t.LastSeen.After(last) {
			last = t.LastSeen
		}
	}
	return last
}

// carryOver gives the new finding the life of the earlier one.
func carryOver(f, earlier *Finding, at time.Time) Change {
	f.Activity, f.Status = Create, StatusNew
	f.FirstSeen, f.CreatedAt, f.ModifiedAt = at, at, at
	if earlier == nil {
		return Change{Kind: Created, Details: []string{fmt.Sprintf("severity %s", f.Severity)}}
	}
	f.FirstSeen, f.CreatedAt, f.Reopened = earlier.FirstSeen, earlier.CreatedAt, earlier.Reopened
	details := traitChanges(earlier.Traits, f.Traits)
	if !earlier.Open() {
		f.Activity = Update
		f.Reopened++
		return Change{Kind: Reopened, Details: append(details, fmt.Sprintf("reopened with severity %s", f.Severity))}
	}
	f.Status = earlier.Status
	details = append(details, carryOverride(f, earlier)...)
	if earlier.Severity != f.Severity {
		details = append(details, fmt.Sprintf("severity %s → %s", earlier.Severity, f.Severity))
	}
	if len(details) == 0 {
		f.Activity, f.ModifiedAt = earlier.Activity, earlier.ModifiedAt
		return Change{Kind: Unchanged}
	}
	f.Activity = Update
	return Change{Kind: Updated, Details: details}
}

// carryOverride keeps what was set on the earlier finding while its facts hold, and
// tells when it ends.
func carryOverride(f, earlier *Finding) []string {
	if earlier.Override == nil {
		return nil
	}
	if earlier.Override.InForce(f) {
		f.Override = earlier.Override
		return nil
	}
	return []string{"the facts changed: what " + earlier.Override.By + " set is no longer in force"}
}

// traitChanges lists what a person would call a change: a trait that came, went,
// changed its standing, or is about other things than before. Values that move
// every day (days left, pod counts) are not changes.
func traitChanges(before, after []TraitState) []string {
	var changes []string
	old := make(map[string]TraitState, len(before))
	for _, t := range before {
		old[t.ID] = t
	}
	for _, t := range after {
		o, had := old[t.ID]
		delete(old, t.ID)
		switch {
		case !had:
			changes = append(changes, fmt.Sprintf("trait %s: %s", t.ID, t.Standing))
		case o.Standing != t.Standing:
			changes = append(changes, fmt.Sprintf("trait %s: %s → %s", t.ID, o.Standing, t.Standing))
		case o.Stale != t.Stale && t.Stale:
			changes = append(changes, fmt.Sprintf("trait %s: could not be read again, last known kept", t.ID))
		case !slices.Equal(subjects(o), subjects(t)):
			changes = append(changes, fmt.Sprintf("trait %s: %s", t.ID, subjectChange(subjects(o), subjects(t))))
		}
	}
	for _, t := range before {
		_, gone := old[t.ID]
		switch {
		case gone && t.Standing == Unknown:
			changes = append(changes, fmt.Sprintf("trait %s: no longer unknown, absent", t.ID))
		case gone:
			changes = append(changes, fmt.Sprintf("trait %s: gone", t.ID))
		}
	}
	return changes
}

// subjects names what a trait's evidence is about, ordered.
func subjects(t TraitState) []string {
	var names []string
	for _, e := range t.Evidence {
		if e.Standing == Unknown {
			continue
		}
		name := string(e.Standing) + " " + e.Variant + " " + e.Resource.UID
		if e.Image != nil {
			name += fmt.Sprintf(" %d/%d/%d", e.Image.Vulnerabilities, e.Image.KEV, e.Image.Exploits)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func subjectChange(before, after []string) string {
	added, removed := 0, 0
	for _, n := range after {
		if _, ok := slices.BinarySearch(before, n); !ok {
			added++
		}
	}
	for _, n := range before {
		if _, ok := slices.BinarySearch(after, n); !ok {
			removed++
		}
	}
	return fmt.Sprintf("%d new, %d gone", added, removed)
}

func clusterOf(s *inventory.Snapshot) Cluster {
	c := Cluster{
		Ref: s.Cluster.Ref, AccountName: s.Cluster.AccountName, Status: s.Cluster.Status, Version: s.Cluster.Version,
		PlatformVersion: s.Cluster.PlatformVersion, CreatedAt: s.Cluster.CreatedAt, Network: s.Cluster.Network,
		RoleARN: s.Cluster.RoleARN, SupportType: s.Cluster.SupportType, DeletionProtection: s.Cluster.DeletionProtection,
		AutoMode: s.Cluster.AutoMode, NodeGroups: s.NodeGroups, Addons: s.Addons, Calendar: s.Calendar.Versions,
		Tags: s.Cluster.Tags, Nodes: counted(s, len(s.Nodes), inventory.SectionNodes),
		Workloads: counted(s, len(s.Workloads), inventory.SectionWorkloads), Images: counted(s, len(s.Images), inventory.SectionWorkloads),
	}
	for _, p := range s.FargateProfiles {
		c.FargateProfiles = append(c.FargateProfiles, p.Name)
	}
	if s.Cluster.Endpoint != nil {
		endpoint := *s.Cluster.Endpoint
		endpoint.CA = ""
		c.Endpoint = &endpoint
	}
	return c
}

// counted gives the number of things in a section, or nil when it was not read.
func counted(s *inventory.Snapshot, n int, section inventory.Section) *int {
	if s.Gap(section) != nil {
		return nil
	}
	return &n
}

// Compare orders findings most severe first, then by cluster.
func Compare(a, b *Finding) int {
	return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), a.Cluster.Ref.Compare(b.Cluster.Ref))
}

// CloseGone closes the finding of a cluster that no longer exists.
func CloseGone(earlier *Finding, at time.Time) (*Finding, Change) {
	f, change := closeFinding(earlier, at, nil)
	if change.Kind == Closed {
		change.Details = []string{"the cluster no longer exists"}
	}
	return f, change
}
