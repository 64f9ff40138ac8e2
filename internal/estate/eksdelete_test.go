package estate_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/estate"
)

// A cluster goes after what EKS wants gone before it, and only when nobody protects it.
func TestDeletion(t *testing.T) {
	e, client := changeable(t, nil, func(c *estate.Cluster) {
		c.DeletionProtection = true
		c.NodeGroups = []estate.NodeGroup{{Name: "general", Version: c.Version, AMIType: "AL2023_x86_64_STANDARD", Role: "nodes", CreatedAt: c.CreatedAt}}
		c.FargateProfiles = []estate.FargateProfile{{Name: "a", Role: "pods", CreatedAt: c.CreatedAt}, {Name: "b", Role: "pods", CreatedAt: c.CreatedAt}}
		c.Addons = []estate.Addon{{Name: "coredns", Version: "v1", CreatedAt: c.CreatedAt}}
	})
	cluster := aws.String(tools)
	inUse := func(what string, err error) {
		t.Helper()
		if _, busy := errors.AsType[*ekstypes.ResourceInUseException](err); !busy {
			t.Errorf("%s: %v, want ResourceInUseException", what, err)
		}
	}
	deleteCluster := func() error {
		_, err := client.DeleteCluster(t.Context(), &eks.DeleteClusterInput{Name: cluster})
		return err
	}
	var refused *ekstypes.InvalidRequestException
	if err := deleteCluster(); !errors.As(err, &refused) {
		t.Errorf("a protected cluster: %v", err)
	}
	e.Scenario().Cluster(tools).DeletionProtection = false
	inUse("a cluster with a node group", deleteCluster())

	if out, err := client.DeleteNodegroup(t.Context(), &eks.DeleteNodegroupInput{ClusterName: cluster, NodegroupName: aws.String("general")}); err != nil || out.Nodegroup.Status != ekstypes.NodegroupStatusDeleting {
		t.Fatalf("%+v, %v", out, err)
	}
	_, err := client.DeleteNodegroup(t.Context(), &eks.DeleteNodegroupInput{ClusterName: cluster, NodegroupName: aws.String("general")})
	inUse("a node group twice", err)
	profile := func(name string) error {
		_, err := client.DeleteFargateProfile(t.Context(), &eks.DeleteFargateProfileInput{ClusterName: cluster, FargateProfileName: aws.String(name)})
		return err
	}
	if err := profile("a"); err != nil {
		t.Fatal(err)
	}
	var invalidNow *ekstypes.ClientException
	if err := profile("b"); !errors.As(err, &invalidNow) {
		t.Errorf("two profiles at a time: %v", err)
	}
	e.Finish()
	inUse("a cluster with a Fargate profile", deleteCluster())
	if err := profile("b"); err != nil {
		t.Fatal(err)
	}
	e.Finish()

	e.Scenario().Cluster(tools).Failing = []string{"x"}
	addon := func() error {
		_, err := client.DeleteAddon(t.Context(), &eks.DeleteAddonInput{ClusterName: cluster, AddonName: aws.String("coredns")})
		return err
	}
	if err := addon(); err != nil {
		t.Fatal(err)
	}
	e.Finish()
	if out, err := client.DescribeAddon(t.Context(), &eks.DescribeAddonInput{ClusterName: cluster, AddonName: aws.String("coredns")}); err != nil || out.Addon.Status != ekstypes.AddonStatusDeleteFailed {
		t.Errorf("an add-on that could not be deleted is %+v, %v", out, err)
	}
	if err := addon(); err != nil {
		t.Fatal(err)
	}
	e.Finish()

	if err := deleteCluster(); err != nil {
		t.Fatal(err)
	}
	inUse("a cluster twice", deleteCluster())
	e.Finish()
	var missing *ekstypes.ResourceNotFoundException
	if err := deleteCluster(); !errors.As(err, &missing) {
		t.Errorf("a cluster that is gone: %v", err)
	}
	if out, err := client.ListClusters(t.Context(), &eks.ListClustersInput{}); err != nil || slices.Contains(out.Clusters, tools) {
		t.Errorf("clusters %v, %v", out.Clusters, err)
	}
}
