package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Describe reads what AWS knows about one cluster. Parts that fail are gaps of
// the snapshot. An error means that there is no snapshot: the cluster does not
// exist (fault.ErrNotFound), the reference cannot be one of the caller's
// (fault.ErrInvalid), or ctx ended.
func (c *Client) Describe(ctx context.Context, ref inventory.ClusterRef) (*inventory.Snapshot, error) {
	if err := c.owns(ref); err != nil {
		return nil, err
	}
	snapshot := &inventory.Snapshot{
		Version:     inventory.SnapshotVersion,
		CollectedAt: c.cfg.Now().UTC(),
		Cluster:     inventory.Cluster{Ref: ref, AccountName: c.nameOf(ref.Account)},
	}
	r := &reader{c: c, ref: ref, snapshot: snapshot}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("describe %q: %w", ref, err)
	}
	snapshot.Normalize()
	return snapshot, nil
}

// owns checks the reference against the caller's partition, and remembers its account.
func (c *Client) owns(ref inventory.ClusterRef) error {
	if err := ref.Validate(); err != nil {
		return fmt.Errorf("cluster reference: %w", err)
	}
	if ref.Partition != c.caller.Partition {
		return fmt.Errorf("cluster %q is in partition %q and the credentials are of %q: %w",
			ref, ref.Partition, c.caller.Partition, fault.ErrInvalid)
	}
	c.know(ref.Account)
	return nil
}

// reader fills one snapshot. Its parts run side by side and each writes its own
// field; only the gaps are shared.
type reader struct {
	c        *Client
	eks      *eks.Client
	ref      inventory.ClusterRef
	snapshot *inventory.Snapshot
	mu       sync.Mutex
}

// part is one section that is read by itself once the cluster is known.
type part struct {
	section inventory.Section
	read    func(context.Context)
}

// read fills the snapshot, or says why there can be none.
func (r *reader) read(ctx context.Context) error {
	parts := []part{
		{inventory.SectionVersions, r.versions},
		{inventory.SectionUpdates, r.updates},
		{inventory.SectionNodeGroups, r.nodeGroups},
		{inventory.SectionNodeGroups, r.fargateProfiles},
		{inventory.SectionAddons, r.addons},
		{inventory.SectionAccess, r.accessEntries},
		{inventory.SectionPodIdentities, r.podIdentities},
		{inventory.SectionKeys, r.keys},
	}
	err := r.cluster(ctx)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return fmt.Errorf("describe %q: %w", r.ref, err)
	case err != nil && r.hopeless(err):
		r.gap(inventory.SectionCluster, "", err)
		r.standIn(err)
		for _, p := range parts {
			if p.section != inventory.SectionVersions && r.snapshot.Gap(p.section) == nil {
				r.gap(p.section, "", err)
			}
		}
		return nil
	case err != nil:
		r.gap(inventory.SectionCluster, "", err)
		r.gap(inventory.SectionKeys, "", fmt.Errorf("the cluster's keys are not known: %w", err))
	case r.snapshot.Cluster.Connector != "":
		// EKS manages no nodes, add-ons or access of a connected cluster: these
		// operations refuse it, and there is nothing to miss.
		parts = slices.DeleteFunc(parts, func(p part) bool { return p.section != inventory.SectionVersions })
	}
	var group errgroup.Group
	group.SetLimit(r.c.cfg.Concurrency)
	for _, p := range parts {
		group.Go(func() error {
			p.read(ctx)
			return nil
		})
	}
	return group.Wait()
}

// hopeless reports whether every other call would fail for the same reason: the
// account cannot be entered, or its EKS endpoint gives no answers.
func (r *reader) hopeless(err error) bool {
	return r.eks == nil || errors.Is(err, fault.ErrThrottled) || errors.Is(err, fault.ErrUnavailable) || regionOff(err)
}

// gap notes a part that could not be read.
func (r *reader) gap(section inventory.Section, subject string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot.Gaps = append(r.snapshot.Gaps, inventory.NewGap(section, subject, err, remedy(err)))
}

// cluster reads DescribeCluster.
func (r *reader) cluster(ctx context.Context) error {
	client, err := r.c.eks(ctx, place{r.ref.Account, r.ref.Region})
	if err != nil {
		return err
	}
	r.eks = client
	got, err := call(ctx, r.c, eksDescribeCluster, func(ctx context.Context) (*ekstypes.Cluster, error) {
		out, err := client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String(r.ref.Name)})
		if err != nil {
			return nil, err
		}
		return answered(eksDescribeCluster, out.Cluster)
	})
	if err != nil {
		return err
	}
	if arn := aws.ToString(got.Arn); arn != "" && arn != r.ref.String() {
		return malformed(eksDescribeCluster, fmt.Sprintf("it is about %q", arn))
	}
	r.fill(got)
	return nil
}

// fill copies EKS's answer, which may lack any part: a cluster that is being
// created or has failed has no version, a connected one no VPC configuration.
func (r *reader) fill(got *ekstypes.Cluster) {
	cl := &r.snapshot.Cluster
	cl.Status = string(got.Status)
	cl.Version = aws.ToString(got.Version)
	cl.PlatformVersion = aws.ToString(got.PlatformVersion)
	cl.CreatedAt = utc(got.CreatedAt)
	cl.RoleARN = aws.ToString(got.RoleArn)
	cl.DeletionProtection = aws.ToBool(got.DeletionProtection)
	cl.Tags = got.Tags
	if got.Health != nil {
		for _, i := range got.Health.Issues {
			cl.Issues = append(cl.Issues, inventory.Issue{Code: string(i.Code), Message: clip(aws.ToString(i.Message))})
		}
	}
	if got.UpgradePolicy != nil {
		cl.SupportType = string(got.UpgradePolicy.SupportType)
	}
	if got.AccessConfig != nil {
		cl.AuthenticationMode = string(got.AccessConfig.AuthenticationMode)
	}
	if got.ComputeConfig != nil {
		cl.AutoMode = aws.ToBool(got.ComputeConfig.Enabled)
	}
	if got.ConnectorConfig != nil {
		cl.Connector = aws.ToString(got.ConnectorConfig.Provider)
		if cl.Connector == "" {
			cl.Connector = string(ekstypes.ConnectorConfigProviderOther)
		}
	}
	if v := got.ResourcesVpcConfig; v != nil {
		cl.Endpoint = &inventory.Endpoint{
			URL: aws.ToString(got.Endpoint), Public: v.EndpointPublicAccess, Private: v.EndpointPrivateAccess, PublicCIDRs: v.PublicAccessCidrs,
		}
		if got.CertificateAuthority != nil {
			cl.Endpoint.CA = aws.ToString(got.CertificateAuthority.Data)
		}
		cl.Network = inventory.Network{
			VPC: aws.ToString(v.VpcId), Subnets: v.SubnetIds, SecurityGroups: v.SecurityGroupIds, ClusterSecurityGroup: aws.ToString(v.ClusterSecurityGroupId),
		}
	}
	if n := got.KubernetesNetworkConfig; n != nil {
		cl.Network.IPFamily = string(n.IpFamily)
		cl.Network.ServiceCIDR = cmpOr(n.ServiceIpv4Cidr, n.ServiceIpv6Cidr)
	}
	for _, e := range got.EncryptionConfig {
		// EKS's word that the resources no longer count is about versions from 1.28;
		// older clusters are judged by them.
		entry := inventory.Encryption{Resources: e.Resources} //nolint:staticcheck // deprecated, and still answered
		if e.Provider != nil {
			entry.KeyARN = aws.ToString(e.Provider.KeyArn)
		}
		cl.Encryption = append(cl.Encryption, entry)
	}
	if got.Logging != nil {
		for _, l := range got.Logging.ClusterLogging {
			setup := inventory.LogSetup{Types: []string{}, Enabled: aws.ToBool(l.Enabled)}
			for _, t := range l.Types {
				setup.Types = append(setup.Types, string(t))
			}
			cl.Logging = append(cl.Logging, setup)
		}
	}
}

// utc gives a time in UTC; none is the zero time.
func utc(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// cmpOr gives the first text that is not empty.
func cmpOr(texts ...*string) string {
	for _, t := range texts {
		if aws.ToString(t) != "" {
			return *t
		}
	}
	return ""
}
