package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// remove asks EKS to delete what an action is about. EKS gives no update to follow; the
// target's status tells. What is gone already is no error. An add-on's software is
// deleted with it (preserve is false).
func (c *Changer) remove(ctx context.Context, client *eks.Client, a plan.Action, ref inventory.ClusterRef) error {
	cluster, name := aws.String(ref.Name), aws.String(a.Target.Name)
	var op action
	var do func(context.Context) error
	switch a.Target.Type {
	case inventory.TypeNodegroup:
		op, do = eksDeleteNodegroup, func(ctx context.Context) error {
			_, err := client.DeleteNodegroup(ctx, &eks.DeleteNodegroupInput{ClusterName: cluster, NodegroupName: name})
			return err
		}
	case inventory.TypeFargateProfile:
		op, do = eksDeleteFargateProfile, func(ctx context.Context) error {
			_, err := client.DeleteFargateProfile(ctx, &eks.DeleteFargateProfileInput{ClusterName: cluster, FargateProfileName: name})
			return err
		}
	case inventory.TypeAddon:
		op, do = eksDeleteAddon, func(ctx context.Context) error {
			_, err := client.DeleteAddon(ctx, &eks.DeleteAddonInput{ClusterName: cluster, AddonName: name})
			return err
		}
	case inventory.TypeCluster:
		op, do = eksDeleteCluster, func(ctx context.Context) error {
			_, err := client.DeleteCluster(ctx, &eks.DeleteClusterInput{Name: cluster})
			return err
		}
	default:
		return fmt.Errorf("%s %q is nothing that EKS deletes: %w", a.Target.Type, a.Target.Name, fault.ErrInvalid)
	}
	_, err := call(ctx, c.c, op, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}
