package estate_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/estate"
)

// A node group says what its nodes are given; one with a launch template leaves the disk and
// the SSH key to that.
func TestNodeGroupSettings(t *testing.T) {
	tests := []struct {
		name     string
		template string
		disk     *int32
		remote   bool
	}{
		{"EKS's launch template", "", aws.Int32(50), true},
		{"one of the account's own", "lt-1", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock := time.Now()
			_, client := changeable(t, &clock, old(func(cl *estate.Cluster) {
				g := &cl.NodeGroups[0]
				g.Min, g.Max, g.Desired, g.DiskSize, g.RemoteAccess, g.LaunchTemplate = 1, 9, 2, 50, "admin", tt.template
				g.Labels, g.Taints = map[string]string{"team": "shop"}, []estate.Taint{{Key: "spot", Effect: "NO_SCHEDULE"}}
			}))
			got := must(t, client.DescribeNodegroup, &eks.DescribeNodegroupInput{ClusterName: aws.String(tools), NodegroupName: aws.String("general")}).Nodegroup
			if s := got.ScalingConfig; *s.MinSize != 1 || *s.MaxSize != 9 || *s.DesiredSize != 2 {
				t.Errorf("sizes %d to %d, %d wished", *s.MinSize, *s.MaxSize, *s.DesiredSize)
			}
			if aws.ToInt32(got.DiskSize) != aws.ToInt32(tt.disk) || (got.RemoteAccess != nil) != tt.remote || (got.LaunchTemplate == nil) != (tt.template == "") {
				t.Errorf("disk %v, remote access %v, launch template %v", got.DiskSize, got.RemoteAccess, got.LaunchTemplate)
			}
			if len(got.Taints) != 1 || got.Taints[0].Effect != ekstypes.TaintEffectNoSchedule || got.Taints[0].Value != nil || got.Labels["team"] != "shop" {
				t.Errorf("labels %v, taints %v", got.Labels, got.Taints)
			}
		})
	}
}
