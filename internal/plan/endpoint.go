package plan

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// The options of the endpoint topics, as the traits name them.
const (
	optionPrivate    = "private"
	optionBoth       = "public-and-private"
	optionPublic     = "public"
	optionNarrower   = "narrower"
	optionPrefixList = "prefix-list"
)

// familyIPv6 is EKS's word for a cluster of the IPv6 family.
const familyIPv6 = "ipv6"

// EndpointChoice is what a person chooses about the endpoint.
type EndpointChoice struct {
	// Option is one of the endpoint topics' options.
	Option string
	// CIDRs are the ranges that stay let in; none for private.
	CIDRs []string
	// Operator is the address that the operator's own requests come from; the zero
	// address when it is not known.
	Operator netip.Addr
	// List is the prefix list that the ranges are taken from; nil without one.
	List *PrefixList
	// Callers are those who stay let in, beside CIDRs; nil without them.
	Callers *Callers
	// Narrow wants ranges that are let in already.
	Narrow bool
}

// PrefixList is a managed prefix list as it was read.
type PrefixList struct {
	ID, Name string
	// Version is 0 for a list of AWS's own, which tells none.
	Version int64
	CIDRs   []string
}

// String writes the list for a person: "pl-1 (offices), version 3".
func (l PrefixList) String() string {
	text := l.ID
	if l.Name != "" {
		text += " (" + l.Name + ")"
	}
	if l.Version > 0 {
		text += fmt.Sprintf(", version %d", l.Version)
	}
	return text
}

// DraftEndpoint gives the actions and checks that bring the endpoint to the choice.
// The order is safe: the private endpoint is on before the public one is narrowed or
// switched off, and is switched off last (Amazon EKS User Guide, "Cluster API server
// endpoint"). A choice that is there already is fault.ErrConflict.
func DraftEndpoint(s *inventory.Snapshot, c EndpointChoice, n Network) ([]Action, []Check, error) {
	if s.Gap(inventory.SectionCluster) != nil || s.Cluster.Endpoint == nil {
		return nil, nil, fmt.Errorf("endpoint of cluster %q is not known; scan it first: %w", s.Cluster.Ref, fault.ErrUnavailable)
	}
	now := *Of(EndpointAccess, s).Endpoint
	wish, err := endpointWish(s, now, c)
	if err != nil {
		return nil, nil, err
	}
	if now.equal(wish) {
		return nil, nil, fmt.Errorf("endpoint of cluster %q is so already (%s): %w", s.Cluster.Ref, now, fault.ErrConflict)
	}
	return endpointSteps(s.Cluster.Ref, now, wish), endpointChecks(s, c, n, now, wish), nil
}

func endpointSteps(ref inventory.ClusterRef, now, wish Endpoint) []Action {
	var actions []Action
	step := func(title string, risk Risk, effect Effect, to Endpoint) {
		if now.equal(to) {
			return
		}
		from := now
		actions = append(actions, Action{
			Kind: EndpointAccess, Target: ref.Resource(), Title: title, From: Setting{Endpoint: &from}, To: Setting{Endpoint: &to},
			Permissions: []string{"eks:DescribeUpdate", "eks:UpdateClusterConfig"}, Risk: risk, Effect: effect,
		})
		now = to
	}
	if wish.Private {
		step("Switch the private endpoint on", RiskLow, Deferred, Endpoint{Public: now.Public, Private: true, CIDRs: now.CIDRs})
	}
	title := "Switch the public endpoint off"
	if wish.Public {
		title = fmt.Sprintf("Let %s reach the public endpoint, and nobody else", list(wish.CIDRs))
	}
	step(title, RiskMedium, Immediate, Endpoint{Public: wish.Public, Private: now.Private, CIDRs: wish.CIDRs})
	step("Switch the private endpoint off", RiskHigh, Deferred, wish)
	return actions
}

func endpointWish(s *inventory.Snapshot, now Endpoint, c EndpointChoice) (Endpoint, error) {
	switch c.Option {
	case optionPrivate:
		if len(c.CIDRs) > 0 || c.Callers != nil {
			return Endpoint{}, fmt.Errorf("CIDR ranges count for the public endpoint, which option %q switches off; leave them out, or take another option: %w", c.Option, fault.ErrInvalid)
		}
		return Endpoint{Private: true, CIDRs: now.CIDRs}, nil
	case optionBoth, optionPublic, optionNarrower, optionPrefixList:
	default:
		return Endpoint{}, fmt.Errorf("option %q of the endpoint: want %s, %s, %s, %s or %s: %w", c.Option, optionPrivate, optionBoth, optionPublic, optionNarrower, optionPrefixList, fault.ErrInvalid)
	}
	cidrs, err := c.ranges()
	if err != nil {
		return Endpoint{}, err
	}
	for _, text := range cidrs {
		if strings.Contains(text, ":") && s.Cluster.Network.IPFamily != familyIPv6 {
			return Endpoint{}, fmt.Errorf("CIDR range %q: EKS takes IPv6 ranges for clusters of the IPv6 family alone: %w", text, fault.ErrInvalid)
		}
	}
	wish := Endpoint{Public: true, Private: c.Option != optionPublic, CIDRs: cidrs}
	if c.Option != optionNarrower && !c.Narrow {
		return wish, nil
	}
	if c.Option == optionNarrower {
		wish.Private = now.Private
	}
	if more := beyond(now.CIDRs, cidrs); len(more) > 0 {
		return Endpoint{}, fmt.Errorf("option %q: %s is not let in now, so that would not be narrower: %w", c.Option, list(more), fault.ErrInvalid)
	}
	return wish, nil
}

// ranges are the ones that are given, merged: with those of callers, or those of the prefix
// list.
func (c EndpointChoice) ranges() ([]string, error) {
	switch {
	case c.Option == optionPrefixList && c.List == nil:
		return nil, fmt.Errorf("option %q needs the ID of a managed prefix list: %w", c.Option, fault.ErrInvalid)
	case c.Option == optionPrefixList && (len(c.CIDRs) > 0 || c.Callers != nil):
		return nil, fmt.Errorf("option %q takes the ranges of the prefix list and no others; put them into the list, or take another option: %w", c.Option, fault.ErrInvalid)
	case c.Option == optionPrefixList && len(c.List.CIDRs) == 0:
		return nil, fmt.Errorf("prefix list %s is empty: nobody would be let in: %w", c.List, fault.ErrInvalid)
	case c.Option == optionPrefixList:
		list, err := Ranges(c.List.CIDRs)
		if err != nil {
			return nil, fmt.Errorf("prefix list %s: %w", c.List, err)
		}
		return list, nil
	case c.Callers != nil:
		return c.Callers.wish(c.CIDRs)
	case len(c.CIDRs) == 0:
		return nil, fmt.Errorf("option %q needs the CIDR ranges that stay let in, or the callers of some days: %w", c.Option, fault.ErrInvalid)
	}
	return Ranges(c.CIDRs)
}
