package inventory

import (
	"cmp"
	"slices"
)

// Discovery is what listing clusters over accounts and regions gave.
type Discovery struct {
	// Clusters are ordered by account, region, name.
	Clusters []ClusterRef `json:"clusters"`
	// AccountNames maps account to its name in the organization, where known.
	AccountNames map[string]string `json:"account_names,omitempty"`
	// Accounts and Regions are what was looked at, ordered; a region counts when
	// at least one account has it enabled.
	Accounts []string `json:"accounts"`
	Regions  []string `json:"regions"`
	// Skipped are the places that could not be listed, or are off on purpose.
	Skipped []Skip `json:"skipped,omitempty"`
}

// Skip is one account, or one region of an account, that was not listed.
type Skip struct {
	Account string `json:"account"`
	Region  string `json:"region,omitempty"` // empty: the whole account
	// Disabled marks a region that the account has not opted in to: nothing can
	// run there, so it is no loss of coverage.
	Disabled bool   `json:"disabled,omitempty"`
	Reason   string `json:"reason"` // as in Gap
	Detail   string `json:"detail"`
}

// Compare orders by account, then region.
func (s Skip) Compare(o Skip) int {
	return cmp.Or(cmp.Compare(s.Account, o.Account), cmp.Compare(s.Region, o.Region))
}

// Incomplete reports whether a place that could hold clusters was not listed.
func (d Discovery) Incomplete() bool {
	for _, s := range d.Skipped {
		if !s.Disabled {
			return true
		}
	}
	return false
}

// Gone gives those of some clusters that a complete listing of their account and
// region does not show.
func (d Discovery) Gone(refs []ClusterRef) []ClusterRef {
	shown := make(map[ClusterRef]bool, len(d.Clusters))
	for _, ref := range d.Clusters {
		shown[ref] = true
	}
	var gone []ClusterRef
	for _, ref := range refs {
		if !shown[ref] && d.listed(ref.Account, ref.Region) {
			gone = append(gone, ref)
		}
	}
	return gone
}

// listed reports whether all clusters of a place are known.
func (d Discovery) listed(account, region string) bool {
	return slices.Contains(d.Accounts, account) && slices.Contains(d.Regions, region) && !slices.ContainsFunc(d.Skipped, func(k Skip) bool {
		return !k.Disabled && k.Account == account && (k.Region == "" || k.Region == region)
	})
}
