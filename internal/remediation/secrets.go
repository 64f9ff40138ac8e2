package remediation

import (
	"context"
	"errors"
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

const noteNewKey = "The key is the plan's until it encrypts the cluster: before that `revert` takes its alias away and has KMS delete it 30 days later, which aws kms cancel-key-deletion stops. " +
	"After that nothing takes it back, and nobody may delete it while the cluster lives."

// secrets drafts the encryption of secrets: with a key that there is or a new one, and
// with what was there before it written again.
func (s *Service) secrets(ctx context.Context, now *inventory.Snapshot, q Request) (proposal, error) {
	var d proposal
	var err error
	if q.NewKey {
		d.notes = append(d.notes, noteNewKey)
		if err = s.unnamed(ctx, now.Cluster.Ref); err == nil {
			d.actions, d.checks, err = plan.DraftNewKey(now, q.id)
		}
	} else {
		var key plan.KeyState
		if key, err = s.cfg.Clusters.Key(ctx, now.Cluster.Ref, q.KeyARN); err == nil {
			d.actions, d.checks, err = plan.DraftSecrets(now, key)
		}
	}
	if err != nil {
		return d, err
	}
	if !q.Rewrite {
		d.checks = append(d.checks, plan.ExistingSecrets(now)...)
		return d, nil
	}
	action, err := plan.DraftRewrite(now, q.id)
	d.actions, d.notes = append(d.actions, action), append(d.notes, noteRewrite)
	return d, err
}

// unnamed checks that the name of a new key is free.
func (s *Service) unnamed(ctx context.Context, ref inventory.ClusterRef) error {
	key, err := s.cfg.Clusters.Key(ctx, ref, plan.AliasARN(ref))
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s is the name of the key %s already, which is %s; take it with --key (key_arn), or give it another name: %w", plan.AliasOf(ref), key.ARN, key.State, fault.ErrConflict)
}
