package cloud

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"golang.org/x/sync/errgroup"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// notOptedIn is EC2's word for a region that the account has not enabled.
const notOptedIn = "not-opted-in"

// Clusters lists the clusters of every account and region that the
// configuration names, connected clusters included. An account or region that
// cannot be listed is a Skip; only a list of accounts that cannot be had, or the
// caller giving up, is an error.
func (c *Client) Clusters(ctx context.Context) (inventory.Discovery, error) {
	accounts, skipped, err := c.accounts(ctx)
	if err != nil {
		return inventory.Discovery{}, err
	}
	found := make([]listing, len(accounts))
	var group errgroup.Group
	group.SetLimit(accountsAtOnce)
	for i, account := range accounts {
		group.Go(func() error {
			found[i] = c.list(ctx, account)
			return nil
		})
	}
	_ = group.Wait() // the functions return no error: each failure is in its listing
	if err := ctx.Err(); err != nil {
		return inventory.Discovery{}, fmt.Errorf("list clusters: %w", err)
	}
	d := inventory.Discovery{Clusters: []inventory.ClusterRef{}, Accounts: accounts, Regions: []string{}, Skipped: skipped}
	regions := map[string]bool{}
	for i, account := range accounts {
		d.Clusters = append(d.Clusters, found[i].clusters...)
		d.Skipped = append(d.Skipped, found[i].skipped...)
		for _, r := range found[i].regions {
			regions[r] = true
		}
		if name := c.nameOf(account); name != "" {
			if d.AccountNames == nil {
				d.AccountNames = map[string]string{}
			}
			d.AccountNames[account] = name
		}
	}
	d.Regions = slices.AppendSeq(d.Regions, maps.Keys(regions))
	slices.Sort(d.Regions)
	slices.SortFunc(d.Clusters, inventory.ClusterRef.Compare)
	slices.SortFunc(d.Skipped, inventory.Skip.Compare)
	return d, nil
}

// accounts gives the accounts to list, ordered, and those of the organization
// that are closed or closing: nothing can be read there.
func (c *Client) accounts(ctx context.Context) ([]string, []inventory.Skip, error) {
	named := slices.Compact(slices.Sorted(slices.Values(c.cfg.Accounts)))
	if !c.cfg.Organization {
		if len(named) == 0 {
			named = []string{c.caller.Account}
		}
		return named, nil, nil
	}
	members, err := c.members(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("list the organization's accounts: %w. %s", err,
			"Scan as the management account or a delegated administrator, or list the accounts; "+remedy(err))
	}
	var active []string
	var skipped []inventory.Skip
	for _, m := range members {
		id, state := aws.ToString(m.Id), string(m.State)
		if state == "" {
			state = string(m.Status) // the field that State replaces; AWS retired it in September 2026
		}
		c.setName(id, aws.ToString(m.Name))
		if len(named) > 0 && !slices.Contains(named, id) {
			continue
		}
		if state != string(orgtypes.AccountStateActive) {
			skipped = append(skipped, inventory.Skip{
				Account: id, Disabled: true, Reason: fault.Of(fault.ErrDenied).Name,
				Detail: fmt.Sprintf("The organization lists the account as %s: nothing in it can be read", state),
			})
			continue
		}
		active = append(active, id)
	}
	for _, id := range named {
		// An account that was asked for and is not the organization's is tried all the same.
		if !slices.ContainsFunc(members, func(m orgtypes.Account) bool { return aws.ToString(m.Id) == id }) {
			active = append(active, id)
		}
	}
	slices.Sort(active)
	c.know(active...)
	return active, skipped, nil
}

func (c *Client) members(ctx context.Context) ([]orgtypes.Account, error) {
	client := organizations.NewFromConfig(c.base)
	var members []orgtypes.Account
	err := c.pages(ctx, organizationsListAccounts, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: token})
		if err != nil {
			return nil, err
		}
		members = append(members, out.Accounts...)
		return out.NextToken, nil
	})
	return members, err
}

// listing is what one account gave.
type listing struct {
	clusters []inventory.ClusterRef
	regions  []string
	skipped  []inventory.Skip
}

// list reads one account.
func (c *Client) list(ctx context.Context, account string) listing {
	var l listing
	if _, err := c.credentials(ctx, account); err != nil {
		l.skip(account, "", err)
		return l
	}
	l.regions = slices.Compact(slices.Sorted(slices.Values(c.cfg.Regions)))
	if len(l.regions) == 0 {
		optIn, err := c.optIn(ctx, account)
		if err != nil {
			l.skip(account, "", fmt.Errorf("list the enabled regions (or name the regions to scan): %w", err))
			return l
		}
		l.applyOptIn(account, optIn)
	}
	names := make([][]string, len(l.regions))
	errs := make([]error, len(l.regions))
	var group errgroup.Group
	group.SetLimit(c.cfg.Concurrency)
	for i, region := range l.regions {
		group.Go(func() error {
			names[i], errs[i] = c.clusterNames(ctx, place{account, region})
			return nil
		})
	}
	_ = group.Wait() // the functions return no error: each is in errs
	for i, region := range l.regions {
		// A list that fails half-way, or moves while it is read, may name a cluster twice.
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names[i]))) {
			l.clusters = append(l.clusters, inventory.ClusterRef{
				Partition: c.caller.Partition, Account: account, Region: region, Name: name,
			})
		}
	}
	c.explainRegions(ctx, account, &l, errs)
	return l
}

// explainRegions turns the errors of regions into skips. Credentials that
// one region refuses may mean that the account has not enabled it; then the
// list of regions is asked, once.
func (c *Client) explainRegions(ctx context.Context, account string, l *listing, errs []error) {
	var optIn map[string]string
	if len(c.cfg.Regions) > 0 && slices.ContainsFunc(errs, regionOff) {
		// Without the list the refusal itself is shown, which names its remedy.
		optIn, _ = c.optIn(ctx, account)
	}
	off := map[string]bool{}
	for i, err := range errs {
		region := l.regions[i]
		switch {
		case err == nil:
		case regionOff(err) && optIn[region] == notOptedIn:
			off[region] = true
			l.skipped = append(l.skipped, disabled(account, region))
		default:
			l.skip(account, region, err)
		}
	}
	l.regions = slices.DeleteFunc(slices.Clone(l.regions), func(r string) bool { return off[r] })
}

// applyOptIn keeps the enabled regions and names the others.
func (l *listing) applyOptIn(account string, optIn map[string]string) {
	for _, region := range slices.Sorted(maps.Keys(optIn)) {
		if optIn[region] == notOptedIn {
			l.skipped = append(l.skipped, disabled(account, region))
			continue
		}
		l.regions = append(l.regions, region)
	}
}

func (l *listing) skip(account, region string, err error) {
	l.skipped = append(l.skipped, inventory.Skip{
		Account: account, Region: region, Reason: fault.Of(err).Name, Detail: explain(err),
	})
}

func disabled(account, region string) inventory.Skip {
	return inventory.Skip{
		Account: account, Region: region, Disabled: true, Reason: fault.Of(fault.ErrDenied).Name,
		Detail: "The account has not enabled this region: nothing can run there",
	}
}

// optIn gives the opt-in status of every region that the account could use.
// EC2 answers this in every partition; account:ListRegions does not.
func (c *Client) optIn(ctx context.Context, account string) (map[string]string, error) {
	cfg, err := c.in(ctx, place{account, c.base.Region})
	if err != nil {
		return nil, err
	}
	out, err := call(ctx, c, ec2DescribeRegions, func(ctx context.Context) (*ec2.DescribeRegionsOutput, error) {
		return ec2.NewFromConfig(cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true)})
	})
	if err != nil {
		return nil, err
	}
	if len(out.Regions) == 0 {
		return nil, malformed(ec2DescribeRegions, "no region at all")
	}
	optIn := make(map[string]string, len(out.Regions))
	for _, r := range out.Regions {
		optIn[aws.ToString(r.RegionName)] = aws.ToString(r.OptInStatus)
	}
	return optIn, nil
}

// clusterNames lists the clusters of one place, connected ones included
// (ListClusters, "include": "all").
func (c *Client) clusterNames(ctx context.Context, p place) ([]string, error) {
	client, err := c.eks(ctx, p)
	if err != nil {
		return nil, err
	}
	var names []string
	err = c.pages(ctx, eksListClusters, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.ListClusters(ctx, &eks.ListClustersInput{Include: []string{"all"}, NextToken: token})
		if err != nil {
			return nil, err
		}
		names = append(names, out.Clusters...)
		return out.NextToken, nil
	})
	return names, err
}
