package cloud

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/inventory"
)

// maxOnNodes is how many labels, and how many taints, of a node group are kept: EKS gives
// no node group more than 50 taints, and names no number for labels.
const maxOnNodes = 100

func (r *reader) nodeGroups(ctx context.Context) {
	names := r.names(ctx, inventory.SectionNodeGroups, eksListNodegroups, func(ctx context.Context, token *string) ([]string, *string, error) {
		out, err := r.eks.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: r.name(), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.Nodegroups, out.NextToken, nil
	})
	r.snapshot.NodeGroups = collect(ctx, r, inventory.SectionNodeGroups, names, r.nodeGroup)
}

func (r *reader) nodeGroup(ctx context.Context, name string) (inventory.NodeGroup, error) {
	got, err := call(ctx, r.c, eksDescribeNodegroup, func(ctx context.Context) (*ekstypes.Nodegroup, error) {
		out, err := r.eks.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: r.name(), NodegroupName: aws.String(name)})
		if err != nil {
			return nil, err
		}
		return answered(eksDescribeNodegroup, out.Nodegroup)
	})
	if err != nil {
		return inventory.NodeGroup{}, err
	}
	n := inventory.NodeGroup{
		Name: name, ARN: aws.ToString(got.NodegroupArn), Status: string(got.Status), Version: aws.ToString(got.Version),
		ReleaseVersion: aws.ToString(got.ReleaseVersion), AMIType: string(got.AmiType), CapacityType: string(got.CapacityType),
		InstanceTypes: got.InstanceTypes, RoleARN: aws.ToString(got.NodeRole), Subnets: got.Subnets,
		CreatedAt: utc(got.CreatedAt), Tags: got.Tags, Settings: settingsOf(got),
	}
	if got.ScalingConfig != nil {
		n.Desired = int(aws.ToInt32(got.ScalingConfig.DesiredSize))
	}
	if got.LaunchTemplate != nil {
		n.LaunchTemplate = cmpOr(got.LaunchTemplate.Id, got.LaunchTemplate.Name)
	}
	if got.Health != nil {
		for _, i := range got.Health.Issues {
			n.Issues = append(n.Issues, inventory.Issue{Code: string(i.Code), Message: clip(aws.ToString(i.Message))})
		}
	}
	return n, nil
}

// settingsOf keeps what another node group like it is made with. Of remote access, which
// names an SSH key and security groups, and of what few have, it keeps that it is there.
func settingsOf(got *ekstypes.Nodegroup) *inventory.NodeGroupSettings {
	s := &inventory.NodeGroupSettings{DiskSize: int(aws.ToInt32(got.DiskSize))}
	notKept := func(name string, has bool) {
		if has {
			s.NotKept = append(s.NotKept, name)
		}
	}
	if c := got.ScalingConfig; c != nil {
		s.Min, s.Max = int(aws.ToInt32(c.MinSize)), int(aws.ToInt32(c.MaxSize))
	}
	notKept("labels", len(got.Labels) > maxOnNodes)
	if n := len(got.Labels); n > 0 && n <= maxOnNodes {
		s.Labels = got.Labels
	}
	if repair := got.NodeRepairConfig; repair != nil {
		s.NodeRepair = aws.ToBool(repair.Enabled)
		notKept("nodeRepairConfig", repair.MaxParallelNodesRepairedCount != nil || repair.MaxParallelNodesRepairedPercentage != nil ||
			repair.MaxUnhealthyNodeThresholdCount != nil || repair.MaxUnhealthyNodeThresholdPercentage != nil || len(repair.NodeRepairConfigOverrides) > 0)
	}
	notKept("remoteAccess", got.RemoteAccess != nil)
	notKept("taints", len(got.Taints) > maxOnNodes)
	if len(got.Taints) <= maxOnNodes {
		s.Taints = taintsOf(got.Taints)
	}
	notKept("warmPoolConfig", got.WarmPoolConfig != nil)
	if got.LaunchTemplate != nil {
		s.LaunchTemplateVersion = aws.ToString(got.LaunchTemplate.Version)
	}
	if u := got.UpdateConfig; u != nil {
		s.MaxUnavailable, s.MaxUnavailablePercentage = int(aws.ToInt32(u.MaxUnavailable)), int(aws.ToInt32(u.MaxUnavailablePercentage))
		s.UpdateStrategy = string(u.UpdateStrategy)
	}
	return s
}

func taintsOf(got []ekstypes.Taint) []inventory.Taint {
	var list []inventory.Taint
	for _, t := range got {
		list = append(list, inventory.Taint{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value), Effect: string(t.Effect)})
	}
	slices.SortFunc(list, func(a, b inventory.Taint) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Effect, b.Effect))
	})
	return list
}
