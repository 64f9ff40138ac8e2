package access

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// maxScope bounds each list of a scope.
const maxScope = 1000

// Scope confines a caller to accounts, regions and clusters (ARNs). An empty list
// does not confine.
type Scope struct {
	Accounts []string `json:"accounts,omitempty"`
	Regions  []string `json:"regions,omitempty"`
	Clusters []string `json:"clusters,omitempty"`
}

// Everything reports whether the scope confines nothing.
func (s Scope) Everything() bool {
	return len(s.Accounts) == 0 && len(s.Regions) == 0 && len(s.Clusters) == 0
}

// Allows reports whether a cluster is inside the scope.
func (s Scope) Allows(ref inventory.ClusterRef) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return in(s.Accounts, ref.Account) && in(s.Regions, ref.Region) && in(s.Clusters, ref.String())
}

// Check lets a handler ask for one cluster's sake: outside of the scope the cluster
// does not exist (fault.ErrNotFound), so that nobody learns what others have.
func (s Scope) Check(ref inventory.ClusterRef) error {
	if s.Allows(ref) {
		return nil
	}
	return fmt.Errorf("cluster %q: %w", ref, fault.ErrNotFound)
}

// Validate reports what no account, region or cluster is called, as
// fault.ErrInvalid: a scope with a slip of the pen would confine to nothing.
func (s Scope) Validate() error {
	for _, list := range [][]string{s.Accounts, s.Regions, s.Clusters} {
		if len(list) > maxScope {
			return fmt.Errorf("scope with %d entries: want %d at most: %w", len(list), maxScope, fault.ErrInvalid)
		}
	}
	account, region := regexp.MustCompile(`^\d{12}$`), regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d{1,2}$`)
	for _, a := range s.Accounts {
		if !account.MatchString(a) {
			return fmt.Errorf("account %q of the scope: want 12 digits: %w", a, fault.ErrInvalid)
		}
	}
	for _, r := range s.Regions {
		if !region.MatchString(r) {
			return fmt.Errorf("region %q of the scope: want a region's code, such as eu-central-1: %w", r, fault.ErrInvalid)
		}
	}
	for _, c := range s.Clusters {
		if _, err := inventory.ParseClusterRef(c); err != nil {
			return fmt.Errorf("scope: %w", err)
		}
	}
	return nil
}
