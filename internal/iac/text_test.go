package iac_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/iac"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

var checkout = inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}

func folderOf(name, text string) fstest.MapFS {
	return fstest.MapFS{name: &fstest.MapFile{Data: []byte(text), Mode: 0o644}}
}

// Line ends, last lines without one, and names with spaces are as they were.
func TestTextStays(t *testing.T) {
	t.Parallel()
	const config = "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: checkout\n  tags: {größe: \"1\", name: x}\n"
	for _, tt := range []struct{ why, name, text, want string }{
		{"the last line has no end", "a.yaml", strings.TrimSuffix(config, "\n"), strings.TrimSuffix(config, "\n") + "\n  version: \"1.34\""},
		{"lines of Windows", "a.yaml", strings.ReplaceAll(config, "\n", "\r\n"), strings.ReplaceAll(config+"  version: \"1.34\"\n", "\n", "\r\n")},
		{"a name with spaces", "eks config/the shop.yml", config, config + "  version: \"1.34\"\n"},
		{
			"letters of several bytes before the value", "a.yaml",
			"{apiVersion: eksctl.io/v1alpha5, kind: ClusterConfig, metadata: {\"größe\": ü, version: '1.33', name: checkout}}",
			"{apiVersion: eksctl.io/v1alpha5, kind: ClusterConfig, metadata: {\"größe\": ü, version: '1.34', name: checkout}}",
		},
		{
			"Terraform with lines of Windows", "a.tf",
			"resource \"aws_eks_cluster\" \"a\" {\r\n  name = \"checkout\"\r\n}",
			"resource \"aws_eks_cluster\" \"a\" {\r\n  name    = \"checkout\"\r\n  version = \"1.34\"\r\n}",
		},
	} {
		folder := folderOf(tt.name, tt.text)
		p, err := iac.Write(folder, iac.Wish{Cluster: checkout, Version: "1.34"}, "")
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
			continue
		}
		if d := cmp.Diff(tt.want, string(p.Files[0].New)); d != "" {
			t.Errorf("%s: -want +got:\n%s", tt.why, d)
		}
		applies(t, folder, p, p.Diff(""))
	}
}

// A plan of several versions is one step; a deletion is no patch.
func TestWishOfPlan(t *testing.T) {
	t.Parallel()
	control := func(v string) plan.Action {
		return plan.Action{Kind: plan.ControlPlaneVersion, Target: checkout.Resource(), To: plan.Setting{Version: v}}
	}
	nodes := func(v string) plan.Action {
		return plan.Action{Kind: plan.NodeGroupVersion, Target: inventory.ResourceRef{Name: "blue"}, To: plan.Setting{Version: v}}
	}
	blue := func(v string) []iac.Versioned { return []iac.Versioned{{Name: "blue", Version: v}} }
	for _, tt := range []struct {
		why     string
		actions []plan.Action
		want    iac.Wish
		later   string
	}{
		{"two versions", []plan.Action{control("1.33"), nodes("1.33"), control("1.34"), nodes("1.34")}, iac.Wish{Version: "1.33", NodeGroups: blue("1.33")}, "1 more follow"},
		{"nodes behind come first", []plan.Action{nodes("1.32"), control("1.33"), nodes("1.33")}, iac.Wish{NodeGroups: blue("1.32")}, "1 more follow"},
		{"the last endpoint counts", []plan.Action{
			{Kind: plan.EndpointAccess, To: plan.Setting{Endpoint: &plan.Endpoint{Public: true, Private: true}}},
			{Kind: plan.EndpointAccess, To: plan.Setting{Endpoint: &plan.Endpoint{Private: true}}},
		}, iac.Wish{Endpoint: &plan.Endpoint{Private: true}}, ""},
	} {
		got, err := iac.WishOf(&plan.Plan{Cluster: checkout, Actions: tt.actions})
		if err != nil {
			t.Errorf("%s: %v", tt.why, err)
		}
		if notes := strings.Join(got.Notes, " "); !strings.Contains(notes, tt.later) || tt.later == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", tt.why, notes, tt.later)
		}
		tt.want.Cluster, got.Notes = checkout, nil
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", tt.why, d)
		}
	}
	for _, actions := range [][]plan.Action{nil, {{Kind: plan.Deletion, Target: checkout.Resource()}}} {
		if _, err := iac.WishOf(&plan.Plan{Cluster: checkout, Actions: actions}); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("%d actions: error %v, want invalid", len(actions), err)
		}
	}
}

// Whatever a file says, it is either left or still what its parser reads.
func FuzzWrite(f *testing.F) {
	f.Add("resource \"aws_eks_cluster\" \"a\" {\n  name = \"checkout\"\n  version = var.v\n  vpc_config {\n    public_access_cidrs = [\n      \"0.0.0.0/0\" ]\n  }\n}\nvariable \"v\" { default = \"1.3\" }\n", true)
	f.Add("module \"m\" {\n source = \"./\"\n name = \"checkout\"\n}\n", true)
	f.Add("locals {\n a = local.b\n b = local.a\n}\nresource \"aws_eks_cluster\" \"a\" {\n name = \"checkout\"\n version = local.a\n}\n", true)
	f.Add("apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: checkout\n  version: &v \"1.3\"\nvpc:\n  publicAccessCIDRs:\n  - 0.0.0.0/0\n", false)
	f.Add("apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: &m\n  name: checkout\nvpc: *m\n", false)
	f.Fuzz(func(t *testing.T, text string, terraform bool) {
		name := "a.yaml"
		if terraform {
			name = "a.tf"
		}
		w := iac.Wish{
			Cluster: checkout, Version: "1.34", KeyARN: "arn:aws:kms:eu-central-1:111122223333:key/1", SupportType: "STANDARD",
			Endpoint: &plan.Endpoint{Public: true, Private: true, CIDRs: []string{"203.0.113.0/24"}},
		}
		p, err := iac.Write(folderOf(name, text), w, "")
		if err != nil {
			if fault.Of(err).Name == "" || errors.Is(err, fault.ErrInvalid) {
				t.Errorf("error %v", err)
			}
			return
		}
		if _, err := iac.Write(folderOf(name, string(p.Files[0].New)), w, ""); !errors.Is(err, fault.ErrConflict) {
			t.Errorf("the patched file is patched again: %v\n%s", err, p.Files[0].New)
		}
	})
}
