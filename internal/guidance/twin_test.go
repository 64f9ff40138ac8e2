package guidance_test

import (
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/inventory"
)

// besides gives the guidance for nodes of a cluster with one node group of Amazon Linux 2:
// its steps in a form, and its notes.
func besides(t *testing.T, form guidance.Form, g inventory.NodeGroup) (text, notes string) {
	t.Helper()
	const topic = "unsupported-kubernetes-version"
	g.Name, g.AMIType, g.Version = "old", "AL2_x86_64", "1.32"
	f := &exposure.Finding{
		Topics:  []exposure.TopicState{{ID: topic, Options: []exposure.OptionState{{ID: "nodes"}}}},
		Cluster: exposure.Cluster{Ref: inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}, Version: "1.32", NodeGroups: []inventory.NodeGroup{g}},
	}
	options, err := guidance.Write(f, topic)
	if err != nil || len(options) != 1 {
		t.Fatal(options, err)
	}
	var said []string
	for _, made := range options[0].Forms {
		if made.Form == form {
			for _, s := range made.Steps {
				said = append(said, s.Text, s.Code)
			}
			notes = strings.Join(made.Notes, "\n")
		}
	}
	return strings.Join(said, "\n"), notes
}

// Another node group has what the old one has, as far as EKS takes it.
func TestNodeGroupBeside(t *testing.T) {
	tests := []struct {
		name         string
		is           inventory.NodeGroup
		form         guidance.Form
		has, lacks   []string
		notes, quiet string
	}{
		{
			"sizes are the old one's",
			inventory.NodeGroup{Desired: 2, Settings: &inventory.NodeGroupSettings{Min: 1, Max: 9}},
			guidance.AWSCLI,
			[]string{"minSize=1,maxSize=9,desiredSize=2"},
			[]string{"--labels", "--taints", "--disk-size", "--launch-template", "--node-repair-config", "the labels, taints"},
			"", "Not copied",
		},
		{
			"an older snapshot",
			inventory.NodeGroup{Desired: 2, LaunchTemplate: "lt-1", Tags: map[string]string{"team": "shop"}},
			guidance.AWSCLI,
			[]string{"minSize=2,maxSize=2,desiredSize=2", "with the labels, taints, tags and sizes that the old one has"},
			[]string{"--tags", "lt-1"},
			"", "Not copied",
		},
		{
			"a launch template, whose disk is not given again",
			inventory.NodeGroup{LaunchTemplate: "lt-1", Settings: &inventory.NodeGroupSettings{Max: 1, DiskSize: 50, LaunchTemplateVersion: "7"}},
			guidance.Terraform,
			[]string{`id      = "lt-1"`, `version = "7"`},
			[]string{"disk_size"},
			"has the launch template lt-1", "",
		},
		{
			"a launch template that eksctl deletes",
			inventory.NodeGroup{LaunchTemplate: "lt-1", Tags: map[string]string{"alpha.eksctl.io/nodegroup-name": "old", "team": "shop"}, Settings: &inventory.NodeGroupSettings{Max: 1, Labels: map[string]string{"alpha.eksctl.io/nodegroup-name": "old"}}},
			guidance.Eksctl,
			[]string{`tags: {"team": "shop"}`},
			[]string{"lt-1", "labels:", "alpha.eksctl.io"},
			"The launch template lt-1 of the node group old is left out", "",
		},
		{
			"AWS's own tags",
			inventory.NodeGroup{Tags: map[string]string{"aws:cloudformation:stack-name": "x", "AWS:other": "y"}, Settings: &inventory.NodeGroupSettings{Max: 1}},
			guidance.Python,
			nil,
			[]string{"tags=", "cloudformation"},
			"", "",
		},
		{
			"effects in Kubernetes's words",
			inventory.NodeGroup{Settings: &inventory.NodeGroupSettings{Max: 1, Taints: []inventory.Taint{{Key: "a", Effect: "PREFER_NO_SCHEDULE"}, {Key: "b", Effect: "NO_EXECUTE"}}}},
			guidance.Eksctl,
			[]string{`effect: "PreferNoSchedule"`, `effect: "NoExecute"`},
			[]string{"value:"},
			"", "",
		},
		{
			"effects in EKS's words",
			inventory.NodeGroup{Settings: &inventory.NodeGroupSettings{Max: 1, Taints: []inventory.Taint{{Key: "a", Value: "b", Effect: "NO_SCHEDULE"}}}},
			guidance.Terraform,
			[]string{`effect = "NO_SCHEDULE"`, `value  = "b"`},
			nil, "", "",
		},
		{
			"what is not kept",
			inventory.NodeGroup{Settings: &inventory.NodeGroupSettings{Max: 1, NotKept: []string{"remoteAccess", "warmPoolConfig"}}},
			guidance.CDK,
			nil, nil, "Not copied from the node group old, as a snapshot does not have it: remoteAccess, warmPoolConfig.", "left out",
		},
		{
			"a secret that CloudFormation would look up",
			inventory.NodeGroup{Tags: map[string]string{"a": "{{resolve:secretsmanager:prod}}", "b": "c"}, Settings: &inventory.NodeGroupSettings{Max: 1, Labels: map[string]string{"Ref": "Cluster"}}},
			guidance.CloudFormation,
			[]string{`Tags: {"b": "c"}`},
			[]string{"resolve", "Labels"},
			"2 labels, taints and tags are left out", "",
		},
		{
			"the same to who does not look up",
			inventory.NodeGroup{Tags: map[string]string{"a": "{{resolve:secretsmanager:prod}}"}, Settings: &inventory.NodeGroupSettings{Max: 1}},
			guidance.AWSCLI,
			[]string{"{{resolve:secretsmanager:prod}}"},
			nil, "", "left out",
		},
		{
			"an update of more nodes than there can be",
			inventory.NodeGroup{Settings: &inventory.NodeGroupSettings{Max: 2, MaxUnavailable: 10}},
			guidance.Eksctl,
			[]string{"maxUnavailable: 2"},
			nil, "", "",
		},
		{
			"an update that takes the old nodes first",
			inventory.NodeGroup{Settings: &inventory.NodeGroupSettings{Max: 4, MaxUnavailable: 3, UpdateStrategy: "MINIMAL"}},
			guidance.Eksctl,
			[]string{"maxUnavailable: 3"},
			[]string{"MINIMAL"},
			"eksctl has no update strategy", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, notes := besides(t, tt.form, tt.is)
			for _, want := range tt.has {
				if !strings.Contains(code, want) {
					t.Errorf("%q is missing:\n%s", want, code)
				}
			}
			for _, not := range tt.lacks {
				if strings.Contains(code, not) {
					t.Errorf("%q is there:\n%s", not, code)
				}
			}
			if !strings.Contains(notes, tt.notes) || tt.quiet != "" && strings.Contains(notes, tt.quiet) {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
