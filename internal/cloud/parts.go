package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const (
	// updatesRead is how many updates are described of a quiet cluster: the first
	// and last ones listed, because EKS documents no order.
	updatesRead = 20
	// updatesReadBusy is how many are when EKS says that one is in progress.
	updatesReadBusy = 100
	// maxItemGaps is how many items of one section are named as gaps; a section
	// that misses more is one gap, which people can read.
	maxItemGaps = 20
	// fuseFailures is how many reads of a list may throttle or time out in a row
	// before the rest is given up: each has used up its own retries already.
	fuseFailures = 8
)

// collect reads each named item of a section, side by side. An item that is gone
// since it was listed is no item. Failures are gaps of the items, or one gap of
// the section when no item could be read, or too many could not.
func collect[O any](ctx context.Context, r *reader, section inventory.Section, names []string, read func(context.Context, string) (O, error)) []O {
	items := make([]O, len(names))
	errs := make([]error, len(names))
	var tired fuse
	var group errgroup.Group
	group.SetLimit(r.c.cfg.Concurrency)
	for i, name := range names {
		group.Go(func() error {
			items[i], errs[i] = guarded(&tired, func() (O, error) { return read(ctx, name) })
			return nil
		})
	}
	_ = group.Wait() // the functions return no error: each is in errs
	var good []O
	var failed []int
	for i, err := range errs {
		switch {
		case err == nil:
			good = append(good, items[i])
		case !errors.Is(err, fault.ErrNotFound):
			failed = append(failed, i)
		}
	}
	switch {
	case len(failed) == 0:
	case len(good) == 0:
		r.gap(section, "", errs[failed[0]])
	case len(failed) > maxItemGaps:
		r.gap(section, "", fmt.Errorf("%d of %d could not be read: %w", len(failed), len(names), errs[failed[0]]))
	default:
		for _, i := range failed {
			r.gap(section, names[i], errs[i])
		}
	}
	return good
}

// fuse ends a list of reads that only throttles or times out: three thousand
// access entries would otherwise each use up their own time limit.
type fuse struct {
	mu   sync.Mutex
	row  int // failures since the last answer
	last error
}

// guarded reads unless the fuse is blown.
func guarded[O any](f *fuse, read func() (O, error)) (O, error) {
	if err := f.blown(); err != nil {
		var none O
		return none, err
	}
	item, err := read()
	f.note(err)
	return item, err
}

func (f *fuse) note(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !errors.Is(err, fault.ErrThrottled) && !errors.Is(err, fault.ErrUnavailable) {
		f.row = 0
		return
	}
	f.row++
	f.last = err
}

func (f *fuse) blown() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.row < fuseFailures {
		return nil
	}
	return f.last
}

// names reads all pages of one of EKS's lists of names. What was listed before a
// page failed is still given; the gap says that it is not all.
func (r *reader) names(ctx context.Context, section inventory.Section, a action, page func(ctx context.Context, token *string) ([]string, *string, error)) []string {
	var all []string
	err := r.c.pages(ctx, a, func(ctx context.Context, token *string) (*string, error) {
		names, next, err := page(ctx, token)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
		return next, nil
	})
	if err != nil {
		r.gap(section, "", err)
	}
	return all
}

// name is the cluster's name as an input.
func (r *reader) name() *string { return aws.String(r.ref.Name) }

func (r *reader) updates(ctx context.Context) {
	ids := r.names(ctx, inventory.SectionUpdates, eksListUpdates, func(ctx context.Context, token *string) ([]string, *string, error) {
		out, err := r.eks.ListUpdates(ctx, &eks.ListUpdatesInput{Name: r.name(), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.UpdateIds, out.NextToken, nil
	})
	limit := updatesRead
	if r.snapshot.Cluster.Status == string(ekstypes.ClusterStatusUpdating) {
		limit = updatesReadBusy
	}
	if len(ids) > limit {
		ids = slices.Concat(ids[:limit/2], ids[len(ids)-limit/2:])
	}
	updates := collect(ctx, r, inventory.SectionUpdates, ids, r.update)
	slices.SortFunc(updates, func(a, b inventory.Update) int {
		if n := b.CreatedAt.Compare(a.CreatedAt); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	r.snapshot.Cluster.Updates = updates
}

func (r *reader) update(ctx context.Context, id string) (inventory.Update, error) {
	return r.c.describeUpdate(ctx, r.eks, &eks.DescribeUpdateInput{Name: r.name(), UpdateId: aws.String(id)})
}

func (c *Client) describeUpdate(ctx context.Context, client *eks.Client, asked *eks.DescribeUpdateInput) (inventory.Update, error) {
	got, err := call(ctx, c, eksDescribeUpdate, func(ctx context.Context) (*ekstypes.Update, error) {
		out, err := client.DescribeUpdate(ctx, asked)
		if err != nil {
			return nil, err
		}
		return answered(eksDescribeUpdate, out.Update)
	})
	if err != nil {
		return inventory.Update{}, err
	}
	u := inventory.Update{ID: aws.ToString(asked.UpdateId), Type: string(got.Type), Status: string(got.Status), CreatedAt: utc(got.CreatedAt)}
	for _, e := range got.Errors {
		u.Errors = append(u.Errors, string(e.ErrorCode)+": "+aws.ToString(e.ErrorMessage))
	}
	return u, nil
}

func (r *reader) fargateProfiles(ctx context.Context) {
	names := r.names(ctx, inventory.SectionNodeGroups, eksListFargateProfiles, func(ctx context.Context, token *string) ([]string, *string, error) {
		out, err := r.eks.ListFargateProfiles(ctx, &eks.ListFargateProfilesInput{ClusterName: r.name(), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.FargateProfileNames, out.NextToken, nil
	})
	r.snapshot.FargateProfiles = collect(ctx, r, inventory.SectionNodeGroups, names, r.fargateProfile)
}

func (r *reader) fargateProfile(ctx context.Context, name string) (inventory.FargateProfile, error) {
	got, err := call(ctx, r.c, eksDescribeFargateProfile, func(ctx context.Context) (*ekstypes.FargateProfile, error) {
		out, err := r.eks.DescribeFargateProfile(ctx, &eks.DescribeFargateProfileInput{ClusterName: r.name(), FargateProfileName: aws.String(name)})
		if err != nil {
			return nil, err
		}
		return answered(eksDescribeFargateProfile, out.FargateProfile)
	})
	if err != nil {
		return inventory.FargateProfile{}, err
	}
	p := inventory.FargateProfile{
		Name: name, ARN: aws.ToString(got.FargateProfileArn), Status: string(got.Status),
		RoleARN: aws.ToString(got.PodExecutionRoleArn), Subnets: got.Subnets,
	}
	for _, s := range got.Selectors {
		p.Namespaces = append(p.Namespaces, aws.ToString(s.Namespace))
	}
	slices.Sort(p.Namespaces)
	p.Namespaces = slices.Compact(p.Namespaces)
	return p, nil
}

func (r *reader) addons(ctx context.Context) {
	names := r.names(ctx, inventory.SectionAddons, eksListAddons, func(ctx context.Context, token *string) ([]string, *string, error) {
		out, err := r.eks.ListAddons(ctx, &eks.ListAddonsInput{ClusterName: r.name(), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.Addons, out.NextToken, nil
	})
	r.snapshot.Addons = collect(ctx, r, inventory.SectionAddons, names, r.addon)
}

func (r *reader) addon(ctx context.Context, name string) (inventory.Addon, error) {
	got, err := call(ctx, r.c, eksDescribeAddon, func(ctx context.Context) (*ekstypes.Addon, error) {
		out, err := r.eks.DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: r.name(), AddonName: aws.String(name)})
		if err != nil {
			return nil, err
		}
		return answered(eksDescribeAddon, out.Addon)
	})
	if err != nil {
		return inventory.Addon{}, err
	}
	return inventory.Addon{
		Name: name, ARN: aws.ToString(got.AddonArn), Version: aws.ToString(got.AddonVersion),
		Status: string(got.Status), RoleARN: aws.ToString(got.ServiceAccountRoleArn),
	}, nil
}

// accessEntries reads nothing of a cluster that takes its principals from the
// aws-auth ConfigMap alone: EKS refuses the question, and entries have no effect.
func (r *reader) accessEntries(ctx context.Context) {
	if r.snapshot.Cluster.AuthenticationMode == string(ekstypes.AuthenticationModeConfigMap) {
		return
	}
	principals := r.names(ctx, inventory.SectionAccess, eksListAccessEntries, func(ctx context.Context, token *string) ([]string, *string, error) {
		out, err := r.eks.ListAccessEntries(ctx, &eks.ListAccessEntriesInput{ClusterName: r.name(), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.AccessEntries, out.NextToken, nil
	})
	r.snapshot.AccessEntries = collect(ctx, r, inventory.SectionAccess, principals, r.accessEntry)
}

func (r *reader) accessEntry(ctx context.Context, principal string) (inventory.AccessEntry, error) {
	got, err := call(ctx, r.c, eksDescribeAccessEntry, func(ctx context.Context) (*ekstypes.AccessEntry, error) {
		out, err := r.eks.DescribeAccessEntry(ctx, &eks.DescribeAccessEntryInput{ClusterName: r.name(), PrincipalArn: aws.String(principal)})
		if err != nil {
			return nil, err
		}
		return answered(eksDescribeAccessEntry, out.AccessEntry)
	})
	if err != nil {
		return inventory.AccessEntry{}, err
	}
	entry := inventory.AccessEntry{PrincipalARN: principal, Type: aws.ToString(got.Type), Groups: got.KubernetesGroups}
	err = r.c.pages(ctx, eksListAssociatedAccessPolicies, func(ctx context.Context, token *string) (*string, error) {
		out, err := r.eks.ListAssociatedAccessPolicies(ctx, &eks.ListAssociatedAccessPoliciesInput{
			ClusterName: r.name(), PrincipalArn: aws.String(principal), NextToken: token,
		})
		if err != nil {
			return nil, err
		}
		for _, p := range out.AssociatedAccessPolicies {
			policy := inventory.AccessPolicy{ARN: aws.ToString(p.PolicyArn)}
			if p.AccessScope != nil {
				policy.Scope, policy.Namespaces = string(p.AccessScope.Type), p.AccessScope.Namespaces
			}
			entry.Policies = append(entry.Policies, policy)
		}
		return out.NextToken, nil
	})
	if err != nil {
		return inventory.AccessEntry{}, err
	}
	slices.SortFunc(entry.Policies, func(a, b inventory.AccessPolicy) int { return strings.Compare(a.ARN, b.ARN) })
	return entry, nil
}

func (r *reader) podIdentities(ctx context.Context) {
	ids := r.names(ctx, inventory.SectionPodIdentities, eksListPodIdentityAssociations, func(ctx context.Context, token *string) ([]string, *string, error) {
		out, err := r.eks.ListPodIdentityAssociations(ctx, &eks.ListPodIdentityAssociationsInput{ClusterName: r.name(), NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		ids := make([]string, 0, len(out.Associations))
		for _, a := range out.Associations {
			ids = append(ids, aws.ToString(a.AssociationId))
		}
		return ids, out.NextToken, nil
	})
	r.snapshot.PodIdentities = collect(ctx, r, inventory.SectionPodIdentities, ids, r.podIdentity)
}

func (r *reader) podIdentity(ctx context.Context, id string) (inventory.PodIdentity, error) {
	if id == "" {
		return inventory.PodIdentity{}, malformed(eksListPodIdentityAssociations, "an association without an ID")
	}
	got, err := call(ctx, r.c, eksDescribePodIdentityAssociation, func(ctx context.Context) (*ekstypes.PodIdentityAssociation, error) {
		out, err := r.eks.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: r.name(), AssociationId: aws.String(id)})
		if err != nil {
			return nil, err
		}
		return answered(eksDescribePodIdentityAssociation, out.Association)
	})
	if err != nil {
		return inventory.PodIdentity{}, fmt.Errorf("pod identity %q: %w", id, err)
	}
	return inventory.PodIdentity{
		ARN: aws.ToString(got.AssociationArn), Namespace: aws.ToString(got.Namespace),
		ServiceAccount: aws.ToString(got.ServiceAccount), RoleARN: aws.ToString(got.RoleArn),
	}, nil
}
