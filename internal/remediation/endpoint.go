package remediation

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// The options of the endpoint topics that are more than a list of ranges.
const (
	// optionPrefixList takes ranges from a managed prefix list.
	optionPrefixList = "prefix-list"
	optionNarrower   = "narrower"
)

// callerOptions are those that take ranges from who calls.
func callerOptions() []string { return []string{"public-and-private", "public", optionNarrower} }

// noteTrail is the note of ranges from CloudTrail, by the cluster's name.
const noteTrail = "The cluster writes no audit log. The callers are those of EKS's own API, from CloudTrail: who manages the cluster, and not who calls its Kubernetes API. " +
	"For the true callers switch audit logging on, and draft again when it has some weeks of them: aws eks update-cluster-config --name %s --logging '{\"clusterLogging\":[{\"types\":[\"audit\"],\"enabled\":true}]}'"

// endpoint drafts the options of the endpoint topics.
func (s *Service) endpoint(ctx context.Context, now *inventory.Snapshot, q Request) (proposal, error) {
	choice := plan.EndpointChoice{Option: q.Option, CIDRs: q.CIDRs, Operator: q.Operator, Narrow: q.Trait == traitNarrow && q.Option == optionPrefixList}
	var notes []string
	if q.PrefixList != "" {
		list, err := s.cfg.Networks.PrefixList(ctx, now.Cluster.Ref, q.PrefixList)
		if err != nil {
			return proposal{}, err
		}
		choice.List = &list
		notes = []string{fmt.Sprintf("The ranges are a copy of prefix list %s, as it was at %s; EKS does not follow the list: draft again when it changes.", list, s.now().Format("2006-01-02 15:04 MST"))}
	}
	if q.Callers != 0 {
		callers, err := s.cfg.Networks.Callers(ctx, now, q.Callers)
		if err != nil {
			return proposal{}, err
		}
		if q.Option == optionNarrower {
			callers = callers.Among(plan.Of(plan.EndpointAccess, now).Endpoint.CIDRs)
		}
		choice.Callers = &callers
		if callers.Source == plan.CloudTrail {
			notes = append(notes, fmt.Sprintf(noteTrail, now.Cluster.Ref.Name))
		}
	}
	actions, checks, err := plan.DraftEndpoint(now, choice, s.cfg.Networks.Network(ctx, now))
	return proposal{actions: actions, checks: checks, notes: notes, callers: choice.Callers}, err
}
