package remediation

import (
	"context"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// The options of the version topic that can be applied. The policy is one of no
// topic: it mends nothing, and says what comes next.
const (
	optionUpgrade = "upgrade"
	optionNodes   = "nodes"
	optionPolicy  = "policy"

	titlePolicy = "Change the upgrade policy"
)

const (
	noteUpgrade = "An upgrade of a control plane takes EKS some minutes and of a node group as long as its nodes take to be replaced, one after the other; EKS goes on when eksposure " +
		"is interrupted. Pause the plan between two actions to try the cluster out: once the node groups have a version, EKS does not roll the control plane back from it."
	noteFollow = "What follows the version comes along by hand: Cluster Autoscaler or Karpenter, device plugins, kubectl, and whatever is no EKS add-on."
	notePolicy = "The policy mends nothing by itself: it says what comes at the end of standard support. With STANDARD, EKS upgrades the control plane by itself at the end of standard support, at a time of its own; with EXTENDED the cluster enters extended support, " +
		"at 0.60 instead of 0.10 USD per cluster-hour, and the policy cannot be changed while that lasts."
)

// upgrades reports whether a request is one for versions: of the version topic, or for
// secrets, which EKS encrypts by itself from 1.28 on.
func (q Request) upgrades() bool {
	return q.Trait == traitVersion || q.Trait == traitSecrets && q.Option == optionUpgrade
}

// policy reports whether a request is one for the upgrade policy, which any cluster with an
// open finding may be given.
func (q Request) policy() bool { return q.Trait == traitVersion && q.Option == optionPolicy }

// version drafts the options of the version topic.
func (s *Service) version(ctx context.Context, now *inventory.Snapshot, q Request) (proposal, error) {
	switch q.Option {
	case optionPolicy:
		actions, err := plan.DraftPolicy(now, q.To)
		return proposal{actions: actions, notes: []string{notePolicy}}, err
	case optionNodes:
		if q.To != "" {
			return proposal{}, fmt.Errorf("option %q brings nodes to the control plane's version, and takes no other: %w", q.Option, fault.ErrInvalid)
		}
		actions, checks, err := plan.DraftNodes(now, s.cfg.Clusters.Readiness(ctx, now, nil))
		if err != nil {
			return proposal{}, err
		}
		return proposal{actions: actions, checks: checks, notes: plan.Left(now, actions, now.Cluster.Version)}, nil
	}
	path, err := plan.Path(now, q.To, s.now())
	if err != nil {
		return proposal{}, err
	}
	actions, checks := plan.DraftUpgrade(now, path, s.cfg.Clusters.Readiness(ctx, now, path))
	to := path[len(path)-1]
	notes := slices.Concat(plan.Lasts(now, to, s.now()), []string{noteUpgrade, noteFollow}, plan.Left(now, actions, to))
	return proposal{title: "Upgrade the cluster to Kubernetes " + to, actions: actions, checks: checks, notes: notes}, nil
}
