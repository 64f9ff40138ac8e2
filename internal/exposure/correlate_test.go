package exposure_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// day is a moment n days after the first scan.
func day(n int) time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// The fake traits answer as the cluster's tags tell them, so that a test can set
// each trait's answer by hand.
func tagged(id string, effort exposure.Effort, options ...exposure.Option) exposure.Trait {
	return exposure.Trait{
		ID: id, Type: exposure.Misconfiguration, Title: "Title of " + id, Short: "Short " + id, Phrase: "has " + id,
		Needs: []inventory.Section{inventory.SectionCluster}, Effort: effort, Options: options,
		Detect: func(s *inventory.Snapshot, _ exposure.Policy) []exposure.Evidence {
			answer, ok := s.Cluster.Tags[id]
			if !ok {
				return nil
			}
			if answer == "panic" {
				panic("a defect")
			}
			standing, variant, _ := strings.Cut(answer, "/")
			e := exposure.Evidence{Standing: exposure.Standing(standing), Variant: variant, Resource: s.Cluster.Ref.Resource(), Summary: id + " is " + answer}
			if strings.HasPrefix(id, "high-priority") {
				e.Image = &exposure.ImageEvidence{Digest: "sha256:1", Vulnerabilities: 1, KEV: 1}
				e.Workloads = []inventory.WorkloadRef{workload("web")}
			}
			return []exposure.Evidence{e}
		},
	}
}

func traits() []exposure.Trait {
	return []exposure.Trait{
		tagged("internet-reachable", exposure.EffortMinutes, exposure.Option{ID: "private", Title: "Private"}, exposure.Option{ID: "narrow", Title: "Narrow", Leaves: "potentially-internet-reachable"}),
		tagged("potentially-internet-reachable", exposure.EffortMinutes),
		tagged("unsupported-kubernetes-version", exposure.EffortDays),
		tagged("high-priority-vulnerability", exposure.EffortHours),
	}
}

func snapshot(n int, answers ...string) *inventory.Snapshot {
	s := &inventory.Snapshot{Version: 1, CollectedAt: day(n), Cluster: inventory.Cluster{Ref: ref, Version: "1.33", Status: "ACTIVE", CreatedAt: day(-400), Tags: map[string]string{}}}
	s.Workloads = []inventory.Workload{{Namespace: "shop", Kind: "Deployment", Name: "web", Running: 1}}
	for _, a := range answers {
		id, answer, _ := strings.Cut(a, "=")
		s.Cluster.Tags[id] = answer
	}
	return s
}

func correlate(earlier *exposure.Finding, s *inventory.Snapshot) (*exposure.Finding, exposure.Change) {
	return exposure.Correlate(earlier, exposure.Evaluate(s, traits(), exposure.DefaultPolicy()), s, traits())
}

const (
	open = "internet-reachable=contributing"
	past = "unsupported-kubernetes-version=contributing/unsupported"
	kev  = "high-priority-vulnerability=contributing"
)

func TestNoTraitNoFinding(t *testing.T) {
	f, c := correlate(nil, snapshot(0))
	if f != nil || c.Kind != exposure.NoFinding {
		t.Errorf("got %v, %v", f, c)
	}
	f, c = correlate(nil, snapshot(0, "internet-reachable=contextual", "high-priority-vulnerability=unknown"))
	if f != nil || c.Kind != exposure.NoFinding {
		t.Errorf("contextual and unknown traits alone made %v, %v", f, c)
	}
}

func TestLife(t *testing.T) {
	f, c := correlate(nil, snapshot(0, open, past))
	if c.Kind != exposure.Created || f.Activity != exposure.Create || f.Status != exposure.StatusNew || f.Severity != exposure.High {
		t.Fatalf("created: %v %v %v %v", c, f.Activity, f.Status, f.Severity)
	}
	first := *f

	f, c = correlate(f, snapshot(1, open, past))
	if c.Kind != exposure.Unchanged || f.Activity != exposure.Create || !f.ModifiedAt.Equal(day(0)) || !f.LastSeen.Equal(day(1)) {
		t.Fatalf("unchanged: %v %v modified %v seen %v", c, f.Activity, f.ModifiedAt, f.LastSeen)
	}

	f, c = correlate(f, snapshot(2, open))
	want := exposure.Change{Kind: exposure.Updated, Details: []string{"trait unsupported-kubernetes-version: gone", "severity High → Medium"}}
	if diff := cmp.Diff(want, c); diff != "" || f.Activity != exposure.Update || !f.ModifiedAt.Equal(day(2)) {
		t.Fatalf("updated: %s", diff)
	}

	f, c = correlate(f, snapshot(3))
	if c.Kind != exposure.Closed || f.Activity != exposure.Close || f.Status != exposure.StatusResolved || !f.ClosedAt.Equal(day(3)) {
		t.Fatalf("closed: %v %v %v %v", c, f.Activity, f.Status, f.ClosedAt)
	}
	if f.Severity != exposure.Medium || len(f.Topics) != 0 {
		t.Errorf("a closed finding keeps its last severity and asks for nothing: %v, %v", f.Severity, f.Topics)
	}

	again, c := correlate(f, snapshot(4))
	if c.Kind != exposure.Unchanged || !again.ClosedAt.Equal(day(3)) {
		t.Errorf("closed again: %v %v", c, again.ClosedAt)
	}

	f, c = correlate(f, snapshot(5, open))
	if c.Kind != exposure.Reopened || f.Activity != exposure.Update || f.Status != exposure.StatusNew || f.Reopened != 1 {
		t.Fatalf("reopened: %v %v %v %d", c, f.Activity, f.Status, f.Reopened)
	}
	if f.ID != first.ID || f.UID != first.UID || !f.FirstSeen.Equal(day(0)) || !f.CreatedAt.Equal(day(0)) {
		t.Errorf("a reopened finding must be the same one: %v since %v", f.ID, f.FirstSeen)
	}
	if !f.ClosedAt.IsZero() {
		t.Errorf("a reopened finding is not closed: %v", f.ClosedAt)
	}
}

// What could not be read neither resolves a finding nor passes.
func TestUnknownKeepsLastKnown(t *testing.T) {
	before, _ := correlate(nil, snapshot(0, open, past))
	s := snapshot(1, open, past)
	s.Gaps = []inventory.Gap{{Section: inventory.SectionCluster, Reason: "denied", Detail: "eks:DescribeCluster is denied"}}
	f, c := correlate(before, s)
	if c.Kind != exposure.Updated || f.Severity != before.Severity || !f.LastSeen.Equal(day(0)) {
		t.Fatalf("got %v, severity %s, last seen %v", c, f.Severity, f.LastSeen)
	}
	for _, id := range []string{"internet-reachable", "unsupported-kubernetes-version"} {
		trait := f.Trait(id)
		if !trait.Stale || trait.Standing != exposure.Contributing || !trait.LastSeen.Equal(day(0)) || len(trait.Unknowns) == 0 {
			t.Errorf("%s: %+v", id, trait)
		}
	}
	// A second failed read changes nothing, and a good one ends the staleness.
	s.CollectedAt = day(2)
	again, c := correlate(f, s)
	if c.Kind != exposure.Unchanged || !again.Trait("internet-reachable").LastSeen.Equal(day(0)) {
		t.Errorf("second failed read: %v", c)
	}
	fresh, _ := correlate(again, snapshot(3, open))
	if fresh.Trait("internet-reachable").Stale || fresh.Trait("unsupported-kubernetes-version") != nil {
		t.Errorf("a good read must replace what was stale: %+v", fresh.Traits)
	}
}

// A trait that was never seen stays unknown, and is listed.
func TestUnknownWithoutEarlier(t *testing.T) {
	f, _ := correlate(nil, snapshot(0, open, "unsupported-kubernetes-version=unknown", "high-priority-vulnerability=panic"))
	for _, id := range []string{"unsupported-kubernetes-version", "high-priority-vulnerability"} {
		trait := f.Trait(id)
		if trait == nil || trait.Standing != exposure.Unknown || trait.Stale || len(trait.Unknowns) != 1 {
			t.Errorf("%s: %+v", id, trait)
		}
	}
	if f.Severity != exposure.Medium {
		t.Errorf("unknown traits change the severity: %s", f.Arithmetic)
	}
	if slices.ContainsFunc(f.Topics, func(s exposure.TopicState) bool { return s.ID != "internet-reachable" }) {
		t.Errorf("unknown traits have no topic: %+v", f.Topics)
	}
}

func TestTopicsAndFixSets(t *testing.T) {
	f, _ := correlate(nil, snapshot(0, open, past, kev))
	if f.Severity != exposure.Critical {
		t.Fatalf("severity %s", f.Arithmetic)
	}
	type row struct {
		ID    string
		After exposure.Severity
	}
	var got []row
	for _, topic := range f.Topics {
		got = append(got, row{topic.ID, topic.After})
		if left := exposure.Project(f, topic.ID).Severity; left != topic.After {
			t.Errorf("topic %s says %q, Project says %q", topic.ID, topic.After, left)
		}
	}
	want := []row{{"internet-reachable", exposure.High}, {"high-priority-vulnerability", exposure.High}, {"unsupported-kubernetes-version", exposure.Critical}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	wantSets := []exposure.FixSet{
		{Wish: exposure.High, Topics: []string{"internet-reachable"}, After: exposure.High},
		{Wish: exposure.Medium, Topics: []string{"internet-reachable", "high-priority-vulnerability"}, After: exposure.Medium},
		{Wish: exposure.Low, Topics: []string{"internet-reachable", "high-priority-vulnerability", "unsupported-kubernetes-version"}, After: exposure.Resolved},
		{Wish: exposure.Resolved, Topics: []string{"internet-reachable", "high-priority-vulnerability", "unsupported-kubernetes-version"}, After: exposure.Resolved},
	}
	if diff := cmp.Diff(wantSets, f.FixSets); diff != "" {
		t.Errorf("fix sets (-want +got):\n%s", diff)
	}
}

// An option that only narrows the endpoint leaves the weaker trait behind.
func TestOptionLeavesWeakerTrait(t *testing.T) {
	f, _ := correlate(nil, snapshot(0, open))
	want := []exposure.OptionState{{ID: "private", Title: "Private", After: exposure.Resolved, Resolves: true}, {ID: "narrow", Title: "Narrow", After: exposure.Low}}
	if diff := cmp.Diff(want, f.Topics[0].Options); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}

// The first topic is in the smallest set for the next lower severity, or leaves
// less than that set does.
func TestFirstTopicAgreesWithTheSmallestSet(t *testing.T) {
	for _, answers := range [][]string{{open}, {open, past}, {open, kev}, {past, kev}, {open, past, kev}, {past}} {
		f, _ := correlate(nil, snapshot(0, answers...))
		if !slices.Contains(f.FixSets[0].Topics, f.Topics[0].ID) && f.Topics[0].After.Rank() >= f.FixSets[0].After.Rank() {
			t.Errorf("%v: first topic %s, smallest set %v", answers, f.Topics[0].ID, f.FixSets[0])
		}
	}
}

// Counts of parts that were not read are unknown, not zero.
func TestUnreadIsNotCounted(t *testing.T) {
	s := snapshot(0, open)
	s.Gaps = []inventory.Gap{{Section: inventory.SectionNodes, Reason: "denied"}}
	f, _ := correlate(nil, s)
	if f.Cluster.Nodes != nil || f.Cluster.Workloads == nil || *f.Cluster.Workloads != 1 {
		t.Errorf("nodes %v, workloads %v", f.Cluster.Nodes, f.Cluster.Workloads)
	}
}

func TestUnneeded(t *testing.T) {
	idle := func() *inventory.Snapshot {
		s := snapshot(0, open)
		s.Workloads = []inventory.Workload{{Namespace: "kube-system", Kind: "Deployment", Name: "coredns"}, {Namespace: "shop", Kind: "Deployment", Name: "web", LastStarted: day(-90), CreatedAt: day(-300)}}
		s.Calendar.Versions = []inventory.VersionSupport{{Version: "1.33", Status: "EXTENDED_SUPPORT"}}
		return s
	}
	f, _ := correlate(nil, idle())
	if f.Unneeded == nil || f.Topics[0].ID != exposure.DeleteTopic || !f.Topics[0].Resolves {
		t.Fatalf("an idle cluster: %+v %+v", f.Unneeded, f.Topics)
	}
	if f.Unneeded.MonthlyUSD != 438 || !f.Unneeded.Since.Equal(day(-90)) {
		t.Errorf("cost %v since %v", f.Unneeded.MonthlyUSD, f.Unneeded.Since)
	}
	if got := exposure.Project(f, exposure.DeleteTopic).Severity; got != exposure.Resolved {
		t.Errorf("deletion leaves %q", got)
	}
	tests := []struct {
		why    string
		change func(*inventory.Snapshot)
	}{
		{"a node", func(s *inventory.Snapshot) { s.Nodes = []inventory.Node{{Name: "n"}} }},
		{"a node group that asks for nodes", func(s *inventory.Snapshot) { s.NodeGroups = []inventory.NodeGroup{{Name: "g", Desired: 1}} }},
		{"a running workload (Fargate has no node objects left behind)", func(s *inventory.Snapshot) { s.Workloads[1].Running = 1 }},
		{"something started last week", func(s *inventory.Snapshot) { s.Workloads[1].LastStarted = day(-7) }},
		{"created last week", func(s *inventory.Snapshot) { s.Cluster.CreatedAt = day(-7) }},
		{"workloads not read", func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: inventory.SectionWorkloads}} }},
		{"one node group not read", func(s *inventory.Snapshot) {
			s.Gaps = []inventory.Gap{{Section: inventory.SectionNodeGroups, Subject: "g"}}
		}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := idle()
			test.change(s)
			if got := exposure.LooksUnneeded(s, exposure.DefaultPolicy()); got != nil {
				t.Errorf("looks unneeded: %+v", got)
			}
		})
	}
}

func TestIdentityIsStable(t *testing.T) {
	id, uid := exposure.Identity(ref)
	if len(id) != 64 || !strings.HasPrefix(uid, "arn:aws:securityhub:eu-central-1:111122223333:exposure:") {
		t.Errorf("Identity = %q, %q", id, uid)
	}
	const golden = "f454794b1816b04a4a5a4dfdd2921f94542e8cedad7561b741e49f6a0673f276"
	if id != golden {
		t.Errorf("id %q, want %q: identities must never change between releases", id, golden)
	}
	gov := ref
	gov.Partition = "aws-us-gov"
	if other, _ := exposure.Identity(gov); other == id {
		t.Error("two partitions share an identity")
	}
}
