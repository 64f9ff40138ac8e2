package guidance_test

import (
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/inventory"
)

// versioned is a finding about the version of a cluster, with the way up and its node groups.
func versioned(version, policy, path string, groups ...inventory.NodeGroup) *exposure.Finding {
	const topic = "unsupported-kubernetes-version"
	f := &exposure.Finding{
		Topics: []exposure.TopicState{{ID: topic, Options: []exposure.OptionState{{ID: "upgrade"}, {ID: "nodes"}, {ID: "replace"}}}},
		Cluster: exposure.Cluster{
			Ref: inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}, Version: version, SupportType: policy, NodeGroups: groups,
			Calendar: []inventory.VersionSupport{{Version: "1.27", Status: "UNSUPPORTED"}, {Version: "1.32", Status: "EXTENDED_SUPPORT"}, {Version: "1.33", Status: "STANDARD_SUPPORT"}, {Version: "1.34", Status: "STANDARD_SUPPORT"}},
		},
	}
	state := exposure.TraitState{ID: topic, Standing: exposure.Contributing, Evidence: []exposure.Evidence{
		{Standing: exposure.Contributing, Variant: exposure.VariantUnsupported, Facts: []exposure.Fact{{Name: "upgrade path", Value: path}}},
	}}
	for _, g := range groups {
		state.Evidence = append(state.Evidence, exposure.Evidence{Standing: exposure.Contributing, Variant: exposure.VariantNodesUnsupported, Facts: []exposure.Fact{
			{Name: "version", Value: g.Version}, {Name: "control plane version", Value: version},
		}})
	}
	f.Traits = []exposure.TraitState{state}
	return f
}

// optionOf gives one option of the version's topic; nil when it is not offered.
func optionOf(t *testing.T, f *exposure.Finding, id string) *guidance.Option {
	t.Helper()
	options, err := guidance.Write(f, "unsupported-kubernetes-version")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		if o.ID == id {
			return &o
		}
	}
	return nil
}

// textOf is all that a form says.
func textOf(o guidance.Option, form guidance.Form) string {
	var said []string
	g := formOf(o, form)
	for _, s := range g.Steps {
		said = append(said, s.Text, s.Code)
	}
	return strings.Join(append(said, g.Notes...), "\n")
}

// EKS takes an upgrade policy while the version is in standard support: the command for it
// belongs to such a version alone, and to the step that reaches it.
func TestUpgradePolicy(t *testing.T) {
	tests := []struct {
		name, version, policy, path string
		command, inFirst            bool
	}{
		{"to a version in standard support", "1.32", "EXTENDED", "1.32 → 1.33", true, true},
		{"in two steps", "1.31", "EXTENDED", "1.31 → 1.32 → 1.33", true, false},
		{"to one in extended support", "1.31", "EXTENDED", "1.31 → 1.32", false, false},
		{"to one past its support", "1.26", "EXTENDED", "1.26 → 1.27", false, false},
		{"it is so already", "1.32", "STANDARD", "1.32 → 1.33", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := optionOf(t, versioned(tt.version, tt.policy, tt.path), "upgrade")
			for form, command := range map[guidance.Form]string{
				guidance.AWSCLI: "supportType=STANDARD", guidance.Eksctl: "supportType=STANDARD", guidance.Python: "upgradePolicy", guidance.CloudFormation: "UpgradePolicy",
			} {
				if got := strings.Contains(textOf(*o, form), command); got != tt.command {
					t.Errorf("%s has the policy: %t, want %t", form, got, tt.command)
				}
			}
			hcl := textOf(*o, guidance.Terraform)
			if got := strings.Contains(hcl, "upgrade_policy {"); got != tt.inFirst {
				t.Errorf("the first step has the policy: %t, want %t", got, tt.inFirst)
			}
			if got := strings.Contains(hcl, "in the last step only"); got != (tt.command && !tt.inFirst) {
				t.Errorf("the last step is named: %t", got)
			}
		})
	}
}

// What EKS takes back is said as plans say it.
func TestWayBackFromAnUpgrade(t *testing.T) {
	tests := []struct {
		name, version, policy, path string
		want                        exposure.Reversibility
	}{
		{"from a version in standard support", "1.33", "STANDARD", "1.33 → 1.34", exposure.Partly},
		{"from one in extended support", "1.32", "EXTENDED", "1.32 → 1.33", exposure.Partly},
		{"from one in extended support that the policy does not allow", "1.32", "STANDARD", "1.32 → 1.33", exposure.Irreversible},
		{"from one past its support", "1.27", "EXTENDED", "1.27 → 1.28", exposure.Irreversible},
		{"the last step is what goes back", "1.31", "EXTENDED", "1.31 → 1.32 → 1.33", exposure.Partly},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := optionOf(t, versioned(tt.version, tt.policy, tt.path), "upgrade")
			back := tt.want != exposure.Irreversible
			if o.Remedy.Reversibility != tt.want || o.Remedy.Limit == "" {
				t.Errorf("remedy %s, want %s", o.Remedy.Describe(), tt.want)
			}
			if got := strings.Contains(textOf(*o, guidance.AWSCLI), "To go back"); got != back {
				t.Errorf("a step back: %t, want %t", got, back)
			}
			for _, g := range o.Forms {
				if g.Cannot == "" && strings.Contains(strings.Join(g.Notes, "\n"), "There is no way back:") == back {
					t.Errorf("%s: notes %q", g.Form, g.Notes)
				}
			}
		})
	}
	if text := textOf(*optionOf(t, versioned("1.27", "EXTENDED", "1.27 → 1.28 → 1.32 → 1.33"), "upgrade"), guidance.AWSCLI); !strings.Contains(text, "There is no way back from 1.28, 1.32.") {
		t.Error(text)
	}
	if o := optionOf(t, versioned("1.32", "EXTENDED", "1.32 → 1.33", inventory.NodeGroup{Name: "a", Version: "1.31"}), "nodes"); o.Remedy.Reversibility != exposure.Irreversible {
		t.Errorf("nodes: %s", o.Remedy.Describe())
	}
}

// Nodes are brought to the control plane's version where some are behind it, or have images that end.
func TestNodesThatFollow(t *testing.T) {
	tests := []struct {
		name   string
		groups []inventory.NodeGroup
		want   bool
	}{
		{"all have it", []inventory.NodeGroup{{Name: "a", Version: "1.27"}, {Name: "b", Version: "1.27"}}, false},
		{"one is behind", []inventory.NodeGroup{{Name: "a", Version: "1.27"}, {Name: "b", Version: "1.26"}}, true},
		{"all have it, with images that end", []inventory.NodeGroup{{Name: "a", Version: "1.27", AMIType: "AL2_x86_64"}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := versioned("1.27", "EXTENDED", "1.27 → 1.28", tt.groups...)
			o := optionOf(t, f, "nodes")
			if (o != nil) != tt.want {
				t.Fatalf("offered: %t, want %t", o != nil, tt.want)
			}
			if o == nil {
				return
			}
			for _, g := range o.Forms {
				if g.Cannot == "" && len(g.Steps) == 0 {
					t.Errorf("%s says nothing", g.Form)
				}
			}
		})
	}
}

// Where other nodes alone are behind, each form says so.
func TestNodesOutsideOfGroups(t *testing.T) {
	f := versioned("1.27", "EXTENDED", "1.27 → 1.28", inventory.NodeGroup{Name: "a", Version: "1.27"})
	f.Traits[0].Evidence = append(f.Traits[0].Evidence, exposure.Evidence{Standing: exposure.Contributing, Variant: exposure.VariantNodesBehind, Facts: []exposure.Fact{
		{Name: "version", Value: "1.26"}, {Name: "control plane version", Value: "1.27"}, {Name: "node names", Value: "node-1, node-2"},
	}})
	o := optionOf(t, f, "nodes")
	for _, g := range o.Forms {
		if g.Cannot == "" && !strings.Contains(textOf(*o, g.Form), "EC2NodeClass") {
			t.Errorf("%s: %+v", g.Form, g.Steps)
		}
	}
	if text := textOf(*o, guidance.Kubectl); !strings.Contains(text, "drain node-1") || !strings.Contains(text, "drain node-2") {
		t.Error(text)
	}
}

// eksctl makes a new cluster with both endpoints, and the public one goes off afterwards.
func TestNewClusterByEksctl(t *testing.T) {
	g := formOf(*optionOf(t, versioned("1.27", "EXTENDED", "1.27 → 1.28"), "replace"), guidance.Eksctl)
	if n := len(g.Steps); n != 3 || !strings.Contains(g.Steps[0].Code, "publicAccess: true\n  publicAccessCIDRs: [\"<ALLOWED_CIDR>\"]") || !strings.Contains(g.Steps[2].Code, "--public-access=false") {
		t.Errorf("steps %+v", g.Steps)
	}
}
