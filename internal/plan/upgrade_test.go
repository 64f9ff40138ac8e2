package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// day is when plans are drafted.
var day = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// behind is a cluster of 1.31 with a node group, its node and an add-on.
func behind(change ...func(*inventory.Snapshot)) *inventory.Snapshot {
	return open(append([]func(*inventory.Snapshot){func(s *inventory.Snapshot) {
		s.Cluster.Version, s.Cluster.SupportType = "1.31", "EXTENDED"
		s.Calendar = inventory.Calendar{Source: "DescribeClusterVersions", Versions: []inventory.VersionSupport{
			{Version: "1.35", Status: "STANDARD_SUPPORT"},
			{Version: "1.34", Status: "STANDARD_SUPPORT"},
			{Version: "1.33", Status: "EXTENDED_SUPPORT"},
			{Version: "1.32", Status: "EXTENDED_SUPPORT"},
			{Version: "1.31", Status: "EXTENDED_SUPPORT"},
			{Version: "1.30", Status: "UNSUPPORTED"},
		}}
		s.NodeGroups = []inventory.NodeGroup{{Name: "general", ARN: "arn:general", Status: "ACTIVE", Version: "1.31", AMIType: "AL2023_x86_64_STANDARD"}}
		s.Nodes = []inventory.Node{{Name: "n1", NodeGroup: "general", KubeletVersion: "v1.31.4-eks-1"}}
		s.Addons = []inventory.Addon{{Name: "proxy", ARN: "arn:proxy", Status: "ACTIVE", Version: "v1.31.9-eksbuild.2", RoleARN: "arn:role"}}
	}}, change...)...)
}

// good is a reading in which nothing speaks against an upgrade.
func good() plan.Readiness {
	return plan.Readiness{
		Insights: plan.Reading[plan.Insight]{Items: []plan.Insight{{Name: "Deprecated APIs", Status: "PASSING", Version: "1.32"}}},
		Addons: plan.Reading[plan.AddonRelease]{Items: []plan.AddonRelease{
			{Name: "proxy", Version: "v1.33.10-eksbuild.1", Fits: []string{"1.33", "1.34"}, DefaultOf: []string{"1.33"}},
			{Name: "proxy", Version: "v1.33.9-eksbuild.1", Fits: []string{"1.33", "1.34"}, DefaultOf: []string{"1.34"}},
			{Name: "proxy", Version: "v1.31.9-eksbuild.2", Fits: []string{"1.31", "1.32"}, DefaultOf: []string{"1.32"}},
		}},
		Subnets: plan.Reading[plan.Subnet]{Items: []plan.Subnet{{ID: "a", Free: 5}, {ID: "b", Free: 900}}},
	}
}

func said(actions []plan.Action) []string {
	var list []string
	for _, a := range actions {
		list = append(list, a.Title)
	}
	return list
}

// The way up: one version at a time, and at each the control plane, the add-ons that
// do not fit or are behind, and the nodes. Every action begins where the ones before
// ended.
func TestDraftUpgrade(t *testing.T) {
	tests := []struct {
		name string
		is   func(*inventory.Snapshot)
		to   string
		want []string
	}{
		{"one version", nil, "1.32", []string{
			"Upgrade the control plane to Kubernetes 1.32",
			"Replace the nodes of the node group general by nodes of Kubernetes 1.32",
		}},
		{"to the oldest in standard support", nil, "", []string{
			"Upgrade the control plane to Kubernetes 1.32",
			"Replace the nodes of the node group general by nodes of Kubernetes 1.32",
			"Upgrade the control plane to Kubernetes 1.33",
			"Update the add-on proxy to v1.33.10-eksbuild.1, for Kubernetes 1.33",
			"Replace the nodes of the node group general by nodes of Kubernetes 1.33",
			"Upgrade the control plane to Kubernetes 1.34",
			"Replace the nodes of the node group general by nodes of Kubernetes 1.34",
		}},
		{"a node group that is behind comes first", func(s *inventory.Snapshot) { s.NodeGroups[0].Version = "1.30" }, "1.32", []string{
			"Replace the nodes of the node group general by nodes of Kubernetes 1.31",
			"Upgrade the control plane to Kubernetes 1.32",
			"Replace the nodes of the node group general by nodes of Kubernetes 1.32",
		}},
		{"an image of its own", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "CUSTOM" }, "1.32", []string{
			"Upgrade the control plane to Kubernetes 1.32",
		}},
		{"Amazon Linux 2, which has no image of the last version", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "AL2_x86_64" }, "1.33", []string{
			"Upgrade the control plane to Kubernetes 1.32",
			"Replace the nodes of the node group general by nodes of Kubernetes 1.32",
			"Upgrade the control plane to Kubernetes 1.33",
			"Update the add-on proxy to v1.33.10-eksbuild.1, for Kubernetes 1.33",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := behind()
			if tt.is != nil {
				tt.is(s)
			}
			path, err := plan.Path(s, tt.to, day)
			if err != nil {
				t.Fatal(err)
			}
			actions, _ := plan.DraftUpgrade(s, path, good())
			if diff := cmp.Diff(tt.want, said(actions)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			now := s
			for _, a := range actions {
				if !a.Now(now).Equal(a.From) || a.From.Equal(a.To) || len(a.Permissions) == 0 || a.Busy(now) != "" || a.Ails(now) != "" {
					t.Errorf("%q begins at %s, and there is %s", a.Title, a.From, a.Now(now))
				}
				if now = a.Then(now); !a.Now(now).Equal(a.To) {
					t.Errorf("%q ends at %s, and there is %s", a.Title, a.To, a.Now(now))
				}
			}
			if v := now.Nodes[0].KubeletVersion; strings.HasPrefix(tt.want[len(tt.want)-1], "Replace") && !strings.HasPrefix(v, "v"+path[len(path)-1]+".") {
				t.Errorf("the node has %s", v)
			}
		})
	}
}

// An upgrade that names no version goes to one whose standard support lasts, and its notes
// say until when.
func TestUpgradesLast(t *testing.T) {
	until := func(ends ...string) func(*inventory.Snapshot) {
		return func(s *inventory.Snapshot) {
			for i, text := range ends {
				end, err := time.Parse(time.DateOnly, text)
				if err != nil {
					t.Fatal(err)
				}
				row := &s.Calendar.Versions[i]
				if row.EndOfStandard, row.EndOfExtended = end, end.AddDate(1, 0, 0); row.Status == "UNSUPPORTED" {
					row.EndOfExtended = end
				}
			}
		}
	}
	long := until("2027-03-27", "2027-02-24", "2026-07-29", "2026-03-23", "2025-11-26", "2025-07-23")
	ends := until("2027-03-27", "2026-12-02", "2026-07-29", "2026-03-23", "2025-11-26", "2025-07-23")
	soon := until("2026-12-20", "2026-12-02")
	tests := []struct {
		name     string
		calendar func(*inventory.Snapshot)
		to, goes string
		notes    []string
	}{
		{"the oldest lasts for 90 days to the day", long, "", "1.34", []string{"Kubernetes 1.34 is in standard support until 2027-02-24, and in extended support until 2028-02-24."}},
		{"the oldest ends", ends, "", "1.35", []string{"Kubernetes 1.35 is in standard support until 2027-03-27, and in extended support until 2028-03-27."}},
		{"all end", soon, "", "1.35", []string{
			"Kubernetes 1.35 is in standard support until 2026-12-20, and in extended support until 2027-12-20.",
		}},
		{"one that ends is named", ends, "1.34", "1.34", []string{
			"Kubernetes 1.34 is in standard support until 2026-12-02, and in extended support until 2027-12-02.",
			"Standard support of Kubernetes 1.34 ends in 6 days.",
			"Kubernetes 1.35 is in standard support until 2027-03-27 (--to 1.35).",
		}},
		{"one in extended support", ends, "1.33", "1.33", []string{
			"Kubernetes 1.33 is in extended support, until 2027-07-29.",
			"Kubernetes 1.35 is in standard support until 2027-03-27 (--to 1.35).",
		}},
		{"no dates", nil, "", "1.34", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := behind()
			if tt.calendar != nil {
				tt.calendar(s)
			}
			path, err := plan.Path(s, tt.to, day)
			if err != nil || path[len(path)-1] != tt.goes {
				t.Fatalf("it goes %v, %v, want to %s", path, err, tt.goes)
			}
			if diff := cmp.Diff(tt.notes, plan.Lasts(s, tt.goes, day)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	s := behind(ends)
	s.Cluster.Version = "1.29"
	if diff := cmp.Diff([]string{"Support of Kubernetes 1.30 has ended.", "Kubernetes 1.35 is in standard support until 2027-03-27 (--to 1.35)."}, plan.Lasts(s, "1.30", day)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPathRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		is   func(*inventory.Snapshot)
		to   string
		want error
	}{
		"not offered":       {nil, "1.36", fault.ErrInvalid},
		"no version":        {nil, "latest", fault.ErrInvalid},
		"the same":          {nil, "1.31", fault.ErrConflict},
		"back":              {nil, "1.30", fault.ErrConflict},
		"standard already":  {func(s *inventory.Snapshot) { s.Cluster.Version = "1.35" }, "", fault.ErrConflict},
		"no calendar":       {func(s *inventory.Snapshot) { s.Calendar.Versions = nil }, "", fault.ErrUnavailable},
		"no version of its": {func(s *inventory.Snapshot) { s.Cluster.Version = "" }, "", fault.ErrInvalid},
		"not read":          {func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: inventory.SectionCluster}} }, "", fault.ErrUnavailable},
	} {
		s := behind()
		if tt.is != nil {
			tt.is(s)
		}
		if path, err := plan.Path(s, tt.to, day); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, %v, want %v", name, path, err, tt.want)
		}
	}
}

// What an action can be undone for is EKS's rule for roll-backs.
func TestUndo(t *testing.T) {
	autoMode := func(s *inventory.Snapshot) { s.Cluster.AutoMode, s.NodeGroups, s.Nodes[0].NodeGroup = true, nil, "" }
	tests := []struct {
		name  string
		is    func(*inventory.Snapshot)
		to    string
		begun []int
		back  []int
		stays string
	}{
		{"the control plane alone", nil, "1.32", []int{0}, []int{0}, ""},
		{"with its nodes", nil, "1.32", []int{0, 1}, nil, "does not roll a node group back"},
		{"after an add-on", nil, "1.33", []int{0, 1, 2, 3}, []int{3, 2}, "does not roll a node group back"},
		{"one version of two", autoMode, "1.33", []int{0, 1, 2}, []int{2, 1}, "by one minor version"},
		{"to extended support without the policy", func(s *inventory.Snapshot) { s.Cluster.SupportType = "STANDARD" }, "1.32", []int{0}, nil, "with the upgrade policy EXTENDED alone"},
		{"to a version without support", func(s *inventory.Snapshot) { s.Cluster.Version, s.NodeGroups[0].Version = "1.30", "1.30" }, "1.31", []int{0}, nil, "support of 1.30 has ended"},
		{"nothing begun", nil, "1.32", nil, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := behind()
			if tt.is != nil {
				tt.is(s)
			}
			path, err := plan.Path(s, tt.to, day)
			if err != nil {
				t.Fatal(err)
			}
			var p plan.Plan
			p.Actions, _ = plan.DraftUpgrade(s, path, good())
			back, stays := p.Undo(tt.begun)
			if diff := cmp.Diff(tt.back, back); diff != "" || !strings.Contains(stays, tt.stays) || (tt.stays == "") != (stays == "") {
				t.Errorf("it says %q (-want +got):\n%s", stays, diff)
			}
			if p.Reversible() {
				t.Error("all of it could be undone")
			}
			for _, i := range back {
				if a := p.Actions[i]; a.Kind == plan.ControlPlaneVersion && (a.UndoDays != 7 || a.UndoLimit == "") {
					t.Errorf("%+v", a)
				}
			}
		})
	}
}

// Each check of an upgrade, with what it comes to.
func TestUpgradeChecks(t *testing.T) {
	type snapshot = func(*inventory.Snapshot)
	type reading = func(*plan.Readiness)
	const away = "no answer"
	gap := func(section inventory.Section) snapshot {
		return func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: section, Subject: "x", Detail: away}} }
	}
	node := func(n inventory.Node) snapshot {
		return func(s *inventory.Snapshot) { s.Nodes = append(s.Nodes, n) }
	}
	tests := []struct {
		name, check string
		is          snapshot
		read        reading
		to          string
		want        plan.Verdict
		says        string
	}{
		{"insights pass", "insights", nil, nil, "1.32", plan.Passed, "1 upgrade insights"},
		{"insights not read", "insights", nil, func(r *plan.Readiness) { r.Insights = plan.Reading[plan.Insight]{Unread: away} }, "1.32", plan.Unknown, away},
		{"no insights", "insights", nil, func(r *plan.Readiness) { r.Insights.Items = nil }, "1.32", plan.Unknown, "no upgrade insights"},
		{"an error", "insights", nil, func(r *plan.Readiness) {
			r.Insights.Items = append(r.Insights.Items, plan.Insight{Name: "kube-proxy", Status: "ERROR", Reason: "skew"})
		}, "1.32", plan.Failed, "kube-proxy (ERROR): skew"},
		{"an error of a later version", "insights", nil, func(r *plan.Readiness) {
			r.Insights.Items = append(r.Insights.Items, plan.Insight{Name: "later", Status: "ERROR", Version: "1.33"})
		}, "1.32", plan.Passed, ""},
		{"a warning", "insights", nil, func(r *plan.Readiness) { r.Insights.Items[0].Status = "WARNING" }, "1.32", plan.Unknown, "WARNING"},
		{"a word that is new", "insights", nil, func(r *plan.Readiness) { r.Insights.Items[0].Status = "PARTLY" }, "1.32", plan.Unknown, "PARTLY"},

		{"no removed API", "removed APIs", nil, nil, "1.32", plan.Passed, ""},
		{"asked for", "removed APIs", nil, func(r *plan.Readiness) {
			r.Requests.Items = []plan.Request{{API: "flowcontrol.apiserver.k8s.io/v1beta3 flowschemas", RemovedIn: "1.32"}}
		}, "1.32", plan.Failed, "v1beta3 flowschemas, which 1.32 has no more"},
		{"asked for, and gone later", "removed APIs", nil, func(r *plan.Readiness) { r.Requests.Items = []plan.Request{{API: "a", RemovedIn: "1.33"}, {API: "b"}} }, "1.32", plan.Passed, ""},
		{"gone already", "removed APIs", nil, func(r *plan.Readiness) {
			r.Objects.Items = []plan.Object{{API: "policy/v1beta1", Name: "poddisruptionbudgets a/b", RemovedIn: "1.25"}}
		}, "1.32", plan.Failed, "poddisruptionbudgets a/b was written by policy/v1beta1"},
		{"requests not read", "removed APIs", nil, func(r *plan.Readiness) { r.Requests.Unread = away }, "1.32", plan.Unknown, away},
		{"objects not read", "removed APIs", nil, func(r *plan.Readiness) { r.Objects.Unread = away }, "1.32", plan.Unknown, away},

		{"add-ons fit", "add-ons", nil, nil, "1.34", plan.Passed, ""},
		{"no version of an add-on", "add-ons", func(s *inventory.Snapshot) { s.Addons = append(s.Addons, inventory.Addon{Name: "efs"}) }, nil, "1.32", plan.Failed, "efs has no version for 1.32"},
		{"versions not read", "add-ons", nil, func(r *plan.Readiness) { r.Addons = plan.Reading[plan.AddonRelease]{Unread: away} }, "1.32", plan.Unknown, away},
		{"an add-on not read", "add-ons", gap(inventory.SectionAddons), nil, "1.32", plan.Unknown, ""},
		{"no add-on", "add-ons", func(s *inventory.Snapshot) { s.Addons = nil }, nil, "1.32", plan.Passed, "no EKS add-on"},

		{"kubelets come along", "kubelets", nil, nil, "1.35", plan.Passed, ""},
		{"within the skew", "kubelets", node(inventory.Node{Name: "self", KubeletVersion: "v1.31.0"}), nil, "1.34", plan.Passed, ""},
		{"beyond the skew", "kubelets", node(inventory.Node{Name: "self", KubeletVersion: "v1.31.0"}), nil, "1.35", plan.Failed, "self has v1.31.0"},
		{"a kubelet of no version", "kubelets", node(inventory.Node{Name: "self", KubeletVersion: "?"}), nil, "1.32", plan.Failed, "self has ?"},
		{"nodes not read", "kubelets", gap(inventory.SectionNodes), nil, "1.32", plan.Unknown, ""},
		{"never scanned", "kubelets", func(s *inventory.Snapshot) { s.Nodes = nil }, nil, "1.32", plan.Unknown, "scan it first"},

		{"all come along", "nodes by hand", nil, nil, "1.34", plan.Passed, ""},
		{"a self-managed node", "nodes by hand", node(inventory.Node{Name: "self", KubeletVersion: "v1.31.0"}), nil, "1.34", plan.Unknown, "1 self-managed nodes"},
		{"a node of Auto Mode", "nodes by hand", func(s *inventory.Snapshot) {
			s.Cluster.AutoMode = true
			s.Nodes = append(s.Nodes, inventory.Node{Name: "auto", KubeletVersion: "v1.31.0"})
		}, nil, "1.34", plan.Passed, ""},
		{"Fargate, one version", "nodes by hand", node(inventory.Node{Fargate: true, KubeletVersion: "v1.31.0"}), nil, "1.32", plan.Unknown, "1 pods on Fargate"},
		{"Fargate, more", "nodes by hand", node(inventory.Node{Fargate: true, KubeletVersion: "v1.31.0"}), nil, "1.34", plan.Failed, "--to 1.32"},
		{"an image of its own", "nodes by hand", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "CUSTOM" }, nil, "1.32", plan.Unknown, "node group general"},
		{"an image of its own, more", "nodes by hand", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "CUSTOM" }, nil, "1.33", plan.Failed, "launch template"},
		{"Amazon Linux 2, which has an image", "nodes by hand", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "AL2_ARM_64" }, nil, "1.32", plan.Passed, ""},
		{"Amazon Linux 2, without one of the last version", "nodes by hand", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "AL2_ARM_64" }, nil, "1.33", plan.Unknown, "no image of Amazon Linux 2 for Kubernetes 1.33, so make another of the AMI type AL2023_ARM_64_STANDARD"},
		{"Amazon Linux 2, further", "nodes by hand", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType = "AL2_ARM_64" }, nil, "1.34", plan.Failed, "--to 1.32"},
		{"an image of its own, behind", "nodes by hand", func(s *inventory.Snapshot) { s.NodeGroups[0].AMIType, s.NodeGroups[0].Version = "CUSTOM", "1.30" }, nil, "1.32", plan.Failed, "refuses the upgrade"},
		{"a node group not read", "nodes by hand", gap(inventory.SectionNodeGroups), nil, "1.32", plan.Unknown, ""},

		{"addresses", "addresses", nil, nil, "1.32", plan.Passed, ""},
		{"few in one subnet", "addresses", nil, func(r *plan.Readiness) { r.Subnets.Items[0].Free = 4 }, "1.32", plan.Unknown, "a has 4"},
		{"few in all", "addresses", nil, func(r *plan.Readiness) { r.Subnets.Items = []plan.Subnet{{ID: "a", Free: 2}, {ID: "b", Free: 2}} }, "1.32", plan.Failed, "have 4"},
		{"subnets not read", "addresses", nil, func(r *plan.Readiness) { r.Subnets = plan.Reading[plan.Subnet]{Unread: away} }, "1.32", plan.Unknown, away},

		{"budgets", "disruption budgets", nil, nil, "1.32", plan.Passed, ""},
		{"a budget that blocks", "disruption budgets", nil, func(r *plan.Readiness) { r.Budgets.Items = []string{"shop/web"} }, "1.32", plan.Failed, "shop/web"},
		{"a budget, and no node group", "disruption budgets", func(s *inventory.Snapshot) { s.NodeGroups = nil }, func(r *plan.Readiness) { r.Budgets.Items = []string{"shop/web"} }, "1.32", plan.Passed, ""},
		{"budgets not read", "disruption budgets", nil, func(r *plan.Readiness) { r.Budgets.Unread = away }, "1.32", plan.Unknown, away},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, read := behind(), good()
			if tt.is != nil {
				tt.is(s)
			}
			if tt.read != nil {
				tt.read(&read)
			}
			path, err := plan.Path(s, tt.to, day)
			if err != nil {
				t.Fatal(err)
			}
			_, checks := plan.DraftUpgrade(s, path, read)
			for _, c := range checks {
				if c.Name != tt.check {
					continue
				}
				if c.Verdict != tt.want || !strings.Contains(c.Detail, tt.says) || c.Detail == "" {
					t.Errorf("%s: %s, want %s and %q", c.Verdict, c.Detail, tt.want, tt.says)
				}
				return
			}
			t.Errorf("no check %q", tt.check)
		})
	}
}

func TestDraftNodes(t *testing.T) {
	s := behind(func(s *inventory.Snapshot) { s.NodeGroups[0].Version = "1.30" })
	actions, checks, err := plan.DraftNodes(s, plan.Readiness{Budgets: plan.Reading[string]{Unread: "no answer"}})
	want := []string{"Replace the nodes of the node group general by nodes of Kubernetes 1.31"}
	if diff := cmp.Diff(want, said(actions)); diff != "" || err != nil || len(checks) != 1 || checks[0].Verdict != plan.Unknown {
		t.Errorf("%v, %+v (-want +got):\n%s", err, checks, diff)
	}
	if _, _, err := plan.DraftNodes(behind(), good()); !errors.Is(err, fault.ErrConflict) {
		t.Errorf("no node group is behind: %v", err)
	}
	two := behind(func(s *inventory.Snapshot) {
		s.Cluster.Version, s.NodeGroups[0].Version, s.NodeGroups[0].AMIType = "1.33", "1.32", "AL2_x86_64"
	})
	if _, _, err := plan.DraftNodes(two, good()); !errors.Is(err, fault.ErrConflict) || !strings.Contains(err.Error(), "AL2023_x86_64_STANDARD") {
		t.Errorf("a node group without an image: %v", err)
	}
	s.Gaps = []inventory.Gap{{Section: inventory.SectionNodeGroups, Subject: "other"}}
	if _, _, err := plan.DraftNodes(s, good()); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("a node group was not read: %v", err)
	}
}

func TestDraftPolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		version, has, to string
		want             error
	}{
		"to STANDARD":       {"1.34", "EXTENDED", "STANDARD", nil},
		"to EXTENDED":       {"1.34", "STANDARD", "EXTENDED", nil},
		"no policy said":    {"1.34", "", "STANDARD", nil},
		"already":           {"1.34", "STANDARD", "STANDARD", fault.ErrConflict},
		"already, not said": {"1.34", "", "EXTENDED", fault.ErrConflict},
		"another":           {"1.34", "STANDARD", "FOREVER", fault.ErrInvalid},
		"too late":          {"1.33", "EXTENDED", "STANDARD", fault.ErrConflict},
	} {
		s := behind(func(s *inventory.Snapshot) { s.Cluster.Version, s.Cluster.SupportType = tt.version, tt.has })
		actions, err := plan.DraftPolicy(s, tt.to)
		if !errors.Is(err, tt.want) || (err == nil) != (len(actions) == 1) {
			t.Errorf("%s: %v, %v", name, actions, err)
			continue
		}
		if err != nil {
			continue
		}
		a := actions[0]
		back, ok := a.Inverse()
		if !ok || !a.Now(s).Equal(a.From) || !a.Now(a.Then(s)).Equal(a.To) || !back.To.Equal(a.From) {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// What keeps an action from being begun, and from being done.
func TestBusyAndAiling(t *testing.T) {
	group := plan.Action{Kind: plan.NodeGroupVersion, Target: inventory.ResourceRef{Type: inventory.TypeNodegroup, Name: "general"}}
	addon := plan.Action{Kind: plan.AddonVersion, Target: inventory.ResourceRef{Type: inventory.TypeAddon, Name: "proxy"}}
	for name, tt := range map[string]struct {
		a          plan.Action
		is         func(*inventory.Snapshot)
		busy, ails bool
	}{
		"quiet":                     {group, func(*inventory.Snapshot) {}, false, false},
		"the cluster":               {group, func(s *inventory.Snapshot) { s.Cluster.Status = "UPDATING" }, true, false},
		"an update of it":           {addon, func(s *inventory.Snapshot) { s.Cluster.Updates = []inventory.Update{{ID: "u", Status: "InProgress"}} }, true, false},
		"the node group":            {group, func(s *inventory.Snapshot) { s.NodeGroups[0].Status = "UPDATING" }, true, false},
		"a node group in bad shape": {group, func(s *inventory.Snapshot) { s.NodeGroups[0].Status = "DEGRADED" }, false, false},
		"the add-on":                {addon, func(s *inventory.Snapshot) { s.Addons[0].Status = "UPDATING" }, true, true},
		"an add-on in bad shape":    {addon, func(s *inventory.Snapshot) { s.Addons[0].Status = "UPDATE_FAILED" }, false, true},
		"another part":              {addon, func(s *inventory.Snapshot) { s.NodeGroups[0].Status = "UPDATING" }, false, false},
	} {
		s := behind(tt.is)
		if busy, ails := tt.a.Busy(s), tt.a.Ails(s); (busy != "") != tt.busy || (ails != "") != tt.ails {
			t.Errorf("%s: busy %q, ails %q", name, busy, ails)
		}
	}
	for _, a := range []plan.Action{group, addon} {
		if got := a.Now(open()); !got.Equal(plan.Setting{}) || got.String() != "nothing" {
			t.Errorf("of a part that is not there there is %q", got)
		}
	}
}
