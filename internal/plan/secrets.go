package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// KMS's words for a key that can be used, and for whose it is.
const (
	keyEnabled        = "Enabled"
	managedByCustomer = "CUSTOMER"
)

// KeyState is what KMS tells of a key.
type KeyState struct {
	ARN, State, Spec, Usage, Manager string
	// Policy is the key policy, as JSON, and PolicyUnread why it is not known
	// (kms:GetKeyPolicy).
	Policy, PolicyUnread string
}

// DraftSecrets gives the action that encrypts a cluster's secrets with a key. It
// cannot be undone (Amazon EKS User Guide, "Encrypt Kubernetes secrets with KMS").
// A key that EKS would refuse is fault.ErrInvalid; a cluster that has one already is
// fault.ErrConflict.
func DraftSecrets(s *inventory.Snapshot, key KeyState) ([]Action, []Check, error) {
	now, err := unencrypted(s)
	if err != nil {
		return nil, nil, err
	}
	if err := fits(s.Cluster.Ref, key); err != nil {
		return nil, nil, err
	}
	return []Action{associate(s.Cluster.Ref, now, key.ARN)}, []Check{
		KeyCheck(s.Cluster.Ref, key),
		KeyPolicyCheck(s.Cluster.Ref, key),
	}, nil
}

// checkKey is the name of the check whether EKS takes a key.
const checkKey = "key"

// KeyCheck looks whether EKS takes a key.
func KeyCheck(ref inventory.ClusterRef, key KeyState) Check {
	if err := fits(ref, key); err != nil {
		return Check{checkKey, Failed, fault.Message(err)}
	}
	return Check{checkKey, Passed, key.ARN + " is yours, symmetric, in the cluster's region and enabled"}
}

// NoKey is the check of a key that could not be looked at.
func NoKey(err error) Check {
	if errors.Is(err, fault.ErrNotFound) {
		return Check{checkKey, Failed, fault.Message(err)}
	}
	return Check{checkKey, Unknown, "the key could not be looked at: " + fault.Message(err)}
}

func fits(ref inventory.ClusterRef, key KeyState) error {
	parts := strings.SplitN(key.ARN, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" || !strings.HasPrefix(parts[5], "key/") {
		return fmt.Errorf("key %q: want the ARN of a KMS key, arn:%s:kms:%s:ACCOUNT:key/ID: %w", key.ARN, ref.Partition, ref.Region, fault.ErrInvalid)
	}
	switch {
	case parts[3] != ref.Region:
		return fmt.Errorf("key %q is in region %s and the cluster in %s; EKS takes keys of the cluster's region alone: %w", key.ARN, parts[3], ref.Region, fault.ErrInvalid)
	case key.Spec != "SYMMETRIC_DEFAULT" || key.Usage != "ENCRYPT_DECRYPT":
		return fmt.Errorf("key %q is for %s with %s; EKS takes symmetric keys that encrypt and decrypt: %w", key.ARN, key.Usage, key.Spec, fault.ErrInvalid)
	case key.State != keyEnabled:
		return fmt.Errorf("key %q is %s; it must be enabled: %w", key.ARN, key.State, fault.ErrInvalid)
	case key.Manager != managedByCustomer:
		return fmt.Errorf("key %q is managed by AWS, which lets nobody make grants on it; take a key of yours: %w", key.ARN, fault.ErrInvalid)
	}
	return nil
}
