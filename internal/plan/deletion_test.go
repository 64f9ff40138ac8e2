package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// unneeded is a cluster with one of each part.
func unneeded() *inventory.Snapshot {
	ref := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "old"}
	return &inventory.Snapshot{
		Cluster:         inventory.Cluster{Ref: ref, Status: "ACTIVE", CreatedAt: time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)},
		NodeGroups:      []inventory.NodeGroup{{Name: "general", ARN: "ng/1", Status: "ACTIVE", Desired: 3}},
		FargateProfiles: []inventory.FargateProfile{{Name: "site", ARN: "fp/1", Status: "ACTIVE"}},
		Addons:          []inventory.Addon{{Name: "coredns", ARN: "addon/1", Status: "ACTIVE"}},
		Workloads:       []inventory.Workload{{Namespace: "kube-system", Kind: "DaemonSet", Name: "aws-node", Running: 3}},
		Nodes:           []inventory.Node{{Name: "ip-1", NodeGroup: "general"}},
	}
}

// What EKS wants gone first goes first; each action holds when its target is gone, and
// one that was made again under the same name is another.
func TestDraftDeletion(t *testing.T) {
	s := unneeded()
	actions, checks, err := plan.DraftDeletion(s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	then := s
	for _, a := range actions {
		got = append(got, fmt.Sprintf("%s: %s (%s)", a.Title, a.From, strings.Join(a.Permissions, ", ")))
		if a.Kind != plan.Deletion || a.Irreversible == "" || !a.Now(s).Equal(a.From) || a.Now(s).Equal(a.To) {
			t.Errorf("%+v", a)
		}
		if then = a.Then(then); a.Target.Type != inventory.TypeCluster && !a.Now(then).Equal(a.To) {
			t.Errorf("after %q there is %q", a.Title, a.Now(then))
		}
	}
	want := []string{
		"Delete the node group general: ng/1 (eks:DeleteNodegroup)",
		"Delete the Fargate profile site: fp/1 (eks:DeleteFargateProfile)",
		"Delete the add-on coredns: addon/1 (eks:DeleteAddon)",
		"Delete the cluster old: arn:aws:eks:eu-central-1:111122223333:cluster/old, created 2024-02-03T04:05:06Z (eks:DeleteCluster)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n, want := range map[int]string{0: "it has no nodes", 1: "its node goes", 3: "its 3 nodes go"} {
		s.NodeGroups[0].Desired = n
		if with, _, err := plan.DraftDeletion(s); err != nil || !strings.HasPrefix(with[0].Irreversible, want) {
			t.Errorf("%d nodes: %q, %v", n, with[0].Irreversible, err)
		}
	}
	p := plan.Plan{Cluster: s.Cluster.Ref, Actions: actions, Checks: checks}
	if diff := cmp.Diff([]string{"volumes", "delete old"}, p.Demands()); diff != "" {
		t.Errorf("what is to be accepted (-want +got):\n%s", diff)
	}
	again := unneeded()
	again.NodeGroups[0].ARN, again.Cluster.CreatedAt = "ng/2", again.Cluster.CreatedAt.Add(time.Hour)
	for _, i := range []int{0, 3} {
		if a := actions[i]; a.Now(again).Equal(a.From) {
			t.Errorf("%q takes what was made again for what was planned", a.Title)
		}
	}
}

func TestDeletionChecks(t *testing.T) {
	tests := []struct {
		name   string
		change func(*inventory.Snapshot)
		check  string
		want   plan.Verdict
		says   string
	}{
		{"unprotected", func(*inventory.Snapshot) {}, "deletion protection", plan.Passed, "off"},
		{"protected", func(s *inventory.Snapshot) { s.Cluster.DeletionProtection = true }, "deletion protection", plan.Failed, "--region eu-central-1 --name old --no-deletion-protection"},
		{"nothing of people's", func(*inventory.Snapshot) {}, "workloads", plan.Passed, "nothing runs"},
		{"a workload", func(s *inventory.Snapshot) {
			s.Workloads = append(s.Workloads, inventory.Workload{Namespace: "shop", Kind: "Deployment", Name: "web", Desired: 2})
		}, "workloads", plan.Unknown, "shop/Deployment/web"},
		{"workloads not read", func(s *inventory.Snapshot) {
			s.Gaps = []inventory.Gap{{Section: inventory.SectionWorkloads, Detail: "no answer"}}
		}, "workloads", plan.Unknown, "no answer"},
		{"no balancer", func(*inventory.Snapshot) {}, "load balancers", plan.Passed, "no service"},
		{"a balancer", func(s *inventory.Snapshot) {
			s.Services = []inventory.Service{{Namespace: "shop", Name: "web", Type: "LoadBalancer"}}
		}, "load balancers", plan.Unknown, "shop/web"},
		{"services not read", func(s *inventory.Snapshot) {
			s.Gaps = []inventory.Gap{{Section: inventory.SectionNetwork, Detail: "no answer"}}
		}, "load balancers", plan.Unknown, "no answer"},
		{"nodes of groups", func(*inventory.Snapshot) {}, "other nodes", plan.Passed, "with their node groups"},
		{"nodes of their own", func(s *inventory.Snapshot) { s.Nodes = append(s.Nodes, inventory.Node{Name: "ip-9"}) }, "other nodes", plan.Unknown, "ip-9"},
		{"nodes not read", func(s *inventory.Snapshot) {
			s.Gaps = []inventory.Gap{{Section: inventory.SectionNodes, Detail: "no answer"}}
		}, "other nodes", plan.Unknown, "no answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := unneeded()
			tt.change(s)
			_, checks, err := plan.DraftDeletion(s)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(checks, func(c plan.Check) bool { return c.Name == tt.check })
			if i < 0 || checks[i].Verdict != tt.want || !strings.Contains(checks[i].Detail, tt.says) {
				t.Errorf("checks %+v, want %s to be %s", checks, tt.check, tt.want)
			}
		})
	}
	for _, section := range []inventory.Section{inventory.SectionCluster, inventory.SectionNodeGroups, inventory.SectionAddons} {
		s := unneeded()
		s.Gaps = []inventory.Gap{{Section: section, Detail: "denied"}}
		if _, _, err := plan.DraftDeletion(s); !errors.Is(err, fault.ErrUnavailable) {
			t.Errorf("%s not read: %v", section, err)
		}
	}
}
