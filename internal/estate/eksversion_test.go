package estate_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/estate"
)

// old is platform-tools as a cluster of 1.32 with a node group and an add-on.
func old(change ...func(*estate.Cluster)) func(*estate.Cluster) {
	return func(cl *estate.Cluster) {
		cl.Version, cl.SupportType, cl.AutoMode = "1.32", "EXTENDED", false
		cl.NodeGroups = []estate.NodeGroup{{Name: "general", Version: "1.32", AMIType: "AL2023_x86_64_STANDARD", Role: "node"}}
		cl.Addons = []estate.Addon{{Name: "kube-proxy", Version: "v1.32.2-eksbuild.3", Role: "proxy"}}
		for _, f := range change {
			f(cl)
		}
	}
}

// changer asks for updates of platform-tools.
type changer struct {
	*testing.T

	c *eks.Client
}

func (c changer) version(to string) error {
	_, err := c.c.UpdateClusterVersion(c.Context(), &eks.UpdateClusterVersionInput{Name: aws.String(tools), Version: aws.String(to)})
	return err
}

func (c changer) nodes(to string) error {
	_, err := c.c.UpdateNodegroupVersion(c.Context(), &eks.UpdateNodegroupVersionInput{ClusterName: aws.String(tools), NodegroupName: aws.String("general"), Version: aws.String(to)})
	return err
}

func (c changer) addon(name, to string) error {
	_, err := c.c.UpdateAddon(c.Context(), &eks.UpdateAddonInput{ClusterName: aws.String(tools), AddonName: aws.String(name), AddonVersion: aws.String(to)})
	return err
}

func (c changer) node() string {
	return *must(c.T, c.c.DescribeNodegroup, &eks.DescribeNodegroupInput{ClusterName: aws.String(tools), NodegroupName: aws.String("general")}).Nodegroup.Version
}

// EKS has no image of Amazon Linux 2 for 1.33.
func TestNodeGroupsKeepTheirImage(t *testing.T) {
	clock := time.Now()
	_, client := changeable(t, &clock, old(func(cl *estate.Cluster) {
		cl.Version, cl.NodeGroups[0].Version, cl.NodeGroups[0].AMIType = "1.33", "1.32", "AL2_x86_64"
	}))
	c := changer{t, client}
	var refused *ekstypes.InvalidParameterException
	if err := c.nodes("1.33"); !errors.As(err, &refused) || !strings.Contains(err.Error(), "1.33 is not supported") {
		t.Errorf("%v", err)
	}
}

// An upgrade as EKS takes it: the control plane by one version, then the nodes, then
// the next; and back within a week, when the nodes are not newer.
func TestVersionsGoUpOneByOne(t *testing.T) {
	clock := time.Now()
	e, client := changeable(t, &clock, old())
	c := changer{t, client}
	steps := []struct {
		name string
		ask  func() error
		code string
	}{
		{"two versions at once", func() error { return c.version("1.34") }, "InvalidParameterException"},
		{"a version that is not there", func() error { return c.version("1.99") }, "InvalidParameterException"},
		{"the same version", func() error { return c.version("1.32") }, "InvalidParameterException"},
		{"back without an upgrade", func() error { return c.version("1.31") }, "InvalidRequestException"},
		{"nodes before the control plane", func() error { return c.nodes("1.33") }, "InvalidParameterException"},
		{"an add-on that does not fit", func() error { return c.addon("kube-proxy", "v1.33.2-eksbuild.3") }, "InvalidParameterException"},
		{"an add-on that is not there", func() error { return c.addon("efs", "v1") }, "ResourceNotFoundException"},
		{"one version", func() error { return c.version("1.33") }, ""},
		{"and back", func() error { return c.version("1.32") }, ""},
		{"back of a roll-back", func() error { return c.version("1.31") }, "InvalidRequestException"},
		{"up again", func() error { return c.version("1.33") }, ""},
		{"the next before the nodes", func() error { return c.version("1.34") }, "InvalidParameterException"},
		{"the add-on", func() error { return c.addon("kube-proxy", "v1.33.2-eksbuild.3") }, ""},
		{"the nodes", func() error { return c.nodes("1.33") }, ""},
		{"back after the nodes", func() error { return c.version("1.32") }, "InvalidRequestException"},
		{"nodes back", func() error { return c.nodes("1.32") }, "InvalidParameterException"},
		{"the next", func() error { return c.version("1.34") }, ""},
	}
	for _, s := range steps {
		if err := s.ask(); code(err) != s.code {
			t.Fatalf("%s: %v, want %q", s.name, err, s.code)
		}
		e.Finish()
	}
	if got := described(t, client); *got.Version != "1.34" || c.node() != "1.33" {
		t.Errorf("control plane %s, nodes %s", *got.Version, c.node())
	}
}

// An update of a part keeps the part and the cluster from another, and is known by the
// part's name alone.
func TestPartsAreUpdatedOneAtATime(t *testing.T) {
	clock := time.Now()
	e, client := changeable(t, &clock, old(func(cl *estate.Cluster) { cl.NodeGroups[0].Version = "1.31" }))
	c := changer{t, client}
	u := must(t, client.UpdateNodegroupVersion, &eks.UpdateNodegroupVersionInput{ClusterName: aws.String(tools), NodegroupName: aws.String("general"), Version: aws.String("1.32")}).Update
	for name, ask := range map[string]func() error{
		"the same part": func() error { return c.nodes("1.32") },
		"the cluster":   func() error { _, err := setAccess(t.Context(), client, "", access(false, true)); return err },
	} {
		if err := ask(); code(err) != "ResourceInUseException" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.addon("kube-proxy", "v1.31.2-eksbuild.3"); err != nil {
		t.Errorf("another part: %v", err)
	}
	if _, err := client.DescribeUpdate(t.Context(), &eks.DescribeUpdateInput{Name: aws.String(tools), UpdateId: u.Id}); code(err) != "ResourceNotFoundException" {
		t.Errorf("the update of a part among those of the cluster: %v", err)
	}
	e.Finish()
	got := must(t, client.DescribeUpdate, &eks.DescribeUpdateInput{Name: aws.String(tools), UpdateId: u.Id, NodegroupName: aws.String("general")}).Update
	if got.Status != ekstypes.UpdateStatusSuccessful || c.node() != "1.32" {
		t.Errorf("update %s, node group %s", got.Status, c.node())
	}
	addon := must(t, client.DescribeAddon, &eks.DescribeAddonInput{ClusterName: aws.String(tools), AddonName: aws.String("kube-proxy")}).Addon
	if *addon.AddonVersion != "v1.31.2-eksbuild.3" || addon.ServiceAccountRoleArn != nil {
		t.Errorf("add-on %s keeps the role %v, which was not named", *addon.AddonVersion, addon.ServiceAccountRoleArn)
	}
}

// What a roll-back is refused for beside the nodes.
func TestRollBacksAreRefused(t *testing.T) {
	for name, change := range map[string]func(*estate.Cluster){
		"after a week":                    func(cl *estate.Cluster) { cl.Updates[0].CreatedAt = time.Now().AddDate(0, 0, -8) },
		"extended support without policy": func(cl *estate.Cluster) { cl.SupportType = "STANDARD" },
		"insights": func(cl *estate.Cluster) {
			cl.Insights = []estate.Insight{{Name: "add-ons", Category: "ROLLBACK_READINESS", Status: "ERROR"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := time.Now()
			_, client := changeable(t, &clock, old(func(cl *estate.Cluster) {
				cl.Version = "1.33"
				cl.Updates = []estate.Update{{ID: "up", Type: "VersionUpdate", Status: "Successful", CreatedAt: time.Now(), Params: map[string]string{"Version": "1.33"}}}
				change(cl)
			}))
			if err := (changer{t, client}).version("1.32"); code(err) != "InvalidRequestException" {
				t.Errorf("%v", err)
			}
		})
	}
}
