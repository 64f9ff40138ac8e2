package cloud

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// Changer does the actions of approved plans, in a role that scanning has not. It
// is the only part of the package that writes to clusters.
type Changer struct{ c *Client }

// NewChanger makes a Changer. The role of the configuration is assumed in every
// account, the caller's own too.
func NewChanger(ctx context.Context, cfg Config) (*Changer, error) {
	if cfg.RoleName == "" {
		return nil, fmt.Errorf("no role to change clusters with: %w", fault.ErrInvalid)
	}
	cfg.RoleInOwn, cfg.Organization = true, false
	c, err := New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Changer{c: c}, nil
}

// Begin asks EKS for an action's end state and gives the ID of the update; of a
// deletion there is none. The token makes EKS do it once (clientRequestToken, EKS API Reference). A cluster
// that another update works on is fault.ErrConflict.
func (c *Changer) Begin(ctx context.Context, a plan.Action, ref inventory.ClusterRef, token string) (string, error) {
	if err := c.c.owns(ref); err != nil {
		return "", err
	}
	client, err := c.c.eks(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return "", err
	}
	var update *ekstypes.Update
	switch {
	case a.Kind == plan.Deletion:
		return "", c.remove(ctx, client, a, ref)
	case a.Kind == plan.ControlPlaneVersion && a.To.Version != "":
		update, err = c.setVersion(ctx, client, a.To.Version, ref, token)
	case a.Kind == plan.NodeGroupVersion && a.To.Version != "":
		update, err = c.setNodeGroup(ctx, client, a, ref, token)
	case a.Kind == plan.AddonVersion && a.To.Addon != nil:
		update, err = c.setAddon(ctx, client, a, ref, token)
	case a.Kind == plan.UpgradePolicy && a.To.SupportType != "":
		update, err = c.setPolicy(ctx, client, a.To.SupportType, ref, token)
	case a.Kind == plan.EndpointAccess && a.To.Endpoint != nil:
		update, err = c.setEndpoint(ctx, client, *a.To.Endpoint, ref, token)
	case a.Kind == plan.SecretsEncryption && a.To.Encryption != nil:
		update, err = c.encrypt(ctx, client, a.To.Encryption.KeyARN, ref, token)
	default:
		return "", fmt.Errorf("action of kind %q is none of EKS: %w", a.Kind, fault.ErrInvalid)
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(update.Id), nil
}

func (c *Changer) setEndpoint(ctx context.Context, client *eks.Client, to plan.Endpoint, ref inventory.ClusterRef, token string) (*ekstypes.Update, error) {
	vpc := &ekstypes.VpcConfigRequest{EndpointPublicAccess: aws.Bool(to.Public), EndpointPrivateAccess: aws.Bool(to.Private)}
	if to.Public {
		vpc.PublicAccessCidrs = to.CIDRs
	}
	return call(ctx, c.c, eksUpdateClusterConfig, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.UpdateClusterConfig(ctx, &eks.UpdateClusterConfigInput{Name: aws.String(ref.Name), ClientRequestToken: aws.String(token), ResourcesVpcConfig: vpc})
		if err != nil {
			return nil, err
		}
		return answered(eksUpdateClusterConfig, out.Update)
	})
}

func (c *Changer) encrypt(ctx context.Context, client *eks.Client, key string, ref inventory.ClusterRef, token string) (*ekstypes.Update, error) {
	return call(ctx, c.c, eksAssociateEncryptionConfig, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.AssociateEncryptionConfig(ctx, &eks.AssociateEncryptionConfigInput{
			ClusterName: aws.String(ref.Name), ClientRequestToken: aws.String(token),
			EncryptionConfig: []ekstypes.EncryptionConfig{{Resources: []string{"secrets"}, Provider: &ekstypes.Provider{KeyArn: aws.String(key)}}},
		})
		if err != nil {
			return nil, err
		}
		return answered(eksAssociateEncryptionConfig, out.Update)
	})
}

// Token gives a bearer token for the cluster's Kubernetes API, of the role that
// changes clusters, and the time until which it is accepted.
func (c *Changer) Token(ctx context.Context, ref inventory.ClusterRef) (token string, expires time.Time, err error) {
	return c.c.Token(ctx, ref)
}

// Progress tells how far an update is that an action began. EKS knows the updates of a
// node group or an add-on by its name alone.
func (c *Changer) Progress(ctx context.Context, a plan.Action, ref inventory.ClusterRef, update string) (inventory.Update, error) {
	client, err := c.c.eks(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return inventory.Update{}, err
	}
	asked := &eks.DescribeUpdateInput{Name: aws.String(ref.Name), UpdateId: aws.String(update)}
	switch a.Target.Type {
	case inventory.TypeNodegroup:
		asked.NodegroupName = aws.String(a.Target.Name)
	case inventory.TypeAddon:
		asked.AddonName = aws.String(a.Target.Name)
	}
	return c.c.describeUpdate(ctx, client, asked)
}
