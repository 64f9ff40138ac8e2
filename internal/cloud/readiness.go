package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// insightLife is how old EKS's insights may be: EKS looks again every day (Amazon EKS
// User Guide, "Cluster insights").
const insightLife = 24 * time.Hour

// Readiness fills what AWS tells for an upgrade of a cluster along some versions. What
// cannot be read says why.
func (c *Client) Readiness(ctx context.Context, s *inventory.Snapshot, path []string, r *plan.Readiness) {
	ref := s.Cluster.Ref
	client, err := c.eks(ctx, place{ref.Account, ref.Region})
	if err != nil {
		r.Insights.Unread, r.Addons.Unread, r.Subnets.Unread = explain(err), explain(err), explain(err)
		return
	}
	r.Insights = c.insights(ctx, client, ref)
	if r.Addons.Items, err = c.addonReleases(ctx, client, s.Addons, path); err != nil {
		r.Addons.Unread = unread(err)
	}
	if r.Subnets.Items, err = c.subnets(ctx, ref, s.Cluster.Network.Subnets); err != nil {
		r.Subnets.Unread = unread(err)
	}
}

// unread is an error as people read it, with its remedy.
func unread(err error) string {
	if text := remedy(err); text != "" {
		return fault.Message(err) + ". " + text
	}
	return fault.Message(err)
}

// insights reads EKS's own checks of readiness. Those that are old are made anew, which
// takes EKS minutes, and are not known until then.
func (c *Client) insights(ctx context.Context, client *eks.Client, ref inventory.ClusterRef) plan.Reading[plan.Insight] {
	var read plan.Reading[plan.Insight]
	var oldest time.Time
	err := c.pages(ctx, eksListInsights, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.ListInsights(ctx, &eks.ListInsightsInput{
			ClusterName: aws.String(ref.Name), NextToken: token, Filter: &ekstypes.InsightsFilter{Categories: []ekstypes.Category{ekstypes.CategoryUpgradeReadiness}},
		})
		if err != nil {
			return nil, err
		}
		for _, i := range out.Insights {
			one := plan.Insight{Name: aws.ToString(i.Name), Version: aws.ToString(i.KubernetesVersion), Refreshed: utc(i.LastRefreshTime)}
			if i.InsightStatus != nil {
				one.Status, one.Reason = string(i.InsightStatus.Status), aws.ToString(i.InsightStatus.Reason)
			}
			if oldest.IsZero() || one.Refreshed.Before(oldest) {
				oldest = one.Refreshed
			}
			read.Items = append(read.Items, one)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return plan.Reading[plan.Insight]{Unread: unread(err)}
	}
	if len(read.Items) > 0 && c.cfg.Now().Sub(oldest) <= insightLife {
		return read
	}
	_, err = call(ctx, c, eksStartInsightsRefresh, func(ctx context.Context) (*eks.StartInsightsRefreshOutput, error) {
		return client.StartInsightsRefresh(ctx, &eks.StartInsightsRefreshInput{ClusterName: aws.String(ref.Name)})
	})
	old := "there are none"
	if len(read.Items) > 0 {
		old = "they are of " + oldest.Format(time.RFC3339)
	}
	if err != nil {
		return plan.Reading[plan.Insight]{Unread: fmt.Sprintf("%s, and EKS could not be asked to look again: %s", old, unread(err))}
	}
	return plan.Reading[plan.Insight]{Unread: old + "; EKS was asked to look again, which takes minutes: draft the plan once more then"}
}

// AddonReleases reads which versions of a cluster's add-ons fit a version of Kubernetes,
// newest first.
func (c *Client) AddonReleases(ctx context.Context, s *inventory.Snapshot, kubernetes string) ([]plan.AddonRelease, error) {
	ref := s.Cluster.Ref
	client, err := c.eks(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return nil, err
	}
	list, err := c.addonReleases(ctx, client, s.Addons, []string{kubernetes})
	return list, advised(err)
}

// addonReleases reads which versions of the cluster's add-ons fit the versions of a path.
func (c *Client) addonReleases(ctx context.Context, client *eks.Client, addons []inventory.Addon, path []string) ([]plan.AddonRelease, error) {
	var list []plan.AddonRelease
	if len(path) == 0 {
		return nil, nil
	}
	for _, on := range addons {
		err := c.pages(ctx, eksDescribeAddonVersions, func(ctx context.Context, token *string) (*string, error) {
			out, err := client.DescribeAddonVersions(ctx, &eks.DescribeAddonVersionsInput{AddonName: aws.String(on.Name), NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, info := range out.Addons {
				for _, v := range info.AddonVersions {
					r := plan.AddonRelease{Name: aws.ToString(info.AddonName), Version: aws.ToString(v.AddonVersion)}
					for _, fit := range v.Compatibilities {
						if !slices.Contains(path, aws.ToString(fit.ClusterVersion)) {
							continue
						}
						r.Fits = append(r.Fits, *fit.ClusterVersion)
						if fit.DefaultVersion {
							r.DefaultOf = append(r.DefaultOf, *fit.ClusterVersion)
						}
					}
					list = append(list, r)
				}
			}
			return out.NextToken, nil
		})
		if err != nil && !errors.Is(err, fault.ErrNotFound) { // EKS knows no version of it
			return nil, err
		}
	}
	return list, nil
}

func (c *Client) subnets(ctx context.Context, ref inventory.ClusterRef, ids []string) ([]plan.Subnet, error) {
	if len(ids) == 0 {
		return nil, malformed(eksDescribeCluster, "the cluster has no subnets")
	}
	cfg, err := c.in(ctx, place{ref.Account, ref.Region})
	if err != nil {
		return nil, err
	}
	out, err := call(ctx, c, ec2DescribeSubnets, func(ctx context.Context) (*ec2.DescribeSubnetsOutput, error) {
		return ec2.NewFromConfig(cfg).DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: ids})
	})
	if err != nil {
		return nil, err
	}
	var list []plan.Subnet
	for _, n := range out.Subnets {
		list = append(list, plan.Subnet{ID: aws.ToString(n.SubnetId), Free: int(aws.ToInt32(n.AvailableIpAddressCount))})
	}
	slices.SortFunc(list, func(a, b plan.Subnet) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}
