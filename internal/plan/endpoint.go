package plan

import (
	"fmt"
	"net/netip"
	"slices"
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
}

// DraftEndpoint gives the actions and checks that bring the endpoint to the choice.
// The order is safe: the private endpoint is on before the public one is narrowed or
// switched off, and is switched off last (Amazon EKS User Guide, "Cluster API server
// endpoint"). A choice that is there already is fault.ErrConflict.
func DraftEndpoint(s *inventory.Snapshot, c EndpointChoice) ([]Action, []Check, error) {
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
	return endpointSteps(s.Cluster.Ref, now, wish), endpointChecks(s, c, now, wish), nil
}

func endpointSteps(ref inventory.ClusterRef, now, wish Endpoint) []Action {
	var actions []Action
	step := func(title string, risk Risk, to Endpoint) {
		if now.equal(to) {
			return
		}
		from := now
		actions = append(actions, Action{
			Kind: EndpointAccess, Target: ref.Resource(), Title: title, From: Setting{Endpoint: &from}, To: Setting{Endpoint: &to},
			Permissions: []string{"eks:DescribeUpdate", "eks:UpdateClusterConfig"}, Risk: risk, Effect: Immediate,
		})
		now = to
	}
	if wish.Private {
		step("Switch the private endpoint on", RiskLow, Endpoint{Public: now.Public, Private: true, CIDRs: now.CIDRs})
	}
	title := "Switch the public endpoint off"
	if wish.Public {
		title = fmt.Sprintf("Let %s reach the public endpoint, and nobody else", list(wish.CIDRs))
	}
	step(title, RiskMedium, Endpoint{Public: wish.Public, Private: now.Private, CIDRs: wish.CIDRs})
	step("Switch the private endpoint off", RiskHigh, wish)
	return actions
}

func endpointWish(s *inventory.Snapshot, now Endpoint, c EndpointChoice) (Endpoint, error) {
	switch c.Option {
	case optionPrivate:
		if len(c.CIDRs) > 0 {
			return Endpoint{}, fmt.Errorf("CIDR ranges count for the public endpoint, which option %q switches off; leave them out, or take another option: %w", c.Option, fault.ErrInvalid)
		}
		return Endpoint{Private: true, CIDRs: now.CIDRs}, nil
	case optionPrefixList:
		return Endpoint{}, fmt.Errorf("option %q is not applied by eksposure; give the ranges of `aws ec2 get-managed-prefix-list-entries` to another option: %w", c.Option, fault.ErrInvalid)
	case optionBoth, optionPublic, optionNarrower:
	default:
		return Endpoint{}, fmt.Errorf("option %q of the endpoint: want %s, %s, %s or %s: %w", c.Option, optionPrivate, optionBoth, optionPublic, optionNarrower, fault.ErrInvalid)
	}
	if len(c.CIDRs) == 0 {
		return Endpoint{}, fmt.Errorf("option %q needs the CIDR ranges that stay let in: %w", c.Option, fault.ErrInvalid)
	}
	cidrs, err := Ranges(c.CIDRs)
	if err != nil {
		return Endpoint{}, err
	}
	for _, text := range cidrs {
		if strings.Contains(text, ":") && s.Cluster.Network.IPFamily != familyIPv6 {
			return Endpoint{}, fmt.Errorf("CIDR range %q: EKS takes IPv6 ranges for clusters of the IPv6 family alone: %w", text, fault.ErrInvalid)
		}
	}
	wish := Endpoint{Public: true, Private: c.Option == optionBoth, CIDRs: cidrs}
	if c.Option != optionNarrower {
		return wish, nil
	}
	wish.Private = now.Private
	if more := beyond(now.CIDRs, cidrs); len(more) > 0 {
		return Endpoint{}, fmt.Errorf("option %q: %s is not let in now, so that would not be narrower: %w", c.Option, list(more), fault.ErrInvalid)
	}
	return wish, nil
}

// endpointChecks looks for who would be locked out, and for who would be let in.
func endpointChecks(s *inventory.Snapshot, c EndpointChoice, now, wish Endpoint) []Check {
	checks := []Check{operatorCheck(c, wish), accessCheck(s), nodesCheck(wish)}
	if wish.Private {
		checks = append(checks, Check{
			"private path", Unknown,
			"the VPC needs enableDnsSupport and enableDnsHostnames, and the cluster's security groups must let port 443 in from nodes and operators; that is not read",
		})
	}
	if more := beyond(now.CIDRs, wish.CIDRs); wish.Public && now.Public && len(more) > 0 {
		checks = append(checks, Check{"new addresses", Unknown, list(more) + " is let in, and is not now"})
	}
	return checks
}

func operatorCheck(c EndpointChoice, wish Endpoint) Check {
	const name = "operator"
	switch {
	case !wish.Public:
		return Check{name, Unknown, "operators, pipelines and eksposure itself must be in the VPC, or in a network that is connected to it"}
	case !c.Operator.IsValid():
		return Check{name, Unknown, "the address that your requests come from was not given (--operator ADDRESS)"}
	case holds(wish.CIDRs, c.Operator):
		return Check{name, Passed, fmt.Sprintf("requests from %s stay let in", c.Operator)}
	}
	return Check{name, Failed, fmt.Sprintf("requests from %s would be shut out; add %s/%d, or name another address", c.Operator, c.Operator, c.Operator.BitLen())}
}

func nodesCheck(wish Endpoint) Check {
	const name = "nodes"
	if wish.Private {
		return Check{name, Passed, "nodes and Fargate pods reach the API by the private endpoint, where the private path holds"}
	}
	return Check{
		name, Unknown,
		"without the private endpoint, nodes and Fargate pods reach the API from their public or NAT addresses; those must be in the ranges, and are not read",
	}
}

// administrators are the access policies that let somebody mend a cluster.
var administrators = []string{"AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy"}

// accessCheck wants an access entry of somebody who can mend the cluster: the
// identity that made it may be one that nobody has any more.
func accessCheck(s *inventory.Snapshot) Check {
	const name = "access entries"
	switch {
	case s.Gap(inventory.SectionAccess) != nil:
		return Check{name, Unknown, "the access entries could not be read"}
	case s.Cluster.AuthenticationMode == "CONFIG_MAP":
		return Check{name, Unknown, "the cluster keeps who may enter in the ConfigMap aws-auth, which is not read"}
	}
	for _, e := range s.AccessEntries {
		if slices.ContainsFunc(e.Policies, func(p inventory.AccessPolicy) bool {
			return slices.Contains(administrators, p.ARN[strings.LastIndexByte(p.ARN, '/')+1:])
		}) {
			return Check{name, Passed, e.PrincipalARN + " may administer the cluster"}
		}
	}
	if s.Cluster.AuthenticationMode == "API" && !slices.ContainsFunc(s.AccessEntries, func(e inventory.AccessEntry) bool { return e.Type == "STANDARD" }) {
		return Check{name, Failed, "no access entry lets a person or a program in; make one before the endpoint changes (aws eks create-access-entry)"}
	}
	return Check{name, Unknown, "no access entry has an administrator's access policy; who else may mend the cluster is not read"}
}
