package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

func (c *Changer) setVersion(ctx context.Context, client *eks.Client, to string, ref inventory.ClusterRef, token string) (*ekstypes.Update, error) {
	return call(ctx, c.c, eksUpdateClusterVersion, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.UpdateClusterVersion(ctx, &eks.UpdateClusterVersionInput{Name: aws.String(ref.Name), ClientRequestToken: aws.String(token), Version: aws.String(to)})
		if err != nil {
			return nil, err
		}
		return answered(eksUpdateClusterVersion, out.Update)
	})
}

// setNodeGroup never forces: nodes that a disruption budget keeps from being emptied
// make the update fail.
func (c *Changer) setNodeGroup(ctx context.Context, client *eks.Client, a plan.Action, ref inventory.ClusterRef, token string) (*ekstypes.Update, error) {
	return call(ctx, c.c, eksUpdateNodegroupVersion, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.UpdateNodegroupVersion(ctx, &eks.UpdateNodegroupVersionInput{
			ClusterName: aws.String(ref.Name), NodegroupName: aws.String(a.Target.Name), ClientRequestToken: aws.String(token), Version: aws.String(a.To.Version),
		})
		if err != nil {
			return nil, err
		}
		return answered(eksUpdateNodegroupVersion, out.Update)
	})
}

func (c *Changer) setAddon(ctx context.Context, client *eks.Client, a plan.Action, ref inventory.ClusterRef, token string) (*ekstypes.Update, error) {
	in := &eks.UpdateAddonInput{
		ClusterName: aws.String(ref.Name), AddonName: aws.String(a.Target.Name), ClientRequestToken: aws.String(token),
		AddonVersion: aws.String(a.To.Addon.Version), ResolveConflicts: ekstypes.ResolveConflictsPreserve,
	}
	if a.To.Addon.RoleARN != "" {
		in.ServiceAccountRoleArn = aws.String(a.To.Addon.RoleARN)
	}
	return call(ctx, c.c, eksUpdateAddon, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.UpdateAddon(ctx, in)
		if err != nil {
			return nil, err
		}
		return answered(eksUpdateAddon, out.Update)
	})
}

func (c *Changer) setPolicy(ctx context.Context, client *eks.Client, to string, ref inventory.ClusterRef, token string) (*ekstypes.Update, error) {
	return call(ctx, c.c, eksUpdateClusterConfig, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{
			Name: aws.String(ref.Name), ClientRequestToken: aws.String(token), UpgradePolicy: &ekstypes.UpgradePolicyRequest{SupportType: ekstypes.SupportType(to)},
		})
		if err != nil {
			return nil, err
		}
		return answered(eksUpdateClusterConfig, out.Update)
	})
}
