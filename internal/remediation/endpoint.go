package remediation

import (
	"context"
	"fmt"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// optionPrefixList is the option of the endpoint topics that takes ranges from a managed
// prefix list.
const optionPrefixList = "prefix-list"

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
	actions, checks, err := plan.DraftEndpoint(now, choice, s.cfg.Networks.Network(ctx, now))
	return proposal{actions, checks, notes}, err
}
